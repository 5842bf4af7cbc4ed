"""Bars on the monthly cash flow of a site."""

import importlib.util
import subprocess
import sys
import time

import numpy as np

from evidence.bar import ROOT, Bar, Figure
from megawatt.core.units import ItMW
from megawatt.invest.cash_flow import annuity_factor, periodic_rate
from megawatt.invest.hall_works import Works
from megawatt.invest.hedge import least_hedge
from megawatt.invest.lease import Lease
from megawatt.invest.project import Terms, project
from megawatt.invest.project_debt import DebtTerms
from megawatt.invest.switching import follow, known_beforehand, learn_rule
from megawatt.invest.tax_tables import TABLE_A1, TaxRules
from megawatt.invest.tenancy import Tenancy, rents
from tests.invest.sites import SURE, flat_scenarios, hall, operations
from tests.invest.test_switching import chain_option, exact_value

MODULES = "src/megawatt/invest"
PROJECT = tuple(
    f"{MODULES}/{name}.py"
    for name in (
        "project",
        "project_debt",
        "loan_draws",
        "income_tax",
        "tax_tables",
        "tenancy",
        "hall_works",
        "peak_billing",
        "machines",
    )
)


def exactness() -> Figure:
    """Distances from closed forms and from the lease's own value; peaks measured against billed; tables against one."""
    n, months = 20_000, 144
    untaxed = Terms(first_month="2026-01", rate=0.10, tax=TaxRules(rate=0.0))
    one = project([hall(SURE, 2, 160, works=Works(capex_usd=24e6))], np.ones((2, 160)), untaxed)
    paid = 2e6 * annuity_factor(periodic_rate(0.10, 12), 12)
    worth = abs(float(one.npv_usd[0]) - (float(SURE.value_usd(0.10)) - paid)) / paid
    lease = Lease(
        it=ItMW(10.0),
        years=12,
        rent_usd_per_it_mw_year=1.45e6,
        noi_margin=0.775,
        escalator_per_year=0.03,
        hazard_per_year=0.06,
        relet_months=10.0,
        relet_fraction=0.6,
        credited_capex_usd_per_it_mw=1e6,
    )
    found = rents(Tenancy(lease=lease), np.zeros(n, np.int64), (np.arange(n) + 0.5) / n, np.zeros((n, months)))
    flows = (found.rent_usd + found.credits_usd + found.opex_usd).mean(axis=0)
    played = float(np.abs(flows / lease.flows_usd() - 1).max())
    peaks = -np.random.default_rng(1).uniform(0, 1e5, (50, 100))
    mine = operations(np.ones((50, 100)), np.zeros((50, 100)), peaks)
    lent = Terms(first_month="2024-11", rate=0.10, debt=DebtTerms())
    indebted = project([hall(SURE, 50, 100, signed=7, works=Works(capex_usd=9e7), mine=mine)], np.ones((50, 100)), lent)
    billed = float(np.abs(indebted.lines["peak charges"].sum(axis=1) - indebted.measured_usd.sum(axis=1)).max())
    tables = max(abs(sum(table) - 1) for table in TABLE_A1.values())
    numbers = {"worth": worth, "rents_played": played, "peaks_usd": billed, "tables": tables}
    text = f"{worth:.0e} of a value, {played:.1e} of a month's rent, {billed:.0e} USD of peaks, {tables:.0e} of a table"
    passed = worth < 1e-9 and played < 2e-3 and billed < 1e-3 and tables < 1e-12
    return Figure(text, passed, dict(numbers))


def speed() -> Figure:
    """10,000 scenarios of 18 years, taxed, with debt, one block."""
    paths, months = 10_000, 216
    scenarios = flat_scenarios(paths, months)
    earned = operations(np.full((paths, months), 2e6), np.full((paths, months), -1e6), np.full((paths, months), -1e4))
    rng = np.random.default_rng(0)
    lease = Lease(
        it=ItMW(10.0),
        years=12,
        rent_usd_per_it_mw_year=rng.uniform(1.2e6, 1.9e6, paths),
        noi_margin=rng.uniform(0.7, 0.8, paths),
        delay_months=rng.uniform(12, 30, paths),
        hazard_per_year=0.04,
        relet_months=12.0,
        relet_fraction=0.7,
    )
    part = hall(lease, paths, months, signed=12, works=Works(capex_usd=9e7), mine=earned)
    begin = time.process_time()
    one = project([part], scenarios.lease_usd_per_kw_month, Terms(first_month="2026-01", rate=0.10, debt=DebtTerms()))
    value = float(one.equity_npv_usd.mean())
    seconds = time.process_time() - begin
    text = f"{seconds:.1f} s of processor time"
    return Figure(text, seconds < 10, {"seconds": seconds, "scenarios": paths, "months": months, "mean_usd": value})


