"""Rules inside single tables, built in Python."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from megawatt.site import (
    Charge,
    Connection,
    Contract,
    CreditStep,
    EnergyBlock,
    Finance,
    Fleet,
    Hall,
    Mode,
    Period,
    Programme,
    Pue,
)
from megawatt.site.field import MIXUPS
from megawatt.site.tables import TABLES


def _connection(**changed: object) -> Connection:
    given: dict[str, object] = {
        "name": "a",
        "zone": "ERCOT",
        "timezone": "America/Chicago",
        "load_settlement_point": "LZ_WEST",
        "meter_limit_mw": 10.0,
    }
    return Connection.model_validate(given | changed)


def test_meter_power_is_load_times_pue_over_what_losses_leave() -> None:
    """20 MW of IT at 1.3 and 2 % losses: 26 / 0.98 = 26.53 MW."""
    assert _connection(loss_fraction=0.02).meter_mw(20.0, 1.3) == pytest.approx(26.530612, abs=1e-6)


@pytest.mark.parametrize("name", ["CST", "EST", "CET", "PST8PDT", "Central Time", "", "../etc/passwd", "america"])
def test_name_that_is_no_iana_zone_is_refused(name: str) -> None:
    """EST, CET and PST8PDT are in the database, yet are not what a site's zone is."""
    with pytest.raises(ValidationError):
        _connection(timezone=name)


def test_empty_name_is_refused() -> None:
    with pytest.raises(ValidationError, match="load_settlement_point = "):
        _connection(load_settlement_point="  ")


def test_tables_cannot_be_changed() -> None:
    with pytest.raises(ValidationError, match="frozen"):
        _connection().name = "b"  # type: ignore[misc]  # what is tried


def test_truth_is_no_number() -> None:
    with pytest.raises(ValidationError):
        _connection(meter_limit_mw=True)


def test_pue_is_straight_between_points_and_constant_outside() -> None:
    pue = Pue(mining_points=((10.0, 1.0), (30.0, 1.2)), hall_points=((0.0, 1.2), (20.0, 1.3), (40.0, 1.5)))
    assert pue.mining_at([-40.0, 10.0, 20.0, 30.0, 50.0]) == pytest.approx([1.0, 1.0, 1.1, 1.2, 1.2])
    assert pue.hall_at(30.0) == pytest.approx(1.4)
    assert (pue.worst_mining, pue.worst_hall) == (1.2, 1.5)
    assert np.isnan(pue.hall_at(np.nan))


def test_model_fills_hash_rate_power_and_cooling() -> None:
    fleet = Fleet(name="a", model="S21 Hyd", count=1_000, blocks=4)
    assert (fleet.hashrate_th_s, fleet.power_w, fleet.cooling) == (335.0, 5_360.0, "hydro")
    assert (fleet.full_mw, fleet.block_mw) == (5.36, 1.34)
    assert fleet.efficiency_j_per_th == 16.0


def test_figures_given_win_over_the_model() -> None:
    fleet = Fleet(name="a", model="Antminer S21", hashrate_th_s=190.0, power_w=3_400.0, count=1)
    assert (fleet.hashrate_th_s, fleet.power_w) == (190.0, 3_400.0)


def test_unknown_model_with_figures_is_a_label() -> None:
    assert Fleet(name="a", model="Homemade 1", hashrate_th_s=190.0, power_w=3_400.0, count=1).model == "Homemade 1"


def test_largest_and_smallest_power_count_working_machines_and_modes() -> None:
    """1,000 machines of 3 kW, 90 % of which work: 2.7 MW; in a mode of 120 % 3.24 MW; a quarter of them at 50 % 0.3375 MW."""
    modes = tuple(Mode(name=f"{p}", power_fraction=p, hashrate_fraction=p) for p in (1.0, 1.2, 0.5))
    fleet = Fleet(
        name="a", hashrate_th_s=150.0, power_w=3_000.0, count=1_000, blocks=4, modes=modes, availability_fraction=0.9
    )
    assert fleet.largest_mw == pytest.approx(3.24)
    assert fleet.smallest_block_mw == pytest.approx(0.3375)


