"""Gradient-boosted trees on day-ahead prices: one model for all intervals of the day, refitted seldom.

One row per interval: the scaled prices of the same interval 1, 2, 3 and 7 days before, yesterday's last price, extremes
and mean, the other series of this interval and its neighbours today, yesterday and a week ago, and their daily means,
time of day and day of the week. Trees bend where linear models cannot, at scarcity and surplus.

Trees answer within what they have seen, so that a lasting rise of prices leaves them behind. Half of the answer comes
from trees whose prices, also the one that is learnt, are told from the mean of the last week; these know no level, so
the other half comes from trees on the prices themselves.

Needs the extra ``forecast`` (LightGBM).
"""

from collections.abc import Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import MissingExtraError
from megawatt.forecast.day_ahead import OTHER_LAGS, OWN_LAGS, DayAhead, Scale
from megawatt.forecast.day_table import WEEK, DayTable
from megawatt.forecast.model import Floats

PARAMETERS = {
    "objective": "l1",
    "num_leaves": 31,
    "learning_rate": 0.06,
    "feature_fraction": 0.5,
    "bagging_fraction": 0.7,
    "bagging_freq": 1,
    "min_data_in_leaf": 40,
    "max_bin": 63,
    "num_threads": 1,
    "deterministic": True,
    "force_col_wise": True,
    "verbose": -1,
}


class Trees(DayAhead):
    """Boosted trees on the scaled price.

    Args:
        target: Name of the price series.
        others: Names of series known for the day that is forecast.
        timezone: IANA zone of the market's days.
        days: Days of history.
        every: Issues from one fit to the next; trees that know no level age slower and are grown every other time.
        half_life: Age at which a day counts half [days].
        rounds: Trees.
        seed: Seed of the library's own draws.

    Raises:
        MissingExtraError: LightGBM is not installed.
    """

    name = "trees"
    version = "2"

    def __init__(
        self,
        target: str,
        others: Sequence[str],
        *,
        timezone: str,
        days: int = 1092,
        every: int = 28,
        half_life: float = 500.0,
        rounds: int = 300,
        seed: int = 1,
    ) -> None:
        super().__init__(target, others, timezone=timezone)
        _lightgbm()
        self._days, self._every, self._half_life = days, every, half_life
        self._rounds, self._seed = rounds, seed
        self._fits = 0
        self._boosters: dict[bool, tuple[Any, list[Scale]]] = {}

    def learn(self, table: DayTable, end: int) -> None:
        """Grow the trees anew when it is time to."""
        first = max(end - self._days, WEEK)
        whole = np.isfinite(table.values[:, first:end]).all(axis=(0, 2))
        if whole.sum() >= 2 * WEEK:
            for relative, every in ((False, self._every), (True, 2 * self._every)):
                if self._fits % every == 0 or relative not in self._boosters:
                    scales = [Scale.of(values[first:end][whole]) for values in table.values]
                    self._boosters[relative] = self._grown(table, np.arange(first, end), scales, relative), scales
        self._fits += 1

    def answer(self, table: DayTable, row: int) -> Floats:
        """The forecast of the day of a row, shape (intervals a day,)."""
        H, answers = table.values.shape[2], []
        if not self._boosters or row < WEEK:
            return np.full(H, np.nan)
        for relative, (booster, scales) in self._boosters.items():
            X, level = _rows(table, np.array([row]), scales, relative)
            scaled = np.asarray(booster.predict(X, num_threads=1)) + level
            answers.append(np.where(np.isfinite(X).all(axis=1), scales[0].restore(scaled), np.nan))
        mean: Floats = np.mean(answers, axis=0)
        return mean

    def _grown(self, table: DayTable, days: NDArray[np.int64], scales: list[Scale], relative: bool) -> Any:
        lightgbm = _lightgbm()
        X, level = _rows(table, days, scales, relative)
        y = scales[0].transform(table.values[0, days]).ravel() - level
        weight = np.repeat(0.5 ** ((days[-1] - days) / self._half_life), table.values.shape[2])
        there = np.isfinite(X).all(axis=1) & np.isfinite(y)
        data = lightgbm.Dataset(X[there], y[there], weight=weight[there])
        return lightgbm.train({**PARAMETERS, "seed": self._seed}, data, num_boost_round=self._rounds)


def _rows(table: DayTable, days: NDArray[np.int64], scales: list[Scale], relative: bool) -> tuple[Floats, Floats]:
    """Regressors of every interval of the days, shape (n, features), and the level that prices are told from, (n,)."""
    H, first = table.values.shape[2], int(days[0]) - WEEK
    span = slice(first, int(days[-1]) + 1)
    weekday = table.weekdays(span)[days - first].argmax(axis=1)
    own, *others = [scale.transform(values[span]) for scale, values in zip(scales, table.values, strict=True)]
    days, shape = days - first, (len(days), H)
    week = own[days[:, None] - np.arange(1, WEEK + 1)].mean(axis=(1, 2))[:, None]
    level = week if relative else np.zeros_like(week)
    columns = [own[days - lag] - level for lag in OWN_LAGS]
    last = own[days - 1] - level
    columns += [np.broadcast_to(f[:, None], shape) for f in (last[:, -1], last.min(1), last.max(1), last.mean(1))]
    columns.append(np.broadcast_to(week, shape))
    for other in others:
        columns += [other[days - lag] for lag in OTHER_LAGS]
        today = other[days]
        columns += [np.roll(today, 1, axis=1), np.roll(today, -1, axis=1), today - other[days - 1]]
        columns += [np.broadcast_to(today.mean(1)[:, None], shape)]
    columns += [np.broadcast_to(np.arange(H), shape), np.broadcast_to(weekday[:, None], shape)]
    return np.stack(columns, axis=-1).reshape(-1, len(columns)), np.broadcast_to(level, shape).ravel()


def _lightgbm() -> Any:
    try:
        import lightgbm  # noqa: PLC0415
    except ImportError as error:
        raise MissingExtraError.named("lightgbm", "forecast", "forecasting with boosted trees") from error
    return lightgbm
