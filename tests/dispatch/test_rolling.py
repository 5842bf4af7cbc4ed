"""Plans over scenarios: against every pair of schedules, against `solve` with one scenario, and the law of the risk weight."""

import itertools
from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.general import Effort
from megawatt.dispatch.ledger import settle
from megawatt.dispatch.problem import FREE, BatchJob, InitialState, MachineClass, PeakCharge, Problem, Reserve
from megawatt.dispatch.rolling import LaterWork, Outlook, Risk, RollingPlan, _plan_extensive, cvar_usd, plan_rolling
from megawatt.dispatch.schedule import Schedule, UnitRun, violations
from megawatt.dispatch.solve import solve

EXACT = Effort(relative_gap=0.0, seconds=60.0)


def problem(rng: np.random.Generator, T: int, *, coupled: bool, blocks: int = 1, batch: bool = False) -> Problem:
    """Machines of 10 MW a block, and where coupled a meter limit, a demand charge and batch work."""
    machine = MachineClass(
        "mine",
        blocks,
        np.full((1, T), 10.0),
        rng.uniform(400.0, 600.0, (1, T)),
        start_usd=float(rng.uniform(0, 100)),
        stop_usd=float(rng.uniform(0, 50)),
        min_up=int(rng.integers(1, 3)),
        min_down=int(rng.integers(1, 3)),
        initial=InitialState(bool(rng.integers(2)), int(rng.choice([1, FREE]))),
    )
    need = np.array([1 if T < 3 else 2])
    job = BatchJob("train", np.full(T, 8.0), np.full(T, 300.0), np.zeros(T, dtype=np.int64), need, restart_usd=60.0)
    charge = PeakCharge(
        "demand", np.array([12.0]), np.zeros(T, dtype=np.int64), np.ones(T, dtype=bool), np.array([5.0])
    )
    return Problem(
        TimeGrid(np.datetime64("2024-07-01", "s"), 60, T),
        price_usd_per_mwh=rng.normal(50, 40, T),
        adder_usd_per_mwh=np.full(T, 2.0),
        peak_usd_per_mwh=np.zeros(T),
        limit_mw=np.full(T, 10.0 * blocks + (4.0 if coupled and batch else 9.0)),
        machines=(machine,),
        batches=(job,) if batch else (),
        peaks=(charge,) if coupled else (),
    )


def scenarios(one: Problem, rng: np.random.Generator, S: int) -> tuple[Problem, ...]:
    return tuple(replace(one, price_usd_per_mwh=rng.normal(50, 40, one.T)) for _ in range(S))


def every_schedule(one: Problem) -> list[Schedule]:
    """Every way to run each block and each job that keeps the rules."""
    found = []
    words = list(itertools.product((0.0, 1.0), repeat=one.T))
    blocks = one.machines[0].blocks
    jobs = list(itertools.product((0, 1), repeat=one.T)) if one.batches else [()]
    for chosen in itertools.combinations_with_replacement(words, blocks):
        for work in jobs:
            units = tuple(UnitRun(0, 1, np.array([word])) for word in chosen)
            batch = np.array([work], dtype=np.int8) if one.batches else np.zeros((0, one.T), dtype=np.int8)
            schedule = Schedule(units, batch, np.zeros((0, one.T)), np.zeros((0, 0)))
            if not violations(one, schedule):
                found.append(schedule)
    return found


def first_decisions(schedule: Schedule, n: int) -> tuple[object, ...]:
    count = sum(unit.blocks * unit.share.sum(axis=0)[:n] for unit in schedule.units)
    return (*np.rint(count).tolist(), *schedule.batch_on[:, :n].ravel().tolist())


def enumerated(outlook: Outlook, risk: Risk) -> float:
    """The best over all first decisions, each scenario's best after them: value by value more is never worse."""
    best: list[dict[tuple[object, ...], float]] = []
    for one in outlook.problems:
        values: dict[tuple[object, ...], float] = {}
        for schedule in every_schedule(one):
            key = first_decisions(schedule, outlook.common)
            values[key] = max(values.get(key, -np.inf), settle(one, schedule).net_usd)
        best.append(values)
    keys = set.intersection(*(set(values) for values in best))
    return max(risk.of(np.array([values[key] for values in best])) for key in keys)


