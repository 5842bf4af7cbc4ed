"""Placebo dates: how often would the same test have cried wolf?

Dates are drawn in blocks of neighbouring days, because a quiet month and a wild month come as a whole. A test at 5 % that
raises the alarm on many more than 5 % of dates on which nothing happened says nothing on the one date that matters.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from megawatt.core.errors import InputError

LEAST_DATES = 1_000
BLOCK_ROWS = 5
LEVEL = 0.05
CONFIDENCE = 0.999


@dataclass(frozen=True, slots=True)
class Placebo:
    """False alarms of a test.

    Attributes:
        alarms: Dates on which the test rejected.
        dates: Dates drawn.
        limit: Share that must not be exceeded: the 99.9 % quantile of a binomial share at 5 %.
    """

    alarms: int
    dates: int
    limit: float

    @property
    def share(self) -> float:
        """Share of false alarms."""
        return self.alarms / self.dates

    @property
    def passed(self) -> bool:
        """Whether the share stays within the limit."""
        return self.share <= self.limit


def draw_rows(first: int, end: int, rng: np.random.Generator, dates: int = LEAST_DATES) -> NDArray[np.int64]:
    """Rows from ``first`` to ``end`` (exclusive) in random blocks of `BLOCK_ROWS` neighbours, shape (dates,)."""
    if end - first < BLOCK_ROWS:
        raise InputError(
            f"rows {first} to {end} for placebo dates", f"a block has {BLOCK_ROWS} rows", "Use a longer history."
        )
    blocks = -(-dates // BLOCK_ROWS)
    starts = rng.integers(first, end - BLOCK_ROWS + 1, blocks)
    return np.asarray((starts[:, None] + np.arange(BLOCK_ROWS)).ravel()[:dates], dtype=np.int64)


def placebo(alarm: Callable[[int], bool], rows: NDArray[np.int64]) -> Placebo:
    """Count the alarms of a test over rows; each different row is tested once and counted as often as it was drawn."""
    unique, times = np.unique(rows, return_counts=True)
    alarms = sum(int(count) for row, count in zip(unique.tolist(), times.tolist(), strict=True) if alarm(row))
    return Placebo(alarms, rows.size, limit(rows.size))


def limit(dates: int) -> float:
    """Largest share of false alarms that a true 5 % test shows in 99.9 % of cases."""
    return float(stats.binom.ppf(CONFIDENCE, dates, LEVEL)) / dates
