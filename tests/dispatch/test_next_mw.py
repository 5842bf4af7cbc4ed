"""What one megawatt more is worth, against figures that a reader can work out."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.dispatch.case import Case
from megawatt.dispatch.general import Effort
from megawatt.dispatch.next_mw import NextMegawatt, break_evens_usd_per_mwh, next_megawatts
from megawatt.dispatch.solve import solve
from tests.dispatch.texts import case, fleet, series, site

EXACT = Effort(relative_gap=1e-9)
BREAK_EVEN = 50 / 0.48
DAYS = 365.0
HALL = """\
[[hall]]
name = "hall"
kind = "firm"
critical_it_mw = 8.0
contract = "tenant"
[[contract]]
name = "tenant"
tenant = "T"
kind = "colocation"
start = 2023-01-01
years = 10.0
rent_usd_per_kw_month = 100.0
power = "{power}"
"""
BATCH = """\
[[hall]]
name = "work"
kind = "batch"
critical_it_mw = 8.0
contract = "batch"
window = "day"
duty_fraction = 0.25
[[contract]]
name = "batch"
tenant = "B"
kind = "batch"
start = 2023-01-01
years = 10.0
fee_usd_per_it_mwh = 150.0
"""
RRS = '[[programme]]\nname = "r"\nproduct = "rrs"\nprice_series = "as/rrs"\nqualified = true\nshare_fraction = 0.5\n'
PRICES = np.where(np.arange(24) % 4 == 0, 150.0, 40.0)
"""Six dear hours a day and eighteen cheap ones."""


def values(found: Case) -> dict[str, NextMegawatt]:
    return {one.what.split(" ")[0]: one for one in next_megawatts(found, solve(found.problem, EXACT), EXACT)}


def test_a_megawatt_more_of_a_limit_that_is_slack_is_worth_exactly_nothing() -> None:
    limit = values(case(site(fleet()), PRICES))["connection"]
    assert limit.usd_per_mw_year == pytest.approx(0.0, abs=1e-6)
    assert limit.resolved


def test_a_megawatt_more_of_machines_earns_their_margin() -> None:
    """18 hours a day at 104.17 - 40 USD/MWh, 365 days a year; 6 hours at 150 are not run."""
    one = values(case(site(fleet()), PRICES))["mining"]
    assert one.what == "mining (s)"
    assert one.usd_per_mw_year == pytest.approx(18 * (BREAK_EVEN - 40) * DAYS)
    assert one.resolved


def test_the_best_class_is_the_one_that_earns_most_per_megawatt_hour() -> None:
    old = fleet(name="old").replace("power_w = 4000.0", "power_w = 6000.0")
    assert values(case(site(old, fleet(name="new")), PRICES))["mining"].what == "mining (new)"


def test_a_megawatt_more_of_a_limit_that_binds_runs_one_more_block() -> None:
    """Forty blocks of 1 MW under 20.5 MW: 21.5 MW hold one more."""
    one = values(case(site(fleet(blocks=40), limit=20.5), PRICES))["connection"]
    assert one.usd_per_mw_year == pytest.approx(18 * (BREAK_EVEN - 40) * DAYS, rel=1e-6)


@pytest.mark.parametrize(("power", "energy"), [("pass_through", 0.0), ("included", 6 * 150.0 + 18 * 40.0)])
def test_a_megawatt_more_of_a_firm_hall_earns_its_rent_less_the_energy_that_is_included(
    power: str, energy: float
) -> None:
    """10 MW at the meter pay 800,000 USD in the 744 hours of July."""
    one = values(case(site(fleet(), HALL.format(power=power)), PRICES))["firm"]
    assert one.usd_per_mw_year == pytest.approx((80_000 * 24 / 744 - energy) * DAYS)


def test_a_megawatt_more_of_batch_work_earns_its_fee_in_the_cheapest_hours() -> None:
    """150 USD per IT MWh are 120 per MWh at the meter; six hours a day at 40."""
    one = values(case(site(fleet(), BATCH), PRICES))["batch"]
    assert one.usd_per_mw_year == pytest.approx(6 * (120 - 40) * DAYS, rel=1e-6)


def test_a_megawatt_more_of_a_reserve_earns_its_price_while_machines_cover_it() -> None:
    """20 MW of 40 may be sold; 21 of 40 after: 6 USD in each of 18 hours in which the mine runs."""
    text = site(fleet(), RRS)
    found = case(text, PRICES, [series("as/rrs", text.grid(), 6.0)])
    assert values(found)["reserve"].usd_per_mw_year == pytest.approx(18 * 6.0 * DAYS, rel=1e-6)


def test_a_variant_that_cannot_be_is_explained_and_the_others_still_stand() -> None:
    """A firm hall that fills the limit: one MW more of it finds no room."""
    found = case(site(HALL.format(power="included"), limit=10.0), PRICES)
    firm = values(found)["firm"]
    assert firm.usd_per_mw_year is None
    assert "cannot hold together" in firm.note
    assert not firm.resolved


def test_a_difference_within_the_gaps_is_not_resolved() -> None:
    assert not NextMegawatt("x", 10.0, 11.0).resolved
    assert NextMegawatt("x", -12.0, 11.0).resolved
    assert not NextMegawatt("x", 10.0, None).resolved


def test_a_plan_without_a_bound_resolves_nothing() -> None:
    found = case(site(fleet()), PRICES)
    boundless = replace(solve(found.problem), bound_usd=None)
    assert not any(one.resolved for one in next_megawatts(found, boundless))


def test_the_year_is_that_of_the_hours_covered() -> None:
    prices = np.where(np.arange(24) < 12, 40.0, np.nan)
    assert values(case(site(fleet()), prices))["mining"].usd_per_mw_year == pytest.approx((BREAK_EVEN - 40) * 8760)


def test_mean_break_evens() -> None:
    old = fleet(name="old").replace("power_w = 4000.0", "power_w = 6000.0")
    assert break_evens_usd_per_mwh(case(site(fleet(), old)).problem) == pytest.approx(
        {"s": BREAK_EVEN, "old": BREAK_EVEN / 1.5}
    )
