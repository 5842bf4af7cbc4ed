from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.ensemble import Ensemble, Precision
from megawatt.dispatch.lanes import LANES, TILE
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import (
    FREE,
    ElasticLoad,
    EnergyPosition,
    Floats,
    InitialState,
    MachineClass,
    Problem,
)
from megawatt.dispatch.solve import solve
from tests.dispatch.cases import START, couple, random_problem
from tests.dispatch.oracles import brute_force

PRICES = st.floats(-2000, 5000, allow_nan=False).map(lambda x: round(x, 2))
LONG_ON = InitialState()
INITIAL = st.builds(InitialState, st.booleans(), st.sampled_from([1, 2, 3, 7, FREE]))


def turnover_usd(plan: Plan) -> float:
    """All money that changes hands: what rounding is relative to, where income and cost cancel."""
    return sum(float(np.abs(line).sum()) for line in plan.ledger.lines.values())


def full_site(seed: int, T: int, initial: InitialState = LONG_ON) -> Problem:
    """A separable site with every feature: modes, ramps, dwell times, firm, elastic and passed-through halls, a position."""
    rng = np.random.default_rng(seed)
    site = random_problem(seed, T=T, coupled=False)
    machines = tuple(
        replace(
            machine,
            ramp_loss=rng.uniform(0, 1, int(rng.integers(0, 6))),
            min_up=int(rng.integers(1, 14)),
            min_down=int(rng.integers(1, 14)),
            initial=initial,
        )
        for machine in site.machines
    )
    reward = -np.sort(-rng.uniform(0, 200, (2, T)), axis=0)
    hall = ElasticLoad(
        "spot", np.full(T, 1.0), np.full(T, 20.0), rng.uniform(0, 3, (2, T)), reward, bool(rng.integers(2))
    )
    block = EnergyPosition("block", 7.0, 30.0, rng.normal(40, 10, T))
    return replace(site, machines=machines, elastic=(hall,), positions=(block,), fixed_usd=rng.uniform(0, 9, T))


def random_paths(rng: np.random.Generator, T: int, count: int) -> Floats:
    spikes = (rng.random((T, count)) < 0.1) * rng.normal(400, 900, (T, count))
    return rng.normal(40, 40, (T, count)) + spikes


def one_class(machine: MachineClass) -> Problem:
    T = machine.power_mw.shape[1]
    nothing = np.zeros(T)
    return Problem(TimeGrid(START, 60, T), nothing, nothing, nothing, np.full(T, 1e6), (machine,))


@settings(max_examples=60)
@given(st.integers(0, 10**6), st.integers(1, 40), INITIAL)
def test_every_path_is_worth_what_its_plan_earns(seed: int, T: int, initial: InitialState) -> None:
    sites = [full_site(seed + v, T, initial) for v in range(2)]
    prices = random_paths(np.random.default_rng(seed), T, 3)
    exact, single = Ensemble.of(sites), Ensemble.of(sites, "float32")
    values, rounded = exact.values_usd(prices), single.values_usd(prices)
    for v in range(2):
        for p in range(3):
            plan = solve(exact.problem(v, prices[:, p]))
            scale = max(1.0, turnover_usd(plan))
            assert abs(values[v, p] - plan.value_usd) <= 1e-12 * scale
            assert abs(rounded[v, p] - plan.value_usd) <= 1e-6 * scale


@pytest.mark.parametrize("T", [TILE - 1, TILE, TILE + 1, 3 * TILE + 5])
def test_moving_the_money_into_the_sum_between_tiles_changes_nothing(T: int) -> None:
    sites = [full_site(T + v, T, InitialState(bool(v % 2), 1)) for v in range(4)]
    prices = random_paths(np.random.default_rng(T), T, 2)
    ensemble = Ensemble.of(sites)
    for v, values in enumerate(ensemble.values_usd(prices)):
        for p, value in enumerate(values):
            plan = solve(ensemble.problem(v, prices[:, p]))
            assert abs(value - plan.value_usd) <= 1e-12 * turnover_usd(plan)


