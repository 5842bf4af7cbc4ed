"""Labels: joint states of classes and jobs with the least regret on the way there, stepped row by row. Compiled.

At given prices every class and job has a best word, and so has the first job with the intervals. What a joint word misses of
the sum of these is its *regret*: it adds up step by step, each step's share is at least 0, and of two words that lead to
one joint state the one with the less regret stays. A label whose regret passes a slack is dropped.

A joint state is one number, its parts digit by digit, the first job's the highest. So the state of the last parts alone, which
an earlier recursion may have gone through, is the whole divided by the places of the others.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.dispatch.coupled.interval import FITS_MW, NEVER, fill_covered
from megawatt.dispatch.coupled.tables import Tables

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SCATTER = np.int64(-7046029254386353131)
"""An odd factor that scatters numbers over a table (the golden ratio times 2**64)."""

FIRST_SIZE = 64
"""Places of the smallest table, a power of two."""


class Moves(NamedTuple):
    """Moves of the parts in one interval, the first job last.

    Attributes:
        to: State after each move, shape (parts, states, moves), -1 where there is none.
        lost: What the move loses against the part's best, the same shape [USD]; of the first job what it costs.
        runs: Share of each state in the number of the commitment, shape (parts, states).
        radix: States of each part, shape (parts,).
    """

    to: Ints
    lost: Floats
    runs: Ints
    radix: Ints


class Row(NamedTuple):
    """One interval under one cover and one peak.

    Attributes:
        tab: Tables of the problem.
        running: Price of a running block, shape (T, C) [USD].
        wage: Price of a running job, shape (T, J) [USD].
        t: The interval.
        cover: Price of cover [USD/MW].
        least_mw: Mining that must be kept.
        most_mw: Mining beyond which cover is not paid.
        room_mw: Import limit less firm load.
    """

    tab: Tables
    running: Floats
    wage: Floats
    t: int
    cover: float
    least_mw: float
    most_mw: float
    room_mw: float


class Ahead(NamedTuple):
    """Least regret to come of joint states of the first job and others after a row, by boxes of pairs one after the other.

    Attributes:
        regret: All boxes, flat [USD]; without any nothing is known.
        box: By pair, begin of its box; part that is the other job, its phases, least work done and the number of those, then the
            same three of the first job, shape (pairs, 8).
    """

    regret: NDArray[np.float32]
    box: Ints


@njit(cache=True)
def _at(table: Ints, number: int) -> int:
    """The place of a number in a table, or the free one where it would stand."""
    mask = table.shape[0] - 1
    mixed = number * SCATTER
    k = (mixed ^ (mixed >> 32)) & mask
    while table[k, 0] >= 0 and table[k, 0] != number:
        k = (k + 1) & mask
    return int(k)


@njit(cache=True)
def _empty(size: int) -> tuple[Ints, Floats]:
    """A table of number, label before, regret and regret to come: a row lies in one line of the cache; and the same as floats."""
    table = np.full((size, 4), -1, dtype=np.int64)
    return table, table.view(np.float64)


@njit(cache=True)
def commitment_usd(row: Row, counts: Floats, word: int, width: Floats) -> float:
    """What given counts and jobs earn in a row when blocks and jobs are paid; NEVER where they do not fit.

    Args:
        row: The row.
        counts: Running blocks, shape (C,).
        word: Running jobs, one bit each.
        width: Room for the width of each segment, shape (S,).
    """
    tab, t = row.tab, row.t
    base, usd, mining = 0.0, 0.0, 0.0
    for j in range(tab.work_mw.shape[1]):
        if word >> j & 1:
            if tab.work_mw[t, j] <= 0.0:
                return NEVER
            base += tab.work_mw[t, j]
            usd += tab.work_usd[t, j] - (row.wage[t, j] if j > 0 else 0.0)
    for c in range(counts.shape[0]):
        mining += counts[c] * tab.base_mw[t, c]
        usd += counts[c] * (tab.base_usd[t, c] - row.running[t, c])
    left = row.room_mw - base - mining
    if left < -FITS_MW:
        return NEVER
    for s in range(width.shape[0]):
        width[s] = tab.width_mw[t, s] * (counts[tab.owner[s]] if tab.owner[s] >= 0 else 1.0)
    below = max(tab.block_mw[t] - base - mining, 0.0)
    more, drawn, _ = fill_covered(
        tab.slope_usd[t], width, tab.owner, left, below, tab.unused_usd[t], mining, row.cover, row.least_mw, row.most_mw
    )
    return usd + more if drawn >= row.least_mw - FITS_MW else NEVER


@njit(cache=True)
def regret_ahead(ahead: Ahead, after: Ints) -> float:
    """Least regret to come of a joint state, infinite where a box does not hold it [USD].

    Args:
        ahead: What is known.
        after: State of each part.
    """
    least, first = 0.0, after[after.shape[0] - 1]
    for k in range(ahead.box.shape[0]):
        begin, part, phases, low, number, first_phases, first_low, first_number = ahead.box[k]
        done, first_done = after[part] // phases - low, first // first_phases - first_low
        if not (0 <= done < number and 0 <= first_done < first_number):
            return np.inf
        at = ((after[part] % phases * number + done) * first_phases + first % first_phases) * first_number + first_done
        least = max(least, float(ahead.regret[begin + at]))
    return least


@njit(cache=True)
def expand(
    state: Ints, regret: Floats, slack: float, moves: Moves, now: Floats, later: Floats, words: Floats,
    row: Row, counts: Floats, ahead: Ahead, most_moves: int,
) -> tuple[Ints, Floats, Floats, Ints, int]:  # fmt: skip
    """Labels after a row.

    The jobs move before the classes: what they lose with the blocks at their prices, and what is known of their way on, tells
    most of the moves off before any class was looked at. Labels of one joint state of the jobs stand together, and their jobs
    move once.

    Args:
        state: Joint states before it, rising, shape (n,).
        regret: Their regrets, shape (n,) [USD].
        slack: Regret from which on a label is dropped [USD].
        moves: The moves.
        now: Most that is to come from each state of the first job before the row [USD].
        later: And after it.
        words: Most that each word of jobs earns in the row at the prices, shape (2**J,) [USD].
        row: The row.
        counts: Counts of blocks by the commitment's number, jobs apart, shape (commitments, C).
        ahead: What is known of the way on.
        most_moves: Moves that may be looked at; with more the labels are not all there.

    Returns:
        Different states after the row, rising, their least regrets, the least regret to come that is known, the labels before
        that lead there, and how many moves were looked at.
    """
    to, lost, runs, radix = moves
    classes, size = counts.shape[1], FIRST_SIZE
    while size < 4 * len(state):
        size *= 2
    table, usd = _empty(size)
    width, number, looked = np.zeros(row.tab.owner.shape[0]), 0, 0
    digit, move, ran, whole = np.zeros((4, classes + 1), dtype=np.int64)
    most = radix[:classes].max() if classes else 0
    order, many = np.empty((classes, most, to.shape[2]), dtype=np.int64), np.full((classes, most), -1)
    spent, step = np.zeros(classes + 1), np.ones(radix.shape[0] + 1, dtype=np.int64)
    for i in range(radix.shape[0]):
        step[i + 1] = step[i] * radix[i]
    worth, joint, works = _most_worth(row, counts, len(words), width), np.int64(-1), 0
    word, states, paid, still = _no_works(radix.shape[0] - classes)
    for n in range(len(state)):
        if looked > most_moves:
            break
        if state[n] // step[classes] != joint:
            joint = state[n] // step[classes]
            works = _works(joint, classes, moves, step, now, later, words, ahead, slack, word, states, paid, still)
            looked += 2 * len(word)
        for i in range(classes):
            digit[i] = state[n] // step[i] % radix[i]
        for w in range(works):
            looked += 1
            spent[0], ran[0], whole[0] = regret[n] + paid[w], word[w], states[w]
            if spent[0] + still[w] >= slack:
                continue
            depth, total, move[0] = 0, spent[0], -1
            while depth >= 0:
                if classes > 0:
                    part = classes - 1 - depth
                    s = digit[part]
                    if many[part, s] < 0:
                        many[part, s] = _in_order(to[part, s], lost[part, s], order[part, s])
                    move[depth], looked = move[depth] + 1, looked + 1
                    if move[depth] == many[part, s]:
                        depth -= 1
                        continue
                    way = order[part, s, move[depth]]
                    spent[depth + 1] = spent[depth] + lost[part, s, way]
                    if spent[depth + 1] + still[w] >= slack:
                        depth -= 1  # the moves that follow lose more
                        continue
                    ran[depth + 1] = ran[depth] + runs[part, to[part, s, way]]
                    total = spent[depth + 1] + words[word[w]] - worth[depth, ran[depth + 1]]
                    if total + still[w] >= slack:
                        continue
                    whole[depth + 1] = whole[depth] + to[part, s, way] * step[part]
                    if depth < classes - 1:
                        depth += 1
                        move[depth] = -1
                        continue
                else:
                    depth = -1
                at = _at(table, int(whole[classes]))
                if table[at, 0] < 0 or total < usd[at, 2]:
                    number += table[at, 0] < 0
                    table[at, 0], table[at, 1], usd[at, 2], usd[at, 3] = whole[classes], n, total, still[w]
                    if 2 * number > len(table):
                        table, usd = _wider(table)
    kept = np.flatnonzero(table[:, 0] >= 0)
    kept = kept[np.argsort(table[kept, 0])]
    return table[kept, 0], usd[kept, 2], usd[kept, 3], table[kept, 1], looked


@njit(cache=True)
def _no_works(jobs: int) -> tuple[Ints, Ints, Floats, Floats]:
    """Room for `_works`: as many as some jobs, at least one, have words."""
    n = 1 << jobs
    return np.zeros(n, dtype=np.int64), np.zeros(n, dtype=np.int64), np.zeros(n), np.zeros(n)


@njit(cache=True)
def _works(
    joint: int, classes: int, moves: Moves, step: Ints, now: Floats, later: Floats, words: Floats, ahead: Ahead,
    slack: float, word: Ints, states: Ints, paid: Floats, still: Floats,
) -> int:  # fmt: skip
    """Moves of all jobs from a joint state of theirs, as if all blocks were the best for their word; how many.

    Args:
        joint: The joint state.
        classes: Number of classes, the parts before the jobs.
        moves: The moves.
        step: Place of each part in the number of a joint state of all.
        now: As in `expand`.
        later: As there.
        words: As there.
        ahead: As there.
        slack: As there.
        word: Written: word of the jobs after each move.
        states: Written: their share in the number of the state after it.
        paid: Written: what it loses [USD].
        still: Written: least regret to come [USD].
    """
    parts, number = moves.radix.shape[0], 0
    after = np.zeros(parts, dtype=np.int64)
    for chosen in range(len(word)):
        usd, ran, whole, at, possible = 0.0, 0, 0, joint, True
        for part in range(classes, parts):
            s, way = at % moves.radix[part], chosen >> (part - classes) & 1
            at //= moves.radix[part]
            after[part] = moves.to[part, s, way]
            if after[part] < 0:
                possible = False
                break
            usd += moves.lost[part, s, way]
            ran += moves.runs[part, after[part]]
            whole += after[part] * step[part]
            if part == parts - 1:
                usd += now[s] - later[after[part]]
                possible = later[after[part]] > NEVER / 2
        if possible and usd - words[ran] < slack:
            rest = regret_ahead(ahead, after)
            if usd - words[ran] + rest < slack:
                word[number], states[number], paid[number], still[number] = ran, whole, usd - words[ran], rest
                number += 1
    return number


@njit(cache=True)
def _most_worth(row: Row, counts: Floats, words: int, width: Floats) -> Floats:
    """Most that commitments earn whose last classes run some blocks and the others any, shape (C, commitments) [USD].

    By the number of classes that are set less one, and the commitment's number when the others run none.
    """
    C = counts.shape[1]
    out = np.full((C, len(counts) * words), np.nan)
    for k in range(out.shape[1] if C else 0):
        out[C - 1, k] = commitment_usd(row, counts[k // words], k % words, width)
    step = out.shape[1]
    for c in range(C - 1):  # the first class is the slowest
        blocks = int(counts[-1, c]) + 1
        step //= blocks
        for k in range(step):
            best = NEVER
            for n in range(blocks):
                best = max(best, out[C - 1 - c, k + n * step])
            out[C - 2 - c, k] = best
    return out


@njit(cache=True)
def _in_order(to: Ints, lost: Floats, order: Ints) -> int:
    """Number the moves of a state that there are, those that lose least first; how many."""
    n = 0
    for move in range(len(to)):
        if to[move] >= 0:
            k = n
            while k > 0 and lost[order[k - 1]] > lost[move]:
                order[k] = order[k - 1]
                k -= 1
            order[k], n = move, n + 1
    return n


@njit(cache=True)
def _wider(table: Ints) -> tuple[Ints, Floats]:
    """The same table with more places."""
    wider, usd = _empty(4 * len(table))
    for k in range(len(table)):
        if table[k, 0] >= 0:
            at = _at(wider, table[k, 0])
            for i in range(table.shape[1]):
                wider[at, i] = table[k, i]
    return wider, usd
