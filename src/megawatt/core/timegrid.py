"""The time grid: equal half-open intervals [start, end), stored in UTC.

A market's local zone matters only where a tariff or a programme says so; local days have 23, 24 or 25 hours,
and `TimeGrid.of_local_days` makes exactly those.
"""

import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from megawatt.core.errors import InputError

Times = NDArray[np.datetime64]
"""UTC instants as numpy ``datetime64[s]``."""


def utc(value: dt.datetime | np.datetime64 | str) -> np.datetime64:
    """Turn an aware datetime, or text with an offset or a trailing Z, into UTC seconds.

    Raises:
        InputError: The value has no time zone.
    """
    if isinstance(value, np.datetime64):
        return np.datetime64(int(value.astype("datetime64[s]").astype(np.int64)), "s")
    if isinstance(value, str):
        try:
            value = dt.datetime.fromisoformat(value)
        except ValueError:
            raise InputError(
                f"{value!r} was given as a time", "a time is ISO 8601", "Write 2024-07-01T00:00Z."
            ) from None
    if value.tzinfo is None:
        raise InputError(
            f"the time {value.isoformat()} has no zone",
            "every instant has one",
            "Append Z for UTC or an offset such as -05:00.",
        )
    try:
        value = value.astimezone(dt.UTC)
    except OverflowError:
        raise InputError(
            f"the time {value.isoformat()}", "in UTC it lies in the years 1 to 9999", "Check the year."
        ) from None
    return np.datetime64(value.replace(tzinfo=None), "s")


def zone(name: str) -> ZoneInfo:
    """Look up an IANA time zone.

    Raises:
        InputError: The name is not in the IANA database, or stands for a machine's own setting there.
    """
    # these are not the same on every machine, or count leap seconds
    own = name in {"localtime", "posixrules"} or name.startswith(("posix/", "right/"))
    try:
        found = None if own else ZoneInfo(name)
    except (ZoneInfoNotFoundError, ValueError, OSError):  # OSError: 'Europe' is a folder of the database
        found = None
    if found is None:
        raise InputError(
            f"the time zone {name!r} is unknown",
            "a zone is an IANA name",
            "Write for example 'America/Chicago' or 'Europe/Berlin'.",
        )
    return found


@dataclass(frozen=True, slots=True)
class TimeGrid:
    """``n`` intervals of ``step_minutes`` from ``start``.

    Attributes:
        start: First instant, UTC, ``datetime64[s]``.
        step_minutes: Length of an interval in minutes; it divides an hour or is a multiple of one.
        n: Number of intervals, at least 1.
    """

    start: np.datetime64
    step_minutes: int
    n: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "start", utc(self.start))
        if np.isnat(self.start) or self.start != self.start.astype("datetime64[m]"):
            raise InputError(
                f"a time grid that starts at {self.start}Z", "it starts on a whole minute", "Leave out the seconds."
            )
        if self.n < 1:
            raise InputError(f"a time grid of {self.n} intervals", "it holds at least one", "Widen the period.")
        if self.step_minutes < 1 or (60 % self.step_minutes and self.step_minutes % 60):
            raise InputError(
                f"an interval of {self.step_minutes} minutes",
                "it divides an hour or is a multiple of one",
                "Use 5, 15, 30 or 60.",
            )

    @classmethod
    def of_local_days(cls, first: dt.date, end: dt.date, *, timezone: str, step_minutes: int) -> "TimeGrid":
        """The intervals from local midnight of ``first`` to local midnight of ``end`` (exclusive)."""
        tz = zone(timezone)
        begin = utc(dt.datetime(first.year, first.month, first.day, tzinfo=tz))
        stop = utc(dt.datetime(end.year, end.month, end.day, tzinfo=tz))
        if stop <= begin:
            raise InputError(
                f"the period ends on {end} and starts on {first}", "the end lies after the start", "Swap the two dates."
            )
        minutes = int((stop - begin) // np.timedelta64(60, "s"))
        if step_minutes > 0 and minutes % step_minutes:
            raise InputError(
                f"the local days from {first} to {end} in {timezone} last {minutes} minutes",
                f"they are no whole number of intervals of {step_minutes} minutes",
                "Choose a step that divides them, or a period without a change of the clock.",
            )
        return cls(begin, step_minutes, minutes // max(step_minutes, 1))

    @property
    def hours(self) -> float:
        """Length of one interval in hours, the ``h`` of all formulas."""
        return self.step_minutes / 60

    @property
    def step(self) -> np.timedelta64:
        """Length of one interval."""
        return np.timedelta64(self.step_minutes * 60, "s")

    @property
    def end(self) -> np.datetime64:
        """First instant after the grid."""
        end: np.datetime64 = self.start + self.n * self.step
        return end

    @property
    def starts(self) -> Times:
        """Start of every interval, shape (n,)."""
        return self.start + np.arange(self.n) * self.step

    @property
    def ends(self) -> Times:
        """End of every interval, shape (n,)."""
        return self.starts + self.step

    def index(self, timezone: str = "UTC") -> pd.DatetimeIndex:
        """Interval starts as a tz-aware pandas index in ``timezone``."""
        return pd.DatetimeIndex(self.starts, tz="UTC").tz_convert(zone(timezone))

    def locate(self, time: dt.datetime | np.datetime64 | str) -> int:
        """Number of the interval that contains ``time``.

        Raises:
            InputError: The time lies outside the grid.
        """
        at = utc(time)
        if not self.start <= at < self.end:
            raise InputError(
                f"the time {at}Z", f"the grid runs from {self.start}Z to {self.end}Z", "Choose a time inside it."
            )
        return int((at - self.start) // self.step)

    def part(self, first: int, end: int) -> "TimeGrid":
        """The intervals ``first`` to ``end`` (exclusive) as a grid of their own.

        Raises:
            InputError: They do not lie inside this grid.
        """
        if not 0 <= first < end <= self.n:
            raise InputError(
                f"the intervals {first} to {end} were asked for",
                f"the grid holds the intervals 0 to {self.n}",
                "Choose a part inside it that holds at least one interval.",
            )
        return TimeGrid(self.start + first * self.step, self.step_minutes, end - first)

    def local_months(self, timezone: str) -> tuple[NDArray[np.int64], list[str]]:
        """Number of the local calendar month of every interval, shape (n,), and the months' names ``2024-07``."""
        index = self.index(timezone)
        key = np.asarray(index.year, dtype=np.int64) * 12 + np.asarray(index.month, dtype=np.int64) - 1
        months, number = np.unique(key, return_inverse=True)
        return number.astype(np.int64), [f"{m // 12:04d}-{m % 12 + 1:02d}" for m in months]
