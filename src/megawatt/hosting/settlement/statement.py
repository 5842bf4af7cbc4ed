"""The statement of a month: named lines in whole cents, and the facts behind them."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Self

from megawatt.hosting.metering.fields import Fields, bad, whole
from megawatt.proof.canonical import Json

STATEMENT, CLOSE = "statement", "period.close"
FORMULA = "megawatt/settlement/1"
RENT, ENERGY, GPU, STORAGE, CREDIT = OWN = ("rent", "energy", "gpu", "storage", "credit")
TRUEUP = "trueup/"


@dataclass(frozen=True, slots=True)
class PeriodClose:
    """The host asks for the statement of a month from all that stands before in the log."""

    contract: str
    period: str

    @classmethod
    def from_body(cls, body: Mapping[str, Json]) -> Self:
        """Inverse of `to_body`."""
        fields = Fields(body, CLOSE)
        close = cls(fields.text("contract"), fields.month("period"))
        fields.end()
        return close

    def to_body(self) -> dict[str, Json]:
        """Body of the entry."""
        return {"contract": self.contract, "period": self.period}


@dataclass(frozen=True, slots=True)
class Statement:
    """What the tenant owes for a month.

    Attributes:
        contract: Name of the contract.
        period: Local month.
        close: Entry id of the `period.close` it answers.
        terms: Entry id of the terms it follows.
        lines: Name of each line and its cents, positive when the host receives them.
        facts: Amounts behind the lines, for the reader.
    """

    contract: str
    period: str
    close: str
    terms: str
    lines: Mapping[str, int]
    facts: Mapping[str, int]

    @property
    def total_cents(self) -> int:
        """What the host receives in all."""
        return sum(self.lines.values())

    @property
    def own_cents(self) -> int:
        """The month's own five lines, without true-ups of earlier months."""
        return sum(self.lines[name] for name in OWN)

    @classmethod
    def from_body(cls, body: Mapping[str, Json]) -> Self:
        """Inverse of `to_body`.

        Raises:
            FormatError: The body is not as docs/proof/settlement.md says.
        """
        fields = Fields(body, STATEMENT)
        fields.choice("formula", FORMULA)
        fields.choice("currency", "USD")
        pairs = [_line(one) for one in fields.items("lines")]
        facts = fields.take("facts")
        if not isinstance(facts, Mapping):
            raise bad("facts", "they are an object of integers")
        statement = cls(
            contract=fields.text("contract"),
            period=fields.month("period"),
            close=fields.id("close"),
            terms=fields.id("terms"),
            lines=dict(pairs),
            facts={name: whole(value, f"fact {name[:40]}") for name, value in facts.items()},
        )
        if len(statement.lines) < len(pairs) or not set(OWN) <= set(statement.lines):
            raise bad(f"lines {', '.join(statement.lines)[:200]}", f"each comes once, and {', '.join(OWN)} are there")
        if fields.integer("total_cents") != statement.total_cents:
            raise bad("total_cents", f"the lines sum to {statement.total_cents}")
        fields.end()
        return statement

    def to_body(self) -> dict[str, Json]:
        """Body of the entry.

        Raises:
            FormatError: An integer is beyond the limits of the format.
        """
        lines: list[Json] = [{"line": name, "cents": whole(cents, name)} for name, cents in self.lines.items()]
        return {
            "formula": FORMULA,
            "contract": self.contract,
            "period": self.period,
            "close": self.close,
            "terms": self.terms,
            "currency": "USD",
            "lines": lines,
            "total_cents": whole(self.total_cents, "total_cents"),
            "facts": {name: whole(value, name) for name, value in self.facts.items()},
        }

    def differences(self, other: "Statement") -> list[str]:
        """What differs, each in a sentence that names the line or fact; empty when nothing does."""
        out = []
        for what, mine, theirs in (("line", self.lines, other.lines), ("fact", self.facts, other.facts)):
            for name in dict.fromkeys([*mine, *theirs]):
                a, b = mine.get(name), theirs.get(name)
                if a != b:
                    unit = " cents" if what == "line" else ""
                    by = f", {b - a:+d}" if a is not None and b is not None else ""
                    out.append(f"{what} {name}: {_said(a)} and {_said(b)}{unit}{by}")
        named = ((name, getattr(self, name), getattr(other, name)) for name in ("contract", "period", "close", "terms"))
        return out + [f"{name}: {mine} and {theirs}" for name, mine, theirs in named if mine != theirs]


def _said(value: int | None) -> str:
    return "nothing" if value is None else f"{value:d}"


def _line(value: Json) -> tuple[str, int]:
    fields = Fields(value, "line")
    line = fields.text("line"), fields.integer("cents")
    fields.end()
    return line
