"""Who may be recommended: never a policy that earned less than the tuned rule on days it was not fitted on."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.dispatch.recommend import LEAST_DAYS, PolicyRecord, recommend


def record(lead: np.ndarray, **more: np.ndarray) -> PolicyRecord:
    rule = np.full(len(lead), 1000.0)
    return PolicyRecord("mine", "2024-07-01", {"hysteresis": rule, "rolling": rule + lead, **more})


@settings(deadline=None, max_examples=20)
@given(st.integers(0, 2**32 - 1), st.integers(1, 200))
def test_a_policy_that_lost_in_all_is_never_advised_whatever_it_won_on_some_days(seed: int, days: int) -> None:
    lead = np.random.default_rng(seed).normal(0, 100, days)
    verdict = recommend(record(lead), "rolling")
    assert (verdict.advised == "rolling") == (lead.sum() >= 0 and days >= LEAST_DAYS)
    assert ("not recommended" in verdict.sentence) == (verdict.advised == "hysteresis")


def test_the_sentence_says_what_it_lost() -> None:
    verdict = recommend(record(np.full(30, -10.0)), "rolling")
    assert "'rolling' lost 300 USD to the tuned rule 'hysteresis'" in verdict.sentence
    assert "is not recommended; the rule decides" in verdict.sentence


def test_a_lead_that_chance_explains_is_level_and_a_steady_one_is_more() -> None:
    wild = np.zeros(60)
    wild[30] = 600.0
    assert "is level with" in recommend(record(wild), "rolling").sentence
    assert "earned more than" in recommend(record(np.full(60, 10.0)), "rolling").sentence


def test_the_bar_is_the_better_of_the_tuned_rules() -> None:
    peaks = {"peak-calendar-hysteresis": np.full(40, 2000.0)}
    verdict = recommend(record(np.full(40, 500.0), **peaks), "rolling")
    assert verdict.bar == verdict.advised == "peak-calendar-hysteresis"
    assert verdict.lead_usd == pytest.approx(-20_000.0)


def test_the_interval_is_that_of_whole_weeks_and_is_no_wider_than_the_lead_where_there_are_few() -> None:
    days = np.random.default_rng(2).normal(0, 1, 700)
    found = recommend(record(days - days.mean()), "rolling")
    assert found.high_usd - found.low_usd == pytest.approx(2 * 1.645 * np.sqrt(700), rel=0.15)
    few = recommend(record(np.full(20, 3.0)), "rolling")
    assert few.low_usd == few.lead_usd == few.high_usd == pytest.approx(60.0)


@pytest.mark.parametrize(
    "usd",
    [
        {"rolling": np.ones(3)},
        {"hysteresis": np.ones(3), "rolling": np.ones(2)},
        {"hysteresis": np.array([1.0, np.nan])},
        {},
    ],
)
def test_a_record_without_the_rule_or_with_missing_days_is_refused(usd: dict[str, np.ndarray]) -> None:
    with pytest.raises(InputError, match="the same days"):
        PolicyRecord("mine", "2024-07-01", usd)


def test_a_policy_that_the_record_does_not_hold_is_refused() -> None:
    with pytest.raises(InputError, match="the record holds"):
        recommend(record(np.ones(30)), "stochastic")
