"""Local days of 23, 24, 25 and 23.5 hours, and what is refused as a time."""

import datetime as dt
from itertools import pairwise

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid, utc, zone


def day(text: str, timezone: str, step_minutes: int) -> TimeGrid:
    first = dt.date.fromisoformat(text)
    return TimeGrid.of_local_days(first, first + dt.timedelta(days=1), timezone=timezone, step_minutes=step_minutes)


@pytest.mark.parametrize(
    ("date", "timezone", "step_minutes", "start", "intervals"),
    [
        ("2024-03-31", "Europe/Berlin", 60, "2024-03-30T23:00", 23),
        ("2024-10-27", "Europe/Berlin", 60, "2024-10-26T22:00", 25),
        ("2024-06-20", "Europe/Berlin", 60, "2024-06-19T22:00", 24),
        ("2024-03-10", "America/Chicago", 15, "2024-03-10T06:00", 92),
        ("2024-11-03", "America/Chicago", 15, "2024-11-03T05:00", 100),
        ("2024-02-29", "America/Chicago", 5, "2024-02-29T06:00", 288),
        ("2024-04-07", "Australia/Lord_Howe", 30, "2024-04-06T13:00", 49),  # the clock goes back half an hour
        ("2024-10-06", "Australia/Lord_Howe", 30, "2024-10-05T13:30", 47),
        ("2024-04-26", "Africa/Cairo", 60, "2024-04-25T22:00", 23),  # local midnight does not exist
        ("2024-11-03", "America/Havana", 60, "2024-11-03T04:00", 25),  # local midnight comes twice
    ],
)
def test_a_local_day_has_the_hours_its_clock_gives_it(
    date: str, timezone: str, step_minutes: int, start: str, intervals: int
) -> None:
    grid = day(date, timezone, step_minutes)
    assert grid.start == np.datetime64(start, "s")
    assert grid.n == intervals
    assert {f"{t:%Y-%m-%d}" for t in grid.index(timezone)} == {date}


def test_a_day_that_is_no_whole_number_of_intervals_is_refused_and_not_cut() -> None:
    with pytest.raises(InputError, match="1470 minutes") as error:
        day("2024-04-07", "Australia/Lord_Howe", 60)
    assert "Choose a step" in error.value.remedy
    with pytest.raises(InputError, match="1380 minutes"):
        day("2024-03-31", "Europe/Berlin", 1440)


@settings(deadline=None, max_examples=60)
@given(
    first=st.dates(dt.date(1975, 1, 1), dt.date(2035, 1, 1)),
    days=st.lists(st.integers(1, 40), min_size=2, max_size=4),
    timezone=st.sampled_from(["Europe/Berlin", "America/Chicago", "Australia/Lord_Howe", "Asia/Kolkata", "UTC"]),
)
def test_neighbouring_periods_meet_without_a_gap_or_an_overlap(first: dt.date, days: list[int], timezone: str) -> None:
    borders = [first]
    for number in days:
        borders.append(borders[-1] + dt.timedelta(days=number))
    parts = [TimeGrid.of_local_days(a, b, timezone=timezone, step_minutes=30) for a, b in pairwise(borders)]
    whole = TimeGrid.of_local_days(borders[0], borders[-1], timezone=timezone, step_minutes=30)
    assert np.array_equal(np.concatenate([part.starts for part in parts]), whole.starts)


def test_intervals_are_half_open() -> None:
    grid = TimeGrid(utc("2024-07-01T00:00Z"), 15, 4)
    assert grid.hours == 0.25
    assert grid.end == np.datetime64("2024-07-01T01:00:00")
    assert np.array_equal(grid.ends[:-1], grid.starts[1:])
    assert grid.locate("2024-07-01T00:14:59Z") == 0
    assert grid.locate("2024-07-01T00:15:00Z") == 1
    assert grid.locate("2024-06-30T19:59:00-05:00") == 3
    for outside in ("2024-07-01T01:00Z", "2024-06-30T23:59:59Z"):
        with pytest.raises(InputError, match="Choose a time inside it"):
            grid.locate(outside)


def test_a_part_lies_inside_its_grid() -> None:
    grid = TimeGrid(utc("2024-07-01T00:00Z"), 15, 4)
    assert grid.part(1, 3) == TimeGrid(utc("2024-07-01T00:15Z"), 15, 2)
    assert grid.part(0, 4) == grid
    for first, end in ((-1, 2), (2, 2), (3, 2), (0, 5)):
        with pytest.raises(InputError, match="0 to 4"):
            grid.part(first, end)


