"""The ledger against a bill in plain loops, and the laws that money and energy keep."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.ledger import BUYERS, Ledger, billed_mw, demand_usd, settle
from megawatt.dispatch.problem import EnergyPosition, FirmLoad, MachineClass, PeakCharge, Problem
from megawatt.dispatch.schedule import Schedule, UnitRun
from tests.dispatch.bill import bill
from tests.dispatch.sites import START, any_schedule, full_site

SEEDS = st.integers(0, 2**32 - 1)


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.integers(1, 30), st.sampled_from([5, 15, 60]), st.sampled_from([1, 2, 14]))
def test_every_column_equals_the_bill_in_plain_loops(seed: int, T: int, step: int, months: int) -> None:
    rng = np.random.default_rng(seed)
    problem = full_site(rng, T, step=step, months=min(months, T))
    schedule = any_schedule(problem, rng)
    ledger = settle(problem, schedule)
    expected = bill(problem, schedule)
    for buyer in BUYERS:
        assert float(ledger.column(buyer).sum()) == pytest.approx(expected[buyer], rel=1e-9, abs=1e-6), buyer
    assert ledger.net_usd == pytest.approx(sum(expected.values()), rel=1e-9, abs=1e-6)


@settings(deadline=None, max_examples=30)
@given(SEEDS)
def test_columns_add_up_to_net_to_the_cent_and_every_line_has_a_buyer(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = full_site(rng, 20)
    ledger = settle(problem, any_schedule(problem, rng))
    cents = ledger.cents()
    assert cents["net"] == sum(cents[buyer] for buyer in BUYERS)
    assert abs(cents["net"] - 100 * ledger.net_usd) <= 2.01  # half a cent of rounding in each of four columns
    assert sum(float(ledger.column(buyer).sum()) for buyer in BUYERS) == pytest.approx(ledger.net_usd, abs=1e-6)
    totals = ledger.totals()
    assert set(totals["buyer"]) == set(BUYERS)
    assert totals["usd"].sum() == pytest.approx(ledger.net_usd, abs=1e-6)


@settings(deadline=None, max_examples=30)
@given(SEEDS)
def test_energy_into_the_meter_is_the_energy_of_all_loads(seed: int) -> None:
    rng = np.random.default_rng(seed)
    problem = full_site(rng, 12)
    schedule = any_schedule(problem, rng)
    ledger = settle(problem, schedule)
    of_loads = np.zeros(problem.T)
    for unit in schedule.units:
        of_loads += unit.blocks * (unit.share * problem.machines[unit.machine].power_mw).sum(axis=0)
    for load in problem.firm:
        of_loads += load.power_mw
    for job, on in zip(problem.batches, schedule.batch_on, strict=True):
        of_loads += job.power_mw * on
    for hall, mw in zip(problem.elastic, schedule.elastic_mw, strict=True):
        of_loads += hall.floor_mw + mw
    assert ledger.import_mw == pytest.approx(of_loads)
    assert ledger.mining_mw + ledger.tenant_mw == pytest.approx(ledger.import_mw)


def one_block(T: int = 4, **changes: object) -> MachineClass:
    """A block of 10 MW that earns 600 USD/h, with a start of 30 USD and a stop of 20 USD."""
    flat = np.ones((1, T))
    return replace(MachineClass("s21", 1, 10 * flat, 600 * flat, start_usd=30.0, stop_usd=20.0), **changes)  # type: ignore[arg-type]


def mine(price: list[float], **changes: object) -> Problem:
    T = len(price)
    flat = np.ones(T)
    return replace(
        Problem(TimeGrid(START, 60, T), np.array(price), 0 * flat, 0 * flat, 100 * flat, (one_block(T),)),
        **changes,  # type: ignore[arg-type]
    )


def run_of(*on: int) -> Schedule:
    return Schedule((UnitRun(0, 1, np.array([on], dtype=np.float64)),))


def test_a_mine_by_hand() -> None:
    """On, off, on: 2 h of 600 USD, energy 10 x 20 and 10 x 40 USD, one stop and one start."""
    ledger = settle(mine([20.0, 900.0, 40.0]), run_of(1, 0, 1))
    assert ledger.lines["network/hash_revenue"].tolist() == [600.0, 0.0, 600.0]
    assert ledger.lines["network/energy"].tolist() == [-200.0, 0.0, -400.0]
    assert ledger.lines["network/starts_stops"].tolist() == [0.0, -20.0, -30.0]
    assert ledger.net_usd == 550.0


def test_a_ramp_costs_its_share_of_the_revenue_and_no_energy_is_saved() -> None:
    problem = mine([20.0] * 4, machines=(one_block(ramp_loss=np.array([0.5, 0.25])),))
    ledger = settle(problem, run_of(0, 1, 1, 1))
    assert ledger.lines["network/hash_revenue"].tolist() == [0.0, 300.0, 450.0, 600.0]
    assert ledger.lines["network/energy"].tolist() == [0.0, -200.0, -200.0, -200.0]


def test_hosted_machines_are_the_tenants_and_the_network_sees_nothing_of_them() -> None:
    ledger = settle(mine([20.0, 20.0], machines=(one_block(2, hosted=True),)), run_of(1, 0))
    assert ledger.column("network").tolist() == [0.0, 0.0]
    assert ledger.column("tenant").tolist() == [400.0, -20.0]


def test_passed_through_energy_leaves_the_rent_even_where_the_price_is_negative() -> None:
    hall = FirmLoad("hall", np.full(2, 8.0), np.full(2, 100.0), pass_through=True)
    ledger = settle(mine([-50.0, 70.0], machines=(), firm=(hall,)), Schedule(()))
    assert ledger.column("tenant").tolist() == [100.0, 100.0]


@pytest.mark.parametrize(
    ("resale", "price", "expected"),
    [
        ("free", 80.0, 20 * (80 - 30)),  # a position: what the site draws makes no difference
        ("free", -10.0, 20 * (-10 - 30)),
        ("spread", 80.0, 20 * (80 - 30) - 10 * 5),  # the 10 MW that the site does not draw are resold 5 USD lower
        ("spread", -10.0, 20 * (-10 - 30) - 10 * 5),
        ("forbidden", 80.0, 10 * (80 - 30) - 10 * 30),  # the unused half is paid for and lost
        ("forbidden", -10.0, 10 * (-10 - 30) - 10 * 30),  # not taking it spares its negative price
    ],
)
def test_a_block_of_20_mw_of_which_10_are_drawn(resale: str, price: float, expected: float) -> None:
    block = EnergyPosition("block", 20.0, 30.0, np.array([price]), resale, 5.0 * (resale == "spread"))  # type: ignore[arg-type]
    ledger = settle(mine([price], positions=(block,)), run_of(1))
    assert float(ledger.column("grid").sum()) == pytest.approx(expected)


def charge(**changes: object) -> PeakCharge:
    """Three months of two intervals at 1,000 USD per MW-month, all measured."""
    base = PeakCharge("d", np.full(3, 1000.0), np.array([0, 0, 1, 1, 2, 2]), np.ones(6, dtype=np.bool_), np.zeros(3))
    return replace(base, **changes)  # type: ignore[arg-type]


def test_a_demand_charge_bills_each_months_highest_import() -> None:
    p = np.array([3.0, 9.0, 4.0, 2.0, 0.0, 1.0])
    assert billed_mw(charge(), p).tolist() == [9.0, 4.0, 1.0]
    assert demand_usd(charge(), p).tolist() == [0.0, 9000.0, 4000.0, 0.0, 0.0, 1000.0]


def test_a_ratchet_bills_a_share_of_the_months_before_and_never_of_the_months_after() -> None:
    p = np.array([3.0, 9.0, 4.0, 2.0, 0.0, 20.0])
    assert billed_mw(charge(ratchet_fraction=0.8), p).tolist() == pytest.approx([9.0, 7.2, 20.0])


def test_a_ratchet_forgets_a_peak_after_eleven_months() -> None:
    months = 13
    long = PeakCharge("d", np.ones(months), np.arange(months), np.ones(months, dtype=np.bool_), np.zeros(months), 0.5)
    p = np.zeros(months)
    p[0] = 10.0
    assert billed_mw(long, p).tolist() == [10.0] + [5.0] * 11 + [0.0]


def test_a_month_without_a_measured_interval_pays_its_floor_and_the_ratchet() -> None:
    measured = np.array([True, True, False, False, True, False])
    one = charge(measured=measured, floor_mw=np.array([0.0, 3.0, 0.0]), ratchet_fraction=0.5)
    p = np.array([2.0, 1.0, 50.0, 50.0, 0.5, 50.0])
    assert billed_mw(one, p).tolist() == [2.0, 3.0, 1.0]


def test_a_peak_set_by_the_past_stands_in_the_months_first_measured_interval() -> None:
    measured = np.array([True, True, False, True, False, False])
    one = charge(measured=measured, floor_mw=np.full(3, 7.0))
    assert demand_usd(one, np.ones(6)).tolist() == [7000.0, 0.0, 0.0, 7000.0, 7000.0, 0.0]


def test_a_coincident_charge_is_an_adder_on_the_import_and_shared_by_all() -> None:
    """60 USD/kW-year over four peaks of an hour: 15,000 USD per MW drawn in one of them."""
    ledger = settle(mine([20.0, 20.0], peak_usd_per_mwh=np.array([0.0, 15_000.0])), run_of(1, 1))
    assert ledger.lines["shared/coincident"].tolist() == [0.0, -150_000.0]


def test_cents_add_up_although_each_column_is_rounded() -> None:
    third = np.array([0.004])
    zero = np.zeros(1)
    ledger = Ledger({"network/a": third, "tenant/b": third, "grid/c": third, "shared/d": zero}, zero, zero, zero, 1.0)
    assert ledger.cents() == {"network": 0, "tenant": 0, "grid": 0, "shared": 0, "net": 0}
