"""The block as a position equals the bill written out from first principles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.power.energy import EnergyBlock, Resale, positions_usd, spot_cost_usd

POWERS = st.lists(st.floats(0, 200), min_size=1, max_size=8)
PRICES = st.floats(-250, 5_000)


def plain_bill_usd(drawn: float, block: EnergyBlock, load_price: float, block_price: float, hours: float) -> float:
    """What the site pays, contract by contract, written as a clerk would."""
    paid = hours * drawn * load_price  # everything drawn is bought at the load's point
    paid += hours * block.block_mw * block.price_usd_per_mwh  # take-or-pay
    used = min(drawn, block.block_mw)
    paid -= hours * used * block_price  # the used part is delivered at the block's point and credited there
    surplus = block.block_mw - used
    if block.resale is Resale.FREE:
        paid -= hours * surplus * block_price
    if block.resale is Resale.SPREAD:
        paid -= hours * surplus * (block_price - block.spread_usd_per_mwh)
    return paid


@settings(deadline=None, max_examples=100)
@given(
    drawn=st.floats(0, 200),
    load_price=PRICES,
    basis=st.floats(-100, 100),
    resale=st.sampled_from(list(Resale)),
    spread=st.floats(0, 30),
)
def test_spot_less_position_is_the_bill_written_out_by_hand(
    drawn: float, load_price: float, basis: float, resale: Resale, spread: float
) -> None:
    block = EnergyBlock(60.0, 38.5, "HB_WEST", resale, spread if resale is Resale.SPREAD else 0.0)
    meter, block_price = np.array([drawn]), np.array([load_price - basis])
    bill = spot_cost_usd(meter, np.array([load_price]), 0.25) - block.position_usd(meter, block_price, 0.25)
    assert bill[0] == pytest.approx(plain_bill_usd(drawn, block, load_price, load_price - basis, 0.25), abs=1e-6)


def test_free_resale_does_not_depend_on_what_the_site_draws() -> None:
    block = EnergyBlock(60.0, 38.5, "LZ_WEST")
    price = np.array([-20.0, 15.0, 900.0])
    running = block.position_usd(np.full(3, 100.0), price, 1.0)
    idle = block.position_usd(np.zeros(3), price, 1.0)
    assert np.array_equal(running, idle)
    assert running.tolist() == [60 * (-20 - 38.5), 60 * (15 - 38.5), 60 * (900 - 38.5)]


def test_a_resale_ban_at_a_negative_price_neither_pays_nor_costs() -> None:
    # 60 MW bought at 40 USD/MWh; the site draws 10 MW for an hour at -25 USD/MWh. The 50 MW left are not taken: the
    # site owes the fixed price on 60 MW and nothing else.
    block = EnergyBlock(60.0, 40.0, "LZ_WEST", Resale.FORBIDDEN)
    meter, price = np.array([10.0]), np.array([-25.0])
    bill = spot_cost_usd(meter, price, 1.0) - block.position_usd(meter, price, 1.0)
    assert bill[0] == pytest.approx(60 * 40.0)


def test_a_resale_ban_at_a_high_price_gives_the_surplus_away() -> None:
    block = EnergyBlock(60.0, 40.0, "LZ_WEST", Resale.FORBIDDEN)
    meter, price = np.array([10.0]), np.array([1_000.0])
    bill = spot_cost_usd(meter, price, 1.0) - block.position_usd(meter, price, 1.0)
    assert bill[0] == pytest.approx(60 * 40.0)


def test_basis_stays_with_the_site() -> None:
    # Drawing exactly the block, load at LZ_WEST 50, block at HB_WEST 42: cost is fixed price plus 8 USD/MWh of basis.
    block = EnergyBlock(100.0, 30.0, "HB_WEST")
    meter = np.array([100.0])
    bill = spot_cost_usd(meter, np.array([50.0]), 1.0) - block.position_usd(meter, np.array([42.0]), 1.0)
    assert bill[0] == pytest.approx(100 * (30 + 8))


@settings(deadline=None, max_examples=100)
@given(load=PRICES, resale=st.sampled_from(list(Resale)), low=st.floats(1, 58), high=st.floats(62, 190))
def test_the_discount_is_the_slope_of_the_bill_below_the_block_and_zero_above(
    load: float, resale: Resale, low: float, high: float
) -> None:
    block = EnergyBlock(60.0, 38.5, "LZ_WEST", resale, 7.0 if resale is Resale.SPREAD else 0.0)
    price = np.array([load])

    def bill(mw: float) -> float:
        meter = np.array([mw])
        return float(spot_cost_usd(meter, price, 1.0)[0] - block.position_usd(meter, price, 1.0)[0])

    below = bill(low + 1) - bill(low)
    above = bill(high + 1) - bill(high)
    assert below == pytest.approx(load - block.discount_below_usd_per_mwh(price)[0], abs=1e-6)
    assert above == pytest.approx(load, abs=1e-6)


@settings(deadline=None, max_examples=50)
@given(powers=POWERS, price=PRICES)
def test_two_stacked_blocks_of_one_price_are_one_block_of_their_sum(powers: list[float], price: float) -> None:
    meter = np.array(powers)
    at = np.full(len(powers), price)
    two = (EnergyBlock(40.0, 35.0, "LZ_WEST", Resale.FORBIDDEN), EnergyBlock(25.0, 35.0, "LZ_WEST", Resale.FORBIDDEN))
    one = EnergyBlock(65.0, 35.0, "LZ_WEST", Resale.FORBIDDEN)
    assert positions_usd(two, meter, (at, at), 0.25).sum(axis=0) == pytest.approx(
        one.position_usd(meter, at, 0.25), abs=1e-6
    )


def test_adders_are_paid_on_what_is_drawn() -> None:
    cost = spot_cost_usd(np.array([100.0, 0.0]), np.array([-5.0, 30.0]), 0.25, np.array([12.0, 12.0]))
    assert cost.tolist() == [0.25 * 100 * 7, 0.0]


def test_a_spread_without_resale_at_a_spread_is_refused_with_a_remedy() -> None:
    with pytest.raises(InputError, match="only resale = spread has one"):
        EnergyBlock(60.0, 38.5, "LZ_WEST", Resale.FREE, 3.0)
    with pytest.raises(InputError, match="positive block_mw"):
        EnergyBlock(float("nan"), 38.5, "LZ_WEST")
    with pytest.raises(InputError, match="not negative"):
        EnergyBlock(60.0, 38.5, "LZ_WEST", Resale.SPREAD, -1.0)
