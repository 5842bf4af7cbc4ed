"""Physics holds whatever a policy wishes, and a wish that physics allows is followed to the letter."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.problem import BatchJob, ElasticLoad, FirmLoad, InitialState, MachineClass, Problem
from megawatt.dispatch.schedule import violations
from megawatt.dispatch.simulate import Wish, simulate
from tests.dispatch.sites import START, any_wish, full_site

SEEDS = st.integers(0, 2**32 - 1)


@settings(deadline=None, max_examples=60)
@given(SEEDS, st.integers(1, 40), st.floats(0.0, 1.5), st.integers(1, 25))
def test_physics_holds_whatever_is_wished(seed: int, T: int, tightness: float, dwell: int) -> None:
    """Random wishes at random limits from 'firm and batch only' to 'everything'; PUE and dwell times vary."""
    rng = np.random.default_rng(seed)
    problem = full_site(rng, T)
    work = sum((job.power_mw for job in problem.batches), np.zeros(T))
    rest = problem.largest_mw - problem.firm_mw - work
    machines = tuple(
        replace(
            c, min_up=dwell, min_down=int(rng.integers(1, dwell + 1)), initial=InitialState(on=bool(rng.integers(2)))
        )
        for c in problem.machines
    )
    tight = replace(problem, machines=machines, limit_mw=problem.firm_mw + work + tightness * rest)
    outcome = simulate(tight, any_wish(tight, rng))
    assert violations(tight, outcome.schedule) == []


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.integers(1, 30))
def test_a_wish_that_physics_allows_is_followed_and_nothing_is_counted(seed: int, T: int) -> None:
    rng = np.random.default_rng(seed)
    problem = full_site(rng, T)
    free = tuple(replace(c, min_up=1, min_down=1) for c in problem.machines)
    loose = replace(problem, machines=free, limit_mw=problem.largest_mw)
    wish = any_wish(loose, rng)
    most = np.array([hall.segment_mw.sum(axis=0) for hall in loose.elastic])
    wish = replace(wish, elastic_mw=most * rng.random(most.shape))
    outcome = simulate(loose, wish)
    assert outcome.corrected == 0
    assert outcome.schedule.elastic_mw == pytest.approx(wish.elastic_mw)
    for unit in outcome.schedule.units:
        assert unit.on.tolist() == wish.on[unit.machine].tolist()
        assert (unit.share.argmax(axis=0)[unit.on] == wish.mode[unit.machine][unit.on]).all()


@settings(deadline=None, max_examples=40)
@given(SEEDS, st.integers(2, 24), st.integers(1, 5))
def test_what_is_wished_later_changes_nothing_before(seed: int, T: int, dwell: int) -> None:
    """Elastic power, modes and words wished from an interval on are not known earlier: a start must not rest on them."""
    rng = np.random.default_rng(seed)
    problem = full_site(rng, T)
    machines = tuple(replace(c, min_up=dwell) for c in problem.machines)
    problem = replace(problem, machines=machines, limit_mw=problem.firm_mw + 6.6 + 8.0 * rng.random())
    wish, other = any_wish(problem, rng), any_wish(problem, rng)
    t = int(rng.integers(1, T))
    mixed = Wish(
        tuple(np.concatenate([a[:t], b[t:]]) for a, b in zip(wish.on, other.on, strict=True)),
        tuple(np.concatenate([a[:t], b[t:]]) for a, b in zip(wish.mode, other.mode, strict=True)),
        np.concatenate([wish.elastic_mw[:, :t], other.elastic_mw[:, t:]], axis=1),
        wish.merit,
    )
    one, two = simulate(problem, wish).schedule, simulate(problem, mixed).schedule
    assert one.elastic_mw[:, :t].tolist() == two.elastic_mw[:, :t].tolist()
    for a, b in zip(one.units, two.units, strict=True):
        assert a.share[:, :t].tolist() == b.share[:, :t].tolist()


def site(T: int, limit: float, **changes: object) -> Problem:
    flat = np.ones(T)
    zero = np.zeros(T)
    return replace(Problem(TimeGrid(START, 60, T), zero, zero, zero, limit * flat), **changes)  # type: ignore[arg-type]


def mine(T: int, **changes: object) -> MachineClass:
    """Two blocks of 4 MW, or 3 MW in the saving mode."""
    flat = np.ones(T)
    base = MachineClass("s21", 2, np.array([4 * flat, 3 * flat]), np.array([400 * flat, 320 * flat]))
    return replace(base, **changes)  # type: ignore[arg-type]


def always(T: int, mode: int = 0, elastic: float | None = None) -> Wish:
    power = np.zeros((0, T)) if elastic is None else np.full((1, T), elastic)
    return Wish((np.ones(T, dtype=np.bool_),), (np.full(T, mode),), power, (0,))


def words(problem: Problem, wish: Wish) -> list[list[int]]:
    return [unit.on.astype(int).tolist() for unit in simulate(problem, wish).schedule.units]


def test_a_block_in_its_saving_mode_needs_the_room_of_that_mode_only() -> None:
    """6 MW of room hold both blocks at 3 MW, and one of them at 4 MW."""
    assert words(site(2, 6.0, machines=(mine(2),)), always(2, mode=1)) == [[1, 1], [1, 1]]
    assert words(site(2, 6.0, machines=(mine(2),)), always(2, mode=0)) == [[1, 1], [0, 0]]


def test_a_block_that_runs_stays_on_while_it_fits_now_although_it_may_not_fit_later() -> None:
    """It may stop at any time, so the room of later intervals is no reason to stop it before."""
    limit = np.array([8.0, 8.0, 4.0])
    assert words(site(3, 8.0, machines=(mine(3, min_up=2),), limit_mw=limit), always(3)) == [[1, 1, 1], [1, 1, 0]]


def test_a_block_is_not_started_where_its_dwell_time_would_meet_a_lower_limit() -> None:
    off = mine(4, blocks=1, min_up=2, initial=InitialState(on=False))
    limit = np.array([8.0, 2.0, 8.0, 8.0])
    outcome = simulate(site(4, 8.0, machines=(off,), limit_mw=limit), always(4))
    assert outcome.schedule.units[0].on.tolist() == [False, False, True, True]
    assert outcome.corrected == 2


def test_elastic_load_gives_way_to_machines_that_may_not_stop_and_not_to_others() -> None:
    """8 MW of room: a block held on takes 4 of them, the rest is the renter's; a free block gets what is left."""
    flat = np.ones((1, 2))
    hall = ElasticLoad("spot", np.zeros(2), np.zeros(2), 6 * flat, 100 * flat)
    held = mine(2, blocks=1, min_up=3, initial=InitialState(on=True, steps=2))
    outcome = simulate(site(2, 8.0, machines=(held,), elastic=(hall,)), always(2, elastic=6.0))
    assert outcome.schedule.elastic_mw.tolist() == [[4.0, 6.0]]
    assert outcome.schedule.units[0].on.tolist() == [True, False]


