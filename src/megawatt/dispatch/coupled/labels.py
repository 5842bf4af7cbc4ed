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
        ways: Moves of each part, shape (parts,).
    """

    to: Ints
    lost: Floats
    runs: Ints
    radix: Ints
    ways: Ints


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
def _at(key: Ints, number: int) -> int:
    """The place of a number, or the free one where it would stand."""
    mask = key.shape[0] - 1
    mixed = number * SCATTER
    k = (mixed ^ (mixed >> 32)) & mask
    while key[k] >= 0 and key[k] != number:
        k = (k + 1) & mask
    return int(k)


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
    most of the moves off before any class was looked at.

    Args:
        state: Joint states before it, shape (n,).
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
        Different states after the row, their least regrets, the least regret to come that is known, the labels before that
        lead there, and how many moves were looked at.
    """
    to, lost, runs, radix, ways = moves
    parts, jobs = radix.shape[0], radix.shape[0] - counts.shape[1]
    size = FIRST_SIZE
    while size < 4 * len(state):
        size *= 2
    key, source = np.full(size, -1, dtype=np.int64), np.empty(size, dtype=np.int64)
    least, rest = np.empty(size), np.empty(size)
    width, number, first = np.zeros(row.tab.owner.shape[0]), 0, parts - 1
    digit, after = np.zeros(parts, dtype=np.int64), np.zeros(parts, dtype=np.int64)
    move, ran, whole = np.zeros((3, parts + 1), dtype=np.int64)
    spent, step, still, total, looked = np.zeros(parts + 1), np.ones(parts + 1, dtype=np.int64), 0.0, 0.0, 0
    classes, most = parts - jobs, radix[: parts - jobs].max() if parts > jobs else 0
    order, many = np.empty((classes, most, to.shape[2]), dtype=np.int64), np.full((classes, most), -1)
    for i in range(parts):
        step[i + 1] = step[i] * radix[i]
    worth = _most_worth(row, counts, len(words), width)
    for n in range(len(state)):
        for i in range(parts):
            digit[i] = state[n] // step[i] % radix[i]
        depth, spent[0], move[0] = 0, regret[n], -1
        while depth >= 0 and looked <= most_moves:
            part, s = first - depth, digit[first - depth]
            move[depth], looked = move[depth] + 1, looked + 1
            if move[depth] == (ways[part] if depth < jobs else many[part, s]):
                depth -= 1
                continue
            if depth >= jobs and many[part, s] < 0:
                many[part, s] = _in_order(to[part, s], lost[part, s], order[part, s])
            way = move[depth] if depth < jobs else order[part, s, move[depth]]
            after[part] = to[part, s, way]
            if after[part] < 0 or (part == first and later[after[part]] <= NEVER / 2):
                continue
            ran[depth + 1] = ran[depth] + runs[part, after[part]]
            whole[depth + 1] = whole[depth] + after[part] * step[part]
            spent[depth + 1] = spent[depth] + lost[part, s, way]
            if depth >= jobs:
                if spent[depth + 1] + still >= slack:
                    depth -= 1  # the moves that follow lose more
                    continue
                total = spent[depth + 1] + words[ran[jobs]] - worth[depth - jobs, ran[depth + 1]]
                if total + still >= slack:
                    continue
            elif depth + 1 == jobs:
                # as if all blocks were the best for this word of the jobs
                total = spent[jobs] = spent[jobs] + now[digit[first]] - words[ran[jobs]] - later[after[first]]
                still = regret_ahead(ahead, after)
                if total + still >= slack:
                    continue
            if depth < parts - 1:
                depth += 1
                move[depth] = -1
                continue
            at = _at(key, int(whole[parts]))
            if key[at] < 0 or total < least[at]:
                number += key[at] < 0
                key[at], least[at], rest[at], source[at] = whole[parts], total, still, n
                if 2 * number > len(key):
                    key, least, rest, source = _wider(key, least, rest, source)
    kept = np.flatnonzero(key >= 0)
    return key[kept], least[kept], rest[kept], source[kept], looked


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
def _wider(key: Ints, least: Floats, rest: Floats, source: Ints) -> tuple[Ints, Floats, Floats, Ints]:
    """The same table with more places."""
    size = 4 * len(key)
    number, from_label = np.full(size, -1, dtype=np.int64), np.empty(size, dtype=np.int64)
    regret, still = np.empty(size), np.empty(size)
    for k in range(len(key)):
        if key[k] >= 0:
            at = _at(number, key[k])
            number[at], regret[at], still[at], from_label[at] = key[k], least[k], rest[k], source[k]
    return number, regret, still, from_label


