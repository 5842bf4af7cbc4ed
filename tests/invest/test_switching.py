"""Switching between modes: exact dynamic programming on a small Markov chain, hand-made paths, closed ways."""

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.switching import (
    CONVERTING,
    HOST,
    MINE,
    MODES,
    STOP,
    Option,
    fixed_value,
    follow,
    known_beforehand,
    learn_rule,
)

CHAIN = np.array([[0.85, 0.15], [0.25, 0.75]])
PAYS = np.array([[10.0, 3.0, 0.0], [-6.0, 4.0, 0.0]])
"""What mine, host and stop pay when the market is good and when it is bad."""
COST = np.array([[0.0, 9.0, 1.0], [5.0, 0.0, 2.0], [3.0, 12.0, 0.0]])
DISCOUNT = 0.95
DATES = 12


def exact_value() -> float:
    """Backward induction on the chain itself: no path, no regression."""
    value = np.zeros((2, 3))
    for _ in range(DATES):
        ahead = DISCOUNT * CHAIN @ value
        value = np.array(
            [[max(PAYS[s, j] - COST[i, j] + ahead[s, j] for j in range(3)) for i in range(3)] for s in (0, 1)]
        )
    return float(value[0, 0])


def chain_option(paths: int, seed: int) -> Option:
    rng = np.random.default_rng(seed)
    state = np.zeros((paths, DATES), dtype=np.int64)
    for date in range(1, DATES):
        state[:, date] = rng.uniform(size=paths) > CHAIN[state[:, date - 1], 0]
    return Option(PAYS[state], state[..., None].astype(np.float64), COST, DISCOUNT)


def test_the_learned_rule_earns_the_exact_value_of_a_markov_chain() -> None:
    """Two states are told apart by a line, so least squares can learn the best rule itself."""
    rule = learn_rule(chain_option(4_000, 1), degree=1)
    found, exact = follow(rule, chain_option(40_000, 2)), exact_value()
    assert found.mean == pytest.approx(exact, abs=4 * found.standard_error)
    assert found.standard_error < 0.01 * exact


def test_foresight_is_above_and_every_fixed_mode_below() -> None:
    option = chain_option(5_000, 3)
    exact, error = exact_value(), 0.5
    assert known_beforehand(option).mean() > exact
    for mode in range(3):
        assert fixed_value(option, mode).mean() < exact + error


def test_foresight_is_the_best_of_all_sequences_tried_one_by_one() -> None:
    rng = np.random.default_rng(5)
    option = Option(rng.normal(0, 5, (6, 4, 3)), np.zeros((6, 4, 1)), COST, 0.9, start=1)
    best = np.full(6, -np.inf)
    for number in range(3**4):
        modes = [number // 3**k % 3 for k in range(4)]
        paid = np.array([COST[i, j] for i, j in zip([1, *modes[:-1]], modes, strict=True)])
        best = np.maximum(best, (option.rewards[:, range(4), modes] - paid) @ 0.9 ** np.arange(4))
    assert known_beforehand(option) == pytest.approx(best)


def closed(modes: int) -> Floats:
    return np.where(np.eye(modes) > 0, 0.0, np.inf)


def test_a_hall_is_reached_only_through_its_building() -> None:
    """Mining pays 1 a date; a hall pays 10 after one date of building for 4: build at once."""
    cost = closed(len(MODES))
    cost[MINE, [CONVERTING, STOP]] = 4.0, 0.0
    cost[CONVERTING] = np.inf
    cost[CONVERTING, HOST] = 0.0
    rewards = np.zeros((40, 6, len(MODES)))
    rewards[:, :, MINE], rewards[:, :, HOST] = 1.0, 10.0
    states = np.random.default_rng(0).normal(size=(40, 6, 1))
    option = Option(rewards, states, cost, 1.0, start=MINE)
    found = follow(learn_rule(option, degree=1), option)
    assert (found.modes == [CONVERTING, HOST, HOST, HOST, HOST, HOST]).all()
    assert found.values == pytest.approx(46.0)
    assert known_beforehand(option) == pytest.approx(46.0)
    assert fixed_value(option, MINE) == pytest.approx(6.0)


def test_switching_that_costs_too_much_is_never_done() -> None:
    option = chain_option(2_000, 8)
    dear = Option(option.rewards, option.states, COST + 1e6 * (1 - np.eye(3)), DISCOUNT)
    found = follow(learn_rule(dear, degree=1), dear)
    assert (found.modes == 0).all()
    assert found.values == pytest.approx(fixed_value(dear, 0))


def test_missing_rewards_and_dead_ends_are_refused() -> None:
    rewards, states = np.zeros((4, 2, 2)), np.zeros((4, 2, 1))
    with pytest.raises(InputError, match="missing"):
        Option(rewards + np.nan, states, np.zeros((2, 2)), 1.0)
    with pytest.raises(InputError, match="nothing leads out"):
        Option(rewards, states, np.array([[0.0, 1.0], [np.inf, np.inf]]), 1.0)
