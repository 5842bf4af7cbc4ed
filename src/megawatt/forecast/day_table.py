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
from megawatt.core.series import Series
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
    cells = _cells(grid, timezone)
    tables = np.full((1 + len(others), cells.days * cells.per_day), np.nan)
    # Where no clock is changed the intervals fill the cells one after the other.
    at: NDArray[np.int64] | slice = (
        cells.of if cells.twice.size or cells.skipped.size else slice(cells.of[0], cells.of[-1] + 1)
    )
    for table, name in zip(tables, (target, *others), strict=True):
        values = _values(past[name], grid)
        table[at] = values
        if cells.twice.size:
            total = np.bincount(cells.of[cells.again], values[cells.again], len(table))[cells.twice]
            table[cells.twice] = total / cells.count[cells.twice]
        if cells.skipped.size:
            table[cells.skipped] = np.interp(cells.skipped, cells.covered, table[cells.covered])
    return DayTable(cells.first, tables.reshape(len(tables), cells.days, cells.per_day))


def _values(series: Series, grid: TimeGrid) -> Floats:
    """Values of a series on a grid; of equal step without the detour over when each was known."""
    offset, rest = divmod(grid.start - series.grid.start, grid.step)
    if series.grid.step_minutes != grid.step_minutes or rest != np.timedelta64(0, "s"):
        return series.on(grid).values
    values = np.full(grid.n, np.nan)
    low, high = max(int(offset), 0), min(int(offset) + grid.n, series.grid.n)
    if low < high:
        values[low - int(offset) : high - int(offset)] = series.values[low:high]
    return values


@dataclass(frozen=True, slots=True, eq=False)
class _Cells:
    """Where the intervals of a grid stand in a table of local days.

    Attributes:
        first: First local day.
        days: Number of days.
        per_day: Cells of a day.
        of: Cell of each interval, shape (n,).
        count: Intervals in each cell: 0, 1, or 2 where the clock repeats an hour.
        covered: Cells with an interval.
        skipped: Cells between the first and the last that have none.
        twice: Cells with more than one interval.
        again: Whether an interval stands in one of these, shape (n,).
    """

    first: np.datetime64
    days: int
    per_day: int
    of: NDArray[np.int64]
    count: NDArray[np.int64]
    covered: NDArray[np.int64]
    skipped: NDArray[np.int64]
    twice: NDArray[np.int64]
    again: NDArray[np.bool_]


@lru_cache(maxsize=16)
def _cells(grid: TimeGrid, timezone: str) -> _Cells:
    day, slot = wall(grid.starts, zone(timezone), grid.step_minutes)
    per_day = 24 * 60 // grid.step_minutes
    number = (day - day[0]) // DAY
    days = int(number[-1]) + 1
    cell: NDArray[np.int64] = number * per_day + slot
    count = np.bincount(cell, minlength=days * per_day)
    covered, twice = np.flatnonzero(count), np.flatnonzero(count > 1)
    skipped = cell[0] + np.flatnonzero(count[cell[0] : cell[-1] + 1] == 0)
    return _Cells(day[0], days, per_day, cell, count, covered, skipped, twice, np.isin(cell, twice))


def wall(starts: Times, tz: ZoneInfo, step_minutes: int) -> tuple[NDArray[np.datetime64], NDArray[np.int64]]:
    """Local day and number of the interval within it by the wall clock, for instants without NaT."""
    local = pd.DatetimeIndex(starts, tz="UTC").tz_convert(tz).tz_localize(None).to_numpy(dtype="datetime64[m]")
    day = local.astype("datetime64[D]")
    slot: NDArray[np.int64] = (local - day) // np.timedelta64(step_minutes, "m")
    return day, slot
