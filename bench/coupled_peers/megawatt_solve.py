"""megawatt by its one door: plan, ledger, certificate and hash of the inputs, as `solve` returns them."""

import time
from typing import ClassVar

import numpy as np

from bench.coupled_peers.peer import Answer, CoupledPeer, Course
from bench.site_check import SitePlan
from megawatt.dispatch.general import Effort
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import Problem
from megawatt.dispatch.schedule import Schedule
from megawatt.dispatch.solve import solve

TARGETS = (1e-3, 1e-4)
"""Gaps that are read off the courses of all peers."""


class Megawatt(CoupledPeer):
    """What a caller gets who asks for nothing in particular, but for the gap and the time.

    Nothing is known before a call returns, so that a course is made of one call for each target, each from the start and
    by its own clock.
    """

    name: ClassVar[str] = "megawatt"
    asked: ClassVar[str] = (
        "`solve(problem, Effort(gap, seconds, clock))`, once for 1e-3 and once for 1e-4: plan, ledger, certificate, hash"
    )
    packages: ClassVar[tuple[str, ...]] = ("numpy", "numba", "highspy")

    def build(self, problem: Problem) -> Problem:
        """Nothing to build: the problem is what it takes."""
        return problem

    def solve(self, model: Problem, seconds: float, gap: float) -> Answer:
        """The plan of the finer target; the smaller gap that all are asked for says nothing to the tables and is not."""
        calls = list[tuple[float, Plan]]()
        for target in TARGETS:
            begun = time.perf_counter()
            plan = solve(model, Effort(max(target, gap), seconds, time.perf_counter))
            calls.append((time.perf_counter() - begun, plan))
        course = Course()
        for took, plan in sorted(calls, key=lambda call: call[0]):
            course.add(took, plan.value_usd, _bound(plan))
        best = max((plan for _, plan in calls), key=lambda plan: plan.value_usd)
        return Answer(site_plan(model, best.schedule), min(_bound(plan) for _, plan in calls), plan.method, course)


def _bound(plan: Plan) -> float:
    return float("inf") if plan.bound_usd is None else plan.bound_usd


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
