"""Chance of a price spike in the next interval."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.known import on_day_before
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.forecast.real_time import SpikeModel, features, price_quantiles, walk_forward
from megawatt.sources.ercot import DAY_AHEAD_RESULTS, MARKET_ZONE

pytest.importorskip("lightgbm")


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
    one, two = (walk_forward(features(x, "HB", MARKET_ZONE), x["price_rt/HB"], 60.0, fits) for x in (data, spoilt))
    np.testing.assert_array_equal(one[: t + 1], two[: t + 1])
    assert np.isnan(one[:1000]).all()


def test_a_spike_is_likelier_after_one_and_in_the_evening() -> None:
    data = prices()
    price = data["price_rt/HB"]
    X = features(data, "HB", MARKET_ZONE)
    model = SpikeModel.fit(X[100:3000], price.values[100:3000], 60.0)
    chance, last = model.probability(X[3000:]), price.values[2999:-1]
    assert chance[last > 60].mean() > 0.5 > chance[last <= 60].mean()


def test_quantiles_do_not_cross_and_cover() -> None:
    data = prices()
    X, price = features(data, "HB", MARKET_ZONE), data["price_rt/HB"].values
    quantiles = price_quantiles(X[100:3000], price[100:3000], X[3000:], (0.05, 0.5, 0.95))
    assert (np.diff(quantiles, axis=1) >= 0).all()
    inside = ((quantiles[:, 0] <= price[3000:]) & (price[3000:] <= quantiles[:, 2])).mean()
    assert 0.75 < inside < 0.98


def test_a_short_history_is_refused() -> None:
    with pytest.raises(InputError, match="28 days"):
        SpikeModel.fit(np.zeros((100, 3)), np.zeros(100), 60.0)
