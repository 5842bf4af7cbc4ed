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


@njit(cache=True)
def advance(
    value: Floats, off: Floats, on: Floats, window: Ints, need: Ints, restart: float, first: int, kept: NDArray[np.int8]
) -> Floats:
    """Value of each state after the given intervals.

    Args:
        value: Value of each state before them, shape (E + 1, R + 1), overwritten.
        off: What the interval brings without the job, shape (n,) [USD].
        on: What it brings with it, NEVER where it cannot run, shape (n,) [USD].
        window: Window of each interval, shape (n,).
        need: Intervals due in each window, shape (W,).
        restart: Cost of a start [USD].
        first: Window of the interval before these, -1 at the start of the horizon.
        kept: Written: choices for the way back, shape (n, E + 1): bit 0 for 'off comes from off', bit 1 for 'full run
            comes from full run'. May have length 0 when nobody asks the way.
    """
    E, R = value.shape[0] - 1, value.shape[1] - 1
    after = np.full((E + 1, R + 1), NEVER)
    n = on.shape[0]
    remember = kept.shape[0] > 0
    before = first
    for t in range(n):
        w = window[t]
        if before != w:
            if before >= 0:
                at_end = value[need[before]].copy()
                value[:] = NEVER
                value[0] = at_end
            before = w
        most = need[w]
        for d in range(most + 1):
            stay, end = value[d, 0], value[d, R]
            best = stay if stay >= end else end
            after[d, 0] = best + off[t] if best > NEVER / 2 else NEVER
            mark = 1 if stay >= end else 0
            if d == 0 or on[t] <= NEVER / 2:
                for r in range(1, R + 1):
                    after[d, r] = NEVER
            else:
                started = value[d - 1, 0] - restart
                for r in range(1, R):
                    start = started if r == 1 else value[d - 1, r - 1]
                    after[d, r] = start + on[t] if start > NEVER / 2 else NEVER
                grown = started if R == 1 else value[d - 1, R - 1]
                full = value[d - 1, R]
                if full >= grown:
                    mark += 2
                    grown = full
                after[d, R] = grown + on[t] if grown > NEVER / 2 else NEVER
            if remember:
                kept[t, d] = mark
        value[: most + 1] = after[: most + 1]
        if most < E:
            value[most + 1 :] = NEVER
    return value


@njit(cache=True)
def plan_work(
    off: Floats, on: Floats, window: Ints, need: Ints, restart: float, least_run: int, running: bool
) -> tuple[float, NDArray[np.int8]]:
    """Best value of the whole horizon and the job's word, shape (T,); NEVER where no word does the work."""
    T = on.shape[0]
    E = need.max()
    kept = np.zeros((T, E + 1), dtype=np.int8)
    value = advance(open_work(E, least_run, running), off, on, window, need, restart, -1, kept)
    last = need[window[T - 1]]
    phase = 0
    for r in range(least_run + 1):
        if value[last, r] > value[last, phase]:
            phase = r
    best = value[last, phase]
    word = np.zeros(T, dtype=np.int8)
    if best <= NEVER / 2:
        return NEVER, word
    d = last
    for t in range(T - 1, -1, -1):
        if phase == 0:
            phase = 0 if kept[t, d] & 1 else least_run
        else:
            word[t] = 1
            if phase == least_run:
                if not kept[t, d] & 2:
                    phase = least_run - 1
            else:
                phase -= 1
            d -= 1
        if t > 0 and window[t] != window[t - 1]:
            d = need[window[t - 1]]
    return best, word


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
