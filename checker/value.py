"""The value of a plan, one function for each term (section 'Value' of the page)."""

import numpy as np

from checker.plan import Decision, Unit
from checker.problem import Machine, Peak, Problem
from checker.reading import Array, Flags, Whole


def is_on(unit: Unit) -> Flags:
    """Whether the unit runs, in each interval."""
    found: Flags = unit.share.sum(axis=0) > 0.5
    return found


def before(on: Flags, first: bool) -> Flags:
    """The state in the interval before."""
    return np.concatenate([[first], on[:-1]])


def mining(problem: Problem, decision: Decision) -> Array:
    """Power of the machines alone."""
    total = np.zeros(problem.T)
    for unit in decision.units:
        total += unit.blocks * (unit.share * problem.machines[unit.machine].power).sum(axis=0)
    return total


def import_mw(problem: Problem, decision: Decision) -> Array:
    """Import ``p`` (Feasible, 3)."""
    total: Array = mining(problem, decision) + problem.floor_power + decision.elastic.sum(axis=0)
    for job, on in zip(problem.jobs, decision.job_on, strict=True):
        total += on * job.power
    return total


def since_start(machine: Machine, on: Flags) -> Whole:
    """Intervals since the last start, in the intervals that are on; one before the horizon counts with its steps."""
    t = np.arange(len(on))
    start = on & ~before(on, machine.on)
    last = np.maximum.accumulate(np.where(start, t, -machine.steps if machine.on else 0))
    return np.asarray(t - last, dtype=np.int64)


def revenue_usd(problem: Problem, decision: Decision) -> float:
    """Machine revenue, less what is lost after a start."""
    total = 0.0
    for unit in decision.units:
        machine = problem.machines[unit.machine]
        on, steps = is_on(unit), len(machine.ramp_loss)
        loss = np.append(machine.ramp_loss, 0.0)[np.minimum(since_start(machine, on), steps)]
        earned = (unit.share * machine.revenue).sum(axis=0) * (1 - loss)
        total += problem.h * unit.blocks * float(earned.sum())
    return total


def switching_usd(problem: Problem, decision: Decision) -> float:
    """Starts and stops."""
    total = 0.0
    for unit in decision.units:
        machine = problem.machines[unit.machine]
        on = is_on(unit)
        was = before(on, machine.on)
        starts, stops = int((on & ~was).sum()), int((~on & was).sum())
        total -= unit.blocks * (starts * machine.start_usd + stops * machine.stop_usd)
    return total


def fees_usd(problem: Problem, decision: Decision) -> float:
    """Rent, job fees, floors and the elastic segments filled in order."""
    total = sum(float(load.rent.sum()) for load in problem.firm)
    for job, on in zip(problem.jobs, decision.job_on, strict=True):
        total += problem.h * float((on * job.fee).sum())
    for load, power in zip(problem.elastic, decision.elastic, strict=True):
        filled_before = np.cumsum(load.width, axis=0) - load.width
        filled = np.clip(power - filled_before, 0, load.width)
        total += problem.h * float(load.floor_usd.sum() + (filled * load.worth).sum())
    return total


def recovered_usd(problem: Problem, decision: Decision) -> float:
    """What loads with pass-through pay for their energy."""
    power = np.zeros(problem.T)
    for load in problem.firm:
        power += load.power if load.passes else 0
    for job, on in zip(problem.jobs, decision.job_on, strict=True):
        power += on * job.power if job.passes else 0
    for elastic, above in zip(problem.elastic, decision.elastic, strict=True):
        power += elastic.floor + above if elastic.passes else 0
    return problem.h * float((problem.energy * power).sum())


def restarts_usd(problem: Problem, decision: Decision) -> float:
    """Starts of jobs."""
    total = 0.0
    for job, on in zip(problem.jobs, decision.job_on > 0.5, strict=True):
        total -= job.restart_usd * int((on & ~before(on, job.initial_on)).sum())
    return total


def positions_usd(problem: Problem) -> float:
    """The positions as if all of their energy were used."""
    worth = sum(((p.price - p.fixed) * p.block for p in problem.positions), start=np.zeros(problem.T))
    return problem.h * float(worth.sum())


def unused_usd(problem: Problem, p: Array) -> float:
    """The loss on blocks that are not used."""
    lost = sum((np.maximum(one.block - p, 0) * one.loss for one in problem.positions), start=np.zeros(problem.T))
    return -problem.h * float(lost.sum())


def reserve_usd(problem: Problem, decision: Decision) -> float:
    """Awards, in each interval of their hour."""
    total = 0.0
    for programme, award in zip(problem.reserves, decision.award, strict=True):
        if len(problem.hour):
            total += problem.h * float(((programme.price + programme.call) * award)[problem.hour].sum())
    return total


def measured_peaks(peak: Peak, p: Array) -> Array:
    """The measured peak of each month; 0 without a measured interval."""
    found = np.full(len(peak.usd), -np.inf)
    np.maximum.at(found, peak.month[peak.measured], p[peak.measured])
    return np.where(np.isneginf(found), 0.0, found)


def demand_usd(peak: Peak, p: Array) -> float:
    """One demand charge."""
    peaks = measured_peaks(peak, p)
    total = 0.0
    for m, usd in enumerate(peak.usd):
        ratchet = peak.ratchet * peaks[max(0, m - 11) : m].max(initial=0.0)
        total -= float(usd) * max(float(peaks[m]), float(peak.floor[m]), float(ratchet))
    return total


def terms(problem: Problem, decision: Decision) -> dict[str, float]:
    """All terms of the table."""
    p = import_mw(problem, decision)
    return {
        "machine revenue": revenue_usd(problem, decision),
        "energy": -problem.h * float((p * problem.energy).sum()),
        "coincident peak": -problem.h * float((p * problem.peak).sum()),
        "starts, stops": switching_usd(problem, decision),
        "rent, fees": fees_usd(problem, decision),
        "recovered": recovered_usd(problem, decision),
        "restarts": restarts_usd(problem, decision),
        "positions": positions_usd(problem),
        "unused blocks": unused_usd(problem, p),
        "reserve": reserve_usd(problem, decision),
        "demand charge": sum((demand_usd(peak, p) for peak in problem.peaks), start=0.0),
        "fixed": -float(problem.fixed.sum()),
    }
