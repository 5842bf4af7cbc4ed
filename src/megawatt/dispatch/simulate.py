"""The simulator: a policy says what it wishes, physics says what happens.

Dwell times, the meter limit and batch work that is due hold whatever a policy wishes; each block-interval in which the
wish could not be followed is counted. Room under the limit goes to firm load, then to batch work, then to machines that
may not stop yet, then to elastic loads, then to the other machines in the policy's order of merit. A block is started
only where there is room for it until it may stop again, so that a limit never breaks a dwell time; elastic loads give
way at once, so that what they will want later, which nobody knows yet, is no part of that question. What heat adds to
the power of the dwell time is: it is a matter of an hour or two, and physics must hold.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.dispatch.problem import BatchJob, Floats, Ints, Problem
from megawatt.dispatch.schedule import POWER_TOLERANCE_MW, Schedule, UnitRun, batch_from_start, short_runs
from megawatt.hosting.batch import Windows, cheapest_run

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class Wish:
    """What a policy would do.

    Attributes:
        on: Per machine class, whether its blocks should run, each of shape (T,).
        mode: Per machine class, the mode in which they should run, each of shape (T,).
        elastic_mw: Power of each elastic load above its floor, shape (L, T) [MW].
        merit: Numbers of the machine classes, those that get scarce room first in front.
    """

    on: tuple[Bools, ...]
    mode: tuple[Ints, ...]
    elastic_mw: Floats
    merit: tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Outcome:
    """What physics made of a wish.

    Attributes:
        schedule: What each load did.
        corrected: Block-intervals in which a block could not do what was wished.
    """

    schedule: Schedule
    corrected: int


def simulate(problem: Problem, wish: Wish, batch: NDArray[np.int8] | None = None) -> Outcome:
    """Follow a wish as far as physics allows.

    Args:
        problem: The problem.
        wish: What the machines and elastic loads would do.
        batch: When batch work runs, shape (J, T); from the start of its windows by default.

    Raises:
        InputError: Batch work finds no room beside the firm load.
    """
    batch = batch_work(problem) if batch is None else batch
    room = problem.limit_mw - problem.firm_mw
    for job, on in zip(problem.batches, batch, strict=True):
        room = room - job.power_mw * on
    blocks = _blocks(problem, wish.merit)
    K, T = len(blocks), problem.T
    wanted = np.array([wish.on[c] for c, _ in blocks]).reshape(K, T)
    power = np.array([n * _in_mode(problem.machines[c].power_mw, wish.mode[c]) for c, n in blocks]).reshape(K, T)
    most = np.array([n * problem.machines[c].power_mw.max(axis=0) for c, n in blocks]).reshape(K, T)
    machines = [problem.machines[c] for c, _ in blocks]
    least = np.array([(m.min_up, m.min_down) for m in machines], dtype=np.int64).reshape(K, 2)
    before = np.array([(m.initial.on, m.initial.steps) for m in machines], dtype=np.int64).reshape(K, 2)
    largest = np.array([hall.segment_mw.sum(axis=0) for hall in problem.elastic]).reshape(-1, T)
    on, elastic = follow(
        wanted,
        power,
        np.maximum(power, ahead_max(most, least[:, 0])),
        least,
        before,
        room,
        ahead_min(room, least),
        np.clip(wish.elastic_mw.reshape(largest.shape), 0.0, largest),
    )
    units = []
    for (c, n), word in zip(blocks, on, strict=True):
        modes = np.arange(problem.machines[c].modes)[:, np.newaxis]
        units.append(UnitRun(c, n, (modes == wish.mode[c]) * word.astype(np.float64)))
    award = np.zeros((len(problem.reserves), int(problem.award_hour[-1]) + 1 if problem.award_hour.size else 0))
    return Outcome(Schedule(tuple(units), batch, elastic, award), int((on != wanted).sum()))


def batch_work(problem: Problem) -> NDArray[np.int8]:
    """Each batch job as one block from the start of each window, or as early as limit and least run allow, (J, T).

    Raises:
        InputError: A job finds no room beside the firm load and the jobs before it.
    """
    on = batch_from_start(problem)
    room = problem.limit_mw - problem.firm_mw
    for number, job in enumerate(problem.batches):
        closed = (job.power_mw > room + POWER_TOLERANCE_MW) | (job.power_mw <= 0)
        if closed[on[number] > 0].any() or short_runs(job, on[number]):
            on[number] = _early(job, closed)
        room = room - job.power_mw * on[number]
    return on


def _early(job: BatchJob, closed: Bools) -> NDArray[np.int8]:
    """The earliest hours that do a job's work with its least run and none of the closed intervals, shape (T,)."""
    n = len(closed)
    never = 10.0 * (n + 1) ** 2  # more than all waiting and all restarts together
    cost = np.arange(n, dtype=np.float64) + never * closed
    due = Windows(job.window, np.asarray(job.need, dtype=np.int64))
    run = cheapest_run(cost, due, restart_usd=float(n), min_run_steps=job.min_run, running_before=job.initial_on).run
    if closed[run].any():
        t = int(np.flatnonzero(closed & run)[0])
        raise InputError(
            f"batch work of {job.name!r} in window {int(job.window[t])}",
            "it finds too few intervals with room for it beside the firm load and other batch work",
            "Raise the meter limit, lower the duty, or make the hall smaller.",
        )
    return run.astype(np.int8)


