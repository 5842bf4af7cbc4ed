"""Combinations of forecasts. Their members are series known at their issue, so they are forecasters like all others."""

from collections.abc import Sequence

import numpy as np

from megawatt.forecast.day_ahead import DayAhead
from megawatt.forecast.day_table import DayTable
from megawatt.forecast.intervals import conformal, expected_error
from megawatt.forecast.model import PERCENTILES, Floats

LEARNING_DAYS = 182
"""Days of past errors that weigh the members."""
BAND_DAYS = 364
"""Days of past errors behind conformal bands, the older the less."""
ALIKE = 0.12
"""Share of the past errors behind a local band: those of the forecasts most like today's."""
SHARPNESS = 4
"""Power of the inverse error in a member's weight: of 1, 2, 4, 8 the best on days before the tests."""
LEAST_DAYS = 56
"""Days of history without which there is no band."""


class Mean(DayAhead):
    """The plain mean of its members, as in the published ensembles.

    Args:
        name: What tables call it.
        target: Name of the price series.
        members: Names of the members' series, see `megawatt.forecast.model.series_name`.
        timezone: IANA zone of the market's days.
    """

    def __init__(self, name: str, target: str, members: Sequence[str], *, timezone: str) -> None:
        super().__init__(target, members, timezone=timezone)
        self.name = name

    def learn(self, table: DayTable, end: int) -> None:
        """There is nothing to learn."""

    def answer(self, table: DayTable, row: int) -> Floats:
        """Mean of the members, shape (intervals a day,)."""
        mean: Floats = table.values[1:, row].mean(axis=0)
        return mean


class Combination(DayAhead):
    """Members weighed by a power of the inverse of their recent error, with the average of three bands.

    Args:
        target: Name of the price series.
        members: Names of the members' series.
        timezone: IANA zone of the market's days.
    """

    name = "megawatt"
    version = "4"
    levels = PERCENTILES

    def __init__(self, target: str, members: Sequence[str], *, timezone: str) -> None:
        super().__init__(target, members, timezone=timezone)
        self._history = np.zeros(0, dtype=np.int64)
        self._weights = np.zeros(len(members))

    def learn(self, table: DayTable, end: int) -> None:
        """Weigh the members by the fourth power of the inverse of their mean absolute error of the last half year."""
        days = np.arange(max(end - BAND_DAYS, 0), end)
        self._history = days[np.isfinite(table.values[:, days]).all(axis=(0, 2))]
        if len(self._history) < LEAST_DAYS:
            return
        recent = self._history[-LEARNING_DAYS:]
        actual, members = table.values[0, recent], table.values[1:, recent]
        error = np.abs(members - actual).mean(axis=(1, 2)) + 1e-9
        share = error**-SHARPNESS
        self._weights = share / share.sum()

    def answer(self, table: DayTable, row: int) -> Floats:
        """Percentiles of the day of a row, shape (intervals a day, 99)."""
        levels = np.array(self.levels)
        if len(self._history) < LEAST_DAYS or not np.isfinite(table.values[1:, row]).all():
            return np.full((table.values.shape[2], len(levels)), np.nan)
        members, actual = table.values[1:, np.append(self._history, row)], table.values[0, self._history]
        points = self._weighted(members)
        expected = expected_error(points, actual, members)
        bands = [
            conformal(points, actual, expected, levels, beside=1),
            conformal(points, actual, expected, levels, beside=3, like=ALIKE),
            self._weighted(
                [conformal(points, actual, expected, levels, beside=1, like=ALIKE, by=one) for one in members]
            ),
        ]
        return np.sort(np.mean(bands, axis=0), axis=1)

    def _weighted(self, members: Sequence[Floats] | Floats) -> Floats:
        """The weighted mean of the members, or of a band of each."""
        mean: Floats = np.tensordot(self._weights, members, axes=1)
        return mean
