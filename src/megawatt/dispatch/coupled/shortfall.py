"""Where a plan falls short of its bound: the certificate's gap, interval by interval.

At the certificate's prices the bound is a sum of best values: of blocks, of jobs, of intervals, of awards. The plan is
worth the same sum of its own values, less what it pays more than the bound assumes. Every difference is at least 0 and
has a place in time (at prices p, with e_t what an interval brings at best, W what is to be earned from a state on):

    blocks, jobs        W_t(state) - reward - W_{t+1}(next state)          where the word turns off the best one
    intervals           e_t(with the first job as it is) - what it brings  where counts, powers or other jobs differ
    awards              best award of the hour - the plan's, and cover that is paid but not used    in the hour
    demand charges      what they cost more than the piece of the peak says, and the piece itself where another one
                        is worth more                                       spread over the month

They add up to the bound of these prices less the plan's value, which the tests check; the cover of an hour is not cut here.
"""

from dataclasses import dataclass

import numpy as np

from megawatt.dispatch.certificate import Certificate, Piece, Prices
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.cover import award_cells, cells_of
from megawatt.dispatch.coupled.interval import NEVER, all_commitments
from megawatt.dispatch.coupled.togo import block_losses, work_back, work_path
from megawatt.dispatch.ledger import billed_mw, measured_mw, settle
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import Floats, Ints, Problem
from megawatt.dispatch.schedule import Schedule, UnitRun

SWITCHING = ("starts_stops", "demand", "restarts", "capacity", "calls")
"""Lines of the ledger that blocks, jobs, awards and months answer for; the intervals answer for the others."""


def counts_of(problem: Problem, schedule: Schedule) -> Floats:
    """Running blocks of each class, shape (T, C)."""
    counts = np.zeros((problem.T, len(problem.machines)))
    for unit in schedule.units:
        counts[:, unit.machine] += unit.blocks * unit.on
    return counts


def shortfall_usd(split: Split, plan: Plan, certificate: Certificate) -> Floats:
    """What a plan misses of its certificate's bound by the place where it does, shape (T,), each >= 0 [USD]."""
    return _Shortfall(split, plan, certificate).all()


def own_pieces(problem: Problem, plan: Plan, pieces: tuple[tuple[Piece, ...], ...]) -> list[int]:
    """The piece that each month's measured peak of a plan lies in; the next above or the highest where none holds it."""
    if not problem.peaks:
        return [0]
    peaks = measured_mw(problem.peaks[0], plan.ledger.import_mw)
    found = []
    for cut, mw in zip(pieces, peaks, strict=True):
        above = [q for q, piece in enumerate(cut) if piece.most_mw >= mw - 1e-6]
        found.append(min(above, key=lambda q: cut[q].most_mw) if above else 0)
    return found


def words_usd(split: Split, prices: Prices, piece: Piece, a: int, b: int, counts: Floats | None = None) -> Floats:
    """Best value of the intervals a .. b - 1 for every word of running jobs, wages paid, shape (b - a, 2**J) [USD].

    Args:
        split: The prepared problem.
        prices: Prices.
        piece: Piece of the peak of their month.
        a: First interval.
        b: Interval after the last.
        counts: Combinations of counts that may run, shape (combinations, C); all by default.
    """
    here, at = slice(a, b), np.arange(a, b)
    tab = split.tables if counts is None else split.tables._replace(counts=np.ascontiguousarray(counts))
    room = split.part_room(a, b, piece.most_mw)
    best = all_commitments(tab, at, prices.running, prices.cover, np.zeros(b - a), split.cap[here], room)
    return best.value - prices.wage[here] @ busy_jobs(len(split.problem.batches)).T


def busy_jobs(jobs: int) -> Floats:
    """Which jobs run in each word, shape (2**J, J)."""
    return np.array([[word >> j & 1 for j in range(jobs)] for word in range(1 << jobs)], dtype=np.float64)


def by_first_job(words: Floats) -> tuple[Floats, Floats]:
    """Best value with the first job off and on, shapes (n,) [USD]; without jobs both are the one value."""
    step = min(2, words.shape[1])
    return words[:, ::step].max(axis=1), words[:, step - 1 :: step].max(axis=1)


