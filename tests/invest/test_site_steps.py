"""A site taken apart into fleets and halls, and put together again."""

from collections.abc import Sequence
from dataclasses import fields, replace

import numpy as np
import pytest

from megawatt.core.dataset import Dataset
from megawatt.core.units import ItMW, Unit
from megawatt.invest.operations import Operations
from megawatt.invest.plan_book import PlanBook
from megawatt.invest.power_bank import PowerYear
from megawatt.invest.site_dispatch import ITSELF, plan_book
from megawatt.invest.site_steps import StepOperations, Steps, rounded, steps_of, total
from megawatt.site.read import Site
from tests.invest.bank import bank_year, drawn, mine, spiky

BANK = [bank_year(spiky(1))]
ASKED = drawn(3, paths=6, months=2)
OLD = """[[fleet]]
name = "old"
hashrate_th_s = 100.0
power_w = 3500.0
count = 4_000
availability_fraction = 1.0
"""
"""14 MW of machines that need twice the power for a hash."""
IT = {"s21": ItMW(20.0), "old": ItMW(8.0)}


def limited(mw: float, more: str = "") -> Site:
    site = mine(OLD + more)
    return replace(site, connection=site.connection.model_copy(update={"meter_limit_mw": mw}))


def read(steps: Steps, bank: Sequence[PowerYear] = BANK) -> StepOperations:
    books: dict[str, PlanBook] = {
        name: plan_book(site, bank, ASKED, accuracy=ITSELF) for name, site in steps.sites.items()
    }
    return StepOperations(steps, books)


def same(one: Operations, other: Operations) -> None:
    for line in fields(Operations):
        assert getattr(one, line.name) == pytest.approx(getattr(other, line.name), abs=1e-6)


@pytest.mark.parametrize(("limit_mw", "shared"), [(50.0, False), (40.0, True)])
def test_fleets_add_up_to_the_site_whether_they_share_the_limit_or_not(limit_mw: float, shared: bool) -> None:
    site = limited(limit_mw)
    found = read(steps_of(site, IT))
    assert found.steps.shared is shared
    assert found.steps.cannot == {}
    whole = plan_book(site, BANK, ASKED, accuracy=ITSELF).operations(ASKED)
    none = found.of(found.steps.none, ASKED)
    same(total([(1.0, none), *((1.0, found.mine(name, ASKED)) for name in IT)]), whole)


def test_with_a_limit_that_binds_the_old_fleet_adds_less_than_it_would_alone() -> None:
    free, tight = (read(steps_of(limited(mw), IT)).mine("old", ASKED).net_usd.sum() for mw in (50.0, 40.0))
    assert 0 <= tight < free


def test_a_hall_takes_power_from_the_machines_beside_it_and_its_energy_is_paid_by_its_tenant() -> None:
    """20 + 8 MW of hall at a PUE of 1.3 take 36.4 of 45 MW; the new machines lose what the old hall takes from them."""
    found = read(steps_of(limited(45.0), IT))
    assert found.steps.shared
    one = found.hall("old", ASKED)
    assert one is not None
    assert (one.mining_usd <= 1e-6).all()
    assert one.mining_usd.sum() < -1.0
    assert one.net_usd.sum() < 0
    none, both = found.of("machines-none", ASKED), found.of("halls-2", ASKED)
    assert both.net_usd == pytest.approx(none.net_usd, abs=1e-6)
    hours = np.array([720.0, 744.0])
    assert both.energy_mwh - none.energy_mwh == pytest.approx(28.0 * 1.3 * np.tile(hours, (6, 1)))
    halls = [found.hall(name, ASKED) for name in IT]
    same(total([(1.0, none), *((1.0, one) for one in halls if one)]), both)


def test_a_hall_that_the_connection_does_not_carry_is_named_with_the_reason() -> None:
    steps = steps_of(limited(30.0), IT)
    assert set(steps.cannot) == {"s21"}
    assert steps.cannot["s21"] == (
        "its hall of 20.0 IT MW takes 26 MW at the meter on the hottest day, and the halls before it leave 20 of 30 MW"
    )
    assert set(steps.hall) == {"old"}
    assert set(steps.mine) == {"s21", "old"}
    assert set(steps_of(limited(9.0), IT).cannot) == {"s21", "old"}


@pytest.mark.parametrize(
    "more",
    [
        '[[charge]]\nname = "d"\nkind = "demand"\nusd_per_kw_month = 1.0\n',
        '[[programme]]\nname = "r"\nproduct = "rrs"\nprice_series = "as/rrs"\nqualified = true\n',
        '[[energy]]\nname = "b"\nblock_mw = 1.0\nprice_usd_per_mwh = 30.0\nsettlement_point = "LZ_WEST"\nresale = "forbidden"\n',
    ],
)
def test_a_demand_charge_an_award_or_a_ban_on_resale_ties_loads_together(more: str) -> None:
    assert steps_of(limited(500.0, more), IT).shared


def test_a_hall_that_shares_nothing_is_billed_for_its_own_coincident_peak_and_a_mine_that_stands_by_is_not() -> None:
    """20 IT MW at a PUE of 1.3 are 26 MW; of 12,000 USD/MW and year each of four summer months measures a quarter: June and July here."""
    charge = '[[charge]]\nname = "4cp"\nkind = "coincident"\nusd_per_kw_year = 12.0\n'
    load = bank_year(lambda n: 50_000.0 + 1_000.0 * np.sin(np.arange(n) / 24.0), "load/ERCOT", unit=Unit.MW)
    bank = [PowerYear(BANK[0].year, Dataset([BANK[0].data["price_rt/LZ_WEST"], load.data["load/ERCOT"]]))]
    assert read(steps_of(limited(500.0), IT)).hall("s21", ASKED) is None
    billed = read(steps_of(limited(500.0, charge), IT), bank)
    assert not billed.steps.shared
    hall = billed.hall("s21", ASKED)
    assert hall is not None
    assert hall.peak_usd == pytest.approx(np.full((6, 2), -26.0 * 12_000.0 / 4))
    assert hall.net_usd == pytest.approx(hall.peak_usd)
    assert (billed.mine("s21", ASKED).peak_usd > -35.0 * 12_000.0 / 4).all()


def test_hash_rates_that_are_told_apart_by_little_are_rounded_and_those_of_one_fleet_are_not() -> None:
    factors = {"s21": np.array([1.0, 0.991]), "old": np.array([0.955, 0.985])}
    found = rounded(limited(40.0), factors)
    assert found["s21"].tolist() == [1.0, 0.991]
    assert found["old"] == pytest.approx([0.96, 0.991])
    assert rounded(mine(), factors)["s21"] is factors["s21"]
