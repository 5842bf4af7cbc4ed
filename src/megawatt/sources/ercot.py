"""ERCOT: prices, ancillary services, load, generation and temperature from CSV files.

`read_ercot` recognises a file by its header. One of three clocks says when a row is:

    interval_start_utc               2024-07-01T00:15Z        15 or 60 minutes, by the spacing of the rows
    delivery_date, hour_ending       2024-07-01, 1 to 24      US Central, hour by its end; dst_repeat = 1 flags the
                                                              repeated autumn hour where the source has it
    hour_start_local                 2024-07-01T00:00         US Central, hour by its start

and every other column must be one of `COLUMNS`. An hour that the source leaves out is a named gap, never filled; an
autumn hour that is not flagged is taken for the first of the two (daylight time), the second then being a gap. A row
for the hour that the clock skips in spring cannot be placed: it is left out and named in the provenance.

When a value was known follows from what it is, not from the file:

    price_rt                      end of its interval, plus ``delay_minutes``
    price_da, as                  13:30 market time on the day before
    load_forecast                 10:00 market time on the day before (ERCOT's vintage is not in the files)
    load, gen, temperature        one hour after the end of its hour

Publications: ERCOT, https://www.ercot.com/mktinfo/prices and https://www.ercot.com/gridinfo/load/load_hist.
"""

import datetime as dt
import re
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.known import after_end, on_day_before
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid, Times, zone
from megawatt.core.units import Unit
from megawatt.sources.market_table import Table, read_table

Floats = NDArray[np.float64]

MARKET_ZONE = "America/Chicago"
DAY_AHEAD_RESULTS = dt.time(13, 30)
LOAD_FORECAST_RUN = dt.time(10, 0)
MEASURED_DELAY_MINUTES = 60


@dataclass(frozen=True, slots=True)
class Column:
    """What a column is.

    Attributes:
        pattern: Regular expression for the column's name; its group, if any, names the place or product.
        name: Series name; ``{}`` takes the group, in upper case after ``price``, ``load``.
        unit: Unit of the series.
        example: A column name that matches, for messages and documentation.
    """

    pattern: str
    name: str
    unit: Unit
    example: str


COLUMNS = (
    Column(r"((?:HB|LZ)_[A-Z0-9]+|[A-Z0-9]+_RN)_DA", "price_da/{}", Unit.USD_PER_MWH, "HB_WEST_DA"),
    Column(r"((?:HB|LZ)_[A-Z0-9]+|[A-Z0-9]+_RN)_RT", "price_rt/{}", Unit.USD_PER_MWH, "LZ_WEST_RT"),
    Column(r"((?:HB|LZ)_[A-Z0-9]+)", "price_rt/{}", Unit.USD_PER_MWH, "LZ_WEST"),
    Column(r"([a-z0-9]+_[a-z0-9]+)_rt_usd_per_mwh", "price_rt/{}", Unit.USD_PER_MWH, "hb_west_rt_usd_per_mwh"),
    Column(r"price_usd_per_mwh", "price_rt/{}", Unit.USD_PER_MWH, "price_usd_per_mwh"),
    Column(r"da_price_usd_per_mwh", "price_da/{}", Unit.USD_PER_MWH, "da_price_usd_per_mwh"),
    Column(r"da_demand_forecast_mw", "load_forecast/ERCOT", Unit.MW, "da_demand_forecast_mw"),
    Column(r"as_(regup|regdn|rrs|nspin|ecrs)_usd_mw", "as/{}", Unit.USD_PER_MW_H, "as_rrs_usd_mw"),
    Column(r"gen_([a-z_]+)_mw", "gen/{}", Unit.MW, "gen_wind_mw"),
    Column(r"west_north_wind_mw", "gen/wind_west_north", Unit.MW, "west_north_wind_mw"),
    Column(r"ercot_solar_mw", "gen/solar", Unit.MW, "ercot_solar_mw"),
    Column(r"temp_c_([a-z]+)", "temperature/{}", Unit.CELSIUS, "temp_c_ercot"),
    Column(r"([a-z]+)_temp_f", "temperature/{}", Unit.CELSIUS, "midland_temp_f"),
    Column(r"ercot_load_mw", "load/ERCOT", Unit.MW, "ercot_load_mw"),
    Column(r"west_load_mw", "load/WEST_REGION", Unit.MW, "west_load_mw"),  # not the weather zone WEST: ten times larger
    Column(r"(coast|east|fwest|north|ncent|south|scent|west|ercot)_mw", "load/{}", Unit.MW, "ercot_mw"),
)
"""Columns that are understood, besides the clock."""

