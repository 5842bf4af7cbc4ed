"""What would have happened: a Bayesian structural time series fitted before the event and continued after it.

    y_t = m_t + x_t' b + e_t,   m_t = m_(t-1) + u_t,   e ~ N(0, s2),   u ~ N(0, v)

Gibbs sampler: the level by forward filtering and backward sampling, its step variance, and the regression with spike and
slab. Data are standardised on the days before the event. Priors as in Brodersen et al. (2015), Annals of Applied Statistics
9:247-274: v about (0.01 sd)^2 with the weight of 32 observations; s2 about 0.2 of the variance with the weight of 50; b ~ N(0, s2 W), W^-1
= 0.01 / n x (X'X + diag X'X) / 2; three controls are expected to matter. What the answer presupposes and no data can show: the event
did not touch the controls, and the bond of y and controls would have held.
"""

from dataclasses import dataclass

import numba
import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats

LEVEL_GUESS, LEVEL_WEIGHT = 0.01, 32.0
NOISE_SHARE, NOISE_WEIGHT = 0.2, 50.0
SLAB_WEIGHT, EXPECTED_CONTROLS = 0.01, 3.0


@dataclass(frozen=True, slots=True, eq=False)
class Counterfactual:
    """Posterior of what would have happened after the event.

    Attributes:
        expected: Mean of the counterfactual, shape (after,).
        low: 2.5 % quantile, shape (after,).
        high: 97.5 % quantile.
        cumulative: Mean of the cumulative effect.
        cumulative_sd: Its sd.
        cumulative_interval: Its 95 % interval.
        relative: Mean of the cumulative effect over the cumulative counterfactual.
        tail: Posterior probability of an effect of the other sign.
        inclusion: Posterior probability that each control matters, shape (k,).
    """

    expected: Floats
    low: Floats
    high: Floats
    cumulative: float
    cumulative_sd: float
    cumulative_interval: tuple[float, float]
    relative: float
    tail: float
    inclusion: Floats


def counterfactual(
    y: Floats, controls: Floats, event_row: int, rng: np.random.Generator, *, draws: int = 5_000, burn_in: int = 500
) -> Counterfactual:
    """Fit on the rows before ``event_row`` and continue from there.

    Args:
        y: Shape (n,), finite.
        controls: Series that the event did not touch, shape (n, k), finite.
        event_row: First row of the event.
        rng: Source of the draws.
        draws: Kept draws.
        burn_in: Draws thrown away before.
    """
    if (
        controls.shape[:1] != y.shape
        or not 10 <= event_row < y.size
        or not np.isfinite(np.column_stack([y, controls])).all()
    ):
        raise InputError(
            f"{y.size} values, controls of shape {controls.shape}, the event on row {event_row}",
            "all are finite, ten rows come before the event and one after",
            "Choose rows that have all series.",
        )
    before = slice(0, event_row)
    centre, scale = float(np.mean(y[before])), float(np.std(y[before], ddof=1))
    spread = np.std(controls[before], axis=0, ddof=1)
    if not (scale > 0 and (spread > 0).all()):
        raise InputError("a series that is constant before the event", "it has to say something", "Leave it out.")
    x = (controls - np.mean(controls[before], axis=0)) / spread
    paths, included = _gibbs((y[before] - centre) / scale, x, rng, draws, burn_in)
    paths = centre + scale * paths
    effect = (y[event_row:] - paths).sum(axis=1)
    low, high = np.quantile(paths, [0.025, 0.975], axis=0)
    interval = np.quantile(effect, [0.025, 0.975])
    return Counterfactual(
        paths.mean(axis=0),
        low,
        high,
        float(effect.mean()),
        float(effect.std(ddof=1)),
        (float(interval[0]), float(interval[1])),
        float(np.mean(effect / paths.sum(axis=1))),
        float(min(np.mean(effect > 0), np.mean(effect < 0))),
        included,
    )


