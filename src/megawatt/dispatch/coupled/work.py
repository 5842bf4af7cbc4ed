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

MOST_KEPT = 1 << 20
"""Choices kept at a time, a byte each."""


@njit(cache=True)
def open_work(most: int, least_run: int, running: bool) -> Floats:
    """Value of each state before the first interval, shape (least_run + 1, most + 1)."""
    value = np.empty((least_run + 1, most + 1))
    for r in range(least_run + 1):
        for d in range(most + 1):
            value[r, d] = NEVER
    value[least_run if running else 0, 0] = 0.0
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
def reach(value: Floats) -> tuple[int, int]:
    """Least and most work that a state has done which can be, 0 and -1 where none can."""
    low, high = 0, -1
    for d in range(value.shape[1]):
        for r in range(value.shape[0]):
            if value[r, d] > NEVER / 2:
                low, high = low if high >= 0 else d, d
    return low, high


@njit(cache=True)
def advance(
    value: Floats, spare: Floats, low: int, high: int, off: Floats, on: Floats, window: Ints, need: Ints, least: Ints,
    restart: float, first: int, kept: NDArray[np.int8],
) -> tuple[int, int]:  # fmt: skip
    """Go through some intervals; states outside the work done that is returned hold anything.

    Args:
        value: Value of each state before them, overwritten with that after them, shape (R + 1, E + 1) [USD].
        spare: Room for as much.
        low: Least work done before them.
        high: Most work done before them.
        off: What the interval brings without the job, shape (n,) [USD].
        on: What it brings with it, NEVER where it cannot run, shape (n,) [USD].
        window: Window of each interval, shape (n,).
        need: Intervals due in each window, shape (W,).
        least: Work that must be done after each interval, shape (n,).
        restart: Cost of a start [USD].
        first: Window of the interval before these, -1 at the start of the horizon.
        kept: Written: choices for the way back, shape (n, E + 1): bit 0 for 'off comes from off', bit 1 for 'full run
            comes from full run'. Or shape (n, 0): none are kept.

    Returns:
        Least and most work done after them; the least is the larger where no state can be.
    """
    R, E, before, here, there = value.shape[0] - 1, value.shape[1] - 1, first, value, spare
    for t in range(on.shape[0]):
        w = window[t]
        if before != w:
            if before >= 0:
                due = need[before]
                for r in range(R + 1):
                    here[r, 0] = here[r, due] if low <= due <= high else NEVER
                low, high = 0, 0
            before = w
        for r in range(R + 1):  # the states just outside are looked at
            if low > 0:
                here[r, low - 1] = NEVER
            if high < E:
                here[r, high + 1] = NEVER
        runs = on[t] > NEVER / 2
        high = min(high + (1 if runs else 0), need[w])
        low = max(min(least[t], high + 1), low)
        _one_interval(here, there, kept[t], low, high, off[t], on[t] if runs else NEVER, restart)
        here, there = there, here
    if on.shape[0] % 2:
        for r in range(R + 1):
            for d in range(low, high + 1):
                value[r, d] = spare[r, d]
    return low, high


@njit(cache=True)
def _one_interval(
    here: Floats, there: Floats, kept: NDArray[np.int8], low: int, high: int, off: float, on: float, restart: float
) -> None:
    """Write the states with work ``low .. high`` after an interval; loops over slices, which the compiler makes vectors of."""
    R = here.shape[0] - 1
    rest, full, marks = here[0, low : high + 1], here[R, low : high + 1], kept[low : high + 1]
    out = there[0, low : high + 1]
    for i in range(len(marks)):
        marks[i] = 1 if rest[i] >= full[i] else 0
    for i in range(len(out)):
        out[i] = max(rest[i], full[i]) + off
    for r in range(1, R + 1):
        if low == 0:
            there[r, 0] = NEVER
        for d in range(low, high + 1 if on <= NEVER / 2 else low):
            there[r, d] = NEVER
    if on <= NEVER / 2:
        return
    a = max(low, 1)
    full, marks = here[R, a - 1 : high], kept[a : high + 1]
    grown, out = here[R - 1, a - 1 : high], there[R, a : high + 1]
    fee = restart if R == 1 else 0.0
    for i in range(len(marks)):
        marks[i] += 2 if full[i] >= grown[i] - fee else 0
    for i in range(len(out)):
        out[i] = max(full[i], grown[i] - fee) + on
    for r in range(1, R):
        grown, out = here[r - 1, a - 1 : high], there[r, a : high + 1]
        fee = restart if r == 1 else 0.0
        for i in range(len(out)):
            out[i] = grown[i] - fee + on


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


