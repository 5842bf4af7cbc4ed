"""Debt and treasury of a site file in ``megawatt invest``: what is printed, its JSON, its page and its workbook."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from megawatt.app.dispatched_site import How
from megawatt.app.invest_workbook import write_invest_workbook
from megawatt.app.investment import Investment, answer, invest
from megawatt.app.overrides import with_values
from megawatt.app.site_treasury import debt_terms, earned, treasury_of
from megawatt.app.treasury_sheet import mean_flows
from megawatt.core.errors import InputError
from megawatt.invest.alternatives import KEEP, NOW
from megawatt.invest.project_debt import DebtTerms
from megawatt.invest.treasury import Earned, HashForward, PowerForward, manage
from megawatt.site.debt import Loan
from megawatt.site.examples import example
from megawatt.site.read import Site
from tests.app.recomputing import Recomputed
from tests.app.running import TEXAS, Run, refused, runner
from tests.app.schemas import published

run = pytest.fixture(runner)
FEW = ("--scenarios", "200", "--years", "3", "--decide-years", "1", "--dispatch", "mean")
MONEY = """
[debt]
rate = 0.09
covenant_dscr = 1.2
debt_fraction = 0.6
draws = "equity_first"
building_interest = "paid"
upfront_fee_fraction = 0.01

[treasury]
sold_fraction = 0.4
coins_btc = 50.0
cash_usd = 3e6
least_cash_usd = 2e6
operating_cost_usd_per_month = 500_000.0

[[forward]]
name = "hashes"
kind = "hashrate_sold"
hashrate_ph_s = 300.0
price_usd_per_ph_day = 50.0
basis_usd_per_ph_day = -0.5
margin_fraction = 0.1
valid_from = 2025-03-01
valid_to = 2026-03-01

[[forward]]
name = "power"
kind = "power_bought"
block_mw = 20.0
price_usd_per_mwh = 60.0
margin_fraction = 0.2
valid_to = 2025-07-01

[[forward]]
name = "power back"
kind = "power_sold"
block_mw = 5.0
price_usd_per_mwh = 20.0
margin_fraction = 0.2
valid_to = 2099-01-01

