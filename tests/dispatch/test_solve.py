"""Exact path, general path and brute force must agree."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.errors import InputError, SolverError
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.general import Effort, limit_price_usd_per_mw, plan_general
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import BatchJob, FirmLoad, MachineClass, Problem, Reserve
from megawatt.dispatch.schedule import violations
from megawatt.dispatch.separable import plan_separable
from megawatt.dispatch.solve import solve
from tests.dispatch.cases import START, brute_force, random_problem

EXACT = Effort(relative_gap=1e-9)


@pytest.mark.parametrize("seed", range(30))
def test_the_exact_path_equals_brute_force_and_is_its_own_bound(seed: int) -> None:
    problem = random_problem(seed, T=1 + seed % 4, coupled=False)
    plan = plan_separable(problem)
    assert plan.value_usd == pytest.approx(brute_force(problem), rel=1e-9, abs=1e-7)
    assert plan.gap_usd == pytest.approx(0.0, abs=1e-7)
    assert not violations(problem, plan.schedule)


@pytest.mark.parametrize("seed", range(40))
def test_the_exact_path_equals_highs_on_longer_horizons(seed: int) -> None:
    """Prices with spikes and negative hours, dwell longer than the horizon, one interval, any state before."""
    problem = random_problem(seed, T=1 if seed == 0 else 5 + 3 * (seed % 12), coupled=False)
    plan, other = plan_separable(problem), plan_general(problem, EXACT)
    assert plan.value_usd == pytest.approx(other.value_usd, rel=1e-9, abs=1e-6)
    assert other.bound_usd is not None
    assert other.bound_usd >= plan.value_usd - 1e-6


@pytest.mark.parametrize("seed", range(40))
def test_the_general_path_equals_brute_force_with_limit_batch_demand_charge_and_resale(seed: int) -> None:
    """Modes may be shared inside a block, which the words of the brute force cannot say: then at least as good."""
    problem = random_problem(seed, T=1 + seed % 3)
    best = brute_force(problem)
    if best is None:
        with pytest.raises(InputError, match="cannot hold together"):
            plan_general(problem, EXACT)
        return
    plan = plan_general(problem, EXACT)
    assert not violations(problem, plan.schedule)
    assert plan.bound_usd is not None
    assert plan.bound_usd >= best - 1e-6
    if all(c.modes == 1 for c in problem.machines):
        assert plan.value_usd == pytest.approx(best, rel=1e-7, abs=1e-5)
    else:
        assert plan.value_usd >= best - 1e-5


def two_loads(limit_mw: float, *, need: int = 2) -> Problem:
    T = 4
    flat = np.full(T, 1.0)
    return Problem(
        TimeGrid(START, 60, T),
        price_usd_per_mwh=np.array([20.0, 90.0, 30.0, 40.0]),
        adder_usd_per_mwh=0 * flat,
        peak_usd_per_mwh=0 * flat,
        limit_mw=limit_mw * flat,
        machines=(MachineClass("s21", 2, 5.0 * flat[np.newaxis], 350.0 * flat[np.newaxis]),),
        firm=(FirmLoad("hall-1", 4.0 * flat, 500.0 * flat),),
        batches=(BatchJob("hall-2", 6.0 * flat, 0 * flat, np.zeros(T, dtype=np.int64), np.array([need])),),
    )


def test_batch_work_takes_the_hours_in_which_the_machines_earn_least() -> None:
    """20 MW of load under 14 MW: batch displaces a block of 5 MW that earns 350 - 5 x price; it runs at 90 and 40."""
    plan = plan_general(two_loads(14.0), EXACT)
    assert plan.schedule.batch_on.tolist() == [[0, 1, 0, 1]]
    assert [float(u.share.sum()) for u in plan.schedule.units] == [4.0, 2.0] or plan.value_usd > 0


def test_a_looser_limit_never_lowers_the_bound() -> None:
    values = [plan_general(two_loads(limit), EXACT) for limit in (10.0, 12.0, 14.0, 15.0, 19.0, 20.0, 30.0)]
    bounds = [v.bound_usd for v in values]
    assert all(b is not None for b in bounds)
    assert all(later >= earlier.value_usd - 1e-6 for earlier, later in zip(values, bounds[1:], strict=False) if later)


def test_the_price_of_the_limit_is_what_one_more_megawatt_earns_at_the_margin() -> None:
    """At 12 MW one block of 5 MW runs beside 4 MW firm; 3 MW are spare, so a little more limit is worth nothing."""
    problem = replace(two_loads(12.0), batches=())
    plan = plan_general(problem, EXACT)
    assert limit_price_usd_per_mw(problem, plan) == pytest.approx(np.zeros(4), abs=1e-6)


def test_an_infeasible_site_names_the_limits_that_conflict_and_what_would_help() -> None:
    """Firm 4 MW + batch 6 MW under 9 MW: the batch work can never run."""
    with pytest.raises(InputError) as error:
        solve(two_loads(9.0))
    assert "'meter limit'" in str(error.value)
    assert "'work due in hall-2'" in str(error.value)
    assert "'meter limit' alone would have to give way by 1" in error.value.remedy


def test_more_work_than_the_window_holds_is_named() -> None:
    with pytest.raises(InputError, match="work due in hall-2"):
        solve(two_loads(30.0, need=5))


def test_reserve_is_sold_only_on_running_machines_and_only_the_better_of_two_programmes() -> None:
    base = replace(two_loads(30.0), batches=())
    hours = np.arange(4)
    one = Reserve("rrs", np.array([8.0, 0.0, 1.0, 1.0]), np.zeros(4), max_mw=6.0, excludes=("ecrs",))
    two = Reserve("ecrs", np.array([9.0, 0.0, 0.5, 2.0]), np.zeros(4), max_mw=4.0, min_mw=2.0)
    problem = replace(base, reserves=(one, two), award_hour=hours)
    plan = plan_general(problem, EXACT)
    assert not violations(problem, plan.schedule)
    assert plan.schedule.award_mw[:, 0].tolist() == pytest.approx([6.0, 0.0])  # 48 against 36 USD
    assert plan.schedule.award_mw[:, 3].tolist() == pytest.approx([0.0, 4.0])  # 6 against 8 USD


def test_a_bound_below_the_plan_is_refused() -> None:
    problem = replace(two_loads(30.0), batches=())
    plan = solve(problem)
    with pytest.raises(SolverError, match="no plan is worth more than a bound"):
        Plan.of(problem, plan.schedule, bound_usd=plan.value_usd - 1.0, method="broken")


def test_the_exact_path_refuses_a_coupled_site() -> None:
    with pytest.raises(InputError, match="chooses the path"):
        plan_separable(two_loads(14.0))


@pytest.mark.parametrize(("up", "down"), [(0, 1), (1, 0)])
def test_a_block_that_would_run_or_rest_for_no_interval_is_refused(up: int, down: int) -> None:
    problem = next(one for one in map(random_problem, range(60)) if one.machines)
    with pytest.raises(InputError, match="one interval at least"):
        replace(problem, machines=(replace(problem.machines[0], min_up=up, min_down=down),))
