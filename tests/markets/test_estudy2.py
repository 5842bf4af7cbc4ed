"""Case E1: the vignette of the R package estudy2 0.10.0, seven shares against the S&P 500 in March 2020.

The expected figures are those printed there; its deviations from the textbook are switched on by name.
"""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import stats

from megawatt.markets import parametric, rank_sign
from megawatt.markets.normal import ESTUDY2, TEXTBOOK, Panel, Quirk, fit_panel
from megawatt.markets.parametric import Statistic

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
RATES = DATA / "validation" / "event_study" / "estudy2_rates.csv"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")

PRINTED: dict[Callable[[Panel, int, int], Statistic], list[float]] = {
    parametric.brown_warner_1980: [2.486449, -3.370281, -1.726675, 8.188085, 6.233409],
    parametric.brown_warner_1985: [1.858514, -2.519140, -1.290615, 6.120241, 4.659205],
    parametric.cross_section: [1.3941497, -1.2769075, -0.4023135, 1.7958275, 5.1233281],
    parametric.patell: [2.5507399, -2.9495613, 0.3283654, 8.4216222, 6.3196352],
    parametric.bmp: [1.20471169, -1.17531339, 0.07606284, 2.16657728, 8.65212561],
    rank_sign.generalised_sign: [1.1516761, 0.3957301, 1.1516761, 1.9076220, 2.6635680],
    rank_sign.corrado_sign: [0.8636930, 0.2878977, 0.8636930, 1.4394883, 2.0152836],
    rank_sign.rank: [0.7962064, -0.1857202, 1.0205417, 2.1127972, 2.9255529],
    rank_sign.modified_rank: [0.8499246, -0.2283881, 0.9865178, 2.1665371, 2.9786668],
    rank_sign.wilcoxon: [23, 10, 15, 27, 28],
}


def vignette(quirks: frozenset[Quirk]) -> Panel:
    rates = pd.read_csv(RATES, index_col=0, parse_dates=True)
    shares = rates.drop(columns="GSPC")
    estimation = rates.index <= "2020-03-13"
    window = (rates.index >= "2020-03-16") & (rates.index <= "2020-03-20")
    market = np.tile(rates["GSPC"].to_numpy()[None, :, None], (7, 1, 1))
    values = shares.to_numpy().T
    return fit_panel(values[:, estimation], values[:, window], market[:, estimation], market[:, window], quirks=quirks)


@needs_data
@pytest.mark.parametrize("test", PRINTED, ids=lambda test: test.__name__)
def test_the_ten_printed_statistics_are_reproduced_with_the_quirks_switched_on(
    test: Callable[[Panel, int, int], Statistic],
) -> None:
    panel = vignette(ESTUDY2)
    computed = [test(panel, day, day).value for day in range(5)]
    assert computed == pytest.approx(PRINTED[test], abs=1e-6)


@needs_data
def test_the_printed_mean_abnormal_returns_are_reproduced_by_the_textbook_too() -> None:
    panel = vignette(TEXTBOOK)
    printed = [0.02329740, -0.03157867, -0.01617850, 0.07672027, 0.05840545]
    assert [parametric.patell(panel, day, day).estimate for day in range(5)] == pytest.approx(printed, abs=1e-8)


@needs_data
def test_the_textbook_is_the_default_and_gives_another_patell() -> None:
    panel = vignette(TEXTBOOK)
    assert parametric.patell(panel, 0, 0).value == pytest.approx(2.5444, abs=5e-5)
    assert parametric.patell(panel, 0, 0).value != pytest.approx(2.5507399, abs=1e-3)


@needs_data
def test_lamb_is_the_t_value_of_an_event_dummy_in_the_regression_of_the_portfolio() -> None:
    rates = pd.read_csv(RATES, index_col=0, parse_dates=True).dropna()
    estimation = np.flatnonzero(rates.index <= "2020-03-13")
    event = int(np.flatnonzero(rates.index == "2020-03-19")[0])
    rows = np.append(estimation, event)
    market = rates["GSPC"].to_numpy()
    values = rates.drop(columns="GSPC").to_numpy().T
    factor = np.tile(market[None, :, None], (7, 1, 1))
    panel = fit_panel(values[:, estimation], values[:, [event]], factor[:, estimation], factor[:, [event]])
    x = np.column_stack([np.ones(rows.size), market[rows], rows == event])
    y = values.mean(axis=0)[rows]
    slopes, squares, _, _ = np.linalg.lstsq(x, y, rcond=None)
    se = np.sqrt(squares[0] / (rows.size - 3) * np.linalg.inv(x.T @ x)[2, 2])
    assert parametric.lamb(panel, 0, 0).value == pytest.approx(slopes[2] / se, rel=1e-9)


@needs_data
def test_the_plain_sign_test_squared_is_the_chi_square_of_the_two_counts() -> None:
    panel = vignette(TEXTBOOK)
    for day in range(5):
        above = int(np.sum(panel.window[:, day] > 0))
        chi = stats.chisquare([above, 7 - above])
        ours = rank_sign.sign(panel, day, day)
        assert ours.value**2 == pytest.approx(chi.statistic)
        assert ours.p_value == pytest.approx(chi.pvalue)


@needs_data
def test_each_quirk_alone_changes_a_figure() -> None:
    statistics = {
        Quirk.RESIDUAL_SD_N_MINUS_1: parametric.patell,
        Quirk.REGRESSOR_OF_ALL_DAYS: parametric.patell,
        Quirk.POOLED_SIGN_SHARE: rank_sign.generalised_sign,
        Quirk.MISSING_DAYS_SCALED: rank_sign.rank,
    }
    assert set(statistics) == set(ESTUDY2)
    for quirk, test in statistics.items():
        changed = abs(test(vignette(frozenset({quirk})), 0, 0).value - test(vignette(TEXTBOOK), 0, 0).value)
        assert changed > 1e-4
