"""When batch work runs while prices are not known: rules that see only what is known at each interval.

Work of ``required`` intervals is due in each window, a start costs money, and the price of an interval is known only
when it is over. Beside each other:

* `block_run`: from the window's start, without a break: what is done without a plan;
* `hysteresis_run`: stops above one price and starts below another, both tuned on earlier data: the bar;
* `replanned_run`: the exact cheapest plan on expected prices, planned anew every so many intervals;
* `stochastic_run`: stochastic dynamic programming on the states of `forecast.price_bins`: the value of each state
  (intervals left, work left, running or not, state of the last prices) by backward recursion, computed anew when a new
  day-ahead price is known, and at every interval the better of run and wait by the state just seen.

All end a window with its work done: when as many intervals are left as work, they run.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.core.series import Floats, Series
from megawatt.forecast.price_bins import FLOOR_USD, HALF_LIFE, HISTORY_DAYS, PriceBins, expected_day_ahead
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
    """

    price: Series
    day_ahead: Series
    due: Windows
    first: int
    energy_mwh: float
    restart_usd: float
    timezone: str

    @property
    def settled_usd(self) -> Floats:
        """What running would have cost in each interval of the windows, shape (n,) [USD]."""
        return self.price.values[self.first : self.first + len(self.due.number)] * self.energy_mwh

    @property
    def hour(self) -> Floats:
        """Local hour of every interval of the price series."""
        return np.asarray(self.price.grid.index(self.timezone).hour, dtype=np.float64)

    def last_known(self, t: int) -> int:
        """Number of the latest interval whose price is known when interval ``t`` begins, -1 if none."""
        at = self.price.grid.starts[t]
        known = np.flatnonzero(self.price.known_at[max(0, t - 96) : t] <= at)
        return max(0, t - 96) + int(known[-1]) if len(known) else -1

    def cost(self, run: Bools) -> BatchRun:
        """What a run costs at settled prices."""
        starts = int(run[0]) + int((run[1:] & ~run[:-1]).sum())
        return BatchRun(run, starts, float(self.settled_usd[run].sum() + self.restart_usd * starts))

    def foresight(self) -> BatchRun:
        """The cheapest run with every price known: a bound, not a policy."""
        return cheapest_run(self.settled_usd, self.due, restart_usd=self.restart_usd)


def follow(instance: BatchInstance, choose: Chooser) -> Bools:
    """Let a rule choose interval by interval; the work of each window is done whatever it says."""
    number, required = instance.due.number, instance.due.required
    ends = np.searchsorted(number, np.arange(len(required)), side="right")
    run = np.zeros(len(number), dtype=np.bool_)
    on, left = False, 0
    for i in range(len(number)):
        if i == 0 or number[i] != number[i - 1]:
            left = int(required[number[i]])
        end = int(ends[number[i]])
        free = 0 < left < end - i
        on = choose(instance.first + i, instance.first + end, left, on) if free else left > 0
        run[i] = on
        left -= on
    return run


def block_run(instance: BatchInstance) -> Bools:
    """All work from each window's start."""
    return follow(instance, lambda _t, _end, _left, _on: True)


def hysteresis_run(instance: BatchInstance, stop_usd: float, start_usd: float) -> Bools:
    """Stops when the last known price is above ``stop_usd``, starts when it is below ``start_usd`` [USD/MWh]."""

    def choose(t: int, _end: int, _left: int, on: bool) -> bool:
        last = instance.last_known(t)
        if last < 0:
            return on
        price = instance.price.values[last]
        return bool(price <= stop_usd) if on else bool(price < start_usd)

    return follow(instance, choose)


def tuned_hysteresis_run(instance: BatchInstance, past: BatchInstance) -> Bools:
    """Hysteresis at the pair of prices that was cheapest on an earlier instance."""
    pairs = [(up, low) for up in STOP_USD for low in START_USD if low <= up]
    cost = [past.cost(hysteresis_run(past, *pair)).cost_usd for pair in pairs]
    return hysteresis_run(instance, *pairs[int(np.argmin(cost))])


STOP_USD = (25.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 150.0)
START_USD = (10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0)


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
    hour, starts = instance.hour, instance.price.grid.starts
    state = _Tables()

    def choose(t: int, end: int, left: int, on: bool) -> bool:
        last = instance.last_known(t)
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

    return follow(instance, choose)


@dataclass(slots=True)
class _Tables:
    """What is kept between two decisions of a window."""

    bins: PriceBins | None = None
    end: int = -1
    published: int = -1
    origin: int = 0
    next_usd: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    value: Floats = field(default_factory=lambda: np.zeros((0, 0, 0, 0)))


def _fit(instance: BatchInstance, t: int) -> PriceBins:
    """The chain on what is known when interval ``t`` begins."""
    begin = max(0, t - HISTORY_DAYS * round(24 / instance.price.grid.hours))
    return PriceBins.fit(*_known_prices(instance, begin, t, instance.price.grid.starts[t]))


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
