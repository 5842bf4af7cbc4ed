"""Real-time prices as a chain of bins around the day-ahead price."""

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.known import on_day_before
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.forecast.price_bins import PriceBins, expected_day_ahead
from megawatt.sources.ercot import DAY_AHEAD_RESULTS


def test_rows_of_the_chain_are_chances_and_bins_rise_with_the_deviation() -> None:
    rng = np.random.default_rng(1)
    bins = PriceBins.fit(30 + 10 * rng.standard_normal(5000), np.full(5000, 30.0))
    np.testing.assert_allclose(bins.transition.sum(axis=1), 1.0)
    assert (np.diff(bins.deviation.reshape(5, 3), axis=0) > 0).all()
    now = [bins.state(np.array([x]), np.array([30.0])) // 3 for x in (-50.0, 29.0, 31.0, 500.0)]
    assert now == [0, 1, 2, 4]
    seen = np.abs(bins.deviation) < 1  # independent intervals: the last one tells nothing
    np.testing.assert_allclose(bins.mean_next()[seen], 0.0, atol=0.15)


def test_a_lasting_spike_is_expected_to_last() -> None:
    price = np.tile(np.concatenate((30.0 + np.arange(388) % 7, 150.0 + np.arange(12))), 20)
    bins = PriceBins.fit(price, np.full(len(price), 30.0))
    ahead = np.full(400, 30.0)
    assert bins.mean_next()[bins.state(price[:395], ahead[:395])] > 3
    assert bins.mean_next()[bins.state(price[:300], ahead[:300])] < 1


def test_hours_below_the_day_ahead_price_are_remembered() -> None:
    """A day that runs low stays low: after one interval at par the state still tells it from a day that runs high."""
    rng = np.random.default_rng(2)
    day = np.repeat(rng.choice([-10.0, 0.0, 10.0], 200), 96)
    bins = PriceBins.fit(30 + day + 12 * rng.standard_normal(len(day)), np.full(len(day), 30.0))
    low, high = (np.append(np.full(96, price), 30.1) for price in (20.0, 40.0))
    expected = [bins.mean_next()[bins.state(price, np.full(97, 30.0))] for price in (low, high)]
    assert expected[1] - expected[0] > 0.2


def test_an_interval_whose_price_is_missing_changes_no_memory() -> None:
    rng = np.random.default_rng(3)
    price, ahead = 30 + 10 * rng.standard_normal(1000), np.full(1000, 30.0)
    bins, gap = PriceBins.fit(price, ahead), np.insert(price, 990, np.nan)
    assert bins.state(gap, np.full(1001, 30.0)) == bins.state(price, ahead)


def test_an_unpublished_day_takes_the_mean_of_its_hour_and_a_published_one_its_price() -> None:
    grid = TimeGrid(np.datetime64("2024-02-01T06:00", "s"), 60, 24 * 20)
    values = np.arange(grid.n) % 24 + 100.0 * (np.arange(grid.n) // 24 == 13)
    known = on_day_before(grid, timezone="America/Chicago", at=DAY_AHEAD_RESULTS)
    ahead = Series("price_da/HB", Unit.USD_PER_MWH, grid, values, known, Provenance("made up"))
    hour = np.asarray(grid.index("America/Chicago").hour, dtype=np.float64)
    first = 13 * 24 + 10
    got = expected_day_ahead(ahead, hour, first, first + 48, grid.starts[first])
    np.testing.assert_array_equal(got[:14], values[first : first + 14])
    np.testing.assert_allclose(got[14:], np.arange(34) % 24 + 100 / 14)  # one of 14 days had 100 more


def test_without_history_it_says_so() -> None:
    with pytest.raises(InputError, match="7 days"):
        PriceBins.fit(np.ones(10), np.ones(10))
