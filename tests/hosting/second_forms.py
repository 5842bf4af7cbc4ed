"""Sections 1 to 3 of the settlement page: how members are spelled, and the form of each type of entry."""

import base64
import binascii
import hashlib
import json
import re
import zoneinfo
from collections.abc import Callable
from datetime import date
from functools import cache
from itertools import pairwise
from typing import Any

Entry = dict[str, Any]
Form = Callable[[Any], bool]

LIMIT = 10**15
FORMULA = "megawatt/settlement/1"
FIVE_LINES = ("rent", "energy", "gpu", "storage", "credit")


def entry_id(entry: Entry) -> str:
    """Section 1: SHA-256 of a zero byte and the canonical bytes (sorted names, no spaces, UTF-8)."""
    text = json.dumps(entry, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(b"\x00" + text.encode("utf-8")).hexdigest()


def integer(low: int = -LIMIT, high: int = LIMIT) -> Form:
    """Section 1: an integer is never true or false."""
    return lambda value: type(value) is int and low <= value <= high


def text(low: int = 1, high: int = 1000) -> Form:
    """Section 1: strings have at most 1,000 characters, and are not empty where nothing else is said."""
    return lambda value: isinstance(value, str) and low <= len(value) <= high


def one_of(*values: str | int) -> Form:
    return lambda value: type(value) in (str, int) and value in values


def or_null(form: Form) -> Form:
    return lambda value: value is None or form(value)


def or_empty(form: Form) -> Form:
    return lambda value: value == "" or form(value)


def list_of(form: Form, low: int = 0, high: int = LIMIT) -> Form:
    return lambda value: isinstance(value, list) and low <= len(value) <= high and all(map(form, value))


def record(members: dict[str, Form]) -> Form:
    """Section 2: exactly the members listed, each with the form listed."""
    return lambda value: (
        isinstance(value, dict)
        and value.keys() == members.keys()
        and all(form(value[name]) for name, form in members.items())
    )


def matches(pattern: str) -> Form:
    return lambda value: isinstance(value, str) and re.fullmatch(pattern, value, re.ASCII) is not None


def is_day(value: Any) -> bool:
    """Section 1: a local day, `2024-07-01`, of the years 1971 to 2999."""
    if not matches(r"\d{4}-\d\d-\d\d")(value) or not "1971" <= value[:4] <= "2999":
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def is_month(value: Any) -> bool:
    """Section 1: a local month, `2024-07`."""
    return matches(r"\d{4}-\d\d")(value) and is_day(f"{value}-01")


def is_zone(value: Any) -> bool:
    """Section 3.1: an IANA time zone, which a machine's own `localtime` is not."""
    return isinstance(value, str) and value in _zones()


@cache
def _zones() -> frozenset[str]:
    return frozenset(zoneinfo.available_timezones() - {"localtime"})


def is_vkey(value: Any) -> bool:
    """Section 1: a public key of type 0x01 in the text form of notes, `name+hash+base64`."""
    if not text()(value) or value.count("+") < 2:
        return False
    name, digest, encoded = value.split("+", 2)
    if not name or re.search(r"\s", name) or not matches("[0-9a-f]{8}")(digest):
        return False
    try:
        key = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError):
        return False
    if len(key) != 33 or key[0] != 1 or base64.b64encode(key).decode() != encoded:
        return False
    return hashlib.sha256(name.encode() + b"\n" + key).hexdigest()[:8] == str(digest)


is_id = matches("[0-9a-f]{64}")
instant = integer(0, 10**11)
power = integer(0, 10**12)
rate = integer(-(10**12), 10**12)
rate_not_negative = integer(0, 10**12)
ppm = integer(0, 10**6)

fixed_price = record({"uusd": rate})
series_price = record({"series": text(), "vkey": is_vkey})


def is_price(value: Any) -> bool:
    """Section 3.1: fixed, or of a series signed by a key."""
    return fixed_price(value) or series_price(value)


meter_members = record(
    {
        "id": text(),
        "measures": one_of("energy", "it", "gpu", "check"),
        "vkey": or_empty(is_vkey),
        "ocmf_key": or_empty(matches("([0-9a-fA-F]{2}){1,500}")),
        "checks": text(low=0),
        "modulus": integer(1, 10**15),
        "max_per_hour": integer(1, 10**12),
        "since": or_null(instant),
        "until": or_null(instant),
    }
)


def is_meter(value: Any) -> bool:
    """Section 3.1: `checks` names a meter for a check meter, and is empty for the others."""
    return meter_members(value) and (value["measures"] == "check") == (value["checks"] != "")


def is_list_of_meters(value: Any) -> bool:
    """Section 3.1: a list of meters, each `id` once."""
    return list_of(is_meter)(value) and len({meter["id"] for meter in value}) == len(value)


def windows_on_grid(meters: list[dict[str, Any]], interval_seconds: int) -> bool:
    """Section 3.1: `since` and `until` are multiples of `interval_seconds`, or null."""
    bounds = [bound for meter in meters for bound in (meter["since"], meter["until"]) if bound is not None]
    return all(bound % interval_seconds == 0 for bound in bounds)


