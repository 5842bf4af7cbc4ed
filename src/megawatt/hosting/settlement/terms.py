"""The terms of a contract as they stand in the log, in integers, and the contract's formula made from them.

Rates go into the formula as decimal floats; the limits of the format keep them within 15 digits, where a float prints
as exactly the number that the terms say, and the formula counts it as that.
"""

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Self

from megawatt.core.errors import InputError
from megawatt.core.timegrid import zone
from megawatt.core.units import ItMW
from megawatt.hosting.contract import Contract, PowerTerms
from megawatt.hosting.metering.fields import LIMIT, MAX_RATE, MILLION, Fields, bad
from megawatt.hosting.metering.register import Register
from megawatt.hosting.month import local_midnight
from megawatt.hosting.storage import StorageHall
from megawatt.hosting.uptime_credit import CreditStep, CreditTable
from megawatt.proof.canonical import Json

TERMS, MORE_METERS = "contract.terms", "contract.meters"
ENERGY, IT, GPU, CHECK = "energy", "it", "gpu", "check"
INTERVALS = (60, 300, 900, 1800, 3600)
_WEEK = 7 * 86_400
_LEAP_YEAR = 366 * 86_400
_MOST_GROSS_UP = 10 * MILLION
_MOST_TB = 10**9
_HEX = frozenset("0123456789abcdefABCDEF")


def instant(day: dt.date, timezone: str) -> int:
    """The instant at which a local day begins [s since 1970 UTC]."""
    return int(local_midnight(day, timezone).astype("datetime64[s]").astype(int))


@dataclass(frozen=True, slots=True)
class Price:
    """A fixed price, or the name of a series and whose signature makes it count.

    Attributes:
        uusd: Fixed price [micro-USD per unit], or None.
        series: Name of the series, empty for a fixed price.
        vkey: Key that signs its batches.
    """

    uusd: int | None
    series: str = ""
    vkey: str = ""

    @classmethod
    def from_json(cls, value: Json, what: str) -> Self:
        """Read a price of the terms."""
        fields = Fields(value, what)
        if isinstance(value, Mapping) and "uusd" in value:
            price = cls(fields.integer("uusd", -MAX_RATE, MAX_RATE))
        else:
            price = cls(None, fields.text("series"), fields.vkey("vkey"))
        fields.end()
        return price


@dataclass(frozen=True, slots=True)
class Meter:
    """A meter that the contract names.

    Attributes:
        id: Its name.
        measures: `energy`, `it`, `gpu` or `check`.
        vkey: Key of its batches; empty if it sends OCMF only.
        ocmf_key: Hexadecimal DER public key of its OCMF texts; may be empty.
        checks: For a `check` meter, whom it checks.
        modulus: The register counts 0 to modulus - 1.
        max_per_hour: The most that the register advances in an hour.
        since: From when on it counts [s since 1970 UTC]; None: always.
        until: Up to when it counts; None: always.
    """

    id: str
    measures: str
    vkey: str
    ocmf_key: str
    checks: str
    modulus: int
    max_per_hour: int
    since: int | None
    until: int | None

    @classmethod
    def from_json(cls, value: Json) -> Self:
        """Read a member of `meters`."""
        fields = Fields(value, "meter")
        meter = cls(
            id=fields.text("id"),
            measures=fields.choice("measures", ENERGY, IT, GPU, CHECK),
            vkey=fields.vkey("vkey", empty=True),
            ocmf_key=fields.text("ocmf_key", empty=True),
            checks=fields.text("checks", empty=True),
            modulus=fields.integer("modulus", 1, LIMIT),
            max_per_hour=fields.integer("max_per_hour", 1, MAX_RATE),
            since=fields.optional("since", fields.instant),
            until=fields.optional("until", fields.instant),
        )
        fields.end()
        if not set(meter.ocmf_key) <= _HEX or len(meter.ocmf_key) % 2:
            raise bad(f"meter {meter.id[:40]!r}, ocmf_key", "it is hexadecimal")
        if bool(meter.checks) != (meter.measures == CHECK):
            raise bad(f"meter {meter.id[:40]!r}, checks", "a check meter names whom it checks, and no other does")
        return meter

    def fits(self, interval_seconds: int) -> bool:
        """Whether it begins and ends to count on the grid."""
        return not (self.since or 0) % interval_seconds and not (self.until or 0) % interval_seconds


def _meters(fields: Fields) -> tuple[Meter, ...]:
    meters = tuple(Meter.from_json(one) for one in fields.items("meters"))
    if len({one.id for one in meters}) < len(meters):
        raise bad("a meter that is listed twice", "each id is listed once")
    return meters


@dataclass(frozen=True, slots=True)
class MoreMeters:
    """Meters of terms that have more of them than fit into one entry.

    Attributes:
        contract: Name of the contract.
        terms: Entry id of the terms.
        meters: Meters.
    """

    contract: str
    terms: str
    meters: tuple[Meter, ...]

    @classmethod
    def from_body(cls, body: Mapping[str, Json]) -> Self:
        """Read the body of an entry.

        Raises:
            FormatError: The body is not as docs/proof/settlement.md says.
        """
        fields = Fields(body, MORE_METERS)
        more = cls(fields.text("contract"), fields.id("terms"), _meters(fields))
        fields.end()
        return more