@pytest.mark.parametrize(
    ("changed", "said"),
    [
        ({}, "names no machine"),
        ({"hashrate_th_s": 100.0}, "lacks power_w"),
        ({"power_w": 3_000.0}, "lacks hashrate_th_s"),
        ({"model": "S21", "owner": "hosted"}, "hosted without a contract"),
        ({"model": "S21", "contract": "c"}, "is own and has the contract"),
        ({"model": "S21", "modes": ()}, "modes is an empty list"),
    ],
)
def test_fleet_that_contradicts_itself_is_refused(changed: dict[str, object], said: str) -> None:
    with pytest.raises(ValidationError, match=said):
        Fleet.model_validate({"name": "a", "count": 1} | changed)


def test_two_modes_of_one_name_are_refused() -> None:
    mode = Mode(name="eco", power_fraction=0.7, hashrate_fraction=0.77)
    with pytest.raises(ValidationError, match="two modes are named 'eco'"):
        Fleet(name="a", model="S21", count=1, modes=(mode, mode))


KIND_NEEDS = {
    ("hall", "batch"): {"window", "duty_fraction"},
    ("hall", "capped"): {"workload"},
    ("hall", "spot"): {"gpus"},
    ("hall", "storage"): {"capacity_tb"},
    ("contract", "colocation"): {"rent_usd_per_kw_month"},
    ("contract", "batch"): {"fee_usd_per_it_mwh"},
    ("contract", "spot"): {"usd_per_gpu_hour"},
    ("contract", "storage"): {"usd_per_tb_month"},
    ("contract", "hosted_mining"): {"fee_usd_per_kwh"},
    ("charge", "demand"): {"usd_per_kw_month"},
    ("charge", "coincident"): {"usd_per_kw_year"},
}
BARE: dict[str, dict[str, object]] = {
    "hall": {"name": "h", "critical_it_mw": 1.0, "contract": "c"},
    "contract": {"name": "c", "tenant": "t", "start": dt.date(2024, 1, 1), "years": 1.0},
    "charge": {"name": "x"},
}


@pytest.mark.parametrize(("table", "kind"), KIND_NEEDS)
def test_kind_names_all_keys_it_lacks(table: str, kind: str) -> None:
    with pytest.raises(ValidationError) as caught:
        TABLES[table].table.model_validate(BARE[table] | {"kind": kind})
    said = str(caught.value)
    assert {key for key in TABLES[table].table.model_fields if f"without {key}," in said} == KIND_NEEDS[table, kind]


def test_key_of_another_kind_is_refused() -> None:
    with pytest.raises(ValidationError, match="gpus is given for kind = 'firm'"):
        Hall(name="h", kind="firm", critical_it_mw=1.0, contract="c", gpus=5)


def test_gpu_series_is_of_kind_gpu() -> None:
    with pytest.raises(ValidationError, match='Write "gpu/H100"'):
        Hall(name="h", kind="spot", critical_it_mw=1.0, contract="c", gpus=800, gpu_series="H100")


def test_coincident_charge_is_of_summer_and_billed_next_year() -> None:
    charge = Charge(name="4cp", kind="coincident", usd_per_kw_year=60.0)
    assert (charge.months, charge.billing) == ((6, 7, 8, 9), "following_calendar_year")


def test_demand_charge_is_of_all_months_and_billed_at_once() -> None:
    charge = Charge(name="d", kind="demand", usd_per_kw_month=5.0)
    assert (charge.months, charge.billing) == (tuple(range(1, 13)), "same_month")


@pytest.mark.parametrize("hours", [(0, 24), (20, 8), (1, 25)])
def test_hours_that_no_day_has_are_refused(hours: tuple[int, int]) -> None:
    with pytest.raises(ValidationError, match="first and last hour ending"):
        Charge(name="d", kind="demand", usd_per_kw_month=5.0, hours=hours)


@pytest.mark.parametrize(
    ("start", "years", "end"),
    [
        (dt.date(2024, 6, 3), 12.0, dt.date(2036, 6, 3)),
        (dt.date(2024, 2, 29), 1.0, dt.date(2025, 3, 1)),
        (dt.date(2024, 1, 31), 1 / 12, dt.date(2024, 3, 1)),
        (dt.date(2024, 10, 15), 0.5, dt.date(2025, 4, 15)),
        (dt.date(2023, 12, 31), 2 / 12, dt.date(2024, 3, 1)),
    ],
)
def test_end_of_a_contract(start: dt.date, years: float, end: dt.date) -> None:
    contract = Contract(name="c", tenant="t", kind="storage", start=start, years=years, usd_per_tb_month=2.0)
    assert contract.end == end


