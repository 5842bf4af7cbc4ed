"""The next Bitcoin difficulties, from the hash rate that daily block counts show.

Inside an epoch the difficulty is a constant, and the next one is the hash rate of the epoch in other words: 2,016
blocks that took less than two weeks raise it. So what has to be known is the level of the hash rate, now and in the days
that are left. A day of n blocks shows its logarithm with a variance of 1 / n; between days it wanders:

    level_d = level_{d-1} + drift + noise,  noise ~ N(0, wander)        observed_d = level_d + error,  error ~ N(0, 1/n_d)

Filtering that is Bayes' rule in its simplest form: early in the epoch the answer is shrunk to what the epochs before
showed, later the blocks of the epoch speak. Ahead, the distance of the level from the trend line decays with
`HALF_LIFE_DAYS` (price moves and curtailment come and go), and the trend grows by the median of the last 52 epochs.

Levels are natural logarithms in units of difficulty: ln(hash rate x 600 s / 2^32). Variance of the answer is not
claimed; the error at each horizon is measured by walking forward.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize_scalar

from megawatt.core.errors import InputError
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import Times

EPOCH_BLOCKS = 2016
BLOCK_SECONDS = 600
DRIFT_EPOCHS = 52
DAY_SECONDS = 86_400
EPOCH_DAYS = EPOCH_BLOCKS * BLOCK_SECONDS / DAY_SECONDS
ANCHORS = 26
"""Retarget blocks that tie summed daily counts to heights: their median, for a header's time is the miner's word."""

CLAMP = np.log(4.0)
"""No step of the difficulty is larger than this, up or down."""

HALF_LIFE_DAYS = 8.0
"""Chosen among 4, 8, 16 and 'never' on the epochs of 2016 to 2019."""


@dataclass(frozen=True, slots=True, eq=False)
class Epochs:
    """The retarget blocks: when each epoch began and at which difficulty; known at the block itself.

    Attributes:
        height: Height of the first block, a multiple of 2,016, shape (k,).
        time: Its header time, shape (k,).
        log_difficulty: Natural logarithm of the difficulty from it on, shape (k,).
    """

    height: NDArray[np.int64]
    time: Times
    log_difficulty: Floats

    def running(self, at: np.datetime64) -> int:
        """Number of the epoch that runs at an instant.

        Raises:
            InputError: The instant lies before the first epoch.
        """
        number = int(np.searchsorted(self.time, at, side="right")) - 1
        if number < 1:
            raise InputError(
                f"{max(number, 0)} whole epochs are known at {at}Z",
                "the drift needs at least one, and means little before 52",
                "Hand in the retarget blocks of the year before too.",
            )
        return number

    def drift(self, number: int) -> float:
        """Median step of the last 52 epochs when epoch ``number`` runs, per epoch: the benchmark of long horizons."""
        steps = np.diff(self.log_difficulty[max(0, number - DRIFT_EPOCHS) : number + 1])
        return float(np.median(steps))


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is expected of the difficulty at one instant.

    Attributes:
        epoch: Number of the running epoch.
        progress_fraction: Share of its blocks that is known to have been found.
        step: Expected natural logarithm of next difficulty over the running one.
        extrapolated: The same from block times alone: the naive twin. NaN before a day of the epoch is known.
        ahead: Expected natural logarithm of the difficulty 1, 2, ... epochs after the running one, over the running
            one, shape (h,); the first is ``step``.
    """

    epoch: int
    progress_fraction: float
    step: float
    extrapolated: float
    ahead: Floats


