"""Who leads whom, on days on which both markets closed.

A session of New York ends three to four hours before a coin's day: the share's news of day t is inside the coin's return of
day t, the coin's news of the night inside the share's return of day t + 1. 'Leads by a day' is therefore asked with lags of
one row and more, never from the same row.

References: Granger (1969) Econometrica 37:424-438; Barnett, Barrett, Seth (2009) PRL 103:238701 (transfer entropy of Gaussian
variables is half the log ratio of the variances); Hayashi, Yoshida (2005) Bernoulli 11:359-379.
"""

import math
from dataclasses import dataclass

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.least_squares import automatic_lags, least_squares


@dataclass(frozen=True, slots=True)
class Lead:
    """Does x help to foresee y?

    Attributes:
        f: F statistic of the lags of x.
        p_value: Its p-value.
        sum_of_slopes: Sum of the slopes of the lags of x: the sign of the lead.
        entropy_nats: Gaussian transfer entropy x -> y [nats].
        lags: Lags of each.
        n: Rows used.
        method: Covariance.
    """

    f: float
    p_value: float
    sum_of_slopes: float
    entropy_nats: float
    lags: int
    n: int
    method: str


def granger(y: Floats, x: Floats, lags: int, *, hac: bool = True) -> Lead:
    """Regress y on its own lags and those of x.

    Args:
        y: Returns that may be led, shape (n,), all finite.
        x: Returns that may lead, on the same days.
        lags: Lags of both, at least 1.
        hac: Newey-West covariance (default); False gives the classical F test of the sums of squares.

    Raises:
        InputError: Lengths differ, a value is missing, or there are too few rows.
    """
    if y.shape != x.shape or lags < 1:
        raise InputError(
            f"series of {y.size} and {x.size} rows with {lags} lags",
            "both stand on the same days, with at least one lag",
            "Align them with on_common_days first.",
        )
    rows = y.size - lags
    own = [y[lags - k : y.size - k] for k in range(1, lags + 1)]
    other = [x[lags - k : x.size - k] for k in range(1, lags + 1)]
    full = np.column_stack([np.ones(rows), *own, *other])
    fit = least_squares(y[lags:], full, automatic_lags(rows) if hac else None)
    restricted = least_squares(y[lags:], full[:, : lags + 1])
    f, p = fit.wald_f(slice(lags + 1, 2 * lags + 1))
    ratio = float(restricted.residuals @ restricted.residuals) / float(fit.residuals @ fit.residuals)
    return Lead(f, p, float(np.sum(fit.slopes[lags + 1 :])), 0.5 * math.log(ratio), lags, rows, fit.method)


def hayashi_yoshida(time_x: Floats, x: Floats, time_y: Floats, y: Floats, lag: float = 0.0) -> float:
    """Covariance of two log prices seen at different times: sum of the products of all increments that overlap.

    Args:
        time_x: Ascending times of x, shape (n,).
        x: Log prices, shape (n,).
        time_y: Ascending times of y, shape (m,).
        y: Log prices, shape (m,).
        lag: Time added to those of x: large covariance at a positive lag means that x leads by it.

    Returns:
        Covariance over the whole period. O(n + m): for each increment of x, the increments of y that overlap it are a
        run, whose sum is a difference of two prices of y.
    """
    start, end = time_x[:-1] + lag, time_x[1:] + lag
    first = np.clip(np.searchsorted(time_y, start, side="right") - 1, 0, time_y.size - 1)
    last = np.clip(np.searchsorted(time_y, end, side="left"), 0, time_y.size - 1)
    return float(np.sum(np.diff(x) * np.where(last > first, y[last] - y[first], 0.0)))
