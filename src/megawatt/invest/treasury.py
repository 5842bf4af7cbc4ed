"""What the treasurer adds to a project: coins kept or sold, hash rate and power sold or bought forward, margin, cash and how long it lasts.

A forward is settled in money against the path. Sold hash rate pays ``quantity x days x (price - hashprice - basis)``, power bought
pays ``quantity x hours x (mean price + basis - price)`` and power sold the opposite; the basis is what the index of the contract pays
above the path's own price.
Both sides pay margin: a share of what is still to be delivered, and the loss that the rest would have at this month's price.
Margin is cash that comes back, so it adds up to nothing; it matters to whether cash lasts.

Coins kept are marked at the path's price and sold on the last day, or earlier, as many as are needed to keep the smallest cash.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.network_paths import month_lengths
from megawatt.invest.scenarios import Scenarios

HOURS_PER_DAY = 24.0


@dataclass(frozen=True, slots=True, kw_only=True)
class HashForward:
    """Hash rate sold forward.

    Attributes:
        ph: Quantity [PH/s].
        price_usd_per_ph_day: Fixed price [USD/PH/day].
        first: First month of delivery, counted from 0.
        months: Months of delivery.
        basis_usd_per_ph_day: Index of the contract less the path's hashprice.
        margin_fraction: Margin / what is still to be delivered at the fixed price.
    """

    ph: float
    price_usd_per_ph_day: float
    first: int
    months: int
    basis_usd_per_ph_day: float = 0.0
    margin_fraction: float = 0.0

    def settled_usd(self, scenarios: Scenarios) -> Floats:
        """What each month's settlement brings, shape (paths, months) [USD]."""
        index = scenarios.network.hashprice_usd_per_ph_day + self.basis_usd_per_ph_day
        return self.ph * self._days(scenarios) * (self.price_usd_per_ph_day - index)

    def margin_usd(self, scenarios: Scenarios) -> Floats:
        """Margin held at the end of each month, shape (paths, months) [USD, at least 0]."""
        index = scenarios.network.hashprice_usd_per_ph_day + self.basis_usd_per_ph_day
        left = _left(self.ph * self._days(scenarios))
        return _margin(left, self.price_usd_per_ph_day, index - self.price_usd_per_ph_day, self.margin_fraction)

    def _days(self, scenarios: Scenarios) -> Floats:
        return _delivered(scenarios, self.first, self.months)


@dataclass(frozen=True, slots=True, kw_only=True)
class PowerForward:
    """Power bought or sold forward, a flat block.

    Attributes:
        mw: Quantity [MW].
        price_usd_per_mwh: Fixed price.
        first: First month of delivery, counted from 0.
        months: Months of delivery.
        basis_usd_per_mwh: Price at the block's point less the site's.
        margin_fraction: Margin / what is still to be delivered at the fixed price.
        sold: Whether it is sold.
    """

    mw: float
    price_usd_per_mwh: float
    first: int
    months: int
    basis_usd_per_mwh: float = 0.0
    margin_fraction: float = 0.0
    sold: bool = False

    def settled_usd(self, scenarios: Scenarios) -> Floats:
        """What each month's settlement brings, shape (paths, months) [USD]."""
        return self.mw * self._hours(scenarios) * self._gain(scenarios)

    def margin_usd(self, scenarios: Scenarios) -> Floats:
        """Margin held at the end of each month, shape (paths, months) [USD, at least 0]."""
        left = _left(self.mw * self._hours(scenarios))
        return _margin(left, self.price_usd_per_mwh, -self._gain(scenarios), self.margin_fraction)

    def _gain(self, scenarios: Scenarios) -> Floats:
        """What a MWh of it brings [USD]."""
        bought: Floats = scenarios.power_usd_per_mwh + self.basis_usd_per_mwh - self.price_usd_per_mwh
        return -bought if self.sold else bought

    def _hours(self, scenarios: Scenarios) -> Floats:
        return HOURS_PER_DAY * _delivered(scenarios, self.first, self.months)


@dataclass(frozen=True, slots=True, kw_only=True)
class Treasury:
    """The treasurer's rules.

    Attributes:
        sold_fraction: Share of the coins sold in the month in which they are earned.
        cash_usd: Cash today.
        btc: Coins held today.
        least_cash_usd: Coins are sold rather than let cash fall below this.
        operating_cost_usd_per_month: Of the company beside the project's own, after tax [USD, at least 0].
        forwards: Contracts.
    """

    sold_fraction: float = 1.0
    cash_usd: float = 0.0
    btc: float = 0.0
    least_cash_usd: float = 0.0
    operating_cost_usd_per_month: float = 0.0
    forwards: Sequence[HashForward | PowerForward] = ()

    def __post_init__(self) -> None:
        if not (0 <= self.sold_fraction <= 1 and self.btc >= 0):
            raise InputError(
                f"{self.sold_fraction} of the coins sold, {self.btc} BTC held",
                "the share is a fraction and coins are not owed",
                "Write 1 for a miner that sells all.",
            )


@dataclass(frozen=True, slots=True)
class Position:
    """Cash and coins at the end of each month, arrays of shape (paths, months).

    Attributes:
        lines: What the treasury adds to the statement [USD].
        cash_usd: Cash.
        btc: Coins held, after the sale of the last day: none.
        marked_usd: The same at the path's price [USD].
        margin_usd: Margin held by others [USD].
        runway_months: Months until cash is first below the smallest, by path; infinite where it never is.
    """

    lines: dict[str, Floats]
    cash_usd: Floats
    btc: Floats
    marked_usd: Floats
    margin_usd: Floats
    runway_months: Floats

    @property
    def short_fraction(self) -> float:
        """Share of the paths on which cash falls below the smallest."""
        return float(np.isfinite(self.runway_months).mean())


