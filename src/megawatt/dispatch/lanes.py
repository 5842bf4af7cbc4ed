"""The recursion of `kernel.plan_block` for many price paths side by side: values only, no words.

A path is a lane. ``LANES`` of them advance together, and each loop over lanes below becomes vector instructions. Lanes
never mix and no product is fused with a sum, so the value of a path depends neither on its neighbours nor on the
processor.

With A, B, E and S of `plan_block` and V = max(U, r), a unit keeps rows for A, B and S and two rings, V rows of
``Q_s = B_s - S_s - a`` (plus what ramping has changed in the run begun at s so far) and D rows of ``E_s - b``:

    A_t = max(A, Q_{t-V})     E_t = max(A_t + S_t, Q_{t-j} + S_t for U <= j < V)     B_t = max(B, E_{t-D} - b)

Its size is (V + D) x LANES whatever the horizon, prices are read once, and price becomes margin on the fly:

    g = max over modes m of (base_m - slope_m x price),  base = h (revenue - power x adders),  slope = h x power

Every ``TILE`` intervals the better of a lane's two states goes into a sum in double precision and all else continues
relative to it: single precision rounds differences between states, never the money of a year. All units take one tile
of prices before any takes the next, so the tile stays in the cache however many units there are.
"""

from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray

LANES = 64
"""Paths that advance together: several vectors' worth, so that one's arithmetic hides the other's latency."""

TILE = 256
"""Intervals between two moves into the double sum; TILE x LANES prices fit a second-level cache."""

Reals = NDArray[Any]
"""float32 or float64, one of them throughout a call."""

_u = np.uint64  # an unsigned index cannot count from the end; that test would keep the compiler from using vectors
_STRIP = 16
"""Intervals whose margins stand in the first-level cache when the recursion comes to them."""

_A, _B, _S, _H, _X, _Z, _G = range(7)
_ROWS = _G + _STRIP
"""Rows before the rings: on and free, off and free, sum of margins, the run from before the horizon, one for what is at
hand, one of zeros, and the margins of a strip."""


def unit_type(precision: Any) -> np.dtype[np.void]:
    """Type of a unit.

    Number of modes; whether it switches at all; U, V, D, r; the state before the horizon: whether on, intervals for which
    it is held, intervals of its start's ramp still to come, intervals since that start; b [USD]; `impossible`.
    """
    whole = ("modes", "switched", "min_up", "run", "rest", "ramp", "on", "hold", "left", "age")
    return np.dtype([(name, np.int64) for name in whole] + [(name, np.dtype(precision)) for name in ("stop", "low")])


def impossible(precision: Any) -> float:
    """Stands for 'impossible'; finite, so that sums of it stay ordered."""
    return -1e30 if np.dtype(precision) == np.float32 else -1e300


@njit(cache=True)
def _rows(run: int, rest: int, ramp: int) -> int:
    """Rows of a unit: those before the rings, the rings, and a strip of what each interval of a ramp changes."""
    return _ROWS + run + rest + ramp * _STRIP


def room(units: Any) -> int:
    """How many numbers the units' states hold."""
    return LANES * sum(_rows(unit["run"], unit["rest"], unit["ramp"]) for unit in units)


@njit(cache=True)
def _margins(work: Reals, g: int, price: Reals, begin: int, end: int, modes: int, base: Reals, slope: Reals, income: Reals, lost: Any) -> None:  # fmt: skip
    """Best margin of each interval with a share ``lost`` of the income lost, into the rows from g on."""
    for t in range(begin, end):
        p, row = _u(t * LANES), _u(g + (t - begin) * LANES)
        zero, per_price = base[0, t] - lost * income[0, t], slope[0, t]
        for lane in range(LANES):
            work[row + _u(lane)] = zero - per_price * price[p + _u(lane)]
        for m in range(1, modes):
            zero, per_price = base[m, t] - lost * income[m, t], slope[m, t]
            for lane in range(LANES):
                work[row + _u(lane)] = max(work[row + _u(lane)], zero - per_price * price[p + _u(lane)])


