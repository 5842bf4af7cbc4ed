"""Combinations of forecasts. Their members are series known at their issue, so they are forecasters like all others."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.forecast.day_ahead import DayAhead
from megawatt.forecast.day_table import DayTable
from megawatt.forecast.intervals import conformal, expected_error, needed_factor, width_factor
from megawatt.forecast.model import PERCENTILES, Floats

LEARNING_DAYS = 182
"""Days of past errors that weigh the members, and of past bands that steer the width."""
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
    """Members weighed by a power of the inverse of their recent error, with the average of three bands, as wide as needed.

    Args:
        target: Name of the price series.
        members: Names of the members' series.
        timezone: IANA zone of the market's days.
    """

    name = "megawatt"
    version = "5"
    levels = PERCENTILES

    def __init__(self, target: str, members: Sequence[str], *, timezone: str) -> None:
        super().__init__(target, members, timezone=timezone)
        self._rating = _Rating(np.zeros(0, dtype=np.int64), np.zeros(len(members)))
        self._width = 1.0
        self._past = DayTable(np.datetime64("NaT"), np.zeros((0, 0, 0)))
        self._bands: dict[tuple[int, bytes], Floats] = {}

    def learn(self, table: DayTable, end: int) -> None:
        """Weigh the members, and see how wide the bands of the last half year would have had to be."""
        self._forget_what_changed(table, end)
        self._rating = _Rating.of(table, end)
        bands, needed = {}, []
        for day in self._rating.history[-LEARNING_DAYS:].tolist():
            key = _key(table, day)
            band = self._bands[key] if key in self._bands else _band_of(table, day, _Rating.of(table, day))
            bands[key] = band
            needed.append(needed_factor(table.values[0, day], band, self.levels))
        self._bands, self._width = bands, width_factor(needed)

    def answer(self, table: DayTable, row: int) -> Floats:
        """Percentiles of the day of a row, shape (intervals a day, 99)."""
        band = _band_of(table, row, self._rating)
        if row == self._past.days:  # it is asked for again when this day is past
            self._bands[_key(table, row)] = band
        median = band[:, [self.levels.index(0.5)]]
        wide: Floats = median + self._width * (band - median)
        return wide

    def _forget_what_changed(self, table: DayTable, end: int) -> None:
        """Keep bands only while all days before them are what they were; the members' forecasts of theirs are in the key."""
        then, now = self._past.values, table.values[:, : self._past.days]
        if table.first != self._past.first or not np.array_equal(then, now, equal_nan=True):
            self._bands = {}
        self._past = DayTable(table.first, table.values[:, :end].copy())


def _key(table: DayTable, row: int) -> tuple[int, bytes]:
    return row, table.values[1:, row].tobytes()


@dataclass(frozen=True, slots=True, eq=False)
class _Rating:
    """What is learnt of the members before a day.

    Attributes:
        history: Rows of the days of the last year on which price and members are known.
        weights: Of the members, shape (k,); zero on too short a history.
    """

    history: NDArray[np.int64]
    weights: Floats

    @classmethod
    def of(cls, table: DayTable, end: int) -> "_Rating":
        """Weigh them by the fourth power of the inverse of their mean absolute error of the last half year."""
        days = np.arange(max(end - BAND_DAYS, 0), end)
        history = days[np.isfinite(table.values[:, days]).all(axis=(0, 2))]
        if len(history) < LEAST_DAYS:
            return cls(history, np.zeros(len(table.values) - 1))
        recent = history[-LEARNING_DAYS:]
        error = np.abs(table.values[1:, recent] - table.values[0, recent]).mean(axis=(1, 2)) + 1e-9
        share = error**-SHARPNESS
        return cls(history, share / share.sum())


def _band_of(table: DayTable, row: int, rating: _Rating) -> Floats:
    """Average of the three bands of a day, rising, shape (intervals a day, 99); NaN where too little is known."""
    levels = np.array(PERCENTILES)
    if len(rating.history) < LEAST_DAYS or not np.isfinite(table.values[1:, row]).all():
        return np.full((table.values.shape[2], len(levels)), np.nan)
    members, actual = table.values[1:, np.append(rating.history, row)], table.values[0, rating.history]
    points = np.tensordot(rating.weights, members, axes=1)
    expected = expected_error(points, actual, members)
    by_member = [conformal(points, actual, expected, levels, beside=1, like=ALIKE, by=one) for one in members]
    bands = [
        conformal(points, actual, expected, levels, beside=1),
        conformal(points, actual, expected, levels, beside=3, like=ALIKE),
        np.tensordot(rating.weights, by_member, axes=1),
    ]
    return np.sort(np.mean(bands, axis=0), axis=1)
