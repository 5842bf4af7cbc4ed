"""The gap by week, counts ruled out, windows solved with all else kept, and the clock: against brute force and HiGHS."""

import dataclasses
import datetime as dt
from functools import cache
from itertools import count, product

import highspy
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from bench.referee import random_site
from bench.referees import known
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.counts import CountModel
from megawatt.dispatch.coupled.fast import Found, fast_path, plan_coupled
from megawatt.dispatch.coupled.fixing import CountRule
from megawatt.dispatch.coupled.shortfall import counts_of, shortfall_usd
from megawatt.dispatch.coupled.view import Viewer
from megawatt.dispatch.coupled.weeks import NamedWeeks, listed, week_edges, with_gap_by_week
from megawatt.dispatch.coupled.window import Window, replanned
from megawatt.dispatch.deadline import Deadline
from megawatt.dispatch.general import Effort, prepared
from megawatt.dispatch.ledger import settle
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import BatchJob, MachineClass, Problem
from megawatt.dispatch.schedule import UnitRun, violations

OPTIMA = {seed: one.value_usd for seed, one in known().items() if one.proven and one.value_usd is not None}
SEEDS = [seed for seed in sorted(OPTIMA) if not random_site(seed).separable][:6]


@cache
def rough(seed: int) -> Found | None:
    """Plan and certificate of a small site, quickly and not very good."""
    return fast_path(random_site(seed), Effort(1e-2), Deadline())


def near(value: float, optimum: float) -> bool:
    """Whether a value passes an optimum by no more than rounding."""
    return value <= optimum + 1e-6 * (1 + abs(optimum))


# --- where a plan falls short -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("seed", SEEDS)
def test_what_a_plan_misses_by_interval_adds_up_to_the_bound_of_the_prices_less_its_value(seed: int) -> None:
    found = rough(seed)
    if found is None:
        pytest.skip("no plan was found without the general solver")
    plan, split = found.plan(), found.search.split
    missed = shortfall_usd(split, plan, found.certificate)
    bound = Viewer(split).view(found.certificate.prices, [list(cut) for cut in found.certificate.pieces]).usd
    assert (missed >= 0).all()
    assert missed.sum() == pytest.approx(bound - plan.value_usd, abs=1e-6 * (1 + abs(bound)))


@pytest.mark.parametrize("seed", SEEDS)
def test_the_gap_by_week_is_never_negative_and_adds_up_to_the_gap(seed: int) -> None:
    problem, found = random_site(seed), rough(seed)
    if found is None:
        pytest.skip("no plan was found without the general solver")
    plan = with_gap_by_week(problem, found.plan(), "America/Chicago")
    parts = [week.gap_usd for week in plan.gap_by_week]
    assert min(parts) >= 0
    assert sum(parts) == pytest.approx(plan.gap_usd, rel=1e-12)
    assert [plan.gap_by_week[0].first, plan.gap_by_week[-1].end] == [0, problem.T]


def three_weeks() -> Problem:
    """Two machines in steps of a day, one more than the limit carries, from a Monday on: the dear one runs throughout."""
    T, flat = 21, np.ones((1, 21))
    return Problem(
        TimeGrid(np.datetime64("2024-07-01T00:00:00", "s"), 1440, T),
        np.full(T, 20.0),
        np.zeros(T),
        np.zeros(T),
        np.full(T, 4.0),
        machines=(
            MachineClass("dear", 1, 3.0 * flat, 300.0 * flat),
            MachineClass("cheap", 1, 3.0 * flat, 200.0 * flat),
        ),
    )


def test_a_block_that_rests_in_the_second_week_leaves_its_margin_open_there_and_nowhere_else() -> None:
    problem = three_weeks()
    found = fast_path(problem, Effort(1e-9), Deadline())
    assert found is not None
    best = found.plan()
    on = np.ones((1, 21))
    on[:, 9:11] = 0.0  # two days of 24 h in which 300 - 3 x 20 USD/h are left
    idle = UnitRun(1, 1, np.zeros((1, 21)))
    spoiled = dataclasses.replace(best.schedule, units=(UnitRun(0, 1, on), idle))
    worse = Plan.of(problem, spoiled, bound_usd=best.bound_usd, method="", certificate=best.certificate)
    parts = [week.gap_usd for week in with_gap_by_week(problem, worse).gap_by_week]
    assert parts == pytest.approx([0.0, 2 * 24 * 240.0, 0.0], abs=0.01)


