"""Amounts of the world economy that must never be added: a level, a flow of one year, a sum over years, a market value.

'20 trillion by 2030' exists as a level of one year against a world without AI (PwC, Bitwise) and as a sum over the years until
2030 (IDC). They share a number and nothing else.
"""

from dataclasses import dataclass
from enum import StrEnum

from megawatt.core.errors import InputError, UnitError


class AmountKind(StrEnum):
    """What an amount counts."""

    LEVEL = "level of GDP in one year against a baseline"
    ANNUAL_FLOW = "flow of one year, not GDP"
    CUMULATIVE = "sum over years"
    MARKET_VALUE = "market value"


@dataclass(frozen=True, slots=True)
class Amount:
    """Trillions of dollars of one kind.

    Attributes:
        tn_usd: Amount [10^12 USD].
        kind: What it counts.
        first_year: Year of a level, flow or value; first year of a sum.
        last_year: Last year of a sum; otherwise the same year.
    """

    tn_usd: float
    kind: AmountKind
    first_year: int
    last_year: int

    def __post_init__(self) -> None:
        single = self.kind is not AmountKind.CUMULATIVE
        if self.last_year < self.first_year or (single and self.first_year != self.last_year):
            raise InputError(
                f"a {self.kind.value} from {self.first_year} to {self.last_year}",
                "only a sum runs over several years, forward in time",
                "State one year, or the kind CUMULATIVE.",
            )

    @classmethod
    def level(cls, tn_usd: float, year: int = 2030) -> "Amount":
        """Level of GDP in ``year`` against a baseline."""
        return cls(tn_usd, AmountKind.LEVEL, year, year)

    def __str__(self) -> str:
        years = str(self.first_year) if self.first_year == self.last_year else f"{self.first_year}-{self.last_year}"
        return f"{self.tn_usd:.2f} tn USD ({self.kind.value}, {years})"

    def __add__(self, other: "Amount") -> "Amount":
        self._same(other, "added")
        return Amount(self.tn_usd + other.tn_usd, self.kind, self.first_year, self.last_year)

    def __sub__(self, other: "Amount") -> "Amount":
        self._same(other, "subtracted")
        return Amount(self.tn_usd - other.tn_usd, self.kind, self.first_year, self.last_year)

    def __lt__(self, other: "Amount") -> bool:
        self._same(other, "compared")
        return self.tn_usd < other.tn_usd

    def share_of(self, base: "Amount") -> float:
        """This level as a share of a base of the same kind and year."""
        self._same(base, "divided")
        return self.tn_usd / base.tn_usd

    def _same(self, other: object, verb: str) -> None:
        if not isinstance(other, Amount) or (self.kind, self.first_year, self.last_year) != (
            other.kind,
            other.first_year,
            other.last_year,
        ):
            raise UnitError(
                f"{self} and {other} were {verb}",
                "levels, flows, sums and market values of different years are different amounts",
                "Bring both to one kind and year by a stated assumption first.",
            )


def growth_needed(uplift_share: float, years: int) -> float:
    """Growth a year on top of the baseline that lifts a level by ``uplift_share`` within ``years``: (1 + u)^(1/n) - 1."""
    return float((1 + uplift_share) ** (1 / years) - 1)
