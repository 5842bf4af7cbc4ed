"""What is still to be earned from a state on, against all words of small blocks and jobs."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.dispatch.coupled.interval import NEVER
from megawatt.dispatch.coupled.togo import block_losses, forced_losses, work_back, work_path
from megawatt.dispatch.coupled.work import least_done, plan_work
from megawatt.dispatch.kernel import plan_block
from megawatt.dispatch.problem import FREE, InitialState, MachineClass
from megawatt.dispatch.schedule import dwell_faults

T = 6


def block(rng: np.random.Generator) -> tuple[MachineClass, np.ndarray, np.ndarray]:
    """A block with every rule drawn, the price of running it, and what the intervals after a start change."""
    r = int(rng.integers(0, 4))
    machine = MachineClass(
        "class",
        1,
        np.ones((1, T)),
        np.ones((1, T)),
        start_usd=float(rng.uniform(0, 10)),
        stop_usd=float(rng.uniform(0, 10)),
        min_up=int(rng.integers(1, 4)),
        min_down=int(rng.integers(1, 4)),
        ramp_loss=np.zeros(r),
        initial=InitialState(bool(rng.integers(2)), int(rng.choice([1, 2, FREE]))),
    )
    return machine, rng.normal(0, 10, T), -rng.uniform(0, 8, (r, T))


def worth(machine: MachineClass, price: np.ndarray, ramp: np.ndarray, word: tuple[int, ...]) -> float:
    """A word's value by its definition, minus infinity where it breaks a least run or rest."""
    if dwell_faults(np.array(word, dtype=np.bool_), machine):
        return -np.inf
    running, age, value = machine.initial.on, machine.initial.steps if machine.initial.on else 0, 0.0
    for t, on in enumerate(word):
        if on and not running:
            value, age = value - machine.start_usd, 0
        if running and not on:
            value -= machine.stop_usd
        if on:
            value += price[t] + (ramp[age, t] if age < len(ramp) else 0.0)
            age += 1
        running = bool(on)
    return value


def arguments(machine: MachineClass) -> tuple[float, float, int, int, bool, int]:
    before = machine.initial
    return machine.start_usd, machine.stop_usd, machine.min_up, machine.min_down, before.on, before.steps


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_a_forced_state_costs_what_the_best_of_all_words_with_it_misses(seed: int) -> None:
    machine, price, ramp = block(np.random.default_rng(seed))
    words = list(product((0, 1), repeat=T))
    values = np.array([worth(machine, price, ramp, word) for word in words])
    found = forced_losses(price, ramp, *arguments(machine), 2, T)
    for t in range(2, T):
        for on in (0, 1):
            best = max(value for word, value in zip(words, values, strict=True) if word[t] == on)
            if np.isfinite(best):
                assert found[on, t - 2] == pytest.approx(values.max() - best, abs=1e-9)
            else:
                assert found[on, t - 2] > 1e200


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_the_losses_of_a_word_are_never_negative_and_add_up_to_its_distance_from_the_best(seed: int) -> None:
    rng = np.random.default_rng(seed)
    machine, price, ramp = block(rng)
    best, _ = plan_block(price, ramp, *arguments(machine))
    kept = [word for word in product((0, 1), repeat=T) if np.isfinite(worth(machine, price, ramp, word))]
    word = kept[int(rng.integers(len(kept)))]
    changed = np.zeros(T)
    lost = block_losses(price, ramp, *arguments(machine), np.array([word], dtype=np.int8), changed)
    assert (lost >= -1e-9).all()
    assert lost.sum() == pytest.approx(best - worth(machine, price, ramp, word), abs=1e-9)


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_a_jobs_losses_add_up_to_its_distance_from_the_best_word(seed: int) -> None:
    rng = np.random.default_rng(seed)
    size = rng.integers(2, 6, rng.integers(1, 4))
    window = np.repeat(np.arange(len(size)), size).astype(np.int64)
    need = np.array([rng.integers(0, n + 1) for n in size], dtype=np.int64)
    n, least_run, before, restart = len(window), int(rng.integers(1, 4)), bool(rng.integers(2)), 4.0
    off, on = rng.normal(0, 10, n), rng.normal(0, 10, n)
    least = least_done(np.ones(n, dtype=np.bool_), window, need)
    # any word that does the work: the best one under other earnings
    done, word = plan_work(np.zeros(n), rng.normal(0, 10, n), window, need, least, restart, least_run, before)
    if done <= NEVER / 2:
        return
    best, _ = plan_work(off, on, window, need, least, restart, least_run, before)
    later = np.full((int(need.max()) + 1, least_run + 1), NEVER)
    later[need[-1]] = 0.0
    lost, earlier = np.zeros(n), np.zeros_like(later)
    path = work_path(word, window, least_run, before)
    work_back(later, off, on, np.concatenate(([-1], window)), need, restart, path, lost, earlier)
    starts = (np.diff(word, prepend=np.int8(before)) == 1).sum()
    value = np.where(word, on, off).sum() - restart * starts
    assert (lost >= -1e-9).all()
    assert lost.sum() == pytest.approx(best - value, abs=1e-9)
