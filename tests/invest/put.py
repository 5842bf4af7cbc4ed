"""The American put of Longstaff and Schwartz 2001, Table 1: strike 40, 6 %, 50 exercise dates a year."""

import numpy as np
from numpy.typing import NDArray

from megawatt.invest.stopping import Stopped, apply, learn

Floats = NDArray[np.float64]
STRIKE, RATE, DATES_PER_YEAR = 40.0, 0.06, 50

_VALUES = {
    36.0: (4.478, 4.840, 7.101, 8.508),
    38.0: (3.250, 3.745, 6.148, 7.670),
    40.0: (2.314, 2.885, 5.312, 6.920),
    42.0: (1.617, 2.212, 4.582, 6.248),
    44.0: (1.110, 1.690, 3.948, 5.647),
}
TABLE_1 = [
    (spot, volatility, years, value)
    for spot, values in _VALUES.items()
    for (volatility, years), value in zip([(0.2, 1.0), (0.2, 2.0), (0.4, 1.0), (0.4, 2.0)], values, strict=True)
]
"""Spot, volatility, years, value by finite differences."""


def put_paths(spot: float, volatility: float, years: float, *, paths: int, seed: int) -> tuple[Floats, Floats, float]:
    """Rewards and states on every date, today with no reward, and the discount of a step; antithetic pairs."""
    steps = round(years * DATES_PER_YEAR)
    half = np.random.default_rng(seed).standard_normal((paths // 2, steps))
    z = np.concatenate([half, -half])
    dt = 1 / DATES_PER_YEAR
    log = np.cumsum((RATE - volatility**2 / 2) * dt + volatility * np.sqrt(dt) * z, axis=1)
    prices = spot * np.exp(np.concatenate([np.zeros((len(z), 1)), log], axis=1))
    rewards = np.maximum(STRIKE - prices, 0.0)
    rewards[:, 0] = 0.0
    return rewards, prices / STRIKE, float(np.exp(-RATE * dt))


def bermudan_put(spot: float, volatility: float, years: float, *, paths: int, seed: int) -> Stopped:
    """The policy learned on one set of paths, valued on another."""
    policy = learn(*put_paths(spot, volatility, years, paths=paths, seed=seed), degree=5)
    return apply(policy, *put_paths(spot, volatility, years, paths=paths, seed=seed + 1_000_000))
