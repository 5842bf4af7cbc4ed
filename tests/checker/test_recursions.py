"""Every recursion of the checker against the enumeration of all it stands for."""

import math
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest

from checker.awards import allowed_sets, award_value, hour_worth
from checker.bound import Bound
from checker.feasible import dwell, faults, job_word
from checker.interval import Rows, Shop, Site
from checker.plan import Decision, Piece, Unit
from checker.problem import Job, Machine, Problem, read_problem
from checker.reading import Array
from checker.value import is_on, since_start, terms
from checker.words import best_block, best_job
from tests.checker.by_hand import a_price_set, interval_by_hand
from tests.checker.paper import specimen

T = 8


def words(length: int) -> list[Array]:
    return [np.array(word, dtype=np.float64) for word in product((0, 1), repeat=length)]


def a_machine(rng: np.random.Generator) -> Machine:
    modes = int(rng.integers(1, 4))
    return Machine(
        blocks=1,
        power=rng.uniform(1, 4, (modes, T)),
        revenue=rng.uniform(-20 if rng.random() < 0.3 else 10, 90, (modes, T)),
        start_usd=float(rng.uniform(0, 9)),
        stop_usd=float(rng.uniform(0, 9)),
        min_up=int(rng.integers(0, 5)),
        min_down=int(rng.integers(0, 5)),
        ramp_loss=np.array([1.0, 0.4, 0.2][: int(rng.integers(0, 4))]),
        on=bool(rng.random() < 0.5),
        steps=int(rng.choice([1, 2, 3, 2**30])),
    )


def block_by_hand(base: Problem, machine: Machine, running: Array, h: float) -> float:
    problem = base_with(base, machine)
    best = -math.inf
    least = np.maximum(machine.revenue.min(axis=0), 0)
    for word in words(T):
        unit = Unit(0, 1, np.vstack([word, np.zeros((len(machine.power) - 1, T))]))
        nothing = np.zeros((0, T))
        if dwell(problem, Decision((unit,), nothing, nothing, nothing)):
            continue
        value, before = 0.0, machine.on
        age = since_start(machine, is_on(unit))
        for t, on in enumerate(word > 0):
            value += running[t] if on else 0
            value -= machine.start_usd if on and not before else 0
            value -= machine.stop_usd if before and not on else 0
            if on and age[t] < len(machine.ramp_loss):
                value -= h * machine.ramp_loss[age[t]] * least[t]
            before = bool(on)
        best = max(best, value)
    return best


def base_with(base: Problem, machine: Machine) -> Problem:
    return Problem(**{**base.__dict__, "machines": (machine,), "T": T})


@pytest.mark.parametrize("seed", range(40))
def test_the_best_word_of_a_block(seed: int) -> None:
    rng = np.random.default_rng(seed)
    base = read_problem(specimen("paper")[0])
    machine = a_machine(rng)
    running = rng.normal(0, 20, (T, 3))
    found = best_block(machine, running, 0.25)
    for column in range(3):
        assert found[column] == pytest.approx(block_by_hand(base, machine, running[:, column], 0.25), abs=1e-9)


def a_job(rng: np.random.Generator) -> Job:
    window = np.sort(rng.integers(0, 2, T))
    need = np.array([int(rng.integers(0, 1 + (window == w).sum())) for w in range(3)])
    return Job(
        power=np.where(rng.random(T) < 0.15, 0.0, 3.0),
        fee=rng.uniform(0, 50, T),
        window=window,
        need=need,
        restart_usd=float(rng.uniform(0, 30)),
        min_run=int(rng.integers(0, 5)),
        passes=False,
        initial_on=bool(rng.random() < 0.5),
    )


def job_by_hand(job: Job, wage: Array) -> float:
    best = -math.inf
    for word in words(T):
        on = word > 0
        if job_word(job, on, "job"):
            continue
        starts = int((on & ~np.concatenate([[job.initial_on], on[:-1]])).sum())
        best = max(best, float(wage[on].sum()) - starts * job.restart_usd)
    return best


