"""Random sites with every kind of load, contract and charge, and random schedules of them."""

from typing import Literal

import numpy as np

from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.problem import (
    FREE,
    BatchJob,
    ElasticLoad,
    EnergyPosition,
    FirmLoad,
    InitialState,
    MachineClass,
    PeakCharge,
    Problem,
    Reserve,
)
from megawatt.dispatch.schedule import Schedule, UnitRun
from megawatt.dispatch.simulate import Wish

START = np.datetime64("2024-03-31T22:00:00", "s")
RESALE: tuple[Literal["free", "spread", "forbidden"], ...] = ("free", "spread", "forbidden")


def full_site(rng: np.random.Generator, T: int, *, step: int = 15, months: int = 1) -> Problem:
    """Two or three machine classes (one hosted), a firm hall, two batch jobs, two elastic loads, blocks, charges, awards."""
    shape = 1 + 0.1 * rng.random(T)  # a PUE that varies
    price = rng.normal(35, 45, T) + (rng.random(T) < 0.1) * rng.normal(500, 900, T)
    award_hour = np.arange(T) * step // 60
    hours = int(award_hour[-1]) + 1
    return Problem(
        TimeGrid(START, step, T),
        price,
        rng.uniform(0, 5, T),
        np.where(rng.random(T) < 0.1, 2000.0, 0.0),
        np.full(T, rng.uniform(38, 60)),
        machines=tuple(machine(rng, f"fleet-{i}", shape, hosted=i == 1) for i in range(int(rng.integers(1, 4)))),
        firm=(FirmLoad("firm", 5.0 * shape, rng.uniform(0, 300, T), pass_through=bool(rng.integers(2))),),
        batches=tuple(batch(rng, f"batch-{i}", shape) for i in range(2)),
        elastic=tuple(elastic(rng, f"elastic-{i}", shape) for i in range(2)),
        positions=(
            EnergyPosition("block-free", 10.0, 33.0, price + rng.normal(0, 3, T), "free"),
            EnergyPosition("block", float(rng.uniform(5, 40)), 31.0, price - 2.0, RESALE[int(rng.integers(3))], 4.0),
        ),
        peaks=(peak(rng, T, months), peak(rng, T, months)),
        reserves=(reserve(rng, "rrs", hours), reserve(rng, "nspin", hours)),
        award_hour=award_hour,
        fixed_usd=rng.uniform(0, 20, T),
    )


def machine(rng: np.random.Generator, name: str, shape: np.ndarray, *, hosted: bool = False) -> MachineClass:
    modes = int(rng.integers(1, 4))
    power = np.array([[4.0], [2.8], [4.6]][:modes]) * shape
    worth = rng.uniform(30, 110) * rng.uniform(0.9, 1.1, len(shape))
    r = int(rng.integers(0, 4))
    return MachineClass(
        name,
        int(rng.integers(1, 4)),
        power,
        np.array([[4.0], [3.1], [4.4]][:modes]) * worth,
        start_usd=float(rng.choice([0.0, 25.0])),
        stop_usd=float(rng.choice([0.0, 8.0])),
        min_up=int(rng.integers(1, 6)),
        min_down=int(rng.integers(1, 5)),
        ramp_loss=np.sort(rng.random(r))[::-1],
        initial=InitialState(bool(rng.integers(2)), int(rng.choice([1, 2, FREE]))),
        hosted=hosted,
    )


def batch(rng: np.random.Generator, name: str, shape: np.ndarray) -> BatchJob:
    T = len(shape)
    window = np.arange(T) * int(rng.integers(1, 4)) // T
    need = np.array([rng.integers(0, (window == w).sum() + 1) for w in range(int(window[-1]) + 1)])
    return BatchJob(
        name,
        3.0 * shape,
        rng.uniform(0, 400, T),
        window,
        need,
        restart_usd=float(rng.choice([0.0, 60.0])),
        pass_through=bool(rng.integers(2)),
        initial_on=bool(rng.integers(2)),
    )


def elastic(rng: np.random.Generator, name: str, shape: np.ndarray) -> ElasticLoad:
    S = int(rng.integers(1, 4))
    rewards = np.sort(rng.uniform(0, 200, S))[::-1]
    return ElasticLoad(
        name,
        0.5 * shape,
        30.0 * shape,
        rng.uniform(0.2, 1.5, (S, 1)) * shape,
        rewards[:, np.newaxis] * np.ones(len(shape)),
        pass_through=bool(rng.integers(2)),
    )


def peak(rng: np.random.Generator, T: int, months: int) -> PeakCharge:
    month = np.arange(T) * months // T
    measured = rng.random(T) < rng.choice([0.0, 0.3, 1.0])
    if months > 2:
        measured &= month != int(rng.integers(months))  # a month without a measured interval
    return PeakCharge(
        "demand",
        rng.choice([0.0, 3000.0, 9000.0], months).astype(np.float64),
        month,
        measured,
        rng.choice([0.0, 12.0, 90.0], months).astype(np.float64),
        float(rng.choice([0.0, 0.8])),
    )


def reserve(rng: np.random.Generator, name: str, hours: int) -> Reserve:
    return Reserve(
        name,
        np.abs(rng.normal(6, 8, hours)),
        rng.normal(0, 1, hours),
        max_mw=float(rng.uniform(2, 9)),
        min_mw=float(rng.choice([0.0, 1.0, 3.0])),
        share_fraction=float(rng.choice([0.5, 1.0])),
        excludes=("nspin",) if name == "rrs" and rng.integers(2) else (),
    )


def any_schedule(problem: Problem, rng: np.random.Generator) -> Schedule:
    """What each load does, drawn at random: money must be right for schedules that physics would not allow, too."""
    units = []
    for number, c in enumerate(problem.machines):
        for _ in range(c.blocks):
            on = rng.random(problem.T) < 0.6
            share = rng.dirichlet(np.ones(c.modes), problem.T).T
            units.append(UnitRun(number, 1, share * on))
    batch_on = rng.integers(0, 2, (len(problem.batches), problem.T)).astype(np.int8)
    most = np.array([hall.segment_mw.sum(axis=0) for hall in problem.elastic]).reshape(-1, problem.T)
    hours = int(problem.award_hour[-1]) + 1
    return Schedule(
        tuple(units), batch_on, most * rng.random(most.shape), 4 * rng.random((len(problem.reserves), hours))
    )


def any_wish(problem: Problem, rng: np.random.Generator) -> Wish:
    """What a policy without any sense might ask for: unlimited elastic power, modes and words at random."""
    T = problem.T
    return Wish(
        tuple(rng.random(T) < rng.random() for _ in problem.machines),
        tuple(rng.integers(0, c.modes, T) for c in problem.machines),
        rng.normal(1, 3, (len(problem.elastic), T)),
        tuple(rng.permutation(len(problem.machines)).tolist()),
    )
