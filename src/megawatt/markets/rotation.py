"""Relative strength, breadth and the rotation map: who leaves whom behind, from trailing windows only.

Rotation map of an asset with price P against a benchmark B, window w, momentum over k rows:

    RS = 100 P / B,   x = 100 + z_w(RS),   y = 100 + z_w(x_t - x_(t-k))

z_w(v) = (v - mean) / sd over the last w rows, sd with w - 1. x > 100: stronger than in its own recent past; y > 100: getting
stronger. Quadrants: leading (x, y above 100), weakening (x above), lagging (both below), improving (y above). Because every
window ends on its own day, adding days never moves a past point. The formula is ours and printed; it is no one's trade mark.
"""

from dataclasses import dataclass

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.rolling import rolling_mean_sd

_CONSTANT = 1e-10

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
    x = 100 + _z(100 * prices / benchmark[:, None], window)
    change = np.full_like(x, np.nan)
    change[momentum_rows:] = x[momentum_rows:] - x[:-momentum_rows]
    return RotationMap(x, 100 + _z(change, window))


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
    mean, _ = rolling_mean_sd(prices, window)
    with_mean = np.isfinite(mean) & np.isfinite(prices)
    above = np.where(with_mean, prices > mean, False).sum(axis=1)
    step = np.sign(np.diff(prices, axis=0, prepend=np.nan))
    have = np.isfinite(step)
    return Breadth(
        _over(above, with_mean.sum(axis=1)), _over(np.nansum(step, axis=1), have.sum(axis=1)), have.sum(axis=1) * 1.0
    )


def _z(values: Floats, window: int) -> Floats:
    mean, sd = rolling_mean_sd(values, window)
    out = np.full_like(values, np.nan)
    # An sd below the rounding of the values is a constant window, not a small one.
    np.divide(values - mean, sd, out=out, where=sd > _CONSTANT * (1 + np.abs(mean)))
    return out


def _over(part: Floats, whole: Floats) -> Floats:
    out = np.full(part.shape, np.nan)
    return np.asarray(np.divide(part, whole, out=out, where=whole > 0))
