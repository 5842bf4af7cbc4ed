"""The advised policy is chosen on the days before the period, which knows nothing of the period."""

import datetime as dt

import numpy as np
import pytest

from megawatt.core.dataset import Dataset
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.advice import Advice, advise, days_before
from megawatt.dispatch.backtest import run_rule
from megawatt.dispatch.case import Case, case_of
from megawatt.dispatch.policies import rules_for
from tests.dispatch.texts import fleet, network, series, site

ZONE, START, END = "America/Chicago", dt.date(2024, 3, 1), dt.date(2024, 4, 12)


def case(first: dt.date, *, swap: bool = False, hole: int = 0) -> Case:
    """Before the period every dear hour stands alone, so that the last price misleads; in it they come by the half-day.

    Args:
        first: Day on which the data begin.
        swap: Whether the period is like the days before it.
        hole: Hours without a price just before the period.
    """
    one = site(fleet(), start=START, end=END)
    grid = TimeGrid.of_local_days(first, END, timezone=ZONE, step_minutes=60)
    begin = int((one.grid().start - grid.start) // grid.step)
    hour = np.arange(grid.n)
    price = np.where(hour % 2 == 0, 30.0, 200.0)
    if not swap:
        price[begin:] = np.where(hour[begin:] % 24 < 12, 30.0, 200.0)
    price[begin - hole : begin] = np.nan
    return case_of(one, Dataset([series("price_rt/LZ", grid, price), *network(grid)]))


def advice(of: Case) -> Advice:
    return advise(of, tuple(run_rule(of, rule) for rule in rules_for(of)))


def test_what_earned_most_before_is_advised_though_another_earned_more_on_the_period() -> None:
    of = case(dt.date(2024, 1, 1))
    net = {rule.name: run_rule(of, rule).net_usd for rule in rules_for(of)}
    found = advice(of)
    assert found.before
    assert (found.first, found.end) == (dt.date(2024, 1, 19), START)  # as many days as the period has
    assert found.policy.name == "always-on"
    assert net["threshold"] > net["always-on"]


def test_nothing_of_the_period_moves_the_choice() -> None:
    one, two = advice(case(dt.date(2024, 1, 1))), advice(case(dt.date(2024, 1, 1), swap=True))
    assert (one.policy.name, one.first, one.end) == (two.policy.name, two.first, two.end)


@pytest.mark.parametrize(
    ("first", "hole", "days"),
    [
        (dt.date(2024, 1, 25), 0, 34),  # the data begin two days before the first day that is looked at
        (dt.date(2024, 2, 10), 0, None),
        (dt.date(2024, 3, 1), 0, None),
        (dt.date(2024, 1, 1), 24, 42),
        (dt.date(2024, 1, 1), 24 * 10, None),  # a gap of ten days in forty-two
    ],
)
def test_the_days_before_are_many_enough_and_whole(first: dt.date, hole: int, days: int | None) -> None:
    found = days_before(case(first, hole=hole))
    assert (None if found is None else found.problem.T / 24) == days


def test_without_days_before_the_choice_is_made_with_hindsight_and_says_so() -> None:
    found = advice(case(dt.date(2024, 3, 1)))
    assert not found.before
    assert (found.first, found.end) == (START, END)
    assert found.policy.name != "always-on"
