"""Cover of reserve awards in the bound: what an hour's awards bring, and ranges of cover that are bounded one by one.

A reserve ties the intervals of an award hour: all of them must keep the power c that covers it. A price on c alone leaves
the gap of a choice that is all or nothing, as when a job that runs in one quarter of the hour takes the room of the cover.
So the cover of an hour is cut into *cells*: in a cell [c1, c2] every interval keeps at least c1 of mining, mining is paid for
up to c2, and the awards are those of a cover within it. The hour takes its best cell. One cell is the price alone;
the finer the cells, the lower the bound.
"""

from itertools import product
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from megawatt.dispatch.coupled.hours import Awards, best_awards

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

JUST = 1e-5
"""Share of an hour's largest cover by which a cut lies beyond the smaller of the covers that it parts."""

NEAR = 10
"""Times that share, within which two cuts are as good as one."""

SAME_MW = 1e-9
"""Covers that differ by less are one."""


class Spans(NamedTuple):
    """Award hours, parted where a month of the demand charge begins inside one; parted hours are not cut into cells.

    Attributes:
        start: First interval of each span and the end, shape (G + 1,).
        hour: Award hour of each, shape (G,).
        whole: Whether it is the whole hour, shape (G,).
    """

    start: Ints
    hour: Ints
    whole: NDArray[np.bool_]


def spans_of(awards: Awards, edges: Ints) -> Spans:
    """Spans between the beginnings of award hours and of months."""
    start = np.union1d(awards.first, edges)
    hour = np.searchsorted(awards.first, start[:-1], side="right") - 1
    return Spans(start, hour, np.diff(start) == np.diff(awards.first)[hour])


class Cells(NamedTuple):
    """Cells of all spans as arrays, and a row for every interval of every cell.

    Attributes:
        first: First cell of each span and the end, shape (G + 1,).
        low_mw: Least cover of each cell, shape (N,) [MW].
        high_mw: Largest, shape (N,) [MW].
        low_usd: What the best awards of the least cover bring, shape (N,) [USD].
        high_usd: And of the largest, shape (N,) [USD].
        row: First row of each cell and the end, shape (N + 1,).
        at: Interval of each row, shape (rows,).
        least_mw: Mining that a row keeps at least, shape (rows,) [MW].
        most_mw: Mining beyond which cover is not paid, shape (rows,) [MW].
    """

    first: Ints
    low_mw: Floats
    high_mw: Floats
    low_usd: Floats
    high_usd: Floats
    row: Ints
    at: Ints
    least_mw: Floats
    most_mw: Floats


class Kinks(NamedTuple):
    """Covers at which the awards' worth may bend or jump, and that worth.

    Attributes:
        mw: The covers, rising, shape (K,) [MW].
        usd: Best awards of each hour there, shape (H, K) [USD].
    """

    mw: Floats
    usd: Floats


def kinks_of(awards: Awards) -> Kinks:
    """All covers at which the best awards can change their rule.

    The best awards of programmes sold together are a linear programme in the awards a and the cover c, so its value bends only
    where c is fixed by rows that hold with equality: ``least = share c``, ``most = share c``, or ``sum a = c`` with every a at
    its least, its most or ``share c``.
    """
    found = {0.0}
    for word in range(1, len(awards.together)):
        if not awards.together[word]:
            continue
        inside = [r for r in range(len(awards.share)) if word >> r & 1]
        ends = [(awards.least_mw[r], awards.most_mw[r]) for r in inside]
        for r, pair in zip(inside, ends, strict=True):
            found.update(float(mw / awards.share[r]) for mw in pair if awards.share[r] > 0)
        for chosen in product((0, 1, 2), repeat=len(inside)):
            fixed = sum(pair[k] for pair, k in zip(ends, chosen, strict=True) if k < 2)  # 2: share x c
            share = sum(awards.share[r] for r, k in zip(inside, chosen, strict=True) if k == 2)
            if share < 1:
                found.add(float(fixed / (1 - share)))
    mw = np.array(sorted(found))
    mw = mw[np.concatenate(([True], np.diff(mw) > SAME_MW))]
    H = len(awards.worth_usd)
    usd, _ = best_awards(awards, np.repeat(np.arange(H), len(mw)), np.tile(mw, H))
    return Kinks(mw, usd.reshape(H, len(mw)))


