"""The main job on the shipped scenario, cut to a week so that the tests stay quick."""

import datetime as dt
import json
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from megawatt import Site, decide
from megawatt.app.answer import answer
from megawatt.app.data import data_for
from megawatt.app.decide import more_time
from megawatt.app.decision import Decision, bettered
from megawatt.dispatch.backtest import run_rule, run_rules
from megawatt.dispatch.case import case_of
from megawatt.dispatch.next_mw import NextMegawatt
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.policies import rules_for
from megawatt.dispatch.schedule import idle
from megawatt.site.examples import example
from tests.app.decisions import hybrid, mine


def site_of(name: str, first: str, end: str) -> Site:
    site = Site.from_text(example(name), f"{name}.toml")
    days = {"start": dt.date.fromisoformat(first), "end": dt.date.fromisoformat(end)}
    return replace(site, period=site.period.model_copy(update=days))


@pytest.fixture(scope="module")
def week() -> Decision:
    return decide(site_of("texas-mine", "2024-08-18", "2024-08-25"))


def test_the_week_of_a_coincident_peak_is_planned_to_the_optimum(week: Decision) -> None:
    assert week.plan.gap is not None
    assert week.plan.gap <= 1e-9
    assert week.case.hours_covered == 7 * 24


def test_no_policy_beats_perfect_foresight_and_the_advised_one_is_the_best_rule(week: Decision) -> None:
    net = {one.name: one.net_usd for one in week.results if one.name != "all-hosting"}
    assert max(net, key=lambda name: net[name]) == "perfect-foresight"
    del net["perfect-foresight"]
    assert max(net, key=lambda name: net[name]) == week.advised


def test_the_peak_calendar_avoids_the_charge_of_the_peak_hour_of_20_august(week: Decision) -> None:
    """ERCOT's load of August 2024 peaked on the 20th in hour ending 18; 15 k USD per MW hang on it."""
    charged = week.result("threshold").ledger.lines["shared/coincident"].sum()
    avoided = week.result("peak-calendar").ledger.lines["shared/coincident"].sum()
    assert charged < -1e6
    assert avoided == 0


def test_columns_add_up_to_net_to_the_cent(week: Decision) -> None:
    for row in answer(week)["policies"]:
        assert round(sum(row["ledger"].values()), 2) == row["net_usd"]


def test_the_same_inputs_give_the_same_answer_to_the_last_digit(week: Decision) -> None:
    again = decide(site_of("texas-mine", "2024-08-18", "2024-08-25"))
    assert json.dumps(answer(again)) == json.dumps(answer(week))


def test_the_json_answer_has_the_promised_keys_and_no_nan(week: Decision) -> None:
    out = json.loads(json.dumps(answer(week), allow_nan=False))
    assert out["schema"] == "megawatt/decide/1"
    assert {"site", "period", "hours_covered", "inputs", "policies", "plan", "next_mw", "report"} <= set(out)
    assert {"value_usd", "bound_usd", "idle_usd", "gap", "gap_usd"} <= set(out["plan"])
    keys = {"name", "net_usd", "ledger", "energy_mwh", "btc", "margin_share", "gain_share"}
    assert all(keys <= set(row) for row in out["policies"])
    assert all(len(row["sha256"]) == 64 for row in out["inputs"])
    assert out["modelled"] is True


def test_tables_are_tidy_and_carry_the_zone_of_the_site(week: Decision) -> None:
    frame = week.intervals()
    assert str(frame.index.tz) == "America/Chicago"  # type: ignore[attr-defined]
    assert len(frame) == 7 * 96
    net = float(frame.filter(like="_usd").drop(columns="price_usd_per_mwh").to_numpy().sum())
    assert net == pytest.approx(week.best.net_usd)
    why = week.why()
    assert set(why.columns) == {"winner", "lead_usd_per_mwh", "import_mw", "at_limit", "held"}
    spike = why.index[int(np.argmax(week.case.problem.price_usd_per_mwh))]
    assert why.loc[spike, "winner"] == "grid"


