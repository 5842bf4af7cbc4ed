"""A site's text and series become a problem: every figure worked out by hand."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.app.data import data_for
from megawatt.app.decide import with_period
from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError, UnitError
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.dispatch.case import Case, case_of
from megawatt.dispatch.ledger import settle
from megawatt.dispatch.schedule import idle
from megawatt.dispatch.solve import solve
from megawatt.site.examples import EXAMPLES, example
from megawatt.site.read import Site
from tests.dispatch import texts
from tests.dispatch.texts import HASHPRICE, SUBSIDY_ONLY, case, data, fleet, series, site

TENANT = """\
[[contract]]
name = "tenant"
tenant = "T"
kind = "colocation"
start = 2024-01-01
years = 10.0
rent_usd_per_kw_month = 100.0
power = "pass_through"
"""


def hall(kind: str, more: str = "", contract: str = "tenant", mw: float = 8.0) -> str:
    return f'[[hall]]\nname = "hall"\nkind = "{kind}"\ncritical_it_mw = {mw}\ncontract = "{contract}"\n{more}\n'


def break_even(one: Site, **kwargs: object) -> float:
    c = case(one, **kwargs).problem.machines[0]  # type: ignore[arg-type]
    return float(c.revenue_usd_per_h[0, 0] / c.power_mw[0, 0])


def test_power_and_revenue_of_a_plain_fleet() -> None:
    """10,000 x 4 kW in 4 blocks: 10 MW each; 500 PH/s each at 50 USD/PH/day: 25,000 USD a day."""
    c = case(site(fleet(blocks=4))).problem.machines[0]
    assert c.blocks == 4
    assert c.power_mw == pytest.approx(np.full((1, 24), 10.0))
    assert c.revenue_usd_per_h == pytest.approx(np.full((1, 24), 25_000 / 24))


@pytest.mark.parametrize(
    ("fleet_keys", "site_keys", "factor"),
    [
        ("", {}, 1.0),
        ("", {"pue": "[[20.0, 1.25]]"}, 1 / 1.25),
        ("", {"loss": 0.1}, 0.9),
        ("availability_fraction = 0.8", {}, 1.0),  # broken machines draw nothing and earn nothing
        ("pool_fee_fraction = 0.1", {}, 0.9),
        ('payout = "pps"', {}, SUBSIDY_ONLY / HASHPRICE),
        ("degradation_per_year = 0.2\ninstalled = 2022-07-02", {}, 0.8 ** (730 / 365.25)),
    ],
)
def test_break_even_moves_with_what_it_should(fleet_keys: str, site_keys: dict[str, object], factor: float) -> None:
    """At 20 J/TH and 50 USD/PH/day break-even is 50 / (24 x 0.02) = 104.17 USD/MWh at the meter."""
    text = fleet(more=fleet_keys)
    for key in ("availability_fraction", "pool_fee_fraction"):
        if key in fleet_keys:
            text = text.replace(f"{key} = 1.0\n", "", 1).replace(f"{key} = 0.0\n", "", 1)
    assert break_even(site(text, **site_keys)) == pytest.approx(50 / 0.48 * factor, rel=1e-12)


def test_a_fleet_without_a_day_of_installation_ages_from_the_start_of_the_period() -> None:
    """In the middle of two years it is one year old: 366 of 365.25 days of 2024 lie before 1 January 2025."""
    one = site(fleet(more="degradation_per_year = 0.2"), start=dt.date(2024, 1, 1), end=dt.date(2025, 12, 31))
    assert break_even(one) == pytest.approx(50 / 0.48 * 0.8 ** (365 / 365.25), rel=1e-12)


def test_heat_takes_hash_rate_and_leaves_the_power() -> None:
    one = site(fleet(more="hashrate_derating_per_c = 0.01\nderating_from_c = 35.0"))
    hot = series("temperature/ERCOT", one.grid(), np.where(np.arange(24) < 12, 30.0, 45.0))
    c = case(one, more=[hot]).problem.machines[0]
    assert c.power_mw[0].tolist() == [40.0] * 24
    assert c.revenue_usd_per_h[0, 12] / c.revenue_usd_per_h[0, 0] == pytest.approx(0.9)


def test_pue_follows_the_temperature() -> None:
    one = site(fleet(), pue="[[10.0, 1.0], [30.0, 1.2]]")
    warm = series("temperature/ERCOT", one.grid(), np.linspace(10, 33, 24))
    assert case(one, more=[warm]).problem.machines[0].power_mw[0] == pytest.approx(
        40 * np.minimum(1 + 0.01 * np.arange(24), 1.2)
    )


def test_dwell_times_are_whole_intervals_rounded_up_and_ramps_come_from_the_minutes() -> None:
    keys = "min_up_minutes = 30.5\nmin_down_minutes = 15.0\nstart_usd = 7.0\nstop_usd = 3.0"
    text = fleet(more=keys).replace("minutes_to_full_hashrate = 0.0", "minutes_to_full_hashrate = 30.0")
    c = case(site(text, minutes=15)).problem.machines[0]
    assert (c.min_up, c.min_down, c.start_usd, c.stop_usd) == (3, 1, 7.0, 3.0)
    assert c.ramp_loss.tolist() == pytest.approx([0.75, 0.25])


def test_hosted_machines_bring_the_fee_on_their_plugs_and_a_share_of_the_hashprice() -> None:
    """40 MW at 0.07 USD/kWh are 2,800 USD/h, whatever cooling and losses add; a tenth of 100,000 USD a day comes on top."""
    contract = """\
