"""Random contracts and months as entries of a log: terms, readings with all that goes wrong with them, events, closes.

Everything is drawn from a numpy Generator, so a seed names a case. Signatures are 64 zero bytes: who signed is part of
the arithmetic, and whether a signature verifies is not.
"""

import datetime as dt
import json
from dataclasses import dataclass, field
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from megawatt.hosting.settlement.book import Book
from megawatt.hosting.settlement.calculation import last_close, statement_of
from megawatt.proof.entry import Entry
from megawatt.proof.hashes import leaf_hash
from megawatt.proof.keys import SecretKey
from megawatt.proof.numerals import format_base64

CONTRACT = "colocation-7"
HOST, TENANT, METER, OTHER, EXCHANGE = (
    SecretKey(f"{name}.example/key", name.encode().ljust(32, b".")).key.to_text()
    for name in ("host", "tenant", "meter", "other", "exchange")
)
OCMF_PRIVATE = ec.derive_private_key(7, ec.SECP256R1())
OCMF_KEY = OCMF_PRIVATE.public_key().public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo).hex()
ZONES = (
    "America/Chicago",
    "Europe/Berlin",
    "Europe/Dublin",
    "Asia/Kolkata",
    "Australia/Lord_Howe",
    "America/Havana",
    "UTC",
)
# Months with 23- and 25-hour days, the short and the leap February, and plain ones.
MONTHS = ("2024-03", "2024-11", "2024-10", "2024-02", "2023-02", "2024-07", "2023-12", "2028-02", "2025-04", "2024-01")
Piece = tuple[str, dict[str, Any], tuple[str, ...]]
"""Type, body and signers of an entry to come."""


def month_before(month: str) -> str:
    return f"{dt.date.fromisoformat(f'{month}-01') - dt.timedelta(days=1):%Y-%m}"


def midnight(day: dt.date, zone: str) -> int:
    return int(dt.datetime(day.year, day.month, day.day, tzinfo=ZoneInfo(zone)).timestamp())


def midnight_of(day: str, zone: str) -> int:
    return midnight(dt.date.fromisoformat(day), zone)


def month_bounds(month: str, zone: str) -> tuple[int, int]:
    first = dt.date.fromisoformat(f"{month}-01")
    return midnight(first, zone), midnight((first + dt.timedelta(days=31)).replace(day=1), zone)


@dataclass
class Log:
    """Entries as they come."""

    rng: np.random.Generator
    entries: list[dict[str, Any]] = field(default_factory=list)

    def add(self, kind: str, body: dict[str, Any], *vkeys: str) -> str:
        """Append an entry; its id where others may name it."""
        signatures = dict.fromkeys(vkeys, format_base64(bytes(64)))
        entry = {"type": kind, "v": 1, "salt": self.rng.bytes(16).hex(), "body": body, "signatures": signatures}
        self.entries.append(entry)
        return leaf_hash(entry_of(entry).to_bytes()).hex() if kind in ("service.event", "contract.terms") else ""

    def book(self) -> Book:
        return Book.of(map(entry_of, self.entries))


def entry_of(value: dict[str, Any]) -> Entry:
    return Entry(value["type"], value["v"], value["salt"], value["body"], dict.fromkeys(value["signatures"], bytes(64)))


def statement_body(entries: list[dict[str, Any]]) -> dict[str, Any]:
    """The first implementation, with the signature of the second."""
    book = Book.of(map(entry_of, entries))
    return statement_of(book, last_close(book)).to_body()


# --- terms ------------------------------------------------------------------------------------------------------------


def terms(**changes: Any) -> dict[str, Any]:
    """Plain terms: 20 MW, pass-through at a fixed price, no credits; change what a test is about."""
    plain = {
        "contract": CONTRACT,
        "host": HOST,
        "tenant": TENANT,
        "effective": "2023-01",
        "zone": "America/Chicago",
        "start": "2023-01-01",
        "end": None,
        "interval_seconds": 3600,
        "linear_gap_seconds": 7200,
        "critical_it_w": 20_000_000,
        "rent_uusd_per_kw_month": 122_000_000,
        "escalator_ppm": 0,
        "take_or_pay_ppm": 1_000_000,
        "uptime_ppm": 999_900,
        "credits": [],
        "curtailable_seconds_per_year": 0,
        "power": "pass_through",
        "gross_up_ppm": 1_000_000,
        "adder_uusd_per_mwh": 0,
        "energy_price": {"uusd": 40_000_000},
        "gpu_price": None,
        "platform_fee_ppm": 0,
        "storage": None,
        "meters": [meter()],
        "trueup_months": 3,
    }
    return plain | changes


