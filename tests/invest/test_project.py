"""The monthly cash flow of a site: closed forms, the lease's own value, hand-made taxes, and lines that add up."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.units import GrossMW, ItMW
from megawatt.invest.appraisal import appraise
from megawatt.invest.cash_flow import annuity_factor, periodic_rate
from megawatt.invest.conversion import Block, machines_of, mining_usd_per_mw
from megawatt.invest.hall_works import Works
from megawatt.invest.lease import Lease
from megawatt.invest.monthly_operations import monthly_operations
from megawatt.invest.network_model import NetworkState
from megawatt.invest.project import CAPITAL_LINES, OPEX_LINES, POWER_LINES, Part, Terms, project, statement
from megawatt.invest.project_debt import DebtTerms
from megawatt.invest.scenarios import ScenarioModel, simulate
from megawatt.invest.tax_tables import TaxRules
from megawatt.mining.profit import Line
from tests.invest.sites import SURE, flat_scenarios, hall, idle, operations

UNTAXED = TaxRules(rate=0.0)
TERMS = Terms(first_month="2026-01", rate=0.10, tax=UNTAXED)


def mine(mining: float, energy: float, *, paths: int = 2, months: int = 120, opex: float = 0.0) -> Part:
    shape = (paths, months)
    return Part(
        name="mine",
        mine=operations(np.full(shape, mining), np.full(shape, -energy)),
        it=ItMW(10.0),
        gross=GrossMW(12.0),
        mining_opex_usd_per_month=opex,
    )


def test_a_flat_mine_is_worth_its_annuity() -> None:
    one = project([mine(100.0, 60.0, opex=10.0)], np.ones((2, 120)), TERMS)
    assert one.npv_usd == pytest.approx(30.0 * annuity_factor(periodic_rate(0.10, 12), 120))
    levels = {level.line: level for level in appraise(one).levels}
    assert levels[Line.AFTER_POWER].usd_per_year.mean == pytest.approx(480.0)
    assert levels[Line.AFTER_OPEX].per_mw_year(one.it).median == pytest.approx(36.0)
    assert levels[Line.AFTER_OPEX].per_mw_year(one.gross).median == pytest.approx(30.0)
    assert levels[Line.AFTER_OPEX].per_kw_month(one.it).median == pytest.approx(0.003)


def test_mining_is_what_the_conversion_takes_it_to_be() -> None:
    """Two ways to one figure on joint paths: this statement before tax, and the value that the rule is learned from."""
    state = NetworkState(
        price_usd=68_833.0, difficulty=84.38e12, height=846_300, hashrate_eh_s=613.0, fees_btc_per_block=0.3
    )
    bank = np.tile([30.0, 28, 25, 25, 28, 35, 45, 60, 35, 28, 25, 28], (3, 1)) * [[0.8], [1.0], [1.3]]
    paths = simulate(ScenarioModel(state=state, power_bank_usd_per_mwh=bank), "2024-06", 120, seed=1, paths=64)
    block = Block(efficiency_j_per_th=20.0, capex_usd_per_mw=0.0, machine_usd_per_mw=0.4e6, age_years=2.0, pue=1.05)
    part = Part(
        name="fleet",
        mine=monthly_operations(block, 7.0, paths),
        it=ItMW(7.0),
        gross=GrossMW(7.0),
        machines=machines_of(block, 7.0),
        mining_opex_usd_per_month=block.mining_opex_usd_per_mw_year * 7.0 / 12,
    )
    one = project([part], paths.lease_usd_per_kw_month, Terms(first_month="2024-06", rate=0.1))
    before_tax = one.total_usd((*POWER_LINES, *OPEX_LINES, *CAPITAL_LINES))
    assert before_tax == pytest.approx(7.0 * mining_usd_per_mw(block, paths), abs=1e-6)
    assert "machines bought" in one.lines


@pytest.mark.parametrize("delay", [0.0, 12.0, 31.0])
def test_a_hall_is_worth_what_the_lease_module_says_less_its_capex_as_paid(delay: float) -> None:
    lease = replace(SURE, delay_months=delay, escalator_per_year=0.02, ramp_months=6.0)
    one = project([hall(lease, 2, 160, works=Works(capex_usd=24e6, build_months=12))], np.ones((2, 160)), TERMS)
    paid = 2e6 * annuity_factor(periodic_rate(0.10, 12), 12)
    assert one.npv_usd == pytest.approx(float(lease.value_usd(0.10)) - paid)
    assert one.capital_usd.tolist() == [24e6, 24e6]


def test_mining_stops_on_the_day_of_signing_and_the_works_are_paid_as_said() -> None:
    works = Works(
        capex_usd=6.0, build_months=3, demolition_usd=1.0, staff_usd=2.0, sale_usd=4.0, curtailable_usd_per_month=0.5
    )
    earned = operations(np.full((1, 60), 10.0), np.full((1, 60), -4.0))
    lease = Lease(it=ItMW(1.0), years=2, rent_usd_per_it_mw_year=120.0, noi_margin=0.9, delay_months=3.0)
    table = statement(project([hall(lease, 1, 60, signed=2, works=works, mine=earned)], np.ones((1, 60)), TERMS))
    assert table["mining"].tolist()[:4] == [10.0, 10.0, 0.0, 0.0]
    assert table["hall built"].tolist()[1:6] == [0.0, -2.0, -2.0, -2.0, 0.0]
    assert table["demolition and staff"].iloc[2] == -3.0
    assert table["machines sold"].iloc[2] == 4.0
    assert table["rent"].tolist()[4:6] == pytest.approx([0.0, 10.0])
    assert table["grid"].tolist()[4:6] == [0.0, 0.5]
    assert table["rent"].sum() == pytest.approx(240.0)


def test_what_a_hall_brings_beside_its_rent_begins_with_its_opening() -> None:
    part = hall(replace(SURE, years=2), 1, 40, signed=1)
    beside = operations(np.zeros((1, 40)), np.full((1, 40), -3.0), np.full((1, 40), -12.0))
    one = project([replace(part, hall=beside)], np.ones((1, 40)), replace(TERMS, coincident_fraction=0.0))
    assert np.flatnonzero(one.lines["energy"][0])[0] == 13
    assert one.measured_usd[0, 12:14].tolist() == [0.0, -12.0]
    assert one.lines["peak charges"][0, 14] == -12.0


def test_peak_charges_measured_and_billed_reconcile() -> None:
    shape = (3, 30)
    rng = np.random.default_rng(1)
    peaks = -rng.uniform(0, 100, shape)
    part = Part(name="m", mine=operations(np.ones(shape), np.zeros(shape), peaks), it=ItMW(1.0), gross=GrossMW(1.0))
    one = project([part], np.ones(shape), replace(TERMS, coincident_fraction=0.7, peaks_owed_usd=-1.0))
    assert one.lines["peak charges"].sum(axis=1) == pytest.approx(one.measured_usd.sum(axis=1) - 30.0)


def test_demand_and_coincident_charges_of_one_month_are_billed_apart() -> None:
    """July 2026: 30 USD of demand, billed in August; 120 USD of a coincident peak, 10 USD a month in 2027. Another part says no more
    than its sum of 50 USD, of which the terms' half is coincident: 25 in August, 25 / 12 a month."""
    peaks, demand, plain = np.zeros((1, 24)), np.zeros((1, 24)), np.zeros((1, 24))
    peaks[0, 6], demand[0, 6], plain[0, 6] = -150.0, -30.0, -50.0
    none = np.zeros((1, 24))
    parts = [
        Part(
            name="both",
            mine=replace(operations(none, none, peaks), demand_usd=demand),
            it=ItMW(1.0),
            gross=GrossMW(1.0),
        ),
        Part(name="sum", mine=operations(none, none, plain), it=ItMW(1.0), gross=GrossMW(1.0)),
    ]
    billed = project(parts, np.ones((1, 24)), replace(TERMS, coincident_fraction=0.5)).lines["peak charges"][0]
    assert billed[:12] == pytest.approx([0.0] * 7 + [-55.0] + [0.0] * 4)
    assert billed[12:] == pytest.approx([-10.0 - 25.0 / 12] * 12)


