"""Real-time prices as a chain that remembers hours."""

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.forecast.deviation_chain import DeviationChain


def test_rows_are_chances_and_states_rise_with_the_deviation() -> None:
    rng = np.random.default_rng(1)
    bins = DeviationChain.fit(30 + 10 * rng.standard_normal(5000), np.full(5000, 30.0))
    np.testing.assert_allclose(bins.transition.sum(axis=1), 1.0)
    assert (np.diff(bins.deviation.reshape(5, 3), axis=0) > 0).all()
    now = [bins.state(np.array([x]), np.array([30.0])) // 3 for x in (-50.0, 29.0, 31.0, 500.0)]
    assert now == [0, 1, 2, 4]
    seen = np.abs(bins.deviation) < 1  # independent intervals: the last one tells nothing
    np.testing.assert_allclose(bins.mean_next()[seen], 0.0, atol=0.15)


def test_a_lasting_spike_is_expected_to_last() -> None:
    price = np.tile(np.concatenate((30.0 + np.arange(388) % 7, 150.0 + np.arange(12))), 20)
    bins = DeviationChain.fit(price, np.full(len(price), 30.0))
    ahead = np.full(400, 30.0)
    assert bins.mean_next()[bins.state(price[:395], ahead[:395])] > 3
    assert bins.mean_next()[bins.state(price[:300], ahead[:300])] < 1


def test_hours_below_the_day_ahead_price_are_remembered() -> None:
    """A day that runs low stays low: after one interval at par the state still tells it from a day that runs high."""
    rng = np.random.default_rng(2)
    day = np.repeat(rng.choice([-10.0, 0.0, 10.0], 200), 96)
    bins = DeviationChain.fit(30 + day + 12 * rng.standard_normal(len(day)), np.full(len(day), 30.0))
    low, high = (np.append(np.full(96, price), 30.1) for price in (20.0, 40.0))
    expected = [bins.mean_next()[bins.state(price, np.full(97, 30.0))] for price in (low, high)]
    assert expected[1] - expected[0] > 0.2


def test_an_interval_whose_price_is_missing_changes_no_memory() -> None:
    rng = np.random.default_rng(3)
    price, ahead = 30 + 10 * rng.standard_normal(1000), np.full(1000, 30.0)
    bins, gap = DeviationChain.fit(price, ahead), np.insert(price, 990, np.nan)
    assert bins.state(gap, np.full(1001, 30.0)) == bins.state(price, ahead)


def test_without_history_it_says_so() -> None:
    with pytest.raises(InputError, match="needs 168 of them"):
        DeviationChain.fit(np.ones(10), np.ones(10))
