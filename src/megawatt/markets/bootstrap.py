"""Wild cluster bootstrap of a mean: the honest answer when events share a day or a merger.

Under 'no effect' the sign of a whole cluster is a coin toss. Every draw multiplies all members of a cluster by one weight (null
imposed) and recomputes the cluster-robust t. With G clusters there are 2^G different signs only: with few clusters all of
them are listed, and the smallest p-value that can come out, 2^(1-G), is stated. One cluster can never reject.

Reference: Cameron, Gelbach, Miller (2008), Review of Economics and Statistics 90:414-427; Webb (2023), Canadian Journal of Economics 56.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats

LISTED = 10
"""Up to this number of clusters all signs are listed (1,024) in place of drawn."""


@dataclass(frozen=True, slots=True)
class Bootstrap:
    """Outcome of a wild cluster bootstrap of 'the mean is zero'.

    Attributes:
        t: Cluster-robust t of the sample; NaN for one cluster.
        p_value: Two-sided, (1 + draws as extreme) / (1 + draws), or the exact share when all signs were listed.
        p_positive: One-sided p-value of 'the mean is above zero'.
        clusters: Number of clusters.
        draws: Number of draws or listed signs.
        smallest_p: Smallest two-sided p-value that could have come out.
    """

    t: float
    p_value: float
    p_positive: float
    clusters: int
    draws: int
    smallest_p: float


def wild_cluster(
    sample: Floats,
    clusters: Sequence[str],
    rng: np.random.Generator,
    *,
    draws: int = 9_999,
    weights: Literal["rademacher", "webb"] = "rademacher",
) -> Bootstrap:
    """Wild cluster bootstrap of the mean of ``sample``.

    Args:
        sample: Abnormal or standardised abnormal returns, shape (N,).
        clusters: Cluster of each, for example its day, or its merger group.
        rng: Source of the weights.
        draws: Number of draws when the signs are not listed.
        weights: Rademacher (signs) or Webb's six points, which give more than 2^G values.
    """
    if len(clusters) != sample.size or sample.size == 0 or not np.isfinite(sample).all():
        raise InputError(
            f"{sample.size} values with {len(clusters)} clusters",
            "each finite value has its cluster",
            "Name the cluster of each event.",
        )
    _, number = np.unique(np.asarray(clusters, dtype=str), return_inverse=True)
    sums = np.bincount(number, weights=sample).astype(np.float64)
    sizes = np.bincount(number).astype(np.float64)
    groups = sums.size
    if groups == 1:
        return Bootstrap(math.nan, 1.0, 1.0, 1, 2, 1.0)
    listed = weights == "rademacher" and groups <= LISTED
    signs = _all_signs(groups) if listed else _draw(rng, draws, groups, weights)
    observed = float(_t_values(np.ones((1, groups)), sums, sizes)[0])
    t = _t_values(signs, sums, sizes)
    extra = 0 if listed else 1
    close = 1e-9 * max(1.0, abs(observed))
    two = (int(np.sum(np.abs(t) >= abs(observed) - close)) + extra) / (len(t) + extra)
    one = (int(np.sum(t >= observed - close)) + extra) / (len(t) + extra)
    smallest = 2.0 ** (1 - groups) if weights == "rademacher" else 2 * 6.0**-groups
    return Bootstrap(observed, two, one, groups, len(t), max(smallest, extra / (len(t) + extra)))


def _t_values(signs: Floats, sums: Floats, sizes: Floats) -> Floats:
    """Cluster-robust t of each row of weights: mean / sqrt(sum of squared cluster deviations) x N."""
    n = float(np.sum(sizes))
    weighted = signs * sums
    mean = weighted.sum(axis=1) / n
    spread = np.sqrt(np.sum((weighted - sizes * mean[:, None]) ** 2, axis=1)) / n
    # All clusters alike give no spread: the t is infinite, not undefined.
    flat = np.copysign(np.full_like(mean, np.inf), mean)
    return np.asarray(np.divide(mean, spread, out=flat, where=spread > 1e-300), dtype=np.float64)


def _all_signs(groups: int) -> Floats:
    """Every row of signs, shape (2^groups, groups): the bits of the row's number."""
    bits = (np.arange(2**groups)[:, None] >> np.arange(groups)) & 1
    return np.asarray(1.0 - 2.0 * bits, dtype=np.float64)


def _draw(rng: np.random.Generator, draws: int, groups: int, weights: str) -> Floats:
    if weights == "rademacher":
        return np.asarray(rng.integers(0, 2, (draws, groups)) * 2.0 - 1.0, dtype=np.float64)
    points = np.sqrt(np.array([0.5, 1.0, 1.5]))
    return np.asarray(rng.choice(np.concatenate([-points, points]), (draws, groups)), dtype=np.float64)