def cells_of(awards: Awards, spans: Spans, cap: Floats, inner: list[Floats]) -> Cells:
    """Cells between 0, the inner points of each hour and the cover that its best awards need.

    Args:
        awards: The programmes.
        spans: Award hours, parted at months.
        cap: That cover by interval, shape (T,) [MW].
        inner: Rising points inside, one array per hour, none in a parted hour [MW].
    """
    start, length = spans.start[:-1], np.diff(spans.start)
    cells = 1 + np.fromiter(map(len, inner), dtype=np.int64, count=len(inner))[spans.hour]
    first = np.concatenate(([0], np.cumsum(cells)))
    span = np.repeat(np.arange(len(cells)), cells)
    low, high = np.zeros(len(span)), cap[start][span]
    for g in np.flatnonzero(cells > 1):
        low[first[g] + 1 : first[g + 1]] = inner[spans.hour[g]]
        high[first[g] : first[g + 1] - 1] = inner[spans.hour[g]]
    row = np.concatenate(([0], np.cumsum(length[span])))
    at = np.repeat(start[span] - row[:-1], length[span]) + np.arange(row[-1])
    hour = spans.hour[span]
    ends = best_awards(awards, hour, low)[0], best_awards(awards, hour, high)[0]
    return Cells(first, low, high, *ends, row, at, np.repeat(low, length[span]), np.repeat(high, length[span]))


def award_cells(awards: Awards, kinks: Kinks, spans: Spans, cells: Cells, cover: Floats) -> tuple[Floats, Floats]:
    """Best of ``award(c) - c sum cover`` within each cell, shape (N,) [USD], and the cover c, shape (N,) [MW].

    Of an hour that is parted the first span holds the worth.
    """
    hour = np.repeat(spans.hour, np.diff(cells.first))
    paid = np.add.reduceat(cover, awards.first[:-1])[hour]
    usd, at = cells.low_usd - cells.low_mw * paid, cells.low_mw.copy()
    last = cells.high_usd - cells.high_mw * paid
    better = last > usd
    usd[better], at[better] = last[better], cells.high_mw[better]
    for k, mw in enumerate(kinks.mw):
        value = kinks.usd[hour, k] - mw * paid
        better = (cells.low_mw < mw) & (mw < cells.high_mw) & (value > usd)
        usd[better], at[better] = value[better], mw
    for g in np.flatnonzero(spans.hour[1:] == spans.hour[:-1]) + 1:
        usd[cells.first[g]], at[cells.first[g]] = 0.0, at[cells.first[g - 1]]
    return usd, at


def finer(inner: list[Floats], cap: Floats, sold_mw: Floats, kept_mw: Floats, hours: Ints) -> list[Floats]:
    """Cells with one more cut in some hours: between the cover that awards buy and the mining that is kept.

    Args:
        inner: Points inside, by hour [MW].
        cap: Largest cover of each hour, shape (H,) [MW].
        sold_mw: Cover that the hour's awards buy, shape (H,) [MW].
        kept_mw: Least mining of the hour, shape (H,) [MW].
        hours: Hours to cut.
    """
    out = list(inner)
    for h in hours:
        low, high = sorted((sold_mw[h], min(kept_mw[h], cap[h])))
        for point in (low + JUST * cap[h], (low + high) / 2):  # a second cut just beyond another would part nothing
            if point < high and np.abs(inner[h] - point).min(initial=cap[h] - point) > NEAR * JUST * cap[h]:
                out[h] = np.union1d(inner[h], [point])
                break
    return out
