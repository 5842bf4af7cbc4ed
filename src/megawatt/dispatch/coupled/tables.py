"""A coupled problem as flat arrays for the compiled recursions: what every commitment of an interval may draw and earn.

A *commitment* of an interval is how many blocks of each class run and which batch jobs do. What remains, the modes of
running machines and the power of elastic loads, is a continuous merit order of *segments*: mining segments are the
steps of the upper concave hull of a class's modes (a block holds hundreds of machines, so shares of it may be in
different modes), as wide per running block; elastic segments stand by themselves.
"""

from typing import NamedTuple

import numpy as np

from megawatt.dispatch.problem import Floats, Ints, Problem

ELASTIC = -1
"""Owner of a segment that belongs to no machine class."""

MOST_COMMITMENTS = 4096
"""With more combinations of counts the intervals are not enumerated, and the site goes to the general solver."""


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
        order: Segments in falling order of that, shape (T, S).
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
    order: Ints
    work_mw: Floats
    work_usd: Floats
    block_mw: Floats
    unused_usd: Floats
    counts: Floats
    most: Ints

    def part(self, at: slice | Ints) -> "Tables":
        """The tables of some intervals, one after the other."""
        by_time = (
            "room",
            "base_mw",
            "base_usd",
            "width_mw",
            "slope_usd",
            "order",
            "work_mw",
            "work_usd",
            "block_mw",
            "unused_usd",
        )
        return self._replace(**{name: getattr(self, name)[at] for name in by_time})


def tables_of(problem: Problem) -> Tables:
    """Arrays of ``problem``; constants of the site (firm loads, free resale, fixed fees) are left out."""
    T, h, cost = problem.T, problem.grid.hours, problem.cost_usd_per_mwh
    C, J = len(problem.machines), len(problem.batches)
    base_mw, base_usd = np.zeros((T, C)), np.zeros((T, C))
    owner, width, slope = [], [], []
    for c, machine in enumerate(problem.machines):
        worth = h * (machine.revenue_usd_per_h - machine.power_mw * cost)
        base_mw[:, c], base_usd[:, c], steps_mw, steps_usd, _ = hull(machine.power_mw, worth)
        owner += [c] * len(steps_mw)
        width += list(steps_mw)
        slope += list(steps_usd)
    for hall in problem.elastic:
        own = cost - hall.pass_through * problem.recovered_usd_per_mwh
        owner += [ELASTIC] * len(hall.segment_mw)
        width += list(hall.segment_mw)
        slope += list(h * (hall.segment_usd_per_mwh - own))
    slopes = np.array(slope, dtype=np.float64).reshape(len(owner), T)
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
        np.ascontiguousarray(slopes.T),
        merit_order(slopes.T),
        work_mw,
        work_usd,
        block - problem.firm_mw,
        np.zeros(T) if held is None else h * held.unused_loss_usd_per_mwh(),
        combinations(most),
        most,
    )


def merit_order(slope_usd: Floats) -> Ints:
    """Segments of each interval in falling order of slope, shape (T, S)."""
    return np.argsort(-slope_usd, axis=1, kind="stable").astype(np.int64)


def combinations(most: Ints) -> Floats:
    """All vectors of counts from 0 to ``most``, shape (combinations, C); none when they are more than allowed."""
    if np.prod(most + 1.0) > MOST_COMMITMENTS:
        return np.zeros((0, len(most)))
    if not len(most):
        return np.zeros((1, 0))
    return np.stack(np.unravel_index(np.arange(int(np.prod(most + 1))), most + 1), axis=1).astype(np.float64)


def hull(power_mw: Floats, worth_usd: Floats) -> tuple[Floats, Floats, Floats, Floats, Ints]:
    """Upper concave hull of modes in each interval: base power and worth, then steps of power and worth per MW.

    Args:
        power_mw: Power per mode, shape (M, T) [MW].
        worth_usd: Worth per mode and interval, shape (M, T) [USD].

    Returns:
        Base power and worth, shape (T,); step widths and slopes, shape (M - 1, T), slopes falling along the first axis;
        and the modes at the base and at the end of each step, shape (M, T). A step that is not there has width 0 and
        ends where it begins.
    """
    modes, T = np.broadcast_shapes(power_mw.shape, worth_usd.shape)
    power, t = np.broadcast_to(power_mw, (modes, T)), np.arange(T)
    # least power first and, of equal powers, the best: it is the only one of them worth running
    here = np.where(power == power.min(axis=0), worth_usd, -np.inf).argmax(axis=0)
    at_mw, at_usd = power[here, t].copy(), worth_usd[here, t].copy()
    base_mw, base_usd = at_mw.copy(), at_usd.copy()
    steps_mw, steps_usd = np.zeros((modes - 1, T)), np.zeros((modes - 1, T))
    ends = np.empty((modes, T), dtype=np.int64)
    ends[0] = here
    for k in range(modes - 1):
        wider = power > at_mw + 1e-12
        rise = np.divide(worth_usd - at_usd, power - at_mw, out=np.full((modes, T), -np.inf), where=wider)
        best, found = rise.argmax(axis=0), wider.any(axis=0)
        ends[k + 1] = np.where(found, best, ends[k])
        steps_mw[k] = np.where(found, power[best, t] - at_mw, 0.0)
        steps_usd[k] = np.where(found, rise[best, t], 0.0)
        at_mw, at_usd = np.where(found, power[best, t], at_mw), np.where(found, worth_usd[best, t], at_usd)
    return base_mw, base_usd, steps_mw, steps_usd, ends


def mode_shares(steps_mw: Floats, ends: Ints, above_mw: Floats) -> Floats:
    """Shares of the modes of a running block that draws a power above its base, shape (M, T).

    Args:
        steps_mw: Step widths of its hull, shape (M - 1, T) [MW].
        ends: Modes at the base and at the end of each step, shape (M, T).
        above_mw: Power above the base of the hull, shape (T,) [MW].
    """
    share, t = np.zeros(ends.shape), np.arange(len(above_mw))
    reached, left = np.ones(len(above_mw)), above_mw
    for k, width in enumerate(steps_mw):
        part = np.clip(np.divide(left, width, out=np.zeros_like(left), where=width > 0), 0.0, 1.0)
        share[ends[k], t] += reached - part
        reached, left = part, left - part * width
    share[ends[-1], t] += reached
    return share
