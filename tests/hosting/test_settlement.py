"""Statements of small months whose answer is worked out by hand, and everything that may go wrong with their entries."""

from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.hosting.settlement.book import Book
from megawatt.hosting.settlement.calculation import last_close, statement_of
from megawatt.hosting.settlement.statement import Statement
from megawatt.proof.errors import FormatError
from tests.hosting.months import (
    CONTRACT,
    EXCHANGE,
    HOST,
    METER,
    OTHER,
    TENANT,
    Log,
    batch,
    entry_of,
    meter,
    midnight_of,
    month_bounds,
    statement_body,
    terms,
)

JULY = "2024-07"
ZONE = "America/Chicago"


def new_log(**changes: Any) -> Log:
    log = Log(np.random.default_rng(1))
    log.add("contract.terms", terms(**changes), HOST, TENANT)
    return log


def close(log: Log, period: str = JULY) -> Statement:
    """Close the month and compute it."""
    log.add("period.close", {"contract": CONTRACT, "period": period}, HOST)
    return Statement.from_body(statement_body(log.entries))


def month_of_readings(log: Log, period: str = JULY, *, wh: int = 1000, register: int = 0, **changes: Any) -> None:
    """A reading each hour of the month, `wh` apart."""
    begin, end = month_bounds(period, ZONE)
    n = (end - begin) // 3600 + 1
    log.add("meter.batch", batch("feed-1", begin, [register + wh * k for k in range(n)]) | changes, METER)


def event(start: int, seconds: int, cause: str = "outage", available_w: int = 0, **changes: Any) -> dict[str, Any]:
    return {"contract": CONTRACT, "start": start, "end": start + seconds, "cause": cause, "available_w": available_w,
            "reference": "", "voids": []} | changes  # fmt: skip


# --- the lines --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("period", "hours"), [("2024-07", 744), ("2024-03", 743), ("2024-11", 721), ("2024-02", 696), ("2023-02", 672)])  # fmt: skip
def test_the_rent_of_a_month_is_the_same_however_long_it_is(period: str, hours: int) -> None:
    log = new_log()
    month_of_readings(log, period)
    statement = close(log, period)
    assert statement.lines["rent"] == 244_000_000
    assert statement.lines["energy"] == round(Fraction(hours * 1000 * 40, 10_000))  # Wh x USD/MWh in cents
    assert statement.facts["covered_seconds"] == statement.facts["measured_seconds"] == hours * 3600
    assert statement.total_cents == statement.lines["rent"] + statement.lines["energy"]


def test_the_escalator_rises_on_the_anniversary_within_the_month() -> None:
    log = new_log(start="2022-07-11", escalator_ppm=30_000)
    # Ten days at the rent of the second year, twenty-one at that of the third.
    rent = 20_000 * 122 * (Fraction(103, 100) * 10 + Fraction(103, 100) ** 2 * 21) / 31
    assert close(log).lines["rent"] == round(rent * 100)


def test_take_or_pay_is_the_least_and_use_the_most() -> None:
    half = {"take_or_pay_ppm": 500_000, "meters": [meter(measures="it", max_per_hour=20_000_000)]}
    for wh, share in ((0, Fraction(1, 2)), (15_000_000, Fraction(3, 4)), (20_000_000, Fraction(1))):
        log = new_log(**half)
        month_of_readings(log, wh=wh)
        assert close(log).lines["rent"] == 244_000_000 * share


def test_prices_below_zero_are_passed_through_and_included_power_is_not_billed() -> None:
    series = {"series": "price_rt/LZ_WEST", "vkey": EXCHANGE}
    begin = month_bounds(JULY, ZONE)[0]
    for power, cents in (("pass_through", -744 * 20), ("included", 0)):
        log = new_log(energy_price=series, power=power)
        month_of_readings(log, wh=100_000)
        log.add(
            "price.batch",
            {"series": series["series"], "start": begin, "seconds": 86_400, "uusd": [-2_000_000] * 31},
            EXCHANGE,
        )
        assert close(log).lines["energy"] == cents


