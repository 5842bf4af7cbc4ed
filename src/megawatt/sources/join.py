"""Two files of one series: joined where they do not contradict each other, such as one file per year."""

import hashlib
from dataclasses import replace

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import TimeGrid, Times


def join(first: Series, second: Series) -> Series:
    """One series that holds the values of both.

    Returns:
        ``first`` itself where ``second`` adds nothing. Intervals that neither holds are gaps.

    Raises:
        InputError: Unit or step differ, or both hold a value of an interval and the values or times known differ.
    """
    grid = _common_grid(first, second)
    values, known = _spread(first, grid)
    more, more_known = _spread(second, grid)
    both = np.isfinite(values) & np.isfinite(more)
    apart = np.flatnonzero(both & ((values != more) | (known != more_known)))
    if apart.size:
        k = int(apart[0])
        rest = f" and {apart.size - 1:,} more intervals" if apart.size > 1 else ""
        what = f"{more[k]:g}" if values[k] != more[k] else f"{more[k]:g}, known at {more_known[k]}Z,"
        raise _contradiction(second, f"{what} from {grid.starts[k]}Z{rest}", first, f"{values[k]:g}")
    new = np.isnan(values) & np.isfinite(more)
    if not new.any():
        return first
    both_sha256 = hashlib.sha256(f"{first.provenance.sha256} {second.provenance.sha256}".encode()).hexdigest()
    provenance = replace(
        first.provenance,
        source=f"{first.provenance.source}; {second.provenance.source}",
        sha256=both_sha256,
        modelled=first.provenance.modelled or second.provenance.modelled,
    )
    return replace(
        first,
        grid=grid,
        values=np.where(new, more, values),
        known_at=np.where(new, more_known, known),
        provenance=provenance,
    )


def _contradiction(second: Series, found: str, first: Series, other: str) -> InputError:
    return InputError(
        f"{second.name} is {found} in {second.provenance.source}",
        f"it is {other} in {first.provenance.source}, and a name stands for one series",
        "Keep one of the two: --keep leaves the second file's series out, --replace takes it instead of the first.",
    )


def _common_grid(first: Series, second: Series) -> TimeGrid:
    a, b = first.grid, second.grid
    if first.unit is not second.unit:
        raise _contradiction(second, f"in {second.unit.value}", first, f"in {first.unit.value}")
    if a.step_minutes != b.step_minutes or (b.start - a.start) % a.step != np.timedelta64(0, "s"):
        steps = (f"in intervals of {one.step_minutes} minutes from {one.start}Z" for one in (b, a))
        raise _contradiction(second, next(steps), first, next(steps))
    start, end = min(a.start, b.start), max(a.end, b.end)
    return TimeGrid(start, a.step_minutes, int((end - start) // a.step))


def _spread(one: Series, grid: TimeGrid) -> tuple[Floats, Times]:
    at = int((one.grid.start - grid.start) // grid.step)
    values = np.full(grid.n, np.nan)
    known = np.full(grid.n, np.datetime64("NaT"), dtype="datetime64[s]")
    values[at : at + one.grid.n] = one.values
    known[at : at + one.grid.n] = one.known_at
    return values, known