def test_hosted_miners_cannot_pay_energy_twice() -> None:
    with pytest.raises(ValidationError, match="the fee per kWh includes the energy"):
        Contract(
            name="c",
            tenant="t",
            kind="hosted_mining",
            start=dt.date(2024, 1, 1),
            years=1.0,
            fee_usd_per_kwh=0.07,
            power="pass_through",
        )


def test_delivery_that_ends_before_it_starts_is_refused() -> None:
    with pytest.raises(ValidationError, match="the end lies after the start"):
        EnergyBlock(
            name="e",
            block_mw=1.0,
            price_usd_per_mwh=30.0,
            settlement_point="HB",
            valid_from=dt.date(2024, 2, 1),
            valid_to=dt.date(2024, 1, 1),
        )


@pytest.mark.parametrize("given", ["mining_capex_usd_per_th", "mining_life_years"])
def test_price_and_life_of_machines_come_together(given: str) -> None:
    with pytest.raises(ValidationError, match=f"{given} without mining_"):
        Finance.model_validate({given: 4.0})


def test_programme_cannot_exclude_itself() -> None:
    with pytest.raises(ValidationError, match="excludes itself"):
        Programme(name="rrs", product="rrs", price_series="as/rrs", excludes=("rrs",))


@settings(deadline=None, max_examples=100)
@given(st.data())
def test_hint_names_a_unit_that_brings_the_number_back_into_range(data: st.DataObject) -> None:
    """A sane value written in another unit is refused or still sane; the hint, if any, gives a sane value."""
    known = data.draw(
        st.sampled_from(
            [
                one
                for place in TABLES.values()
                for one in place.table.keys().values()
                if one.unit in MIXUPS and one.high is not None
            ]
        )
    )
    assert known.low is not None
    assert known.high is not None
    value = data.draw(st.floats(known.low, known.high))
    factor = data.draw(st.sampled_from(sorted(MIXUPS[known.unit].values())))
    mistaken = value / factor
    hint = known.unit_hint(mistaken)
    if hint:
        meant = float(hint.removesuffix(".").rsplit(" ", 1)[1].replace(",", ""))
        assert known.is_sane(meant)
    elif known.is_sane(value) and not known.is_sane(mistaken):
        assert value == 0 or not known.is_sane(float(f"{mistaken * factor:.12g}"))


def test_own_figure_is_not_mixed_with_one_of_the_model() -> None:
    with pytest.raises(ValidationError, match="lacks power_w"):
        Fleet(name="a", model="Antminer S21", hashrate_th_s=190.0, count=1)


def test_one_hour_is_a_window() -> None:
    assert Charge(name="d", kind="demand", usd_per_kw_month=5.0, hours=(17, 17)).hours == (17, 17)


def test_period_of_no_day_is_refused() -> None:
    with pytest.raises(ValidationError, match="Add at least one day to end"):
        Period(start=dt.date(2024, 7, 1), end=dt.date(2024, 7, 1))


def test_temperature_given_twice_is_refused() -> None:
    with pytest.raises(ValidationError, match="they ascend"):
        Pue(mining_points=((20.0, 1.0), (20.0, 1.1)))


@pytest.mark.parametrize("second", [(0.999, 0.2), (0.99, 0.1), (0.9995, 0.2)])
def test_credit_step_must_be_lower_in_availability_and_higher_in_credit(second: tuple[float, float]) -> None:
    steps = tuple(CreditStep(below=below, credit_fraction=credit) for below, credit in ((0.999, 0.1), second))
    with pytest.raises(ValidationError, match="rise in credit"):
        Contract(
            name="c",
            tenant="t",
            kind="colocation",
            start=dt.date(2024, 1, 1),
            years=1.0,
            rent_usd_per_kw_month=122.0,
            credits=steps,
        )


def test_a_states_tax_is_deducted_before_the_federal_one() -> None:
    """100 USD of income: 6 USD to the state, 21 % of the other 94 to the Union, 74.26 USD left."""
    finance = Finance(tax_fraction=0.21, state_tax_fraction=0.06)
    assert 100 * (1 - finance.income_tax_fraction) == pytest.approx(74.26)
    assert Finance().income_tax_fraction == Finance().tax_fraction
