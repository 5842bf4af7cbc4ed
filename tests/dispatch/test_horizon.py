"""The decision horizon against all words of small blocks, and against prices that come later."""

import itertools
from collections import defaultdict
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.horizon import class_horizon, decided_intervals, decision_horizon, look_ahead_intervals
from megawatt.dispatch.problem import FREE, InitialState, MachineClass, Problem
from megawatt.dispatch.separable import block_terms, plan_class, plan_separable
from tests.dispatch.horizons import carried_on, prices, random_class
from tests.dispatch.oracles import word_value, words
from tests.dispatch.sites import START, full_site

SEEDS = st.integers(0, 2**32 - 1)


def best_words(c: MachineClass, cost: np.ndarray) -> dict[tuple[int, int], list[tuple[int, ...]]]:
    """The best words to every end state (on or off, for how long as far as it matters), of all words there are."""
    gain, ramp = block_terms(c, cost, 1.0)
    by_state = defaultdict(list)
    for word in words(len(cost), c.min_up, c.min_down, c.initial.on, c.initial.steps):
        on, age = int(c.initial.on), c.initial.steps
        for u in word:
            on, age = (on, age + 1) if u == on else (u, 1)
        matters = max(c.min_up, len(c.ramp_loss)) if on else c.min_down
        value = word_value(word, gain, ramp, c.start_usd, c.stop_usd, c.initial.on, c.initial.steps)
        by_state[on, min(age, matters)].append((value, word))
    return {
        state: [word for value, word in found if value >= max(found)[0] - 1e-9] for state, found in by_state.items()
    }


@settings(deadline=None, max_examples=100)
@given(SEEDS, st.integers(1, 11))
def test_the_horizon_is_what_the_best_words_to_all_end_states_share(seed: int, T: int) -> None:
    rng = np.random.default_rng(seed)
    c, cost = random_class(rng, T), prices(rng, T)
    best = best_words(c, cost)
    horizon = class_horizon(c, cost, 1.0)
    _, run = plan_class(c, 0, cost, 1.0)
    prefix = tuple(run.on[:horizon].astype(int).tolist())
    assert all(any(word[:horizon] == prefix for word in found) for found in best.values())
    if all(len(found) == 1 for found in best.values()):
        # without ties it is the longest prefix that all share
        assert horizon == T or len({found[0][: horizon + 1] for found in best.values()}) > 1


