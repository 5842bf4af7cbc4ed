"""One look at a split site: lazily worked out pieces of a peak, and counts that are looked at by what they lose."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.dispatch.certificate import Piece, Prices
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.cover import award_cells
from megawatt.dispatch.coupled.interval import NEVER
from megawatt.dispatch.coupled.months import Month
from megawatt.dispatch.coupled.open_peaks import open_peaks
from megawatt.dispatch.coupled.shortfall import words_usd
from megawatt.dispatch.coupled.view import Viewer
from megawatt.dispatch.coupled.work import open_work
from megawatt.dispatch.problem import Problem
from tests.dispatch.cases import random_problem

SITES = [seed for seed in range(60) if random_problem(seed).peaks][:25]


def some_prices(problem: Problem, rng: np.random.Generator) -> Prices:
    T = problem.T
    running = rng.normal(0, 40, (T, len(problem.machines)))
    wage = rng.normal(0, 30, (T, len(problem.batches)))
    wage[:, :1] = 0.0
    cover = np.maximum(rng.normal(0, 2, T), 0.0) * bool(problem.reserves)
    return Prices(running, cover, wage)


def many_pieces(split: Split, rng: np.random.Generator) -> list[list[Piece]]:
    """Some twenty pieces of each month's peak, parted at random."""
    peaks = open_peaks(split, rng.uniform(5, 12, len(split.edges) - 1), None)
    for _ in range(20):
        peaks.part([cut[rng.integers(len(cut))] for cut in peaks.pieces], 0.0)
    return peaks.pieces


@pytest.mark.parametrize("seed", SITES)
def test_the_bound_is_that_of_the_best_piece_though_most_pieces_are_not_looked_at(seed: int) -> None:
    problem, rng = random_problem(seed), np.random.default_rng(seed)
    split, prices = Split.of(problem), some_prices(problem, rng)
    months = len(split.edges) - 1
    pieces = many_pieces(split, rng)
    one_by_one = [
        max(
            Viewer(split).view(prices, [[one] if k == m else pieces[k] for k in range(months)]).usd for one in pieces[m]
        )
        for m in range(months)
    ]
    assert Viewer(split).view(prices, pieces).usd == pytest.approx(max(one_by_one), rel=1e-12, abs=1e-9)


@pytest.mark.parametrize("seed", SITES)
def test_a_quick_look_bounds_every_piece_from_above_and_the_whole_within_what_is_allowed(seed: int) -> None:
    problem, rng = random_problem(seed), np.random.default_rng(seed)
    split, prices = Split.of(problem), some_prices(problem, rng)
    months = len(split.edges) - 1
    pieces = many_pieces(split, rng)
    exact, quick = Viewer(split).view(prices, pieces), Viewer(split).view(prices, pieces, near_usd=20.0)
    assert exact.usd - 1e-9 <= quick.usd <= exact.usd + 20.0 + 1e-9
    for m in range(months):
        for piece, bound in zip(pieces[m], quick.by_piece[m], strict=True):
            alone = Viewer(split).view(prices, [[piece] if k == m else pieces[k] for k in range(months)]).usd
            assert bound >= alone - 1e-9 or alone <= NEVER / 2


@pytest.mark.parametrize("seed", SITES)
def test_looks_one_after_the_other_say_what_each_says_alone(seed: int) -> None:
    """Rows are taken over from the look before where no price has changed: whatever changes, nothing old may stay."""
    problem, rng = random_problem(seed), np.random.default_rng(seed)
    split, prices = Split.of(problem), some_prices(problem, rng)
    viewer, pieces = Viewer(split), many_pieces(split, rng)
    for turn in range(6):
        other, here = some_prices(problem, rng), rng.random(problem.T) < 0.3
        running, cover, wage = (one.copy() for one in (prices.running, prices.cover, prices.wage))
        if turn % 3 != 1:
            running[here] = other.running[here]
        if turn % 3 != 0:
            cover[here] = other.cover[here]
        wage[here] = other.wage[here]
        prices = Prices(running, cover, wage)
        if turn == 3 and problem.reserves:
            viewer.cut([np.array([cap / 2]) for cap in split.cap[split.awards.first[:-1]]])
        alone = Viewer(split, list(viewer.inner)).view(prices, pieces)
        seen = viewer.view(prices, pieces, near_usd=rng.choice([0.0, 50.0]))
        again = viewer.view(prices, pieces)
        assert alone.usd - 1e-9 <= seen.usd <= alone.usd + 50.0
        assert again.usd == pytest.approx(alone.usd, rel=1e-12, abs=1e-9)
        pieces = [cut[: rng.integers(1, len(cut) + 1)] for cut in pieces]  # some are ruled out


def test_pieces_that_are_only_compared_by_their_rows_are_bounded_from_above() -> None:
    compared = 0
    for seed in SITES:
        problem, rng = random_problem(seed), np.random.default_rng(seed)
        split, prices = Split.of(problem), some_prices(problem, rng)
        viewer, pieces = Viewer(split), many_pieces(split, rng)
        sold_usd = award_cells(split.awards, split.kinks, split.spans, viewer.cells, prices.cover)[0]
        state = open_work(int(viewer.job.need.max()), viewer.job.least_run, viewer.job.running)
        for m, cut in enumerate(pieces):
            month, exact = (Month(split, viewer.cells, viewer.job, prices, sold_usd, m, cut, state) for _ in range(2))
            month.settle(len(cut) // 2, 0.0)
            for q, rows in month.found.items():
                exact.settle(q, 1e300)  # goes through the highest and this one only
                true = exact.found[q].end
                assert ((rows.end >= true - 1e-9 * (1 + np.abs(true))) | (true <= NEVER / 2)).all()
                compared += not rows.exact
            state = month.upper()
    assert compared > 0


@pytest.mark.parametrize("seed", range(8))
def test_the_best_of_many_counts_is_found_without_looking_at_all(seed: int) -> None:
    rng = np.random.default_rng(seed)
    base = random_problem(seed, T=6)
    machines = tuple(
        replace(base.machines[0], name=f"fleet-{c}", blocks=4, initial=base.machines[0].initial) for c in range(3)
    )
    machines = tuple(
        replace(m, power_mw=m.power_mw * w, revenue_usd_per_h=m.revenue_usd_per_h * w * rng.uniform(0.6, 1.4))
        for m, w in zip(machines, (1.0, 0.6, 0.35), strict=True)
    )
    problem = replace(base, machines=machines, limit_mw=np.full(6, rng.uniform(8, 40)))
    split, prices, piece = Split.of(problem), some_prices(problem, rng), Piece(0.0, np.inf, 0.0)
    counts = split.tables.counts
    assert len(counts) > 64
    alone = np.max([words_usd(split, prices, piece, 0, 6, counts[k : k + 1]) for k in range(len(counts))], axis=0)
    np.testing.assert_allclose(words_usd(split, prices, piece, 0, 6), alone, rtol=1e-12, atol=1e-9)
    held = counts[counts[:, 1] >= 2]  # a class may be held at some counts
    best = np.max([words_usd(split, prices, piece, 0, 6, held[k : k + 1]) for k in range(len(held))], axis=0)
    np.testing.assert_allclose(words_usd(split, prices, piece, 0, 6, held), best, rtol=1e-12, atol=1e-9)
