"""Width of the coin's price, and no direction."""

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.forecast.coin import (
    VolatilityModel,
    ewma,
    features,
    fee_level,
    hashprice_paths,
    price_paths,
    qlike,
    realised_variance,
)


def clustered(days: int = 900, seed: int = 2) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """Daily variances whose logarithm follows an autoregression."""
    rng, x = np.random.default_rng(seed), np.zeros(days)
    for d in range(1, days):
        x[d] = 0.9 * x[d - 1] + 0.3 * rng.standard_normal()
    return np.exp(x - 8 + 0.5 * rng.standard_normal(days))


def test_the_variance_of_a_day_is_the_sum_of_its_squared_hourly_returns() -> None:
    hours = np.exp(np.cumsum(np.tile([0.01, -0.01], 24)))
    grid = TimeGrid(np.datetime64("2024-01-01", "s"), 60, 48)
    variance, known = realised_variance(Series("btc/price", Unit.USD_PER_BTC, grid, hours, grid.ends, Provenance("x")))
    np.testing.assert_allclose(variance, 24 * 1e-4)
    assert known[1] == np.datetime64("2024-01-03", "s")


def test_the_naive_twin_is_the_weighted_mean_of_the_past() -> None:
    x = np.array([1.0, 3.0])
    np.testing.assert_allclose(ewma(x), [1.0, (3 + 0.94) / 1.94])


def test_a_later_day_moves_no_feature() -> None:
    x = clustered(200)
    y = np.where(np.arange(200) > 150, 1.0, x)
    np.testing.assert_array_equal(features(x)[:151], features(y)[:151])


def test_with_clustered_variance_the_regression_beats_the_weighted_mean() -> None:
    x = clustered(1500)
    model = VolatilityModel.fit(x[:900], 1)
    actual, ours, twin = x[901:], model.predict(x)[900:-1], ewma(x)[900:-1]
    assert qlike(actual, ours).mean() < qlike(actual, twin).mean()


def test_the_loss_is_none_for_the_right_variance_and_some_for_any_other() -> None:
    np.testing.assert_array_equal(qlike(np.array([2.0]), np.array([2.0])), [0.0])
    assert (qlike(np.array([2.0, 2.0]), np.array([1.0, 4.0])) > 0).all()


def test_the_expected_price_is_todays_at_every_horizon() -> None:
    paths = price_paths(60_000.0, np.full(30, 9e-4), 5_000, np.random.default_rng(1))
    np.testing.assert_allclose(paths.mean(axis=0), 60_000.0)
    spread = np.log(paths[:, 0]).std()
    assert spread == pytest.approx(0.03, rel=0.1)
    assert (np.abs(np.log(paths[:, 0] / 60_000)) > 4 * 0.03).mean() > 1e-3  # a normal has 6e-5 there


def test_hashprice_is_the_product() -> None:
    """1e15 x 86,400 / 2^32 hashes-to-difficulty, 3.2 BTC a block at 65,000 USD and 88.1 T: 47.5 USD/PH/day."""
    got = hashprice_paths(np.array([[65_000.0]]), np.array([3.2]), np.array([88.1e12]))
    assert got[0, 0] == pytest.approx(47.5, abs=0.1)


def test_one_day_of_congestion_does_not_move_the_fee_level() -> None:
    assert fee_level(np.array([0.4, 0.4, 9.0])) == 0.4
    with pytest.raises(InputError, match="no known fees"):
        fee_level(np.array([np.nan]))


def test_a_short_history_is_refused() -> None:
    with pytest.raises(InputError, match="usable days"):
        VolatilityModel.fit(clustered(100), 7)
