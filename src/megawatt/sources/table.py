"""A user's own CSV or Parquet file as a series.

The user declares what a file cannot say: column, unit, zone, and whether a time is the start or the end of its
interval. Everything else is checked, and whatever is wrong is named with its line. Nothing is repaired, sorted, summed
or filled: a missing row or an empty cell is a gap of the series, an hour that never was is an error.
"""

import hashlib
import re
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import Times
from megawatt.core.units import Unit
from megawatt.sources.row_grid import Place, refuse_disorder, row_grid, usual_step
from megawatt.sources.table_rows import Chunk, rows
from megawatt.sources.unit_hint import refuse_other_unit
from megawatt.sources.wall_clock import to_utc

MISSING = ("", "NA", "N/A", "n/a", "NaN", "nan", "NULL", "null", "None", "n/e", "-")
"""Texts that mean 'no value'; every other text in the value column is an error."""

Lines = NDArray[np.int64]


def read_table(
    path: str | Path,
    *,
    time: str,
    value: str,
    unit: Unit | str,
    name: str,
    timezone: str,
    step_minutes: int | None = None,
    label: Literal["start", "end"] = "start",
    known_after_minutes: int = 1440,
    decimal: Literal[".", ","] = ".",
    time_format: str | None = None,
    unit_checked: bool = False,
) -> Series:
    """Read one column of a CSV or Parquet file as a series.

    Args:
        path: CSV in UTF-8 (fields parted by comma, semicolon, tab or bar; header on line 1) or Parquet.
        time: Column of times: ISO 8601 with an offset or Z, or local times of ``timezone``; in ascending order.
        value: Column of values.
        unit: Unit of the values.
        name: Name of the series, kind before place.
        timezone: IANA zone of times without an offset. Times with one keep it.
        step_minutes: Length of an interval; None: the most frequent distance between rows.
        label: Whether a time names the start or the end of its interval.
        known_after_minutes: When a value is known, counted from the end of its interval; negative if before it.
        decimal: Sign between whole and part in numbers written as text.
        time_format: `datetime.strptime` format of times that are not ISO 8601.
        unit_checked: The user has looked: accept values whose size suggests another unit.

    Returns:
        The series; rows that are missing between the first and the last are gaps (`Series.gaps`).

    Raises:
        InputError: Anything that cannot be read in exactly one way; says line, value, rule and remedy.
        MissingExtraError: It is Parquet and pyarrow is not installed.
    """
    path = Path(path)
    unit = _unit(unit)
    if label not in {"start", "end"}:
        raise InputError(f"label {label!r}", "a time names the start or the end of its interval", "Write start or end.")
    lines, instants, values = _columns(path, time, value, timezone=timezone, decimal=decimal, time_format=time_format)
    place = _placer(lines, path)
    refuse_disorder(instants, place)
    step = usual_step(instants, place) if step_minutes is None else step_minutes
    starts = instants - np.timedelta64(60 * step, "s") if label == "end" else instants
    # Zones lie quarters of an hour apart, so an hour or a day need not start on one of UTC.
    grid, where = row_grid(starts, step, place, align_minutes=min(step, 15))
    _refuse_two_steps(starts, step, place)
    full = np.full(grid.n, np.nan)
    full[where] = values
    if not unit_checked:
        refuse_other_unit(values, unit, f"the column {value!r}", str(path))
    known_at = grid.ends + np.timedelta64(known_after_minutes, "m")
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256").hexdigest()
    return Series(name, unit, grid, full, known_at, Provenance(f"file {path.name}, column {value}", sha256=digest))


def _placer(lines: Lines, path: Path) -> Place:
    return lambda row: f"{path} line {lines[row]}"


def _unit(unit: Unit | str) -> Unit:
    try:
        return Unit(unit)
    except ValueError:
        known = ", ".join(one.value for one in Unit)
        raise InputError(f"the unit {unit!r}", "it is none that a series may have", f"Write one of: {known}.") from None


def _columns(
    path: Path, time: str, value: str, *, timezone: str, decimal: str, time_format: str | None
) -> tuple[Lines, Times, Floats]:
    """Line, instant (UTC) and value of every row."""
    lines: list[Lines] = []
    times: list[Times] = []
    values: list[Floats] = []
    with_offset: bool | None = None
    for chunk in rows(path, time, value):
        if not len(chunk.lines):
            continue
        instants, aware = _times(chunk, time_format, path)
        if with_offset is None:
            with_offset = aware
        if aware is not with_offset:
            raise _mixed_offsets(int(chunk.lines[0]), path)
        lines.append(chunk.lines)
        times.append(instants)
        values.append(_numbers(chunk, decimal, path))
    if not lines:
        raise InputError("a header without rows", "a table has at least one row", "Export the data again.", str(path))
    line, instant = np.concatenate(lines), np.concatenate(times)
    if not with_offset:
        instant = _from_wall_clock(line, instant, timezone, path)
    return line, instant, np.concatenate(values)


