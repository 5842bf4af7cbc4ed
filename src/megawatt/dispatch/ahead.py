"""A plan made at an instant, with what is known there and what ran before: the same call live and in a backtest.

The site's problem is stated on *expected* data: prices by `prospect`, hashprice and rental prices as last known (they
are martingales to a plan of two days), the temperature of the same hour of the day before, coincident peaks as chances.
What ran before enters by `state`: blocks with their dwell times, work left in open windows, the peak already incurred.

Two things reach beyond the horizon. Work whose window ends later may wait, and is then worth what the expected prices
beyond leave of its fee. And a demand charge is for a whole month: a peak set now serves all the rest of it, so the
horizon bears the share of the price that its hours are of the month's hours still to come.

Reserve awards are sold the day before, not here: the plan leaves them out.
"""

import datetime as dt
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.case import case_of, price_name
from megawatt.dispatch.general import Effort
from megawatt.dispatch.horizon import Horizon, decision_horizon
from megawatt.dispatch.problem import BatchJob, Floats, InitialState, PeakCharge, Problem
from megawatt.dispatch.prospect import Prospect, expected_peak_usd_per_mwh
from megawatt.dispatch.rolling import LaterWork, Outlook, Risk, RollingPlan, plan_rolling
from megawatt.dispatch.schedule import Schedule
from megawatt.dispatch.state import Decided, SiteState, batch_halls, work_windows
from megawatt.forecast.model import known
from megawatt.site.read import Site

LATER_GROUPS = 12
"""Into how many groups of like price the intervals after the horizon are put."""
DAYS_BACK = 8
"""Oldest day whose temperature stands in for one to come."""


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked of a plan.

    Attributes:
        now: The instant of the plan, UTC; the plan begins with the next interval.
        intervals: Length of the horizon.
        common: First intervals that are decided before the scenario is known.
        scenarios: Number of price paths.
        seed: Of their draw.
        risk: How much the bad ones count.
    """

    now: np.datetime64
    intervals: int
    common: int = 1
    scenarios: int = 10
    seed: int = 0
    risk: Risk = field(default_factory=Risk)

    def grid(self, site: Site) -> TimeGrid:
        """The intervals of the horizon: from the first that begins at ``now`` or later."""
        step = site.connection.interval_minutes * 60
        seconds = int(self.now.astype("datetime64[s]").astype(np.int64))
        return TimeGrid(np.datetime64(-(-seconds // step) * step, "s"), step // 60, self.intervals)


@dataclass(frozen=True, slots=True, eq=False)
class AheadPlan:
    """A plan with all that it rests on.

    Attributes:
        site: The site.
        request: What was asked.
        prospect: Prices as told at the instant.
        before: State at the first interval.
        expected: The problem at expected prices.
        rolling: The plan of each scenario.
        fleets: Fleet number of each machine class of the problem: blocks in different states are classes of their own.
        members: Numbers of the fleet's blocks in each class.
        horizon: First intervals that stand at the expected prices, whatever comes after the horizon.
        missed: Intervals of work of each batch hall that no longer fit into its open window.
    """

    site: Site
    request: Request
    prospect: Prospect
    before: SiteState
    expected: Problem
    rolling: RollingPlan
    fleets: tuple[int, ...]
    members: tuple[tuple[int, ...], ...]
    horizon: Horizon
    missed: tuple[int, ...]

    @property
    def schedule(self) -> Schedule:
        """What the site is told to do: the scenario whose value lies nearest the mean; its first intervals are common."""
        return self.rolling.schedules[self.rolling.typical]

    def running(self) -> Floats:
        """Blocks of each fleet that run in each scenario, shape (S, fleets, T)."""
        out = np.zeros((len(self.rolling.schedules), len(self.site.fleets), self.expected.T))
        for s, schedule in enumerate(self.rolling.schedules):
            for unit in schedule.units:
                out[s, self.fleets[unit.machine]] += unit.blocks * unit.on
        return out

    def state(self) -> SiteState:
        """The state to keep: what ran before, and what is decided from here."""
        return replace(self.before, decided=decided(self, self.schedule))


def decided(plan: AheadPlan, schedule: Schedule) -> Decided:
    """A schedule of the plan's problem as decisions of single blocks."""
    T = plan.expected.T
    words = {one.name: [(0,) * T] * one.blocks for one in plan.site.fleets}
    given = [0] * len(plan.members)
    for unit in schedule.units:
        word = tuple(int(x) for x in unit.on)
        mine = words[plan.site.fleets[plan.fleets[unit.machine]].name]
        for block in plan.members[unit.machine][given[unit.machine] : given[unit.machine] + unit.blocks]:
            mine[block] = word
        given[unit.machine] += unit.blocks
    halls = batch_halls(plan.site)
    work = {hall.name: tuple(int(x) for x in on) for hall, on in zip(halls, schedule.batch_on, strict=True)}
    blocks = {name: tuple(mine) for name, mine in words.items()}
    return Decided(blocks, work, tuple(float(x) for x in schedule.import_mw(plan.expected)))