[[contract]]
name = "hosted"
tenant = "H"
kind = "hosted_mining"
start = 2024-01-01
years = 2.0
fee_usd_per_kwh = 0.07
revenue_share_fraction = 0.1
"""
    one = site(contract, fleet(more='owner = "hosted"\ncontract = "hosted"'), loss=0.2, pue="[[20.0, 1.1]]")
    c = case(one).problem.machines[0]
    assert c.hosted
    assert c.power_mw[0, 0] == pytest.approx(40 * 1.1 / 0.8)
    assert c.revenue_usd_per_h[0, 0] == pytest.approx(2_800 + 0.1 * 100_000 / 24)


def test_a_firm_hall_draws_its_pue_and_losses_and_books_its_rent_over_the_month() -> None:
    """8 IT MW at PUE 1.25 and 20 % losses are 12.5 MW; 800,000 USD a month over the 744 hours of July."""
    load = case(site(TENANT, hall("firm"), loss=0.2)).problem.firm[0]
    assert load.power_mw.tolist() == pytest.approx([12.5] * 24)
    assert load.rent_usd.tolist() == pytest.approx([800_000 / 744] * 24)
    assert load.pass_through


BATCH = """\
[[contract]]
name = "batch"
tenant = "B"
kind = "batch"
start = 2024-01-01
years = 3.0
fee_usd_per_it_mwh = 150.0
"""
DAILY = 'window = "day"\nduty_fraction = 0.5\nrestart_usd = 9.0\nmin_run_minutes = 90.0'


def test_a_batch_hall_owes_its_duty_in_each_local_day_also_of_23_and_25_hours() -> None:
    for start, hours, due in ((dt.date(2024, 3, 9), [24, 23], [12, 12]), (dt.date(2024, 11, 2), [24, 25], [12, 13])):
        one = site(BATCH, hall("batch", DAILY, "batch"), start=start, end=start + dt.timedelta(days=2))
        job = case(one).problem.batches[0]
        assert np.bincount(job.window).tolist() == hours
        assert job.need.tolist() == due
        assert job.fee_usd_per_h.tolist() == pytest.approx([1200.0] * sum(hours))
        assert (job.min_run, job.restart_usd) == (2, 9.0)


def test_a_spot_hall_earns_its_gpus_hours_sold_less_the_platforms_fee() -> None:
    """6,400 GPUs x 0.5 x 2.0 USD x (1 - 0.2) = 5,120 USD/h at 10 MW at the meter: 512 USD/MWh; the series moves it."""
    contract = """\
