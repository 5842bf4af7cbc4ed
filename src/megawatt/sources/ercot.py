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
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import TimeGrid, Times
from megawatt.core.units import Unit
from megawatt.sources.csv_table import CsvTable
from megawatt.sources.row_grid import refuse_disorder, row_grid, usual_step
from megawatt.sources.wall_clock import to_utc

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
    table = CsvTable.read(path)
    clock = _clock_of(table)
    columns = [(name, _column_of(table, name)) for name in table.columns if name not in {*clock, "dst_repeat"}]
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


def _clock_of(table: CsvTable) -> tuple[str, ...]:
    for clock in CLOCKS:
        if set(clock) <= set(table.columns):
            return clock
    raise InputError(
        f"the columns are {', '.join(table.columns[:6])}",
        "a clock is missing: interval_start_utc, or delivery_date and hour_ending, or hour_start_local",
        "Check that this is an ERCOT file with a header line, or import it as a user file with declared columns.",
        table.name,
    )


def _column_of(table: CsvTable, name: str) -> Column:
    for column in COLUMNS:
        if re.fullmatch(column.pattern, name):
            return column
    near = get_close_matches(name, [c.example for c in COLUMNS], n=1, cutoff=0.6)
    hint = f"Did you mean {near[0]!r}?" if near else f"Columns look like: {_examples()}."
    raise InputError(f"the column {name!r}", "it is none that ERCOT files have", hint, f"{table.name} line 1")


def _examples() -> str:
    return ", ".join(column.example for column in COLUMNS)


def _title(name: str, column: Column, settlement_point: str) -> str:
    match = re.fullmatch(column.pattern, name)
    group = match.group(1) if match and match.groups() else settlement_point
    return column.name.format(group if column.name.startswith(("as/", "gen/")) else group.upper())


def _values(table: CsvTable, name: str, column: Column) -> Floats:
    if name.endswith("_temp_f"):
        return (table.numbers(name, least=-76.0, most=140.0) - 32) / 1.8  # what is plausible in °C, in °F
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


def _instants(table: CsvTable, clock: tuple[str, ...]) -> tuple[Times, NDArray[np.int64], str]:
    """Start of each row that can be placed, the rows' numbers, and a note on those that cannot."""
    if clock == CLOCKS[0]:
        starts = table.times(clock[0])
        return starts, np.arange(len(starts)), ""
    local = _local_hours(table, clock)
    repeats = _repeats(table)
    placed = to_utc(local, MARKET_ZONE, second=repeats)
    wrong = np.setdiff1d(np.flatnonzero(repeats), placed.twice)
    if wrong.size:
        row = int(wrong[0])
        raise InputError(
            f"{_shown(local[row])} is flagged as repeated",
            "only the hour that the clock repeats in autumn is",
            "Write dst_repeat = 0.",
            table.place(row, "dst_repeat"),
        )
    note = _skipped_note(table, clock, local, placed.never)
    kept = np.setdiff1d(np.arange(len(local)), placed.never)
    if not kept.size:
        raise InputError("no row lies in an hour that exists", "a row is an hour", "Check the dates.", table.name)
    return placed.instants[kept], kept, note


def _skipped_note(table: CsvTable, clock: tuple[str, ...], local: Times, skipped: NDArray[np.int64]) -> str:
    """Name the rows of hours that the clock skipped; a day that has all 24 does not follow the local clock."""
    days = local.astype("datetime64[D]")
    for row in skipped.tolist():
        if (days == days[row]).sum() == 24:
            raise InputError(
                f"{days[row]} has 24 rows",
                f"it has 23 hours in {MARKET_ZONE}: the clock skips from 02:00 to 03:00",
                "Export local prevailing time, or use interval_start_utc.",
                table.place(row, clock[-1]),
            )
    hours = ", ".join(f"{_shown(local[row])} (line {table.lines[row]})" for row in skipped.tolist())
    return f"; left out, for the clock skipped it: {hours}" if hours else ""


def _shown(local: np.datetime64) -> str:
    return str(local)[:16].replace("T", " ")


def _local_hours(table: CsvTable, clock: tuple[str, ...]) -> Times:
    """Local wall-clock start of each row's hour."""
    if clock == CLOCKS[2]:
        return table.wall_times("hour_start_local", like="2024-07-01T00:00")
    hours = np.zeros(len(table.rows), dtype="timedelta64[s]")
    for row, ending in enumerate(table.text("hour_ending")):
        if not re.fullmatch(r"\d{1,2}", ending, re.ASCII) or not 1 <= int(ending) <= 24:
            raise InputError(
                f"hour_ending is {ending!r}",
                "hours are numbered by their end, 1 to 24",
                "Write 1 for the hour from 00:00 to 01:00; flag the repeated autumn hour with dst_repeat = 1.",
                table.place(row, "hour_ending"),
            )
        hours[row] = np.timedelta64((int(ending) - 1) * 3600, "s")
    starts: Times = table.wall_times("delivery_date", like="2024-07-01") + hours
    return starts


def _repeats(table: CsvTable) -> NDArray[np.bool_]:
    flags = table.text("dst_repeat") if "dst_repeat" in table.columns else ["0"] * len(table.rows)
    for row, flag in enumerate(flags):
        if flag not in {"0", "1"}:
            raise InputError(
                f"dst_repeat is {flag!r}",
                "it is 0 or 1",
                "Write 1 for the repeated autumn hour, else 0.",
                table.place(row, "dst_repeat"),
            )
    return np.array([flag == "1" for flag in flags])


def _grid(
    table: CsvTable, starts: Times, kept: NDArray[np.int64], *, hourly: bool
) -> tuple[TimeGrid, NDArray[np.int64]]:
    """The time grid from the first to the last row, and each row's interval on it."""

    def place(row: int) -> str:
        return table.place(int(kept[row]))

    step = 60
    if not hourly:
        refuse_disorder(starts, place)
        step = usual_step(starts, place)
    if step not in {15, 60}:
        raise InputError(
            f"rows are {step} minutes apart",
            "ERCOT settles in 15 minutes and publishes by the hour",
            "Average to 15 or 60 minutes, or import it as a user file with declared columns.",
            table.name,
        )
    return row_grid(starts, step, place)