def terms_agree(body: dict[str, Any]) -> bool:
    """Section 3.1: what members of `contract.terms` say of each other."""
    steps = body["credits"]
    return (
        body["host"] != body["tenant"]
        and (body["end"] is None or body["end"] > body["start"])
        and all(a["below_ppm"] > b["below_ppm"] and a["credit_ppm"] < b["credit_ppm"] for a, b in pairwise(steps))
        and (not steps or steps[0]["below_ppm"] <= body["uptime_ppm"])
        and windows_on_grid(body["meters"], body["interval_seconds"])
    )


def batch_agrees(body: dict[str, Any]) -> bool:
    """Section 3.2: `suspect` are positions in `registers`, strictly increasing."""
    suspect = body["suspect"]
    return all(a < b for a, b in pairwise(suspect)) and all(position < len(body["registers"]) for position in suspect)


def event_agrees(body: dict[str, Any]) -> bool:
    """Section 3.6: start < end."""
    return bool(body["start"] < body["end"])


def statement_agrees(body: dict[str, Any]) -> bool:
    """Section 4.6: no name twice, the five among them, the total is the sum."""
    names = [line["line"] for line in body["lines"]]
    total = sum(line["cents"] for line in body["lines"])
    return len(set(names)) == len(names) and set(FIVE_LINES) <= set(names) and body["total_cents"] == total


def is_facts(value: Any) -> bool:
    """Section 4.6: an object of integers."""
    return isinstance(value, dict) and all(map(integer(), value.values()))


registers = list_of(or_null(integer(low=0)), 1, 4000)
clock = record({"state": one_of("synced", "holdover", "free"), "offset_ms": integer(), "source": text(low=0)})

FORMS: dict[str, Form] = {
    "contract.terms": record(
        {
            "contract": text(),
            "host": is_vkey,
            "tenant": is_vkey,
            "effective": is_month,
            "zone": is_zone,
            "start": is_day,
            "end": or_null(is_day),
            "interval_seconds": one_of(60, 300, 900, 1800, 3600),
            "linear_gap_seconds": integer(0, 604800),
            "critical_it_w": power,
            "rent_uusd_per_kw_month": rate_not_negative,
            "escalator_ppm": integer(-999999, 999999),
            "take_or_pay_ppm": ppm,
            "uptime_ppm": ppm,
            "credits": list_of(record({"below_ppm": ppm, "credit_ppm": ppm})),
            "curtailable_seconds_per_year": integer(0, 31622400),
            "power": one_of("pass_through", "included"),
            "gross_up_ppm": integer(0, 10**7),
            "adder_uusd_per_mwh": rate,
            "energy_price": or_null(is_price),
            "gpu_price": or_null(is_price),
            "platform_fee_ppm": ppm,
            "storage": or_null(
                record({"capacity_tb": integer(0, 10**9), "rented_ppm": ppm, "uusd_per_tb_month": rate_not_negative})
            ),
            "meters": is_list_of_meters,
            "trueup_months": integer(0, 120),
        }
    ),
    "contract.meters": record({"contract": text(), "terms": is_id, "meters": is_list_of_meters}),
    "meter.batch": record(
        {
            "meter": text(),
            "boot": text(),
            "sequence": integer(low=0),
            "previous": or_empty(is_id),
            "start": instant,
            "seconds": integer(1, 86400),
            "registers": registers,
            "suspect": list_of(integer(low=0)),
            "clock": clock,
        }
    ),
    "meter.correction": record(
        {
            "contract": text(),
            "meter": text(),
            "of": list_of(is_id),
            "start": instant,
            "seconds": integer(1, 86400),
            "registers": registers,
            "method": one_of("check_meter", "linear", "history", "site_reading", "edit"),
            "reason": text(),
        }
    ),
    "ocmf": record(
        {
            "meter": text(),
            "text": text(high=60_000),
            "readings": list_of(
                lambda pair: list_of(integer(low=0), 2, 2)(pair) and instant(pair[0]),
                1,
                4000,
            ),
        }
    ),
    "price.batch": record(
        {
            "series": text(),
            "start": instant,
            "seconds": integer(1, 2678400),
            "uusd": list_of(or_null(rate), 1, 4000),
        }
    ),
    "service.event": record(
        {
            "contract": text(),
            "start": instant,
            "end": instant,
            "cause": one_of("outage", "curtailment", "emergency", "scheduled", "tenant"),
            "available_w": power,
            "reference": text(low=0),
            "voids": list_of(is_id),
        }
    ),
    "period.close": record({"contract": text(), "period": is_month}),
    "statement": record(
        {
            "formula": one_of(FORMULA),
            "contract": text(),
            "period": is_month,
            "close": is_id,
            "terms": is_id,
            "currency": one_of("USD"),
            "lines": list_of(record({"line": text(), "cents": integer()})),
            "total_cents": integer(),
            "facts": is_facts,
        }
    ),
}

AGREEMENTS: dict[str, Callable[[dict[str, Any]], bool]] = {
    "contract.terms": terms_agree,
    "meter.batch": batch_agrees,
    "service.event": event_agrees,
    "statement": statement_agrees,
}


def well_formed(entry: Entry) -> bool:
    """Section 2: one of our types, `v` 1, and a body of the form listed. Who must have signed is not asked here."""
    if entry.keys() != {"type", "v", "salt", "body", "signatures"} or not isinstance(entry["signatures"], dict):
        return False
    kind = entry["type"]
    if not isinstance(kind, str) or kind not in FORMS or not integer(1, 1)(entry["v"]):
        return False
    body = entry["body"]
    return FORMS[kind](body) and (kind not in AGREEMENTS or AGREEMENTS[kind](body))
