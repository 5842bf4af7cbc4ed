"""Present values and returns, against published figures and against laws."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.invest.cash_flow import (
    annuity_factor,
    discount_factors,
    irr,
    irr_by_path,
    mirr,
    npv,
    payback_by_path,
    payback_periods,
    periodic_rate,
)

RATES = st.floats(-0.5, 2.0)


def test_the_documented_cases_of_numpy_financial_come_out() -> None:
    """Its reference pages: irr, npv and mirr, and pmt for 200,000 at 7.5 % / 12 over 180 months."""
    assert irr([-100, 39, 59, 55, 20]) == pytest.approx(0.28095, abs=5e-6)
    assert irr([-100, 0, 0, 74]) == pytest.approx(-0.0955, abs=5e-5)
    assert npv([-40_000, 5_000, 8_000, 12_000, 30_000], 0.08) == pytest.approx(3065.22267, abs=5e-6)
    assert mirr([-100, 39, 59, 55, 20], finance_rate=0.10, reinvest_rate=0.12) == pytest.approx(0.204377, abs=5e-7)
    assert -200_000 / annuity_factor(0.075 / 12, 180) == pytest.approx(-1854.0247, abs=5e-5)


@pytest.mark.parametrize(("rate", "factor"), [(0.08, 7.5361), (0.10, 6.8137), (0.12, 6.1944), (0.15, 5.4206)])
def test_the_annuity_factors_of_twelve_years_are_the_tabled_ones(rate: float, factor: float) -> None:
    assert annuity_factor(rate, 12) == pytest.approx(factor, abs=5e-5)


@given(RATES, st.integers(1, 60))
def test_an_annuity_is_the_sum_of_its_discounted_payments(rate: float, n: int) -> None:
    assert annuity_factor(rate, n) == pytest.approx(float(discount_factors(n, rate)[1:].sum()), rel=1e-8)


@given(st.floats(0.01, 1.0), st.integers(1, 40), st.floats(1.0, 1e9))
def test_at_its_rate_of_return_a_purchase_is_worth_nothing(rate: float, n: int, payment: float) -> None:
    flows = np.full(n + 1, payment)
    flows[0] = -payment * annuity_factor(rate, n)
    assert irr(flows) == pytest.approx(rate, rel=1e-7)


def test_a_rate_of_return_of_forty_years_of_months_does_not_overflow() -> None:
    assert irr([-100.0, *[1.0] * 480]) == pytest.approx(0.009888, abs=5e-5)


def test_flows_that_change_sign_twice_have_no_rate_of_return_and_the_error_says_what_to_use() -> None:
    with pytest.raises(InputError, match=r"change sign 2 times.*mirr"):
        irr([-100, 230, -132])  # 10 % and 20 % would both fit
    with pytest.raises(InputError, match="change sign 0 times"):
        irr([100, 20])


def test_payback_is_counted_within_the_period_and_only_when_it_lasts() -> None:
    assert payback_periods([-100, 50, 100]) == pytest.approx(1.5)
    assert payback_periods([-100, 120, -50, 60]) == pytest.approx(2 + 30 / 60)
    assert payback_periods([-100, 50]) is None
    assert payback_periods([5, 5]) == 0.0


@given(st.floats(-0.9, 3.0), st.sampled_from([1, 4, 12]))
def test_the_rate_of_a_part_of_the_year_compounds_to_the_yearly_one(rate: float, m: int) -> None:
    assert (1 + periodic_rate(rate, m)) ** m == pytest.approx(1 + rate)


@pytest.mark.parametrize("flows", [[], [1.0, math.nan], [[1.0], [2.0]]])
def test_flows_with_a_hole_are_refused(flows: list[float]) -> None:
    with pytest.raises(InputError, match="finite numbers"):
        npv(flows, 0.1)


@settings(max_examples=50)
@given(st.lists(st.floats(-1e6, 1e6), min_size=2, max_size=30), RATES)
def test_value_is_linear(flows: list[float], rate: float) -> None:
    both = np.array(flows) * 2 + 1
    one = npv(np.ones(len(flows)), rate)
    scale = float(np.abs(both) @ discount_factors(len(flows) - 1, rate))
    assert npv(both, rate) == pytest.approx(2 * npv(flows, rate) + one, abs=1e-9 * scale + 1e-9)


@given(seed=st.integers(0, 10_000))
@settings(deadline=None, max_examples=40)
def test_rates_and_payback_of_many_paths_are_those_of_each(seed: int) -> None:
    """Paid first, then received in every period: one rate by Descartes, and the same one by path."""
    rng = np.random.default_rng(seed)
    flows = np.concatenate([-rng.uniform(1, 50, (6, 2)), rng.uniform(0.1, 20, (6, 30))], axis=1)
    rates, periods = irr_by_path(flows), payback_by_path(flows)
    for row, rate, period in zip(flows, rates, periods, strict=True):
        expected = payback_periods(row)
        assert period == pytest.approx(expected) if expected is not None else np.isinf(period)
        if row.sum() > 0:
            assert rate == pytest.approx(irr(row), rel=1e-8)
        else:
            assert np.isnan(rate)


def test_a_month_of_loss_late_in_a_path_leaves_its_return_and_a_second_bill_does_not() -> None:
    """Running totals -10, 20, 15, 25 change sign once; -10, 20, -5, 5 do so three times; receiving first is no investment."""
    flows = np.array([[-10.0, 30.0, -5.0, 10.0], [-10.0, 30.0, -25.0, 10.0], [10.0, 5.0, 5.0, 5.0]])
    rates = irr_by_path(flows)
    assert np.isfinite(rates).tolist() == [True, False, False]
    assert flows[0] @ (1 + rates[0]) ** -np.arange(4.0) == pytest.approx(0.0, abs=1e-9)
