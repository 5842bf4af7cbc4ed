"""``megawatt invest`` with the site's own dispatch in every month: the same digits whoever does it, and after a stop."""

import io
import json
import os
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from rich.console import Console

from megawatt.app.dispatched_site import How, told
from megawatt.app.invest_page import invest_brief
from megawatt.app.investment import Investment, answer, block_of, invest
from megawatt.app.overrides import with_values
from megawatt.app.site_cash import mode_cash
from megawatt.app.site_project_words import print_project
from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.invest.alternatives import KEEP, NOW
from megawatt.site.read import Site
from megawatt.sources.reference_network import reference_network
from tests.app.schemas import published
from tests.invest.bank import MINE, drawn, mine_grid, series, spiky

SHARED = """
[data]
power = "store"
network = "reference"
[finance]
mining_capex_usd_per_th = 16.0
mining_life_years = 4.0
mining_opex_usd_per_mw_year = 60_000.0
[[charge]]
name = "d"
kind = "demand"
usd_per_kw_month = 1.0
"""


def site(more: str = SHARED) -> Site:
    text = MINE.replace("start = 2024-01-01", "start = 2024-07-01").replace("end = 2024-02-01", "end = 2024-08-01")
    return Site.from_text(text + more)


def data() -> Dataset:
    grid = mine_grid(2023)
    prices = series("price_rt/LZ_WEST", spiky(1)(grid.n), grid)
    return Dataset([prices, *reference_network().values()])


def asked(how: How, one: Site | None = None) -> Investment:
    return invest(one or site(), data(), years=3, decide_years=1, paths=200, how=how)


def quiet(_: str) -> None:
    """Nobody listens."""


@pytest.fixture(scope="module")
def alone() -> Investment:
    return asked(How(say=quiet))


def test_the_answer_is_in_its_schema_and_says_what_stays_open(alone: Investment) -> None:
    found = json.loads(json.dumps(answer(alone), allow_nan=False))
    published("invest-2", found)
    assert found["dispatch"]["kind"] == "typical"
    assert 0 < found["dispatch"]["open_fraction"] <= 0.015
    assert set(found["dispatch"]["open_usd"]) == {"machines-all", "machines-none", "halls-1"}
    assert found["dispatch"]["check"] is None
    modes = found["modes"]
    assert modes["policy_usd"]["mean"] <= modes["foresight_usd"]
    assert modes["cannot"] == {
        "stand by": "the site file has no programme that it is qualified for",
        "sell power": "no power is bought ahead that could be sold",
    }
    assert "Not checked" in told(alone.dispatch)
    assert "--dispatch mean" in told(None)


def test_mining_on_brings_what_the_site_loses_without_its_machines_and_pays_the_demand_charge(
    alone: Investment,
) -> None:
    real, keep = alone.dispatch, alone.project.projects[KEEP]
    assert real is not None
    scenarios = alone.project.case.scenarios
    with_machines, without = (real.read.of(name, scenarios) for name in ("machines-all", real.steps.none))
    assert keep.lines["mining"] == pytest.approx(with_machines.mining_usd)
    assert keep.measured_usd == pytest.approx(with_machines.peak_usd - without.peak_usd)
    assert (keep.measured_usd <= 0).all()
    assert keep.measured_usd.sum() < 0


def test_the_page_says_how_mining_was_valued_and_what_the_site_should_be(alone: Investment) -> None:
    page = invest_brief(alone, seed=0)
    headings = [one.heading for one in page.sections]
    assert "What the site should be from month to month" in headings
    words = [text for one in page.sections for text in (*one.paragraphs, *one.items)]
    assert told(alone.dispatch) in words
    assert any(text.startswith("Stand by: not here, the site file has no programme") for text in words)


