"""Every recursion of the checker against the enumeration of all it stands for."""

import math
from itertools import pairwise, product
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from checker.awards import allowed_sets, award_value, awards_usd, caps, hour_worth
from checker.bound import Bound
from checker.feasible import dwell, faults, job_word
from checker.interval import Shop, Site
from checker.plan import Decision, Piece, Prices, Unit
from checker.problem import Job, Machine, Problem, read_problem
from checker.reading import Array
from checker.value import is_on, since_start, terms
from checker.words import best_block, best_job
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


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("name", ["exclusive", "elastic-reserves", "windows"])
def test_the_award_bound_is_no_smaller_than_on_a_fine_grid(name: str, seed: int) -> None:
    problem = read_problem(specimen(name)[0])
    worth, price = hour_worth(problem), np.random.default_rng(seed).uniform(0, 4, problem.T)
    cap = caps(problem, worth)
    summed = np.bincount(problem.hour, weights=price)
    best = np.zeros(problem.hours)
    for share in np.linspace(0, 1, 401):
        best = np.maximum(best, award_value(problem, worth, share * cap)[0] - share * cap * summed)
    found = awards_usd(problem, worth, cap, price)
    assert found >= best.sum() - 1e-9
    if len(problem.reserves) == 1:
        assert found == pytest.approx(best.sum(), abs=1e-9)


def interval_by_hand(site: Site, prices: Prices, t: int, word: int, cap: float) -> float:
    """All counts, and a linear programme for the powers: shares of the modes from the base on, segments, two kinks."""
    problem = site.problem
    y = site.words[word]
    if any(on and job.power[t] == 0 for on, job in zip(y, problem.jobs, strict=True)):
        return -math.inf
    h, cost, energy = problem.h, float(problem.cost[t]), float(problem.energy[t])
    fixed, gain = float(problem.floor_power[t]), 0.0
    for j, (on, job) in enumerate(zip(y, problem.jobs, strict=True)):
        fixed += on * float(job.power[t])
        gain += on * h * (float(job.fee[t]) - float(job.power[t]) * (cost - job.passes * energy))
        gain -= on * float(prices.wage[t, j]) if j else 0.0
    best = -math.inf
    for counts in product(*(range(machine.blocks + 1) for machine in problem.machines)):
        columns: list[tuple[float, float, float, float]] = []  # worth, power, mining, most
        rows_eq, right_eq, at = [], [], 0
        for n, machine in zip(counts, problem.machines, strict=True):
            for power, revenue in zip(machine.power[:, t], machine.revenue[:, t], strict=True):
                columns.append((h * (revenue - power * cost), power, power, n))
            row = {at + m: 1.0 for m in range(len(machine.power))}
            at += len(row)
            rows_eq.append(row)
            right_eq.append(n)
        for load in problem.elastic:
            for width, worth in zip(load.width[:, t], load.worth[:, t], strict=True):
                columns.append((h * (worth - cost + load.passes * energy), 1.0, 0.0, width))
        value = _programme(site, prices, t, cap, fixed, columns, rows_eq, right_eq)
        if value is not None:
            best = max(best, gain + value - float(np.dot(counts, prices.running[t])))
    return best


def _programme(
    site: Site,
    prices: Prices,
    t: int,
    cap: float,
    fixed: float,
    columns: list[tuple[float, float, float, float]],
    rows_eq: list[dict[int, float]],
    right_eq: list[int],
) -> float | None:
    worth, power, mining, most = (np.array([one[i] for one in columns]) for i in range(4))
    size = len(columns)
    objective = -np.concatenate([worth, [prices.cover[t], -site.loss[t]]])
    upper = [np.concatenate([power, [0, 0]]), np.concatenate([-mining, [1, 0]]), np.concatenate([-power, [0, -1]])]
    right = [cap - fixed, 0.0, fixed - site.block[t]]
    equal = np.zeros((len(rows_eq), size + 2))
    for i, row in enumerate(rows_eq):
        equal[i, list(row)] = 1.0
    bounds = [(0, one) for one in most] + [(0, float(site.cap[t])), (0, None)]
    if cap - fixed < 0:
        return None
    done = linprog(objective, A_ub=upper, b_ub=right, A_eq=equal, b_eq=right_eq, bounds=bounds)
    return -float(done.fun) if done.fun is not None else None


def a_price_set(problem: Problem, rng: np.random.Generator) -> Prices:
    wage = rng.normal(0, 30, (problem.T, len(problem.jobs)))
    wage[:, :1] = 0
    running = rng.normal(0, 40, (problem.T, len(problem.machines)))
    return Prices(running, np.maximum(rng.normal(1, 8, problem.T), 0), wage)


@pytest.mark.parametrize("name", ["three-jobs", "elastic-reserves", "exclusive", "hosted", "windows", "pass-through"])
def test_the_best_of_an_interval(name: str) -> None:
    problem = read_problem(specimen(name)[0])
    site = Site(problem, caps(problem, hour_worth(problem)))
    for seed in range(3):
        rng = np.random.default_rng(seed)
        prices = a_price_set(problem, rng)
        shop = Shop(site, prices)
        t = rng.integers(0, problem.T, 6)
        word = rng.integers(0, len(site.words), 6)
        cap = np.minimum(problem.limit[t], rng.uniform(4, 40, 6))
        found, used = shop.best(t, word, cap)
        for i in range(6):
            by_hand = interval_by_hand(site, prices, int(t[i]), int(word[i]), float(cap[i]))
            assert found[i] == pytest.approx(by_hand, rel=1e-9, abs=1e-6)
            assert used[i] <= cap[i] + 1e-6


def test_a_loss_below_zero_is_granted_at_the_commitments_own_power() -> None:
    found = specimen("three-jobs")[0]
    found["positions"][0].update(resale="spread", spread_usd_per_mwh=-7.0, block_mw=20.0)
    problem = read_problem(found)
    site = Site(problem, np.zeros(0))
    shop = Shop(site, a_price_set(problem, np.random.default_rng(0)))
    none = np.zeros((1, 2))
    row = np.array([0]), np.array([0]), np.array([30.0])
    value, end = shop.filled(*row, none)
    assert end[0] == problem.floor_power[0]
    assert value[0] == pytest.approx(7.0 * problem.h * (20.0 - problem.floor_power[0]))
    counts = [shop.filled(*row, np.array([one], dtype=float))[0][0] for one in site.counts]
    assert shop.best(*row)[0][0] == pytest.approx(max(counts))


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
            t = bound.calendar.intervals[m]
            state = on[t].astype(int)
            value += max(bound.earned(0, m, one.most)[state, np.arange(len(t))].sum() - one.usd for one in pieces[m])
        best = max(best, value)
    assert bound.usd(prices, pieces) == pytest.approx(float(bound.before[0]) + best, abs=1e-6)