def _in_mode(power_mw: Floats, mode: Ints) -> Floats:
    out: Floats = power_mw[mode, np.arange(power_mw.shape[1])]
    return out


def _blocks(problem: Problem, merit: tuple[int, ...]) -> list[tuple[int, int]]:
    """(class, blocks) in order of merit; a whole class moves as one where the limit never binds."""
    if (problem.largest_mw > problem.limit_mw).any():
        return [(c, 1) for c in merit for _ in range(problem.machines[c].blocks)]
    return [(c, problem.machines[c].blocks) for c in merit]


def ahead_max(power: Floats, steps: Ints) -> Floats:
    """Largest power of each block over the intervals after the first that it must run once started, shape (K, T)."""
    out = np.zeros_like(power)
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
def follow(
    wanted: Bools,
    power: Floats,
    committed: Floats,
    least: Ints,
    before: Ints,
    room: Floats,
    ahead: Floats,
    elastic: Floats,
) -> tuple[Bools, Floats]:
    """On/off words that keep dwell times and the room, blocks in order of merit.

    Args:
        wanted: Wish of each block, shape (K, T).
        power: Power of each block in the mode it is wished in, shape (K, T) [MW].
        committed: Most power that a block may draw until it may stop, if it starts here, shape (K, T) [MW].
        least: Least run and rest of each block, shape (K, 2).
        before: State and its length before the first interval, shape (K, 2).
        room: Power left for elastic loads and machines, shape (T,) [MW].
        ahead: Least room over the dwell that a start commits to, shape (T,) [MW].
        elastic: Wished power of the elastic loads above their floors, shape (L, T) [MW].

    Returns:
        Words, shape (K, T), and power of the elastic loads, shape (L, T).
    """
    K, T = wanted.shape
    on = np.zeros((K, T), dtype=np.bool_)
    given = np.zeros(elastic.shape)
    state, age = np.zeros(K, dtype=np.bool_), np.zeros(K, dtype=np.int64)
    for k in range(K):
        state[k], age[k] = before[k, 0] > 0, before[k, 1]
    for t in range(T):
        used = 0.0  # now
        bound = 0.0  # by blocks that may not stop yet, until they may
        for k in range(K):
            if state[k] and age[k] < least[k, 0]:
                on[k, t] = True
                used += power[k, t]
                bound += committed[k, t]
        for load in range(elastic.shape[0]):  # each what it asks while there is room, in their order
            given[load, t] = min(elastic[load, t], max(room[t] - used, 0.0))
            used += given[load, t]
        for k in range(K):
            if on[k, t] or not wanted[k, t] or (not state[k] and age[k] < least[k, 1]):
                continue
            commitment = 0.0 if state[k] else committed[k, t]
            if used + power[k, t] <= room[t] + 1e-9 and bound + commitment <= max(ahead[t], bound) + 1e-9:
                on[k, t] = True
                used += power[k, t]
                bound += commitment
        for k in range(K):
            age[k] = age[k] + 1 if on[k, t] == state[k] else 1
            state[k] = on[k, t]
    return on, given