@njit(cache=True)
def _recur(work: Reals, o: int, begin: int, end: int, g: int, unit: Any, start: Reals) -> None:
    """Borders and intervals ``begin`` to ``end - 1`` with the margins in the rows from g on."""
    ring, run, rest, stop = o + _ROWS * LANES, unit.run, unit.rest, unit.stop
    q, e = begin % run, begin % rest
    for t in range(begin, end):
        cost = start[t]
        Q, E, G = _u(ring + q * LANES), _u(ring + (run + e) * LANES), _u(g + (t - begin) * LANES)
        A, B, S = _u(o + _A * LANES), _u(o + _B * LANES), _u(o + _S * LANES)
        for lane in range(LANES):
            i = _u(lane)
            a = max(work[A + i], work[Q + i])
            b = max(work[B + i], work[E + i])
            s = work[S + i]
            work[A + i] = a
            work[B + i] = b
            work[E + i] = a + s - stop
            work[Q + i] = b - s - cost
            work[S + i] = s + work[G + i]
        q = q + 1 if q + 1 < run else 0
        e = e + 1 if e + 1 < rest else 0


@njit(cache=True)
def _raise(work: Reals, row: int, other: int, plus: int, less: Any) -> None:
    """``row = max(row, other + plus - less)``."""
    for lane in range(LANES):
        i = _u(lane)
        work[_u(row) + i] = max(work[_u(row) + i], work[_u(other) + i] + work[_u(plus) + i] - less)


@njit(cache=True)
def _add(work: Reals, row: int, other: int) -> None:
    for lane in range(LANES):
        work[_u(row) + _u(lane)] += work[_u(other) + _u(lane)]


@njit(cache=True)
def _less(work: Reals, row: int, other: int) -> None:
    for lane in range(LANES):
        work[_u(row) + _u(lane)] -= work[_u(other) + _u(lane)]


@njit(cache=True)
def _fill(work: Reals, row: int, count: int, value: Any) -> None:
    for i in range(row, row + count * LANES):
        work[_u(i)] = value


@njit(cache=True)
def _due(work: Reals, o: int, unit: Any, t: int) -> None:
    """The state from before the horizon becomes free at border t, where it does."""
    if unit.on and t == max(unit.hold, unit.left):
        for lane in range(LANES):
            work[_u(o + _A * LANES) + _u(lane)] = work[_u(o + _H * LANES) + _u(lane)]
    if not unit.on and t == unit.hold:
        _fill(work, o + _B * LANES, 1, 0)


@njit(cache=True)
def _ramped_stops(work: Reals, o: int, e: int, unit: Any, t: int) -> None:
    """Stops at border t of runs that have not ramped up yet, into the ring row of t."""
    S, ring = o + _S * LANES, o + _ROWS * LANES
    if unit.on and unit.hold <= t < unit.left:
        _raise(work, e, o + _H * LANES, S, unit.stop)
    for j in range(unit.min_up, min(unit.run, t + 1)):
        _raise(work, e, ring + (t - j) % unit.run * LANES, S, unit.stop)


@njit(cache=True)
def _step(work: Reals, o: int, g: int, price: Reals, t: int, unit: Any, start: Reals, lost: Reals, base: Reals, slope: Reals, income: Reals) -> None:  # fmt: skip
    """Border and interval t where a run may end before its ramp does, or the past matters; its margin stands in row g."""
    S, H, X, ring = o + _S * LANES, o + _H * LANES, o + _X * LANES, o + _ROWS * LANES
    _due(work, o, unit, t)
    _recur(work, o, t, t + 1, o + _Z * LANES, unit, start)
    _ramped_stops(work, o, ring + (unit.run + t % unit.rest) * LANES, unit, t)
    if unit.on and t < unit.left:
        _margins(work, X, price, t, t + 1, unit.modes, base, slope, income, lost[unit.age + t])
        _less(work, X, g)
        _add(work, H, X)
    _add(work, S, g)


@njit(cache=True)
def _advance(work: Reals, o: int, price: Reals, begin: int, end: int, unit: Any, start: Reals, lost: Reals, base: Reals, slope: Reals, income: Reals) -> None:  # fmt: skip
    """Borders and intervals ``begin`` to ``end - 1``."""
    S, G, ring = o + _S * LANES, o + _G * LANES, o + _ROWS * LANES
    ramps, strip = ring + (unit.run + unit.rest) * LANES, _STRIP * LANES
    for first in range(begin, end, _STRIP):
        last = min(first + _STRIP, end)
        plain = unit.run == unit.min_up and first > max(unit.hold, unit.left)
        _margins(work, G, price, first, last, unit.modes, base, slope, income, lost[-1])
        if not unit.switched:
            for row in range(G, G + (last - first) * LANES, LANES):
                _add(work, S, row)
            continue
        if plain and unit.ramp == 0:
            _recur(work, o, first, last, G, unit, start)
            continue
        for i in range(unit.ramp):
            _margins(work, ramps + i * strip, price, first, last, unit.modes, base, slope, income, lost[i])
            for row in range(0, (last - first) * LANES, LANES):
                _less(work, ramps + i * strip + row, G + row)
        for t in range(first, last):
            row = (t - first) * LANES
            if plain:
                _recur(work, o, t, t + 1, G + row, unit, start)
            else:
                _step(work, o, G + row, price, t, unit, start, lost, base, slope, income)
            for i in range(min(unit.ramp, t + 1)):
                _add(work, ring + (t - i) % unit.run * LANES, ramps + i * strip + row)


