"""megawatt by its one door: plan, ledger, certificate and hash of the inputs, as `solve` returns them."""

import time
from typing import ClassVar

import numpy as np

from bench.coupled_peers.peer import Answer, CoupledPeer, Course
from bench.site_check import SitePlan
from megawatt.dispatch.general import Effort
from megawatt.dispatch.problem import Problem
from megawatt.dispatch.schedule import Schedule
from megawatt.dispatch.solve import solve


class Megawatt(CoupledPeer):
    """What a caller gets who asks for nothing in particular, but for the gap and the time."""

    name: ClassVar[str] = "megawatt"
    asked: ClassVar[str] = "`solve(problem, Effort(gap, seconds))`: plan, ledger, certificate, hash of the inputs"
    packages: ClassVar[tuple[str, ...]] = ("numpy", "numba", "highspy")

    def build(self, problem: Problem) -> Problem:
        """Nothing to build: the problem is what it takes."""
        return problem

    def solve(self, model: Problem, seconds: float, gap: float) -> Answer:
        """The plan; its course is one point, for nothing is known before it is returned."""
        begun, course = time.perf_counter(), Course()
        plan = solve(model, Effort(gap, seconds))
        bound = float("inf") if plan.bound_usd is None else plan.bound_usd
        course.add(time.perf_counter() - begun, plan.value_usd, bound)
        return Answer(site_plan(model, plan.schedule), bound, plan.method, course)


def site_plan(problem: Problem, schedule: Schedule) -> SitePlan:
    """Its schedule block by block."""
    share = tuple(
        np.concatenate(
            [np.repeat(unit.share[None], unit.blocks, axis=0) for unit in schedule.units if unit.machine == n]
        )
        for n in range(len(problem.machines))
    )
    batch, elastic, award = (
        np.asarray(a, dtype=np.float64) for a in (schedule.batch_on, schedule.elastic_mw, schedule.award_mw)
    )
    return SitePlan(share, batch, elastic, award)
