"""``megawatt invest`` as a user runs it."""

import json
import re
from dataclasses import replace

import numpy as np
import pytest

from megawatt.app.dispatched_site import How
from megawatt.app.investment import Investment, block_of, invest, network_state
from megawatt.core.errors import InputError
from megawatt.invest.alternatives import ASSUMED, NOW, RATE, RENT
from megawatt.invest.project import statement
from megawatt.mining.subsidy import SATOSHI_PER_BTC, subsidy_sat
from megawatt.site.examples import example
from megawatt.site.read import Site
from megawatt.sources.reference_network import reference_network
from tests.app.running import TEXAS, Run, refused, runner
from tests.app.schemas import published

run = pytest.fixture(runner)
FEW = ("--scenarios", "400", "--years", "6", "--decide-years", "2", "--dispatch", "mean")


def test_each_fleet_gets_an_answer_with_its_range_and_trigger(run: Run) -> None:
    TEXAS.write_text(example("texas-mine"), encoding="utf-8")
    answer = run("invest", TEXAS, *FEW)
    assert answer.code == 0, answer.err
    text = " ".join(answer.out.split())
    for words in ("Fleet s21: ", "Fleet s19-xp: ", "perfect foresight (a bound)", "10 modelled years", "assumptions"):
        assert words in text
    for words in (
        "The whole site: ",
        "is worth most after tax",
        "keep mining",
        "convert by the rule",
        "Sobol",
        "turns ",
    ):
        assert words in text
    assert "end 84 months before a lease signed today does" in text


def test_the_json_is_the_same_for_the_same_seed_on_any_number_of_workers(run: Run) -> None:
    TEXAS.write_text(example("texas-mine"), encoding="utf-8")
    first, again = (run("invest", TEXAS, *FEW, "--json", "--workers", n) for n in ("1", "2"))
    assert first.out == again.out
    found = json.loads(first.out)
    published("invest-2", found)
    assert found["power_modelled"] is True
    assert found["months"] == 72
    for fleet in found["fleets"]:
        assert fleet["policy_usd_per_it_mw"]["mean"] <= fleet["foresight_usd_per_it_mw"]
    project = found["project"]
    means = {one["name"]: one["npv_usd"]["mean"] for one in project["alternatives"]}
    assert list(means) == ["keep mining", "convert now", "convert by the rule"]
    assert means[project["best"]] == max(means.values())
    assert {one["name"] for one in project["flips"]} == {*ASSUMED, RATE}
    assert sum(project["shares_of_variance"].values()) > 0.9


@pytest.fixture(scope="module")
def found() -> Investment:
    return invest(Site.from_text(example("texas-mine")), years=16, decide_years=1, paths=200, how=How("mean"))


def test_an_input_at_the_value_that_turns_the_answer_turns_it(found: Investment) -> None:
    """The rent at which converting now is worth as much as mining on, put back: the mean difference is nought."""
    rent = next(one for one in found.project.flips if one.name == RENT)
    assert rent.at is not None
    case = found.project.case
    now = {name: np.zeros(case.shape[0], dtype=np.int64) for name in found.fleets}
    gain = [case.project(now, rent=x).npv_usd.mean() - case.project({}, rent=x).npv_usd.mean() for x in (1.0, rent.at)]
    assert abs(gain[1]) < 0.01 * abs(gain[0])


def test_the_site_is_the_sum_of_its_fleets_before_tax_and_the_statement_adds_up(found: Investment) -> None:
    one = found.project.projects[NOW]
    fleets = Site.from_text(example("texas-mine")).fleets
    assert one.gross.mw == pytest.approx(sum(fleet.full_mw * found.fleets[fleet.name][0].pue for fleet in fleets))
    assert one.lines["hall built"].sum(axis=1) == pytest.approx(-one.capital_usd)
    table = statement(one)
    assert (table.drop(columns="equity cash flow").sum(axis=1) - table["equity cash flow"]).abs().max() < 1e-5
    assert found.project.lease_months_cut == 0


def test_a_site_without_machines_has_nothing_to_convert() -> None:
    site = replace(Site.from_text(example("ai-campus")), fleets=())
    with pytest.raises(InputError, match=r"no machines of its own.*megawatt deal"):
        invest(site)


def test_more_years_to_decide_than_there_are_is_refused(run: Run) -> None:
    TEXAS.write_text(example("texas-mine"), encoding="utf-8")
    refused(run("invest", TEXAS, "--years", "2", "--decide-years", "2"), "longer than the decisions run")


@pytest.mark.parametrize("day", ["2024-02-01", "2024-06-01", "2024-12-01"])
def test_the_height_counted_from_the_halving_has_the_subsidy_of_its_day(day: str) -> None:
    data = reference_network()
    state = network_state(data, np.datetime64(day, "s"))
    known = float(data["btc/subsidy"].last_known(np.array([day], dtype="datetime64[s]"))[0])
    assert subsidy_sat(state.height) / SATOSHI_PER_BTC == known


def test_a_block_has_the_figures_of_the_site_file() -> None:
    site = Site.from_text(example("texas-mine"))
    fleet = site.fleets[0]
    block = block_of(site, fleet, np.datetime64("2025-01-01", "s"))
    assert block.efficiency_j_per_th == pytest.approx(fleet.power_w / fleet.hashrate_th_s)
    assert block.machine_usd_per_mw == pytest.approx(
        (site.finance.mining_capex_usd_per_th or 0) * 1e6 / block.efficiency_j_per_th
    )
    assert block.noi_margin == pytest.approx(1 - site.finance.hall_opex_usd_per_it_mw_year / 1.458e6, abs=1e-4)
    assert block.mining_mw > 1


def test_the_page_holds_the_answer_and_its_charts_and_loads_nothing(run: Run) -> None:
    TEXAS.write_text(example("texas-mine"), encoding="utf-8")
    answer = run("invest", TEXAS, *FEW, "--report", "invest.html")
    assert answer.code == 0, answer.err
    page = answer.files["invest.html"].decode()
    for words in (
        "mine on, or turn the megawatts over to AI?",
        "USD today per critical IT MW",
        "hashprice, USD/PH/day",
        "Why these ends",
        "Nothing here is investment advice",
    ):
        assert words in page
    assert not re.search(r'(?:src|href)="(?!#)', page)
    assert len(page) < 2_500_000


def test_a_page_that_cannot_be_written_is_refused_before_any_work(run: Run) -> None:
    TEXAS.write_text(example("texas-mine"), encoding="utf-8")
    refused(run("invest", TEXAS, *FEW, "--report", "nowhere/invest.html"), "the folder nowhere does not exist")
