"""The simulator: a policy says what it wishes, physics says what happens.

Dwell times, the meter limit and batch work that is due hold whatever a policy wishes; each block-interval in which the
wish could not be followed is counted. Room under the limit goes to firm load, then to batch work, then to elastic
loads, then to machines from the lowest J/TH up. A block is started only where there is room for it until it may stop
again, so that a limit never breaks a dwell time.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.dispatch.problem import Floats, Ints, Problem
from megawatt.dispatch.schedule import Schedule, UnitRun, batch_from_start

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a policy would do.

    Attributes:
        on: Per machine class, whether its blocks should run, each of shape (T,).
        mode: Per machine class, the mode in which they should run, each of shape (T,).
        elastic_mw: Power of each elastic load above its floor, shape (L, T) [MW].
    """

    on: tuple[Bools, ...]
    mode: tuple[Ints, ...]
    elastic_mw: Floats


@dataclass(frozen=True, slots=True)
class Outcome:
    """What physics made of a wish.

    Attributes:
        schedule: What each load did.
        corrected: Block-intervals in which a block could not do what was wished.
    """

    schedule: Schedule
    corrected: int


def simulate(problem: Problem, wish: Wish) -> Outcome:
    """Follow a wish as far as physics allows; batch work runs from the start of its windows."""
    batch = batch_from_start(problem)
    room = problem.limit_mw - problem.firm_mw
    for job, on in zip(problem.batches, batch, strict=True):
        room = room - job.power_mw * on
    elastic = np.zeros_like(wish.elastic_mw)
    for number, mw in enumerate(wish.elastic_mw):
        elastic[number] = np.clip(mw, 0.0, np.maximum(room, 0.0))
        room = room - elastic[number]
    blocks = _blocks(problem, coupled=bool((problem.largest_mw > problem.limit_mw).any()))
    wanted = np.array([wish.on[c] for c, _ in blocks]).reshape(len(blocks), problem.T)
    power = np.array([n * problem.machines[c].power_mw.max(axis=0) for c, n in blocks]).reshape(len(blocks), problem.T)
    least = np.array([(problem.machines[c].min_up, problem.machines[c].min_down) for c, _ in blocks], dtype=np.int64)
    before = np.array(
        [(problem.machines[c].initial.on, problem.machines[c].initial.steps) for c, _ in blocks], dtype=np.int64
    )
    on, corrected = follow(
        wanted, ahead_max(power, least[:, 0]), least.reshape(-1, 2), before.reshape(-1, 2), room, ahead_min(room, least)
    )
    units = []
    for (c, n), word in zip(blocks, on, strict=True):
        modes = np.arange(problem.machines[c].modes)[:, np.newaxis]
        units.append(UnitRun(c, n, (modes == wish.mode[c]) * word.astype(np.float64)))
    award = np.zeros((len(problem.reserves), int(problem.award_hour[-1]) + 1 if problem.award_hour.size else 0))
    return Outcome(Schedule(tuple(units), batch, elastic, award), int(corrected))


def _blocks(problem: Problem, *, coupled: bool) -> list[tuple[int, int]]:
    """(class, blocks) from the lowest J/TH up; a whole class moves as one where the limit never binds."""
    worth = [c.revenue_usd_per_h.max(axis=0).sum() / max(c.power_mw.max(axis=0).sum(), 1e-12) for c in problem.machines]
    order = sorted(range(len(worth)), key=lambda c: -worth[c])
    if coupled:
        return [(c, 1) for c in order for _ in range(problem.machines[c].blocks)]
    return [(c, problem.machines[c].blocks) for c in order]


def ahead_max(power: Floats, steps: Ints) -> Floats:
    """Largest power of each block over the intervals that it must run once started, shape (K, T)."""
    out = power.copy()
    for k, up in enumerate(steps):
        for i in range(1, min(int(up), power.shape[1])):
            out[k, :-i] = np.maximum(out[k, :-i], power[k, i:])
    return out


def ahead_min(room: Floats, least: Ints) -> Floats:
    """Least room over the longest dwell that a start commits to, shape (T,)."""
    out = room.copy()
    for i in range(1, min(int(least[:, 0].max(initial=1)), len(room))):
        out[:-i] = np.minimum(out[:-i], room[i:])
    return out


@njit(cache=True)
def follow(wanted: Bools, power: Floats, least: Ints, before: Ints, room: Floats, ahead: Floats) -> tuple[Bools, int]:
    """On/off words that keep dwell times and the room, blocks in order of merit.

    Args:
        wanted: Wish of each block, shape (K, T).
        power: Power to keep free for each block if it starts or runs on, shape (K, T) [MW].
        least: Least run and rest of each block, shape (K, 2).
        before: State and its length before the first interval, shape (K, 2).
        room: Power left for machines, shape (T,) [MW].
        ahead: Least room over the dwell that a start commits to, shape (T,) [MW].

    Returns:
        Words, shape (K, T), and the number of block-intervals in which a wish was not followed.
    """
    K, T = wanted.shape
    on = np.zeros((K, T), dtype=np.bool_)
    state = before[:, 0] > 0
    age = before[:, 1].copy()
    corrected = 0
    for t in range(T):
        used = 0.0
        for k in range(K):  # blocks that may not stop yet come first
            if state[k] and age[k] < least[k, 0]:
                on[k, t] = True
                used += power[k, t]
        for k in range(K):
            if state[k] and age[k] < least[k, 0]:
                continue
            resting = not state[k] and age[k] < least[k, 1]
            space = room[t] if state[k] else ahead[t]
            if wanted[k, t] and not resting and used + power[k, t] <= space + 1e-9:
                on[k, t] = True
                used += power[k, t]
        for k in range(K):
            if on[k, t] != wanted[k, t]:
                corrected += 1
            if on[k, t] == state[k]:
                age[k] += 1
            else:
                state[k] = on[k, t]
                age[k] = 1
    return on, corrected
