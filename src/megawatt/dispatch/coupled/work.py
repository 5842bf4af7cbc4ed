"""Exact plan of one batch job on its worth per interval: work due per window, restarts, least run. Compiled.

State after an interval: intervals done in its window (0 .. need) and the phase, 0 for off, 1 .. R for the length of the
present run where R means 'that long or longer'. Only states from which the window can still be finished are kept, so
about ``T x need x (R + 1) / 2`` steps. A run may pass from one window into the next.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.dispatch.coupled.interval import NEVER

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True)
def open_work(most: int, least_run: int, running: bool) -> Floats:
    """Value of each state before the first interval, shape (most + 1, least_run + 1)."""
    value = np.full((most + 1, least_run + 1), NEVER)
    value[0, least_run if running else 0] = 0.0
    return value


def least_done(runs: NDArray[np.bool_], window: Ints, need: Ints) -> Ints:
    """Work that must be done after each interval so that the window can still be finished, shape (T,).

    Args:
        runs: Whether the job can run in each interval, shape (T,).
        window: Window of each interval, shape (T,).
        need: Intervals due in each window, shape (W,).
    """
    ahead: Ints = np.cumsum(runs[::-1], dtype=np.int64)[::-1] - runs  # runnable intervals after this one
    last = np.searchsorted(window, np.arange(len(need)), side="right") - 1
    later: Ints = need[window] - (ahead - ahead[last][window])
    return np.maximum(later, 0).astype(np.int64)


@njit(cache=True)
def advance(
    value: Floats, off: Floats, on: Floats, window: Ints, need: Ints, least: Ints, restart: float, first: int,
    kept: NDArray[np.int8],
) -> Floats:  # fmt: skip
    """Value of each state after the given intervals.

    Args:
        value: Value of each state before them, shape (E + 1, R + 1), overwritten.
        off: What the interval brings without the job, shape (n,) [USD].
        on: What it brings with it, NEVER where it cannot run, shape (n,) [USD].
        window: Window of each interval, shape (n,).
        need: Intervals due in each window, shape (W,).
        least: Work that must be done after each interval, shape (n,).
        restart: Cost of a start [USD].
        first: Window of the interval before these, -1 at the start of the horizon.
        kept: Written: choices for the way back, shape (n, E + 1): bit 0 for 'off comes from off', bit 1 for 'full run
            comes from full run'. May have length 0 when nobody asks the way.
    """
    E, R = value.shape[0] - 1, value.shape[1] - 1
    remember = kept.shape[0] > 0
    before = first
    high = 0  # most work that any state has done
    for d in range(E + 1):
        if value[d].max() > NEVER / 2:
            high = d
    for t in range(on.shape[0]):
        w = window[t]
        if before != w:
            if before >= 0:
                at_end = value[need[before]].copy()
                value[:] = NEVER
                value[0] = at_end
                high = 0
            before = w
        runs = on[t] > NEVER / 2
        high = min(high + (1 if runs else 0), need[w])
        low = min(least[t], high + 1)
        # from much work to little: the state with less work is still the one before the interval
        for d in range(high, low - 1, -1):
            stay, end = value[d, 0], value[d, R]
            mark = 1 if stay >= end else 0
            if d > 0 and runs:
                started, full = value[d - 1, 0] - restart, value[d - 1, R]
                grown = started if R == 1 else value[d - 1, R - 1]
                if full >= grown:
                    mark += 2
                    grown = full
                for r in range(R - 1, 0, -1):
                    value[d, r] = (started if r == 1 else value[d - 1, r - 1]) + on[t]
                value[d, R] = grown + on[t]
            else:
                for r in range(1, R + 1):
                    value[d, r] = NEVER
            value[d, 0] = max(stay, end) + off[t]
            if remember:
                kept[t, d] = mark
        for d in range(low):
            for r in range(R + 1):
                value[d, r] = NEVER
    return value


@njit(cache=True)
def trace_work(
    kept: NDArray[np.int8], window: Ints, need: Ints, least_run: int, state: Ints, word: NDArray[np.int8]
) -> None:
    """Walk back through what `advance` kept.

    Args:
        kept: Its choices for these intervals, shape (n, E + 1).
        window: Window of each interval, with that of the interval before first (-1 at the start), shape (n + 1,).
        need: Intervals due in each window.
        least_run: Least run.
        state: Work done and phase after the last interval; overwritten with those before the first, shape (2,).
        word: Written: the job's word, shape (n,).
    """
    d, phase = state[0], state[1]
    for t in range(word.shape[0] - 1, -1, -1):
        if phase == 0:
            word[t] = 0
            phase = 0 if kept[t, d] & 1 else least_run
        else:
            word[t] = 1
            if phase == least_run:
                if not kept[t, d] & 2:
                    phase = least_run - 1
            else:
                phase -= 1
            d -= 1
        if window[t + 1] != window[t] and window[t] >= 0:
            d = need[window[t]]
    state[0], state[1] = d, phase


@njit(cache=True)
def plan_work(
    off: Floats, on: Floats, window: Ints, need: Ints, least: Ints, restart: float, least_run: int, running: bool
) -> tuple[float, NDArray[np.int8]]:
    """Best value of the whole horizon and the job's word, shape (T,); NEVER where no word does the work."""
    T = on.shape[0]
    E = need.max()
    kept = np.zeros((T, E + 1), dtype=np.int8)
    value = advance(open_work(E, least_run, running), off, on, window, need, least, restart, -1, kept)
    at = np.zeros(2, dtype=np.int64)
    at[0] = need[window[T - 1]]
    at[1] = value[at[0]].argmax()
    best, word = value[at[0], at[1]], np.zeros(T, dtype=np.int8)
    if best > NEVER / 2:
        trace_work(kept, np.concatenate((np.full(1, -1), window)), need, least_run, at, word)
    return best, word


