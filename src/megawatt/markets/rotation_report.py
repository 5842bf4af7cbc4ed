"""Where money seems to sit, at a glance: Bitcoin, AI coins, AI shares and miners beside each other, as of one day.

Only rows up to that day are used. 'Seems', because prices show no flows: strength, breadth, co-movement, leads and a regime are
what daily closes can say.
"""

from collections.abc import Mapping
from dataclasses import asdict, dataclass

import numpy as np
import pandas as pd

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.change_point import mean_breaks
from megawatt.markets.claim_data import AI_COINS, OTHER_COINS, MarketData, with_baskets
from megawatt.markets.index import Index
from megawatt.markets.lead_lag import Lead, granger
from megawatt.markets.least_squares import automatic_lags, least_squares
from megawatt.markets.prices import Closes, Days
from megawatt.markets.regime import RegimeStatement, fit_regimes, statement
from megawatt.markets.rotation import breadth, rotation_map

GROUPS: Mapping[str, tuple[str, ...]] = {
    "Bitcoin": ("BTC",),
    "AI coins": AI_COINS,
    "other coins": OTHER_COINS,
    "AI shares": ("NVDA", "DELL", "SMCI"),
    "miners": ("CORZ", "RIOT", "MARA", "CLSK", "IREN", "WULF", "CIFR", "HUT", "BITF", "BTDR", "HIVE", "BTBT", "APLD"),
}
"""Groups of the report; a member without prices on a day is left out of that day's mean."""

LEAD_LAGS = 2


@dataclass(frozen=True, slots=True)
class GroupRow:
    """One group as of the day.

    Attributes:
        group: Name.
        members: Members with a close on the day.
        change: Return over the window [fraction].
        quadrant: Quadrant of the rotation map against all groups together.
        breadth: Share of the members above their own mean of the window.
        beta_btc: Slope on BTC given NVDA, with its 95 % interval; None for Bitcoin itself.
        beta_nvda: Slope on NVDA given BTC, with its 95 % interval.
    """

    group: str
    members: int
    change: float
    quadrant: str
    breadth: float
    beta_btc: tuple[float, float, float] | None
    beta_nvda: tuple[float, float, float]


@dataclass(frozen=True, slots=True, eq=False)
class Trail:
    """The last rows of the window, a column a group.

    Attributes:
        days: Days, shape (k,).
        level: Level, 100 on the first day, shape (k, groups).
        strength: x of the rotation map.
        momentum: y of the rotation map.
    """

    days: Days
    level: Floats
    strength: Floats
    momentum: Floats


@dataclass(frozen=True, slots=True)
class RotationReport:
    """The report.

    Attributes:
        as_of: Last day used, on which coins and shares both closed.
        window: Rows of the window.
        rows: One a group.
        trail: How the groups came to where they are.
        rotation: The regime in which AI shares outrun Bitcoin, as a scenario.
        leads: Whether Nvidia leads Bitcoin, and the reverse, over two windows.
        breaks: Days from which AI shares less Bitcoin had another mean return.
        data_sha256: Hash of all prices given.
    """

    as_of: str
    window: int
    rows: tuple[GroupRow, ...]
    trail: Trail
    rotation: RegimeStatement
    leads: Mapping[str, Lead]
    breaks: tuple[str, ...]
    data_sha256: str

    def table(self) -> pd.DataFrame:
        """One row a group; slopes with their interval."""
        return pd.DataFrame([asdict(row) for row in self.rows]).set_index("group")


