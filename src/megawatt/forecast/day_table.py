"""Series as tables of local days by time of day: the form in which day-ahead markets repeat themselves.

Every day has the same number of columns. Of an hour that the clock repeats the mean stands in the table, for one that
it skips the value between its neighbours; a forecast is read back by wall-clock time, so that both hours of a repeated
one get its column and a skipped one is not asked for.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import lru_cache
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid, Times, zone
from megawatt.forecast.model import Floats

WEEK = 7
DAY = np.timedelta64(1, "D")


@dataclass(frozen=True, slots=True, eq=False)
class DayTable:
    """Several series by local day.

    Attributes:
        first: First local day.
        values: One table per series, the target first, shape (series, days, intervals a day); NaN where not known.
    """

    first: np.datetime64
    values: Floats

    @property
    def days(self) -> int:
        """Number of days."""
        return int(self.values.shape[1])

    def row(self, day: np.datetime64) -> int:
        """Number of the row of a local day."""
        return int((day - self.first) // DAY)

    def weekdays(self, rows: slice) -> Floats:
        """One column per day of the week, Monday first, shape (days, 7)."""
        numbers = np.arange(*rows.indices(self.days)) + int(self.first.astype(np.int64))
        columns: Floats = np.eye(WEEK)[(numbers + 3) % WEEK]  # day 0 of the epoch was a Thursday
        return columns


def table_of(past: Dataset, target: str, others: Sequence[str], *, timezone: str, end: np.datetime64) -> DayTable:
    """The target and the other series by local day, up to the instant ``end``.

    Raises:
        InputError: The intervals of the target do not divide a day.
    """
    series = past[target]
    if 24 * 60 % series.grid.step_minutes:
        raise InputError(
            f"series {target!r} has intervals of {series.grid.step_minutes} minutes",
            "a day-ahead market has whole intervals in a day",
            "Use 5, 15, 30 or 60 minutes.",
        )
    grid = series.grid
    if end > grid.end:
        grid = TimeGrid(grid.start, grid.step_minutes, int((end - grid.start) // grid.step))
    first, cell, days = _cells(grid, timezone)
    per_day = 24 * 60 // grid.step_minutes
    count = np.bincount(cell, minlength=days * per_day)
    covered, span = np.flatnonzero(count), slice(cell[0], cell[-1] + 1)
    skipped = span.start + np.flatnonzero(count[span] == 0)
    tables = np.full((1 + len(others), days * per_day), np.nan)
    for table, name in zip(tables, (target, *others), strict=True):
        total = np.bincount(cell, past[name].on(grid).values, days * per_day)
        np.divide(total, count, out=table, where=count > 0)
        if skipped.size:
            table[skipped] = np.interp(skipped, covered, table[covered])
    return DayTable(first, tables.reshape(len(tables), days, per_day))


@lru_cache(maxsize=16)
def _cells(grid: TimeGrid, timezone: str) -> tuple[np.datetime64, NDArray[np.int64], int]:
    """First local day of a grid, the cell of the table in which each interval lies, and the number of days."""
    day, slot = wall(grid.starts, zone(timezone), grid.step_minutes)
    per_day = 24 * 60 // grid.step_minutes
    number = (day - day[0]) // DAY
    cell: NDArray[np.int64] = number * per_day + slot
    return day[0], cell, int(number[-1]) + 1


def wall(starts: Times, tz: ZoneInfo, step_minutes: int) -> tuple[NDArray[np.datetime64], NDArray[np.int64]]:
    """Local day and number of the interval within it by the wall clock, for instants without NaT."""
    local = pd.DatetimeIndex(starts, tz="UTC").tz_convert(tz).tz_localize(None).to_numpy(dtype="datetime64[m]")
    day = local.astype("datetime64[D]")
    slot: NDArray[np.int64] = (local - day) // np.timedelta64(step_minutes, "m")
    return day, slot
