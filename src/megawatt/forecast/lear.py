"""LEAR: one lasso-estimated autoregression per interval of the day, recalibrated at every issue.

The published model takes its penalty from an information criterion on columns of norm one and then applies it to
columns that are not: about sqrt(n) weaker than intended. On short windows that accident is what makes it good, so this
is the reading followed here; with it long windows agree with the published forecasts to 0.01-0.04 EUR/MWh.

From one day to the next a window changes by two days, so yesterday's coefficients are the start (`lasso`).

References:
    Lago, Marcjasz, De Schutter, Weron, Applied Energy 293 (2021) 116983, section 4.2.
"""

from collections.abc import Sequence

import numpy as np
from scipy.linalg import cho_factor, cho_solve

from megawatt.forecast.day_ahead import DayAhead, Lesson, lesson_of
from megawatt.forecast.day_table import WEEK, DayTable
from megawatt.forecast.lasso import aic_penalties, lasso
from megawatt.forecast.model import Floats

WINDOWS = (56, 84, 1092, 1456)
"""Calibration windows of the published ensemble [days]."""


class Lear(DayAhead):
    """The lasso autoregression with one calibration window.

    Args:
        target: Name of the price series.
        others: Names of series known for the day that is forecast.
        timezone: IANA zone of the market's days.
        days: Length of the calibration window, its first week serving as lags.
    """

    version = "2"

    def __init__(self, target: str, others: Sequence[str], *, timezone: str, days: int) -> None:
        super().__init__(target, others, timezone=timezone)
        self.name = f"lear-{days}"
        self._days = days
        self._lesson: Lesson | None = None
        self._means = (np.zeros(0), np.zeros(0))
        self.coefficients = np.zeros((0, 0))

    def learn(self, table: DayTable, end: int) -> None:
        """Choose each interval's penalty and find its coefficients."""
        self._lesson = lesson = lesson_of(table, end, self._days, scale_by_lag=True)
        if lesson is None:
            return
        self._means = lesson.X.mean(axis=0), lesson.Y.mean(axis=0)
        X, Y, n = lesson.X, lesson.Y - self._means[1], len(lesson.X)
        gram, cross = X.T @ X - n * np.outer(self._means[0], self._means[0]), X.T @ Y  # of centred columns, not copied
        squares = (Y**2).sum(axis=0)
        norm = np.sqrt(np.diag(gram))
        norm[norm == 0] = 1.0
        unit, unit_cross = gram / np.outer(norm, norm), cross / norm[:, None]
        penalties = aic_penalties(unit, unit_cross, squares, n, _least(unit, unit_cross, squares, n))
        if self.coefficients.shape != cross.shape:
            self.coefficients = np.zeros(cross.shape)
        lasso(gram, cross, penalties, self.coefficients)

    def answer(self, table: DayTable, row: int) -> Floats:
        """The forecast of the day of a row, shape (intervals a day,)."""
        lesson = self._lesson
        if lesson is None or row < WEEK:
            return np.full(table.values.shape[2], np.nan)
        x = lesson.row(table, row)[0]
        return lesson.scale.restore((x - self._means[0]) @ self.coefficients + self._means[1])


def _least(gram: Floats, cross: Floats, squares: Floats, n: int) -> Floats:
    """A lower bound of the residual sum of squares of any coefficients, shape (H,): least squares, a hair below."""
    p = len(gram)
    if n <= p:
        return np.zeros(len(squares))
    solution = cho_solve(cho_factor(gram + 1e-10 * np.eye(p), lower=True), cross)
    bound: Floats = np.maximum(squares - (cross * solution).sum(axis=0), 0.0) * (1 - 1e-6)
    return bound
