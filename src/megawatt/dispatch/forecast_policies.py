"""What a site would have done with forecasts, beside the best it would have done without: one contest a source.

Four sources, each with its simple rules and one policy that acts on a forecast, on the same simulator, data and ledger:

* real-time: a machine runs by the *expected* price of the interval (`forecast.price_bins`), not by the last one;
* peaks: a machine stands by where the chance of the month's peak is worth its margin (`forecast.coincident_peak`),
  not by the calendar or by how near the load is to the month's record;
* reserves: machines stand by in the hours whose expected award exceeds the expected cost (`forecast.next_day`), committed
  at 10:00 of the day before, not always and not by last week's means;
* batch: work runs by stochastic programming on price bins, not from its window's start and not by tuned hysteresis.

Each starts from the site's best simple rule and changes that one thing. A model that lost money to its simple
twin over the last 28 days then known is replaced by it (`forecast.guard`). The forecast of peaks has no such guard: a
month's peak is known when the month is over, and there are four of them. Modelled prices give no contest: to forecast what
a model of ours has drawn proves nothing.
"""

from collections.abc import Callable
from dataclasses import replace
from functools import cache

import numpy as np
from numpy.typing import NDArray

from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.backtest import result_of, run_rule
from megawatt.dispatch.batch_policy import BatchInstance, guarded_run
from megawatt.dispatch.case import Case, Knowledge
from megawatt.dispatch.case_power import coincident_charge, in_force
from megawatt.dispatch.contest import Contest, local_day, missing
from megawatt.dispatch.peak_policy import persistence_rule, stand_by
from megawatt.dispatch.policies import HYSTERESIS, THRESHOLD, Rule, rules_for, settled_margin_usd, wish
from megawatt.dispatch.problem import BatchJob, Floats
from megawatt.dispatch.reserve_policy import reserves
from megawatt.dispatch.schedule import short_runs
from megawatt.dispatch.simulate import Bools, Wish, batch_work, simulate
from megawatt.forecast.coincident_peak import LEAST_DAYS, PeakModel
from megawatt.forecast.guard import Stint, guard_by_day
from megawatt.forecast.price_bins import expected_price
from megawatt.hosting.batch import Windows

QUARTER_HOUR = 15
"""Minutes in which ERCOT settles real-time energy."""
CALIBRATING_SCENARIOS = 250
"""Enough for the one number that thousands of past hours share; the decided hours have `SCENARIOS`."""
SEED = 1
"""Of the scenarios of the peak model: the same site gives the same answer."""


def contests(case: Case) -> tuple[Contest, ...]:
    """All four contests of a site: batch, reserves, peaks, real-time; what a site lacks costs no time."""
    base = cache(lambda: best_rule(case))
    return batch(case, base), reserves(case, base), peaks(case, base), real_time(case, base)


def best_rule(case: Case) -> Rule:
    """The simple rule that earned most on the period."""
    return max(rules_for(case), key=lambda rule: run_rule(case, rule).net_usd)


def real_time(case: Case, usual: Callable[[], Rule]) -> Contest:
    """Running by the expected price, with the band of hysteresis tuned on the months before."""
    point = case.site.connection.load_settlement_point
    if not case.problem.machines:
        return Contest("real-time", absent="the site has no machines")
    if why := missing(case.data, f"price_rt/{point}", f"price_da/{point}"):
        return Contest("real-time", absent=why)
    base, grid, zone = usual(), case.problem.grid, case.site.connection.timezone
    known, twin_rule = case.known(), replace(base, by="last", hysteresis=True)
    expected = expected_price(case.price, case.data[f"price_da/{point}"], grid, timezone=zone)
    price = np.where(np.isfinite(expected), expected, known.price_usd_per_mwh)
    model, twin = wish(case, twin_rule, price_usd_per_mwh=price), wish(case, twin_rule)
    day = local_day(grid, zone)
    first = np.searchsorted(day, day)
    excess = np.where(case.covered, _shadow_usd(case, known, twin) - _shadow_usd(case, known, model), np.nan)
    issued, found, taken = guard_by_day(grid.starts[first], day, case.price.on(grid).known_at, excess)
    wanted = Wish(
        tuple(np.where(taken, t, m) for t, m in zip(twin.on, model.on, strict=True)),
        tuple(np.where(taken, t, m) for t, m in zip(twin.mode, model.mode, strict=True)),
        np.where(taken, twin.elastic_mw, model.elastic_mw),
        model.merit,
    )
    what = f"{base.name} with hysteresis, by the expected price of the interval"
    result = result_of(case, "expected-price", what, simulate(case.problem, wanted), forecast=True)
    stints = found.stints(issued, model="expected price", twin="the last price", unit="USD a day")
    late = case.price.grid.step_minutes
    note = f"Prices come by {late} minutes, so every rule learns a price so late; finer ones leave a forecast less"
    return Contest("real-time", (), result, stints, note=note if late > QUARTER_HOUR else "")