COINS_KEPT, COINS_SOLD, FORWARDS, MARGIN = "coins kept", "coins sold later", "forwards", "margin"
OPERATING = "operating cost of the company"


@dataclass(frozen=True, slots=True)
class Earned:
    """What a project hands to its treasurer, arrays of shape (paths, months).

    Attributes:
        equity_usd: The owner's flows if every coin is sold when earned [USD].
        btc: Coins earned [BTC].
        coins_usd: What they were worth then [USD].
    """

    equity_usd: Floats
    btc: Floats
    coins_usd: Floats


def manage(one: Treasury, earned: Earned, scenarios: Scenarios) -> Position:
    """Cash and coins of every path.

    Args:
        one: Rules and contracts.
        earned: What the project brings.
        scenarios: Prices of coins, hash rate and power.
    """
    lines, margin = _lines(one, earned, scenarios)
    free = earned.equity_usd + np.sum(list(lines.values()), axis=0)
    cash, coins, sold = _sales(one, free, _kept(one) * earned.btc, scenarios.network.price_usd)
    short = _short(one, cash)
    return Position(
        lines=lines | {COINS_SOLD: sold},
        cash_usd=cash,
        btc=coins,
        marked_usd=coins * scenarios.network.price_usd,
        margin_usd=margin,
        runway_months=np.where(short.any(axis=1), np.argmax(short, axis=1).astype(np.float64), np.inf),
    )


def enough_cash_usd(one: Treasury, earned: Earned, scenarios: Scenarios, sure: float = 0.95) -> float:
    """Least cash today with which a share of the paths never falls below the smallest [USD, to the dollar, at least 0].

    More cash never leaves a path with less cash or fewer coins in any month, so the share grows with it and halving finds it.
    """
    lines, _ = _lines(one, earned, scenarios)
    free = earned.equity_usd + np.sum(list(lines.values()), axis=0)
    kept, price = _kept(one) * earned.btc, scenarios.network.price_usd

    def does(cash_usd: float) -> bool:
        held, _, _ = _sales(replace(one, cash_usd=cash_usd), free, kept, price)
        return float(_short(one, held).any(axis=1).mean()) <= 1 - sure + 1e-12

    low, high = 0.0, max(one.least_cash_usd - float(np.cumsum(free, axis=1).min()), 0.0) + 1.0
    if does(low):
        return low
    while high - low > 1.0:
        middle = (low + high) / 2
        low, high = (low, middle) if does(middle) else (middle, high)
    return high


def _lines(one: Treasury, earned: Earned, scenarios: Scenarios) -> tuple[dict[str, Floats], Floats]:
    """What the treasury adds before it sells kept coins, and the margin held by others."""
    shape = earned.equity_usd.shape
    settled, margin = np.zeros(shape), np.zeros(shape)
    for forward in one.forwards:
        settled += forward.settled_usd(scenarios)
        margin += forward.margin_usd(scenarios)
    lines = {
        COINS_KEPT: -_kept(one) * earned.coins_usd,
        FORWARDS: settled,
        MARGIN: -np.diff(margin, axis=1, prepend=0.0),
        OPERATING: np.full(shape, -one.operating_cost_usd_per_month),
    }
    return lines, margin


def _kept(one: Treasury) -> float:
    return 1 - one.sold_fraction


def _short(one: Treasury, cash_usd: Floats) -> NDArray[np.bool_]:
    return cash_usd < one.least_cash_usd - 1e-6 * max(abs(one.least_cash_usd), 1.0)


def _sales(one: Treasury, free: Floats, kept_btc: Floats, price: Floats) -> tuple[Floats, Floats, Floats]:
    """Cash, coins and what sold coins brought, month after month: coins cover what cash lacks; the last day sells all."""
    cash, coins, sold = (np.empty(free.shape) for _ in range(3))
    money, held = np.full(len(free), one.cash_usd), np.full(len(free), one.btc)
    last = free.shape[1] - 1
    for month in range(free.shape[1]):
        money = money + free[:, month]
        held = held + kept_btc[:, month]
        wanted = np.maximum(one.least_cash_usd - money, 0.0) / price[:, month]
        given = held if month == last else np.minimum(wanted, held)
        sold[:, month] = given * price[:, month]
        money, held = money + sold[:, month], held - given
        cash[:, month], coins[:, month] = money, held
    return cash, coins, sold


def _delivered(scenarios: Scenarios, first: int, months: int) -> Floats:
    """Days of each month in which a contract delivers, shape (months,)."""
    horizon = scenarios.power_usd_per_mwh.shape[1]
    if not (first >= 0 and months >= 1 and first + months <= horizon):
        raise InputError(
            f"a forward of {months} months from month {first}",
            f"it delivers inside the {horizon} months of the scenarios",
            "Shorten it, or lengthen the scenarios.",
        )
    k = np.arange(horizon)
    days = np.array(month_lengths(scenarios.first_month, horizon), dtype=np.float64)
    return days * ((k >= first) & (k < first + months))


def _left(quantity: Floats) -> Floats:
    """What is still to be delivered after each month."""
    out: Floats = np.cumsum(quantity[::-1])[::-1] - quantity
    return out


def _margin(left: Floats, price: float, loss: Floats, fraction: float) -> Floats:
    """A share of the contract's rest, and the loss it would have at this month's price. Contracts without margin ask for neither."""
    if fraction == 0:
        return np.zeros(loss.shape)
    return left * (fraction * abs(price) + np.maximum(loss, 0.0))
