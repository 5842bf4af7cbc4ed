"""What is still to be earned from every state of a block or a job on: where a word loses, and what a forced state costs.

With ``W_t(s)`` the most that intervals t.. can bring from state s on, a word that goes from s to s' at t loses

    W_t(s) - reward - W_{t+1}(s')  >= 0

there, and these losses add up to its distance from the best word. With ``F_t(s)`` the most that intervals before t can
have brought, ``max_s F_t(s) + W_t(s)`` over the states that run is the best word that runs in interval t - 1. Compiled.

A block's states are the ages of its run, 0 .. U, then those of its rest, 0 .. D; the oldest stand for all older ones.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.dispatch.coupled.interval import NEVER

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True)
def ages(up: int, down: int, ramps: int) -> tuple[int, int]:
    """Oldest run and oldest rest that are told apart."""
    return max(up, ramps + 1), max(down, 1)


@njit(cache=True)
def _step(
    state: int, run: bool, oldest: int, rested: int, start: float, stop: float, up: int, down: int,
    ramp: Floats, t: int,
) -> tuple[int, float]:  # fmt: skip
    """State after interval ``t`` and what the change brings without the price of running; -1 where it may not be."""
    ramps = ramp.shape[0]
    if state <= oldest:
        if run:
            return min(state + 1, oldest), ramp[state, t] if state < ramps else 0.0
        return (oldest + 2, -stop) if state >= up else (-1, 0.0)
    age = state - oldest - 1
    if not run:
        return oldest + 1 + min(age + 1, rested), 0.0
    return (1, (ramp[0, t] if ramps else 0.0) - start) if age >= down else (-1, 0.0)


@njit(cache=True)
def _back(
    later: Floats, price: float, oldest: int, rested: int, start: float, stop: float, up: int, down: int,
    ramp: Floats, t: int, out: Floats,
) -> None:  # fmt: skip
    """``W_t`` from ``W_{t+1}``, written to ``out``."""
    for state in range(out.shape[0]):
        best = NEVER
        for run in (False, True):
            to, worth = _step(state, run, oldest, rested, start, stop, up, down, ramp, t)
            if to >= 0 and later[to] > NEVER / 2:
                best = max(best, worth + (price if run else 0.0) + later[to])
        out[state] = best


@njit(cache=True)
def _forth(
    before: Floats, price: float, oldest: int, rested: int, start: float, stop: float, up: int, down: int,
    ramp: Floats, t: int, out: Floats,
) -> None:  # fmt: skip
    """``F_{t+1}`` from ``F_t``, written to ``out``."""
    out[:] = NEVER
    for state in range(out.shape[0]):
        for run in (False, True):
            to, worth = _step(state, run, oldest, rested, start, stop, up, down, ramp, t)
            if to >= 0 and before[state] > NEVER / 2:
                out[to] = max(out[to], before[state] + worth + (price if run else 0.0))


@njit(cache=True)
def _best_through(before: Floats, later: Floats, low: int, high: int) -> float:
    """Most that a word brings that is in one of some states, NEVER where none can."""
    best = NEVER
    for state in range(low, high):
        if before[state] > NEVER / 2 and later[state] > NEVER / 2:
            best = max(best, before[state] + later[state])
    return best


@njit(cache=True)
def first_state(oldest: int, rested: int, on_before: bool, steps_before: int) -> int:
    """State before the first interval."""
    return min(steps_before, oldest) if on_before else oldest + 1 + min(steps_before, rested)


@njit(cache=True)
def block_losses(
    price: Floats, ramp: Floats, start: float, stop: float, up: int, down: int, on_before: bool, steps_before: int,
    words: NDArray[np.int8], ramped: Floats,
) -> Floats:  # fmt: skip
    """What the words of blocks lose in each interval against the best word, in all, shape (T,) [USD].

    Args:
        price: Price of running, shape (T,) [USD].
        ramp: Change of the i-th interval after a start, shape (r, T) [USD].
        start: Cost of a start [USD].
        stop: Cost of a stop [USD].
        up: Least intervals on.
        down: Least intervals off.
        on_before: State before the first interval.
        steps_before: Intervals spent in it.
        words: On/off words that keep these rules, shape (n, T).
        ramped: Written: what ramping changes for these words, shape (T,) [USD].
    """
    n, T = words.shape
    oldest, rested = ages(up, down, ramp.shape[0])
    path = np.zeros((n, T + 1), dtype=np.int64)
    worth = np.zeros((n, T))
    ramped[:] = 0.0
    for k in range(n):
        path[k, 0] = first_state(oldest, rested, on_before, steps_before)
        for t in range(T):
            run = words[k, t] == 1
            path[k, t + 1], worth[k, t] = _step(path[k, t], run, oldest, rested, start, stop, up, down, ramp, t)
            if run:
                age = path[k, t] if path[k, t] <= oldest else 0
                ramped[t] += ramp[age, t] if age < ramp.shape[0] else 0.0
                worth[k, t] += price[t]
    lost = np.zeros(T)
    later, now = np.zeros(oldest + rested + 2), np.zeros(oldest + rested + 2)
    for t in range(T - 1, -1, -1):
        _back(later, price[t], oldest, rested, start, stop, up, down, ramp, t, now)
        for k in range(n):
            lost[t] += now[path[k, t]] - worth[k, t] - later[path[k, t + 1]]
        later, now = now, later
    return lost


@njit(cache=True)
def forced_losses(
    price: Floats, ramp: Floats, start: float, stop: float, up: int, down: int, on_before: bool, steps_before: int,
    first: int, end: int,
) -> Floats:  # fmt: skip
    """What a block loses at least when it is off, or on, in each interval first .. end - 1, shape (2, n) [USD].

    Arguments as in `block_losses`.
    """
    T = price.shape[0]
    oldest, rested = ages(up, down, ramp.shape[0])
    states = oldest + rested + 2
    kept = np.zeros((end - first, states))  # W_{t+1} of the intervals asked for
    later, now = np.zeros(states), np.zeros(states)
    for t in range(T - 1, -1, -1):
        if first <= t < end:
            kept[t - first] = later
        _back(later, price[t], oldest, rested, start, stop, up, down, ramp, t, now)
        later, now = now, later
    begin = first_state(oldest, rested, on_before, steps_before)
    best = later[begin]
    out = np.zeros((2, end - first))
    before, after = np.full(states, NEVER), np.zeros(states)
    before[begin] = 0.0
    for t in range(end):
        _forth(before, price[t], oldest, rested, start, stop, up, down, ramp, t, after)
        if t >= first:
            out[0, t - first] = best - _best_through(after, kept[t - first], oldest + 1, states)
            out[1, t - first] = best - _best_through(after, kept[t - first], 0, oldest + 1)
        before, after = after, before
    return np.maximum(out, 0.0)


@njit(cache=True)
def work_path(word: NDArray[np.int8], window: Ints, least_run: int, running: bool) -> Ints:
    """Work done in its window and phase of a job's word before the first and after each interval, shape (T + 1, 2)."""
    path = np.zeros((len(word) + 1, 2), dtype=np.int64)
    path[0, 1] = least_run if running else 0
    for t in range(len(word)):
        done = path[t, 0] if t > 0 and window[t] == window[t - 1] else 0
        path[t + 1, 0] = done + word[t]
        path[t + 1, 1] = min(path[t, 1] + 1, least_run) if word[t] else 0
    return path


