"""Rules for batch work under unknown prices."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.known import on_day_before
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.dispatch.batch_policy import (
    BatchInstance,
    block_run,
    follow,
    guarded_run,
    hysteresis_run,
    replanned_run,
    stochastic_run,
    tuned_hysteresis_run,
)
from megawatt.hosting.batch import Windows

ZONE = "America/Chicago"
PREVIOUS_DAYS, WEEKS, WEEK = 14, 2, 168


def instance(seed: int = 1) -> BatchInstance:
    """Two weeks of hourly work after two weeks of history; prices dear in the evening, with spikes."""
    rng = np.random.default_rng(seed)
    grid = TimeGrid(np.datetime64("2024-01-15T06:00", "s"), 60, 24 * PREVIOUS_DAYS + WEEKS * WEEK)
    hour = np.asarray(grid.index(ZONE).hour)
    ahead = 25.0 + 30.0 * np.isin(hour, (17, 18, 19, 20)) + 4 * rng.standard_normal(grid.n)
    price = ahead + 6 * rng.standard_normal(grid.n) + 300.0 * (rng.random(grid.n) < 0.02)
    known = on_day_before(grid, timezone=ZONE, at=dt.time(13, 30))
    source, unit = Provenance("made up"), Unit.USD_PER_MWH
    due = Windows(np.repeat(np.arange(WEEKS), WEEK), np.full(WEEKS, 100))
    return BatchInstance(
        Series("price_rt/HB", unit, grid, price, grid.ends, source),
        Series("price_da/HB", unit, grid, ahead, known, source),
        due,
        24 * PREVIOUS_DAYS,
        20.0,
        800.0,
        ZONE,
    )


RULES = {
    "block": block_run,
    "hysteresis": lambda x: hysteresis_run(x, 60.0, 35.0),
    "re-planned": lambda x: replanned_run(x, 6),
    "stochastic": stochastic_run,
}


@pytest.mark.parametrize("name", RULES)
def test_every_window_ends_with_its_work_done_and_no_rule_beats_foresight(name: str) -> None:
    one = instance()
    run = RULES[name](one)
    assert np.bincount(one.due.number, run).tolist() == [100.0, 100.0]
    assert one.cost(run).cost_usd >= one.foresight().cost_usd - 1e-6


@pytest.mark.parametrize("name", RULES)
def test_no_rule_sees_what_is_not_known(name: str) -> None:
    one = instance()
    base = RULES[name](one)
    rng = np.random.default_rng(9)
    for t in rng.integers(0, len(base), size=4).tolist():
        at = one.price.grid.starts[one.first + t]
        spoilt = [
            replace(s, values=np.where(s.known_at > at, 500 * rng.random(s.grid.n), s.values))
            for s in (one.price, one.day_ahead)
        ]
        other = RULES[name](replace(one, price=spoilt[0], day_ahead=spoilt[1]))
        np.testing.assert_array_equal(base[: t + 1], other[: t + 1])


def test_the_stochastic_rule_earns_over_the_block() -> None:
    """Two weeks of history and two of work are little: over several draws, not on each."""
    draws = [instance(seed) for seed in range(1, 5)]
    cost = [sum(one.cost(rule(one)).cost_usd for one in draws) for rule in (stochastic_run, block_run)]
    assert cost[0] < cost[1]


def test_prices_are_tuned_on_the_earlier_instance_alone() -> None:
    past, now = instance(2), instance(3)
    other = replace(now, price=replace(now.price, values=now.price.values[::-1].copy()))
    first = tuned_hysteresis_run(now, past)
    pairs = [
        (s, g)
        for s in (25.0, 30.0, 40.0, 50.0, 60.0, 80.0, 100.0, 150.0)
        for g in (10.0, 15.0, 20.0, 25.0, 30.0, 35.0, 40.0)
    ]
    best = min((p for p in pairs if p[1] <= p[0]), key=lambda p: past.cost(hysteresis_run(past, *p)).cost_usd)
    np.testing.assert_array_equal(first, hysteresis_run(now, *best))
    np.testing.assert_array_equal(tuned_hysteresis_run(other, past), hysteresis_run(other, *best))


def test_work_that_is_due_runs_whatever_a_rule_says() -> None:
    one = instance()
    run = follow(one, lambda _t, _end, _left, _on: False)
    np.testing.assert_array_equal(np.flatnonzero(run[:WEEK]), np.arange(68, 168))


def test_a_cost_counts_every_start() -> None:
    one = instance()
    run = np.zeros(WEEKS * WEEK, dtype=np.bool_)
    run[[0, 1, 5]] = True
    got = one.cost(run)
    assert got.starts == 2
    assert got.cost_usd == pytest.approx(float(one.settled_usd[[0, 1, 5]].sum()) + 1600.0)


def long_instance(seed: int, weeks: int = 7, min_run: int = 3) -> BatchInstance:
    """Seven weeks after two weeks of history."""
    base, rng = instance(seed), np.random.default_rng(seed)
    grid = TimeGrid(base.price.grid.start, 60, 24 * PREVIOUS_DAYS + weeks * WEEK)
    ahead = 25.0 + 30.0 * np.isin(np.asarray(grid.index(ZONE).hour), (17, 18, 19, 20)) + 4 * rng.standard_normal(grid.n)
    price = ahead + 6 * rng.standard_normal(grid.n) + 300.0 * (rng.random(grid.n) < 0.02)
    known = on_day_before(grid, timezone=ZONE, at=dt.time(13, 30))
    return replace(
        base,
        price=replace(base.price, grid=grid, values=price, known_at=grid.ends),
        day_ahead=replace(base.day_ahead, grid=grid, values=ahead, known_at=known),
        due=Windows(np.repeat(np.arange(weeks), WEEK), np.full(weeks, 100)),
        min_run=min_run,
    )


@pytest.mark.parametrize("seed", range(3))
def test_runs_are_as_long_as_they_must_be_and_the_work_is_done(seed: int) -> None:
    one = long_instance(seed)
    found = guarded_run(one)
    rules = (hysteresis_run(one, 30.0, 25.0), stochastic_run(one), found.forecast, found.hysteresis)
    for run in rules:
        assert (np.bincount(one.due.number, run) == 100).all()
        edges = np.flatnonzero(np.diff(np.concatenate(([0], run.view(np.int8), [0]))))
        assert (edges[1::2] - edges[::2])[:-1].min() >= 3


@pytest.mark.parametrize("seed", range(3))
def test_spoiling_what_is_not_known_yet_moves_no_hour_of_the_guarded_run(seed: int) -> None:
    rng, one = np.random.default_rng(seed), long_instance(seed)
    t = int(rng.integers(one.first + WEEK, one.price.grid.n))
    at = one.price.grid.starts[t]
    wrong = [
        replace(s, values=np.where(s.known_at > at, 300.0 * rng.standard_normal(s.grid.n), s.values))
        for s in (one.price, one.day_ahead)
    ]
    first, second = guarded_run(one), guarded_run(replace(one, price=wrong[0], day_ahead=wrong[1]))
    end = t - one.first + 1
    np.testing.assert_array_equal(first.forecast[:end], second.forecast[:end])
    np.testing.assert_array_equal(first.hysteresis[:end], second.hysteresis[:end])


def test_hysteresis_stands_in_for_a_rule_that_lost_to_it_for_four_weeks() -> None:
    """A day-ahead price that says the contrary of what comes: planning by it loses every week."""
    one = long_instance(1, weeks=10, min_run=1)
    noon = np.isin(np.asarray(one.price.grid.index(ZONE).hour), range(6, 18))
    week = np.arange(one.price.grid.n) // WEEK
    sign = np.where(week % 2, 1.0, -1.0)  # the chain cannot learn it: it turns each week
    real, ahead = 50 + 40 * np.where(noon, sign, -sign), 50 - 40 * np.where(noon, sign, -sign)
    turned = replace(
        one, price=replace(one.price, values=real), day_ahead=replace(one.day_ahead, values=ahead), restart_usd=0.0
    )
    found = guarded_run(turned)
    assert [one.issues for one in found.stints] == [6]  # from the fifth week on: the four before it were a trial
    same = turned.due.number >= 4
    np.testing.assert_array_equal(found.forecast[same], found.hysteresis[same])
    assert "hysteresis stood in for stochastic" in str(found.stints[0])


def test_a_gap_over_the_end_of_a_window_is_lived_through() -> None:
    one = long_instance(2)
    holes = one.price.values.copy()
    border = one.first + 2 * WEEK
    holes[border - 30 : border + 5] = np.nan
    found = guarded_run(replace(one, price=replace(one.price, values=holes)))
    assert (np.bincount(one.due.number, found.forecast) == 100).all()
    assert (np.bincount(one.due.number, found.hysteresis) == 100).all()
