"""Three ways from past forecasts and what happened to the quantiles of the next day; their average is the answer.

Each sees the same history: points (n, H) of past days, what happened (n, H), the distance of the members (n, H), and
today's row of each. They err differently: conformal bands know today's uncertainty but one shape, quantile regression
knows each level but few days, isotonic regression assumes no more than that a higher forecast means a higher price.

References:
    Lei et al., JASA 113 (2018) 1094 (normalised split conformal prediction).
    Uniejewski, Weron, Int. J. Forecasting 37 (2021) 1121; Fernandes et al., JBES 39 (2021) 338 (smoothed quantile
    regression averaging).
    Henzi, Ziegel, Gneiting, JRSS B 83 (2021) 963 (isotonic distributional regression).
    Lipiecki, Uniejewski, Weron, Energy Economics 139 (2024) 107934 (their average).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

MEMORY = 0.94
"""Share of the old running error that a day keeps: about a month."""
KNOTS = np.array([0.01, 0.02, 0.05, *np.arange(0.1, 0.91, 0.1), 0.95, 0.98, 0.99])
"""Levels at which quantile regression is run; those between lie on the line."""
REACH = 150
"""Neighbours in the order of forecasts whose outcomes are the thresholds of isotonic regression."""


def running_error(points: Floats, actual: Floats) -> Floats:
    """Exponentially weighted mean absolute error before each day and before the next one, shape (n + 1, H)."""
    errors = np.abs(actual - points)
    out = np.empty((len(errors) + 1, errors.shape[1]))
    out[0] = errors[:28].mean(axis=0)
    for day, error in enumerate(errors):
        out[day + 1] = MEMORY * out[day] + (1 - MEMORY) * error
    return out


def conformal(points: Floats, actual: Floats, distance: Floats, levels: Floats) -> Floats:
    """Point + quantiles of past errors in units of what was expected then, times what is expected now.

    Args:
        points: Point forecasts of n past days and, last, of the next, shape (n + 1, H).
        actual: What happened, shape (n, H).
        distance: Mean distance of the members from the point, shape (n + 1, H).
        levels: Probability levels, shape (q,).

    Returns:
        Shape (H, q).
    """
    expected = running_error(points[:-1], actual) + distance + 1e-9
    scores = ((actual - points[:-1]) / expected[:-1])[28:]  # the first month only starts the running error
    quantiles: Floats = points[-1][:, None] + expected[-1][:, None] * np.quantile(scores, levels)
    return quantiles


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


def isotonic(points: Floats, actual: Floats, levels: Floats) -> Floats:
    """Isotonic distributional regression of what happened on the point, per interval of the day and its neighbours.

    Args:
        points: Shape (n + 1, H), the last row for the next day.
        actual: Shape (n, H).
        levels: Probability levels, shape (q,).

    Returns:
        Shape (H, q).
    """
    H = points.shape[1]
    out = np.empty((H, len(levels)))
    fine = np.linspace(0, 1, 2 * len(levels) + 1)
    for h in range(H):
        near = slice(max(h - 1, 0), h + 2)
        x, y = points[:-1, near].ravel(), actual[:, near].ravel()
        order = np.argsort(x, kind="stable")
        x, y = x[order], y[order]
        at = float(np.interp(points[-1, h], x, np.arange(len(x), dtype=float)))
        low = np.arange(max(int(at) - REACH, 0), min(int(at) + REACH, len(y)))
        thresholds = np.quantile(y[low], fine)
        distribution = _isotonic_share(y, thresholds, at)
        out[h] = thresholds[np.minimum(np.searchsorted(distribution, levels - 1e-9), len(thresholds) - 1)]
    return out


@njit(cache=True)
def _isotonic_share(y: Floats, thresholds: Floats, at: float) -> Floats:
    """P(Y <= threshold) at the place ``at`` among the ordered days, falling in the forecast: pool adjacent violators."""
    n = len(y)
    out = np.empty(len(thresholds))
    mean, size = np.empty(n), np.empty(n, dtype=np.int64)
    low = int(at)
    for t in range(len(thresholds)):
        blocks = 0
        for i in range(n):
            mean[blocks], size[blocks] = (1.0 if y[i] <= thresholds[t] else 0.0), 1
            blocks += 1
            while blocks > 1 and mean[blocks - 1] > mean[blocks - 2]:
                total = size[blocks - 1] + size[blocks - 2]
                mean[blocks - 2] += (mean[blocks - 1] - mean[blocks - 2]) * size[blocks - 1] / total
                size[blocks - 2] = total
                blocks -= 1
        left, right, seen = 0.0, 0.0, 0
        for block in range(blocks):
            if seen <= low:
                left = mean[block]
            if seen <= min(low + 1, n - 1):
                right = mean[block]
            seen += size[block]
        out[t] = left + (at - low) * (right - left)
    return out