def rotation_report(
    data: MarketData,
    as_of: str,
    rng: np.random.Generator,
    *,
    window: int = 60,
    indices: Mapping[str, Index] | None = None,
) -> RotationReport:
    """Build the report from the common days up to ``as_of``.

    Args:
        data: Prices.
        as_of: Last day, ISO 8601.
        rng: Source of the starting points of the regimes.
        window: Rows of the window.
        indices: Groups that are an index by the divisor method in place of the mean of their members' returns.

    Raises:
        InputError: There are fewer than three windows of common days, or a group has no member with prices.
    """
    indices = indices or {}
    closes = _until(data.common(), as_of, indices)
    if len(closes.days) < 3 * window or closes.days[-1] > np.datetime64(as_of):
        raise InputError(
            f"{len(closes.days)} common days up to {as_of}", f"the map needs {3 * window}", "Choose a later day."
        )
    levels = _levels(closes, indices)
    returns = np.diff(np.log(levels), axis=0)
    benchmark = np.exp(np.concatenate([[0.0], np.cumsum(returns.mean(axis=1))]))
    points = rotation_map(levels, benchmark, window=window)
    drivers = np.diff(np.log(closes.select(["BTC", "NVDA"]).usd), axis=0)[-2 * window :]
    quadrants = points.quadrant(-1)
    rows = tuple(
        _row(name, closes, levels[:, i], quadrants[i], returns[-2 * window :, i], drivers, window)
        for i, name in enumerate(GROUPS)
    )
    tail = slice(-window - 1, None)
    trail = Trail(
        closes.days[tail], 100 * levels[tail] / levels[-1 - window], points.strength[tail], points.momentum[tail]
    )
    leads = {
        "NVDA leads BTC": granger(drivers[:, 0], drivers[:, 1], LEAD_LAGS),
        "BTC leads NVDA": granger(drivers[:, 1], drivers[:, 0], LEAD_LAGS),
    }
    ahead = returns[:, list(GROUPS).index("AI shares")] - returns[:, list(GROUPS).index("Bitcoin")]
    breaks = tuple(str(closes.days[row + 1]) for row in mean_breaks(ahead).starts)
    return RotationReport(str(closes.days[-1]), window, rows, trail, _rotation(ahead, rng), leads, breaks, data.sha256)


def _until(closes: Closes, as_of: str, indices: Mapping[str, Index]) -> Closes:
    """The common days up to a day, from the first day on which every index stands."""
    first = max([closes.days[0], *(index.days[0] for index in indices.values())])
    return closes.between(str(first), as_of) if first <= np.datetime64(as_of) else closes


def _levels(closes: Closes, indices: Mapping[str, Index]) -> Floats:
    means = {name: members for name, members in GROUPS.items() if name not in indices}
    found = with_baskets(closes, means)
    return np.column_stack(
        [
            indices[name].level[np.searchsorted(indices[name].days, closes.days)]
            if name in indices
            else found.column(name)
            for name in GROUPS
        ]
    )


def _row(
    name: str, closes: Closes, level: Floats, quadrant: str, returns: Floats, drivers: Floats, window: int
) -> GroupRow:
    members = [one for one in GROUPS[name] if one in closes.names]
    wide = breadth(closes.select(members).usd[-window:], window)
    alone = name == "Bitcoin"
    return GroupRow(
        name,
        int(np.isfinite(closes.select(members).usd[-1]).sum()),
        float(level[-1] / level[-1 - window] - 1),
        quadrant,
        float(wide.above_average[-1]),
        None if alone else _slope(returns, drivers, 1),
        _slope(returns, drivers, 2, alone=alone),
    )


def _slope(y: Floats, drivers: Floats, which: int, *, alone: bool = False) -> tuple[float, float, float]:
    """Slope on one driver given the other (or alone), with its 95 % interval; Newey-West errors."""
    x = np.column_stack([np.ones(y.size), drivers[:, 1:] if alone else drivers])
    fit = least_squares(y, x, automatic_lags(y.size))
    at = 1 if alone else which
    low, high = fit.interval(at)
    return float(fit.slopes[at]), low, high


def _rotation(ahead: Floats, rng: np.random.Generator) -> RegimeStatement:
    regimes = fit_regimes(ahead, rng, switching_variance=True, starts=4)
    return statement(
        regimes,
        1,
        "rotation persists",
        "AI shares outrun Bitcoin at this pace: limited growth of coins, as Yang holds; a description of prices, no flow",
    )
