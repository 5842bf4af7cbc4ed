"""Least-squares Monte Carlo: the example and the table of its authors, and bounds that hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.invest.stopping import apply, basis, foresight, learn
from tests.invest.put import TABLE_1, bermudan_put, put_paths

PATHS = np.array(
    [
        [1.00, 1.09, 1.08, 1.34],
        [1.00, 1.16, 1.26, 1.54],
        [1.00, 1.22, 1.07, 1.03],
        [1.00, 0.93, 0.97, 0.92],
        [1.00, 1.11, 1.56, 1.52],
        [1.00, 0.76, 0.77, 0.90],
        [1.00, 0.92, 0.84, 1.01],
        [1.00, 0.88, 1.22, 1.34],
    ]
)
"""The eight paths of the paper: a put struck at 1.10, three years, 6 %."""


def test_the_eight_paths_of_the_paper_give_its_regressions_and_its_value() -> None:
    rewards = np.maximum(1.10 - PATHS, 0.0)
    rewards[:, 0] = 0.0  # not exercisable today
    one_year = np.exp(-0.06)
    policy = learn(rewards, PATHS, one_year, degree=2, scaled=False)
    assert policy.coefficients[2] == pytest.approx([-1.070, 2.983, -1.813], abs=1e-3)
    assert policy.coefficients[1] == pytest.approx([2.038, -3.335, 1.356], abs=1e-3)
    found = apply(policy, rewards, PATHS, one_year)
    assert found.mean == pytest.approx(0.11443433, abs=5e-9)
    assert list(found.dates[[3, 5, 6, 7]]) == [1, 1, 1, 1]
    european = (rewards[:, 3] * np.exp(-0.18)).mean()
    assert european == pytest.approx(0.05638074, abs=5e-9)


@pytest.mark.parametrize("case", TABLE_1[::6], ids=str)
def test_a_sample_of_the_table_lies_within_three_standard_errors(case: tuple[float, float, float, float]) -> None:
    """Out of sample, so a lower bound; the other cases are the bar ``longstaff-schwartz-table-1``."""
    spot, volatility, years, value = case
    found = bermudan_put(spot, volatility, years, paths=20_000, seed=1)
    assert found.mean == pytest.approx(value, abs=3 * found.standard_error + 0.005)


def test_the_policy_lies_between_the_european_put_and_perfect_foresight() -> None:
    rewards, states, discount = put_paths(40.0, 0.2, 1.0, paths=10_000, seed=5)
    policy = learn(*put_paths(40.0, 0.2, 1.0, paths=10_000, seed=6), degree=4)
    found = apply(policy, rewards, states, discount)
    european = (rewards[:, -1] * discount ** (rewards.shape[1] - 1)).mean()
    assert european < found.mean < foresight(rewards, discount).mean()


def test_what_is_never_worth_waiting_for_is_taken_at_once() -> None:
    """A certain reward that shrinks: stop on the first date. One that grows faster than the rate: on the last."""
    states = np.random.default_rng(0).normal(size=(200, 5))
    for growth, date in ((0.8, 0), (1.3, 4)):
        rewards = np.broadcast_to(growth ** np.arange(5.0), (200, 5)).copy()
        found = apply(learn(rewards, states, 0.95), rewards, states, 0.95)
        assert set(found.dates) == {date}


@settings(max_examples=30)
@given(st.integers(0, 10_000), st.integers(2, 6))
def test_no_policy_beats_foresight(seed: int, dates: int) -> None:
    rng = np.random.default_rng(seed)
    rewards, states = rng.normal(size=(60, dates)), rng.normal(size=(60, dates, 2))
    policy = learn(rewards, states, 0.9, degree=2, positive_only=False)
    assert (apply(policy, rewards, states, 0.9).values <= foresight(rewards, 0.9) + 1e-12).all()


def test_the_basis_of_two_states_has_every_product_once() -> None:
    x = np.array([[2.0, 3.0]])
    assert list(basis(x, 3)[0]) == [1, 2, 3, 4, 6, 9, 8, 12, 18, 27]


def test_shapes_that_do_not_fit_are_refused() -> None:
    with pytest.raises(InputError, match="a row per path and a column per date"):
        learn(np.zeros((5, 3)), np.zeros((5, 4)), 0.9)
    with pytest.raises(InputError, match="missing"):
        learn(np.full((5, 3), np.nan), np.zeros((5, 3)), 0.9)
