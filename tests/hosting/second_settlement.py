"""A second implementation of the settlement arithmetic, written from `docs/proof/settlement.md` alone.

It takes entries whose signatures (and OCMF texts) were verified before, in log order, and gives the body of a statement.
"""

from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from tests.hosting.second_forms import FIVE_LINES, FORMULA, LIMIT, Entry, entry_id
from tests.hosting.second_log import Log, events_of, meters_of, read_log, standing_statements, terms_of
from tests.hosting.second_registers import Window, price_of, window_of
from tests.hosting.second_time import Part, Span, month_number, parts_of, span_of
from tests.hosting.second_uptime import Uptime, uptime_of

MILLION = 10**6


@dataclass(frozen=True)
class Month:
    """All that the lines of one month are made of."""

    log: Log
    terms: dict[str, Any]
    span: Span
    parts: list[Part]
    measured: list[tuple[str, Window]]
    uptime: Uptime

    def total(self, measures: str) -> int:
        """The sum of the amounts of all intervals that are not missing, of the meters that measure this."""
        return sum(interval.amount for interval in self.intervals(measures))

    def intervals(self, *measures: str) -> list[Any]:
        return [interval for name, window in self.measured if name in measures for interval in window.intervals]


def month_of(log: Log, period: str) -> Month:
    """Everything of a month, by the terms that hold for it."""
    entry = terms_of(log, period)
    terms = entry["body"]
    span = span_of(terms, period)
    parts = parts_of(terms, period, span)
    billed = [meter for meter in meters_of(log, entry) if meter["measures"] != "check"]
    measured = [(meter["measures"], window_of(log, terms, meter, span)) for meter in billed]
    return Month(log, terms, span, parts, measured, uptime_of(terms, events_of(log), parts, span))


def rent(month: Month) -> int:
    """Section 4.4, `rent`: the parts of the month by their escalation, and the share that is used or due anyhow."""
    terms, span = month.terms, month.span
    whole = Fraction(terms["critical_it_w"], 1000) * Fraction(terms["rent_uusd_per_kw_month"], MILLION)
    growth = 1 + Fraction(terms["escalator_ppm"], MILLION)
    full = sum(
        (whole * growth**part.year * Fraction(part.end - part.start, span.month_seconds) for part in month.parts),
        start=Fraction(0),
    )
    return round(100 * full * max(used(month), Fraction(terms["take_or_pay_ppm"], MILLION)))


def used(month: Month) -> Fraction:
    """Section 4.4, `used`: the share of the critical IT energy that was taken."""
    divisor = month.terms["critical_it_w"] * month.span.covered_seconds
    if divisor == 0 or all(measures != "it" for measures, _ in month.measured):
        return Fraction(1)
    return min(Fraction(1), Fraction(month.total("it") * 3600, divisor))


def energy_is_billed(terms: dict[str, Any]) -> bool:
    return terms["power"] == "pass_through" and terms["energy_price"] is not None


def energy(month: Month) -> int:
    """Section 4.4, `energy`: one rounding for the whole sum."""
    terms = month.terms
    if not energy_is_billed(terms):
        return 0
    price = price_of(month.log, terms["energy_price"])
    sums = 0
    for interval in month.intervals("energy"):
        p = price(interval.start)
        if p is not None:
            sums += interval.amount * terms["gross_up_ppm"] * (p + terms["adder_uusd_per_mwh"])
    return round(Fraction(sums, 10**16))


def gpu(month: Month) -> int:
    """Section 4.4, `gpu`: the host's share of the hours that were sold."""
    terms = month.terms
    if terms["gpu_price"] is None:
        return 0
    price = price_of(month.log, terms["gpu_price"])
    sums = 0
    for interval in month.intervals("gpu"):
        p = price(interval.start)
        if p is not None:
            sums += interval.amount * p * (MILLION - terms["platform_fee_ppm"])
    return round(Fraction(sums, 36 * 10**12))


