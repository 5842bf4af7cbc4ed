"""What a looser limit would be worth: the optimum of the changed problem less the optimum as it is.

Every value is a difference of two plans that are solved in full. The true difference lies within the two optimality
gaps of it; a value smaller than both together is *not resolved*.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from math import ceil

import numpy as np

from megawatt.core.errors import InputError, SolverError
from megawatt.dispatch.general import Effort
from megawatt.dispatch.ledger import settle
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import BatchJob, Problem
from megawatt.dispatch.schedule import violations
from megawatt.dispatch.solve import solve

CHEAPER_USD = 100.0
"""By how much a start or a restart is made cheaper [USD]."""

CENT = 0.01
"""Differences below a cent are the arithmetic's, not the plan's [USD]."""


@dataclass(frozen=True, slots=True)
class Change:
    """A changed problem and what the change would be worth.

    Attributes:
        what: The change.
        usd: Optimum with it less optimum without, over the whole period; None where there is none.
        uncertainty_usd: The two gaps together; None without a bound.
        note: Why there is no value, else empty.
    """

    what: str
    usd: float | None
    uncertainty_usd: float | None
    note: str = ""

    @property
    def resolved(self) -> bool:
        """Whether the value is no smaller than what the gaps leave open, or these leave nothing open: 0 is a value."""
        if self.usd is None or self.uncertainty_usd is None:
            return False
        return abs(self.usd) >= self.uncertainty_usd or self.uncertainty_usd < CENT


def what_if(problem: Problem, plan: Plan, t: int, effort: Effort | None = None) -> tuple[Change, ...]:
    """What each change of `changed` is worth, by solving it.

    Args:
        problem: The problem.
        plan: Its plan.
        t: Interval that is explained.
        effort: When the general solver may stop, for each change.
    """
    return tuple(
        Change(what, None, None, other) if isinstance(other, str) else _worth(what, other, plan, effort)
        for what, other in changed(problem, t)
    )


def changed(problem: Problem, t: int) -> Iterator[tuple[str, Problem | str]]:
    """Each change in words, and the changed problem or why there is none.

    One megawatt more of limit in the interval and throughout; each batch job's deadline an hour later, with the work of
    its next window beginning an hour later; each restart, and each start of a block, up to 100 USD cheaper.
    """
    here = np.zeros(problem.T)
    here[t] = 1.0
    yield "1 MW more of meter limit in this interval", replace(problem, limit_mw=problem.limit_mw + here)
    yield "1 MW more of meter limit throughout", replace(problem, limit_mw=problem.limit_mw + 1.0)
    for number, job in enumerate(problem.batches):
        later = later_deadline(job, t, ceil(1 / problem.grid.hours))
        what = f"1 hour more to the deadline of {job.name}"
        yield what, later if isinstance(later, str) else _with_job(problem, number, later)
        if job.restart_usd > 0:
            less = min(CHEAPER_USD, job.restart_usd)
            cheaper = replace(job, restart_usd=job.restart_usd - less)
            yield f"{less:g} USD less for each restart of {job.name}", _with_job(problem, number, cheaper)
    if any(c.start_usd > 0 for c in problem.machines):
        machines = tuple(replace(c, start_usd=max(0.0, c.start_usd - CHEAPER_USD)) for c in problem.machines)
        most = min(CHEAPER_USD, max(c.start_usd for c in problem.machines))
        yield f"up to {most:g} USD less for each start of a block", replace(problem, machines=machines)


def later_deadline(job: BatchJob, t: int, intervals: int) -> BatchJob | str:
    """The job with the deadline of the window of ``t`` that much later, or why it cannot be.

    Windows do not overlap: what this window gains the next one loses, as its work begins when the deadline has passed.
    """
    window = int(job.window[t])
    after = np.flatnonzero(job.window == window + 1)[:intervals]
    if len(after) < intervals:
        return "the deadline is the end of the period, or the next window is shorter than an hour"
    moved = job.window.copy()
    moved[after] = window
    return replace(job, window=moved)


def _with_job(problem: Problem, number: int, job: BatchJob) -> Problem:
    return replace(problem, batches=(*problem.batches[:number], job, *problem.batches[number + 1 :]))


def _worth(what: str, other: Problem, plan: Plan, effort: Effort | None) -> Change:
    try:
        found = solve(other, effort)
    except (InputError, SolverError) as error:
        return Change(what, None, None, str(error))
    value = found.value_usd
    if not violations(other, plan.schedule):  # a solver stopped by the clock may miss what is known already
        value = max(value, settle(other, plan.schedule).net_usd)
    usd = value - plan.value_usd
    if plan.gap_usd is None or found.bound_usd is None:
        return Change(what, usd, None, "no bound was found in the time allowed")
    return Change(what, usd, plan.gap_usd + max(found.bound_usd - value, 0.0))
