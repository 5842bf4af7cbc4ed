"""Mean, sd and score of a trailing window for many columns in one pass.

Sums are kept about the first value of each refresh and rebuilt every `REFRESH` rows, so rounding cannot pile up over years.
When to rebuild depends on the row's number only: adding rows changes no earlier result by a single bit.
"""

import numba
import numpy as np

from megawatt.core.series import Floats

REFRESH = 256
BLOCK = 64
CONSTANT = 1e-10
"""An sd below this share of the mean is the rounding of a constant window, not a small sd."""


def rolling_mean_sd(values: Floats, window: int) -> tuple[Floats, Floats]:
    """Mean and sd (with w - 1) of the last ``window`` rows of each column, NaN where one is missing, shape (t, n) each."""
    mean, sd = _rolling(plain(values), window)
    return np.asarray(mean), np.asarray(sd)


def plain(values: Floats) -> Floats:
    """In rows, and writable: numba would compile read-only arrays once more."""
    plain = np.ascontiguousarray(values, dtype=np.float64)
    return plain if plain.flags.writeable else plain.copy()


@numba.njit(cache=True, parallel=True)
def _rolling(values: Floats, window: int) -> tuple[Floats, Floats]:
    rows, columns = values.shape
    mean, sd = np.empty((rows, columns)), np.empty((rows, columns))
    # Blocks of columns side by side: each stays in the cache, and no result depends on how many threads there are.
    for block in numba.prange((columns + BLOCK - 1) // BLOCK):
        at = slice(block * BLOCK, min(columns, (block + 1) * BLOCK))
        rolling_block(values[:, at], window, mean[:, at], sd[:, at])
    return mean, sd


@numba.njit(cache=True)
def score_block(values: Floats, window: int, z: Floats) -> None:
    """Write (value - mean) / sd of each trailing window into ``z``, NaN where one is missing or all are alike."""
    sd = np.empty(values.shape)
    rolling_block(values, window, z, sd)
    for t in range(values.shape[0]):
        for j in range(values.shape[1]):
            wide = sd[t, j] > CONSTANT * (1 + abs(z[t, j]))
            z[t, j] = (values[t, j] - z[t, j]) / sd[t, j] if wide else np.nan


@numba.njit(cache=True)
def rolling_block(values: Floats, window: int, mean: Floats, sd: Floats) -> None:
    """Write mean and sd of each trailing window of a few columns into ``mean`` and ``sd``."""
    rows, size = values.shape
    count, origin = np.zeros(size), np.zeros(size)
    total, squares = np.zeros(size), np.zeros(size)
    for t in range(rows):
        fresh = t % REFRESH == 0
        first = max(t - window + 1, 0) if fresh else t
        for j in range(size):
            if fresh:
                count[j], total[j], squares[j] = 0.0, 0.0, 0.0
                origin[j] = np.nan  # the first value that is there, so that squares of small differences are summed
            for s in range(first, t + 1):
                if np.isnan(origin[j]) and np.isfinite(values[s, j]):
                    origin[j] = values[s, j]
                v = values[s, j] - origin[j]
                if np.isfinite(v):
                    count[j] += 1
                    total[j] += v
                    squares[j] += v * v
            if not fresh and t >= window:
                v = values[t - window, j] - origin[j]
                if np.isfinite(v):
                    count[j] -= 1
                    total[j] -= v
                    squares[j] -= v * v
            mean[t, j], sd[t, j] = np.nan, np.nan
            if count[j] == window:
                m = total[j] / window
                mean[t, j] = m + origin[j]
                sd[t, j] = np.sqrt(max(squares[j] - window * m * m, 0.0) / (window - 1))
