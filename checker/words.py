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
        """Each lane as many."""
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

    def best_cell(self, cells: int) -> "JobState":
        """The better of the cells in each state; lanes stand cell by cell within what they came from."""
        state = JobState(self.job, 0)
        state.off = self.off.reshape(-1, cells, *self.off.shape[1:]).max(axis=1)
        state.on = self.on.reshape(-1, cells, *self.on.shape[1:]).max(axis=1)
        return state

    def advance(self, first: int, rest: Array, run: Array) -> None:
        """Go through intervals from ``first`` on, which earn ``rest`` or ``run`` (lanes x intervals)."""
        window, end = self.job.window, first + rest.shape[1]
        while first < end:
            opened = int(np.searchsorted(window, window[first]))
            closed = int(np.searchsorted(window, window[first], side="right"))
            last = min(end, closed)
            span = slice(first - end, last - end or None)
            self._within(first, opened, closed, rest[:, span], run[:, span])
            if last == closed:
                self._close(int(self.job.need[window[first]]))
            first = last

    def _within(self, first: int, opened: int, closed: int, rest: Array, run: Array) -> None:
        """Intervals of one window, which runs from ``opened`` to ``closed``.

        Only counts from which the need can still be met exactly are kept up; those below are never read again.
        """
        job, off, on = self.job, self.off, self.on
        need, oldest = int(job.need[job.window[first]]), on.shape[1] - 1
        next_off, next_on = off.copy(), on.copy()
        for i in range(rest.shape[1]):
            t = first + i
            low, high = max(0, need - (closed - t - 1)), min(need, t + 1 - opened)
            now, past = slice(low, high + 1), slice(max(low, 1) - 1, high)
            np.maximum(off[:, now], on[:, oldest, now], out=next_off[:, now])
            next_off[:, now] += rest[:, i, None]
            if job.power[t] == 0:
                next_on[:, :, now] = NEVER
            else:
                later = slice(max(low, 1), high + 1)
                if low == 0:
                    next_on[:, :, 0] = NEVER
                next_on[:, 1:, later] = on[:, :-1, past]
                if oldest:
                    np.maximum(next_on[:, oldest, later], on[:, oldest, past], out=next_on[:, oldest, later])
                    np.subtract(off[:, past], job.restart_usd, out=next_on[:, 0, later])
                else:
                    np.maximum(off[:, past] - job.restart_usd, on[:, 0, past], out=next_on[:, 0, later])
                next_on[:, :, later] += run[:, i, None, None]
            off, next_off, on, next_on = next_off, off, next_on, on
        self.off, self.on = off, on

    def _close(self, need: int) -> None:
        """Keep the words that have run exactly the need of the window that ends; the count begins again."""
        off, on = np.full_like(self.off, NEVER), np.full_like(self.on, NEVER)
        off[:, 0] = self.off[:, need]
        on[:, :, 0] = self.on[:, :, need]
        self.off, self.on = off, on

    def best(self) -> Array:
        """The best value of each lane; what the end of the horizon cuts may be short."""
        found: Array = np.maximum(self.off.max(axis=1), self.on.max(axis=(1, 2)))
        return found


def best_job(job: Job, wage: Array) -> Array:
    """The best value of a job's word that earns ``wage`` (T x price sets) in each interval on."""
    state = JobState(job, wage.shape[1])
    state.advance(0, np.zeros_like(wage.T), wage.T)
    return state.best()