[[contract]]
name = "market"
tenant = "M"
kind = "spot"
start = 2024-01-01
years = 1.0
usd_per_gpu_hour = 2.0
platform_fee_fraction = 0.2
utilisation_fraction = 0.5
"""
    flat = site(contract, hall("spot", "gpus = 6_400", "market"))
    load = case(flat).problem.elastic[0]
    assert load.segment_mw.tolist() == [[10.0] * 24]
    assert load.segment_usd_per_mwh == pytest.approx(np.full((1, 24), 512.0))
    dated = site(contract, hall("spot", 'gpus = 6_400\ngpu_series = "gpu/H100"', "market"))
    price = series("gpu/H100", dated.grid(), np.where(np.arange(24) < 12, 1.0, np.nan))
    gap = case(dated, more=[price])
    assert gap.problem.elastic[0].segment_usd_per_mwh[0, 0] == pytest.approx(256.0)
    assert gap.hours_covered == 12.0
    assert "gpu/H100" in {one.name for one in gap.inputs}
    assert [g.intervals for g in gap.gaps] == [12]


def test_a_capped_hall_earns_its_rent_by_throughput_from_its_least_power_up() -> None:
    one = site(TENANT, hall("capped", 'workload = "infer_llama_8b"\nmin_power_fraction = 0.5'))
    load = case(one).problem.elastic[0]
    full = load.floor_usd_per_h + (load.segment_mw * load.segment_usd_per_mwh).sum(axis=0)
    assert load.floor_mw + load.segment_mw.sum(axis=0) == pytest.approx(np.full(24, 10.0))
    assert load.floor_mw[0] / 10 >= 0.5
    assert full == pytest.approx(np.full(24, 800_000 / 744))
    assert (np.diff(load.segment_usd_per_mwh, axis=0) <= 1e-9).all()


def test_a_storage_hall_rents_its_terabytes() -> None:
    """100,000 TB x 0.5 x 2 USD = 100,000 USD a month."""
    contract = TENANT.replace('"colocation"', '"storage"').replace('"pass_through"', '"included"')
    contract = contract.replace("rent_usd_per_kw_month = 100.0", "usd_per_tb_month = 2.0\nutilisation_fraction = 0.5")
    load = case(site(contract, hall("storage", "capacity_tb = 100_000"))).problem.firm[0]
    assert load.rent_usd.tolist() == pytest.approx([100_000 / 744] * 24)


def energy(resale: str = "free", more: str = "") -> str:
    head = f'[[energy]]\nname = "b"\nblock_mw = 20.0\nprice_usd_per_mwh = 30.0\nsettlement_point = "HB"\nresale = "{resale}"\n'
    return head + more + "\n"


def test_a_block_is_settled_at_its_own_point_and_only_while_it_is_delivered() -> None:
    one = site(fleet(), energy(more="valid_from = 2024-07-02"), end=dt.date(2024, 7, 3))
    hub = series("price_rt/HB", one.grid(), 50.0)
    problem = case(one, more=[hub]).problem
    position = settle(problem, idle(problem)).lines["grid/position"]
    assert position.tolist() == pytest.approx([0.0] * 24 + [400.0] * 24)


@pytest.mark.parametrize("resale", ["free", "spread", "forbidden"])
def test_what_is_not_covered_draws_nothing_and_earns_nothing(resale: str) -> None:
    """Six hours without a price: no load, no rent, no block, no charge and no work is booked there."""
    one = site(
        TENANT,
        BATCH,
        fleet(),
        hall("firm"),
        hall("batch", DAILY, "batch").replace('"hall"', '"work"'),
        energy(resale, "spread_usd_per_mwh = 5.0" if resale == "spread" else ""),
        adder=3.0,
    )
    price = np.full(24, 40.0)
    price[3:9] = np.nan
    gappy = case(one, price, more=[series("price_rt/HB", one.grid(), 20.0)])
    assert gappy.hours_covered == 18.0
    assert [(g.intervals, str(g.start)) for g in gappy.gaps] == [(6, "2024-07-01T08:00:00")]
    assert gappy.problem.batches[0].need.tolist() == [9]
    plan = solve(gappy.problem)
    for name, line in plan.ledger.lines.items():
        if not name.endswith(("starts_stops", "restarts")):
            assert line[3:9].tolist() == [0.0] * 6, name
    assert plan.ledger.import_mw[3:9].tolist() == [0.0] * 6
    assert not plan.schedule.batch_on[0, 3:9].any()


def test_a_period_without_any_data_is_refused_by_name() -> None:
    one = site(fleet())
    with pytest.raises(InputError, match="no hour of it has all its data") as error:
        case(one, np.nan)
    assert "price_rt/LZ" in error.value.rule


def test_a_missing_series_is_named_with_its_neighbours() -> None:
    one = site(fleet()).connection
    broken = replace(site(fleet()), connection=one.model_copy(update={"load_settlement_point": "LZZ"}))
    with pytest.raises(InputError, match="price_rt/LZZ") as error:
        case_of(broken, data(site(fleet()), 40.0))
    assert "price_rt/LZ" in error.value.rule


DEMAND = '[[charge]]\nname = "d"\nkind = "demand"\nusd_per_kw_month = 5.0\n'


def test_a_demand_charge_measures_its_hours_and_months_while_it_holds() -> None:
    """Hours ending 13 to 19 on weekdays: 13:00 Chicago is hour ending 14; 6 and 7 July 2024 are a weekend."""
    keys = "hours = [13, 19]\nweekdays_only = true\nvalid_to = 2024-07-09\n"
    one = site(fleet(), DEMAND, keys, end=dt.date(2024, 7, 11))
    charge = case(one).problem.peaks[0]
    local = one.grid().index("America/Chicago")
    expected = [12 <= t.hour <= 18 and t.day_of_week < 5 and t.day < 9 for t in local]
    assert charge.measured.tolist() == expected
    assert charge.usd_per_mw_month.tolist() == [5000.0]


def test_a_ratchet_brings_last_years_peak_into_the_first_months() -> None:
    one = site(fleet(), DEMAND, "ratchet_fraction = 0.5\npast_peak_mw = 30.0\n", end=dt.date(2024, 8, 2))
    assert case(one).problem.peaks[0].floor_mw.tolist() == [15.0, 15.0]


COINCIDENT = '[[charge]]\nname = "4cp"\nkind = "coincident"\nusd_per_kw_year = 60.0\n'


@pytest.mark.parametrize("minutes", [5, 15, 60])
def test_a_coincident_charge_falls_on_the_systems_peak_hour(minutes: int) -> None:
    """Hour ending 18 Chicago of 1 July 2024 is 22:00Z; 60 USD/kW-year over four peaks are 15,000 USD per MW."""
    one = site(fleet(), COINCIDENT, minutes=minutes)
    problem = case(one).problem
    hour = problem.grid.starts.astype("datetime64[h]") == np.datetime64("2024-07-01T22", "h")
    assert problem.peak_usd_per_mwh[hour].tolist() == pytest.approx([15_000.0] * (60 // minutes))
    assert not problem.peak_usd_per_mwh[~hour].any()


def test_the_peak_comes_from_the_systems_load_also_where_the_period_is_a_part_of_the_month() -> None:
    """The load of all of July is at hand and peaks on the 3rd at 20:00Z; the period is the 3rd and the 4th."""
    one = site(fleet(), COINCIDENT, start=dt.date(2024, 7, 3), end=dt.date(2024, 7, 5))
    july = TimeGrid.of_local_days(dt.date(2024, 7, 1), dt.date(2024, 8, 1), timezone="America/Chicago", step_minutes=60)
    load = np.full(july.n, 50_000.0)
    load[july.locate("2024-07-03T20:00Z")] = 80_000.0
    found = case(one, more=[series("load/ERCOT", july, load)])
    peak = np.flatnonzero(found.problem.peak_usd_per_mwh)
    assert [str(found.problem.grid.starts[t]) for t in peak] == ["2024-07-03T20:00:00"]
    assert "load/ERCOT" in {used.name for used in found.inputs}


def test_a_load_series_with_a_hole_in_the_month_gives_way_to_the_table() -> None:
    one = site(fleet(), COINCIDENT)
    load = series("load/ERCOT", one.grid(), 50_000.0)
    assert case(one, more=[load]).problem.peak_usd_per_mwh.max() == pytest.approx(15_000.0)


def test_a_summer_whose_peak_nobody_knows_is_an_error_and_not_free() -> None:
    one = site(fleet(), COINCIDENT, start=dt.date(2026, 7, 1), end=dt.date(2026, 7, 2))
    with pytest.raises(InputError, match="2026-07"):
        case(one)
    winter = site(fleet(), COINCIDENT, start=dt.date(2026, 1, 1), end=dt.date(2026, 1, 2))
    assert not case(winter).problem.peak_usd_per_mwh.any()


@pytest.mark.parametrize("keys", ["valid_to = 2024-07-01\n", "valid_from = 2024-07-02\n"])
def test_a_coincident_charge_counts_only_while_it_holds(keys: str) -> None:
    assert not case(site(fleet(), COINCIDENT, keys)).problem.peak_usd_per_mwh.any()


RRS = '[[programme]]\nname = "r"\nproduct = "rrs"\nprice_series = "as/rrs"\nshare_fraction = 0.5\ncall_probability = 0.1\n'


def test_a_programme_sells_half_of_the_machines_at_its_price_less_what_calls_cost() -> None:
    """A call saves 40 USD/MWh of energy and forgoes 104.17 of revenue: 0.1 x (40 - 104.17) per MW and hour."""
    one = site(fleet(), RRS, "qualified = true\n")
    award = series("as/rrs", one.grid(), np.where(np.arange(24) < 20, 6.0, np.nan))
    priced = case(one, more=[award])
    row = priced.problem.reserves[0]
    assert row.max_mw == pytest.approx(20.0)
    assert row.price_usd_per_mw_h.tolist() == [6.0] * 20 + [0.0] * 4
    assert row.call_usd_per_mw_h[:20].tolist() == pytest.approx([0.1 * (40 - 50 / 0.48)] * 20)
    assert (row.call_usd_per_mw_h[20:] < 0).all()
    assert sum(g.intervals for g in priced.gaps) == 4
    assert case(site(fleet(), RRS)).problem.reserves == ()


def test_award_hours_follow_the_local_clock_also_half_an_hour_off_utc() -> None:
    one = site(fleet(), RRS, "qualified = true\n", timezone="Asia/Kolkata", zone="IN", minutes=15)
    assert str(one.grid().start) == "2024-06-30T18:30:00"
    hourly = TimeGrid(one.grid().start, 60, 24)
    problem = case(one, more=[series("as/rrs", hourly, np.arange(24.0))]).problem
    assert problem.award_hour.tolist() == [t // 4 for t in range(96)]
    assert problem.reserves[0].price_usd_per_mw_h.tolist() == list(range(24))


@pytest.mark.parametrize("minutes", [5, 15, 60])
@pytest.mark.parametrize(("start", "hours"), [(dt.date(2024, 3, 10), 23), (dt.date(2024, 11, 3), 25)])
def test_short_and_long_days_have_their_hours(minutes: int, start: dt.date, hours: int) -> None:
    one = site(TENANT, fleet(), hall("firm"), minutes=minutes, start=start, end=start + dt.timedelta(days=1))
    found = case(one)
    assert found.hours_covered == hours
    month = {3: 743, 11: 721}[start.month]
    assert found.problem.firm[0].rent_usd.sum() == pytest.approx(800_000 * hours / month)


def test_another_market_in_another_zone_is_stated_the_same_way() -> None:
    """The Berlin day starts at 22:00Z in summer."""
    one = site(fleet(), zone="DE", timezone="Europe/Berlin")
    assert str(case(one).problem.grid.start) == "2024-06-30T22:00:00"
    assert break_even(one) == pytest.approx(50 / 0.48)


def test_euros_are_not_taken_for_dollars() -> None:
    one = site(fleet(), zone="DE", timezone="Europe/Berlin")
    euros = replace(series("price_rt/LZ", one.grid(), 40.0), unit=Unit.EUR_PER_MWH)
    with pytest.raises(UnitError, match="EUR/MWh"):
        case_of(one, data(one, 40.0).with_series(euros))


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 2**32 - 1), st.integers(1, 5))
def test_known_is_the_last_value_that_had_been_published(seed: int, delay: int) -> None:
    """Brute force: of the values known at t less the delay the one of the latest interval; gaps and late news included."""
    rng = np.random.default_rng(seed)
    one = site(fleet())
    grid = one.grid()
    wide = TimeGrid(grid.start - np.timedelta64(7200, "s"), 15, 104)
    values = np.where(rng.random(104) < 0.2, np.nan, rng.normal(40, 30, 104))
    price = Series(
        "price_rt/LZ",
        texts.UNITS["price_rt"],
        wide,
        values,
        wide.starts + rng.integers(15, 200, 104).astype("timedelta64[m]"),
        series("price_rt/LZ", wide, 0.0).provenance,
    )
    ahead = series("price_da/LZ", grid, rng.normal(40, 30, grid.n), known_after_minutes=-300)
    late = series("price_da/LZ", grid, ahead.values, known_after_minutes=60)
    whole = Dataset([price, ahead, *texts.network(grid)])
    patched = replace_price(whole, one)
    known = patched.known(delay)
    for t, start in enumerate(grid.starts):
        at = start - (delay - 1) * grid.step
        seen = [i for i in range(104) if price.known_at[i] <= at]
        expected = values[max(seen)] if seen else np.nan
        assert known.price_usd_per_mwh[t] == pytest.approx(expected, nan_ok=True)
    reach = grid.starts - (delay - 1) * grid.step >= ahead.known_at
    assert np.isfinite(known.day_ahead_usd_per_mwh).tolist() == reach.tolist()
    none = replace(patched, data=whole.with_series(late)).known(delay)
    assert np.isnan(none.day_ahead_usd_per_mwh).all()


def replace_price(whole: Dataset, one: Site) -> Case:
    """The case of a flat price, deciding on other data."""
    return replace(case(one), data=whole)


def test_without_delay_the_intervals_own_price_is_known() -> None:
    prices = np.arange(24.0)
    found = case(site(fleet()), prices)
    assert found.known(0).price_usd_per_mwh.tolist() == prices.tolist()
    assert found.known(1).price_usd_per_mwh[1:].tolist() == prices[:-1].tolist()
    assert np.isnan(found.known(1).price_usd_per_mwh[0])
    assert found.known(3).price_usd_per_mwh[3:].tolist() == prices[:-3].tolist()


@pytest.mark.parametrize("name", sorted(EXAMPLES))
def test_every_example_builds_and_settles_with_the_shipped_data(name: str) -> None:
    one = with_period(Site.from_text(example(name)), "2024-07-01", "2024-07-02")
    found = case_of(one, data_for(one))
    assert found.covered.all()
    assert found.hours_covered == 24.0
    assert not found.gaps
    ledger = settle(found.problem, idle(found.problem))
    assert np.isfinite(ledger.net_usd)
    assert len(found.problem.machines) == len(one.fleets)
    assert len(found.problem.firm) + len(found.problem.batches) + len(found.problem.elastic) == len(one.halls)
