"""Batch windows on local calendars, and the exact programme against every word of on and off."""

import datetime as dt
import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import ItMW
from megawatt.hosting.batch import BatchJob, WindowKind, Windows, cheapest_run, windows

TEXAS = "America/Chicago"


def of(first: str, end: str, step: int = 60) -> TimeGrid:
    return TimeGrid.of_local_days(
        dt.date.fromisoformat(first), dt.date.fromisoformat(end), timezone=TEXAS, step_minutes=step
    )


def test_weeks_start_on_monday_and_the_cut_ones_at_the_edges_ask_for_their_share() -> None:
    due = windows(of("2024-06-28", "2024-07-10"), TEXAS, WindowKind.WEEK, 0.6)  # Friday to Tuesday

    assert np.bincount(due.number).tolist() == [72, 168, 48]
    assert due.required.tolist() == [44, 101, 29]  # 43.2, 100.8, 28.8 rounded up


def test_days_of_23_and_25_hours_ask_for_the_share_of_the_hours_they_have() -> None:
    spring = windows(of("2024-03-09", "2024-03-12"), TEXAS, WindowKind.DAY, 0.5)
    autumn = windows(of("2024-11-02", "2024-11-05"), TEXAS, WindowKind.DAY, 0.5)

    assert spring.required.tolist() == [12, 12, 12]  # 11.5 rounded up
    assert np.bincount(autumn.number).tolist() == [24, 25, 24]
    assert autumn.required.tolist() == [12, 13, 12]


def test_months_follow_the_local_calendar() -> None:
    due = windows(of("2024-02-01", "2024-04-01"), TEXAS, WindowKind.MONTH, 1.0)

    assert due.required.tolist() == [696, 743]


def test_a_decimal_duty_is_not_rounded_up_by_its_binary_form() -> None:
    # 0.28 x 25 is 7 in decimals and 7.000000000000001 in floats
    assert windows(of("2024-11-03", "2024-11-04"), TEXAS, WindowKind.DAY, 0.28).required.tolist() == [7]


def brute_force(cost: Floats, due: Windows, restart: float, shortest: int, *, before: bool) -> float:
    """Try every word of on and off, with the rules read off the words themselves."""
    best = float("inf")
    for word in itertools.product((0, 1), repeat=len(cost)):
        done = [
            sum(on for on, w in zip(word, due.number, strict=True) if w == number)
            for number in range(len(due.required))
        ]
        if done != due.required.tolist():
            continue
        runs, at = [], 0
        for on, group in itertools.groupby(word):
            length = len(list(group))
            if on:
                runs.append((at, length))
            at += length
        too_short = [
            1 for at, length in runs if length < shortest and at + length < len(cost) and not (at == 0 and before)
        ]
        if too_short:
            continue
        starts = sum(1 for at, _ in runs if not (at == 0 and before))
        best = min(best, sum(c for c, on in zip(cost, word, strict=True) if on) + restart * starts)
    return best


@st.composite
def small_jobs(draw: st.DrawFn) -> tuple[Floats, Windows, float, int, bool]:
    sizes = draw(st.lists(st.integers(1, 5), min_size=1, max_size=3).filter(lambda sizes: sum(sizes) <= 11))
    required = [draw(st.integers(0, size)) for size in sizes]
    cost = draw(st.lists(st.integers(-40, 90), min_size=sum(sizes), max_size=sum(sizes)))
    due = Windows(np.repeat(np.arange(len(sizes)), sizes), np.array(required))
    restart = float(draw(st.sampled_from([0, 5, 60, 500])))
    return np.array(cost, dtype=float), due, restart, draw(st.integers(1, 4)), draw(st.booleans())


@settings(deadline=None, max_examples=100)
@given(small_jobs())
def test_the_programme_finds_what_trying_every_word_finds(job: tuple[Floats, Windows, float, int, bool]) -> None:
    cost, due, restart, shortest, before = job
    best = brute_force(cost, due, restart, shortest, before=before)
    if best == float("inf"):
        with pytest.raises(InputError, match="Shorten min_run_minutes"):
            cheapest_run(cost, due, restart_usd=restart, min_run_steps=shortest, running_before=before)
        return
    found = cheapest_run(cost, due, restart_usd=restart, min_run_steps=shortest, running_before=before)

    assert found.cost_usd == best
    assert np.bincount(due.number, found.run, len(due.required)).tolist() == due.required.tolist()


def test_a_run_continues_across_the_border_of_two_windows_to_save_a_start() -> None:
    due = Windows(np.array([0, 0, 0, 1, 1, 1]), np.array([1, 1]))
    cost = np.array([1.0, 9, 3, 3, 9, 1])

    assert cheapest_run(cost, due, restart_usd=0).run.tolist() == [True, False, False, False, False, True]
    joined = cheapest_run(cost, due, restart_usd=10)
    assert joined.run.tolist() == [False, False, True, True, False, False]
    assert (joined.starts, joined.cost_usd) == (1, 16.0)


def test_without_a_restart_cost_it_runs_in_the_cheapest_hours_of_each_week() -> None:
    grid = of("2024-01-01", "2024-06-03", step=15)
    cost = np.random.default_rng(7).gamma(2.0, 15.0, grid.n) - 10
    due = windows(grid, TEXAS, WindowKind.WEEK, 0.6)

    cheapest = sum(np.sort(cost[due.number == w])[:k].sum() for w, k in enumerate(due.required))
    assert cheapest_run(cost, due, restart_usd=0.0).cost_usd == pytest.approx(cheapest, rel=1e-12)


def test_a_dearer_restart_never_gives_more_starts() -> None:
    grid = of("2024-01-01", "2024-01-22", step=60)
    cost = np.random.default_rng(11).normal(700, 400, grid.n)
    due = windows(grid, TEXAS, WindowKind.WEEK, 0.6)

    starts = [cheapest_run(cost, due, restart_usd=restart).starts for restart in (0, 300, 2000, 20_000)]
    assert starts == sorted(starts, reverse=True)
    assert starts[-1] < starts[0]


def test_fees_are_earned_per_it_megawatt_hour_run() -> None:
    grid = of("2024-01-01", "2024-01-02", step=15)
    job = BatchJob(ItMW(20), WindowKind.DAY, 0.5, min_run_minutes=40, fee_usd_per_it_mwh=180.0)
    run = np.arange(grid.n) < 4

    assert job.fee_usd(run, grid).sum() == pytest.approx(20 * 1 * 180)
    assert job.min_run_steps(grid) == 3
    assert job.windows(grid, TEXAS).required.tolist() == [48]


def test_a_missing_cost_is_refused_and_not_taken_for_free_power() -> None:
    due = Windows(np.zeros(3, dtype=np.int64), np.array([1]))

    with pytest.raises(InputError, match="1 of them missing"):
        cheapest_run(np.array([3.0, np.nan, 5.0]), due, restart_usd=0)


@pytest.mark.parametrize("duty", [-0.1, 1.2, float("nan"), 60])
def test_a_duty_outside_zero_to_one_is_refused(duty: float) -> None:
    with pytest.raises(InputError, match="duty_fraction"):
        BatchJob(ItMW(20), WindowKind.WEEK, duty)
