"""megawatt: the whole plan, as `solve` returns it, with ledger, certificate and hash of the inputs; and its kernel alone."""

from typing import Any, ClassVar

import numpy as np
from numpy.typing import NDArray

from bench.instances import Instance
from bench.peers.peer import Peer
from bench.plan_check import Counts
from megawatt.dispatch.kernel import plan_block
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import MachineClass, Problem
from megawatt.dispatch.separable import block_terms, plan_separable


class MegawattPlan(Peer):
    """`plan_separable`: kernel, ledger from first principles, idle reference, certificate, hash of the inputs."""

    name: ClassVar[str] = "megawatt"
    asked: ClassVar[str] = "exact block recursion; solve = plan, ledger, certificate and hash of the inputs"
    packages: ClassVar[tuple[str, ...]] = ("numpy", "numba")

    def build(self, instance: Instance) -> Problem:
        """The problem object."""
        return instance.problem()

    def solve(self, model: Problem) -> tuple[Problem, Plan]:
        """The plan."""
        return model, plan_separable(model)

    def answer(self, instance: Instance, solved: tuple[Problem, Plan]) -> tuple[float, Counts]:
        """The plan's ledger and counts."""
        _, plan = solved
        counts = np.zeros((len(instance.classes()), instance.T))
        for unit in plan.schedule.units:
            counts[unit.machine] += unit.blocks * unit.on
        return plan.value_usd, counts


class MegawattKernel(MegawattPlan):
    """The optimum and its on/off words alone: what a solver returns, without books."""

    name: ClassVar[str] = "megawatt kernel"
    asked: ClassVar[str] = "exact block recursion; solve = margins, optimum and on/off words, as a solver returns them"

    def solve(self, model: Problem) -> Any:
        """Value and word of every class."""
        cost, hours = model.cost_usd_per_mwh, model.grid.hours
        found = list[tuple[MachineClass, float, NDArray[np.int8]]]()
        for c in model.machines:
            gain, ramp = block_terms(c, cost, hours)
            dwell = c.min_up, c.min_down, c.initial.on, c.initial.steps
            found.append((c, *plan_block(gain, ramp, c.start_usd, c.stop_usd, *dwell)))
        return found

    def answer(self, instance: Instance, solved: Any) -> tuple[float, Counts]:
        """Sum of the classes."""
        words = np.array([float(c.blocks) * word for c, _, word in solved]).reshape(-1, instance.T)
        return float(sum(c.blocks * value for c, value, _ in solved)), words