def kept(plan: RollingPlan) -> None:
    """Every scenario keeps all rules, and the first decisions are the same in all."""
    n = plan.outlook.common
    for one, schedule in zip(plan.outlook.problems, plan.schedules, strict=True):
        assert violations(one, schedule) == []
        assert first_decisions(schedule, n) == first_decisions(plan.schedules[0], n)
        assert np.allclose(schedule.elastic_mw[:, :n], plan.schedules[0].elastic_mw[:, :n])


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**32 - 1), st.integers(1, 3), st.sampled_from([0.0, 0.4, 1.0]), st.booleans())
def test_no_plan_of_a_tiny_site_weighs_more(seed: int, common: int, weight: float, coupled: bool) -> None:
    rng = np.random.default_rng(seed)
    one = problem(rng, 3, coupled=coupled, batch=coupled)
    outlook, risk = Outlook(scenarios(one, rng, 3), common), Risk(weight, 0.5)
    plan = plan_rolling(outlook, risk, EXACT)
    kept(plan)
    assert plan.worth_usd == pytest.approx(enumerated(outlook, risk), abs=1e-4)
    assert plan.gap_usd == pytest.approx(0.0, abs=1e-3)


def test_two_blocks_that_share_a_limit_with_batch_work_are_enumerated_too() -> None:
    rng = np.random.default_rng(5)
    outlook = Outlook(scenarios(problem(rng, 3, coupled=True, blocks=2, batch=True), rng, 2), 1)
    plan = plan_rolling(outlook, effort=EXACT)
    kept(plan)
    assert plan.worth_usd == pytest.approx(enumerated(outlook, Risk()), abs=1e-4)


@settings(deadline=None, max_examples=6)
@given(st.integers(0, 2**32 - 1), st.integers(1, 8), st.booleans())
def test_with_one_scenario_it_is_the_plan_of_known_prices(seed: int, common: int, coupled: bool) -> None:
    rng = np.random.default_rng(seed)
    one = problem(rng, 8, coupled=coupled, blocks=2, batch=coupled)
    best = solve(one, Effort(1e-3, 2.0))
    plan = plan_rolling(Outlook((one,), common), effort=EXACT)
    kept(plan)
    assert best.gap_usd is not None
    assert plan.worth_usd == pytest.approx(best.value_usd, abs=best.gap_usd + 1e-4)


@settings(deadline=None, max_examples=8)
@given(st.integers(0, 2**32 - 1), st.integers(1, 10))
def test_both_ways_find_the_same_where_nothing_ties_the_blocks(seed: int, common: int) -> None:
    rng = np.random.default_rng(seed)
    one = problem(rng, 10, coupled=False)
    outlook = Outlook(scenarios(one, rng, 4), common)
    assert outlook.separable
    direct, stated = plan_rolling(outlook), _plan_extensive(outlook, Risk(), EXACT)
    assert direct.worth_usd == pytest.approx(stated.worth_usd, abs=1e-4)


@settings(deadline=None, max_examples=6)
@given(st.integers(0, 2**32 - 1))
def test_who_minds_the_bad_scenarios_more_has_a_better_tail_and_never_a_higher_mean(seed: int) -> None:
    rng = np.random.default_rng(seed)
    one = problem(rng, 6, coupled=True, blocks=2, batch=True)
    outlook = Outlook(scenarios(one, rng, 5), 3)
    plans = [plan_rolling(outlook, Risk(weight, 0.4), EXACT) for weight in (0.0, 0.5, 1.0)]
    means = [float(plan.values_usd.mean()) for plan in plans]
    tails = [cvar_usd(plan.values_usd, 0.4) for plan in plans]
    assert all(b <= a + 1e-3 for a, b in itertools.pairwise(means))
    assert all(b >= a - 1e-3 for a, b in itertools.pairwise(tails))