@pytest.mark.parametrize("step_minutes", [0, -15, 7, 45, 90])
def test_a_step_divides_an_hour_or_is_a_multiple_of_one(step_minutes: int) -> None:
    with pytest.raises(InputError, match="Use 5, 15, 30 or 60"):
        TimeGrid(utc("2024-07-01T00:00Z"), step_minutes, 4)
    with pytest.raises(InputError):
        day("2024-07-01", "UTC", step_minutes)


@pytest.mark.parametrize("step_minutes", [1, 5, 15, 20, 30, 60, 120, 1440])
def test_usual_steps_are_taken(step_minutes: int) -> None:
    grid = TimeGrid(utc("2024-07-01T00:00Z"), step_minutes, 3)
    assert (grid.end - grid.start) / np.timedelta64(1, "m") == 3 * step_minutes


@pytest.mark.parametrize("start", ["2024-01-01T00:00:30", "NaT"])
def test_a_grid_starts_on_a_whole_minute(start: str) -> None:
    with pytest.raises(InputError, match="whole minute"):
        TimeGrid(np.datetime64(start), 15, 4)


def test_an_empty_grid_and_a_period_backwards_are_refused() -> None:
    with pytest.raises(InputError, match="at least one"):
        TimeGrid(utc("2024-07-01T00:00Z"), 15, 0)
    with pytest.raises(InputError, match="Swap the two dates"):
        TimeGrid.of_local_days(dt.date(2024, 7, 2), dt.date(2024, 7, 1), timezone="UTC", step_minutes=15)


@pytest.mark.parametrize(
    "same", ["2024-07-01T00:00Z", "2024-06-30T19:00-05:00", "2024-07-01 02:00:00+02:00", "20240701T000000Z"]
)
def test_one_instant_however_it_is_written(same: str) -> None:
    assert utc(same) == np.datetime64("2024-07-01T00:00:00", "s")
    assert utc(dt.datetime.fromisoformat(same)) == utc(same)
    assert utc(utc(same)) == utc(same)


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("2024-07-01T00:00", "every instant has one"),
        ("2024-07-01", "every instant has one"),
        ("1 July", "a time is ISO 8601"),
        ("", "a time is ISO 8601"),
    ],
)
def test_a_time_without_a_zone_or_form_is_refused(text: str, rule: str) -> None:
    with pytest.raises(InputError, match=rule):
        utc(text)


@pytest.mark.parametrize(
    "name",
    ["", "Europe", "Berlin", "../../etc/passwd", "/etc/localtime", "Europe/Berlin ", "a\0b", "localtime", "right/UTC"],
)
def test_an_unknown_zone_is_an_error_with_an_example(name: str) -> None:
    with pytest.raises(InputError, match="Europe/Berlin"):
        zone(name)


def test_local_months_follow_the_local_calendar() -> None:
    grid = TimeGrid(utc("2024-07-01T03:00Z"), 60, 4)  # local midnight in Chicago is 05:00Z
    number, names = grid.local_months("America/Chicago")
    assert names == ["2024-06", "2024-07"]
    assert number.tolist() == [0, 0, 1, 1]


def test_a_year_has_twelve_local_months_whose_hours_add_up() -> None:
    grid = TimeGrid.of_local_days(dt.date(2024, 1, 1), dt.date(2025, 1, 1), timezone="Europe/Berlin", step_minutes=60)
    number, names = grid.local_months("Europe/Berlin")
    hours = dict(zip(names, np.bincount(number), strict=True))
    assert grid.n == 8_784
    assert hours["2024-02"] == 29 * 24
    assert hours["2024-03"] == 31 * 24 - 1
    assert hours["2024-10"] == 31 * 24 + 1


def test_the_index_is_the_grid_in_the_zone_asked_for() -> None:
    index = TimeGrid(utc("2024-11-03T05:00Z"), 60, 3).index("America/Chicago")
    assert [t.isoformat() for t in index] == [
        "2024-11-03T00:00:00-05:00",
        "2024-11-03T01:00:00-05:00",
        "2024-11-03T01:00:00-06:00",
    ]
    assert isinstance(index, pd.DatetimeIndex)