@njit(cache=True)
def back_hours(
    off: Floats, on: Floats, usd: Floats, cells: Ints, row: Ints, start: Ints, window: Ints, need: Ints, restart: float,
    least_run: int, end: Floats,
) -> tuple[Floats, Floats]:  # fmt: skip
    """Most that is to come from each state ``done (R + 1) + phase`` of the first job on, when hours take their best cells.

    Args:
        off: What a row brings without the job, shape (rows,) [USD]; rows are counted from the first of these hours on.
        on: What it brings with it, NEVER where it cannot run, shape (rows,) [USD].
        usd: What the awards of each cell bring, by the cell's number [USD].
        cells: First cell of each of these hours and the end, shape (n + 1,).
        row: First row of each cell and the end, from the first of these hours on.
        start: First interval of each hour and the end, shape (n + 1,).
        window: Window of each interval of the horizon, shape (T,).
        need: Intervals due in each window.
        restart: Cost of a start [USD].
        least_run: Least run.
        end: Most from each state after these hours, shape ((E + 1) (R + 1),) [USD].

    Returns:
        By row, shape (rows, states), and by hour with the end, shape (n + 1, states) [USD].
    """
    R, hours = least_run, len(cells) - 1
    by_row, by_hour = np.full((len(off), len(end)), NEVER), np.full((hours + 1, len(end)), NEVER)
    by_hour[hours] = end
    for hour in range(hours - 1, -1, -1):
        for n in range(cells[hour], cells[hour + 1]):
            for r in range(row[n + 1] - 1, row[n] - 1, -1):
                t = start[hour] + r - row[n]
                later = by_hour[hour + 1] if r + 1 == row[n + 1] else by_row[r + 1]
                new, due = t > 0 and window[t] != window[t - 1], need[window[t]]
                for s in range(len(end)):
                    done, phase = s // (R + 1), s % (R + 1)
                    if new and done != need[window[t - 1]]:
                        continue
                    done = 0 if new else done
                    best = later[done * (R + 1)] + off[r] if phase in (0, R) else NEVER
                    if done < due and on[r] > NEVER / 2:
                        to = later[(done + 1) * (R + 1) + min(phase + 1, R)]
                        best = max(best, to + on[r] - (restart if phase == 0 else 0.0))
                    by_row[r, s] = max(best, NEVER) if done <= due else NEVER
            for s in range(len(end)):
                if by_row[row[n], s] > NEVER / 2:
                    by_hour[hour, s] = max(by_hour[hour, s], by_row[row[n], s] + usd[n])
    return by_row, by_hour


@njit(cache=True)
def forth_hours(
    off: Floats, on: Floats, usd: Floats, cells: Ints, row: Ints, start: Ints, window: Ints, need: Ints, restart: float,
    least_run: int, begin: Floats,
) -> Floats:  # fmt: skip
    """Most that was brought up to each state of a job before each hour and at the end, when hours take their best cells.

    Arguments and shapes are those of `back_hours`, but for ``begin``: what was brought before these hours [USD].
    """
    R, hours = least_run, len(cells) - 1
    out = np.full((hours + 1, len(begin)), NEVER)
    out[0] = begin
    now, then = np.empty_like(begin), np.empty_like(begin)
    for hour in range(hours):
        for n in range(cells[hour], cells[hour + 1]):
            now[:] = out[hour]
            for r in range(row[n], row[n + 1]):
                then[:] = NEVER
                t = start[hour] + r - row[n]
                new, due = t > 0 and window[t] != window[t - 1], need[window[t]]
                for s in range(len(begin)):
                    done, phase = s // (R + 1), s % (R + 1)
                    if now[s] <= NEVER / 2 or (new and done != need[window[t - 1]]):
                        continue
                    done = 0 if new else done
                    if phase in (0, R):
                        then[done * (R + 1)] = max(then[done * (R + 1)], now[s] + off[r])
                    if done < due and on[r] > NEVER / 2:
                        to = (done + 1) * (R + 1) + min(phase + 1, R)
                        then[to] = max(then[to], now[s] + on[r] - (restart if phase == 0 else 0.0))
                now, then = then, now
            for s in range(len(begin)):
                if now[s] > NEVER / 2:
                    out[hour + 1, s] = max(out[hour + 1, s], now[s] + usd[n])
    return out
