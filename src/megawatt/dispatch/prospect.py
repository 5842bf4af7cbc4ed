"""What can be told at an instant about the prices to come: a base, a chain of bins around it, and scenarios.

The base is the day-ahead price where it is published, else what was usual in the same hour of the last fourteen days; the
chain is `forecast.price_bins`, fitted on what is known. Both are published numbers or counts of the past: there is no
model here that could be better than its naive twin. A scenario is a path of the chain from the bin last seen, each of
its intervals a past deviation drawn from the bin.
"""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numba import njit
from numpy.typing import NDArray

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.case import price_name
from megawatt.dispatch.case_power import coincident_charge, in_force
from megawatt.dispatch.problem import Floats, Ints
from megawatt.forecast.model import information, known
from megawatt.forecast.price_bins import (
    FLOOR_USD,
    HISTORY_DAYS,
    LEAST_DAYS,
    PROFILE_DAYS,
    PriceBins,
    expected_day_ahead,
    relative_deviation,
)
from megawatt.power.coincident_peak import calendar_rule
from megawatt.site.read import Site

LEVELS = (0.1, 0.3, 0.5, 0.7, 0.85, 0.93, 0.97, 0.985)
"""Borders of the bins for switching machines: finer above, where break-evens lie. Chosen on February to June 2024."""

LEAST_PAIRS = 50
"""Moves out of a bin from which a slope within it is fitted."""

MODEL = "price-bins"
VERSION = "1"


