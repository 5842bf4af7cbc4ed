"""Rotation: trailing windows only, exact splits, and published answers for breaks, regimes and lead-lag."""

import math

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.beta import kalman_beta, rolling_beta
from megawatt.markets.change_point import mean_breaks
from megawatt.markets.lead_lag import granger, hayashi_yoshida
from megawatt.markets.least_squares import least_squares
from megawatt.markets.market_share import market_share, split_share, turnover_share
from megawatt.markets.regime import fit_regimes, statement
from megawatt.markets.rolling import rolling_mean_sd
from megawatt.markets.rotation import breadth, relative_strength, rotation_map
from tests.markets.published import NILE, REAL_CONSUMPTION, REAL_GDP, REAL_GNP_GROWTH, numbers


def walk(rows: int, columns: int, seed: int = 1) -> Floats:
    rng = np.random.default_rng(seed)
    return np.asarray(np.exp(np.cumsum(0.03 * rng.standard_normal((rows, columns)), axis=0)))


# The map.


@settings(deadline=None, max_examples=40)
@given(st.integers(30, 119), st.integers(3, 25), st.integers(1, 8), st.integers(0, 5))
def test_appending_days_never_moves_a_past_point(cut: int, window: int, momentum: int, seed: int) -> None:
    prices, benchmark = walk(120, 3, seed), walk(120, 1, seed + 50)[:, 0]
    whole = rotation_map(prices, benchmark, window=window, momentum_rows=momentum)
    part = rotation_map(prices[:cut], benchmark[:cut], window=window, momentum_rows=momentum)
    np.testing.assert_array_equal(part.strength, whole.strength[:cut])
    np.testing.assert_array_equal(part.momentum, whole.momentum[:cut])


def test_a_point_of_the_map_is_the_printed_formula() -> None:
    prices, benchmark = walk(80, 1), walk(80, 1, 9)[:, 0]
    found = rotation_map(prices, benchmark, window=20, momentum_rows=5)
    rs = pd.Series(100 * prices[:, 0] / benchmark)

    def x(t: int) -> float:
        past = rs[t - 19 : t + 1]
        return float(100 + (rs[t] - past.mean()) / past.std(ddof=1))

    changes = pd.Series([x(t) - x(t - 5) for t in range(60, 80)])
    assert found.strength[79, 0] == pytest.approx(x(79))
    assert found.momentum[79, 0] == pytest.approx(100 + (changes.iloc[-1] - changes.mean()) / changes.std(ddof=1))


def test_an_asset_that_pulls_away_is_leading_and_one_that_falls_back_is_lagging() -> None:
    t = np.arange(100.0)
    calm = 1 + 0.01 * np.sin(t)
    prices = np.column_stack([np.exp(0.001 * np.maximum(t - 80, 0) ** 2), np.exp(-0.001 * np.maximum(t - 80, 0) ** 2)])
    found = rotation_map(prices * calm[:, None], np.ones(100), window=30, momentum_rows=5)
    assert found.quadrant(86) == ["leading", "lagging"]
    assert found.quadrant(10) == ["", ""]


def test_breadth_counts_only_assets_that_have_a_price() -> None:
    prices = np.array([[1.0, 4.0], [2.0, 3.0], [3.0, np.nan]])
    found = breadth(prices, window=2)
    assert found.assets.tolist() == [0, 2, 1]
    assert found.advancing[1:].tolist() == [0.0, 1.0]
    assert found.above_average[1:].tolist() == [0.5, 1.0]


def test_relative_strength_starts_at_one_hundred() -> None:
    assert relative_strength(np.array([2.0, 3.0]), np.array([1.0, 1.0])).tolist() == [100.0, 150.0]


# Shares.


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 10_000))
def test_price_and_supply_effects_sum_to_the_change_and_to_zero_over_assets(seed: int) -> None:
    rng = np.random.default_rng(seed)
    price, units = rng.uniform(0.1, 10, (6, 4)), rng.uniform(1, 100, (6, 4))
    found = split_share(price, units)
    assert found.by_price + found.by_supply == pytest.approx(np.diff(market_share(price, units), axis=0))
    assert found.by_price.sum(axis=1) == pytest.approx(0, abs=1e-12)
    assert found.by_supply.sum(axis=1) == pytest.approx(0, abs=1e-12)


def test_the_jump_of_fet_on_4_may_2024_is_all_supply() -> None:
    price = np.array([[2.7, 7.0], [2.7, 7.0]])
    units = np.array([[2268.7 / 2.7, 1000.0], [5447.1 / 2.7, 1000.0]])
    found = split_share(price, units)
    assert found.by_price == pytest.approx(0, abs=1e-15)
    assert found.by_supply[0, 0] == pytest.approx(5447.1 / 12447.1 - 2268.7 / 9268.7)


