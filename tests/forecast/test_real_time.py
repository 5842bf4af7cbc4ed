"""Chance of a price spike in the next interval: what is known of it, and what is done with it."""

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.dataset import Dataset
from megawatt.core.known import on_day_before
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.forecast import score, spike_odds
from megawatt.forecast.model import Floats
from megawatt.forecast.real_time import features, price_quantiles, stand_by, usual_quantiles, walk_forward
from megawatt.sources.ercot import DAY_AHEAD_RESULTS, MARKET_ZONE

QuantilesOf = Callable[[Floats, Floats, Floats, tuple[float, ...]], Floats]


def prices(days: int = 40, seed: int = 1) -> Dataset:
    """A price that follows the hour, with spikes of some intervals in the evening."""
    rng = np.random.default_rng(seed)
    grid = TimeGrid(np.datetime64("2024-01-01T06:00", "s"), 15, 96 * days)
    hour = np.asarray(grid.index(MARKET_ZONE).hour)
    spike, state = np.zeros(grid.n), 0.0
    for t in range(grid.n):
        starts = rng.random() < (0.15 if hour[t] in (18, 19) else 0.002)
        state = 1.0 if starts or (state and rng.random() < 0.7) else 0.0
        spike[t] = state
    price = 25 + 5 * rng.standard_normal(grid.n) + 200 * spike
    hours = TimeGrid(grid.start, 60, 24 * days)
    ahead = 25 + 40 * np.isin(np.asarray(hours.index(MARKET_ZONE).hour), (18, 19))
    known = on_day_before(hours, timezone=MARKET_ZONE, at=DAY_AHEAD_RESULTS)
    source, unit = Provenance("made up"), Unit.USD_PER_MWH
    return Dataset(
        [
            Series("price_rt/HB", unit, grid, price, grid.ends, source),
            Series("price_da/HB", unit, hours, ahead.astype(np.float64), known, source),
        ]
    )


def test_nothing_known_later_moves_a_feature() -> None:
    data = prices(12)
    base = features(data, "HB", MARKET_ZONE)
    rng = np.random.default_rng(3)
    for t in rng.integers(200, 1100, size=10).tolist():
        at = data["price_rt/HB"].grid.starts[t]
        spoilt = Dataset(replace(one, values=np.where(one.known_at > at, 999.0, one.values)) for one in data.values())
        np.testing.assert_array_equal(features(spoilt, "HB", MARKET_ZONE)[: t + 1], base[: t + 1])


def test_nothing_known_later_moves_a_chance() -> None:
    data = prices()
    price, t = data["price_rt/HB"], 36 * 96
    at = price.grid.starts[t]
    spoilt = Dataset(replace(one, values=np.where(one.known_at > at, 999.0, one.values)) for one in data.values())
    fits = np.array([35 * 96])
    one, two = (
        walk_forward(features(x, "HB", MARKET_ZONE), x["price_rt/HB"], (60.0, 100.0), fits) for x in (data, spoilt)
    )
    for limit in (60.0, 100.0):
        np.testing.assert_array_equal(one[limit][: t + 1], two[limit][: t + 1])
        assert np.isnan(one[limit][: fits[0]]).all()
        assert np.isfinite(one[limit][fits[0] :]).all()


def test_only_a_clear_chance_overrules_the_last_price() -> None:
    chance = np.array([0.55, 0.70, 0.45, 0.30, np.nan, np.nan])
    last = np.array([20.0, 20.0, 90.0, 90.0, 20.0, 90.0])
    assert stand_by(chance, last, 60.0).tolist() == [False, True, True, False, False, True]


@pytest.mark.parametrize("quantiles_of", [price_quantiles, usual_quantiles])
def test_quantiles_do_not_cross_and_cover(quantiles_of: QuantilesOf) -> None:
    pytest.importorskip("lightgbm")
    data = prices()
    X, price = features(data, "HB", MARKET_ZONE), data["price_rt/HB"].values
    quantiles = quantiles_of(X[100:3000], price[100:3000], X[3000:], (0.05, 0.5, 0.95))
    assert (np.diff(quantiles, axis=1) >= 0).all()
    inside = ((quantiles[:, 0] <= price[3000:]) & (price[3000:] <= quantiles[:, 2])).mean()
    assert 0.75 < inside < 0.98


