"""The joint states of a small site, against all words of small classes, other recursions and proven optima."""

import dataclasses
from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from bench.referee import random_site
from bench.referees import known
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.crews import Crew, words_of
from megawatt.dispatch.coupled.hours import cover_pay
from megawatt.dispatch.coupled.interval import NEVER
from megawatt.dispatch.coupled.joint import Joint
from megawatt.dispatch.coupled.prices import linear_prices
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.coupled.small import SmallSite
from megawatt.dispatch.coupled.togo import ages, block_worth, first_state, work_worth
from megawatt.dispatch.coupled.trial import Trial
from megawatt.dispatch.coupled.work import least_done, plan_work
from megawatt.dispatch.kernel import plan_block
from megawatt.dispatch.ledger import settle
from megawatt.dispatch.problem import FREE, InitialState, MachineClass, Problem
from megawatt.dispatch.schedule import dwell_faults, violations
from tests.dispatch.cases import random_problem

OPTIMA = {seed: one.value_usd for seed, one in known().items() if one.agree and one.value_usd is not None}
COUPLED = [seed for seed in sorted(OPTIMA) if not random_site(seed).separable]


def some_class(rng: np.random.Generator, T: int) -> MachineClass:
    modes = int(rng.integers(1, 4))
    return MachineClass(
        "class",
        int(rng.integers(1, 4)),
        np.array([[4.0], [2.8], [4.6]][:modes]) * np.ones(T),
        rng.uniform(80, 400, (modes, 1)) * np.ones(T),
        start_usd=float(rng.uniform(0, 30)),
        stop_usd=float(rng.uniform(0, 30)),
        min_up=int(rng.integers(1, 4)),
        min_down=int(rng.integers(1, 4)),
        ramp_loss=np.sort(rng.random(int(rng.integers(0, 3))))[::-1],
        initial=InitialState(bool(rng.integers(2)), int(rng.choice([1, 2, FREE]))),
    )


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_a_crew_runs_all_the_counts_that_single_blocks_can_and_no_others(seed: int) -> None:
    rng, T = np.random.default_rng(seed), 5
    machine = dataclasses.replace(some_class(rng, T), blocks=int(rng.integers(1, 3)))
    words = [w for w in product((0, 1), repeat=T) if not dwell_faults(np.array(w, dtype=np.bool_), machine)]
    by_blocks = {tuple(np.sum(some, axis=0).tolist()) for some in product(words, repeat=machine.blocks)}
    crew = Crew.of(machine)
    assert crew is not None
    paths: set[tuple[tuple[int, ...], int]] = {((), 0)}
    for _ in range(T):
        ways = {(counts, int(to)) for counts, state in paths for to in crew.to[state] if to >= 0}
        paths = {((*counts, int(crew.phase[to].sum())), to) for counts, to in ways}
    assert {counts for counts, _ in paths} == by_blocks
    for counts in by_blocks:
        on = words_of(np.array(counts), machine)
        assert on.sum(axis=0).tolist() == list(counts)
        assert not any(dwell_faults(word > 0, machine) for word in on)


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_what_is_to_be_earned_from_the_first_state_is_the_best_word(seed: int) -> None:
    rng, T = np.random.default_rng(seed), 12
    m = some_class(rng, T)
    price, ramp = rng.normal(0, 20, T), -rng.uniform(0, 8, (len(m.ramp_loss), T))
    rule = (m.start_usd, m.stop_usd, m.min_up, m.min_down)
    state = first_state(*ages(m.min_up, m.min_down, len(ramp)), m.initial.on, m.initial.steps)
    best, _ = plan_block(price, ramp, *rule, m.initial.on, m.initial.steps)
    assert block_worth(price, ramp, *rule)[0, state] == pytest.approx(best, abs=1e-9)
    size = rng.integers(2, 6, 3)
    window = np.repeat(np.arange(3), size).astype(np.int64)
    need = np.array([rng.integers(0, n + 1) for n in size], dtype=np.int64)
    n, least_run, before = len(window), int(rng.integers(1, 4)), bool(rng.integers(2))
    off, on, runs = rng.normal(0, 10, n), rng.normal(0, 10, n), np.ones(n, dtype=np.bool_)
    value, _ = plan_work(off, on, window, need, least_done(runs, window, need), 7.0, least_run, before)
    worth = work_worth(off, on, window, need, 7.0, least_run)[0, 0, least_run * before]
    assert worth <= NEVER / 2 if value <= NEVER / 2 else worth == pytest.approx(value, abs=1e-9)


