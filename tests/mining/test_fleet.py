"""Fleets: power at the meter, revenue, break-even, ramp loss."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.mining.fleet import (
    Machines,
    Mode,
    break_even_usd_per_mwh,
    efficiency_j_per_th,
    hashrate_ph_s,
    heat_factor,
    meter_mw,
    ramp_loss_shares,
    revenue_usd_per_h,
)


def s21(**changes: object) -> Machines:
    """10,000 Antminer S21 in 4 blocks: 200 TH/s at 3,500 W = 17.5 J/TH; 35 MW and 2,000 PH/s in all."""
    fields: dict[str, object] = {"name": "s21", "hashrate_th_s": 200.0, "power_w": 3500.0, "count": 10_000, "blocks": 4}
    return Machines(**(fields | changes))  # type: ignore[arg-type]


def test_a_block_draws_its_share_at_the_meter_with_overhead_and_losses() -> None:
    # 2,500 machines x 3.5 kW = 8.75 MW at the plugs; x 1.04 / 0.98 at the meter.
    assert meter_mw(s21()).tolist() == [[8.75]]
    assert meter_mw(s21(), pue=1.04, loss_fraction=0.02)[0, 0] == pytest.approx(8.75 * 1.04 / 0.98, rel=1e-15)


def test_broken_machines_draw_nothing_and_earn_nothing() -> None:
    whole, part = s21(), s21(availability_fraction=0.9)
    assert meter_mw(part)[0, 0] == pytest.approx(0.9 * meter_mw(whole)[0, 0])
    assert revenue_usd_per_h(part, 50.0)[0, 0] == pytest.approx(0.9 * revenue_usd_per_h(whole, 50.0)[0, 0])
    np.testing.assert_allclose(break_even_usd_per_mwh(part, 50.0), break_even_usd_per_mwh(whole, 50.0), rtol=1e-15)


def test_a_block_earns_its_petahashes_times_hashprice_less_the_pool_fee() -> None:
    # 500 PH/s x 48 USD/PH/day / 24 h = 1,000 USD/h; 2 % to the pool.
    np.testing.assert_allclose(revenue_usd_per_h(s21(), [48.0, 24.0]), [[1000.0, 500.0]], rtol=1e-15)
    np.testing.assert_allclose(revenue_usd_per_h(s21(pool_fee_fraction=0.02), 48.0), [[980.0]], rtol=1e-15)


def test_break_even_of_the_block_is_that_of_its_joules_per_terahash() -> None:
    # 45 USD/PH/day at 17.5 J/TH: 107.142857 USD/MWh at the plug; overhead of 1.05 lowers it at the meter.
    assert break_even_usd_per_mwh(s21(), 45.0)[0, 0] == pytest.approx(107.14285714285714, rel=1e-14)
    assert break_even_usd_per_mwh(s21(), 45.0, pue=1.05)[0, 0] == pytest.approx(107.14285714285714 / 1.05, rel=1e-14)


def test_modes_have_rows_and_intervals_have_columns() -> None:
    fleet = s21(modes=(Mode("low", 0.6, 0.7), Mode("normal", 1.0, 1.0), Mode("turbo", 1.2, 1.1)))
    mw = meter_mw(fleet, pue=np.array([1.02, 1.05]))
    assert mw.shape == (3, 2)
    np.testing.assert_allclose(mw[:, 0], 8.75 * 1.02 * np.array([0.6, 1.0, 1.2]), rtol=1e-15)
    np.testing.assert_allclose(efficiency_j_per_th(fleet), [15.0, 17.5, 17.5 * 1.2 / 1.1], rtol=1e-15)
    assert revenue_usd_per_h(fleet, [48.0, 24.0])[:, 0] == pytest.approx([700.0, 1000.0, 1100.0])


def test_heat_lowers_hash_rate_and_break_even_but_not_power() -> None:
    fleet = s21(hashrate_derating_per_c=0.01, derating_from_c=30.0)
    np.testing.assert_allclose(heat_factor(fleet, [-10.0, 30.0, 40.0, 140.0]), [1.0, 1.0, 0.9, 0.0], rtol=1e-15)
    np.testing.assert_allclose(revenue_usd_per_h(fleet, 48.0, temperature_c=[20.0, 40.0]), [[1000.0, 900.0]])
    np.testing.assert_allclose(
        break_even_usd_per_mwh(fleet, 45.0, temperature_c=40.0), [[0.9 * 107.14285714285714]], rtol=1e-14
    )


def test_a_fleet_that_heat_slows_needs_a_temperature() -> None:
    with pytest.raises(InputError, match="no temperature was given"):
        revenue_usd_per_h(s21(hashrate_derating_per_c=0.01), 48.0)


def test_age_lowers_hash_rate_and_raises_joules_per_terahash() -> None:
    fleet = s21(degradation_per_year=0.1, age_years=2.0)
    assert fleet.hashrate_ph_s == pytest.approx(2000 * 0.81)
    assert hashrate_ph_s(fleet)[0, 0] == pytest.approx(500 * 0.81)
    assert efficiency_j_per_th(fleet)[0] == pytest.approx(17.5 / 0.81)
    assert fleet.it_mw == 35.0


def test_a_gap_in_hashprice_or_temperature_stays_a_gap() -> None:
    fleet = s21(hashrate_derating_per_c=0.01)
    out = revenue_usd_per_h(fleet, [np.nan, 48.0, 48.0], temperature_c=[20.0, np.nan, 20.0])
    assert np.isnan(out).tolist() == [[True, True, False]]


def test_ramp_of_twenty_minutes_in_quarter_hours_loses_a_triangle() -> None:
    # Lost share falls from 1 to 0.25 in the first 15 minutes (mean 0.625), then to 0 in 5 of the next 15 minutes.
    np.testing.assert_allclose(ramp_loss_shares(20.0, 15.0), [0.625, 0.125 * 5 / 15], rtol=1e-15)
    np.testing.assert_allclose(ramp_loss_shares(15.0, 15.0), [0.5], rtol=1e-15)
    assert ramp_loss_shares(0.0, 15.0).shape == (0,)


@settings(deadline=None, max_examples=100)
@given(st.floats(0.01, 600.0), st.sampled_from([1.0, 5.0, 15.0, 30.0, 60.0]))
def test_the_ramp_loses_half_of_its_minutes_and_less_in_each_step(minutes: float, step: float) -> None:
    shares = ramp_loss_shares(minutes, step)
    assert float(shares.sum()) * step == pytest.approx(minutes / 2)
    assert (np.diff(shares) <= 1e-12).all()
    assert (shares >= 0).all()
    assert (shares <= 1).all()


@settings(deadline=None, max_examples=100)
@given(
    hashprice=st.floats(0, 500),
    temperature=st.floats(-40, 60),
    pue=st.floats(1, 2),
    loss=st.floats(0, 0.2),
    fee=st.floats(0, 0.1),
    blocks=st.integers(1, 10_000),
)
def test_blocks_add_up_to_the_fleet_and_a_higher_hashprice_never_pays_less(
    *, hashprice: float, temperature: float, pue: float, loss: float, fee: float, blocks: int
) -> None:
    whole = s21(blocks=1, pool_fee_fraction=fee, hashrate_derating_per_c=0.005)
    split = s21(blocks=blocks, pool_fee_fraction=fee, hashrate_derating_per_c=0.005)
    one, many = (meter_mw(fleet, pue=pue, loss_fraction=loss)[0, 0] for fleet in (whole, split))
    assert many * blocks == pytest.approx(one)
    low, high = revenue_usd_per_h(split, [hashprice, hashprice + 1], temperature_c=temperature)[0]
    assert low <= high
    assert low * blocks == pytest.approx(revenue_usd_per_h(whole, hashprice, temperature_c=temperature)[0, 0])


@pytest.mark.parametrize(
    ("field", "value", "rule"),
    [
        ("hashrate_th_s", 0.0, "above 0"),
        ("power_w", -1.0, "above 0"),
        ("power_w", float("nan"), "above 0"),
        ("count", 0, "above 0"),
        ("blocks", 0, "above 0"),
        ("pool_fee_fraction", 1.0, "below 1"),
        ("availability_fraction", 0.0, "above 0"),
        ("availability_fraction", 95.0, "at most 1"),
        ("degradation_per_year", 1.0, "below 1"),
        ("age_years", -1.0, "at least 0"),
        ("hashrate_derating_per_c", -0.01, "at least 0"),
        ("minutes_to_full_hashrate", -5.0, "at least 0"),
    ],
)
def test_impossible_machines_are_refused_with_the_rule(field: str, value: float, rule: str) -> None:
    with pytest.raises(InputError, match=rule) as caught:
        s21(**{field: value})
    assert field in caught.value.value
    assert "s21" in caught.value.value


def test_a_block_holds_at_least_one_machine() -> None:
    with pytest.raises(InputError, match="a block holds at least one machine"):
        s21(count=3, blocks=4)


def test_a_fleet_has_a_mode_and_a_mode_has_power() -> None:
    with pytest.raises(InputError, match="without a mode"):
        s21(modes=())
    with pytest.raises(InputError, match="power_fraction of mode 'low'"):
        Mode("low", 0.0, 0.5)


@pytest.mark.parametrize(("pue", "loss"), [(0.9, 0.0), (1.0, 1.0), (1.0, -0.1)])
def test_overhead_below_one_and_losses_of_everything_are_refused(pue: float, loss: float) -> None:
    with pytest.raises(InputError):
        meter_mw(s21(), pue=pue, loss_fraction=loss)


@pytest.mark.parametrize(("minutes", "step"), [(-1.0, 15.0), (10.0, 0.0), (float("nan"), 15.0)])
def test_a_ramp_has_a_length_and_a_step(minutes: float, step: float) -> None:
    with pytest.raises(InputError):
        ramp_loss_shares(minutes, step)
