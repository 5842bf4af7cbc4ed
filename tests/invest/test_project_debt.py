"""Loans of a project: closed forms of what is drawn and owed, cover, fees, halls that are late and tenants that fail."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.invest.appraisal import appraise
from megawatt.invest.cash_flow import annuity_factor, periodic_rate
from megawatt.invest.hall_works import Works
from megawatt.invest.loan_draws import BuildingInterest, Draws, commitment_usd
from megawatt.invest.project import Terms, project
from megawatt.invest.project_debt import DebtTerms, Schedule
from megawatt.invest.tax_tables import TaxRules
from tests.invest.sites import SURE, hall

TERMS = Terms(first_month="2026-01", rate=0.10, tax=TaxRules(rate=0.0))
DEBT = DebtTerms(rate=0.08, tenor_years=9.0, dscr=1.4, largest_share=1.0)


@pytest.mark.parametrize("schedule", [Schedule.SCULPTED, Schedule.LEVEL])
def test_debt_on_a_certain_rent_has_the_cover_it_was_sized_by(schedule: Schedule) -> None:
    """1 M USD a month for 97 months after a year of building: both schedules are one, and the principal is an annuity's.

    Twelve equal draws at the ends of the months of building grow to that principal as twelve payments into a savings book would.
    """
    part = hall(SURE, 3, 144, works=Works(capex_usd=200e6))
    one = project([part], np.ones((3, 144)), replace(TERMS, debt=replace(DEBT, schedule=schedule)))
    assert one.debt is not None
    rate = periodic_rate(0.08, 12)
    opening = 1e6 / 1.4 * annuity_factor(rate, 97)
    saved = ((1 + rate) ** 12 - 1) / rate
    assert one.debt.drawn_usd[:, :12] == pytest.approx(np.full((3, 12), opening / saved))
    assert one.debt.drawn_usd[:, 12:].sum() == 0
    assert one.debt.balance_usd[:, 11] == pytest.approx(opening)
    assert one.debt.balance_usd[:, 12 + 96] == pytest.approx(0.0, abs=1e-3)
    cover = appraise(one).cover
    assert cover is not None
    for figure in (cover.dscr_min.low, cover.dscr_mean.high, cover.llcr.median):
        assert figure == pytest.approx(1.4)
    assert cover.breached_fraction == 0


def test_interest_of_the_building_months_that_is_paid_leaves_the_draws_as_debt() -> None:
    """Nine months of building: interest on one ninth, two ninths ... eight ninths of the loan is paid before the opening."""
    part = hall(replace(SURE, delay_months=9.0), 2, 144, works=Works(capex_usd=200e6, build_months=9))
    paid = replace(DEBT, building_interest=BuildingInterest.PAID)
    one = project([part], np.ones((2, 144)), replace(TERMS, debt=paid))
    assert one.debt is not None
    rate = periodic_rate(0.08, 12)
    principal = 1e6 / 1.4 * annuity_factor(rate, 100)
    assert one.debt.drawn_usd.sum(axis=1) == pytest.approx(principal)
    assert one.debt.balance_usd[0, :9] == pytest.approx(principal * np.arange(1, 10) / 9)
    assert one.debt.waiting_usd.sum(axis=1) == pytest.approx(principal * rate * 36 / 9)
    assert one.debt.repaid_usd[:, :9] == pytest.approx(0.0, abs=1e-6)


def test_equity_comes_first_and_the_loan_pays_the_last_works() -> None:
    """A loan of 70 % of 12 M USD in twelve parts: 3.6 M of the owner, 0.4 M of both in month 4, then 1 M a month of the bank."""
    part = hall(SURE, 2, 144, works=Works(capex_usd=12e6))
    lent = replace(DEBT, largest_share=0.7, draws=Draws.EQUITY_FIRST)
    one = project([part], np.ones((2, 144)), replace(TERMS, debt=lent))
    assert one.debt is not None
    assert one.debt.drawn_usd[0, :12] == pytest.approx([0, 0, 0, 0.4e6, *[1e6] * 8])
    rate = periodic_rate(0.08, 12)
    assert one.debt.balance_usd[0, 11] == pytest.approx(0.4e6 * (1 + rate) ** 8 + 1e6 * ((1 + rate) ** 8 - 1) / rate)


def test_fees_are_those_of_the_commitment_and_of_what_is_not_yet_drawn() -> None:
    """12 M USD in twelve parts, half lent: 1 % of 6 M at signing, then 0.6 % a year on 5.5, 5.0 ... 0.5 M."""
    part = hall(SURE, 2, 144, works=Works(capex_usd=12e6))
    lent = replace(DEBT, largest_share=0.5, upfront_fee=0.01, commitment_fee=0.006)
    one = project([part], np.ones((2, 144)), replace(TERMS, debt=lent))
    assert one.lines["loan fees"][0, :13] == pytest.approx([-60_000, *(-2_750 + 250 * k for k in range(11)), 0.0])
    assert one.lines["loan fees"].sum(axis=1) == pytest.approx(-60_000 - 0.006 / 12 * 0.5e6 * 66)


def test_what_cheap_works_do_not_need_is_not_drawn() -> None:
    """Sized on 10 M USD in the mean; the works of one path cost 4 M: it draws no more, and owes a schedule as much smaller."""
    part = hall(SURE, 2, 144, works=Works(capex_usd=np.array([4e6, 16e6])))
    one = project([part], np.ones((2, 144)), replace(TERMS, debt=DEBT))
    assert one.debt is not None
    assert one.debt.drawn_usd.sum(axis=1) == pytest.approx([4e6, 10e6])
    assert one.debt.service_usd[0] == pytest.approx(0.4 * one.debt.service_usd[1])
    assert one.debt.balance_usd[:, 12 + 96] == pytest.approx(0.0, abs=1e-3)


def test_a_loan_drawn_as_it_is_spent_flatters_the_owner_less_than_one_drawn_whole() -> None:
    """A month of building draws whole; at a discount rate above the loan's, money that comes later is worth less."""
    whole, slow = (
        project([hall(SURE, 2, 144, works=Works(capex_usd=50e6, build_months=n))], np.ones((2, 144)), one)
        for n, one in ((1, replace(TERMS, debt=DEBT)), (12, replace(TERMS, debt=DEBT)))
    )
    gained = [float((one.equity_npv_usd - one.npv_usd)[0]) for one in (whole, slow)]
    assert 0 < gained[1] < gained[0]


