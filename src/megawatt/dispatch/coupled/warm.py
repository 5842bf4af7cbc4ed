"""Compile the recursions before a clock runs: a first plan takes seconds for that, which are no part of the search.

Where nothing is compiled yet these are half a minute. What plans call and what the bound calls can be compiled by two
processes at once (`megawatt.app.compiling`): both leave it in the cache of the installation, where others find it.
"""

from collections.abc import Callable
from functools import cache
from pathlib import Path

import numpy as np

from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.certificate import Piece, Prices
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.closed_form import plan_prices
from megawatt.dispatch.coupled.cover import award_cells
from megawatt.dispatch.coupled.interval import best_commitments
from megawatt.dispatch.coupled.togo import block_losses, work_back, work_path
from megawatt.dispatch.coupled.trial import Trial
from megawatt.dispatch.coupled.view import Viewer
from megawatt.dispatch.problem import BatchJob, FirmLoad, MachineClass, PeakCharge, Problem, Reserve


@cache
def warmed(plan: Callable[[Problem], object]) -> None:
    """Plan a small site with a job, an award and a peak, once per process; later plans find all compiled."""
    plan(_small_site())


def compiled() -> bool:
    """Whether the largest recursion stands in the cache."""
    folder = best_commitments.stats.cache_path
    return folder is not None and any(Path(folder).glob(f"*{best_commitments.py_func.__name__}*.nbc"))


def compile_plans() -> None:
    """Compile what values and steps of a plan call, without what `compile_bound` does."""
    split = Split.of(_small_site())
    problem, job = split.problem, split.problem.batches[0]
    trial = Trial.empty(split, np.array([12.0]), np.zeros((1, problem.T), dtype=np.int8))
    trial.value_usd()
    trial.step_blocks()
    plan_prices(trial)
    none, later = np.zeros(problem.T), np.zeros((int(job.need[0]) + 1, job.min_run + 1))
    path, window = work_path(trial.work[0], job.window, job.min_run, job.initial_on), np.concatenate(([-1], job.window))
    work_back(later, none, none, window, job.need, job.restart_usd, path, none.copy(), later.copy())


def compile_bound() -> None:
    """Compile what the intervals and the first job of a bound call, and what tells a block's losses."""
    split = Split.of(_small_site())
    T, viewer, machine = split.problem.T, Viewer(split), split.problem.machines[0]
    prices = Prices(np.zeros((T, 1)), np.zeros(T), np.zeros((T, 1)))
    sold_usd, _ = award_cells(split.awards, split.kinks, split.spans, viewer.cells, prices.cover)
    viewer.first_job(viewer.months(prices, [[Piece(0.0, 12.0, 0.0)]], sold_usd, 0.0))
    block_losses(
        np.zeros(T), split.ramp[0], machine.start_usd, machine.stop_usd, machine.min_up, machine.min_down,
        machine.initial.on, machine.initial.steps, np.ones((1, T), dtype=np.int8), np.zeros(T),
    )  # fmt: skip


def _small_site() -> Problem:
    T = 16
    flat, none = np.ones(T), np.zeros(T)
    price = 40.0 + 30.0 * np.sin(np.arange(T))
    machine = MachineClass(
        "fleet", 2, np.array([2.8 * flat, 4.0 * flat]), np.array([240.0 * flat, 300.0 * flat]), 20.0, 5.0, 4, 2
    )
    job = BatchJob("job", 3.0 * flat, none, np.zeros(T, dtype=np.int64), np.array([8], dtype=np.int64), 50.0, 1)
    month, always = np.zeros(T, dtype=np.int64), np.ones(T, dtype=np.bool_)
    peak = PeakCharge("demand", np.array([20.0]), month, always, np.zeros(1))
    award = Reserve("award", 4.0 * np.ones(T // 4), np.full(T // 4, -0.5), 4.0)
    return Problem(
        TimeGrid(np.datetime64("2024-01-01", "s"), 15, T), price, none, none, 12.0 * flat, (machine,),
        (FirmLoad("hall", flat, none),), (job,), (), (), (peak,), (award,), np.arange(T) // 4,
    )  # fmt: skip
