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
