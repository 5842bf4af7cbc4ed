"""Tomorrow's mean by the hour: what enters it was known at its issue."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.known import after_end, on_day_before
from megawatt.core.provenance import Provenance
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.forecast.next_day import DAYS, Mornings, last_known, mean_of_last, next_day_mean

ZONE = "America/Chicago"
GRID = TimeGrid.of_local_days(dt.date(2024, 1, 1), dt.date(2024, 4, 1), timezone=ZONE, step_minutes=60)
MORNINGS = Mornings.of(GRID, timezone=ZONE, at=dt.time(10))
AWARD_KNOWN = on_day_before(GRID, timezone=ZONE, at=dt.time(13, 30))


def series(name: str, values: Floats, known_at: np.ndarray | None = None, unit: Unit = Unit.USD_PER_MW_H) -> Series:
    known = after_end(GRID) if known_at is None else known_at
    return Series(name, unit, GRID, values, known, Provenance("made"))


def made(seed: int) -> tuple[Series, Series, Series]:
    """A gain that follows yesterday's award price and today's load, an award and a load forecast."""
    rng = np.random.default_rng(seed)
    day = MORNINGS.day
    level = np.cumsum(rng.normal(0, 1, int(day[-1]) + 1))[day]
    load = 50_000 * np.exp(0.1 * rng.normal(0, 1, int(day[-1]) + 1)[day])
    award = 10 + level + rng.normal(0, 1, GRID.n)
    gain = level + 60 * np.log(load / 50_000) + rng.normal(0, 2, GRID.n)
    return (
        series("gain/x", gain),
        series("as/x", award, AWARD_KNOWN),
        series("load_forecast/X", load, on_day_before(GRID, timezone=ZONE, at=dt.time(10)), Unit.MW),
    )


def test_the_past_of_an_hour_is_the_same_local_hour_across_the_change_of_the_clock() -> None:
    local = GRID.index(ZONE)
    t = int(np.flatnonzero((local.month == 3) & (local.day == 12) & (local.hour == 17))[0])
    earlier = [local[i] for i in MORNINGS.before[t]]
    assert [(one.day, one.hour) for one in earlier[:3]] == [(11, 17), (10, 17), (9, 17)]
    assert str(MORNINGS.issued[t]) == "2024-03-11T15:00:00"  # 10:00 of the day before, in daylight time
    skipped = int(np.flatnonzero((local.month == 3) & (local.day == 11) & (local.hour == 2))[0])
    assert MORNINGS.before[skipped, 0] == -1  # the clock skipped 2:00 on the 10th


def test_at_ten_the_award_of_today_is_known_and_what_today_brought_is_not() -> None:
    gain, award, _ = made(1)
    t = 24 * 40 + 17
    assert MORNINGS.past(award)[t, 0] == award.values[t - 24]
    assert np.isnan(MORNINGS.past(gain)[t, 0])
    assert MORNINGS.past(gain)[t, 1] == gain.values[t - 48]


def test_means_take_the_latest_known_values_of_each_row() -> None:
    past = np.array([[np.nan, 1.0, 2.0, np.nan, 6.0], [np.nan] * 5])
    np.testing.assert_array_equal(last_known(past), [1.0, np.nan])
    np.testing.assert_array_equal(mean_of_last(past, 2), [1.5, np.nan])
    np.testing.assert_array_equal(mean_of_last(past, 9), [3.0, np.nan])


def test_what_follows_load_and_yesterdays_award_is_found() -> None:
    """The error is clearly below that of the mean of the last days, which cannot know tomorrow's load."""
    gain, award, load = made(2)
    later = MORNINGS.day >= 60
    usual = mean_of_last(MORNINGS.past(gain), DAYS)
    ours = next_day_mean(MORNINGS, gain, (award,), load)
    error = [float(np.mean((one - gain.values)[later] ** 2)) for one in (ours, usual)]
    assert error[0] < 0.8 * error[1]


@pytest.mark.parametrize("seed", range(6))
def test_spoiling_what_is_not_known_yet_moves_no_expectation_at_or_before(seed: int) -> None:
    rng = np.random.default_rng(seed)
    whole = made(seed)
    at = GRID.starts[int(rng.integers(24 * 45, GRID.n))]
    wrong = tuple(
        replace(one, values=np.where(one.known_at > at, one.values * np.exp(rng.normal(0, 1, GRID.n)), one.values))
        for one in whole
    )
    first, second = (next_day_mean(MORNINGS, gain, (award,), load) for gain, award, load in (whole, wrong))
    before = MORNINGS.issued <= at
    np.testing.assert_array_equal(first[before], second[before])
    assert (np.nan_to_num(first) != np.nan_to_num(second))[~before].any() or before.all()


def test_gaps_leave_expectations_where_a_past_is_left() -> None:
    gain, award, load = made(3)
    holes = np.where(np.random.default_rng(1).random(GRID.n) < 0.2, np.nan, gain.values)
    out = next_day_mean(MORNINGS, replace(gain, values=holes), (award,), load)
    assert np.isnan(out[:24]).all()  # the first hours of the second day have had their like by ten
    assert np.isfinite(out[24 * (DAYS + 2) :]).all()


def test_quarter_hours_are_refused() -> None:
    with pytest.raises(InputError, match="15 minutes"):
        Mornings.of(TimeGrid(GRID.start, 15, 96), timezone=ZONE, at=dt.time(10))
