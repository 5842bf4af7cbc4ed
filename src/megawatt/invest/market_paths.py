"""Monthly prices that return to a level which itself changes between a scarce and a loose market: AI leases, rented GPUs.

    ln x' = ln x + (ln m(regime) + trend t - ln x) (1 - e^(-1/memory)) + volatility / sqrt(12) x e

A month in a regime ends with probability 1 / (mean months of the regime). The two levels are wide on purpose: the price of a
rented H100 hour fell from 8 to 1.70 USD and rose again to 2.60; a line that only falls failed within months. What cannot be
fitted to a handful of published prices is an assumption and says so in ``SOURCES``.
"""

import math
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats

Regimes = NDArray[np.bool_]


@dataclass(frozen=True, slots=True, kw_only=True)
class MarketModel:
    """One price.

    Attributes:
        today: Price now.
        loose: Level to which it returns while supply is ample.
        scarce: Level while it is short.
        memory_months: Time in which a distance from the level is forgotten (to 1/e).
        volatility: Yearly volatility within a regime.
        trend_per_year: Yearly change of both levels in logs.
    """

    today: float
    loose: float
    scarce: float
    memory_months: float
    volatility: float
    trend_per_year: float = 0.0

    def __post_init__(self) -> None:
        if not (0 < self.loose <= self.scarce and self.today > 0 and self.memory_months > 0 and self.volatility >= 0):
            raise InputError(
                f"a price of {self.today} that returns to {self.loose} or {self.scarce} in {self.memory_months} months",
                "prices are positive, the scarce level is not below the loose one, and memory is positive",
                "Check the order and the units.",
            )


GPU_H100 = MarketModel(today=2.60, loose=1.70, scarce=3.00, memory_months=6.0, volatility=0.35, trend_per_year=-0.08)
"""Rental of an H100 [USD/GPU-h]."""
LEASE = MarketModel(today=121.5, loose=110.0, scarce=160.0, memory_months=18.0, volatility=0.15)
"""Rent of new leases per critical IT kW and month [USD]."""

SOURCES = {
    "GPU_H100 levels": "published prices: 2.99 (2024), 1.70 (October 2025), 2.35 (March 2026), about 2.60 later in 2026",
    "GPU_H100 trend": "an assumption: newer machines push the older one down; -8 % a year",
    "LEASE levels": "published leases: 1.39 to 1.90 M USD per IT MW-year, 116 to 158 USD per kW-month, widened",
    "memory, volatility, regimes": "assumptions; 19 published prices in three years allow no fit",
}
"""Where the figures come from."""


def regime_paths(start_scarce: bool, mean_months: tuple[float, float], uniforms: Floats) -> Regimes:
    """Whether each month is scarce, shape of ``uniforms`` (paths, months).

    Args:
        start_scarce: Regime now.
        mean_months: Mean length of a loose and of a scarce market.
        uniforms: One per path and month, in (0, 1).
    """
    if not min(mean_months) >= 1:
        raise InputError(f"regimes of {mean_months} months", "each lasts at least one", "Give mean lengths in months.")
    leave = np.array([1 / mean_months[0], 1 / mean_months[1]])
    out = np.empty(uniforms.shape, dtype=np.bool_)
    scarce = np.full(len(uniforms), start_scarce)
    for month in range(uniforms.shape[1]):
        scarce = np.where(uniforms[:, month] < leave[scarce.astype(np.int64)], ~scarce, scarce)
        out[:, month] = scarce
    return out


def market_paths(model: MarketModel, scarce: Regimes, shocks: Floats) -> Floats:
    """Price at each month's end, shape (paths, months).

    Args:
        model: The price.
        scarce: Regime of each month, shape (paths, months).
        shocks: Standard normals, same shape.
    """
    pull = -math.expm1(-1 / model.memory_months)
    noise = model.volatility / math.sqrt(12)
    log = np.full(len(scarce), math.log(model.today))
    out = np.empty(scarce.shape)
    for month in range(scarce.shape[1]):
        level = np.where(scarce[:, month], math.log(model.scarce), math.log(model.loose))
        target = level + model.trend_per_year * (month + 1) / 12
        log = log + pull * (target - log) + noise * shocks[:, month]
        out[:, month] = np.exp(log)
    return out
