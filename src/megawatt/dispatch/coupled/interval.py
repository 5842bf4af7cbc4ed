"""One interval: what a commitment earns at best, and which commitment is best at given prices. Compiled.

For counts N and running jobs y the continuous rest is a merit order. With b the power of the commitment, room R, and a
fixed-price block of Q with loss u per MW not drawn (all less firm load),

    earn(N, y) = max_x  sum_s slope_s x_s - u max(Q - b - sum x, 0)   over  0 <= x_s <= width_s, sum x <= R - b

is solved by filling segments in order of falling slope: exact for u >= 0, where the marginal cost of power rises; for
u < 0 (resale forbidden at a negative price) the cost has one downward kink, and the better of stopping before it and
filling beyond it is the optimum. Where reserve must be covered, ``must`` MW of mining segments are filled first.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.dispatch.coupled.counts_bound import first_counts, least_limit
from megawatt.dispatch.coupled.tables import Tables

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NEVER = -1e300
"""Worth of a commitment that does not fit; finite so that sums of it stay ordered."""

FEW = 8
"""Combinations of counts up to which all are looked at."""

FITS_MW = 1e-9
"""Power by which a commitment may pass its room through rounding [MW]."""


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
def fill_covered(
    slope: Floats, width: Floats, owner: Ints, left: float, below: float, u: float, mining: float, cover: float,
    must: float, cap: float,
) -> tuple[float, float, float]:  # fmt: skip
    """What segments earn when mining is paid ``cover`` per MW up to ``cap``; at most, where ``u`` is negative.

    Mining comes first until it reaches ``must``, whatever it earns: the caller looks whether it did.

    Args:
        slope: What a MW of each segment earns, in any order, shape (S,) [USD/MW].
        width: Width of each segment, shape (S,), overwritten [MW].
        owner: Machine class of each segment, or ELASTIC, shape (S,).
        left: Power that may still be drawn [MW].
        below: Power until the fixed-price block is used up [MW].
        u: Loss per MW of it that stays unused [USD/MW].
        mining: Mining power of the commitment [MW].
        cover: Price of cover [USD/MW].
        must: Mining that has to be reached [MW].
        cap: Mining beyond which it is not paid [MW].

    Returns:
        Earnings [USD], mining power and power in all that the segments draw [MW].
    """
    value = cover * min(mining, cap) - u * below
    drawn = 0.0
    edge = max(u, 0.0)  # without the downward kink: never less than what can be earned
    while left > 0.0:
        forced = mining < must - FITS_MW
        best, rise, most = -1, NEVER if forced else 0.0, 0.0
        for s in range(slope.shape[0]):
            if width[s] <= 0.0 or (forced and owner[s] < 0):
                continue
            here, amount = slope[s], width[s]
            if owner[s] >= 0 and mining < cap:
                here += cover
                amount = min(amount, cap - mining)
            if forced:
                amount = min(amount, must - mining)
            if below > 0.0:
                here += edge
                amount = min(amount, below)
            if here > rise:
                best, rise, most = s, here, amount
        if best < 0:
            break
        most = min(most, left)
        value += rise * most
        width[best] -= most
        left -= most
        drawn += most
        below = max(below - most, 0.0)
        if owner[best] >= 0:
            mining += most
    return value, mining, drawn


@njit(cache=True, inline="always")
def fill_sorted(
    slope: Floats, width: Floats, owner: Ints, left: float, mining: float, cover: float, must: float, cap: float
) -> tuple[float, float, float]:
    """The same as `fill_covered` in one pass: segments in merit order, and either all are mining ones or nothing is covered."""
    value, drawn = cover * min(mining, cap), 0.0
    for s in range(slope.shape[0]):
        w = min(width[s], left)
        paid = min(w, max(must - mining, 0.0))
        if slope[s] + cover > 0.0:
            paid = max(paid, min(w, cap - mining))
        w = w if slope[s] > 0.0 else paid
        value += slope[s] * w + cover * paid
        left -= w
        drawn += w
        mining += w if owner[s] >= 0 else 0.0
    return value, mining, drawn


class Commitments(NamedTuple):
    """Best counts of rows, an interval under a cover each, for every word of running jobs.

    Attributes:
        value: What they bring, NEVER where none fit, shape (rows, 2**J) [USD].
        pick: Their row of ``Tables.counts``, shape (rows, 2**J).
        draw: Their mining power, shape (rows, 2**J) [MW].
        load: Their power above firm load, shape (rows, 2**J) [MW].
    """

    value: Floats
    pick: Ints
    draw: Floats
    load: Floats

    @classmethod
    def none(cls, rows: int, jobs: int) -> "Commitments":
        """Rows with nothing in them."""
        shape = rows, 1 << jobs
        return cls(np.full(shape, NEVER), np.zeros(shape, dtype=np.int64), np.zeros(shape), np.zeros(shape))

    def copy(self) -> "Commitments":
        """The same in arrays of their own."""
        return Commitments(self.value.copy(), self.pick.copy(), self.draw.copy(), self.load.copy())


@njit(cache=True)
def best_commitments(
    tab: Tables, at: Ints, price: Floats, cover: Floats, least: Floats, cap: Floats, room: Floats, out: Commitments,
    above: Commitments, stale: NDArray[np.bool_],
) -> None:  # fmt: skip
    """Best counts of rows at given prices, for every word of running jobs; a row is an interval under a cover.

    Args:
        tab: Tables of the problem; ``tab.counts`` holds all combinations of counts between its first and its last row.
        at: Interval of each row, shape (rows,).
        price: Price of a running block, shape (T, C) [USD].
        cover: Price of a MW of cover, shape (T,) [USD/MW].
        least: Mining that must be kept, shape (rows,) [MW].
        cap: Mining beyond which cover is not paid, shape (rows,) [MW].
        room: Import limit less firm load, shape (rows,) [MW].
        out: Written.
        above: The same in more room, of no rows if not known: what is best there and fits this one remains the best.
        stale: Whether to look at each row, shape (rows,), or no rows: then all.
    """
    value, pick, draw, load = out.value, out.pick, out.draw, out.load
    base_mw, base_usd, owner, width_mw, slope_usd = tab.base_mw, tab.base_usd, tab.owner, tab.width_mw, tab.slope_usd
    work_mw, work_usd, block_mw, unused_usd, combo = tab.work_mw, tab.work_usd, tab.block_mw, tab.unused_usd, tab.counts
    C = base_mw.shape[1]
    J, S, K = work_mw.shape[1], owner.shape[0], combo.shape[0]
    mined = True  # a minimum over the array would be compiled apart
    for s in range(S):
        mined = mined and owner[s] >= 0
    slope, width, per, own = np.zeros(S), np.zeros(S), np.zeros(S), np.zeros(S, dtype=np.int64)
    net, mw, rate, even = np.zeros(C), np.zeros(C), np.zeros(C), np.zeros(C)
    trial, drawn_mw, event, events_mw = np.zeros(C), np.zeros(C), np.zeros(C + S), np.zeros(C + S)
    n, gone, ahead = np.zeros(C), np.zeros(C, dtype=np.int64), np.zeros(C + 1)
    most, low, high = tab.most, combo[0], combo[K - 1]
    for r in range(at.shape[0]):
        if stale.shape[0] > 0 and not stale[r]:
            continue
        if above.load.shape[0] > 0:
            fits = True
            for word in range(1 << J):
                fits = fits and above.load[r, word] <= room[r]
                value[r, word], pick[r, word] = above.value[r, word], above.pick[r, word]
                draw[r, word], load[r, word] = above.draw[r, word], above.load[r, word]
            if fits:
                continue
        t = at[r]
        u = unused_usd[t]
        must, top = least[r], cap[r]
        simple = u == 0.0 and (mined or (cover[t] == 0.0 and must == 0.0))  # segments go by slope, whatever is covered
        for k in range(S):
            s = tab.order[t, k]
            own[k], per[k], slope[k] = owner[s], width_mw[t, s], slope_usd[t, s]
        for c in range(C):
            mw[c] = base_mw[t, c]
            net[c] = base_usd[t, c] - price[t, c]
        for word in range(1 << J):
            value[r, word], load[r, word], draw[r, word] = NEVER, 0.0, 0.0
            busy_mw, busy_usd, possible = 0.0, 0.0, True
            for j in range(J):
                if word >> j & 1:
                    busy_mw += work_mw[t, j]
                    busy_usd += work_usd[t, j]
                    possible = possible and work_mw[t, j] > 0.0
            if not possible:
                continue
            best, limit = NEVER, np.inf
            for c in range(C):
                rate[c], gone[c] = 0.0, 0
            k, guess = 0, -1
            if K > FEW and u >= 0.0:
                free, beside = room[r] - busy_mw, block_mw[t] - busy_mw
                limit = busy_usd + least_limit(
                    net, mw, most, own, slope, per, free, must, top, cover[t], beside, u, rate, trial, even, event,
                    events_mw, drawn_mw,
                )  # fmt: skip
                guess = first_counts(rate, mw, low, high, free, gone)
            begun, ahead[0] = guess < 0, 0.0
            for c in range(C):
                ahead[c + 1] = 0.0
                ahead[0] += (most[c] - high[c]) * rate[c] if rate[c] > 0.0 else -low[c] * rate[c]
            while True:
                # first the counts that promise most, then all by what they lose: what loses too much ends its branch
                mining, worth, k = 0.0, busy_usd, 0
                for c in range(C):
                    n[c] = high[c] - gone[c] if rate[c] > 0.0 else low[c] + gone[c]
                    k = k * int(high[c] - low[c] + 1) + int(n[c] - low[c])
                    mining += n[c] * mw[c]
                    worth += n[c] * net[c]
                left = room[r] - busy_mw - mining
                if left >= -FITS_MW and not (begun and k == guess):
                    for s in range(S):
                        width[s] = per[s] * n[own[s]] if own[s] >= 0 else per[s]
                    if simple:
                        more, drawn, filled = fill_sorted(slope, width, own, left, mining, cover[t], must, top)
                    else:
                        below = max(block_mw[t] - busy_mw - mining, 0.0)
                        more, drawn, filled = fill_covered(
                            slope, width, own, left, below, u, mining, cover[t], must, top
                        )
                    worth += more
                    if drawn >= must - FITS_MW and worth > best:
                        best, value[r, word], pick[r, word] = worth, worth, k
                        draw[r, word], load[r, word] = drawn, busy_mw + mining + filled
                if not begun:
                    begun = True
                    for c in range(C):
                        gone[c] = 0
                    continue
                c = C - 1
                while c >= 0:
                    gone[c] += 1
                    ahead[c + 1] = ahead[c] + gone[c] * abs(rate[c])
                    if gone[c] <= high[c] - low[c] and limit - ahead[c + 1] > best:
                        break
                    gone[c] = 0
                    c -= 1
                if c < 0:
                    break
                for i in range(c + 1, C):
                    ahead[i + 1] = ahead[c + 1]


def all_commitments(
    tab: Tables, at: Ints, price: Floats, cover: Floats, least: Floats, cap: Floats, room: Floats
) -> Commitments:
    """Best counts of all rows at given prices; arguments as in `best_commitments`."""
    jobs = tab.work_mw.shape[1]
    own = Commitments.none(len(at), jobs)
    best_commitments(
        tab, at, price, cover, least, cap, room, own, Commitments.none(0, jobs), np.zeros(0, dtype=np.bool_)
    )
    return own


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
    (T, C), J, S = base_mw.shape, work_mw.shape[1], owner.shape[0]
    mined = True  # a minimum over the array would be compiled apart
    for s in range(S):
        mined = mined and owner[s] >= 0
    slope, width, own = np.zeros(S), np.zeros(S), np.zeros(S, dtype=np.int64)
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
        for k in range(S):
            s = tab.order[t, k]
            c = owner[s]
            own[k], slope[k], width[k] = c, slope_usd[t, s], width_mw[t, s] * (counts[t, c] if c >= 0 else 1.0)
        u = unused_usd[t]
        if u == 0.0 and (mined or cover[t] == 0.0):
            more, mining[t], _ = fill_sorted(slope, width, own, left, mw, cover[t], 0.0, cap[t])
        else:
            below = max(block_mw[t] - base, 0.0)
            more, mining[t], _ = fill_covered(slope, width, own, left, below, u, mw, cover[t], 0.0, cap[t])
        usd[t] = worth + more
