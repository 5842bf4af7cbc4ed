"""Section 4.1 of the settlement page: local midnights, the month, and the years of a contract."""

from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def midnight(day: date, zone: str) -> int:
    """The instant of the local time 00:00; the first of two, and the offset before the change where it is skipped."""
    return (datetime.combine(day, time(), tzinfo=ZoneInfo(zone)) - EPOCH) // timedelta(seconds=1)


def month_number(month: str) -> int:
    """Months since the year 0, so that months can be subtracted."""
    return int(month[:4]) * 12 + int(month[5:]) - 1


def first_day(number: int) -> date:
    if number // 12 > 9999:
        raise ValueError("the month after 9999-12 has no first day")
    return date(number // 12, number % 12 + 1, 1)


def anniversary(start: date, k: int) -> date:
    """The day of `start` k years later, or 1 March where there is no 29 February."""
    try:
        return start.replace(year=start.year + k)
    except ValueError:
        return date(start.year + k, 3, 1)


def years(start: date, day: date) -> int:
    """Anniversaries of `start` passed on a day."""
    return day.year - start.year - ((day.month, day.day) < (start.month, start.day))


@dataclass(frozen=True)
class Span:
    """The month [M0, M1), and what the contract covers of it, [C0, C1)."""

    M0: int
    M1: int
    C0: int
    C1: int

    @property
    def month_seconds(self) -> int:
        return self.M1 - self.M0

    @property
    def covered_seconds(self) -> int:
        return self.C1 - self.C0


def span_of(terms: dict[str, Any], month: str) -> Span:
    zone, number = terms["zone"], month_number(month)
    M0, M1 = midnight(first_day(number), zone), midnight(first_day(number + 1), zone)
    C0 = max(M0, midnight(date.fromisoformat(terms["start"]), zone))
    C1 = M1 if terms["end"] is None else min(M1, midnight(date.fromisoformat(terms["end"]), zone))
    C1 = max(C0, C1)
    if C0 % terms["interval_seconds"] or C1 % terms["interval_seconds"]:
        raise ValueError(f"{month} from {C0} to {C1} does not fit a grid of {terms['interval_seconds']} s")
    return Span(M0, M1, C0, C1)


@dataclass(frozen=True)
class Part:
    """A part of [C0, C1) between anniversaries: its contract year, when that year began, and its bounds."""

    year: int
    year_start: int
    start: int
    end: int


def parts_of(terms: dict[str, Any], month: str, span: Span) -> list[Part]:
    """Section 4.4: [C0, C1) cut at the anniversary inside, of which a month has at most one."""
    if span.C0 == span.C1:
        return []
    begin, zone = date.fromisoformat(terms["start"]), terms["zone"]
    day = max(begin, first_day(month_number(month)))
    cuts = [(day, span.C0)]
    later = anniversary(begin, day.year - begin.year)
    if span.C0 < midnight(later, zone) < span.C1:
        cuts.append((later, midnight(later, zone)))
    ends = [instant for _, instant in cuts[1:]] + [span.C1]
    parts = []
    for (first, start), end in zip(cuts, ends, strict=True):
        k = years(begin, first)
        parts.append(Part(k, midnight(anniversary(begin, k), zone), start, end))
    return parts