CLOCKS = (("interval_start_utc",), ("delivery_date", "hour_ending"), ("hour_start_local",))


def read_ercot(
    path: str | Path, *, settlement_point: str = "HB_HUBAVG", delay_minutes: int = 0, retrieved: str = ""
) -> list[Series]:
    """Every series of one ERCOT file, recognised by its header.

    Args:
        path: CSV file.
        settlement_point: Place of the price columns whose name does not say it (``price_usd_per_mwh``).
        delay_minutes: Extra time after the interval's end until a real-time price is known; 15 for a site whose
            controller sees a price one interval late.
        retrieved: Date on which the file was fetched, ISO 8601.

    Returns:
        One series a column, in the order of the file; missing hours are NaN, see `Series.gaps`.

    Raises:
        InputError: The file breaks one of the rules above; the message names file, line, rule and remedy.
    """
    table = read_table(path)
    clock = _clock_of(table)
    columns = [(name, _column_of(table, name)) for name in table.header if name not in {*clock, "dst_repeat"}]
    if not columns:
        raise InputError(
            "the file has no column besides its clock",
            "it holds at least one value per row",
            f"Add one of: {_examples()}.",
            table.name,
        )
    starts, kept, note = _instants(table, clock)
    grid, where = _grid(table, starts, kept, hourly=clock != CLOCKS[0])
    provenance = Provenance(f"ERCOT, {table.name}{note}", retrieved=retrieved, sha256=table.sha256)
    series = []
    for name, column in columns:
        values = np.full(grid.n, np.nan)
        values[where] = _values(table, name, column)[kept]
        title = _title(name, column, settlement_point)
        series.append(Series(title, column.unit, grid, values, _known_at(title, grid, delay_minutes), provenance))
    return series


def read_ercot_dataset(*paths: str | Path, delay_minutes: int = 0) -> Dataset:
    """Several files as one data set; where two files hold the same series, the file named first counts."""
    merged: dict[str, Series] = {}
    for path in paths:
        for series in read_ercot(path, delay_minutes=delay_minutes):
            merged.setdefault(series.name, series)
    return Dataset(merged.values())


def _clock_of(table: Table) -> tuple[str, ...]:
    for clock in CLOCKS:
        if set(clock) <= set(table.header):
            return clock
    raise InputError(
        f"the columns are {', '.join(table.header[:6])}",
        "a clock is missing: interval_start_utc, or delivery_date and hour_ending, or hour_start_local",
        "Check that this is an ERCOT file with a header line, or import it as a user file with declared columns.",
        table.name,
    )


def _column_of(table: Table, name: str) -> Column:
    for column in COLUMNS:
        if re.fullmatch(column.pattern, name):
            return column
    near = get_close_matches(name, [c.example for c in COLUMNS], n=1, cutoff=0.6)
    hint = f"Did you mean {near[0]!r}?" if near else f"Columns look like: {_examples()}."
    raise InputError(f"the column {name!r}", "it is none that ERCOT files have", hint, table.name)


def _examples() -> str:
    return ", ".join(column.example for column in COLUMNS)


def _title(name: str, column: Column, settlement_point: str) -> str:
    match = re.fullmatch(column.pattern, name)
    group = match.group(1) if match and match.groups() else settlement_point
    return column.name.format(group if column.name.startswith(("as/", "gen/")) else group.upper())