def plan_ahead(
    site: Site, data: Dataset, before: SiteState, request: Request, effort: Effort | None = None
) -> AheadPlan:
    """Plan a site's next intervals.

    Args:
        site: The site.
        data: All series at hand; only what is known at ``request.now`` is read.
        before: State at the plan's first interval, see `SiteState.after`.
        request: Instant, horizon, scenarios and risk.
        effort: When the solver of a coupled site may stop.

    Raises:
        InputError: Too little is known to look ahead, the state is another site's, or no schedule keeps all limits.
    """
    grid, seen = request.grid(site), known(data, request.now)
    before.belongs_to(site)
    if before.at != grid.start:
        raise InputError(
            f"a state of {before.at}Z", f"the plan begins at {grid.start}Z", "Carry the state on with SiteState.after."
        )
    wide = _wide(site, grid)
    far = Prospect.of(site, seen, wide, request.now)
    prospect = far.first(grid.n)
    price = far.expected_usd_per_mwh()
    problem = _expected(site, seen, grid, price[: grid.n], request.now)
    problem, fleets, members = _blocks(site, problem, before)
    problem = replace(problem, peaks=_peaks(site, problem, before))
    problem, held, later, missed = _work(site, problem, before, wide, price)
    rng = np.random.default_rng([request.seed, int(grid.start.astype(np.int64))])
    paths = prospect.scenarios(request.scenarios, rng)
    outlook = Outlook(
        tuple(_priced(problem, path) for path in paths), min(request.common, grid.n), held=held, later=later
    )
    rolling = plan_rolling(outlook, request.risk, effort)
    horizon = decision_horizon(problem)
    return AheadPlan(site, request, prospect, before, problem, rolling, fleets, members, horizon, missed)


def _wide(site: Site, grid: TimeGrid) -> TimeGrid:
    """The horizon, and on to the end of the batch windows that it cuts."""
    end = grid.n
    for hall in batch_halls(site):
        _, number, _, first = work_windows(site, hall, grid)
        end = max(end, int(np.flatnonzero(number == number[first + grid.n - 1])[-1]) + 1 - first)
    return TimeGrid(grid.start, grid.step_minutes, end)


def _priced(problem: Problem, price: Floats) -> Problem:
    """The problem at a price path; other settlement points keep their distance."""
    moved = price - problem.price_usd_per_mwh
    positions = tuple(replace(p, price_usd_per_mwh=p.price_usd_per_mwh + moved) for p in problem.positions)
    return replace(problem, price_usd_per_mwh=price, positions=positions)


# --- data as expected -------------------------------------------------------------------------------------------------


def _expected(site: Site, seen: Dataset, grid: TimeGrid, price: Floats, now: np.datetime64) -> Problem:
    """The site's problem on expected data.

    Raises:
        InputError: A value that the problem needs is not known at all.
    """
    index = grid.index(site.connection.timezone)
    first, last = index[0].date(), index[-1].date() + dt.timedelta(days=1)
    period = site.period.model_copy(update={"start": first, "end": last})
    charges = tuple(one for one in site.charges if one.kind != "coincident")
    plain = replace(site, period=period, charges=charges, programmes=())
    own = price_name(site)
    filled = [_filled(one, seen[own], grid, price, now) for one in seen.values() if _needed(one, own)]
    case = case_of(plain, Dataset(filled), grid)
    if not case.covered.all():
        missing = [one.name for one in filled if not np.isfinite(one.values).all()]
        raise InputError(
            f"no recent value of {', '.join(missing)} at {now}Z",
            "a plan carries last known values on",
            "Import newer data with 'megawatt data import', or choose an earlier --now.",
        )
    return replace(case.problem, peak_usd_per_mwh=expected_peak_usd_per_mwh(site, grid))


def _needed(one: Series, own: str) -> bool:
    kind = one.name.partition("/")[0]
    return one.name == own or kind in {"price_rt", "btc", "temperature", "gpu"}


def _filled(one: Series, own: Series, grid: TimeGrid, price: Floats, now: np.datetime64) -> Series:
    """A series on the horizon with expected values."""
    kind = one.name.partition("/")[0]
    if one.name == own.name:
        values = price
    elif kind == "price_rt":
        values = price + _distance(one, own, now)
    elif kind == "temperature":
        values = _day_before(one, grid)
    else:
        values = np.full(grid.n, one.last_known(np.array([now]))[0])
    source = Provenance(f"expected at {now}Z", modelled=True)
    return Series(one.name, one.unit, grid, values, np.full(grid.n, now), source)


def _distance(one: Series, own: Series, now: np.datetime64) -> float:
    """Mean distance of two settlement points over the last days known [USD/MWh]."""
    minutes = max(one.grid.step_minutes, own.grid.step_minutes)
    n = 14 * 24 * 60 // minutes
    end = now.astype("datetime64[h]").astype("datetime64[s]")
    grid = TimeGrid(end - np.timedelta64(n * minutes * 60, "s"), minutes, n)
    apart = one.on(grid).values - own.on(grid).values
    return float(np.nanmean(apart)) if np.isfinite(apart).any() else 0.0


