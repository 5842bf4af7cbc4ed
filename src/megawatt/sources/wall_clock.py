"""Local times without an offset, turned into UTC instants.

A clock on the wall shows some times twice (autumn) and some never (spring). A time that is shown twice can be told
apart only if both are there, in order, or if the file says which is meant; a time that is never shown is a sign that the
file is in another zone or that somebody invented an hour. What to do about either is for the reader to say.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from megawatt.core.timegrid import Times, zone


@dataclass(frozen=True, slots=True)
class WallClock:
    """Readings of a clock on the wall as instants.

    Attributes:
        instants: UTC, shape (n,); the instant of a time that never was is undefined.
        never: Places whose time clocks skipped.
        twice: Places whose time clocks showed twice that day.
        alone: Those of ``twice`` that stand once in the file, taken for the first showing.
    """

    instants: Times
    never: NDArray[np.int64]
    twice: NDArray[np.int64]
    alone: NDArray[np.int64]


def to_utc(wall: Times, timezone: str, second: NDArray[np.bool_] | None = None) -> WallClock:
    """UTC instants of wall-clock times in order of a file.

    Args:
        wall: Shape (n,), ``datetime64[s]`` as written.
        timezone: IANA zone of the clock.
        second: Whether a time that is shown twice is the second showing, where the file says so, shape (n,). None: the
            first of two equal times is the first showing.
    """
    index = pd.DatetimeIndex(wall.astype("datetime64[s]"))
    tz = zone(timezone)
    first = np.ones(len(index), dtype=bool)
    twice = np.flatnonzero(index.tz_localize(tz, ambiguous="NaT", nonexistent="shift_forward").isna())
    never = np.flatnonzero(index.tz_localize(tz, ambiguous=first, nonexistent="NaT").isna())
    shown = pd.Series(wall[twice])
    first[twice] = ~shown.duplicated().to_numpy() if second is None else ~second[twice]
    local = index.tz_localize(tz, ambiguous=first, nonexistent="shift_forward")
    instants = np.asarray(local.tz_convert("UTC").tz_localize(None), dtype="datetime64[s]")
    return WallClock(instants, never, twice, twice[~shown.duplicated(keep=False).to_numpy()])