def test_weeks_begin_on_local_mondays_and_follow_the_clock() -> None:
    days = dt.date(2024, 3, 1), dt.date(2024, 3, 20)
    grid = TimeGrid.of_local_days(*days, timezone="America/Chicago", step_minutes=60)
    # Friday to Sunday, a week that ends on the day of 23 h, one of 7 days, and two days
    assert np.diff(week_edges(grid, "America/Chicago")).tolist() == [72, 167, 168, 48]


# --- counts ruled out -------------------------------------------------------------------------------------------------


def tiny(rng: np.random.Generator) -> Problem:
    """Two equal blocks and a job under a limit that does not carry all three, over six hours."""
    T = 6
    price, fee = rng.normal(40, 40, T), rng.uniform(0, 300, T)
    job = BatchJob("job", np.full(T, 3.0), fee, np.zeros(T, dtype=np.int64), np.array([3]), restart_usd=50.0)
    revenue = np.full((1, T), rng.uniform(100, 400))
    blocks = MachineClass("class", 2, np.full((1, T), 3.0), revenue, start_usd=20.0, stop_usd=5.0)
    grid, limit = TimeGrid(np.datetime64("2024-07-01T00:00:00", "s"), 60, T), np.full(T, float(rng.choice([4.0, 7.0])))
    return Problem(grid, price, np.zeros(T), np.zeros(T), limit, machines=(blocks,), batches=(job,))


def all_plans(problem: Problem) -> tuple[np.ndarray, np.ndarray]:
    """Counts and values of all plans of a tiny site, by the definitions."""
    machine, job = problem.machines[0], problem.batches[0]
    margin = machine.revenue_usd_per_h[0] - 3.0 * problem.price_usd_per_mwh
    words = np.array([w for w in product((0, 1), repeat=problem.T) if sum(w) == 3])
    earned = words @ (job.fee_usd_per_h - 3.0 * problem.price_usd_per_mwh)
    earned = earned - 50.0 * (np.diff(words, axis=1, prepend=0) == 1).sum(axis=1)
    counts, values = [], []
    for n in product((0, 1, 2), repeat=problem.T):
        change = np.diff(n, prepend=2)
        switching = 20.0 * np.maximum(change, 0).sum() + 5.0 * np.maximum(-change, 0).sum()
        fits = (3.0 * np.array(n) + 3.0 * words <= problem.limit_mw + 1e-9).all(axis=1)
        if fits.any():
            counts.append(n)
            values.append(margin @ n - switching + earned[fits].max())
    return np.array(counts), np.array(values)


@given(st.integers(0, 10**6))
@settings(deadline=None, max_examples=25)
def test_no_better_plan_runs_a_count_that_was_ruled_out(seed: int) -> None:
    problem = tiny(np.random.default_rng(seed))
    found = fast_path(problem, Effort(1e-3), Deadline())
    if found is None:
        return
    plan = found.plan()
    counts, values = all_plans(problem)
    assert plan.value_usd <= values.max() + 1e-6
    better = counts[values > plan.value_usd + 1e-6]
    rule = CountRule(found.search.split, plan, found.certificate)
    least, most = rule.counts(0, 6)
    assert ((better >= least[:, 0]) & (better <= most[:, 0])).all()
    # and with the plan kept outside a window, of the plans that keep it
    own = counts_of(problem, plan.schedule)[:, 0]
    kept = better[(better[:, [0, 1, 4, 5]] == own[[0, 1, 4, 5]]).all(axis=1)]
    least, most = rule.counts(2, 4)
    assert ((kept[:, 2:4] >= least[:, 0]) & (kept[:, 2:4] <= most[:, 0])).all()


def test_a_tight_certificate_fixes_the_block_that_always_runs() -> None:
    problem = three_weeks()
    found = fast_path(problem, Effort(1e-6), Deadline())
    assert found is not None
    least, _ = CountRule(found.search.split, found.plan(), found.certificate).counts(0, problem.T)
    assert (least[:, 0] == 1).all()


# --- windows ----------------------------------------------------------------------------------------------------------


