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

from typing import NamedTuple

import numpy as np

from megawatt.dispatch.certificate import Certificate
from megawatt.dispatch.coupled.ascent import Viewer
from megawatt.dispatch.coupled.bound import ROUND_OUT, Split
from megawatt.dispatch.coupled.hours import hour_caps
from megawatt.dispatch.coupled.interval import NEVER, earn
from megawatt.dispatch.coupled.shortfall import busy_jobs, by_first_job, counts_of, words_usd
from megawatt.dispatch.coupled.togo import forced_losses
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import Floats


class CountRange(NamedTuple):
    """Running blocks of each class between which every better plan stays, shapes (n, C)."""

    least: Floats
    most: Floats


def count_range(split: Split, plan: Plan, certificate: Certificate, first: int, end: int) -> CountRange:
    """Counts of better plans in the intervals first .. end - 1.

    All such plans where the intervals are the whole horizon; else those that keep the plan's commitments outside.
    """
    # the sum whose terms are compared below; the certificate's own bound may have been lowered by other means
    bound = Viewer(split).view(certificate.prices, [list(cut) for cut in certificate.pieces]).usd
    slack = bound - plan.value_usd - float(_lost_outside(split, plan, certificate, first, end).sum())
    slack += ROUND_OUT * (1 + abs(bound))
    own = counts_of(split.problem, plan.schedule)[first:end]
    least, most = own.copy(), own.copy()  # the plan itself stays within, whatever rounding says
    for c, machine in enumerate(split.problem.machines):
        off, on = forced_losses(
            np.ascontiguousarray(certificate.prices.running[:, c]), split.ramp[c], machine.start_usd, machine.stop_usd,
            machine.min_up, machine.min_down, machine.initial.on, machine.initial.steps, first, end,
        )  # fmt: skip
        for k in range(machine.blocks + 1):
            lost = (machine.blocks - k) * off + k * on + _lost_with(split, certificate, c, k, first, end)
            least[:, c] = np.where(lost <= slack, np.minimum(least[:, c], k), least[:, c])
            most[:, c] = np.where(lost <= slack, np.maximum(most[:, c], k), most[:, c])
    return CountRange(least, most)


def _months(split: Split, first: int, end: int) -> list[tuple[int, int, int]]:
    """Months that intervals lie in, with the first of them in each and the one after the last."""
    edges = split.edges
    parts = [(m, max(first, int(edges[m])), min(end, int(edges[m + 1]))) for m in range(len(edges) - 1)]
    return [(m, a, b) for m, a, b in parts if a < b]


def _lost_with(split: Split, certificate: Certificate, c: int, k: int, first: int, end: int) -> Floats:
    """What the intervals lose at least when k blocks of class c run, shape (end - first,) [USD]."""
    some = split.tables.counts[split.tables.counts[:, c] == k]
    lost = np.full(end - first, np.inf)
    for m, a, b in _months(split, first, end):
        for piece in certificate.pieces[m]:
            best = by_first_job(words_usd(split, certificate.prices, piece, a, b))
            with_k = by_first_job(words_usd(split, certificate.prices, piece, a, b, some))
            lost[a - first : b - first] = np.minimum(lost[a - first : b - first], _least_difference(best, with_k))
    return lost


def _least_difference(best: tuple[Floats, Floats], other: tuple[Floats, Floats]) -> Floats:
    """Least difference over the states of the first job that are possible at best, shape (n,) [USD]."""
    parts = [np.where(one > NEVER / 2, one - two, np.inf) for one, two in zip(best, other, strict=True)]
    return np.maximum(np.minimum(*parts), 0.0)


def _lost_outside(split: Split, plan: Plan, certificate: Certificate, first: int, end: int) -> Floats:
    """What the plan's commitments outside lose for every plan that keeps them, shape (T,), 0 inside [USD]."""
    problem, prices = split.problem, certificate.prices
    T, J = problem.T, len(problem.batches)
    lost, counts = np.zeros(T), counts_of(problem, plan.schedule)
    if first == 0 and end == T:
        return lost
    work = np.ascontiguousarray(plan.schedule.batch_on.reshape(J, T).T, dtype=np.float64)
    paid = (prices.running * counts).sum(axis=1) + (prices.wage * work).sum(axis=1)
    states = busy_jobs(J)[:, 0] if J else np.zeros(1)
    for m, a, b in _months(split, 0, T):
        least = np.full(b - a, np.inf)
        for piece in certificate.pieces[m]:
            room = split.room(np.full(len(split.edges) - 1, piece.most_mw))
            usd, mining = np.empty(T), np.empty(T)
            earn(split.tables, counts, work, prices.cover, hour_caps(split.awards, T)[0], room, usd, mining)
            words = words_usd(split, prices, piece, a, b)
            first_on = work[a:b, 0] if J else np.zeros(b - a)
            best = np.where(states[np.newaxis, :] == first_on[:, np.newaxis], words, NEVER).max(axis=1)
            fits = usd[a:b] > NEVER / 2
            least = np.minimum(least, np.where(fits, best - (usd - paid)[a:b], np.inf))
        lost[a:b] = np.where(np.isfinite(least), np.maximum(least, 0.0), 0.0)
    lost[first:end] = 0.0
    return lost
