"""Bands against distributions that are known and formulas written out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from megawatt.forecast import score
from megawatt.forecast.intervals import QuantileRegression, _isotonic_share, conformal, isotonic, running_error
from megawatt.forecast.model import PERCENTILES, Floats

LEVELS = np.array(PERCENTILES)


def history(n: int, H: int, seed: int, sd: Floats | float = 3.0) -> tuple[Floats, Floats]:
    """Points of n days and one more; what happened lies around them normally."""
    rng = np.random.default_rng(seed)
    points = rng.normal(40, 10, (n + 1, H))
    return points, points[:-1] + sd * rng.normal(size=(n, H))


def test_the_running_error_forgets_at_the_stated_pace() -> None:
    actual = np.zeros((60, 1))
    points = np.r_[np.full((40, 1), 2.0), np.full((20, 1), 6.0)]
    got = running_error(points, actual)[:, 0]
    assert got[40] == pytest.approx(2.0)
    assert got[60] == pytest.approx(6.0 - 4.0 * 0.94**20)


def test_a_conformal_band_of_normal_errors_is_near_normal() -> None:
    points, actual = history(364, 24, 1)
    got = conformal(points, actual, np.zeros_like(points), LEVELS) - points[-1][:, None]
    np.testing.assert_allclose(got.mean(axis=0), 3 * norm.ppf(LEVELS), rtol=0.15, atol=0.15)


def test_a_conformal_band_is_wider_where_the_members_disagree() -> None:
    points, actual = history(364, 24, 2)
    distance = np.ones_like(points)
    distance[-1, :12] = 5.0
    got = conformal(points, actual, distance, np.array([0.05, 0.95]))
    width = got[:, 1] - got[:, 0]
    assert width[:12].min() > 1.5 * width[12:].max()


def test_quantile_regression_finds_normal_quantiles_and_a_bias() -> None:
    points, actual = history(2000, 2, 3)
    model = QuantileRegression(points[:-1], actual + 5, np.stack([points[:-1], points[:-1]]))
    got = model.predict(points[-1], np.stack([points[-1], points[-1]]), LEVELS) - points[-1][:, None]
    for level in (0.1, 0.5, 0.9):
        # The kernel widens the tails a little: that is its price for stability.
        assert got[:, round(100 * level) - 1] == pytest.approx(5 + 3 * norm.ppf(level), abs=0.6)
    assert (np.diff(got) >= 0).all()


def test_quantile_regression_follows_the_member_that_knows_more() -> None:
    rng = np.random.default_rng(4)
    truth = rng.normal(40, 10, (400, 1))
    good, poor = truth + 0.5 * rng.normal(size=truth.shape), truth + 6 * rng.normal(size=truth.shape)
    point = (good + poor) / 2
    model = QuantileRegression(point[:300], truth[:300], np.stack([good, poor])[:, :300])
    days = range(300, 400)
    median = np.array([model.predict(point[d], np.stack([good, poor])[:, d], np.array([0.5]))[0, 0] for d in days])
    assert np.abs(median - truth[300:, 0]).mean() < 0.6 * np.abs(point[300:] - truth[300:]).mean()


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 6), min_size=1, max_size=9), st.integers(0, 6), st.integers(0, 8))
def test_isotonic_regression_is_the_minimum_of_maxima(values: list[int], threshold: int, place: int) -> None:
    """Falling fit at i: the least over k <= i of the largest mean of k..l with l >= i (Barlow et al. 1972)."""
    y, i = np.array(values, dtype=float), min(place, len(values) - 1)
    below = (y <= threshold).astype(float)
    want = min(max(below[k : m + 1].mean() for m in range(i, len(y))) for k in range(i + 1))
    got = _isotonic_share(y, np.array([float(threshold)]), float(i))[0]
    assert got == pytest.approx(want)


def test_isotonic_bands_cover_what_they_promise_out_of_sample() -> None:
    rng = np.random.default_rng(5)
    points = rng.gamma(4, 10, (464, 3))
    actual = points + 0.2 * points * rng.normal(size=points.shape)  # wider where higher
    got = np.stack([isotonic(points[d - 364 : d + 1], actual[d - 364 : d], LEVELS) for d in range(364, 464, 4)])
    there = actual[364:464:4]
    for band in (0.5, 0.8):
        assert score.coverage(there, got, PERCENTILES, band) == pytest.approx(band, abs=0.12)
