"""Debt by cover ratio."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.invest.debt import Loan, level_loan, sculpted_loan

CFADS = st.lists(st.floats(1.0, 1e4), min_size=1, max_size=30)
RATE = st.floats(0.0, 0.3)
COVER = st.floats(1.0, 3.0)


@pytest.mark.parametrize(("dscr", "debt_musd"), [(1.2, 1430), (1.3, 1320), (1.4, 1226), (1.5, 1144)])
def test_224_75_million_a_year_over_12_years_at_7_75_percent_carries_the_published_debt(
    dscr: float, debt_musd: float
) -> None:
    """AF24: 290 M USD a year at a margin of 77.5 %, level payments."""
    assert round(level_loan([224.75] * 12, rate=0.0775, dscr=dscr).principal_usd) == debt_musd


@given(CFADS, RATE, COVER)
def test_a_sculpted_loan_is_covered_equally_in_every_period_and_repaid_to_the_cent(
    cfads: list[float], rate: float, cover: float
) -> None:
    loan = sculpted_loan(cfads, rate=rate, dscr=cover)
    assert loan.dscr(cfads) == pytest.approx(cover)
    assert loan.balance_usd[-1] == pytest.approx(0, abs=1e-6 * loan.principal_usd)
    assert loan.llcr(cfads)[0] == pytest.approx(cover)


@given(CFADS, RATE, COVER)
def test_level_debt_is_never_larger_than_sculpted_debt_and_keeps_the_cover(
    cfads: list[float], rate: float, cover: float
) -> None:
    level, sculpted = level_loan(cfads, rate=rate, dscr=cover), sculpted_loan(cfads, rate=rate, dscr=cover)
    assert level.principal_usd <= sculpted.principal_usd * (1 + 1e-9)
    assert level.dscr(cfads).min() == pytest.approx(cover)


def test_interest_and_repayment_add_up_to_the_service() -> None:
    """A loan of 100 at 10 % repaid by 60 and 55: interest 10 and 5, balance 50 and 0."""
    loan = Loan(100.0, 0.10, np.array([60.0, 55.0]))
    assert loan.interest_usd == pytest.approx([10, 5])
    assert loan.balance_usd == pytest.approx([100, 50, 0])


def test_a_month_without_income_breaches_the_covenant_of_a_level_loan() -> None:
    """Outage in the third period: level payments stay due, sculpted ones had foreseen it."""
    expected, happened = [120.0] * 4, [120.0, 120.0, 30.0, 120.0]
    assert level_loan(expected, rate=0.05, dscr=1.2).breaches(happened, 1.1) == [3]
    assert level_loan(expected, rate=0.05, dscr=1.2).breaches(expected, 1.1) == []


def test_a_cash_flow_that_turns_negative_carries_no_level_debt() -> None:
    assert level_loan([100, -5, 100], rate=0.05, dscr=1.2).principal_usd == 0
    assert sculpted_loan([100, -5, 100], rate=0.05, dscr=1.2).service_usd[1] == 0


@pytest.mark.parametrize("cfads", [[], [np.nan], [[1.0]]])
def test_a_cash_flow_with_a_hole_is_refused(cfads: list[float]) -> None:
    with pytest.raises(InputError, match="one finite cash flow per period"):
        level_loan(cfads, rate=0.05, dscr=1.2)
