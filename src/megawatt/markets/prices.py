"""Daily closes of coins and shares, and the one way in which two calendars meet.

Coins close every day at midnight UTC, shares on the sessions of an exchange. A missing close is a gap with a name: it is
never carried forward, and a return across a gap is missing, because a two-day return that stands on one day would look
like news. Coins and shares meet only on the days on which both have closed.
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats

Days = NDArray[np.datetime64]


class Calendar(StrEnum):
    """On which days a market closes."""

    EVERY_DAY = "every day, midnight UTC"
    SESSIONS = "sessions of an exchange"
    COMMON = "days on which both markets closed"


@dataclass(frozen=True, slots=True, eq=False)
class Closes:
    """Closing prices on the days of one calendar.

    Attributes:
        names: Symbols, shape (n,).
        days: Ascending days, ``datetime64[D]``, shape (t,).
        usd: Prices [USD], shape (t, n); NaN where there was no close.
        calendar: Calendar of the days.
        source: Where the prices come from.
    """

    names: tuple[str, ...]
    days: Days
    usd: Floats
    calendar: Calendar
    source: str = "not stated"

    def __post_init__(self) -> None:
        days = np.array(self.days, dtype="datetime64[D]")
        usd = np.array(self.usd, dtype=np.float64)
        object.__setattr__(self, "days", days)
        object.__setattr__(self, "usd", usd)
        if usd.shape != (days.size, len(self.names)):
            raise InputError(
                f"prices of shape {usd.shape}",
                f"there are {days.size} days and {len(self.names)} names",
                "Pass one row a day and one column a name.",
            )
        if len(set(self.names)) < len(self.names):
            name = next(name for name in self.names if self.names.count(name) > 1)
            raise InputError(f"two columns are named {name!r}", "a name stands for one price", "Rename one.")
        _check_days(days, self.calendar)
        bad = np.argwhere(~np.isnan(usd) & ~((usd > 0) & np.isfinite(usd)))
        if bad.size:
            row, column = bad[0].tolist()
            raise InputError(
                f"{self.names[column]} closed at {usd[row, column]:g} USD on {days[row]}",
                "a price is finite and above zero",
                "Correct it from its source, or leave it empty: a delisting has a return, not a zero price.",
            )
        usd.flags.writeable = False
        days.flags.writeable = False

    @classmethod
    def from_frame(cls, frame: pd.DataFrame, calendar: Calendar, source: str = "not stated") -> "Closes":
        """Closes from a table with a row a day (index of dates) and a column a name."""
        return cls(
            tuple(str(name) for name in frame.columns),
            pd.DatetimeIndex(frame.index).to_numpy().astype("datetime64[D]"),
            frame.to_numpy(dtype=np.float64),
            calendar,
            source,
        )

    def column(self, name: str) -> Floats:
        """Closes of one name [USD], shape (t,).

        Raises:
            InputError: There is no such name.
        """
        if name not in self.names:
            raise InputError(
                f"closes of {name!r} were asked for",
                f"the table holds {', '.join(self.names[:40])}",
                "Ask for one of them, or add the prices.",
            )
        return np.asarray(self.usd[:, self.names.index(name)])

    def select(self, names: Sequence[str]) -> "Closes":
        """The same days with the columns ``names`` in that order."""
        return Closes(
            tuple(names),
            self.days,
            np.column_stack([self.column(name) for name in names]),
            self.calendar,
            self.source,
        )

    def between(self, first: str, last: str) -> "Closes":
        """The days from ``first`` to ``last``, both included."""
        keep = (self.days >= np.datetime64(first)) & (self.days <= np.datetime64(last))
        return Closes(self.names, self.days[keep], self.usd[keep], self.calendar, self.source)

    def log_returns(self) -> Floats:
        """Log return of each day against the row before, shape (t, n); NaN on the first day and beside a gap."""
        logs = np.log(self.usd)
        returns = np.full_like(logs, np.nan)
        returns[1:] = np.diff(logs, axis=0)
        return returns

    def gaps(self) -> list[str]:
        """Runs of missing closes between the first and the last close of each name, in words."""
        found = []
        for name in self.names:
            have = np.flatnonzero(np.isfinite(self.column(name)))
            if have.size:
                inside = np.arange(have[0], have[-1] + 1)
                missing = inside[~np.isin(inside, have)]
                runs = np.split(missing, np.flatnonzero(np.diff(missing) > 1) + 1) if missing.size else []
                found += [f"{name}: {r.size} closes missing from {self.days[r[0]]} to {self.days[r[-1]]}" for r in runs]
        return found

    def ends(self) -> list[str]:
        """Names whose closes end before the table does, in words: a delisting, a change of name, or a file cut short."""
        found = []
        for name in self.names:
            have = np.flatnonzero(np.isfinite(self.column(name)))
            if have.size and have[-1] < len(self.days) - 1:
                found.append(f"{name}: no close after {self.days[have[-1]]}")
        return found

    def continued(self, name: str, later: str, day: str) -> "Closes":
        """One column in place of two: the closes of ``later`` from ``day`` on continue those of ``name``, which keeps its name.

        Raises:
            InputError: Both have a close on a day, so that they are not one asset.
        """
        old, new = self.column(name), np.where(self.days >= np.datetime64(day), self.column(later), np.nan)
        both = np.isfinite(old) & np.isfinite(new)
        if both.any():
            raise InputError(
                f"{name} and {later} both closed on {self.days[int(np.argmax(both))]}",
                f"{later} is what {name} is called from {day} on",
                "Drop the closes of one of them, or correct the day.",
            )
        usd = self.usd.copy()
        usd[:, self.names.index(name)] = np.where(np.isfinite(old), old, new)
        keep = [i for i, one in enumerate(self.names) if one != later]
        return Closes(tuple(self.names[i] for i in keep), self.days, usd[:, keep], self.calendar, self.source)

    @property
    def sha256(self) -> str:
        """Hash of names, days and prices."""
        parts = ("\n".join(self.names).encode(), self.days.astype("<i8").tobytes(), self.usd.astype("<f8").tobytes())
        return hashlib.sha256(b"\0".join(parts)).hexdigest()


def on_common_days(first: Closes, second: Closes) -> Closes:
    """Both markets on the days on which both have closed, the only way in which two calendars meet.

    A coin's return from Friday to Monday then stands beside the share's return from Friday to Monday; nothing is
    filled. The two closes of a day are still hours apart (a session ends at 20:00 or 21:00 UTC, a coin's day at 24:00):
    who leads whom within a day cannot be read from them.
    """
    days = np.intersect1d(first.days, second.days)
    if not days.size:
        raise InputError(
            "the two tables share no day", "markets meet on days on which both closed", "Check their periods."
        )
    return Closes(
        first.names + second.names,
        days,
        np.hstack([first.usd[np.isin(first.days, days)], second.usd[np.isin(second.days, days)]]),
        first.calendar if first.calendar is second.calendar else Calendar.COMMON,
        f"{first.source}; {second.source}",
    )


def _check_days(days: Days, calendar: Calendar) -> None:
    if not days.size:
        raise InputError("a table without a day", "prices stand on days", "Pass at least one row.")
    step = np.diff(days).astype(np.int64)
    if (step <= 0).any():
        day = days[int(np.argmax(step <= 0)) + 1]
        raise InputError(
            f"the day {day} repeats or goes back", "each day stands once and in order", "Drop the duplicate or sort."
        )
    if calendar is Calendar.EVERY_DAY and (step > 1).any():
        day = days[int(np.argmax(step > 1))]
        raise InputError(
            f"no row follows {day}",
            "coins close every day",
            "Add the missing days with empty cells, so that the gap has a name.",
        )
