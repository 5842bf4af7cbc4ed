"""What the joint words are made of (section 'Bound', together): states and moves of whole classes and of jobs."""

from itertools import product

import numpy as np

from checker.problem import Job, Machine, Problem
from checker.reading import Array, MalformedError, Whole
from checker.words import NEVER, start_losses

MOST_STATES = 5_000


class Part:
    """A class or a job: states by number, and per interval the state after each move and what the move brings.

    ``to`` is moves x states, -1 where there is none; ``runs`` is how much runs in each state. Behind the states stands none: no move
    leads on from it, and -1 means it as well.
    """

    runs: Whole
    begin: int

    def moves(self, t: int) -> tuple[Whole, Array]:
        """States after interval t and USD, both moves x (states + 1)."""
        raise NotImplementedError

    def end(self) -> Array:
        """0 for states in which the horizon may end, minus infinity for others."""
        return np.zeros(len(self.runs))

    def potential(self, T: int) -> Array:
        """The most that intervals t .. T - 1 bring from each state: (T + 1) x (states + 1)."""
        found = np.full((T + 1, len(self.runs) + 1), NEVER)
        found[T, :-1] = self.end()
        for t in range(T - 1, -1, -1):
            to, usd = self.moves(t)
            (usd + found[t + 1][to]).max(axis=0, out=found[t])
        return found


class Class(Part):
    """All blocks of a class: how many are in each age of a run (0 ..) and of a rest; the oldest stands for all older."""

    def __init__(self, machine: Machine, running: Array, h: float) -> None:
        losing = len(machine.ramp_loss)
        up, down = max(machine.min_up, losing + 1), max(machine.min_down, 1)
        ages = [(True, a) for a in range(up + 1)] + [(False, a) for a in range(down + 1)]
        stay = [min(a + 1, up) if on else up + 1 + min(a + 1, down) for on, a in ages]
        turn = [up + 2 if on else 1 for on, _ in ages]
        cost = [machine.stop_usd if on else machine.start_usd for on, _ in ages]
        able = [a >= (machine.min_up if on else machine.min_down) for on, a in ages]
        first = [0] * len(ages)
        first[min(machine.steps, up) if machine.on else up + 1 + min(machine.steps, down)] = machine.blocks
        number, crowds, rows = {tuple(first): 0}, [tuple(first)], []
        for crowd in crowds:  # grows on the way
            row = []
            for turned in product(*(range(n + 1) if ready else (0,) for n, ready in zip(crowd, able, strict=True))):
                after, paid = [0] * len(ages), 0.0
                for s, k in enumerate(turned):
                    after[turn[s]] += k
                    after[stay[s]] += crowd[s] - k
                    paid += k * cost[s]
                found = tuple(after)
                if found not in number:
                    number[found] = len(crowds)
                    crowds.append(found)
                row.append((number[found], paid))
            rows.append(row)
            if len(crowds) > MOST_STATES:
                raise MalformedError("plan.certificate.together: a class has too many joint states to be checked")
        rows.append([])
        moves = max(map(len, rows))
        self.to = np.array([[s for s, _ in row] + [-1] * (moves - len(row)) for row in rows], dtype=np.int64).T.copy()
        self.paid = np.array([[usd for _, usd in row] + [0.0] * (moves - len(row)) for row in rows]).T.copy()
        member = np.array(crowds, dtype=np.int64)
        self.runs, self.begin = member[:, 1 : up + 1].sum(axis=1), 0
        self.brings = np.zeros((len(running), len(crowds) + 1))
        self.brings[:, :-1] = np.outer(running, self.runs)
        if losing:
            self.brings[:, :-1] -= start_losses(machine, h) @ member[:, 1 : losing + 1].T

    def moves(self, t: int) -> tuple[Whole, Array]:
        """See `Part`."""
        return self.to, self.brings[t][self.to] - self.paid


class Work(Part):
    """A job: intervals run in the window, and the age of the run (0: rests); the oldest age stands for all that may end."""

    def __init__(self, job: Job, wage: Array) -> None:
        self.job, self.wage, self.oldest = job, wage, max(job.min_run, 1)
        states = np.arange((int(job.need.max(initial=0)) + 1) * (self.oldest + 1))
        self.done, self.age = states // (self.oldest + 1), states % (self.oldest + 1)
        self.runs = (self.age > 0).astype(np.int64)
        self.begin = self.oldest if job.initial_on else 0
        self.tables: dict[tuple[int, int, bool], tuple[Whole, Array]] = {}

    def end(self) -> Array:
        """The last window's need is met."""
        return np.where(self.done == self.job.need[self.job.window[-1]], 0.0, NEVER)

    def moves(self, t: int) -> tuple[Whole, Array]:
        """Rest and run; see `Part`."""
        job, window = self.job, self.job.window
        closed = int(job.need[window[t - 1]]) if t and window[t] != window[t - 1] else -1
        key = closed, int(job.need[window[t]]), bool(job.power[t] != 0)
        if key not in self.tables:
            done = self.done if closed < 0 else np.zeros_like(self.done)
            able = np.ones(len(done), dtype=bool) if closed < 0 else self.done == closed
            able &= done <= key[1]
            ends = able & ((self.age == 0) | (self.age == self.oldest))
            rest = np.where(ends, done * (self.oldest + 1), -1)
            goes = able & (done < key[1]) & key[2]
            run = np.where(goes, (done + 1) * (self.oldest + 1) + np.minimum(self.age + 1, self.oldest), -1)
            paid = np.where(self.age == 0, job.restart_usd, 0.0)
            none = np.full((2, 1), -1)
            to = np.concatenate([np.stack([rest, run]), none], axis=1)
            self.tables[key] = to, np.concatenate([np.stack([np.zeros(len(done)), -paid]), np.zeros((2, 1))], axis=1)
        to, usd = self.tables[key]
        return to, usd + np.array([[0.0], [self.wage[t]]])


class Nothing(Part):
    """In place of the first job where there is none."""

    def __init__(self) -> None:
        self.runs, self.begin = np.zeros(1, dtype=np.int64), 0

    def moves(self, t: int) -> tuple[Whole, Array]:
        """It rests."""
        del t
        return np.array([[0, -1]]), np.zeros((1, 2))


def parts_of(problem: Problem, running: Array, wage: Array) -> list[Part]:
    """Classes, jobs from the last to the second, and the first job, which earns what the intervals do."""
    classes: list[Part] = [Class(m, running[:, c], problem.h) for c, m in enumerate(problem.machines)]
    jobs: list[Part] = [Work(job, wage[:, j] if j else np.zeros(problem.T)) for j, job in enumerate(problem.jobs)]
    return [*classes, *jobs[::-1], *([] if jobs else [Nothing()])]
