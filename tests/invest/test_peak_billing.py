"""Peak charges: measured in one month, billed in others, never lost."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid
from megawatt.invest.peak_billing import billed_usd
from megawatt.power.coincident_peak import ERCOT_4CP_HOURS, CoincidentCharge, coincident_bills


def test_a_summer_peak_is_billed_in_twelve_parts_over_the_next_year() -> None:
    measured = np.zeros((1, 24))
    measured[0, 6] = -120.0  # July 2025
    billed = billed_usd(measured, "2025-01")
    assert billed[0, :12].tolist() == [0.0] * 12
    assert billed[0, 12:] == pytest.approx([-10.0] * 12)


def test_a_demand_charge_is_on_the_next_invoice() -> None:
    measured = -np.arange(1.0, 7.0)[None, :]
    billed = billed_usd(measured, "2025-01", coincident_fraction=0.0)
    assert billed[0].tolist() == [0.0, -1.0, -2.0, -3.0, -4.0, -5.0 - 6.0]  # the last one is owed when the horizon ends


def test_the_months_and_amounts_are_those_of_the_bill_that_the_tariff_computes() -> None:
    """10 MW in the four peaks of 2024, at 60 USD/kW-year."""
    grid = TimeGrid.of_local_days(
        dt.date(2024, 6, 1), dt.date(2024, 10, 1), timezone="America/Chicago", step_minutes=60
    )
    bill = coincident_bills(CoincidentCharge("4cp", 60.0), grid, np.full(grid.n, 10.0), ERCOT_4CP_HOURS)[0]
    measured = np.zeros((1, 24))
    for peak in bill.peaks:
        measured[0, int(peak.month[5:]) - 1] -= bill.cost_usd / len(bill.peaks)
    billed = billed_usd(measured, "2024-01")
    assert {f"2025-{month + 1:02d}": -billed[0, 12 + month] for month in range(12)} == pytest.approx(dict(bill.billed))


@given(
    first=st.sampled_from(["2024-01", "2024-07", "2025-12"]),
    months=st.integers(1, 40),
    share=st.floats(0, 1),
    seed=st.integers(0, 99),
)
@settings(deadline=None, max_examples=60)
def test_all_that_is_measured_is_billed_once(first: str, months: int, share: float, seed: int) -> None:
    measured = -np.random.default_rng(seed).uniform(0, 1e5, (3, months))
    before = np.full(months, -7.0)
    billed = billed_usd(measured, first, coincident_fraction=share, owed_before_usd=before)
    assert billed.sum(axis=1) == pytest.approx(measured.sum(axis=1) - 7.0 * months)
    assert (billed <= 1e-6).all()


def test_a_share_above_one_is_refused() -> None:
    with pytest.raises(InputError, match="fraction"):
        billed_usd(np.zeros((1, 3)), "2025-01", coincident_fraction=60.0)
