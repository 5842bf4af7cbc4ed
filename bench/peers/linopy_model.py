"""linopy: the same count model in labelled arrays, passed to HiGHS without a file."""

from typing import Any, ClassVar

import linopy
import numpy as np
import pandas as pd
import xarray as xr

from bench.instances import Instance
from bench.peers.peer import Peer
from bench.plan_check import Counts


class Linopy(Peer):
    """Vectorised over classes and intervals."""

    name: ClassVar[str] = "linopy"
    asked: ClassVar[str] = (
        "count model over (class, t), no integrality (it is integral), io_api=direct, HiGHS presolve off, one thread"
    )
    packages: ClassVar[tuple[str, ...]] = ("linopy", "highspy", "xarray")

    def build(self, instance: Instance) -> linopy.Model:
        """Variables, three groups of constraints, objective."""
        classes = instance.classes()
        kind, t = pd.Index(range(len(classes)), name="kind"), pd.RangeIndex(instance.T, name="t")

        def per_class(name: str) -> xr.DataArray:
            return xr.DataArray([getattr(c, name) for c in classes], coords=[kind])

        margin = xr.DataArray(np.array([c.margin_usd for c in classes]), coords=[kind, t])
        n = per_class("blocks")
        model = linopy.Model()
        running, started, stopped = (
            model.add_variables(lower=0, upper=n, coords=[kind, t], name=name) for name in ("N", "V", "W")
        )
        before = xr.DataArray(np.zeros((len(kind), len(t))), coords=[kind, t])
        before[:, 0] = n
        earlier = running.to_linexpr().shift(t=1)
        model.add_constraints(running - earlier - started + stopped == before, name="switches")
        model.add_constraints(started.rolling(t=instance.min_up).sum() - running <= 0, name="least run")
        model.add_constraints(stopped.rolling(t=instance.min_down).sum() + running <= n, name="least rest")
        cost = (per_class("start_usd") * started + per_class("stop_usd") * stopped - margin * running).sum()
        model.add_objective(cost)
        return model

    def solve(self, model: linopy.Model) -> linopy.Model:
        """Hand over, run, read back: what the user waits for."""
        model.solve("highs", io_api="direct", presolve="off", threads=1, log_to_console=False, output_flag=False)
        return model

    def answer(self, instance: Instance, solved: Any) -> tuple[float, Counts]:
        """Objective and counts."""
        del instance  # the solution carries its own shape
        if solved.termination_condition != "optimal":
            raise RuntimeError(solved.termination_condition)
        return -float(solved.objective.value), solved.solution["N"].transpose("kind", "t").to_numpy()
