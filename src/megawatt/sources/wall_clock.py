"""Local times without an offset, turned into UTC instants.

A clock on the wall shows some times twice (autumn) and some never (spring). A time that is shown twice can be told
apart only if both are there, in order; a time that is never shown is a sign that the file is in another zone or that
somebody invented an hour. Neither is guessed at.
"""

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from megawatt.core.timegrid import Times, zone


def to_utc(wall: Times, timezone: str) -> tuple[Times, NDArray[np.int64], NDArray[np.int64]]:
    """UTC instants of wall-clock times in order of a file.

    Args:
        wall: Shape (n,), ``datetime64[s]`` as written.
        timezone: IANA zone of the clock.

    Returns:
        Instants, shape (n,) (undefined at the places named next); places whose time never was; places whose time was
        shown twice that day but stands once in the file, so that nobody can know which is meant.
    """
    index = pd.DatetimeIndex(wall.astype("datetime64[s]"))
    tz = zone(timezone)
    twice = index.tz_localize(tz, ambiguous="NaT", nonexistent="shift_forward").isna()
    never = index.tz_localize(tz, ambiguous=np.ones(len(index), dtype=bool), nonexistent="NaT").isna()
    first_showing = np.ones(len(index), dtype=bool)
    places = np.flatnonzero(twice)
    shown = pd.Series(wall[places])
    first_showing[places] = ~shown.duplicated().to_numpy()
    alone = places[~shown.duplicated(keep=False).to_numpy()]
    local = index.tz_localize(tz, ambiguous=first_showing, nonexistent="shift_forward")
    instants = np.asarray(local.tz_convert("UTC").tz_localize(None), dtype="datetime64[s]")
    return instants, np.flatnonzero(never), alone