def meter(**changes: Any) -> dict[str, Any]:
    plain = {
        "id": "feed-1",
        "measures": "energy",
        "vkey": METER,
        "ocmf_key": "",
        "checks": "",
        "modulus": 10**12,
        "max_per_hour": 40_000_000,
        "since": None,
        "until": None,
    }
    return plain | changes


def batch(meter_id: str, start: int, registers: list[int | None], **changes: Any) -> dict[str, Any]:
    plain = {
        "meter": meter_id,
        "boot": "a",
        "sequence": 0,
        "previous": "",
        "start": start,
        "seconds": 3600,
        "registers": registers,
        "suspect": [],
        "clock": {"state": "synced", "offset_ms": 3, "source": "ntp"},
    }
    return plain | changes


def random_terms(rng: np.random.Generator, period: str) -> dict[str, Any]:
    year = int(period[:4])
    start = dt.date(year - int(rng.integers(0, 5)), int(rng.integers(1, 13)), int(rng.integers(1, 29)))
    if rng.random() < 0.1:
        start = dt.date(2020, 2, 29)
    if rng.random() < 0.3:
        start = dt.date.fromisoformat(f"{period}-{rng.integers(1, 28):02d}").replace(
            year=year - int(rng.integers(0, 3))
        )
    end = dt.date.fromisoformat(f"{period}-{rng.integers(2, 28):02d}") if rng.random() < 0.15 else None
    zone = str(rng.choice(ZONES))
    fits = [1800] if zone in ("Asia/Kolkata", "Australia/Lord_Howe") else [900, 1800, 3600, 3600, 3600]
    below = sorted((int(x) for x in rng.choice(np.arange(960_000, 1_000_001), 3, replace=False)), reverse=True)
    owed = sorted(int(x) for x in rng.choice(np.arange(1, 1_000_001), 3, replace=False))
    steps = [{"below_ppm": a, "credit_ppm": b} for a, b in zip(below, owed, strict=True)][
        : int(rng.choice([0, 2, 3, 3]))
    ]
    return terms(
        effective="2019-01",
        zone=zone,
        start=start.isoformat(),
        end=end.isoformat() if end and end > start else None,
        interval_seconds=int(rng.choice(fits)),
        linear_gap_seconds=int(rng.choice([0, 3600, 7200, 86_400])),
        critical_it_w=int(rng.integers(1, 300_000_000)),
        rent_uusd_per_kw_month=int(rng.integers(0, 200_000_000)),
        escalator_ppm=int(rng.choice([0, 25_000, 30_001, -10_000])),
        take_or_pay_ppm=int(rng.choice([0, 500_000, 800_000, 1_000_000])),
        uptime_ppm=1_000_000,
        credits=steps,
        curtailable_seconds_per_year=int(rng.choice([0, 10, 36_000, 360_000])),
        power=str(rng.choice(["pass_through", "pass_through", "pass_through", "included"])),
        gross_up_ppm=int(rng.choice([1_000_000, 1_010_101, 1_250_000])),
        adder_uusd_per_mwh=int(rng.choice([0, 3_000_000, 1, -500_000])),
        energy_price=rng.choice(np.array([{"uusd": 41_234_567}, _series("price_rt/LZ_WEST"), _series("price_rt/LZ_WEST"), None])),
        gpu_price=rng.choice(np.array([{"uusd": 2_490_000}, _series("gpu/H100"), None])),
        platform_fee_ppm=int(rng.choice([0, 200_000, 333_333])),
        storage=rng.choice(np.array([None, {"capacity_tb": 500_000, "rented_ppm": 876_543, "uusd_per_tb_month": 2_000_001}])),
        meters=[],
        trueup_months=int(rng.choice([0, 1, 6])),
    )  # fmt: skip


