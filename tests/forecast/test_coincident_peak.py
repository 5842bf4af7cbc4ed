"""The chance of being the month's peak."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.forecast.coincident_peak import LoadDays, PeakModel, net_load

ZONE = "America/Chicago"


def load(days: int, start: str = "2022-01-01T06:00:00", seed: int = 1) -> Series:
    """A load with a daily shape that peaks from 16:00 to 18:00, weather that lasts some days, and noise."""
    rng = np.random.default_rng(seed)
    grid = TimeGrid(np.datetime64(start, "s"), 60, 24 * days)
    hour = np.asarray(grid.index(ZONE).hour)
    weather = np.zeros(days + 1)
    for d in range(1, days + 1):
        weather[d] = 0.7 * weather[d - 1] + 0.03 * rng.standard_normal()
    shape = 0.3 * np.exp(-(((hour - 16.5) / 5) ** 2))
    values = 50_000 * np.exp(shape + weather[np.arange(grid.n) // 24] + 0.005 * rng.standard_normal(grid.n))
    return Series("load/ERCOT", Unit.MW, grid, values, grid.ends + np.timedelta64(3600, "s"), Provenance("made up"))


@pytest.fixture(scope="module")
def past_and_model() -> tuple[Series, PeakModel]:
    series = load(430)
    return series, PeakModel.fit(series, until=np.datetime64("2022-12-31T06:00", "s"), timezone=ZONE)


@pytest.fixture(scope="module")
def january(past_and_model: tuple[Series, PeakModel]) -> tuple[Series, np.ndarray]:
    """The second January and the chance of each of its hours."""
    series, model = past_and_model
    part = replace(
        series,
        grid=series.grid.part(330 * 24, 396 * 24),
        values=series.values[330 * 24 : 396 * 24],
        known_at=series.known_at[330 * 24 : 396 * 24],
    )
    return part, model.probability(part, 7, months=(1,))


def test_nothing_known_after_the_hour_moves_its_chance(past_and_model: tuple[Series, PeakModel]) -> None:
    series, model = past_and_model
    rng = np.random.default_rng(5)
    for t in (24 * rng.integers(366, 428, size=8) + 6 + rng.integers(14, 19, size=8)).tolist():
        at = series.grid.starts[t]
        noise = np.exp(rng.standard_normal(series.grid.n))
        spoilt = replace(series, values=np.where(series.known_at > at, series.values * noise, series.values))
        np.testing.assert_array_equal(model.outlook(spoilt, at, 7), model.outlook(series, at, 7))


def test_the_fit_sees_nothing_known_after_its_until(past_and_model: tuple[Series, PeakModel]) -> None:
    series, model = past_and_model
    until = np.datetime64("2022-12-31T06:00", "s")
    spoilt = replace(series, values=np.where(series.known_at > until, 1.0, series.values))
    other = PeakModel.fit(spoilt, until=until, timezone=ZONE)
    for a, b in zip(model.shapes[5], other.shapes[5], strict=True):
        np.testing.assert_array_equal(a.coefficients, b.coefficients)
        np.testing.assert_array_equal(a.residuals, b.residuals)


def test_the_chance_is_high_in_the_late_afternoon_and_none_at_night(january: tuple[Series, np.ndarray]) -> None:
    series, chance = january
    hour = np.asarray(series.grid.index(ZONE).hour)
    assert np.nansum(chance[(hour >= 14) & (hour <= 19)]) > 0.95 * np.nansum(chance)
    assert np.nanmax(chance[hour < 8]) == 0


def test_the_chances_of_a_month_add_up_to_about_its_one_peak(january: tuple[Series, np.ndarray]) -> None:
    """Not exactly: each is given at its own time. A model that is sure of everything would give many times that."""
    assert 0.1 < np.nansum(january[1]) < 3.0


def test_calibration_scales_past_months_to_one_and_never_down(past_and_model: tuple[Series, PeakModel]) -> None:
    series, model = past_and_model
    part = replace(
        series, grid=series.grid.part(0, 60 * 24), values=series.values[: 60 * 24], known_at=series.known_at[: 60 * 24]
    )
    until = part.grid.end
    scaled = model.calibrated(part, 7, until=until)
    again = replace(model, scale=scaled.scale).calibrated(part, 7, until=until)
    assert scaled.scale >= 1
    assert again.scale >= scaled.scale  # a chance never passes that of being its day's highest


def test_on_the_last_day_of_the_month_a_record_is_the_peak(past_and_model: tuple[Series, PeakModel]) -> None:
    series, model = past_and_model
    index = series.grid.index(ZONE)
    last = np.asarray((index.year == 2023) & (index.month == 1) & (index.day == 31))
    hot = replace(series, values=np.where(last, series.values * 1.5, series.values))
    ahead = model.outlook(hot, series.grid.starts[np.flatnonzero(last)[12]], 3)
    assert ahead.shape == (12,)
    assert ahead.sum() == pytest.approx(1.0)  # one of the hours left is the highest, and no day is left to pass it


def test_a_day_has_the_same_columns_whatever_the_clock_does() -> None:
    days = LoadDays.of(load(320), ZONE)
    assert days.log_mw.shape[1] == 24
    spring, autumn = (int(np.flatnonzero(days.date == np.datetime64(d))[0]) for d in ("2022-03-13", "2022-11-06"))
    assert days.log_mw[spring, 2] == days.log_mw[spring, 1]  # 02:00 was skipped
    assert np.isfinite(days.log_mw[autumn]).all()
    assert days.left_in_month(spring) == 19


def test_a_missing_hour_gives_no_number_rather_than_a_wrong_one(past_and_model: tuple[Series, PeakModel]) -> None:
    series, model = past_and_model
    values = series.values.copy()
    values[400 * 24] = np.nan
    holed = replace(series, values=values)
    assert np.isnan(model.outlook(holed, series.grid.starts[400 * 24 + 2], 7)).all()
    assert np.isfinite(model.outlook(holed, series.grid.starts[402 * 24 + 5], 7)).all()


@pytest.mark.parametrize("days", [30, 250])
def test_a_short_history_is_refused(days: int) -> None:
    with pytest.raises(InputError, match="whole days"):
        PeakModel.fit(load(days), until=np.datetime64("2030-01-01", "s"), timezone=ZONE)


def test_a_load_of_zero_is_refused() -> None:
    series = load(3)
    with pytest.raises(InputError, match="positive"):
        LoadDays.of(replace(series, values=series.values * 0), ZONE)


def test_net_load_is_known_with_its_last_part() -> None:
    series = load(2)
    wind = replace(
        series, name="gen/wind", values=series.values * 0.1, known_at=series.known_at + np.timedelta64(7200, "s")
    )
    net = net_load(series, wind)
    np.testing.assert_allclose(net.values, 0.9 * series.values)
    assert (net.known_at == wind.known_at).all()
    assert net.name == "net_load/ERCOT"
