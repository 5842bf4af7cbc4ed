"""Windows of local time: which intervals a tariff or a programme counts.

Utilities number hours by their end: hour 17 runs from 16:00 to 17:00 local time. On the day of 25 hours the repeated
hour has the same number twice, on the day of 23 one number is missing: both follow from the local clock alone.
"""

import datetime as dt
from collections.abc import Collection
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid

Mask = NDArray[np.bool_]

ALL_HOURS = tuple(range(1, 25))
ALL_MONTHS = tuple(range(1, 13))


@dataclass(frozen=True, slots=True)
class Window:
    """The part of the local calendar that counts.

    Attributes:
        timezone: IANA zone in which hours, weekdays and months are read.
        hours_ending: Hours by their end, 1 to 24.
        months: Calendar months, 1 to 12.
        weekdays_only: Leave Saturdays and Sundays out. Holidays are not known here and count as weekdays.
        valid_from: First local day on which the rule applies, or None when it always did.
        valid_to: First local day on which it no longer applies, or None when no end is set.
    """

    timezone: str
    hours_ending: Collection[int] = ALL_HOURS
    months: Collection[int] = ALL_MONTHS
    weekdays_only: bool = False
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None

    def __post_init__(self) -> None:
        _all_within("hours_ending", self.hours_ending, 24, "hours are numbered by their end, 1 to 24")
        _all_within("months", self.months, 12, "months are numbered 1 to 12")
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            raise InputError(
                f"valid_to is {self.valid_to} and valid_from is {self.valid_from}",
                "a rule ends after it begins",
                "Swap the two dates.",
            )

    def mask(self, grid: TimeGrid) -> Mask:
        """True for the intervals that count, shape (n,); an interval belongs to the local hour in which it starts."""
        index = grid.index(self.timezone)
        inside = np.isin(np.asarray(index.hour) + 1, list(self.hours_ending))
        inside &= np.isin(np.asarray(index.month), list(self.months))
        if self.weekdays_only:
            inside &= np.asarray(index.day_of_week) < 5
        return inside & self._valid(grid)

    def _valid(self, grid: TimeGrid) -> Mask:
        days = grid.index(self.timezone).tz_localize(None).to_numpy().astype("datetime64[D]")
        valid: Mask = np.ones(grid.n, dtype=np.bool_)
        if self.valid_from:
            valid &= days >= np.datetime64(self.valid_from)
        if self.valid_to:
            valid &= days < np.datetime64(self.valid_to)
        return valid


def _all_within(what: str, numbers: Collection[int], top: int, rule: str) -> None:
    wrong = [n for n in numbers if not 1 <= n <= top]
    if wrong or not numbers:
        raise InputError(f"{what} = {sorted(numbers)}", rule, f"Write at least one number from 1 to {top}.")
