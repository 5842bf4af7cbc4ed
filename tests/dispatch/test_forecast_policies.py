"""Policies on forecasts: physics holds, nothing is seen before it is known, and a forecast that is right earns."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.dataset import Dataset
from megawatt.core.known import on_day_before
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.advice import recommended
from megawatt.dispatch.backtest import Result, refused, run_rule
from megawatt.dispatch.case import Case, case_of
from megawatt.dispatch.contest import Contest
from megawatt.dispatch.forecast_policies import batch, best_rule, contests, peaks, real_time
from megawatt.dispatch.policies import HYSTERESIS, PEAK_CALENDAR, THRESHOLD, Rule, rules_for, wish
from megawatt.dispatch.reserve_policy import Standing, offers, peak_hours, reserves
from megawatt.dispatch.schedule import violations
from megawatt.forecast import coincident_peak
from tests.dispatch.lookahead import spoilt
from tests.dispatch.texts import case, fleet, network, series, site

ZONE = "America/Chicago"
FIRST, END = dt.date(2024, 2, 1), dt.date(2024, 4, 15)
BATCH = """\
[[hall]]
name = "batch"
kind = "batch"
critical_it_mw = 10.0
contract = "b"
window = "week"
duty_fraction = 0.6
restart_usd = 500.0
min_run_minutes = 120.0
[[contract]]
name = "b"
tenant = "B"
kind = "batch"
start = 2023-01-01
years = 3.0
fee_usd_per_it_mwh = 150.0
power = "included"
"""
PROGRAMME = """\
[[programme]]
name = "{name}"
product = "{name}"
price_series = "as/{name}"
min_offer_mw = 1.0
share_fraction = 0.5
qualified = true
call_probability = 0.01
"""
COINCIDENT = '[[charge]]\nname = "4cp"\nkind = "coincident"\nusd_per_kw_year = 60.0\n'


def market(seed: int, grid: TimeGrid) -> list[Series]:
    """Day-ahead prices that know of dear evenings, real-time prices that persist around them, and award prices."""
    rng = np.random.default_rng(seed)
    hour, day = np.asarray(grid.index(ZONE).hour), np.arange(grid.n) // 24
    dear = np.isin(hour, (17, 18, 19)) & (rng.random(int(day[-1]) + 1) < 0.3)[day]
    ahead = 40.0 + 90.0 * dear + rng.normal(0, 3, grid.n)
    real = ahead + 15.0 * dear * np.repeat(rng.normal(0, 1, grid.n // 3 + 1), 3)[: grid.n] + rng.normal(0, 6, grid.n)
    known = on_day_before(grid, timezone=ZONE, at=dt.time(13, 30))
    award = 4.0 + 6.0 * np.isin(hour, (17, 18, 19)) + rng.exponential(1.0, grid.n)
    made = [series("price_rt/LZ", grid, real), series("price_da/LZ", grid, ahead)]
    made += [series("as/rrs", grid, award), series("as/ecrs", grid, award[::-1])]
    return [one if one.name == "price_rt/LZ" else replace(one, known_at=known) for one in made]


def made(*parts: str, seed: int = 1, limit: float = 100.0) -> Case:
    one = site(fleet(blocks=2), fleet(name="old", count=2_000), *parts, start=FIRST, end=END, limit=limit)
    grid = one.grid()
    return case_of(one, Dataset([*market(seed, grid), *network(grid)]))


@pytest.fixture(scope="module")
def whole() -> Case:
    return made(BATCH, PROGRAMME.format(name="rrs"), PROGRAMME.format(name="ecrs") + 'excludes = ["rrs"]\n', limit=52.0)


MAKERS: tuple[Callable[[Case, Callable[[], Rule]], Contest], ...] = (batch, reserves, real_time)


@pytest.fixture(scope="module")
def held(whole: Case) -> dict[str, Contest]:
    return {one.source: one for one in (make(whole, lambda: THRESHOLD) for make in MAKERS)}


def played(contest: Contest) -> tuple[Result, ...]:
    assert contest.forecast is not None, contest.absent
    return (*contest.simple, contest.forecast)


@pytest.mark.parametrize("source", ["batch", "reserves", "real-time"])
def test_physics_holds_whatever_a_forecast_says(whole: Case, held: dict[str, Contest], source: str) -> None:
    for one in played(held[source]):
        assert one.schedule is not None
        assert violations(whole.problem, one.schedule) == []
    assert played(held[source])[-1].forecast


@pytest.mark.parametrize("nth", range(3))
@pytest.mark.parametrize("number", range(3))
def test_spoiling_what_is_not_known_yet_moves_no_decision_at_or_before(whole: Case, number: int, nth: int) -> None:
    rng = np.random.default_rng(nth)
    t = [24 * 45 + 9, 24 * 52 + 18, 24 * 70 + 2][nth]
    at = whole.problem.grid.starts[t]
    other = case_of(whole.site, spoilt(whole.data, at, rng))
    for first, second in zip(*(played(MAKERS[number](one, lambda: THRESHOLD)) for one in (whole, other)), strict=True):
        assert first.schedule is not None
        assert second.schedule is not None
        for a, b in zip(first.schedule.units, second.schedule.units, strict=True):
            np.testing.assert_array_equal(a.on[: t + 1], b.on[: t + 1])
        np.testing.assert_array_equal(first.schedule.batch_on[:, : t + 1], second.schedule.batch_on[:, : t + 1])
        np.testing.assert_allclose(first.schedule.award_mw[:, : t + 1], second.schedule.award_mw[:, : t + 1])


@pytest.mark.parametrize("hour", [9, 10, 14])
def test_offers_of_tomorrow_stand_at_ten_and_follow_nothing_later(whole: Case, hour: int) -> None:
    """Everything that becomes known after an instant is spoilt: all hours issued by then keep their offers."""
    t = 24 * 60 + hour
    at = whole.problem.grid.starts[t]
    other = case_of(whole.site, spoilt(whole.data, at, np.random.default_rng(hour)))
    none = np.zeros(whole.problem.T, dtype=np.bool_)
    mine, theirs = (offers(one, Standing.of(one, wish(one, THRESHOLD)), none) for one in (whole, other))
    issued = on_day_before(whole.problem.grid, timezone=ZONE, at=dt.time(10))
    before = issued <= at
    assert before[: t + 10].all()
    for a, b in ((mine.forecast, theirs.forecast), (mine.last_week, theirs.last_week), (mine.whole, theirs.whole)):
        np.testing.assert_array_equal(a[:, before], b[:, before])
        assert (a[:, ~before] != b[:, ~before]).any() or a is mine.whole


def test_excluded_programmes_are_not_sold_in_the_same_hour(held: dict[str, Contest]) -> None:
    for one in played(held["reserves"]):
        assert one.schedule is not None
        assert (one.schedule.award_mw > 0).any(axis=1).sum() >= 1
        assert not (one.schedule.award_mw > 0).all(axis=0).any()


def test_the_ledger_of_standing_by_is_what_the_offers_gained() -> None:
    """One class, no limit: the site's money less that without offers is the offers' own gain, but for the start costs."""
    one = made(PROGRAMME.format(name="rrs"))
    usual = wish(one, THRESHOLD)
    standing = Standing.of(one, usual)
    found = offers(one, standing, np.zeros(one.problem.T, dtype=np.bool_))
    contest = reserves(one, lambda: THRESHOLD)
    never = run_rule(one, THRESHOLD).net_usd
    for choice, result in zip((found.whole, found.last_week, found.forecast), played(contest), strict=True):
        assert result.net_usd - never == pytest.approx(float(np.nansum(standing.gain(choice, found.mw))), abs=1.0)


def test_a_site_that_avoids_peaks_by_the_calendar_offers_nothing_in_its_hours() -> None:
    one = site(fleet(), COINCIDENT, PROGRAMME.format(name="rrs"), start=dt.date(2024, 6, 1), end=dt.date(2024, 7, 1))
    grid = one.grid()
    load = series("load/ERCOT", grid, 50_000 + 1_000 * np.arange(grid.n) / grid.n)
    built = case_of(one, Dataset([*market(1, grid), *network(grid), load]))
    contest = reserves(built, lambda: PEAK_CALENDAR)
    closed = peak_hours(built)
    assert closed.sum() == 60
    for result in played(contest):
        assert result.schedule is not None
        assert (result.schedule.award_mw[:, closed] == 0).all()
        assert (result.schedule.award_mw[:, ~closed] > 0).any()


def test_a_day_ahead_price_that_tells_the_evening_earns_in_real_time() -> None:
    """Here the last price is an hour late at both ends of each dear evening, and the auction knew of it."""
    one = made()
    contest = real_time(one, lambda: THRESHOLD)
    assert played(contest)[-1].net_usd > max(run_rule(one, rule).net_usd for rule in (THRESHOLD, HYSTERESIS))
    assert "by 60 minutes" in contest.note


def test_modelled_prices_and_absent_parts_are_named_and_cost_nothing(whole: Case) -> None:
    def never() -> Rule:
        raise AssertionError

    modelled = Dataset(
        replace(s, provenance=Provenance("model", modelled=True)) if s.name.startswith("price_") else s
        for s in whole.data.values()
    )
    other = case_of(whole.site, modelled)
    said = {one.source: one.absent for one in (make(other, never) for make in (*MAKERS, peaks))}
    assert all("is modelled" in said[name] for name in ("batch", "reserves", "real-time"))
    assert "no coincident-peak charge" in said["peaks"]
    bare = case(site(fleet()))
    assert [one.absent for one in contests(bare)] == [
        "the site has no batch hall",
        "the site has no qualified programme",
        "the site has no coincident-peak charge that machines could avoid",
        "the data hold no price_da/LZ",
    ]


def test_the_chance_of_a_peak_runs_through_a_site_and_cannot_peek(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(coincident_peak.PeakModel, "calibrated", lambda self, *_args, **_more: self)  # for speed
    one = site(fleet(), COINCIDENT, start=dt.date(2024, 7, 1), end=dt.date(2024, 8, 1))
    grid = one.grid()
    wide = TimeGrid.of_local_days(dt.date(2023, 8, 20), dt.date(2024, 8, 1), timezone=ZONE, step_minutes=60)
    local, rng = wide.index(ZONE), np.random.default_rng(1)
    level = np.repeat(rng.normal(0, 0.04, wide.n // 24 + 2), 24)[: wide.n]
    load = 50_000 * np.exp(0.2 * np.sin((np.asarray(local.hour) - 11) / 24 * 2 * np.pi) + level)
    data = Dataset([*market(1, grid), *network(grid), series("load/ERCOT", wide, load, known_after_minutes=120)])
    built = case_of(one, data)
    contest = peaks(built, lambda: THRESHOLD)
    ours = played(contest)[-1]
    assert ours.energy_mwh < run_rule(built, THRESHOLD).energy_mwh  # it stands by
    at = grid.starts[24 * 20 + 16]
    other = case_of(one, spoilt(data, at, np.random.default_rng(2)))
    theirs = played(peaks(other, lambda: THRESHOLD))[-1]
    before = grid.starts <= at
    np.testing.assert_allclose(ours.ledger.mining_mw[before], theirs.ledger.mining_mw[before])
    short = case_of(one, Dataset([*market(1, grid), *network(grid), series("load/ERCOT", grid, load[-grid.n :])]))
    assert "303 days before the period" in peaks(short, lambda: THRESHOLD).absent


class Net:
    """A ledger of one figure."""

    def __init__(self, net_usd: float) -> None:
        self.net_usd = net_usd


def named(name: str, net_usd: float, *, forecast: bool = False) -> Result:
    return Result(name, "", Net(net_usd), None, 0.0, 0, 0, forecast=forecast)  # type: ignore[arg-type]


def test_a_forecast_policy_that_loses_to_tuned_hysteresis_is_refused_and_never_recommended() -> None:
    """It may beat every other rule: what it must beat is hysteresis too."""
    loser, winner = named("expected-price", 9.0, forecast=True), named("peak-chance", 12.0, forecast=True)
    table = (named("threshold", 8.0), named(HYSTERESIS.name, 10.0), loser)
    assert recommended(table).name == HYSTERESIS.name
    assert [(one.name, bar.name) for one, bar in refused(table)] == [("expected-price", HYSTERESIS.name)]
    assert recommended((*table, winner)).name == "peak-chance"
    assert recommended((named("threshold", 12.0), winner)).name == "threshold"  # a tie goes to what needs no forecast
    assert refused((loser,)) == ()


def test_what_earned_most_before_the_period_is_recommended_whatever_the_period_brought() -> None:
    model = named("peak-chance", 20.0, forecast=True)
    table = (named("threshold", 12.0), named(HYSTERESIS.name, 10.0), model)
    past = (named("threshold", 8.0), named(HYSTERESIS.name, 9.0), named("peak-chance", 8.5, forecast=True))
    assert recommended(table).name == "peak-chance"
    assert recommended(table, past).name == HYSTERESIS.name
    assert recommended(table, (*past[:2], named("peak-chance", 9.5, forecast=True))).name == "peak-chance"
    lost = (*table[:2], named("peak-chance", 9.9, forecast=True))  # to hysteresis on the period: refused
    assert recommended(lost, (*past[:2], named("peak-chance", 9.5, forecast=True))).name == HYSTERESIS.name
    assert recommended(table, past[:1]).name == "threshold"  # a policy that could not run before was not seen to earn


def test_the_best_rule_is_the_one_that_earned_most(whole: Case) -> None:
    net = {rule.name: run_rule(whole, rule).net_usd for rule in rules_for(whole)}
    assert best_rule(whole).name == max(net, key=lambda name: net[name])
