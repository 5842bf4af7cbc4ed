"""Coincident peaks: measured in one year, billed in the next, and worth the same on every grid."""

import datetime as dt
import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.known import after_end
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.power.coincident_peak import (
    ERCOT_4CP_HOURS,
    CoincidentCharge,
    CoincidentPeak,
    calendar_rule,
    coincident_bills,
    expected_adder_usd_per_mwh,
    peak_intervals,
    peaks_adder_usd_per_mwh,
)

CHICAGO = "America/Chicago"
CHARGE = CoincidentCharge("4CP", 55.0)
PEAKS_2024 = ERCOT_4CP_HOURS[8:]


def local_days(first: str, end: str, step_minutes: int = 15) -> TimeGrid:
    return TimeGrid.of_local_days(
        dt.date.fromisoformat(first), dt.date.fromisoformat(end), timezone=CHICAGO, step_minutes=step_minutes
    )


def load_of(grid: TimeGrid, values: np.ndarray) -> Series:
    return Series("load/ERCOT", Unit.MW, grid, values, after_end(grid, minutes=60), Provenance("a test"))


def test_one_megawatt_in_all_four_peaks_costs_the_rate_for_a_year() -> None:
    grid = local_days("2024-01-01", "2025-01-01")
    (bill,) = coincident_bills(CHARGE, grid, np.ones(grid.n), ERCOT_4CP_HOURS)
    assert bill.measured_year == 2024
    assert bill.peaks == PEAKS_2024
    assert bill.cost_usd == pytest.approx(55_000.0)
    assert [month for month, _ in bill.billed] == [f"2025-{m:02d}" for m in range(1, 13)]
    assert sum(usd for _, usd in bill.billed) == pytest.approx(55_000.0)


@pytest.mark.parametrize("step_minutes", [5, 15, 60])
@settings(deadline=None, max_examples=10)
@given(seed=st.integers(0, 2**32 - 1))
def test_the_adder_times_energy_is_the_bill(step_minutes: int, seed: int) -> None:
    grid = local_days("2024-05-01", "2024-11-01", step_minutes)
    meter = np.random.default_rng(seed).uniform(0, 100, grid.n)
    adder = peaks_adder_usd_per_mwh(CHARGE, grid, ERCOT_4CP_HOURS)
    (bill,) = coincident_bills(CHARGE, grid, meter, ERCOT_4CP_HOURS)
    assert grid.hours * (adder @ meter) == pytest.approx(bill.cost_usd)
    assert bill.cost_usd == pytest.approx(55_000 * np.mean(bill.site_mw))


def test_a_peak_of_fifteen_minutes_on_an_hourly_grid_keeps_its_worth() -> None:
    peak = CoincidentPeak("2024-08", np.datetime64("2024-08-20T22:45:00"), 15, 85_559.0)
    grid = local_days("2024-08-01", "2024-09-01", 60)
    adder = peaks_adder_usd_per_mwh(CHARGE, grid, [peak])
    assert np.flatnonzero(adder).tolist() == [grid.locate("2024-08-20T22:00Z")]
    assert adder.sum() * grid.hours == pytest.approx(55_000 / 4)


def test_a_year_of_which_the_grid_covers_two_peaks_is_charged_for_two() -> None:
    grid = local_days("2024-08-01", "2024-10-01")
    (bill,) = coincident_bills(CHARGE, grid, np.full(grid.n, 10.0), ERCOT_4CP_HOURS)
    assert [peak.month for peak in bill.peaks] == ["2024-08", "2024-09"]
    assert bill.cost_usd == pytest.approx(10 * 55_000 / 2)


def test_a_probability_of_one_in_the_peak_hour_is_perfect_foresight() -> None:
    grid = local_days("2024-06-01", "2024-10-01", 60)
    probability = np.zeros(grid.n)
    for peak in PEAKS_2024:
        probability[grid.locate(peak.start)] = 1.0
    expected = expected_adder_usd_per_mwh(CHARGE, grid, probability)
    assert expected == pytest.approx(peaks_adder_usd_per_mwh(CHARGE, grid, PEAKS_2024))