@dataclass(frozen=True, slots=True, eq=False)
class HashRate:
    """The filtered level of the hash rate on each day; the level of a day rests on that day and those before alone.

    Attributes:
        epochs: Retarget blocks.
        blocks: ``btc/blocks``, blocks of each UTC day.
        level: Shape (n,); in units of log difficulty.
        log_likelihood: Of each day, given those before, shape (n,).
    """

    epochs: Epochs
    blocks: Series
    level: Floats
    log_likelihood: Floats

    @classmethod
    def filtered(cls, epochs: Epochs, blocks: Series, wander: float) -> "HashRate":
        """Filter daily counts.

        Args:
            epochs: Retarget blocks, from before the first day on.
            blocks: ``btc/blocks`` without gaps.
            wander: Variance of the level's daily noise; see `fit_wander`.

        Raises:
            InputError: A day is missing or without a block, or lies before the first epoch.
        """
        if not (blocks.values > 0).all() or blocks.grid.start < epochs.time[1]:
            raise InputError(
                f"block counts from {blocks.grid.start}Z, {int((~(blocks.values > 0)).sum())} days without a block",
                "the filter needs every day, after the second retarget block",
                "Hand in btc/blocks without gaps.",
            )
        number = np.searchsorted(epochs.time, blocks.grid.starts, side="right") - 1
        growth = {int(k): epochs.drift(int(k)) / EPOCH_DAYS for k in np.unique(number)}
        observed = np.log(blocks.values * BLOCK_SECONDS / DAY_SECONDS) + _mean_difficulty(epochs, blocks)
        level, variance = float(observed[0]), 1.0
        out, likelihood = np.empty(len(observed)), np.empty(len(observed))
        for d in range(len(observed)):
            level, variance = level + growth[int(number[d])], variance + wander
            total = variance + 1 / blocks.values[d]
            error = observed[d] - level
            likelihood[d] = -0.5 * (np.log(2 * np.pi * total) + error**2 / total)
            level, variance = level + variance / total * error, variance * (1 - variance / total)
            out[d] = level
        return cls(epochs, blocks, out, likelihood)

    def outlook(self, at: np.datetime64, *, horizon: int = 1, half_life_days: float = HALF_LIFE_DAYS) -> Outlook:
        """What is expected at an instant, by the days and retarget blocks known then, ``horizon`` epochs ahead.

        Raises:
            InputError: No day is known, or too few epochs.
        """
        number = self.epochs.running(at)
        n = int(np.searchsorted(self.blocks.known_at, at, side="right"))
        height = _height(self.epochs, self.blocks, n, number)
        began, day_end = self.epochs.time[number], self.blocks.grid.ends[n - 1]
        passed = float((day_end - began) / np.timedelta64(1, "s")) / DAY_SECONDS
        found = float(np.clip(height - self.epochs.height[number], 0.0, EPOCH_BLOCKS - 1)) if passed > 0 else 0.0
        elapsed = passed * DAY_SECONDS if found else 0.0
        drift = self.epochs.drift(number)
        left_days = (EPOCH_BLOCKS - found) * BLOCK_SECONDS / DAY_SECONDS
        gap_days = max(-passed, 0.0)  # days of the epoch before that are not known yet
        trend_now = drift * (0.5 + passed / EPOCH_DAYS)
        excess = self.level[n - 1] - self.epochs.log_difficulty[number] - trend_now
        rate = trend_now + drift * (gap_days + left_days / 2) / EPOCH_DAYS
        rate += excess * _mean_decay(gap_days, left_days, half_life_days)
        seconds = elapsed + (EPOCH_BLOCKS - found) * BLOCK_SECONDS / np.exp(rate)
        step = float(np.clip(np.log(EPOCH_BLOCKS * BLOCK_SECONDS / seconds), -CLAMP, CLAMP))
        first = gap_days + left_days
        later = [
            drift * (k + 1) + excess * _mean_decay(first + (k - 1) * EPOCH_DAYS, EPOCH_DAYS, half_life_days)
            for k in range(1, horizon)
        ]
        extrapolated = float(np.log(found * BLOCK_SECONDS / elapsed)) if found else np.nan
        return Outlook(number, found / EPOCH_BLOCKS, step, extrapolated, np.array([step, *later]))


def fit_wander(epochs: Epochs, blocks: Series, until: np.datetime64) -> float:
    """The wander under which the days known at ``until`` are most likely."""
    seen = blocks.known_at <= until

    def loss(log_wander: float) -> float:
        return -float(HashRate.filtered(epochs, blocks, float(np.exp(log_wander))).log_likelihood[seen].sum())

    best = minimize_scalar(loss, bounds=(np.log(1e-6), np.log(1e-2)), method="bounded", options={"xatol": 0.01})
    return float(np.exp(best.x))


def _mean_decay(first_days: float, days: float, half_life_days: float) -> float:
    """Mean of 2^(-t / half-life) over ``days`` from ``first_days`` on."""
    rate = np.log(2) / half_life_days
    return float(np.exp(-rate * first_days) * -np.expm1(-rate * days) / (rate * days))


def _mean_difficulty(epochs: Epochs, blocks: Series) -> Floats:
    """Natural logarithm of the difficulty of each day, by the share of the day that each epoch has, shape (n,)."""
    starts, ends = blocks.grid.starts, blocks.grid.ends
    first = np.searchsorted(epochs.time, starts, side="right") - 1
    last = np.searchsorted(epochs.time, ends, side="right") - 1
    share = np.where(last > first, (epochs.time[last] - starts) / (ends - starts), 1.0)
    mean: Floats = share * epochs.log_difficulty[first] + (1 - share) * epochs.log_difficulty[last]
    return mean


def _height(epochs: Epochs, blocks: Series, n: int, number: int) -> float:
    """Height at the end of the last of ``n`` known days: summed counts, set by the retarget blocks among them."""
    ends, summed = blocks.grid.ends[:n].astype(np.float64), np.cumsum(blocks.values[:n])
    recent = np.arange(max(0, number - ANCHORS + 1), number + 1)
    time = epochs.time[recent].astype(np.float64)
    seen = (time > ends[:1].sum()) & (time <= ends[-1:].sum())
    if not seen.any():
        raise InputError(
            f"{n} days of block counts", "no recent retarget block lies among them", "Hand in a longer series."
        )
    gap = epochs.height[recent][seen] - np.interp(time[seen], ends, summed)
    return float(summed[-1] + np.median(gap))
