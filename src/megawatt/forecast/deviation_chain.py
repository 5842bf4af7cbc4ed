"""Real-time prices as a chain that remembers hours: bins of the deviation from day-ahead beside bins of its running mean.

The deviation of `forecast.price_bins` falls into one of five bins, and its running mean over some hours into one of three,
since a day that runs below its day-ahead prices at noon mostly does so in the evening. From one interval to the next the
pair moves by a transition matrix that is counted on known intervals; its price is the day-ahead price times one plus the
pair's mean deviation. This pays where work may be put off for days; from one interval to the next the bins alone do.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.core.series import Floats
from megawatt.forecast.price_bins import LEVELS, known_deviations, relative_deviation

SLOW_LEVELS = (1 / 3, 2 / 3)
"""Borders of the running mean's bins as quantiles. These and the constants below: chosen on February to June 2024."""

HALF_LIFE = 24
"""Intervals after which a deviation counts half in the running mean: six hours of 15 minutes."""

PRIOR = 2.0
"""Intervals that the bins of the deviation alone count for in each pair: some pairs are rare."""


@dataclass(frozen=True, slots=True)
class DeviationChain:
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
    def fit(cls, price: Floats, day_ahead: Floats) -> "DeviationChain":
        """Fit on intervals in order of time whose prices are both known, NaN where one is missing.

        Raises:
            InputError: Fewer than a week of hours are known.
        """
        x, there = known_deviations(price, day_ahead)
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