def test_the_next_machine_is_worth_its_own_margin_and_a_slack_limit_nothing(week: Decision) -> None:
    mining, limit = week.next_mw
    assert mining.resolved
    assert mining.usd_per_mw_year == pytest.approx(own_margin_usd_per_mw_year(week), rel=1e-6)
    assert limit.usd_per_mw_year == pytest.approx(0, abs=1e-3)


def own_margin_usd_per_mw_year(week: Decision) -> float:
    """What one MW of the best class earns in the optimum, from its own run."""
    problem = week.case.problem
    (unit,) = [u for u in week.plan.schedule.units if problem.machines[u.machine].name == "s21"]
    alone = replace(problem, machines=(problem.machines[unit.machine],), positions=())
    from megawatt.dispatch.ledger import settle  # noqa: PLC0415
    from megawatt.dispatch.schedule import Schedule  # noqa: PLC0415

    none = np.zeros((0, problem.T))
    earned = settle(alone, Schedule((replace(unit, machine=0),), none.astype(np.int8), none, none)).net_usd
    mw = problem.machines[unit.machine].blocks * problem.machines[unit.machine].power_mw[0].mean()
    return float(earned / mw * 8760 / week.case.hours_covered)


@pytest.mark.parametrize(("first", "hours"), [("2024-03-10", 23), ("2024-11-03", 25)])
def test_the_days_of_23_and_25_hours_are_whole_days(first: str, hours: int) -> None:
    end = (dt.date.fromisoformat(first) + dt.timedelta(days=1)).isoformat()
    day = decide(site_of("texas-mine", first, end))
    assert day.case.hours_covered == hours
    assert len(day.intervals()) == hours * 4


def test_a_plan_that_is_worse_than_a_rule_gives_way_to_it() -> None:
    """A solver stopped by the clock may have found little; perfect foresight is never shown below a rule."""
    site = site_of("hybrid", "2024-07-08", "2024-07-15")
    case = case_of(site, data_for(site))
    poor = Plan.of(case.problem, idle(case.problem), bound_usd=None, method="stopped")
    ran = run_rules(case)
    better = bettered(case, poor, ran)
    assert better.value_usd == max(run_rule(case, rule).net_usd for rule in rules_for(case)) > poor.value_usd
    assert "bettered by the rule" in better.method
    assert bettered(case, better, ran) is better


def test_the_hybrid_is_planned_with_a_bound_and_says_where_the_gap_lies() -> None:
    one_day = decide(site_of("hybrid", "2024-07-08", "2024-07-09"), seconds=30)
    assert one_day.plan.bound_usd is not None
    plan = json.loads(json.dumps(answer(one_day)))["plan"]
    assert [(one["start"], one["intervals"]) for one in plan["gap_by_week"]] == [("2024-07-08T05:00:00Z", 24)]
    assert plan["gap_by_week"][0]["gap_usd"] == pytest.approx(plan["gap_usd"])
    assert one_day.plan.gap is not None
    assert one_day.plan.gap < 0.01
    assert isinstance(one_day.limit_price(), pd.Series)
    assert {one.what.split(" (")[0] for one in one_day.next_mw} == {
        "mining", "batch", "firm hall", "reserve", "connection limit",
    }  # fmt: skip


def test_what_more_time_would_do_is_said_where_something_is_open_and_nowhere_else() -> None:
    one = hybrid()
    wide = replace(one, plan=replace(one.plan, bound_usd=one.plan.value_usd + 1e5))
    open_mw = (NextMegawatt("batch", 10.0, 11.0), NextMegawatt("reserve", 12.0, 11.0))
    assert more_time(replace(wide, next_mw=open_mw), 1.5) == (
        "1.5 s leave the gap and 1 of 2 next megawatts open: with --seconds 60 the plan may be better, the bound lower, and "
        "fewer of the values unresolved."
    )
    assert more_time(replace(one, plan=replace(one.plan, bound_usd=one.plan.value_usd)), 1.5) == ""
    assert more_time(mine(), 1.5) == ""
