"""Ways from past forecasts and what happened to the quantiles of the next day; their average is the answer.

Each sees the same history: points (n, H) of past days, what happened (n, H), the members (k, n, H), and today's row of
each. Conformal bands take past errors in units of what was expected of them, those of all days or those of the days
whose forecast was most like today's: the latter also undo a bias that only high or only low prices have. Quantile
regression knows each level but few days. They err differently, so their average errs least.

References:
    Lei et al., JASA 113 (2018) 1094 (normalised split conformal prediction); Guan, Biometrika 110 (2023) 33 (localised).
    Uniejewski, Weron, Int. J. Forecasting 37 (2021) 1121; Fernandes et al., JBES 39 (2021) 338 (smoothed quantile
    regression averaging).
    Lipiecki, Uniejewski, Weron, Energy Economics 139 (2024) 107934 (averages of bands).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MEMORY, MEMORY_WIDE, MEMORY_DAY = 0.94, 0.8, 0.7
"""Share of the old running error that a day keeps: of one interval, of it and its neighbours, of the whole day."""
START = 28
"""Days that only start the running errors."""
LEAST_LIKE = 20
"""Fewest errors behind a conformal quantile, where there are as many."""
KNOTS = np.array([0.01, 0.02, 0.05, *np.arange(0.1, 0.91, 0.1), 0.95, 0.98, 0.99])
"""Levels at which quantile regression is run; those between lie on the line."""


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
    count by the inverse of what is expected of them, so that calm hours are fitted as well as wild ones.

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
    for _ in range(3):
        share = 1 / np.maximum(X @ weights, 0.1 * mean)
        scaled = X * share[:, None]
        _fit_not_negative(scaled.T @ scaled, scaled.T @ (y * share), weights)
    expected: Floats = np.maximum(columns @ weights, 0.01 * mean)
    return expected


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
    points: Floats, actual: Floats, expected: Floats, levels: Floats, *, beside: int, like: float = 1.0
) -> Floats:
    """Point + quantiles of past errors in units of what was expected then, times what is expected now.

    Args:
        points: Point forecasts of n past days and, last, of the next, shape (n + 1, H).
        actual: What happened, shape (n, H).
        expected: Expected absolute error, shape (n + 1, H), see `expected_error`.
        levels: Probability levels, shape (q,).
        beside: Intervals on either side whose errors are taken too.
        like: Share of these errors that count: those whose points are nearest in rank to today's.

    Returns:
        Shape (H, q).
    """
    scores = ((actual - points[:-1]) / expected[:-1])[START:]
    before, H = points[START:-1], points.shape[1]
    quantiles = np.empty((H, len(levels)))
    for h in range(H):
        near = slice(max(h - beside, 0), h + beside + 1)
        chosen = scores[:, near]
        if like < 1:
            chosen = chosen[_alike(before[:, near], points[-1, h], like)]
        ordered = np.sort(chosen, axis=None)
        quantiles[h] = np.interp(levels * (len(ordered) - 1), np.arange(len(ordered)), ordered)
    band: Floats = points[-1][:, None] + expected[-1][:, None] * quantiles
    return band


def _alike(before: Floats, point: float, share: float) -> NDArray[np.bool_]:
    """The share of past points around today's in their order, of the shape of ``before``."""
    n = before.size
    count = min(max(int(share * n), LEAST_LIKE), n)
    low = min(max(int((before < point).sum()) - count // 2, 0), n - count)
    ordered = np.partition(before, (low, low + count - 1), axis=None)
    alike: NDArray[np.bool_] = (before >= ordered[low]) & (before <= ordered[low + count - 1])
    return alike


class QuantileRegression:
    """Smoothed quantile regression on the point and the members' distances from it, per interval of the day."""

    def __init__(self, points: Floats, actual: Floats, members: Floats) -> None:
        """Fit.

        Args:
            points: Shape (n, H).
            actual: Shape (n, H).
            members: Shape (k, n, H); the last one's distance follows from the others and is left out.
        """
        self._center = points.mean(axis=0)
        self._spread = np.abs(actual - points).mean(axis=0) + 1e-9
        y, X = (actual - self._center) / self._spread, self._columns(points, members)
        self._coefficients = [_smoothed(X[:, h], y[:, h], KNOTS) for h in range(points.shape[1])]

    def predict(self, point: Floats, members: Floats, levels: Floats) -> Floats:
        """Quantiles of one day, shape (H, q), from its point (H,) and members (k, H)."""
        X = self._columns(point[None], members[:, None])[0]
        knots = np.stack([np.sort(x @ b) for x, b in zip(X, self._coefficients, strict=True)])
        at_levels = np.stack([np.interp(levels, KNOTS, row) for row in knots])
        quantiles: Floats = self._center[:, None] + self._spread[:, None] * at_levels
        return quantiles

    def _columns(self, points: Floats, members: Floats) -> Floats:
        """Regressors, shape (n, H, 1 + k): one, the point, and all but the last member's distance from it."""
        columns = [np.ones_like(points), (points - self._center) / self._spread]
        columns += [(member - points) / self._spread for member in members[:-1]]
        return np.ascontiguousarray(np.stack(columns, axis=-1))


@njit(cache=True)
def _smoothed(X: Floats, y: Floats, levels: Floats) -> Floats:
    """Coefficients, shape (k, levels): Newton's method on the pinball loss smoothed by a logistic kernel.

    A ridge draws the coefficients to those of the point alone, (0, 1, 0, ...): members are alike and days are few.
    """
    n, k = X.shape
    out = np.zeros((k, len(levels)))
    prior = np.zeros(k)
    prior[1] = 1.0
    ridge = np.full(k, 0.05)
    ridge[0] = 1e-6
    b = prior.copy()
    for number in range(len(levels)):
        level = levels[number]
        width = max(0.1, 2.0 * np.sqrt(level * (1 - level)) * ((np.log(n) + k) / n) ** 0.4)
        for _ in range(40):
            gradient, hessian = ridge * (b - prior), np.diag(ridge)
            for i in range(n):
                u = 0.0
                for j in range(k):
                    u += X[i, j] * b[j]
                share = 1.0 / (1.0 + np.exp(-(u - y[i]) / width))
                curve = share * (1 - share) / width + 1e-4
                for j in range(k):
                    gradient[j] += (share - level) * X[i, j] / n
                    for m in range(j + 1):
                        hessian[j, m] += curve * X[i, j] * X[i, m] / n
            for j in range(k):
                for m in range(j):
                    hessian[m, j] = hessian[j, m]
            step = np.linalg.solve(hessian, gradient)
            largest = np.abs(step).max()
            b -= step / max(1.0, largest)
            if largest < 1e-3:
                break
        out[:, number] = b
    return out
