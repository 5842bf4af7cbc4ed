"""Regimes: a market that switches between two states nobody sees.

Markov-switching autoregression of Hamilton (1989), Econometrica 57:357-384:

    y_t - m(s_t) = sum_k phi_k (y_(t-k) - m(s_(t-k))) + e_t,   var e_t = v(s_t) or one v,   P(s_t = j | s_(t-1) = i) = p_ij

The likelihood runs over all 2^(lags + 1) histories of states. Its maximum has rivals: several starts are tried, and the best is
taken. The regimes are ordered by their mean, so that the names do not switch.
"""

import math
from dataclasses import dataclass

import numba
import numpy as np
from scipy.optimize import minimize

from megawatt.core.errors import InputError, SolverError
from megawatt.core.series import Floats


@dataclass(frozen=True, slots=True, eq=False)
class Regimes:
    """A fitted switching model; regime 0 has the lower mean.

    Attributes:
        means: Mean of each regime, shape (2,).
        variances: Residual variance of each regime, shape (2,).
        phi: Autoregressive coefficients, shape (lags,).
        stay: Probability of staying in each regime, shape (2,).
        probability: Filtered probability of regime 1 on each row, shape (n,); NaN on the first ``lags`` rows.
        log_likelihood: Log likelihood given the first ``lags`` values.
    """

    means: Floats
    variances: Floats
    phi: Floats
    stay: Floats
    probability: Floats
    log_likelihood: float


@dataclass(frozen=True, slots=True)
class RegimeStatement:
    """A regime as a scenario that others can use.

    Attributes:
        name: For example ``"rotation persists"``.
        probability_now: Filtered probability on the last row.
        expected_rows: Expected length of a stay, 1 / (1 - p) rows.
        drift_per_row: Mean of the regime.
        sd_per_row: Residual sd of the regime.
        meaning: What it says and what it does not.
    """

    name: str
    probability_now: float
    expected_rows: float
    drift_per_row: float
    sd_per_row: float
    meaning: str


def fit_regimes(
    y: Floats, rng: np.random.Generator, *, lags: int = 0, switching_variance: bool = False, starts: int = 8
) -> Regimes:
    """Fit two regimes by maximum likelihood.

    Args:
        y: Shape (n,), finite.
        rng: Source of the starting points.
        lags: Autoregressive lags, 0 to 6.
        switching_variance: One variance a regime in place of one for both.
        starts: Starting points; the best end is taken.

    Raises:
        InputError: Too few values or too many lags.
        SolverError: No start led to a finite likelihood.
    """
    if not 0 <= lags <= 6 or y.size < 20 + 5 * lags or not np.isfinite(y).all():
        raise InputError(
            f"{y.size} values with {lags} lags", "lags are 0 to 6, values 20 and more", "Use a longer series."
        )
    scale, centre = float(np.std(y)), float(np.mean(y))
    z = (y - centre) / scale

    def miss(x: Floats) -> float:
        return -_likelihood(z, x, lags, switching_variance)[0]

    ends = [minimize(miss, _start(rng, lags, switching_variance, first=i == 0), method="BFGS") for i in range(starts)]
    finite = [end for end in ends if math.isfinite(end.fun)]
    if not finite:
        raise SolverError("no start of the switching model", "its likelihood is finite", "Check for constant values.")
    best = min(finite, key=lambda end: float(end.fun))
    polished = minimize(miss, best.x, method="BFGS", options={"gtol": 1e-8})
    x = np.asarray(polished.x if polished.fun <= best.fun else best.x, dtype=np.float64)
    value, probability = _likelihood(z, x, lags, switching_variance)
    stay, means, variances, phi = _unpack(x, switching_variance)
    order = np.argsort(means)
    probability = probability if order[0] == 0 else 1 - probability
    return Regimes(
        centre + scale * means[order],
        scale**2 * variances[order],
        phi,
        stay[order],
        probability,
        value - (y.size - lags) * math.log(scale),
    )


