"""How many shares a price has to be paid for: basic, and diluted by the treasury-stock method.

At a price p, with the strike K of an option or warrant and its count n:

* an option or warrant in the money adds ``n (1 - K / p)`` shares: the strike paid in buys back the rest at p;
* a warrant with a trigger adds nothing below it (a trigger on an average price is read as a level of p);
* a share unit (RSU) adds itself;
* a convertible note converts when p is at or above its conversion price: it adds principal / conversion price, and is debt no
  longer; below, it stays debt and adds nothing.

So a headline in dollars says nothing until it names its share count.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from megawatt.core.errors import InputError
from megawatt.core.series import Floats

_DOUBLINGS = 100
"""Prices up to 2^100 USD a share are searched."""
_HALVINGS = 60
"""Enough for the last digit of a float within the last doubling."""


@dataclass(frozen=True, slots=True)
class Strike:
    """Options or warrants of one strike.

    Attributes:
        name: For tables: ``"warrants tranche 1"``.
        count: Shares they give.
        strike_usd: Price paid per share.
        trigger_usd: Share price below which they cannot be exercised; 0 where there is none.
    """

    name: str
    count: float
    strike_usd: float
    trigger_usd: float = 0.0


@dataclass(frozen=True, slots=True)
class Convertible:
    """Notes that turn into shares.

    Attributes:
        name: For tables.
        principal_usd: Debt while they are not converted [USD].
        conversion_usd: Share price per share of principal.
    """

    name: str
    principal_usd: float
    conversion_usd: float

    def __post_init__(self) -> None:
        if not (self.principal_usd >= 0 and self.conversion_usd > 0):
            raise InputError(
                f"{self.name!r} of {self.principal_usd} USD at {self.conversion_usd} USD a share",
                "the principal is at least 0 and the conversion price above 0",
                "Take both from the notes' indenture.",
            )


@dataclass(frozen=True, slots=True)
class Shares:
    """Everything that is or may become a share.

    Attributes:
        basic: Shares outstanding.
        units: Share units that become shares whatever the price.
        strikes: Options and warrants.
        convertibles: Notes that may convert.
    """

    basic: float
    units: float = 0.0
    strikes: tuple[Strike, ...] = ()
    convertibles: tuple[Convertible, ...] = ()

    def __post_init__(self) -> None:
        counts = [self.units, *(one.count for one in self.strikes), *(one.strike_usd for one in self.strikes)]
        if not (self.basic > 0 and all(count >= 0 for count in counts)):
            raise InputError(
                f"{self.basic} basic shares with further counts and strikes {counts}",
                "a company has shares, and no count or strike is negative",
                "Take the counts from the latest filing.",
            )

    def diluted(self, price_usd: ArrayLike) -> Floats:
        """Shares that a price per share has to be paid for, the shape of ``price_usd``."""
        price = np.maximum(np.asarray(price_usd, dtype=np.float64), 0.0)
        total = np.full(price.shape, self.basic + self.units)
        for one in self.strikes:
            live = (price > one.strike_usd) & (price >= one.trigger_usd)
            total = total + np.where(live, one.count * (1 - one.strike_usd / np.where(live, price, 1.0)), 0.0)
        for note in self.convertibles:
            total = total + np.where(price >= note.conversion_usd, note.principal_usd / note.conversion_usd, 0.0)
        return total

    def unconverted_usd(self, price_usd: ArrayLike) -> Floats:
        """Principal of the convertibles that are still debt at a price, the shape of ``price_usd`` [USD]."""
        price = np.asarray(price_usd, dtype=np.float64)
        debt = np.zeros(price.shape)
        for note in self.convertibles:
            debt = debt + np.where(price >= note.conversion_usd, 0.0, note.principal_usd)
        return debt

    def basis(self, price_usd: float) -> list[tuple[str, float]]:
        """The count by source at a price, for the table under any headline; it adds up to ``diluted``."""
        rows = [("basic", self.basic), ("share units", self.units)]
        rows += [(one.name, float(Shares(1.0, strikes=(one,)).diluted(price_usd)) - 1.0) for one in self.strikes]
        rows += [
            (one.name, float(Shares(1.0, convertibles=(one,)).diluted(price_usd)) - 1.0) for one in self.convertibles
        ]
        return rows

    def price_of(self, value_usd: ArrayLike) -> Floats:
        """Value per diluted share of a company worth ``value_usd`` before its convertibles [USD/share].

        The price p with ``p x diluted(p) + unconverted(p) = value``. The left side rises with p; where a trigger lets it jump
        over the value, p is the trigger itself. A company worth less than its notes is worth 0 a share.

        Args:
            value_usd: Value less all other net debt, any shape [USD].
        """
        value = np.asarray(value_usd, dtype=np.float64)
        low, high = np.zeros(value.shape), np.ones(value.shape)
        for _ in range(_DOUBLINGS):
            if not (self._claims(high) < value).any():
                break
            high = np.where(self._claims(high) < value, 2 * high, high)
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            under = self._claims(middle) < value
            low, high = np.where(under, middle, low), np.where(under, high, middle)
        return np.where(value <= float(self.unconverted_usd(0.0)), 0.0, high)

    def _claims(self, price: Floats) -> Floats:
        out: Floats = price * self.diluted(price) + self.unconverted_usd(price)
        return out
