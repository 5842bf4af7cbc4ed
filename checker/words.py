"""Best on/off words under dwell times: of a block (Bound, 2) and of a job (Bound, 3 and 5)."""

import numpy as np

from checker.problem import Job, Machine
from checker.reading import Array

NEVER = -np.inf


def start_losses(machine: Machine, h: float) -> Array:
    """What the i-th interval after a start loses at least: intervals x ages."""
    least = np.maximum(machine.revenue.min(axis=0), 0.0)
    return np.outer(h * least, machine.ramp_loss)


def best_block(machine: Machine, running: Array, h: float) -> Array:
    """The best value of one block's word, for each column of ``running`` (T x price sets).

    States are the ages of a run (1 ..) and of a rest; the oldest stands for all older ones.
    """
    T, sets = running.shape
    losing = len(machine.ramp_loss)
    up, down = max(machine.min_up, losing + 1), max(machine.min_down, 1)
    loss = np.concatenate([start_losses(machine, h), np.zeros((T, up - losing))], axis=1)[:, :up]
    on, off = np.full((sets, up + 1), NEVER), np.full((sets, down + 1), NEVER)
    if machine.on:
        on[:, min(machine.steps, up)] = 0.0
    else:
        off[:, min(machine.steps, down)] = 0.0
    for t in range(T):
        begin = off[:, machine.min_down :].max(axis=1) - machine.start_usd
        end = on[:, machine.min_up :].max(axis=1) - machine.stop_usd
        ready_on, ready_off = on[:, up].copy(), off[:, down].copy()
        on[:, 1:] = on[:, :-1]
        on[:, 0] = NEVER
        np.maximum(on[:, 1], begin, out=on[:, 1])
        np.maximum(on[:, up], ready_on, out=on[:, up])
        on[:, 1:] += running[t][:, None] - loss[t]
        off[:, 1:] = off[:, :-1]
        off[:, 0] = NEVER
        np.maximum(off[:, 1], end, out=off[:, 1])
        np.maximum(off[:, down], ready_off, out=off[:, down])
    found: Array = np.maximum(on.max(axis=1), off.max(axis=1))
    return found


class JobState:
    """Best values of a job's words so far: ``off`` (lanes x done) and ``on`` (lanes x age x done).

    ``done`` counts the intervals run in the window; the oldest age stands for all runs that may end.
    """

    def __init__(self, job: Job, lanes: int = 1) -> None:
        most, ages = int(job.need.max(initial=0)), max(job.min_run, 1)
        self.job = job
        self.off = np.full((lanes, most + 1), NEVER)
        self.on = np.full((lanes, ages, most + 1), NEVER)
        if job.initial_on:
            self.on[:, -1, 0] = 0.0
        else:
            self.off[:, 0] = 0.0

    def spread(self, lanes: int) -> "JobState":
        """The one lane as many."""
        state = JobState(self.job, 0)
        state.off = np.repeat(self.off, lanes, axis=0)
        state.on = np.repeat(self.on, lanes, axis=0)
        return state

    def joined(self, costs: Array) -> "JobState":
        """The best of all lanes, each after its cost."""
        state = JobState(self.job, 0)
        state.off = (self.off - costs[:, None]).max(axis=0)[None]
        state.on = (self.on - costs[:, None, None]).max(axis=0)[None]
        return state

    def advance(self, first: int, rest: Array, run: Array) -> None:
        """Go through intervals from ``first`` on, which earn ``rest`` or ``run`` (lanes x intervals)."""
        job, off, on = self.job, self.off, self.on
        T, last = len(job.window), on.shape[1] - 1
        for i in range(rest.shape[1]):
            t = first + i
            still = np.maximum(off, on[:, last])
            still += rest[:, i, None]
            able = job.power[t] != 0
            if able:
                grown = np.full_like(on, NEVER)
                grown[:, 1:, 1:] = on[:, :-1, :-1]
                oldest, youngest = grown[:, last, 1:], grown[:, 0, 1:]
                np.maximum(oldest, on[:, last, :-1], out=oldest)
                np.maximum(youngest, off[:, :-1] - job.restart_usd, out=youngest)
                grown += run[:, i, None, None]
                on = grown
            else:
                on = np.full_like(on, NEVER)
            off = still
            if t + 1 == T or job.window[t + 1] != job.window[t]:
                off, on = _close(off, on, int(job.need[job.window[t]]))
        self.off, self.on = off, on

    def best(self) -> Array:
        """The best value of each lane; what the end of the horizon cuts may be short."""
        found: Array = np.maximum(self.off.max(axis=1), self.on.max(axis=(1, 2)))
        return found


def _close(off: Array, on: Array, need: int) -> tuple[Array, Array]:
    """Keep the words that have run exactly the need of the window that ends; the count begins again."""
    new_off, new_on = np.full_like(off, NEVER), np.full_like(on, NEVER)
    new_off[:, 0] = off[:, need]
    new_on[:, :, 0] = on[:, :, need]
    return new_off, new_on


def best_job(job: Job, wage: Array) -> Array:
    """The best value of a job's word that earns ``wage`` (T x price sets) in each interval on."""
    state = JobState(job, wage.shape[1])
    state.advance(0, np.zeros_like(wage.T), wage.T)
    return state.best()
