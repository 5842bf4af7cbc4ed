"""Conformal bands: from past forecasts and what happened to the quantiles of the next day.

Past errors, in units of what was expected of them, are what may happen again, in units of what is expected now. Taken
from all days they are many; taken from the days whose forecast was most like today's they also undo a bias that only
high or only low prices have. The two err differently, so their average errs less. Errors get stale: the older, the less
they count. What the average then covers of the days that follow is held against what it should, and its width follows.

References:
    Lei et al., JASA 113 (2018) 1094 (normalised split conformal prediction).
    Guan, Biometrika 110 (2023) 33 (localised conformal prediction).
    Barber et al., Annals of Statistics 51 (2023) 816 (conformal prediction beyond exchangeability: weighted quantiles).
    Gibbs, Candes, NeurIPS 2021 (adaptive conformal inference: what is covered steers the band).
"""

from collections.abc import Sequence

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MEMORY, MEMORY_WIDE, MEMORY_DAY = 0.94, 0.8, 0.7
"""Share of the old running error that a day keeps: of one interval, of it and its neighbours, of the whole day."""
START = 28
"""Days that only start the running errors."""
HALF_LIFE = 91
"""Days after which a past error counts half."""
LEAST_LIKE = 20
"""Fewest errors behind a conformal quantile, where there are as many."""
HELD = {0.5: (0.25, 0.75), 0.8: (0.1, 0.9)}
"""Central bands whose coverage steers the width, and their borders."""
STEERING = 0.05
"""Step of the width's logarithm after a day: this times the share that should lie inside less the share that did."""


@njit(cache=True)
def running_error(errors: Floats, memory: float) -> Floats:
    """Exponentially weighted mean of the absolute errors (n, H) before each day and before the next, shape (n + 1, H)."""
    n, H = errors.shape
    out = np.empty((n + 1, H))
    for h in range(H):
        mean = errors[:START, h].mean()
        out[0, h] = mean
        for day in range(n):
            mean = memory * mean + (1 - memory) * errors[day, h]
            out[day + 1, h] = mean
    return out


def expected_error(points: Floats, actual: Floats, members: Floats) -> Floats:
    """Absolute error to expect of each forecast, before it is known.

    A sum with weights of at least zero, found by least squares of what errors were on what was known before: the
    running errors of the interval, of its neighbours and of the day; how far the members lie from the point, here and
    over the day; the distance from yesterday's price, and from the usual price above and below; and a constant. Rows
    count by the inverse of what is expected of them, so that calm hours are fitted as well as wild ones, and by their age.

    Args:
        points: Point forecasts of n past days and, last, of the next, shape (n + 1, H).
        actual: What happened, shape (n, H).
        members: Forecasts of the members, shape (k, n + 1, H).

    Returns:
        Shape (n + 1, H), above zero.
    """
    errors = np.abs(actual - points[:-1])
    distance = np.abs(members - points).mean(axis=0)
    usual, mean = np.median(actual), errors.mean() + 1e-9
    known = [
        running_error(errors, MEMORY),
        running_error(_with_neighbours(errors), MEMORY_WIDE),
        running_error(errors.mean(axis=1, keepdims=True), MEMORY_DAY),
        distance,
        distance.mean(axis=1, keepdims=True),
        np.abs(points - np.concatenate((actual[:1], actual))),
        np.maximum(points - usual, 0.0),
        np.maximum(usual - points, 0.0),
        np.full_like(points, mean),
    ]
    columns = np.stack([np.broadcast_to(one, points.shape) for one in known], axis=-1)
    X, y = columns[START:-1].reshape(-1, len(known)), errors[START:].ravel()
    weights = np.full(len(known), 1 / len(known))
    recent = np.repeat(np.sqrt(_recency(len(errors) - START)), errors.shape[1])  # its square weighs the squares
    for _ in range(3):
        share = recent / np.maximum(X @ weights, 0.1 * mean)
        scaled = X * share[:, None]
        _fit_not_negative(scaled.T @ scaled, scaled.T @ (y * share), weights)
    expected: Floats = np.maximum(columns @ weights, 0.01 * mean)
    return expected


def _recency(n: int) -> Floats:
    """Weights of n days in a row up to yesterday, shape (n,): half as much every `HALF_LIFE` days back."""
    weights: Floats = 0.5 ** (np.arange(n)[::-1] / HALF_LIFE)
    return weights


def _with_neighbours(errors: Floats) -> Floats:
    """Mean over each interval and the two on either side, as far as the day has them, shape (n, H)."""
    H = errors.shape[1]
    total = np.pad(errors.cumsum(axis=1), ((0, 0), (1, 0)))
    low, high = np.maximum(np.arange(H) - 2, 0), np.minimum(np.arange(H) + 3, H)
    mean: Floats = (total[:, high] - total[:, low]) / (high - low)
    return mean