def _values(table: Table, name: str, column: Column) -> Floats:
    if name.endswith("_temp_f"):
        # Read as a plain number first: 100 °F is no plausible Celsius.
        fahrenheit = table.numbers(name, Unit.MW)
        return (fahrenheit - 32) / 1.8
    return table.numbers(name, column.unit)


def _known_at(title: str, grid: TimeGrid, delay_minutes: int) -> Times:
    kind = title.partition("/")[0]
    if kind == "price_rt":
        return after_end(grid, minutes=delay_minutes)
    if kind in {"price_da", "as"}:
        return on_day_before(grid, timezone=MARKET_ZONE, at=DAY_AHEAD_RESULTS)
    if kind == "load_forecast":
        return on_day_before(grid, timezone=MARKET_ZONE, at=LOAD_FORECAST_RUN)
    return after_end(grid, minutes=MEASURED_DELAY_MINUTES)


def _instants(table: Table, clock: tuple[str, ...]) -> tuple[Times, NDArray[np.int64], str]:
    """Start of each row that can be placed, the rows' numbers, and a note on those that cannot."""
    if clock == CLOCKS[0]:
        starts = [_utc_start(table, row, text) for row, text in enumerate(table.column(clock[0]))]
        return np.array(starts, dtype="datetime64[s]"), np.arange(len(starts)), ""
    local = _local_hours(table, clock)
    repeats = _repeats(table)
    tz = zone(MARKET_ZONE)
    starts, kept, skipped = [], [], []
    for row, (hour, repeat) in enumerate(zip(local, repeats, strict=True)):
        utc_hour = hour.replace(tzinfo=tz, fold=int(repeat)).astimezone(dt.UTC)
        if utc_hour.astimezone(tz).replace(tzinfo=None) != hour:
            skipped.append(row)
            continue
        if repeat and utc_hour == hour.replace(tzinfo=tz).astimezone(dt.UTC):
            raise InputError(
                f"{hour:%Y-%m-%d %H:%M} is flagged as repeated",
                "only the hour that the clock repeats in autumn is",
                "Write dst_repeat = 0.",
                table.place(row, "dst_repeat"),
            )
        starts.append(utc_hour.replace(tzinfo=None))
        kept.append(row)
    note = _skipped_note(table, clock, local, skipped)
    return np.array(starts, dtype="datetime64[s]"), np.array(kept, dtype=np.int64), note


def _skipped_note(table: Table, clock: tuple[str, ...], local: list[dt.datetime], skipped: list[int]) -> str:
    """Name the rows of hours that the clock skipped; a day that has all 24 does not follow the local clock."""
    for row in skipped:
        day = local[row].date()
        if sum(hour.date() == day for hour in local) == 24:
            raise InputError(
                f"{day} has 24 rows",
                f"it has 23 hours in {MARKET_ZONE}: the clock skips from 02:00 to 03:00",
                "Export local prevailing time, or use interval_start_utc.",
                table.place(row, clock[-1]),
            )
    hours = ", ".join(f"{local[row]:%Y-%m-%d %H:%M} (line {table.lines[row]})" for row in skipped)
    return f"; left out, for the clock skipped it: {hours}" if skipped else ""


def _utc_start(table: Table, row: int, text: str) -> dt.datetime:
    try:
        start = dt.datetime.fromisoformat(text)
    except ValueError:
        start = None
    if start is None or start.utcoffset() != dt.timedelta(0):
        raise InputError(
            f"{text!r} is the start of an interval",
            "it is a UTC time",
            "Write 2024-07-01T00:15Z.",
            table.place(row, "interval_start_utc"),
        )
    return start.replace(tzinfo=None)


