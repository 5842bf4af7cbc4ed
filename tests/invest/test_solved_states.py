"""What a few solved states say of all others: below and above the optimum that brute force finds."""

import numpy as np
import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from megawatt.core.dataset import Dataset
from megawatt.dispatch.ledger import settle
from megawatt.dispatch.problem import Problem
from megawatt.dispatch.separable import plan_separable
from megawatt.invest.priced_month import PricedMonth
from megawatt.invest.solved_states import LINE_OF, LINES, MONEY, SolvedStates, line_sums, lower_hull
from tests.dispatch.cases import brute_force, random_problem
from tests.dispatch.sites import any_schedule, full_site
from tests.invest.bank import mine


def month_of(problem: Problem) -> PricedMonth:
    """A tiny month; half of what its machines bring at a hashprice of 50 does not move with it."""
    fixed = tuple(0.5 * one.revenue_usd_per_h for one in problem.machines)
    slopes = tuple(0.01 * one.revenue_usd_per_h for one in problem.machines)
    return PricedMonth(mine(), Dataset(()), problem, fixed, slopes)


@given(st.integers(0, 10_000), st.booleans())
@settings(deadline=None, max_examples=12)
def test_the_optimum_of_any_state_lies_between_the_best_known_plan_and_the_hull_of_the_solved_ones(
    seed: int, coupled: bool
) -> None:
    problem = random_problem(seed, T=3, coupled=coupled)
    assume(
        sum(one.blocks * one.modes for one in problem.machines) <= 3
    )  # a brute force has to go through all schedules
    rng = np.random.default_rng(seed)
    level, hashprice = rng.uniform(0.3, 3, 3), rng.uniform(10, 120, 3)
    month = month_of(problem)
    truth = [brute_force(month.at(float(a), float(b))) for a, b in zip(level, hashprice, strict=True)]
    if None in truth:
        return  # no schedule keeps the limits of this site in any state
    solved = SolvedStates(month)
    solved.corners(level, hashprice)
    solved.solve(float(level[0]), float(hashprice[0]), thorough=True)
    usd, _ = solved.plans.best(level, hashprice)
    open_usd, _ = solved.plans.open_usd(level, hashprice)
    best = np.array(truth, dtype=np.float64)
    scale = 1 + np.abs(best)
    assert (usd <= best + 1e-7 * scale).all()
    if not coupled:  # there the plans are the optimum; elsewhere the search may miss some of it
        assert (best <= usd + open_usd + 1e-5 * scale).all()
        assert usd[0] == pytest.approx(best[0], rel=1e-9, abs=1e-6)
    assert solved.plans.lines(level, hashprice)[:MONEY].sum(axis=0) == pytest.approx(usd, rel=1e-9, abs=1e-6)


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=25)
def test_a_plan_found_in_one_state_is_counted_in_another_as_the_ledger_counts_it_there(seed: int) -> None:
    month = month_of(random_problem(seed, T=6, coupled=False))
    solved = SolvedStates(month)
    state = solved.solve(1.3, 60.0)
    other = month.at(0.4, 95.0)
    plan = plan_separable(month.at(1.3, 60.0))
    told = state.lines @ (1.0, 0.4, 95.0)
    assert told == pytest.approx(line_sums(other, settle(other, plan.schedule)), rel=1e-7, abs=1e-5)


def test_every_line_of_the_ledger_goes_to_one_line_of_operations_and_none_is_lost() -> None:
    rng = np.random.default_rng(5)
    problem = full_site(rng, 48)
    ledger = settle(problem, any_schedule(problem, rng))
    sums = dict(zip(LINES, line_sums(problem, ledger), strict=True))
    assert set(ledger.lines) == set(LINE_OF)
    assert sum(sums[name] for name in LINES[:MONEY]) == pytest.approx(ledger.net_usd)
    assert sums["energy_mwh"] == pytest.approx(ledger.import_mw.sum() * problem.grid.hours)
    assert sums["mining_usd"] == pytest.approx(ledger.lines["network/hash_revenue"].sum())
    assert sums["peak_usd"] <= 0
    assert sums["switching_usd"] <= 0


@given(st.integers(0, 10_000))
@settings(deadline=None, max_examples=50)
def test_the_hull_touches_a_convex_function_where_it_is_known_and_lies_above_it_elsewhere(seed: int) -> None:
    rng = np.random.default_rng(seed)
    slopes = rng.normal(0, 1e4, (4, 3))

    def convex(x: np.ndarray, y: np.ndarray) -> np.ndarray:
        """The highest of a few planes."""
        highest: np.ndarray = (slopes @ np.stack([np.ones_like(x), x, y])).max(axis=0)
        return highest

    corners = np.array([(a, b) for a in (0.2, 4.0) for b in (5.0, 300.0)])
    points = np.concatenate([corners, rng.uniform(corners[0], corners[3], (5, 2))])
    planes = lower_hull(points, convex(*points.T))
    asked = rng.uniform(corners[0], corners[3], (30, 2)).T
    scale = np.abs(convex(*points.T)).max()
    at_points = (planes @ np.stack([np.ones(len(points)), *points.T])).max(axis=0)
    assert at_points == pytest.approx(convex(*points.T), abs=1e-8 * scale)
    assert ((planes @ np.stack([np.ones(30), *asked])).max(axis=0) >= convex(*asked) - 1e-8 * scale).all()


def test_the_hull_of_a_function_that_does_not_change_is_flat() -> None:
    planes = lower_hull(np.array([(1.0, 10.0), (1.0, 20.0), (2.0, 10.0), (2.0, 20.0)]), np.full(4, -7.0))
    assert planes == pytest.approx(np.tile([-7.0, 0.0, 0.0], (len(planes), 1)))
