"""What each load does in each interval: the physical half of a plan."""

from dataclasses import dataclass, field
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from megawatt.dispatch.problem import BatchJob, Floats, MachineClass, Problem

POWER_TOLERANCE_MW = 1e-6
"""Largest violation of a power limit that counts as none [MW]."""


@dataclass(frozen=True, slots=True)
class UnitRun:
    """Blocks of one machine class that do the same thing.

    Attributes:
        machine: Number of the machine class in the problem.
        blocks: How many blocks this run stands for.
        share: Share of each block's machines in each mode, shape (M, T); the modes add up to 1 when on, 0 when off.
    """

    machine: int
    blocks: int
    share: Floats

    @property
    def on(self) -> NDArray[np.bool_]:
        """Whether the blocks run, shape (T,)."""
        on: NDArray[np.bool_] = self.share.sum(axis=0) > 0.5
        return on


@dataclass(frozen=True, slots=True)
class Schedule:
    """What each load does in each interval.

    Attributes:
        units: Runs of the machine blocks; together they cover every block of every class once.
        batch_on: Whether each batch job runs, shape (J, T), 0 or 1.
        elastic_mw: Power of each elastic load above its floor, shape (L, T) [MW].
        award_mw: Reserve sold of each programme per award hour, shape (R, hours) [MW].
    """

    units: tuple[UnitRun, ...]
    batch_on: NDArray[np.int8] = field(default_factory=lambda: np.zeros((0, 0), dtype=np.int8))
    elastic_mw: Floats = field(default_factory=lambda: np.zeros((0, 0)))
    award_mw: Floats = field(default_factory=lambda: np.zeros((0, 0)))

    def mining_mw(self, problem: Problem) -> Floats:
        """Meter power of all machines, shape (T,) [MW]."""
        total = np.zeros(problem.T)
        for unit in self.units:
            total += unit.blocks * (unit.share * problem.machines[unit.machine].power_mw).sum(axis=0)
        return total

    def tenant_mw(self, problem: Problem) -> Floats:
        """Meter power of all halls, shape (T,) [MW]."""
        total = problem.firm_mw
        for job, on in zip(problem.batches, self.batch_on, strict=True):
            total = total + job.power_mw * on
        for mw in self.elastic_mw:  # not a sum over the axis: without elastic loads the default has no intervals
            total = total + mw
        return total

    def import_mw(self, problem: Problem) -> Floats:
        """Power at the meter, shape (T,) [MW]."""
        return self.mining_mw(problem) + self.tenant_mw(problem)

    def starts_stops(self, problem: Problem) -> int:
        """Number of starts and stops of blocks."""
        return sum(
            unit.blocks * int(np.abs(switches(unit.on, problem.machines[unit.machine])).sum()) for unit in self.units
        )


def switches(on: NDArray[np.bool_], machine: MachineClass) -> NDArray[np.int64]:
    """+1 where a block starts, -1 where it stops, shape (T,)."""
    before = np.concatenate(([machine.initial.on], on[:-1]))
    return on.astype(np.int64) - before.astype(np.int64)


def idle(problem: Problem) -> Schedule:
    """The site with mining off, no award, elastic loads at their floor, batch as one block from each window's start.

    This is the zero of the optimality gap: what the site would earn if nobody decided anything. Machines that ran
    before are stopped at once, whatever their dwell time: the reference must not depend on the past.
    """
    units = tuple(
        UnitRun(number, c.blocks, np.zeros((c.modes, problem.T))) for number, c in enumerate(problem.machines)
    )
    return Schedule(units, batch_from_start(problem), *_no_elastic_no_award(problem))


def batch_from_start(problem: Problem) -> NDArray[np.int8]:
    """Each batch job as one block from the start of each of its windows, shape (J, T)."""
    on = np.zeros((len(problem.batches), problem.T), dtype=np.int8)
    for j, job in enumerate(problem.batches):
        for w, need in enumerate(job.need):
            inside = np.flatnonzero((job.window == w) & (job.power_mw > 0))
            on[j, inside[:need]] = 1
    return on


def _no_elastic_no_award(problem: Problem) -> tuple[Floats, Floats]:
    hours = int(problem.award_hour[-1]) + 1 if problem.award_hour.size else 0
    return np.zeros((len(problem.elastic), problem.T)), np.zeros((len(problem.reserves), hours))


def violations(problem: Problem, schedule: Schedule) -> list[str]:
    """Every physical rule or commitment the schedule breaks, in words; empty when there is none."""
    found = [*_switching_faults(problem, schedule), *_power_faults(problem, schedule)]
    return [*found, *_batch_faults(problem, schedule), *_award_faults(problem, schedule)]


