"""Section 4.4 of the settlement page: availability and the seconds that are excused."""

from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from typing import Any

from tests.hosting.second_time import Part, Span

ALWAYS_EXCUSED = {"emergency", "scheduled", "tenant"}
Stretch = tuple[int, int]


@dataclass(frozen=True)
class Uptime:
    availability: Fraction
    excused_seconds: int


def joined(stretches: list[Stretch]) -> list[Stretch]:
    """The seconds that lie in at least one stretch, as stretches apart from each other, in order of time."""
    apart: list[Stretch] = []
    for start, end in sorted(stretches):
        if apart and start <= apart[-1][1]:
            apart[-1] = apart[-1][0], max(end, apart[-1][1])
        else:
            apart.append((start, end))
    return apart


def called(events: list[dict[str, Any]], parts: list[Part], seconds_per_year: int) -> list[Stretch]:
    """The stretches of curtailment within the first seconds of it in their contract year."""
    curtailed = joined([(event["start"], event["end"]) for event in events if event["cause"] == "curtailment"])
    within = []
    for part in parts:
        left = seconds_per_year
        for start, end in curtailed:
            first = max(start, part.year_start)
            last = min(end, part.end, first + left)
            if first < last:
                left -= last - first
                if last > part.start:
                    within.append((max(first, part.start), last))
    return within


def uptime_of(terms: dict[str, Any], events: list[dict[str, Any]], parts: list[Part], span: Span) -> Uptime:
    """What the seconds of [C0, C1) count, stretch by stretch between the instants at which something changes."""
    critical = terms["critical_it_w"]
    within = called(events, parts, terms["curtailable_seconds_per_year"])
    here = [event for event in events if event["start"] < span.C1 and event["end"] > span.C0]
    edges = {span.C0, span.C1} | {edge for stretch in within for edge in stretch}
    edges |= {min(max(event[name], span.C0), span.C1) for event in here for name in ("start", "end")}
    excused_seconds = counted = 0
    for start, end in pairwise(sorted(edges)):
        E = [event for event in here if event["start"] <= start < event["end"]]
        excused = any(event["cause"] in ALWAYS_EXCUSED for event in E)
        excused = excused or any(first <= start < last for first, last in within)
        excused_seconds += (end - start) if excused else 0
        power = critical if excused else min([critical, *(event["available_w"] for event in E)])
        counted += power * (end - start)
    divisor = critical * span.covered_seconds
    return Uptime(Fraction(counted, divisor) if divisor else Fraction(1), excused_seconds)
