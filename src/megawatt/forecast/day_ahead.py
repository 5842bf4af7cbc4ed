"""What the forecasters of a day-ahead market share: one row of regressors a day, all intervals of the day as targets.

The regressors of the published benchmark: prices of 1, 2, 3 and 7 days before, every other series for the day itself
and for 1 and 7 days before, and the day of the week. Prices and series enter by their distance from the median in
units of the median absolute deviation, through the inverse hyperbolic sine: spikes stay large and lose their leverage.

References:
    Lago, Marcjasz, De Schutter, Weron, Applied Energy 293 (2021) 116983.
    Uniejewski, Weron, Ziel, IEEE Transactions on Power Systems 33 (2018) 2219 (variance stabilising).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from megawatt.core.dataset import Dataset
from megawatt.core.timegrid import zone
from megawatt.forecast.day_table import WEEK, DayTable, table_of, wall
from megawatt.forecast.model import MEDIAN, Floats, Issues, known

OWN_LAGS = (1, 2, 3, 7)
OTHER_LAGS = (0, 1, 7)
NORMAL = 0.6744897501960817
"""Median absolute deviation of a standard normal variable."""


@dataclass(frozen=True, slots=True, eq=False)
class Scale:
    """x -> asinh((x - median) / deviation), per interval of the day.

    Attributes:
        median: Shape (H,).
        deviation: Median absolute deviation over that of a standard normal variable, shape (H,); where it is zero
            (sun at night) the standard deviation, and 1 where that is zero too.
    """

    median: Floats
    deviation: Floats

    @classmethod
    def of(cls, values: Floats) -> "Scale":
        """Fit to the rows of ``values``, shape (n, H), without missing ones."""
        columns = np.ascontiguousarray(values.T)
        median = _medians(columns)
        deviation = _medians(np.abs(columns - median[:, np.newaxis])) / NORMAL
        if not (deviation > 0).all():
            spread = values.std(axis=0)
            deviation = np.where(deviation > 0, deviation, np.where(spread > 0, spread, 1.0))
        return cls(median, deviation)

    @classmethod
    def repeated(cls, scales: Sequence["Scale"], times: Sequence[int]) -> "Scale":
        """Of columns side by side: the first scale so many times, then the second, and so on."""
        many = [scale for scale, n in zip(scales, times, strict=True) for _ in range(n)]
        return cls(np.concatenate([s.median for s in many]), np.concatenate([s.deviation for s in many]))

    def transform(self, values: Floats) -> Floats:
        """To the scale on which models are linear."""
        scaled: Floats = np.arcsinh((values - self.median) / self.deviation)
        return scaled

    def restore(self, scaled: Floats) -> Floats:
        """Back to prices."""
        values: Floats = np.sinh(scaled) * self.deviation + self.median
        return values


def _medians(rows: Floats) -> Floats:
    """Median of each row of an array without missing values; a selection, several times faster than `numpy.median`."""
    middle = rows.shape[1] // 2
    parted = np.partition(rows, middle, axis=1)
    upper = parted[:, middle]
    median: Floats = upper if rows.shape[1] % 2 else (parted[:, :middle].max(axis=1) + upper) / 2
    return median


@dataclass(frozen=True, slots=True, eq=False)
class Lesson:
    """Scaled regressors and targets of one calibration window.

    Attributes:
        X: Regressors, shape (n, p); rows with a missing value are left out.
        Y: Targets, shape (n, H).
        scale: Scale of the targets.
        columns: Scale of every regressor but the days of the week.
        age: Days before the newest row, shape (n,).
    """

    X: Floats
    Y: Floats
    scale: Scale
    columns: Scale
    age: Floats

    def row(self, table: DayTable, row: int) -> Floats:
        """The scaled regressors of the day of a row, shape (1, p)."""
        x = regressors(table.values[:, row - WEEK : row + 1], table.weekdays(slice(row, row + 1)))
        x[:, :-WEEK] = self.columns.transform(x[:, :-WEEK])
        return x


def lesson_of(table: DayTable, end: int, days: int, *, scale_by_lag: bool = False) -> Lesson | None:
    """The last ``days`` days before the row ``end``; the first week of them serves as lags only.

    As in the published model a window of 56 days has 49 rows. A shorter history gives what it has; None where
    fewer than two weeks are left. Every lag of a series is scaled like the series itself or, as in the published
    model, by its own days.
    """
    first = max(end - days + WEEK, WEEK)
    values = table.values[:, first - WEEK : end]
    X, Y = regressors(values, table.weekdays(slice(first, end))), values[0, WEEK:]
    own, age = values[:, WEEK:], np.arange(len(X) - 1, -1, -1.0)
    if not np.isfinite(values).all():
        whole = np.isfinite(X).all(axis=1) & np.isfinite(Y).all(axis=1)
        X, Y, own, age = X[whole], Y[whole], own[:, whole], age[whole]
    if len(X) < 2 * WEEK:
        return None
    scales = [Scale.of(series) for series in (own[:1] if scale_by_lag else own)]
    lags = [OWN_LAGS] + [OTHER_LAGS] * (len(own) - 1)
    columns = Scale.of(X[:, :-WEEK]) if scale_by_lag else Scale.repeated(scales, [len(one) for one in lags])
    X[:, :-WEEK] = columns.transform(X[:, :-WEEK])
    return Lesson(X, scales[0].transform(Y), scales[0], columns, age)


def regressors(values: Floats, weekdays: Floats) -> Floats:
    """Rows of regressors of all days but the first week's, shape (days, p).

    Args:
        values: One table per series, the target first, shape (series, 7 + days, H).
        weekdays: See `DayTable.weekdays`, shape (days, 7).
    """
    own, *others = values
    n = len(weekdays)
    blocks = [own[WEEK - lag : WEEK - lag + n] for lag in OWN_LAGS]
    blocks += [other[WEEK - lag : WEEK - lag + n] for other in others for lag in OTHER_LAGS]
    return np.hstack([*blocks, weekdays])


class DayAhead:
    """A forecaster of all intervals of the next local day; subclasses say how they learn and answer.

    Args:
        target: Name of the price series.
        others: Names of series known for the day that is forecast, such as load and wind forecasts; any number.
        timezone: IANA zone of the market's days.
    """

    name = ""
    version = "1"
    levels: tuple[float, ...] = MEDIAN

    def __init__(self, target: str, others: Sequence[str], *, timezone: str) -> None:
        self.target = target
        self.inputs = (target, *others)
        self._timezone = timezone
        self._last: tuple[Dataset, np.datetime64, DayTable] | None = None  # a fit and its forecast read the same table
        zone(timezone)

    def learn(self, table: DayTable, end: int) -> None:
        """Fit on the days before the row ``end``."""
        raise NotImplementedError

    def answer(self, table: DayTable, row: int) -> Floats:
        """Forecast of the day of a row, shape (intervals a day,) or (intervals a day, levels); NaN where inputs lack."""
        raise NotImplementedError

    def fit(self, past: Dataset, now: np.datetime64) -> None:
        """Learn from the days that are wholly known."""
        table = self._table(past, now)
        whole = np.isfinite(table.values[0]).any(axis=1)
        self.learn(table, int(np.flatnonzero(whole)[-1]) + 1 if whole.any() else 0)

    def predict(self, past: Dataset, issues: Issues) -> Floats:
        """Forecasts of each issue's day from what was known then, shape (m, H, levels)."""
        quantiles = np.full((len(issues), issues.horizon, len(self.levels)), np.nan)
        for number, now in enumerate(issues.issued):
            there = ~np.isnat(issues.starts[number])
            starts = issues.starts[number][there]
            end = starts[-1] + np.timedelta64(issues.step_minutes * 60, "s")
            table = self._table(past if len(issues) == 1 else known(past, now), end)
            day, slot = wall(starts, zone(self._timezone), issues.step_minutes)
            answer = self.answer(table, table.row(day[0])).reshape(-1, len(self.levels))
            quantiles[number, there] = answer[slot]
        return quantiles

    def _table(self, past: Dataset, end: np.datetime64) -> DayTable:
        end = max(end, past[self.target].grid.end)
        if self._last is None or self._last[0] is not past or self._last[1] != end:
            table = table_of(past, self.target, self.inputs[1:], timezone=self._timezone, end=end)
            self._last = past, end, table
        return self._last[2]
