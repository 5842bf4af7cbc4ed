"""The general path where it is most easily wrong: ramps, modes, dwell, resale, awards, stops by the clock."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError, SolverError
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.counts import first_in_first_out
from megawatt.dispatch.general import Effort, limit_price_usd_per_mw, plan_general
from megawatt.dispatch.ledger import settle
from megawatt.dispatch.problem import (
    FREE,
    BatchJob,
    ElasticLoad,
    EnergyPosition,
    FirmLoad,
    InitialState,
    MachineClass,
    PeakCharge,
    Problem,
    Reserve,
)
from megawatt.dispatch.schedule import Schedule, UnitRun, dwell_faults, violations
from megawatt.dispatch.separable import plan_separable
from megawatt.dispatch.simulate import simulate
from tests.dispatch.oracles import words
from tests.dispatch.sites import START, any_wish, full_site, machine

EXACT = Effort(relative_gap=1e-9)
SEEDS = st.integers(0, 2**32 - 1)


def site(price: list[float], limit_mw: float, **changes: object) -> Problem:
    T = len(price)
    flat = np.ones(T)
    firm = (FirmLoad("firm", 4 * flat, 0 * flat),)
    base = Problem(TimeGrid(START, 60, T), np.array(price), 0 * flat, 0 * flat, limit_mw * flat, firm=firm)
    return replace(base, **changes)  # type: ignore[arg-type]


def rentable(T: int, mw: float = 5.0) -> ElasticLoad:
    """Work that brings 200 USD/MWh."""
    flat = np.ones((1, T))
    return ElasticLoad("spot", 0 * flat[0], 0 * flat[0], mw * flat, 200 * flat)


@settings(deadline=None, max_examples=30)
@given(SEEDS, st.integers(1, 9), st.sampled_from([5, 15, 60]))
def test_plans_of_full_sites_keep_physics_and_no_policy_passes_their_bound(seed: int, T: int, step: int) -> None:
    rng = np.random.default_rng(seed)
    problem = full_site(rng, T, step=step, months=min(2, T))
    plan = plan_general(problem, EXACT)
    assert not violations(problem, plan.schedule)
    assert plan.bound_usd is not None
    other = simulate(problem, any_wish(problem, rng)).schedule
    assert violations(problem, other) or settle(problem, other).net_usd <= plan.bound_usd + 1e-6


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.integers(1, 40))
def test_counts_always_fall_apart_into_blocks_that_keep_their_dwell_times(seed: int, T: int) -> None:
    """Any counts that are a sum of valid words fall apart, first in first out, into valid words."""
    rng = np.random.default_rng(seed)
    c = replace(machine(rng, "m", np.ones(T)), blocks=int(rng.integers(1, 6)), ramp_loss=np.zeros(0))
    count = sum((random_word(rng, c, T) for _ in range(c.blocks)), np.zeros(T, dtype=np.int64))
    on = first_in_first_out(count, c)
    assert on.sum(axis=0).tolist() == count.tolist()
    for word in on:
        assert dwell_faults(word.astype(np.bool_), c) == []


def random_word(rng: np.random.Generator, c: MachineClass, T: int) -> np.ndarray:
    """A word that switches whenever it may and a coin says so."""
    word = np.zeros(T, dtype=np.int64)
    state, age = c.initial.on, c.initial.steps
    for t in range(T):
        if age >= (c.min_up if state else c.min_down) and rng.random() < 0.5:
            state, age = not state, 0
        age += 1
        word[t] = state
    return word


@pytest.mark.parametrize("seed", range(12))
def test_the_bound_holds_with_ramps_modes_and_several_classes_under_a_limit(seed: int) -> None:
    """Brute force over all words of two classes and their modes: never above the bound, and never far above the plan."""
    rng = np.random.default_rng(seed)
    T = 4
    classes = tuple(
        replace(machine(rng, f"m{i}", np.ones(T)), blocks=1, ramp_loss=np.array([0.6, 0.3, 0.1])[: 1 + seed % 3])
        for i in range(2)
    )
    problem = site(rng.normal(40, 60, T).tolist(), 4 + 6.5, machines=classes)
    best = best_of_all_words(problem)
    if best is None:
        with pytest.raises(InputError, match="cannot hold together"):
            plan_general(problem, EXACT)
        return
    plan = plan_general(problem, EXACT)
    assert plan.bound_usd is not None
    assert plan.bound_usd >= best - 1e-6
    assert plan.value_usd <= plan.bound_usd + 1e-6
    if all(c.modes == 1 and len(c.ramp_loss) <= c.min_up and c.initial.steps == FREE for c in classes):
        assert plan.value_usd == pytest.approx(best, abs=1e-5)


def best_of_all_words(problem: Problem) -> float | None:
    """Best value when every running block is in the one mode that pays best in its interval, or in any other."""
    choices = []
    for number, c in enumerate(problem.machines):
        own = []
        for word in words(problem.T, c.min_up, c.min_down, c.initial.on, c.initial.steps):
            modes = itertools.product(*[range(c.modes) if u else (0,) for u in word])
            own += [run_in_modes(number, c.modes, word, mode) for mode in modes]
        choices.append(own)
    best = None
    for units in itertools.product(*choices):
        schedule = Schedule(units)
        if (schedule.import_mw(problem) > problem.limit_mw + 1e-9).any():
            continue
        value = settle(problem, schedule).net_usd
        best = value if best is None else max(best, value)
    return best


def run_in_modes(number: int, modes: int, word: tuple[int, ...], mode: tuple[int, ...]) -> UnitRun:
    share = np.zeros((modes, len(word)))
    share[list(mode), range(len(word))] = word
    return UnitRun(number, 1, share)


def test_a_ramp_longer_than_the_horizon_is_planned() -> None:
    T = 3
    rng = np.random.default_rng(1)
    slow = replace(machine(rng, "m", np.ones(T)), ramp_loss=np.array([0.9, 0.7, 0.5, 0.3, 0.1]), min_up=5, blocks=1)
    off = replace(slow, initial=InitialState(on=False), min_down=1, revenue_usd_per_h=400 * np.ones((slow.modes, T)))
    tied = site([20.0] * T, 50.0, machines=(off,), reserves=(Reserve("r", np.zeros(3), np.zeros(3), 1.0),))
    plan = plan_general(replace(tied, award_hour=np.arange(T)), EXACT)
    alone = plan_separable(replace(tied, reserves=()))
    assert plan.value_usd == pytest.approx(alone.value_usd, abs=1e-6)


@pytest.mark.parametrize("seed", range(12))
def test_a_site_whose_income_and_cost_cancel_is_planned_like_any_other(seed: int) -> None:
    """Fixed fees that eat the whole margin leave nothing to be relative to: rounding must not pass for a fault."""
    rng = np.random.default_rng(seed)
    T = 500
    big = replace(machine(rng, "m", 1 + 0.1 * rng.random(T)), blocks=1000)
    problem = site(rng.normal(40, 40, T).tolist(), 1e6, machines=(big,))
    margin = plan_separable(problem).value_usd
    plan = plan_separable(replace(problem, fixed_usd=np.full(T, margin / T)))
    assert plan.value_usd == pytest.approx(0.0, abs=1e-3)


def test_the_price_of_the_limit_stands_beside_batch_work_too() -> None:
    """4 MW firm, 6 MW of work in every hour, 5 MW of rentable work: at 12 and 14 MW one more MW earns 200 - price."""
    T = 4
    flat = np.ones(T)
    job = BatchJob("hall", 6 * flat, 0 * flat, np.zeros(T, dtype=np.int64), np.array([T]))
    prices = [20.0, 90.0, 30.0, 40.0]
    for limit, worth in ((12.0, [180.0, 110.0, 170.0, 160.0]), (14.0, [180.0, 110.0, 170.0, 160.0]), (20.0, [0.0] * 4)):
        problem = site(prices, limit, batches=(job,), elastic=(rentable(T),))
        assert limit_price_usd_per_mw(problem, plan_general(problem, EXACT)) == pytest.approx(worth, abs=1e-6)


def test_the_price_of_the_limit_is_not_made_up_where_decisions_besides_on_and_off_are_whole() -> None:
    """A block that may not be resold at a negative price is used in full or not at all: no price is known then."""
    block = EnergyPosition("block", 9.0, 30.0, np.array([-20.0, 30.0]), "forbidden")
    problem = site([-20.0, 30.0], 12.0, elastic=(rentable(2, 20.0),), positions=(block,))
    assert np.isnan(limit_price_usd_per_mw(problem, plan_general(problem, EXACT))).all()


def test_a_solver_that_had_no_time_says_so_instead_of_handing_back_something() -> None:
    with pytest.raises(SolverError, match="no plan after 0 s"):
        plan_general(full_site(np.random.default_rng(3), 100), Effort(seconds=0.0))


@pytest.mark.parametrize("resale", ["free", "spread", "forbidden"])
@pytest.mark.parametrize("price", [-60.0, -10.0, 0.0, 45.0, 300.0])
def test_a_block_with_restricted_resale_is_used_exactly_as_money_says(resale: str, price: float) -> None:
    """Rentable work of 0 to 20 MW beside a block of 12 MW: the best of all powers on a fine grid is the plan's."""
    block = EnergyPosition("block", 12.0, 30.0, np.array([price]), resale, 40.0 if resale == "spread" else 0.0)  # type: ignore[arg-type]
    work = replace(rentable(1, 20.0), segment_usd_per_mwh=np.array([[20.0]]))
    problem = site([price], 30.0, elastic=(work,), positions=(block,), firm=())
    powers = np.linspace(0, 20, 201)
    tries = [settle(problem, Schedule((), elastic_mw=np.array([[mw]]))).net_usd for mw in powers]
    plan = plan_general(problem, EXACT)
    assert plan.value_usd == pytest.approx(max(tries), abs=1e-6)


