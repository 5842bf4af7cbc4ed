"""What a plan of a coupled site is worth and whether it may run: plain loops over the problem's raw data.

It shares no code with any solver, nor with the ledger of `megawatt`. Every plan that the bench reports went through it.
"""

from collections import deque
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.dispatch.problem import MachineClass, Problem

Floats = NDArray[np.float64]

TOLERANCE = 1e-6
"""Largest violation that counts as none [MW, or share of a block]."""


@dataclass(frozen=True, slots=True)
class SitePlan:
    """What runs.

    Attributes:
        share: For each class the share of each block in each mode, shape (blocks, M, T).
        batch: Whether each job runs, shape (J, T).
        elastic_mw: Power of each elastic load above its floor, shape (L, T).
        award_mw: Reserve sold of each programme per award hour, shape (R, hours).
    """

    share: tuple[Floats, ...]
    batch: Floats
    elastic_mw: Floats
    award_mw: Floats


def blocks_of(count: Floats, blocks: int, *, starts_on: bool) -> Floats:
    """Counts as single blocks, first in, first out, shape (blocks, T): who rested longest starts, who ran longest stops."""
    running, resting = deque(range(blocks)), deque[int]()
    if not starts_on:
        running, resting = resting, running
    on = np.zeros((blocks, len(count)))
    for t, wanted in enumerate(count):
        while len(running) < wanted:
            running.append(resting.popleft())
        while len(running) > wanted:
            resting.append(running.popleft())
        on[list(running), t] = 1.0
    return on


def value_usd(problem: Problem, plan: SitePlan) -> float:
    """Money of a plan, interval by interval [USD]."""
    total = 0.0
    for c, share in zip(problem.machines, plan.share, strict=True):
        for block in share:
            total += _block_usd(problem, c, block)
    for j, job in enumerate(problem.batches):
        was = job.initial_on
        for t in range(problem.T):
            on = bool(plan.batch[j, t] > 0.5)
            if on:
                back = job.power_mw[t] * problem.recovered_usd_per_mwh[t] * job.pass_through
                total += problem.grid.hours * (job.fee_usd_per_h[t] + back)
            if on and not was:
                total -= job.restart_usd
            was = on
    p = import_mw(problem, plan)
    for t in range(problem.T):
        total += _interval_usd(problem, plan, t, p[t])
    return total - sum(_demand_usd(problem, number, p) for number in range(len(problem.peaks)))


def _block_usd(problem: Problem, c: MachineClass, share: Floats) -> float:
    """Revenue less ramp loss and switching of one block, shape (M, T)."""
    total, was, age = 0.0, c.initial.on, c.initial.steps
    for t in range(problem.T):
        on = bool(share[:, t].sum() > 0.5)
        if on and not was:
            total, age = total - c.start_usd, 0
        if was and not on:
            total -= c.stop_usd
        if on:
            lost = c.ramp_loss[age] if age < len(c.ramp_loss) else 0.0
            brought = sum(share[m, t] * c.revenue_usd_per_h[m, t] for m in range(c.modes))
            total += problem.grid.hours * (1 - lost) * brought
            age += 1
        was = on
    return float(total)


def _interval_usd(problem: Problem, plan: SitePlan, t: int, p: float) -> float:
    h = problem.grid.hours
    spot, back = problem.price_usd_per_mwh[t] + problem.adder_usd_per_mwh[t], problem.recovered_usd_per_mwh[t]
    usd = -h * p * (spot + problem.peak_usd_per_mwh[t]) - problem.fixed_usd[t]
    for load in problem.firm:
        usd += load.rent_usd[t] + h * load.power_mw[t] * back * load.pass_through
    for hall, mw in zip(problem.elastic, plan.elastic_mw, strict=True):
        usd += h * (hall.floor_usd_per_h[t] + (hall.floor_mw[t] + mw[t]) * back * hall.pass_through)
        left = mw[t]
        for width, reward in zip(hall.segment_mw[:, t], hall.segment_usd_per_mwh[:, t], strict=True):
            used = min(max(left, 0.0), width)
            usd, left = usd + h * used * reward, left - used
    for block in problem.positions:
        mw_bought = float(np.broadcast_to(block.block_mw, problem.T)[t])
        usd += h * mw_bought * (block.price_usd_per_mwh[t] - block.fixed_usd_per_mwh)
        lost = {"free": 0.0, "spread": block.spread_usd_per_mwh, "forbidden": block.price_usd_per_mwh[t]}
        usd -= h * max(mw_bought - p, 0.0) * lost[block.resale]
    for programme, award in zip(problem.reserves, plan.award_mw, strict=True):
        hour = problem.award_hour[t]
        usd += h * award[hour] * (programme.price_usd_per_mw_h[hour] + programme.call_usd_per_mw_h[hour])
    return float(usd)


def _demand_usd(problem: Problem, number: int, p: Floats) -> float:
    charge = problem.peaks[number]
    months = len(charge.floor_mw)
    measured = [0.0] * months
    for t in range(problem.T):
        if charge.measured[t]:
            measured[charge.month[t]] = max(measured[charge.month[t]], p[t])
    total = 0.0
    for m in range(months):
        earlier = max(measured[max(0, m - 11) : m], default=0.0)
        total += charge.usd_per_mw_month[m] * max(measured[m], charge.floor_mw[m], charge.ratchet_fraction * earlier)
    return total


