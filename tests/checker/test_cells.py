"""The cells of the award hours against linear programmes and the enumeration of words, counts, pieces and cells."""

import math
from dataclasses import replace
from itertools import combinations, pairwise, product
from typing import Any

import numpy as np
import pytest
from scipy.optimize import linprog

from checker.awards import allowed_sets, award_value
from checker.bound import Bound, constant_usd
from checker.cells import Cells
from checker.feasible import job_word
from checker.interval import Rows, Site
from checker.plan import Cuts, Piece, Prices
from checker.problem import Job, Problem, Reserve, read_problem
from checker.reading import Array
from checker.words import best_block
from tests.checker.by_hand import a_price_set, interval_by_hand
from tests.checker.paper import specimen


def gain_by_hand(problem: Problem, worth: Array, price: float, low: float, high: float) -> float:
    """The best awards and cover within a cell, by a linear programme for each set that may be sold together."""
    best = -math.inf
    for chosen in allowed_sets(problem):
        sold = [problem.reserves[r] for r in chosen]
        size = len(sold)
        share = np.hstack([np.eye(size), [[-one.share] for one in sold] or np.zeros((0, 1))])
        upper = np.vstack([share, np.append(np.ones(size), -1.0)])
        limits = [*((one.least, min(one.most, 1e6)) for one in sold), (low, high)]
        if any(a > b for a, b in limits):
            continue
        done = linprog(np.append(-worth[list(chosen)], price), A_ub=upper, b_ub=np.zeros(size + 1), bounds=limits)
        best = max(best, -float(done.fun)) if done.fun is not None else best
    return best


def some_programmes(rng: np.random.Generator, hours: int) -> tuple[Reserve, ...]:
    names = [f"r{i}" for i in range(int(rng.integers(1, 5)))]
    pairs = [pair for pair in combinations(names, 2) if rng.random() < 0.2]
    return tuple(
        Reserve(
            name=name,
            price=rng.uniform(-1, 6, hours),
            call=rng.uniform(-1, 1, hours),
            most=float(rng.uniform(2, 6)),
            least=float(rng.choice([0.0, rng.uniform(0.1, 2)])),
            share=float(rng.choice([1.0, rng.uniform(0.1, 1)])),
            excludes=tuple(other for one, other in pairs if one == name),
        )
        for name in names
    )


def some_cuts(rng: np.random.Generator, problem: Problem, whole: tuple[int, ...] = ()) -> Cuts:
    cap = Cells(problem, ()).high
    number = [0 if hour in whole or not cap[hour] else int(rng.integers(0, 4)) for hour in range(problem.hours)]
    return tuple(np.sort(rng.uniform(0.02, 0.98, n)) * cap[hour] for hour, n in enumerate(number))


