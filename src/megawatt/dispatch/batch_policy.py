"""When batch work runs while prices are not known: rules that see only what is known at each interval.

Work of ``required`` intervals is due in each window, a start costs money, and the price of an interval is known only
when it is over. Beside each other:

* `block_run`: from the window's start, without a break: what is done without a plan;
* `hysteresis_run`: stops above one price and starts below another, both tuned on earlier data: the bar;
* `replanned_run`: the exact cheapest plan on expected prices, planned anew every so many intervals;
* `stochastic_run`: stochastic dynamic programming on the states of `forecast.deviation_chain`: the value of each state
  (intervals left, work left, running or not, state of the last prices) by backward recursion, computed anew when a new
  day-ahead price is known, and at every interval the better of run and wait by the state just seen.

All end a window with its work done: when as many intervals are left as work, they run.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import Times
from megawatt.forecast.deviation_chain import HALF_LIFE, DeviationChain
from megawatt.forecast.guard import TRIAL, Stint, guard
from megawatt.forecast.price_bins import FLOOR_USD, HISTORY_DAYS, LEAST_DAYS, expected_day_ahead
from megawatt.hosting.batch import BatchRun, Windows, cheapest_run

Bools = NDArray[np.bool_]
Chooser = Callable[[int, int, int, bool], bool]
"""Interval, end of its window, work left in it, whether the job runs: whether to run."""

NEVER_USD = 1e15


@dataclass(frozen=True, slots=True, eq=False)
class BatchInstance:
    """Batch work under real prices.

    Attributes:
        price: Real-time price, known when the interval is over.
        day_ahead: Day-ahead price on the same grid.
        due: Windows and work of the intervals from ``first`` on.
        first: Number of the first interval of the first window in the series.
        energy_mwh: Energy of one interval of work.
        restart_usd: Cost of a start.
        timezone: IANA zone of the market.
        min_run: Least number of intervals that the work runs once started, no more than any window needs.
    """

    price: Series
    day_ahead: Series
    due: Windows
    first: int
    energy_mwh: float
    restart_usd: float
    timezone: str
    min_run: int = 1

    @property
    def settled_usd(self) -> Floats:
        """What running would have cost in each interval of the windows, shape (n,) [USD]."""
        return self.price.values[self.first : self.first + len(self.due.number)] * self.energy_mwh

    @property
    def hour(self) -> Floats:
        """Local hour of every interval of the price series."""
        return np.asarray(self.price.grid.index(self.timezone).hour, dtype=np.float64)

    def latest_known(self) -> list[int]:
        """Number of the latest interval whose price is known when each interval of the series begins, -1 if none."""
        there = np.where(np.isfinite(self.price.values), np.arange(self.price.grid.n, dtype=np.float64), np.nan)
        numbers = replace(self.price, values=there)
        latest: list[int] = np.nan_to_num(numbers.last_known(self.price.grid.starts), nan=-1).astype(np.int64).tolist()
        return latest

    def cost(self, run: Bools) -> BatchRun:
        """What a run costs at settled prices."""
        starts = int(run[0]) + int((run[1:] & ~run[:-1]).sum())
        return BatchRun(run, starts, float(self.settled_usd[run].sum() + self.restart_usd * starts))

    def foresight(self) -> BatchRun:
        """The cheapest run with every price known: a bound, not a policy."""
        return cheapest_run(self.settled_usd, self.due, restart_usd=self.restart_usd)


def follow(instance: BatchInstance, choose: Chooser) -> Bools:
    """Let a rule choose interval by interval; the work of each window is done, in runs that are long enough.

    A run goes on until it is long enough, and does not stop with less work left than the least run.
    """
    number, required = instance.due.number, instance.due.required
    ends = np.searchsorted(number, np.arange(len(required)), side="right")
    run = np.zeros(len(number), dtype=np.bool_)
    on, left, age = False, 0, instance.min_run
    for i in range(len(number)):
        if i == 0 or number[i] != number[i - 1]:
            left = int(required[number[i]])
        end = int(ends[number[i]])
        held = on and left > 0 and (age < instance.min_run or left < instance.min_run)
        free = 0 < left < end - i and not held
        before, on = on, choose(instance.first + i, instance.first + end, left, on) if free else left > 0
        age = age + 1 if on and before else 1
        run[i] = on
        left -= on
    return run


def block_run(instance: BatchInstance) -> Bools:
    """All work from each window's start."""
    return follow(instance, lambda _t, _end, _left, _on: True)


def hysteresis_run(instance: BatchInstance, stop_usd: float, start_usd: float) -> Bools:
    """Stops when the last known price is above ``stop_usd``, starts when it is below ``start_usd`` [USD/MWh]."""
    return follow(instance, _hysteresis(instance, {}, (stop_usd, start_usd)))


