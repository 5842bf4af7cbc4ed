"""Real-time prices as a Markov chain of bins around the day-ahead price: what a stochastic plan needs.

The relative deviation of an interval, (real time - day ahead) / max(day ahead, `FLOOR_USD`), falls into one of five
bins: far below, below, above, far above, spike; its running mean over some hours into one of three, since a day that
runs below its day-ahead prices at noon mostly does so in the evening. From one interval to the next the pair moves by a
transition matrix that is counted on known intervals; its price is the day-ahead price times one plus the pair's mean
deviation. Where the day-ahead price is not published yet, the mean of the same hour over the last `PROFILE_DAYS` known
days stands in.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats, Series

LEVELS = (0.1, 0.5, 0.9, 0.98)
"""Borders of the bins as quantiles of the deviation. These and the constants below: chosen on February to June 2024."""

SLOW_LEVELS = (1 / 3, 2 / 3)
HALF_LIFE = 24
"""Intervals after which a deviation counts half in the running mean: six hours of 15 minutes."""

PRIOR = 2.0
"""Intervals that the bins of the deviation alone count for in each pair: some pairs are rare."""

FLOOR_USD = 15.0
MOST_DEVIATION = 6.0
PROFILE_DAYS = 14
HISTORY_DAYS = 150
LEAST_DAYS = 7


@dataclass(frozen=True, slots=True)
class PriceBins:
    """A fitted chain; a state is the bin of the deviation times three plus the bin of its running mean.

    Attributes:
        border: Borders between the bins of the deviation, shape (4,).
        slow_border: Borders between the bins of its running mean, shape (2,).
        transition: Chance from the state of one interval to that of the next, shape (K, K), rows add up to 1.
        deviation: Mean relative deviation in each state, shape (K,).
    """

    border: Floats
    slow_border: Floats
    transition: Floats
    deviation: Floats

    @classmethod
    def fit(cls, price: Floats, day_ahead: Floats) -> "PriceBins":
        """Fit on intervals in order of time whose prices are both known, NaN where one is missing.

        Raises:
            InputError: Fewer than seven days are known.
        """
        x = relative_deviation(price, day_ahead)
        there = np.isfinite(x)
        if there.sum() < LEAST_DAYS * 24:
            raise InputError(
                f"{int(there.sum())} intervals with both prices",
                f"the chain of bins needs {LEAST_DAYS} days",
                "Hand in a longer history.",
            )
        slow = _running_mean(x)
        border, slow_border = np.quantile(x[there], LEVELS), np.quantile(slow[there], SLOW_LEVELS)
        fast, same = np.searchsorted(border, np.nan_to_num(x)), len(SLOW_LEVELS) + 1
        state, pairs = fast * same + np.searchsorted(slow_border, slow), there[1:] & there[:-1]
        # A move that was never seen is rare, not impossible.
        alone = _counted(fast, pairs, np.full((len(LEVELS) + 1, len(LEVELS) + 1), 0.1))
        alike: Floats = np.kron(alone, np.eye(same)).astype(np.float64) * PRIOR
        transition = _counted(state, pairs, alike)
        size = np.bincount(state[there], minlength=len(transition))
        total = np.bincount(state[there], x[there], len(transition))
        seen = np.maximum(np.bincount(fast[there], minlength=len(LEVELS) + 1), 1)
        mean = np.repeat(np.bincount(fast[there], x[there], len(LEVELS) + 1) / seen, same)
        return cls(border, slow_border, transition, (total + PRIOR * mean) / (size + PRIOR))

    def state(self, price: Floats, day_ahead: Floats) -> int:
        """State of the last of some intervals in order of time, NaN where a price is missing; a few half-lives do."""
        x = relative_deviation(price, day_ahead)
        slow = int(np.searchsorted(self.slow_border, _running_mean(x)[-1]))
        return int(np.searchsorted(self.border, x[-1])) * (len(SLOW_LEVELS) + 1) + slow

    def mean_next(self) -> Floats:
        """Mean relative deviation of the next interval by the present state, shape (K,)."""
        mean: Floats = self.transition @ self.deviation
        return mean


def _counted(state: NDArray[np.intp], pairs: NDArray[np.bool_], prior: Floats) -> Floats:
    """Chance of each move, from counts on top of ``prior``."""
    counts = prior.copy()
    np.add.at(counts, (state[:-1][pairs], state[1:][pairs]), 1.0)
    chances: Floats = counts / counts.sum(axis=1, keepdims=True)
    return chances


@njit(cache=True)
def _running_mean(x: Floats) -> Floats:
    """Exponentially weighted mean of the deviations up to each interval, within -1 and 1; a missing one changes nothing."""
    keep, mean, out = 0.5 ** (1.0 / HALF_LIFE), 0.0, np.empty(len(x))
    for i in range(len(x)):
        if np.isfinite(x[i]):
            mean = keep * mean + (1.0 - keep) * min(max(x[i], -1.0), 1.0)
        out[i] = mean
    return out


def relative_deviation(price: Floats, day_ahead: Floats) -> Floats:
    """(price - day ahead) / max(day ahead, `FLOOR_USD`), between -2 and `MOST_DEVIATION`, of the arguments' shape."""
    out: Floats = np.clip((price - day_ahead) / np.maximum(day_ahead, FLOOR_USD), -2.0, MOST_DEVIATION)
    return out


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
