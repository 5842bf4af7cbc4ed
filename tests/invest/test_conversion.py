"""When to convert: hand-made scenarios with one right answer, and bounds on simulated ones."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.units import ItMW
from megawatt.invest.conversion import Block, Conversion, conversion, lease_usd_per_mw, mining_usd_per_mw
from megawatt.invest.lease import Lease
from megawatt.invest.network_model import NetworkState
from megawatt.invest.network_paths import NetworkPaths
from megawatt.invest.scenarios import ScenarioModel, Scenarios, simulate
from megawatt.mining.profit import Line, mining_profitability

BLOCK = Block(efficiency_j_per_th=20.0, capex_usd_per_mw=8e6, degradation_per_year=0.0, machine_life_years=50.0)


def flat(
    hashprice: float, rent: np.ndarray[tuple[int, ...], np.dtype[np.float64]] | float, *, months: int = 60
) -> Scenarios:
    """200 equal paths: one hashprice, power at 40 USD/MWh, and a rent that may change with the month."""
    shape = (200, months)
    one = np.full(shape, hashprice)
    return Scenarios(
        first_month="2024-06",
        network=NetworkPaths(one, one, one, one),
        power_usd_per_mwh=np.full(shape, 40.0),
        power_year=np.zeros(shape, np.int64),
        power_level=np.ones(shape),
        lease_usd_per_kw_month=np.broadcast_to(rent, shape).astype(np.float64),
        gpu_usd_per_h=one,
        scarce=np.zeros(shape, np.bool_),
    )


@pytest.fixture(scope="module")
def joint() -> Scenarios:
    """120 months of 4,000 joint paths from June 2024."""
    state = NetworkState(
        price_usd=68_833.0, difficulty=84.38e12, height=846_300, hashrate_eh_s=613.0, fees_btc_per_block=0.3
    )
    bank = np.tile([30.0, 28, 25, 25, 28, 35, 45, 60, 35, 28, 25, 28], (3, 1)) * [[0.8], [1.0], [1.3]]
    return simulate(ScenarioModel(state=state, power_bank_usd_per_mwh=bank), "2024-06", 120, seed=1, paths=4_000)


def test_a_year_of_mining_is_what_the_three_lines_say() -> None:
    line = mining_profitability(
        hashprice_usd_per_ph_day=60.0,
        efficiency_j_per_th=20.0,
        power_price_usd_per_mwh=40.0,
        opex_usd_per_it_mw_year=60_000.0,
    )
    earned = mining_usd_per_mw(BLOCK, flat(60.0, 100.0))
    assert earned[:, :12].sum(axis=1) == pytest.approx(np.full(200, line.per_it_mw_usd(Line.AFTER_OPEX)))


def test_worn_machines_are_replaced_only_where_they_would_pay() -> None:
    """A life of two years; new machines for 0.5 M USD a MW pay at 60 USD/PH/day and not at 25."""
    block = replace(BLOCK, machine_life_years=2.0, machine_usd_per_mw=0.5e6)
    paid, ended = (mining_usd_per_mw(block, flat(hashprice, 100.0))[0] for hashprice in (60.0, 25.0))
    assert paid[24] == pytest.approx(paid[23] - 0.5e6)
    assert paid[25] == pytest.approx(paid[23])
    assert ended[23] > 0
    assert (ended[24:] == 0).all()


def test_a_lease_signed_today_is_worth_what_the_contract_module_says() -> None:
    block = replace(BLOCK, build_months=15, hazard_per_year=0.05)
    lease = Lease(
        it=ItMW(1.0),
        years=12,
        rent_usd_per_it_mw_year=120.0 * 12_000,
        noi_margin=0.775,
        delay_months=15.0,
        hazard_per_year=0.05,
        host_capex_usd_per_it_mw=8e6,
    )
    assert lease_usd_per_mw(block, np.array([120.0]), 0.10) == pytest.approx(lease.value_usd(0.10))


def test_a_lease_that_beats_mining_forever_is_signed_today() -> None:
    found = conversion(BLOCK, flat(20.0, 250.0), rate=0.10, decide_months=24)
    assert found.trigger.startswith("Sign today")
    assert found.policy_usd.mean == pytest.approx(found.now_usd.mean) == pytest.approx(found.foresight_usd)


def test_a_hall_that_never_pays_is_never_built() -> None:
    found = conversion(replace(BLOCK, capex_usd_per_mw=1e9), flat(60.0, 120.0), rate=0.10, decide_months=24)
    assert found.trigger.startswith("Mine on")
    assert found.policy_usd.mean == found.never_usd.mean
    assert found.months_waited is None


def test_a_rent_that_is_known_to_double_is_waited_for() -> None:
    """The rent is 130 until month 12 and 260 after it; all paths are alike, so the learned policy is the perfect one."""
    rent = np.where(np.arange(60) < 12, 130.0, 260.0) + np.arange(60) * 1e-3
    found = conversion(BLOCK, flat(30.0, rent), rate=0.10, decide_months=24)
    assert found.months_waited is not None
    assert found.months_waited.median == 12
    assert found.policy_usd.mean == pytest.approx(found.foresight_usd)
    assert found.option_usd > 0


def bounds_hold(found: Conversion) -> None:
    assert found.policy_usd.mean <= found.foresight_usd
    assert found.option_usd >= -3 * found.policy_error_usd


@pytest.mark.parametrize("capex", [0.0, 5e6, 9e6, 14e6])
def test_the_policy_lies_between_the_simple_rules_and_foresight(joint: Scenarios, capex: float) -> None:
    block = Block(efficiency_j_per_th=17.5, capex_usd_per_mw=capex, machine_usd_per_mw=0.9e6, mining_mw=1.39)
    bounds_hold(conversion(block, joint, rate=0.10, decide_months=48))


def test_dearer_halls_are_signed_for_later_and_less_often(joint: Scenarios) -> None:
    found = [
        conversion(Block(efficiency_j_per_th=17.5, capex_usd_per_mw=capex), joint, rate=0.10, decide_months=48)
        for capex in (2e6, 6e6, 10e6)
    ]
    assert found[0].converted_fraction >= found[1].converted_fraction >= found[2].converted_fraction
    assert found[0].policy_usd.mean > found[1].policy_usd.mean > found[2].policy_usd.mean


def test_scenarios_that_are_too_short_are_refused() -> None:
    with pytest.raises(InputError, match="at least 200 are needed"):
        conversion(BLOCK, flat(60.0, 100.0, months=12), rate=0.1, decide_months=12)
