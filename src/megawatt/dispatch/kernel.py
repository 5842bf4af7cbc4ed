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

The recursion over two numbers per border is exact because what a free block did before does not matter to what it may
do next; the interval polytope of one block is integral (Rajan and Takriti 2005, IBM RC23628), so the value also equals
that of the linear relaxation, which the tests use as an oracle.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]

_MINUS = -1e300
"""Stands for 'impossible'; finite so that sums of it stay ordered."""


@njit(cache=True)
def margins(revenue: Floats, power: Floats, cost: Floats, hours: float, keep: float) -> Floats:
    """``h * max_m (keep * revenue - power * cost)`` per interval; shapes (M, T), (M, T), (T,) to (T,)."""
    modes, T = revenue.shape
    out = np.empty(T)
    for t in range(T):
        best = keep * revenue[0, t] - power[0, t] * cost[t]
        for m in range(1, modes):
            value = keep * revenue[m, t] - power[m, t] * cost[t]
            best = max(best, value)
        out[t] = hours * best
    return out


class Table(NamedTuple):
    """What the recursion leaves at each border t = 0..T, each of shape (T + 1,).

    Attributes:
        S: Sum of the margins of the intervals before t.
        A: ``A_t`` of the module's text.
        B: ``B_t``.
        E: ``E_t``.
        began: 1 where ``A_t`` comes from a run begun at t - V.
        rested: 1 where ``B_t`` comes from a rest begun at t - D.
        short: Length of the short run that ``E_t`` stops; 0: it stops ``A_t``; -1: the run from before the horizon.
        opening: Ramp loss of the run from before the horizon, in all, shape () [USD].
    """

    S: Floats
    A: Floats
    B: Floats
    E: Floats
    began: NDArray[np.int8]
    rested: NDArray[np.int8]
    short: NDArray[np.int32]
    opening: float


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
    T = gain.shape[0]
    r = ramp.shape[0]
    V = max(up, r)
    S = np.empty(T + 1)
    S[0] = 0.0
    for t in range(T):
        S[t + 1] = S[t] + gain[t]

    A = np.empty(T + 1)
    B = np.empty(T + 1)
    E = np.empty(T + 1)
    began = np.zeros(T + 1, dtype=np.int8)
    rested = np.zeros(T + 1, dtype=np.int8)
    short = np.zeros(T + 1, dtype=np.int32)

    hold = up - steps_before if on_before else down - steps_before
    hold = max(hold, 0)
    left = r - steps_before if on_before else 0  # ramp intervals still to come of a start before the horizon
    left = max(left, 0)
    opening = 0.0  # ramp loss of the run that was on before the horizon, so far

    for t in range(T + 1):
        if on_before and 0 < t <= left:
            opening += ramp[steps_before + t - 1, t - 1]
        # on and free
        best = A[t - 1] if t > 0 else _MINUS
        if on_before and t == max(hold, left):
            best = opening
        if t >= V:
            s = t - V
            value = B[s] - S[s] - start
            for i in range(r):
                value += ramp[i, s + i]
            if value > best:
                best = value
                began[t] = 1
        A[t] = best
        # stopping at t
        value = best + S[t]
        if on_before and hold <= t < left and opening + S[t] > value:
            value = opening + S[t]
            short[t] = -1
        for j in range(up, V):
            if j > t:
                break
            s = t - j
            other = B[s] + S[t] - S[s] - start
            for i in range(j):
                other += ramp[i, s + i]
            if other > value:
                value = other
                short[t] = j
        E[t] = value
        # off and free
        best = B[t - 1] if t > 0 else _MINUS
        if not on_before and t == hold:
            best = 0.0
        if t >= down:
            value = E[t - down] - stop
            if value > best:
                best = value
                rested[t] = 1
        B[t] = best
    return Table(S, A, B, E, began, rested, short, opening)


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
) -> tuple[float, NDArray[np.int8]]:
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
    T, r = len(gain), len(ramp)
    V = max(up, r)
    table = recursion(gain, ramp, start, stop, up, down, on_before, steps_before)
    S, A, B, E = table.S, table.A, table.B, table.E
    hold = (up if on_before else down) - steps_before
    left = r - steps_before if on_before else 0

    # the horizon may cut a run or a rest: compare every way to end
    best = A[T] + S[T]
    state, border = 1, T  # 1: on and free, 0: off and free, 2: in a cut run begun at border, 3: in a cut rest
    if B[T] > best:
        best, state = B[T], 0
    for s in range(max(0, T - V + 1), T):
        value = B[s] + S[T] - S[s] - start
        for i in range(min(r, T - s)):
            value += ramp[i, s + i]
        if value > best:
            best, state, border = value, 2, s
    for s in range(max(0, T - down + 1), T + 1):
        value = E[s] - stop
        if value > best:
            best, state, border = value, 3, s
    if on_before and (hold > T or left > T) and table.opening + S[T] > best:
        best, state, border = table.opening + S[T], 4, T
    if not on_before and hold > T and best < 0.0:
        best, state, border = 0.0, 5, T
    return float(best), _word(table, T, V, down, state, border)


@njit(cache=True)
def _word(table: Table, T: int, V: int, down: int, state: int, border: int) -> NDArray[np.int8]:
    """The word that ends as found, followed back through the table, shape (T,)."""
    word = np.zeros(T, dtype=np.int8)
    t = T
    if state == 4:
        word[:] = 1
        return word
    if state == 5:
        return word
    if state == 2:
        word[border:] = 1
        t, state = border, 0
    elif state == 3:
        t = border
        state = 6
    while t > 0:
        if state == 6:  # a stop at t: which run ended here
            j = int(table.short[t])
            if j == -1:
                word[:t] = 1
                break
            if j > 0:
                word[t - j : t] = 1
                t -= j
                state = 0
            else:
                state = 1
        elif state == 1:
            if table.began[t] == 1:
                word[t - V : t] = 1
                t -= V
                state = 0
            else:
                word[t - 1] = 1
                t -= 1
        elif table.rested[t] == 1:
            t -= down
            state = 6
        else:
            t -= 1
    return word