@pytest.mark.parametrize("seed", range(60))
def test_the_best_word_of_a_job(seed: int) -> None:
    rng = np.random.default_rng(seed)
    job = a_job(rng)
    wage = rng.normal(0, 20, (T, 2))
    found = best_job(job, wage)
    for column in range(2):
        assert found[column] == pytest.approx(job_by_hand(job, wage[:, column]), abs=1e-9)


def awards_by_hand(problem: Problem, worth: Array, cover: float) -> float:
    """A grid that holds the corners: all limits are multiples of a quarter."""
    best = 0.0
    grid = np.arange(0, 6.25, 0.25)
    for award in product(grid, repeat=len(problem.reserves)):
        sold = [r for r, mw in enumerate(award) if mw > 0]
        if tuple(sold) not in allowed_sets(problem) or sum(award) > cover:
            continue
        if all(problem.reserves[r].least <= award[r] <= min(problem.reserves[r].most, cover) for r in sold):
            best = max(best, float(np.dot(award, worth)))
    return best


@pytest.mark.parametrize("cover", [0.0, 0.5, 1.0, 1.25, 2.0, 3.75, 6.0])
def test_the_best_awards_of_an_hour(cover: float) -> None:
    found = specimen("exclusive")[0]
    for excludes, least in [([], 1.0), (["ecrs"], 1.0), ([], 0.0)]:
        found["reserves"][0].update(excludes=excludes, min_mw=least)
        found["reserves"][1].update(excludes=[], price_usd_per_mw_h=[0.2, 2.4])
        problem = read_problem(found)
        worth = hour_worth(problem)
        value, _ = award_value(problem, worth, np.full(problem.hours, cover))
        for hour in range(problem.hours):
            assert value[hour] == pytest.approx(awards_by_hand(problem, worth[:, hour], cover), abs=1e-12)


@pytest.mark.parametrize("name", ["three-jobs", "elastic-reserves", "exclusive", "hosted", "windows", "pass-through"])
def test_the_best_of_an_interval(name: str) -> None:
    problem = read_problem(specimen(name)[0])
    site = Site(problem)
    for seed in range(3):
        rng = np.random.default_rng(seed)
        prices = a_price_set(problem, rng)
        shop = Shop(site, prices)
        t = rng.integers(0, problem.T, 6)
        word = rng.integers(0, len(site.words), 6)
        cap = np.minimum(problem.limit[t], rng.uniform(4, 40, 6))
        low = np.where(rng.random(6) < 0.3, 0.0, rng.uniform(0, 12, 6))
        rows = Rows(t, word, cap, low, low + rng.uniform(0, 6, 6))
        found, used = shop.best(rows)
        for i in range(6):
            assert found[i] == pytest.approx(interval_by_hand(site, prices, rows[i : i + 1]), rel=1e-9, abs=1e-6)
            assert not np.isfinite(found[i]) or used[i] <= cap[i] + 1e-6


def test_a_loss_below_zero_is_granted_at_the_commitments_own_power() -> None:
    found = specimen("three-jobs")[0]
    found["positions"][0].update(resale="spread", spread_usd_per_mwh=-7.0, block_mw=20.0)
    problem = read_problem(found)
    site = Site(problem)
    shop = Shop(site, a_price_set(problem, np.random.default_rng(0)))
    none = np.zeros((1, 2))
    row = Rows(np.array([0]), np.array([0]), np.array([30.0]), np.array([0.0]), np.array([0.0]))
    value, end = shop.filled(row, none)
    assert end[0] == problem.floor_power[0]
    assert value[0] == pytest.approx(7.0 * problem.h * (20.0 - problem.floor_power[0]))
    counts = [shop.filled(row, np.array([one], dtype=float))[0][0] for one in site.counts]
    assert shop.best(row)[0][0] == pytest.approx(max(counts))


