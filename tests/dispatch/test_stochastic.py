"""Stochastic programming of a block: against every policy of a scenario tree, and against the exact plan of known prices."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.dispatch.kernel import plan_block
from megawatt.dispatch.problem import FREE, InitialState, MachineClass
from megawatt.dispatch.separable import block_terms
from megawatt.dispatch.stochastic import States, policy_table
from tests.dispatch.oracles import word_value, words

HOURS = 0.25


def block(rng: np.random.Generator, T: int, modes: int = 1) -> MachineClass:
    """A block of 10 MW with costs of switching, dwell times and a ramp, in some state."""
    return MachineClass(
        "block",
        1,
        power_mw=np.outer(10.0 * np.linspace(1.0, 0.6, modes), np.ones(T)),
        revenue_usd_per_h=np.outer(np.linspace(500.0, 360.0, modes), rng.uniform(0.8, 1.2, T)),
        start_usd=float(rng.uniform(0, 120)),
        stop_usd=float(rng.uniform(0, 60)),
        min_up=int(rng.integers(1, 4)),
        min_down=int(rng.integers(1, 4)),
        ramp_loss=rng.uniform(0, 1, int(rng.integers(0, 4))),
        initial=InitialState(bool(rng.integers(2)), int(rng.choice([1, 2, 3, FREE]))),
    )


def best_of_all_policies(machine: MachineClass, price: np.ndarray, chain: np.ndarray, seen: int) -> float:
    """Every map from the bins seen so far to on or off, each played on every path of bins at the price of its bin."""
    T, K = price.shape
    paths = list(itertools.product(range(K), repeat=T))
    nodes = [path[:t] for t in range(T) for path in itertools.product(range(K), repeat=t)]
    before = machine.initial
    allowed = set(words(T, machine.min_up, machine.min_down, before.on, before.steps))
    r = len(machine.ramp_loss)
    ramp_of = machine.ramp_loss[:, np.newaxis] * machine.revenue_usd_per_h[0] * -HOURS
    best = -np.inf
    for choice in itertools.product((0, 1), repeat=len(nodes)):
        does = dict(zip(nodes, choice, strict=True))
        total = 0.0
        for path in paths:
            word = tuple(does[path[:t]] for t in range(T))
            if word not in allowed:
                break
            chance = np.prod([chain[a, b] for a, b in zip((seen, *path), path, strict=False)])
            cost = price[np.arange(T), path]
            gain = HOURS * (machine.revenue_usd_per_h[0] - machine.power_mw[0] * cost)
            value = word_value(
                word, gain, ramp_of.reshape(r, T), machine.start_usd, machine.stop_usd, before.on, min(before.steps, 99)
            )
            total += float(chance) * value
        else:
            best = max(best, total)
    return best


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1))
def test_no_policy_of_the_whole_tree_earns_more_and_one_earns_as_much(seed: int) -> None:
    rng = np.random.default_rng(seed)
    T, K = 3, 2
    machine = block(rng, T)
    price = rng.uniform(-50, 150, (T, K))
    chain = rng.dirichlet(np.ones(K), K)
    seen = int(rng.integers(K))
    table = policy_table(machine, price @ chain.T, chain, HOURS)
    assert table.at_start(machine.initial, seen) == pytest.approx(best_of_all_policies(machine, price, chain, seen))


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1), st.integers(1, 40), st.integers(1, 2))
def test_with_one_bin_it_is_the_exact_plan_of_known_prices(seed: int, T: int, modes: int) -> None:
    rng = np.random.default_rng(seed)
    machine = block(rng, T, modes)
    cost = rng.normal(55, 40, T)
    table = policy_table(machine, cost[:, np.newaxis], np.ones((1, 1)), HOURS)
    gain, ramp = block_terms(machine, cost, HOURS)
    before = machine.initial
    best, _ = plan_block(
        gain, ramp, machine.start_usd, machine.stop_usd, machine.min_up, machine.min_down, before.on, before.steps
    )
    assert table.at_start(before, 0) == pytest.approx(best, rel=1e-12, abs=1e-9)


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_what_the_table_tells_to_do_keeps_dwell_times_and_earns_what_it_says(seed: int) -> None:
    """Followed along a chain that cannot but move from bin to bin, the money counted by hand is the value at the start."""
    rng = np.random.default_rng(seed)
    T, K = 24, 3
    machine = block(rng, T)
    price = rng.normal(55, 40, (T, K))
    chain = np.roll(np.eye(K), 1, axis=1)  # bin k is followed by k + 1
    table = policy_table(machine, price @ chain.T, chain, HOURS)
    state, word = table.states.number(machine.initial), []
    bins = [(t + 1) % K for t in range(T)]
    for t in range(T):
        on = bool(table.run[t, state, t % K])
        word.append(int(on))
        state = table.states.after(state, on)
    cost = price[np.arange(T), bins]
    gain = HOURS * (machine.revenue_usd_per_h[0] - machine.power_mw[0] * cost)
    ramp = (machine.ramp_loss[:, np.newaxis] * machine.revenue_usd_per_h[0] * -HOURS).reshape(-1, T)
    before = machine.initial
    value = word_value(tuple(word), gain, ramp, machine.start_usd, machine.stop_usd, before.on, min(before.steps, 99))
    assert table.at_start(before, 0) == pytest.approx(value)
    held = replace(machine, blocks=1)
    edges = np.flatnonzero(np.diff([int(before.on), *word]))
    lengths = np.diff([-min(before.steps, 99), *edges])
    least = [held.min_up if on else held.min_down for on in ([before.on] + [bool(word[e]) for e in edges])[:-1]]
    assert all(length >= bound for length, bound in zip(lengths, least, strict=True))


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32 - 1))
def test_knowing_the_price_before_deciding_is_never_worth_less(seed: int) -> None:
    """The mean over paths of the exact plan of each is a bound on every policy that does not know the path."""
    rng = np.random.default_rng(seed)
    T, K = 4, 2
    machine = block(rng, T)
    price = rng.normal(55, 40, (T, K))
    chain = rng.dirichlet(np.ones(K), K)
    bound = 0.0
    for path in itertools.product(range(K), repeat=T):
        chance = np.prod([chain[a, b] for a, b in zip((0, *path), path, strict=False)])
        cost = price[np.arange(T), path]
        exact = policy_table(machine, cost[:, np.newaxis], np.ones((1, 1)), HOURS)
        bound += float(chance) * exact.at_start(machine.initial, 0)
    table = policy_table(machine, price @ chain.T, chain, HOURS)
    assert table.at_start(machine.initial, 0) <= bound + 1e-9


def test_states_count_up_to_what_still_matters() -> None:
    machine = replace(block(np.random.default_rng(0), 4), min_up=3, min_down=2, ramp_loss=np.zeros(1))
    states = States.of(machine)
    assert states.count == 5
    assert [states.number(InitialState(True, n)) for n in (1, 2, 3, FREE)] == [0, 1, 2, 2]
    assert [states.number(InitialState(False, n)) for n in (1, 2, FREE)] == [3, 4, 4]
    assert [states.after(s, True) for s in range(5)] == [1, 2, 2, 0, 0]
    assert [states.after(s, False) for s in range(5)] == [3, 3, 3, 4, 4]


def test_a_chain_that_loses_chance_is_refused() -> None:
    machine = block(np.random.default_rng(0), 4)
    with pytest.raises(InputError, match="add up to 1"):
        policy_table(machine, np.zeros((4, 2)), np.full((2, 2), 0.4), HOURS)
    with pytest.raises(InputError, match="4 intervals"):
        policy_table(machine, np.zeros((5, 2)), np.full((2, 2), 0.5), HOURS)
    with pytest.raises(InputError, match="at least one"):
        States.of(machine).number(InitialState(True, 0))