@njit(cache=True)
def advance_hours(
    value: Floats, off: Floats, on: Floats, usd: Floats, cells: Ints, row: Ints, start: Ints, window: Ints, need: Ints,
    least: Ints, restart: float, first: int, kept: NDArray[np.int8], chosen: NDArray[np.int8],
) -> Floats:  # fmt: skip
    """Value of each state after some award hours, each of which takes one of its cells.

    Args:
        value: Value of each state before them, shape (E + 1, R + 1), overwritten.
        off: What a row brings without the job, shape (rows,) [USD]; rows and cells are counted over the whole horizon.
        on: What it brings with it, shape (rows,) [USD].
        usd: What the awards of a cell bring, shape (cells,) [USD].
        cells: First cell of each of these hours and the end, shape (n + 1,).
        row: First row of each cell and the end.
        start: First interval of each of these hours and the end, shape (n + 1,).
        window: Window of each interval of the horizon, shape (T,).
        need: Intervals due in each window.
        least: Work that must be done after each interval, shape (T,).
        restart: Cost of a start [USD].
        first: Window of the interval before these, -1 at the start of the horizon.
        kept: Written: choices for the way back, shape (rows, E + 1).
        chosen: Written: number of the hour's cell that leads to each state after it, shape (n, E + 1, R + 1); may have
            length 0 when no hour has a choice.
    """
    before, hour, best, trial = first, 0, value.copy(), value.copy()
    while hour < len(cells) - 1:
        a, end = start[hour], hour
        while end < len(cells) - 1 and cells[end + 1] - cells[end] == 1:
            end += 1
        if end > hour:  # without a choice, hours are one run of intervals
            b = start[end]
            i, j = row[cells[hour]], row[cells[end]]
            advance(value, off[i:j], on[i:j], window[a:b], need, least[a:b], restart, before, kept[i:j])
            value += usd[cells[hour] : cells[end]].sum()
            hour, before = end, window[b - 1]
            continue
        b = start[hour + 1]
        best[:] = NEVER
        for n in range(cells[hour], cells[hour + 1]):
            i, j = row[n], row[n + 1]
            trial[:] = value
            advance(trial, off[i:j], on[i:j], window[a:b], need, least[a:b], restart, before, kept[i:j])
            for d in range(value.shape[0]):
                for r in range(value.shape[1]):
                    if trial[d, r] > NEVER / 2 and trial[d, r] + usd[n] > best[d, r]:
                        best[d, r], chosen[hour, d, r] = trial[d, r] + usd[n], n - cells[hour]
        value[:] = best
        hour, before = hour + 1, window[b - 1]
    return value


@njit(cache=True)
def trace_hours(
    kept: NDArray[np.int8], chosen: NDArray[np.int8], cells: Ints, row: Ints, start: Ints, window: Ints, need: Ints,
    least_run: int, state: Ints, word: NDArray[np.int8], taken: Ints,
) -> None:  # fmt: skip
    """Walk back through what `advance_hours` kept.

    Args:
        kept: Its choices.
        chosen: Its cells, shape (n, E + 1, R + 1).
        cells: First cell of each of these hours and the end.
        row: First row of each cell.
        start: First interval of each hour and the end.
        window: Window of each interval of the horizon, shape (T,).
        need: Intervals due in each window.
        least_run: Least run.
        state: Work done and phase after the last hour; overwritten with those before the first, shape (2,).
        word: Written: the job's word over the horizon, shape (T,).
        taken: Written: row of each interval, shape (T,).
    """
    for hour in range(len(cells) - 2, -1, -1):
        a, b = start[hour], start[hour + 1]
        n = cells[hour]
        if cells[hour + 1] - n > 1:
            n += chosen[hour, state[0], state[1]]
        around = np.empty(b - a + 1, dtype=np.int64)
        around[0] = window[a - 1] if a > 0 else -1
        around[1:] = window[a:b]
        trace_work(kept[row[n] : row[n + 1]], around, need, least_run, state, word[a:b])
        for t in range(a, b):
            taken[t] = row[n] + t - a