def plan_work(
    off: Floats, on: Floats, window: Ints, need: Ints, least: Ints, restart: float, least_run: int, running: bool
) -> tuple[float, NDArray[np.int8]]:
    """Best value of the whole horizon and the job's word, shape (T,); NEVER where no word does the work.

    Choices are kept for a part of the horizon at a time: the earlier parts are gone through once more on the way back, which
    takes less time than memory that was never touched.
    """
    # not compiled itself: what it calls is, and would be compiled into it once more
    T, E, word = len(on), int(need.max()), np.zeros(len(on), dtype=np.int8)
    n = max(1, MOST_KEPT // (E + 1))
    parts, before = [slice(a, min(a + n, T)) for a in range(0, T, n)], np.concatenate(([-1], window))
    begun = open_work(E, least_run, running)
    kept, spare, begins = np.empty((min(n, T), E + 1), dtype=np.int8), np.empty_like(begun), [(begun, *reach(begun))]

    def after(number: int, states: int) -> tuple[Floats, int, int]:
        part, (value, low, high) = parts[number], begins[number]
        value = value.copy()
        low, high = advance(
            value, spare, low, high, off[part], on[part], window[part], need, least[part], restart, before[part.start],
            kept[:, :states],
        )  # fmt: skip
        return value, low, high

    for number in range(len(parts) - 1):
        begins += [after(number, 0)]
    value, low, high = after(len(parts) - 1, E + 1)
    due = int(need[window[-1]])
    if not low <= due <= high:
        return NEVER, word
    phase = int(value[:, due].argmax())
    best = float(value[phase, due])
    if best > NEVER / 2:
        state = np.array([due, phase])
        for number in range(len(parts) - 1, -1, -1):
            if number < len(parts) - 1:
                after(number, E + 1)
            part = parts[number]
            trace_work(kept, before[part.start : part.stop + 1], need, least_run, state, word[part])
    return best, word


@njit(cache=True)
def advance_hours(
    value: Floats, off: Floats, on: Floats, usd: Floats, cells: Ints, row: Ints, start: Ints, window: Ints, need: Ints,
    least: Ints, restart: float, first: int, kept: NDArray[np.int8], chosen: NDArray[np.int8],
) -> Floats:  # fmt: skip
    """Value of each state after some award hours, each of which takes one of its cells.

    Args:
        value: Value of each state before them, shape (R + 1, E + 1).
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
        kept: Written: choices for the way back, shape (rows, E + 1), or (rows, 0): none are kept.
        chosen: Written: number of the hour's cell that leads to each state after it, shape (n, R + 1, E + 1), or
            (n, R + 1, 0); may have length 0 when no hour has a choice.
    """
    R, E, before, hour = value.shape[0] - 1, value.shape[1] - 1, first, 0
    now, best, trial, spare = value.copy(), np.empty_like(value), np.empty_like(value), np.empty_like(value)
    low, high = reach(value)
    while hour < len(cells) - 1:
        end, earned = hour, 0.0
        while end < len(cells) - 1 and cells[end + 1] - cells[end] == 1:
            earned += usd[cells[end]]
            end += 1
        run = end > hour  # without a choice, hours are one run of intervals
        if not run:
            end += 1
        a, b, left, right = start[hour], start[end], low, high
        low, high = E + 1, -1
        window_here, least_here = window[a:b], least[a:b]
        for n in range(cells[hour], cells[hour] + 1 if run else cells[end]):
            i, j = row[n], row[n] + b - a
            for r in range(R + 1):
                for d in range(left, right + 1):
                    trial[r, d] = now[r, d]
            here, there = advance(
                trial, spare, left, right, off[i:j], on[i:j], window_here, need, least_here, restart, before, kept[i:j]
            )
            if run:
                for r in range(R + 1):
                    for d in range(here, there + 1):
                        best[r, d] = trial[r, d] + earned
            else:
                for r in range(R + 1):
                    _take_better(trial[r], usd[n], n - cells[hour], best[r], chosen[hour, r], here, there)
            low, high = min(low, here), max(high, there)
        best, now = now, best
        hour, before = end, window[b - 1]
    for r in range(R + 1):
        for d in range(E + 1):
            if not low <= d <= high:
                now[r, d] = NEVER
    return now


@njit(cache=True)
def _take_better(
    value: Floats, usd: float, number: int, best: Floats, chosen: NDArray[np.int8], low: int, high: int
) -> None:
    """Write the states with work ``low .. high`` that this cell leads to with more, and its number; the first begins anew."""
    if number == 0:
        for i in range(len(best)):
            best[i] = NEVER
    for i in range(low, min(high + 1, len(chosen))):
        chosen[i] = number if value[i] + usd > best[i] else chosen[i]  # of what cannot be, nothing is
    for i in range(low, high + 1):
        best[i] = max(best[i], value[i] + usd)


@njit(cache=True)
def trace_hours(
    kept: NDArray[np.int8], chosen: NDArray[np.int8], cells: Ints, row: Ints, start: Ints, window: Ints, need: Ints,
    least_run: int, state: Ints, word: NDArray[np.int8], taken: Ints,
) -> None:  # fmt: skip
    """Walk back through what `advance_hours` kept.

    Args:
        kept: Its choices.
        chosen: Its cells, shape (n, R + 1, E + 1).
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
            n += chosen[hour, state[1], state[0]]
        around = np.empty(b - a + 1, dtype=np.int64)
        around[0] = window[a - 1] if a > 0 else -1
        for t in range(a, b):
            around[t - a + 1] = window[t]
        trace_work(kept[row[n] : row[n + 1]], around, need, least_run, state, word[a:b])
        for t in range(a, b):
            taken[t] = row[n] + t - a