def _local_hours(table: Table, clock: tuple[str, ...]) -> list[dt.datetime]:
    """Local wall-clock start of each row's hour."""
    if clock == CLOCKS[2]:
        return [
            _parsed(table, row, "hour_start_local", r"\d{4}-\d\d-\d\dT\d\d:00", "2024-07-01T00:00")
            for row in range(len(table.rows))
        ]
    hours = []
    for row, ending in enumerate(table.column("hour_ending")):
        day = _parsed(table, row, "delivery_date", r"\d{4}-\d\d-\d\d", "2024-07-01")
        if not re.fullmatch(r"\d{1,2}", ending) or not 1 <= int(ending) <= 24:
            raise InputError(
                f"hour_ending is {ending!r}",
                "hours are numbered by their end, 1 to 24",
                "Write 1 for the hour from 00:00 to 01:00; flag the repeated autumn hour with dst_repeat = 1.",
                table.place(row, "hour_ending"),
            )
        hours.append(day + dt.timedelta(hours=int(ending) - 1))
    return hours


def _parsed(table: Table, row: int, column: str, pattern: str, example: str) -> dt.datetime:
    text = table.field(row, column)
    if re.fullmatch(pattern, text):
        try:
            return dt.datetime.fromisoformat(text)
        except ValueError:
            pass
    raise InputError(
        f"{column} is {text!r}",
        f"it is local time in {MARKET_ZONE}, written like {example}",
        f"Write {example}.",
        table.place(row, column),
    )


def _repeats(table: Table) -> list[bool]:
    if "dst_repeat" not in table.header:
        return [False] * len(table.rows)
    flags = table.column("dst_repeat")
    for row, flag in enumerate(flags):
        if flag not in {"0", "1"}:
            raise InputError(
                f"dst_repeat is {flag!r}",
                "it is 0 or 1",
                "Write 1 for the repeated autumn hour, else 0.",
                table.place(row, "dst_repeat"),
            )
    return [flag == "1" for flag in flags]


def _grid(table: Table, starts: Times, kept: NDArray[np.int64], *, hourly: bool) -> tuple[TimeGrid, NDArray[np.int64]]:
    """The time grid from the first to the last row, and each row's interval on it."""
    if not starts.size:
        raise InputError("no row lies in an hour that exists", "a row is an hour", "Check the dates.", table.name)
    seconds = starts.astype(np.int64)
    apart = np.diff(seconds)
    _check_order(table, starts, apart, kept)
    step = 3600 if hourly else _spacing(table, apart)
    offset = seconds - seconds[0]
    astray = np.flatnonzero(offset % step)
    if astray.size:
        row = int(kept[astray[0]])
        raise InputError(
            f"an interval starts at {starts[astray[0]]}Z",
            f"the rows are {step // 60} minutes apart from {starts[0]}Z on",
            "Give one file one step.",
            f"{table.name} line {table.lines[row]}",
        )
    where = offset // step
    return TimeGrid(starts[0], step // 60, int(where[-1]) + 1), where


def _check_order(table: Table, starts: Times, apart: NDArray[np.int64], kept: NDArray[np.int64]) -> None:
    back = np.flatnonzero(apart <= 0)
    if not back.size:
        return
    at = int(back[0]) + 1
    place = f"{table.name} line {table.lines[int(kept[at])]}"
    if apart[at - 1] == 0:
        raise InputError(
            f"the interval from {starts[at]}Z stands twice",
            "an interval has one row",
            "Delete one of the rows; flag the repeated autumn hour with a column dst_repeat.",
            place,
        )
    raise InputError(
        f"the interval from {starts[at]}Z comes after that from {starts[at - 1]}Z",
        "rows are in order of time",
        "Sort the file by time.",
        place,
    )


def _spacing(table: Table, apart: NDArray[np.int64]) -> int:
    """Usual distance of two rows [s], 15 or 60 minutes."""
    if not apart.size:
        raise InputError(
            "the file has one row", "the step is told by the distance of two", "Give a longer period.", table.name
        )
    distances, counts = np.unique(apart, return_counts=True)
    step = int(distances[counts.argmax()])
    if step not in {900, 3600}:
        raise InputError(
            f"rows are {step / 60:g} minutes apart",
            "ERCOT settles in 15 minutes and publishes by the hour",
            "Average to 15 or 60 minutes, or import it as a user file with declared columns.",
            table.name,
        )
    return step
