"""The book: all entries of a log that settlement knows, sorted, in the order of the log.

An entry whose body is not in its form goes to the findings and is otherwise as if it were not there: a log cannot be
cleaned, so a broken device must not be able to stop the bill. Whether an entry's signers are the right ones is asked
when it is used, because terms may stand behind it in the log.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Generic, NamedTuple, TypeVar

import numpy as np

from megawatt.core.errors import InputError
from megawatt.hosting.metering.batch import BATCH, CORRECTION, ClockState, Correction, MeterBatch
from megawatt.hosting.metering.ocmf import OCMF, OcmfEntry
from megawatt.hosting.metering.price_batch import PRICE, PriceBatch
from megawatt.hosting.metering.register import Integers
from megawatt.hosting.settlement.agreement import (
    ACCEPT,
    ACKNOWLEDGEMENT,
    DISPUTE,
    PAYMENT,
    Acceptance,
    Acknowledgement,
    Dispute,
    Payment,
)
from megawatt.hosting.settlement.service_event import EVENT, ServiceEvent
from megawatt.hosting.settlement.statement import CLOSE, STATEMENT, PeriodClose, Statement
from megawatt.hosting.settlement.terms import MORE_METERS, TERMS, MoreMeters, Terms
from megawatt.proof.entry import Entry
from megawatt.proof.errors import ProofError
from megawatt.proof.hashes import leaf_hash

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Kept(Generic[T]):
    """An entry in its form.

    Attributes:
        index: Its place in the log.
        id: Its entry id.
        signers: The vkeys whose signatures it bears, all verified.
        body: What it says.
    """

    index: int
    id: str
    signers: frozenset[str]
    body: T


@dataclass(frozen=True, slots=True)
class Sent:
    """The readings of a batch in little memory: a month of 2,000 meters has 18 million of them.

    Attributes:
        boot: Boot of the device.
        sequence: Number within the boot.
        previous: Entry id of the batch before.
        start: Instant of the first reading [s since 1970 UTC].
        seconds: Time between two [s].
        registers: Register at each instant; -1 where it cannot be used.
    """

    boot: str
    sequence: int
    previous: str
    start: int
    seconds: int
    registers: Integers

    @property
    def instants(self) -> Integers:
        """Instants of the readings [s since 1970 UTC]."""
        return self.start + self.seconds * np.arange(len(self.registers), dtype=np.int64)


class Parties(NamedTuple):
    """Keys of the two parties of a contract."""

    host: str
    tenant: str


@dataclass(frozen=True, slots=True)
class Finding:
    """Why an entry did not count.

    Attributes:
        index: Its place in the log.
        value: What was found.
        rule: The rule that it breaks.
    """

    index: int
    value: str
    rule: str


READERS: Mapping[str, Callable[[Mapping[str, Any]], Any]] = {
    TERMS: Terms.from_body,
    MORE_METERS: MoreMeters.from_body,
    BATCH: MeterBatch.from_body,
    CORRECTION: Correction.from_body,
    OCMF: OcmfEntry.from_body,
    PRICE: PriceBatch.from_body,
    EVENT: ServiceEvent.from_body,
    CLOSE: PeriodClose.from_body,
    STATEMENT: Statement.from_body,
    ACKNOWLEDGEMENT: Acknowledgement.from_body,
    ACCEPT: Acceptance.from_body,
    DISPUTE: Dispute.from_body,
    PAYMENT: Payment.from_body,
}
"""How the body of each type is read."""


@dataclass(slots=True)
class Book:
    """Entries by what they are.

    Attributes:
        findings: Entries that do not count because of their form.
        size: Entries of the log that were read.
    """

    findings: list[Finding] = field(default_factory=list)
    size: int = 0
    _kept: dict[type, list[Kept[Any]]] = field(default_factory=dict)
    _sent: dict[str, list[Kept[Sent]]] = field(default_factory=dict)
    _ocmf: dict[str, list[Kept[OcmfEntry]]] = field(default_factory=dict)

    @classmethod
    def of(cls, entries: Iterable[Entry]) -> "Book":
        """The book of entries whose signatures are verified, in the order of the log."""
        book = cls()
        for entry in entries:
            book.add(entry, leaf_hash(entry.to_bytes()).hex())
        return book

    def add(self, entry: Entry, entry_id: str) -> None:
        """Enter the next entry of the log; its signatures are verified."""
        index, self.size = self.size, self.size + 1
        read = READERS.get(entry.type)
        if read is None or entry.version != 1:
            return
        try:
            body = read(entry.body)
        except ProofError as error:
            self.findings.append(Finding(index, error.value, error.rule))
            return
        signers = frozenset(entry.signatures)
        if isinstance(body, MeterBatch):
            self._sent.setdefault(body.meter, []).append(Kept(index, entry_id, signers, _sent(body)))
        elif isinstance(body, OcmfEntry):
            self._ocmf.setdefault(body.meter, []).append(Kept(index, entry_id, signers, body))
        else:
            self._kept.setdefault(type(body), []).append(Kept(index, entry_id, signers, body))

    def skip(self, value: str, rule: str) -> None:
        """Pass over the next entry of the log, which is no signed entry or whose signatures do not verify."""
        self.findings.append(Finding(self.size, value, rule))
        self.size += 1

    def all_of(self, kind: type[T], *, before: int | None = None) -> Iterator[Kept[T]]:
        """Entries of one kind, of any contract and whoever signed them."""
        end = self.size if before is None else before
        return (one for one in self._kept.get(kind, ()) if one.index < end)

    def batches(self, meter: str, before: int) -> list[Kept[Sent]]:
        """Batches of a meter, whoever signed them."""
        return [one for one in self._sent.get(meter, ()) if one.index < before]

    def ocmf(self, meter: str, before: int) -> list[Kept[OcmfEntry]]:
        """OCMF entries of a meter."""
        return [one for one in self._ocmf.get(meter, ()) if one.index < before]

    def parties(self, contract: str, before: int | None = None) -> Parties:
        """Keys of host and tenant: those of the first terms of that name that the two they name have signed.

        Raises:
            InputError: There are no such terms.
        """
        for one in self.all_of(Terms, before=before):
            if one.body.name == contract and {one.body.host, one.body.tenant} <= one.signers:
                return Parties(one.body.host, one.body.tenant)
        raise InputError(
            f"contract {contract!r} without terms", "host and tenant sign them first", "Append a contract.terms entry."
        )

    def terms_for(self, contract: str, period: str, before: int) -> Kept[Terms]:
        """The terms that hold for a month.

        Raises:
            InputError: There are none.
        """
        parties = self.parties(contract, before)
        found = None
        for one in self.all_of(Terms, before=before):
            terms = one.body
            ours = terms.name == contract and (terms.host, terms.tenant) == parties and set(parties) <= one.signers
            if ours and terms.effective <= period and (found is None or terms.effective >= found.body.effective):
                found = one
        if found is None:
            raise InputError(
                f"no terms of {contract!r} for {period}",
                "terms hold from the month they are effective",
                "Choose a later month, or append terms that are effective earlier.",
            )
        more = (
            one.body
            for one in self.all_of(MoreMeters, before=before)
            if (one.body.contract, one.body.terms) == (contract, found.id) and set(parties) <= one.signers
        )
        return replace(found, body=found.body.joined(more))


def _sent(batch: MeterBatch) -> Sent:
    read: Sequence[int | None] = batch.registers
    if None in read:
        read = [-1 if one is None else one for one in read]
    registers = np.array(read, dtype=np.int64)
    registers[list(batch.suspect)] = -1
    if batch.clock is ClockState.FREE:
        registers[:] = -1
    return Sent(batch.boot, batch.sequence, batch.previous, batch.start, batch.seconds, registers)