def _hysteresis(
    instance: BatchInstance, pairs: Mapping[int, tuple[float, float]], usual: tuple[float, float]
) -> Chooser:
    """Hysteresis at the pair of prices of the window that ends at an interval, ``usual`` where none is named."""
    latest, price = instance.latest_known(), instance.price.values.tolist()

    def choose(t: int, end: int, _left: int, on: bool) -> bool:
        last = latest[t]
        if last < 0:
            return on
        stop_usd, start_usd = pairs.get(end, usual)
        return bool(price[last] <= stop_usd) if on else bool(price[last] < start_usd)

    return choose


def tuned_hysteresis_run(instance: BatchInstance, past: BatchInstance) -> Bools:
    """Hysteresis at the pair of prices that was cheapest on an earlier instance."""
    cost = [past.cost(hysteresis_run(past, *pair)).cost_usd for pair in PAIRS_USD]
    return hysteresis_run(instance, *PAIRS_USD[int(np.argmin(cost))])


STOP_USD = (25.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 150.0)
START_USD = (10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0)
PAIRS_USD = tuple((up, low) for up in STOP_USD for low in START_USD if low <= up)
"""Pairs of prices that hysteresis is tuned over."""


def replanned_run(instance: BatchInstance, every: int) -> Bools:
    """The cheapest plan for the rest of the window on expected day-ahead prices, anew every ``every`` intervals."""
    planned: dict[int, bool] = {}

    def choose(t: int, end: int, left: int, on: bool) -> bool:
        if (t - instance.first) % every == 0 or t not in planned:
            at = instance.price.grid.starts[t]
            cost = expected_day_ahead(instance.day_ahead, hour, t, end, at) * instance.energy_mwh
            rest = Windows(np.zeros(end - t, dtype=np.int64), np.array([left], dtype=np.int64))
            plan = cheapest_run(cost, rest, restart_usd=instance.restart_usd, running_before=on).run
            planned.clear()
            planned.update(zip(range(t, end), plan.tolist(), strict=True))
        return planned[t]

    hour = instance.hour
    return follow(instance, choose)


def stochastic_run(instance: BatchInstance) -> Bools:
    """Run or wait by the value of either, on a chain of price states fitted anew at each window's start.

    A job that still runs when its window ends saves the next one a start or not: half a start is what that counts.
    """
    return follow(instance, _stochastic(instance))


def _stochastic(instance: BatchInstance) -> Chooser:
    hour, starts, latest = instance.hour, instance.price.grid.starts, instance.latest_known()
    state = _Tables()

    def choose(t: int, end: int, left: int, on: bool) -> bool:
        last = latest[t]
        published = int((instance.day_ahead.known_at[t:end] <= starts[t]).sum()) + t
        if state.end != end or state.bins is None:
            state.bins, state.end, state.published = _fit(instance, t), end, -1
        bins = state.bins
        if state.published < published:
            base = expected_day_ahead(instance.day_ahead, hour, t, end, starts[t])
            next_usd = (base[:, np.newaxis] + np.maximum(base, FLOOR_USD)[:, np.newaxis] * bins.mean_next()) * (
                instance.energy_mwh
            )
            state.next_usd, state.origin, state.published = next_usd, t, published
            state.value = _values(next_usd, bins.transition, left, instance.restart_usd)
        now = bins.state(*_known_prices(instance, max(0, last - 12 * HALF_LIFE), last + 1, starts[t]))
        later = state.value[t - state.origin + 1]
        wait = bins.transition[now] @ later[0, left]
        run = bins.transition[now] @ later[1, left - 1] + state.next_usd[t - state.origin, now]
        return bool(run + (0.0 if on else instance.restart_usd) < wait)

    return choose


@dataclass(frozen=True, slots=True, eq=False)
class GuardedRun:
    """Batch work by the stochastic rule, with tuned hysteresis in its place after four weeks in which it lost to it.

    Attributes:
        forecast: The run.
        hysteresis: Hysteresis alone, tuned anew at each window on all that were over: the bar.
        stints: When hysteresis stood in.
    """

    forecast: Bools
    hysteresis: Bools
    stints: tuple[Stint, ...]


