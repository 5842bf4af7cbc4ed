"""How many blocks of a class a better plan can run in each interval: counts that cost more than the gap are ruled out.

At the certificate's prices the bound L is a sum of independent best values. A plan that runs k of the n blocks of a
class in interval t is worth at most

    L - (n - k) loss_off_t - k loss_on_t - least over the first job's states and the pieces of (e_t - e_t with k blocks)

for each of the n - k resting blocks loses loss_off_t at least against the best word of its recursion, each running one
loss_on_t, and in any choice of pieces and word of the first job the interval brings e_t with k blocks instead of e_t: these
are different terms of the sum, so the losses add up. Where that is less than the value of a plan at hand, no better plan
runs k blocks there.

Where the commitments outside a window are kept, an interval outside brings what these commitments bring and no more, and
whatever that is short of e_t is lost for every plan of the window: the bound that counts is lower by it, and more falls.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np

from megawatt.dispatch.certificate import Certificate
from megawatt.dispatch.coupled.bound import ROUND_OUT, Split
from megawatt.dispatch.coupled.interval import NEVER, earn
from megawatt.dispatch.coupled.shortfall import busy_jobs, by_first_job, counts_of, words_usd
from megawatt.dispatch.coupled.togo import forced_losses
from megawatt.dispatch.coupled.view import Viewer
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import Floats


class CountRange(NamedTuple):
    """Running blocks of each class between which every better plan stays, shapes (n, C)."""

    least: Floats
    most: Floats


@dataclass(slots=True)
class CountRule:
    """What a certificate rules out beside a plan.

    Attributes:
        split: The prepared problem.
        plan: The plan.
        certificate: The certificate, of this plan or a worse one.
        slack_usd: What a better plan of the whole horizon may lose at most [USD].
        lost_usd: What the plan's commitments lose in each interval for every plan that keeps them, shape (T,) [USD].
    """

    split: Split
    plan: Plan
    certificate: Certificate
    slack_usd: float = field(init=False)
    lost_usd: Floats = field(init=False)

    def __post_init__(self) -> None:
        # the sum whose terms are compared below; the certificate's own bound may have been lowered by other means
        pieces = [list(cut) for cut in self.certificate.pieces]
        bound = Viewer(self.split).view(self.certificate.prices, pieces).usd
        self.slack_usd = bound - self.plan.value_usd + ROUND_OUT * (1 + abs(bound))
        self.lost_usd = _lost_if_kept(self.split, self.plan, self.certificate)

    def counts(self, first: int, end: int) -> CountRange:
        """Counts of better plans in the intervals first .. end - 1.

        All such plans where the intervals are the whole horizon; else those that keep the plan's commitments outside.
        """
        split, prices = self.split, self.certificate.prices
        slack = self.slack_usd - float(self.lost_usd[:first].sum() + self.lost_usd[end:].sum())
        own = counts_of(split.problem, self.plan.schedule)[first:end]
        least, most = own.copy(), own.copy()  # the plan itself stays within, whatever rounding says
        for c, machine in enumerate(split.problem.machines):
            off, on = forced_losses(
                np.ascontiguousarray(prices.running[:, c]), split.ramp[c], machine.start_usd, machine.stop_usd,
                machine.min_up, machine.min_down, machine.initial.on, machine.initial.steps, first, end,
            )  # fmt: skip
            inside = _lost_with(split, self.certificate, c, machine.blocks, first, end)
            for k in range(machine.blocks + 1):
                kept = (machine.blocks - k) * off + k * on + inside[k] <= slack
                least[:, c] = np.where(kept, np.minimum(least[:, c], k), least[:, c])
                most[:, c] = np.where(kept, np.maximum(most[:, c], k), most[:, c])
        return CountRange(least, most)


def _months(split: Split, first: int, end: int) -> list[tuple[int, int, int]]:
    """Months that intervals lie in, with the first of them in each and the one after the last."""
    edges = split.edges
    parts = [(m, max(first, int(edges[m])), min(end, int(edges[m + 1]))) for m in range(len(edges) - 1)]
    return [(m, a, b) for m, a, b in parts if a < b]


def _lost_with(split: Split, certificate: Certificate, c: int, blocks: int, first: int, end: int) -> Floats:
    """What the intervals lose at least when k blocks of class c run, shape (blocks + 1, end - first) [USD]."""
    lost = np.full((blocks + 1, end - first), np.inf)
    counts = split.tables.counts
    for m, a, b in _months(split, first, end):
        here = slice(a - first, b - first)
        for piece in certificate.pieces[m]:
            parts = [
                words_usd(split, certificate.prices, piece, a, b, counts[counts[:, c] == k]) for k in range(blocks + 1)
            ]
            best = by_first_job(np.maximum.reduce(parts))
            for k, words in enumerate(parts):
                lost[k, here] = np.minimum(lost[k, here], _least_difference(best, by_first_job(words)))
    return lost


def _least_difference(best: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> Floats:
    """Least difference over the states of the first job that are possible at best, shape (n,) [USD]."""
    parts = [np.where(one > NEVER / 2, one - two, np.inf) for one, two in zip(best, other, strict=True)]
    return np.maximum(np.minimum(*parts), 0.0)


def _lost_if_kept(split: Split, plan: Plan, certificate: Certificate) -> Floats:
    """What the plan's commitments lose in each interval for every plan that keeps them there, shape (T,) [USD]."""
    problem, prices = split.problem, certificate.prices
    T, J = problem.T, len(problem.batches)
    lost, counts = np.zeros(T), counts_of(problem, plan.schedule)
    work = np.ascontiguousarray(plan.schedule.batch_on.reshape(J, T).T, dtype=np.float64)
    paid = (prices.running * counts).sum(axis=1) + (prices.wage * work).sum(axis=1)
    states = busy_jobs(J)[:, 0] if J else np.zeros(1)
    for m, a, b in _months(split, 0, T):
        least = np.full(b - a, np.inf)
        for piece in certificate.pieces[m]:
            room = split.room(np.full(len(split.edges) - 1, piece.most_mw))
            usd, mining = np.empty(T), np.empty(T)
            earn(split.tables, counts, work, prices.cover, split.cap, room, usd, mining)
            words = words_usd(split, prices, piece, a, b)
            first_on = work[a:b, 0] if J else np.zeros(b - a)
            best = np.where(states[np.newaxis, :] == first_on[:, np.newaxis], words, NEVER).max(axis=1)
            fits = usd[a:b] > NEVER / 2
            least = np.minimum(least, np.where(fits, best - (usd - paid)[a:b], np.inf))
        lost[a:b] = np.where(np.isfinite(least), np.maximum(least, 0.0), 0.0)
    return lost
