"""Whether any schedule keeps the limits of a site file: which conflict, what relaxing each takes, and what that costs.

Machines may stand and awards may be left, so only firm halls, the floors of capped ones and batch work can conflict, under
the meter limit. They are put together over the first windows of the period, at one PUE, without data or prices.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import combinations
from math import ceil

import highspy
import numpy as np

from megawatt.app.words import listed, number, usd
from megawatt.core.dataset import Dataset
from megawatt.dispatch.case_halls import halls_of
from megawatt.dispatch.conflict import CURABLE, irreducible_set, least_relaxation
from megawatt.dispatch.counts import CountModel
from megawatt.dispatch.general import Effort, run_highs
from megawatt.dispatch.problem import BatchJob, FirmLoad, Problem
from megawatt.site.check_power import firm_meter_mw
from megawatt.site.finding import Finding
from megawatt.site.read import Site

LIMIT = "meter limit"
LOOK_MINUTES = 100 * 1_440
"""Longest look into the period: more than two months."""


@dataclass(frozen=True, slots=True)
class Relaxing:
    """Limits that cannot hold together, and for each that can cure it alone the least amount by which it gives way."""

    limits: tuple[str, ...]
    amounts: dict[str, float]


def conflict_of(site: Site) -> Finding | None:
    """The conflict of limits that leaves a site without any schedule; None where there is none.

    In the hottest hours' PUE; where only the weather decides, a warning.
    """
    hottest, coolest = site.pue.worst_hall, min(pue for _, pue in site.pue.hall_points)
    problem = _halls_alone(site, hottest)
    if _feasible(problem) is not False:
        return None
    always = firm_meter_mw(site) > site.connection.meter_limit_mw or _feasible(_halls_alone(site, coolest)) is False
    found = _relaxing(problem)
    ways = list(_priced(site, found.amounts, hottest))
    return Finding(
        "error" if always else "warning",
        f"{listed([repr(one) for one in found.limits])} cannot hold together",
        f"no schedule keeps them{'' if always else ' if every hour is as hot as the hottest'} (PUE {hottest:g})",
        f"One of these is enough: {'; '.join(ways)}." if ways else "No single one of them can cure it; relax two.",
        site.where("site", "meter_limit_mw"),
        "conflict",
    )


def _halls_alone(site: Site, pue: float) -> Problem:
    """The halls that must run, at one PUE and without prices, over the first two of their longest windows."""
    whole = site.grid()
    whole = whole.part(0, min(whole.n, LOOK_MINUTES // whole.step_minutes))
    flat, must = np.ones(whole.n), tuple(hall for hall in site.halls if hall.kind != "spot")
    per_it = pue / (1 - site.connection.loss_fraction) * flat
    halls = halls_of(replace(site, halls=must), Dataset(()), whole, per_it, flat)
    ends = [int(np.searchsorted(job.window, 2)) for job in halls.batches]
    grid = whole.part(0, max(ends, default=1))
    flat = np.ones(grid.n)
    on = [*(load.power_mw for load in halls.firm), *(hall.floor_mw for hall in halls.elastic)]
    return Problem(
        grid,
        0 * flat,
        0 * flat,
        0 * flat,
        site.connection.meter_limit_mw * flat,
        firm=(FirmLoad("always on", sum((m[: grid.n] for m in on), 0 * flat), 0 * flat),),
        batches=tuple(_until(job, grid.n) for job in halls.batches),
    )


def _until(job: BatchJob, end: int) -> BatchJob:
    """The job up to an interval; a window that is cut there, by this look and not by the site, asks for nothing."""
    need = job.need[: int(job.window[end - 1]) + 1].copy()
    if end < len(job.window) and job.window[end] == job.window[end - 1]:
        need[-1] = 0
    return replace(
        job, power_mw=job.power_mw[:end], fee_usd_per_h=job.fee_usd_per_h[:end], window=job.window[:end], need=need
    )


def _feasible(problem: Problem) -> bool | None:
    """Whether a schedule exists; None when the solver did not say in time."""
    if (problem.firm_mw > problem.limit_mw).any():
        return False
    status = run_highs(CountModel.of(problem, tight=False).programme, Effort(seconds=10.0)).getModelStatus()
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        return False
    return True if status == highspy.HighsModelStatus.kOptimal else None


def _relaxing(problem: Problem) -> Relaxing:
    programme = CountModel.of(problem, tight=False).programme
    named = list(irreducible_set(programme)) or [
        name for name, _, _ in programme.row_groups if name.startswith(CURABLE)
    ]
    amounts = {} if (more := _more_limit(problem)) is None else {LIMIT: more}
    for name in named:
        least = None if name == LIMIT else least_relaxation(programme, name)
        if least is not None:
            amounts[name] = least
    firm = ("firm load",) if problem.firm_mw.any() else ()
    return Relaxing((LIMIT, *firm, *(name for name in amounts if name != LIMIT)), amounts)


def _more_limit(problem: Problem) -> float | None:
    """Least rise of the meter limit that leaves a schedule; None when none does, or none was found in time.

    All intervals are alike here, so only the power of the firm load with some of the jobs can be the limit that is needed:
    a search by bisection over these sums, each a question of yes or no.
    """
    firm, jobs = float(problem.firm_mw[0]), [float(job.power_mw[0]) for job in problem.batches]
    sums = {firm + sum(some) for n in range(len(jobs) + 1) for some in combinations(jobs, n)}
    rises = sorted(mw - float(problem.limit_mw[0]) for mw in sums if mw > problem.limit_mw[0])

    def cures(rise: float) -> bool:
        return _feasible(replace(problem, limit_mw=problem.limit_mw + rise + 1e-9)) is True

    if not rises or not cures(rises[-1]):
        return None
    low, high = -1, len(rises) - 1
    while high - low > 1:
        middle = (low + high) // 2
        low, high = (low, middle) if cures(rises[middle]) else (middle, high)
    return rises[high]


def _priced(site: Site, amounts: dict[str, float], pue: float) -> Iterator[str]:
    """Each way out of a conflict with what it costs, as far as the site file has a price."""
    hours = site.connection.interval_minutes / 60
    if LIMIT in amounts:
        yield f"raise meter_limit_mw by {up(amounts[LIMIT])} MW (the file has no price of that)"
        yield from _smaller_halls(site, amounts[LIMIT], pue)
    for hall in site.halls:
        if (due := amounts.get(f"work due in {hall.name}")) is not None:
            fee = site.contract(hall.contract).fee_usd_per_it_mwh * hall.critical_it_mw * due * hours
            yield f"let {number(due * hours)} h a {hall.window} of the work of {hall.name!r} go ({usd(fee)} of fees a {hall.window})"
        if f"least run of {hall.name}" in amounts:
            yield f"lower min_run_minutes of {hall.name!r} (the file has no price of that)"


def up(mw: float) -> str:
    """A power rounded up to a kilowatt, so that what is printed is enough; a watt is rounding."""
    return f"{ceil(mw * 1000 - 1e-3) / 1000:g}"


def _smaller_halls(site: Site, meter_mw: float, pue: float) -> Iterator[str]:
    """Each rented firm hall that could give up a power at the meter, with the rent of it."""
    it_mw = meter_mw * (1 - site.connection.loss_fraction) / pue
    for hall in site.halls:
        if hall.kind == "firm" and it_mw <= hall.critical_it_mw:
            rent = site.contract(hall.contract).rent_usd_per_kw_month * it_mw * 1000
            yield f"let {up(it_mw)} MW of IT of {hall.name!r} go ({usd(rent)} of rent a month)"
