"""A plan that is made anew never forgets what ran: dwell times, work done, peaks incurred."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.ahead import AheadPlan, Request, plan_ahead
from megawatt.dispatch.general import Effort
from megawatt.dispatch.problem import FREE, InitialState
from megawatt.dispatch.state import Decided, SiteState, WorkState, open_window
from megawatt.site.read import Site
from tests.dispatch.texts import fleet, network, series, site

EFFORT = Effort(relative_gap=1e-4, seconds=20.0)
BATCH = """\
[[hall]]
name = "train"
kind = "batch"
critical_it_mw = 8.0
contract = "c"
window = "day"
duty_fraction = 0.5
restart_usd = 100.0
min_run_minutes = 180.0
[[contract]]
name = "c"
tenant = "t"
kind = "batch"
start = 2024-01-01
years = 2.0
fee_usd_per_it_mwh = 150.0
"""
DEMAND = '[[charge]]\nname = "demand"\nkind = "demand"\nusd_per_kw_month = 20.0\n'
FIRST = dt.date(2024, 7, 1)
NOW = np.datetime64("2024-07-20T17:00", "s")
"""Noon in Chicago."""


def mine(*parts: str, limit: float = 100.0, more: str = "min_up_minutes = 180.0\nmin_down_minutes = 240.0") -> Site:
    machines = fleet(blocks=2, more=f"{more}\nstart_usd = 50.0\nstop_usd = 20.0")
    return site(machines, *parts, start=FIRST, end=dt.date(2024, 8, 1), limit=limit)


def market(one: Site, later: float, seed: int = 1) -> Dataset:
    """Prices around 60 USD/MWh until now and a published day-ahead price of ``later`` after."""
    grid = one.grid()
    rng = np.random.default_rng(seed)
    price = 60.0 + 5.0 * rng.standard_normal(grid.n)
    ahead = np.where(grid.starts < NOW, 60.0, later)
    published = series("price_da/LZ", grid, ahead, known_after_minutes=-60 * 48)
    return Dataset([series("price_rt/LZ", grid, price), published, *network(grid)])


def planned(one: Site, before: SiteState, later: float, hours: int = 12, **changes: object) -> AheadPlan:
    request = replace(Request(NOW, hours, scenarios=3), **changes)  # type: ignore[arg-type]
    return plan_ahead(one, market(one, later), before, request, EFFORT)


def told(plan: AheadPlan) -> list[int]:
    return [int(x) for x in plan.running()[plan.rolling.typical, 0]]


def test_a_block_that_has_just_stopped_rests_and_one_that_has_just_started_runs() -> None:
    one = mine()
    start = SiteState.assumed(one, NOW)
    resting = replace(start, blocks={"s": (InitialState(False, 1), InitialState(True, FREE))})
    assert told(planned(one, resting, later=20.0)) == [1, 1, 1] + [2] * 9
    running = replace(start, blocks={"s": (InitialState(True, 1), InitialState(True, FREE))})
    assert told(planned(one, running, later=400.0)) == [1, 1] + [0] * 10


def test_decisions_are_carried_on_block_by_block() -> None:
    one = mine()
    start = replace(SiteState.assumed(one, NOW), blocks={"s": (InitialState(False, 1), InitialState(True, FREE))})
    plan = planned(one, start, later=20.0)
    after = plan.state().after(one, NOW + np.timedelta64(5 * 3600, "s"))
    assert after.blocks["s"] == (InitialState(True, 2), InitialState(True, FREE))
    assert after.decided is None


@settings(deadline=None, max_examples=15)
@given(st.integers(0, 2**32 - 1), st.integers(1, 11))
def test_two_steps_carry_a_state_as_far_as_one(seed: int, cut: int) -> None:
    one = mine(BATCH, DEMAND)
    rng = np.random.default_rng(seed)
    words = rng.integers(0, 2, (3, 24))
    mw = tuple(rng.uniform(0, 50, 24).tolist())

    def decided(first: int) -> Decided:
        word = [tuple(int(x) for x in row[first:]) for row in words]
        return Decided({"s": (word[0], word[1])}, {"train": word[2]}, mw[first:])

    hour = np.timedelta64(3600, "s")
    start = replace(SiteState.assumed(one, NOW), decided=decided(0))
    middle = replace(start.after(one, NOW + cut * hour), decided=decided(cut))
    assert middle.after(one, NOW + 24 * hour) == start.after(one, NOW + 24 * hour)


def test_work_that_was_done_is_not_done_again() -> None:
    """12 of the 24 hours of a local day are due; at noon 9 were run, so that 3 are left, and 12 for the next day."""
    one = mine(BATCH)
    start = SiteState.assumed(one, NOW)
    assert start.work["train"].window == np.datetime64("2024-07-20T05:00")
    assert start.work["train"].done == 6  # in proportion, where nothing is recorded
    done = replace(start, work={"train": replace(start.work["train"], done=9)})
    plan = planned(one, done, later=20.0, hours=36)
    assert [int(on[:12].sum()) for on in plan.rolling.schedules[0].batch_on] == [3]
    assert [int(on[12:].sum()) for on in plan.rolling.schedules[0].batch_on] == [12]
    after = plan.state().after(one, NOW + np.timedelta64(12 * 3600, "s"))
    assert after.work["train"].window == np.datetime64("2024-07-21T05:00")
    assert after.work["train"].done == 0


def test_a_run_of_work_begun_before_lasts_its_least_run_however_dear() -> None:
    one = mine(BATCH)
    start = SiteState.assumed(one, NOW)
    work = WorkState(np.datetime64("2024-07-20T05:00", "s"), 9, InitialState(True, 1))
    plan = planned(one, replace(start, work={"train": work}), later=400.0, hours=36)
    assert all(s.batch_on[0, :2].tolist() == [1, 1] for s in plan.rolling.schedules)


def test_work_that_no_longer_fits_is_named_and_the_rest_is_done() -> None:
    one = mine(BATCH)
    late = np.datetime64("2024-07-21T01:00", "s")  # 20:00: four hours are left
    start = SiteState.assumed(one, late)
    work = WorkState(np.datetime64("2024-07-20T05:00", "s"), 6, InitialState(False, FREE))
    plan = planned(one, replace(start, work={"train": work}), later=60.0, now=late)
    assert plan.missed == (2,)
    assert plan.rolling.schedules[0].batch_on[0, :4].tolist() == [1, 1, 1, 1]


def test_work_waits_for_cheap_hours_after_the_horizon() -> None:
    """Six hours are left to do in twelve; the horizon's six are dear, those after it cheap."""
    one = mine(BATCH)
    grid = one.grid()
    cheap = market(one, later=90.0)
    ahead = cheap["price_da/LZ"]
    late = grid.starts >= NOW + np.timedelta64(6 * 3600, "s")
    data = cheap.with_series(replace(ahead, values=np.where(late, 10.0, ahead.values)))
    plan = plan_ahead(one, data, SiteState.assumed(one, NOW), Request(NOW, 6, scenarios=3), EFFORT)
    assert plan.rolling.later_work.tolist() == [[6.0]] * 3
    assert plan.rolling.schedules[0].batch_on.sum() == 0


