"""The contract's formula: months of every length, escalators, and both uses of the one formula."""

import datetime as dt
from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.money import Money
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import ItMW
from megawatt.hosting.contract import Contract, PowerTerms, rent_of_headline
from megawatt.hosting.uptime_credit import CreditStep, CreditTable

TEXAS = "America/Chicago"


def contract(**terms: object) -> Contract:
    usual: dict[str, object] = {"tenant": "T", "rent_usd_per_kw_month": 121.5, "start": dt.date(2024, 1, 1)}
    return Contract(**(usual | terms))  # type: ignore[arg-type]  # a test's terms are checked by the class itself


def test_three_and_a_half_billion_over_twelve_years_for_200_mw_is_121_50_usd_per_kw_month() -> None:
    rent = rent_of_headline(3.5e9, years=12, it=ItMW(200))

    assert round(rent, 1) == 121.5
    assert round(rent * 12_000 / 1e6, 3) == 1.458  # million USD per IT MW and year


def test_the_later_steps_of_the_same_deal_pay_alike_per_it_mw_year() -> None:
    headlines = [(4.7e9, 270, 1.451), (6.7e9, 382, 1.462), (8.7e9, 500, 1.450), (10.2e9, 590, 1.441)]

    for value, mw, musd in headlines:
        assert round(rent_of_headline(value, years=12, it=ItMW(mw)) * 12_000 / 1e6, 3) == musd


@pytest.mark.parametrize(
    ("month", "hours"),
    [("2024-01", 744), ("2024-02", 696), ("2023-02", 672), ("2024-03", 743), ("2024-04", 720), ("2024-11", 721)],
)
def test_a_month_of_any_length_brings_the_same_rent_and_each_of_its_hours_an_equal_part(month: str, hours: int) -> None:
    first = dt.date.fromisoformat(f"{month}-01")
    grid = TimeGrid.of_local_days(first, (first + dt.timedelta(32)).replace(day=1), timezone=TEXAS, step_minutes=60)
    rent = contract(start=dt.date(2023, 1, 1)).rent_per_interval(grid, TEXAS, ItMW(20))

    assert grid.n == hours
    assert rent == pytest.approx(np.full(hours, 20_000 * 121.5 / hours), rel=1e-14)
    assert contract(start=dt.date(2023, 1, 1)).rent_usd(month, it=ItMW(20), timezone=TEXAS) == Money.usd("2430000.00")


def test_months_of_719_and_745_hours_exist_where_clocks_change_in_a_short_or_long_month() -> None:
    # Sydney, April 2024 (30 days, clocks back: 721) and October (31 days, clocks forward: 743); Berlin, October: 745.
    berlin = TimeGrid.of_local_days(
        dt.date(2024, 10, 1), dt.date(2024, 11, 1), timezone="Europe/Berlin", step_minutes=60
    )
    # Egypt moved its clocks forward on 28 April 2023: an April of 719 hours.
    cairo = TimeGrid.of_local_days(dt.date(2023, 4, 1), dt.date(2023, 5, 1), timezone="Africa/Cairo", step_minutes=60)

    for grid, zone, hours in ((berlin, "Europe/Berlin", 745), (cairo, "Africa/Cairo", 719)):
        rent = contract(start=dt.date(2023, 1, 1)).rent_per_interval(grid, zone, ItMW(1))
        assert grid.n == hours
        assert rent == pytest.approx(np.full(hours, 121_500 / hours), rel=1e-14)


def test_the_short_and_the_long_day_carry_23_and_25_parts() -> None:
    month = TimeGrid.of_local_days(dt.date(2024, 11, 1), dt.date(2024, 12, 1), timezone=TEXAS, step_minutes=15)
    rent = contract().rent_per_interval(month, TEXAS, ItMW(1))
    day = np.asarray(month.index(TEXAS).day)

    assert (day == 3).sum() == 100
    assert rent[day == 3].sum() == pytest.approx(121_500 * 25 / 721)
    assert rent[day == 4].sum() == pytest.approx(121_500 * 24 / 721)


def test_rent_rises_on_the_anniversary_inside_a_month_and_compounds() -> None:
    deal = contract(start=dt.date(2022, 6, 16), escalator_per_year=0.03)

    assert deal.usd_per_kw_month(dt.date(2024, 6, 15)) == Fraction("121.5") * Fraction("1.03")
    assert deal.usd_per_kw_month(dt.date(2024, 6, 16)) == Fraction("121.5") * Fraction("1.0609")
    # June 2024: 15 of 30 days at 125.145, 15 at 128.89935, mean 127.022175 USD/kW
    assert deal.rent_usd("2024-06", it=ItMW(10), timezone=TEXAS) == Money.usd("1270221.75")


def test_a_contract_that_begins_and_ends_inside_a_month_pays_for_its_days_only() -> None:
    deal = contract(start=dt.date(2024, 4, 11), end=dt.date(2024, 4, 21), rent_usd_per_kw_month=90)

    assert deal.rent_usd("2024-04", it=ItMW(1), timezone=TEXAS) == Money.usd("30000.00")
    assert deal.rent_usd("2024-03", it=ItMW(1), timezone=TEXAS) == Money.usd("0.00")
    grid = TimeGrid.of_local_days(dt.date(2024, 4, 10), dt.date(2024, 4, 22), timezone=TEXAS, step_minutes=60)
    hourly = deal.rent_per_interval(grid, TEXAS, ItMW(1))
    assert (hourly[:24] == 0).all()
    assert (hourly[-24:] == 0).all()
    assert hourly[24:-24] == pytest.approx(np.full(240, 125.0))


