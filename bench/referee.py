"""The referee: the optimum of a small site by the naive formulation, and random sites with all features mixed.

One binary a block and interval, import and peak as variables, HiGHS with a relative gap of 1e-9: nothing clever, so
that whoever disagrees has to explain himself. The plan is worth what plain loops over the raw data say.
"""

from dataclasses import dataclass
from typing import Literal

import highspy
import numpy as np
from numpy.typing import NDArray

from bench.coupled_peers.highs import highs_model
from bench.site_check import SitePlan, faults, value_usd
from bench.site_form import form
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

START = np.datetime64("2024-07-31T20:00:00", "s")
GAP = 1e-9

Floats = NDArray[np.float64]
Resale = Literal["free", "spread", "forbidden"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """The optimum.

    Attributes:
        value_usd: Value of the best plan, recomputed from the raw data; None where no plan keeps all limits.
        bound_usd: No plan is worth more, by the solver's word.
        plan: The plan.
        proven: Whether plan and bound meet within the gap.
    """

    value_usd: float | None
    bound_usd: float
    plan: SitePlan | None
    proven: bool


def referee(problem: Problem, *, seconds: float = 60.0) -> Verdict:
    """Optimum of a small problem.

    Raises:
        AssertionError: The solver's plan breaks a rule or is not worth what the solver says: the formulation is wrong.
    """
    stated = form(problem, "naive")
    solver = highspy.Highs()
    tight = {"mip_feasibility_tolerance": 1e-9, "primal_feasibility_tolerance": 1e-9, "mip_abs_gap": 1e-7}
    for key, value in {"output_flag": False, "threads": 1, "mip_rel_gap": GAP, "time_limit": seconds, **tight}.items():
        solver.setOptionValue(key, value)
    solver.passModel(highs_model(stated.model))
    solver.run()
    status, info = solver.getModelStatus(), solver.getInfo()
    if status == highspy.HighsModelStatus.kInfeasible:
        return Verdict(None, -np.inf, None, proven=True)
    proven = status == highspy.HighsModelStatus.kOptimal
    if info.primal_solution_status != highspy.SolutionStatus.kSolutionStatusFeasible:
        return Verdict(None, np.inf, None, proven=False)
    plan = stated.plan(np.array(solver.getSolution().col_value))
    value = value_usd(problem, plan)
    said = -info.objective_function_value
    if faults(problem, plan) or abs(value - said) > 1e-6 * (1 + abs(value)):
        message = f"the solver says {said}, the raw data {value}; {faults(problem, plan)}"
        raise AssertionError(message)
    return Verdict(value, -info.mip_dual_bound, plan, proven)


def random_site(seed: int) -> Problem:
    """A small site with every feature drawn: some seeds admit no plan at all."""
    rng = np.random.default_rng(seed)
    T, step = int(rng.integers(6, 15)), int(rng.choice([15, 30, 60]))
    price = rng.normal(45, 35, T) + (rng.random(T) < 0.1) * rng.normal(500, 900, T)
    machines = tuple(_machines(rng, f"class-{i}", T) for i in range(int(rng.integers(1, 4))))
    jobs = tuple(_job(rng, f"job-{i}", T) for i in range(int(rng.integers(0, 4))))
    firm = (FirmLoad("firm", np.full(T, 5.0), np.full(T, 80.0), bool(rng.integers(2))),)
    elastic = (_capped(rng, T),) if rng.random() < 0.3 else ()
    largest = 5.0 + sum(c.blocks * c.power_mw[0, 0] for c in machines) + sum(j.power_mw.max() for j in jobs)
    least = 5.0 + sum(j.power_mw.max() for j in jobs) * (0.5 if len(jobs) > 1 else 1.0)
    limit = np.full(T, float(rng.choice([rng.uniform(least, largest), largest + 5.0], p=[0.8, 0.2])))
    if rng.random() < 0.2:
        limit[T // 2 :] -= 2.0
    hours = np.arange(T) * step // 60
    reserves = _reserves(rng, int(hours[-1]) + 1)
    return Problem(
        TimeGrid(START, step, T),
        price,
        np.full(T, 2.5),
        np.where(rng.random(T) < 0.08, 700.0, 0.0) * (rng.random() < 0.5),
        limit,
        machines,
        firm,
        jobs,
        elastic,
        _positions(rng, price),
        _peaks(rng, T),
        reserves,
        hours if reserves else np.zeros(0, dtype=np.int64),
        np.full(T, 1.5),
    )


def features(problem: Problem) -> dict[str, int]:
    """What a problem holds, for the list of misses."""
    return {
        "intervals": problem.T,
        "classes": len(problem.machines),
        "blocks": sum(c.blocks for c in problem.machines),
        "modes": max(c.modes for c in problem.machines),
        "ramps": sum(len(c.ramp_loss) > 0 for c in problem.machines),
        "young": sum(c.initial.steps < FREE for c in problem.machines),
        "jobs": len(problem.batches),
        "least_runs": sum(job.min_run > 1 for job in problem.batches),
        "elastic": len(problem.elastic),
        "resale": sum(p.resale != "free" for p in problem.positions),
        "peaks": len(problem.peaks),
        "months": max((len(c.floor_mw) for c in problem.peaks), default=0),
        "ratchets": sum(c.ratchet_fraction > 0 for c in problem.peaks),
        "coincident": int(problem.peak_usd_per_mwh.any()),
        "reserves": len(problem.reserves),
        "exclusions": sum(len(r.excludes) for r in problem.reserves),
        "sheds": int((problem.limit_mw < problem.firm_mw + _least_running(problem)).any()),
    }


def _least_running(problem: Problem) -> Floats:
    """Load with everything on in its lowest mode."""
    total = np.zeros(problem.T)
    for c in problem.machines:
        total = total + c.blocks * c.power_mw.min(axis=0)
    for job in problem.batches:
        total = total + job.power_mw
    return total


def _machines(rng: np.random.Generator, name: str, T: int) -> MachineClass:
    block, worth = float(rng.choice([1.5, 2.5, 4.0])), rng.uniform(30, 110)
    steps = ((1.0, 1.0), (0.7, 0.79), (0.45, 0.55))[: int(rng.integers(1, 4))]
    flat = np.ones(T) if rng.random() < 0.7 else rng.uniform(0.9, 1.1, T)
    power = np.array([[share * block] for share, _ in steps]) * np.ones(T)
    revenue = np.array([[share * block * worth] for _, share in steps]) * flat
    ramp = np.array([1.0, 0.4])[: int(rng.integers(1, 3))] if rng.random() < 0.25 else np.zeros(0)
    return MachineClass(
        name,
        int(rng.integers(1, 5)),
        power,
        revenue,
        float(rng.choice([0.0, 10.0, 60.0])),
        float(rng.choice([0.0, 5.0, 20.0])),
        int(rng.integers(1, 6)),
        int(rng.integers(1, 5)),
        ramp,
        InitialState(bool(rng.integers(2)), int(rng.choice([1, 2, 3, FREE]))),
        hosted=bool(rng.random() < 0.2),
    )


def _job(rng: np.random.Generator, name: str, T: int) -> BatchJob:
    cuts = np.sort(rng.integers(1, T, int(rng.integers(0, 3))))
    number = np.searchsorted(np.unique(cuts), np.arange(T), side="right").astype(np.int64)
    power = np.full(T, float(rng.choice([3.0, 5.0, 6.5])))
    if rng.random() < 0.2:
        power[: T // 6] = 0.0
    free = np.bincount(number, weights=power > 0)
    need = np.floor(free * rng.uniform(0.2, 0.9, len(free))).astype(np.int64)
    return BatchJob(
        name,
        power,
        np.full(T, float(rng.choice([0.0, 150.0]))),
        number,
        need,
        float(rng.choice([0.0, 80.0, 600.0])),
        int(rng.choice([1, 1, 2, 3])),
        bool(rng.random() < 0.3),
        bool(rng.integers(2)),
    )


def _capped(rng: np.random.Generator, T: int) -> ElasticLoad:
    width, reward = np.array([[1.0], [1.5], [0.5]]), np.sort(rng.uniform(5, 140, 3))[::-1, None]
    flat = np.ones((3, T))
    return ElasticLoad("capped", np.full(T, 0.5), np.full(T, 70.0), width * flat, reward * flat, bool(rng.integers(2)))


def _positions(rng: np.random.Generator, price: Floats) -> tuple[EnergyPosition, ...]:
    if rng.random() < 0.5:
        return ()
    resale: Resale = ("free", "spread", "forbidden")[int(rng.integers(3))]
    return (EnergyPosition("block", float(rng.uniform(4, 14)), 38.0, price, resale, 4.0),)


def _peaks(rng: np.random.Generator, T: int) -> tuple[PeakCharge, ...]:
    """None, one over the whole horizon, or one over two months with a ratchet."""
    kind = int(rng.integers(3))
    if kind == 0:
        return ()
    months = np.zeros(T, dtype=np.int64)
    if kind == 2:
        months[T // 2 :] = 1
    usd = rng.choice([20.0, 150.0, 600.0], int(months[-1]) + 1)
    measured = rng.random(T) < 0.8 if rng.random() < 0.3 else np.ones(T, dtype=bool)
    floor = rng.choice([0.0, 8.0], len(usd))
    ratchet = 0.8 if kind == 2 and rng.random() < 0.7 else 0.0
    return (PeakCharge("demand", usd, months, np.asarray(measured, dtype=np.bool_), floor, ratchet),)


def _reserves(rng: np.random.Generator, hours: int) -> tuple[Reserve, ...]:
    names = ("rrs", "ecrs", "nspin")[: int(rng.integers(0, 4))]
    exclusive = rng.random() < 0.5
    return tuple(
        Reserve(
            name,
            rng.gamma(1.0, 8.0, hours),
            np.full(hours, -0.5),
            float(rng.choice([2.0, 6.0])),
            float(rng.choice([0.0, 0.0, 1.0])),
            float(rng.choice([1.0, 0.6])),
            tuple(o for o in names if o != name) if exclusive else (),
        )
        for name in names
    )
