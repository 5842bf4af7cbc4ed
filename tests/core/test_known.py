"""Times of publication follow the local clock."""

import datetime as dt

import pytest

from megawatt.core.known import after_end, on_day_before
from megawatt.core.timegrid import TimeGrid

HALF_PAST_ONE = dt.time(13, 30)


@pytest.mark.parametrize(
    ("start", "known"),
    [
        ("2024-07-10T05:00", "2024-07-09T18:30:00"),  # local midnight in daylight time
        ("2024-07-10T04:45", "2024-07-08T18:30:00"),  # the quarter hour before belongs to the day before
        ("2024-01-10T06:00", "2024-01-09T19:30:00"),  # standard time
        ("2024-03-10T06:00", "2024-03-09T19:30:00"),  # day of 23 hours: published in standard time
        ("2024-03-11T05:00", "2024-03-10T18:30:00"),  # the day after: published in daylight time
        ("2024-11-03T05:00", "2024-11-02T18:30:00"),  # day of 25 hours: published in daylight time
        ("2024-11-04T05:45", "2024-11-02T18:30:00"),  # its last quarter hour
        ("2024-11-04T06:00", "2024-11-03T19:30:00"),  # the day after
    ],
)
def test_day_ahead_values_are_known_at_half_past_one_market_time_of_the_day_before(start: str, known: str) -> None:
    grid = TimeGrid.of_local_days(dt.date(2024, 1, 1), dt.date(2025, 1, 1), timezone="America/Chicago", step_minutes=15)
    at = on_day_before(grid, timezone="America/Chicago", at=HALF_PAST_ONE)
    assert str(at[grid.locate(start + "Z")]) == known


def test_real_time_values_are_known_at_the_end_of_their_interval_or_later() -> None:
    grid = TimeGrid.of_local_days(dt.date(2024, 7, 1), dt.date(2024, 7, 2), timezone="UTC", step_minutes=15)
    assert str(after_end(grid)[0]) == "2024-07-01T00:15:00"
    assert str(after_end(grid, minutes=60)[-1]) == "2024-07-02T01:00:00"