def test_gpu_hours_are_paid_less_the_platform_s_fee() -> None:
    log = new_log(meters=[meter(measures="gpu")], gpu_price={"uusd": 2_490_000}, platform_fee_ppm=200_000)
    month_of_readings(log, wh=3600 * 100)  # 100 GPUs
    assert close(log).lines["gpu"] == round(744 * 100 * Fraction("2.49") * Fraction(8, 10) * 100)


def test_storage_is_rented_by_the_share_of_the_month() -> None:
    log = new_log(
        start="2024-07-17", storage={"capacity_tb": 500_000, "rented_ppm": 800_000, "uusd_per_tb_month": 2_000_000}
    )
    statement = close(log)
    assert statement.lines["storage"] == round(Fraction(400_000 * 2 * 100 * 15, 31))
    assert statement.lines["rent"] == round(Fraction(244_000_000 * 15, 31))


# --- uptime -----------------------------------------------------------------------------------------------------------

CREDITS = {"credits": [{"below_ppm": 999_000, "credit_ppm": 100_000}, {"below_ppm": 990_000, "credit_ppm": 250_000}]}


@pytest.mark.parametrize(
    ("seconds", "cause", "cents"),
    [
        (2678, "outage", 0),  # 2,678.4 s are a thousandth of July
        (2679, "outage", -24_400_000),
        (26_785, "outage", -61_000_000),
        (26_785, "emergency", 0),
        (26_785, "scheduled", 0),
        (26_785, "tenant", 0),
        (26_785, "curtailment", 0),
    ],
)
def test_an_outage_is_credited_by_its_step_and_an_exclusion_is_not(seconds: int, cause: str, cents: int) -> None:
    log = new_log(curtailable_seconds_per_year=26_785, **CREDITS)
    log.add("service.event", event(midnight_of("2024-07-05", ZONE), seconds, cause), HOST, TENANT)
    assert close(log).lines["credit"] == cents


