"""Bars of settlement: the same bill from two implementations, and a large month in time."""

import time
from collections.abc import Mapping

import numpy as np

from evidence.bar import Bar, Figure
from megawatt.hosting.metering.gateway import Gateway
from megawatt.hosting.settlement.calculation import last_close, statement_of
from megawatt.hosting.settlement.verified import read_book
from megawatt.proof.entry import Entry
from megawatt.proof.hashes import leaf_hash
from megawatt.proof.keys import SecretKey
from tests.hosting.months import CONTRACT, meter, month_bounds, random_log, statement_body, terms
from tests.hosting.test_second_settlement import SECOND, differing

SETTLEMENT = (
    "src/megawatt/hosting/settlement/*.py",
    "src/megawatt/hosting/metering/*.py",
    "src/megawatt/hosting/contract.py",
    "src/megawatt/hosting/month.py",
    "src/megawatt/hosting/uptime_credit.py",
    "src/megawatt/hosting/storage.py",
    "src/megawatt/hosting/spot.py",
    "src/megawatt/hosting/exact.py",
    "tests/hosting/months.py",
)
METERS = 2000
MINUTES = 5
PERIOD = "2024-11"


def same_bill() -> Figure:
    """Months with 23- and 25-hour days, leap days, gaps, edits, roll-overs, replays, credits, exclusions and true-ups."""
    if not SECOND.exists():
        return Figure("the second implementation is not there", passed=None, numbers={})
    wrong, seen = differing(range(1000)), _seen(range(1000))
    text = f"{1000 - len(wrong)} of 1,000 equal" + (f"; first {wrong[0]}" if wrong else "")
    return Figure(text, not wrong, {"months": 1000, "different": len(wrong), **seen})


def _seen(seeds: range) -> dict[str, int]:
    """In how many months each thing happens: a comparison of zeros would prove nothing."""
    counts: dict[str, int] = {}
    for seed in seeds:
        body = statement_body(random_log(seed))
        happened = [name for name, value in body["facts"].items() if value]
        happened += [line["line"].partition("/")[0] for line in body["lines"] if line["cents"]]
        for name in set(happened):
            counts[f"months with {name}"] = counts.get(f"months with {name}", 0) + 1
    return dict(sorted(counts.items()))


def large_month() -> Figure:
    """From the bytes of the log to the statement, every signature verified; one process, one thread."""
    entries = _large_log()
    begin, cpu = time.perf_counter(), time.process_time()
    book = read_book(entries)
    read = time.perf_counter() - begin
    statement = statement_of(book, last_close(book))
    seconds = time.perf_counter() - begin
    intervals = statement.facts["measured_seconds"] // (60 * MINUTES)
    text = f"{seconds:.1f} s for {intervals:,} intervals in {len(entries):,} entries, {read:.1f} s of it to read and verify"
    complete = intervals == METERS * 721 * 60 // MINUTES and not book.findings
    numbers: dict[str, float | int | str] = {
        "cpu_seconds": time.process_time() - cpu,
        "seconds": seconds,
        "read_seconds": read,
        "intervals": intervals,
        "entries": len(entries),
    }
    return Figure(text, complete and seconds <= 60, numbers)


def _large_log() -> list[bytes]:
    """A signed batch a day of every meter, and a price an hour."""
    rng = np.random.default_rng(7)
    host, tenant, device, market = (SecretKey(f"{name}.example/1", rng.bytes(32)) for name in ("h", "t", "m", "x"))
    start, end = month_bounds(PERIOD, "America/Chicago")
    names = [f"rack-{k}" for k in range(METERS)]
    body = terms(
        host=host.key.to_text(),
        tenant=tenant.key.to_text(),
        interval_seconds=60 * MINUTES,
        energy_price={"series": "price_rt/LZ_WEST", "vkey": market.key.to_text()},
        meters=[],
    )
    meters = [meter(id=name, vkey=device.key.to_text(), max_per_hour=20_000) for name in names]
    entries = [_signed("contract.terms", body, rng, host, tenant)]
    named = leaf_hash(entries[0]).hex()
    for first in range(0, METERS, 250):
        more = {"contract": CONTRACT, "terms": named, "meters": meters[first : first + 250]}
        entries.append(_signed("contract.meters", more, rng, host, tenant))
    prices = rng.integers(-30_000_000, 90_000_000, 721).tolist()
    series = {"series": "price_rt/LZ_WEST", "start": start, "seconds": 3600, "uusd": prices}
    entries.append(_signed("price.batch", series, rng, market))
    n, day = (end - start) // (60 * MINUTES), 24 * 60 // MINUTES
    for name in names:
        gateway = Gateway(name, device, boot="1", salt=lambda: rng.bytes(16))
        register = (10**9 + np.concatenate([[0], rng.integers(0, 1000, n)]).cumsum()).tolist()
        for first in range(0, n + 1, day):
            batch = gateway.batch(start + first * 60 * MINUTES, 60 * MINUTES, register[first : first + day])
            entries.append(batch.to_bytes())
    return [*entries, _signed("period.close", {"contract": CONTRACT, "period": PERIOD}, rng, host)]


def _signed(kind: str, body: Mapping[str, object], rng: np.random.Generator, *signers: SecretKey) -> bytes:
    return Entry(kind, 1, rng.bytes(16).hex(), body, {}).sign(*signers).to_bytes()  # type: ignore[arg-type]  # JSON


BARS: tuple[Bar, ...] = (
    Bar(
        id="settlement-same-bill",
        sentence="Two implementations of the settlement page, written apart, one of them in Python's standard library "
        "alone, give the same integers for 1,000 random contracts and months.",
        target="0 different",
        covers=(*SETTLEMENT, "tests/hosting/test_second_settlement.py", "tests/hosting/second_settlement*.py"),
        measure=same_bill,
    ),
    Bar(
        id="settlement-speed",
        sentence="A month of 2,000 meters read every 5 minutes is settled from the bytes of the log, every signature "
        "verified.",
        target="at most 60 s",
        covers=(*SETTLEMENT, "src/megawatt/proof/entry.py", "src/megawatt/proof/canonical.py"),
        measure=large_month,
    ),
)
