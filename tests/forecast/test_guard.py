"""A model that loses to its naive twin is replaced by it, from what was known at the time and no earlier."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.stats import norm

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.forecast.guard import TRIAL, guard, told
from megawatt.forecast.model import backtest
from megawatt.forecast.naive import MIXED, WEEKLY, SameHour
from tests.forecast.market import DAYS, TARGET, forecast_with_errors, market

HOUR = np.timedelta64(3600, "s")


@pytest.fixture(scope="module")
def data() -> Dataset:
    return market(80)


def days(n: int) -> np.ndarray[tuple[int], np.dtype[np.datetime64]]:
    return np.datetime64("2024-01-01", "s") + np.arange(n) * 24 * HOUR


def test_a_model_is_replaced_after_it_lost_for_28_days_that_were_known(data: Dataset) -> None:
    ours = np.where(np.arange(DAYS) < 30, 1.0, 4.0)
    got = forecast_with_errors(data, ours, np.full(DAYS, 2.0)).guarded(data)
    # Day 30 is the first bad one; at its issue day 29 is the last that is known. The sum over 28 days turns when
    # 2 x bad > good, with bad + good = 28: at ten bad days, which are known at the issue of day 40.
    (stint,) = got.stints
    assert stint.since == got.issues.issued[40]
    assert (stint.until, stint.issues) == (None, DAYS - 40)
    assert stint.excess == pytest.approx((10 * 2.0 - 18 * 1.0) / 28)
    np.testing.assert_allclose(got.median[40:], got.naive[40:])
    np.testing.assert_allclose(got.quantiles[45, 0, 89] - got.quantiles[45, 0, 9], 2 * norm.ppf(0.9))


def test_a_model_without_28_days_of_trial_is_not_replaced(data: Dataset) -> None:
    got = forecast_with_errors(data, np.full(DAYS, 5.0), np.full(DAYS, 1.0)).guarded(data)
    assert got.stints[0].since == got.issues.issued[28]


def test_a_model_that_wins_again_comes_back_and_both_stints_are_told() -> None:
    """It loses 1 a day for 40 days, wins 3 a day for 60, loses again: 28 days hold 7 wins before the sum turns."""
    excess = np.concatenate((np.full(40, 1.0), np.full(60, -3.0), np.full(60, 1.0)))
    issued = days(160)
    found = guard(issued, issued + 24 * HOUR, excess)
    first, second = found.stints(issued, model="m", twin="naive", unit="USD")
    # Out at day 28. With w wins of 3 and 28 - w losses of 1 the sum is 28 - 4 w: 0 at w = 7, so back at 40 + 7.
    assert (first.since, first.until, first.issues) == (issued[28], issued[47], 19)
    # Losing again: 28 - 4 w > 0 needs w <= 6 wins left, so 22 losses: out at 100 + 22.
    assert (second.since, second.until) == (issued[122], None)
    assert told((first, second)).endswith("(2 times, 57 issues in all)")
    assert str(first).startswith("naive stood in for m from 2024-01-29 to 2024-02-17")


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32 - 1))
def test_no_outcome_that_was_not_known_moves_the_guard(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 120
    issued, excess = days(n), rng.normal(0, 1, n)
    settled = issued + rng.integers(0, 9, n) * 12 * HOUR
    t = int(rng.integers(n))
    spoilt = np.where(settled > issued[t], rng.normal(0, 100, n), excess)
    before, after = (guard(issued, settled, one) for one in (excess, spoilt))
    assert (before.taken[: t + 1] == after.taken[: t + 1]).all()
    np.testing.assert_array_equal(before.excess[: t + 1], after.excess[: t + 1])


@settings(deadline=None, max_examples=40)
@given(st.integers(0, 2**32 - 1))
def test_the_guard_is_the_plain_sum_over_the_last_28_known(seed: int) -> None:
    rng = np.random.default_rng(seed)
    n = 90
    issued, excess = days(n), np.where(rng.random(n) < 0.1, np.nan, rng.normal(0, 1, n))
    settled = issued + 30 * HOUR
    found = guard(issued, settled, excess)
    for t in range(n):
        known = [e for e, s in zip(excess, settled, strict=True) if s <= issued[t] and np.isfinite(e)][-TRIAL:]
        assert found.taken[t] == (len(known) == TRIAL and sum(known) > 0)


def test_a_backtest_hands_out_the_guarded_forecast_when_asked(data: Dataset) -> None:
    """Last week's price as a model, yesterday's as its twin: made prices are independent noise around a weekly shape."""
    model, naive = (SameHour(TARGET, timezone="UTC", days=one) for one in (WEEKLY, MIXED))
    issues = forecast_with_errors(data, np.zeros(DAYS), np.zeros(DAYS)).issues
    plain = backtest(model, data, issues, naive=naive)
    got = backtest(model, data, issues, naive=naive, guarded=True)
    assert plain.stints == ()
    assert plain.twin == naive.name
    taken = np.zeros(len(issues), dtype=bool)
    for one in got.stints:
        taken |= (issues.issued >= one.since) & (one.until is None or issues.issued < one.until)
    np.testing.assert_allclose(got.median, np.where(taken[:, None], plain.naive, plain.median))


def test_a_guarded_backtest_cannot_peek(data: Dataset) -> None:
    """Noise in place of everything not known at an issue moves neither a forecast nor a stand-in up to it."""
    model, naive = (SameHour(TARGET, timezone="UTC", days=one) for one in (WEEKLY, MIXED))
    issues = forecast_with_errors(data, np.zeros(DAYS), np.zeros(DAYS)).issues
    first = backtest(model, data, issues, naive=naive, guarded=True)
    for t in (30, 41, 55):
        rng, price = np.random.default_rng(t), data[TARGET]
        later = price.known_at > issues.issued[t]
        wrong = replace(price, values=np.where(later, rng.normal(0, 500, price.grid.n), price.values))
        other = backtest(model, data.with_series(wrong), issues, naive=naive, guarded=True)
        np.testing.assert_array_equal(first.median[: t + 1], other.median[: t + 1])


def test_issues_out_of_order_and_outcomes_before_their_issue_are_refused() -> None:
    issued = days(3)
    with pytest.raises(InputError, match="do not increase"):
        guard(issued[::-1], issued[::-1], np.zeros(3))
    with pytest.raises(InputError, match="known before its issue"):
        guard(issued, issued - HOUR, np.zeros(3))
