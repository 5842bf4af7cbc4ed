"""Independent ways to the optimum: brute force over all on/off words, and a linear programme by HiGHS."""

import itertools
from collections.abc import Iterator

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import linprog

Floats = NDArray[np.float64]


def words(T: int, up: int, down: int, on_before: bool, steps_before: int) -> Iterator[tuple[int, ...]]:
    """All on/off words of T intervals that keep the dwell times; a word may be cut by the end of the horizon."""
    for word in itertools.product((0, 1), repeat=T):
        state, run, good = int(on_before), steps_before, True
        for u in word:
            if u == state:
                run += 1
                continue
            if run < (up if state else down):
                good = False
                break
            state, run = u, 1
        if good:
            yield word


def word_value(
    word: tuple[int, ...], gain: Floats, ramp: Floats, start: float, stop: float, on_before: bool, steps_before: int
) -> float:
    """Money of one word, counted interval by interval."""
    total, state, age = 0.0, int(on_before), steps_before
    for t, u in enumerate(word):
        if u and not state:
            total -= start
            age = 0
        if state and not u:
            total -= stop
        if u:
            total += gain[t] + (ramp[age, t] if age < ramp.shape[0] else 0.0)
            age += 1
        state = u
    return total


def brute_force(
    gain: Floats, ramp: Floats, start: float, stop: float, up: int, down: int, on_before: bool, steps_before: int
) -> float:
    """Best value over all feasible words."""
    return max(
        word_value(w, gain, ramp, start, stop, on_before, steps_before)
        for w in words(len(gain), up, down, on_before, steps_before)
    )


def lp_value(gain: Floats, start: float, stop: float, up: int, down: int, on_before: bool, steps_before: int) -> float:
    """Value of the Rajan-Takriti linear relaxation (no ramp loss), which is integral for one block."""
    T = len(gain)
    u, v, z = np.arange(T), T + np.arange(T), 2 * T + np.arange(T)
    cost = np.concatenate([-gain, np.full(T, start), np.full(T, stop)])
    eq, rhs, ub, lim = [], [], [], []
    for t in range(T):
        row = np.zeros(3 * T)
        row[u[t]], row[v[t]], row[z[t]] = 1, -1, 1
        if t:
            row[u[t - 1]] = -1
        eq.append(row)
        rhs.append(0.0 if t else float(on_before))
        row = np.zeros(3 * T)
        row[v[max(0, t - up + 1) : t + 1]] = 1
        row[u[t]] = -1
        ub.append(row)
        lim.append(0.0)
        row = np.zeros(3 * T)
        row[z[max(0, t - down + 1) : t + 1]] = 1
        row[u[t]] = 1
        ub.append(row)
        lim.append(1.0)
    bounds = [(0.0, 1.0)] * (3 * T)
    for t in range(min(T, max(0, (up if on_before else down) - steps_before))):
        bounds[u[t]] = (float(on_before), float(on_before))
    out = linprog(cost, A_ub=np.array(ub), b_ub=lim, A_eq=np.array(eq), b_eq=rhs, bounds=bounds, method="highs")
    assert out.status == 0, out.message
    assert out.fun is not None
    return -out.fun
