"""Bands against distributions that are known and formulas written out."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import nnls
from scipy.stats import norm

from megawatt.forecast import score
from megawatt.forecast.intervals import (
    _alike,
    _fit_not_negative,
    conformal,
    expected_error,
    running_error,
)
from megawatt.forecast.model import PERCENTILES, Floats

LEVELS = np.array(PERCENTILES)


def history(n: int, H: int, seed: int, sd: Floats | float = 3.0) -> tuple[Floats, Floats]:
    """Points of n days and one more; what happened lies around them normally."""
    rng = np.random.default_rng(seed)
    points = rng.normal(40, 10, (n + 1, H))
    return points, points[:-1] + sd * rng.normal(size=(n, H))


def test_the_running_error_forgets_at_the_stated_pace() -> None:
    errors = np.r_[np.full((40, 1), 2.0), np.full((20, 1), 6.0)]
    got = running_error(errors, 0.94)[:, 0]
    assert got[40] == pytest.approx(2.0)
    assert got[60] == pytest.approx(6.0 - 4.0 * 0.94**20)


def test_the_weights_of_what_is_expected_are_the_least_squares_not_below_zero() -> None:
    """The same as scipy's active-set method, where some weights end at zero."""
    rng = np.random.default_rng(6)
    X = rng.random((300, 5))
    y = X @ np.array([0.5, 0.0, 2.0, 0.0, 0.1]) - 0.4 * X[:, 3] + 0.3 * rng.normal(size=300)
    got = np.full(5, 0.2)
    _fit_not_negative(X.T @ X, X.T @ y, got)
    want, _ = nnls(X, y)
    assert (want == 0).any()
    np.testing.assert_allclose(got, want, atol=1e-6)


def test_larger_errors_are_expected_of_hours_that_err_more_and_where_the_members_disagree() -> None:
    rng = np.random.default_rng(2)
    points, actual = history(364, 24, 2, np.where(np.arange(24) < 12, 2.0, 6.0))
    apart = rng.gamma(2, 1, points.shape)
    actual = actual + 2 * (apart * rng.normal(size=points.shape))[:-1]
    apart[-1, ::2], apart[-1, 1::2] = 8.0, 0.1
    members = np.stack([points - apart, points + apart])
    got = expected_error(points, actual, members)
    assert got.shape == points.shape
    assert (got > 0).all()
    assert got[-1, 13::2].mean() > 1.3 * got[-1, 1:12:2].mean()
    assert got[-1, ::2].mean() > 1.5 * got[-1, 1::2].mean()
    assert np.abs(actual - points[:-1])[28:].mean() == pytest.approx(got[28:-1].mean(), rel=0.1)


def test_a_conformal_band_of_normal_errors_is_near_normal() -> None:
    points, actual = history(364, 24, 1)
    got = conformal(points, actual, np.ones_like(points), LEVELS, beside=0) - points[-1][:, None]
    np.testing.assert_allclose(got.mean(axis=0), 3 * norm.ppf(LEVELS), rtol=0.15, atol=0.15)


def test_a_conformal_band_is_wider_where_more_is_expected() -> None:
    points, actual = history(364, 24, 2)
    expected = np.ones_like(points)
    expected[-1, :12] = 2.0
    got = conformal(points, actual, expected, LEVELS, beside=1) - points[-1][:, None]
    plain = conformal(points, actual, np.ones_like(points), LEVELS, beside=1) - points[-1][:, None]
    np.testing.assert_allclose(got, plain * np.where(np.arange(24) < 12, 2.0, 1.0)[:, None])


def test_a_local_band_undoes_a_bias_that_only_high_prices_have() -> None:
    points, actual = history(600, 3, 5)
    actual = actual + np.where(points[:-1] > 45, 10.0, 0.0)
    points[-1] = [30.0, 55.0, 30.0]
    near, far = (conformal(points, actual, np.ones_like(points), LEVELS, beside=1, like=x)[:, 49] for x in (0.12, 1.0))
    np.testing.assert_allclose(near - points[-1], [0.0, 10.0, 0.0], atol=1.2)
    assert far[1] - points[-1, 1] < 5


@settings(deadline=None, max_examples=60)
@given(st.lists(st.integers(0, 50), min_size=1, max_size=80), st.integers(-5, 55), st.floats(0.05, 0.95))
def test_those_alike_are_neighbours_in_the_order_of_points(values: list[int], point: int, share: float) -> None:
    before = np.array(values, dtype=float)[:, None]
    alike = _alike(before, float(point), share)
    assert alike.sum() >= min(max(int(share * len(values)), 20), len(values))
    inside = before[alike]
    assert not ((before[~alike] > inside.min()) & (before[~alike] < inside.max())).any()
    if before.min() <= point <= before.max():
        assert inside.min() <= point <= inside.max()


def test_local_bands_cover_what_they_promise_out_of_sample() -> None:
    rng = np.random.default_rng(5)
    points = rng.gamma(4, 10, (464, 3))
    actual = points + 0.2 * points * rng.normal(size=points.shape)  # wider where higher
    got = np.stack(
        [
            conformal(points[d - 364 : d + 1], actual[d - 364 : d], np.ones((365, 3)), LEVELS, beside=1, like=0.12)
            for d in range(364, 464)
        ]
    )
    for band in (0.5, 0.8):
        assert score.coverage(actual[364:464], got, PERCENTILES, band) == pytest.approx(band, abs=0.08)