def _times(chunk: Chunk, time_format: str | None, path: Path) -> tuple[Times, bool]:
    """Times of a chunk as ``datetime64[s]``, and whether they carry an offset (then they are UTC)."""
    column = chunk.time
    if not pd.api.types.is_datetime64_any_dtype(column):
        written_as = time_format or "ISO8601"
        try:
            parsed = pd.to_datetime(column, format=written_as, errors="coerce")
        except ValueError:  # offsets differ: all rows have one (summer and winter), or some have none
            parsed = pd.to_datetime(column, format=written_as, errors="coerce", utc=True)
            bare = ~column.str.contains(r"(?:[Zz]|[+-]\d\d(?::?\d\d)?)$", regex=True).to_numpy(dtype=bool)
            if bare.any():
                raise _mixed_offsets(int(chunk.lines[np.flatnonzero(bare)[0]]), path) from None
        if time_format is None and str(column.iloc[0])[4:5] != "-":  # 2024 or 20240101 may as well be a count
            parsed.iloc[0] = None
    else:
        parsed = column
    bad = np.flatnonzero(parsed.isna().to_numpy())
    if bad.size:
        raise InputError(
            f"the time {str(column.iloc[bad[0]])!r}",
            f"a time is written as {time_format!r}" if time_format else "a time is ISO 8601 and on the calendar",
            "Write 2024-07-01T13:00 (24:00 is 00:00 of the next day), or pass time_format (--time-format).",
            f"{path} line {chunk.lines[bad[0]]}",
        )
    aware = parsed.dt.tz is not None
    plain = parsed.dt.tz_convert("UTC").dt.tz_localize(None) if aware else parsed
    return plain.to_numpy().astype("datetime64[s]"), aware


def _mixed_offsets(line: int, path: Path) -> InputError:
    return InputError(
        "times with an offset and times without one",
        "one file tells time in one way",
        "Write all times with an offset (or Z), or none.",
        f"{path} line {line}",
    )


def _from_wall_clock(lines: Lines, wall: Times, timezone: str, path: Path) -> Times:
    clock = to_utc(wall, timezone)
    if clock.never.size:
        raise InputError(
            f"the local time {wall[clock.never[0]]}",
            f"clocks in {timezone} skipped it: that day has 23 hours",
            "Remove the invented hour, or declare the zone the times are really in (UTC if every day has 24 hours).",
            f"{path} line {lines[clock.never[0]]}",
        )
    if clock.alone.size:
        raise InputError(
            f"the local time {wall[clock.alone[0]]}",
            f"clocks in {timezone} showed it twice that day and the file has it once",
            "Write both hours, or times with an offset, or declare UTC if every day has 24 hours.",
            f"{path} line {lines[clock.alone[0]]}",
        )
    return clock.instants


def _numbers(chunk: Chunk, decimal: str, path: Path) -> Floats:
    """Values of a chunk; NaN where the file says that there is none."""
    column = chunk.value
    if pd.api.types.is_numeric_dtype(column):
        numbers = column.to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = np.isinf(numbers)
    else:
        text = column.str.replace(",", ".", regex=False) if decimal == "," else column
        numbers = pd.to_numeric(text, errors="coerce").to_numpy(dtype=np.float64, na_value=np.nan)
        wrong = ~np.isfinite(numbers)
        wrong[wrong] = ~column[wrong].isin(MISSING).to_numpy()
        if decimal == ",":
            wrong |= column.str.contains(".", regex=False).to_numpy(dtype=bool)
    bad = np.flatnonzero(wrong)
    if bad.size:
        cell = str(column.iloc[bad[0]])
        raise InputError(f"the value {cell!r}", *_why_no_number(cell, decimal), f"{path} line {chunk.lines[bad[0]]}")
    return numbers


def _why_no_number(cell: str, decimal: str) -> tuple[str, str]:
    """Rule and remedy for a cell that is no number."""
    if re.fullmatch(r"[+-]?(inf|infinity|\d+(\.\d+)?e\d+)", cell, re.IGNORECASE):
        return "a value is finite", "Leave the cell empty if the value is not known."
    if re.fullmatch(r"[+-]?\d{1,3}([,.' ]\d{3})+([,.]\d+)?", cell):
        return (
            f"{decimal!r} is the decimal sign and thousands are not parted",
            "Write 1234.5 for one thousand; if the comma is the decimal sign, pass decimal=',' (--decimal ',').",
        )
    if re.fullmatch(r"[+-]?\d+,\d+", cell):
        return "'.' is the decimal sign", "If the comma is the decimal sign, pass decimal=',' (--decimal ',')."
    return "it is no number", "Write the number alone, without unit or sign of money, or leave the cell empty."


def _refuse_two_steps(starts: Times, step_minutes: int, place: Place) -> None:
    """A gap stands alone; the same long distance three times running is another resolution."""
    distance = np.diff(starts).astype(np.int64)
    longer = (distance[2:] == distance[1:-1]) & (distance[1:-1] == distance[:-2]) & (distance[2:] > 60 * step_minutes)
    if longer.any():
        k = int(np.flatnonzero(longer)[0])
        raise InputError(
            f"three rows running at a distance of {distance[k] // 60} minutes",
            f"intervals are {step_minutes} minutes long",
            "Export one resolution per file; write missing rows with an empty value.",
            place(k + 1),
        )
