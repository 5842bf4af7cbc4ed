"""Peaks of a trial: one month valued on its own, and the pieces into which the range of every month is parted."""

from itertools import pairwise

import numpy as np
import pytest

from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.closed_form import paid_until, plan_prices
from megawatt.dispatch.coupled.open_peaks import open_peaks
from megawatt.dispatch.coupled.peaks import highest_mw, lowest_mw
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.coupled.shave import MonthHours, shave
from megawatt.dispatch.coupled.trial import Trial
from megawatt.dispatch.coupled.view import Viewer
from megawatt.dispatch.problem import ElasticLoad, PeakCharge, Problem
from tests.dispatch.cases import random_problem

SITES = [seed for seed in range(60) if random_problem(seed).peaks][:6]


def some_trial(seed: int) -> Trial | None:
    return Search(Split.of(random_problem(seed))).begin()


@pytest.mark.parametrize("seed", SITES)
def test_a_month_under_another_peak_earns_and_draws_what_the_whole_horizon_does_there(seed: int) -> None:
    if (trial := some_trial(seed)) is None:
        return
    split, rng = trial.split, np.random.default_rng(seed)
    for m, top in enumerate(highest_mw(split)):
        peaks = trial.peaks_mw.copy()
        peaks[m] = top * rng.uniform(0.7, 1.0)
        whole = trial.copy()
        whole.set_peaks(peaks)
        fits = np.isfinite(whole.value_usd())
        trial.value_usd()
        month, drawn = MonthHours.of(split, m, trial.loads, trial.running), trial.import_mw()
        assert month.earned(split.room(peaks), trial.x, trial.sold, trial.usd, drawn) == fits
        if fits:
            np.testing.assert_allclose(trial.usd, whole.usd, rtol=0, atol=1e-9)
            np.testing.assert_allclose(drawn, whole.import_mw(), rtol=0, atol=1e-9)


@pytest.mark.parametrize("seed", SITES)
def test_a_shaved_plan_is_worth_what_is_said_and_no_less_than_before(seed: int) -> None:
    if (trial := some_trial(seed)) is None:
        return
    trial.set_peaks(highest_mw(trial.split))
    before, said = trial.value_usd(), shave(trial)
    assert said >= before
    assert trial.copy().value_usd() == pytest.approx(said, rel=1e-12, abs=1e-6)


def test_peaks_that_a_ratchet_ties_go_down_together() -> None:
    # 4 MW are worth 500 USD/MWh and 6 MW more 30, six hours in each of two months. Down to 0.8 times the first peak the
    # second goes down by itself (600 against 180 USD/MW); then a MW off the first and 0.8 off the second save 20 + 480
    # and lose 180 + 144 USD, until the second would have to give up what is worth 3,000 USD/MW: 5 and 4 MW.
    T, month, flat = 12, np.repeat([0, 1], 6), np.ones((2, 12))
    load = ElasticLoad(
        "capped", np.zeros(T), np.zeros(T), np.array([[4.0], [6.0]]) * flat, np.array([[500.0], [30.0]]) * flat
    )
    charge = PeakCharge("demand", np.array([20.0, 600.0]), month, np.ones(T, dtype=np.bool_), np.zeros(2), 0.8)
    grid, none = TimeGrid(np.datetime64("2024-07-31T18:00:00", "s"), 60, T), np.zeros(T)
    problem = Problem(grid, none, none, none, np.full(T, 20.0), (), elastic=(load,), peaks=(charge,))
    trial = Trial.empty(Split.of(problem), np.array([10.0, 10.0]), np.zeros((0, T), dtype=np.int8))
    assert shave(trial) == pytest.approx(6 * (4 * 500 + 30) + 6 * 4 * 500 - 20 * 5 - 600 * 4, abs=0.1)
    assert trial.import_mw().tolist() == pytest.approx([5.0] * 6 + [4.0] * 6, abs=1e-3)


