"""Real-time prices as a Markov chain of bins around the day-ahead price: what a stochastic plan needs.

The relative deviation of an interval, (real time - day ahead) / max(day ahead, `FLOOR_USD`), falls into one of five
bins: far below, below, above, far above, spike. From one interval to the next the bin moves by a transition matrix that
is counted on known intervals; a bin's price is the day-ahead price times one plus the bin's mean deviation. Where the
day-ahead price is not published yet, the mean of the same hour over the last `PROFILE_DAYS` known days stands in.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import TimeGrid

LEVELS = (0.1, 0.5, 0.9, 0.98)
"""Borders of the bins as quantiles of the deviation. Chosen with the two constants below on February to June 2024."""

FLOOR_USD = 15.0
MOST_DEVIATION = 6.0
PROFILE_DAYS = 14
HISTORY_DAYS = 150
LEAST_DAYS = 7
LEAST_INTERVALS = 24 * LEAST_DAYS
"""Known intervals without which no chain is fitted: a week of hours."""


@dataclass(frozen=True, slots=True)
class PriceBins:
    """A fitted chain.

    Attributes:
        border: Borders between the bins, relative deviations, shape (K - 1,).
        transition: Chance from the bin of one interval to that of the next, shape (K, K), rows add up to 1.
        deviation: Mean relative deviation in each bin, shape (K,).
    """

    border: Floats
    transition: Floats
    deviation: Floats

    @classmethod
    def fit(cls, price: Floats, day_ahead: Floats, levels: tuple[float, ...] = LEVELS) -> "PriceBins":
        """Fit on intervals in order of time whose prices are both known, NaN where one is missing.

        Args:
            price: Real-time price, shape (n,).
            day_ahead: What it is measured against, shape (n,).
            levels: Borders of the bins as quantiles of the deviation.

        Raises:
            InputError: Fewer than `LEAST_INTERVALS` are known.
        """
        x, there = known_deviations(price, day_ahead)
        border = np.quantile(x[there], levels)
        bins, K = np.searchsorted(border, np.nan_to_num(x)), len(levels) + 1
        counts = np.full((K, K), 0.5 / K)  # a move that was never seen is rare, not impossible
        pairs = there[1:] & there[:-1]
        np.add.at(counts, (bins[:-1][pairs], bins[1:][pairs]), 1.0)
        mean = np.array([x[there & (bins == k)].mean() if (there & (bins == k)).any() else 0.0 for k in range(K)])
        return cls(border, counts / counts.sum(axis=1, keepdims=True), mean)

    def bin_of(self, price: float, day_ahead: float) -> int:
        """Bin of one interval."""
        return int(np.searchsorted(self.border, relative_deviation(np.array(price), np.array(day_ahead))))

    def mean_next(self) -> Floats:
        """Mean relative deviation of the next interval by the present bin, shape (K,)."""
        mean: Floats = self.transition @ self.deviation
        return mean


def relative_deviation(price: Floats, day_ahead: Floats) -> Floats:
    """(price - day ahead) / max(day ahead, `FLOOR_USD`), between -2 and `MOST_DEVIATION`, of the arguments' shape."""
    out: Floats = np.clip((price - day_ahead) / np.maximum(day_ahead, FLOOR_USD), -2.0, MOST_DEVIATION)
    return out


def known_deviations(price: Floats, day_ahead: Floats) -> tuple[Floats, NDArray[np.bool_]]:
    """Relative deviations to fit a chain on, and where there is one, both shape (n,).

    Raises:
        InputError: Fewer than `LEAST_INTERVALS` are known.
    """
    x = relative_deviation(price, day_ahead)
    there = np.isfinite(x)
    if there.sum() < LEAST_INTERVALS:
        raise InputError(
            f"{int(there.sum())} intervals with both prices",
            f"the chain of bins needs {LEAST_INTERVALS} of them",
            "Hand in a longer history: two days of quarter hours, a week of hours.",
        )
    return x, there


def expected_day_ahead(day_ahead: Series, hour: Floats, first: int, end: int, at: np.datetime64) -> Floats:
    """Day-ahead price of the intervals ``first`` to ``end``, the published one where it is known at ``at``.

    Args:
        day_ahead: Day-ahead price on the grid of the plan.
        hour: Local hour of every interval of that grid, shape (n,).
        first: First interval.
        end: First interval after the last.
        at: Instant of the plan.

    Raises:
        InputError: No price of some hour of the day is known in the last days.
    """
    known = np.flatnonzero(day_ahead.known_at <= at)
    steps = round(24 / day_ahead.grid.hours)
    past = known[known > (known[-1] if len(known) else 0) - PROFILE_DAYS * steps]
    published = day_ahead.known_at[first:end] <= at
    out = np.where(published, day_ahead.values[first:end], np.nan)
    for h in np.unique(hour[first:end][~published]):
        same = day_ahead.values[past][hour[past] == h]
        if not np.isfinite(same).any():
            raise InputError(
                f"no day-ahead price for hour {h:.0f} before {at}Z",
                "days that are not published yet take the mean of the last ones",
                "Hand in at least two weeks of day-ahead prices.",
            )
        out[~published & (hour[first:end] == h)] = np.nanmean(same)
    return out


def expected_price(price: Series, day_ahead: Series, grid: TimeGrid, *, timezone: str) -> Floats:
    """Expected real-time price of each interval by what is known when it begins, shape (T,); NaN where too little is.

    The chain is fitted anew at each local month's first interval, on the `HISTORY_DAYS` days known then; the interval's
    own day-ahead price and the bin last seen give the mean.

    Args:
        price: Real-time price; a history before the grid is used.
        day_ahead: Day-ahead price at the same point.
        grid: Intervals asked for.
        timezone: IANA zone of the market.
    """
    back = min(HISTORY_DAYS * round(24 / grid.hours), max(0, int((grid.start - price.grid.start) // grid.step)))
    wide = TimeGrid(grid.start - back * grid.step, grid.step_minutes, grid.n + back)
    now, ahead = price.on(wide), day_ahead.on(wide)
    known_at = np.maximum(now.known_at, ahead.known_at)
    deviation = replace(now, values=relative_deviation(now.values, ahead.values), known_at=known_at)
    seen = deviation.last_known(wide.starts)
    base = np.where(ahead.known_at <= wide.starts, ahead.values, np.nan)
    month, _ = wide.local_months(timezone)
    first = np.searchsorted(month, np.unique(month))
    out = np.full(wide.n, np.nan)
    for begin, end in zip(first, [*first[1:], wide.n], strict=True):
        past = slice(max(0, begin - HISTORY_DAYS * round(24 / grid.hours)), begin)
        known = np.where(known_at[past] <= wide.starts[begin], now.values[past], np.nan)
        if np.isfinite(known).sum() < LEAST_INTERVALS:
            continue
        bins = PriceBins.fit(known, ahead.values[past])
        mean = bins.mean_next()[np.searchsorted(bins.border, np.nan_to_num(seen[begin:end]))]
        out[begin:end] = base[begin:end] + np.maximum(base[begin:end], FLOOR_USD) * mean
    out[np.isnan(seen)] = np.nan
    return out[back:]
