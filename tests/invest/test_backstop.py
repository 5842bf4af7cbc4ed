"""A guarantor's expected payments against an enumeration of the month in which the tenant fails."""

from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.units import ItMW
from megawatt.invest.lease import Lease

FLUIDSTACK = Lease(it=ItMW(200.0), years=10.0, rent_usd_per_it_mw_year=1.85e6, noi_margin=0.85)
"""The peer of August 2025 (AF22): 3.7 bn USD over ten years, 315 M USD of net income a year."""


def enumerated(lease: Lease, hazard: float, relet: float, rate: float) -> float:
    """Value of the guarantee: each month of failure with its probability, each dollar counted until the amount is used up."""
    noi, value = lease.noi_usd(), 0.0
    months = len(noi)
    for failed in range(1, months + 1):
        chance = (1 - hazard) ** ((failed - 1) / 12) - (1 - hazard) ** (failed / 12)
        left = lease.backstop_usd
        for month in range(failed, months + 1):
            second = relet if month - failed >= lease.relet_months else 0.0
            pays = min(left, float(noi[month - 1]) * (1 - second))
            left -= pays
            value += chance * pays * (1 + rate) ** (-month / 12)
    return value


@settings(deadline=None, max_examples=50)
@given(
    st.floats(0.0, 0.9),
    st.floats(0.0, 1.0),
    st.floats(0.0, 30.0),
    st.floats(1e6, 4e9),
    st.floats(0.0, 0.3),
    st.floats(0.0, 24.0),
)
def test_a_guarantee_is_worth_what_counting_every_month_of_failure_gives(
    hazard: float, relet: float, empty: float, amount: float, rate: float, ramp: float
) -> None:
    plain = replace(FLUIDSTACK, hazard_per_year=hazard, relet_fraction=relet, relet_months=empty, ramp_months=ramp)
    backed = replace(plain, backstop_usd=amount)
    worth = backed.value_usd(rate) - plain.value_usd(rate)
    assert worth == pytest.approx(enumerated(backed, hazard, relet, rate), rel=1e-9, abs=1.0)


def test_an_amount_that_never_ends_makes_failure_harmless() -> None:
    """All that is missing is paid, so the lease is worth what it would be with a tenant that cannot fail."""
    sure = replace(FLUIDSTACK, escalator_per_year=0.02)
    backed = replace(sure, hazard_per_year=0.3, relet_fraction=0.4, backstop_usd=1e12)
    assert backed.value_usd(0.1) == pytest.approx(sure.value_usd(0.1))


def test_a_tenant_that_cannot_fail_needs_no_guarantor() -> None:
    assert replace(FLUIDSTACK, backstop_usd=1.8e9).value_usd(0.1) == pytest.approx(FLUIDSTACK.value_usd(0.1))


@pytest.mark.parametrize("amount", [-1.0, float("nan"), float("inf")])
def test_a_guarantee_has_an_amount(amount: float) -> None:
    with pytest.raises(InputError, match="backstop"):
        replace(FLUIDSTACK, backstop_usd=amount)
