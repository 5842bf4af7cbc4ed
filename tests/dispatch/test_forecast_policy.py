"""Policies that look ahead see nothing that is not known: in the walk, and in a plan made at an instant."""

import numpy as np
import pytest

from megawatt.app.data import data_for
from megawatt.dispatch.ahead import AheadPlan, Request, plan_ahead
from megawatt.dispatch.backtest import FORESIGHT
from megawatt.dispatch.case import Case, case_of
from megawatt.dispatch.comparison import compare
from megawatt.dispatch.forecast_policy import DECIDE, forecast_wish
from megawatt.dispatch.general import Effort
from megawatt.dispatch.rule_ahead import by_rule
from megawatt.dispatch.schedule import violations
from megawatt.dispatch.solve import solve
from megawatt.dispatch.state import SiteState
from megawatt.site.examples import example
from megawatt.site.read import Site
from tests.app.decisions import mine_text
from tests.dispatch.lookahead import spoilt, spoilt_case

SUMMER = mine_text("2024-06-20", "2024-07-02").replace("interval_minutes = 15", "interval_minutes = 60")


@pytest.fixture(scope="module")
def case() -> Case:
    """Twelve days with a month border; the chain of bins can be fitted from the eighth on."""
    site = Site.from_text(SUMMER)
    return case_of(site, data_for(site))


def wished(case: Case, policy: str) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    wish = forecast_wish(case, policy)
    return np.array([*wish.on, *wish.mode, *wish.elastic_mw], dtype=np.float64)


@pytest.mark.parametrize("policy", DECIDE)
def test_spoiling_what_is_not_known_yet_moves_no_decision_at_or_before(case: Case, policy: str) -> None:
    true = wished(case, policy)
    later = 0
    for seed in range(2):
        rng = np.random.default_rng(seed)
        t = int(rng.integers(175, 240))
        at = case.problem.grid.starts[t]
        other = wished(spoilt_case(case, at, rng), policy)
        assert (true[:, : t + 1] != other[:, : t + 1]).sum() == 0
        later += int((true != other).sum())
    assert later > 0  # the test has teeth: what comes after does move


def same(a: AheadPlan, b: AheadPlan) -> bool:
    """Whether two plans tell and expect the same in every scenario."""
    return (
        np.array_equal(a.running(), b.running())
        and all(
            np.array_equal(x.batch_on, y.batch_on)
            for x, y in zip(a.rolling.schedules, b.rolling.schedules, strict=True)
        )
        and np.array_equal(a.rolling.values_usd, b.rolling.values_usd)
        and a.prospect.information_sha256 == b.prospect.information_sha256
    )


@pytest.mark.parametrize("name", ["texas-mine", "hybrid"])
def test_a_plan_does_not_move_when_all_that_is_not_known_is_spoilt(name: str) -> None:
    site = Site.from_text(SUMMER if name == "texas-mine" else example(name))
    data, now = data_for(site), np.datetime64("2024-06-30T20:07" if name == "texas-mine" else "2024-07-12T20:07", "s")
    request = Request(now, 6 if name == "hybrid" else 24, scenarios=2)
    before = SiteState.assumed(site, request.grid(site).start)
    effort = Effort(relative_gap=1e-2, seconds=20.0)
    plan = plan_ahead(site, data, before, request, effort)
    for seed in range(2):
        wrong = spoilt(data, now, np.random.default_rng(seed))
        other = plan_ahead(site, wrong, before, request, effort)
        assert same(plan, other)
        assert same(by_rule(plan, data), by_rule(other, wrong))
    earlier = spoilt(data, now - np.timedelta64(86_400, "s"), np.random.default_rng(3))
    assert not same(plan, plan_ahead(site, earlier, before, request, effort))
    for problem, schedule in zip(plan.rolling.outlook.problems, plan.rolling.schedules, strict=True):
        found = violations(problem, schedule)
        assert [one for one in found if "intervals run in window" not in one] == []  # work may wait beyond the horizon


def test_a_comparison_adds_up_by_day_and_never_advises_one_that_lost(case: Case) -> None:
    found = compare(case, solve(case.problem))
    assert found.record.days == 12
    for one in found.results:
        assert found.record.total_usd(one.name) == pytest.approx(one.net_usd)
        assert found.regret_usd_per_day(one.name).sum() >= -1e-6
    best = max(one.net_usd for one in found.results)
    assert found.results[-1].name == FORESIGHT
    assert found.results[-1].net_usd == best
    nets = {one.name: one.net_usd for one in found.results}
    assert nets[found.advised] >= nets[found.record.bar]
    assert found.advised not in DECIDE  # twelve days are too short a record