def small() -> dict[str, Any]:
    """Three intervals, two months, with every kind of thing."""
    problem = specimen("elastic-reserves")[0]

    def cut(found: Any) -> Any:
        if isinstance(found, list) and len(found) == 12:
            return found[4:7]
        if isinstance(found, list):
            return [cut(one) for one in found]
        return {key: cut(one) for key, one in found.items()} if isinstance(found, dict) else found

    problem = cut(problem)
    problem["grid"]["intervals"] = 3
    problem["award_hour"] = [0, 0, 1]
    problem["machines"] = problem["machines"][1:2]
    problem["machines"][0].update(blocks=2, min_up=1, min_down=2, start_usd=4.0)
    problem["batches"][0].update(window=[0, 0, 1], need=[1, 1], min_run=1, restart_usd=30.0)
    problem["reserves"] = problem["reserves"][:2]
    problem["peaks"][0]["measured"] = [True, True, True]
    problem["positions"][0].update(resale="spread", spread_usd_per_mwh=9.0)
    return {**problem, "reserves": [{**one, "price_usd_per_mw_h": [9.0, 30.0], "call_usd_per_mw_h": [0, 0]} for one in problem["reserves"]]}  # fmt: skip


def small_plans(problem: Problem, rng: np.random.Generator) -> list[Decision]:
    plans = []
    blocks = [np.array(one, dtype=float) for one in product((0.0, 1.0, 2.0), repeat=3)]  # off, or mode 1 or 2
    for one, other in product(blocks, repeat=2):
        for job in words(3):
            units = tuple(Unit(0, 1, np.array([word == 1, word == 2], dtype=float)) for word in (one, other))
            cover = (units[0].share + units[1].share).T @ problem.machines[0].power[:, 0]
            least = np.array([min(cover[:2]), cover[2]])
            award = np.array([0.6 * least, np.zeros(2)])
            power = rng.choice([0.0, 1.0, 2.5], size=(1, 3))
            plans.append(Decision(units, job[None], power, award))
    return [plan for plan in plans if not faults(problem, plan)]


@pytest.mark.parametrize("seed", range(6))
def test_no_plan_is_worth_more_than_the_bound(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = read_problem(small())
    prices = a_price_set(problem, rng)
    bound = Bound(problem, [prices])
    first = problem.peaks[0]
    edges = [0.0, 8.0, 10.0, 12.0, 16.0, 40.0]
    pieces = [
        [Piece(a, b, float(first.usd[m]) * max(a, float(first.floor[m]))) for a, b in pairwise(edges)] for m in range(2)
    ]
    plans = small_plans(problem, rng)
    assert len(plans) > 50
    best = max(sum(terms(problem, plan).values()) for plan in plans)
    assert bound.usd(prices, pieces) >= best - 1e-9


@pytest.mark.parametrize("name", ["three-jobs", "elastic-reserves", "peaks"])
@pytest.mark.parametrize("seed", range(3))
def test_the_first_jobs_word_with_a_piece_for_each_month(name: str, seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = read_problem(specimen(name)[0])
    prices = a_price_set(problem, rng)
    bound = Bound(problem, [prices])
    job, months = problem.jobs[0], range(2)
    edges = sorted(rng.uniform(8, 30, 3))
    pieces = [[Piece(0.0, edge, float(rng.uniform(0, 2000))) for edge in [*edges, math.inf]] for _ in months]
    best = -math.inf
    for word in words(problem.T):
        on = word > 0
        if job_word(job, on, "job"):
            continue
        starts = int((on & ~np.concatenate([[job.initial_on], on[:-1]])).sum())
        value = -starts * job.restart_usd
        for m in months:
            t = bound.cells.t[bound.columns[m]]
            state = on[t].astype(int)
            value += max(bound.earned(0, m, one.most)[state, np.arange(len(t))].sum() - one.usd for one in pieces[m])
        best = max(best, value)
    assert bound.usd(prices, pieces) == pytest.approx(float(bound.before[0]) + best, abs=1e-6)
