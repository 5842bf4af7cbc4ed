"""scipy.optimize.milp, which carries its own HiGHS and tells nothing before its end."""

import time
from typing import ClassVar

import numpy as np
from scipy.optimize import Bounds, LinearConstraint, milp

from bench.coupled_peers.peer import Answer, Course, FormPeer
from bench.site_form import Form, Kind


class ScipyCounts(FormPeer):
    """The best formulation we know."""

    name: ClassVar[str] = "scipy.milp counts"
    asked: ClassVar[str] = "counts, default options"
    packages: ClassVar[tuple[str, ...]] = ("scipy", "numpy")

    def load(self, stated: Form) -> tuple[LinearConstraint, Bounds]:
        """Rows and bounds."""
        m = stated.model
        return LinearConstraint(m.matrix, *m.limits), Bounds(*m.bounds)

    def solve(self, model: tuple[Form, tuple[LinearConstraint, Bounds]], seconds: float, gap: float) -> Answer:
        """One call."""
        stated, (rows, bounds) = model
        m, course, begun = stated.model, Course(), time.perf_counter()
        whole = m.whole.astype(np.int8)
        done = milp(
            m.cost,
            constraints=rows,
            bounds=bounds,
            integrality=whole,
            options={"time_limit": seconds, "mip_rel_gap": gap},
        )
        plan = None if done.x is None else stated.plan(done.x)
        value = -np.inf if done.fun is None else -(done.fun + m.constant)
        bound = np.inf if done.mip_dual_bound is None else -(done.mip_dual_bound + m.constant)
        course.add(time.perf_counter() - begun, value, bound)
        return Answer(plan, bound, done.message, course)


class ScipyNaive(ScipyCounts):
    """What one writes first."""

    name: ClassVar[str] = "scipy.milp naive"
    asked: ClassVar[str] = "naive blocks, default options"
    kind: ClassVar[Kind] = "naive"
