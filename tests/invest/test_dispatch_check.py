"""The check of alternatives against the same scenarios solved in full."""

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.invest.dispatch_check import check_against_full, first_paths, present_usd
from megawatt.invest.operations import Operations
from tests.invest.bank import drawn


def earning(*mining_usd: list[float]) -> Operations:
    usd = np.array(mining_usd)
    rest = {name: np.zeros_like(usd) for name in Operations.__slots__ if name != "mining_usd"}
    return Operations(mining_usd=usd, **rest)


def test_money_at_the_end_of_a_year_is_worth_a_tenth_less() -> None:
    assert present_usd(earning([0.0] * 11 + [110.0]), 0.10) == pytest.approx([100.0])


def test_values_within_one_percent_in_the_same_order_pass() -> None:
    found = check_against_full(
        {"keep": earning([99.5], [100.0], [7.0]), "convert": earning([50.0], [120.0], [7.0])},
        {"keep": earning([100.0], [100.0]), "convert": earning([50.0], [120.0])},
        rate=0.0,
    )
    assert found.alternatives == ("keep", "convert")
    assert found.answered_usd == (99.75, 85.0)
    assert found.differences == pytest.approx((-0.0025, 0.0))
    assert (found.paths, found.paths_ranked_alike, found.passed) == (2, 1.0, True)


def test_a_value_off_by_more_or_another_ranking_fails() -> None:
    full = {"keep": earning([100.0], [102.0]), "convert": earning([100.5], [101.0])}
    off = check_against_full({"keep": earning([98.0], [100.9]), "convert": full["convert"]}, full, rate=0.0)
    assert not off.same_ranking
    assert off.paths_ranked_alike == 0.5
    assert not off.passed
    low = {"keep": earning([100.0]), "convert": earning([20.0])}
    found = check_against_full({"keep": earning([98.9]), "convert": low["convert"]}, low, rate=0.0)
    assert found.same_ranking
    assert not found.passed


def test_scenarios_that_are_not_the_same_are_refused() -> None:
    with pytest.raises(InputError, match="same scenarios"):
        check_against_full({"keep": earning([1.0])}, {"keep": earning([1.0], [1.0])}, rate=0.1)
    with pytest.raises(InputError, match="same ones"):
        check_against_full({}, {"keep": earning([1.0])}, rate=0.1)


def test_the_first_scenarios_are_those_of_the_many() -> None:
    many = drawn(1, paths=5, months=3)
    few = first_paths(many, 2)
    assert (few.network.hashprice_usd_per_ph_day == many.network.hashprice_usd_per_ph_day[:2]).all()
    assert few.power_year.shape == few.scarce.shape == (2, 3)
    with pytest.raises(InputError, match="the first 6 of 5"):
        first_paths(many, 6)
