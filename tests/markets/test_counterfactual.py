"""Counterfactuals against the stored output of R CausalImpact, and against planted answers."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, minimize

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.counterfactual import counterfactual
from megawatt.markets.synthetic_control import simplex_weights, synthetic_control

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")


@needs_data
def test_the_google_case_of_r_causal_impact_is_found_again() -> None:
    table = pd.read_csv(DATA / "validation" / "causal_impact" / "google_data.csv")
    event = int(np.flatnonzero(table["date"] == "2020-03-02")[0])
    y, x = table["y"].to_numpy(dtype=float), table[["x1", "x2"]].to_numpy(dtype=float)
    found = counterfactual(y, x, event, np.random.default_rng(1), draws=2_500)
    assert found.cumulative == pytest.approx(804, rel=0.03)
    assert found.cumulative_sd == pytest.approx(134, rel=0.10)
    assert found.cumulative_interval == pytest.approx((539, 1073), rel=0.1)
    assert found.relative == pytest.approx(0.21, abs=0.015)


@needs_data
def test_the_arma_case_of_r_causal_impact_is_found_again() -> None:
    table = pd.read_csv(DATA / "validation" / "causal_impact" / "arma_data.csv")
    y = table["y"].to_numpy(dtype=float).copy()
    y[70:] += 1
    found = counterfactual(y, table[["X"]].to_numpy(dtype=float), 70, np.random.default_rng(2), draws=2_500)
    assert found.cumulative == pytest.approx(26.67, rel=0.10)
    assert found.cumulative_sd == pytest.approx(9.1, rel=0.10)


def test_a_planted_effect_is_found_and_useless_controls_are_left_out() -> None:
    rng = np.random.default_rng(3)
    controls = np.cumsum(rng.standard_normal((200, 8)), axis=0)
    y = 2 * controls[:, 0] + rng.standard_normal(200)
    y[150:] += 5
    found = counterfactual(y, controls, 150, np.random.default_rng(4), draws=400, burn_in=100)
    low, high = found.cumulative_interval
    assert low < 250 < high
    assert found.tail < 0.01
    assert found.inclusion[0] > 0.99
    assert found.inclusion[1:].max() < 0.6


def test_without_an_effect_the_interval_holds_zero() -> None:
    covered = 0
    for seed in range(12):
        rng = np.random.default_rng(seed)
        x = np.cumsum(rng.standard_normal((90, 1)), axis=0)
        y = x[:, 0] + 0.5 * rng.standard_normal(90)
        low, high = counterfactual(y, x, 70, rng, draws=300, burn_in=100).cumulative_interval
        covered += low <= 0 <= high
    assert covered >= 9


def test_the_same_seed_gives_the_same_answer() -> None:
    rng = np.random.default_rng(5)
    x = rng.standard_normal((40, 1))
    y = x[:, 0] + rng.standard_normal(40)
    runs = [counterfactual(y, x, 30, np.random.default_rng(6), draws=50, burn_in=10).cumulative for _ in range(2)]
    assert runs[0] == runs[1]


def test_a_missing_value_is_refused() -> None:
    with pytest.raises(InputError, match="all are finite"):
        counterfactual(np.full(30, np.nan), np.ones((30, 1)), 20, np.random.default_rng(0))


def test_planted_weights_are_found_and_the_gap_is_the_effect() -> None:
    donors = np.cumsum(np.random.default_rng(7).standard_normal((60, 5)), axis=0)
    y = donors @ [0.6, 0.4, 0.0, 0.0, 0.0]
    y[40:] += 3
    found = synthetic_control(y, donors, 40)
    assert found.weights == pytest.approx([0.6, 0.4, 0, 0, 0], abs=1e-6)
    assert found.gap[40:] == pytest.approx(3, abs=1e-4)
    assert found.p_value == pytest.approx(1 / 6)


def test_the_weights_are_those_of_a_general_optimiser() -> None:
    rng = np.random.default_rng(8)
    donors, y = rng.standard_normal((30, 4)), rng.standard_normal(30)

    def miss(w: Floats) -> float:
        return float(np.sum((y - donors @ w) ** 2))

    one = LinearConstraint(np.ones((1, 4)), 1.0, 1.0)
    best = minimize(
        miss, np.full(4, 0.25), method="SLSQP", bounds=Bounds(0, 1), constraints=one, options={"ftol": 1e-14}
    )
    assert simplex_weights(y, donors) == pytest.approx(best.x, abs=1e-5)
