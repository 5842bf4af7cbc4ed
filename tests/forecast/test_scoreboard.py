"""The row of a forecast."""

import numpy as np
import pytest

from megawatt.core.dataset import Dataset
from megawatt.forecast.naive import WEEKLY, SameHour
from megawatt.forecast.scoreboard import row_of, value_share
from tests.forecast.market import DAYS, TARGET, forecast_with_errors, market


@pytest.fixture(scope="module")
def data() -> Dataset:
    return market(80)


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
    assert (row.replaced, row.guarded_mae) == (0, row.mae)


def test_the_row_of_a_model_that_lost_says_who_stood_in_and_how_good_that_was(data: Dataset) -> None:
    forecast = forecast_with_errors(data, np.full(DAYS, 5.0), np.full(DAYS, 1.0))
    weekly = SameHour(TARGET, timezone="UTC", days=WEEKLY).predict(data, forecast.issues)[..., 0]
    row = row_of(forecast, data, weekly)
    assert row.replaced == DAYS - 28  # a day's prices are known before the next issue
    assert row.guarded_mae == pytest.approx((28 * 5.0 + 32 * 1.0) / 60)
    assert "naive stood in for made" in str(row.stints[0])