@pytest.mark.parametrize("seed", [seed for seed in COUPLED if not random_site(seed).peaks][:6])
def test_a_joint_search_that_dropped_nothing_finds_the_optimum(seed: int) -> None:
    problem = random_site(seed)
    split = Split.of(problem)
    joint, search = Joint.of(split), Search(split)
    assert joint is not None
    SmallSite(joint, search, linear_prices(problem), 0.0).run()
    if joint.cut:
        SmallSite(joint, search, linear_prices(problem), 0.0).run()  # a first plan is the goal of a narrower search
    assert search.best is not None
    assert violations(problem, search.valued().schedule()) == []
    if not joint.cut:
        assert search.value_usd == pytest.approx(OPTIMA[seed], rel=1e-9, abs=1e-6)


@pytest.mark.parametrize("seed", [seed for seed in COUPLED if random_site(seed).peaks][:2])
def test_ranges_of_peaks_are_searched_until_the_optimum_is_found(seed: int) -> None:
    problem = random_site(seed)
    split = Split.of(problem)
    joint, search = Joint.of(split), Search(split)
    assert joint is not None
    assert search.run() is not None
    before = search.value_usd
    SmallSite(joint, search, linear_prices(problem), 0.0).run()
    assert search.value_usd >= before
    assert search.value_usd == pytest.approx(OPTIMA[seed], rel=1e-6)
    assert search.value_usd == pytest.approx(settle(problem, search.valued().schedule()).net_usd, abs=1e-6)


def age_of(machine: MachineClass, on: np.ndarray, t: int) -> int:
    """Intervals before t for which a block that runs there has run already."""
    if on[: t + 1].all() and machine.initial.on:
        return t + machine.initial.steps
    return next(i for i in range(t + 1) if t == i or not on[t - i - 1])


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=40)
def test_given_words_of_ramping_blocks_with_modes_earn_what_a_linear_programme_of_their_modes_does(seed: int) -> None:
    rng, T = np.random.default_rng(seed), 6
    machine = dataclasses.replace(some_class(rng, T), ramp_loss=np.array([0.9, 0.4]))
    price, limit = rng.normal(40, 60, T), float(rng.uniform(0.5, 2.0) * 2.8 * machine.blocks)
    none = np.zeros(T)
    grid = TimeGrid(np.datetime64("2024-07-01T00:00:00", "s"), 60, T)
    problem = Problem(grid, price, none, none, np.full(T, limit), (machine,))
    words = [w for w in product((0, 1), repeat=T) if not dwell_faults(np.array(w, dtype=np.bool_), machine)]
    on = np.array([words[k] for k in rng.integers(0, len(words), machine.blocks)], dtype=np.int8)
    split = Split.of(problem)
    trial = Trial(split, np.zeros(1), [on], np.zeros((0, T), dtype=np.int8), *cover_pay(split.awards))
    value, total = trial.value_usd(), 0.0
    for word in on:
        change = np.diff(word, prepend=np.int8(machine.initial.on))
        total -= machine.start_usd * (change == 1).sum() + machine.stop_usd * (change == -1).sum()
    for t in range(T):
        running = [k for k in range(len(on)) if on[k, t]]
        if not running:
            continue
        lost = [(0.9, 0.4, 0.0)[min(age_of(machine, on[k], t), 2)] for k in running]
        margins = [(1 - one) * machine.revenue_usd_per_h[:, t] - machine.power_mw[:, t] * price[t] for one in lost]
        power = np.tile(machine.power_mw[:, t], len(running))[np.newaxis]
        whole = np.kron(np.eye(len(running)), np.ones(machine.modes))
        best = linprog(-np.concatenate(margins), A_ub=power, b_ub=[limit], A_eq=whole, b_eq=np.ones(len(running)))
        total = total - float(best.fun or 0.0) if best.success else -np.inf
    assert value == pytest.approx(total, abs=1e-6)


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=15)
def test_a_trial_of_ramping_blocks_is_worth_what_the_ledger_says_of_its_schedule(seed: int) -> None:
    rng = np.random.default_rng(seed)
    site = random_problem(seed, T=int(rng.integers(3, 40)))
    ramp, before = np.array([0.7, 0.2]), InitialState(bool(rng.integers(2)), 1)
    slow = tuple(dataclasses.replace(one, ramp_loss=ramp, initial=before) for one in site.machines)
    problem = dataclasses.replace(site, machines=slow)
    search = Search(Split.of(problem))
    if search.run() is not None:
        assert search.value_usd == pytest.approx(settle(problem, search.valued().schedule()).net_usd, abs=1e-6)
