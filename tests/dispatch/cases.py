"""Small random sites with every feature, and a brute force over all of their schedules."""

import itertools
from typing import Literal

import numpy as np
import pytest
from numpy.typing import NDArray

from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.ledger import settle
from megawatt.dispatch.problem import (
    FREE,
    BatchJob,
    EnergyPosition,
    FirmLoad,
    InitialState,
    MachineClass,
    PeakCharge,
    Problem,
)
from megawatt.dispatch.schedule import Schedule, UnitRun, violations
from tests.dispatch.oracles import words

RESALE: tuple[Literal["free", "spread", "forbidden"], ...] = ("free", "spread", "forbidden")
START = np.datetime64("2024-07-01T05:00:00", "s")


def random_problem(seed: int, *, T: int | None = None, coupled: bool = True) -> Problem:
    """A site of one to three classes; prices with spikes and negative hours; all else drawn."""
    rng = np.random.default_rng(seed)
    T = T or int(rng.integers(1, 8))
    price = rng.normal(40, 40, T) + (rng.random(T) < 0.15) * rng.normal(400, 900, T)
    machines = tuple(random_class(rng, f"fleet-{i}", T) for i in range(int(rng.integers(1, 3))))
    firm = (FirmLoad("hall-1", np.full(T, 5.0), np.full(T, 60.0), pass_through=bool(rng.integers(2))),)
    problem = Problem(
        TimeGrid(START, 15, T),
        price,
        np.full(T, 2.0),
        np.where(rng.random(T) < 0.1, 900.0, 0.0),
        np.full(T, 1000.0),
        machines,
        firm,
    )
    if not coupled:
        return problem
    return couple(problem, rng)


def random_class(rng: np.random.Generator, name: str, T: int) -> MachineClass:
    modes = int(rng.integers(1, 3))
    power = np.array([[4.0], [2.8]][:modes]) * np.ones(T)
    worth = rng.uniform(40, 110)
    revenue = np.array([[4.0 * worth], [4.0 * worth * 0.78]][:modes]) * np.ones(T)
    return MachineClass(
        name,
        1 + int(rng.random() < 0.3),
        power,
        revenue,
        start_usd=float(rng.choice([0.0, 20.0])),
        stop_usd=float(rng.choice([0.0, 8.0])),
        min_up=int(rng.integers(1, 5)),
        min_down=int(rng.integers(1, 4)),
        initial=InitialState(bool(rng.integers(2)), int(rng.choice([1, 2, FREE]))),
    )


def couple(problem: Problem, rng: np.random.Generator) -> Problem:
    T = problem.T
    largest = problem.largest_mw[0] + 6.0
    window = np.sort(rng.integers(0, 2, T))
    window -= window[0]
    need = np.array([rng.integers(0, (window == w).sum() + 1) for w in range(int(window[-1]) + 1)])
    job = BatchJob("hall-2", np.full(T, 6.0), np.full(T, 30.0), window, need, restart_usd=50.0, min_run=1)
    charge = PeakCharge(
        "demand",
        rng.choice([0.0, 8.0], 1).astype(np.float64),
        np.zeros(T, dtype=np.int64),
        np.ones(T, dtype=bool),
        np.array([4.0]),
    )
    resale = RESALE[int(rng.integers(3))]
    block = EnergyPosition("block", 7.0, 30.0, problem.price_usd_per_mwh, resale, 5.0)
    return Problem(
        problem.grid, problem.price_usd_per_mwh, problem.adder_usd_per_mwh, problem.peak_usd_per_mwh,
        np.full(T, float(rng.uniform(13.0, largest))), problem.machines, problem.firm, (job,), (), (block,), (charge,),
    )  # fmt: skip


def brute_force(problem: Problem) -> float | None:
    """Best value over all words of all blocks, modes and batch words; None when no schedule is feasible."""
    best = None
    choices = []
    for number, c in enumerate(problem.machines):
        own = [mode_words(w, c.modes) for w in words(problem.T, c.min_up, c.min_down, c.initial.on, c.initial.steps)]
        runs = [UnitRun(number, 1, share) for group in own for share in group]
        choices.append(list(itertools.combinations_with_replacement(runs, c.blocks)))
    size = float(np.prod([len(c) for c in choices])) * 2 ** (problem.T * len(problem.batches))
    if size > 40_000:
        pytest.skip(f"{size:.0f} schedules are too many to try")
    batch_words = [list(itertools.product((0, 1), repeat=problem.T)) for _ in problem.batches]
    for machines in itertools.product(*choices):
        units = tuple(itertools.chain(*machines))
        for batch in itertools.product(*batch_words):
            on = np.array(batch, dtype=np.int8).reshape(len(problem.batches), problem.T)
            schedule = Schedule(units, on, np.zeros((0, problem.T)), np.zeros((0, 0)))
            if violations(problem, schedule):
                continue
            value = settle(problem, schedule).net_usd
            best = value if best is None else max(best, value)
    return best


def mode_words(word: tuple[int, ...], modes: int) -> list[NDArray[np.float64]]:
    """All ways to spend the running intervals of a word in modes, each of shape (M, T)."""
    ways = [range(modes) if u else (0,) for u in word]
    out = []
    for pick in itertools.product(*ways):
        share = np.zeros((modes, len(word)))
        for t, (m, u) in enumerate(zip(pick, word, strict=True)):
            share[m, t] = u
        out.append(share)
    return out
