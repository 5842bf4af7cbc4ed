"""A monthly amount, booked evenly over the time of its local calendar month.

A month of the market's zone has 719, 720, 721, 743, 744 or 745 hours in Texas (February 672 or 696): the amount of the
month is the same, so an hour of a short month carries more of it. One cutting of time, `month_parts`, serves both the
exact amount of a settled month and the float array of an analysis, so the two cannot drift apart.
"""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.core.timegrid import TimeGrid, utc, zone


@dataclass(frozen=True, slots=True)
class MonthPart:
    """A stretch of time inside one local calendar month.

    Attributes:
        month: The local month, ``"2024-07"``.
        first_day: First local day of the part.
        start: First instant, UTC.
        end: First instant after it, UTC.
        month_seconds: Length of the whole month [s].
    """

    month: str
    first_day: dt.date
    start: np.datetime64
    end: np.datetime64
    month_seconds: int

    @property
    def seconds(self) -> int:
        """Length of the part [s]."""
        return int((self.end - self.start).astype(np.int64))

    @property
    def share(self) -> Fraction:
        """Share of the month that the part covers."""
        return Fraction(self.seconds, self.month_seconds)


def local_midnight(day: dt.date, timezone: str) -> np.datetime64:
    """The instant at which a local day begins, UTC."""
    return utc(dt.datetime(day.year, day.month, day.day, tzinfo=zone(timezone)))


def first_of_month(month: str) -> dt.date:
    """First day of a month written as ``"2024-07"``.

    Raises:
        InputError: The text is not a month.
    """
    try:
        day = dt.date.fromisoformat(f"{month}-01")
    except ValueError:
        raise InputError(f"{month!r} was given as a month", "a month is year and month", "Write 2024-07.") from None
    return day


def next_month(day: dt.date) -> dt.date:
    """First day of the month after that of ``day``."""
    return dt.date(day.year + day.month // 12, day.month % 12 + 1, 1)


def month_parts(first: dt.date, end: dt.date, timezone: str, cuts: Sequence[dt.date] = ()) -> list[MonthPart]:
    """The local days from ``first`` to ``end`` (exclusive), cut at month borders and at the days ``cuts``."""
    days = {first, end, *(day for day in cuts if first < day < end)}
    month = next_month(first)
    while month < end:
        days.add(month)
        month = next_month(month)
    ordered = sorted(days)
    parts = []
    for day, until in pairwise(ordered):
        begin = day.replace(day=1)
        length = local_midnight(next_month(begin), timezone) - local_midnight(begin, timezone)
        parts.append(
            MonthPart(
                month=f"{day:%Y-%m}",
                first_day=day,
                start=local_midnight(day, timezone),
                end=local_midnight(until, timezone),
                month_seconds=int(length.astype(np.int64)),
            )
        )
    return parts


def local_days_of(grid: TimeGrid, timezone: str) -> tuple[dt.date, dt.date]:
    """First local day that ``grid`` touches, and the day after the last one."""
    edges = grid.part(0, 1).index(timezone)[0], grid.part(grid.n - 1, grid.n).index(timezone)[0] + grid.step
    return edges[0].date(), edges[1].date() + dt.timedelta(days=1)


def spread(grid: TimeGrid, parts: Sequence[MonthPart], usd_per_month: Callable[[MonthPart], Fraction]) -> Floats:
    """The amount of each interval when every month's amount is booked evenly over its time.

    ``amount[t] = sum over parts p of usd_per_month(p) x seconds(p and t) / month_seconds(p)`` [USD]

    Args:
        grid: Intervals of any length; one that crosses a part's border gets its share of both.
        parts: Parts in order of time, without gaps between them; time outside them carries nothing.
        usd_per_month: The amount a whole month would bring at the terms of the part [USD].

    Returns:
        Shape (n,), USD.
    """
    out = np.zeros(grid.n)
    origin, step = grid.start, grid.step_minutes * 60
    for part in parts:
        # Whole seconds from the grid's start: the cutting is exact, and equal intervals get equal floats.
        begin = max(int((part.start - origin).astype(np.int64)), 0)
        stop = min(int((part.end - origin).astype(np.int64)), grid.n * step)
        if stop <= begin:
            continue
        usd_per_second = float(usd_per_month(part) / part.month_seconds)
        first, last = begin // step, (stop - 1) // step
        starts = np.arange(first, last + 1) * step
        overlap = np.minimum(starts + step, stop) - np.maximum(starts, begin)
        out[first : last + 1] += usd_per_second * overlap
    return out