def mining_mw(problem: Problem, plan: SitePlan) -> Floats:
    """Power of the machines, shape (T,)."""
    total = np.zeros(problem.T)
    for c, share in zip(problem.machines, plan.share, strict=True):
        for block in share:
            for m in range(c.modes):
                total += block[m] * c.power_mw[m]
    return total


def import_mw(problem: Problem, plan: SitePlan) -> Floats:
    """Power at the meter, shape (T,)."""
    total = mining_mw(problem, plan)
    for load in problem.firm:
        total = total + load.power_mw
    for j, job in enumerate(problem.batches):
        total = total + (plan.batch[j] > 0.5) * job.power_mw
    for hall, mw in zip(problem.elastic, plan.elastic_mw, strict=True):
        total = total + hall.floor_mw + mw
    return total


def faults(problem: Problem, plan: SitePlan) -> list[str]:
    """Rules that a plan breaks, in words."""
    found = []
    for c, share in zip(problem.machines, plan.share, strict=True):
        if share.shape != (c.blocks, c.modes, problem.T):
            found.append(f"{c.name}: {share.shape[0]} of {c.blocks} blocks have a schedule")
        for block in share:
            found += _block_faults(c, block)
    found += _batch_faults(problem, plan)
    over = import_mw(problem, plan) - problem.limit_mw
    if over.max() > TOLERANCE:
        found.append(f"import exceeds the limit by {over.max():.3g} MW in interval {int(over.argmax())}")
    for hall, mw in zip(problem.elastic, plan.elastic_mw, strict=True):
        if (mw < -TOLERANCE).any() or (mw > hall.segment_mw.sum(axis=0) + TOLERANCE).any():
            found.append(f"{hall.name}: power outside its range")
    return found + _award_faults(problem, plan)


def _block_faults(c: MachineClass, share: Floats) -> list[str]:
    total = share.sum(axis=0)
    if (share < -TOLERANCE).any() or (np.minimum(abs(total), abs(total - 1)) > TOLERANCE).any():
        return [f"{c.name}: the modes of a block add up to neither 0 nor 1"]
    state, steps = c.initial.on, c.initial.steps
    for t, on in enumerate(total > 0.5):
        if bool(on) == state:
            steps += 1
            continue
        if steps < (c.min_up if state else c.min_down):
            return [f"{c.name}: a block {'runs' if state else 'rests'} for {steps} intervals before {t}"]
        state, steps = bool(on), 1
    return []


def _batch_faults(problem: Problem, plan: SitePlan) -> list[str]:
    found = []
    for j, job in enumerate(problem.batches):
        on = [bool(y > 0.5) for y in plan.batch[j]]
        done = [0] * len(job.need)
        length = job.min_run if job.initial_on else 0  # what ran before has run for long enough
        for t in range(problem.T):
            done[job.window[t]] += on[t]
            if on[t] and job.power_mw[t] <= 0:
                found.append(f"{job.name}: runs in interval {t}, where it cannot")
            if not on[t] and 0 < length < job.min_run:
                found.append(f"{job.name}: runs for {length} intervals before {t}")
            length = length + 1 if on[t] else 0
        if done != job.need.tolist():
            found.append(f"{job.name}: {done} of {job.need.tolist()} intervals run")
    return found


def _award_faults(problem: Problem, plan: SitePlan) -> list[str]:
    found = []
    mining = mining_mw(problem, plan)
    for t in range(problem.T if problem.reserves else 0):
        award = plan.award_mw[:, problem.award_hour[t]]
        if award.sum() > mining[t] + TOLERANCE:
            found.append(f"awards exceed the running machines in interval {t}")
        for programme, mw in zip(problem.reserves, award, strict=True):
            most = min(programme.max_mw, programme.share_fraction * mining[t])
            small = TOLERANCE < mw < programme.min_mw - TOLERANCE
            if not -TOLERANCE <= mw <= most + TOLERANCE or small:
                found.append(f"{programme.name}: an award of {mw:.6g} MW in interval {t}")
            for other, also in zip(problem.reserves, award, strict=True):
                if other.name in programme.excludes and mw > TOLERANCE and also > TOLERANCE:
                    found.append(f"{programme.name} and {other.name} are both sold in interval {t}")
    return found


def idle(problem: Problem) -> SitePlan:
    """The zero of the gap: machines off at once, no award, elastic loads at their floor, batch from each window's start."""
    batch = np.zeros((len(problem.batches), problem.T))
    for j, job in enumerate(problem.batches):
        left = job.need.copy()
        for t in range(problem.T):
            if left[job.window[t]] > 0 and job.power_mw[t] > 0:
                batch[j, t] = 1.0
                left[job.window[t]] -= 1
    hours = int(problem.award_hour[-1]) + 1 if problem.reserves else 0
    share = tuple(np.zeros((c.blocks, c.modes, problem.T)) for c in problem.machines)
    none = np.zeros((len(problem.elastic), problem.T))
    return SitePlan(share, batch, none, np.zeros((len(problem.reserves), hours)))
