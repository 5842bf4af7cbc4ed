"""What remains to be earned from every joint state on, at the bound's prices: the most that any way on can bring."""

from dataclasses import dataclass

import numpy as np

from megawatt.dispatch.certificate import Prices
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.crews import Crew, job_moves
from megawatt.dispatch.coupled.interval import NEVER, all_commitments
from megawatt.dispatch.coupled.shortfall import busy_jobs, by_first_job
from megawatt.dispatch.coupled.togo import block_worth, work_worth
from megawatt.dispatch.problem import Floats, Ints


@dataclass(slots=True)
class Ways:
    """What remains to be earned at some prices under some peaks.

    Attributes:
        prices: The prices.
        room: Import limit less firm load, shape (T,) [MW].
        classes: Per class, most from each of its states on, shapes (T + 1, n) [USD].
        jobs: Per job, most from each of its states on; the first job's holds intervals and awards, shapes (T + 1, n).
        award_usd: What each hour's awards bring at most beyond their cover's price, shape (H,) [USD].
    """

    prices: Prices
    room: Floats
    classes: list[Floats]
    jobs: list[Floats]
    award_usd: Floats

    @classmethod
    def of(cls, split: Split, crews: list[Crew], prices: Prices, peaks_mw: Floats) -> "Ways":
        """The recursions of everything, back from the end."""
        problem, awards, T = split.problem, split.awards, split.problem.T
        room, J = split.room(peaks_mw), len(problem.batches)
        classes = []
        for c, (m, crew) in enumerate(zip(problem.machines, crews, strict=True)):
            price = np.ascontiguousarray(prices.running[:, c])
            worth = block_worth(price, split.ramp[c], m.start_usd, m.stop_usd, m.min_up, m.min_down)
            classes.append(np.ascontiguousarray(worth @ crew.member.T))
        best = all_commitments(split.tables, np.arange(T), prices.running, prices.cover, np.zeros(T), split.cap, room)
        off, on = by_first_job(best.value - prices.wage @ busy_jobs(J).T)
        award = np.zeros(len(awards.first) - 1)
        for hour in range(len(award) if len(awards.share) else 0):
            a, b = awards.first[hour], awards.first[hour + 1]
            mw = np.minimum(split.kinks.mw, split.cap[a])
            award[hour] = max(0.0, float((split.kinks.usd[hour] - mw * prices.cover[a:b].sum()).max()))
        off[awards.first[:-1]] += award
        on[awards.first[:-1]] += award
        jobs = [
            work_worth(
                np.zeros(T) if j else off, np.where(job.power_mw > 0, prices.wage[:, j] if j else on, NEVER),
                job.window, job.need, job.restart_usd, job.min_run,
            ).reshape(T + 1, -1)
            for j, job in enumerate(problem.batches)
        ]  # fmt: skip
        if not jobs:  # the intervals alone
            jobs = [np.append(np.cumsum(off[::-1])[::-1], 0.0)[:, np.newaxis]]
        return cls(prices, room, classes, jobs, award)

    def moves(self, split: Split, crews: list[Crew], t: int) -> tuple[Ints, Floats, Floats]:
        """Moves of classes and jobs in interval t: state after, cost and what they lose at least, shapes (C + J, states, moves).

        A move that is not there leads to -1. What the first job loses is not told apart from what the interval does.
        """
        to, usd, lost = list[Ints](), list[Floats](), list[Floats]()
        for c, crew in enumerate(crews):
            gain = crew.phase.sum(axis=1) * self.prices.running[t, c] + crew.phase[:, :-1] @ split.ramp[c][:, t]
            later = (gain + self.classes[c][t + 1])[crew.to] - crew.usd
            to.append(crew.to)
            usd.append(crew.usd)
            lost.append(self.classes[c][t][:, np.newaxis] - later)
        for j, job in enumerate(split.problem.batches):
            after, paid = job_moves(job, t)
            later = self.jobs[j][t + 1][after] + np.array([0.0, self.prices.wage[t, j]]) - paid
            to.append(after)
            usd.append(paid)
            lost.append(self.jobs[j][t][:, np.newaxis] - later if j else np.zeros(after.shape))
        return _stacked(to, -1).astype(np.int64), _stacked(usd, 0.0), _stacked(lost, 0.0)

    def still_usd(self, t: int, state: Ints) -> Floats:
        """Most that intervals t and later bring from joint states, shape (n, C + J) to (n,) [USD]."""
        C = len(self.classes)
        still = np.zeros(len(state))
        for c, worth in enumerate(self.classes):
            still += worth[t][state[:, c]]
        for j, worth in enumerate(self.jobs):
            still += worth[t][state[:, C + j]] if state.shape[1] > C else worth[t, 0]
        return np.maximum(still, NEVER)


def _stacked(tables: list[Ints] | list[Floats], value: float) -> Floats:
    """Tables of several shapes as one, shape (number, rows, columns)."""
    out = np.full((len(tables), max(map(len, tables)), max(t.shape[1] for t in tables)), value)
    for k, table in enumerate(tables):
        out[k, : table.shape[0], : table.shape[1]] = table
    return out