def kept_outside(problem: Problem, plan: Plan, first: int, end: int) -> float:
    """Value of the best plan that keeps another's commitments outside a window, by HiGHS on the whole model."""
    model = CountModel.of(problem)
    solver = prepared(model.programme, Effort(1e-9, 20.0))
    own = counts_of(problem, plan.schedule)
    fixed = [(columns, own[:, c]) for c, columns in enumerate(model.running)]
    fixed += list(zip(model.batch, plan.schedule.batch_on.astype(np.float64), strict=True))
    for columns, values in fixed:
        for t in (*range(first), *range(end, problem.T)):
            solver.changeColBounds(int(columns[t]), float(values[t]), float(values[t]))
    solver.run()
    assert solver.getModelStatus() == highspy.HighsModelStatus.kOptimal
    return settle(problem, model.schedule(np.array(solver.getSolution().col_value))).net_usd


# the model of counts states ramp losses at the mode that loses least, and a window does not see a ratchet's later bills
PLAIN = [
    seed
    for seed in SEEDS
    if not any(len(m.ramp_loss) for m in random_site(seed).machines)
    and not any(charge.ratchet_fraction for charge in random_site(seed).peaks)
]


@pytest.mark.parametrize("seed", PLAIN)
@pytest.mark.parametrize("part", [(0.0, 0.5), (0.3, 0.7), (0.5, 1.0), (0.0, 1.0)])
def test_a_window_is_solved_as_well_as_the_whole_model_with_all_else_fixed(
    seed: int, part: tuple[float, float]
) -> None:
    problem, found = random_site(seed), rough(seed)
    if found is None:
        pytest.skip("no plan was found without the general solver")
    plan, split = found.plan(), found.search.split
    window = Window.of(problem, int(part[0] * problem.T), int(np.ceil(part[1] * problem.T)))
    counts = CountRule(split, plan, found.certificate).counts(window.first, window.end)
    trial = replanned(split, plan, window, counts, 20.0, 0.0, Deadline())
    assert trial is not None
    value = trial.value_usd()
    assert violations(problem, trial.schedule()) == []
    assert settle(problem, trial.schedule()).net_usd == pytest.approx(value, abs=1e-6)
    assert near(kept_outside(problem, plan, window.first, window.end), value)


@pytest.mark.parametrize("seed", SEEDS)
def test_named_weeks_never_lose_and_never_pass_the_optimum(seed: int) -> None:
    problem, found = random_site(seed), fast_path(random_site(seed), Effort(1e-2), Deadline(30.0))
    if found is None:
        pytest.skip("no plan was found without the general solver")
    before, edges = found.plan().value_usd, np.array([0, problem.T // 3, problem.T])
    weeks = NamedWeeks(found.search.split, found.search, found.certificate, 1e-6, edges)
    gained = weeks.run()
    after = found.plan()
    assert gained == (after.value_usd > before)
    assert after.value_usd >= before
    assert near(after.value_usd, OPTIMA[seed])
    assert near(OPTIMA[seed], found.certificate.bound_usd)
    assert violations(problem, after.schedule) == []


def test_weeks_are_listed_by_number_with_neighbours_as_ranges() -> None:
    assert [listed({3}), listed({0, 1, 2, 5, 7, 8})] == ["week 4", "weeks 1-3, 6, 8-9"]


# --- the clock --------------------------------------------------------------------------------------------------------


def test_the_clock_that_is_handed_over_ends_the_fast_path_and_the_plan_says_so() -> None:
    problem, ticks = random_site(SEEDS[0]), count()
    plan = plan_coupled(problem, Effort(1e-12, 3.0, clock=lambda: float(next(ticks))))
    assert "cut short after 3 s" in plan.method
    assert violations(problem, plan.schedule) == []
    assert plan.bound_usd is not None
    assert near(OPTIMA[SEEDS[0]], plan.bound_usd)
    assert "then HiGHS" in plan.method  # it has half of the time at least


def test_without_a_clock_only_what_a_solver_reports_is_spent() -> None:
    deadline = Deadline(5.0)
    deadline.spend(2.0)
    assert (deadline.left(), deadline.over) == (3.0, False)
    deadline.spend(9.0)
    assert (deadline.left(), deadline.over) == (0.0, False)
    late = Deadline(5.0, iter([10.0, 16.0, 16.0]).__next__)
    assert late.over