def test_a_missing_supply_is_refused() -> None:
    with pytest.raises(InputError, match="finite and above zero"):
        split_share(np.ones((2, 2)), np.array([[1.0, np.nan], [1.0, 1.0]]))


def test_turnover_shares_sum_to_one_where_there_is_turnover() -> None:
    found = turnover_share(np.array([[1.0, 3.0], [0.0, 0.0]]))
    assert found[0].tolist() == [0.25, 0.75]
    assert np.isnan(found[1]).all()


# Regressions.


def test_newey_west_without_lags_is_the_hc3_covariance_of_the_left_out_residuals() -> None:
    rng = np.random.default_rng(3)
    x = np.column_stack([np.ones(40), rng.standard_normal((40, 2))])
    y = x @ [1.0, 2.0, 3.0] + rng.standard_normal(40)
    left_out = []
    for i in range(40):
        keep = np.arange(40) != i
        left_out.append(y[i] - x[i] @ np.linalg.lstsq(x[keep], y[keep], rcond=None)[0])
    scores = x * np.array(left_out)[:, None]
    bread = np.linalg.inv(x.T @ x)
    assert least_squares(y, x, 0).covariance == pytest.approx(bread @ scores.T @ scores @ bread)


def test_collinear_columns_are_refused() -> None:
    with pytest.raises(InputError, match="collinear"):
        least_squares(np.arange(9.0), np.ones((9, 2)))


def test_grangers_f_of_us_consumption_on_gdp_is_that_of_statsmodels() -> None:
    gdp, consumption = numbers(REAL_GDP), numbers(REAL_CONSUMPTION)
    y, x = np.diff(gdp) / gdp[:-1] * 100, np.diff(consumption) / consumption[:-1] * 100
    found = [granger(y, x, lags, hac=False).f for lags in (1, 2, 3, 4)]
    assert found == pytest.approx([28.7248, 18.9880, 13.5015, 10.9646], abs=1e-4)


def test_the_transfer_entropy_of_a_known_system_is_half_log_1_16() -> None:
    rng = np.random.default_rng(8)
    x, e = rng.standard_normal((2, 200_000))
    y = np.empty(x.size)
    y[0] = 0.0
    for t in range(1, x.size):
        y[t] = 0.5 * y[t - 1] + 0.4 * x[t - 1] + e[t]
    assert granger(y, x, 1, hac=False).entropy_nats == pytest.approx(0.5 * math.log(1.16), rel=0.02)
    assert granger(x, y, 1, hac=False).entropy_nats == pytest.approx(0.0, abs=1e-4)


def test_hayashi_yoshidas_covariance_of_the_toy_case_is_five() -> None:
    time_x, x = np.array([0.0, 2.0, 5.0]), np.array([0.0, 1.0, 3.0])
    time_y, y = np.array([0.0, 1.0, 3.0, 5.0]), np.array([0.0, 2.0, 1.0, 4.0])
    assert hayashi_yoshida(time_x, x, time_y, y) == 5.0


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10_000), st.floats(-3, 3))
def test_hayashi_yoshida_agrees_with_the_double_sum_over_overlapping_increments(seed: int, lag: float) -> None:
    rng = np.random.default_rng(seed)
    tx, ty = np.unique(rng.uniform(0, 10, 12)), np.unique(rng.uniform(0, 10, 9))
    x, y = rng.standard_normal(tx.size), rng.standard_normal(ty.size)
    brute = 0.0
    for i in range(tx.size - 1):
        for j in range(ty.size - 1):
            if max(tx[i] + lag, ty[j]) < min(tx[i + 1] + lag, ty[j + 1]):
                brute += (x[i + 1] - x[i]) * (y[j + 1] - y[j])
    assert hayashi_yoshida(tx, x, ty, y, lag) == pytest.approx(brute, abs=1e-9)


def test_a_rolling_beta_is_the_regression_of_its_window_and_nothing_later() -> None:
    rng = np.random.default_rng(2)
    x = rng.standard_normal((90, 2))
    y = x @ [0.5, -1.0] + 0.1 * rng.standard_normal(90)
    found = rolling_beta(y, x, 40)
    assert np.isnan(found.slopes[:39]).all()
    own = np.linalg.lstsq(np.column_stack([np.ones(40), x[30:70]]), y[30:70], rcond=None)[0]
    assert found.slopes[69] == pytest.approx(own)
    np.testing.assert_array_equal(rolling_beta(y[:70], x[:70], 40).slopes, found.slopes[:70])