@dataclass(slots=True)
class _Shortfall:
    split: Split
    plan: Plan
    certificate: Certificate

    def all(self) -> Floats:
        """Shape (T,) [USD]."""
        problem, prices = self.split.problem, self.certificate.prices
        T, counts = problem.T, counts_of(problem, self.plan.schedule)
        blocks, ramped = self._blocks()
        mining = np.minimum(self.plan.ledger.mining_mw, self.split.cap)
        work = self.plan.schedule.batch_on.reshape(-1, T)
        brought = _flows(problem, self.plan.schedule) - ramped + prices.cover * mining
        brought -= (prices.running * counts).sum(axis=1) + (prices.wage * work.T).sum(axis=1)
        total = blocks + self._jobs() + self._intervals(brought) + self._awards(mining) + self._demand()
        return np.maximum(total, 0.0)

    def _blocks(self) -> tuple[Floats, Floats]:
        """Losses of the words of all blocks, and what ramping is assumed to change at least, shapes (T,) [USD]."""
        T = self.split.problem.T
        lost, ramped = np.zeros(T), np.zeros(T)
        for c, (m, ramp) in enumerate(zip(self.split.problem.machines, self.split.ramp, strict=True)):
            price = np.ascontiguousarray(self.certificate.prices.running[:, c])
            for unit in (u for u in self.plan.schedule.units if u.machine == c):
                changed = np.zeros(T)
                lost += unit.blocks * block_losses(
                    price, ramp, m.start_usd, m.stop_usd, m.min_up, m.min_down, m.initial.on, m.initial.steps,
                    unit.on.astype(np.int8)[np.newaxis], changed,
                )  # fmt: skip
                ramped += unit.blocks * changed
        return lost, ramped

    def _jobs(self) -> Floats:
        """Losses of the jobs after the first."""
        problem, lost = self.split.problem, np.zeros(self.split.problem.T)
        for j, job in enumerate(problem.batches):
            if j > 0:
                on = np.where(job.power_mw > 0, self.certificate.prices.wage[:, j], NEVER)
                lost += self._one_job(j, [(np.zeros(problem.T), on, 0.0)], 0, 0, problem.T, None)[0]
        return lost

    def _one_job(
        self, j: int, pieces: list[tuple[Floats, Floats, float]], own: int, a: int, b: int, later: Floats | None
    ) -> tuple[Floats, Floats]:
        """Losses of a job in the intervals a .. b - 1 of one month, and what is to be earned from its first on.

        Each piece of the month has what its intervals bring without and with the job and what it costs.
        """
        job, R = self.split.problem.batches[j], self.split.problem.batches[j].min_run
        E = int(job.need.max(initial=0))
        if later is None:
            later = np.full((E + 1, R + 1), NEVER)
            later[int(job.need[job.window[-1]])] = 0.0
        window: Ints = np.concatenate(([job.window[a - 1] if a else -1], job.window[a:b])).astype(np.int64)
        path = work_path(self.plan.schedule.batch_on[j], job.window, R, job.initial_on)[a : b + 1]
        starts, losses = [], []
        for off, on, usd in pieces:
            lost, earlier = np.zeros(b - a), np.empty((E + 1, R + 1))
            work_back(later.copy(), off, on, window, job.need, job.restart_usd, path, lost, earlier)
            starts.append(earlier - usd)
            losses.append(lost)
        best, at = np.max(starts, axis=0), tuple(path[0])
        return losses[own] + (best[at] - starts[own][at]) / (b - a), np.maximum(best, NEVER)

    def _intervals(self, brought: Floats) -> Floats:
        """Losses of the intervals, of the first job, and of the piece of each month's peak."""
        split, problem = self.split, self.split.problem
        pieces, edges = self.certificate.pieces, split.edges
        own = own_pieces(problem, self.plan, pieces)
        lost, later = np.zeros(problem.T), None
        for m in range(len(pieces) - 1, -1, -1):
            a, b = int(edges[m]), int(edges[m + 1])
            found = [by_first_job(words_usd(split, self.certificate.prices, piece, a, b)) for piece in pieces[m]]
            off, on = found[own[m]]
            if problem.batches:
                here = np.where(self.plan.schedule.batch_on[0, a:b] > 0, on, off)
                cut = [(*pair, piece.usd) for pair, piece in zip(found, pieces[m], strict=True)]
                more, later = self._one_job(0, cut, own[m], a, b, later)
            else:
                sums = [off.sum() - piece.usd for (off, _), piece in zip(found, pieces[m], strict=True)]
                here, more = off, np.full(b - a, (max(sums) - sums[own[m]]) / (b - a))
            lost[a:b] = here - brought[a:b] + more
        return lost

    def _awards(self, mining: Floats) -> Floats:
        """Losses of the award hours, in the hour's first interval, and of cover that is paid but not used."""
        split, awards, cover = self.split, self.split.awards, self.certificate.prices.cover
        lost = np.zeros(len(mining))
        if not split.problem.reserves:
            return lost
        sold, start = self.plan.schedule.award_mw, awards.first[:-1]
        cells = cells_of(awards, split.spans, split.cap, [np.zeros(0)] * len(start))
        best, _ = award_cells(awards, split.kinks, split.spans, cells, cover)
        used = np.minimum.reduceat(mining, start)
        own = (awards.worth_usd * sold.T).sum(axis=1) - used * np.add.reduceat(cover, start)
        lost[start] = best[np.searchsorted(split.spans.hour, np.arange(len(start)))] - own
        lost += cover * (mining - np.repeat(used, np.diff(awards.first)))
        return lost

    def _demand(self) -> Floats:
        """What demand charges cost more than the bound says, spread over each month."""
        problem, lost = self.split.problem, np.zeros(self.split.problem.T)
        own = own_pieces(problem, self.plan, self.certificate.pieces)
        for number, charge in enumerate(problem.peaks):
            paid = charge.usd_per_mw_month * billed_mw(charge, self.plan.ledger.import_mw)
            if number == 0:
                least = np.array([cut[q].usd for cut, q in zip(self.certificate.pieces, own, strict=True)])
            else:
                least = charge.usd_per_mw_month * charge.floor_mw
            length = np.bincount(charge.month, minlength=len(paid))
            lost += ((paid - least) / np.maximum(length, 1))[charge.month]
        return lost


def _flows(problem: Problem, schedule: Schedule) -> Floats:
    """Money of each interval that its own commitment and powers decide, shape (T,) [USD]."""
    hours = int(problem.award_hour[-1]) + 1 if problem.award_hour.size else 0
    off = tuple(UnitRun(c, m.blocks, np.zeros((m.modes, problem.T))) for c, m in enumerate(problem.machines))
    nothing = Schedule(
        off,
        np.zeros((len(problem.batches), problem.T), dtype=np.int8),
        np.zeros((len(problem.elastic), problem.T)),
        np.zeros((len(problem.reserves), hours)),
    )
    flows = np.zeros(problem.T)
    for name, line in settle(problem, schedule).lines.items():
        flows += 0.0 if name.endswith(SWITCHING) else line
    for name, line in settle(problem, nothing).lines.items():
        flows -= 0.0 if name.endswith((*SWITCHING, "resale_loss")) else line
    return flows