def _switching_faults(problem: Problem, schedule: Schedule) -> list[str]:
    found = []
    covered = np.zeros(len(problem.machines), dtype=np.int64)
    for unit in schedule.units:
        machine = problem.machines[unit.machine]
        covered[unit.machine] += unit.blocks
        total = unit.share.sum(axis=0)
        if (unit.share < -1e-9).any() or (np.minimum(np.abs(total), np.abs(total - 1)) > 1e-6).any():
            found.append(f"{machine.name}: the modes of a block add up to neither 0 nor 1")
        found.extend(dwell_faults(unit.on, machine))
    for machine, count in zip(problem.machines, covered, strict=True):
        if count != machine.blocks:
            found.append(f"{machine.name}: {count} of {machine.blocks} blocks have a schedule")
    return found


def dwell_faults(on: NDArray[np.bool_], machine: MachineClass) -> list[str]:
    """Runs and rests of one block that are shorter than allowed, in words."""
    found = []
    state, steps = machine.initial.on, machine.initial.steps
    edges = np.concatenate(([0], np.flatnonzero(np.diff(on.astype(np.int8))) + 1, [len(on)]))
    for first, end in pairwise(edges):
        if bool(on[first]) != state:
            least = machine.min_up if state else machine.min_down
            if steps < least:
                word = "on" if state else "off"
                found.append(f"{machine.name}: {word} for {steps} of at least {least} intervals before {first}")
            state, steps = not state, 0
        steps += int(end - first)
    return found


def _power_faults(problem: Problem, schedule: Schedule) -> list[str]:
    over = schedule.import_mw(problem) - problem.limit_mw
    found = []
    if (over > POWER_TOLERANCE_MW).any():
        t = int(over.argmax())
        found.append(f"import exceeds the meter limit by {over[t]:.6g} MW in interval {t}")
    for hall, mw in zip(problem.elastic, schedule.elastic_mw, strict=True):
        if ((mw < -POWER_TOLERANCE_MW) | (mw > hall.segment_mw.sum(axis=0) + POWER_TOLERANCE_MW)).any():
            found.append(f"{hall.name}: power outside its range")
    return found


def _batch_faults(problem: Problem, schedule: Schedule) -> list[str]:
    found = []
    for job, on in zip(problem.batches, schedule.batch_on, strict=True):
        done = np.bincount(job.window, weights=on, minlength=len(job.need))
        for w, (got, need) in enumerate(zip(done, job.need, strict=True)):
            if int(got) != int(need):
                found.append(f"{job.name}: {int(got)} of {int(need)} intervals run in window {w}")
        found += [f"{job.name}: runs {n} of at least {job.min_run} intervals from {t}" for t, n in short_runs(job, on)]
        if (on[job.power_mw <= 0] > 0).any():
            found.append(f"{job.name}: runs where the period is not covered")
    return found


def short_runs(job: BatchJob, on: NDArray[np.int8]) -> list[tuple[int, int]]:
    """Start and length of each run that is shorter than allowed; one cut by either end of the horizon may be."""
    edges = np.flatnonzero(np.diff(np.concatenate(([0], on, [0]))))
    runs = [(int(first), int(end)) for first, end in zip(edges[::2], edges[1::2], strict=True)]
    return [
        (first, end - first)
        for first, end in runs
        if end - first < job.min_run and end < len(on) and not (first == 0 and job.initial_on)
    ]


def _award_faults(problem: Problem, schedule: Schedule) -> list[str]:
    if not problem.reserves:
        return []
    found = []
    mining = schedule.mining_mw(problem)
    cover = np.full(schedule.award_mw.shape[1], np.inf)
    np.minimum.at(cover, problem.award_hour, mining)
    if (schedule.award_mw.sum(axis=0) > cover + POWER_TOLERANCE_MW).any():
        found.append("reserve awards exceed the running machines")
    for programme, award in zip(problem.reserves, schedule.award_mw, strict=True):
        most = np.minimum(programme.max_mw, programme.share_fraction * cover)
        if (award > most + POWER_TOLERANCE_MW).any() or (award < -POWER_TOLERANCE_MW).any():
            found.append(f"{programme.name}: award outside what may be offered")
        small = (award > POWER_TOLERANCE_MW) & (award < programme.min_mw - POWER_TOLERANCE_MW)
        if small.any():
            found.append(f"{programme.name}: award below the least offer of {programme.min_mw:g} MW")
        for other, other_award in zip(problem.reserves, schedule.award_mw, strict=True):
            if other.name in programme.excludes and ((award > 1e-6) & (other_award > 1e-6)).any():
                found.append(f"{programme.name} and {other.name} are sold in the same hour")
    return found
