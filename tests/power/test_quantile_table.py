"""Quantile tables: knots are met, nothing lies beyond them, and a spoilt table is refused."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.special import ndtri

from megawatt.core.errors import InputError
from megawatt.power.quantile_table import QuantileTable

LEVELS = np.array([0.1, 0.5, 0.9])
TABLE = QuantileTable(LEVELS, np.array([[-5.0, 20.0, 90.0], [0.0, 0.0, 10.0]]), np.array([30.0]))


def test_a_knot_gives_its_value_and_the_ends_hold() -> None:
    z = np.array([-9.0, *ndtri(LEVELS), 9.0])
    assert TABLE.at(np.zeros(5, dtype=np.int64), z) == pytest.approx([-5.0, -5.0, 20.0, 90.0, 90.0])


def test_between_two_knots_the_value_is_linear_in_the_score() -> None:
    middle = np.array([ndtri(0.9) / 2])
    assert TABLE.at(np.array([1]), middle) == pytest.approx([5.0])


@settings(deadline=None, max_examples=50)
@given(low=st.floats(-4, 4), high=st.floats(-4, 4), cell=st.integers(0, 1))
def test_a_higher_score_never_gives_a_lower_value(low: float, high: float, cell: int) -> None:
    low, high = min(low, high), max(low, high)
    a, b = TABLE.at(np.array([cell, cell]), np.array([low, high]))
    assert a <= b


def test_a_driver_on_the_edge_belongs_to_the_range_above() -> None:
    assert TABLE.bins(np.array([-100.0, 29.99, 30.0, 5_000.0])).tolist() == [0, 0, 1, 1]


@pytest.mark.parametrize(
    ("levels", "values"),
    [
        ([0.1, 0.5, 0.9], [[3.0, 2.0, 4.0]]),
        ([0.1, 0.5, 0.9], [[1.0, float("nan"), 4.0]]),
        ([0.1, 0.5], [[1.0, 2.0, 4.0]]),
        ([0.5, 0.1, 0.9], [[1.0, 2.0, 4.0]]),
        ([0.0, 0.5, 0.9], [[1.0, 2.0, 4.0]]),
    ],
)
def test_a_spoilt_table_is_refused(levels: list[float], values: list[list[float]]) -> None:
    with pytest.raises(InputError, match=r"scripts/fit_price_model\.py"):
        QuantileTable.from_dict({"values": values}, levels)
