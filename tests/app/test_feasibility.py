"""Sites without any schedule: the limits that conflict, what relaxing each takes, and what that costs."""

import json
from pathlib import Path

import pytest

from megawatt.app.feasibility import conflict_of, up
from megawatt.site.examples import example
from megawatt.site.read import Site
from tests.app.running import Run, runner

run = pytest.fixture(runner)


def site_text(limit_mw: float, *, pue: str = "[[10.0, 1.2]]", duties: tuple[float, ...] = (0.6, 0.5)) -> str:
    """Firm work of 10 MW and batch halls of 10 MW, all of IT, at one PUE and without losses."""
    halls = [
        f'[[hall]]\nname = "batch-{n}"\nkind = "batch"\ncritical_it_mw = 10.0\ncontract = "work"\nwindow = "day"\n'
        f"duty_fraction = {duty}\nmin_run_minutes = 60.0\n"
        for n, duty in enumerate(duties)
    ]
    return f"""schema = "megawatt/site/1"
[site]
name = "crowded"
zone = "ERCOT"
timezone = "America/Chicago"
load_settlement_point = "LZ_WEST"
meter_limit_mw = {limit_mw}
loss_fraction = 0.0
interval_minutes = 60
[period]
start = 2024-07-01
end = 2024-07-08
[pue]
hall_points = {pue}
[[hall]]
name = "firm"
kind = "firm"
critical_it_mw = 10.0
contract = "rent"
{"".join(halls)}
[[contract]]
name = "rent"
tenant = "A"
kind = "colocation"
start = 2024-01-01
years = 12.0
rent_usd_per_kw_month = 100.0
[[contract]]
name = "work"
tenant = "B"
kind = "batch"
start = 2024-01-01
years = 3.0
fee_usd_per_it_mwh = 150.0
"""


def test_two_jobs_that_cannot_run_together_and_need_more_than_a_day_are_named_with_the_cost_of_each_way_out() -> None:
    """12 MW firm and 12 MW for one job leave 6 of the 12 MW of the second: 15 h and 12 h do not fit into 24."""
    found = conflict_of(Site.from_text(site_text(30.0), "crowded.toml"))
    assert found is not None
    assert (found.severity, found.check) == ("error", "conflict")
    for name in ("meter limit", "firm load", "work due in batch-0", "work due in batch-1"):
        assert repr(name) in found.value
    assert "raise meter_limit_mw by 6 MW" in found.remedy
    # 6 MW at the meter are 5 MW of IT at 100,000 USD a month each
    assert "let 5 MW of IT of 'firm' go (500 k USD of rent a month)" in found.remedy
    # three hours too many, of 10 MW at 150 USD
    assert "let 3.00 h a day of the work of 'batch-0' go (4.50 k USD of fees a day)" in found.remedy
    assert "let 3.00 h a day of the work of 'batch-1' go (4.50 k USD of fees a day)" in found.remedy


@pytest.mark.parametrize(("limit", "duties"), [(36.0, (0.6, 0.5)), (30.0, (0.5, 0.5)), (24.0, (0.625, 0.375))])
def test_a_site_with_just_enough_room_or_time_has_no_conflict(limit: float, duties: tuple[float, ...]) -> None:
    assert conflict_of(Site.from_text(site_text(limit, duties=duties), "crowded.toml")) is None


def test_a_conflict_of_the_hottest_hours_alone_is_a_warning() -> None:
    """At a PUE of 1.0 the three halls need 30 MW, which there are; at 1.2 they need 36."""
    found = conflict_of(Site.from_text(site_text(30.0, pue="[[10.0, 1.0], [40.0, 1.2]]"), "crowded.toml"))
    assert found is not None
    assert found.severity == "warning"
    assert "as hot as the hottest" in found.rule


def test_three_jobs_of_which_two_fit_are_cured_by_the_least_rise_and_no_more() -> None:
    """Two beside the firm load need 36 MW, which there are; 60 h of work a day, two at a time, there are not."""
    found = conflict_of(Site.from_text(site_text(37.0, duties=(0.8, 0.8, 0.8)), "crowded.toml"))
    assert found is not None
    assert "raise meter_limit_mw by 11 MW" in found.remedy


def test_firm_load_above_the_limit_costs_rent(run: Run) -> None:
    Path("site.toml").write_text(site_text(9.0, duties=()), encoding="utf-8")
    answer = run("check", "site.toml", "--json")
    assert answer.code == 1
    (one,) = [f for f in json.loads(answer.out)["findings"] if f["check"] == "conflict"]
    assert "'meter limit' and 'firm load' cannot hold together" in one["value"]
    assert "raise meter_limit_mw by 3 MW" in one["remedy"]
    assert "let 2.5 MW of IT of 'firm' go (250 k USD of rent a month)" in one["remedy"]


def test_a_site_that_cannot_be_put_together_for_another_error_is_not_searched(run: Run) -> None:
    Path("site.toml").write_text(site_text(9.0).replace('contract = "rent"', 'contract = "rest"'), encoding="utf-8")
    answer = run("check", "site.toml", "--json")
    assert answer.code in {1, 2}
    assert "conflict" not in {f["check"] for f in json.loads(answer.out)["findings"]}


@pytest.mark.parametrize("name", ["texas-mine", "hybrid", "ai-campus"])
def test_the_examples_have_no_conflict(name: str, run: Run) -> None:
    Path("site.toml").write_text(example(name), encoding="utf-8")
    answer = run("check", "site.toml", "--json")
    assert "conflict" not in {f["check"] for f in json.loads(answer.out)["findings"]}


@pytest.mark.parametrize(("mw", "text"), [(1.0914, "1.092"), (1.0, "1"), (9.090909, "9.091"), (1.0000001, "1")])
def test_a_power_that_is_needed_is_rounded_up(mw: float, text: str) -> None:
    assert up(mw) == text