def _shadow_usd(case: Case, known: Knowledge, wanted: Wish) -> Floats:
    """What a wish would bring its machines alone at settled prices, switching counted, shape (T,) [USD]."""
    total = np.zeros(case.problem.T)
    for number, (machine, on) in enumerate(zip(case.problem.machines, wanted.on, strict=True)):
        start = on & ~np.concatenate(([True], on[:-1]))
        switching = (machine.start_usd + machine.stop_usd) * start
        total += machine.blocks * (np.where(on, settled_margin_usd(case.problem, known, number), 0.0) - switching)
    return total


def peaks(case: Case, usual: Callable[[], Rule]) -> Contest:
    """Standing by where the chance of the month's peak is worth the margin, beside the persistence rule."""
    charges = [one for one in case.site.charges if one.kind == "coincident"]
    if not charges or not case.problem.machines:
        return Contest("peaks", absent="the site has no coincident-peak charge that machines could avoid")
    name = f"load/{case.site.connection.zone}"
    if why := missing(case.data, name):
        return Contest("peaks", absent=why)
    load, zone, begin = case.data[name], case.site.connection.timezone, case.problem.grid.start
    if why := _unfit(load, begin, case.problem.grid.end):
        return Contest("peaks", absent=why)
    base = usual()
    months = tuple(sorted({month for one in charges for month in one.months}))
    near = persistence_rule(load, months=months, timezone=zone)
    chance = _peak_chance(load, begin, case.problem.grid.end, months, zone)
    hour = np.clip((case.problem.grid.starts - load.grid.start) // load.grid.step, 0, load.grid.n - 1).astype(np.int64)
    known = case.known()
    by_load = _away(case, known, lambda _worth, _margin: near[hour])
    by_chance = _away(
        case,
        known,
        lambda worth, margin: stand_by(chance[hour], worth_usd_per_mw=worth, margin_usd_per_mwh=margin, hours=1.0),
    )
    simple = wish(case, base, avoided=by_load)
    ours = wish(case, base, avoided=by_chance)
    otherwise = HYSTERESIS.name if base.hysteresis else THRESHOLD.name if base.calendar else base.name
    what = f"{otherwise}, and off in the hours in which the system's load comes near the month's record"
    persistence = result_of(case, "peak-persistence", what, simulate(case.problem, simple))
    what = f"{otherwise}, and off where the chance of the month's peak is worth the margin"
    result = result_of(case, "peak-chance", what, simulate(case.problem, ours), forecast=True)
    return Contest("peaks", (persistence,), result)


def _unfit(load: Series, begin: np.datetime64, end: np.datetime64) -> str:
    """Why the chance of a peak cannot be told from a load; empty where it can."""
    since = begin - np.timedelta64(LEAST_DAYS + 3, "D")
    if load.grid.step_minutes != 60 or load.grid.start > since or load.grid.end < end:
        return f"{load.name} by the hour does not run from {LEAST_DAYS + 3} days before the period to its end"
    gaps = np.isnan(load.values) & (load.grid.starts >= since) & (load.grid.starts < end)
    return f"{load.name} lacks {int(gaps.sum())} hours in or before the period" if gaps.any() else ""


def _peak_chance(
    load: Series, begin: np.datetime64, end: np.datetime64, months: tuple[int, ...], timezone: str
) -> Floats:
    """Chance of each hour of the load to be its month's peak, fitted once on what is known at the period's begin."""
    model = PeakModel.fit(load, until=begin, timezone=timezone)
    coarse = replace(model, scenarios=CALIBRATING_SCENARIOS).calibrated(load, SEED, until=begin)
    model = replace(model, scale=coarse.scale)
    number, _ = load.grid.local_months(timezone)
    inside = (load.grid.ends > begin) & (load.grid.starts < end)
    of_month = np.isin(number, number[inside])  # whole months: an earlier record counts
    first, last = int(np.flatnonzero(of_month)[0]), int(np.flatnonzero(of_month)[-1]) + 1
    # From two days before, which the scenarios of the first day need.
    first = max(0, first - 48)
    part = replace(
        load,
        grid=load.grid.part(first, last),
        values=load.values[first:last],
        known_at=load.known_at[first:last],
    )
    out = np.zeros(load.grid.n)
    out[first:last] = model.probability(part, SEED, months=months)
    return out


def _away(case: Case, known: Knowledge, choose: Callable[[float, Floats], Bools]) -> list[Bools]:
    """Per class, intervals in which it stands by against the coincident charges in force, each of shape (T,)."""
    problem = case.problem
    price = np.nan_to_num(known.price_usd_per_mwh) + case.site.connection.price_adder_usd_per_mwh
    away = [np.zeros(problem.T, dtype=np.bool_) for _ in problem.machines]
    for one in (charge for charge in case.site.charges if charge.kind == "coincident"):
        measured = in_force(case.site, one, problem.grid)
        worth = coincident_charge(case.site, one).usd_per_mw_of_one_peak
        for number in range(len(problem.machines)):
            margin = known.revenue_usd_per_h[number][0] / known.power_mw[number][0] - price
            away[number] |= measured & choose(worth, margin)
    return away


def batch(case: Case, usual: Callable[[], Rule]) -> Contest:
    """Batch work by stochastic programming, beside its start at once and hysteresis tuned on the windows before."""
    point = case.site.connection.load_settlement_point
    jobs = [job for job in case.problem.batches if not job.pass_through]
    if not jobs:
        pays = " whose energy the site pays" if case.problem.batches else ""
        return Contest("batch", absent=f"the site has no batch hall{pays}")
    if why := missing(case.data, f"price_rt/{point}", f"price_da/{point}"):
        return Contest("batch", absent=why)
    together = case.problem.firm_mw + sum(job.power_mw for job in case.problem.batches)
    if len(case.problem.batches) > 1 and (together > case.problem.limit_mw).any():
        return Contest("batch", absent="several batch halls share a limit that has no room for all of them")
    base, known, at_once = usual(), case.known(), batch_work(case.problem)
    bar, ours = at_once.copy(), at_once.copy()
    stints: list[Stint] = []
    for j, job in enumerate(case.problem.batches):
        if job.pass_through:
            continue
        run = guarded_run(_instance(case, job, known))
        bar[j] = _fitted(case, job, run.hysteresis, at_once[j])
        ours[j] = _fitted(case, job, run.forecast, at_once[j])
        stints += run.stints
    wanted = wish(case, base)
    what = f"{base.name}, batch work by hysteresis tuned on the windows before"
    simple = result_of(case, "batch-hysteresis", what, simulate(case.problem, wanted, bar))
    what = f"{base.name}, batch work by stochastic programming on price bins"
    result = result_of(case, "batch-stochastic", what, simulate(case.problem, wanted, ours), forecast=True)
    return Contest("batch", (simple,), result, tuple(stints))


def _instance(case: Case, job: BatchJob, known: Knowledge) -> BatchInstance:
    """The job under real prices, the history before the period at hand.

    Under a limit that binds, an hour of work also costs what the machines that give way would have earned: its price is
    then the higher of the market's and their known break-even, for the share of its power that displaces them.
    """
    grid, point = case.problem.grid, case.site.connection.load_settlement_point
    back = max(0, int((grid.start - case.price.grid.start) // grid.step))
    wide = TimeGrid(grid.start - back * grid.step, grid.step_minutes, grid.n + back)
    price, ahead = case.price.on(wide), case.data[f"price_da/{point}"].on(wide)
    running = np.flatnonzero(job.power_mw > 0)
    first = int(running[0]) if len(running) else 0
    over = float(case.problem.largest_mw[first] - case.problem.limit_mw[first])
    share = float(np.clip(over / job.power_mw[first], 0.0, 1.0)) if len(running) and known.power_mw else 0.0
    worth = np.full(grid.n, -np.inf)
    if known.power_mw:
        values = [r[0] / p[0] for r, p in zip(known.revenue_usd_per_h, known.power_mw, strict=True)]
        worth = np.min(values, axis=0) - case.site.connection.price_adder_usd_per_mwh
    worth = np.concatenate((np.full(back, worth[0]), worth))  # before the period: as at its first interval
    # A published price of tomorrow is completed by the break-even known when it was published, not by tomorrow's.
    published = np.clip((ahead.known_at - wide.start) // wide.step, 0, wide.n - 1).astype(np.int64)
    real, told = (
        p + share * np.maximum(at - p, 0.0) if share else p
        for p, at in ((price.values, worth), (ahead.values, worth[published]))
    )
    both = replace(price, values=np.where(np.isfinite(told), real, np.nan))
    energy = float(job.power_mw[running].mean()) * grid.hours if len(running) else 0.0
    return BatchInstance(
        both,
        replace(ahead, values=told),
        Windows(job.window, job.need),
        back,
        energy,
        job.restart_usd,
        case.site.connection.timezone,
        job.min_run,
    )


def _fitted(case: Case, job: BatchJob, run: Bools, at_once: NDArray[np.int8]) -> NDArray[np.int8]:
    """The run, with the work at once in every window that has a gap or no room, and in those whose runs a border cuts."""
    room = case.problem.limit_mw - case.problem.firm_mw
    closed = (job.power_mw <= 0) | (job.power_mw > room + 1e-9) | ~case.covered
    kept = np.array([not closed[job.window == w].any() for w in range(len(job.need))])
    while True:
        on = np.where(kept[job.window], run, at_once).astype(np.int8)
        cut = {int(job.window[t]) for first, n in short_runs(job, on) for t in (first, first + n - 1)}
        cut = {w for w in cut if kept[w]}
        if not cut:
            return on
        kept[list(cut)] = False
