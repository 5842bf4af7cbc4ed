"""Local hours, by their end, on days of 23, 24 and 25 hours."""

import datetime as dt

import pytest

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid
from megawatt.power.window import Window


def one_day(text: str) -> TimeGrid:
    day = dt.date.fromisoformat(text)
    return TimeGrid.of_local_days(day, day + dt.timedelta(days=1), timezone="America/Chicago", step_minutes=15)


def test_hour_ending_17_is_four_to_five_in_the_afternoon() -> None:
    grid = one_day("2024-08-20")
    inside = Window("America/Chicago", hours_ending=(17,)).mask(grid)
    assert grid.starts[inside].astype(str).tolist() == [f"2024-08-20T21:{m}:00" for m in ("00", "15", "30", "45")]


@pytest.mark.parametrize(("day", "hours"), [("2024-03-10", 0), ("2024-11-02", 1), ("2024-11-03", 1)])
def test_hour_ending_3_is_missing_on_the_day_of_23_hours(day: str, hours: int) -> None:
    assert Window("America/Chicago", hours_ending=(3,)).mask(one_day(day)).sum() == 4 * hours


def test_hour_ending_2_counts_twice_on_the_day_of_25_hours() -> None:
    assert Window("America/Chicago", hours_ending=(2,)).mask(one_day("2024-11-03")).sum() == 8


def test_weekdays_only_leaves_sunday_out() -> None:
    window = Window("America/Chicago", weekdays_only=True)
    assert not window.mask(one_day("2024-11-03")).any()
    assert window.mask(one_day("2024-11-04")).all()


def test_validity_begins_and_ends_at_local_midnight() -> None:
    window = Window("America/Chicago", valid_from=dt.date(2024, 7, 2), valid_to=dt.date(2024, 7, 3))
    grid = TimeGrid.of_local_days(dt.date(2024, 7, 1), dt.date(2024, 7, 4), timezone="America/Chicago", step_minutes=60)
    assert grid.starts[window.mask(grid)][[0, -1]].astype(str).tolist() == [
        "2024-07-02T05:00:00",
        "2024-07-03T04:00:00",
    ]


def test_hour_zero_month_thirteen_and_an_empty_window_are_refused() -> None:
    with pytest.raises(InputError, match="1 to 24"):
        Window("America/Chicago", hours_ending=(0, 24))
    with pytest.raises(InputError, match="1 to 12"):
        Window("America/Chicago", months=(13,))
    with pytest.raises(InputError, match="at least one"):
        Window("America/Chicago", months=())
    with pytest.raises(InputError, match="ends after it begins"):
        Window("UTC", valid_from=dt.date(2024, 7, 2), valid_to=dt.date(2024, 7, 2))