def test_more_common_intervals_are_never_worth_more() -> None:
    rng = np.random.default_rng(3)
    outlooks = [Outlook(scenarios(problem(rng, 8, coupled=False), np.random.default_rng(4), 5), n) for n in (1, 4, 8)]
    one = outlooks[0].problems
    worth = [plan_rolling(Outlook(one, outlook.common)).worth_usd for outlook in outlooks]
    assert worth == sorted(worth, reverse=True)


@pytest.mark.parametrize(
    ("tail", "mean"), [(0.1, -40.0), (0.2, -40.0), (0.4, -15.0), (0.5, (-40 + 10 + 0.5 * 20) / 2.5), (1.0, 24.0)]
)
def test_the_tail_is_the_mean_of_the_sorted_worst_and_a_border_value_counts_by_its_part(
    tail: float, mean: float
) -> None:
    values = np.array([10.0, 100.0, -40.0, 20.0, 30.0])
    assert cvar_usd(values, tail) == pytest.approx(mean)


def test_awards_are_sold_the_same_in_all_scenarios_while_nobody_knows() -> None:
    rng = np.random.default_rng(11)
    one = problem(rng, 4, coupled=False)
    award = Reserve("rrs", np.full(4, 30.0), np.zeros(4), max_mw=8.0, min_mw=1.0)
    sold = replace(one, reserves=(award,), award_hour=np.arange(4))
    outlook = Outlook(scenarios(sold, rng, 3), 2)
    plan = plan_rolling(outlook, effort=EXACT)
    kept(plan)
    assert plan.outlook.problems[0].reserves
    assert all(np.allclose(s.award_mw[:, :2], plan.schedules[0].award_mw[:, :2]) for s in plan.schedules)
    assert max(float(s.award_mw.max()) for s in plan.schedules) > 0


def waiting(price: float, later_usd: float, held: int = 0) -> RollingPlan:
    """Four hours of 8 MW work at a fee of 37.5 USD/MWh, of which three are due and two may wait."""
    T = 4
    job = BatchJob("train", np.full(T, 8.0), np.full(T, 300.0), np.zeros(T, dtype=np.int64), np.array([3]), min_run=2)
    one = Problem(
        TimeGrid(np.datetime64("2024-07-01", "s"), 60, T),
        price_usd_per_mwh=np.full(T, price),
        adder_usd_per_mwh=np.zeros(T),
        peak_usd_per_mwh=np.zeros(T),
        limit_mw=np.full(T, 10.0),
        batches=(replace(job, initial_on=held > 0),),
    )
    later = LaterWork(np.array([later_usd]), np.array([2.0]))
    return plan_rolling(Outlook((one,), 1, held=(held,), later=(later,)), effort=EXACT)


def test_work_waits_for_a_better_time_after_the_horizon_as_far_as_it_may() -> None:
    dear, cheap = waiting(60.0, later_usd=100.0), waiting(10.0, later_usd=100.0)
    assert dear.later_work.tolist() == [[2.0]]
    assert dear.values_usd[0] == pytest.approx(1 * (300 - 480) + 2 * 100)
    assert cheap.later_work.tolist() == [[0.0]]
    assert cheap.values_usd[0] == pytest.approx(3 * (300 - 80))


def test_a_run_begun_before_goes_on_for_as_long_as_it_must() -> None:
    assert waiting(60.0, later_usd=100.0, held=1).schedules[0].batch_on[0, 0] == 1


def test_what_cannot_be_planned_is_refused() -> None:
    rng = np.random.default_rng(0)
    one, other = problem(rng, 4, coupled=False), problem(rng, 5, coupled=False)
    with pytest.raises(InputError, match="same site"):
        Outlook((one, other))
    with pytest.raises(InputError, match="0 scenarios"):
        Outlook(())
    with pytest.raises(InputError, match="share"):
        Outlook((one,), common=5)
    with pytest.raises(InputError, match="weight"):
        Risk(1.5)
    with pytest.raises(InputError, match="share"):
        Risk(0.5, 0.0)
