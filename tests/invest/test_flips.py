"""What turns an answer: linear differences with known turning points, and shares of a known variance."""

from collections.abc import Mapping

import numpy as np
import pytest
from numpy.typing import NDArray

from megawatt.core.series import Floats
from megawatt.invest.flips import SCENARIO, flips, shares_of_difference
from megawatt.invest.ranges import Range


def test_each_input_turns_where_the_line_crosses_nought_and_the_widest_comes_first() -> None:
    """3 a - 2 b + 1 with a = 1, b = 4 where nothing else is said: a turns at 7/3, b at 2, c never."""

    def difference(given: Mapping[str, float]) -> float:
        one = {"a": 1.0, "b": 4.0, "c": 0.0, **given}
        return 3 * one["a"] - 2 * one["b"] + 1 + 0 * one["c"]

    found = flips(
        difference,
        {"c": Range(0.0, 0.0, 1.0), "a": Range(0.5, 1.0, 1.5), "b": Range(1.0, 4.0, 5.0)},
        {"a": (-10.0, 10.0), "b": (0.0, 10.0), "c": (0.0, 1.0)},
    )
    assert [one.name for one in found] == ["b", "a", "c"]
    assert [one.at for one in found[:2]] == pytest.approx([2.0, 7 / 3], abs=2e-3)
    assert found[2].at is None
    assert [one.swing_usd for one in found] == pytest.approx([8.0, 3.0, 0.0])
    assert (found[0].low_usd, found[0].high_usd) == (2.0, -6.0)


def test_shares_are_the_variances_of_the_parts_of_a_sum() -> None:
    """x + s with x a triangle on [0, 6] (variance 1.5) and s from paths of variance 4.5: a quarter and three quarters."""
    chance = np.random.default_rng(0).normal(0, 1, 400)
    chance *= np.sqrt(4.5) / chance.std()

    def difference(rows: NDArray[np.int64], inputs: Mapping[str, Floats]) -> Floats:
        out: Floats = inputs["x"] + chance[rows]
        return out

    shares = shares_of_difference(difference, {"x": Range(0.0, 3.0, 6.0)}, 400, np.random.default_rng(1), points=2_048)
    assert list(shares) == [SCENARIO, "x"]
    assert shares["x"] == pytest.approx(0.25, abs=0.03)
    assert shares[SCENARIO] == pytest.approx(0.75, abs=0.03)
