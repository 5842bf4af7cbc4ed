"""Scores of forecasts, and tests of whether one is better than another.

Shapes: values (m, H) for m issues of H intervals, quantiles (m, H, q). A pair with a missing value on either side is
left out of a score.

References:
    Gneiting, Raftery, JASA 102 (2007) 359 (CRPS as the mean pinball loss over all levels).
    Diebold, Mariano, JBES 13 (1995) 253; Newey, West, Econometrica 55 (1987) 703.
    Giacomini, White, Econometrica 74 (2006) 1545.
"""

from dataclasses import dataclass
from math import erfc, exp, sqrt

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError

Floats = NDArray[np.float64]


def mae(actual: Floats, point: Floats) -> float:
    """Mean absolute error, in the unit of the values."""
    return float(np.nanmean(np.abs(actual - point)))


def relative_mae(actual: Floats, point: Floats, naive: Floats) -> float:
    """MAE over that of a naive forecast on the same intervals.

    Two of these are in print under one name: over the weekly naive, and over the naive that takes the day before from
    Tuesday to Friday (`naive.WEEKLY`, `naive.MIXED`). Say which.
    """
    common = np.isfinite(actual + point + naive)
    return mae(actual[common], point[common]) / mae(actual[common], naive[common])


def pinball(actual: Floats, quantiles: Floats, levels: tuple[float, ...]) -> Floats:
    """Pinball loss max(p (y - q), (p - 1) (y - q)), shape (m, H, q)."""
    error = actual[..., None] - quantiles
    p = np.asarray(levels)
    loss: Floats = np.maximum(p * error, (p - 1) * error)
    return loss


def crps(actual: Floats, quantiles: Floats, levels: tuple[float, ...]) -> Floats:
    """Twice the mean pinball loss over the levels, shape (m, H): with percentiles 1..99 the benchmark's CRPS."""
    score: Floats = 2 * pinball(actual, quantiles, levels).mean(axis=-1)
    return score


def coverage(actual: Floats, quantiles: Floats, levels: tuple[float, ...], band: float) -> float:
    """Share of values inside the central band, both borders included: ``band`` = 0.9 lies between 5 and 95 %.

    Raises:
        InputError: The borders of the band are not among the levels.
    """
    borders = []
    for level in ((1 - band) / 2, (1 + band) / 2):
        near = int(np.argmin(np.abs(np.asarray(levels) - level)))
        if abs(levels[near] - level) > 1e-9:
            raise InputError(
                f"the {band:.0%} band needs the level {level:g}",
                f"the forecast has {len(levels)} levels from {levels[0]:g} to {levels[-1]:g}",
                "Ask for a band whose borders are among them.",
            )
        borders.append(quantiles[..., near])
    low, high = borders
    there = np.isfinite(actual + low + high)
    return float(((low <= actual) & (actual <= high))[there].mean())


def daily(loss: Floats) -> Floats:
    """Mean loss of each issue, shape (m,): the intervals of one issue share their errors and are no separate evidence."""
    counted = np.isfinite(loss)
    total = np.where(counted, loss, 0.0).sum(axis=1)
    mean: Floats = np.divide(total, counted.sum(axis=1), out=np.full(len(loss), np.nan), where=counted.any(axis=1))
    return mean


@dataclass(frozen=True, slots=True)
class Comparison:
    """Outcome of a test between two forecasts.

    Attributes:
        difference: Mean loss of the first less that of the second; negative when the first is better.
        statistic: Test statistic.
        p_value: Two-sided; below 0.05 the difference is called significant.
    """

    difference: float
    statistic: float
    p_value: float

    @property
    def better(self) -> bool:
        """Whether the first is better, significantly at 5 %."""
        return self.difference < 0 and self.p_value < 0.05


def diebold_mariano(first: Floats, second: Floats, *, lags: int | None = None) -> Comparison:
    """Diebold-Mariano test of equal mean loss, with the variance of Newey and West.

    t = mean(d) / sqrt(S / m), S = g_0 + 2 sum_k (1 - k / (L + 1)) g_k, d the difference of losses per issue and g_k
    its autocovariance.

    Args:
        first: Loss per issue, shape (m,), in order of time.
        second: The other's, shape (m,).
        lags: L; default floor(4 (m / 100)^(2/9)), the rule of Newey and West.
    """
    d = _differences(first, second)
    m = len(d)
    span = int(4 * (m / 100) ** (2 / 9)) if lags is None else lags
    centred = d - d.mean()
    variance = centred @ centred / m
    for k in range(1, min(span, m - 1) + 1):
        variance += 2 * (1 - k / (span + 1)) * (centred[k:] @ centred[:-k]) / m
    if variance <= 0:  # equal losses: no evidence either way
        return Comparison(float(d.mean()), 0.0, 1.0)
    t = float(d.mean() / np.sqrt(variance / m))
    return Comparison(float(d.mean()), t, erfc(abs(t) / sqrt(2.0)))


def giacomini_white(first: Floats, second: Floats) -> Comparison:
    """Giacomini-White test of equal conditional loss one issue ahead.

    z_t = (1, d_{t-1}) d_t; the statistic m mean(z)' (Z'Z / m)^-1 mean(z) is chi-square with 2 degrees of freedom,
    whose tail is exp(-x / 2). A small p-value says that the difference of losses is not zero or can be told from the
    last one.
    """
    d = _differences(first, second)
    z = np.column_stack((np.ones(len(d) - 1), d[:-1])) * d[1:, None]
    if np.allclose(d, d[0]):  # nothing varies: the test is not defined
        return Comparison(float(d.mean()), 0.0, 1.0)
    mean = z.mean(axis=0)
    statistic = float(len(z) * mean @ np.linalg.solve(z.T @ z / len(z), mean))
    return Comparison(float(d.mean()), statistic, exp(-statistic / 2))


def block_interval(
    gain: Floats, *, block: int = 7, level: float = 0.9, draws: int = 4000, seed: int = 2024
) -> tuple[float, float]:
    """Central interval of the sum of a series of days, by a circular bootstrap of whole blocks.

    Blocks of neighbouring days are drawn until the series is as long as before, so that what hangs together for up to
    a week (a heat wave, a window of batch work) is drawn together.

    Args:
        gain: Money by day, in order of time, shape (n,).
        block: Days in a block.
        level: Probability that the interval holds.
        draws: Number of draws.
        seed: The same series gives the same interval.

    Raises:
        InputError: Fewer than four blocks of days.
    """
    n = len(gain)
    if n < 4 * block:
        raise InputError(
            f"{n} days", f"an interval by blocks of {block} days needs {4 * block}", "Choose a longer period."
        )
    first = np.random.default_rng(seed).integers(n, size=(draws, -(-n // block)))
    # Sums of whole blocks around the circle; the last block of a draw is cut to the length of the series.
    around = np.concatenate(([0.0], np.cumsum(np.concatenate((gain, gain[:block])))))
    length = np.full(first.shape[1], block)
    length[-1] = n - block * (first.shape[1] - 1)
    totals = (around[first + length] - around[first]).sum(axis=1)
    low, high = np.quantile(totals, ((1 - level) / 2, (1 + level) / 2))
    return float(low), float(high)


def _differences(first: Floats, second: Floats) -> Floats:
    d: Floats = (first - second)[np.isfinite(first + second)]
    if len(d) < 10:
        raise InputError(
            f"{len(d)} issues that both forecasts have", "a test needs at least 10", "Forecast a longer period."
        )
    return d
