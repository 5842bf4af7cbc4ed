"""The workbook of a deal, recomputed by an engine that shares no code with the library."""

import importlib
from dataclasses import replace
from pathlib import Path

import pytest

from megawatt.app.deal_examples import CORE_2024, CORE_2024_BID
from megawatt.app.deal_file import deal_of, offer_of
from megawatt.app.deal_valuation import value_deal
from megawatt.app.deal_workbook import write_deal_workbook
from tests.app.recomputing import Recomputed

pytest.importorskip("openpyxl", reason="the extra 'spreadsheet' is not installed")

SHORT = (
    CORE_2024.replace("years = 12.0", "years = 1.5")
    .replace("years = 5.0 ", "years = 1.25 ")
    .replace("overhead_musd_per_year", "overhead_years = 2.0\noverhead_musd_per_year")
    .replace("total_revenue_musd = 3500.0", "escalator_per_year = 0.03\ntotal_revenue_musd = 3500.0")
)
"""The example with short terms: every formula, in a tenth of the cells."""
PRICE = ("Answer", "Value of a diluted share, USD")
FIRST = ("Answer", "CoreWeave 200 MW: value today if it is used, USD")
SECOND = ("Answer", "300 MW under discussion: value today if it is used, USD")


@pytest.fixture(scope="module")
def book(tmp_path_factory: pytest.TempPathFactory) -> Recomputed:
    path = tmp_path_factory.mktemp("book") / "deal.xlsx"
    deal, offer = deal_of(SHORT), offer_of(CORE_2024_BID)
    write_deal_workbook(value_deal(deal, offer, scenarios=200, seed=0), offer, path)
    return Recomputed(path)


def by_library(text: str, **changed: float) -> tuple[float, float, float]:
    """Price per share and value of both leases at likely values, some of them changed."""
    company = deal_of(text).as_company()
    assert company is not None
    draw = company.likely() | changed
    leases = [float(one.lease(draw).value_usd(draw["discount_rate"])) for one in company.leases]
    return float(company.usd_per_share(draw)), leases[0], leases[1]


def test_the_workbook_recomputes_to_the_cent(book: Recomputed) -> None:
    assert book.errors() == []
    assert book.values(PRICE, FIRST, SECOND) == pytest.approx(by_library(SHORT), abs=0.005)


@pytest.mark.parametrize(
    "changed",
    [
        {"discount_rate": 0.0},
        {"discount_rate": 0.15, "CoreWeave 200 MW noi_margin": 0.62, "CoreWeave 200 MW hazard_per_year": 1.0},
        {"300 MW under discussion exercised": 0.9, "300 MW under discussion ramp_months": 0.0},
        {"CoreWeave 200 MW credited_capex_usd_per_it_mw": 4e6, "mining hashprice_usd_per_ph_day": 80.0},
        {"mining power_price_usd_per_mwh": 200.0, "net_debt_usd": 9e9},
        {"CoreWeave 200 MW rent_usd_per_it_mw_year": 2e7, "net_debt_usd": -1e9},
    ],
    ids=["no discount", "a tenant that fails", "an option used", "credits", "worth nothing", "warrants awake"],
)
def test_a_changed_input_moves_the_workbook_as_it_moves_the_library(
    book: Recomputed, changed: dict[str, float]
) -> None:
    assert book.values(PRICE, FIRST, SECOND, **changed) == pytest.approx(by_library(SHORT, **changed), abs=0.005)


def test_the_offer_in_stock_stops_at_its_collar(tmp_path: Path) -> None:
    text = 'schema = "megawatt/bid/1"\n[bid]\nbidder = "B"\ncash_usd = 1.0\nvalue_usd = 20.0\ncollar_usd = [150.0, 180.0]\n'
    offer = offer_of(text + "bidder_price_usd = [90.0, 100.0, 190.0]\n")
    deal = deal_of(SHORT)
    deal = replace(deal, leases=deal.leases[:1])
    write_deal_workbook(value_deal(deal, offer, scenarios=200, seed=0), offer, tmp_path / "stock.xlsx")
    found = Recomputed(tmp_path / "stock.xlsx").values(("Answer", "Offer for a share, USD"))
    assert found == pytest.approx([1.0 + 20.0 / 150.0 * 100.0])


def test_a_name_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    evil = '=HYPERLINK(\\"http://x\\",\\"y\\")'
    text = SHORT.replace("CoreWeave 200 MW", evil).replace("Core Scientific - CoreWeave, as", "@SUM(A1) as")
    path = tmp_path / "evil.xlsx"
    write_deal_workbook(value_deal(deal_of(text), None, scenarios=200, seed=0), None, path)
    openpyxl = importlib.import_module("openpyxl")
    cells = [cell for sheet in openpyxl.load_workbook(path) for row in sheet.iter_rows() for cell in row]
    named = [
        cell for cell in cells if isinstance(cell.value, str) and ("HYPERLINK" in cell.value or "@SUM" in cell.value)
    ]
    assert len(named) > 10
    assert {(cell.data_type, cell.quotePrefix) for cell in named} == {("s", True)}
    assert all(not cell.value.startswith(("=HYPER", "@")) for cell in cells if cell.data_type == "f")


@pytest.mark.parametrize("changed", [{}, {"CoreWeave 200 MW hazard_per_year": 0.6, "discount_rate": 0.0}])
def test_a_guarantee_is_recomputed_from_every_month_in_which_the_tenant_may_fail(
    tmp_path: Path, changed: dict[str, float]
) -> None:
    text = SHORT.replace("relet_months = 12.0 ", "backstop_musd = 90.0\nrelet_months = 4.5 ", 1)
    path = tmp_path / "backed.xlsx"
    write_deal_workbook(value_deal(deal_of(text), None, scenarios=200, seed=0), None, path)
    found = Recomputed(path).values(PRICE, FIRST, SECOND, **changed)
    assert found == pytest.approx(by_library(text, **changed), abs=0.005)
    assert found[1] > by_library(SHORT, **changed)[1] + 1e6


def test_a_deal_without_a_company_has_its_leases_only(tmp_path: Path) -> None:
    text = SHORT[: SHORT.index("[company]")]
    path = tmp_path / "alone.xlsx"
    write_deal_workbook(value_deal(deal_of(text), None, scenarios=200, seed=0), None, path)
    book = Recomputed(path)
    assert list(book.sheets) == ["Answer", "Inputs", "Lease 1", "Lease 2"]
    assert book.values(FIRST, SECOND) == pytest.approx(by_library(SHORT)[1:], abs=0.005)


@pytest.mark.full
def test_the_whole_example_recomputes_to_the_cent(tmp_path: Path) -> None:
    deal, offer = deal_of(CORE_2024), offer_of(CORE_2024_BID)
    path = tmp_path / "core.xlsx"
    write_deal_workbook(value_deal(deal, offer, scenarios=200, seed=0), offer, path)
    assert Recomputed(path).values(PRICE, FIRST, SECOND) == pytest.approx(by_library(CORE_2024), abs=0.005)
