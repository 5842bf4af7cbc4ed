"""Exact plan of one machine block in time linear in the number of intervals, whatever its dwell times are.

Maximise over on/off words u the sum of ``g_t u_t`` less ``a`` per start and ``b`` per stop, less what a start loses
while the machines ramp up, with at least U intervals on and D intervals off between switches. With prefix sums
``S_t = g_0 + .. + g_{t-1}`` and r ramp intervals let ``V = max(U, r)`` and

    A_t = value, less S_t, of the best word that ends on and free to stop at the border t
    B_t = value of the best word that ends off and free to start at the border t

    A_t = max(A_{t-1}, B_{t-V} - S_{t-V} + R_{t-V} - a)        a run of V intervals begins at t - V
    B_t = max(B_{t-1}, E_{t-D} - b)                            a rest of D intervals begins at t - D
    E_t = max(A_t + S_t, short runs of U..V-1 intervals)       best word that stops at t

where ``R_s`` is the (negative) difference that ramping makes to a run begun at s. Runs and rests cut by the end of the
horizon are closed by a scan of the last V and D borders; a dwell time begun before the horizon is a fixed prefix.

Each border s offers ``B_s - S_s + R_s - a`` to the border s + V and ``E_s - a - b`` to s + D, so the pass over borders
only compares what it is offered with what it has. Off, it carries ``C_t = B_t - a``, the next start paid, and on also
``A_t - a - b``: an offer then costs one addition. Whether offers are taken up seldom changes from one border to the next,
so the processor guesses each comparison and waits for none. Without ramp the whole horizon is one such pass; with ramp it
goes in strides of min(U, D) borders, and what ramping changes is put right after each: nothing is taken up sooner.

The recursion over two numbers per border is exact because what a free block did before does not matter to what it may
do next; the interval polytope of one block is integral (Rajan and Takriti 2005, IBM RC23628), so the value also equals
that of the linear relaxation, which the tests use as an oracle.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Flags = NDArray[np.int8]

_MINUS = -1e300
"""Stands for 'impossible'; finite so that sums of it stay ordered."""


@njit(cache=True)
def margins(revenue: Floats, power: Floats, cost: Floats, hours: float, keep: float) -> Floats:
    """``h * max_m (keep * revenue - power * cost)`` per interval; shapes (M, T), (M, T), (T,) to (T,)."""
    modes, T = revenue.shape
    out = np.empty(T)
    for t in range(T):
        out[t] = hours * (keep * revenue[0, t] - power[0, t] * cost[t])
    for m in range(1, modes):
        for t in range(T):
            out[t] = max(out[t], hours * (keep * revenue[m, t] - power[m, t] * cost[t]))
    return out


class Table(NamedTuple):
    """What the recursion leaves behind.

    Attributes:
        on: ``A_T``, or what the run from before the horizon brings where it is not free by then, less S_T [USD].
        off: ``B_T``, or 0 where the rest from before the horizon is not over by then [USD].
        total: ``S_T`` [USD].
        runs: What ``A_t`` is offered by a run begun at t - V, shape (T + 1 + V,), V at most T + 1 [USD].
        rests: What ``C_t`` is offered by a rest begun at t - D, shape (T + 1 + D,), D at most T + 1 [USD].
        began: 1 where ``A_t`` comes from a run begun at t - V, shape (T + 1,).
        rested: 1 where ``B_t`` comes from a rest begun at t - D, shape (T + 1,).
        short: Length of the short run that ``E_t`` stops; 0: it stops ``A_t``; -1: the run from before the horizon;
            shape (T + 1,), empty without ramp.
    """

    on: float
    off: float
    total: float
    runs: Floats
    rests: Floats
    began: Flags
    rested: Flags
    short: NDArray[np.int32]


@njit(cache=True)
def recursion(
    gain: Floats,
    ramp: Floats,
    start: float,
    stop: float,
    up: int,
    down: int,
    on_before: bool,
    steps_before: int,
) -> Table:
    """Fill the table; arguments as in `plan_block`."""
    T, r = len(gain), len(ramp)
    V, D = min(max(up, r), T + 1), min(down, T + 1)
    hold = max((up if on_before else down) - steps_before, 0)
    left = max(r - steps_before, 0) if on_before else 0  # ramp intervals still to come of a start before the horizon
    free = max(hold, left)

    early = np.full(T + 1 if r > 0 else 0, _MINUS)  # value, less S_t, of the best word that stops at t while ramping
    short = np.zeros(len(early), dtype=np.int32)
    opening = 0.0  # ramp loss of the run that was on before the horizon
    for t in range(min(left, T) + 1):
        if t > 0:
            opening += ramp[steps_before + t - 1, t - 1]
        if hold <= t < left:
            early[t], short[t] = opening, -1

    runs, rests = np.empty(T + 1 + V), np.empty(T + 1 + D)
    runs[:V], rests[:D] = _MINUS, _MINUS
    began, rested = np.zeros(T + 1, dtype=np.int8), np.zeros(T + 1, dtype=np.int8)
    A, C, S = _MINUS, _MINUS, 0.0
    stride = min(up, down) if r > 0 else T + 1
    first = 0
    while first <= T:
        if first == free:
            A, C = (opening, C) if on_before else (A, -start)
        last = min(first + stride, T + 1)
        if first < free < last:
            last = free
        before = S
        A, C, S = _pass(gain, runs, rests, began, rested, first, last, A, C, S, start + stop)
        if r > 0:
            _ramps(gain, ramp, runs, rests, early, short, first, last, up, before, start + stop)
        first = last
    if free > T:
        A, C = (opening, C) if on_before else (A, -start)
    return Table(A, C + start, S, runs, rests, began, rested, short)


@njit(cache=True)
def _pass(
    gain: Floats,
    runs: Floats,
    rests: Floats,
    began: Flags,
    rested: Flags,
    first: int,
    last: int,
    A: float,
    C: float,
    S: float,
    cycle: float,
) -> tuple[float, float, float]:
    """The borders first to last - 1 without ramps; A and C of the last one and S of the next; cycle is ``a + b``."""
    T = np.uint64(len(gain))  # an unsigned index cannot count from the end: no test for that
    V, D = np.uint64(len(runs)) - T - np.uint64(1), np.uint64(len(rests)) - T - np.uint64(1)
    paid = A - cycle
    for t in range(np.uint64(first), np.uint64(last)):
        if runs[t] > A:
            A = runs[t]
            paid = A - cycle
            began[t] = 1
        if rests[t] > C:
            C = rests[t]
            rested[t] = 1
        rests[t + D] = paid + S
        runs[t + V] = C - S
        if t < T:
            S += gain[t]
    return A, C, S


@njit(cache=True)
def _ramps(
    gain: Floats,
    ramp: Floats,
    runs: Floats,
    rests: Floats,
    early: Floats,
    short: NDArray[np.int32],
    first: int,
    last: int,
    up: int,
    S: float,
    cycle: float,
) -> None:
    """Put right what the borders first to last - 1 offer: stops while ramping, and the loss of the runs that begin."""
    T, r = len(gain), len(ramp)
    V, D = len(runs) - T - 1, len(rests) - T - 1
    for s in range(first, last):
        value = early[s] - cycle + S
        if value > rests[s + D]:
            rests[s + D] = value
        else:
            short[s] = 0
        for i in range(min(r, T - s)):
            runs[s + V] += ramp[i, s + i]
            t = s + i + 1
            if up <= i + 1 < V and runs[s + V] > early[t]:
                early[t], short[t] = runs[s + V], i + 1
        if s < T:
            S += gain[s]


@njit(cache=True)
def plan_block(
    gain: Floats,
    ramp: Floats,
    start: float,
    stop: float,
    up: int,
    down: int,
    on_before: bool,
    steps_before: int,
) -> tuple[float, Flags]:
    """Best on/off word of one block.

    Args:
        gain: Margin of an interval on, shape (T,) [USD].
        ramp: Change of that margin in the i-th interval after a start, shape (r, T) [USD]; row i is read at the
            interval it falls in.
        start: Cost of a start [USD].
        stop: Cost of a stop [USD].
        up: Least intervals on, >= 1.
        down: Least intervals off, >= 1.
        on_before: State before the first interval.
        steps_before: Intervals spent in that state.

    Returns:
        Value [USD] and the word, shape (T,), 1 for on.
    """
    table = recursion(gain, ramp, start, stop, up, down, on_before, steps_before)
    T = len(gain)
    V, D = len(table.runs) - T - 1, len(table.rests) - T - 1
    # the horizon may cut a run or a rest: compare every way to end, by the border to go back from and where a cut run begins
    best, border, off, cut = table.on + table.total, T, False, T
    if table.off > best:
        best, off = table.off, True
    for s in range(max(0, T - V + 1), T):
        value = table.runs[s + V] + table.total
        if value > best:
            best, border, off, cut = value, s, True, s
    for s in range(max(0, T - D + 1), T):
        value = table.rests[s + D] + start
        if value > best:
            best, border, off, cut = value, s, False, T
    word = np.zeros(T, dtype=np.int8)
    word[cut:] = 1
    whole = (T + 1) // 8 * 8
    began, rested = table.began[:whole].view(np.int64), table.rested[:whole].view(np.int64)
    t = border
    while t > 0:  # back from one switch to the one before
        if off:
            t = _latest(table.rested, rested, t) - D
        else:
            end = t
            if len(table.short) > 0 and table.short[t] != 0:
                t = t - table.short[t] if table.short[t] > 0 else 0
            else:
                t = max(_latest(table.began, began, t) - V, 0)
            word[t:end] = 1
        off = not off
    return best, word


@njit(cache=True)
def _latest(flags: Flags, eights: NDArray[np.int64], t: int) -> int:
    """Last border up to t that is flagged, 0 if none; eight without a flag are passed at once."""
    while t > 0 and flags[t] == 0:
        t -= 8 if t & 7 == 7 and eights[t >> 3] == 0 else 1
    return max(t, 0)