@settings(deadline=None, max_examples=100)
@given(SEEDS, st.integers(1, 60), st.integers(0, 80), st.sampled_from([50.0, 1e4]))
def test_no_prices_after_the_window_make_its_decided_intervals_a_mistake(
    seed: int, T: int, tail: int, spread: float
) -> None:
    """The optimum of window and tail together equals the decided prefix and the best continuation of its state."""
    rng = np.random.default_rng(seed)
    c, cost = random_class(rng, T + tail), np.concatenate([prices(rng, T), rng.normal(60, spread, tail)])
    _, value = carried_on(c, cost, T)
    assert value == pytest.approx(plan_class(c, 0, cost, 1.0)[0], rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("seed", range(15))
def test_no_pattern_of_extreme_prices_after_the_window_makes_them_a_mistake(seed: int) -> None:
    """All 64 tails of six hours at -1,000 or 1,000 USD/MWh: each end state is the best one before some of them."""
    rng = np.random.default_rng(seed)
    T = int(rng.integers(1, 12))
    c, begin = random_class(rng, T + 6), prices(rng, T)
    for tail in itertools.product((-1e3, 1e3), repeat=6):
        cost = np.concatenate([begin, tail])
        _, value = carried_on(c, cost, T)
        assert value == pytest.approx(plan_class(c, 0, cost, 1.0)[0], rel=1e-9, abs=1e-6)


def flat(T: int, **changes: object) -> MachineClass:
    base = MachineClass("m", 1, np.full((1, T), 1.0), np.full((1, T), 100.0), start_usd=30.0, stop_usd=10.0)
    return replace(base, **changes)  # type: ignore[arg-type]


def site(cost: list[float], *machines: MachineClass) -> Problem:
    zero = np.zeros(len(cost))
    return Problem(TimeGrid(START, 60, len(cost)), np.array(cost), zero, zero, zero + 1e3, machines)


def test_an_hour_that_loses_more_than_a_stop_and_a_start_is_off_whatever_follows() -> None:
    """A stop and a start cost 40 USD: an hour that loses 50 is off; one that loses 35 is off only if no start follows."""
    assert decided_intervals(site([20.0, 150.0, 20.0], flat(3))) == 2
    assert decided_intervals(site([20.0, 135.0, 20.0], flat(3))) == 1


def test_a_least_rest_of_four_hours_leaves_even_the_first_hour_open() -> None:
    """Only who stops at once is nearly free to start again when the three hours are over."""
    assert decided_intervals(site([20.0, 150.0, 20.0], flat(3, min_down=4))) == 0


def test_a_block_that_must_stay_as_it_is_is_decided_for_so_long() -> None:
    held = flat(3, min_up=6, initial=InitialState(True, 1))
    assert decided_intervals(site([1e4] * 3, held)) == 3
    resting = flat(3, min_down=6, initial=InitialState(False, 1))
    assert decided_intervals(site([-1e4] * 3, resting)) == 3
    assert decided_intervals(site([1e4] * 3, replace(held, min_up=3))) == 2


def test_the_horizon_of_a_site_is_the_smallest_of_its_classes() -> None:
    problem = site([20.0, 135.0, 20.0], flat(3), flat(3, start_usd=1.0, stop_usd=1.0))
    found = decision_horizon(problem)
    assert (found.intervals, found.by_class, found.reason) == (1, (1, 2), "")
    assert plan_separable(problem).schedule.units[1].on.tolist() == [True, False, True]


def test_a_site_without_machines_is_decided_price_by_price() -> None:
    assert decided_intervals(site([20.0, 30.0])) == 2


def test_a_coupled_site_proves_nothing_and_says_what_ties_it() -> None:
    problem = full_site(np.random.default_rng(0), 12)
    found = decision_horizon(problem)
    assert (found.intervals, found.by_class) == (0, ())
    for tie in ("batch work", "a demand charge", "a reserve award"):
        assert tie in found.reason
    assert look_ahead_intervals(problem, 3) is None


def test_the_look_ahead_is_the_shortest_window_that_decides() -> None:
    """Three hours that lose 15 USD each are worth a stop and a start, 40 USD together, once the fourth is known to pay."""
    problem = site([20.0, 115.0, 115.0, 115.0, 20.0, 20.0], flat(6))
    assert [look_ahead_intervals(problem, t) for t in range(6)] == [1, 3, 2, 1, 1, None]


@pytest.mark.parametrize("interval", [-1, 3])
def test_an_interval_outside_the_window_is_refused(interval: int) -> None:
    with pytest.raises(InputError, match="0 to 2"):
        look_ahead_intervals(site([20.0] * 3, flat(3)), interval)


@pytest.mark.parametrize("seed", range(20))
def test_a_rolling_plan_that_carries_out_what_is_decided_loses_nothing(seed: int) -> None:
    """Windows of two days of quarter hours, each carried out as far as it is decided: the money of one plan over all."""
    rng = np.random.default_rng(seed)
    T, window = 700, 192
    c = random_class(rng, T)
    cost = 60 + 40 * np.sin(np.arange(T) / 96 * 2 * np.pi) + rng.normal(0, 25, T)
    gain, ramp = block_terms(c, cost, 1.0)
    at, state, word = 0, c.initial, np.zeros(0, dtype=bool)
    while at < T:
        end = min(at + window, T)
        part = replace(
            c, power_mw=c.power_mw[:, at:end], revenue_usd_per_h=c.revenue_usd_per_h[:, at:end], initial=state
        )
        fixed = end - at if end == T else class_horizon(part, cost[at:end], 1.0)
        assert fixed > 0
        done = plan_class(part, 0, cost[at:end], 1.0)[1].on[:fixed]
        word, at = np.concatenate([word, done]), at + fixed
        changes = np.flatnonzero(done != np.concatenate([[state.on], done[:-1]]))
        age = fixed - int(changes[-1]) if changes.size else min(state.steps + fixed, FREE)
        state = InitialState(bool(done[-1]), age)
    switching = c.start_usd, c.stop_usd, c.initial.on, c.initial.steps
    earned = word_value(tuple(word.astype(int).tolist()), gain, ramp, *switching)
    assert earned == pytest.approx(plan_class(c, 0, cost, 1.0)[0], rel=1e-9, abs=1e-6)
