"""What looser limits are worth, and one interval in full, on days made by hand."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.general import Effort, limit_price_usd_per_mw
from megawatt.dispatch.interval import forced_intervals, interval_of
from megawatt.dispatch.problem import (
    BatchJob,
    ElasticLoad,
    FirmLoad,
    InitialState,
    MachineClass,
    PeakCharge,
    Problem,
    Reserve,
)
from megawatt.dispatch.schedule import UnitRun
from megawatt.dispatch.solve import solve
from megawatt.dispatch.what_if import Change, later_deadline, what_if
from tests.dispatch.sites import START

EXACT = Effort(relative_gap=1e-9)


def site(price: list[float], limit_mw: float = 100.0, **changes: object) -> Problem:
    zero = np.zeros(len(price))
    base = Problem(TimeGrid(START, 60, len(price)), np.array(price), zero, zero, zero + limit_mw)
    return replace(base, **changes)  # type: ignore[arg-type]


def mine(T: int, **changes: object) -> MachineClass:
    """Two blocks of 5 MW that bring 100 USD/MWh."""
    base = MachineClass("s21", 2, np.full((1, T), 5.0), np.full((1, T), 500.0))
    return replace(base, **changes)  # type: ignore[arg-type]


def rental(T: int) -> ElasticLoad:
    """Up to 9 MW of work at 120 USD/MWh."""
    return ElasticLoad("rental", np.zeros(T), np.zeros(T), np.full((1, T), 9.0), np.full((1, T), 120.0))


def job(T: int, need: list[int], border: int, restart: float = 0.0) -> BatchJob:
    window = (np.arange(T) >= border).astype(np.int64)
    return BatchJob("hall", np.full(T, 4.0), np.full(T, 600.0), window, np.array(need), restart_usd=restart)


def worth(problem: Problem, t: int) -> dict[str, Change]:
    return {one.what: one for one in what_if(problem, solve(problem, EXACT), t, EXACT)}


def test_one_more_megawatt_of_limit_is_worth_what_the_best_work_without_room_earns() -> None:
    """5 of 9 MW of work at 120 USD/MWh find room: a megawatt more earns 120 less the price, in one hour or in each."""
    problem = site([20.0, 50.0, 150.0], 5.0, elastic=(rental(3),))
    found = worth(problem, 1)
    assert found["1 MW more of meter limit in this interval"].usd == pytest.approx(70.0, abs=1e-5)
    assert found["1 MW more of meter limit throughout"].usd == pytest.approx(170.0, abs=1e-5)
    assert all(one.resolved for one in found.values())
    # the dual of the limit, found another way, says the same of a limit that is moved a little
    assert limit_price_usd_per_mw(problem, solve(problem, EXACT)) == pytest.approx([100.0, 70.0, 0.0], abs=1e-5)


def test_an_hour_more_to_the_deadline_is_worth_the_price_it_avoids() -> None:
    """Two hours of 4 MW are due in the first three: the second best of them costs 90, the hour after them 30 USD/MWh."""
    problem = site([20.0, 90.0, 95.0, 30.0, 99.0, 98.0], batches=(job(6, [2, 0], 3),))
    assert worth(problem, 0)["1 hour more to the deadline of hall"].usd == pytest.approx(4 * 60.0, abs=1e-5)


def test_what_a_window_gains_the_next_one_loses() -> None:
    """The next window needs the hour at 30 itself and must work at 98 without it; the first saves 60 a MWh."""
    problem = site([20.0, 90.0, 95.0, 30.0, 99.0, 98.0], batches=(job(6, [2, 1], 3),))
    assert worth(problem, 0)["1 hour more to the deadline of hall"].usd == pytest.approx(4 * (60.0 - 68.0), abs=1e-5)


def test_the_last_deadline_cannot_be_moved_and_says_so() -> None:
    problem = site([20.0, 90.0, 95.0, 30.0], batches=(job(4, [1, 1], 2),))
    one = worth(problem, 3)["1 hour more to the deadline of hall"]
    assert (one.usd, one.resolved) == (None, False)
    assert "end of the period" in one.note


def test_a_next_window_that_cannot_lose_its_hour_is_an_answer_and_no_crash() -> None:
    problem = site([20.0, 90.0, 95.0, 30.0], batches=(job(4, [1, 2], 2),))
    assert "cannot hold together" in worth(problem, 0)["1 hour more to the deadline of hall"].note


def test_a_cheaper_restart_is_worth_it_once_for_each_and_more_where_it_makes_another_pay() -> None:
    """Work in the cheap hours 0 and 2 needs two starts of 150 USD; hours 0 and 1 need one and cost 4 x 40 more."""
    problem = site([20.0, 60.0, 20.0], batches=(job(3, [2], 3, restart=150.0),))
    found = worth(problem, 0)
    assert found["100 USD less for each restart of hall"].usd == pytest.approx(200.0, abs=1e-5)
    dear = site([20.0, 60.0, 20.0], batches=(job(3, [2], 3, restart=200.0),))
    # one start now; two at 100 each save 160 of energy: 200 + 160 x 0 of before against 2 x 100 and no dear hour
    assert worth(dear, 0)["100 USD less for each restart of hall"].usd == pytest.approx(160.0, abs=1e-5)


def test_starts_are_made_no_cheaper_than_free() -> None:
    """Both blocks stop for the dear hour and start again at 30 USD each."""
    problem = site([20.0, 300.0, 20.0], machines=(mine(3, start_usd=30.0),))
    found = worth(problem, 1)
    assert found["up to 30 USD less for each start of a block"].usd == pytest.approx(60.0)


def test_a_value_smaller_than_the_two_gaps_is_not_resolved() -> None:
    assert not Change("x", 5.0, 6.0).resolved
    assert Change("x", 6.0, 5.0).resolved
    assert Change("x", 0.0, 0.001).resolved
    assert not Change("x", 6.0, None).resolved


def test_the_deadline_moves_by_the_intervals_of_the_next_window() -> None:
    moved = later_deadline(job(4, [1, 1], 2), 0, 1)
    assert isinstance(moved, BatchJob)
    assert moved.window.tolist() == [0, 0, 0, 1]


def test_the_winner_is_the_highest_bid_and_the_lead_is_over_the_next() -> None:
    problem = site([20.0, 150.0], 30.0, machines=(mine(2),), elastic=(rental(2),))
    plan = solve(problem, EXACT)
    cheap, dear = (interval_of(problem, plan, t) for t in (0, 1))
    assert [(b.name, b.buyer, b.usd_per_mwh, b.mw, b.most_mw) for b in cheap.bidders] == [
        ("rental", "tenant", 120.0, 9.0, 9.0),
        ("s21", "network", 100.0, 10.0, 10.0),
        ("grid", "grid", 20.0, 0.0, 19.0),
    ]
    assert (cheap.lead_usd_per_mwh, cheap.limits) == (20.0, ())
    assert (dear.winner.name, dear.winner.mw, dear.lead_usd_per_mwh) == ("grid", 19.0, 30.0)


def test_every_limit_that_binds_is_named_with_its_figures() -> None:
    """4 MW firm, 4 MW of work due in both hours, and rental work that finds 4 of 9 MW: 12 MW set the month's peak."""
    firm = FirmLoad("firm", np.full(2, 4.0), np.zeros(2))
    charge = PeakCharge("demand", np.array([50.0]), np.zeros(2, np.int64), np.ones(2, bool), np.zeros(1))
    work = replace(job(2, [2], 2), fee_usd_per_h=np.zeros(2))
    problem = site([20.0, 30.0], 12.0, firm=(firm,), batches=(work,), elastic=(rental(2),), peaks=(charge,))
    found = interval_of(problem, solve(problem, EXACT), 1)
    details = {limit.name: limit.detail for limit in found.limits}
    assert set(details) == {"meter limit", "work due in hall", "demand"}
    assert "12 of 12 MW" in details["meter limit"]
    assert "1 of 2 intervals were still to run in the 1 left" in details["work due in hall"]
    assert "12 MW, 50 USD/MW" in details["demand"]