def test_a_least_offer_is_met_or_nothing_is_sold() -> None:
    """Half of 8 MW of machines may be offered: 4 MW, which a market that takes 5 MW at least refuses."""
    T = 2
    flat = np.ones((1, T))
    mine = MachineClass("s21", 2, 4 * flat, 400 * flat)
    hours = np.arange(T)
    for least, sold in ((4.0, 4.0), (5.0, 0.0)):
        r = Reserve("rrs", np.full(T, 9.0), np.zeros(T), max_mw=8.0, min_mw=least, share_fraction=0.5)
        problem = site([20.0, 20.0], 50.0, machines=(mine,), reserves=(r,), award_hour=hours)
        plan = plan_general(problem, EXACT)
        assert plan.schedule.award_mw.tolist() == [[pytest.approx(sold)] * 2]
        assert not violations(problem, plan.schedule)


def test_an_award_must_be_covered_in_every_interval_of_its_hour() -> None:
    """A block that stops in the fourth quarter of an hour, where power costs 5,000, covers no award of that hour."""
    flat = np.ones((1, 8))
    mine = MachineClass("s21", 1, 4 * flat, 400 * flat)
    price = [20.0] * 3 + [5000.0] + [20.0] * 4
    r = Reserve("rrs", np.full(2, 9.0), np.zeros(2), max_mw=4.0)
    problem = site(price, 50.0, machines=(mine,), reserves=(r,), award_hour=np.arange(8) // 4)
    plan = plan_general(replace(problem, grid=TimeGrid(START, 15, 8)), EXACT)
    assert plan.schedule.award_mw.tolist() == [[pytest.approx(0.0), pytest.approx(4.0)]]


def test_two_batch_jobs_share_the_room_under_the_limit() -> None:
    """Two halls of 6 MW, one at a time beside 4 MW of firm load: each gets two of the four hours, cheapest first."""
    T = 4
    flat = np.ones(T)
    window = np.zeros(T, dtype=np.int64)
    jobs = (
        BatchJob("a", 6 * flat, 0 * flat, window, np.array([2]), restart_usd=1.0),
        BatchJob("b", 6 * flat, 0 * flat, window, np.array([2]), restart_usd=1.0),
    )
    problem = site([20.0, 90.0, 30.0, 40.0], 11.0, batches=jobs)
    plan = plan_general(problem, EXACT)
    assert not violations(problem, plan.schedule)
    assert plan.schedule.batch_on.sum(axis=0).tolist() == [1, 1, 1, 1]
    with pytest.raises(InputError, match="cannot hold together") as error:
        plan_general(replace(problem, batches=(jobs[0], replace(jobs[1], need=np.array([3])))), EXACT)
    assert "meter limit" in str(error.value)
    assert "'meter limit' alone would have to give way by 5" in error.value.remedy


def test_batch_work_keeps_its_least_run_across_the_border_of_two_windows() -> None:
    """One hour is due on each side of the border and a run lasts two hours: it can only straddle it."""
    T = 6
    flat = np.ones(T)
    window = np.array([0, 0, 0, 1, 1, 1])
    job = BatchJob("a", 6 * flat, 0 * flat, window, np.array([1, 1]), restart_usd=1.0, min_run=2)
    plan = plan_general(site([10.0, 20.0, 90.0, 90.0, 20.0, 10.0], 11.0, batches=(job,)), EXACT)
    assert plan.schedule.batch_on.tolist() == [[0, 0, 1, 1, 0, 0]]


def test_a_site_of_firm_loads_alone_is_planned_or_explained() -> None:
    """Nothing can be decided: 4 MW fit under 5 MW and not under 3."""
    charge = PeakCharge("d", np.ones(1), np.zeros(2, dtype=np.int64), np.ones(2, dtype=np.bool_), np.zeros(1))
    assert plan_general(site([20.0, 30.0], 5.0), EXACT).value_usd == pytest.approx(-200.0)
    assert plan_general(site([20.0, 30.0], 5.0, peaks=(charge,)), EXACT).value_usd == pytest.approx(-204.0)
    with pytest.raises(InputError, match="'meter limit'") as error:
        plan_general(site([20.0, 30.0], 3.0), EXACT)
    assert "give way by 1" in error.value.remedy