def test_a_hall_is_written_off_and_taxed_as_the_law_of_its_dates_says() -> None:
    """Acquired in January 2026: written off at once in 2027 when it opens, against rents that take years to use the loss up."""
    terms = replace(TERMS, tax=TaxRules(), debt=None)
    part = hall(SURE, 2, 144, works=Works(capex_usd=30e6))
    one = project([part], np.ones((2, 144)), terms)
    assert one.unlevered.written_off_usd[0, :3].tolist() == [0.0, 30e6, 0.0]
    income = one.unlevered.income_usd[0]
    assert income[1:4] == pytest.approx([12e6 - 30e6, 12e6, 12e6])
    tax = one.unlevered.paid_usd[0]
    assert tax[35] == pytest.approx(0.21 * (12e6 - 0.8 * 12e6))
    assert tax[47] == pytest.approx(0.21 * (12e6 - (18e6 - 9.6e6)))
    assert tax[59] == pytest.approx(0.21 * 12e6)


DEBT = DebtTerms(rate=0.08, tenor_years=9.0, dscr=1.4, largest_share=1.0)


@given(seed=st.integers(0, 10_000), indebted=st.booleans())
@settings(deadline=None, max_examples=25)
def test_the_lines_add_up_to_what_the_owner_receives(seed: int, indebted: bool) -> None:
    rng = np.random.default_rng(seed)
    paths, months = 5, int(rng.integers(14, 60))
    lease = Lease(
        it=ItMW(10.0),
        years=3,
        rent_usd_per_it_mw_year=rng.uniform(1e6, 2e6, paths),
        noi_margin=rng.uniform(0.5, 0.9, paths),
        delay_months=rng.uniform(12, 30, paths),
        hazard_per_year=0.2,
        relet_fraction=0.5,
    )
    shape = (paths, months)
    earned = operations(rng.uniform(0, 1e6, shape), -rng.uniform(0, 1e6, shape), -rng.uniform(0, 1e5, shape))
    part = replace(
        hall(lease, paths, months, works=Works(capex_usd=20e6), mine=earned), signed=rng.integers(0, months + 2, paths)
    )
    terms = Terms(first_month="2024-11", rate=0.1, debt=DEBT if indebted else None)
    one = project([part, mine(5e5, 3e5, paths=paths, months=months)], rng.uniform(90, 150, shape), terms)
    debt = one.debt.drawn_usd - one.debt.interest_usd - one.debt.repaid_usd if one.debt else 0.0
    before_tax = one.noi_usd + one.total_usd(CAPITAL_LINES)
    assert one.equity_usd == pytest.approx(before_tax - one.tax.paid_usd + debt, abs=1e-4)
    assert one.project_usd == pytest.approx(before_tax - one.unlevered.paid_usd, abs=1e-4)
    for table, flows in ((statement(one), one.equity_usd.mean(axis=0)), (statement(one, 2), one.equity_usd[2])):
        assert (table[list(one.lines)].sum(axis=1) - table["equity cash flow"]).abs().max() < 1e-6
        assert table["equity cash flow"].to_numpy() == pytest.approx(flows, abs=1e-4)


