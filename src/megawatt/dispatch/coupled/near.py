"""A plan of nearly the same site as a beginning: its words, its peaks and its prices.

A megawatt more of something changes little of a plan and less of its prices. So the plan is tried as it is, with peaks of
its own and a megawatt higher, and the bound begins at its prices. A class that is a multiple of one that was there has
that multiple of its price; a further job is paid the most that the intervals gain by it at these prices, with the first job or
without. Nothing that was excluded stays so, for it was by the value of another site's plan.
"""

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from megawatt.dispatch.certificate import Certificate, Piece, Prices
from megawatt.dispatch.counts import first_in_first_out
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.interval import NEVER
from megawatt.dispatch.coupled.peaks import highest_mw, whole_range
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.coupled.shortfall import counts_of, words_usd
from megawatt.dispatch.coupled.trial import Trial
from megawatt.dispatch.deadline import Deadline
from megawatt.dispatch.ledger import measured_mw
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import Floats

MORE_MW = 1.0
"""How much higher the peaks are tried: a neighbour has a megawatt more of something."""

JUST_MW = 1e-9
"""Room above the peaks of a plan that it is tried with [MW]."""


def begin_near(search: Search, near: Plan) -> Certificate | None:
    """Try a neighbour's plan and return what to begin its bound with; None where the plan has no certificate.

    Args:
        search: Trials of the site.
        near: Plan of a site whose classes and jobs are the first ones of this.
    """
    if near.certificate is None:
        return None
    split, problem = search.split, search.split.problem
    peaks = np.zeros(1)
    if problem.peaks:
        peaks = np.maximum(measured_mw(problem.peaks[0], near.ledger.import_mw), problem.peaks[0].floor_mw) + JUST_MW
    counts = np.rint(counts_of(problem, near.schedule)).astype(np.int64)
    words = [first_in_first_out(counts[:, c], m).astype(np.int8) for c, m in enumerate(problem.machines)]
    work = np.zeros((len(problem.batches), problem.T), dtype=np.int8)
    work[: len(near.schedule.batch_on)] = near.schedule.batch_on
    last, search.deadline = search.deadline, Deadline()  # whatever the time, this much is tried
    for more in (MORE_MW, 0.0):
        tried = np.minimum(peaks + more, highest_mw(split)) if problem.peaks else peaks
        trial = Trial.empty(split, tried, work)
        if all(trial.place_job(j) for j in range(len(near.schedule.batch_on), len(work))):
            search.follow(tried, words, trial.work)
        if not problem.peaks or last.over:
            break
    if search.value_usd < near.value_usd:  # it hardly fits here
        search.begin()
    search.deadline = last
    same_hours = len(near.certificate.cuts) == len(split.awards.first) - 1
    cuts = near.certificate.cuts if same_hours and any(map(len, near.certificate.cuts)) else ()
    cap = split.cap[split.awards.first[:-1]]
    return Certificate(
        _prices(split, near, near.certificate.prices, peaks),
        tuple(map(tuple, _pieces(split, near.certificate))),
        (),
        tuple(inner[inner < most] for inner, most in zip(cuts, cap, strict=True)) if cuts else (),
        np.inf,
        0,
    )


def _prices(split: Split, near: Plan, known: Prices, peaks_mw: Floats) -> Prices:
    """The neighbour's prices, with those of further classes and jobs."""
    problem, classes, jobs = split.problem, known.running.shape[1], known.wage.shape[1]
    running, wage = np.zeros((problem.T, len(problem.machines))), np.zeros((problem.T, len(problem.batches)))
    running[:, :classes], wage[:, :jobs] = known.running, known.wage
    base = split.tables.base_mw
    for c in range(classes, running.shape[1]):
        scales = base[:, c].sum() / np.maximum(base[:, :classes].sum(axis=0), JUST_MW)
        like = [
            k
            for k in range(classes)
            if np.allclose(scales[k] * split.tables.base_usd[:, k], split.tables.base_usd[:, c])
        ]
        running[:, c] = scales[like[0]] * known.running[:, like[0]] if like else split.tables.base_usd[:, c]
    prices = Prices(running, known.cover, wage)
    for j in range(max(jobs, 1), wage.shape[1]):
        wage[:, j] = _wage(split, prices, near.schedule.batch_on, j, peaks_mw)
    return prices


def _wage(split: Split, prices: Prices, work: NDArray[np.int8], j: int, peaks_mw: Floats) -> Floats:
    """Most that the intervals gain by a further job at prices, with the first job or without, shape (T,) [USD].

    Of the other jobs those run that run in the plan. Were it what they gain beside the first job as it is in the plan, the
    bound would move that job away from where the two hardly fit together.
    """
    T = split.problem.T
    word = np.zeros(T, dtype=np.int64)
    for k, on in enumerate(work):
        word += (on > 0).astype(np.int64) << k
    more = np.full(T, NEVER)
    for (a, b), peak in zip(pairwise(split.edges), peaks_mw, strict=True):
        value = words_usd(split, prices, Piece(0.0, float(peak) if split.problem.peaks else np.inf, 0.0), a, b)
        at = np.arange(b - a)
        for here in (word[a:b] & ~1, word[a:b] | 1):
            beside, alone = value[at, here | 1 << j], value[at, here]
            fits = (beside > NEVER / 2) & (alone > NEVER / 2)
            more[a:b] = np.where(fits, np.maximum(more[a:b], beside - alone), more[a:b])
    return np.where(more > NEVER / 2, more, more[more > NEVER / 2].min(initial=0.0))


def _pieces(split: Split, certificate: Certificate) -> list[list[Piece]]:
    """All peaks of every month, parted where the neighbour's certificate parts them."""
    if not split.problem.peaks:
        return [[Piece(0.0, np.inf, 0.0)]]
    charge, found = split.problem.peaks[0], []
    for m, whole in enumerate(whole_range(split)):
        known = [*certificate.pieces[m], *(p for one in certificate.exclusions if one.month == m for p in one.pieces)]
        top = whole[0].most_mw
        inside = {mw for piece in known for mw in (piece.least_mw, piece.most_mw) if 0.0 < mw < top}
        points = sorted({0.0, whole[0].least_mw, top} | inside)
        price, floor = float(charge.usd_per_mw_month[m]), float(charge.floor_mw[m])
        parted = [Piece(low, high, price * max(low, floor)) for low, high in pairwise(points)][::-1]
        found.append(parted or whole)  # nothing is parted where nothing is measured
    return found
