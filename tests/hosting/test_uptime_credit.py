"""Availability, what excuses an outage, and credits that stay between zero and the rent."""

from fractions import Fraction

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.money import Currency, Money
from megawatt.hosting.uptime_credit import (
    CreditStep,
    CreditTable,
    exact_availability,
    excused_by_contract,
    first_seconds,
    monthly_availability,
)

TABLE = CreditTable((CreditStep(0.999, 0.05), CreditStep(0.99, 0.10), CreditStep(0.95, 0.30)))
ONE_MONTH = np.zeros(10, dtype=np.int64)
YEAR = np.zeros(10, dtype=np.int64)


def availability(delivered: list[float], excused: list[float] | None = None) -> float:
    n = len(delivered)
    month = np.zeros(n, dtype=np.int64)
    free = np.array(excused or [0.0] * n)
    return float(
        monthly_availability(month, delivered_mw=np.array(delivered), contracted_mw=np.full(n, 20.0), excused=free)[0]
    )


def test_one_hour_of_ten_at_half_power_is_95_percent_available() -> None:
    assert availability([20.0] * 9 + [10.0]) == pytest.approx(0.95)


def test_curtailed_hour_does_not_reduce_uptime_credit() -> None:
    curtailed = np.array([False] * 8 + [True] * 2)
    excused = excused_by_contract(curtailed, YEAR, hours=1.0, hours_per_year=100)

    assert availability([20.0] * 8 + [0.0] * 2, excused.tolist()) == 1.0


def test_the_yearly_hours_run_out_in_the_middle_of_an_interval() -> None:
    curtailed = np.array([True, False, True, True])
    excused = excused_by_contract(curtailed, YEAR[:4], hours=1.0, hours_per_year=1.25)

    assert excused.tolist() == [1.0, 0.0, 0.25, 0.0]


def test_a_new_contract_year_brings_new_hours() -> None:
    excused = excused_by_contract(
        np.array([True, True, True, True]), np.array([0, 0, 1, 1]), hours=0.25, hours_per_year=0.25
    )

    assert excused.tolist() == [1.0, 0.0, 1.0, 0.0]


def test_more_than_promised_does_not_make_up_for_an_outage() -> None:
    assert availability([40.0, 0.0]) == 0.5


def test_a_month_in_which_nothing_was_promised_is_fully_available() -> None:
    nothing = np.zeros(3)
    assert monthly_availability(
        np.array([0, 0, 2]), delivered_mw=nothing, contracted_mw=nothing, excused=nothing
    ).tolist() == [1.0, 1.0, 1.0]
    assert exact_availability([], [], []) == 1


def test_an_unread_meter_is_neither_an_outage_nor_a_delivery() -> None:
    with pytest.raises(InputError, match="unread meter"):
        availability([20.0, float("nan")])


@pytest.mark.parametrize(
    ("measured", "share"),
    [
        ("1", "0"),
        ("0.999", "0"),
        ("0.9989", "0.05"),
        ("0.99", "0.05"),
        ("0.9899", "0.1"),
        ("0.95", "0.1"),
        ("0", "0.3"),
    ],
)
def test_a_step_applies_strictly_below_its_availability(measured: str, share: str) -> None:
    assert TABLE.fraction(Fraction(measured)) == Fraction(share)


def test_the_credit_is_whole_cents_of_the_months_rent() -> None:
    rent = Money.usd("2430000.01")

    assert TABLE.credit(Fraction(97, 100), rent) == Money.usd("243000.00")
    assert TABLE.credit(Fraction(1), rent) == Money.usd("0.00")
    assert CreditTable((CreditStep(1.0, 1.0),)).credit(Fraction(0), rent) == rent
    assert TABLE.credit_usd(np.array([1.0, 0.97]), np.array([100.0, 100.0])).tolist() == [0.0, 10.0]


@settings(deadline=None, max_examples=100)
@given(
    st.lists(st.tuples(st.integers(0, 30_000), st.booleans()), min_size=1, max_size=30),
    st.integers(0, 10**9),
)
def test_a_credit_is_never_negative_never_above_the_rent_and_never_falls_when_more_is_delivered(
    readings: list[tuple[int, bool]], rent_cents: int
) -> None:
    rent = Money(rent_cents, Currency.USD)
    contracted = [20_000] * len(readings)
    excused = [free for _, free in readings]
    less = exact_availability([wh for wh, _ in readings], contracted, excused)
    more = exact_availability([wh + 500 for wh, _ in readings], contracted, excused)

    assert 0 <= TABLE.credit(less, rent).minor <= rent_cents
    assert TABLE.credit(more, rent).minor <= TABLE.credit(less, rent).minor
    assert 0 <= less <= more <= 1


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 30), st.booleans()), min_size=1, max_size=40))
def test_whole_watt_hours_and_float_megawatts_measure_the_same_availability(readings: list[tuple[int, bool]]) -> None:
    delivered = [mw for mw, _ in readings]
    excused = [free for _, free in readings]
    whole = exact_availability([mw * 250_000 for mw in delivered], [5_000_000] * len(delivered), excused)

    assert availability([float(mw) for mw in delivered], [float(free) for free in excused]) == pytest.approx(
        float(whole)
    )


def test_steps_in_the_wrong_order_are_refused() -> None:
    with pytest.raises(InputError, match="mildest to the harshest"):
        CreditTable((CreditStep(0.95, 0.3), CreditStep(0.99, 0.1)))


def test_a_negative_rent_cannot_be_credited() -> None:
    with pytest.raises(InputError, match="rent"):
        TABLE.credit(Fraction(1, 2), Money.usd("-1.00"))


@given(
    st.lists(st.tuples(st.integers(0, 200), st.integers(1, 40)), max_size=8),
    st.integers(1, 199),
    st.integers(0, 120),
)
@settings(deadline=None, max_examples=100)
def test_the_seconds_that_settlement_excuses_are_those_that_dispatch_excuses(
    called: list[tuple[int, int]], second_year: int, allowance: int
) -> None:
    """Minutes as seconds: the exact stretches against the array of shares, over two contract years."""
    stretches = [(start, start + length) for start, length in called]
    curtailed = np.array([any(a <= t < b for a, b in stretches) for t in range(240)])
    years = np.array([int(t >= second_year) for t in range(240)])
    shares = excused_by_contract(curtailed, years, hours=1.0, hours_per_year=float(allowance))
    found = first_seconds(stretches, [(0, second_year), (second_year, 240)], allowance)
    excused = np.array([any(a <= t < b for a, b in found) for t in range(240)])
    assert excused.tolist() == shares.tolist()
