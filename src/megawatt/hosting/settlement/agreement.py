"""What the parties say to a statement: accepted, disputed line by line, paid; and the hours acknowledged before."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Self

from megawatt.hosting.metering.fields import LIMIT, Fields, bad, whole
from megawatt.hosting.settlement.statement import Statement
from megawatt.proof.canonical import Json

ACKNOWLEDGEMENT = "acknowledgement"
ACCEPT, DISPUTE = "statement.accept", "statement.dispute"
PAYMENT = "payment.reference"
# A transaction is named by its hash; a bank's reference is whatever the bank prints.
METHODS = {"bank": re.compile(r".+", re.DOTALL), "stablecoin": re.compile(r"0x[0-9a-f]{64}"), "bitcoin": re.compile(r"[0-9a-f]{64}")}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Acknowledgement:
    """The tenant has seen the log up to a size and holds these registers right; silence shows at once.

    Attributes:
        contract: Name of the contract.
        start: First instant of the time it speaks of [s since 1970 UTC].
        end: First instant after it.
        size: Size of the log's tree that the tenant verified.
        root: Root of that tree, 64 hexadecimal digits.
        registers: Meter id to register at `end`.
    """

    contract: str
    start: int
    end: int
    size: int
    root: str
    registers: Mapping[str, int]

    @classmethod
    def from_body(cls, body: Mapping[str, Json]) -> Self:
        """Inverse of `to_body`."""
        fields = Fields(body, ACKNOWLEDGEMENT)
        registers = fields.take("registers")
        if not isinstance(registers, Mapping):
            raise bad("registers", "they are an object of integers")
        ack = cls(
            fields.text("contract"),
            fields.instant("start"),
            fields.instant("end"),
            fields.integer("size", 0, LIMIT),
            fields.id("root"),
            {name: whole(value, "register", 0) for name, value in registers.items()},
        )
        fields.end()
        if ack.end <= ack.start:
            raise bad(f"an acknowledgement from {ack.start} to {ack.end}", "it ends after its start")
        return ack

    def to_body(self) -> dict[str, Json]:
        """Body of the entry."""
        body: dict[str, Json] = {name: getattr(self, name) for name in self.__slots__ if name != "registers"}
        return body | {"registers": dict(self.registers)}


@dataclass(frozen=True, slots=True)
class Acceptance:
    """The tenant accepts lines of a statement."""

    contract: str
    statement: str
    lines: tuple[str, ...]

    @classmethod
    def from_body(cls, body: Mapping[str, Json]) -> Self:
        """Inverse of `to_body`."""
        fields = Fields(body, ACCEPT)
        names = fields.items("lines", 1)
        if not all(isinstance(one, str) for one in names):
            raise bad("lines", "they are names of lines")
        accept = cls(fields.text("contract"), fields.id("statement"), tuple(str(one) for one in names))
        fields.end()
        return accept

    def to_body(self) -> dict[str, Json]:
        """Body of the entry."""
        return {"contract": self.contract, "statement": self.statement, "lines": list(self.lines)}


@dataclass(frozen=True, slots=True)
class DisputedLine:
    """A line that the tenant holds wrong.

    Attributes:
        line: Name of the line.
        cents: What the tenant holds right.
        reason: Why.
        evidence: Entry ids.
    """

    line: str
    cents: int
    reason: str
    evidence: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Dispute:
    """The tenant disputes lines of a statement; the others stay payable."""

    contract: str
    statement: str
    lines: tuple[DisputedLine, ...]

    @classmethod
    def from_body(cls, body: Mapping[str, Json]) -> Self:
        """Inverse of `to_body`."""
        fields = Fields(body, DISPUTE)
        lines = []
        for value in fields.items("lines", 1):
            line = Fields(value, "line")
            lines.append(
                DisputedLine(line.text("line"), line.integer("cents"), line.text("reason"), line.ids("evidence"))
            )
            line.end()
        dispute = cls(fields.text("contract"), fields.id("statement"), tuple(lines))
        fields.end()
        return dispute

    def to_body(self) -> dict[str, Json]:
        """Body of the entry."""
        lines: list[Json] = [
            {"line": one.line, "cents": one.cents, "reason": one.reason, "evidence": list(one.evidence)}
            for one in self.lines
        ]
        return {"contract": self.contract, "statement": self.statement, "lines": lines}


@dataclass(frozen=True, slots=True)
class Payment:
    """Where the money of a statement went.

    Attributes:
        contract: Name of the contract.
        statement: Entry id of the statement.
        cents: Amount in US cents; positive when the host received it.
        method: `bank`, `stablecoin` or `bitcoin`.
        reference: The bank's reference or the transaction's hash.
        paid: When [s since 1970 UTC].
    """

    contract: str
    statement: str
    cents: int
    method: str
    reference: str
    paid: int

    @classmethod
    def from_body(cls, body: Mapping[str, Json]) -> Self:
        """Inverse of `to_body`."""
        fields = Fields(body, PAYMENT)
        payment = cls(
            fields.text("contract"),
            fields.id("statement"),
            fields.integer("cents"),
            fields.choice("method", *METHODS),
            fields.text("reference"),
            fields.instant("paid"),
        )
        fields.end()
        if not METHODS[payment.method].fullmatch(payment.reference):
            raise bad(
                f"{payment.method} reference {payment.reference[:80]!r}",
                "a transaction is 64 lower-case hexadecimal digits, behind 0x for a stablecoin",
            )
        return payment

    def to_body(self) -> dict[str, Json]:
        """Body of the entry."""
        return {name: getattr(self, name) for name in self.__slots__}


@dataclass(frozen=True, slots=True)
class Standing:
    """Where a statement stands.

    Attributes:
        accepted: Names of the lines that the tenant accepted.
        disputed: Lines in dispute, by name.
        payable_cents: Sum of the lines that are not in dispute.
        paid_cents: Sum of the payments of which a reference is in the log.
    """

    accepted: tuple[str, ...]
    disputed: Mapping[str, DisputedLine]
    payable_cents: int
    paid_cents: int

    @property
    def open_cents(self) -> int:
        """What is still to be paid now."""
        return self.payable_cents - self.paid_cents


def standing_of(statement: Statement, answers: Iterable[Acceptance | Dispute | Payment]) -> Standing:
    """Where a statement stands after the parties' answers to it, in the order of the log."""
    accepted: dict[str, None] = {}
    disputed: dict[str, DisputedLine] = {}
    paid = 0
    for answer in answers:
        match answer:
            case Acceptance(lines=names):
                for name in names:
                    disputed.pop(name, None)
                    if name in statement.lines:
                        accepted[name] = None
            case Dispute(lines=lines):
                for line in lines:
                    if line.line in statement.lines:
                        accepted.pop(line.line, None)
                        disputed[line.line] = line
            case Payment(cents=cents):
                paid += cents
    payable = sum(cents for name, cents in statement.lines.items() if name not in disputed)
    return Standing(tuple(accepted), disputed, payable, paid)
