"""What forecasts earned: money against money, by source, with its interval, and a reason where there is no figure."""

import datetime as dt
import json
from dataclasses import replace
from functools import cache

import numpy as np
import pytest

from megawatt.app.answer import answer
from megawatt.app.decision import Decision, decide
from megawatt.app.forecast_value import per_mw_year
from megawatt.app.forecast_words import chosen_on, forecast_line, forecast_notes, refusals
from megawatt.app.report import render_report
from megawatt.app.terminal import sentences
from megawatt.core.dataset import Dataset
from megawatt.core.known import on_day_before
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from tests.app import decisions
from tests.app.schemas import published
from tests.dispatch.texts import fleet, network, series, site

ZONE = "America/Chicago"
PROGRAMME = """\
[[programme]]
name = "rrs"
product = "rrs"
price_series = "as/rrs"
min_offer_mw = 1.0
share_fraction = 0.5
qualified = true
"""


def prices(end: dt.date, told: bool) -> list[Series]:
    """Two months of history and the period: dear evenings, announced by the auction or not, and dear nights never announced.

    The rule on the last price is an hour late at both ends of each, the rule on the auction's misses the nights.
    """
    grid = TimeGrid.of_local_days(dt.date(2023, 12, 1), end, timezone=ZONE, step_minutes=60)
    rng = np.random.default_rng(5)
    hour, day = np.asarray(grid.index(ZONE).hour), np.arange(grid.n) // 24
    evening, other, night = (
        np.isin(hour, hours) & (rng.random(int(day[-1]) + 1) < often)[day]
        for hours, often in (((17, 18, 19), 0.6), ((9, 10, 11), 0.6), (range(8), 0.3))
    )
    ahead = 40.0 + 100.0 * (evening if told else other) + rng.normal(0, 2, grid.n)
    real = 40.0 + 100.0 * evening + 150.0 * night + rng.normal(0, 2, grid.n)
    known = on_day_before(grid, timezone=ZONE, at=dt.time(13, 30))
    made = [series("price_da/LZ", grid, ahead), series("as/rrs", grid, 5.0 + rng.exponential(2.0, grid.n))]
    return [series("price_rt/LZ", grid, real), *(replace(one, known_at=known) for one in made)]


@cache
def decided(told: bool, end: dt.date = dt.date(2024, 4, 15)) -> Decision:
    one = site(fleet(), PROGRAMME, start=dt.date(2024, 2, 1), end=end)
    return decide(one, Dataset([*prices(end, told), *network(one.grid())]))


def test_the_value_is_the_difference_of_two_ledgers_of_the_table() -> None:
    decision = decided(True)
    value = next(one for one in decision.forecasts if one.source == "real-time")
    ours, best = decision.result(value.policy), decision.result(value.simple)
    expected = (ours.net_usd - best.net_usd) / 40.0 * 8760 / decision.case.hours_covered
    assert value.usd_per_mw_year == pytest.approx(expected)
    assert per_mw_year(decision.case) == pytest.approx(8760 / decision.case.hours_covered / 40.0)
    others = [one for one in decision.results if not one.forecast and not one.name.startswith("reserve")]
    simple = [one for one in others if one.name not in {"perfect-foresight", "all-hosting"}]
    assert best.net_usd == max(one.net_usd for one in simple)


def test_an_auction_that_tells_the_evenings_earns_and_its_interval_is_above_zero() -> None:
    value = next(one for one in decided(True).forecasts if one.source == "real-time")
    assert value.usd_per_mw_year is not None
    assert value.low_usd_per_mw_year is not None
    assert 0 < value.low_usd_per_mw_year < value.usd_per_mw_year < (value.high_usd_per_mw_year or 0)


def test_a_forecast_policy_that_lost_earned_nothing_and_says_what_it_would_have_lost() -> None:
    decision = decided(False)
    losers = [one for one in decision.forecasts if (one.measured_usd_per_mw_year or 0) < 0]
    assert losers
    for one in losers:
        assert one.usd_per_mw_year == 0.0
        assert decision.advised != one.policy
    assert "0 (no forecast policy beats" in forecast_line(decision)


def test_the_advised_policy_earned_most_of_all_and_no_policy_beats_foresight() -> None:
    for told in (False, True):
        decision = decided(told)
        net = {r.name: r.net_usd for r in decision.results if r.name != "all-hosting"}
        assert max(net, key=lambda name: net[name]) == "perfect-foresight"
        del net["perfect-foresight"]
        assert net[decision.advised] == max(net.values())


def test_terminal_page_and_json_say_on_which_days_the_policy_was_chosen() -> None:
    """The network's data begin with the period here, so the choice is made with hindsight."""
    decision = decided(True)
    assert "hindsight" in chosen_on(decision)
    assert answer(decision)["recommended_on"] == {
        "first_day": "2024-02-01",
        "end_day": "2024-04-15",
        "before_period": False,
    }
    advice = replace(decision.advice, first=dt.date(2023, 12, 1), end=dt.date(2024, 2, 1), before=True)
    earlier = replace(decision, advice=advice)
    assert "from 2023-12-01 until 2024-02-01, before the period" in chosen_on(earlier)
    assert answer(earlier)["recommended_on"]["before_period"]
    for one in (decision, earlier):
        assert chosen_on(one) in sentences(one)
        assert chosen_on(one) in render_report(one)


def test_every_refusal_is_a_sentence_on_the_terminal_and_on_the_page() -> None:
    decision = decided(False)
    text = refusals(decision)
    page = render_report(decision)
    worse = [r for r in decision.results if r.forecast and r.net_usd < decision.result("hysteresis").net_usd]
    assert len(text) == len(worse) >= 1
    for one in (*text, forecast_line(decision), *forecast_notes(decision)):
        assert one in sentences(decision)
    for one in text:
        assert one.replace("'", "&#39;") in page
    assert answer(decision)["refused"][0]["by_usd"] > 0


def test_a_period_of_under_four_weeks_has_no_interval_and_says_so() -> None:
    decision = decided(True, dt.date(2024, 2, 25))
    value = next(one for one in decision.forecasts if one.source == "real-time")
    assert value.measured_usd_per_mw_year is not None
    assert value.low_usd_per_mw_year is None
    assert "no interval: under 28 days" in forecast_line(decision)


def test_modelled_prices_give_no_figure_and_name_the_reason_and_what_the_site_lacks() -> None:
    decision = decisions.mine()
    assert all(one.usd_per_mw_year is None and one.note for one in decision.forecasts)
    text = forecast_line(decision)
    assert "no figure" in text
    assert "the site has no batch hall" in text
    assert "price_rt/LZ_WEST is modelled" in text
    assert refusals(decision) == []


@pytest.mark.parametrize("told", [False, True])
def test_the_answer_keeps_its_published_schema(told: bool) -> None:
    published("decide-1", json.loads(json.dumps(answer(decided(told)), allow_nan=False)))
