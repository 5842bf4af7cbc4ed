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
from megawatt.dispatch.coupled.togo import block_losses, work_back, work_path
from megawatt.dispatch.coupled.trial import Trial
from megawatt.dispatch.coupled.view import Viewer
from megawatt.dispatch.coupled.work import trace_hours
from megawatt.dispatch.problem import BatchJob, FirmLoad, MachineClass, PeakCharge, Problem, Reserve
from megawatt.dispatch.simulate import Wish, simulate

AMPLE_USD = 1e9
"""More than a small site is worth."""


@cache
def warmed(plan: Callable[[Problem], object]) -> None:
    """Plan a small site with a job, an award and a peak, once per process; later plans find all compiled."""
    plan(_small_site())


def compiled() -> bool:
    """Whether the last recursion of each half stands in the cache."""
    return all(
        (folder := last.stats.cache_path) is not None and any(Path(folder).glob(f"*.{last.py_func.__name__}-*.nbc"))
        for last in (block_losses, trace_hours)
    )


def compile_plans() -> None:
    """Compile what rules, values and steps of a plan call, without what `compile_bound` does.

    What both call comes late here and first there, so that it is not compiled twice.
    """
    problem = _small_site()
    job, none = problem.batches[0], np.zeros(problem.T)
    always = tuple(np.ones(problem.T, dtype=np.bool_) for _ in problem.machines)
    simulate(problem, Wish(always, tuple(on.astype(np.int64) for on in always), np.zeros((0, problem.T)), (0,)))
    later, window = np.zeros((int(job.need[0]) + 1, job.min_run + 1)), np.concatenate(([-1], job.window))
    work = np.zeros((1, problem.T), dtype=np.int8)
    path = work_path(work[0], job.window, job.min_run, job.initial_on)
    work_back(later, none, none, window, job.need, job.restart_usd, path, none.copy(), later.copy())
    trial = Trial.empty(Split.of(problem), np.array([12.0]), work)
    trial.step_blocks()
    plan_prices(trial)
    trial.value_usd()
    (ramp,), (machine,) = trial.split.ramp, problem.machines
    block_losses(
        none, ramp, machine.start_usd, machine.stop_usd, machine.min_up, machine.min_down,
        machine.initial.on, machine.initial.steps, np.ones((1, problem.T), dtype=np.int8), none.copy(),
    )  # fmt: skip


def compile_bound() -> None:
    """Compile what the intervals and the first job of a bound call."""
    split = Split.of(_small_site())
    T, viewer = split.problem.T, Viewer(split)
    prices = Prices(np.zeros((T, 1)), np.zeros(T), np.zeros((T, 1)))
    cut = [Piece(0.0, mw, 0.0) for mw in (12.0, 8.0, 4.0)]
    sold_usd, _ = award_cells(split.awards, split.kinks, split.spans, viewer.cells, prices.cover)
    for _ in range(2):  # the second time beside the first, and all pieces
        months = viewer.months(prices, [cut], sold_usd, -AMPLE_USD)
    viewer.first_job(months)


def _small_site() -> Problem:
    T = 16
    flat, none = np.ones(T), np.zeros(T)
    price = 40.0 + 30.0 * np.sin(np.arange(T))
    power, revenue, ramp_loss = (
        np.array([2.8 * flat, 4.0 * flat]),
        np.array([240.0 * flat, 300.0 * flat]),
        np.array([0.5]),
    )
    machine = MachineClass("fleet", 2, power, revenue, 20.0, 5.0, 4, 2, ramp_loss=ramp_loss)
    job = BatchJob("job", 3.0 * flat, none, np.zeros(T, dtype=np.int64), np.array([8], dtype=np.int64), 50.0, 1)
    month, always = np.zeros(T, dtype=np.int64), np.ones(T, dtype=np.bool_)
    peak = PeakCharge("demand", np.array([20.0]), month, always, np.zeros(1))
    award = Reserve("award", 4.0 * np.ones(T // 4), np.full(T // 4, -0.5), 4.0)
    return Problem(
        TimeGrid(np.datetime64("2024-01-01", "s"), 15, T), price, none, none, 12.0 * flat, (machine,),
        (FirmLoad("hall", flat, none),), (job,), (), (), (peak,), (award,), np.arange(T) // 4,
    )  # fmt: skip
