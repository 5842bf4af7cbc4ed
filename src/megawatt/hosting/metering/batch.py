"""Meter batches and their corrections: readings of a cumulative register at equal distances.

A register that only ever counts up makes a lost reading harmless: what it would have said lies between its neighbours,
and their difference stays exact. A correction never changes a batch; it is a later entry that points at it.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import pairwise
from typing import Self

from megawatt.hosting.metering.fields import LIMIT, Fields, bad, whole
from megawatt.proof.canonical import Json

BATCH, CORRECTION = "meter.batch", "meter.correction"
METHODS = ("check_meter", "linear", "history", "site_reading", "edit")
_DAY = 86_400


class ClockState(StrEnum):
    """How far the device trusted its clock."""

    SYNCED = "synced"
    HOLDOVER = "holdover"
    FREE = "free"


@dataclass(frozen=True, slots=True)
class MeterBatch:
    """Readings that a meter, or the gateway at its side, signed together.

    Attributes:
        meter: Id of the meter.
        boot: Changes when the device starts anew.
        sequence: Number of the batch within its boot.
        previous: Entry id of this meter's batch before; empty for its first.
        start: Instant of the first reading [s since 1970 UTC].
        seconds: Time between two readings [s].
        registers: Cumulative register at each instant [Wh or GPU-seconds]; None where it was not read.
        suspect: Positions that the device itself doubts.
        clock: Whether the times can be believed.
        offset_ms: Device clock less reference [ms].
        source: Where the device has its time from.
    """

    meter: str
    boot: str
    sequence: int
    previous: str
    start: int
    seconds: int
    registers: tuple[int | None, ...]
    suspect: tuple[int, ...] = ()
    clock: ClockState = ClockState.SYNCED
    offset_ms: int = 0
    source: str = ""

    @classmethod
    def from_body(cls, body: Mapping[str, Json]) -> Self:
        """Inverse of `to_body`.

        Raises:
            FormatError: The body is not as docs/proof/settlement.md says.
        """
        fields = Fields(body, BATCH)
        clock = Fields(fields.take("clock"), "clock")
        batch = cls(
            meter=fields.text("meter"),
            boot=fields.text("boot"),
            sequence=fields.integer("sequence", 0),
            previous=fields.id("previous", empty=True),
            start=fields.instant("start"),
            seconds=fields.integer("seconds", 1, _DAY),
            registers=tuple(fields.integers("registers", 0)),
            suspect=tuple(whole(one, "suspect", 0) for one in fields.items("suspect")),
            clock=ClockState(clock.choice("state", *ClockState)),
            offset_ms=clock.integer("offset_ms"),
            source=clock.text("source", empty=True),
        )
        clock.end()
        fields.end()
        order = (-1, *batch.suspect, len(batch.registers))
        if any(b <= a for a, b in pairwise(order)):
            raise bad(f"suspect {list(batch.suspect)[:20]}", "it lists positions in registers, strictly increasing")
        return batch

    def to_body(self) -> dict[str, Json]:
        """Body of the entry."""
        return {
            "meter": self.meter,
            "boot": self.boot,
            "sequence": self.sequence,
            "previous": self.previous,
            "start": self.start,
            "seconds": self.seconds,
            "registers": list(self.registers),
            "suspect": list(self.suspect),
            "clock": {"state": self.clock.value, "offset_ms": self.offset_ms, "source": self.source},
        }


@dataclass(frozen=True, slots=True)
class Correction:
    """Readings that both parties put in the place of others: validation, estimation, editing.

    Attributes:
        contract: Name of the contract.
        meter: Id of the meter.
        of: Entry ids of what is corrected; empty where nothing was sent.
        start: Instant of the first reading [s since 1970 UTC].
        seconds: Time between two readings [s].
        registers: Agreed register at each instant; None voids the reading.
        method: How the values came about, one of `METHODS`.
        reason: Why.
    """

    contract: str
    meter: str
    of: tuple[str, ...]
    start: int
    seconds: int
    registers: tuple[int | None, ...]
    method: str
    reason: str

    @classmethod
    def from_body(cls, body: Mapping[str, Json]) -> Self:
        """Inverse of `to_body`.

        Raises:
            FormatError: The body is not as docs/proof/settlement.md says.
        """
        fields = Fields(body, CORRECTION)
        correction = cls(
            contract=fields.text("contract"),
            meter=fields.text("meter"),
            of=fields.ids("of"),
            start=fields.instant("start"),
            seconds=fields.integer("seconds", 1, _DAY),
            registers=tuple(fields.integers("registers", 0, LIMIT)),
            method=fields.choice("method", *METHODS),
            reason=fields.text("reason"),
        )
        fields.end()
        return correction

    def to_body(self) -> dict[str, Json]:
        """Body of the entry."""
        return {
            "contract": self.contract,
            "meter": self.meter,
            "of": list(self.of),
            "start": self.start,
            "seconds": self.seconds,
            "registers": list(self.registers),
            "method": self.method,
            "reason": self.reason,
        }
