"""The instants at which a market's values become known: the one place where these rules stand.

Readers of real files and models of prices call the same functions, so that a modelled year gives a plan exactly as
much foresight as a real one.
"""

import datetime as dt

import numpy as np

from megawatt.core.timegrid import TimeGrid, Times, zone


def after_end(grid: TimeGrid, *, minutes: int = 0) -> Times:
    """Known ``minutes`` after the end of each interval, shape (n,)."""
    known: Times = grid.ends + np.timedelta64(minutes * 60, "s")
    return known


def on_day_before(grid: TimeGrid, *, timezone: str, at: dt.time) -> Times:
    """Known at the wall-clock time ``at`` of the local day before the one in which each interval starts.

    Args:
        grid: Time grid.
        timezone: IANA zone of the market; its local day counts, so the answer moves with daylight saving.
        at: Wall-clock time of publication, not one of the hours that a change of the clock skips or repeats.

    Returns:
        ``datetime64[s]`` UTC, shape (n,).
    """
    tz = zone(timezone)
    days = grid.index(timezone).normalize().tz_localize(None)
    unique, number = np.unique(days.to_numpy(dtype="datetime64[D]"), return_inverse=True)
    published = []
    for day in unique.tolist():
        local = dt.datetime.combine(day - dt.timedelta(days=1), at, tzinfo=tz)
        published.append(np.datetime64(local.astimezone(dt.UTC).replace(tzinfo=None), "s"))
    known: Times = np.array(published, dtype="datetime64[s]")[number]
    return known
