"""Tests of claims by regression of daily returns, on the days on which both markets closed.

A placebo keeps each series as it was and breaks only their bond: the window of x is taken from another time than that of y.
"""

from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from scipy import stats

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.claim_data import MarketData, finite_rows, parameter, toward
from megawatt.markets.claims import Finding
from megawatt.markets.lead_lag import granger
from megawatt.markets.least_squares import automatic_lags, least_squares
from megawatt.markets.placebo import BLOCKS, LEVEL, Placebo, draw_rows, limit

Regression = Callable[[Floats], tuple[float, float]]
"""From rows of returns (y, x, control) to an estimate and the one-sided p-value of 'above zero'."""


def comovement(data: MarketData, parameters: Mapping[str, Any], rng: np.random.Generator) -> Finding:
    """Slope of y on x given a control, Newey-West errors, in windows that end on ``last_day``.

    Parameters: y, x, control, last_day, rows, direction.
    """

    def slope(rows: Floats) -> tuple[float, float]:
        x = np.column_stack([np.ones(len(rows)), rows[:, 1], rows[:, 2]])
        fit = least_squares(rows[:, 0], x, automatic_lags(len(rows)))
        return float(fit.slopes[1]), float(stats.t.sf(fit.t_value(1), fit.df))

    names = [parameter(parameters, key, str) for key in ("y", "x", "control")]
    return _windows(data, parameters, names, slope, "slope given the control, Newey-West", rng)


def lead(data: MarketData, parameters: Mapping[str, Any], rng: np.random.Generator) -> Finding:
    """Do the lags of x lead y, and with which sign? Granger's test with Newey-West errors.

    Parameters: y, x, lags, last_day, rows, direction. The p-value is that of the F test, on the side of the sign of the sum.
    """
    lags = parameter(parameters, "lags", int)

    def led(rows: Floats) -> tuple[float, float]:
        found = granger(rows[:, 0], rows[:, 1], lags)
        return found.sum_of_slopes, found.p_value / 2 if found.sum_of_slopes > 0 else 1 - found.p_value / 2

    names = [parameter(parameters, key, str) for key in ("y", "x")]
    return _windows(data, parameters, names, led, f"Granger, {lags} lags, Newey-West; sum of slopes", rng)


def _windows(
    data: MarketData,
    parameters: Mapping[str, Any],
    names: list[str],
    regression: Regression,
    method: str,
    rng: np.random.Generator,
) -> Finding:
    closes = data.common()
    returns = closes.select(names).log_returns()
    last = np.datetime64(parameter(parameters, "last_day", str), "D")
    until = finite_rows(*returns[closes.days <= last].T)
    estimates, p_values, p_opposite = {}, {}, {}
    windows = parameter(parameters, "rows", list)
    for rows in windows:
        if len(until) < rows:
            raise InputError(f"{len(until)} common days until {last}", f"the window has {rows}", "Add prices.")
        estimates[f"{rows} days"], p_positive = regression(until[-rows:])
        p_values[f"{rows} days"], p_opposite[f"{rows} days"] = toward(p_positive, parameters)
    alarms = _placebo(finite_rows(*returns.T), windows[0], regression, parameters, rng)
    return Finding(estimates, p_values, p_opposite, "slope", method, windows[0], alarms, data_sha256=data.sha256)


def _placebo(
    rows: Floats, window: int, regression: Regression, parameters: Mapping[str, Any], rng: np.random.Generator
) -> Placebo:
    """Y (and the control) from one time, x from another: no bond, so every rejection is a false alarm.

    A window is a block of its own length; its start is drawn without further blocks.
    """
    starts_y = draw_rows(0, len(rows) - window, rng, block_rows=1)
    starts_x = draw_rows(0, len(rows) - window, rng, block_rows=1)
    alarms = 0
    for a, b in zip(starts_y.tolist(), starts_x.tolist(), strict=True):
        # Two windows that begin within a week of each other would keep the bond.
        b = (b + window) % (len(rows) - window) if abs(a - b) < 5 else b  # noqa: PLW2901  # the shifted start
        mixed = rows[a : a + window].copy()
        mixed[:, 1] = rows[b : b + window, 1]
        alarms += toward(regression(mixed)[1], parameters)[0] <= LEVEL
    return Placebo(alarms, BLOCKS, limit(BLOCKS))