@njit(cache=True)
def _settle(work: Reals, o: int, unit: Any, total: NDArray[np.float64], zero: Any) -> None:
    """Move each lane's better state into the double sum; A, H and Q are relative to S, B and E are not.

    A price that is no number makes S none, and ``S - S`` carries that into the sum, where a maximum might lose it.
    """
    A, B, S, H, X = o + _A * LANES, o + _B * LANES, o + _S * LANES, o + _H * LANES, o + _X * LANES
    ring = o + _ROWS * LANES
    for lane in range(LANES):
        i = _u(lane)
        s = work[_u(S) + i]
        best = s
        if unit.switched:
            best = max(work[_u(A) + i] + s, work[_u(B) + i])
            best = best if best > unit.low / 2 else zero
        total[i] += best + (s - s)
        work[_u(X) + i] = best
    if unit.switched:
        _less(work, B, X)
        for row in range(unit.rest):
            _less(work, ring + (unit.run + row) * LANES, X)
        _less(work, X, S)  # from here on what the rows relative to S fall by
        _less(work, A, X)
        _less(work, H, X)
        for row in range(unit.run):
            _less(work, ring + row * LANES, X)
    _fill(work, S, 1, 0)


@njit(cache=True)
def _close(work: Reals, o: int, unit: Any, T: int, start: Reals, zero: Any) -> None:
    """Row B: the best way to end at border T, a run or a rest cut by it included."""
    A, B, S, H, Z = o + _A * LANES, o + _B * LANES, o + _S * LANES, o + _H * LANES, o + _Z * LANES
    ring = o + _ROWS * LANES
    _due(work, o, unit, T)
    _recur(work, o, T, T + 1, Z, unit, start)
    _ramped_stops(work, o, ring + (unit.run + T % unit.rest) * LANES, unit, T)
    _raise(work, B, A, S, zero)
    for s in range(max(0, T - unit.run + 1), T):
        _raise(work, B, ring + s % unit.run * LANES, S, zero)
    for row in range(unit.rest):
        _raise(work, B, ring + (unit.run + row) * LANES, Z, zero)
    if unit.on and max(unit.hold, unit.left) > T:
        _raise(work, B, H, S, zero)
    if not unit.on and unit.hold > T:
        _raise(work, B, Z, Z, zero)
    _fill(work, A, 1, unit.low)


@njit(cache=True, nogil=True)
def sweep(price: Reals, units: Any, start: Reals, lost: Reals, base: Reals, slope: Reals, income: Reals, work: Reals) -> NDArray[np.float64]:  # fmt: skip
    """Values of all units on ``LANES`` paths.

    Args:
        price: Prices, interval by interval the lanes side by side, shape (T x LANES,) [USD/MWh].
        units: The units, shape (N,) of `unit_type`.
        start: Cost of a start at each border, shape (N, T + 1) [USD].
        lost: Share of the income that is lost in the i-th interval after a start, shape (N, r + 1); the last entry is 0.
        base: Margin at a price of nothing, shape (N, M, T) [USD].
        slope: What a price of one takes from it, shape (N, M, T) [MWh].
        income: What ramping takes its share of, shape (N, M, T) [USD].
        work: Room for the units' states, of their `room`.

    Returns:
        Value of each unit in each lane, shape (N, LANES) [USD]; NaN where a price is no finite number.
    """
    T, zero = base.shape[2], lost[0, -1]
    total = np.zeros((len(units), LANES))
    for begin in range(0, T, TILE):
        o = 0
        for n in range(len(units)):
            unit = units[n]
            rows = _rows(unit.run, unit.rest, unit.ramp)
            if begin == 0:
                _fill(work, o, rows, unit.low)
                for row in (_S, _H, _Z):
                    _fill(work, o + row * LANES, 1, 0)
            _advance(work, o, price, begin, min(T, begin + TILE), unit, start[n], lost[n], base[n], slope[n], income[n])
            if begin + TILE >= T and unit.switched:
                _close(work, o, unit, T, start[n], zero)
            _settle(work, o, unit, total[n], zero)
            o += rows * LANES
    return total
