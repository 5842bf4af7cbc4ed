"""Weights of an index, from the market values of its members."""

from enum import StrEnum

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats


class Weighting(StrEnum):
    """How members are weighted."""

    EQUAL = "equal"
    CAP = "market value"
    SQUARE_ROOT = "square root of market value"
    CAPPED = "market value, capped"


def weights(market_value_usd: Floats, weighting: Weighting, *, largest: float = 1.0) -> Floats:
    """Weights that sum to one.

    Args:
        market_value_usd: Market value of each member [USD], above zero, shape (n,); its scale does not matter.
        weighting: Rule.
        largest: Largest weight of the capped rule.

    Raises:
        InputError: A market value is missing, or the cap cannot be met by so few members.
    """
    value = np.asarray(market_value_usd, dtype=np.float64)
    if not value.size or not ((value > 0) & np.isfinite(value)).all():
        raise InputError(
            f"market values of {value.size} members", "each is finite and above zero", "Add the supply of every member."
        )
    if weighting is Weighting.EQUAL:
        return np.full(value.size, 1 / value.size)
    if weighting is Weighting.SQUARE_ROOT:
        value = np.sqrt(value)
    share = value / value.sum()
    return capped(share, largest) if weighting is Weighting.CAPPED else share


def capped(share: Floats, largest: float) -> Floats:
    """Cut every weight to ``largest`` and hand the excess to the others in proportion, until none exceeds it.

    Each round fixes at least one more member at the cap, so there are at most n rounds.
    """
    if largest * share.size < 1 - 1e-12:
        raise InputError(
            f"a cap of {largest:g} for {share.size} members",
            "the weights sum to one",
            f"Raise the cap to at least {1 / share.size:.4g}.",
        )
    fixed = np.zeros(share.size, dtype=bool)
    out = share.copy()
    while (over := (out > largest + 1e-15) & ~fixed).any():
        fixed |= over
        room = 1 - largest * fixed.sum()
        free = share[~fixed].sum()
        out = np.where(fixed, largest, share * (room / free if free > 0 else 0.0))
    return out