def test_a_peak_already_incurred_costs_nothing_more() -> None:
    """At 20 USD/kW-month a first peak is dear; one that is already incurred lets the machines run."""
    one = mine(DEMAND, more="")
    start = SiteState.assumed(one, NOW)
    before = replace(start, peak_mw={"demand": {"2024-07": 40.0}})
    shy, free = planned(one, start, later=95.0), planned(one, before, later=95.0)
    assert max(told(shy)) == 0
    assert min(told(free)) == 2
    assert free.state().after(one, NOW + np.timedelta64(3600, "s")).peak_mw == {"demand": {"2024-07": 40.0}}


def test_a_peak_serves_the_rest_of_its_month_so_the_horizon_bears_its_share() -> None:
    one = mine(DEMAND)
    plan = planned(one, SiteState.assumed(one, NOW), later=60.0)
    hours_left = 11 * 24 + 12
    assert plan.expected.peaks[0].usd_per_mw_month.tolist() == pytest.approx([20_000 * 12 / hours_left])


def test_a_plan_begins_with_the_next_interval() -> None:
    one = mine()
    grid = Request(NOW + np.timedelta64(7 * 60, "s"), 4).grid(one)
    assert grid == TimeGrid(NOW + np.timedelta64(3600, "s"), 60, 4)
    with pytest.raises(InputError, match="the plan begins at"):
        planned(one, SiteState.assumed(one, NOW), later=20.0, now=NOW + np.timedelta64(7 * 60, "s"))


def test_a_state_is_not_carried_beyond_what_was_decided_nor_back() -> None:
    one = mine()
    kept = planned(one, SiteState.assumed(one, NOW), later=20.0).state()
    for hours in (-1, 13):
        with pytest.raises(InputError, match="what ran besides is not known"):
            kept.after(one, NOW + np.timedelta64(hours * 3600, "s"))


def test_the_state_of_another_site_is_refused() -> None:
    one, other = mine(), mine(BATCH)
    with pytest.raises(InputError, match="batch halls"):
        SiteState.assumed(one, NOW).belongs_to(other)


def test_too_little_known_is_refused() -> None:
    one = mine()
    early = np.datetime64("2024-07-03T17:00", "s")
    with pytest.raises(InputError, match="7 days"):
        planned(one, SiteState.assumed(one, early), later=20.0, now=early)
    late = np.datetime64("2024-08-20T17:00", "s")
    with pytest.raises(InputError, match="starts from the last price"):
        planned(one, SiteState.assumed(one, late), later=20.0, now=late)


def test_the_day_of_25_hours_asks_for_its_share_of_work() -> None:
    """3 November 2024 in Chicago: 25 hours, of which half, rounded up, are due."""
    one = mine(BATCH)
    hall, begin = one.halls[0], np.datetime64("2024-11-03T05:00", "s")
    assert open_window(one, hall, TimeGrid(begin, 60, 1)) == (0, 25, 13)
    assert open_window(one, hall, TimeGrid(begin + np.timedelta64(6 * 3600, "s"), 60, 1)) == (6, 25, 13)
    assert open_window(one, hall, TimeGrid(np.datetime64("2024-03-10T06:00", "s"), 60, 1)) == (0, 23, 12)


def test_a_month_that_begins_within_the_horizon_starts_its_own_peak() -> None:
    one = mine(DEMAND)
    late = np.datetime64("2024-07-31T23:00", "s")
    start = replace(SiteState.assumed(one, late), peak_mw={"demand": {"2024-07": 40.0}})
    request = Request(late, 12, scenarios=3)
    grid = one.grid()
    data = market(one, later=60.0)
    plan = plan_ahead(one, data, start, request, EFFORT)
    charge = plan.expected.peaks[0]
    assert grid.end < plan.expected.grid.end
    assert charge.floor_mw.tolist() == [40.0, 0.0]
    assert charge.usd_per_mw_month.tolist() == pytest.approx([20_000.0, 20_000 * 6 / 744])