def test_a_statement_has_a_row_per_month_in_the_order_of_an_account() -> None:
    table = statement(project([hall(SURE, 2, 30, works=Works(capex_usd=1e6))], np.ones((2, 30)), TERMS))
    assert [str(table.index[0]), str(table.index[-1])] == ["2026-01", "2028-06"]
    assert list(table.columns) == ["rent", "running costs of halls", "hall built", "equity cash flow"]


def test_parts_of_other_paths_are_refused() -> None:
    with pytest.raises(InputError, match="operations of that shape"):
        project([mine(1.0, 0.0, paths=3)], np.ones((2, 120)), TERMS)


def test_half_a_conversion_is_refused() -> None:
    with pytest.raises(InputError, match="needs all four"):
        Part(name="b", mine=idle(1, 2), it=ItMW(1.0), gross=GrossMW(1.0), works=Works(capex_usd=1.0))


def test_monthly_means_mine_all_month_where_that_pays() -> None:
    one = flat_scenarios(2, 3)
    found = monthly_operations(Block(efficiency_j_per_th=20.0, capex_usd_per_mw=0.0), 4.0, one)
    assert found.energy_mwh == pytest.approx(4.0 * 8_760 / 12)
    assert found.btc * 50_000.0 == pytest.approx(found.mining_usd)
