"""The shipped examples read, pass the checks, and are what their names say."""

import pytest

from megawatt.core.errors import InputError
from megawatt.site import Site
from megawatt.site.check import check
from megawatt.site.check_power import fleets_meter_mw, hall_meter_mw
from megawatt.site.examples import EXAMPLES, example


@pytest.mark.parametrize("name", EXAMPLES)
def test_example_has_no_error(name: str) -> None:
    site = Site.from_text(example(name), f"{name}.toml")
    assert [str(finding) for finding in check(site) if finding.severity == "error"] == []


@pytest.mark.parametrize(
    ("name", "warnings"), [("texas-mine", []), ("hybrid", ["sum_of_loads"]), ("ai-campus", ["sum_of_loads"])]
)
def test_example_warns_only_of_what_it_shows(name: str, warnings: list[str]) -> None:
    assert [finding.check for finding in check(Site.from_text(example(name)))] == warnings


def test_texas_mine_has_100_mw_of_three_classes_below_its_limit() -> None:
    site = Site.from_text(example("texas-mine"))
    assert sum(fleet.full_mw for fleet in site.fleets) == pytest.approx(100, abs=0.1)
    assert [fleet.efficiency_j_per_th for fleet in site.fleets] == [17.5, 21.5, 29.5]
    assert fleets_meter_mw(site) < site.connection.meter_limit_mw
    assert site.connection.load_settlement_point == "LZ_WEST"
    assert (site.energies[0].block_mw, site.energies[0].resale) == (60.0, "free")
    assert site.charges[0].kind == "coincident"
    assert site.grid().n == 366 * 96


def test_hybrid_has_four_blocks_and_forty_it_mw_above_its_limit() -> None:
    site = Site.from_text(example("hybrid"))
    assert sum(fleet.blocks for fleet in site.fleets) == 4
    assert [fleet.block_mw for fleet in site.fleets] == pytest.approx([25.0, 25.0, 25.0], abs=0.01)
    assert {hall.kind: hall.critical_it_mw for hall in site.halls} == {"firm": 20.0, "batch": 20.0}
    assert site.connection.meter_limit_mw < fleets_meter_mw(site) + sum(
        hall_meter_mw(site, hall) for hall in site.halls
    )
    assert site.grid().n == 31 * 24


def test_ai_campus_has_a_hall_of_four_kinds_and_some_mining() -> None:
    site = Site.from_text(example("ai-campus"))
    assert {hall.kind for hall in site.halls} == {"firm", "capped", "spot", "storage"}
    assert {fleet.owner for fleet in site.fleets} == {"own", "hosted"}


def test_unknown_example_names_the_nearest() -> None:
    with pytest.raises(InputError, match="Did you mean texas-mine"):
        example("texasmine")
