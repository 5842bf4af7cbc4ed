"""Issues, forecasts, and the walk forward."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.known import after_end, on_day_before
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.forecast.model import MEDIAN, Floats, Issues, backtest, information, known, series_name
from megawatt.forecast.naive import MIXED, WEEKLY, LastKnown, SameHour

BERLIN = "Europe/Berlin"
NOON = dt.time(12)


def price(first: dt.date, days: int, *, zone: str = "UTC", step_minutes: int = 60) -> Series:
    """Value = number of the interval; published at 13:00 of the day before."""
    grid = TimeGrid.of_local_days(first, first + dt.timedelta(days=days), timezone=zone, step_minutes=step_minutes)
    known_at = on_day_before(grid, timezone=zone, at=dt.time(13))
    return Series("price_da/X", Unit.EUR_PER_MWH, grid, np.arange(grid.n, dtype=float), known_at, Provenance("test"))


class Echo:
    """The mean of all it is handed, and what it was handed."""

    name, version, target, inputs, levels = "echo", "1", "price_da/X", ("price_da/X",), MEDIAN

    def __init__(self) -> None:
        self.fits: list[tuple[np.datetime64, float]] = []

    def fit(self, past: Dataset, now: np.datetime64) -> None:
        self.fits.append((now, float(np.nanmax(past[self.target].values))))

    def predict(self, past: Dataset, issues: Issues) -> Floats:
        return np.full((*issues.starts.shape, 1), np.nanmax(past[self.target].values))


@pytest.mark.parametrize(("day", "hours"), [((2024, 3, 31), 23), ((2024, 4, 1), 24), ((2024, 10, 27), 25)])
def test_a_day_ahead_issue_asks_for_the_hours_that_the_day_has(day: tuple[int, int, int], hours: int) -> None:
    issues = Issues.day_ahead(dt.date(*day), windows=1, timezone=BERLIN, at=NOON)
    assert issues.horizon == hours


def test_days_of_unequal_length_are_filled_up_with_no_time() -> None:
    issues = Issues.day_ahead(dt.date(2024, 3, 30), windows=3, timezone=BERLIN, at=NOON)
    assert np.isnat(issues.starts).sum(axis=1).tolist() == [0, 1, 0]
    assert np.isnan(issues.read(price(dt.date(2024, 3, 30), 3, zone=BERLIN))).sum(axis=1).tolist() == [0, 1, 0]


def test_noon_of_the_day_before_is_noon_on_the_wall() -> None:
    issues = Issues.day_ahead(dt.date(2024, 3, 31), windows=2, timezone=BERLIN, at=NOON)
    assert issues.issued.astype(str).tolist() == ["2024-03-30T11:00:00", "2024-03-31T10:00:00"]


def test_a_quarter_hourly_day_has_96_intervals() -> None:
    assert Issues.day_ahead(dt.date(2024, 4, 1), windows=1, timezone=BERLIN, at=NOON, step_minutes=15).horizon == 96


def test_rolling_issues_ask_for_what_follows_them() -> None:
    issues = Issues.rolling("2024-04-01T00:00Z", windows=3, horizon=2, step_minutes=15, every=4)
    assert issues.issued.astype(str).tolist()[1] == "2024-04-01T01:00:00"
    assert issues.starts[1].astype(str).tolist() == ["2024-04-01T01:00:00", "2024-04-01T01:15:00"]


def test_a_model_is_handed_nothing_that_was_not_known() -> None:
    model = Echo()
    issues = Issues.day_ahead(dt.date(2024, 1, 11), windows=3, timezone="UTC", at=NOON)
    backtest(model, Dataset([price(dt.date(2024, 1, 1), 20)]), issues, naive=LastKnown("price_da/X"))
    # At noon of day 10 the prices of day 10, published at 13:00 of day 9, are the last ones known.
    assert [last for _, last in model.fits] == [10 * 24 - 1, 11 * 24 - 1, 12 * 24 - 1]


def test_a_model_that_is_fitted_seldom_is_handed_what_was_known_at_the_last_issue_of_its_batch() -> None:
    model = Echo()
    issues = Issues.day_ahead(dt.date(2024, 1, 11), windows=5, timezone="UTC", at=NOON)
    forecast = backtest(
        model, Dataset([price(dt.date(2024, 1, 1), 20)]), issues, naive=LastKnown("price_da/X"), refit=2
    )
    assert len(model.fits) == 3
    assert (forecast.median[:, 0] + 1).tolist() == [11 * 24, 11 * 24, 13 * 24, 13 * 24, 14 * 24]


def test_a_naive_twin_sees_in_a_batch_only_what_each_issue_knew() -> None:
    issues = Issues.day_ahead(dt.date(2024, 1, 11), windows=4, timezone="UTC", at=NOON)
    data = Dataset([price(dt.date(2024, 1, 1), 20)])
    one, four = (backtest(Echo(), data, issues, naive=LastKnown("price_da/X"), refit=refit).naive for refit in (1, 4))
    np.testing.assert_array_equal(one, four)


def test_the_hash_of_the_information_ignores_what_comes_later_and_nothing_else() -> None:
    issues = Issues.day_ahead(dt.date(2024, 1, 11), windows=3, timezone="UTC", at=NOON)
    series = price(dt.date(2024, 1, 1), 20)
    spoilt = np.where(series.known_at > issues.issued[1], 1e6, series.values)
    changed = series.values.copy()
    changed[0] += 1e-9
    base, later, earlier = (
        information(Dataset([replace(series, values=v)]), issues.issued) for v in (series.values, spoilt, changed)
    )
    assert base[:2] == later[:2]
    assert base[2] != later[2]
    assert not set(base) & set(earlier)


def test_the_hash_of_the_information_is_the_same_asked_once_or_in_a_long_backtest() -> None:
    issues = Issues.day_ahead(dt.date(2024, 1, 3), windows=9, timezone="UTC", at=NOON)
    data = Dataset([price(dt.date(2024, 1, 1), 20)])
    at_once = information(data, issues.issued)
    assert [information(known(data, now), np.array([now]))[0] for now in issues.issued] == list(at_once)


def test_a_forecast_becomes_a_series_known_at_its_issue() -> None:
    issues = Issues.day_ahead(dt.date(2024, 3, 30), windows=3, timezone=BERLIN, at=NOON)
    data = Dataset([price(dt.date(2024, 3, 1), 40, zone=BERLIN)])
    forecast = backtest(Echo(), data, issues, naive=LastKnown("price_da/X"))
    series = forecast.series()
    assert series.name == series_name("echo", "price_da/X") == "price_da_by_echo/X"
    assert series.grid.n == 24 + 23 + 24
    np.testing.assert_array_equal(issues.read(series), forecast.median * np.where(np.isnat(issues.starts), np.nan, 1))
    assert np.isfinite(issues.known(series, issues.starts)).sum() == 71
    earlier = Issues(issues.issued - np.timedelta64(1, "s"), issues.starts, 60)
    assert np.isnan(earlier.known(series, issues.starts)).all()


def test_overlapping_horizons_are_no_series() -> None:
    issues = Issues.rolling("2024-01-05T00:00Z", windows=3, horizon=2, step_minutes=60)
    forecast = backtest(Echo(), Dataset([price(dt.date(2024, 1, 1), 20)]), issues, naive=LastKnown("price_da/X"))
    with pytest.raises(InputError, match="one value per interval"):
        forecast.series()


@pytest.mark.parametrize(
    ("days", "earlier"), [(WEEKLY, {11: 4, 12: 5, 13: 6, 16: 9}), (MIXED, {11: 10, 12: 11, 13: 6, 16: 15})]
)
def test_the_naive_twins_of_thursday_friday_saturday_and_tuesday(
    days: tuple[int, ...], earlier: dict[int, int]
) -> None:
    data = Dataset([price(dt.date(2024, 1, 1), 20)])  # a Monday
    naive = SameHour("price_da/X", timezone="UTC", days=days)
    for day, other in earlier.items():
        issues = Issues.day_ahead(dt.date(2024, 1, day), windows=1, timezone="UTC", at=NOON)
        assert naive.predict(data, issues)[0, 0, 0] == (other - 1) * 24


def test_the_same_hour_of_a_week_ago_is_the_same_on_the_wall() -> None:
    data = Dataset([price(dt.date(2024, 3, 1), 60, zone=BERLIN)])
    issues = Issues.day_ahead(dt.date(2024, 4, 2), windows=1, timezone=BERLIN, at=NOON)
    naive = SameHour("price_da/X", timezone=BERLIN, days=WEEKLY).predict(data, issues)[0, :, 0]
    # Tuesday 26 March began 25 days of 24 hours after 1 March; the clock changed in between.
    assert naive.tolist() == [25 * 24.0 + hour for hour in range(24)]


def test_real_time_prices_are_known_at_the_end_of_their_interval() -> None:
    grid = TimeGrid.of_local_days(dt.date(2024, 1, 1), dt.date(2024, 1, 2), timezone="UTC", step_minutes=15)
    series = Series("price_rt/X", Unit.USD_PER_MWH, grid, np.arange(96.0), after_end(grid), Provenance("test"))
    issues = Issues.rolling("2024-01-01T01:00Z", windows=3, horizon=1, step_minutes=15)
    assert LastKnown("price_rt/X").predict(Dataset([series]), issues)[:, 0, 0].tolist() == [3, 4, 5]


def test_misaligned_intervals_are_refused() -> None:
    issues = Issues.rolling("2024-01-05T00:30Z", windows=3, horizon=2, step_minutes=60)
    with pytest.raises(InputError, match="begin at other instants"):
        issues.read(price(dt.date(2024, 1, 1), 20))


def test_issues_out_of_order_are_refused() -> None:
    at = np.array(["2024-01-02", "2024-01-01"], dtype="datetime64[s]")
    with pytest.raises(InputError, match="issues increase"):
        Issues(at, at[:, None], 60)
