"""What stands beside a statement: lost or repeated batches, what check meters say, hours that nobody acknowledged."""

from collections.abc import Iterator, Mapping
from itertools import pairwise

from megawatt.hosting.metering.drift import Band, compare
from megawatt.hosting.settlement.agreement import Acknowledgement
from megawatt.hosting.settlement.book import Kept, Sent
from megawatt.hosting.settlement.calculation import Month, unrepeated
from megawatt.hosting.settlement.terms import CHECK, Meter


def remarks(month: Month, band: Band) -> list[str]:
    """What a reader of the statement should know, a sentence each."""
    out = list(_of_coverage(month.facts))
    for meter in month.terms.meters:
        batches = [one for one in month.book.batches(meter.id, month.before) if _touches(month, one.body)]
        out += [f"meter {meter.id}: {text}" for text in _of_batches(batches, meter)]
        if meter.measures == CHECK:
            out += [f"meter {meter.id}: {text}" for text in _of_check(month, meter, band)]
    return out + list(_unacknowledged(month))


def _of_coverage(facts: Mapping[str, int]) -> Iterator[str]:
    for name, text in (
        ("missing_seconds", "are missing and not billed; a correction that both sign lets a later statement bill them"),
        ("unpriced_seconds", "have no price and are not billed"),
        ("estimated_seconds", "are filled evenly between two readings"),
        ("corrected_seconds", "are corrected by both"),
    ):
        if facts[name]:
            yield f"{facts[name] / 3600:,.2f} meter-hours {text}"


def _touches(month: Month, sent: Sent) -> bool:
    return sent.start <= month.bounds[1] and sent.start + sent.seconds * (len(sent.registers) - 1) >= month.bounds[0]


def _of_batches(batches: list[Kept[Sent]], meter: Meter) -> Iterator[str]:
    strange = sum(meter.vkey not in one.signers for one in batches)
    if strange:
        yield f"{strange} batches that it did not sign do not count"
    signed = [one for one in batches if meter.vkey in one.signers]
    once = unrepeated(signed, meter)
    if len(once) < len(signed):
        yield f"{len(signed) - len(once)} batches repeat a number and do not count"
    boots: dict[str, list[Kept[Sent]]] = {}
    for one in once:
        boots.setdefault(one.body.boot, []).append(one)
    for boot, group in boots.items():
        group.sort(key=lambda one: one.body.sequence)
        for before, after in pairwise(group):
            lost = after.body.sequence - before.body.sequence - 1
            if lost:
                yield f"boot {boot}: {lost} batches after number {before.body.sequence} are not in the log"
            elif after.body.previous not in ("", before.id):
                yield f"boot {boot}: number {after.body.sequence} follows another batch than the log's"
            if after.body.start < before.body.start:
                yield f"boot {boot}: the clock went back at number {after.body.sequence}"
    unread = sum(int((one.body.registers < 0).all()) for one in once)
    if unread:
        yield f"{unread} batches without a usable reading (unread, doubted, or of a free-running clock)"


def _of_check(month: Month, meter: Meter, band: Band) -> Iterator[str]:
    billing = next((one for one in month.terms.meters if one.id == meter.checks and one.measures != CHECK), None)
    if billing is None:
        yield f"it checks {meter.checks!r}, which is no billed meter of these terms"
        return
    begin = max(month.window(one)[0] for one in (meter, billing))
    end = min(month.window(one)[1] for one in (meter, billing))
    if end <= begin:
        return
    first, second = (month.readings(one).intervals(begin, end) for one in (billing, meter))
    found = compare(first, second, interval_seconds=month.terms.interval_seconds, band=band)
    for day in found.outside:
        yield f"day {day + 1} of the month differs from {billing.id} by {found.difference_ppm[day]:+,.0f} ppm"
    if found.drift is not None:
        yield f"its difference from {billing.id} has moved since the first week (seen on day {found.drift + 1})"


def _unacknowledged(month: Month) -> Iterator[str]:
    tenant = month.terms.tenant
    spoken = sorted(
        (one.body.start, one.body.end)
        for one in month.book.all_of(Acknowledgement, before=month.before)
        if one.body.contract == month.terms.name and tenant in one.signers
    )
    if not spoken:
        return
    reached, silent = month.start, 0
    for start, end in [*spoken, (month.end, month.end)]:
        silent += max(0, min(start, month.end) - reached)
        reached = max(reached, min(end, month.end))
    if silent:
        yield f"the tenant has not acknowledged {silent / 3600:,.1f} of {month.covered_seconds / 3600:,.0f} h"
