"""The mean of a quantity in each hour of tomorrow, from what is known before the day-ahead auction closes.

What a commitment made before the auction needs is an expectation, by hour: what standing by in reserve will bring less
what it will cost, or what the day-ahead price will lie below the real-time one. Such differences are noise around
something that moves slowly with season, hour and scarcity, so two forecasts of few parameters share the answer evenly:

* the mean of the same local hour over the last `DAYS` days whose outcome is known;
* a ridge regression, common to all hours, on that mean, the mean of the last week, the last known day's own mean, each
  driver's latest known value and its mean at that hour, and how far the published load forecast lies above what it was
  at that hour and over the last week. It is fitted anew each day on all earlier days whose outcome is known.

The regression joins after `LEAST_DAYS` days. Each was tried alone on January to June 2024, and other windows beside:
the even mixture earned most in sum over nine pairs of product and break-even (`docs/commitments.md`).

`Outlook` is handed series; every value enters only where its ``known_at`` is not later than the hour's issue.
"""

import datetime as dt
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.known import on_day_before
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import TimeGrid, Times

Ints = NDArray[np.int64]

DAYS = 14
WEEK = 7
LEAST_DAYS = 42
"""Days with an outcome without which there is no regression."""
RIDGE = 500.0
"""Penalty on the coefficients of standardised columns: about that of twenty days of hours."""
MOST = 300.0
"""An outcome counts in the regression up to so much: one scarcity hour must not be all that a spring teaches."""
SCALE = 20.0
"""Drivers enter as asinh(x / 20)."""


@dataclass(frozen=True, slots=True)
class Mornings:
    """Before the auction of every day: when each hour is decided, and where its like of earlier days lie.

    Attributes:
        grid: Hourly grid.
        issued: Instant at which each hour is decided, shape (n,).
        day: Number of the local day of each hour, shape (n,).
        before: Number of the same local hour j + 1 days earlier, -1 where there is none, shape (n, DAYS + 2). Of an hour
            that the clock repeats the first serves; of one that it skips there is none.
    """

    grid: TimeGrid
    issued: Times
    day: Ints
    before: Ints

    @classmethod
    def of(cls, grid: TimeGrid, *, timezone: str, at: dt.time) -> "Mornings":
        """Every hour of ``grid``, decided at the wall-clock time ``at`` of the local day before.

        Raises:
            InputError: The grid is not hourly.
        """
        if grid.step_minutes != 60:
            raise InputError(
                f"intervals of {grid.step_minutes} minutes",
                "commitments of the day-ahead auction are made by the hour",
                "Bring the series onto an hourly grid with Series.on first.",
            )
        local = np.asarray(grid.index(timezone).tz_localize(None), dtype="datetime64[s]")
        date = local.astype("datetime64[D]")
        day = (date - date[0]).astype(np.int64)
        hour = (local - date).astype(np.int64) // 3600
        table = np.full((int(day[-1]) + 1, 24), -1, dtype=np.int64)
        table[day[::-1], hour[::-1]] = np.arange(grid.n)[::-1]
        back = day[:, np.newaxis] - 1 - np.arange(DAYS + 2)
        before = np.where(back >= 0, table[np.maximum(back, 0), hour[:, np.newaxis]], -1)
        return cls(grid, on_day_before(grid, timezone=timezone, at=at), day, before)

    def past(self, series: Series) -> Floats:
        """The values of the same hour on the days before, where known at the issue, shape (n, DAYS + 2), else NaN."""
        one, at = series.on(self.grid), np.maximum(self.before, 0)
        known = (self.before >= 0) & (one.known_at[at] <= self.issued[:, np.newaxis])
        return np.where(known, one.values[at], np.nan)


def mean_of_last(past: Floats, days: int) -> Floats:
    """Mean of the latest ``days`` known values of each row, shape (n,); NaN where none is known.

    Args:
        past: See `Mornings.past`: latest day first.
        days: How many.
    """
    known = np.isfinite(past)
    used = known & (np.cumsum(known, axis=1) <= days)
    count = used.sum(axis=1)
    total = np.where(used, past, 0.0).sum(axis=1)
    out: Floats = np.divide(total, count, out=np.full(len(past), np.nan), where=count > 0)
    return out


def last_known(past: Floats) -> Floats:
    """The latest known value of each row, shape (n,)."""
    return mean_of_last(past, 1)


def next_day_mean(
    mornings: Mornings, target: Series, drivers: tuple[Series, ...] = (), load_forecast: Series | None = None
) -> Floats:
    """Expected value of the target in each hour, by what is known at its issue, shape (n,); NaN where nothing is.

    Args:
        mornings: When each hour is decided.
        target: What is asked for; each value known once its outcome is.
        drivers: Prices that move with it, for example the award's and the day-ahead energy's.
        load_forecast: Published forecast of the system's load; used where it is known at the issue.
    """
    past = mornings.past(target)
    usual = mean_of_last(past, DAYS)
    columns = [usual, mean_of_last(past, WEEK), _day_mean(mornings, last_known(past))]
    for one in drivers:
        seen = mornings.past(one)
        columns += [np.arcsinh(last_known(seen) / SCALE), np.arcsinh(mean_of_last(seen, DAYS) / SCALE)]
    if load_forecast is not None:
        columns += _load_columns(mornings, load_forecast)
    X = np.column_stack(columns)
    fitted = _ridge(mornings, np.nan_to_num(X), target)
    return np.where(np.isfinite(fitted) & np.isfinite(usual), (fitted + usual) / 2, usual)


def _day_mean(mornings: Mornings, values: Floats) -> Floats:
    """Mean over the hours of each local day, for every hour of it, shape (n,): one issue knows them all."""
    there = np.isfinite(values)
    total = np.bincount(mornings.day, np.where(there, values, 0.0))
    count = np.bincount(mornings.day, there.astype(np.float64))
    mean: Floats = np.divide(total, count, out=np.full(len(total), np.nan), where=count > 0)[mornings.day]
    return mean


def _load_columns(mornings: Mornings, load_forecast: Series) -> list[Floats]:
    """Log of tomorrow's forecast load over that of the same hour, and over that of all hours of the last week."""
    past = mornings.past(load_forecast)
    now = load_forecast.known_for(mornings.grid, mornings.issued)
    return [
        np.log(now / mean_of_last(past, DAYS)),
        np.log(now / _day_mean(mornings, mean_of_last(past, WEEK))),
    ]


def _ridge(mornings: Mornings, X: Floats, target: Series) -> Floats:
    """The regression's answer, fitted for each day on the earlier hours whose outcome its issue knows, shape (n,)."""
    series = target.on(mornings.grid)
    y, known_at = np.clip(series.values, -MOST, MOST), series.known_at
    out = np.full(len(y), np.nan)
    for day in range(LEAST_DAYS, int(mornings.day[-1]) + 1):
        now = np.flatnonzero(mornings.day == day)
        if not len(now):
            continue
        seen = np.arange(now[0])
        seen = seen[known_at[seen] <= mornings.issued[now].min()]
        if len(seen) < LEAST_DAYS * 24 * 0.9:
            continue
        centre, spread = X[seen].mean(axis=0), X[seen].std(axis=0) + 1e-9
        Z = (X[seen] - centre) / spread
        level = y[seen].mean()
        weight = np.linalg.solve(Z.T @ Z + RIDGE * np.eye(Z.shape[1]), Z.T @ (y[seen] - level))
        out[now] = level + (X[now] - centre) / spread @ weight
    return out
