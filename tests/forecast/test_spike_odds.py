"""One regression for the chance that a price passes any break-even."""

import numpy as np
import pytest
from scipy.optimize import minimize

from megawatt.core.errors import InputError
from megawatt.forecast.spike_odds import HIGHEST_2H, LAST, QUARTER_OF_DAY, SpikeOdds, design, logistic, squeezed


def test_the_coefficients_are_those_of_another_optimiser() -> None:
    rng = np.random.default_rng(5)
    A = np.column_stack([np.ones(400), rng.standard_normal((400, 3))])
    y = (A @ np.array([-1.0, 2.0, 0.5, 0.0]) + rng.logistic(size=400) > 0).astype(np.float64)
    weight = rng.uniform(0.1, 5.0, 400)

    def loss(beta: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
        chance = 1 / (1 + np.exp(-A @ beta))
        return float(-weight @ np.log(np.where(y > 0, chance, 1 - chance)) + 0.4 * beta @ beta)

    other = minimize(loss, np.zeros(4), method="BFGS", options={"gtol": 1e-7})
    np.testing.assert_allclose(logistic(A, y, weight, 0.8, np.zeros(4)), other.x, atol=1e-4)


def test_the_search_ends_in_one_place_wherever_it_begins() -> None:
    rng = np.random.default_rng(6)
    A = np.column_stack([np.ones(300), rng.standard_normal((300, 2))])
    y, weight = (rng.random(300) < 0.4).astype(np.float64), rng.uniform(0.1, 5.0, 300)
    near, far = (logistic(A, y, weight, 1.0, np.array(start)) for start in ([0.0, 0.0, 0.0], [8.0, -9.0, 5.0]))
    np.testing.assert_allclose(near, far, atol=1e-4)


def test_separable_cases_have_finite_coefficients() -> None:
    A = np.column_stack([np.ones(20), np.arange(20.0) - 9.5])
    beta = logistic(A, (np.arange(20) > 9).astype(np.float64), np.full(20, 100.0), 0.01, np.zeros(2))
    assert np.isfinite(beta).all()
    assert beta[1] > 1


def table(last: np.ndarray[tuple[int], np.dtype[np.float64]]) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Features of intervals of which only the last price and the highest of two hours are known."""
    X = np.full((len(last), 15), np.nan)
    X[:, LAST] = X[:, HIGHEST_2H] = squeezed(last)
    X[:, QUARTER_OF_DAY] = 40
    return X


def test_a_price_that_lasts_is_expected_to_last_and_one_that_falls_back_is_not() -> None:
    rng = np.random.default_rng(7)
    last = rng.lognormal(4.0, 1.0, 6000)
    stays, falls = last * rng.uniform(0.9, 1.1, 6000), np.where(last > 60, 25.0, last)
    ask = table(np.array([30.0, 200.0]))
    low, high = SpikeOdds.fit(table(last), stays).probability(ask, 60.0)
    assert low < 0.1
    assert high > 0.9
    assert SpikeOdds.fit(table(last), falls).probability(ask, 60.0).max() < 0.2


def test_one_fit_serves_every_break_even() -> None:
    rng = np.random.default_rng(8)
    last = rng.lognormal(4.0, 1.0, 6000)
    odds = SpikeOdds.fit(table(last), last * rng.uniform(0.9, 1.1, 6000))
    for limit in (45.0, 60.0, 90.0):  # two of them are no level of the fit
        chance = odds.probability(table(np.array([limit / 2, 2 * limit])), limit)
        assert chance[0] < 0.1
        assert chance[1] > 0.9


@pytest.mark.parametrize("level", [40.0, 60.0, 100.0])
def test_what_is_missing_counts_as_a_price_at_the_level(level: float) -> None:
    """A price of exactly the level has not passed it: on both ways in, every column is the same."""
    missing, at_level = design(table(np.array([np.nan, level])), level)
    whole = np.full((1, 15), float(squeezed(np.array(level))))
    whole[0, QUARTER_OF_DAY] = 40
    np.testing.assert_array_equal(missing, at_level)
    np.testing.assert_array_equal(missing, design(whole, level)[0])
    assert not np.array_equal(missing, design(table(np.array([level + 5])), level)[0])


def test_a_short_history_is_refused() -> None:
    with pytest.raises(InputError, match="28 days"):
        SpikeOdds.fit(np.zeros((100, 15)), np.zeros(100))


def test_intervals_without_a_price_teach_nothing() -> None:
    rng = np.random.default_rng(9)
    last = rng.lognormal(4.0, 1.0, 3000)
    price = last * rng.uniform(0.9, 1.1, 3000)
    wild = np.concatenate([table(last), table(np.full(50, 1e4))])
    one = SpikeOdds.fit(table(last), price)
    two = SpikeOdds.fit(wild, np.concatenate([price, np.full(50, np.nan)]))
    np.testing.assert_array_equal(one.weight, two.weight)