@dataclass(frozen=True, slots=True)
class Terms:
    """Body of `contract.terms`; members as in docs/proof/settlement.md."""

    name: str
    host: str
    tenant: str
    effective: str
    zone: str
    contract: Contract
    interval_seconds: int
    linear_gap_seconds: int
    critical_it_w: int
    curtailable_seconds_per_year: int
    gross_up_ppm: int
    adder_uusd_per_mwh: int
    energy_price: Price | None
    gpu_price: Price | None
    platform_fee_ppm: int
    storage: StorageHall | None
    meters: tuple[Meter, ...]
    trueup_months: int

    @property
    def it(self) -> ItMW:
        """Critical IT power under contract."""
        return ItMW(self.critical_it_w / MILLION)

    def register(self, meter: Meter) -> Register:
        """Rules of a meter's register under these terms."""
        return Register(meter.modulus, meter.max_per_hour, self.interval_seconds, self.linear_gap_seconds)

    @classmethod
    def from_body(cls, body: Mapping[str, Json]) -> Self:
        """Read the body of an entry.

        Raises:
            FormatError: The body is not as docs/proof/settlement.md says.
        """
        fields = Fields(body, TERMS)
        interval = fields.integer("interval_seconds", 60)
        if interval not in INTERVALS:
            raise bad(f"interval_seconds {interval}", f"it is one of {', '.join(map(str, INTERVALS))}")
        timezone = fields.text("zone")
        try:
            zone(timezone)
            contract = _contract(fields)
            storage = fields.optional("storage", lambda name: _storage(fields.take(name)))
        except InputError as error:
            raise bad(error.value, error.rule) from None
        terms = cls(
            name=fields.text("contract"),
            host=fields.vkey("host"),
            tenant=fields.vkey("tenant"),
            effective=fields.month("effective"),
            zone=timezone,
            contract=contract,
            interval_seconds=interval,
            linear_gap_seconds=fields.integer("linear_gap_seconds", 0, _WEEK),
            critical_it_w=fields.integer("critical_it_w", 0, MAX_RATE),
            curtailable_seconds_per_year=fields.integer("curtailable_seconds_per_year", 0, _LEAP_YEAR),
            gross_up_ppm=fields.integer("gross_up_ppm", 0, _MOST_GROSS_UP),
            adder_uusd_per_mwh=fields.integer("adder_uusd_per_mwh", -MAX_RATE, MAX_RATE),
            energy_price=fields.optional("energy_price", lambda name: Price.from_json(fields.take(name), name)),
            gpu_price=fields.optional("gpu_price", lambda name: Price.from_json(fields.take(name), name)),
            platform_fee_ppm=fields.ppm("platform_fee_ppm"),
            storage=storage,
            meters=_meters(fields),
            trueup_months=fields.integer("trueup_months", 0, 120),
        )
        fields.end()
        if terms.host == terms.tenant:
            raise bad("host and tenant with the same key", "two parties have two keys")
        if not all(one.fits(interval) for one in terms.meters):
            raise bad("a meter's since or until", "it is a multiple of interval_seconds")
        return terms

    def joined(self, more: Iterable[MoreMeters]) -> Self:
        """The terms with further meters: an id that is there already stays as it is."""
        meters = {one.id: one for one in self.meters}
        for entry in more:
            if all(one.fits(self.interval_seconds) for one in entry.meters):
                meters = {one.id: one for one in entry.meters} | meters
        return replace(self, meters=tuple(meters.values()))


def _day(fields: Fields, name: str) -> dt.date:
    text = fields.text(name)
    try:
        day = dt.date.fromisoformat(text)
    except ValueError:
        day = None
    if day is None or day.isoformat() != text or not 1971 <= day.year <= 2999:
        raise bad(f"{name} {text[:40]!r}", "a day reads 2024-07-01, in the years 1971 to 2999")
    return day


def _contract(fields: Fields) -> Contract:
    return Contract(
        tenant="the tenant",
        rent_usd_per_kw_month=fields.integer("rent_uusd_per_kw_month", 0, MAX_RATE) / MILLION,
        start=_day(fields, "start"),
        end=fields.optional("end", lambda name: _day(fields, name)),
        escalator_per_year=fields.integer("escalator_ppm", 1 - MILLION, MILLION - 1) / MILLION,
        power=PowerTerms(fields.choice("power", *PowerTerms)),
        take_or_pay_fraction=fields.ppm("take_or_pay_ppm") / MILLION,
        uptime_fraction=fields.ppm("uptime_ppm") / MILLION,
        credits=CreditTable(tuple(_step(one) for one in fields.items("credits"))),
    )


def _step(value: Json) -> CreditStep:
    fields = Fields(value, "credit")
    step = CreditStep(fields.ppm("below_ppm") / MILLION, fields.ppm("credit_ppm") / MILLION)
    fields.end()
    return step


def _storage(value: Json) -> StorageHall:
    fields = Fields(value, "storage")
    hall = StorageHall(
        it=ItMW(0.0),  # its power is metered with the rest
        capacity_tb=fields.integer("capacity_tb", 0, _MOST_TB),
        rented_fraction=fields.ppm("rented_ppm") / MILLION,
        usd_per_tb_month=fields.integer("uusd_per_tb_month", 0, MAX_RATE) / MILLION,
    )
    fields.end()
    return hall
