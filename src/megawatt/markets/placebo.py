"""Placebo dates: how often would the same test have cried wolf?

Dates are drawn in blocks of neighbouring days, because a quiet month and a wild month come as a whole. A test at 5 % that
raises the alarm on many more than 5 % of dates on which nothing happened says nothing on the one date that matters. The limit
counts blocks, not dates: five neighbours that alarm together are one alarm.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from megawatt.core.errors import InputError

BLOCKS = 1_000
"""Blocks that are drawn: the independent units of a placebo."""

BLOCK_ROWS = 5
LEVEL = 0.05
CONFIDENCE = 0.999

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Placebo:
    """False alarms of a test.

    Attributes:
        alarms: Dates on which the test rejected.
        dates: Dates drawn.
        limit: Share that must not be exceeded: the 99.9 % quantile of a binomial share at 5 % of as many trials as there are blocks.
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


def draw_rows(
    first: int, end: int, rng: np.random.Generator, *, blocks: int = BLOCKS, block_rows: int = BLOCK_ROWS
) -> Rows:
    """Rows from ``first`` to ``end`` (exclusive) in random blocks of neighbours, shape (blocks * block_rows,)."""
    if end - first < block_rows:
        raise InputError(
            f"rows {first} to {end} for placebo dates", f"a block has {block_rows} rows", "Use a longer history."
        )
    starts = rng.integers(first, end - block_rows + 1, blocks)
    return np.asarray((starts[:, None] + np.arange(block_rows)).ravel(), dtype=np.int64)


def placebo(alarm: Callable[[int], bool], rows: Rows) -> Placebo:
    """Count the alarms of a test over rows; each different row is tested once and counted as often as it was drawn."""
    unique, times = np.unique(rows, return_counts=True)
    alarms = sum(int(count) for row, count in zip(unique.tolist(), times.tolist(), strict=True) if alarm(row))
    return Placebo(alarms, rows.size, limit(BLOCKS))


def limit(trials: int) -> float:
    """Largest share of false alarms that a true 5 % test shows in 99.9 % of cases: 7.3 % of 1,000 trials."""
    return float(stats.binom.ppf(CONFIDENCE, trials, LEVEL)) / trials