@pytest.mark.parametrize("seed", range(60))
def test_what_a_cell_brings_is_the_best_of_a_linear_programme(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = read_problem(specimen("exclusive")[0])
    problem = replace(problem, reserves=some_programmes(rng, problem.hours))
    cells = Cells(problem, some_cuts(rng, problem))
    cover = rng.uniform(0, rng.choice([1.0, 4.0]), problem.T)
    price = np.bincount(problem.hour, weights=cover)
    found = cells.gain(cover)
    for k, hour in enumerate(cells.owner):
        cell = float(cells.low[k]), float(cells.high[k])
        assert found[k] == pytest.approx(gain_by_hand(problem, cells.worth[:, hour], price[hour], *cell), abs=1e-8)


@pytest.mark.parametrize("seed", range(10))
def test_a_cover_beyond_the_cap_is_worth_no_more(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = read_problem(specimen("exclusive")[0])
    problem = replace(problem, reserves=some_programmes(rng, problem.hours))
    cells = Cells(problem, ())
    for factor in (1.0, 1.5, 9.0):
        found = award_value(problem, cells.worth, cells.high * factor)[0]
        assert found == pytest.approx(award_value(problem, cells.worth, cells.high)[0], abs=1e-9)


def test_a_programme_without_a_most_brings_nothing_at_its_price_and_everything_below() -> None:
    problem = read_problem(specimen("windows")[0])
    problem = replace(problem, reserves=(replace(problem.reserves[0], most=math.inf, share=0.5),))
    cells = Cells(problem, ())
    assert np.isinf(cells.high).all()
    cover = (0.5 * cells.worth[0] / np.bincount(problem.hour))[problem.hour]
    assert cells.gain(cover) == pytest.approx(0.0, abs=1e-9)
    assert cells.gain(2 * cover) == pytest.approx(0.0)
    assert np.isposinf(cells.gain(0.9 * cover)).all()


def tiny(month: list[int], jobs: bool) -> Problem:
    """Four intervals, two hours, two months, two blocks with two modes, three programmes."""

    def cut(found: Any) -> Any:
        if isinstance(found, list):
            return found[4:8] if len(found) == 12 else [cut(one) for one in found]
        return {key: cut(one) for key, one in found.items()} if isinstance(found, dict) else found

    found = cut(specimen("elastic-reserves")[0])
    found["grid"]["intervals"] = 4
    found["award_hour"] = [0, 0, 1, 1]
    found["machines"] = found["machines"][1:2]
    found["machines"][0].update(blocks=2, min_up=1, min_down=2)
    found["batches"][0].update(window=[0, 0, 0, 1], need=[2, 1], min_run=2, restart_usd=30.0)
    found["batches"] = found["batches"][: int(jobs)]
    found["peaks"][0].update(month=month, measured=[True, True, True, False])
    found["positions"][0].update(resale="spread", spread_usd_per_mwh=9.0)
    for one in found["reserves"]:
        one.update(price_usd_per_mw_h=[9.0, 30.0], call_usd_per_mw_h=[0, 0])
    return read_problem(found)


def tables(
    problem: Problem, prices: Prices, pieces: list[list[Piece]], cuts: Cuts
) -> dict[tuple[int, int, int, float], float]:
    """``e_t`` by linear programmes: by interval, cell within the hour, state of the job, and piece."""
    site, found = Site(problem), {}
    cap = Cells(problem, ()).high
    for t in range(problem.T):
        month, hour = int(problem.peaks[0].month[t]), int(problem.hour[t])
        edges = [0.0, *cuts[hour], float(cap[hour])]
        for k, state in product(range(len(edges) - 1), range(len(site.words))):
            for most in {piece.most for piece in pieces[month]}:
                limit = min(float(problem.limit[t]), most if problem.peaks[0].measured[t] else math.inf)
                row = Rows(
                    np.array([t]), np.array([state]), np.array([limit]), np.array([edges[k]]), np.array([edges[k + 1]])
                )
                found[t, k, state, most] = interval_by_hand(site, prices, row)
    return found


def cells_by_hand(problem: Problem, prices: Prices, pieces: list[list[Piece]], cuts: Cuts) -> float:
    """Parts 4 and 5 with the first job's restarts: all words, a piece for each month and a cell for each hour."""
    table = tables(problem, prices, pieces, cuts)
    cap, worth = Cells(problem, ()).high, Cells(problem, ()).worth
    job: Job | None = problem.jobs[0] if problem.jobs else None
    month, T = problem.peaks[0].month, problem.T
    gain = []
    for hour in range(problem.hours):
        edges = [0.0, *cuts[hour], float(cap[hour])]
        price = float(prices.cover[problem.hour == hour].sum())
        gain.append([gain_by_hand(problem, worth[:, hour], price, a, b) for a, b in pairwise(edges)])
    best = -math.inf
    for word in product((0, 1), repeat=T if job else 0):
        on = np.array(word, dtype=bool) if job else np.zeros(T, dtype=bool)
        fixed = 0.0
        if job:
            if job_word(job, on, "job"):
                continue
            fixed -= job.restart_usd * int((on & ~np.concatenate([[job.initial_on], on[:-1]])).sum())
        for taken, cell in product(product(*pieces), product(*(range(len(one)) for one in gain))):
            value = fixed - sum(piece.usd for piece in taken)
            value += sum(one[k] for one, k in zip(gain, cell, strict=True))
            value += sum(table[t, cell[problem.hour[t]], int(on[t]), taken[month[t]].most] for t in range(T))
            best = max(best, value)
    return best


@pytest.mark.parametrize("jobs", [True, False])
@pytest.mark.parametrize("month", [[0, 0, 0, 1], [0, 0, 1, 1], [0, 0, 0, 0], [0, 1, 1, 1]])
@pytest.mark.parametrize("seed", range(2))
def test_the_bound_takes_the_best_cell_of_every_hour(seed: int, month: list[int], jobs: bool) -> None:
    rng = np.random.default_rng(seed)
    problem = tiny(month, jobs)
    prices = a_price_set(problem, rng)
    whole = tuple(hour for hour in (0, 1) if len(set(month[2 * hour : 2 * hour + 2])) > 1)
    cuts = some_cuts(rng, problem, whole)
    edges = sorted(rng.uniform(8, 20, 2))
    pieces = [[Piece(0.0, edge, float(rng.uniform(0, 500))) for edge in [*edges, math.inf]] for _ in range(2)]
    machine = problem.machines[0]
    before = constant_usd(problem) + machine.blocks * float(best_block(machine, prices.running, problem.h)[0])
    by_hand = before + cells_by_hand(problem, prices, pieces, cuts)
    found = Bound(problem, [prices], cuts).usd(prices, pieces)
    assert found == pytest.approx(by_hand, abs=1e-6)
    assert found <= Bound(problem, [prices]).usd(prices, pieces) + 1e-9