def test_scarce_room_goes_to_the_class_that_the_policy_puts_first() -> None:
    two = (mine(1, name="a", blocks=1), mine(1, name="b", blocks=1))
    both = (np.ones(1, dtype=np.bool_),) * 2
    mode = (np.zeros(1, dtype=np.int64),) * 2
    for merit in ((0, 1), (1, 0)):
        wish = Wish(both, mode, np.zeros((0, 1)), merit)
        units = simulate(site(1, 5.0, machines=two), wish).schedule.units
        assert [unit.machine for unit in units if unit.on.all()] == [merit[0]]


def job(need: list[int], window: list[int], **changes: object) -> BatchJob:
    T = len(window)
    base = BatchJob("hall", np.full(T, 6.0), np.zeros(T), np.array(window), np.array(need))
    return replace(base, **changes)  # type: ignore[arg-type]


def test_batch_work_runs_from_the_start_of_its_windows() -> None:
    problem = site(6, 20.0, batches=(job([2, 1], [0, 0, 0, 1, 1, 1]),))
    assert simulate(problem, always_nothing(6)).schedule.batch_on.tolist() == [[1, 1, 0, 1, 0, 0]]


def always_nothing(T: int) -> Wish:
    return Wish((), (), np.zeros((0, T)), ())


def test_batch_work_waits_where_the_firm_load_leaves_no_room() -> None:
    """Chillers take the firm hall from 4 to 5 MW in the first hour: 10 MW of limit hold the batch hall only later."""
    firm = FirmLoad("firm", np.array([5.0, 4.0, 4.0]), np.zeros(3))
    problem = site(3, 10.0, firm=(firm,), batches=(job([1], [0, 0, 0]),))
    outcome = simulate(problem, always_nothing(3))
    assert outcome.schedule.batch_on.tolist() == [[0, 1, 0]]
    assert violations(problem, outcome.schedule) == []


def test_batch_work_keeps_its_least_run_where_a_window_asks_for_less() -> None:
    """A window cut to one hour by the start of the period asks for one hour, and a run lasts two."""
    problem = site(4, 10.0, batches=(job([1, 2], [0, 1, 1, 1], min_run=2),))
    outcome = simulate(problem, always_nothing(4))
    assert outcome.schedule.batch_on.tolist() == [[1, 1, 1, 0]]
    early = site(4, 10.0, batches=(job([1, 1], [0, 0, 1, 1], min_run=2),))
    assert simulate(early, always_nothing(4)).schedule.batch_on.tolist() == [[0, 1, 1, 0]]


def test_batch_work_that_finds_no_room_is_named() -> None:
    problem = site(3, 5.0, batches=(job([1], [0, 0, 0]),))
    with pytest.raises(InputError, match="batch work of 'hall' in window 0"):
        simulate(problem, always_nothing(3))
