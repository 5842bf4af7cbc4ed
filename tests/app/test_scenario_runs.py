"""Runs of alternatives in scenarios: their bank, their folder, their check, their crew."""

from pathlib import Path

import numpy as np
import pytest

from megawatt.app import scenario_runs
from megawatt.app.scenario_runs import bank_means, dispatch_alternatives, power_years
from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError, SolverError
from megawatt.invest.power_bank import modelled_bank
from megawatt.invest.site_dispatch import Accuracy
from megawatt.power.price_model import PriceModel
from megawatt.site.examples import TEXAS_MINE
from megawatt.site.read import Site
from megawatt.sources.reference_power import REFERENCE_SEED, reference_power_parameters
from tests.invest.bank import MINE, bank_year, drawn, mine, mine_grid, series, spiky

SMALLER = MINE.replace("count = 10_000", "count = 5_000")
SITES = {"keep": mine(), "halve": Site.from_text(SMALLER)}
BANK = [bank_year(spiky(1)), bank_year(spiky(2))]


def quiet(_: str) -> None:
    """Nobody listens."""


def test_the_bank_of_quarter_hours_has_the_means_from_which_scenarios_draw() -> None:
    site = Site.from_text(TEXAS_MINE)
    years = power_years(site, Dataset(()))
    model = PriceModel.from_dict(reference_power_parameters())
    hourly = modelled_bank(model, 2, np.random.default_rng(REFERENCE_SEED))
    assert years[0].data["price_rt/LZ_WEST"].grid.step_minutes == 15
    assert bank_means(site, years)[:2] == pytest.approx(hourly)


def test_a_stored_bank_has_the_whole_years_and_no_others() -> None:
    site = mine('[data]\npower = "store"\n')
    grids = [mine_grid(2022), mine_grid(2023)]
    values = np.concatenate([spiky(1)(grids[0].n), spiky(2)(grids[1].n)])
    whole = type(grids[0])(grids[0].start, 60, len(values))
    values[100] = np.nan
    data = Dataset([series("price_rt/LZ_WEST", values, whole), series("price_rt/HB_WEST", values, whole)])
    years = power_years(site, data)
    assert [one.year for one in years] == [2023]
    assert list(years[0].data) == ["price_rt/LZ_WEST"]
    assert (years[0].data["price_rt/LZ_WEST"].values == values[grids[0].n :]).all()
    values[grids[0].n + 5] = np.nan
    with pytest.raises(InputError, match="whole year"):
        power_years(site, Dataset([series("price_rt/LZ_WEST", values, whole)]))


def test_alternatives_are_checked_and_a_second_run_takes_all_from_the_folder(tmp_path: Path) -> None:
    asked = drawn(3, paths=30, months=2, years=2)
    first = dispatch_alternatives(SITES, BANK, asked, check_rate=0.1, resume=tmp_path, say=quiet)
    assert first.agreement is not None
    assert first.agreement.passed
    assert first.agreement.alternatives == ("keep", "halve")
    assert first.agreement.paths == 30
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/task-*")}
    assert len(kept) == 2 * 2 * 4
    heard: list[str] = []
    again = dispatch_alternatives(SITES, BANK, asked, check_rate=0.1, resume=tmp_path, say=heard.append)
    assert heard[0] == "keep, typical: 4 of 4 groups of months"
    assert {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/task-*")} == kept
    for name in SITES:
        assert (again.found[name].operations.net_usd == first.found[name].operations.net_usd).all()


def test_an_answer_that_fails_its_check_is_sharpened_and_else_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = drawn(3, paths=30, months=2, years=2)
    monkeypatch.setitem(scenario_runs.ACCURACIES, "typical", Accuracy(5.0, each=False))
    heard: list[str] = []
    found = dispatch_alternatives(SITES, BANK, asked, check_rate=0.1, say=heard.append)
    assert found.agreement is not None
    assert found.agreement.passed
    assert any(line.startswith("keep, typical-2") for line in heard)
    monkeypatch.setattr(scenario_runs, "REFINEMENTS", 0)
    with pytest.raises(SolverError, match="solved one by one"):
        dispatch_alternatives(SITES, BANK, asked, check_rate=0.1, say=quiet)


def test_progress_goes_to_standard_error_and_an_unknown_kind_is_refused(capsys: pytest.CaptureFixture[str]) -> None:
    dispatch_alternatives({"keep": mine()}, BANK, drawn(3, paths=2, months=1))
    out, err = capsys.readouterr()
    assert out == ""
    assert err.splitlines()[-1] == "keep, typical: 1 of 1 groups of months"
    with pytest.raises(InputError, match="typical or full"):
        dispatch_alternatives({"keep": mine()}, BANK, drawn(3, paths=2, months=1), dispatch="weekly")


@pytest.mark.full
def test_two_processes_give_the_digits_of_one() -> None:
    asked = drawn(3, paths=30, months=2, years=2)
    one, two = (dispatch_alternatives(SITES, BANK, asked, workers=workers, say=quiet) for workers in (1, 2))
    for name in SITES:
        assert (one.found[name].operations.net_usd == two.found[name].operations.net_usd).all()
        assert (one.found[name].open_usd == two.found[name].open_usd).all()
