"""Mean and sd of a trailing window for many columns in one pass.

Sums are kept about the first value of each refresh and rebuilt every `REFRESH` rows, so rounding cannot pile up over years.
When to rebuild depends on the row's number only: adding rows changes no earlier result by a single bit.
"""

import numba
import numpy as np

from megawatt.core.series import Floats

REFRESH = 256
BLOCK = 64


def rolling_mean_sd(values: Floats, window: int) -> tuple[Floats, Floats]:
    """Mean and sd (with w - 1) of the last ``window`` rows of each column, NaN where one is missing, shape (t, n) each."""
    mean, sd = _rolling(np.ascontiguousarray(values, dtype=np.float64), window)
    return np.asarray(mean), np.asarray(sd)


@numba.njit(cache=True, parallel=True)
def _rolling(values: Floats, window: int) -> tuple[Floats, Floats]:
    rows, columns = values.shape
    mean, sd = np.full((rows, columns), np.nan), np.full((rows, columns), np.nan)
    # Blocks of columns side by side: each stays in the cache, and no result depends on how many threads there are.
    for block in numba.prange((columns + BLOCK - 1) // BLOCK):
        _rolling_block(values, window, block * BLOCK, min(columns, (block + 1) * BLOCK), mean, sd)
    return mean, sd


@numba.njit(cache=True)
def _rolling_block(values: Floats, window: int, start: int, end: int, mean: Floats, sd: Floats) -> None:
    size = end - start
    count, origin = np.zeros(size), np.zeros(size)
    total, squares = np.zeros(size), np.zeros(size)
    for t in range(values.shape[0]):
        fresh = t % REFRESH == 0
        first = max(t - window + 1, 0) if fresh else t
        for j in range(size):
            if fresh:
                count[j], total[j], squares[j] = 0.0, 0.0, 0.0
                origin[j] = values[t, start + j] if np.isfinite(values[t, start + j]) else 0.0
            for s in range(first, t + 1):
                v = values[s, start + j] - origin[j]
                if np.isfinite(v):
                    count[j] += 1
                    total[j] += v
                    squares[j] += v * v
            if not fresh and t >= window:
                v = values[t - window, start + j] - origin[j]
                if np.isfinite(v):
                    count[j] -= 1
                    total[j] -= v
                    squares[j] -= v * v
            if count[j] == window:
                m = total[j] / window
                mean[t, start + j] = m + origin[j]
                sd[t, start + j] = np.sqrt(max(squares[j] - window * m * m, 0.0) / (window - 1))
