"""Share of market value, split into what prices did and what supply did.

A share that jumps because someone restated the units outstanding is no inflow (FET on 4 May 2024: +140 % of 'market value' in a
day, no such price). The split is symmetric: the mean of 'price first' and 'supply first', so that both effects sum exactly to
the change and neither order is favoured.
"""

from dataclasses import dataclass

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats


@dataclass(frozen=True, slots=True, eq=False)
class ShareSplit:
    """Change of the share of market value per row, shape (t - 1, n).

    Attributes:
        change: Change of the share.
        by_price: Part due to prices.
        by_supply: Part due to units outstanding.
    """

    change: Floats
    by_price: Floats
    by_supply: Floats


def market_share(price_usd: Floats, units: Floats) -> Floats:
    """Share of each asset in the total market value, shape (t, n)."""
    _check(price_usd, units)
    value = price_usd * units
    return np.asarray(value / value.sum(axis=1, keepdims=True))


def split_share(price_usd: Floats, units: Floats) -> ShareSplit:
    """Split every change of share into price and supply.

    Args:
        price_usd: Prices [USD], shape (t, n), finite.
        units: Units outstanding, shape (t, n), finite.
    """
    _check(price_usd, units)
    p0, p1, q0, q1 = price_usd[:-1], price_usd[1:], units[:-1], units[1:]
    before, after = market_share(p0, q0), market_share(p1, q1)
    price_first, supply_first = market_share(p1, q0), market_share(p0, q1)
    by_price = ((price_first - before) + (after - supply_first)) / 2
    return ShareSplit(after - before, by_price, after - before - by_price)


def turnover_share(volume_usd: Floats) -> Floats:
    """Share of each asset in the turnover of a day, shape (t, n). Reported turnover may be traded with oneself: a hint, no flow."""
    total = np.nansum(volume_usd, axis=1, keepdims=True)
    out = np.full(volume_usd.shape, np.nan)
    return np.asarray(np.divide(volume_usd, total, out=out, where=total > 0))


def _check(price: Floats, units: Floats) -> None:
    if (
        price.shape != units.shape
        or price.ndim != 2
        or not ((price > 0) & (units > 0) & np.isfinite(price * units)).all()
    ):
        raise InputError(
            f"prices of shape {price.shape} and units of shape {units.shape}",
            "both are tables of one shape, finite and above zero",
            "Leave out assets on days on which price or supply is missing.",
        )