def test_probability_in_a_month_that_does_not_count_is_worth_nothing() -> None:
    grid = local_days("2024-05-01", "2024-06-01", 60)
    assert not expected_adder_usd_per_mwh(CHARGE, grid, np.full(grid.n, 1 / grid.n)).any()


def test_probabilities_that_add_up_to_more_than_one_a_month_are_refused() -> None:
    grid = local_days("2024-06-01", "2024-07-01", 60)
    with pytest.raises(InputError, match="2024-06"):
        expected_adder_usd_per_mwh(CHARGE, grid, np.full(grid.n, 0.01))
    with pytest.raises(InputError, match="0 or more"):
        expected_adder_usd_per_mwh(CHARGE, grid, np.full(grid.n, -1e-4))


def test_twelve_monthly_half_hour_peaks_are_the_same_type_with_other_data() -> None:
    twelve = CoincidentCharge("12CP", 60.0, months=tuple(range(1, 13)), valid_from=2026)
    old = CoincidentCharge("4CP", 60.0, valid_to=2026)
    peak = CoincidentPeak("2026-01", np.datetime64("2026-01-20T13:00:00"), 30, 80_000.0)
    assert twelve.counts(peak)
    assert not twelve.counts(PEAKS_2024[0])
    assert old.counts(PEAKS_2024[0])
    assert not old.counts(CoincidentPeak("2026-07", np.datetime64("2026-07-20T22:00:00"), 30, 80_000.0))
    assert twelve.usd_per_mw_of_one_peak == pytest.approx(5_000.0)


def test_the_first_of_two_equal_intervals_is_the_peak() -> None:
    grid = local_days("2024-06-01", "2024-07-01", 60)
    values = np.full(grid.n, 50_000.0)
    values[[100, 200]] = 80_000.0
    (peak,) = peak_intervals(load_of(grid, values))
    assert peak == CoincidentPeak("2024-06", grid.starts[100], 60, 80_000.0)


def test_the_peak_of_a_month_with_a_missing_hour_is_not_known() -> None:
    grid = local_days("2024-06-01", "2024-07-01", 60)
    values = np.full(grid.n, 50_000.0)
    values[17] = np.nan
    with pytest.raises(InputError, match="lacks 1 of 720 intervals of 2024-06"):
        peak_intervals(load_of(grid, values))
    half = local_days("2024-06-01", "2024-06-15", 60)
    with pytest.raises(InputError, match="lacks 384 of 720"):
        peak_intervals(load_of(half, np.full(half.n, 50_000.0)))


def test_the_calendar_rule_stands_by_244_hours_and_held_all_twelve_peaks() -> None:
    held = 0
    for year in (2022, 2023, 2024):
        grid = local_days(f"{year}-01-01", f"{year + 1}-01-01", 60)
        off = calendar_rule(grid)
        assert off.sum() == 244
        held += sum(bool(off[grid.locate(peak.start)]) for peak in ERCOT_4CP_HOURS if peak.year == year)
    assert held == 12


def test_a_charge_that_counts_a_month_twice_is_refused() -> None:
    with pytest.raises(InputError, match="counts once at most"):
        CoincidentCharge("4CP", 55.0, months=(6, 6))


DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")
@pytest.mark.parametrize("year", [2022, 2023, 2024])
def test_the_table_of_peak_hours_is_what_the_real_load_gives(year: int) -> None:
    from megawatt.sources.ercot import read_ercot  # noqa: PLC0415  # only where the data are

    load = next(s for s in read_ercot(DATA / f"power/ercot_native_load_hourly_{year}.csv") if s.name == "load/ERCOT")
    found = peak_intervals(load)
    expected = [peak for peak in ERCOT_4CP_HOURS if peak.year == year]
    assert [(p.month, p.start) for p in found] == [(p.month, p.start) for p in expected]
    assert [p.system_mw for p in found] == pytest.approx([p.system_mw for p in expected], abs=0.5)
