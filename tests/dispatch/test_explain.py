"""Why each interval is as it is, on a day made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.explain import bids, why
from megawatt.dispatch.general import Effort
from megawatt.dispatch.problem import (
    BatchJob,
    ElasticLoad,
    EnergyPosition,
    FirmLoad,
    MachineClass,
    PeakCharge,
    Problem,
    Reserve,
)
from megawatt.dispatch.solve import solve
from tests.dispatch.sites import START

EXACT = Effort(relative_gap=1e-9)
FLAT = np.ones(4)
PRICES = np.array([20.0, 60.0, 95.0, 150.0])
S21 = MachineClass("s21", 2, 5 * FLAT[np.newaxis], 500 * FLAT[np.newaxis])
"""Two blocks of 5 MW that bring 100 USD/MWh."""


def day(limit: float = 30.0, **changes: object) -> Problem:
    base = Problem(TimeGrid(START, 60, 4), PRICES, 0 * FLAT, 0 * FLAT, limit * FLAT, (S21,))
    return replace(base, **changes)  # type: ignore[arg-type]


def table(problem: Problem) -> dict[str, list[object]]:
    return {name: column.tolist() for name, column in why(problem, solve(problem, EXACT)).items()}  # type: ignore[misc]


def test_the_network_wins_below_break_even_and_the_grid_above_it() -> None:
    found = table(day())
    assert found["winner"] == ["s21", "s21", "s21", "grid"]
    assert found["lead_usd_per_mwh"] == pytest.approx([80.0, 40.0, 5.0, 50.0])
    assert found["import_mw"] == [10.0, 10.0, 10.0, 0.0]
    assert found["held"] == ["", "", "", ""]


def test_adders_and_peak_charges_are_part_of_the_grids_bid() -> None:
    problem = day(adder_usd_per_mwh=10 * FLAT, peak_usd_per_mwh=np.array([0.0, 900.0, 0.0, 0.0]))
    assert bids(problem).usd_per_mwh[-1].tolist() == [30.0, 970.0, 105.0, 160.0]
    assert table(problem)["winner"] == ["s21", "grid", "grid", "grid"]


def test_the_tenants_fee_wins_where_it_is_highest_and_passed_through_energy_always_does() -> None:
    spot = ElasticLoad("rental", 0 * FLAT, 0 * FLAT, 3 * FLAT[np.newaxis], 120 * FLAT[np.newaxis])
    assert table(day(elastic=(spot,)))["winner"] == ["rental", "rental", "rental", "grid"]
    through = replace(spot, pass_through=True)
    assert table(day(elastic=(through,)))["winner"] == ["rental"] * 4


def test_the_meter_limit_is_named_where_it_keeps_a_paying_block_off() -> None:
    """7 MW of limit hold one block of the two."""
    found = table(day(7.0))
    assert found["at_limit"] == [True, True, True, False]
    assert found["held"] == ["meter limit", "meter limit", "meter limit", ""]


def test_a_start_that_costs_more_than_the_hour_earns_is_named() -> None:
    """Stopping in the dear hour would save 5 x 50 USD a block and cost 400."""
    dear = replace(S21, stop_usd=400.0)
    found = table(day(machines=(dear,)))
    assert found["import_mw"] == [10.0] * 4
    assert found["held"] == ["", "", "", "dwell or switching cost"]


def test_work_that_is_due_is_named_where_it_runs_at_a_loss_and_where_it_waits() -> None:
    """Two hours at 70 USD/MWh are due in the last three: it runs at 60 and, at a loss, at 95."""
    window = np.array([0, 1, 1, 1])
    job = BatchJob("hall", 4 * FLAT, 280 * FLAT, window, np.array([0, 2]))
    found = table(day(batches=(job,)))
    assert found["held"] == ["work of hall done or due later", "", "work due in hall", ""]


def test_an_award_that_pays_for_a_loss_is_named() -> None:
    """At 150 a block loses 50 USD/MWh and its award brings 80."""
    row = Reserve("rrs", np.array([0.0, 0.0, 0.0, 80.0]), np.zeros(4), max_mw=5.0)
    found = table(day(reserves=(row,), award_hour=np.arange(4)))
    assert found["import_mw"] == [10.0, 10.0, 10.0, 5.0]
    assert found["held"] == ["", "", "", "reserve award"]


def test_a_block_that_may_not_be_resold_is_named_and_not_a_dwell_time() -> None:
    """10 MW are paid for whatever happens: mining with them brings 100 USD/MWh more than nothing, although spot is 150."""
    block = EnergyPosition("block", 10.0, 30.0, PRICES, "forbidden")
    found = table(day(positions=(block,)))
    assert found["import_mw"] == [10.0] * 4
    assert found["held"] == ["", "", "", "fixed block is not resold freely"]


def test_a_demand_charge_that_keeps_a_paying_block_off_is_named() -> None:
    """All four hours earn 175 USD per MW and the month's peak costs 1,000."""
    charge = PeakCharge("d", np.array([1000.0]), np.zeros(4, dtype=np.int64), np.ones(4, dtype=np.bool_), np.zeros(1))
    found = table(day(peaks=(charge,)))
    assert found["import_mw"] == [0.0] * 4
    assert found["held"] == ["demand charge or switching cost"] * 3 + [""]


def test_rentable_work_that_finds_no_room_names_the_limit() -> None:
    firm = FirmLoad("firm", 4 * FLAT, 0 * FLAT)
    spot = ElasticLoad("rental", 0 * FLAT, 0 * FLAT, 9 * FLAT[np.newaxis], 120 * FLAT[np.newaxis])
    found = table(day(10.0, machines=(), firm=(firm,), elastic=(spot,)))
    assert found["held"] == ["meter limit", "meter limit", "meter limit", ""]


@pytest.mark.parametrize("field", ["power_mw", "revenue_usd_per_h"])
def test_a_missing_value_inside_a_load_is_refused_by_the_loads_name(field: str) -> None:
    values = np.array([[5.0, np.nan, 5.0, 5.0]])
    with pytest.raises(InputError, match=f"{field} of 's21' with 1 missing"):
        day(machines=(replace(S21, **{field: values}),))  # type: ignore[arg-type]


def test_a_missing_price_is_refused() -> None:
    with pytest.raises(InputError, match="price_usd_per_mwh"):
        day(price_usd_per_mwh=np.array([20.0, np.nan, 20.0, 20.0]))
