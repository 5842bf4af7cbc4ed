"""Scores against closed forms and sums written out."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from megawatt.core.errors import InputError
from megawatt.forecast import score
from megawatt.forecast.model import PERCENTILES


def test_the_mean_absolute_error_leaves_out_what_is_missing() -> None:
    assert score.mae(np.array([[1.0, np.nan, 3.0]]), np.array([[2.0, 5.0, 0.0]])) == 2.0


def test_a_relative_error_compares_on_the_intervals_that_all_have() -> None:
    actual, point, naive = np.array([[1.0, 2.0, 3.0]]), np.array([[2.0, 9.0, 4.0]]), np.array([[3.0, np.nan, 5.0]])
    assert score.relative_mae(actual, point, naive) == 0.5


def test_the_pinball_loss_of_a_median_is_half_the_absolute_error() -> None:
    loss = score.pinball(np.array([[3.0]]), np.array([[[1.0, 1.0]]]), (0.5, 0.9))
    assert loss[0, 0].tolist() == pytest.approx([1.0, 1.8])


@settings(deadline=None, max_examples=50)
@given(st.floats(-3, 3), st.floats(0.1, 50))
def test_the_crps_of_a_normal_forecast_is_near_its_closed_form(z: float, sd: float) -> None:
    """sd (z (2 Phi(z) - 1) + 2 phi(z) - 1 / sqrt(pi)); 99 levels leave out the tails, within 3 sd that moves it by less than 0.03 sd."""
    quantiles = sd * norm.ppf(np.array(PERCENTILES))
    got = score.crps(np.array([[z * sd]]), quantiles[None, None], PERCENTILES)[0, 0]
    exact = sd * (z * (2 * norm.cdf(z) - 1) + 2 * norm.pdf(z) - 1 / math.sqrt(math.pi))
    assert got == pytest.approx(exact, abs=0.03 * sd)


def test_coverage_counts_the_borders_as_inside() -> None:
    actual = np.array([[0.0, 1.0, 2.0, 3.0]])
    quantiles = np.broadcast_to([0.0, 1.0, 2.0], (1, 4, 3))
    assert score.coverage(actual, quantiles, (0.25, 0.5, 0.75), 0.5) == 0.75


def test_a_band_without_its_borders_is_refused() -> None:
    with pytest.raises(InputError, match=r"the 90% band needs the level 0\.05"):
        score.coverage(np.zeros((1, 1)), np.zeros((1, 1, 1)), (0.5,), 0.9)


def test_the_days_are_the_evidence_not_the_hours() -> None:
    assert score.daily(np.array([[1.0, 3.0], [np.nan, 5.0], [np.nan, np.nan]])).tolist()[:2] == [2.0, 5.0]


def test_diebold_mariano_without_lags_is_the_t_test_of_the_differences() -> None:
    rng = np.random.default_rng(1)
    first, second = rng.gamma(2, 1, 200), rng.gamma(2, 1.2, 200)
    got = score.diebold_mariano(first, second, lags=0)
    d = first - second
    assert got.statistic == pytest.approx(d.mean() / (d.std() / math.sqrt(200)), rel=1e-12)
    assert got.p_value == pytest.approx(2 * norm.sf(abs(got.statistic)), rel=1e-12)


def test_the_newey_west_variance_is_the_double_sum_with_falling_weights() -> None:
    rng = np.random.default_rng(2)
    d = np.convolve(rng.normal(0.1, 1, 62), [1, 0.7, 0.4], mode="valid")
    L, m = 5, len(d)
    c = d - d.mean()
    S = sum(max(0.0, 1 - abs(i - j) / (L + 1)) * c[i] * c[j] for i in range(m) for j in range(m)) / m
    assert score.diebold_mariano(d, np.zeros(m), lags=L).statistic == pytest.approx(d.mean() / math.sqrt(S / m))


@pytest.mark.parametrize("test", [score.diebold_mariano, score.giacomini_white])
def test_two_forecasts_that_are_equal_differ_by_nothing(test: object) -> None:
    loss = np.linspace(1, 2, 50)
    assert callable(test)
    got = test(loss, loss)
    assert (got.difference, got.p_value, got.better) == (0.0, 1.0, False)


def test_giacomini_white_is_the_explained_share_of_ones() -> None:
    """m times the uncentred R2 of a regression of ones on z: the form in which the paper computes it."""
    rng = np.random.default_rng(3)
    d = rng.normal(0.2, 1, 120)
    z = np.column_stack((d[1:], d[1:] * d[:-1]))
    ones = np.ones(len(z))
    fitted = z @ np.linalg.lstsq(z, ones, rcond=None)[0]
    got = score.giacomini_white(d, np.zeros(120))
    assert got.statistic == pytest.approx(len(z) * (fitted @ fitted) / (ones @ ones))


def test_a_true_hypothesis_is_rejected_about_as_often_as_promised() -> None:
    rng = np.random.default_rng(4)
    rejected = {"dm": 0, "gw": 0}
    for _ in range(400):
        first, second = rng.gamma(2, 1, (2, 300))
        rejected["dm"] += score.diebold_mariano(first, second).p_value < 0.05
        rejected["gw"] += score.giacomini_white(first, second).p_value < 0.05
    assert 8 <= rejected["dm"] <= 36
    assert 8 <= rejected["gw"] <= 36


def test_a_handful_of_days_is_no_evidence() -> None:
    with pytest.raises(InputError, match="at least 10"):
        score.diebold_mariano(np.arange(9.0), np.zeros(9))


def test_the_block_interval_of_a_constant_is_that_constant_and_holds_nine_in_ten_sums_of_noise() -> None:
    assert score.block_interval(np.full(30, 2.0)) == pytest.approx((60.0, 60.0))
    rng = np.random.default_rng(1)
    inside = 0
    for _ in range(200):
        low, high = score.block_interval(rng.normal(1.0, 5.0, 182), draws=400)
        inside += low <= 182.0 <= high
    assert 0.8 <= inside / 200 <= 0.95  # blocks of a series as short as this fall a little short of nine in ten


def test_days_that_hang_together_widen_the_interval() -> None:
    """Whole weeks of one sign: drawn day by day they would cancel out."""
    week = np.repeat(np.random.default_rng(1).normal(0, 1, 26), 7)
    together, alone = (np.ptp(score.block_interval(week, block=b)) for b in (7, 1))
    assert together > 1.8 * alone


def test_a_period_of_fewer_than_four_blocks_has_no_interval() -> None:
    with pytest.raises(InputError, match="27 days"):
        score.block_interval(np.zeros(27))