@njit(cache=True)
def _fit_not_negative(gram: Floats, cross: Floats, weights: Floats) -> None:
    """Least squares with weights of at least zero: one weight after the other, from ``weights``, which is the result."""
    for _ in range(200):
        for j in range(len(cross)):
            rest = cross[j] - gram[j] @ weights
            weights[j] = max(0.0, weights[j] + rest / (gram[j, j] + 1e-12))


def conformal(
    points: Floats,
    actual: Floats,
    expected: Floats,
    levels: Floats,
    *,
    beside: int,
    like: float = 1.0,
    by: Floats | None = None,
) -> Floats:
    """Point + quantiles of past errors in units of what was expected then, times what is expected now.

    The errors are always those of the points. A band around every member, from the errors of that member, would be
    as wide as members err, and so would be the average of such bands, although the average of the members errs less.

    Args:
        points: Point forecasts of n past days and, last, of the next, shape (n + 1, H).
        actual: What happened, shape (n, H).
        expected: Expected absolute error, shape (n + 1, H), see `expected_error`.
        levels: Probability levels, shape (q,).
        beside: Intervals on either side whose errors are taken too.
        like: Share of these errors that count: those of the forecasts nearest in rank to today's.
        by: Forecasts by which this nearness is judged, such as those of a member, shape (n + 1, H); the points by default.

    Returns:
        Shape (H, q).
    """
    scores = ((actual - points[:-1]) / expected[:-1])[START:]
    by = points if by is None else by
    before, weights, H = by[START:-1], _recency(len(scores))[:, None], points.shape[1]
    quantiles = np.empty((H, len(levels)))
    for h in range(H):
        near = slice(max(h - beside, 0), h + beside + 1)
        chosen, share = scores[:, near], np.broadcast_to(weights, scores[:, near].shape)
        if like < 1:
            alike = _alike(before[:, near], by[-1, h], like)
            chosen, share = chosen[alike], share[alike]
        quantiles[h] = _weighted_quantiles(chosen.ravel(), share.ravel(), levels)
    band: Floats = points[-1][:, None] + expected[-1][:, None] * quantiles
    return band


def _weighted_quantiles(values: Floats, weights: Floats, levels: Floats) -> Floats:
    """Quantiles of what comes next, of weight one itself: with equal weights, as likely in any gap between the values."""
    order = np.argsort(values)
    weight = weights[order]
    below = weight.cumsum()
    quantiles: Floats = np.interp(levels * (below[-1] + 1), below - weight / 2 + 0.5, values[order])
    return quantiles


def _alike(before: Floats, point: float, share: float) -> NDArray[np.bool_]:
    """The share of past points around today's in their order, of the shape of ``before``."""
    n = before.size
    count = min(max(int(share * n), LEAST_LIKE), n)
    low = min(max(int((before < point).sum()) - count // 2, 0), n - count)
    ordered = np.partition(before, (low, low + count - 1), axis=None)
    alike: NDArray[np.bool_] = (before >= ordered[low]) & (before <= ordered[low + count - 1])
    return alike


def needed_factor(actual: Floats, quantiles: Floats, levels: tuple[float, ...]) -> Floats:
    """How much wider around its median each band of `HELD` must have been to reach what happened.

    Args:
        actual: What happened, shape (H,).
        quantiles: What was said of it, rising, shape (H, q).
        levels: Probability levels, 1/2 and the borders of `HELD` among them.

    Returns:
        Shape (H, bands), at most 1 where the band covers it; NaN where one of both is missing.
    """
    median = quantiles[:, levels.index(0.5)]
    borders = [[quantiles[:, levels.index(level)] for level in pair] for pair in HELD.values()]
    reach = [np.where(actual > median, high - median, median - low) for low, high in borders]
    factor: Floats = np.abs(actual - median)[:, None] / (np.column_stack(reach) + 1e-9)
    return factor


def width_factor(needed: Sequence[Floats]) -> float:
    """By how much to widen the next day's band, so that the bands before it would have covered what they should.

    The logarithm starts at zero and takes a step after each day, see `STEERING`. Over n days it moves by n times the mean miss
    of the coverage: while it stays bounded the mean miss goes to zero like 1 / n, whatever drifts.

    Args:
        needed: See `needed_factor`, of the days before in order of time.
    """
    log = 0.0
    for day in needed:
        there = np.isfinite(day).all(axis=1)
        if there.any():
            log += STEERING * float(np.mean(np.array(list(HELD)) - (day[there] <= np.exp(log)).mean(axis=0)))
    return float(np.exp(log))
