"""A third party that stands behind the tenant: what its guarantee pays, and what it is worth against its price.

A backstop pays the net income that a failed tenant leaves missing, less what a second tenant brings, until the sum of its payments has
reached its amount B. A guarantor takes its price in warrants on the host: they are ``[[strike]]`` rows of a deal, so that
they dilute the holders like all others, and the guarantee is worth what a share gains by both together.

With NOI(i) of period i, q(j) the probability that j is the first period without the first tenant, L periods empty, then a
second tenant at the share f of the rent:

    lost(j, k) = sum for i = j ... k of NOI(i) x (1 - f [i - j >= L])
    paid(k)    = sum for j <= k of q(j) x min(B, lost(j, k))          expected payments up to the end of k
"""

import numpy as np
from numpy.typing import NDArray

from megawatt.core.series import Floats


def expected_payments_usd(
    noi_usd: Floats, fails: Floats, empty_periods: float, relet_fraction: Floats, amount_usd: float
) -> Floats:
    """Expected payment of the guarantor in each period.

    Args:
        noi_usd: Net income of each period while a tenant is there, shape (..., periods).
        fails: Probability that a period is the first one without the tenant, shape (..., periods).
        empty_periods: L.
        relet_fraction: f, shape (..., 1).
        amount_usd: B.

    Returns:
        The shape of ``noi_usd`` and ``fails`` broadcast [USD].
    """
    periods = noi_usd.shape[-1]
    shape = np.broadcast_shapes(noi_usd.shape, fails.shape, relet_fraction.shape)
    out = np.zeros(shape)
    for j in range(periods):
        again = np.arange(periods - j) >= empty_periods
        lost = np.cumsum(noi_usd[..., j:] * (1 - relet_fraction * again), axis=-1)
        paid = np.diff(np.minimum(lost, amount_usd), axis=-1, prepend=0.0)
        out[..., j:] += fails[..., j : j + 1] * paid
    return out


def payments_usd(missing_usd: Floats, amount_usd: float) -> Floats:
    """Payments on paths that were played out, shape (paths, months) as ``missing_usd``: all that is missing until B is paid [USD]."""
    out: Floats = np.diff(np.minimum(np.cumsum(missing_usd, axis=-1), amount_usd), axis=-1, prepend=0.0)
    return out


def first_failures(survival: Floats) -> Floats:
    """Probability that each period is the first one without the tenant, from the probability that it is still there after it."""
    ones: NDArray[np.float64] = np.ones((*survival.shape[:-1], 1))
    out: Floats = -np.diff(np.concatenate([ones, survival], axis=-1), axis=-1)
    return out
