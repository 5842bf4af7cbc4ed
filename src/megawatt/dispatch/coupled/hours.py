"""Award hours: how much reserve to sell, and what the machines draw then, for given commitments. Compiled.

Within an hour every interval's mining must cover the award, so the intervals are tied by one number, the cover. What
the intervals earn is concave and piecewise linear in it, with corners where a segment is full or where one gives way to
another; what an award earns has corners at the programmes' sizes. The optimum lies at a corner, and all are tried.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.dispatch.coupled.interval import FITS_MW, NEVER, fill
from megawatt.dispatch.coupled.tables import Tables
from megawatt.dispatch.problem import Problem

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

AMPLE_MW = 1e9
"""Cover under which every award is as large as it may be [MW]."""


class Awards(NamedTuple):
    """Reserve programmes as arrays.

    Attributes:
        first: First interval of each award hour and the end, shape (H + 1,).
        worth_usd: What a MW awarded brings in each hour, shape (H, R) [USD/MW].
        most_mw: Largest award, shape (R,) [MW].
        least_mw: Least award that is accepted, shape (R,) [MW].
        share: Share of the running mining load that may be offered, shape (R,).
        together: Whether a set of programmes, as a bit word, may be sold in one hour, shape (2**R,).
    """

    first: Ints
    worth_usd: Floats
    most_mw: Floats
    least_mw: Floats
    share: Floats
    together: NDArray[np.bool_]


def awards_of(problem: Problem) -> Awards:
    """The programmes of a problem; without any, every interval is an hour of its own."""
    reserves, R = problem.reserves, len(problem.reserves)
    hour = problem.award_hour if R else np.arange(problem.T)
    hours = int(hour[-1]) + 1
    length = problem.grid.hours * np.bincount(hour, minlength=hours)
    worth = np.array([(r.price_usd_per_mw_h + r.call_usd_per_mw_h) * length for r in reserves]).reshape(R, hours)
    number = {r.name: k for k, r in enumerate(reserves)}
    bad = [1 << k | 1 << number[o] for k, r in enumerate(reserves) for o in r.excludes if o in number]
    together = np.array([all(word & pair != pair for pair in bad) for word in range(1 << R)])
    return Awards(
        np.concatenate((np.searchsorted(hour, np.arange(hours)), [problem.T])).astype(np.int64),
        np.ascontiguousarray(worth.T),
        np.array([r.max_mw for r in reserves], dtype=np.float64),
        np.array([r.min_mw for r in reserves], dtype=np.float64),
        np.array([r.share_fraction for r in reserves], dtype=np.float64),
        together,
    )


@njit(cache=True)
def best_award(worth: Floats, awards: Awards, cover: float, sold: Floats) -> float:
    """Best awards that a cover allows, written to ``sold``, shape (R,) [MW], and what they bring [USD]."""
    R = worth.shape[0]
    best = 0.0
    if R == 0:
        return best
    most_mw, least_mw, share, together = awards.most_mw, awards.least_mw, awards.share, awards.together
    trial = np.zeros(R)
    for r in range(R):  # an array set whole compiles the words of an error, a second or two
        sold[r] = 0.0
    for word in range(1, together.shape[0]):
        if not together[word]:
            continue
        left, value, possible = cover, 0.0, True
        for r in range(R):
            trial[r] = 0.0
            if word >> r & 1:
                trial[r] = least_mw[r]
                left -= trial[r]
                value += worth[r] * trial[r]
                possible = possible and trial[r] <= min(most_mw[r], share[r] * cover) + FITS_MW
        if not possible or left < -FITS_MW:
            continue
        done = 0
        while True:  # the programmes of the set by falling worth
            k = -1
            for r in range(R):
                if word >> r & 1 and not done >> r & 1 and worth[r] > 0.0 and (k < 0 or worth[r] > worth[k]):
                    k = r
            if k < 0:
                break
            done |= 1 << k
            more = max(min(min(most_mw[k], share[k] * cover) - trial[k], left), 0.0)
            trial[k] += more
            left -= more
            value += worth[k] * more
        if value > best:
            best = value
            for r in range(R):
                sold[r] = trial[r]
    return best


@njit(cache=True)
def best_awards(awards: Awards, hour: Ints, mw: Floats) -> tuple[Floats, Floats]:
    """What the best awards of some hours under some covers bring, shape (n,) [USD], and these awards, shape (n, R) [MW]."""
    usd, sold = np.zeros(len(mw)), np.zeros((len(mw), awards.share.shape[0]))
    for k in range(len(mw)):
        usd[k] = best_award(awards.worth_usd[hour[k]], awards, mw[k], sold[k])
    return usd, sold


def hour_caps(awards: Awards) -> tuple[Floats, Floats]:
    """Cover that the best awards of each hour need, by interval, shape (T,) [MW], and what they bring, shape (H,) [USD]."""
    H = len(awards.worth_usd)
    most, sold = best_awards(awards, np.arange(H), np.full(H, AMPLE_MW))
    needed = np.divide(sold, awards.share, out=np.zeros_like(sold), where=sold > 0.0).max(axis=1, initial=0.0)
    return np.repeat(np.maximum(needed, sold.sum(axis=1)), np.diff(awards.first)), most


def cover_pay(awards: Awards) -> tuple[Floats, Floats]:
    """What a MW of mining earns as cover if all intervals of an hour do alike, and up to which power, shapes (T,)."""
    cap, most = hour_caps(awards)
    length = np.diff(awards.first)
    all_mw = cap[awards.first[:-1]] * length
    price = np.divide(most, all_mw, out=np.zeros_like(most), where=all_mw > 0.0)
    return np.repeat(price, length), cap


@njit(cache=True)
def earn_hours(
    tab: Tables, awards: Awards, bends: Floats, counts: Floats, work: Floats, room: Floats, x: Floats, sold: Floats,
    usd: Floats,
) -> float:  # fmt: skip
    """What given commitments earn with the best awards, in all [USD]; NEVER when one does not fit.

    Args:
        tab: Tables of the problem.
        awards: Its reserve programmes.
        bends: Covers at which what awards bring may bend or jump, shape (K,) [MW].
        counts: Running blocks, shape (T, C).
        work: Running jobs, shape (T, J).
        room: Import limit less firm load, shape (T,) [MW].
        x: Written: power of each segment, shape (T, S) [MW].
        sold: Written: awards, shape (H, R) [MW].
        usd: Written: what each hour earns, shape (H,) [USD].
    """
    base_mw, base_usd, owner, width_mw, slope_usd = tab.base_mw, tab.base_usd, tab.owner, tab.width_mw, tab.slope_usd
    work_mw, work_usd, block_mw, unused_usd = tab.work_mw, tab.work_usd, tab.block_mw, tab.unused_usd
    first, worth_usd, most_mw, share = awards.first, awards.worth_usd, awards.most_mw, awards.share
    C, J, S, R = base_mw.shape[1], work_mw.shape[1], owner.shape[0], share.shape[0]
    H = first.shape[0] - 1
    longest = 1
    for hour in range(H):
        longest = max(longest, first[hour + 1] - first[hour])
    order, slope = np.zeros((longest, S), dtype=np.int64), np.zeros((longest, S))
    width, forced, full = np.zeros(S), np.zeros(S), np.zeros((longest, S))
    base, mining, worth = np.zeros(longest), np.zeros(longest), np.zeros(longest)
    corner = np.zeros(longest * (3 * S + 3) + len(bends) + 4)
    trial = np.zeros(max(R, 1))[:R]
    total = 0.0
    for hour in range(H):
        a, b = first[hour], first[hour + 1]
        free, most, plain = 1e300, 1e300, 0.0
        for t in range(a, b):
            i = t - a
            mining[i], worth[i], busy = 0.0, 0.0, 0.0
            for j in range(J):
                busy += work[t, j] * work_mw[t, j]
                worth[i] += work[t, j] * work_usd[t, j]
            for c in range(C):
                mining[i] += counts[t, c] * base_mw[t, c]
                worth[i] += counts[t, c] * base_usd[t, c]
            base[i] = busy + mining[i]
            if base[i] > room[t] + FITS_MW:
                return NEVER
            at, steep, wide = order[i], slope[i], full[i]  # each row taken again would be compiled again
            for k in range(S):
                at[k] = tab.order[t, k]
                steep[k] = slope_usd[t, at[k]]
            drawn, could = mining[i], 0.0
            for k in range(S):
                s = at[k]
                c = owner[s]
                wide[k] = width_mw[t, s] * (counts[t, c] if c >= 0 else 1.0)
                width[k] = wide[k]
                could += wide[k] if c >= 0 else 0.0
            plain += worth[i] + fill(steep, width, room[t] - base[i], max(block_mw[t] - base[i], 0.0), unused_usd[t])
            for k in range(S):
                x[t, at[k]] = width[k]
                drawn += width[k] if owner[at[k]] >= 0 else 0.0
            free = min(free, drawn)
            most = min(most, mining[i] + min(could, room[t] - base[i]))
        best = plain
        if R > 0:
            best += best_award(worth_usd[hour], awards, free, sold[hour])
            asked = 0.0  # no award needs more cover than this
            for r in range(R):
                if worth_usd[hour, r] > 0.0:
                    asked += most_mw[r] / max(share[r], 1e-9)
            if asked > free + FITS_MW and most > free + FITS_MW:
                n = 0
                corner[n] = most
                n += 1
                for k in range(len(bends)):
                    corner[n] = bends[k]
                    n += 1
                for t in range(a, b):
                    i = t - a
                    filled, elastic, beside = mining[i], 0.0, base[i] - mining[i]
                    for k in range(S):
                        if owner[order[i, k]] >= 0:
                            filled += full[i, k]
                            corner[n] = filled
                        else:
                            elastic += full[i, k]
                            corner[n] = room[t] - beside - elastic
                        n += 1
                    corner[n] = room[t] - beside
                    n += 1
                    if unused_usd[t] != 0.0:  # where the fixed-price block is used up, with elastic segments or without
                        corner[n] = block_mw[t] - beside
                        n += 1
                        for k in range(S):
                            if owner[order[i, k]] < 0:
                                corner[n] = corner[n - 1] - full[i, k]
                                n += 1
                chosen = free
                for q in range(n + 1):  # at last the best of them once more, for its powers
                    cover = chosen if q == n else min(corner[q], most)
                    if cover <= free + FITS_MW:
                        continue
                    value = best_award(worth_usd[hour], awards, cover, trial)
                    for t in range(a, b):
                        i = t - a
                        value += worth[i] + _covered(
                            slope[i], full[i], owner, order[i], width, forced, cover - mining[i],
                            room[t] - base[i], block_mw[t] - base[i], unused_usd[t],
                        )  # fmt: skip
                        if q == n:
                            for k in range(S):
                                x[t, order[i, k]] = width[k]
                    if value > best:
                        best, chosen = value, cover
                        for r in range(R):
                            sold[hour, r] = trial[r]
        usd[hour] = best
        total += best
    return total


@njit(cache=True)
def _covered(
    slope: Floats,
    full: Floats,
    owner: Ints,
    order: Ints,
    width: Floats,
    forced: Floats,
    must: float,
    left: float,
    below: float,
    u: float,
) -> float:
    """Earnings of segments of which mining ones fill ``must`` MW at least; their powers go to ``width``."""
    S = slope.shape[0]
    held = max(below, 0.0)
    value = 0.0
    for k in range(S):
        forced[k] = 0.0
        if owner[order[k]] >= 0 and must > 0.0:
            forced[k] = min(full[k], must, left)
            part = min(forced[k], held)
            value += slope[k] * forced[k]
            held -= part
            must -= forced[k]
            left -= forced[k]
    for k in range(S):
        width[k] = full[k] - forced[k]
    # the fixed-price block's loss is counted by fill, from what the forced power leaves of it
    value += fill(slope, width, left, held, u)
    for k in range(S):
        width[k] += forced[k]
    return value
