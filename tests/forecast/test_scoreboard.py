"""The row of a forecast, and the rule that replaces a model by its naive twin."""

import datetime as dt

import numpy as np
import pytest
from scipy.stats import norm

from megawatt.core.dataset import Dataset
from megawatt.core.series import Series
from megawatt.forecast.model import PERCENTILES, Floats, Forecast, Issues
from megawatt.forecast.naive import WEEKLY, SameHour
from megawatt.forecast.scoreboard import guarded, row_of, value_share
from tests.forecast.market import FIRST, TARGET, market

DAYS = 60


def forecast_with_errors(data: Dataset, ours: Floats, naive: Floats) -> Forecast:
    """A forecast that misses by ``ours`` on each day, its twin by ``naive``."""
    issues = Issues.day_ahead(FIRST + dt.timedelta(days=8), windows=DAYS, timezone="UTC", at=dt.time(12))
    series: Series = data[TARGET]
    actual = issues.read(series)
    quantiles = actual[..., None] + ours[:, None, None] + norm.ppf(PERCENTILES)
    twin = actual + naive[:, None]
    return Forecast("made", "1", TARGET, series.unit, issues, PERCENTILES, quantiles, twin, ("",) * DAYS)


@pytest.fixture(scope="module")
def data() -> Dataset:
    return market(80)


def test_a_model_is_replaced_after_it_lost_for_28_days_that_were_known(data: Dataset) -> None:
    ours = np.where(np.arange(DAYS) < 30, 1.0, 4.0)
    got, taken = guarded(forecast_with_errors(data, ours, np.full(DAYS, 2.0)), data)
    # Day 30 is the first bad one; at its issue day 29 is the last that is known. The sum over 28 days turns when
    # 2 x bad > good, with bad + good = 28: at ten bad days, which are known at the issue of day 40.
    assert np.flatnonzero(taken)[0] == 40
    assert taken[40:].all()
    np.testing.assert_allclose(got.median[40:], got.naive[40:])
    np.testing.assert_allclose(got.quantiles[45, 0, 89] - got.quantiles[45, 0, 9], 2 * norm.ppf(0.9))


def test_a_model_without_28_days_of_trial_is_not_replaced(data: Dataset) -> None:
    _, taken = guarded(forecast_with_errors(data, np.full(DAYS, 5.0), np.full(DAYS, 1.0)), data)
    assert np.flatnonzero(taken)[0] == 28


def test_the_share_of_foresight_counts_only_hours_above_the_break_even() -> None:
    actual = np.array([[10.0, 50.0, 90.0, np.nan]])
    assert value_share(actual, actual, 40.0) == 1.0
    # It stays on at 50 (10 lost) and is off at 10 (30 lost): (50 - 30) of 60.
    assert value_share(actual, np.array([[60.0, 30.0, 60.0, 0.0]]), 40.0) == pytest.approx(20 / 60)


def test_a_row_holds_every_score(data: Dataset) -> None:
    rng = np.random.default_rng(1)
    forecast = forecast_with_errors(data, rng.normal(0, 1, DAYS), rng.normal(0, 3, DAYS))
    weekly = SameHour(TARGET, timezone="UTC", days=WEEKLY).predict(data, forecast.issues)[..., 0]
    row = row_of(forecast, data, weekly)
    assert row.mae < 1.2
    assert row.diebold_mariano.better
    assert row.giacomini_white.p_value < 0.05
    assert row.relative_to_mixed < 0.6
    assert row.replaced == 0
