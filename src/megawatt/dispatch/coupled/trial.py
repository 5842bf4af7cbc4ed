"""A plan in the making: words of single blocks and jobs, improved one at a time by their exact recursions.

All others given, one more block of a class is worth a plain difference in each interval, and its best word at that
worth is exact; so is a job's. What one step cannot see are moves of two at once and what an award hour loses with its
cover, which enters the steps by a price. The value is always counted without prices, with the best awards.
"""

from collections.abc import Callable
from dataclasses import dataclass, field

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.hours import cover_pay, earn_hours
from megawatt.dispatch.coupled.interval import NEVER, all_commitments, earn
from megawatt.dispatch.coupled.ramps import ages, worth_usd
from megawatt.dispatch.coupled.tables import hull, mode_shares
from megawatt.dispatch.coupled.work import plan_work
from megawatt.dispatch.kernel import plan_block
from megawatt.dispatch.ledger import billed_mw
from megawatt.dispatch.problem import Floats
from megawatt.dispatch.schedule import Schedule, UnitRun

FORBIDDEN = -1e7
"""Worth of an interval in which a block does not fit; small enough to keep sums of it exact to micro-dollars."""

SETTLED_USD = 1e-6
"""Improvement that is none."""


@dataclass(slots=True)
class Trial:
    """Commitments of all blocks and jobs under given peaks.

    Attributes:
        split: The prepared problem.
        peaks_mw: Peak that each month keeps, shape (M,) [MW].
        words: Per class, on/off words of its blocks, shapes (n, T).
        work: On/off words of the jobs, shape (J, T).
        cover: Price of a MW of mining as cover, shape (T,) [USD/MW].
        cap: Mining beyond which cover is not paid, shape (T,) [MW].
    """

    split: Split
    peaks_mw: Floats
    words: list[NDArray[np.int8]]
    work: NDArray[np.int8]
    cover: Floats
    cap: Floats
    room: Floats = field(init=False)
    counts: Floats = field(init=False)
    x: Floats = field(init=False)
    sold: Floats = field(init=False)
    usd: Floats = field(init=False)

    def __post_init__(self) -> None:
        tab, awards = self.split.ramps.tables, self.split.awards
        self.room = self.split.room(self.peaks_mw)
        self.x = np.zeros((len(self.room), len(tab.owner)))
        self.sold = np.zeros((len(awards.first) - 1, len(awards.share)))
        self.usd = np.zeros(len(awards.first) - 1)
        self._count()

    @classmethod
    def start(cls, split: Split, peaks_mw: Floats, work: NDArray[np.int8] | None = None) -> "Trial | None":
        """Jobs one after the other beside machines that may switch freely, or as given; then the blocks; None if they do not fit."""
        trial = cls.empty(split, peaks_mw, np.zeros((len(split.problem.batches), split.problem.T), dtype=np.int8))
        if work is None:
            if not all(trial.place_job(j) for j in range(len(trial.work))):
                return None
        else:
            trial.work[:] = work
        trial.insert_all()
        return trial if np.isfinite(trial.value_usd()) else None

    @classmethod
    def empty(cls, split: Split, peaks_mw: Floats, work: NDArray[np.int8]) -> "Trial":
        """All blocks off where they may be."""
        words = [np.zeros((m.blocks, split.problem.T), dtype=np.int8) for m in split.problem.machines]
        return cls(split, peaks_mw, words, work.copy(), *cover_pay(split.awards))

    def _count(self) -> None:
        shape = (len(self.room), 0)
        self.counts = np.ascontiguousarray(np.array([w.sum(axis=0) for w in self.words], dtype=np.float64).T).reshape(
            shape if not self.words else (len(self.room), len(self.words))
        )

    @property
    def running(self) -> Floats:
        """Running jobs, shape (T, J)."""
        return np.ascontiguousarray(self.work.T, dtype=np.float64)

    @property
    def loads(self) -> Floats:
        """Running blocks by column of the tables with ramps, shape (T, columns)."""
        if not any(map(len, self.split.ramps.column)):
            return self.counts
        return self.split.ramps.counts(self.split.problem, self.words)

    # value

    def value_usd(self) -> float:
        """Value of the site with these commitments [USD]; minus infinity when they do not fit."""
        split = self.split
        earned = earn_hours(
            split.ramps.tables,
            split.awards,
            split.kinks.mw,
            self.loads,
            self.running,
            self.room,
            self.x,
            self.sold,
            self.usd,
        )
        if earned <= NEVER / 2:
            return -np.inf
        return split.constant_usd + earned - self.switching_usd() - self.demand_usd(self.import_mw())

    def mining_mw(self) -> Floats:
        """Power of the machines as last valued, shape (T,) [MW]."""
        tab = self.split.ramps.tables
        load: Floats = (self.loads * tab.base_mw).sum(axis=1) + self.x[:, tab.owner >= 0].sum(axis=1)
        return load

    def import_mw(self) -> Floats:
        """Power at the meter as last valued, shape (T,) [MW]."""
        tab = self.split.ramps.tables
        drawn: Floats = self.x[:, tab.owner < 0].sum(axis=1) + (self.running * tab.work_mw).sum(axis=1)
        return self.mining_mw() + drawn + self.split.problem.firm_mw

    def demand_usd(self, import_mw: Floats) -> float:
        """What all demand charges bill for a power at the meter, shape (T,) [MW]."""
        return float(sum((billed_mw(c, import_mw) * c.usd_per_mw_month).sum() for c in self.split.problem.peaks))

    def switching_usd(self) -> float:
        """What starts and stops of all blocks and jobs cost [USD]."""
        total = 0.0
        for words, m in zip(self.words, self.split.problem.machines, strict=True):
            starts, stops = switches(words, m.initial.on)
            total += m.start_usd * starts + m.stop_usd * stops
        for j, job in enumerate(self.split.problem.batches):
            total += job.restart_usd * switches(self.work[j : j + 1], job.initial_on)[0]
        return float(total)

    # steps

    def insert_all(self) -> None:
        """Insert the blocks one after the other, those that earn most per MW first."""
        tab = self.split.tables
        per_mw = tab.base_usd.sum(axis=0) / np.maximum(tab.base_mw.sum(axis=0), 1e-9)
        for word in self.words:
            word[:] = 0
        self._count()
        for c in np.argsort(-per_mw, kind="stable"):
            for k in range(len(self.words[c])):
                self.block_step(int(c), k)

    def take(self, words: list[NDArray[np.int8]]) -> None:
        """Run the blocks as given, whether they fit or not."""
        self.words = [word.copy() for word in words]
        self._count()

    def step_blocks(self) -> None:
        """Replan the blocks one after the other."""
        for c, words in enumerate(self.words):
            for k in range(len(words)):
                self.block_step(c, k)

    def block_step(self, c: int, k: int) -> None:
        """Replan one block, all others given."""
        m = self.split.problem.machines[c]
        self.counts[:, c] -= self.words[c][k]
        self.words[c][k] = 0
        loads = self.loads
        without, beside = self._earned(loads), self._earned(loads, c)
        fits = beside > NEVER / 2
        gain = np.where(fits, beside - without, FORBIDDEN)
        ramp = np.zeros((len(m.ramp_loss), len(gain)))
        for i, column in enumerate(self.split.ramps.column[c]):
            ramp[i] = np.where(fits, self._earned(loads, int(column)) - beside, 0.0)
        _, word = plan_block(gain, ramp, m.start_usd, m.stop_usd, m.min_up, m.min_down, m.initial.on, m.initial.steps)
        self.words[c][k] = word
        self.counts[:, c] += word

    def _earned(self, loads: Floats, more: int | None = None) -> Floats:
        """What the intervals earn, cover paid, with one more block in a column, shape (T,) [USD]."""
        if more is not None:
            loads = loads.copy()
            loads[:, more] += 1
        usd, mw = np.empty(len(loads)), np.empty(len(loads))
        earn(self.split.ramps.tables, loads, self.running, self.cover, self.cap, self.room, usd, mw)
        return usd

    def job_step(self, j: int) -> bool:
        """Replan one job, all others given, and say whether it fits; it stays where it is when it does not."""
        tab, job, work = self.split.ramps.tables, self.split.problem.batches[j], self.running
        loads = self.loads
        off, on, mw = np.empty(len(work)), np.empty(len(work)), np.empty(len(work))
        work[:, j] = 0.0
        earn(tab, loads, work, self.cover, self.cap, self.room, off, mw)
        work[:, j] = 1.0
        earn(tab, loads, work, self.cover, self.cap, self.room, on, mw)
        on[job.power_mw <= 0] = NEVER
        value, word = plan_work(
            off, on, job.window, job.need, self.split.least[j], job.restart_usd, job.min_run, job.initial_on
        )
        if value > NEVER / 2:
            self.work[j] = word
        return bool(value > NEVER / 2)

    def rebuild(self, rng: np.random.Generator) -> None:
        """Take out a random part of the blocks and jobs and put them back in random order, jobs first."""
        share = rng.random()
        blocks = [(c, k) for c, words in enumerate(self.words) for k in range(len(words)) if rng.random() < share]
        for c, k in blocks:
            self.counts[:, c] -= self.words[c][k]
            self.words[c][k] = 0
        for j in rng.permutation(len(self.work)):
            if rng.random() < share:
                before = self.work[j].copy()
                self.work[j] = 0
                if rng.random() < share or not self.job_step(int(j)):
                    self.work[j] = before
        for i in rng.permutation(len(blocks)):
            self.block_step(*blocks[i])

    def place_job(self, j: int) -> bool:
        """Plan a job beside the jobs before it and machines without switching costs; whether it fits."""
        split, T = self.split, len(self.room)
        tab, job = split.tables, split.problem.batches[j]
        alone = tab._replace(work_mw=tab.work_mw[:, j : j + 1].copy(), work_usd=tab.work_usd[:, j : j + 1].copy())
        room = self.room - (self.running * tab.work_mw).sum(axis=1)
        free = np.zeros((T, self.counts.shape[1]))
        value = all_commitments(alone, np.arange(T), free, self.cover, np.zeros(T), self.cap, room).value
        off, on = value[:, 0].copy(), value[:, 1].copy()
        best, word = plan_work(
            off, on, job.window, job.need, split.least[j], job.restart_usd, job.min_run, job.initial_on
        )
        if best > NEVER / 2:
            self.work[j] = word
        return bool(best > NEVER / 2)

    def set_peaks(self, peaks_mw: Floats) -> None:
        """Keep other peaks."""
        self.peaks_mw = peaks_mw.copy()
        self.room = self.split.room(self.peaks_mw)

    def improve(self, sweeps: int) -> float:
        """Step through all jobs and blocks until a sweep gains nothing, and return the value [USD]."""
        best, settled = self.value_usd(), set[tuple[int, bytes]]()
        for _ in range(sweeps):
            before = [w.copy() for w in self.words], self.work.copy()
            for j in range(len(self.work)):
                self._try(settled, ~j, self.work[j], self.job_step, j)
            for c, words in enumerate(self.words):
                for k in range(len(words)):
                    self._try(settled, c, words[k], self.block_step, c, k)
            value = self.value_usd()
            if value <= best + SETTLED_USD:
                if value < best:
                    self.words, self.work = before
                    self._count()
                    self.value_usd()
                break
            best = value
        return best

    @staticmethod
    def _try(
        settled: set[tuple[int, bytes]], number: int, word: NDArray[np.int8], step: Callable[..., object], *at: int
    ) -> None:
        """Take a step on a word, unless one on an equal word changed nothing and nothing has changed since."""
        own = number, word.tobytes()
        if own in settled:
            return
        step(*at)
        if word.tobytes() != own[1]:
            settled.clear()
        else:
            settled.add(own)

    # result

    def copy(self) -> "Trial":
        """The same commitments, to be changed freely."""
        words = [word.copy() for word in self.words]
        return Trial(self.split, self.peaks_mw.copy(), words, self.work.copy(), self.cover, self.cap)

    def schedule(self) -> Schedule:
        """The schedule as last valued."""
        problem, units = self.split.problem, []
        for c, (machine, words) in enumerate(zip(problem.machines, self.words, strict=True)):
            above, loss = self._above_mw(c)
            settled = hull(machine.power_mw, worth_usd(machine, problem))
            for on, mw, lost in zip(words, above, loss, strict=True):
                steps = hull(machine.power_mw, worth_usd(machine, problem, lost)) if lost.any() else settled
                units.append(UnitRun(c, 1, mode_shares(steps[2], steps[4], mw) * on))
        elastic, s = np.zeros((len(problem.elastic), problem.T)), int((self.split.tables.owner >= 0).sum())
        for number, hall in enumerate(problem.elastic):
            elastic[number] = self.x[:, s : s + len(hall.segment_mw)].sum(axis=1)
            s += len(hall.segment_mw)
        award = self.sold.T.copy() if problem.reserves else np.zeros((0, 0))
        return Schedule(tuple(units), self.work.copy(), elastic, award)

    def _above_mw(self, c: int) -> tuple[Floats, Floats]:
        """Power of each block of a class above its base [MW], and the share of revenue it loses to ramping, shapes (n, T)."""
        machine, words, column = self.split.problem.machines[c], self.words[c], self.split.ramps.column[c]
        loads, owner = self.loads, self.split.ramps.tables.owner
        phase = np.minimum(ages(words, machine), len(column))
        above, loss = np.zeros(words.shape), np.zeros(words.shape)
        for i, at in enumerate((*column, c)):
            share = self.x[:, owner == at].sum(axis=1) / np.maximum(loads[:, at], 1.0)
            above += (phase == i) * words * share
            loss += (phase == i) * (machine.ramp_loss[i] if i < len(column) else 0.0)
        return above, loss


@njit(cache=True)
def switches(words: NDArray[np.int8], on_before: bool) -> tuple[int, int]:
    """Starts and stops in on/off words of shape (n, T), in all."""
    starts, stops = 0, 0
    for k in range(words.shape[0]):
        before = 1 if on_before else 0
        for t in range(words.shape[1]):
            starts += 1 if words[k, t] > before else 0
            stops += 1 if words[k, t] < before else 0
            before = words[k, t]
    return starts, stops