@given(seed=st.integers(0, 10_000), way=st.sampled_from(Draws), interest=st.sampled_from(BuildingInterest))
@settings(deadline=None, max_examples=50)
def test_a_commitment_owes_at_the_opening_what_it_was_asked_for(
    seed: int, way: Draws, interest: BuildingInterest
) -> None:
    """Against a month-by-month account of the owner's and the bank's money."""
    rng = np.random.default_rng(seed)
    capital, months, rate = float(rng.uniform(1, 1e8)), int(rng.integers(1, 40)), float(rng.uniform(0, 0.02))
    owed = float(rng.uniform(0, 0.95)) * capital
    committed = commitment_usd(owed, capital, months, rate, way, interest)
    own, left, balance = capital - committed, committed, 0.0
    for _ in range(months):
        due = capital / months
        if way is Draws.PRO_RATA:
            share = due * (capital - committed) / capital
        else:
            share = min(own, due)
            own -= share
        grows = rate if interest is BuildingInterest.ADDED else 0.0
        balance = balance * (1 + grows) + due - share
        left -= due - share
    assert left == pytest.approx(0.0, abs=1e-6 * capital)
    assert balance == pytest.approx(owed, rel=1e-9, abs=1e-9 * capital)


def test_a_loan_is_worth_nothing_at_its_own_rate() -> None:
    """Drawn, interest and repayment discount to nought at the loan's rate, however late the halls are."""
    months = 144
    lease = replace(SURE, delay_months=np.array([12.0, 20.0, 40.0, 200.0]))
    one = project(
        [hall(lease, 4, months, works=Works(capex_usd=50e6))], np.ones((4, months)), replace(TERMS, debt=DEBT)
    )
    assert one.debt is not None
    flows = one.debt.drawn_usd - one.debt.interest_usd - one.debt.repaid_usd
    assert one.debt.fees_usd.sum() == 0
    worth = flows @ (1 + one.debt.rate) ** -np.arange(months)
    assert worth == pytest.approx(0.0, abs=1e-3)
    assert (one.debt.balance_usd[:, -1] == 0).all()


def test_a_late_hall_pays_interest_and_breaks_no_covenant_until_it_opens() -> None:
    lease = replace(SURE, delay_months=np.array([12.0, 24.0]))
    one = project([hall(lease, 2, 180, works=Works(capex_usd=50e6))], np.ones((2, 180)), replace(TERMS, debt=DEBT))
    assert one.debt is not None
    assert one.debt.balance_usd[1, 11:24] == pytest.approx(one.debt.balance_usd[1, 11])
    assert (one.debt.waiting_usd[0] == 0).all()
    assert one.debt.service_usd[1, :24].sum() == 0
    cover = appraise(one).cover
    assert cover is not None
    assert cover.breached_fraction == 0


def test_a_tenant_that_fails_breaks_the_covenant() -> None:
    """Hazard of half a year: about half the paths lose their tenant in each year."""
    lease = replace(SURE, hazard_per_year=0.5)
    one = project([hall(lease, 100, 144, works=Works(capex_usd=50e6))], np.ones((100, 144)), replace(TERMS, debt=DEBT))
    cover = appraise(one).cover
    assert cover is not None
    assert cover.breached_fraction > 0.9
    assert cover.dscr_min.median == pytest.approx(0.0)