def test_the_naive_twin_moves_the_last_price_as_it_has_moved() -> None:
    """Past squeezed prices moved by -1, 0 or 1 alike, so the median stays and the ends are one off."""
    X = np.full((301, 15), np.nan)
    X[:, spike_odds.LAST] = 0.5
    move = np.tile([-1.0, 0.0, 1.0], 100)
    got = usual_quantiles(X[:300], 20 * np.sinh(0.5 + move), X[300:], (0.01, 0.5, 0.99))
    np.testing.assert_allclose(got[0], 20 * np.sinh([-0.5, 0.5, 1.5]))


def test_trees_see_a_fall_that_the_naive_twin_does_not() -> None:
    """Spikes begin at 18 and 19 o'clock alone: what comes after a calm price at night is narrower than by day."""
    pytest.importorskip("lightgbm")
    data = prices()
    X, price = features(data, "HB", MARKET_ZONE), data["price_rt/HB"].values
    levels = (0.05, 0.25, 0.5, 0.75, 0.95)
    ours, naive = (f(X[100:3000], price[100:3000], X[3000:], levels) for f in (price_quantiles, usual_quantiles))
    actual = price[3000:, np.newaxis]
    better, twin = (score.crps(actual, one[:, np.newaxis], levels).mean() for one in (ours, naive))
    assert better < 0.9 * twin


DAY_AHEAD = [spike_odds.AHEAD, spike_odds.AHEAD_1H_AGO, spike_odds.AHEAD_IN_1H]


def test_the_layout_of_the_features_does_not_depend_on_what_is_at_hand() -> None:
    data = prices(12)
    whole = features(data, "HB", MARKET_ZONE)
    bare = features(Dataset([data["price_rt/HB"]]), "HB", MARKET_ZONE)
    assert bare.shape == whole.shape
    price_only = [k for k in range(whole.shape[1]) if k not in DAY_AHEAD]
    np.testing.assert_array_equal(bare[200:, price_only], whole[200:, price_only])
    assert np.isnan(bare[:, DAY_AHEAD]).all()
    assert np.isfinite(whole[200:1000]).all()


def test_the_odds_read_the_columns_that_they_name() -> None:
    data = prices(4)
    price, ahead = data["price_rt/HB"], data["price_da/HB"]
    X, t = features(data, "HB", MARKET_ZONE), 200
    hour = (t + 3) // 4  # of the day-ahead price; t begins one
    told = {
        spike_odds.LAST: price.values[t - 1],
        spike_odds.BEFORE: price.values[t - 2],
        spike_odds.THIRD: price.values[t - 3],
        spike_odds.FOURTH: price.values[t - 4],
        spike_odds.EIGHTH: price.values[t - 8],
        spike_odds.HIGHEST_2H: price.values[t - 8 : t].max(),
        spike_odds.HIGHEST_DAY: price.values[t - 96 : t].max(),
        spike_odds.MEAN_1H: price.values[t - 4 : t].mean(),
        spike_odds.AHEAD: ahead.values[hour],
        spike_odds.AHEAD_1H_AGO: ahead.values[hour - 1],
        spike_odds.AHEAD_IN_1H: ahead.values[hour + 1],
        **dict(zip(spike_odds.YESTERDAY, price.values[[t - 95, t - 96, t - 97]], strict=True)),
    }
    for column, value in told.items():
        assert X[t, column] == pytest.approx(float(spike_odds.squeezed(np.array(value)))), column
    local = price.grid.index(MARKET_ZONE)[t]
    assert X[t, spike_odds.QUARTER_OF_DAY] == 4 * local.hour + local.minute // 15


def test_a_walk_that_is_fitted_daily_begins_each_search_where_the_last_one_ended_and_finds_the_same() -> None:
    data = prices(34)
    price, X = data["price_rt/HB"], features(data, "HB", MARKET_ZONE)
    fits = np.array([31, 32, 33]) * 96
    walked = walk_forward(X, price, (60.0,), fits)[60.0]
    alone = walk_forward(X, price, (60.0,), fits[-1:])[60.0]
    np.testing.assert_allclose(walked[fits[-1] :], alone[fits[-1] :], atol=1e-3)
    assert (
        np.abs(walked[fits[1] : fits[2]] - walk_forward(X, price, (60.0,), fits[:1])[60.0][fits[1] : fits[2]]).max()
        > 1e-3
    )