def _gibbs(z: Floats, x: Floats, rng: np.random.Generator, draws: int, burn_in: int) -> tuple[Floats, Floats]:
    """Paths after the event on the standardised scale, shape (draws, after), and the share of draws that use each control."""
    n, k = z.size, x.shape[1]
    after = x.shape[0] - n
    gram = x[:n].T @ x[:n]
    slab = SLAB_WEIGHT / n * (gram + np.diag(np.diag(gram))) / 2
    odds = min(EXPECTED_CONTROLS / k, 1.0) if k else 1.0
    used, b, s2, v = np.ones(k, dtype=bool), np.zeros(k), NOISE_SHARE, LEVEL_GUESS**2
    paths, included = np.empty((draws, after)), np.zeros(k)
    for i in range(burn_in + draws):
        level = _draw_level(z - x[:n] @ b, s2, v, rng.standard_normal(n))
        steps = np.diff(level)
        squares = LEVEL_WEIGHT * LEVEL_GUESS**2 + float(steps @ steps)
        v = min(squares / rng.chisquare(LEVEL_WEIGHT + n - 1), 1.0)
        used, b, s2 = _draw_regression(z - level, x[:n], gram, slab, used, odds, s2, rng)
        if i >= burn_in:
            walk = level[-1] + np.cumsum(np.sqrt(v) * rng.standard_normal(after))
            paths[i - burn_in] = walk + x[n:] @ b + np.sqrt(s2) * rng.standard_normal(after)
            included += used
    return paths, included / draws


def _draw_regression(
    r: Floats,
    x: Floats,
    gram: Floats,
    slab: Floats,
    used: "np.typing.NDArray[np.bool_]",
    odds: float,
    s2: float,
    rng: np.random.Generator,
) -> tuple["np.typing.NDArray[np.bool_]", Floats, float]:
    """Which controls, their slopes and the noise, given the level."""
    product = x.T @ r
    if odds < 1:
        for j in rng.permutation(used.size):
            score = []
            for state in (False, True):
                used[j] = state
                score.append(_log_evidence(gram, slab, product, used, s2) + np.log(odds if state else 1 - odds))
            used[j] = rng.random() < 1 / (1 + np.exp(np.clip(score[0] - score[1], -700, 700)))
    which = np.flatnonzero(used)
    precision = (gram + slab)[np.ix_(which, which)]
    mean = np.linalg.solve(precision, product[which]) if which.size else np.empty(0)
    explained = float(mean @ precision @ mean) if which.size else 0.0
    squares = NOISE_WEIGHT * NOISE_SHARE + float(r @ r) - explained
    s2 = squares / rng.chisquare(NOISE_WEIGHT + r.size)
    b = np.zeros(used.size)
    if which.size:
        root = np.linalg.cholesky(np.linalg.inv(precision) * s2)
        b[which] = mean + root @ rng.standard_normal(which.size)
    return used, b, float(s2)


@numba.njit(cache=True)
def _log_evidence(gram: Floats, slab: Floats, product: Floats, used: "np.typing.NDArray[np.bool_]", s2: float) -> float:
    """Log of the likelihood with the slopes integrated out, up to a constant: two Cholesky factors of the controls in use."""
    which = np.flatnonzero(used)
    k = which.size
    if k == 0:
        return 0.0
    prior, precision, root = np.empty((k, k)), np.empty((k, k)), np.empty(k)
    for i in range(k):
        for j in range(k):
            prior[i, j] = slab[which[i], which[j]]
            precision[i, j] = prior[i, j] + gram[which[i], which[j]]
    prior_root, precision_root = np.linalg.cholesky(prior), np.linalg.cholesky(precision)
    total = 0.0
    for i in range(k):
        # root = L^-1 X'r, so that its square is the fit m' P m.
        root[i] = product[which[i]]
        for j in range(i):
            root[i] -= precision_root[i, j] * root[j]
        root[i] /= precision_root[i, i]
        total += np.log(prior_root[i, i]) - np.log(precision_root[i, i]) + 0.5 * root[i] * root[i] / s2
    return float(total)


@numba.njit(cache=True)
def _draw_level(r: Floats, s2: float, v: float, normals: Floats) -> Floats:
    """One draw of a random walk seen with noise: Kalman filter forward, sampling backward (Carter, Kohn 1994)."""
    n = r.size
    mean, variance = np.empty(n), np.empty(n)
    m, p = r[0], 1.0
    for t in range(n):
        gain = p / (p + s2)
        m = m + gain * (r[t] - m)
        mean[t], variance[t] = m, p * (1 - gain)
        p = variance[t] + v
    out = np.empty(n)
    out[n - 1] = mean[n - 1] + np.sqrt(variance[n - 1]) * normals[n - 1]
    for t in range(n - 2, -1, -1):
        back = variance[t] / (variance[t] + v)
        out[t] = mean[t] + back * (out[t + 1] - mean[t]) + np.sqrt(variance[t] * (1 - back)) * normals[t]
    return out