def test_curtailment_beyond_the_allowance_of_its_contract_year_counts_as_an_outage() -> None:
    log = new_log(start="2023-07-01", curtailable_seconds_per_year=7200, **CREDITS)
    for day in ("2024-06-30", "2024-07-02", "2024-07-03"):  # a contract year ends with June
        log.add("service.event", event(midnight_of(day, ZONE), 7200, "curtailment"), HOST, TENANT)
    statement = close(log)
    assert statement.facts["excused_seconds"] == 7200
    assert statement.facts["availability_ppb"] == 10**9 - -(-7200 * 10**9 // (744 * 3600))
    assert statement.lines["credit"] == -24_400_000


def test_an_event_that_one_party_alone_signed_does_not_count_and_one_taken_back_neither() -> None:
    log = new_log(**CREDITS)
    start = midnight_of("2024-07-05", ZONE)
    log.add("service.event", event(start, 90_000), TENANT)
    log.add("service.event", event(start, 90_000, "emergency"), HOST)
    wrong = log.add("service.event", event(start, 90_000), HOST, TENANT)
    log.add("service.event", event(start, 1, voids=[wrong]), HOST, TENANT)
    assert close(log).lines["credit"] == 0


# --- readings ---------------------------------------------------------------------------------------------------------


def test_a_gap_within_the_limit_is_filled_evenly_and_the_sum_is_the_register_s() -> None:
    log = new_log()
    begin, end = month_bounds(JULY, ZONE)
    registers: list[int | None] = [0, 1, None, 4, *(4 for _ in range((end - begin) // 3600 - 3))]
    log.add("meter.batch", batch("feed-1", begin, registers), METER)
    statement = close(log)
    assert statement.facts["energy_wh"] == 4
    assert statement.facts["estimated_seconds"] == 7200
    assert statement.facts["missing_seconds"] == 0


def test_a_longer_gap_is_not_billed_until_both_sign_a_correction_and_then_by_a_true_up() -> None:
    log = new_log()
    begin, end = month_bounds(JULY, ZONE)
    registers: list[int | None] = [1_000_000 * k for k in range((end - begin) // 3600 + 1)]
    registers[100:103] = [None] * 3
    log.add("meter.batch", batch("feed-1", begin, registers), METER)
    july = close(log)
    assert july.facts["missing_seconds"] == 4 * 3600
    assert july.lines["energy"] == 740 * 40 * 100
    log.add("statement", july.to_body(), HOST)
    correction = {"contract": CONTRACT, "meter": "feed-1", "of": [], "start": begin + 100 * 3600, "seconds": 3600,
                  "registers": [100_000_000, 101_000_000, 102_000_000], "method": "site_reading", "reason": "read"}  # fmt: skip
    log.add("meter.correction", correction, HOST)
    assert "trueup/2024-07" not in close(log, "2024-08").lines
    log.add("meter.correction", correction, HOST, TENANT)
    august = close(log, "2024-08")
    assert august.lines["trueup/2024-07"] == 4 * 40 * 100
    log.add("statement", august.to_body(), HOST)
    assert "trueup/2024-07" not in close(log, "2024-09").lines, "a true-up is billed once"


def test_a_register_that_rolls_over_loses_nothing() -> None:
    for register, modulus in ((0, 10**9), (999_000, 10**6), (0, 744_001)):
        log = new_log(meters=[meter(modulus=modulus, max_per_hour=100_000)])
        begin, end = month_bounds(JULY, ZONE)
        n = (end - begin) // 3600 + 1
        log.add("meter.batch", batch("feed-1", begin, [(register + 1000 * k) % modulus for k in range(n)]), METER)
        assert close(log).facts["energy_wh"] == 744_000


def test_batches_twice_late_and_out_of_order_give_the_same() -> None:
    begin, end = month_bounds(JULY, ZONE)
    n = (end - begin) // 3600 + 1
    parts = [
        batch(
            "feed-1", begin + first * 3600, [1000 * k for k in range(first, min(first + 25, n))], sequence=first // 24
        )
        for first in range(0, n - 1, 24)
    ]
    statements = []
    for order in (parts, [*parts, *parts], parts[::-1], [*parts[7:], *parts[:7]]):
        log = new_log()
        for one in order:
            log.add("meter.batch", one, METER)
        statement = close(log)
        statements.append((statement.lines, statement.facts))
    assert all(one == statements[0] for one in statements)
    assert statements[0][1]["energy_wh"] == 744_000


def test_a_replayed_number_with_other_readings_does_not_count() -> None:
    log = new_log()
    month_of_readings(log)
    month_of_readings(log, register=5_000_000)
    assert close(log).facts["energy_wh"] == 744_000


@pytest.mark.parametrize(
    "spoilt",
    [
        {"clock": {"state": "free", "offset_ms": 0, "source": ""}},
        {"start": month_bounds(JULY, ZONE)[0] + 7},  # the clock jumped off the grid
        {"suspect": list(range(745))},
        {"registers": [None] * 745},
    ],
)
def test_readings_that_nobody_can_vouch_for_are_missing(spoilt: dict[str, Any]) -> None:
    log = new_log()
    month_of_readings(log, **spoilt)
    statement = close(log)
    assert statement.lines["energy"] == 0
    assert statement.facts["missing_seconds"] == 744 * 3600


def test_a_spike_is_passed_over_and_its_neighbours_bridge_it() -> None:
    log = new_log(meters=[meter(max_per_hour=2000)])
    begin, end = month_bounds(JULY, ZONE)
    registers: list[int | None] = [1000 * k for k in range((end - begin) // 3600 + 1)]
    registers[50] = 900_000_000
    log.add("meter.batch", batch("feed-1", begin, registers), METER)
    statement = close(log)
    assert statement.facts["energy_wh"] == 744_000
    assert statement.facts["estimated_seconds"] == 7200


def test_what_a_stranger_signs_or_what_is_out_of_form_moves_nothing() -> None:
    log = new_log()
    month_of_readings(log)
    plain = close(log)
    log.entries.pop()
    begin = month_bounds(JULY, ZONE)[0]
    log.add("meter.batch", batch("feed-1", begin, [0, 9], boot="x"), OTHER)
    log.add("meter.batch", batch("feed-1", begin, [True, 9], boot="x"), METER)
    log.add("meter.batch", batch("feed-1", begin, [0, 9], boot="x") | {"more": 1}, METER)
    log.add("contract.terms", terms(rent_uusd_per_kw_month=1), HOST)
    log.add("contract.terms", terms(host=OTHER, rent_uusd_per_kw_month=1), OTHER, TENANT)
    log.add("unknown.kind", {"x": 1}, HOST)
    later = close(log)
    assert (later.lines, later.facts) == (plain.lines, plain.facts)
    assert len(Book.of(map(entry_of, log.entries)).findings) == 2


def test_a_meter_that_is_exchanged_within_the_month_goes_on_with_the_new_one() -> None:
    begin, end = month_bounds(JULY, ZONE)
    at = begin + 100 * 3600
    log = new_log()
    exchanged = [meter(until=at), meter(id="feed-2", since=at)]
    log.add("contract.terms", terms(effective=JULY, meters=exchanged), HOST, TENANT)
    log.add("meter.batch", batch("feed-1", begin, [1000 * k for k in range(101)]), METER)
    log.add("meter.batch", batch("feed-2", at, [7000 + 1000 * k for k in range((end - at) // 3600 + 1)]), METER)
    statement = close(log)
    assert statement.facts["energy_wh"] == 744_000
    assert statement.facts["missing_seconds"] == 0


def test_further_meters_are_those_that_both_parties_sign_and_the_first_of_an_id_stays() -> None:
    log = Log(np.random.default_rng(1))
    named = log.add("contract.terms", terms(), HOST, TENANT)
    begin, end = month_bounds(JULY, ZONE)
    month_of_readings(log)
    registers: list[int | None] = [0, *([500] * ((end - begin) // 3600))]
    log.add("meter.batch", batch("feed-2", begin, registers), METER)
    assert close(log).facts["energy_wh"] == 744_000
    more = {"contract": CONTRACT, "terms": named, "meters": [meter(id="feed-2"), meter(max_per_hour=1)]}
    log.add("contract.meters", more, HOST)
    assert close(log).facts["energy_wh"] == 744_000
    log.add("contract.meters", more | {"meters": [meter(id="feed-2", since=1)]}, HOST, TENANT)  # off the grid
    assert close(log).facts["energy_wh"] == 744_000
    log.add("contract.meters", more, HOST, TENANT)
    assert close(log).facts["energy_wh"] == 744_500


# --- what is refused --------------------------------------------------------------------------------------------------


def test_without_a_close_of_the_host_or_terms_for_the_month_there_is_no_statement() -> None:
    log = new_log(effective="2024-07")
    with pytest.raises(InputError, match=r"without a period\.close"):
        statement_body(log.entries)
    log.add("period.close", {"contract": CONTRACT, "period": JULY}, TENANT)
    with pytest.raises(InputError, match=r"without a period\.close"):
        statement_body(log.entries)
    log.add("period.close", {"contract": CONTRACT, "period": "2024-06"}, HOST)
    with pytest.raises(InputError, match="no terms"):
        statement_body(log.entries)


def test_a_month_that_does_not_fit_the_grid_is_refused() -> None:
    log = new_log(zone="Asia/Kolkata")  # midnight is half past the hour in UTC
    with pytest.raises(InputError, match="within an interval"):
        close(log)


def test_a_statement_beyond_all_limits_is_an_error_and_no_number() -> None:
    log = new_log(start="1971-01-01", escalator_ppm=999_999, rent_uusd_per_kw_month=10**12, effective="1971-01")
    with pytest.raises(InputError, match="limit"):
        close(log, "2971-07")


def test_a_body_whose_total_is_not_its_lines_is_no_statement() -> None:
    log = new_log()
    body = close(log).to_body()
    body["total_cents"] = 1
    with pytest.raises(FormatError, match="sum"):
        Statement.from_body(body)


def test_host_and_tenant_sum_to_zero_line_by_line_and_one_cent_is_named() -> None:
    log = new_log(**CREDITS)
    month_of_readings(log)
    hosts = close(log)
    tenants = {name: -cents for name, cents in Statement.from_body(statement_body(log.entries)).lines.items()}
    assert {name: hosts.lines[name] + tenants[name] for name in hosts.lines} == dict.fromkeys(hosts.lines, 0)
    book = Book.of(map(entry_of, log.entries))
    again = statement_of(book, last_close(book))
    off = Statement(
        again.contract,
        again.period,
        again.close,
        again.terms,
        {**again.lines, "energy": again.lines["energy"] + 1},
        again.facts,
    )
    assert off.differences(again) == [f"line energy: {again.lines['energy'] + 1} and {again.lines['energy']} cents, -1"]