def test_a_kalman_beta_follows_a_slope_that_moves_and_never_looks_ahead() -> None:
    rng = np.random.default_rng(6)
    x = rng.standard_normal((400, 1))
    slope = np.where(np.arange(400) < 250, 0.5, 1.5)
    y = slope * x[:, 0] + 0.2 * rng.standard_normal(400)
    found = kalman_beta(y, x, train=100, ratios=np.array([1e-4, 0.01]))
    assert found.slopes[240, 1] == pytest.approx(0.5, abs=0.2)
    assert found.slopes[399, 1] == pytest.approx(1.5, abs=0.2)
    again = kalman_beta(y[:300], x[:300], train=100)
    np.testing.assert_array_equal(again.slopes, kalman_beta(y, x, train=100).slopes[:300])


def test_a_kalman_beta_without_steps_is_least_squares_on_all_rows_so_far() -> None:
    rng = np.random.default_rng(7)
    x = rng.standard_normal((120, 1))
    y = 0.3 + 2 * x[:, 0] + rng.standard_normal(120)
    found = kalman_beta(y, x, train=60, ratios=np.zeros(2))
    assert found.slopes[-1] == pytest.approx(np.polyfit(x[:, 0], y, 1)[::-1])


# Breaks and regimes.


def test_the_nile_breaks_after_1898() -> None:
    found = mean_breaks(numbers(NILE), 1)
    assert 1871 + found.starts[0] - 1 == 1898
    assert found.means == pytest.approx((1097.75, 849.97), abs=0.005)


def test_the_number_of_breaks_is_chosen_and_none_is_found_in_noise() -> None:
    assert len(mean_breaks(numbers(NILE)).starts) == 1
    assert mean_breaks(np.random.default_rng(1).standard_normal(100), shortest=5).starts == ()


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_two_breaks_are_the_best_of_all_pairs(seed: int) -> None:
    values = np.random.default_rng(seed).standard_normal(14)
    best = min(
        sum(float(np.sum((part - part.mean()) ** 2)) for part in np.split(values, [a, b]))
        for a in range(2, 11)
        for b in range(a + 2, 13)
    )
    assert mean_breaks(values, 2).sum_of_squares == pytest.approx(best)


def test_hamiltons_regimes_of_us_gnp_are_found_again() -> None:
    found = fit_regimes(numbers(REAL_GNP_GROWTH), np.random.default_rng(1), lags=4)
    assert found.log_likelihood == pytest.approx(-181.26339, abs=1e-5)
    assert found.means == pytest.approx([-0.358811, 1.163516], abs=1e-4)
    assert found.variances == pytest.approx([0.5914, 0.5914], abs=1e-4)
    assert found.phi == pytest.approx([0.0135, -0.0575, -0.2470, -0.2129], abs=1e-4)
    assert found.stay[0] == pytest.approx(0.754673, abs=1e-4)
    assert 1 - found.stay[1] == pytest.approx(0.095915, abs=1e-4)


def test_two_planted_regimes_are_told_apart_and_stated() -> None:
    rng = np.random.default_rng(4)
    state = (np.arange(400) // 100) % 2
    y = np.where(state == 1, 2.0, -1.0) + rng.standard_normal(400) * np.where(state == 1, 0.3, 0.8)
    found = fit_regimes(y, np.random.default_rng(1), switching_variance=True, starts=4)
    assert np.mean((found.probability > 0.5) == (state == 1)) > 0.98
    calm = statement(found, 0, "rotation persists", "limited growth of coins")
    assert calm.drift_per_row == pytest.approx(-1.0, abs=0.15)
    assert calm.expected_rows > 50
    assert calm.probability_now < 0.05


@pytest.mark.parametrize("lags", [-1, 7])
def test_a_switching_model_of_impossible_lags_is_refused(lags: int) -> None:
    with pytest.raises(InputError, match="lags are 0 to 6"):
        fit_regimes(np.arange(100.0), np.random.default_rng(0), lags=lags)


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 40))
def test_rolling_moments_are_those_of_each_window_also_across_gaps_and_refreshes(seed: int, window: int) -> None:
    rng = np.random.default_rng(seed)
    values = 1e4 + np.cumsum(rng.standard_normal((600, 2)), axis=0)
    values[rng.integers(0, 600, 5), 0] = np.nan
    mean, sd = rolling_mean_sd(values, window)
    windows = np.lib.stride_tricks.sliding_window_view(values, window, axis=0)
    np.testing.assert_allclose(mean[window - 1 :], windows.mean(axis=2), rtol=1e-11)
    np.testing.assert_allclose(sd[window - 1 :], windows.std(axis=2, ddof=1), rtol=1e-6, atol=1e-6)
    assert np.isnan(mean[: window - 1]).all()