def switching() -> Figure:
    """A chain of two states and three modes: the rule out of sample against exact dynamic programming."""
    fresh = chain_option(100_000, 2)
    found, exact = follow(learn_rule(chain_option(10_000, 1), degree=1), fresh), exact_value()
    errors = abs(found.mean - exact) / found.standard_error
    above = float(known_beforehand(fresh).mean())
    text = f"{found.mean:.3f} against {exact:.3f} ({errors:.1f} standard errors); foresight {above:.2f}"
    return Figure(text, errors < 3 and above > exact, {"rule": found.mean, "exact": exact, "foresight": above})


def hedges() -> Figure:
    """200 random books: the exact least share against a scan of 1,001 shares."""
    rng, wrong = np.random.default_rng(0), 0
    for _ in range(200):
        swing = rng.normal(0, 40.0, (40, 6))
        cash, settled, service = 130.0 + swing, -swing + rng.normal(0, 5.0, (40, 6)), np.full((40, 6), 100.0)
        found = least_hedge(cash, settled, service, dscr=1.05, sure=0.8, window=1)
        shares = np.linspace(0, 1, 1_001)
        held = [(cash + h * settled >= 1.05 * service).all(axis=1).mean() >= 0.8 for h in shares]
        first = float(shares[int(np.argmax(held))]) if any(held) else None
        if first is not None:  # where the scan finds none, the exact share may lie between two of its steps
            wrong += found.share is None or not first - 1e-3 - 1e-9 <= found.share <= first + 1e-9
    return Figure(f"{wrong} of 200 differ", wrong == 0, {"wrong": int(wrong)})


def peers() -> Figure:
    """The tests against other libraries, where these are installed."""
    missing = [name for name in ("numpy_financial", "QuantLib", "PySAM") if importlib.util.find_spec(name) is None]
    if missing:
        return Figure(f"not installed here: {', '.join(missing)}", passed=None, numbers={})
    command = [sys.executable, "-m", "pytest", "-q", "tests/invest/test_finance_peers.py"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    summary = done.stdout.strip().splitlines()[-1].partition(" in ")[0]
    return Figure(f"{summary} of the comparisons", done.returncode == 0 and "skipped" not in summary, {})


BARS: tuple[Bar, ...] = (
    Bar(
        id="project-peers",
        sentence="Values, returns, sculpted debt, its interest, depreciation tables and tax are those of numpy-financial, QuantLib and "
        "PySAM's single owner.",
        target="all comparisons, 1e-8 or the printed digit of a table",
        covers=(*PROJECT, f"{MODULES}/cash_flow.py", f"{MODULES}/debt.py", "tests/invest/test_finance_peers.py"),
        measure=peers,
    ),
    Bar(
        id="project-exactness",
        sentence="The monthly cash flow of a site equals closed forms and the lease's own value; rents played out on paths have the lease's "
        "expected flows as their mean; peak charges billed are those measured; tables of depreciation add up to one.",
        target="1e-9 of a value, 0.2 % of a month's expected rent (20,000 paths), 0.001 USD of peaks, 1e-12 of a table",
        covers=(*PROJECT, f"{MODULES}/lease.py", "tests/invest/sites.py"),
        measure=exactness,
    ),
    Bar(
        id="project-speed",
        sentence="The taxed and indebted monthly cash flow of a block over 18 years in 10,000 scenarios.",
        target="below 10 s of processor time",
        covers=(*PROJECT, f"{MODULES}/lease.py", "tests/invest/sites.py"),
        measure=speed,
    ),
    Bar(
        id="switching-markov-chain",
        sentence="Switching between three modes, learned by least squares and valued out of sample, earns the exact value of a Markov "
        "chain; perfect foresight lies above it.",
        target="within three standard errors (100,000 paths)",
        covers=(f"{MODULES}/switching.py", f"{MODULES}/stopping.py", "tests/invest/test_switching.py"),
        measure=switching,
    ),
    Bar(
        id="least-hedge-scan",
        sentence="The smallest share to sell forward is the one that a scan of all shares finds.",
        target="0 of 200 differ by more than the scan's step",
        covers=(f"{MODULES}/hedge.py", "tests/invest/test_hedge.py"),
        measure=hedges,
    ),
)