@dataclass(frozen=True, slots=True, eq=False)
class Market:
    """Prices of a site's settlement point on one grid, with what is known of each when.

    Attributes:
        price: Real-time price.
        ahead: Day-ahead price, or the real-time price itself where none is published: it is then never known ahead.
        reference: What deviations of past intervals are measured against, shape (n,) [USD/MWh].
        hour: Local hour of every interval, shape (n,).
        published: Whether there is a day-ahead price.
    """

    price: Series
    ahead: Series
    reference: Floats
    hour: Floats
    published: bool

    @classmethod
    def of(cls, site: Site, data: Dataset, grid: TimeGrid) -> "Market":
        """The market of a site from the start of its prices to the end of ``grid``, on the intervals of that."""
        point, whole = site.connection.load_settlement_point, data[price_name(site)]
        before = max(0, int((grid.start - whole.grid.start) // grid.step))
        grid = TimeGrid(grid.start - before * grid.step, grid.step_minutes, before + grid.n)
        price, name = whole.on(grid), f"price_da/{point}"
        hour = np.asarray(grid.index(site.connection.timezone).hour, dtype=np.float64)
        if name in data:
            ahead = data[name].on(grid)
            return cls(price, ahead, ahead.values, hour, True)
        return cls(price, price, _same_hours(price, site.connection.timezone), hour, False)

    @property
    def grid(self) -> TimeGrid:
        """Its intervals."""
        return self.price.grid

    def last_seen(self, t: int, at: np.datetime64) -> int:
        """Number of the latest interval before ``t`` whose price and reference are known, -1 if none of the last day."""
        begin = max(0, t - round(24 / self.grid.hours))
        found = np.flatnonzero(self._seen(begin, t, at))
        return begin + int(found[-1]) if len(found) else -1

    def fit(self, t: int, at: np.datetime64) -> tuple[PriceBins, Floats]:
        """The chain on what is known at an instant before interval ``t``, and the deviations that it counted.

        Raises:
            InputError: Fewer than seven days are known.
        """
        begin = max(0, t - HISTORY_DAYS * round(24 / self.grid.hours))
        if not self.enough(t, at):
            raise InputError(
                f"{self._seen(begin, t, at).sum() * self.grid.hours:g} h of prices known before {at}Z",
                f"how they move is counted on {LEAST_DAYS} days at least",
                "Import an older history, or choose a later --now.",
            )
        price = np.where(self._seen(begin, t, at), self.price.values[begin:t], np.nan)
        bins = PriceBins.fit(price, self.reference[begin:t], LEVELS)
        return bins, relative_deviation(price, self.reference[begin:t])

    def enough(self, t: int, at: np.datetime64) -> bool:
        """Whether seven days are known at an instant before interval ``t``."""
        begin = max(0, t - HISTORY_DAYS * round(24 / self.grid.hours))
        return bool(self._seen(begin, t, at).sum() * self.grid.hours >= 24 * LEAST_DAYS)

    def _seen(self, begin: int, t: int, at: np.datetime64) -> NDArray[np.bool_]:
        """Which of the intervals ``begin`` to ``t`` have a known price and reference."""
        seen = (self.price.known_at[begin:t] <= at) & np.isfinite(self.reference[begin:t])
        return seen & (self.ahead.known_at[begin:t] <= at) if self.published else seen

    def base(self, t: int, end: int, at: np.datetime64) -> Floats:
        """Base price of the intervals ``t`` to ``end`` as known at an instant, shape (end - t,) [USD/MWh]."""
        return expected_day_ahead(self.ahead, self.hour, t, end, at)


def _same_hours(price: Series, timezone: str) -> Floats:
    """For each interval the median of the same local time of day over the fourteen days before it, shape (n,)."""
    index = price.grid.index(timezone)
    values = pd.Series(price.values).groupby(index.hour * 60 + index.minute)
    before = values.transform(lambda one: one.rolling(PROFILE_DAYS, min_periods=7).median().shift(2))
    return before.to_numpy(dtype=np.float64)


@dataclass(frozen=True, slots=True, eq=False)
class Prospect:
    """What is known and expected at an instant.

    Attributes:
        issued: The instant, UTC.
        grid: Intervals of the horizon.
        base_usd_per_mwh: Base price, shape (T,).
        from_market: Intervals whose base is a published day-ahead price, shape (T,).
        bins: The chain.
        seen: Bin of the last known price.
        deviations: Past relative deviations by bin, K arrays.
        target: Name of the price that is told.
        information_sha256: Hash of every value known at the instant.
    """

    issued: np.datetime64
    grid: TimeGrid
    base_usd_per_mwh: Floats
    from_market: NDArray[np.bool_]
    bins: PriceBins
    seen: int
    deviations: tuple[Floats, ...]
    target: str
    information_sha256: str

    @property
    def source(self) -> str:
        """What supplies the prices of the horizon, in words."""
        point, n = self.target.partition("/")[2], int((~self.from_market).sum())
        profile = f"what was usual in the same hour of the last {PROFILE_DAYS} days"
        if not self.from_market.any():
            return f"{profile} (no day-ahead price of the horizon is published)"
        if not n:
            return f"the day-ahead price of {point}"
        return f"the day-ahead price of {point} where it is published, {profile} in {n} of {self.grid.n} intervals"

    def first(self, n: int) -> "Prospect":
        """The first intervals of it."""
        return replace(
            self,
            grid=self.grid.part(0, n),
            base_usd_per_mwh=self.base_usd_per_mwh[:n],
            from_market=self.from_market[:n],
        )

    @classmethod
    def of(cls, site: Site, data: Dataset, grid: TimeGrid, now: np.datetime64) -> "Prospect":
        """Look ahead over the intervals of ``grid`` with what is known at ``now``.

        Raises:
            InputError: Too little is known to look ahead.
        """
        needed = [
            name for name in (price_name(site), f"price_da/{site.connection.load_settlement_point}") if name in data
        ]
        past = known(Dataset(data[name] for name in needed or [price_name(site)]), now)
        market = Market.of(site, past, grid)
        t = int((grid.start - market.grid.start) // grid.step)
        last = market.last_seen(t, now)
        if last < 0:
            raise InputError(
                f"no price of {price_name(site)} known in the day before {now}Z",
                "a plan starts from the last price",
                "Import newer prices with 'megawatt data import', or choose an earlier --now.",
            )
        bins, x = market.fit(t, now)
        number = np.searchsorted(bins.border, np.nan_to_num(x))
        drawn = tuple(x[np.isfinite(x) & (number == k)] for k in range(len(bins.deviation)))
        seen = bins.bin_of(float(market.price.values[last]), float(market.reference[last]))
        from_market = (market.ahead.known_at[t:] <= now) & market.published
        base = market.base(t, market.grid.n, now)
        digest = information(past, np.array([now]))[0]
        return cls(now, grid, base, from_market, bins, seen, drawn, market.price.name, digest)

    def price(self, deviation: Floats) -> Floats:
        """Prices from relative deviations, shape (..., T) [USD/MWh]."""
        out: Floats = self.base_usd_per_mwh + np.maximum(self.base_usd_per_mwh, FLOOR_USD) * deviation
        return out

    def scenarios(self, count: int, rng: np.random.Generator) -> Floats:
        """Equally likely price paths, shape (count, T) [USD/MWh]."""
        return self.price(
            draw_paths(self.bins, self.deviations, np.full(count, self.seen, dtype=np.int64), self.grid.n, rng)
        )

    def expected_usd_per_mwh(self) -> Floats:
        """Mean price of each interval, shape (T,)."""
        chance = np.zeros(len(self.bins.deviation))
        chance[self.seen] = 1.0
        mean = np.empty(self.grid.n)
        for t in range(self.grid.n):
            chance = chance @ self.bins.transition
            mean[t] = chance @ self.bins.deviation
        return self.price(mean)


def draw_paths(bins: PriceBins, deviations: tuple[Floats, ...], seen: Ints, T: int, rng: np.random.Generator) -> Floats:
    """Paths of relative deviations from the bins last seen, shape (S, T).

    The paths of one interval spread evenly over the chances instead of by luck (stratified sampling).
    """
    S = len(seen)
    level = (rng.permuted(np.tile(np.arange(S), (T, 1)), axis=1) + rng.random((T, S))) / S
    pools = [pool if len(pool) else bins.deviation[k : k + 1] for k, pool in enumerate(deviations)]
    ends = np.cumsum([len(pool) for pool in pools])
    return _walk(np.cumsum(bins.transition, axis=1), np.concatenate(pools), ends, seen, level, rng.random((T, S)))


@njit(cache=True)
def _walk(chance: Floats, pool: Floats, ends: Ints, seen: Ints, level: Floats, draw: Floats) -> Floats:
    """Move every path from bin to bin and draw a past deviation of each bin reached, shape (S, T)."""
    T, S = level.shape
    K = chance.shape[0]
    out = np.empty((S, T))
    for s in range(S):
        k = seen[s]
        for t in range(T):
            q = 0
            while q < K - 1 and chance[k, q] < level[t, s]:
                q += 1
            k = q
            first = ends[k - 1] if k > 0 else 0
            out[s, t] = pool[first + int(draw[t, s] * (ends[k] - first))]
    return out


def expected_peak_usd_per_mwh(site: Site, grid: TimeGrid) -> Floats:
    """Coincident-peak charges as a chance: each hour of the calendar rule is as likely to be its month's peak, (T,).

    The peak itself is known only when the month is over, so a plan must never be handed it.
    """
    adder = np.zeros(grid.n)
    for one in site.charges:
        if one.kind != "coincident":
            continue
        inside = _in_calendar(site, tuple(one.months), grid) & in_force(site, one, grid)
        worth = coincident_charge(site, one).usd_per_mw_of_one_peak
        adder += np.where(inside, worth / (_calendar_intervals(site, tuple(one.months), grid) * grid.hours), 0.0)
    return adder


def _in_calendar(site: Site, months: tuple[int, ...], grid: TimeGrid) -> NDArray[np.bool_]:
    return calendar_rule(grid, months=months, timezone=site.connection.timezone)


def _calendar_intervals(site: Site, months: tuple[int, ...], grid: TimeGrid) -> Floats:
    """Intervals of the calendar rule in the whole local month of each interval, at least 1, shape (T,)."""
    day = np.timedelta64(86_400, "s")
    wide = TimeGrid(grid.start - 32 * day, grid.step_minutes, grid.n + 2 * 32 * round(24 / grid.hours))
    month, _ = wide.local_months(site.connection.timezone)
    count = np.bincount(month, weights=_in_calendar(site, months, wide))
    first = int((grid.start - wide.start) // grid.step)
    return np.maximum(count[month[first : first + grid.n]], 1.0)


def slopes(bins: PriceBins, deviation: Floats) -> Floats:
    """By how much the next deviation moves with the present one within each bin, 0 to 1, shape (K,).

    Args:
        bins: The chain.
        deviation: Past deviations in order of time, NaN where missing.
    """
    x, y = deviation[:-1], deviation[1:]
    there = np.isfinite(x) & np.isfinite(y)
    x, y = x[there], y[there]
    number = np.searchsorted(bins.border, x)
    out = np.zeros(len(bins.deviation))
    for k in range(len(out)):
        a, b = x[number == k], y[number == k]
        if len(a) >= LEAST_PAIRS and a.var() > 0:
            out[k] = np.clip(np.mean((a - a.mean()) * (b - b.mean())) / a.var(), 0.0, 1.0)
    return out


def bin_costs(bins: PriceBins, base_usd_per_mwh: Floats, adder_usd_per_mwh: Floats | float) -> Floats:
    """Cost of an MWh of each interval as expected by the bin seen before it, shape (T, K) [USD/MWh]."""
    base = base_usd_per_mwh[:, np.newaxis]
    cost: Floats = base + np.maximum(base, FLOOR_USD) * bins.mean_next() + np.reshape(adder_usd_per_mwh, (-1, 1))
    return cost