@settings(max_examples=100)
@given(
    st.lists(PRICES, min_size=1, max_size=8),
    st.integers(1, 12),
    st.integers(1, 12),
    st.lists(st.sampled_from([0.25, 0.5, 1.0]), max_size=4),
    st.sampled_from([0.0, 5.0, 1500.0]),
    INITIAL,
)
def test_a_block_is_worth_its_best_on_off_word(
    prices: list[float], up: int, down: int, lost: list[float], start: float, initial: InitialState
) -> None:
    """One MW that earns 60 USD/h: its margin is 60 less the price, and a ramp takes its share of the 60."""
    T = len(prices)
    power, revenue = np.ones((1, T)), np.full((1, T), 60.0)
    machine = MachineClass("fleet", 3, power, revenue, start, 2.0, up, down, np.array(lost), initial)
    ramp = np.array([[-60.0 * share] * T for share in lost]).reshape(len(lost), T)
    best = brute_force(60.0 - np.array(prices), ramp, start, 2.0, up, down, initial.on, initial.steps)
    value = Ensemble.of([one_class(machine)]).values_usd(np.array(prices)[:, np.newaxis])
    assert value[0, 0] == pytest.approx(3 * best, rel=1e-9, abs=1e-7)


@pytest.mark.parametrize(("precision", "relative"), [("float64", 1e-12), ("float32", 1e-6)])
def test_a_year_of_quarter_hours_keeps_its_digits(precision: Precision, relative: float) -> None:
    T = 35_040
    site = full_site(5, T)
    prices = random_paths(np.random.default_rng(5), T, 2)
    ensemble = Ensemble.of([site], precision)
    for p, value in enumerate(ensemble.values_usd(prices)[0]):
        assert value == pytest.approx(solve(ensemble.problem(0, prices[:, p])).value_usd, rel=relative)


def test_a_path_does_not_feel_its_neighbours_nor_the_threads() -> None:
    sites = [full_site(v, 300) for v in range(3)]
    prices = random_paths(np.random.default_rng(1), 300, 2 * LANES + 7)
    for precision in ("float64", "float32"):
        ensemble = Ensemble.of(sites, precision)
        together = ensemble.values_usd(prices, threads=2)
        assert together.shape == (3, 2 * LANES + 7)
        assert (together == ensemble.values_usd(prices)).all()
        for p in (0, LANES, 2 * LANES + 6):
            assert (ensemble.values_usd(prices[:, [p]])[:, 0] == together[:, p]).all()


def test_variants_that_differ_in_numbers_share_their_units() -> None:
    site = random_problem(3, T=24, coupled=False)
    larger = replace(site, machines=tuple(replace(m, blocks=m.blocks + 5) for m in site.machines))
    assert len(Ensemble.of([site, larger]).units) == len(Ensemble.of([site]).units)


def test_no_paths_have_no_values() -> None:
    assert Ensemble.of([full_site(1, 5)]).values_usd(np.zeros((5, 0))).shape == (1, 0)


@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
@pytest.mark.parametrize("t", [0, TILE, 2 * TILE])
def test_a_price_that_is_no_number_is_named_and_never_planned_around(bad: float, t: int) -> None:
    prices = random_paths(np.random.default_rng(0), 2 * TILE + 1, 4)
    prices[t, 2] = bad
    for precision in ("float64", "float32"):
        with pytest.raises(InputError, match="path 2 with a price that is no finite number"):
            Ensemble.of([full_site(0, 2 * TILE + 1)], precision).values_usd(prices)


def test_paths_of_another_length_are_refused() -> None:
    with pytest.raises(InputError, match="each path has 24 intervals"):
        Ensemble.of([random_problem(3, T=24, coupled=False)]).values_usd(np.zeros((2, 24)))


def test_what_cannot_be_planned_block_by_block_is_refused() -> None:
    site = random_problem(3, T=24, coupled=False)
    with pytest.raises(InputError, match="variant 1, whose loads share a limit"):
        Ensemble.of([site, couple(site, np.random.default_rng(0))])
    with pytest.raises(InputError, match="another time grid"):
        Ensemble.of([site, random_problem(3, T=25, coupled=False)])
    with pytest.raises(InputError, match="no variant"):
        Ensemble.of([])
