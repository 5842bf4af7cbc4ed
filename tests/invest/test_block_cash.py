"""Cash of a block against the values of its conversion; maps and flips of rules that are known."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.invest.block_cash import block_flows, judged, mining_lines, worth_usd
from megawatt.invest.conversion import Block, conversion, mining_usd_per_mw
from megawatt.invest.network_model import NetworkState
from megawatt.invest.scenarios import ScenarioModel, Scenarios, simulate
from megawatt.invest.sensitivity import ASSUMPTIONS, gain_of_signing_usd, moved
from megawatt.invest.trigger_map import trigger_map

RATE, DECIDE = 0.10, 24
BLOCK = Block(
    efficiency_j_per_th=17.5,
    capex_usd_per_mw=6e6,
    machine_usd_per_mw=0.9e6,
    mining_mw=1.39,
    lease_years=6.0,
    build_months=9,
    hazard_per_year=0.03,
    pool_fee_fraction=0.01,
    adder_usd_per_mwh=5.0,
    pue=1.03,
)


@pytest.fixture(scope="module")
def joint() -> Scenarios:
    """Nine years: two to decide, one to build, six of lease."""
    state = NetworkState(
        price_usd=68_833.0, difficulty=84.38e12, height=846_300, hashrate_eh_s=613.0, fees_btc_per_block=0.3
    )
    bank = np.tile([30.0, 28, 25, 25, 28, 35, 45, 60, 35, 28, 25, 28], (3, 1)) * [[0.8], [1.0], [1.3]]
    return simulate(ScenarioModel(state=state, power_bank_usd_per_mwh=bank), "2024-06", 108, seed=1, paths=1_000)


def test_the_lines_of_a_mine_add_up_to_what_it_earns(joint: Scenarios) -> None:
    total = sum(mining_lines(BLOCK, joint).values(), np.zeros(1))
    assert total == pytest.approx(mining_usd_per_mw(BLOCK, joint), abs=1e-6)


def test_discounted_flows_are_the_values_of_today_never_and_the_policy(joint: Scenarios) -> None:
    found, half = conversion(BLOCK, joint, rate=RATE, decide_months=DECIDE), judged(joint)
    paths, months = half.power_usd_per_mwh.shape
    cheap = replace(BLOCK, capex_usd_per_mw=4e6)
    waited = conversion(cheap, joint, rate=RATE, decide_months=DECIDE)
    assert waited.months_waited is not None
    for signed, wanted in (
        (np.zeros(paths, np.int64), found.now_usd.mean),
        (np.full(paths, months), found.never_usd.mean),
    ):
        worth = worth_usd(block_flows(BLOCK, half, signed), RATE)
        assert sum(float(one.mean()) for one in worth.values()) == pytest.approx(wanted, rel=1e-9)
    signed = np.where(waited.signed_month < DECIDE, waited.signed_month, months)
    worth = worth_usd(block_flows(cheap, half, signed), RATE)
    assert sum(float(one.mean()) for one in worth.values()) == pytest.approx(waited.policy_usd.mean, rel=1e-9)


def test_a_lease_that_outlives_the_scenarios_counts_to_its_end(joint: Scenarios) -> None:
    long = replace(BLOCK, capex_usd_per_mw=4e6, lease_years=12.0)
    found, half = conversion(long, joint, rate=RATE, decide_months=DECIDE), judged(joint)
    months = half.power_usd_per_mwh.shape[1]
    signed = np.where(found.signed_month < DECIDE, found.signed_month, months)
    worth = worth_usd(block_flows(long, half, signed), RATE)
    assert sum(float(one.mean()) for one in worth.values()) == pytest.approx(found.policy_usd.mean, rel=1e-9)


def test_the_map_signs_where_a_lease_pays_more_and_never_where_a_hall_costs_the_earth(joint: Scenarios) -> None:
    cheap = replace(BLOCK, capex_usd_per_mw=4e6)
    found = conversion(cheap, joint, rate=RATE, decide_months=DECIDE)
    assert found.policy is not None
    one = trigger_map(cheap, found, joint, rate=RATE, month=12)
    assert one.signs.any()
    assert not one.signs.all()
    by_rent = one.signs.mean(axis=1)
    assert by_rent[-1] > by_rent[0]
    dear = trigger_map(replace(cheap, capex_usd_per_mw=1e9), found, joint, rate=RATE, month=12)
    assert not dear.signs.any()


def test_the_map_agrees_with_what_the_policy_did_on_the_scenarios(joint: Scenarios) -> None:
    """Each judged path that had not signed before: signed in the month if and only if the policy says so in its state."""
    cheap = replace(BLOCK, capex_usd_per_mw=4e6)
    found = conversion(cheap, joint, rate=RATE, decide_months=DECIDE)
    assert found.policy is not None
    one = trigger_map(cheap, found, joint, rate=RATE, month=12, points=60)
    half = judged(joint)
    open_paths = np.flatnonzero(found.signed_month >= 12)
    rent = half.lease_usd_per_kw_month[open_paths, 12]
    hashprice = half.network.hashprice_usd_per_ph_day[open_paths, 12]
    row = np.clip(np.searchsorted(one.rent_usd_per_kw_month, rent), 0, 59)
    column = np.clip(np.searchsorted(one.hashprice_usd_per_ph_day, hashprice), 0, 59)
    agrees = one.signs[row, column] == (found.signed_month[open_paths] == 12)
    assert agrees.mean() > 0.95  # the level of power is at its middle on the map, and the grid is a grid


def test_a_map_of_a_rule_without_an_option_is_refused(joint: Scenarios) -> None:
    found = conversion(replace(BLOCK, capex_usd_per_mw=1e9), joint, rate=RATE, decide_months=DECIDE)
    with pytest.raises(InputError, match="no learned policy"):
        trigger_map(BLOCK, found, joint, rate=RATE, month=3)


def test_at_the_flip_signing_today_is_worth_as_much_as_mining_on(joint: Scenarios) -> None:
    found = moved(BLOCK, joint, rate=RATE, decide_months=DECIDE)
    assert [one.width_usd for one in found] == sorted((one.width_usd for one in found), reverse=True)
    flips = [one for one in found if one.flips_at is not None]
    assert {"rents of new leases", "price of a hall per IT MW"} <= {one.assumption.name for one in flips}
    for one in flips:
        changed = one.assumption.change((BLOCK, joint, RATE), one.flips_at or 0.0)
        if one.assumption.style != "months":  # months are whole
            assert gain_of_signing_usd(changed) == pytest.approx(0.0, abs=1.0)


def test_every_assumption_says_where_its_ends_come_from() -> None:
    assert all(one.why for one in ASSUMPTIONS)
