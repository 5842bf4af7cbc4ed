"""Rents on paths against the expected flows of the lease, and hand-made tenants."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.units import ItMW
from megawatt.invest.lease import Lease
from megawatt.invest.tenancy import Rents, Tenancy, rents

LEASE = Lease(it=ItMW(2.0), years=3, rent_usd_per_it_mw_year=1.2e6, noi_margin=0.75)


def played(
    one: Tenancy, *, signed: int = 0, months: int = 60, paths: int = 1, uniform: float = 0.5, market: float = 100.0
) -> Rents:
    return rents(one, np.full(paths, signed), np.full(paths, uniform), np.full((paths, months), market))


def test_the_mean_of_many_paths_is_the_expected_flow_of_the_lease() -> None:
    """Draws in the middle of 20,000 equal strata leave no error of chance worth naming."""
    n = 20_000
    lease = Lease(
        it=ItMW(10.0),
        years=12,
        rent_usd_per_it_mw_year=1.45e6,
        noi_margin=0.775,
        escalator_per_year=0.03,
        ramp_months=9.0,
        hazard_per_year=0.06,
        relet_months=10.0,
        relet_fraction=0.6,
        credited_capex_usd_per_it_mw=1e6,
        backstop_usd=15e6,
    )
    found = rents(Tenancy(lease=lease), np.zeros(n, np.int64), (np.arange(n) + 0.5) / n, np.zeros((n, 144)))
    assert found.backstop_usd.sum(axis=1).max() == pytest.approx(15e6)
    flows = (found.rent_usd + found.backstop_usd + found.credits_usd + found.opex_usd).mean(axis=0)
    assert flows == pytest.approx(lease.flows_usd(), rel=2e-3)


def test_the_rent_begins_after_the_delay_and_ends_with_the_term() -> None:
    found = played(Tenancy(lease=replace(LEASE, delay_months=12.2)), signed=3)
    assert np.flatnonzero(found.let[0])[[0, -1]].tolist() == [16, 51]
    assert found.rent_usd[0, 16] == pytest.approx(200_000.0)
    assert found.opex_usd[0, 16] == pytest.approx(-50_000.0)


def test_a_tenant_fails_in_the_month_of_its_draw_and_the_next_one_pays_less() -> None:
    """A hazard of 50 % a year: a draw of 0.5 is the end of the twelfth month."""
    lease = replace(LEASE, hazard_per_year=0.5, relet_months=6.0, relet_fraction=0.5)
    rent = played(Tenancy(lease=lease), uniform=0.4999, months=36).rent_usd[0] / 200_000
    assert rent == pytest.approx([1.0] * 12 + [0.0] * 6 + [0.5] * 18)


@pytest.mark.parametrize(("hazard", "first"), [(0.0, 36), (1.0, 0)])
def test_nobody_fails_at_a_hazard_of_nought_and_everybody_at_one(hazard: float, first: int) -> None:
    lease = replace(LEASE, hazard_per_year=hazard)
    for uniform in (1e-12, 0.5, 1 - 1e-12):
        assert played(Tenancy(lease=lease), uniform=uniform).let.sum() == first


@pytest.mark.parametrize(("market", "stays"), [(80.0, False), (100.0, True), (140.0, True)])
def test_a_tenant_extends_where_the_market_asks_as_much(market: float, stays: bool) -> None:
    found = played(Tenancy(lease=LEASE, extension_years=1.0), market=market)
    assert found.let[0].sum() == (48 if stays else 36)


def test_uptime_credits_and_unpaid_rent_are_taken_off() -> None:
    found = played(Tenancy(lease=LEASE, paid_fraction=0.9, uptime_credit_fraction=0.02))
    assert found.rent_usd[0, 0] == pytest.approx(180_000.0)
    assert found.credits_usd[0, 0] == pytest.approx(-3_600.0)


def test_a_path_that_never_signs_earns_nothing() -> None:
    found = played(Tenancy(lease=LEASE), signed=60)
    assert not found.let.any()
    assert not found.rent_usd.any()


def test_draws_of_another_number_of_paths_are_refused() -> None:
    with pytest.raises(InputError, match="one of each per path"):
        rents(Tenancy(lease=LEASE), np.zeros(2, np.int64), np.full(3, 0.5), np.zeros((3, 12)))
