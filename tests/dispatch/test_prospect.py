"""What is told ahead: the base, the chance of a peak, scenarios that agree with the chain, and odd zones and days."""

import datetime as dt

import numpy as np
import pytest

from megawatt.core.dataset import Dataset
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.prospect import Market, Prospect, expected_peak_usd_per_mwh, slopes
from megawatt.forecast.model import information
from megawatt.forecast.price_bins import PriceBins
from megawatt.site.read import Site
from tests.dispatch.texts import fleet, series, site

HOUR = np.timedelta64(3600, "s")
CHARGE = '[[charge]]\nname = "4cp"\nkind = "coincident"\nusd_per_kw_year = 60.0\nmonths = [6, 7, 8, 9]\n'


def month(*parts: str, **changes: object) -> Site:
    return site(fleet(), *parts, **({"start": dt.date(2024, 3, 1), "end": dt.date(2024, 4, 1)} | changes))


def prices(one: Site, *, ahead: bool = True, seed: int = 1) -> Dataset:
    """Day-ahead prices that rise by 1 USD/MWh each hour of the UTC day, and real-time ones that wander around them."""
    grid = one.grid()
    base = 30.0 + (np.arange(grid.n) * grid.step_minutes // 60) % 24
    wander = np.random.default_rng(seed).normal(0, 5, grid.n).cumsum() * 0.1
    found = [series("price_rt/LZ", grid, base + wander)]
    if ahead:
        found.append(series("price_da/LZ", grid, base, known_after_minutes=-60 * 12))
    return Dataset(found)


def told(one: Site, data: Dataset, now: str, n: int = 24) -> Prospect:
    at = np.datetime64(now, "s")
    return Prospect.of(one, data, TimeGrid(at, one.connection.interval_minutes, n), at)


def test_the_base_is_the_published_price_and_after_it_the_median_of_the_hour() -> None:
    """Prices are published twelve hours ahead: the first twelve hours and the present one are known."""
    one = month()
    data = prices(one)
    found = told(one, data, "2024-03-20T12:00")
    first = data["price_da/LZ"].grid.locate("2024-03-20T12:00Z")
    assert found.from_market.tolist() == [True] * 13 + [False] * 11
    assert found.base_usd_per_mwh[:13] == pytest.approx(data["price_da/LZ"].values[first : first + 13])
    assert "in 11 of 24 intervals" in found.source
    assert found.first(13).source == "the day-ahead price of LZ"


def test_without_day_ahead_prices_the_median_of_past_days_stands_in_and_is_named() -> None:
    one = month()
    found = told(one, prices(one, ahead=False), "2024-03-20T12:00")
    assert not found.from_market.any()
    assert "no day-ahead price" in found.source
    assert np.isfinite(found.base_usd_per_mwh).all()


def test_the_hash_is_that_of_all_that_was_known() -> None:
    one = month()
    data, now = prices(one), "2024-03-20T12:00"
    found = told(one, data, now)
    assert found.information_sha256 != told(one, data, "2024-03-20T13:00").information_sha256
    assert found.information_sha256 == information(data, np.array([np.datetime64(now, "s")]))[0]


@pytest.mark.parametrize(
    ("zone", "now", "minutes"),
    [
        ("America/Chicago", "2024-03-10T05:00", 15),  # the day of 23 hours begins in an hour
        ("Asia/Kolkata", "2024-03-20T12:30", 60),  # local hours begin at half past
        ("Australia/Lord_Howe", "2024-03-20T13:00", 30),
    ],
)
def test_odd_days_and_zones_keep_intervals_apart(zone: str, now: str, minutes: int) -> None:
    one = month(timezone=zone, minutes=minutes)
    data = prices(one)
    n = 12 * 60 // minutes
    found = told(one, data, now, n)
    first = data["price_da/LZ"].grid.locate(f"{now}Z")
    assert found.base_usd_per_mwh == pytest.approx(data["price_da/LZ"].values[first : first + n])


def test_scenarios_spread_around_what_is_expected_and_begin_with_the_last_price() -> None:
    one = month()
    found = told(one, prices(one), "2024-03-20T12:00")
    paths = found.scenarios(4000, np.random.default_rng(0))
    assert paths.shape == (4000, 24)
    assert paths.mean(axis=0) == pytest.approx(found.expected_usd_per_mwh(), abs=0.25)
    again = found.scenarios(4000, np.random.default_rng(0))
    assert np.array_equal(paths, again)


def test_the_chances_of_a_month_add_up_to_one_peak() -> None:
    one = month(CHARGE, start=dt.date(2024, 7, 1), end=dt.date(2024, 8, 1))
    grid = one.grid()
    adder = expected_peak_usd_per_mwh(one, grid)
    assert (adder * grid.hours).sum() == pytest.approx(60_000 / 4)
    assert (adder > 0).sum() == 62
    part = expected_peak_usd_per_mwh(one, grid.part(100, 148))
    assert part == pytest.approx(adder[100:148])
    assert expected_peak_usd_per_mwh(month(CHARGE), month(CHARGE).grid()).sum() == 0.0


def test_a_market_that_begins_after_the_plan_has_nothing_to_see() -> None:
    one = month()
    late = prices(one)
    grid = TimeGrid(late["price_rt/LZ"].grid.start - 48 * HOUR, 60, 96)
    market = Market.of(one, late, grid)
    assert market.grid == grid
    assert market.last_seen(10, grid.starts[10]) == -1
    assert not market.enough(10, grid.starts[10])


def test_a_slope_within_a_bin_is_that_of_the_least_squares_line() -> None:
    rng = np.random.default_rng(3)
    x = np.zeros(4000)
    for t in range(1, len(x)):
        x[t] = 0.6 * x[t - 1] + 0.2 * rng.standard_normal()
    base = np.full(len(x), 40.0)
    bins = PriceBins.fit(base * (1 + x), base, (0.5,))
    found = slopes(bins, x)
    number = np.searchsorted(bins.border, x[:-1])
    expected = [np.polyfit(x[:-1][number == k], x[1:][number == k], 1)[0] for k in range(2)]
    assert found == pytest.approx(expected, abs=1e-9)
    assert found == pytest.approx([0.6, 0.6], abs=0.08)