def _series(name: str) -> dict[str, str]:
    return {"series": name, "vkey": EXCHANGE}


# --- a random log -----------------------------------------------------------------------------------------------------


def random_log(seed: int) -> list[dict[str, Any]]:
    """A log with one or two closed months of a random contract; the last entry that matters is a `period.close`."""
    rng = np.random.default_rng(seed)
    period = str(rng.choice(MONTHS))
    first = month_before(period) if rng.random() < 0.4 else period
    body = random_terms(rng, period)
    log = Log(rng)
    begin, end = month_bounds(first, body["zone"])[0], month_bounds(period, body["zone"])[1]
    body["meters"] = _meters(rng, body, begin, end)
    apart = body["meters"][2:] if rng.random() < 0.3 else []
    named = log.add(
        "contract.terms", body | {"meters": [one for one in body["meters"] if one not in apart]}, HOST, TENANT
    )
    _amend(log, body, period)
    if apart:
        more = {"contract": CONTRACT, "terms": named, "meters": apart}
        log.add("contract.meters", more, HOST, TENANT)
        log.add("contract.meters", more | {"meters": [one | {"max_per_hour": 1} for one in apart]}, HOST, TENANT)
    if rng.random() < 0.1:
        log.add(
            "contract.meters", {"contract": CONTRACT, "terms": named, "meters": [meter(id="own", measures="it")]}, HOST
        )
    pieces = [*_prices(log, begin, end), *_events(rng, begin, end)]
    for one in body["meters"]:
        pieces += _readings(log, one, begin, end, body)
    late = [one for one in pieces if first != period and rng.random() < 0.2]
    _shuffle_in(log, [one for one in pieces if one not in late], rng)
    if first != period:
        _state_early(log, first)
        late += [*_events(rng, begin, end), *_corrections(rng, body["meters"], begin, end, body)]
        _shuffle_in(log, late, rng)
    if rng.random() < 0.3:
        log.add("period.close", {"contract": CONTRACT, "period": period}, OTHER)  # does not count
    log.add("period.close", {"contract": CONTRACT, "period": period}, HOST)
    if rng.random() < 0.3:
        log.add("meter.batch", batch("feed-1", begin, [1, 2, 3], boot="late"), METER)  # too late to count
    return log.entries


