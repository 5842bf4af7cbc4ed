"""Other libraries on the same figures, where they are installed: numpy-financial, QuantLib, PySAM's single owner.

They are no dependency: ``pip install numpy-financial QuantLib nrel-pysam`` lets these tests run; without them they are skipped.
"""

from typing import Any

import numpy as np
import pytest

from megawatt.core.series import Floats
from megawatt.core.units import GrossMW
from megawatt.invest.cash_flow import annuity_factor, irr, irr_by_path, npv, periodic_rate
from megawatt.invest.debt import sculpted_loan
from megawatt.invest.hall_works import Works
from megawatt.invest.income_tax import income_tax
from megawatt.invest.project import Project, Terms, project
from megawatt.invest.tax_tables import COMPUTERS, IMPROVEMENTS, TABLE_A1, TaxRules
from tests.invest.sites import SURE, hall


@pytest.fixture(scope="module")
def taxed() -> Project:
    """A hall of 30 M USD let for ten years after a year of building, taxed."""
    part = hall(SURE, 2, 144, works=Works(capex_usd=30e6))
    assert part.gross == GrossMW(13.0)
    return project([part], np.ones((2, 144)), Terms(first_month="2026-01", rate=0.10))


def test_numpy_financial_gives_the_same_values_rates_and_payments(taxed: Project) -> None:
    peer = pytest.importorskip("numpy_financial")
    flows = np.append(0.0, taxed.project_usd[0])
    monthly = periodic_rate(0.10, 12)
    assert taxed.npv_usd[0] == pytest.approx(peer.npv(monthly, flows), rel=1e-12)
    assert irr_by_path(taxed.project_usd)[0] == pytest.approx(peer.irr(flows[1:]), rel=1e-9)
    assert annuity_factor(monthly, 120) == pytest.approx(-peer.pv(monthly, 120, 1.0), rel=1e-12)


def test_quantlib_gives_the_same_values_and_rates(taxed: Project) -> None:
    ql: Any = pytest.importorskip("QuantLib")
    today, count = ql.Date(1, 1, 2026), ql.SimpleDayCounter()
    flows = taxed.project_usd[0]
    leg = [ql.SimpleCashFlow(float(usd), today + ql.Period(k + 1, ql.Months)) for k, usd in enumerate(flows)]
    ql.Settings.instance().evaluationDate = today
    at_ten = ql.InterestRate(0.10, count, ql.Compounded, ql.Annual)
    assert taxed.npv_usd[0] == pytest.approx(ql.CashFlows.npv(leg, at_ten, False, today, today), rel=1e-12)
    rate = ql.CashFlows.yieldRate(leg, 0.0, count, ql.Compounded, ql.Annual, False, today, today, 1e-12, 1_000, 0.1)
    assert (1 + irr_by_path(taxed.project_usd)[0]) ** 12 - 1 == pytest.approx(rate, rel=1e-8)


@pytest.fixture(scope="module")
def owner() -> Any:
    """PySAM's single owner of a plant of 50 MW that runs all year, with debt sized by a cover of 1.3 and federal taxes."""
    model = pytest.importorskip("PySAM.Singleowner").default("CustomGenerationProfileSingleOwner")
    for name, value in (
        ("gen", [50_000.0] * 8_760),
        ("system_capacity", 50_000.0),
        ("total_installed_cost", 1.2e9),
        ("state_tax_rate", [0.0]),
        ("federal_tax_rate", [21.0]),
        ("depr_alloc_sl_20_percent", 0.0),
        ("depr_alloc_macrs_5_percent", 60.0),
        ("depr_alloc_macrs_15_percent", 40.0),
    ):
        model.value(name, value)
    model.execute(0)
    return model


def test_pysam_sizes_the_same_sculpted_loan(owner: Any) -> None:
    years, rate = int(owner.value("term_tenor")), owner.value("term_int_rate") / 100
    cash: Floats = np.array(owner.Outputs.cf_cash_for_ds)[1 : years + 1]
    loan = sculpted_loan(cash, rate=rate, dscr=owner.value("dscr"))
    assert loan.principal_usd == pytest.approx(owner.Outputs.size_of_debt, rel=1e-12)
    assert loan.service_usd == pytest.approx(np.array(owner.Outputs.cf_debt_payment_total)[1 : years + 1], rel=1e-9)
    assert loan.interest_usd == pytest.approx(np.array(owner.Outputs.cf_debt_payment_interest)[1 : years + 1], rel=1e-9)


def test_pysam_writes_off_by_the_same_tables_and_finds_the_same_return(owner: Any) -> None:
    found = owner.Outputs
    for kind, name in ((COMPUTERS, "macrs_5"), (IMPROVEMENTS, "macrs_15")):
        written: Floats = np.array(getattr(found, f"cf_feddepr_{name}"))
        assert written[written > 0] / written.sum() == pytest.approx(np.array(TABLE_A1[kind]), abs=1.01e-4)
    flows = np.array(found.cf_project_return_aftertax)
    assert 100 * irr(flows) == pytest.approx(found.project_return_aftertax_irr, rel=1e-5)
    rate = (1 + owner.value("real_discount_rate") / 100) * (1 + owner.value("inflation_rate") / 100) - 1
    assert npv(flows, rate) == pytest.approx(found.project_return_aftertax_npv, rel=1e-9)


def test_pysam_owes_the_same_tax_on_the_same_income_but_for_the_limit_of_losses(owner: Any) -> None:
    """It pays out losses of a year at once; where income stays above nought, both owe the rate on it."""
    income: Floats = np.array(owner.Outputs.cf_fedtax_income_prior_incentives)
    years = np.flatnonzero(income > 0)
    assert len(years) >= 10
    flows = np.repeat(income[years][:, None] / 12, 12, axis=1)
    bills = income_tax(flows, [], "2026-01", TaxRules()).paid_usd.sum(axis=1)
    assert bills == pytest.approx(-np.array(owner.Outputs.cf_fedtax)[years], rel=1e-9)
