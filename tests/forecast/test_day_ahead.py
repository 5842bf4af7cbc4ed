"""What every day-ahead forecaster must do: not peek, not read other people's forecasts, own up to what is missing."""

import datetime as dt
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

import megawatt.forecast
from megawatt.core.dataset import Dataset
from megawatt.forecast import score
from megawatt.forecast.combination import Combination, Mean
from megawatt.forecast.day_ahead import Scale
from megawatt.forecast.lear import Lear
from megawatt.forecast.members import members
from megawatt.forecast.model import Floats, Forecaster, Issues, backtest, known, series_name
from megawatt.forecast.naive import SameHour
from megawatt.forecast.network import Network, Settings
from megawatt.forecast.trees import Trees
from tests.forecast.market import FIRST, LOAD, OTHERS, TARGET, WIND, market

pytest.importorskip("lightgbm", reason="the extra forecast is not installed")

UTC = "UTC"
NOON = dt.time(12)
LEARS = tuple(series_name(f"lear-{days}", TARGET) for days in (56, 84))
QUICK = Settings(members=2, hidden=(16, 8), first_passes=10, every=3)


def issues(day: int, windows: int, *, zone: str = UTC, step_minutes: int = 60) -> Issues:
    return Issues.day_ahead(
        FIRST + dt.timedelta(days=day), windows=windows, timezone=zone, at=NOON, step_minutes=step_minutes
    )


def lear(days: int = 84) -> Lear:
    return Lear(TARGET, OTHERS, timezone=UTC, days=days)


def naive() -> SameHour:
    return SameHour(TARGET, timezone=UTC)


def with_members(data: Dataset) -> Dataset:
    """The data with two forecasts as series, over their last hundred days."""
    asked = issues(100, 90)
    made = [backtest(lear(days), data, asked, naive=naive()).series() for days in (56, 84)]
    return data.with_series(*made)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return with_members(market(190))


MODELS: dict[str, Callable[[], Forecaster]] = {
    "lear": lear,
    "network": lambda: Network(TARGET, OTHERS, timezone=UTC, rng=np.random.default_rng(3), settings=QUICK),
    "trees": lambda: Trees(TARGET, OTHERS, timezone=UTC, days=120, every=3, rounds=30),
    "mean": lambda: Mean("lear", TARGET, LEARS, timezone=UTC),
    "combination": lambda: Combination(TARGET, LEARS, timezone=UTC),
    "naive": naive,
}


@pytest.mark.parametrize("refit", [1, 4])
@pytest.mark.parametrize("name", MODELS)
def test_what_is_not_known_at_an_issue_changes_no_forecast_up_to_it(data: Dataset, name: str, refit: int) -> None:
    asked, at = issues(178, 6), 3
    now, rng = asked.issued[at], np.random.default_rng(5)
    spoilt = Dataset(
        replace(one, values=np.where(one.known_at > now, rng.normal(0, 500, one.grid.n), one.values))
        for one in data.values()
    )
    base, other = (backtest(MODELS[name](), d, asked, naive=naive(), refit=refit) for d in (data, spoilt))
    np.testing.assert_array_equal(base.quantiles[: at + 1], other.quantiles[: at + 1])
    np.testing.assert_array_equal(base.naive[: at + 1], other.naive[: at + 1])
    assert np.isfinite(base.quantiles).all()
    if name != "mean":  # its members' later forecasts stand in the spoilt series
        assert (base.quantiles[at + 1 :] != other.quantiles[at + 1 :]).any()


def test_no_forecaster_reads_a_published_forecast() -> None:
    asked = {name for make in members(TARGET, OTHERS, timezone=UTC).values() for name in make().inputs}
    assert asked == {TARGET, LOAD, WIND}
    ours = [series_name(name, TARGET) for name in members(TARGET, OTHERS, timezone=UTC)]
    assert set(Combination(TARGET, ours, timezone=UTC).inputs) == {TARGET, *ours}


def test_the_package_can_read_no_file() -> None:
    folder = Path(megawatt.forecast.__file__).parent
    for path in folder.glob("*.py"):
        text = path.read_text()
        assert not any(word in text for word in ("open(", "read_csv", "pathlib", "np.load", "published_forecasts")), (
            path
        )


