"""Days of 23, 24 and 25 hours as rows of equal length."""

import numpy as np
import pytest

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid, utc
from megawatt.core.units import Unit
from megawatt.forecast.day_table import DayTable, table_of

BERLIN = "Europe/Berlin"


def table(first: str, hours: int, *, zone: str = BERLIN, minutes: int = 60, missing: tuple[int, ...] = ()) -> DayTable:
    """Value = number of the interval."""
    n = hours * 60 // minutes
    values = np.arange(n, dtype=float)
    values[list(missing)] = np.nan
    grid = TimeGrid(utc(first), minutes, n)
    series = Series("price_da/X", Unit.EUR_PER_MWH, grid, values, grid.starts, Provenance("test"))
    return table_of(Dataset([series]), "price_da/X", (), timezone=zone, end=grid.end)


def test_the_hour_that_the_clock_skips_lies_between_its_neighbours() -> None:
    day = table("2024-03-31T00:00+01:00", 23).values[0]
    assert day.shape == (1, 24)
    assert day[0, :5].tolist() == [0, 1, 1.5, 2, 3]


def test_of_the_hour_that_the_clock_repeats_the_mean_stands_in_the_table() -> None:
    assert table("2024-10-27T00:00+02:00", 25).values[0, 0, :5].tolist() == [0, 1, 2.5, 4, 5]


def test_the_four_quarters_of_a_skipped_hour_lie_on_a_line() -> None:
    day = table("2024-03-31T00:00+01:00", 23, minutes=15).values[0]
    assert day.shape == (1, 96)
    np.testing.assert_allclose(day[0, 7:13], [7, 7.2, 7.4, 7.6, 7.8, 8])


def test_a_missing_value_stays_missing() -> None:
    day = table("2024-04-01T00:00+02:00", 48, missing=(5, 30)).values[0]
    assert np.argwhere(np.isnan(day)).tolist() == [[0, 5], [1, 6]]


def test_hours_before_the_first_and_after_the_last_are_missing() -> None:
    found = table("2024-04-01T06:00+02:00", 20)
    assert np.isnan(found.values[0]).sum(axis=1).tolist() == [6, 22]
    assert str(found.first) == "2024-04-01"


def test_the_columns_of_the_week_begin_on_monday() -> None:
    found = table("2024-04-01T00:00+02:00", 24 * 8)  # a Monday
    assert found.weekdays(slice(0, 8)).argmax(axis=1).tolist() == [0, 1, 2, 3, 4, 5, 6, 0]


def test_intervals_that_do_not_divide_a_day_are_refused() -> None:
    with pytest.raises(InputError, match="whole intervals in a day"):
        table("2024-04-01T00:00+02:00", 42, minutes=420)
