"""Outages and what excuses them: from events of the log to the availability of a month, second by second."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Self

from megawatt.hosting.metering.fields import MAX_RATE, Fields, bad
from megawatt.hosting.uptime_credit import exact_availability, first_seconds
from megawatt.proof.canonical import Json

EVENT = "service.event"
OUTAGE, CURTAILMENT = "outage", "curtailment"
EXCUSED = ("emergency", "scheduled", "tenant")


@dataclass(frozen=True, slots=True)
class ServiceEvent:
    """A time in which the hall was not all there, and why, signed by both parties.

    Attributes:
        contract: Name of the contract.
        start: First instant [s since 1970 UTC].
        end: First instant after it [s since 1970 UTC].
        cause: `outage`, `curtailment`, or one of `EXCUSED`.
        available_w: IT power that was there for the tenant [W].
        reference: The order or the ticket; may be empty.
        voids: Entry ids of earlier events that it takes back.
    """

    contract: str
    start: int
    end: int
    cause: str
    available_w: int
    reference: str = ""
    voids: tuple[str, ...] = ()

    @classmethod
    def from_body(cls, body: Mapping[str, Json]) -> Self:
        """Inverse of `to_body`.

        Raises:
            FormatError: The body is not as docs/proof/settlement.md says.
        """
        fields = Fields(body, EVENT)
        event = cls(
            contract=fields.text("contract"),
            start=fields.instant("start"),
            end=fields.instant("end"),
            cause=fields.choice("cause", OUTAGE, CURTAILMENT, *EXCUSED),
            available_w=fields.integer("available_w", 0, MAX_RATE),
            reference=fields.text("reference", empty=True),
            voids=fields.ids("voids"),
        )
        fields.end()
        if event.end <= event.start:
            raise bad(f"an event from {event.start} to {event.end}", "it ends after its start")
        return event

    def to_body(self) -> dict[str, Json]:
        """Body of the entry."""
        return {name: getattr(self, name) for name in self.__slots__ if name != "voids"} | {"voids": list(self.voids)}


@dataclass(frozen=True, slots=True)
class Uptime:
    """What the events of a month amount to.

    Attributes:
        availability: Share of the promised power that was there or is excused.
        excused_seconds: Time that is excused [s].
    """

    availability: Fraction
    excused_seconds: int


def standing(events: Sequence[tuple[str, ServiceEvent]]) -> list[ServiceEvent]:
    """The events that no later one takes back; an event taken back takes nothing back itself.

    Args:
        events: Entry id and event, in the order of the log.
    """
    void: set[str] = set()
    kept: list[ServiceEvent] = []
    for entry_id, event in reversed(events):
        if entry_id not in void:
            kept.append(event)
            void.update(event.voids)
    return kept[::-1]


def uptime(
    events: Iterable[ServiceEvent],
    *,
    start: int,
    end: int,
    critical_it_w: int,
    years: Sequence[tuple[int, int]],
    curtailable_seconds: int,
) -> Uptime:
    """Availability of the time from `start` to `end`.

    Args:
        events: Standing events, also of the months before: they use up the year's allowance.
        start: First instant [s since 1970 UTC].
        end: First instant after it.
        critical_it_w: Power under contract [W].
        years: Start and end of the contract years that the time touches.
        curtailable_seconds: Allowance of each of them [s].
    """
    events = list(events)
    called = [(one.start, one.end) for one in events if one.cause == CURTAILMENT]
    allowed = first_seconds(called, years, curtailable_seconds)
    within = [one for one in events if one.start < end and one.end > start]
    edges = {start, end}
    for a, b in [(one.start, one.end) for one in within] + allowed:
        edges |= {min(max(a, start), end), min(max(b, start), end)}
    delivered, promised, excused = [], [], []
    for a, b in pairwise(sorted(edges)):
        active = [one for one in within if one.start <= a < one.end]
        free = any(one.cause in EXCUSED for one in active) or any(x <= a < y for x, y in allowed)
        power = min((one.available_w for one in active), default=critical_it_w)
        delivered.append(power * (b - a))
        promised.append(critical_it_w * (b - a))
        excused.append(b - a if free else 0)
    availability = exact_availability(delivered, promised, [bool(one) for one in excused])
    return Uptime(availability, sum(excused))
