"""Sections 4.2 and 4.3 of the settlement page: from registers to intervals, and the price of each."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache
from typing import Any

from tests.hosting.second_log import Log
from tests.hosting.second_time import Span

WEEK = 604800


@dataclass(frozen=True)
class Reading:
    register: int
    agreed: bool


@dataclass(frozen=True)
class Pair:
    """Two successive accepted readings, the advance between them, and what may be said of it."""

    start: int
    end: int
    advance: int
    void: bool
    agreed: bool


@dataclass(frozen=True)
class Interval:
    """An interval that is not missing; `kind` is measured, corrected or estimated."""

    start: int
    amount: int
    kind: str


@dataclass(frozen=True)
class Window:
    """[A, B] of a meter: what lies in it and is none of the intervals is missing."""

    start: int
    end: int
    intervals: list[Interval]


def sent_readings(log: Log, meter: dict[str, Any]) -> Iterator[tuple[int, int | None]]:
    """Sections 3.2 and 3.4: instants and registers of counting batches and OCMF texts, in log order and by position."""
    seen = set()
    for entry in log.of_meter(meter["id"]):
        body = entry["body"]
        if entry["type"] == "ocmf":
            if meter["ocmf_key"]:
                yield from (tuple(pair) for pair in body["readings"])
            continue
        if not meter["vkey"] or meter["vkey"] not in entry["signatures"] or (body["boot"], body["sequence"]) in seen:
            continue
        seen.add((body["boot"], body["sequence"]))
        if body["clock"]["state"] == "free":
            continue
        suspect = set(body["suspect"])
        for position, register in enumerate(body["registers"]):
            if position not in suspect:
                yield body["start"] + position * body["seconds"], register


def corrected_readings(log: Log, meter: dict[str, Any]) -> Iterator[tuple[int, int | None]]:
    """Section 3.3: instants and registers of the corrections of the contract, in log order."""
    for entry in log.signed_by_both("meter.correction"):
        body = entry["body"]
        if body["meter"] == meter["id"]:
            for position, register in enumerate(body["registers"]):
                yield body["start"] + position * body["seconds"], register


def readings_of(log: Log, meter: dict[str, Any], grid: int, span: Span) -> dict[int, Reading]:
    """Section 4.2, step 1: the reading of each instant of the grid."""
    low, high = span.M0 - WEEK, span.M1 + WEEK
    low = low if meter["since"] is None else max(low, meter["since"])
    high = high if meter["until"] is None else min(high, meter["until"])
    readings: dict[int, Reading] = {}

    def looked_at(instant: int) -> bool:
        return instant % grid == 0 and low <= instant <= high

    for instant, register in sent_readings(log, meter):
        if looked_at(instant) and register is not None and register < meter["modulus"] and instant not in readings:
            readings[instant] = Reading(register, agreed=False)
    for instant, register in corrected_readings(log, meter):
        if not looked_at(instant):
            continue
        if register is None:
            readings.pop(instant, None)
        elif register < meter["modulus"]:
            readings[instant] = Reading(register, agreed=True)
    return readings


def walk(readings: dict[int, Reading], meter: dict[str, Any]) -> Iterator[Pair]:
    """Section 4.2, step 2: the pairs of successive accepted readings."""
    accepted: tuple[int, Reading] | None = None
    for instant, reading in sorted(readings.items(), key=lambda item: item[0]):
        if accepted is not None:
            before, last = accepted
            advance = (reading.register - last.register) % meter["modulus"]
            plausible = advance * 3600 <= meter["max_per_hour"] * (instant - before)
            if not plausible and not reading.agreed:
                continue
            yield Pair(before, instant, advance, void=not plausible, agreed=last.agreed or reading.agreed)
        accepted = instant, reading


def intervals_of(pair: Pair, grid: int, linear_gap_seconds: int) -> list[Interval]:
    """Section 4.2, step 3: the intervals that a pair holds, none if they are missing."""
    n = (pair.end - pair.start) // grid
    if pair.void or (n > 1 and pair.end - pair.start > linear_gap_seconds):
        return []
    kind = "estimated" if n > 1 else "corrected" if pair.agreed else "measured"
    d = pair.advance
    return [Interval(pair.start + j * grid, d * (j + 1) // n - d * j // n, kind) for j in range(n)]


def window_of(log: Log, terms: dict[str, Any], meter: dict[str, Any], span: Span) -> Window:
    """Section 4.2: the window of a meter and its intervals that are not missing."""
    A = span.C0 if meter["since"] is None else max(span.C0, meter["since"])
    B = span.C1 if meter["until"] is None else min(span.C1, meter["until"])
    if B <= A:
        return Window(A, A, [])
    grid = terms["interval_seconds"]
    kept = [
        interval
        for pair in walk(readings_of(log, meter, grid, span), meter)
        if pair.end > A and pair.start < B
        for interval in intervals_of(pair, grid, terms["linear_gap_seconds"])
        if interval.start >= A and interval.start + grid <= B
    ]
    return Window(A, B, kept)


def price_of(log: Log, price: dict[str, Any]) -> Callable[[int], int | None]:
    """Section 4.3: the price at an instant: fixed, or by the last batch with an element there; null is no price."""
    if "uusd" in price:
        return lambda _: int(price["uusd"])
    batches = [entry["body"] for entry in reversed(log.of_series(price["series"], price["vkey"]))]

    @cache
    def at(instant: int) -> int | None:
        for batch in batches:
            k = (instant - batch["start"]) // batch["seconds"]
            if 0 <= k < len(batch["uusd"]):
                found: int | None = batch["uusd"][k]
                return found
        return None

    return at
