"""From the instants of a file's rows to a time grid: rows ascend, each interval stands once, steps without a row are gaps."""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid, Times

Place = Callable[[int], str]
"""Where a row stands, for messages: file and line of row number i."""


def refuse_disorder(instants: Times, place: Place) -> None:
    """Raise `InputError` at the first row that repeats an instant or goes back in time."""
    backward = np.flatnonzero(np.diff(instants) <= np.timedelta64(0, "s")) + 1
    if not backward.size:
        return
    k = int(backward[0])
    if instants[k] == instants[k - 1]:
        value, rule = f"the time {instants[k]}Z for a second time", "each interval stands once"
        remedy = "Remove one of the two rows; if it is the repeated autumn hour, tell the two apart (offset or flag)."
    else:
        value = f"the time {instants[k]}Z after {instants[k - 1]}Z"
        rule, remedy = "rows are in order of time", "Sort the rows by time."
    raise InputError(value, rule, remedy, place(k))


def usual_step(instants: Times, place: Place) -> int:
    """The most frequent distance between rows in order [min]."""
    distance = np.diff(instants).astype(np.int64)
    if not distance.size:
        raise InputError(
            "a single row",
            "its interval has no known length",
            "Give a longer period, or the length (step_minutes=..., --step-minutes).",
            place(0),
        )
    lengths, counts = np.unique(distance, return_counts=True)
    return max(1, int(lengths[np.argmax(counts)]) // 60)


def row_grid(
    starts: Times, step_minutes: int, place: Place, *, align_minutes: int | None = None
) -> tuple[TimeGrid, NDArray[np.int64]]:
    """The grid from the first row to the last, and the interval on it of each row.

    Args:
        starts: Start of each row's interval, UTC, shape (n,).
        step_minutes: Length of an interval.
        place: Names a row.
        align_minutes: Intervals start on multiples of this, counted from midnight UTC; None: on those of the step.

    Raises:
        InputError: Rows are not in order, repeat, lie off the step, or most of the intervals between them have none.
    """
    refuse_disorder(starts, place)
    distance = np.diff(starts).astype(np.int64)
    odd = np.flatnonzero(distance % (60 * step_minutes))
    if odd.size:
        k = int(odd[0])
        raise InputError(
            f"{distance[k] / 60:g} minutes between this row and the one before",
            f"intervals are {step_minutes} minutes long",
            "Export one resolution per file; write missing rows with an empty value.",
            place(k + 1),
        )
    if int(starts[0].astype(np.int64)) % (60 * (align_minutes or step_minutes)):
        raise InputError(
            f"an interval that starts at {starts[0]}Z",
            f"intervals of {step_minutes} minutes start on the clock's full parts",
            "Round the times, or declare that they name the end of an interval (label='end', --label end).",
            place(0),
        )
    where = (starts - starts[0]) // np.timedelta64(60 * step_minutes, "s")
    n = int(where[-1]) + 1
    if n > 10 * len(starts) + 100:
        k = int(np.argmax(distance))
        raise InputError(
            f"{n} intervals from {starts[0]}Z to {starts[-1]}Z for {len(starts)} rows",
            "at least one in ten has a row",
            f"Check the year after {starts[k]}Z, or import the parts as series of their own.",
            place(k + 1),
        )
    return TimeGrid(starts[0], step_minutes, n), where.astype(np.int64)
