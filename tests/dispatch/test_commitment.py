"""Offers before the auction: the closed form against brute force, and no value used before it is known."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.dispatch.commitment import (
    assign,
    expected_gain,
    offer_price,
    purchase_price,
    stand_by_cost_usd_per_mw_h,
)
from megawatt.power.programme import Programme, deployment_adder_usd_per_mw_h

SEEDS = st.integers(0, 2**32 - 1)


def test_the_cost_of_standing_by_of_one_hour_by_hand() -> None:
    """At 80 USD of running value and 40, 70, 100, 400 USD of price, reacting to the last price of 60, without calls.

    It would have run at 40 and 70 and (last price 70) at 100, and stopped (last price 100) at 400: standing by costs
    400 - 80 in that quarter. With a tenth called off it forgoes a tenth of 40 + 10 - 20 - 320.
    """
    margin = 80.0 - np.array([[40.0, 70.0, 100.0, 400.0]])
    runs = np.array([[True, True, True, False]])
    assert stand_by_cost_usd_per_mw_h(margin, runs, 0.0) == pytest.approx([320 / 4])
    assert stand_by_cost_usd_per_mw_h(margin, runs, 0.1) == pytest.approx([(320 + 0.1 * (40 + 10 - 20 - 320)) / 4])


@settings(deadline=None, max_examples=50)
@given(SEEDS)
def test_award_less_cost_is_the_difference_of_the_two_days_work(seed: int) -> None:
    """Against money counted the long way: run and be called off, or do as one pleases."""
    rng = np.random.default_rng(seed)
    value, call, price = rng.uniform(20, 100), rng.random() * 0.3, rng.normal(60, 80, (1, 4))
    runs = rng.random((1, 4)) < 0.5
    award = 9.0
    with_award = award + ((value - price) * (1 - call)).mean()
    without = np.where(runs, value - price, 0.0).mean()
    cost = stand_by_cost_usd_per_mw_h(value - price, runs, call)[0]
    assert award - cost == pytest.approx(with_award - without)
    always = stand_by_cost_usd_per_mw_h(value - price, np.ones((1, 4), bool), call)[0]
    one = Programme("x", "as/x", call_probability=call)
    assert -always == pytest.approx(deployment_adder_usd_per_mw_h(one, price[0], value).mean())


@settings(deadline=None, max_examples=100)
@given(SEEDS)
def test_no_price_of_the_offer_gains_more_on_the_scenario_tree(seed: int) -> None:
    """Every price between, at and beyond the scenarios', equal ones and weights of zero among them."""
    rng = np.random.default_rng(seed)
    S = int(rng.integers(1, 9))
    clearing, cost = rng.integers(0, 6, S).astype(np.float64), rng.normal(3, 4, S)
    weight = rng.integers(0, 3, S).astype(np.float64)
    weight[0] = 1.0
    tried = [expected_gain(clearing, cost, b, weight) for b in (*np.unique(clearing), -1.0, 2.5, 99.0)]
    price = offer_price(clearing, cost, weight)
    assert expected_gain(clearing, cost, price, weight) == pytest.approx(max(tried))
    assert max(tried) >= 0


@settings(deadline=None, max_examples=100)
@given(SEEDS)
def test_a_purchase_is_an_offer_with_the_signs_turned(seed: int) -> None:
    rng = np.random.default_rng(seed)
    S = int(rng.integers(1, 9))
    ahead, real = rng.integers(10, 40, S).astype(np.float64), rng.normal(25, 20, S)

    def gain(limit: float) -> float:
        return float(((real - ahead) * (ahead <= limit)).sum())

    best = max(gain(limit) for limit in (*ahead, -np.inf))
    assert gain(purchase_price(ahead, real)) == pytest.approx(best)


def test_where_price_and_cost_rise_together_the_offer_lies_above_the_mean_cost() -> None:
    """k = a^2 / 10 on 0..20: worth taking up to a = 10 only, which no offer can ask for; so it is all or nothing."""
    a = np.arange(0.0, 20.0)
    assert offer_price(a, a**2 / 10) == np.inf
    # k = 2 + a / 2: the plain mean is 6.75, indifference lies at b = 2 + b / 2.
    assert offer_price(a, 2 + a / 2) == 4.0


def test_a_scenario_with_a_gap_is_refused() -> None:
    with pytest.raises(InputError, match="missing price or cost"):
        offer_price(np.array([1.0, np.nan]), np.zeros(2))


A, B = Programme("a", "as/a", share_fraction=0.5), Programme("b", "as/b", excludes=frozenset({"a"}))


@settings(deadline=None, max_examples=60)
@given(SEEDS)
def test_blocks_stand_where_an_exhaustive_search_would_put_them(seed: int) -> None:
    """Three programmes, two of which exclude each other, three blocks; without least offers."""
    rng = np.random.default_rng(seed)
    rows = tuple(replace(one, min_offer_mw=0.0) for one in (A, B, Programme("c", "as/c", share_fraction=0.8)))
    gain, cost, mw = rng.normal(5, 5, (3, 4)), rng.normal(3, 3, (3, 4)), rng.uniform(1, 9, (3, 4))
    choice = assign(gain, mw, cost, rows)

    def worth(at: tuple[int, ...], h: int) -> float:
        if {0, 1} <= set(at):
            return -np.inf
        return sum(
            float(mw[c, h] * (rows[k].share_fraction * gain[k, h] - cost[c, h])) for c, k in enumerate(at) if k >= 0
        )

    for h in range(4):
        best = max(worth(at, h) for at in itertools.product((-1, 0, 1, 2), repeat=3))
        assert worth(tuple(choice[:, h]), h) == pytest.approx(best)


def test_below_the_least_offer_nothing_is_offered_and_what_is_unknown_is_not_either() -> None:
    row = Programme("a", "as/a", share_fraction=0.5, min_offer_mw=2.0)
    mw = np.array([[3.0, 4.0, 4.0, 0.0]])
    gain = np.array([[9.0, 9.0, np.nan, 9.0]])
    assert assign(gain, mw, np.zeros((1, 4)), (row,)).tolist() == [[-1, 0, -1, -1]]