def _meters(rng: np.random.Generator, body: dict[str, Any], begin: int, end: int) -> list[dict[str, Any]]:
    step = body["interval_seconds"]
    found: list[dict[str, Any]] = []
    for kind in ("energy", "energy", "it", "gpu", "check"):
        if rng.random() < 0.35:
            continue
        name = f"{kind}-{len(found)}"
        plain = meter(
            id=name,
            measures=kind,
            checks="energy-0" if kind == "check" else "",
            modulus=int(rng.choice([10**6 + 7, 10**9, 10**12])),
            max_per_hour=int(rng.choice([300_000, 20_000])),
            ocmf_key=OCMF_KEY if rng.random() < 0.2 else "",
        )
        if rng.random() < 0.15:
            exchange = begin + int(rng.integers(0, (end - begin) // step)) * step
            found.append(plain | {"id": f"{name}-old", "until": exchange})
            plain |= {"since": exchange}
        found.append(plain)
    return found


def _amend(log: Log, body: dict[str, Any], period: str) -> None:
    rng = log.rng
    if rng.random() < 0.2:
        log.add("contract.terms", body | {"effective": period, "critical_it_w": 1_234_567}, HOST, TENANT)
    if rng.random() < 0.2:
        log.add("contract.terms", body | {"effective": period, "critical_it_w": 99}, HOST)  # the tenant did not sign
    if rng.random() < 0.2:
        log.add("contract.terms", body | {"effective": period, "tenant": OTHER}, HOST, OTHER)  # not the same parties


def _prices(log: Log, begin: int, end: int) -> list[Piece]:
    rng = log.rng
    found: list[Piece] = []
    for name, low, high in (("price_rt/LZ_WEST", -30_000_000, 90_000_000), ("gpu/H100", 1_000_000, 3_000_000)):
        step = int(rng.choice([3600, 7200]))
        at = begin - int(rng.integers(0, 5)) * 3600
        while at < end:
            n = int(rng.integers(1, 400))
            uusd = [None if rng.random() < 0.004 else int(x) for x in rng.integers(low, high, n)]
            signer = OTHER if rng.random() < 0.03 else EXCHANGE
            found.append(("price.batch", {"series": name, "start": at, "seconds": step, "uusd": uusd}, (signer,)))
            at += step * (n if rng.random() < 0.9 else max(n - 5, 1))
    return found


def _events(rng: np.random.Generator, begin: int, end: int) -> list[Piece]:
    found: list[Piece] = []
    for _ in range(int(rng.integers(0, 10))):
        start = int(rng.integers(begin - 86_400 * int(rng.choice([0, 0, 40])), end))
        cause = str(
            rng.choice(["outage", "outage", "outage", "curtailment", "curtailment", "emergency", "scheduled", "tenant"])
        )
        body = {
            "contract": CONTRACT if rng.random() < 0.95 else "another",
            "start": start,
            "end": start + int(rng.choice([1, 59, 3600, 86_400, 864_000])),
            "cause": cause,
            "available_w": int(rng.choice([0, 1000, 5_000_000, 400_000_000])),
            "reference": "",
            "voids": [],
        }
        found.append(("service.event", body, (HOST, TENANT) if rng.random() < 0.9 else (HOST,)))
    return found


def _readings(log: Log, one: dict[str, Any], begin: int, end: int, body: dict[str, Any]) -> list[Piece]:
    """A meter's true register, and what is sent of it."""
    rng, step = log.rng, body["interval_seconds"] if log.rng.random() < 0.9 else 300
    step = min(step, body["interval_seconds"])
    days = begin - 86_400, end + 86_400
    if rng.random() < 0.2:
        days = begin + int(rng.integers(0, 30)) * step, end - int(rng.integers(0, 30)) * step
    n = (days[1] - days[0]) // step + 1
    advance = rng.integers(0, one["max_per_hour"] * step // 3600 + 1, n)
    truth = (int(rng.integers(0, one["modulus"])) + np.cumsum(advance)) % one["modulus"]
    found: list[Piece] = []
    at, sequence, boot = 0, 0, "a"
    while at < n:
        size = int(rng.integers(1, 600))
        registers: list[int | None] = truth[at : at + size].tolist()
        found += _spoilt(
            rng, one, batch(one["id"], days[0] + at * step, registers, seconds=step, boot=boot, sequence=sequence)
        )
        sequence += 1
        if rng.random() < 0.1:
            boot, sequence = f"{boot}b", 0
        at += size - int(rng.integers(0, 2)) if rng.random() < 0.9 else size + int(rng.integers(0, 8))
        at = max(at, 1)
    if one["ocmf_key"]:
        found += _ocmf(rng, one, days[0], step, truth)
    return found + _corrections(rng, [one], begin, end, body)


def _spoilt(rng: np.random.Generator, one: dict[str, Any], body: dict[str, Any]) -> list[Piece]:
    """A batch with what may be wrong with it; sometimes lost, sometimes sent twice."""
    registers, n = body["registers"], len(body["registers"])
    if rng.random() < 0.1:
        registers[int(rng.integers(n))] = None
    if rng.random() < 0.05:
        hole = int(rng.integers(n))
        registers[hole : hole + 7] = [None] * len(registers[hole : hole + 7])
    if rng.random() < 0.06:
        registers[int(rng.integers(n))] = int(rng.integers(0, 2 * one["modulus"]))
    if rng.random() < 0.06:
        body["suspect"] = sorted({int(x) for x in rng.integers(0, n, 3)})
    if rng.random() < 0.04:
        body["clock"] = {"state": str(rng.choice(["free", "holdover"])), "offset_ms": -70_000, "source": ""}
    if rng.random() < 0.03:
        body["start"] += int(rng.choice([1, 60, 7200]))  # the clock jumped
    if rng.random() < 0.02:
        body["seconds"] = "soon"  # not in its form
    if rng.random() < 0.04:
        return []
    entry: Piece = ("meter.batch", body, (OTHER,) if rng.random() < 0.02 else (METER,))
    if rng.random() < 0.05:
        return [entry, ("meter.batch", body | {"start": body["start"] + 3600}, (METER,))]  # the same number again
    return [entry, entry] if rng.random() < 0.05 else [entry]


def _corrections(
    rng: np.random.Generator, meters: list[dict[str, Any]], begin: int, end: int, body: dict[str, Any]
) -> list[Piece]:
    found: list[Piece] = []
    for one in meters:
        if rng.random() < 0.5:
            continue
        step = body["interval_seconds"]
        values = np.cumsum(rng.integers(0, one["max_per_hour"] * step // 3600 + 1, int(rng.integers(1, 9))))
        registers: list[int | None] = ((values + int(rng.integers(0, one["modulus"]))) % one["modulus"]).tolist()
        if rng.random() < 0.4:
            registers = [None for _ in registers]
        if rng.random() < 0.2:
            registers[0] = one["modulus"] + 5
        correction = {
            "contract": CONTRACT,
            "meter": one["id"],
            "of": [],
            "start": begin + int(rng.integers(0, (end - begin) // step)) * step,
            "seconds": step,
            "registers": registers,
            "method": "site_reading",
            "reason": "read by both",
        }
        found.append(("meter.correction", correction, (HOST, TENANT) if rng.random() < 0.85 else (HOST,)))
    return found


def _ocmf(rng: np.random.Generator, one: dict[str, Any], start: int, step: int, truth: Any) -> list[Piece]:
    found: list[Piece] = []
    for k in rng.integers(0, len(truth), 5).tolist():
        text = ocmf_text(one["id"], [(start + k * step, int(truth[k]))])
        body = {"meter": one["id"], "text": text, "readings": [[start + k * step, int(truth[k])]]}
        found.append(("ocmf", body, (OTHER,)))
    return found


def ocmf_text(serial: str, readings: list[tuple[int, int]], **changes: Any) -> str:
    """An OCMF text signed by the tests' meter; Wh are written as kWh with three decimals."""
    listed = [
        {
            "TM": f"{dt.datetime.fromtimestamp(at, dt.UTC):%Y-%m-%dT%H:%M:%S},000+0000 S",
            "RV": wh / 1000,
            "RI": "1-0:1.8.0",
            "RU": "kWh",
            "ST": "G",
        }
        | changes
        for at, wh in readings
    ]
    payload = json.dumps({"FV": "1.2", "PG": "F1", "MS": serial, "RD": listed})
    signature = OCMF_PRIVATE.sign(payload.encode(), ec.ECDSA(hashes.SHA256())).hex()
    return f"OCMF|{payload}|{json.dumps({'SA': 'ECDSA-secp256r1-SHA256', 'SD': signature})}"


def _shuffle_in(log: Log, pieces: list[Piece], rng: np.random.Generator) -> None:
    """Append in an order that is nearly that of time; now and then an event takes an earlier one back."""
    order = np.argsort(np.arange(len(pieces)) + rng.normal(0, 2, len(pieces)))
    events: list[str] = []
    for k in order.tolist():
        kind, body, vkeys = pieces[k]
        if kind == "service.event" and events and rng.random() < 0.3:
            body = body | {"voids": [str(rng.choice(events))]}
        added = log.add(kind, body, *vkeys)
        if kind == "service.event":
            events.append(added)


def _state_early(log: Log, period: str) -> None:
    """Close and state a month; sometimes the host errs, and sometimes it states twice."""
    for _ in range(1 + int(log.rng.random() < 0.3)):
        log.add("period.close", {"contract": CONTRACT, "period": period}, HOST)
        body = statement_body(log.entries)
        if log.rng.random() < 0.4:
            line = body["lines"][int(log.rng.integers(5))]
            line["cents"] += 1
            body["total_cents"] += 1
        log.add("statement", body, HOST)