@pytest.mark.parametrize("name", ["lear", "network", "trees"])
def test_a_member_beats_its_naive_twin_where_load_and_wind_make_the_price(data: Dataset, name: str) -> None:
    forecast = backtest(MODELS[name](), data, issues(168, 14), naive=naive())
    actual = forecast.actual(data)
    assert score.mae(actual, forecast.median) < 0.8 * score.mae(actual, forecast.naive)


@pytest.mark.parametrize("name", ["lear", "network", "trees"])
def test_a_day_whose_load_forecast_is_missing_gets_no_forecast(data: Dataset, name: str) -> None:
    asked = issues(178, 3)
    gap = asked.starts[1, 5]
    load = data[LOAD]
    torn = data.with_series(replace(load, values=np.where(load.grid.starts == gap, np.nan, load.values)))
    forecast = backtest(MODELS[name](), torn, asked, naive=naive())
    found = np.isfinite(forecast.median)
    assert found[0].all()
    assert not found[1].all()


def test_without_two_weeks_of_history_there_is_no_forecast() -> None:
    forecast = backtest(lear(), market(30), issues(10, 2), naive=naive())
    assert np.isnan(forecast.quantiles).all()


@pytest.mark.parametrize("step_minutes", [60, 15])
@pytest.mark.parametrize(("first", "hours"), [("2023-03-26", 23), ("2023-10-29", 25)])
def test_days_of_23_and_25_hours_are_forecast(first: str, hours: int, step_minutes: int) -> None:
    zone = "Europe/Berlin"
    data = market(310, zone=zone, step_minutes=step_minutes)
    day = (dt.date.fromisoformat(first) - FIRST).days
    model = Lear(TARGET, OTHERS, timezone=zone, days=56)
    twin = SameHour(TARGET, timezone=zone)
    forecast = backtest(model, data, issues(day, 2, zone=zone, step_minutes=step_minutes), naive=twin)
    per_hour = 60 // step_minutes
    assert np.isfinite(forecast.median).sum(axis=1).tolist() == [hours * per_hour, 24 * per_hour]
    # Both hours of a repeated one have the column of that hour: an answer by the clock, not by the count.
    second, third = (forecast.median[0, hour * per_hour : (hour + 1) * per_hour] for hour in (2, 3))
    assert np.array_equal(second, third) == (hours == 25)


@pytest.mark.parametrize("others", [(), (LOAD,), OTHERS])
def test_any_number_of_other_series_may_be_given(data: Dataset, others: tuple[str, ...]) -> None:
    model = Lear(TARGET, others, timezone=UTC, days=56)
    assert np.isfinite(backtest(model, data, issues(170, 2), naive=naive()).median).all()


def test_the_price_may_have_quarter_hours_and_the_load_hours() -> None:
    quarter, hour = market(90, step_minutes=15), market(90)
    mixed = Dataset([quarter[TARGET], hour[LOAD], hour[WIND]])
    model = Lear(TARGET, OTHERS, timezone=UTC, days=56)
    assert np.isfinite(backtest(model, mixed, issues(80, 2, step_minutes=15), naive=naive()).median).all()


@pytest.mark.parametrize("name", ["network", "trees"])
def test_the_same_seed_gives_the_same_forecast_to_the_last_digit(data: Dataset, name: str) -> None:
    one, other = (backtest(MODELS[name](), data, issues(178, 2), naive=naive()).quantiles for _ in range(2))
    np.testing.assert_array_equal(one, other)


def test_a_shorter_history_than_the_window_gives_what_it_has(data: Dataset) -> None:
    asked = issues(178, 1)
    long, all_there = (backtest(lear(days), data, asked, naive=naive()).median for days in (1456, 178))
    np.testing.assert_array_equal(long, all_there)


def test_in_service_a_forecast_is_made_by_the_same_two_calls(data: Dataset) -> None:
    asked, model = issues(178, 1), lear()
    now = asked.issued[0]
    past = known(data, now)
    model.fit(past, now)
    live: Floats = model.predict(past, asked)
    np.testing.assert_array_equal(live, backtest(lear(), data, asked, naive=naive()).quantiles)


def test_hours_without_sun_are_scaled_without_a_division_by_zero() -> None:
    dark = np.zeros((30, 2))
    dark[3, 1] = 5.0
    scale = Scale.of(dark)
    assert scale.deviation[0] == 1.0
    assert np.isfinite(scale.transform(dark)).all()
    np.testing.assert_allclose(scale.restore(scale.transform(dark)), dark, atol=1e-12)