@pytest.mark.filterwarnings("error")
@pytest.mark.parametrize("ratchet", [0.0, 0.8])
def test_a_month_that_is_not_measured_has_no_peak_to_lower(ratchet: float) -> None:
    # the first month's 10 MW are worth 6 x 30 USD/MW and cost 200; in the second nothing is billed but the ratchet
    T, month, flat = 12, np.repeat([0, 1], 6), np.ones((1, 12))
    load = ElasticLoad("capped", np.zeros(T), np.zeros(T), 10.0 * flat, 30.0 * flat)
    charge = PeakCharge("demand", np.array([200.0, 100.0]), month, month == 0, np.zeros(2), ratchet)
    grid, none = TimeGrid(np.datetime64("2024-07-31T18:00:00", "s"), 60, T), np.zeros(T)
    problem = Problem(grid, none, none, none, np.full(T, 20.0), (), elastic=(load,), peaks=(charge,))
    trial = Trial.empty(Split.of(problem), np.array([10.0, 10.0]), np.zeros((0, T), dtype=np.int8))
    assert shave(trial) == pytest.approx(6 * 10 * 30, abs=0.1)
    assert trial.copy().value_usd() == pytest.approx(6 * 10 * 30, abs=0.1)


@pytest.mark.parametrize("seed", SITES)
def test_pieces_cover_all_peaks_without_overlap_and_are_narrow_at_the_plans_own(seed: int) -> None:
    split, rng = Split.of(random_problem(seed)), np.random.default_rng(seed)
    low, top = lowest_mw(split), highest_mw(split)
    own = low + rng.random(len(low)) * np.maximum(top - low, 0)
    price = split.problem.peaks[0].usd_per_mw_month
    for m, cut in enumerate(open_peaks(split, own, None, 5.0).pieces):
        assert cut[0].most_mw == max(top[m], low[m])
        assert cut[-1].least_mw == 0.0
        assert all(one.least_mw == two.most_mw for one, two in pairwise(cut))
        widest = max(5.0 / len(own) / price[m], 1e-4) if price[m] > 0 else np.inf
        beside = [one for one in cut[:-1] if one.least_mw < own[m] + 1e-9 and one.most_mw > own[m] - 1e-9]
        assert all(one.most_mw - one.least_mw <= 1.5 * widest + 1e-9 for one in beside)


@pytest.mark.parametrize("seed", SITES)
def test_pieces_that_go_together_hold_nothing_better_than_the_plan(seed: int) -> None:
    search = Search(Split.of(random_problem(seed)))
    if search.begin() is None:
        return
    split, trial = search.split, search.valued()
    prices, viewer = plan_prices(trial), Viewer(split)
    peaks = open_peaks(split, np.minimum(trial.peaks_mw, highest_mw(split)), None, 5.0)
    before = [list(cut) for cut in peaks.pieces]
    peaks.exclude(viewer.view(prices, before).by_piece, search.value_usd, prices)
    left = [list(cut) for cut in before]
    for one in peaks.exclusions:  # in this order, as whoever checks them does
        for piece in one.pieces:
            alone = [[piece] if m == one.month else cut for m, cut in enumerate(left)]
            assert viewer.view(prices, alone).usd <= search.value_usd + 1e-9 * abs(search.value_usd)
        left[one.month] = peaks.pieces[one.month]
    reach = [sum(p.most_mw - p.least_mw for p in cut) for cut in before]
    for one in peaks.exclusions:
        reach[one.month] -= sum(p.most_mw - p.least_mw for p in one.pieces)
    assert reach == pytest.approx([sum(p.most_mw - p.least_mw for p in cut) for cut in peaks.pieces], abs=1e-9)


def test_the_least_that_keeps_a_class_running_pays_a_switch_at_both_ends_of_its_time() -> None:
    full = np.array([True, True, True, False, True, True, True, True, True, False, True, True])
    price = np.array([5.0, 5.0, 5.0, -9.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0, 2.0, 2.0])
    # a switch costs 5: before the horizon and after it there is none
    begun = [0.0, 0.0, 0.0, 0.0, 3.0, 2.0, 0.0, 0.0, 0.0, 0.0, 2.0, 2.0]
    ended = [0.0, 0.0, 5.0, 0.0, 0.0, 0.0, 0.0, 0.0, 5.0, 0.0, 0.0, 0.0]
    assert paid_until(price, full, 5.0).tolist() == begun
    assert paid_until(price[::-1].copy(), full[::-1].copy(), 5.0)[::-1].tolist() == ended