def test_a_contract_of_29_february_has_its_anniversary_on_1_march_of_common_years() -> None:
    deal = contract(start=dt.date(2024, 2, 29), escalator_per_year=0.1)

    assert deal.years(dt.date(2025, 2, 28)) == 0
    assert deal.years(dt.date(2025, 3, 1)) == 1
    assert deal.anniversary(1) == dt.date(2025, 3, 1)
    assert deal.anniversary(4) == dt.date(2028, 2, 29)


@settings(deadline=None, max_examples=60)
@given(
    start=st.dates(dt.date(2019, 1, 1), dt.date(2024, 12, 31)),
    escalator=st.sampled_from([0.0, 0.025, 0.03, -0.01]),
    rent=st.decimals(0, 500, places=2).map(float),
    mw=st.sampled_from([0.5, 20.1, 200.0]),
    where=st.sampled_from([(TEXAS, 15), (TEXAS, 60), ("Europe/Berlin", 60), ("Asia/Kolkata", 60), ("UTC", 15)]),
)
def test_what_dispatch_books_over_a_year_is_what_settlement_bills_month_by_month(
    start: dt.date, escalator: float, rent: float, mw: float, where: tuple[str, int]
) -> None:
    zone, step = where
    deal = contract(start=start, escalator_per_year=escalator, rent_usd_per_kw_month=rent)
    grid = TimeGrid.of_local_days(dt.date(2024, 1, 1), dt.date(2025, 1, 1), timezone=zone, step_minutes=step)
    booked = deal.rent_per_interval(grid, zone, ItMW(mw))
    month, names = grid.local_months(zone)

    billed = [deal.rent_usd(name, it=ItMW(mw), timezone=zone).minor / 100 for name in names]
    assert np.bincount(month, booked) == pytest.approx(billed, abs=0.0051, rel=1e-12)


def test_an_interval_that_crosses_the_month_gets_its_part_of_both() -> None:
    # Half-hour zone: a UTC hour from 18:00 on 31 January is half January, half February in India.
    grid = TimeGrid(np.datetime64("2024-01-31T18:00:00", "s"), 60, 1)
    deal = contract(rent_usd_per_kw_month=1, start=dt.date(2023, 1, 1))

    both = 0.5 * 1000 / 744 + 0.5 * 1000 / 696
    assert deal.rent_per_interval(grid, "Asia/Kolkata", ItMW(1)) == pytest.approx([both])


def test_without_take_or_pay_only_the_used_part_is_due_but_never_less_than_the_floor() -> None:
    deal = contract(take_or_pay_fraction=0.7)

    def rent(used: Fraction) -> Money:
        return deal.rent_usd("2024-07", it=ItMW(1), timezone=TEXAS, used_fraction=used)

    assert rent(Fraction(9, 10)) == Money.usd("109350.00")
    assert rent(Fraction(1, 10)) == Money.usd("85050.00")
    assert contract().rent_usd("2024-07", it=ItMW(1), timezone=TEXAS, used_fraction=0) == Money.usd("121500.00")


def test_pass_through_recovers_the_energy_cost_to_the_last_bit_also_at_negative_prices() -> None:
    cost = np.array([0.1 + 0.2, -17.3, 1e-9])

    assert (contract().recovered(cost) == cost).all()
    assert (contract(power=PowerTerms.INCLUDED).recovered(cost) == 0).all()
    assert contract().recovered(Money.usd("-3.07")) == Money.usd("-3.07")
    assert contract(power=PowerTerms.INCLUDED).recovered(Money.usd("3.07")) == Money.usd("0.00")


def test_contract_years_turn_on_the_local_anniversary() -> None:
    grid = TimeGrid(np.datetime64("2024-06-16T03:00:00", "s"), 60, 4)  # 22:00 on the 15th to 02:00 on the 16th

    assert contract(start=dt.date(2022, 6, 16)).contract_year(grid, TEXAS).tolist() == [1, 1, 2, 2]


@pytest.mark.parametrize(
    ("terms", "word"),
    [
        ({"rent_usd_per_kw_month": -1}, "rent_usd_per_kw_month"),
        ({"rent_usd_per_kw_month": float("nan")}, "rent_usd_per_kw_month"),
        ({"escalator_per_year": 3}, "0.025"),
        ({"end": dt.date(2023, 1, 1)}, "Swap"),
        ({"uptime_fraction": 99.9}, "0.995"),
        ({"take_or_pay_fraction": 1.1}, "take_or_pay_fraction"),
        ({"uptime_fraction": 0.99, "credits": CreditTable((CreditStep(0.999, 0.1),))}, "Lower the step"),
    ],
)
def test_impossible_terms_are_refused_with_a_remedy(terms: dict[str, object], word: str) -> None:
    with pytest.raises(InputError, match=word):
        contract(**terms)


def test_a_month_written_wrongly_is_named() -> None:
    with pytest.raises(InputError, match="2024-07"):
        contract().rent_usd("July", it=ItMW(1), timezone=TEXAS)