def _day_before(one: Series, grid: TimeGrid) -> Floats:
    """The last known value at the same time of an earlier day, shape (T,)."""
    out = np.full(grid.n, np.nan)
    for days in range(1, DAYS_BACK + 1):
        earlier = TimeGrid(grid.start - np.timedelta64(days * 86_400, "s"), grid.step_minutes, grid.n)
        out = np.where(np.isfinite(out), out, one.on(earlier).values)
    return out


# --- what ran before --------------------------------------------------------------------------------------------------


def _blocks(
    site: Site, problem: Problem, before: SiteState
) -> tuple[Problem, tuple[int, ...], tuple[tuple[int, ...], ...]]:
    """The machine classes split by the state of their blocks; fleet and blocks of each."""
    machines, fleets, members = [], [], []
    for number, (one, machine) in enumerate(zip(site.fleets, problem.machines, strict=True)):
        groups: dict[InitialState, list[int]] = {}
        matters = max(machine.min_up, machine.min_down, len(machine.ramp_loss))
        for block, state in enumerate(before.blocks[one.name]):
            groups.setdefault(InitialState(state.on, min(state.steps, matters)), []).append(block)
        for state, mine in groups.items():
            machines.append(replace(machine, blocks=len(mine), initial=state))
            fleets.append(number)
            members.append(tuple(mine))
    return replace(problem, machines=tuple(machines)), tuple(fleets), tuple(members)


def _peaks(site: Site, problem: Problem, before: SiteState) -> tuple[PeakCharge, ...]:
    """Demand charges with the peak already incurred, at the horizon's share of the month's hours to come."""
    grid, timezone = problem.grid, site.connection.timezone
    month, names = grid.local_months(timezone)
    out = []
    for charge in problem.peaks:
        past = before.peak_mw.get(charge.name, {})
        floor, price = charge.floor_mw.copy(), charge.usd_per_mw_month.copy()
        for m, name in enumerate(names):
            earlier = [mw for other, mw in past.items() if 0 < _months_between(other, name) < 12]
            ratchet = charge.ratchet_fraction * max(earlier, default=0.0)
            floor[m] = max(floor[m], ratchet, past.get(name, 0.0))
            inside = np.flatnonzero(month == m)
            end = pd.Timestamp(name, tz=timezone) + pd.offsets.MonthBegin(1)
            left = end - pd.Timestamp(grid.starts[inside[0]], tz="UTC")
            price[m] *= min(1.0, len(inside) * grid.hours / (left.total_seconds() / 3600))
        out.append(replace(charge, floor_mw=floor, usd_per_mw_month=price))
    return tuple(out)


def _months_between(earlier: str, later: str) -> int:
    a, b = (12 * int(name[:4]) + int(name[5:]) for name in (earlier, later))
    return b - a


def _work(
    site: Site, problem: Problem, before: SiteState, wide: TimeGrid, price: Floats
) -> tuple[Problem, tuple[int, ...], tuple[LaterWork | None, ...], tuple[int, ...]]:
    """Batch work as it is left: what is due, which run must go on, what may wait, and what no longer fits."""
    T, jobs, held, later, missed = problem.T, [], [], [], []
    for hall, job in zip(batch_halls(site), problem.batches, strict=True):
        mine = before.work[hall.name]
        _, number, required, first = work_windows(site, hall, problem.grid)
        need = required[number[first] : number[first + T - 1] + 1].copy()
        window = number[first : first + wide.n] - number[first]
        size = np.bincount(window, minlength=len(need))
        need[0] = max(need[0] - mine.done, 0)
        lost = max(int(need[0] - size[0]), 0)
        must = min(max(job.min_run - mine.run.steps, 0), T) if mine.run.on else 0
        need[0] = max(need[0] - lost, min(must, int((window[:T] == 0).sum())))
        beyond = np.arange(T, wide.n)
        jobs.append(replace(job, window=window[:T], need=need, initial_on=mine.run.on))
        held.append(must)
        later.append(_later(problem, job, price[beyond], int(need[-1])) if len(beyond) else None)
        missed.append(lost)
    return replace(problem, batches=tuple(jobs)), tuple(held), tuple(later), tuple(missed)


def _later(problem: Problem, job: BatchJob, price: Floats, need: int) -> LaterWork:
    """What an interval of work brings after the horizon, in groups of like price."""
    cost = price + problem.adder_usd_per_mwh[-1]
    own = 0.0 if job.pass_through else 1.0
    usd = np.sort(problem.grid.hours * (job.fee_usd_per_h[-1] - job.power_mw[-1] * own * cost))[::-1]
    groups = np.array_split(usd[:need], min(LATER_GROUPS, max(min(need, len(usd)), 1)))
    return LaterWork(
        np.array([float(g.mean()) if len(g) else 0.0 for g in groups]), np.array([float(len(g)) for g in groups])
    )