@njit(cache=True)
def work_back(
    later: Floats, off: Floats, on: Floats, window: Ints, need: Ints, restart: float, path: Ints, lost: Floats,
    earlier: Floats,
) -> None:  # fmt: skip
    """Go back over some intervals, and write what a word loses in each of them.

    Args:
        later: Most that the intervals after these bring, by work done and phase, shape (E + 1, R + 1), overwritten.
        off: What an interval brings without the job, shape (n,) [USD].
        on: What it brings with it, NEVER where it cannot run, shape (n,) [USD].
        window: Window of the interval before these (-1 at the start of the horizon) and of each, shape (n + 1,).
        need: Intervals due in each window.
        restart: Cost of a start [USD].
        path: States of the word before the first and after each interval, shape (n + 1, 2).
        lost: Written: what the word loses in each interval against the best from there on, shape (n,) [USD].
        earlier: Written: most that these and later intervals bring from each state before them, shape (E + 1, R + 1).
    """
    E, R = later.shape[0] - 1, later.shape[1] - 1
    for t in range(len(off) - 1, -1, -1):
        new, due = window[t + 1] != window[t], need[window[t + 1]]
        for d in range(E + 1):
            for phase in range(R + 1):
                earlier[d, phase] = NEVER
            done = 0 if new else d
            if done > due or (new and window[t] >= 0 and d != need[window[t]]):
                continue
            for phase in range(R + 1):
                best = later[done, 0] + off[t] if phase in (0, R) else NEVER
                if done < due and on[t] > NEVER / 2:
                    to = later[done + 1, min(phase + 1, R)]
                    best = max(best, to + on[t] - (restart if phase == 0 else 0.0))
                earlier[d, phase] = max(best, NEVER)
        d, phase = path[t, 0], path[t, 1]
        runs = path[t + 1, 1] > 0
        brought = on[t] - (restart if phase == 0 else 0.0) if runs else off[t]
        lost[t] = earlier[d, phase] - brought - later[path[t + 1, 0], path[t + 1, 1]]
        for d in range(E + 1):
            for phase in range(R + 1):
                later[d, phase] = earlier[d, phase]


