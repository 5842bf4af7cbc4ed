"""Demand charge against a bill written out month by month."""

import datetime as dt
from zoneinfo import ZoneInfo

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid
from megawatt.power.demand_charge import DemandCharge, demand_bill, demand_terms
from megawatt.power.window import Window

CHICAGO = "America/Chicago"


def months(first: str, end: str, step_minutes: int = 60) -> TimeGrid:
    return TimeGrid.of_local_days(
        dt.date.fromisoformat(first), dt.date.fromisoformat(end), timezone=CHICAGO, step_minutes=step_minutes
    )


def clerk(charge: DemandCharge, grid: TimeGrid, meter: np.ndarray) -> list[float]:
    """Billed MW per month, interval by interval with the standard library's clock."""
    peaks: dict[tuple[int, int], float] = {}
    for start, mw in zip(grid.starts, meter, strict=True):
        local = start.astype(dt.datetime).replace(tzinfo=dt.UTC).astimezone(ZoneInfo(charge.window.timezone))
        key = (local.year, local.month)
        peaks.setdefault(key, 0.0)
        counts = local.hour + 1 in charge.window.hours_ending and local.month in charge.window.months
        if counts and not (charge.window.weekdays_only and local.weekday() >= 5):
            peaks[key] = max(peaks[key], mw)
    known = list(charge.past_peaks_mw)
    billed = []
    for own in peaks.values():
        billed.append(max([own, *(charge.ratchet_fraction * p for p in known[-11:])]))
        known.append(own)
    return billed


@settings(deadline=None, max_examples=30)
@given(
    seed=st.integers(0, 2**32 - 1),
    ratchet=st.sampled_from([0.0, 0.8, 1.0]),
    past=st.lists(st.floats(0, 300), max_size=13),
    weekdays=st.booleans(),
    measured=st.sampled_from([(6, 7, 8, 9), tuple(range(1, 13))]),
)
def test_billed_demand_is_that_of_a_clerk_going_through_the_meter_hour_by_hour(
    seed: int, ratchet: float, past: list[float], weekdays: bool, measured: tuple[int, ...]
) -> None:
    grid = TimeGrid.of_local_days(dt.date(2023, 11, 20), dt.date(2025, 1, 12), timezone=CHICAGO, step_minutes=360)
    meter = np.random.default_rng(seed).uniform(0, 200, grid.n) * np.linspace(1, 0.2, grid.n)
    window = Window(CHICAGO, hours_ending=(7, 13, 19, 20), months=measured, weekdays_only=weekdays)
    charge = DemandCharge("wires", 5.0, window, ratchet, tuple(past))
    bill = demand_bill(charge, grid, meter)
    assert [row.billed_mw for row in bill] == pytest.approx(clerk(charge, grid, meter))
    assert [row.cost_usd for row in bill] == pytest.approx([row.billed_mw * 5_000 for row in bill])


def test_the_peak_outside_the_window_is_not_billed() -> None:
    grid = months("2024-07-01", "2024-08-01", 15)
    meter = np.full(grid.n, 20.0)
    meter[grid.locate("2024-07-10T03:00-05:00")] = 100.0
    meter[grid.locate("2024-07-10T16:30-05:00")] = 80.0
    (row,) = demand_bill(DemandCharge("wires", 6.0, Window(CHICAGO, hours_ending=range(14, 21))), grid, meter)
    assert (row.month, row.peak_mw, row.cost_usd) == ("2024-07", 80.0, 480_000.0)
    assert row.measured == grid.locate("2024-07-10T16:30-05:00")


def test_a_ratchet_bills_eighty_percent_of_the_summer_peak_for_eleven_months_and_no_longer() -> None:
    grid = months("2024-07-01", "2025-08-01")
    meter = np.where(np.arange(grid.n) < 24 * 31, 100.0, 10.0)
    bill = demand_bill(DemandCharge("wires", 1.0, Window(CHICAGO), 0.8), grid, meter)
    assert [row.billed_mw for row in bill] == [100.0, *[80.0] * 11, 10.0]


def test_a_past_peak_stops_counting_after_eleven_months() -> None:
    grid = months("2024-01-01", "2025-01-01")
    bill = demand_bill(DemandCharge("wires", 1.0, Window(CHICAGO), 0.5, (90.0,)), grid, np.zeros(grid.n))
    assert [row.billed_mw for row in bill] == [45.0] * 11 + [0.0]


@pytest.mark.parametrize(("day", "local"), [("2024-03-10", "2024-03"), ("2024-11-03", "2024-11")])
def test_a_peak_on_the_day_of_23_or_25_hours_belongs_to_its_local_month(day: str, local: str) -> None:
    date = dt.date.fromisoformat(day)
    grid = TimeGrid.of_local_days(date, date + dt.timedelta(days=1), timezone=CHICAGO, step_minutes=15)
    meter = np.full(grid.n, 1.0)
    meter[-1] = 7.0
    (row,) = demand_bill(DemandCharge("wires", 1.0, Window(CHICAGO)), grid, meter)
    assert (row.month, row.billed_mw, row.measured) == (local, 7.0, grid.n - 1)
    assert grid.n in (92, 100)


def test_a_month_without_an_interval_in_the_window_has_no_measured_interval() -> None:
    grid = months("2024-11-01", "2024-12-01")
    (row,) = demand_bill(DemandCharge("wires", 4.0, Window(CHICAGO, months=(7,))), grid, np.full(grid.n, 50.0))
    assert (row.measured, row.peak_mw, row.cost_usd) == (None, 0.0, 0.0)


def test_the_terms_for_a_solver_have_the_bill_as_their_least_solution() -> None:
    grid = months("2024-05-01", "2025-02-01")
    meter = np.random.default_rng(7).uniform(0, 100, grid.n)
    charge = DemandCharge("wires", 5.0, Window(CHICAGO, months=(6, 7, 8, 9), hours_ending=(16, 17)), 0.8, (40.0, 95.0))
    terms = demand_terms(charge, grid)
    own = np.array([meter[mask].max(initial=0.0) for mask in terms.masks])
    least = np.maximum.reduce([own, (terms.ratchet * own).max(axis=1), terms.floor_mw])
    bill = demand_bill(charge, grid, meter)
    assert least.tolist() == [row.billed_mw for row in bill]
    assert (least * terms.price_usd_per_mw_month).sum() == pytest.approx(sum(row.cost_usd for row in bill))
    assert terms.masks.sum(axis=0).max() == 1


def test_a_tariff_that_begins_in_july_bills_nothing_in_june() -> None:
    grid = months("2024-06-01", "2024-08-01")
    charge = DemandCharge("wires", 5.0, Window(CHICAGO, valid_from=dt.date(2024, 7, 1)))
    june, july = demand_bill(charge, grid, np.full(grid.n, 50.0))
    assert (june.cost_usd, july.cost_usd) == (0.0, 250_000.0)


def test_a_ratchet_of_80_instead_of_0_8_is_refused() -> None:
    with pytest.raises(InputError, match=r"Write 0\.8 for 80 %"):
        DemandCharge("wires", 5.0, Window(CHICAGO), 80.0)
    with pytest.raises(InputError, match="not negative"):
        DemandCharge("wires", 5.0, Window(CHICAGO), 0.8, (-3.0,))
