"""How much of one return moves with others, through time: rolling windows with Newey-West errors, and a Kalman filter.

Kalman: y_t = x_t' b_t + e_t, b_t = b_(t-1) + u_t, var e = h, var u = h diag(r). The filter's estimate of a day uses that day and
the past only. The ratios r are chosen by likelihood on the first ``train`` rows and held, so later data change nothing before.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.least_squares import automatic_lags, least_squares


@dataclass(frozen=True, slots=True, eq=False)
class Betas:
    """Slopes through time.

    Attributes:
        slopes: Shape (t, p) with the intercept first; NaN before there are enough rows.
        errors: Standard errors, shape (t, p).
        method: How they were made.
    """

    slopes: Floats
    errors: Floats
    method: str


def rolling_beta(y: Floats, factors: Floats, window: int) -> Betas:
    """Least squares on the last ``window`` rows of each day, Newey-West errors.

    Args:
        y: Returns, shape (t,), finite, on the days of the factors.
        factors: Shape (t, k), finite.
        window: Rows.
    """
    x = np.column_stack([np.ones(y.size), factors])
    if window > y.size or window < x.shape[1] + 3:
        raise InputError(
            f"a window of {window} rows of {y.size}", f"it has {x.shape[1] + 3} rows or more", "Choose another."
        )
    slopes, errors = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
    lags = automatic_lags(window)
    for t in range(window - 1, y.size):
        rows = slice(t - window + 1, t + 1)
        fit = least_squares(y[rows], x[rows], lags)
        slopes[t], errors[t] = fit.slopes, np.sqrt(np.diag(fit.covariance))
    return Betas(slopes, errors, f"{window} rows, Newey-West with {lags} lags")


def kalman_beta(y: Floats, factors: Floats, *, train: int, ratios: Floats | None = None) -> Betas:
    """Filtered slopes that wander.

    Args:
        y: Returns, shape (t,), finite.
        factors: Shape (t, k), finite.
        train: First rows, from which start, noise and ratios are taken; no estimate is given for them.
        ratios: Variance of each slope's step over that of the noise, shape (k + 1,); by likelihood when None.
    """
    x = np.column_stack([np.ones(y.size), factors])
    if not x.shape[1] + 3 <= train < y.size:
        raise InputError(f"{train} rows to train of {y.size}", "some are left to filter", "Choose about a third.")
    start = least_squares(y[:train], x[:train])
    if ratios is None:
        ratios = _likely_ratios(y[:train], x[:train])
    noise = float(start.residuals @ start.residuals) / start.df
    slopes, errors = np.full(x.shape, np.nan), np.full(x.shape, np.nan)
    b, cov = start.slopes.copy(), start.covariance.copy()
    for t in range(train, y.size):
        b, cov, _, _ = _step(y[t], x[t], b, cov + noise * np.diag(ratios), noise)
        slopes[t], errors[t] = b, np.sqrt(np.diag(cov))
    return Betas(slopes, errors, f"Kalman filter, step ratios {np.array2string(ratios, precision=2)}")


def _step(y: float, x: Floats, b: Floats, cov: Floats, noise: float) -> tuple[Floats, Floats, float, float]:
    """One update: new slopes and covariance, the surprise and its variance."""
    surprise = y - float(x @ b)
    variance = float(x @ cov @ x) + noise
    gain = cov @ x / variance
    return b + gain * surprise, cov - np.outer(gain, x @ cov), surprise, variance


def _likely_ratios(y: Floats, x: Floats) -> Floats:
    """Ratios that maximise the likelihood of the surprises, started diffusely; the noise is concentrated out."""
    p = x.shape[1]

    def minus_log_likelihood(logs: Floats) -> float:
        b, cov, total, squares = np.zeros(p), np.eye(p) * 1e4, 0.0, 0.0
        step = np.diag(np.exp(logs))
        for t in range(y.size):
            b, cov, surprise, variance = _step(y[t], x[t], b, cov + step, 1.0)
            if t >= p:
                total += math.log(variance)
                squares += surprise**2 / variance
        n = y.size - p
        return float(0.5 * (total + n * math.log(squares / n)))

    # Derivative-free: the likelihood is flat where a ratio is nearly zero.
    found = minimize(
        minus_log_likelihood,
        np.full(p, -7.0),
        method="Nelder-Mead",
        options={"maxiter": 200, "xatol": 0.05, "fatol": 1e-3},
    )
    return np.asarray(np.exp(np.clip(found.x, -30, 3)))