@njit(cache=True)
def block_worth(price: Floats, ramp: Floats, start: float, stop: float, up: int, down: int) -> Floats:
    """Most that intervals t .. T - 1 bring a block from each state on, shape (T + 1, states) [USD]; arguments as in `block_losses`."""
    T = price.shape[0]
    oldest, rested = ages(up, down, ramp.shape[0])
    worth = np.zeros((T + 1, oldest + rested + 2))
    for t in range(T - 1, -1, -1):
        _back(worth[t + 1], price[t], oldest, rested, start, stop, up, down, ramp, t, worth[t])
    return worth


@njit(cache=True)
def block_moves(up: int, down: int, ramps: int) -> Ints:
    """State of a block after an interval off and on, by state, shape (states, 2); -1 where that may not be."""
    oldest, rested = ages(up, down, ramps)
    none = np.zeros((ramps, 1))
    to = np.zeros((oldest + rested + 2, 2), dtype=np.int64)
    for state in range(len(to)):
        for run in range(2):
            to[state, run] = _step(state, run == 1, oldest, rested, 0.0, 0.0, up, down, none, 0)[0]
    return to


@njit(cache=True)
def work_worth(off: Floats, on: Floats, window: Ints, need: Ints, restart: float, least_run: int) -> Floats:
    """Most that intervals t .. T - 1 bring a job from each state on, shape (T + 1, E + 1, R + 1) [USD].

    Args:
        off: What an interval brings without the job, shape (T,) [USD].
        on: What it brings with it, NEVER where it cannot run, shape (T,) [USD].
        window: Window of each interval, shape (T,).
        need: Intervals due in each window.
        restart: Cost of a start [USD].
        least_run: Least run.
    """
    T, E = len(off), need.max()
    worth = np.full((T + 1, E + 1, least_run + 1), NEVER)
    worth[T, need[window[T - 1]]] = 0.0
    around, nowhere, lost = np.full(2, -1), np.zeros((2, 2), dtype=np.int64), np.zeros(1)
    for t in range(T - 1, -1, -1):
        around[0] = window[t - 1] if t > 0 else -1
        around[1] = window[t]
        work_back(worth[t + 1].copy(), off[t : t + 1], on[t : t + 1], around, need, restart, nowhere, lost, worth[t])
    return worth