def test_a_run_that_was_stopped_goes_on_and_two_scenarios_solved_one_by_one_agree(
    alone: Investment, tmp_path: Path
) -> None:
    said: list[str] = []

    def stop(line: str) -> None:
        said.append(line)
        if len(said) == 5:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        asked(How(resume=tmp_path, say=stop))
    kept = {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/task-*")}
    assert len(kept) == 4
    heard: list[str] = []
    again = asked(How(resume=tmp_path, check=2, say=heard.append))
    assert heard[0] == "machines-all, typical: 4 of 12 groups of months"
    assert kept.items() <= {path: path.stat().st_mtime_ns for path in tmp_path.glob("*/task-*")}.items()
    assert answer(again) | {"dispatch": None} == answer(alone) | {"dispatch": None}
    assert again.dispatch is not None
    assert again.dispatch.agreement is not None
    assert again.dispatch.agreement.paths == 2
    assert max(map(abs, again.dispatch.agreement.differences)) < 0.02
    assert "On 2 scenarios with all months solved one by one" in told(again.dispatch)


@pytest.mark.full
def test_two_processes_and_a_cluster_give_the_digits_of_one(alone: Investment, monkeypatch: pytest.MonkeyPatch) -> None:
    distributed: Any = pytest.importorskip("distributed", reason="the extra 'cluster' is absent")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join(sys.path))
    assert answer(asked(How(workers=2, say=quiet))) == answer(alone)
    with distributed.LocalCluster(n_workers=2, threads_per_worker=1, processes=True, dashboard_address=None) as cluster:
        assert answer(asked(How(cluster=cluster.scheduler_address, say=quiet))) == answer(alone)


def test_a_place_that_can_hold_no_hall_mines_on_in_all_alternatives() -> None:
    one = site(SHARED.replace("[[charge]]", '[[hall]]\nname = "h"\nkind = "batch"\ncritical_it_mw = 20.0\ncontract = "c"\n'
        'window = "week"\nduty_fraction = 0.1\n[[contract]]\nname = "c"\ntenant = "T"\nkind = "batch"\nstart = 2024-01-01\n'
        "years = 9.0\nfee_usd_per_it_mwh = 100.0\n[[charge]]"))  # fmt: skip
    one = with_values(one, ["treasury.cash_usd=5e6"])
    found = asked(How("mean"), replace(one, connection=one.connection.model_copy(update={"meter_limit_mw": 45.0})))
    assert list(found.project.cannot) == ["s21"]
    assert found.project.flips == ()
    assert found.project.projects[NOW].npv_usd == pytest.approx(found.project.projects[KEEP].npv_usd)
    assert found.project.best == KEEP
    assert set(found.modes.cannot) == {"converting", "host", "stand by", "sell power"}
    published("invest-2", json.loads(json.dumps(answer(found), allow_nan=False)))
    assert found.dispatch is None
    assert np.isfinite(found.modes.rule.mean)
    heard = Console(record=True, file=io.StringIO(), width=200)
    print_project(heard, found.project)
    assert "Treasury, keep mining: cash" in heard.export_text()


def test_a_mine_pays_its_staff_in_months_in_which_power_is_too_dear_as_the_other_modes_do() -> None:
    """At 200 times the level no machine runs: mining is then worth its staff less than nothing, and as much as selling power."""
    one, block = site(SHARED), block_of(site(SHARED), site(SHARED).fleets[0], site(SHARED).grid().end)
    dear = drawn(1, paths=4, months=12)
    dear = replace(dear, power_level=dear.power_level * 200.0, power_usd_per_mwh=dear.power_usd_per_mwh * 1e4)
    cash = mode_cash(one, {"s21": block}, dear, {}, None)
    staff = block.mining_opex_usd_per_mw_year * one.fleets[0].full_mw / 12
    assert cash.mine == pytest.approx(-staff * cash.standing)
    assert cash.mine == pytest.approx(cash.idle - cash.staff)


def test_an_unknown_dispatch_and_a_check_of_means_are_refused() -> None:
    with pytest.raises(InputError, match="mean, typical or full"):
        How("weekly")
    with pytest.raises(InputError, match="for monthly means"):
        How("mean", check=3)