def statement(regimes: Regimes, which: int, name: str, meaning: str) -> RegimeStatement:
    """Regime ``which`` as a scenario: 'rotation persists' is the regime of the lower mean of coins against AI shares."""
    now = float(regimes.probability[-1])
    return RegimeStatement(
        name,
        now if which == 1 else 1 - now,
        1 / (1 - float(regimes.stay[which])),
        float(regimes.means[which]),
        math.sqrt(float(regimes.variances[which])),
        meaning,
    )


def _start(rng: np.random.Generator, lags: int, switching_variance: bool, *, first: bool) -> Floats:
    """A starting point in free numbers; the first one has no autoregression."""
    spread = rng.uniform(0.3, 1.5)
    phi = np.zeros(lags) if first else rng.uniform(-0.3, 0.3, lags)
    variances = np.full(2 if switching_variance else 1, math.log(0.7))
    return np.concatenate([rng.uniform(0.5, 3.0, 2), [-spread, spread], variances, phi])


def _unpack(x: Floats, switching_variance: bool) -> tuple[Floats, Floats, Floats, Floats]:
    """Probabilities of staying, means, variances and coefficients from free numbers."""
    stay = 1 / (1 + np.exp(-x[:2]))
    variances = np.exp(x[4:6]) if switching_variance else np.exp(np.array([x[4], x[4]]))
    return stay, x[2:4], variances, x[6 if switching_variance else 5 :]


def _likelihood(y: Floats, x: Floats, lags: int, switching_variance: bool) -> tuple[float, Floats]:
    stay, means, variances, phi = _unpack(x, switching_variance)
    if min(variances.min() - 1e-12, 1e6 - variances.max(), stay.min(), 1 - stay.max()) <= 0:
        return -1e10, np.full(y.size, np.nan)
    value, probability = _hamilton(y, stay, means, variances, phi, lags)
    return (float(value), probability) if math.isfinite(value) else (-1e10, probability)


@numba.njit(cache=True)
def _hamilton(  # noqa: C901  # a compiled loop cannot be split without cost
    y: Floats,
    stay: Floats,
    means: Floats,
    variances: Floats,
    phi: Floats,
    lags: int,
) -> tuple[float, Floats]:
    """Hamilton's filter. A history is a number whose bit k is the state k rows ago."""
    n, size = y.size, 2 ** (lags + 1)
    move = np.empty((2, 2))
    move[0, 0], move[0, 1] = stay[0], 1 - stay[0]
    move[1, 1], move[1, 0] = stay[1], 1 - stay[1]
    steady = np.empty(2)
    steady[1] = (1 - stay[0]) / (2 - stay[0] - stay[1])
    steady[0] = 1 - steady[1]
    # Histories of the first lags rows, from the steady state forward; bit 0 is the latest.
    past = np.empty(size // 2)
    for h in range(size // 2):
        p = 1.0
        for k in range(lags - 1, -1, -1):
            s = (h >> k) & 1
            p *= steady[s] if k == lags - 1 else move[(h >> (k + 1)) & 1, s]
        past[h] = p
    out = np.full(n, np.nan)
    total = 0.0
    joint = np.empty(size)
    for t in range(lags, n):
        density = 0.0
        for h in range(size):
            s = h & 1
            if lags > 0:
                prior = past[h >> 1] * move[(h >> 1) & 1, s]
            else:
                prior = past[0] * steady[s] if t == 0 else _forward(out[t - 1], move, s)
            e = y[t] - means[s]
            for k in range(lags):
                e -= phi[k] * (y[t - 1 - k] - means[(h >> (k + 1)) & 1])
            joint[h] = prior * math.exp(-0.5 * e * e / variances[s]) / math.sqrt(2 * math.pi * variances[s])
            density += joint[h]
        if not density > 0:
            return -np.inf, out
        total += math.log(density)
        one = 0.0
        for h in range(size):
            joint[h] /= density
            if h & 1:
                one += joint[h]
        out[t] = one
        for h in range(size // 2):
            past[h] = joint[h] + joint[h + size // 2]
    return total, out


@numba.njit(cache=True)
def _forward(one: float, move: Floats, s: int) -> float:
    """Probability of state ``s`` after a row on which state 1 had the probability ``one``."""
    forward: float = (1 - one) * move[0, s] + one * move[1, s]
    return forward
