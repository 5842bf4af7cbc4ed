"""Real-time prices as a chain of bins around the day-ahead price."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.known import on_day_before
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.forecast.price_bins import PriceBins, expected_day_ahead, expected_price
from megawatt.sources.ercot import DAY_AHEAD_RESULTS


def test_rows_of_the_chain_are_chances_and_bins_rise_with_the_deviation() -> None:
    rng = np.random.default_rng(1)
    bins = PriceBins.fit(30 + 10 * rng.standard_normal(5000), np.full(5000, 30.0))
    np.testing.assert_allclose(bins.transition.sum(axis=1), 1.0)
    assert (np.diff(bins.deviation) > 0).all()
    assert [bins.bin_of(x, 30.0) for x in (-50.0, 29.0, 31.0, 500.0)] == [0, 1, 2, 4]
    np.testing.assert_allclose(bins.mean_next(), 0.0, atol=0.1)  # independent intervals: the last one tells nothing


def test_a_lasting_spike_is_expected_to_last() -> None:
    price = np.tile(np.concatenate((30.0 + np.arange(388) % 7, 150.0 + np.arange(12))), 20)
    bins = PriceBins.fit(price, np.full(len(price), 30.0))
    assert bins.mean_next()[bins.bin_of(158.0, 30.0)] > 3
    assert bins.mean_next()[bins.bin_of(33.0, 30.0)] < 1


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
    with pytest.raises(InputError, match="needs 168 of them"):
        PriceBins.fit(np.ones(10), np.ones(10))


def made_prices(seed: int, days: int = 70) -> tuple[Series, Series, TimeGrid]:
    """Forty days of history and a month asked for; real time follows the auction and its own last deviation."""
    rng = np.random.default_rng(seed)
    grid = TimeGrid(np.datetime64("2024-01-01T06:00", "s"), 60, 24 * days)
    ahead = 40.0 + 20.0 * (np.arange(grid.n) % 24 > 16) + rng.normal(0, 2, grid.n)
    real = ahead * (1 + 0.5 * np.repeat(rng.normal(0, 1, grid.n // 4), 4))
    known = on_day_before(grid, timezone="America/Chicago", at=DAY_AHEAD_RESULTS)
    made = Provenance("made up")
    price = Series("price_rt/HB", Unit.USD_PER_MWH, grid, real, grid.ends, made)
    return price, Series("price_da/HB", Unit.USD_PER_MWH, grid, ahead, known, made), grid.part(24 * 40, grid.n)


def test_the_expected_price_is_nearer_than_the_last_one_and_than_the_auctions() -> None:
    price, ahead, asked = made_prices(1)
    expected = expected_price(price, ahead, asked, timezone="America/Chicago")
    actual = price.on(asked).values
    error = [
        float(np.mean((x - actual) ** 2)) for x in (expected, price.last_known(asked.starts), ahead.on(asked).values)
    ]
    assert error[0] < 0.9 * min(error[1:])


@pytest.mark.parametrize("seed", range(5))
def test_spoiling_what_is_not_known_yet_moves_no_expected_price_at_or_before(seed: int) -> None:
    rng = np.random.default_rng(seed)
    price, ahead, asked = made_prices(seed)
    at = asked.starts[int(rng.integers(asked.n))]
    wrong = [
        replace(one, values=np.where(one.known_at > at, 300.0 * rng.standard_normal(one.grid.n), one.values))
        for one in (price, ahead)
    ]
    first, second = (
        expected_price(one, other, asked, timezone="America/Chicago") for one, other in ((price, ahead), wrong)
    )
    np.testing.assert_array_equal(first[asked.starts <= at], second[asked.starts <= at])


def test_before_a_week_of_prices_nothing_is_expected_and_a_gap_expects_nothing_either() -> None:
    price, ahead, _ = made_prices(2)
    young = expected_price(price, ahead, price.grid, timezone="America/Chicago")
    assert np.isnan(young[: 24 * 30]).all()  # the chain is fitted at the first of a month
    assert np.isfinite(young[24 * 31 :]).all()
    holes = ahead.values.copy()
    holes[24 * 50 : 24 * 51] = np.nan
    gap = expected_price(price, replace(ahead, values=holes), price.grid, timezone="America/Chicago")
    assert np.isnan(gap[24 * 50 : 24 * 51]).all()
