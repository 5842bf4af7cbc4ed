"""Random numbers that are a function of (seed, path, day): Philox4x32-10, and normals in lanes.

A counter-based generator has no state to hand on: path 7 of day 100 is the same number whichever worker asks, in whichever order.
Source: Salmon, Moraes, Dror and Shaw 2011, "Parallel random numbers: as easy as 1, 2, 3" (SC11); the tests hold it against the
known-answer vectors published with it.

The loops run over `LANES` paths side by side in one workspace of 64-bit words, each row at a fixed offset, so that the compiler can
prove them independent and use the wide registers; the same memory is seen as words and as floats, because a uniform number is
made from bits and a logarithm is taken from them. Per path and day: two calls of Philox, one Box-Muller pair (53-bit uniforms) and
four 32-bit uniforms.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Words = NDArray[np.uint64]
Floats = NDArray[np.float64]

LANES = 32
"""Paths side by side."""

_M0, _M1 = np.uint64(0xD2511F53), np.uint64(0xCD9E8D57)
_W0, _W1 = np.uint64(0x9E3779B9), np.uint64(0xBB67AE85)
_LOW = np.uint64(0xFFFFFFFF)
_32, _20, _12, _52 = np.uint64(32), np.uint64(20), np.uint64(12), np.uint64(52)
_0, _1, _2, _3, _4, _5, _6, _7, _8, _9 = (np.uint64(i) for i in range(10))
_ONE = np.uint64(0x3FF0000000000000)
"""Bits of 1.0: a mantissa joined to them is a float in [1, 2)."""
_SHIFT = np.uint64(0x4330000000000000)
"""Bits of 2^52: a small whole number joined to them is that number + 2^52."""
_MANTISSA = np.uint64(0x000FFFFFFFFFFFFF)
_EXPONENT_ZERO = 2.0**52 + 1023.0
_HALF_STEP = 2.0**-53
_BELOW_ONE = 1.0 - 2.0**-33
_LN2 = 0.6931471805599453
_SQRT2 = 1.4142135623730951
_QUARTER_TURN = 1.5707963267948966

# Rows of the workspace, each of LANES words.
Z0, Z1, U0, U1, U2, U3 = (row * LANES for row in range(6))
_A, _B, _C, _D = (row * LANES for row in range(6, 10))
ROWS = 10
"""Rows that the random numbers need; what a simulation keeps comes after them."""


Four = tuple[np.uint64, np.uint64, np.uint64, np.uint64]


@njit(inline="always")
def _round(c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64) -> Four:
    """One round on four 32-bit words, each in the lower half of 64 bits."""
    p0, p1 = _M0 * c0, _M1 * c2
    return (p1 >> _32) ^ c1 ^ k0, p1 & _LOW, (p0 >> _32) ^ c3 ^ k1, p0 & _LOW


@njit(inline="always")
def philox(c0: np.uint64, c1: np.uint64, c2: np.uint64, c3: np.uint64, k0: np.uint64, k1: np.uint64) -> Four:
    """Ten rounds: 128 random bits of the counter (c0, c1, c2, c3) under the key (k0, k1)."""
    a, b, c, d = _round(c0, c1, c2, c3, k0, k1)
    a, b, c, d = _round(a, b, c, d, (k0 + _W0) & _LOW, (k1 + _W1) & _LOW)
    a, b, c, d = _round(a, b, c, d, (k0 + _2 * _W0) & _LOW, (k1 + _2 * _W1) & _LOW)
    a, b, c, d = _round(a, b, c, d, (k0 + _3 * _W0) & _LOW, (k1 + _3 * _W1) & _LOW)
    a, b, c, d = _round(a, b, c, d, (k0 + _4 * _W0) & _LOW, (k1 + _4 * _W1) & _LOW)
    a, b, c, d = _round(a, b, c, d, (k0 + _5 * _W0) & _LOW, (k1 + _5 * _W1) & _LOW)
    a, b, c, d = _round(a, b, c, d, (k0 + _6 * _W0) & _LOW, (k1 + _6 * _W1) & _LOW)
    a, b, c, d = _round(a, b, c, d, (k0 + _7 * _W0) & _LOW, (k1 + _7 * _W1) & _LOW)
    a, b, c, d = _round(a, b, c, d, (k0 + _8 * _W0) & _LOW, (k1 + _8 * _W1) & _LOW)
    return _round(a, b, c, d, (k0 + _9 * _W0) & _LOW, (k1 + _9 * _W1) & _LOW)


@njit(error_model="numpy", fastmath={"contract"})
def draw(words: Words, floats: Floats, first_path: np.uint64, day: np.uint64, k0: np.uint64, k1: np.uint64) -> None:
    """Two normals (rows Z0, Z1) and four uniforms in (0, 1) (rows U0 to U3) for each of `LANES` paths on one day.

    Args:
        words: Workspace of at least ``ROWS * LANES`` words.
        floats: The same memory seen as floats.
        first_path: Number of the path in lane 0.
        day: Number of the day.
        k0: Lower half of the seed.
        k1: Upper half of the seed.
    """
    for j in range(LANES):
        path = first_path + np.uint64(j)
        a, b, c, d = philox(path & _LOW, path >> _32, day, _0, k0, k1)
        words[_A + j] = ((a << _20) | (b >> _12)) | _ONE
        words[_B + j] = ((c << _20) | (d >> _12)) | _ONE
    for j in range(LANES):
        floats[_A + j] = floats[_A + j] - 1.0 + _HALF_STEP
    for j in range(LANES):
        bits = words[_A + j]
        words[_C + j] = (bits & _MANTISSA) | _ONE
        words[_D + j] = (bits >> _52) | _SHIFT
    for j in range(LANES):
        _box_muller(floats, j)
    for j in range(LANES):
        path = first_path + np.uint64(j)
        a, b, c, d = philox(path & _LOW, path >> _32, day, _1, k0, k1)
        words[U0 + j] = (a << _20) | _ONE
        words[U1 + j] = (b << _20) | _ONE
        words[U2 + j] = (c << _20) | _ONE
        words[U3 + j] = (d << _20) | _ONE
    for j in range(LANES):
        floats[U0 + j] = floats[U0 + j] - _BELOW_ONE
        floats[U1 + j] = floats[U1 + j] - _BELOW_ONE
        floats[U2 + j] = floats[U2 + j] - _BELOW_ONE
        floats[U3 + j] = floats[U3 + j] - _BELOW_ONE


@njit(inline="always")
def _box_muller(floats: Floats, j: int) -> None:
    """sqrt(-2 ln u) x (cos, sin) of a random angle, by polynomials that the compiler can lay side by side.

    ln u = e ln 2 + 2 atanh((m - 1) / (m + 1)), m in [0.71, 1.41]; the angle is a quarter turn k plus r in [-45°, 45°].
    """
    m, e = floats[_C + j], floats[_D + j] - _EXPONENT_ZERO
    big = m > _SQRT2
    m = 0.5 * m if big else m
    e = e + 1.0 if big else e
    t = (m - 1.0) / (m + 1.0)
    q = t * t
    series = 1 / 3 + q * (1 / 5 + q * (1 / 7 + q * (1 / 9 + q * (1 / 11 + q * (1 / 13 + q * (1 / 15 + q * (1 / 17)))))))
    radius = np.sqrt(-2.0 * (e * _LN2 + 2.0 * t * (1.0 + q * series)))
    turn = 4.0 * (floats[_B + j] - 1.0)
    k = np.floor(turn)
    r = (turn - k - 0.5) * _QUARTER_TURN
    s = r * r
    sine = r * (1 + s * (-1 / 6 + s * (1 / 120 + s * (-1 / 5040 + s * (1 / 362880 - s * (1 / 39916800))))))
    cosine = 1 + s * (-0.5 + s * (1 / 24 + s * (-1 / 720 + s * (1 / 40320 + s * (-1 / 3628800 + s * (1 / 479001600))))))
    odd = (k == 1.0) | (k == 3.0)
    sign = 1.0 if k < 1.5 else -1.0
    floats[Z0 + j] = radius * sign * (-sine if odd else cosine)
    floats[Z1 + j] = radius * sign * (cosine if odd else sine)


def monthly_draws(seed: int, stream: int, *, first_path: int, paths: int, months: int) -> Floats:
    """Two normals and four uniforms per path and month, shape (6, paths, months), of a stream beside the days'.

    Args:
        seed: 64 bits, as for the days.
        stream: 1 to 255; days have stream 0.
        first_path: Number of the first path.
        paths: Number of paths.
        months: Number of months.
    """
    out = np.empty((6, -(-paths // LANES) * LANES, months))
    key = np.uint64(seed & 0xFFFFFFFF), np.uint64(seed >> 32)
    _fill(out, np.uint64(first_path), np.uint64(stream << 24), *key)
    return out[:, :paths]


@njit(error_model="numpy", fastmath={"contract"}, cache=True)
def _fill(out: Floats, first_path: np.uint64, first_day: np.uint64, k0: np.uint64, k1: np.uint64) -> None:
    words = np.zeros(ROWS * LANES, np.uint64)
    floats = words.view(np.float64)
    for group in range(out.shape[1] // LANES):
        for month in range(out.shape[2]):
            draw(words, floats, first_path + np.uint64(group * LANES), first_day + np.uint64(month), k0, k1)
            for row in range(6):
                for j in range(LANES):
                    out[row, group * LANES + j, month] = floats[row * LANES + j]
