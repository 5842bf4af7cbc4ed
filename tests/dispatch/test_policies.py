"""What each rule does, interval by interval, on prices that a reader can follow."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.dispatch.case import Case
from megawatt.dispatch.policies import (
    ALWAYS_ON,
    BANDS_USD_PER_MWH,
    COMBINED,
    DAY_AHEAD,
    HYSTERESIS,
    PEAK_CALENDAR,
    THRESHOLD,
    Rule,
    hysteresis,
    rules_for,
    wish,
)
from megawatt.dispatch.simulate import simulate
from tests.dispatch.texts import case, fleet, series, site

BREAK_EVEN = 50 / 0.48
"""20 J/TH at 50 USD/PH/day [USD/MWh]."""

ECO = 'modes = [{ name = "full", power_fraction = 1.0, hashrate_fraction = 1.0 }, { name = "eco", power_fraction = 0.6, hashrate_fraction = 0.72 }]'
"""Eco earns 1.2 times as much per MWh: its break-even is 125 USD/MWh; above 72.9 it earns more than full."""

COINCIDENT = '[[charge]]\nname = "4cp"\nkind = "coincident"\nusd_per_kw_year = {rate}\n'


def on(found: Case, rule: Rule, delay: int = 1, fleet_number: int = 0) -> list[bool]:
    return [bool(x) for x in wish(found, rule, delay).on[fleet_number]]


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1), st.floats(0, 10), st.integers(1, 4))
def test_threshold_runs_exactly_when_the_last_known_price_plus_adder_is_at_most_break_even(
    seed: int, adder: float, delay: int
) -> None:
    adder = round(adder, 1) if adder >= 0.1 else 0.0
    prices = np.random.default_rng(seed).normal(100, 30, 24)
    found = case(site(fleet(), adder=adder), prices)
    seen = [np.nan] * delay + prices.tolist()
    expected = [np.isnan(seen[t]) or seen[t] + adder <= BREAK_EVEN for t in range(24)]
    assert on(found, THRESHOLD, delay) == expected


def test_the_break_even_of_threshold_is_that_of_the_best_mode() -> None:
    """Full to 72.9, eco to 125, off above; the decision of an interval rests on the price of the one before."""
    prices = np.array([40.0, 72.0, 74.0, 124.0, 126.0, 40.0] * 4)
    found = case(site(fleet(more=ECO)), prices)
    asked = wish(found, THRESHOLD)
    assert [bool(x) for x in asked.on[0][1:7]] == [True, True, True, True, False, True]
    assert asked.mode[0][1:5].tolist() == [0, 0, 1, 1]


def test_a_fixed_block_changes_no_decision() -> None:
    block = (
        '[[energy]]\nname = "b"\nblock_mw = 40.0\nprice_usd_per_mwh = 30.0\nsettlement_point = "LZ"\nresale = "{}"\n'
    )
    prices = np.random.default_rng(1).normal(100, 40, 24)
    bare = case(site(fleet(more=ECO)), prices)
    for resale in ("free", "forbidden"):
        with_block = case(site(fleet(more=ECO), block.format(resale)), prices)
        for rule in (ALWAYS_ON, THRESHOLD, HYSTERESIS):
            a, b = wish(bare, rule), wish(with_block, rule)
            assert a.on[0].tolist() == b.on[0].tolist()
            assert a.mode[0].tolist() == b.mode[0].tolist()


def test_always_on_never_stops() -> None:
    found = case(site(fleet(), fleet(name="t")), np.full(24, 5000.0))
    assert on(found, ALWAYS_ON) == [True] * 24
    assert on(found, ALWAYS_ON, fleet_number=1) == [True] * 24


def test_day_ahead_decides_by_the_price_of_the_interval_itself() -> None:
    one = site(fleet())
    ahead = np.where(np.arange(24) % 3 == 0, 300.0, 20.0)
    found = case(one, np.full(24, 20.0), [series("price_da/LZ", one.grid(), ahead, known_after_minutes=-600)])
    assert on(found, DAY_AHEAD) == (ahead <= BREAK_EVEN).tolist()
    late = case(one, np.full(24, 300.0), [series("price_da/LZ", one.grid(), 20.0, known_after_minutes=60)])
    assert on(late, DAY_AHEAD)[1:] == [False] * 23  # unknown in time: the last known price decides


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(-3, 3).map(float), min_size=1, max_size=30))
def test_hysteresis_with_band_0_is_threshold(lead: list[float]) -> None:
    assert hysteresis(np.array(lead), 0.0).tolist() == [x >= 0 for x in lead]


@settings(deadline=None, max_examples=60)
@given(st.lists(st.floats(-50, 50), min_size=1, max_size=40), st.sampled_from(BANDS_USD_PER_MWH))
def test_hysteresis_stops_only_below_its_band_and_starts_only_above_it(lead: list[float], band: float) -> None:
    word = hysteresis(np.array(lead), band)
    before = True
    for x, now in zip(lead, word.tolist(), strict=True):
        if before != now:
            assert x >= band if now else x < -band
        else:
            assert x >= -band if now else x < band
        before = now


def two_months(seed: int = 0) -> tuple[np.ndarray, dict[str, object]]:
    """Prices that dance around break-even, so that a band saves switching costs; June and two days of July."""
    rng = np.random.default_rng(seed)
    return rng.normal(BREAK_EVEN, 6, 24 * 32), {"start": dt.date(2024, 6, 1), "end": dt.date(2024, 7, 3)}


def test_the_tuned_band_saves_switches_once_a_month_has_taught_it() -> None:
    prices, period = two_months()
    found = case(site(fleet(more="start_usd = 400.0\nstop_usd = 400.0"), **period), prices)
    june = 24 * 30
    plain, tuned = on(found, THRESHOLD), on(found, HYSTERESIS)
    assert tuned[:june] == plain[:june]
    flips = [int(np.abs(np.diff(np.array(word[june:], dtype=int))).sum()) for word in (plain, tuned)]
    assert flips[1] < flips[0] / 2


def test_the_tuned_band_of_a_month_uses_nothing_that_is_known_later() -> None:
    """Other prices from 30 June 23:00 on, known at midnight or later, leave July's band: its first word may differ only
    where its own prices do."""
    prices, period = two_months()
    text = site(fleet(more="start_usd = 400.0\nstop_usd = 400.0"), **period)
    changed = prices.copy()
    changed[24 * 30 :] = np.random.default_rng(9).normal(BREAK_EVEN, 80, 48)
    one, two = case(text, prices), case(text, changed)
    assert on(one, HYSTERESIS)[: 24 * 30 + 1] == on(two, HYSTERESIS)[: 24 * 30 + 1]
    # the band of July itself: with July's prices put back the decisions are those of the unchanged case
    mixed = replace(two, data=one.data)
    assert on(mixed, HYSTERESIS) == on(one, HYSTERESIS)


@pytest.mark.parametrize("rule", [THRESHOLD, HYSTERESIS, PEAK_CALENDAR, COMBINED])
def test_prices_and_heat_of_later_hours_change_no_decision_before_them(rule: Rule) -> None:
    """All that becomes known after 12:00 is replaced: what is wished until then stays, and what is done."""
    text = site(
        fleet(blocks=2, more="min_up_minutes = 120.0\nhashrate_derating_per_c = 0.01\nderating_from_c = 20.0"),
        COINCIDENT.format(rate=60.0),
        pue="[[10.0, 1.0], [40.0, 1.3]]",
        limit=46.0,
    )
    grid = text.grid()
    rng = np.random.default_rng(4)
    prices, heat = rng.normal(80, 40, 24), rng.uniform(10, 40, 24)
    for seed in range(5):
        other = np.random.default_rng(seed)
        later = np.arange(24) >= 12
        one = case(text, prices, [series("temperature/ERCOT", grid, heat)])
        two = case(
            text,
            np.where(later, other.normal(80, 400, 24), prices),
            [series("temperature/ERCOT", grid, np.where(later, other.uniform(10, 40, 24), heat))],
        )
        a, b = wish(one, rule), wish(two, rule)
        assert a.on[0][:13].tolist() == b.on[0][:13].tolist()
        assert a.mode[0][:13].tolist() == b.mode[0][:13].tolist()
        for x, y in zip(simulate(one.problem, a).schedule.units, simulate(two.problem, b).schedule.units, strict=True):
            assert x.on[:12].tolist() == y.on[:12].tolist()


def test_the_calendar_stands_by_in_hours_ending_17_and_18_of_the_months_that_are_measured() -> None:
    found = case(site(fleet(), COINCIDENT.format(rate=60.0)), np.full(24, 20.0))
    assert [t for t, runs in enumerate(on(found, PEAK_CALENDAR)) if not runs] == [16, 17]
    june_only = site(fleet(), COINCIDENT.format(rate=60.0), "months = [6]\n")
    assert on(case(june_only, np.full(24, 20.0)), PEAK_CALENDAR) == [True] * 24
    over = site(fleet(), COINCIDENT.format(rate=60.0), "valid_to = 2024-07-01\n")
    assert on(case(over, np.full(24, 20.0)), PEAK_CALENDAR) == [True] * 24


def test_the_calendar_is_ignored_where_a_peak_is_worth_less_than_the_hours_it_costs() -> None:
    """Two hours at 104 USD/MWh cost 208 USD per MW; a peak of 0.8 USD/kW-year over four is worth 200."""
    assert on(case(site(fleet(), COINCIDENT.format(rate=0.8)), np.full(24, 20.0)), PEAK_CALENDAR) == [True] * 24
    assert on(case(site(fleet(), COINCIDENT.format(rate=0.9)), np.full(24, 20.0)), PEAK_CALENDAR).count(False) == 2


def test_a_rule_stands_in_the_table_only_where_the_site_gives_it_meaning() -> None:
    one = site(fleet())
    assert [r.name for r in rules_for(case(one))] == ["always-on", "threshold", "hysteresis"]
    ahead = series("price_da/LZ", one.grid(), 20.0)
    assert "day-ahead" in [r.name for r in rules_for(case(one, more=[ahead]))]
    charged = site(fleet(), COINCIDENT.format(rate=60.0))
    assert "peak-calendar" in [r.name for r in rules_for(case(charged))]


def test_a_gap_in_the_prices_is_crossed_on_the_last_known_one() -> None:
    """Dear before the gap, dear after it: the mine stays off in between and pays for no start."""
    prices = np.full(24, 300.0)
    prices[8:12] = np.nan
    assert on(case(site(fleet()), prices), THRESHOLD)[1:] == [False] * 23


def test_scarce_room_goes_to_the_lowest_joules_per_terahash_whatever_is_paid_later() -> None:
    worse = fleet(name="old").replace("power_w = 4000.0", "power_w = 6000.0")
    found = case(site(worse, fleet(name="new")))
    assert wish(found, THRESHOLD).merit == (1, 0)
