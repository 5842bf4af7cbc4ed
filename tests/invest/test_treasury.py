"""Coins, forwards, margin and cash: closed forms on flat paths, and a hedge that takes the hashprice out."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.network_paths import month_lengths
from megawatt.invest.scenarios import Scenarios
from megawatt.invest.treasury import Earned, HashForward, Position, PowerForward, Treasury, enough_cash_usd, manage
from tests.invest.sites import flat_scenarios

MONTHS = 24
DAYS = np.array(month_lengths("2026-01", MONTHS), dtype=np.float64)


def moving(paths: int = 50) -> Scenarios:
    """Hashprice and power that wander, coins at 50,000 USD."""
    flat, rng = flat_scenarios(paths, MONTHS), np.random.default_rng(3)
    hashprice = 50.0 * np.exp(np.cumsum(rng.normal(0, 0.1, (paths, MONTHS)), axis=1))
    network = replace(flat.network, hashprice_usd_per_ph_day=hashprice)
    return replace(flat, network=network, power_usd_per_mwh=rng.uniform(20, 80, (paths, MONTHS)))


def alone(one: Treasury, flows: Floats, scenarios: Scenarios) -> Position:
    """A treasury without coins earned."""
    none = np.zeros(flows.shape)
    return manage(one, Earned(flows, none, none), scenarios)


def test_a_forward_pays_the_difference_and_its_basis_to_the_last_cent() -> None:
    """100 PH/s at 55 against 50 and a basis of 2 for 3 months; 10 MW at 30 against 40 and a basis of -4."""
    flat = flat_scenarios(2, MONTHS)
    hashes = HashForward(ph=100.0, price_usd_per_ph_day=55.0, first=2, months=3, basis_usd_per_ph_day=2.0)
    power = PowerForward(mw=10.0, price_usd_per_mwh=30.0, first=0, months=24, basis_usd_per_mwh=-4.0)
    assert hashes.settled_usd(flat)[0] == pytest.approx(
        100.0 * 3.0 * DAYS * ((np.arange(24) >= 2) & (np.arange(24) < 5))
    )
    assert power.settled_usd(flat)[1] == pytest.approx(10.0 * 24 * DAYS * 6.0)
    found = alone(Treasury(forwards=[hashes, power]), np.zeros((2, MONTHS)), flat)
    assert found.cash_usd[:, -1] == pytest.approx(100 * 3 * DAYS[2:5].sum() + 2_400 * 0.6 * DAYS.sum())


def test_all_hash_rate_sold_at_a_fixed_price_leaves_no_variance_of_hashprice() -> None:
    paths = moving()
    earned = 100.0 * DAYS * paths.network.hashprice_usd_per_ph_day
    forward = HashForward(ph=100.0, price_usd_per_ph_day=51.0, first=0, months=MONTHS)
    found = alone(Treasury(forwards=[forward]), earned, paths)
    assert earned.sum(axis=1).std() > 1e5
    assert found.cash_usd == pytest.approx(np.cumsum(100.0 * DAYS * 51.0) * np.ones((50, 1)))


def test_all_power_bought_forward_leaves_no_variance_of_its_price() -> None:
    paths = moving()
    cost = -10.0 * 24 * DAYS * paths.power_usd_per_mwh
    forward = PowerForward(mw=10.0, price_usd_per_mwh=45.0, first=0, months=MONTHS)
    found = alone(Treasury(forwards=[forward]), cost, paths)
    assert found.cash_usd[:, -1] == pytest.approx(-10.0 * 24 * DAYS.sum() * 45.0)


def test_margin_is_called_when_the_price_moves_against_the_seller_and_comes_back() -> None:
    """Hashprice 50 -> 60 in month 3: the seller at 50 posts 10 % of the rest and 10 USD for each PH-day that is left."""
    flat = flat_scenarios(1, 6)
    hashprice = np.array([[50.0, 50.0, 50.0, 60.0, 60.0, 60.0]])
    paths = replace(flat, network=replace(flat.network, hashprice_usd_per_ph_day=hashprice))
    forward = HashForward(ph=2.0, price_usd_per_ph_day=50.0, first=0, months=6, margin_fraction=0.1)
    found = alone(Treasury(forwards=[forward]), np.zeros((1, 6)), paths)
    left = 2.0 * np.array([DAYS[k + 1 : 6].sum() for k in range(6)])
    assert found.margin_usd[0] == pytest.approx(left * (5.0 + np.array([0, 0, 0, 10, 10, 10])))
    assert found.lines["margin"].sum() == pytest.approx(0.0, abs=1e-9)
    assert found.lines["margin"][0, 3] < 0


def test_kept_coins_are_marked_and_sold_on_the_last_day() -> None:
    flat = flat_scenarios(1, 4)
    price = np.array([[50_000.0, 60_000.0, 40_000.0, 70_000.0]])
    paths = replace(flat, network=replace(flat.network, price_usd=price))
    revenue = 1.0 * price
    found = manage(
        Treasury(sold_fraction=0.25, cash_usd=1e6, btc=2.0), Earned(revenue, np.ones((1, 4)), revenue), paths
    )
    assert found.btc[0].tolist() == [2.75, 3.5, 4.25, 0.0]
    assert found.marked_usd[0, 1] == 3.5 * 60_000
    assert found.cash_usd[0, 2] == pytest.approx(1e6 + 0.25 * 150_000)
    assert found.cash_usd[0, 3] == pytest.approx(1e6 + 0.25 * 220_000 + 5.0 * 70_000)


def test_coins_are_sold_rather_than_let_cash_fall_below_the_smallest() -> None:
    flat = flat_scenarios(1, 6)
    flows = np.full((1, 6), -100_000.0)
    found = alone(Treasury(cash_usd=150_000.0, least_cash_usd=50_000.0, btc=3.0), flows, flat)
    assert found.cash_usd[0].tolist() == [50_000.0, 50_000.0, 0.0, -100_000.0, -200_000.0, -300_000.0]
    assert found.btc[0].tolist() == [3.0, 1.0, 0.0, 0.0, 0.0, 0.0]
    assert found.runway_months.tolist() == [2.0]
    assert found.short_fraction == 1.0


def test_power_sold_forward_pays_what_power_bought_forward_costs() -> None:
    paths = moving()
    bought = PowerForward(
        mw=10.0, price_usd_per_mwh=45.0, first=2, months=9, basis_usd_per_mwh=-3.0, margin_fraction=0.1
    )
    sold = replace(bought, sold=True)
    assert bought.settled_usd(paths) == pytest.approx(-sold.settled_usd(paths))
    both = alone(Treasury(forwards=[bought, sold]), np.zeros((50, MONTHS)), paths)
    assert both.cash_usd[:, -1] == pytest.approx(0.0, abs=1e-6)
    assert (both.margin_usd[:, 3] > 0).all()


def test_the_companys_own_cost_shortens_the_runway() -> None:
    """1 M USD, 0.3 M a month: three months are paid, the fourth is not."""
    found = alone(Treasury(cash_usd=1e6, operating_cost_usd_per_month=3e5), np.zeros((1, 6)), flat_scenarios(1, 6))
    assert found.runway_months.tolist() == [3.0]
    assert found.cash_usd[0, 2] == pytest.approx(1e5)


@pytest.mark.parametrize("coins", [0.0, 20.0])
def test_enough_cash_is_enough_for_the_share_asked_for_and_a_little_less_is_not(coins: float) -> None:
    paths, rng = moving(40), np.random.default_rng(5)
    price = 50_000.0 * np.exp(np.cumsum(rng.normal(0, 0.2, (40, MONTHS)), axis=1))
    paths = replace(paths, network=replace(paths.network, price_usd=price))
    earned = Earned(rng.normal(-2e5, 5e5, (40, MONTHS)), np.ones((40, MONTHS)), price)
    one = Treasury(sold_fraction=0.5, btc=coins, least_cash_usd=3e5, operating_cost_usd_per_month=1e5)
    enough = enough_cash_usd(one, earned, paths, sure=0.9)
    shares = [manage(replace(one, cash_usd=cash), earned, paths).short_fraction for cash in (enough - 2.0, enough)]
    assert shares[1] <= 0.1 < shares[0]


def test_cash_that_never_runs_out_has_no_end() -> None:
    found = alone(Treasury(), np.ones((2, 3)), flat_scenarios(2, 3))
    assert np.isinf(found.runway_months).all()
    assert found.short_fraction == 0.0


def test_the_lines_of_the_treasury_explain_the_cash() -> None:
    paths = moving(7)
    rng = np.random.default_rng(0)
    flows, btc = rng.normal(0, 1e5, (7, MONTHS)), rng.uniform(0, 3, (7, MONTHS))
    forward = HashForward(ph=50.0, price_usd_per_ph_day=50.0, first=3, months=12, margin_fraction=0.2)
    one = Treasury(sold_fraction=0.4, cash_usd=3e5, btc=5.0, forwards=[forward])
    found = manage(one, Earned(flows, btc, btc * 50_000.0), paths)
    total = flows + sum(found.lines.values())
    assert found.cash_usd == pytest.approx(3e5 + np.cumsum(total, axis=1), abs=1e-6)


def test_a_forward_beyond_the_scenarios_is_refused() -> None:
    forward = HashForward(ph=1.0, price_usd_per_ph_day=50.0, first=20, months=12)
    with pytest.raises(InputError, match="inside the 24 months"):
        forward.settled_usd(flat_scenarios(1, MONTHS))
