"""Compile the recursions before a clock runs: a first plan takes seconds for that, which are no part of the search."""

from collections.abc import Callable
from functools import cache

import numpy as np

from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.problem import BatchJob, FirmLoad, MachineClass, PeakCharge, Problem, Reserve


@cache
def warmed(plan: Callable[[Problem], object]) -> None:
    """Plan a small site with a job, an award and a peak, once per process; later plans find all compiled."""
    plan(_small_site())


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
