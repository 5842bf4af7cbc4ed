"""Where money seems to sit, at a glance: Bitcoin, AI coins, AI shares and miners beside each other, as of one day.

Only rows up to that day are used. 'Seems', because prices show no flows: strength, breadth, co-movement and a regime are what
daily closes can say.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.claim_data import AI_COINS, OTHER_COINS, MarketData, with_baskets
from megawatt.markets.least_squares import automatic_lags, least_squares
from megawatt.markets.prices import Closes
from megawatt.markets.regime import RegimeStatement, fit_regimes, statement
from megawatt.markets.rotation import rotation_map

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Bitcoin": ("BTC",),
    "AI coins": AI_COINS,
    "other coins": OTHER_COINS,
    "AI shares": ("NVDA", "DELL", "SMCI"),
    "miners": ("CORZ", "RIOT", "MARA", "CLSK", "IREN", "WULF", "CIFR", "HUT", "BITF", "BTDR", "HIVE", "BTBT", "APLD"),
}
"""Groups of the report; a member without prices on a day is left out of that day's mean."""


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group as of the day.

    Attributes:
        group: Name.
        change: Return over the window [fraction].
        quadrant: Quadrant of the rotation map against all groups together.
        above_average: Whether its level is above its mean over the window.
        beta_btc: Slope on BTC given NVDA, with its 95 % interval; None for Bitcoin itself.
        beta_nvda: Slope on NVDA given BTC, with its 95 % interval.
    """

    group: str
    change: float
    quadrant: str
    above_average: bool
    beta_btc: tuple[float, float, float] | None
    beta_nvda: tuple[float, float, float]


@dataclass(frozen=True, slots=True)
class RotationReport:
    """The report.

    Attributes:
        as_of: Last day used, on which coins and shares both closed.
        window: Rows of the window.
        rows: One a group.
        rotation: The regime in which AI shares outrun Bitcoin, as a scenario.
        data_sha256: Hash of all prices given.
    """

    as_of: str
    window: int
    rows: tuple[GroupRow, ...]
    rotation: RegimeStatement
    data_sha256: str


def rotation_report(data: MarketData, as_of: str, rng: np.random.Generator, *, window: int = 60) -> RotationReport:
    """Build the report from the common days up to ``as_of``.

    Raises:
        InputError: There are fewer than three windows of common days, or a group has no member with prices.
    """
    closes = data.common()
    closes = closes.between(str(closes.days[0]), as_of) if closes.days[0] <= np.datetime64(as_of) else closes
    if len(closes.days) < 3 * window or closes.days[-1] > np.datetime64(as_of):
        raise InputError(
            f"{len(closes.days)} common days up to {as_of}", f"the map needs {3 * window}", "Choose a later day."
        )
    levels = _levels(closes)
    returns = np.diff(np.log(levels), axis=0)
    benchmark = np.exp(np.concatenate([[0.0], np.cumsum(returns.mean(axis=1))]))
    quadrants = rotation_map(levels, benchmark, window=window).quadrant(-1)
    drivers = np.diff(np.log(closes.select(["BTC", "NVDA"]).usd), axis=0)
    rows = tuple(
        GroupRow(
            name,
            float(levels[-1, i] / levels[-1 - window, i] - 1),
            quadrants[i],
            bool(levels[-1, i] > levels[-window:, i].mean()),
            None if name == "Bitcoin" else _slope(returns[-2 * window :, i], drivers[-2 * window :], 1),
            _slope(returns[-2 * window :, i], drivers[-2 * window :], 2, alone=name == "Bitcoin"),
        )
        for i, name in enumerate(GROUPS)
    )
    return RotationReport(str(closes.days[-1]), window, rows, _rotation(returns, rng), data.sha256)


def _levels(closes: Closes) -> Floats:
    return with_baskets(closes, GROUPS).select(list(GROUPS)).usd


def _slope(y: Floats, drivers: Floats, which: int, *, alone: bool = False) -> tuple[float, float, float]:
    """Slope on one driver given the other (or alone), with its 95 % interval; Newey-West errors."""
    x = np.column_stack([np.ones(y.size), drivers[:, 1:] if alone else drivers])
    fit = least_squares(y, x, automatic_lags(y.size))
    at = 1 if alone else which
    low, high = fit.interval(at)
    return float(fit.slopes[at]), low, high


def _rotation(returns: Floats, rng: np.random.Generator) -> RegimeStatement:
    names = list(GROUPS)
    ahead = returns[:, names.index("AI shares")] - returns[:, names.index("Bitcoin")]
    regimes = fit_regimes(ahead, rng, switching_variance=True, starts=4)
    return statement(
        regimes,
        1,
        "rotation persists",
        "AI shares outrun Bitcoin at this pace: limited growth of coins, as Yang holds; a description of prices, no flow",
    )
