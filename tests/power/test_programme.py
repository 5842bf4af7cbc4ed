"""Programmes: what may be offered, and what an award is worth in expectation."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.power.programme import (
    Direction,
    Programme,
    award_value_usd_per_mw_h,
    deployment_adder_usd_per_mw_h,
    disqualified,
    exclusions_broken,
    offerable_mw,
    standing_offer_usd_per_mw,
)

RRS = Programme(
    "rrs",
    "as/rrs",
    min_offer_mw=0.5,
    share_fraction=0.9,
    response_minutes=10,
    call_probability=0.02,
    penalty_usd_per_mwh=100.0,
    clawback_fraction=1.5,
    excludes=frozenset({"ecrs"}),
)


def test_an_offer_is_limited_by_the_least_flexible_interval_of_its_hour() -> None:
    flexible = np.array([100, 100, 40, 100, 0.5, 0.5, 0.5, 0.5, 10, 10, 10, 10])
    offered = offerable_mw(RRS, flexible, response_minutes=5, award_intervals=4)
    assert offered == pytest.approx([36.0, 0.0, 9.0])  # 0.45 MW is below the smallest offer of 0.5


def test_a_load_that_is_too_slow_offers_nothing_and_is_told_why() -> None:
    assert not offerable_mw(RRS, np.array([50.0]), response_minutes=15).any()
    slow, small = disqualified(RRS, response_minutes=15, flexible_mw=0.1)
    assert slow == "the load needs 15 minutes to respond, but 'rrs' allows 10"
    assert small == "0.09 MW may be offered, but 'rrs' takes 0.5 MW at least"
    assert disqualified(RRS, response_minutes=10, flexible_mw=1.0) == []


@settings(deadline=None, max_examples=50)
@given(price=st.floats(0, 2_000), fails=st.floats(0, 1))
def test_the_award_is_worth_the_mean_over_called_and_uncalled_hours(price: float, fails: float) -> None:
    # 1000 hours: 20 are called, of which a share fails and pays back 1.5 x the price and 100 USD for its MWh.
    failed = 20 * fails
    total = 1_000 * price - failed * (1.5 * price + 100)
    value = award_value_usd_per_mw_h(RRS, np.array([price]), failure_probability=fails)
    assert value[0] == pytest.approx(total / 1_000, abs=1e-6)


def test_a_deployment_saves_the_price_and_forgoes_the_running_value() -> None:
    # 2 % of awarded MWh are called; a load worth 87 USD/MWh that would have paid 30 loses 57 USD per MWh called.
    adder = deployment_adder_usd_per_mw_h(RRS, np.array([30.0, 487.0]), 87.0)
    assert adder == pytest.approx([-0.02 * 57, 0.02 * 400])
    down = Programme("regdn", "as/regdn", Direction.DOWN, call_probability=0.02)
    assert deployment_adder_usd_per_mw_h(down, np.array([30.0]), 87.0) == pytest.approx([0.02 * 57])


def test_an_exclusion_named_by_one_side_binds_both() -> None:
    ecrs = Programme("ecrs", "as/ecrs")
    nspin = Programme("nspin", "as/nspin")
    assert exclusions_broken([ecrs, nspin, RRS]) == [("ecrs", "rrs")]
    assert exclusions_broken([nspin, RRS]) == []


def test_hours_without_a_price_pay_nothing() -> None:
    price = np.array([10.0, np.nan, 4.0, 6.0])
    assert standing_offer_usd_per_mw(price, 1.0) == pytest.approx(20.0)
    assert standing_offer_usd_per_mw(price, 0.25, np.array([True, True, False, True])) == pytest.approx(4.0)


def test_a_share_of_90_and_a_negative_penalty_are_refused() -> None:
    with pytest.raises(InputError, match="0 to 1"):
        Programme("rrs", "as/rrs", share_fraction=90)
    with pytest.raises(InputError, match="not negative"):
        Programme("rrs", "as/rrs", penalty_usd_per_mwh=-1)
