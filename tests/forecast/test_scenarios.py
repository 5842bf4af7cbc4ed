"""Scenarios have the forecast's margins and the past's dependence."""

import numpy as np
import pytest
from scipy.stats import rankdata, spearmanr

from megawatt.core.errors import InputError
from megawatt.forecast.scenarios import schaake_shuffle

LEVELS = (0.1, 0.5, 0.9)
QUANTILES = np.array([[10.0, 20.0, 40.0], [0.0, 5.0, 10.0]])


def test_each_interval_holds_the_evenly_spread_quantiles_in_the_order_of_the_past() -> None:
    template = np.array([[3.0, -1.0], [1.0, -3.0], [2.0, -2.0], [9.0, 7.0], [4.0, 0.0]])
    got = schaake_shuffle(QUANTILES, LEVELS, template)
    assert sorted(got[:, 0]) == pytest.approx([10.0, 15.0, 20.0, 30.0, 40.0])
    for column in range(2):
        assert rankdata(got[:, column]).tolist() == rankdata(template[:, column]).tolist()


def test_hours_that_went_together_go_together() -> None:
    rng = np.random.default_rng(1)
    common = rng.normal(size=(200, 1))
    template = common + 0.3 * rng.normal(size=(200, 2))
    got = schaake_shuffle(QUANTILES, LEVELS, template)
    wanted = spearmanr(template[:, 0], template[:, 1]).statistic
    # Beyond the outer levels the margin is flat: a few ties there lower the correlation of ranks a little.
    assert spearmanr(got[:, 0], got[:, 1]).statistic == pytest.approx(wanted, abs=0.05)


def test_a_past_day_with_a_gap_is_refused() -> None:
    with pytest.raises(InputError, match="none is missing"):
        schaake_shuffle(QUANTILES, LEVELS, np.array([[1.0, np.nan]]))
