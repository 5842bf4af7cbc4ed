"""What the tests of claims look at: coins, shares, and what else was known to happen."""

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.events import KnownEvent
from megawatt.markets.prices import Closes, on_common_days
from megawatt.markets.specimens import RENAMES
from megawatt.markets.universe import Record

AI_COINS = ("FET", "RNDR", "TAO", "NEAR", "ICP", "GRT", "ROSE", "AR", "WLD", "ARKM", "IO", "THETA", "AKT")
"""Coins that the trade counts to AI and computing; RNDR stands for RENDER before its change of name."""

OTHER_COINS = ("ETH", "SOL", "BNB", "XRP", "ADA", "DOGE", "AVAX", "LINK", "DOT", "LTC", "BCH", "TRX", "UNI", "ATOM")
"""Large coins outside AI, Bitcoin apart."""

BASKETS = {"AI": AI_COINS, "REST": OTHER_COINS}

KNOWN_EVENTS = (
    KnownEvent("ASI", "2024-06-14", "notice of the exchanges on the merger of FET, AGIX and OCEAN into ASI (Binance)"),
    KnownEvent("ASI", "2024-06-25", "the merger's date is moved to 1 July (ccn.com)"),
    KnownEvent("NVDA", "2024-06-18", "Nvidia becomes the most valuable company, record close (press)"),
)


@dataclass(frozen=True, slots=True, eq=False)
class MarketData:
    """Prices and known events.

    Attributes:
        coins: Closes of coins, every day; with the baskets of `with_baskets`.
        shares: Closes of shares, sessions.
        known: Events against which windows are checked.
    """

    coins: Closes
    shares: Closes
    known: tuple[KnownEvent, ...] = KNOWN_EVENTS

    @property
    def sha256(self) -> str:
        """Hash of all prices."""
        return hashlib.sha256((self.coins.sha256 + self.shares.sha256).encode()).hexdigest()

    def common(self) -> Closes:
        """Coins and shares on the days on which both closed."""
        return on_common_days(self.coins, self.shares)


def with_baskets(coins: Closes, baskets: Mapping[str, tuple[str, ...]] = BASKETS) -> Closes:
    """The coins with one more column a basket: the level of the mean log return of the members that have one that day.

    Membership is what the list says, not who survived: a coin that ends leaves with its last return, and a coin that begins
    enters with its second close. The level is a device to take returns from, no index that could be held.
    """
    returns = coins.log_returns()
    columns, names = [coins.usd], list(coins.names)
    for name, members in baskets.items():
        have = [coins.names.index(one) for one in members if one in coins.names]
        if not have:
            raise InputError(f"the basket {name!r} has no member with prices", "a basket has members", "Add prices.")
        one_day = returns[:, have]
        count = np.isfinite(one_day).sum(axis=1)
        mean = np.divide(np.nansum(one_day, axis=1), count, out=np.zeros(len(count)), where=count > 0)
        columns.append(np.exp(np.cumsum(mean))[:, None])
        names.append(name)
    return Closes(tuple(names), coins.days, np.hstack(columns), coins.calendar, coins.source)


def with_renames(coins: Closes, renames: tuple[Record, ...] = RENAMES) -> tuple[Closes, tuple[str, ...]]:
    """The coins with each change of name undone, and what was done in words; a name that has no closes is left alone."""
    notes = []
    for one in renames:
        if one.asset in coins.names and one.into in coins.names:
            coins = coins.continued(one.asset, one.into, one.valid_from)
            notes.append(f"{one.asset} is called {one.into} from {one.valid_from} on: one series here, {one.asset}")
    return coins, tuple(notes)


def parameter(parameters: Mapping[str, Any], key: str, kind: type, default: Any = None) -> Any:
    """A parameter of a hypothesis, checked for its type.

    Raises:
        InputError: It is missing or of another type.
    """
    value = parameters.get(key, default)
    if not isinstance(value, kind):
        raise InputError(f"{key} = {value!r}", f"it is a {kind.__name__}", "Correct the parameters in the registry.")
    return value


def toward(p_positive: float, parameters: Mapping[str, Any]) -> tuple[float, float]:
    """One-sided p-values in the stated direction and in the opposite one, from that of 'above zero'."""
    direction = parameter(parameters, "direction", str)
    if direction not in {"positive", "negative"}:
        raise InputError(f"direction {direction!r}", "it is positive or negative", "Correct the registry.")
    other = 1 - p_positive
    return (p_positive, other) if direction == "positive" else (other, p_positive)


def finite_rows(*columns: Floats) -> Floats:
    """Columns side by side without the rows in which one is missing, shape (n, k)."""
    table = np.column_stack(columns)
    return np.asarray(table[np.isfinite(table).all(axis=1)])