[[forward]]
name = "delivered long ago"
kind = "power_sold"
block_mw = 5.0
price_usd_per_mwh = 20.0
valid_to = 2024-06-01
"""


def texas(money: str = "") -> str:
    """The example with its first fleet alone, and tables of money."""
    head, fleet, *others = example("texas-mine").split("[[fleet]]")
    _, header, rest = others[-1].partition("\n[[")
    return f"{head}[[fleet]]{fleet}{header}{rest}{money}"


@pytest.fixture(scope="module")
def found() -> Investment:
    """Short scenarios of the example with all tables of money."""
    return invest(Site.from_text(texas(MONEY)), years=2, decide_years=1, paths=200, how=How("mean"))


def test_without_the_tables_the_terms_are_the_librarys_own() -> None:
    assert debt_terms(Loan()) == DebtTerms()
    assert treasury_of(Site.from_text(texas()), "2025-01", 48) is None


def test_forwards_deliver_in_their_months_and_no_others() -> None:
    """Scenarios from January 2025: from March on for a year, from today to June, to the end of the horizon; what is past is none."""
    rules = treasury_of(Site.from_text(texas(MONEY)), "2025-01", 48)
    assert rules is not None
    assert [(one.first, one.months) for one in rules.forwards] == [(2, 12), (0, 6), (0, 48)]
    assert isinstance(rules.forwards[0], HashForward)
    assert [one.sold for one in rules.forwards if isinstance(one, PowerForward)] == [False, True]


def test_the_answer_keeps_its_schema_and_says_how_long_cash_lasts(run: Run) -> None:
    TEXAS.write_text(texas(MONEY), encoding="utf-8")
    printed = run("invest", TEXAS, *FEW, "--json")
    assert printed.code == 0, printed.err
    given = json.loads(printed.out)
    published("invest-2", given)
    project = given["project"]
    assert (project["debt"]["rate"], project["debt"]["draws"]) == (0.09, "equity_first")
    keep, now, _ = project["treasury"]["alternatives"]
    assert now["enough_cash_usd"] > keep["enough_cash_usd"]
    assert project["treasury"]["forwards"] == 3


def test_the_terminal_and_the_page_show_debt_and_treasury(run: Run) -> None:
    TEXAS.write_text(texas(MONEY), encoding="utf-8")
    printed = run("invest", TEXAS, *FEW, "--report", "invest.html")
    assert printed.code == 0, printed.err
    text, page = " ".join(printed.out.split()), printed.files["invest.html"].decode()
    for words in ("Treasury, ", "cash falls below 2.00 M USD in", "today it would not in 95 %"):
        assert words in text
    for words in ("Debt and treasury", "equity first", "Enough cash today", "50.0 BTC today", "Most collateral"):
        assert words in page


def test_a_value_of_the_command_line_stands_above_the_file(run: Run) -> None:
    TEXAS.write_text(texas(), encoding="utf-8")
    money = ("--set", "treasury.cash_usd=7e6", "--set", "debt.debt_fraction=0", "--set", 'debt.kind="level"')
    printed = run("invest", TEXAS, *FEW, "--json", *money)
    assert printed.code == 0, printed.err
    project = json.loads(printed.out)["project"]
    assert project["treasury"]["cash_usd"] == 7e6
    assert (project["debt"]["debt_fraction"], project["debt"]["kind"]) == (0.0, "level")
    for one in project["alternatives"]:
        assert one["equity_npv_usd"]["mean"] == pytest.approx(one["npv_usd"]["mean"])


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ("debt.dscr", "TABLE.KEY=VALUE"),
        ("dscr=1.4", "TABLE.KEY=VALUE"),
        ("fleet.count=3", "finance, debt, treasury"),
        ("debt.dscr=much", "as in TOML"),
        ("debt.dscr=130", "as a ratio it is 1.3"),
        ("debt.dcsr=1.4", "Did you mean dscr"),
        ("debt.dscr=1.05", "covenant_dscr = 1.1 above dscr = 1.05"),
        ("treasury.cash_usd=20", "million USD; in USD it is 20,000,000"),
    ],
)
def test_a_wrong_value_is_answered_with_rule_and_remedy(run: Run, given: str, words: str) -> None:
    TEXAS.write_text(texas(), encoding="utf-8")
    refused(run("invest", TEXAS, *FEW, "--set", given), words)


def test_values_that_need_each_other_are_changed_together() -> None:
    site = with_values(Site.from_text(texas(MONEY)), ["debt.dscr=1.1", "debt.covenant_dscr=1.0"])
    assert (site.debt.dscr, site.debt.covenant_dscr, site.debt.rate) == (1.1, 1.0, 0.09)
    with pytest.raises(InputError, match="above dscr"):
        with_values(site, ["debt.dscr=1.0", "debt.covenant_dscr=1.05"])


def test_less_debt_asks_for_more_cash_today(found: Investment) -> None:
    none = invest(
        with_values(found.site, ["debt.debt_fraction=0"]), years=2, decide_years=1, paths=200, how=How("mean")
    )
    cash = [answer(one)["project"]["treasury"]["alternatives"][1]["enough_cash_usd"] for one in (found, none)]
    assert cash[0] < cash[1]


@pytest.fixture(scope="module")
def book(found: Investment, tmp_path_factory: pytest.TempPathFactory) -> Recomputed:
    pytest.importorskip("openpyxl", reason="the extra 'spreadsheet' is not installed")
    path = tmp_path_factory.mktemp("book") / "invest.xlsx"
    write_invest_workbook(found, path)
    return Recomputed(path)


@pytest.mark.parametrize("changed", [{}, {"sold_fraction": 0.9, "cash_usd": 40e6}, {"coins_btc": 900.0}])
def test_the_workbooks_treasury_is_that_of_the_library_along_the_mean(
    book: Recomputed, found: Investment, changed: dict[str, float]
) -> None:
    """Cash of every month by another engine, with the file's treasury and with others."""
    scenarios = found.project.case.scenarios
    site = with_values(found.site, [f"treasury.{key}={value}" for key, value in changed.items()])
    rules = treasury_of(site, scenarios.first_month, 24)
    assert rules is not None
    labels, wanted = [], []
    for name in (KEEP, NOW):
        project = found.project.projects[name]
        mean = mean_flows(earned(project, scenarios), scenarios)
        one = scenarios.of_paths(slice(1))
        network = replace(
            one.network,
            price_usd=mean.price_usd[None],
            hashprice_usd_per_ph_day=mean.hashprice_usd_per_ph_day[None],
        )
        one = replace(one, network=network, power_usd_per_mwh=mean.power_usd_per_mwh[None])
        flows = Earned(project.equity_usd.mean(axis=0)[None], mean.btc[None], mean.coins_usd[None])
        cash = manage(rules, flows, one)
        labels += [
            ("Answer", f"treasury, {name}: lowest cash along the mean"),
            ("Answer", f"treasury, {name}: months of runway along the mean"),
        ]
        wanted += [float(cash.cash_usd.min()), float(np.minimum(cash.runway_months[0], 24))]
    inputs = {f"treasury {key}": value for key, value in changed.items()}
    assert book.values(*labels, **inputs) == pytest.approx(wanted, abs=0.01)


def test_the_workbook_holds_no_error(book: Recomputed) -> None:
    assert book.errors() == []


def test_a_site_without_a_treasury_has_no_such_sheet(tmp_path: Path) -> None:
    openpyxl = pytest.importorskip("openpyxl", reason="the extra 'spreadsheet' is not installed")
    write_invest_workbook(
        invest(Site.from_text(texas()), years=2, decide_years=1, paths=200, how=How("mean")), tmp_path / "plain.xlsx"
    )
    assert not [name for name in openpyxl.load_workbook(tmp_path / "plain.xlsx").sheetnames if "Treasury" in name]
