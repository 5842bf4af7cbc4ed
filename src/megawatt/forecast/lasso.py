"""Lasso for many targets that share their regressors: compiled kernels on the Gram matrix.

    minimise 1/2 |y_h - X w_h|^2 + penalty_h |w_h|_1      for every target h (hour of the day)

All targets have the same X, so one Gram matrix X'X serves them all. `aic_penalties` follows each target's path of
least-angle regression to the smallest Akaike criterion; `lasso` finds the coefficients, from yesterday's as a start.

References:
    Efron, Hastie, Johnstone, Tibshirani, Annals of Statistics 32 (2004) 407 (least-angle regression).
    Lee, Battle, Raina, Ng, NIPS 19 (2006) 801 (feature-sign search: the lasso as a search over signs).
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]


@njit(cache=True, fastmath=True)
def aic_penalties(gram: Floats, cross: Floats, squares: Floats, n: int, floor: Floats) -> Floats:
    """Penalty of each target, shape (H,): the correlation at the knot of its path with the least n RSS / TSS + 2 df.

    Args:
        gram: X'X of centred columns of norm one, shape (p, p).
        cross: X'Y of the same columns, shape (p, H).
        squares: Y'Y of each centred target, shape (H,).
        n: Rows.
        floor: Lower bound of the residual squares of any coefficients, shape (H,); 0 is one. It ends the path early.
    """
    p, H = cross.shape
    most = min(n - 1, p)
    penalties = np.zeros(H)
    chol, active = np.zeros((most + 1, most + 1)), np.zeros(most + 1, dtype=np.int64)
    sign, half = np.zeros(most + 1), np.zeros(most + 1)  # signs of the columns in use, and L^-1 times them
    step, beta = np.zeros(most + 1), np.zeros(most + 1)
    inside, blocked = np.zeros(p, dtype=np.bool_), np.zeros(p, dtype=np.bool_)
    correlation, slope, reach = np.zeros(p), np.zeros(p), np.zeros(p)
    for h in range(H):
        inside[:], blocked[:] = False, False
        correlation[:] = cross[:, h]
        entering = int(np.argmax(np.abs(correlation)))
        level = abs(correlation[entering])
        rss, k = squares[h], 0
        best, penalties[h] = float(n), level
        if squares[h] <= 0.0:
            continue
        while True:
            if entering >= 0:
                if k == most:
                    break
                if not _append(chol, gram, active, k, entering):  # a copy of what is in use: it can add nothing
                    blocked[entering] = True
                else:
                    active[k], beta[k], inside[entering] = entering, 0.0, True
                    sign[k] = 1.0 if correlation[entering] > 0 else -1.0
                    _forward(chol, sign, half, k, k + 1)
                    k += 1
            _backward(chol, half, step, k)
            slope[:] = 0.0
            _add(slope, gram, active, step, 1.0, k)
            gamma, entering = _nearest(level, correlation, slope, inside, blocked, reach)
            leaving = -1
            for i in range(k):
                if step[i] * beta[i] < 0.0 and -beta[i] / step[i] < gamma:
                    gamma, leaving, entering = -beta[i] / step[i], i, -1
            q = _advance(beta, step, half, gamma, k)
            rss -= 2.0 * gamma * level * q - gamma * gamma * q
            correlation -= gamma * slope
            level -= gamma
            if leaving >= 0:
                inside[active[leaving]] = False
                k = _remove(chol, active, sign, beta, k, leaving)
                _forward(chol, sign, half, leaving, k)
            criterion = n * rss / squares[h] + 2.0 * k
            if criterion < best:
                best, penalties[h] = criterion, level
            if (entering < 0 and leaving < 0) or n * floor[h] / squares[h] + 2.0 * k > best:
                break
    return penalties


@njit(cache=True, fastmath=True)
def _advance(beta: Floats, step: Floats, half: Floats, gamma: float, k: int) -> float:
    """Move the coefficients in use along the path; returns the squared length of its direction."""
    q = 0.0
    for i in range(k):
        beta[i] += gamma * step[i]
        q += half[i] * half[i]
    return q


@njit(cache=True, fastmath=True)
def _nearest(
    level: float,
    correlation: Floats,
    slope: Floats,
    inside: NDArray[np.bool_],
    blocked: NDArray[np.bool_],
    reach: Floats,
) -> tuple[float, int]:
    """How far the path goes until another column is as correlated as those in use, and which; to its end: -1.

    ``reach`` is room for the distances: one pass fills it without a branch, so that it runs on vectors.
    """
    p = len(slope)
    for j in range(p):
        above, below = 1.0 - slope[j], 1.0 + slope[j]
        up = max(level - correlation[j], 0.0) / (above if above > 1e-12 else 1e-300)
        down = max(level + correlation[j], 0.0) / (below if below > 1e-12 else 1e-300)
        up, down = (up if above > 1e-12 else level), (down if below > 1e-12 else level)
        reach[j] = min(up, down)
    gamma, entering = level, -1
    for j in range(p):
        if reach[j] < gamma and not inside[j] and not blocked[j]:
            gamma, entering = reach[j], j
    return gamma, entering


@njit(cache=True, fastmath=True)
def _add(out: Floats, rows: Floats, chosen: NDArray[np.int64], factor: Floats, share: float, k: int) -> None:
    """Add ``share`` times the sum of the first k chosen rows, each times its factor, to ``out``; four rows a pass."""
    p, i = len(out), 0
    while i + 3 < k:
        a, b, c, d = rows[chosen[i]], rows[chosen[i + 1]], rows[chosen[i + 2]], rows[chosen[i + 3]]
        f, g = share * factor[i], share * factor[i + 1]
        u, v = share * factor[i + 2], share * factor[i + 3]
        for j in range(p):
            out[j] += f * a[j] + g * b[j] + u * c[j] + v * d[j]
        i += 4
    while i < k:
        a, f = rows[chosen[i]], share * factor[i]
        for j in range(p):
            out[j] += f * a[j]
        i += 1


@njit(cache=True, fastmath=True)
def lasso(gram: Floats, cross: Floats, penalties: Floats, coefficients: Floats) -> int:
    """Coefficients of every target, exact: ``coefficients``, shape (p, H), is start and result.

    Within the signs of the start the optimum is the solution of one linear system. The way there ends where a
    coefficient becomes zero, which then leaves; at the optimum of these signs the column enters that breaks its bound
    most. Each step lowers the objective, so no set of signs comes twice. From yesterday's coefficients it takes a few
    steps, where coordinate descent takes hundreds of sweeps over columns as alike as neighbouring hours.

    Returns:
        Steps made, over all targets.
    """
    p, H = cross.shape
    chol, active = np.zeros((p, p)), np.zeros(p, dtype=np.int64)
    sign, w, goal, right = np.zeros(p), np.zeros(p), np.zeros(p), np.zeros(p)
    inside = np.zeros(p, dtype=np.bool_)
    rest = np.zeros(p)
    steps = 0
    for h in range(H):
        k = 0
        inside[:] = False
        rest[:] = cross[:, h]
        for j in range(p):
            if coefficients[j, h] != 0.0 and _append(chol, gram, active, k, j):
                active[k], w[k], inside[j] = j, coefficients[j, h], True
                sign[k] = 1.0 if w[k] > 0 else -1.0
                k += 1
        _add(rest, gram, active, w, -1.0, k)
        for _ in range(20 * p):
            steps += 1
            for i in range(k):
                right[i] = rest[active[i]] - penalties[h] * sign[i]
            _solve(chol, right, goal, k)
            part, leaving = 1.0, -1
            for i in range(k):
                if (w[i] + goal[i]) * sign[i] < 0.0 and -w[i] / goal[i] < part:
                    part, leaving = -w[i] / goal[i], i
            for i in range(k):
                w[i] += part * goal[i]
            _add(rest, gram, active, goal, -part, k)
            if leaving >= 0:
                inside[active[leaving]] = False
                k = _remove(chol, active, sign, w, k, leaving)
                continue
            entering, excess = -1, 1e-9 * penalties[h]
            for j in range(p):
                if not inside[j] and abs(rest[j]) - penalties[h] > excess:
                    entering, excess = j, abs(rest[j]) - penalties[h]
            if entering < 0 or not _append(chol, gram, active, k, entering):
                break
            active[k], w[k], inside[entering] = entering, 0.0, True
            sign[k] = 1.0 if rest[entering] > 0 else -1.0
            k += 1
        coefficients[:, h] = 0.0
        for i in range(k):
            coefficients[active[i], h] = w[i]
    return steps


@njit(cache=True, fastmath=True)
def _append(chol: Floats, gram: Floats, active: NDArray[np.int64], k: int, j: int) -> bool:
    """Extend the Cholesky factor of the columns in use by column j; False when it depends on them."""
    row, left = chol[k], gram[j, j]
    for i in range(k):
        other, value = chol[i], gram[j, active[i]]
        for m in range(i):
            value -= other[m] * row[m]
        value /= other[i]
        row[i] = value
        left -= value * value
    if left < 1e-9 * gram[j, j]:
        return False
    row[k] = np.sqrt(left)
    return True


@njit(cache=True, fastmath=True)
def _remove(chol: Floats, active: NDArray[np.int64], sign: Floats, beta: Floats, k: int, gone: int) -> int:
    """Take one column out: shift the rows below it and rotate their one surplus entry away (Givens)."""
    for i in range(gone, k - 1):
        active[i], sign[i], beta[i] = active[i + 1], sign[i + 1], beta[i + 1]
        row, below = chol[i], chol[i + 1]
        for m in range(i + 2):
            row[m] = below[m]
    for i in range(gone, k - 1):
        a, b = chol[i, i], chol[i, i + 1]
        r = np.sqrt(a * a + b * b)
        c, s = a / r, b / r
        chol[i, i] = r
        for m in range(i + 1, k - 1):
            x, y = chol[m, i], chol[m, i + 1]
            chol[m, i], chol[m, i + 1] = c * x + s * y, c * y - s * x
    return k - 1


@njit(cache=True, fastmath=True)
def _solve(chol: Floats, right: Floats, out: Floats, k: int) -> None:
    """Solve L L' out = right for the first k rows."""
    _forward(chol, right, out, 0, k)
    _backward(chol, out, out, k)


@njit(cache=True, fastmath=True)
def _forward(chol: Floats, right: Floats, out: Floats, first: int, k: int) -> None:
    """Solve L out = right from the row ``first`` on; those before it are solved."""
    for i in range(first, k):
        row, value = chol[i], right[i]
        for m in range(i):
            value -= row[m] * out[m]
        out[i] = value / row[i]


@njit(cache=True, fastmath=True)
def _backward(chol: Floats, right: Floats, out: Floats, k: int) -> None:
    """Solve L' out = right, reading L by rows; ``out`` may be ``right``."""
    out[:k] = right[:k]
    for i in range(k - 1, -1, -1):
        row = chol[i]
        out[i] /= row[i]
        for m in range(i):
            out[m] -= row[m] * out[i]
