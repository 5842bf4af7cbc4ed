"""What the next megawatt is worth: the optimum with one megawatt more of something, less the optimum without.

Operating money only, per year of the hours covered. Where the difference is smaller than the two optimality gaps
together it is not resolved, and is said to be so.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from megawatt.core.errors import InputError, SolverError
from megawatt.core.units import HOURS_PER_YEAR
from megawatt.dispatch.case import Case
from megawatt.dispatch.general import Effort
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import BatchJob, FirmLoad, MachineClass, Problem, Reserve
from megawatt.dispatch.solve import solve

CENT = 0.01
"""Differences below a cent a year are the arithmetic's, not the plan's [USD]."""


@dataclass(frozen=True, slots=True)
class NextMegawatt:
    """Value of one more megawatt of something.

    Attributes:
        what: What there is more of.
        usd_per_mw_year: Optimum with it less optimum without, scaled to a year of 8,760 h, per MW at the meter.
        uncertainty_usd_per_mw_year: The two gaps together, on the same scale.
        note: Why there is no value, if there is none.
    """

    what: str
    usd_per_mw_year: float | None
    uncertainty_usd_per_mw_year: float | None
    note: str = ""

    @property
    def resolved(self) -> bool:
        """Whether the value is no smaller than what the gaps leave open, or these leave nothing open: 0 is a value."""
        if self.usd_per_mw_year is None or self.uncertainty_usd_per_mw_year is None:
            return False
        return abs(self.usd_per_mw_year) >= self.uncertainty_usd_per_mw_year or self.uncertainty_usd_per_mw_year < CENT


def next_megawatts(
    case: Case, plan: Plan, effort: Effort | None = None, some: slice = slice(None)
) -> tuple[NextMegawatt, ...]:
    """The next megawatt to every use the site has: best mining class, batch, firm hall, reserve, connection.

    Args:
        case: The site with its data.
        plan: Its plan, from which the others begin.
        effort: When the search may stop; its seconds are for all of them together.
        some: Which of them; all by default.
    """
    effort, found = effort or Effort(), list[NextMegawatt]()
    deadline, all_of_them = effort.begun(), tuple(variants(case))[some]
    for number, (what, more) in enumerate(all_of_them):
        seconds = deadline.left() / (len(all_of_them) - number)
        found.append(_value(case, plan, what, more, replace(effort, seconds=seconds)))
    return tuple(found)


def variants(case: Case) -> Iterator[tuple[str, Problem]]:
    """The site with one megawatt more of each use, at the meter."""
    problem = case.problem
    if problem.machines:
        best = max(problem.machines, key=_worth)
        yield f"mining ({best.name})", replace(problem, machines=(*problem.machines, one_mw_of_machines(best)))
    for job in problem.batches[:1]:
        yield f"batch ({job.name})", replace(problem, batches=(*problem.batches, one_mw_of_batch(job)))
    rented = [load for load in problem.firm if load.rent_usd.any()]
    for load in rented[:1]:
        yield f"firm hall ({load.name})", replace(problem, firm=(*problem.firm, one_mw_of_firm(load)))
    for row in problem.reserves[:1]:
        yield f"reserve ({row.name})", replace(problem, reserves=(one_mw_of_reserve(row), *problem.reserves[1:]))
    yield "connection limit", replace(problem, limit_mw=problem.limit_mw + 1.0)


def _worth(c: MachineClass) -> float:
    return float(c.revenue_usd_per_h[0].sum() / max(c.power_mw[0].sum(), 1e-12))


def one_mw_of_machines(c: MachineClass) -> MachineClass:
    """One block of the class scaled to a mean of 1 MW in its first mode; switching costs scale with it."""
    scale = 1.0 / c.power_mw[0][c.power_mw[0] > 0].mean()
    return replace(
        c,
        name=f"{c.name} +1 MW",
        blocks=1,
        power_mw=c.power_mw * scale,
        revenue_usd_per_h=c.revenue_usd_per_h * scale,
        start_usd=c.start_usd * scale,
        stop_usd=c.stop_usd * scale,
    )


def one_mw_of_batch(job: BatchJob) -> BatchJob:
    """The job scaled to 1 MW; its restarts cost in proportion."""
    scale = 1.0 / job.power_mw[job.power_mw > 0].mean()
    return replace(
        job,
        name=f"{job.name} +1 MW",
        power_mw=job.power_mw * scale,
        fee_usd_per_h=job.fee_usd_per_h * scale,
        restart_usd=job.restart_usd * scale,
    )


def one_mw_of_firm(load: FirmLoad) -> FirmLoad:
    """The hall scaled to 1 MW at the same rent."""
    scale = 1.0 / load.power_mw[load.power_mw > 0].mean()
    return replace(load, name=f"{load.name} +1 MW", power_mw=load.power_mw * scale, rent_usd=load.rent_usd * scale)


def one_mw_of_reserve(row: Reserve) -> Reserve:
    """One megawatt more may be awarded."""
    return replace(row, max_mw=row.max_mw + 1.0, share_fraction=min(1.0, row.share_fraction * (1 + 1.0 / row.max_mw)))


def _value(case: Case, plan: Plan, what: str, more: Problem, effort: Effort) -> NextMegawatt:
    year = HOURS_PER_YEAR / case.hours_covered
    try:
        other = solve(more, _as_close(effort, plan), near=plan)
    except (InputError, SolverError) as error:
        return NextMegawatt(what, None, None, str(error))
    value = (other.value_usd - plan.value_usd) * year
    if plan.gap_usd is None or other.gap_usd is None:
        return NextMegawatt(what, value, None, "no bound was found in the time allowed")
    return NextMegawatt(what, value, (plan.gap_usd + other.gap_usd) * year)


def _as_close(effort: Effort, plan: Plan) -> Effort:
    """No closer than the plan itself is: what is not resolved are the two gaps together."""
    return effort if plan.gap is None else replace(effort, relative_gap=max(effort.relative_gap, plan.gap))


def break_evens_usd_per_mwh(problem: Problem) -> dict[str, float]:
    """Mean break-even price of each class in its first mode over the covered intervals [USD/MWh]."""
    out = {}
    for c in problem.machines:
        runs = c.power_mw[0] > 0
        out[c.name] = float(np.mean(c.revenue_usd_per_h[0][runs] / c.power_mw[0][runs])) if runs.any() else 0.0
    return out
