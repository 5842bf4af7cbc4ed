"""A plan in the making: words of single blocks and jobs, improved one at a time by their exact recursions.

All others given, one more block of a class is worth a plain difference in each interval, and its best word at that
worth is exact; so is a job's. What one step cannot see are moves of two at once and what an award hour loses with its
cover, which enters the steps by a price. The value is always counted without prices, with the best awards.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from megawatt.dispatch.counts import first_in_first_out
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.hours import cover_pay, earn_hours
from megawatt.dispatch.coupled.interval import NEVER, best_commitments, earn
from megawatt.dispatch.coupled.tables import mode_shares
from megawatt.dispatch.coupled.work import plan_work
from megawatt.dispatch.kernel import plan_block
from megawatt.dispatch.ledger import billed_mw, ramp_loss, settle
from megawatt.dispatch.problem import Floats
from megawatt.dispatch.schedule import Schedule, UnitRun

FORBIDDEN = -1e7
"""Worth of an interval in which a block does not fit; small enough to keep sums of it exact to micro-dollars."""

SETTLED_USD = 1e-6
"""Improvement that is none."""

PEAK_MW = 1e-4
"""Width to which the best peak of given commitments is searched [MW]."""


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

    def __post_init__(self) -> None:
        tab, awards = self.split.tables, self.split.awards
        self.room = self.split.room(self.peaks_mw)
        self.x = np.zeros((len(self.room), len(tab.owner)))
        self.sold = np.zeros((len(awards.first) - 1, len(awards.share)))
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
        return cls(split, peaks_mw, words, work.copy(), *cover_pay(split.awards, split.problem.T))

    def _count(self) -> None:
        shape = (len(self.room), 0)
        self.counts = np.ascontiguousarray(np.array([w.sum(axis=0) for w in self.words], dtype=np.float64).T).reshape(
            shape if not self.words else (len(self.room), len(self.words))
        )

    @property
    def running(self) -> Floats:
        """Running jobs, shape (T, J)."""
        return np.ascontiguousarray(self.work.T, dtype=np.float64)

    # value

    def value_usd(self) -> float:
        """Value of the site with these commitments [USD]; minus infinity when they do not fit."""
        usd = np.zeros(len(self.split.awards.first) - 1)
        earned = earn_hours(
            self.split.tables, self.split.awards, self.counts, self.running, self.room, self.x, self.sold, usd
        )
        if earned <= NEVER / 2:
            return -np.inf
        if any(len(m.ramp_loss) and m.modes > 1 for m in self.split.problem.machines):
            # what a ramp loses depends on the block's mode: only the schedule can tell
            return settle(self.split.problem, self.schedule()).net_usd
        return self.split.constant_usd + earned - self._switching_usd() - self._ramp_usd() - self._demand_usd()

    def import_mw(self) -> Floats:
        """Power at the meter as last valued, shape (T,) [MW]."""
        tab = self.split.tables
        load: Floats = (self.counts * tab.base_mw).sum(axis=1) + (self.running * tab.work_mw).sum(axis=1)
        drawn: Floats = self.x.sum(axis=1)
        return load + drawn + self.split.problem.firm_mw

    def _demand_usd(self) -> float:
        if not self.split.problem.peaks:
            return 0.0
        p = self.import_mw()
        return float(sum((billed_mw(c, p) * c.usd_per_mw_month).sum() for c in self.split.problem.peaks))

    def _ramp_usd(self) -> float:
        """What ramping blocks of one mode lose [USD]."""
        total = 0.0
        for words, m in zip(self.words, self.split.problem.machines, strict=True):
            if len(m.ramp_loss):
                change = np.diff(words, axis=1, prepend=np.int8(m.initial.on)).astype(np.int64)
                income = self.split.problem.grid.hours * m.revenue_usd_per_h[0]
                total += sum(float((on * ramp_loss(one, m)) @ income) for on, one in zip(words, change, strict=True))
        return total

    def _switching_usd(self) -> float:
        total = 0.0
        for word, m in zip(self.words, self.split.problem.machines, strict=True):
            change = np.diff(word, axis=1, prepend=np.int8(m.initial.on))
            total += m.start_usd * (change == 1).sum() + m.stop_usd * (change == -1).sum()
        for job, on in zip(self.split.problem.batches, self.work, strict=True):
            total += job.restart_usd * (np.diff(on, prepend=np.int8(job.initial_on)) == 1).sum()
        return float(total)

    # steps

    def run_counts(self, net: Floats) -> None:
        """Run blocks by what started less what stopped since the beginning, shape (T, C), first in, first out."""
        for c, m in enumerate(self.split.problem.machines):
            count = np.clip(np.rint(net[:, c]) + m.blocks * m.initial.on, 0, m.blocks).astype(np.int64)
            self.words[c] = first_in_first_out(count, m).astype(np.int8)
        self._count()

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

    def block_step(self, c: int, k: int) -> None:
        """Replan one block, all others given."""
        m, T = self.split.problem.machines[c], len(self.room)
        self.counts[:, c] -= self.words[c][k]
        without, beside, mw = np.empty(T), np.empty(T), np.empty(T)
        work = self.running
        earn(self.split.tables, self.counts, work, self.cover, self.cap, self.room, without, mw)
        more = self.counts.copy()
        more[:, c] += 1
        earn(self.split.tables, more, work, self.cover, self.cap, self.room, beside, mw)
        gain = np.where(beside > NEVER / 2, beside - without, FORBIDDEN)
        _, word = plan_block(
            gain, self.split.usual_ramp[c], m.start_usd, m.stop_usd, m.min_up, m.min_down, m.initial.on, m.initial.steps
        )
        self.words[c][k] = word
        self.counts[:, c] += word

    def job_step(self, j: int) -> bool:
        """Replan one job, all others given, and say whether it fits; it stays where it is when it does not."""
        tab, job, work = self.split.tables, self.split.problem.batches[j], self.running
        off, on, mw = np.empty(len(work)), np.empty(len(work)), np.empty(len(work))
        work[:, j] = 0.0
        earn(tab, self.counts, work, self.cover, self.cap, self.room, off, mw)
        work[:, j] = 1.0
        earn(tab, self.counts, work, self.cover, self.cap, self.room, on, mw)
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
        value, draw, load = np.empty((T, 2)), np.empty((T, 2)), np.empty((T, 2))
        pick = np.zeros((T, 2), dtype=np.int64)
        room = self.room - (self.running * tab.work_mw).sum(axis=1)
        free = np.zeros((T, self.counts.shape[1]))
        best_commitments(
            alone, np.arange(T), 0, T, False, free, self.cover, np.zeros(T), self.cap, room, value, pick, draw, load
        )
        off, on = value[:, 0].copy(), value[:, 1].copy()
        best, word = plan_work(
            off, on, job.window, job.need, split.least[j], job.restart_usd, job.min_run, job.initial_on
        )
        if best > NEVER / 2:
            self.work[j] = word
        return bool(best > NEVER / 2)

    def shave(self) -> float:
        """Lower each month's peak as far as it pays with all commitments kept, and return the value [USD]."""
        best = self.value_usd()
        if not self.split.problem.peaks:
            return best
        charge = self.split.problem.peaks[0]
        for m in range(len(self.peaks_mw)):
            inside = (charge.month == m) & charge.measured
            high = min(float(self.peaks_mw[m]), float(self.import_mw()[inside].max(initial=0.0)))
            low, kept = float(charge.floor_mw[m]), self.peaks_mw.copy()
            # with commitments kept the value is concave in the peak: where the first step down gains nothing, none does
            if high - low <= PEAK_MW or self._at_peak(m, high - PEAK_MW) <= self._at_peak(m, high):
                low = high
            while high - low > PEAK_MW:
                a, b = low + (high - low) / 3, high - (high - low) / 3
                if self._at_peak(m, a) >= self._at_peak(m, b) > -np.inf:
                    high = b
                else:
                    low = a
            value = self._at_peak(m, high)
            if value > best + SETTLED_USD:
                best = value
            else:
                self.set_peaks(kept)
        self.value_usd()
        return best

    def set_peaks(self, peaks_mw: Floats) -> None:
        """Keep other peaks."""
        self.peaks_mw = peaks_mw.copy()
        self.room = self.split.room(self.peaks_mw)

    def _at_peak(self, m: int, mw: float) -> float:
        peaks = self.peaks_mw.copy()
        peaks[m] = mw
        self.set_peaks(peaks)
        return self.value_usd()

    def improve(self, sweeps: int) -> float:
        """Step through all jobs and blocks until a sweep gains nothing, and return the value [USD]."""
        best = self.value_usd()
        for _ in range(sweeps):
            before = [w.copy() for w in self.words], self.work.copy()
            for j in range(len(self.work)):
                self.job_step(j)
            for c, words in enumerate(self.words):
                for k in range(len(words)):
                    self.block_step(c, k)
            value = self.value_usd()
            if value <= best + SETTLED_USD:
                if value < best:
                    self.words, self.work = before
                    self._count()
                    self.value_usd()
                break
            best = value
        return best

    # result

    def copy(self) -> "Trial":
        """The same commitments, to be changed freely."""
        words = [word.copy() for word in self.words]
        return Trial(self.split, self.peaks_mw.copy(), words, self.work.copy(), self.cover, self.cap)

    def schedule(self) -> Schedule:
        """The schedule as last valued."""
        problem, tab, units = self.split.problem, self.split.tables, []
        for c, (machine, words) in enumerate(zip(problem.machines, self.words, strict=True)):
            worth = problem.grid.hours * (machine.revenue_usd_per_h - machine.power_mw * problem.cost_usd_per_mwh)
            for on, above in zip(words, self._above_mw(c), strict=True):
                units.append(UnitRun(c, 1, mode_shares(machine, worth, above) * on))
        elastic, s = np.zeros((len(problem.elastic), problem.T)), int((tab.owner >= 0).sum())
        for number, hall in enumerate(problem.elastic):
            elastic[number] = self.x[:, s : s + len(hall.segment_mw)].sum(axis=1)
            s += len(hall.segment_mw)
        award = self.sold.T.copy() if problem.reserves else np.zeros((0, 0))
        return Schedule(tuple(units), self.work.copy(), elastic, award)

    def _above_mw(self, c: int) -> Floats:
        """Power of each block of a class above its base, shape (n, T) [MW]: even, but ramping blocks come last."""
        machine, words, tab = self.split.problem.machines[c], self.words[c], self.split.tables
        drawn = self.x[:, tab.owner == c].sum(axis=1)
        even: Floats = drawn / np.maximum(self.counts[:, c], 1.0)
        above = words * even
        if len(machine.ramp_loss) and machine.modes > 1:
            change = np.diff(words, axis=1, prepend=np.int8(machine.initial.on)).astype(np.int64)
            ramping = (np.array([ramp_loss(one, machine) for one in change]) > 0) & (words > 0)
            settled = (words > 0) & ~ramping
            most = tab.width_mw[:, tab.owner == c].sum(axis=1)
            first = np.minimum(drawn / np.maximum(settled.sum(axis=0), 1), most) * (settled.sum(axis=0) > 0)
            rest = (drawn - first * settled.sum(axis=0)) / np.maximum(ramping.sum(axis=0), 1)
            above = settled * first + ramping * rest
        return above
