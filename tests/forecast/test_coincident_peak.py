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


def test_nothing_known_after_the_hour_moves_its_chance(past_and_model: tuple[Series, PeakModel]) -> None:
    series, model = past_and_model
    base = model.probability(series, 7, months=(1, 2))
    rng = np.random.default_rng(5)
    for t in rng.integers(366 * 24, series.grid.n, size=6).tolist():
        at = series.grid.starts[t]
        spoilt = np.where(
            series.known_at > at, series.values * np.exp(rng.standard_normal(series.grid.n)), series.values
        )
        moved = model.probability(replace(series, values=spoilt), 7, months=(1, 2))
        np.testing.assert_array_equal(moved[: t + 1], base[: t + 1])


def test_the_fit_sees_nothing_known_after_its_until() -> None:
    series, until = load(330), np.datetime64("2022-11-10T06:00", "s")
    spoilt = replace(series, values=np.where(series.known_at > until, 1.0, series.values))
    one, other = (PeakModel.fit(x, until=until, timezone=ZONE) for x in (series, spoilt))
    for a, b in zip(one.shapes[5], other.shapes[5], strict=True):
        np.testing.assert_array_equal(a.coefficients, b.coefficients)
        np.testing.assert_array_equal(a.residuals, b.residuals)


def test_the_chance_is_high_in_the_late_afternoon_and_none_at_night(past_and_model: tuple[Series, PeakModel]) -> None:
    series, model = past_and_model
    chance = model.probability(series, 7, months=(1, 2))
    hour = np.asarray(series.grid.index(ZONE).hour)
    assert np.nansum(chance[(hour >= 14) & (hour <= 19)]) > 0.95 * np.nansum(chance)
    assert np.nanmax(chance[hour < 8]) == 0


def test_the_chances_of_a_month_add_up_to_about_its_one_peak(past_and_model: tuple[Series, PeakModel]) -> None:
    """Not exactly: each is given at its own time. A model that is sure of everything would give many times that."""
    series, model = past_and_model
    total = np.nansum(model.probability(series, 7, months=(1,)))  # Januaries of two years
    assert 0.2 < total < 4.0


def test_on_the_last_day_of_the_month_a_record_is_the_peak() -> None:
    series = load(400)
    model = PeakModel.fit(series, until=np.datetime64("2022-12-20T06:00", "s"), timezone=ZONE)
    index = series.grid.index(ZONE)
    last = np.asarray((index.year == 2023) & (index.month == 1) & (index.day == 31))
    hot = replace(series, values=np.where(last, series.values * 1.5, series.values))
    chance = model.probability(hot, 3, months=(1,))[last]
    assert 0.9 < chance[10:].sum() < 3.0
    assert model.outlook(hot, series.grid.starts[np.flatnonzero(last)[15]], 3).shape == (9,)


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
    chance = model.probability(replace(series, values=values), 7, months=(2,))
    assert np.isnan(chance[400 * 24 + 2])
    assert np.isfinite(chance[402 * 24 + 5])


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
