"""Prices read off a plan, where they can be told without a solver."""

import numpy as np
import pytest

from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.closed_form import plan_prices
from megawatt.dispatch.coupled.peaks import whole_range
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.coupled.view import Viewer
from megawatt.dispatch.problem import FirmLoad, MachineClass, PeakCharge, Problem, Reserve

T = 12


def mine(*rows: Reserve) -> Problem:
    """Two blocks of 4 MW by the hour beside a hall, under a demand charge, with standing by that pays more than most hours."""
    flat, none = np.ones(T), np.zeros(T)
    price = 60.0 + 30.0 * np.sin(np.arange(T))
    machine = MachineClass("fleet", 2, np.array([4.0 * flat]), np.array([280.0 * flat]), 20.0, 5.0, 2, 2)
    peak = PeakCharge("demand", np.array([20.0]), np.zeros(T, dtype=np.int64), np.ones(T, dtype=np.bool_), np.zeros(1))
    return Problem(
        TimeGrid(np.datetime64("2024-01-01", "s"), 60, T), price, none, none, 8.0 * flat, (machine,),
        (FirmLoad("hall", flat, none),), (), (), (), (peak,), rows, np.arange(T),
    )  # fmt: skip


@pytest.mark.parametrize("least_mw", [0.0, 1.0])
def test_in_hours_of_one_interval_the_bound_grants_no_award_beyond_the_mining_that_is_kept(least_mw: float) -> None:
    problem = mine(Reserve("award", 9.0 * np.ones(T), np.full(T, -0.5), 4.0, least_mw, 0.5))
    split = Split.of(problem)
    search = Search(split)
    assert search.begin() is not None
    prices = plan_prices(search.valued())
    view = Viewer(split).view(prices, whole_range(split))
    np.testing.assert_allclose(prices.cover, 0.5 * 8.5)
    np.testing.assert_allclose(view.loose_usd, 0.0, atol=1e-9)
    np.testing.assert_allclose(view.uncovered, 0.0, atol=1e-9)


def test_a_programme_that_costs_more_than_it_pays_earns_no_cover() -> None:
    dear = mine(Reserve("award", np.ones(T), np.full(T, -2.0), 4.0, 0.0, 0.5))
    search = Search(Split.of(dear))
    assert search.begin() is not None
    assert not plan_prices(search.valued()).cover.any()
