"""The workbook of an investment, recomputed by an engine that shares no code with the library."""

import importlib
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from megawatt.app.dispatched_site import How
from megawatt.app.invest_workbook import mean_path, mined_usd, write_invest_workbook
from megawatt.app.investment import Investment, invest
from megawatt.invest.conversion import lease_usd_per_mw
from megawatt.site.examples import example
from megawatt.site.read import Site
from tests.app.recomputing import Recomputed

pytest.importorskip("openpyxl", reason="the extra 'spreadsheet' is not installed")

TODAY, MINE = ("Answer", "s21: sign today"), ("Answer", "s21: mine on, along the mean path")


@pytest.fixture(scope="module")
def found() -> Investment:
    """One fleet of old machines that are soon replaced, on short scenarios: every formula, in few cells."""
    site = Site.from_text(example("texas-mine"))
    site = replace(site, fleets=site.fleets[:1])
    one = invest(site, years=4, decide_years=1, paths=200, how=How("mean"))
    block, answer = one.fleets["s21"]
    old = replace(block, age_years=4.0, machine_life_years=5.0, degradation_per_year=0.04, machine_usd_per_mw=0.2e6)
    return replace(one, fleets={"s21": (replace(old, lease_years=2.0, hazard_per_year=0.03), answer)})


@pytest.fixture(scope="module")
def book(found: Investment, tmp_path_factory: pytest.TempPathFactory) -> Recomputed:
    path = tmp_path_factory.mktemp("book") / "invest.xlsx"
    write_invest_workbook(found, path)
    return Recomputed(path)


def by_library(found: Investment, rate: float | None = None, **changed: Any) -> tuple[float, float]:
    """A lease signed today and mining on along the mean path, with fields of the block changed."""
    mean, at = mean_path(found.scenarios), rate if rate is not None else found.site.finance.discount_rate
    block = replace(found.fleets["s21"][0], **changed)
    lease = float(lease_usd_per_mw(block, mean.lease_usd_per_kw_month[:, 0], at)[0])
    return lease, mined_usd(block, mean, at)


def test_the_workbook_recomputes_to_the_cent(book: Recomputed, found: Investment) -> None:
    assert book.errors() == []
    assert book.values(TODAY, MINE) == pytest.approx(by_library(found), abs=0.005)


def test_the_sites_equity_is_worth_what_the_answer_says(book: Recomputed, found: Investment) -> None:
    wanted = {name: one.equity_npv_usd.mean for name, one in found.project.appraisals.items()}
    labels = [
        ("Answer", f"whole site, {name}: what the owner receives after tax and debt")
        for name in found.project.appraisals
    ]
    assert book.values(*labels) == pytest.approx(list(wanted.values()), abs=0.005)


@pytest.mark.parametrize(
    "changed",
    [
        {"machine_usd_per_mw": 5e6},
        {"age_years": 4.9, "degradation_per_year": 0.10},
        {"noi_margin": 0.5, "hazard_per_year": 0.3, "capex_usd_per_mw": 1e6},
        {"adder_usd_per_mwh": 300.0, "pue": 1.2},
        {"pool_fee_fraction": 0.5, "mining_opex_usd_per_mw_year": 0.0, "mining_mw": 2.0},
    ],
    ids=["machines too dear", "older machines", "a poor lease", "dear power", "half to the pool"],
)
def test_a_changed_input_moves_the_workbook_as_it_moves_the_library(
    book: Recomputed, found: Investment, changed: dict[str, float]
) -> None:
    inputs = {f"s21 {name}": value for name, value in changed.items()}
    assert book.values(TODAY, MINE, **inputs) == pytest.approx(by_library(found, **changed), abs=0.005)


def test_a_changed_discount_rate_moves_everything(book: Recomputed, found: Investment) -> None:
    assert book.values(TODAY, MINE, discount_rate=0.05) == pytest.approx(by_library(found, 0.05), abs=0.005)


def test_a_lease_at_the_mean_rent_is_worth_the_mean_over_the_scenarios() -> None:
    site = Site.from_text(example("texas-mine"))
    one = invest(replace(site, fleets=site.fleets[:1]), years=4, decide_years=1, paths=200, how=How("mean"))
    block, answer = one.fleets["s21"]
    rent = mean_path(one.scenarios).lease_usd_per_kw_month[:, 0]
    value = lease_usd_per_mw(block, rent, one.site.finance.discount_rate)
    assert value == pytest.approx(np.array([answer.now_usd.mean]))


def test_a_fleet_named_like_a_formula_stays_text(found: Investment, tmp_path: Path) -> None:
    evil = "=1+1"
    renamed = replace(found, fleets={evil: found.fleets["s21"]})
    write_invest_workbook(renamed, tmp_path / "evil.xlsx")
    book = importlib.import_module("openpyxl").load_workbook(tmp_path / "evil.xlsx")
    named = [cell for sheet in book for row in sheet.iter_rows() for cell in row if evil in str(cell.value)]
    assert named
    assert {cell.data_type for cell in named} == {"s"}