def guarded_run(instance: BatchInstance) -> GuardedRun:
    """Both rules walked forward window by window; in the first window hysteresis runs at the middle pair of prices.

    A window is an issue of the guard, `TRIAL` days of windows are its trial: each rule is scored by what it would have
    cost alone. Windows before the chain of bins has its first week of prices are left to hysteresis.
    """
    number, starts = instance.due.number, instance.price.grid.starts
    first = np.searchsorted(number, np.arange(len(instance.due.required)))
    ends = [int(instance.first + e) for e in (*first[1:], len(number))]
    trials = np.array([_by_window(instance, hysteresis_run(instance, *pair)) for pair in PAIRS_USD])
    issued = starts[instance.first + first]
    settled = _settled(instance, issued, ends)
    over = np.searchsorted(settled, issued, side="right")  # windows whose last price is known when each begins
    usual = PAIRS_USD[len(PAIRS_USD) // 2]
    cheapest = (int(trials[:, :n].sum(axis=1).argmin()) for n in over)
    pairs = {end: PAIRS_USD[k] if n else usual for end, n, k in zip(ends, over, cheapest, strict=True)}
    bar = _hysteresis(instance, pairs, usual)
    hysteresis = follow(instance, bar)
    known = np.isfinite(instance.price.values + instance.day_ahead.values)
    hours = np.cumsum(known) * instance.price.grid.hours
    begins = instance.first + first
    ready = {
        end for begin, end in zip(begins, ends, strict=True) if begin and hours[begin - 1] >= 24 * (LEAST_DAYS + 1)
    }
    ours = _stochastic(instance)
    shadow = follow(instance, lambda t, end, left, on: (ours if end in ready else bar)(t, end, left, on))
    excess = _by_window(instance, shadow) - _by_window(instance, hysteresis)
    excess[[end not in ready for end in ends]] = np.nan
    days = len(number) * instance.price.grid.hours / 24 / len(ends)
    found = guard(issued, settled, excess, trial=max(1, round(TRIAL / days)))
    away = {end for end, taken in zip(ends, found.taken, strict=True) if taken} | (set(ends) - ready)
    ours = _stochastic(instance)  # a new one: it keeps tables of the window it is in
    run = follow(instance, lambda t, end, left, on: (bar if end in away else ours)(t, end, left, on))
    stints = found.stints(issued, model="stochastic", twin="hysteresis", unit="USD a window")
    return GuardedRun(run, hysteresis, stints)


def _settled(instance: BatchInstance, issued: Times, ends: Sequence[int]) -> Times:
    """When the last price of each window that there is became known, never before the one of an earlier window, (W,)."""
    begins = (instance.first, *ends[:-1])
    known_at = np.where(np.isfinite(instance.price.values), instance.price.known_at, instance.price.grid.start)
    last = [known_at[a:b].max() for a, b in zip(begins, ends, strict=True)]
    settled: Times = np.maximum.accumulate(np.maximum(issued, np.array(last)))
    return settled


def _by_window(instance: BatchInstance, run: Bools) -> Floats:
    """What a run costs in each window, a start counted where it falls, shape (W,) [USD]."""
    start = run & ~np.concatenate(([False], run[:-1]))
    cost = np.where(run, np.nan_to_num(instance.settled_usd), 0.0) + instance.restart_usd * start
    by_window: Floats = np.bincount(instance.due.number, cost, len(instance.due.required)).astype(np.float64)
    return by_window


@dataclass(slots=True)
class _Tables:
    """What is kept between two decisions of a window."""

    bins: DeviationChain | None = None
    end: int = -1
    published: int = -1
    origin: int = 0
    next_usd: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    value: Floats = field(default_factory=lambda: np.zeros((0, 0, 0, 0)))


def _fit(instance: BatchInstance, t: int) -> DeviationChain:
    """The chain on what is known when interval ``t`` begins."""
    begin = max(0, t - HISTORY_DAYS * round(24 / instance.price.grid.hours))
    return DeviationChain.fit(*_known_prices(instance, begin, t, instance.price.grid.starts[t]))


def _known_prices(instance: BatchInstance, begin: int, end: int, at: np.datetime64) -> tuple[Floats, Floats]:
    """Real-time and day-ahead prices of some intervals, NaN where one is not known at an instant."""
    price, ahead = instance.price, instance.day_ahead
    known = (price.known_at[begin:end] <= at) & (ahead.known_at[begin:end] <= at)
    return np.where(known, price.values[begin:end], np.nan), ahead.values[begin:end]


@njit(cache=True)
def _values(next_usd: Floats, transition: Floats, work: int, restart_usd: float) -> Floats:
    """Expected cost to go, shape (T + 1, 2, work + 1, K), by interval, running before, work left and last state."""
    T, K = next_usd.shape
    value = np.full((T + 1, 2, work + 1, K), NEVER_USD)
    value[T, 0, 0, :] = 0.0
    value[T, 1, 0, :] = -0.5 * restart_usd
    later = np.empty((2, work + 1, K))
    for t in range(T - 1, -1, -1):
        most, least = min(work, T - t), max(0, work - t)
        beyond = min(work, T - t - 1)
        for y in range(2):
            for r in range(max(0, least - 1), beyond + 1):
                for z in range(K):
                    total = 0.0
                    for q in range(K):
                        total += transition[z, q] * value[t + 1, y, r, q]
                    later[y, r, z] = total
        for r in range(least, most + 1):
            for z in range(K):
                wait = later[0, r, z] if r <= beyond else NEVER_USD
                run = later[1, r - 1, z] + next_usd[t, z] if r > 0 else NEVER_USD
                value[t, 1, r, z] = min(wait, run)
                value[t, 0, r, z] = min(wait, run + restart_usd)
    return value