def test_a_least_run_that_makes_a_block_lose_is_named_and_one_that_costs_nothing_is_not() -> None:
    """Started in the first hour for three: the second pays anyway, the third loses 50 USD/MWh."""
    off = mine(4, min_up=3, initial=InitialState(False))
    problem = site([20.0, 20.0, 150.0, 150.0], machines=(off,))
    plan = solve(problem, EXACT)
    named = [[limit.name for limit in interval_of(problem, plan, t).limits] for t in range(4)]
    assert named == [[], [], ["least run of s21"], []]


def test_an_award_that_all_running_machines_cover_is_named() -> None:
    row = Reserve("rrs", np.array([9.0]), np.zeros(1), max_mw=50.0)
    problem = site([20.0], machines=(mine(1),), reserves=(row,), award_hour=np.zeros(1, np.int64))
    found = interval_of(problem, solve(problem, EXACT), 0)
    assert found.award_mw == {"rrs": pytest.approx(10.0)}
    assert [limit.name for limit in found.limits] == ["cover of rrs"]


@pytest.mark.parametrize(
    ("word", "initial", "forced"),
    [
        ([0, 1, 1, 1, 1, 0], InitialState(False), [0, 0, 2, 1, 0, 0]),
        ([1, 1, 1, 0, 0, 0], InitialState(True, 1), [2, 1, 0, 0, 1, 0]),
        ([1, 1, 1, 1, 1, 1], InitialState(True), [0] * 6),
    ],
)
def test_a_block_is_forced_from_the_interval_after_its_switch_until_its_dwell_time_is_over(
    word: list[int], initial: InitialState, forced: list[int]
) -> None:
    """Least run 3, least rest 2."""
    machine = mine(6, min_up=3, min_down=2, initial=initial)
    unit = UnitRun(0, 2, np.array([word], dtype=float))
    assert [forced_intervals(unit, machine, t) for t in range(6)] == forced