def storage(month: Month) -> int:
    """Section 4.4, `storage`."""
    rented = month.terms["storage"]
    if rented is None:
        return 0
    share = Fraction(rented["rented_ppm"], MILLION) * Fraction(month.span.covered_seconds, month.span.month_seconds)
    cents: Fraction = 100 * rented["capacity_tb"] * share * Fraction(rented["uusd_per_tb_month"], MILLION)
    return round(cents)


def credit(month: Month, cents: int) -> int:
    """Section 4.4, `credit`: the highest step that availability lies below, of the cents of rent and storage."""
    steps = [
        step["credit_ppm"]
        for step in month.terms["credits"]
        if month.uptime.availability < Fraction(step["below_ppm"], MILLION)
    ]
    return -round(Fraction(max(steps, default=0) * cents, MILLION))


def five_lines(month: Month) -> dict[str, int]:
    """Section 4.4: the five lines, always all, in this order."""
    lines = {"rent": rent(month), "energy": energy(month), "gpu": gpu(month), "storage": storage(month)}
    return {**lines, "credit": credit(month, lines["rent"] + lines["storage"])}


def unpriced(month: Month) -> int:
    """Section 4.6: the number of intervals that are not missing and that need a price and have none."""
    terms, count = month.terms, 0
    for measures, asked in (("energy", energy_is_billed(terms)), ("gpu", terms["gpu_price"] is not None)):
        if asked:
            price = price_of(month.log, terms[f"{measures}_price"])
            count += sum(price(interval.start) is None for interval in month.intervals(measures))
    return count


def facts(month: Month) -> dict[str, int]:
    """Section 4.6: what a reader wants to know of P."""
    grid = month.terms["interval_seconds"]
    kinds = [interval.kind for interval in month.intervals("energy", "it", "gpu")]
    windows = sum(window.end - window.start for _, window in month.measured)
    return {
        "month_seconds": month.span.month_seconds,
        "covered_seconds": month.span.covered_seconds,
        "energy_wh": month.total("energy"),
        "it_wh": month.total("it"),
        "gpu_seconds": month.total("gpu"),
        "measured_seconds": kinds.count("measured") * grid,
        "corrected_seconds": kinds.count("corrected") * grid,
        "estimated_seconds": kinds.count("estimated") * grid,
        "missing_seconds": windows - len(kinds) * grid,
        "unpriced_seconds": unpriced(month) * grid,
        "excused_seconds": month.uptime.excused_seconds,
        "availability_ppb": month.uptime.availability * 10**9 // 1,
    }


def trueups(log: Log, period: str, months: int) -> dict[str, int]:
    """Section 4.5: for each earlier month that was stated, what it comes to now less what was stated so far."""
    standing = standing_statements(log)
    lines = {}
    for earlier in sorted(standing):
        if not 1 <= month_number(period) - month_number(earlier) <= months:
            continue
        stated = sum(standing[earlier][name] for name in FIVE_LINES)
        stated += sum(cents.get(f"trueup/{earlier}", 0) for R, cents in standing.items() if earlier < R < period)
        difference = sum(five_lines(month_of(log, earlier)).values()) - stated
        if difference:
            lines[f"trueup/{earlier}"] = difference
    return lines


def statement(entries: list[Entry]) -> dict[str, Any]:
    """Section 4: the body of the statement that the last counting `period.close` asks for."""
    close, log = read_log(entries)
    period = close["body"]["period"]
    terms = terms_of(log, period)
    month = month_of(log, period)
    lines = {**five_lines(month), **trueups(log, period, terms["body"]["trueup_months"])}
    said, total = facts(month), sum(lines.values())
    for name, value in {**lines, **said, "total_cents": total}.items():
        if abs(value) > LIMIT:
            raise ValueError(f"{name} is {value}, outside -10^15..10^15")
    return {
        "formula": FORMULA,
        "contract": log.contract,
        "period": period,
        "close": entry_id(close),
        "terms": entry_id(terms),
        "currency": "USD",
        "lines": [{"line": name, "cents": cents} for name, cents in lines.items()],
        "total_cents": total,
        "facts": said,
    }
