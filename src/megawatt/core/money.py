"""Money for settlement: integers of the smallest unit, never mixed between currencies.

Analysis may use float64 USD; what is billed may not.
"""

import re
from dataclasses import dataclass
from decimal import Decimal
from enum import Enum
from fractions import Fraction

from megawatt.core.errors import UnitError

# Digits only: what Python's own parsers let pass besides (1_000, +5, 007, 1e2, digits of other scripts) is no money.
_AMOUNT = re.compile(r"(?P<whole>-?(?:0|[1-9][0-9]{0,30}))(?:\.(?P<decimals>[0-9]+))?")


class Currency(Enum):
    """Currencies, each with the number of decimals of its smallest unit (cents, satoshi)."""

    USD = ("USD", 2)
    EUR = ("EUR", 2)
    BTC = ("BTC", 8)

    @property
    def decimals(self) -> int:
        """Decimals of the smallest unit."""
        return self.value[1]


@dataclass(frozen=True, slots=True)
class Money:
    """A signed count of the currency's smallest unit; positive when the operator receives it.

    Attributes:
        minor: Cents or satoshi.
        currency: Currency.
    """

    minor: int
    currency: Currency

    def __post_init__(self) -> None:
        if type(self.minor) is not int:
            raise UnitError(
                f"money was built from {self.minor!r}",
                "it counts whole cents or satoshi",
                "Use Money.rounded(Fraction) to round in one stated way.",
            )

    @classmethod
    def usd(cls, text: str) -> "Money":
        """Exact dollars from text such as ``"-12.34"``."""
        return cls.from_text(f"{text} USD")

    @classmethod
    def rounded(cls, amount: Fraction | Decimal | int, currency: Currency) -> "Money":
        """Round half to even to the smallest unit, so that many roundings do not drift to one party."""
        exact = Fraction(amount) * 10**currency.decimals
        return cls(round(exact), currency)

    @classmethod
    def from_text(cls, text: str) -> "Money":
        """Inverse of ``str``; trailing decimals may be left out.

        Raises:
            UnitError: The text is not an amount with the currency's decimals at most.
        """
        number, _, name = text.partition(" ")
        if name in Currency.__members__:
            currency = Currency[name]
            amount = _AMOUNT.fullmatch(number)
            if amount and len(amount["decimals"] or "") <= currency.decimals:
                return cls(int(amount["whole"] + (amount["decimals"] or "").ljust(currency.decimals, "0")), currency)
        raise UnitError(f"{text!r} was read as money", "it is an amount and a currency", "Write '12.34 USD'.")

    def __str__(self) -> str:
        d = self.currency.decimals
        whole, part = divmod(abs(self.minor), 10**d)
        sign = "-" if self.minor < 0 else ""
        return f"{sign}{whole}.{part:0{d}d} {self.currency.name}"

    def __add__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor + other.minor, self.currency)

    def __sub__(self, other: "Money") -> "Money":
        self._same(other)
        return Money(self.minor - other.minor, self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __lt__(self, other: "Money") -> bool:
        self._same(other)
        return self.minor < other.minor

    def _same(self, other: object) -> None:
        if not isinstance(other, Money) or self.currency is not other.currency:
            raise UnitError(
                f"{self} met {other}", "only money of one currency adds", "Convert one of them at a stated rate first."
            )
