"""Relative strength, breadth and the rotation map: who leaves whom behind, from trailing windows only.

Rotation map of an asset with price P against a benchmark B, window w, momentum over k rows:

    RS = 100 P / B,   x = 100 + z_w(RS),   y = 100 + z_w(x_t - x_(t-k))

z_w(v) = (v - mean) / sd over the last w rows, sd with w - 1. x > 100: stronger than in its own recent past; y > 100: getting
stronger. Quadrants: leading (x, y above 100), weakening (x above), lagging (both below), improving (y above). Because every
window ends on its own day, adding days never moves a past point. The formula is ours and printed; it is no one's trade mark.
"""

from dataclasses import dataclass

import numba
import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.rolling import BLOCK, plain, rolling_block, score_block

QUADRANTS = ("lagging", "improving", "weakening", "leading")


@dataclass(frozen=True, slots=True, eq=False)
class RotationMap:
    """Points of the rotation map; NaN until the windows are full or where a price is missing.

    Attributes:
        strength: x, shape (t, n).
        momentum: y, shape (t, n).
    """

    strength: Floats
    momentum: Floats

    def quadrant(self, row: int) -> list[str]:
        """Quadrant of each asset on a row; empty where there is no point."""
        x, y = self.strength[row], self.momentum[row]
        return [
            "" if np.isnan(a) or np.isnan(b) else QUADRANTS[2 * int(a >= 100) + int(b >= 100)]
            for a, b in zip(x.tolist(), y.tolist(), strict=True)
        ]


def rotation_map(prices: Floats, benchmark: Floats, *, window: int = 60, momentum_rows: int = 10) -> RotationMap:
    """Rotation map of each column of ``prices`` against ``benchmark``.

    Args:
        prices: Prices [USD], shape (t, n), NaN where missing.
        benchmark: Price or level, shape (t,).
        window: Rows of the trailing window (w), at least 3.
        momentum_rows: Rows of the momentum (k), at least 1.
    """
    if window < 3 or momentum_rows < 1 or benchmark.shape != prices.shape[:1]:
        raise InputError(
            f"a window of {window}, momentum over {momentum_rows}, benchmark of shape {benchmark.shape}",
            "the window has at least 3 rows, the momentum 1, and the benchmark stands on the prices' days",
            "Choose for example 60 and 10.",
        )
    x, y = _map(plain(prices), plain(benchmark), window, momentum_rows)
    return RotationMap(np.asarray(x), np.asarray(y))


def relative_strength(price: Floats, benchmark: Floats, base_row: int = 0) -> Floats:
    """Price over benchmark, 100 on the base row."""
    ratio = price / benchmark
    return np.asarray(100 * ratio / ratio[base_row])


@dataclass(frozen=True, slots=True, eq=False)
class Breadth:
    """How many take part.

    Attributes:
        above_average: Share of assets above their own trailing mean, shape (t,).
        advancing: Assets that rose less those that fell, over all with a return, shape (t,).
        assets: Assets with a return, shape (t,).
    """

    above_average: Floats
    advancing: Floats
    assets: Floats


def breadth(prices: Floats, window: int = 50) -> Breadth:
    """Breadth of the columns of ``prices``; an asset counts on the days on which it has what is needed."""
    count = np.asarray(_counts(plain(prices), window)).sum(axis=1)
    return Breadth(_over(count[0], count[1]), _over(count[2], count[3]), count[3])


@numba.njit(cache=True, parallel=True)
def _map(prices: Floats, benchmark: Floats, window: int, momentum_rows: int) -> tuple[Floats, Floats]:
    """Points of the map, a block of columns at a time: what lies between price and point never leaves the cache."""
    rows, columns = prices.shape
    x, y = np.empty((rows, columns)), np.empty((rows, columns))
    for block in numba.prange((columns + BLOCK - 1) // BLOCK):
        at = slice(block * BLOCK, min(columns, (block + 1) * BLOCK))
        strength = 100 * prices[:, at] / benchmark.reshape(-1, 1)
        z = np.empty(strength.shape)
        score_block(strength, window, z)
        x[:, at] = 100 + z
        change = np.full(strength.shape, np.nan)
        for t in range(momentum_rows, rows):
            for j in range(at.stop - at.start):
                change[t, j] = z[t, j] - z[t - momentum_rows, j]
        score_block(change, window, z)
        y[:, at] = 100 + z
    return x, y


@numba.njit(cache=True, parallel=True)
def _counts(prices: Floats, window: int) -> Floats:
    """Assets above their mean, with a mean, rising less falling, with a return; shape (4, blocks, t)."""
    rows, columns = prices.shape
    blocks = (columns + BLOCK - 1) // BLOCK
    out = np.zeros((4, blocks, rows))
    for block in numba.prange(blocks):
        part = np.ascontiguousarray(prices[:, block * BLOCK : min(columns, (block + 1) * BLOCK)])
        mean, sd = np.empty(part.shape), np.empty(part.shape)
        rolling_block(part, window, mean, sd)
        for t in range(rows):
            for j in range(part.shape[1]):
                if np.isfinite(mean[t, j]) and np.isfinite(part[t, j]):
                    out[0, block, t] += part[t, j] > mean[t, j]
                    out[1, block, t] += 1
                step = part[t, j] - part[t - 1, j] if t else np.nan
                if np.isfinite(step):
                    out[2, block, t] += np.sign(step)
                    out[3, block, t] += 1
    return out


def _over(part: Floats, whole: Floats) -> Floats:
    out = np.full(part.shape, np.nan)
    return np.asarray(np.divide(part, whole, out=out, where=whole > 0))
