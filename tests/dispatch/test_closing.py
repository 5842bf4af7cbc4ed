"""Joint words close the gap as far as is asked, and no further; a month's pieces one by one."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from checker.check_plan import main
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.certificate import Certificate
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.certify import certify
from megawatt.dispatch.coupled.closing import closed
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.general import Effort, plan_general
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import BatchJob, InitialState, MachineClass, PeakCharge, Problem
from megawatt.dispatch.record import plan_record, problem_record, text_of

MOVES = 10**7


def day(seed: int, months: int = 1) -> Problem:
    """A day of half hours: two blocks, two jobs, a charge on the peak of the day or of each half."""
    rng = np.random.default_rng(seed)
    n, flat = 48, np.ones(48)
    jobs = (
        BatchJob("one", 2.0 * flat, 0 * flat, np.zeros(n, dtype=np.int64), np.array([21]), 15.0, 3),
        BatchJob("two", 1.5 * flat, 0 * flat, np.zeros(n, dtype=np.int64), np.array([17]), 15.0, 2),
    )
    machine = MachineClass(
        "class", 2, 2.0 * flat[None], 62.0 * flat[None], 8.0, 8.0, 3, 2, np.zeros(0), InitialState(True, 9)
    )
    half = np.arange(n) * months // n
    peak = PeakCharge("demand", np.full(months, 30.0), half, np.ones(n, dtype=np.bool_), np.zeros(months))
    return Problem(
        TimeGrid(np.datetime64("2024-01-01", "s"), 30, n), rng.normal(40, 25, n), 0 * flat, 0 * flat,
        np.full(n, 5.6), (machine,), (), jobs, (), (), (peak,), (), np.zeros(0, dtype=np.int64),
    )  # fmt: skip


def begun(problem: Problem) -> tuple[Split, Search, Certificate]:
    """A first plan, and prices of a few steps that leave a gap."""
    split = Split.of(problem)
    search = Search(split)
    assert search.begin() is not None
    return split, search, certify(split, search, 0.0, 12)


@pytest.mark.parametrize("months", [1, 2])
@pytest.mark.parametrize("seed", range(4))
def test_the_gap_is_closed_as_far_as_is_asked_and_the_checker_agrees(seed: int, months: int, tmp_path: Path) -> None:
    problem = day(seed, months)
    optimum = plan_general(problem, Effort(1e-9)).value_usd
    split, search, first = begun(problem)
    before, tolerance = search.value_usd, 0.3 * (first.bound_usd - search.value_usd)
    assert tolerance > 1.0
    found = closed(split, search, tolerance, first, MOVES)
    assert found.together or search.value_usd > before
    assert optimum - 1e-6 <= found.bound_usd <= search.value_usd + tolerance
    assert checked(problem, search, found, tmp_path) == 0


def checked(problem: Problem, search: Search, found: Certificate, folder: Path) -> int:
    """The checker's exit code."""
    schedule = search.valued().schedule()
    plan = Plan.of(problem, schedule, bound_usd=found.bound_usd, method="joint words", certificate=found)
    paths = [folder / "problem.json", folder / "plan.json"]
    for path, record in zip(paths, (problem_record(problem), plan_record(problem, plan)), strict=True):
        path.write_text(text_of(record))
    return main([str(path) for path in paths])


@pytest.mark.parametrize("months", [1, 2])
def test_what_is_near_enough_is_a_floor_that_the_bound_cannot_do_without(months: int, tmp_path: Path) -> None:
    """Beside the optimum nothing is found above the floor, and the bound is the floor."""
    problem = day(0, months)
    split, search, first = begun(problem)
    exact = closed(split, search, 0.01, first, MOVES)
    tolerance = 0.5 * (first.bound_usd - search.value_usd)
    assert tolerance > 1.0
    found = closed(split, search, tolerance, first, MOVES)
    assert found.together
    assert found.floor_usd is not None
    assert found.floor_usd == pytest.approx(search.value_usd + tolerance, abs=1e-4)
    assert found.bound_usd == pytest.approx(found.floor_usd, abs=1e-4)
    assert found.bound_usd > exact.bound_usd + 0.9 * tolerance
    assert checked(problem, search, found, tmp_path) == 0
    assert checked(problem, search, replace(found, floor_usd=None), tmp_path) == 1


@pytest.mark.parametrize("seed", range(4))
def test_without_a_tolerance_it_is_closed_but_for_the_width_of_pieces(seed: int) -> None:
    problem = day(seed)
    optimum = plan_general(problem, Effort(1e-9)).value_usd
    split, search, first = begun(problem)
    found = closed(split, search, 0.01, first, MOVES)
    assert search.value_usd == pytest.approx(optimum, abs=0.01)
    assert optimum - 1e-6 <= found.bound_usd <= optimum + 0.02


def test_too_many_moves_leave_the_certificate_as_it_was() -> None:
    split, search, first = begun(day(0))
    assert closed(split, search, 0.0, first, 10) is first
