"""Philox4x32-10 against its published vectors, and the distributions of what is made from it."""

import numpy as np
import pytest
from numba import njit
from numpy.typing import NDArray
from scipy import stats

from megawatt.invest.philox import LANES, ROWS, draw, philox
from tests.invest.network_reference import philox_draws, philox_integers

Words = NDArray[np.uint64]


@njit(error_model="numpy", cache=True)
def one(c: Words, k: Words) -> tuple[np.uint64, np.uint64, np.uint64, np.uint64]:
    return philox(c[0], c[1], c[2], c[3], k[0], k[1])


@njit(error_model="numpy", cache=True)
def days_of(first_path: np.uint64, days: int, k0: np.uint64, k1: np.uint64) -> NDArray[np.float64]:
    """Shape (days, 6, LANES)."""
    words = np.zeros(ROWS * LANES, np.uint64)
    floats = words.view(np.float64)
    out = np.empty((days, 6, LANES))
    for day in range(days):
        draw(words, floats, first_path, np.uint64(day), k0, k1)
        for row in range(6):
            out[day, row] = floats[row * LANES : (row + 1) * LANES]
    return out


ONES = 0xFFFFFFFF
KNOWN = [
    ((0, 0, 0, 0), (0, 0), (0x6627E8D5, 0xE169C58D, 0xBC57AC4C, 0x9B00DBD8)),
    ((ONES, ONES, ONES, ONES), (ONES, ONES), (0x408F276D, 0x41C83B0E, 0xA20BC7C6, 0x6D5451FD)),
    (
        (0x243F6A88, 0x85A308D3, 0x13198A2E, 0x03707344),
        (0xA4093822, 0x299F31D0),
        (0xD16CFE09, 0x94FDCCEB, 0x5001E420, 0x24126EA1),
    ),
]
"""The known-answer vectors of Random123 (philox4x32, 10 rounds): zeros, ones, digits of pi."""


@pytest.mark.parametrize(("counter", "key", "bits"), KNOWN)
def test_the_published_vectors_come_out(
    counter: tuple[int, int, int, int], key: tuple[int, int], bits: tuple[int, int, int, int]
) -> None:
    assert tuple(map(int, one(np.array(counter, np.uint64), np.array(key, np.uint64)))) == bits
    assert philox_integers(counter, key) == bits


def test_the_lanes_are_the_paths_one_by_one() -> None:
    """Normals by numpy's log and trigonometry from the same integers."""
    first, seed = 2**32 - 5, 2**40 + 9  # the path's number runs over 32 bits
    lanes = days_of(np.uint64(first), 3, np.uint64(seed & ONES), np.uint64(seed >> 32))
    plain = philox_draws(LANES, seed, first_path=first)
    for day in range(3):
        assert np.abs(lanes[day] - np.array(plain(day))).max() < 1e-9


def test_normals_are_normal_and_uniforms_uniform() -> None:
    """A sample of 640,000 each; the level is 0.1 % for six tests, and the seed is fixed."""
    sample = days_of(np.uint64(0), 20_000, np.uint64(5), np.uint64(0)).transpose(1, 0, 2).reshape(6, -1)
    for row in (0, 1):
        assert stats.kstest(sample[row], "norm").pvalue > 0.001
        assert stats.kurtosis(sample[row]) == pytest.approx(0, abs=0.02)
    for row in range(2, 6):
        assert stats.kstest(sample[row], "uniform").pvalue > 0.001
        assert 0 < sample[row].min() < sample[row].max() < 1
    away = np.corrcoef(sample) - np.eye(6)
    assert np.abs(away).max() < 5 / np.sqrt(sample.shape[1])


def test_neighbouring_days_and_paths_are_independent() -> None:
    sample = days_of(np.uint64(0), 20_000, np.uint64(1), np.uint64(2))[:, 0]
    n = sample[1:].size
    assert abs(np.corrcoef(sample[1:].ravel(), sample[:-1].ravel())[0, 1]) < 4 / np.sqrt(n)
    assert abs(np.corrcoef(sample[:, 1:].ravel(), sample[:, :-1].ravel())[0, 1]) < 4 / np.sqrt(n)
