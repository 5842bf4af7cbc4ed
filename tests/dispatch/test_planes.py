"""Prices by programmes of what the parts of a site wanted: lower bounds, never below an optimum."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.referee import random_site
from bench.referees import known
from checker.check_plan import main
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.certificate import Piece, Prices
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.certify import certify
from megawatt.dispatch.coupled.closed_form import plan_prices
from megawatt.dispatch.coupled.fast import fits
from megawatt.dispatch.coupled.mixture import Mixture
from megawatt.dispatch.coupled.planes import Planes
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.coupled.view import Viewer
from megawatt.dispatch.deadline import Deadline
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import InitialState, MachineClass, Problem
from megawatt.dispatch.record import plan_record, problem_record, text_of

# Optima that two solvers of other kinds proved on block models of their own.
OPTIMA = {seed: one.value_usd for seed, one in known().items() if one.proven and one.value_usd is not None}
NO_TRIAL = {6}
"""Sites on which no trial fits at once: without a plan there is nothing to bound beside."""

SITES = [seed for seed in sorted(OPTIMA) if not random_site(seed).separable and fits(random_site(seed))][:8]
SEEDS = [seed for seed in SITES if seed not in NO_TRIAL]


@pytest.mark.parametrize("seed", SEEDS)
def test_no_optimum_passes_the_bound_and_the_checker_accepts_it(seed: int, tmp_path: Path) -> None:
    problem = random_site(seed)
    search = Search(Split.of(problem))
    assert search.run() is not None
    certificate = certify(search.split, search, 1e-6, 6, planes=True)
    usd = certificate.bound_usd
    assert usd >= OPTIMA[seed] - 1e-6 * abs(OPTIMA[seed])
    plan = Plan.of(problem, search.valued().schedule(), bound_usd=usd, method="", certificate=certificate)
    (tmp_path / "problem.json").write_text(text_of(problem_record(problem)))
    (tmp_path / "plan.json").write_text(text_of(plan_record(problem, plan)))
    assert main([str(tmp_path / "problem.json"), str(tmp_path / "plan.json")]) == 0


@pytest.mark.parametrize("seed", SEEDS)
def test_steps_only_lower_the_bound_and_what_planes_promise_is_no_more_than_it(seed: int) -> None:
    search = Search(Split.of(random_site(seed)))
    trial = search.run()
    assert trial is not None
    search.valued()
    peaks = trial.peaks_mw if search.split.problem.peaks else np.full(1, np.inf)
    pieces = [[Piece(0.0, float(mw), 0.0)] for mw in peaks]
    planes = Planes(Viewer(search.split), plan_prices(trial), 0.0, Deadline())
    first = planes.viewer.view(planes.prices, pieces).usd
    usd = [planes.step(pieces, -np.inf).usd for _ in range(3)]
    assert planes.mixed is not None
    assert all(later <= before + 1e-6 * abs(before) for before, later in zip([first, *usd], usd, strict=False))
    assert planes.mixed.usd + search.split.constant_usd <= usd[-1] + 1e-6 * abs(usd[-1])


def test_at_the_least_bound_of_blocks_under_a_limit_the_mixture_is_worth_the_bound() -> None:
    T = 24
    price = 60 + 40 * np.sin(np.arange(T))
    power, revenue = np.full((1, T), 4.0), np.full((1, T), 4 * 70.0)
    fleet = MachineClass("fleet", 3, power, revenue, 20.0, 5.0, 3, 2, np.zeros(0), InitialState())
    grid, none = TimeGrid(np.datetime64("2024-07-01T00:00:00", "s"), 60, T), np.zeros(T)
    problem = Problem(grid, price, none, none, np.full(T, 8.0), (fleet,))
    search = Search(Split.of(problem))
    assert search.run() is not None
    certificate = certify(search.split, search, 1e-6, 8, planes=True)
    # whole blocks fit under the limit, so the relaxation is exact and bound and plan meet
    assert certificate.bound_usd == pytest.approx(search.value_usd, rel=1e-6)


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=25)
def test_parts_of_blocks_rounded_alike_keep_least_runs_and_rests(seed: int) -> None:
    rng = np.random.default_rng(seed)
    search = Search(Split.of(random_site(SEEDS[seed % len(SEEDS)])))
    split = search.split
    room = split.room(np.full(len(split.edges) - 1, np.inf)) if split.problem.peaks else split.tables.room
    viewer = Viewer(split)
    mixture = Mixture(split, viewer.cells, viewer.busy, room)
    shape = (split.problem.T, len(split.problem.machines))
    prices = _random_prices(rng, shape, len(split.problem.batches))
    work = viewer.view(prices, [[Piece(0.0, np.inf, 0.0)] for _ in split.edges[1:]]).work
    mixture.add(prices, work)
    far = _random_prices(rng, shape, len(split.problem.batches))
    mixed = mixture.solve(prices, Prices(abs(far.running), abs(far.cover), abs(far.wage)))
    assert mixed is not None
    machines = split.problem.machines
    for words, m in zip(mixed.words(machines, rng.uniform(0.1, 0.9)), machines, strict=True):
        for word in words:
            assert _keeps(word, m)


def _random_prices(rng: np.random.Generator, shape: tuple[int, int], jobs: int) -> Prices:
    wage = rng.normal(0, 20, (shape[0], jobs))
    wage[:, :1] = 0.0
    return Prices(rng.normal(0, 50, shape), rng.uniform(0, 5, shape[0]), wage)


def _keeps(word: np.ndarray, m: MachineClass) -> bool:
    """Whether no run or rest that ends was too short."""
    state, since = m.initial.on, m.initial.steps
    for on in word > 0:
        if on != state:
            if since < (m.min_up if state else m.min_down):
                return False
            state, since = on, 0
        since += 1
    return True
