"""A coupled problem as flat arrays for the compiled recursions: what every commitment of an interval may draw and earn.

A *commitment* of an interval is how many blocks of each class run and which batch jobs do. What remains, the modes of
running machines and the power of elastic loads, is a continuous merit order of *segments*: mining segments are the
steps of the upper concave hull of a class's modes (a block holds hundreds of machines, so shares of it may be in
different modes), as wide per running block; elastic segments stand by themselves.
"""

from typing import NamedTuple

import numpy as np

from megawatt.dispatch.counts import start_loss_usd
from megawatt.dispatch.problem import Floats, Ints, MachineClass, Problem

ELASTIC = -1
"""Owner of a segment that belongs to no machine class."""

MOST_COMMITMENTS = 4096
"""With more combinations of counts an interval is bounded with fractional counts instead of by enumeration."""


class Tables(NamedTuple):
    """Arrays of a problem, time first.

    Attributes:
        hours: Length of an interval [h].
        room: Import limit less firm load, shape (T,) [MW].
        base_mw: Power of a running block at the least mode of its hull, shape (T, C) [MW].
        base_usd: What that earns per interval after energy, shape (T, C) [USD].
        owner: Machine class of each segment or ELASTIC, shape (S,).
        width_mw: Width of each segment, per running block where it has an owner, shape (T, S) [MW].
        slope_usd: What one MW of it earns per interval after energy, shape (T, S) [USD/MW].
        work_mw: Power of each job while it runs, shape (T, J) [MW].
        work_usd: What it then earns per interval after energy, shape (T, J) [USD].
        block_mw: Fixed-price block with restricted resale, less firm load, shape (T,) [MW]; may be negative.
        unused_usd: Loss per MW of it not drawn, per interval, shape (T,) [USD/MW]; 0 without such a block.
        counts: All combinations of counts, shape (combinations, C); empty when there are too many.
        most: Blocks of each class, shape (C,).
    """

    hours: float
    room: Floats
    base_mw: Floats
    base_usd: Floats
    owner: Ints
    width_mw: Floats
    slope_usd: Floats
    work_mw: Floats
    work_usd: Floats
    block_mw: Floats
    unused_usd: Floats
    counts: Floats
    most: Ints


def tables_of(problem: Problem) -> Tables:
    """Arrays of ``problem``; constants of the site (firm loads, free resale, fixed fees) are left out."""
    T, h, cost = problem.T, problem.grid.hours, problem.cost_usd_per_mwh
    C, J = len(problem.machines), len(problem.batches)
    base_mw, base_usd = np.zeros((T, C)), np.zeros((T, C))
    owner, width, slope = [], [], []
    for c, machine in enumerate(problem.machines):
        worth = h * (machine.revenue_usd_per_h - machine.power_mw * cost)
        base_mw[:, c], base_usd[:, c], steps_mw, steps_usd = hull(machine.power_mw, worth)
        owner += [c] * len(steps_mw)
        width += list(steps_mw)
        slope += list(steps_usd)
    for hall in problem.elastic:
        own = cost - hall.pass_through * problem.recovered_usd_per_mwh
        owner += [ELASTIC] * len(hall.segment_mw)
        width += list(hall.segment_mw)
        slope += list(h * (hall.segment_usd_per_mwh - own))
    work_mw, work_usd = np.zeros((T, J)), np.zeros((T, J))
    for j, job in enumerate(problem.batches):
        own = cost - job.pass_through * problem.recovered_usd_per_mwh
        work_mw[:, j] = job.power_mw
        work_usd[:, j] = h * (job.fee_usd_per_h - job.power_mw * own)
    held = next((p for p in problem.positions if p.resale != "free"), None)
    block = np.zeros(T) if held is None else np.broadcast_to(np.asarray(held.block_mw, dtype=np.float64), (T,))
    most = np.array([m.blocks for m in problem.machines], dtype=np.int64)
    return Tables(
        h,
        problem.limit_mw - problem.firm_mw,
        base_mw,
        base_usd,
        np.array(owner, dtype=np.int64),
        np.ascontiguousarray(np.array(width).reshape(len(owner), T).T),
        np.ascontiguousarray(np.array(slope).reshape(len(owner), T).T),
        work_mw,
        work_usd,
        block - problem.firm_mw,
        np.zeros(T) if held is None else h * held.unused_loss_usd_per_mwh(),
        combinations(most),
        most,
    )


def combinations(most: Ints) -> Floats:
    """All vectors of counts from 0 to ``most``, shape (combinations, C); none when they are more than allowed."""
    if np.prod(most + 1.0) > MOST_COMMITMENTS:
        return np.zeros((0, len(most)))
    grids = np.meshgrid(*[np.arange(n + 1) for n in most], indexing="ij")
    return np.ascontiguousarray(np.stack([g.ravel() for g in grids], axis=1), dtype=np.float64)


def hull(power_mw: Floats, worth_usd: Floats) -> tuple[Floats, Floats, Floats, Floats]:
    """Upper concave hull of modes in each interval: base power and worth, then steps of power and worth per MW.

    Args:
        power_mw: Power per mode, shape (M, T) [MW].
        worth_usd: Worth per mode and interval, shape (M, T) [USD].

    Returns:
        Base power and worth, shape (T,), and step widths and slopes, shape (M - 1, T), slopes falling along the first
        axis; a mode below the hull has width 0.
    """
    modes, T = np.broadcast_shapes(power_mw.shape, worth_usd.shape)
    power = np.broadcast_to(power_mw, (modes, T))
    # least power first and, of equal powers, the best: it is the only one of them worth running
    order = np.lexsort((-worth_usd, power), axis=0)
    p, w = np.take_along_axis(power, order, axis=0), np.take_along_axis(worth_usd, order, axis=0)
    at_mw, at_usd = p[0].copy(), w[0].copy()
    steps_mw, steps_usd = np.zeros((modes - 1, T)), np.zeros((modes - 1, T))
    here = np.zeros(T, dtype=np.int64)
    for k in range(modes - 1):
        later = np.arange(modes)[:, np.newaxis] > here
        wider = later & (p > at_mw + 1e-12)
        rise = np.divide(w - at_usd, p - at_mw, out=np.full((modes, T), -np.inf), where=wider)
        best = rise.argmax(axis=0)  # the steepest next mode; the first of equal ones, so that steps stay collinear
        found = np.isfinite(rise.max(axis=0))
        t = np.flatnonzero(found)
        steps_mw[k, t] = p[best[t], t] - at_mw[t]
        steps_usd[k, t] = rise[best[t], t]
        at_mw[t], at_usd[t], here[t] = p[best[t], t], w[best[t], t], best[t]
    return p[0].copy(), w[0].copy(), steps_mw, steps_usd


def start_usd(machine: MachineClass, hours: float, T: int) -> Floats:
    """Cost of a start in each interval with the least that ramping can lose, shape (T,) [USD]."""
    return machine.start_usd + start_loss_usd(machine, hours, T)
