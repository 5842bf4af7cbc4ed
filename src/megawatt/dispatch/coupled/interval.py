"""One interval: what a commitment earns at best, and which commitment is best at given prices. Compiled.

For counts N and running jobs y the continuous rest is a merit order. With b the power of the commitment, room R, and a
fixed-price block of Q with loss u per MW not drawn (all less firm load),

    earn(N, y) = max_x  sum_s slope_s x_s - u max(Q - b - sum x, 0)   over  0 <= x_s <= width_s, sum x <= R - b

is solved by filling segments in order of falling slope: exact for u >= 0, where the marginal cost of power rises; for
u < 0 (resale forbidden at a negative price) the cost has one downward kink, and the better of stopping before it and
filling beyond it is the optimum. Where reserve must be covered, ``must`` MW of mining segments are filled first.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.dispatch.coupled.tables import Tables

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEVER = -1e300
"""Worth of a commitment that does not fit; finite so that sums of it stay ordered."""

FITS_MW = 1e-9
"""Power by which a commitment may pass its room through rounding [MW]."""


@njit(cache=True)
def merit_order(slope_usd: Floats, owner: Ints, cover: float, order: Ints, slope: Floats) -> None:
    """Write the segments in order of falling slope, and the slopes so ordered; mining segments earn ``cover`` on top."""
    for s in range(owner.shape[0]):
        here = slope_usd[s] + (cover if owner[s] >= 0 else 0.0)
        k = s
        while k > 0 and slope[k - 1] < here:
            order[k], slope[k] = order[k - 1], slope[k - 1]
            k -= 1
        order[k], slope[k] = s, here


@njit(cache=True)
def fill(slope: Floats, width: Floats, left: float, below: float, u: float) -> float:
    """What segments in merit order earn at best, with the block's unused energy [USD].

    Args:
        slope: What a MW of each segment earns, falling, shape (S,) [USD/MW].
        width: Width of each segment, shape (S,), overwritten with the power it gets [MW].
        left: Power that may still be drawn [MW].
        below: Power until the fixed-price block is used up [MW].
        u: Loss per MW of it that stays unused [USD/MW].
    """
    S = slope.shape[0]
    value = -u * below
    k = 0
    while k < S:
        edge = slope[k] + u if below > 0.0 else slope[k]
        if edge <= 0.0 and slope[k] <= 0.0:
            break
        want = min(width[k], left)
        part = min(want, below)
        if part > 0.0 and edge <= 0.0:
            break  # u < 0: to go on would first cost more than it brings
        value += slope[k] * want + u * part
        if slope[k] <= 0.0:
            value -= slope[k] * (want - part)
            want = part
        below -= part
        left -= want
        width[k] = want
        k += 1
    if k < S and slope[k] > 0.0:
        beyond, rest, held = 0.0, left, below
        for i in range(k, S):
            if slope[i] <= 0.0:
                break
            want = min(width[i], rest)
            part = min(want, held)
            beyond += slope[i] * want + u * part
            held -= part
            rest -= want
        if beyond > 0.0:
            value += beyond
            while k < S and slope[k] > 0.0:
                width[k] = min(width[k], left)
                left -= width[k]
                k += 1
    for i in range(k, S):
        width[i] = 0.0
    return value


@njit(cache=True)
def best_commitments(
    tab: Tables, first: int, end: int, again: bool, price: Floats, cover: Floats, wage: Floats, room: Floats,
    value: Floats, pick: Ints, draw: Floats, load: Floats,
) -> None:  # fmt: skip
    """Best commitment of every interval at given prices, without and with the first job.

    Args:
        tab: Tables of the problem; ``tab.counts`` holds all combinations of counts.
        first: First interval to look at.
        end: Interval after the last.
        again: Whether the results stand for a larger room already: what fits the new one remains the best.
        price: Price of a running block, shape (T, C) [USD].
        cover: Price paid for a MW of mining, shape (T,) [USD/MW].
        wage: Price of a running job, shape (T, J); the first job's is not used [USD].
        room: Import limit less firm load, shape (T,) [MW].
        value: Written: best value without and with the first job, shape (T, 2) [USD].
        pick: Written: row of ``tab.counts`` and word of running jobs of the best, shape (T, 2, 2).
        draw: Written: mining power of the best, shape (T, 2) [MW].
        load: Written: power of the best above firm load, shape (T, 2) [MW].
    """
    base_mw, base_usd, owner, width_mw, slope_usd = tab.base_mw, tab.base_usd, tab.owner, tab.width_mw, tab.slope_usd
    work_mw, work_usd, block_mw, unused_usd, combo = tab.work_mw, tab.work_usd, tab.block_mw, tab.unused_usd, tab.counts
    C = base_mw.shape[1]
    J, S, K = work_mw.shape[1], owner.shape[0], combo.shape[0]
    order, slope, width, per = np.zeros(S, dtype=np.int64), np.zeros(S), np.zeros(S), np.zeros(S)
    net, mw = np.zeros(C), np.zeros(C)
    own = np.zeros(S, dtype=np.int64)
    for t in range(first, end):
        if again and max(load[t, 0], load[t, 1]) <= room[t]:
            continue
        merit_order(slope_usd[t], owner, cover[t], order, slope)
        u = unused_usd[t]
        useful = 0  # segments that can earn anything
        for k in range(S):
            own[k] = owner[order[k]]
            per[k] = width_mw[t, order[k]]
            if slope[k] > 0.0 or slope[k] + u > 0.0:
                useful = k + 1
        for c in range(C):
            mw[c] = base_mw[t, c]
            net[c] = base_usd[t, c] - price[t, c] + cover[t] * base_mw[t, c]
        value[t, 0], value[t, 1], load[t, 0], load[t, 1] = NEVER, NEVER, 0.0, 0.0
        for word in range(1 << J):
            busy_mw, busy_usd, possible = 0.0, 0.0, True
            for j in range(J):
                if word >> j & 1:
                    busy_mw += work_mw[t, j]
                    busy_usd += work_usd[t, j] - (wage[t, j] if j > 0 else 0.0)
                    possible = possible and work_mw[t, j] > 0.0
            y = word & 1
            if not possible:
                continue
            best, which = value[t, y], -1
            for k in range(K):
                base, worth = busy_mw, busy_usd
                for c in range(C):
                    n = combo[k, c]
                    base += n * mw[c]
                    worth += n * net[c]
                if base > room[t] + FITS_MW:
                    continue
                left = room[t] - base
                if u == 0.0:
                    for i in range(useful):
                        w = per[i] * combo[k, own[i]] if own[i] >= 0 else per[i]
                        w = min(w, left)
                        worth += slope[i] * w
                        left -= w
                else:
                    for i in range(useful):
                        width[i] = per[i] * combo[k, own[i]] if own[i] >= 0 else per[i]
                    worth += fill(slope[:useful], width[:useful], left, max(block_mw[t] - base, 0.0), u)
                if worth > best:
                    best, which = worth, k
            if which >= 0:
                value[t, y] = best
                pick[t, y, 0], pick[t, y, 1] = which, word
        for y in range(2):
            if value[t, y] > NEVER / 2:
                k, word = pick[t, y, 0], pick[t, y, 1]
                base, mining = 0.0, 0.0
                for j in range(J):
                    base += work_mw[t, j] * (word >> j & 1)
                for c in range(C):
                    mining += combo[k, c] * mw[c]
                base += mining
                for i in range(S):
                    width[i] = per[i] * combo[k, own[i]] if own[i] >= 0 else per[i]
                fill(slope, width, room[t] - base, max(block_mw[t] - base, 0.0), u)
                for i in range(S):
                    base += width[i]
                    if own[i] >= 0:
                        mining += width[i]
                load[t, y] = base
                draw[t, y] = mining


@njit(cache=True)
def earn(
    tab: Tables, counts: Floats, work: Floats, cover: Floats, cap: Floats, room: Floats, usd: Floats, mining: Floats
) -> None:
    """What given commitments earn in every interval when cover pays a price up to a cap.

    Args:
        tab: Tables of the problem.
        counts: Running blocks, shape (T, C).
        work: Running jobs, shape (T, J).
        cover: Price paid for a MW of mining, shape (T,) [USD/MW].
        cap: Mining beyond which it is not paid, shape (T,) [MW].
        room: Import limit less firm load, shape (T,) [MW].
        usd: Written: earnings with what cover pays, shape (T,) [USD]; NEVER where the commitment does not fit.
        mining: Written: mining power, shape (T,) [MW].
    """
    base_mw, base_usd, owner, width_mw, slope_usd = tab.base_mw, tab.base_usd, tab.owner, tab.width_mw, tab.slope_usd
    work_mw, work_usd, block_mw, unused_usd = tab.work_mw, tab.work_usd, tab.block_mw, tab.unused_usd
    T, C = base_mw.shape
    J, S = work_mw.shape[1], owner.shape[0]
    width = np.zeros(S)
    for t in range(T):
        base, worth, mw = 0.0, 0.0, 0.0
        for j in range(J):
            base += work[t, j] * work_mw[t, j]
            worth += work[t, j] * work_usd[t, j]
        for c in range(C):
            mw += counts[t, c] * base_mw[t, c]
            worth += counts[t, c] * base_usd[t, c]
        base += mw
        mining[t] = mw
        left = room[t] - base
        if left < -FITS_MW:
            usd[t] = NEVER
            continue
        worth += cover[t] * min(mw, cap[t])
        for s in range(S):
            width[s] = width_mw[t, s] * (counts[t, owner[s]] if owner[s] >= 0 else 1.0)
        below, u = max(block_mw[t] - base, 0.0), unused_usd[t]
        worth -= u * below
        while left > 0.0:
            best, rise, most = -1, 0.0, 0.0
            for s in range(S):
                if width[s] <= 0.0:
                    continue
                here, amount = slope_usd[t, s], width[s]
                if owner[s] >= 0 and mining[t] < cap[t]:
                    here += cover[t]
                    amount = min(amount, cap[t] - mining[t])
                if below > 0.0:
                    here += u
                    amount = min(amount, below)
                if here > rise:
                    best, rise, most = s, here, amount
            if best < 0:
                break
            most = min(most, left)
            worth += rise * most
            width[best] -= most
            left -= most
            below = max(below - most, 0.0)
            if owner[best] >= 0:
                mining[t] += most
        usd[t] = worth
