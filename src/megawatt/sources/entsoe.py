"""European day-ahead markets: ENTSO-E style hourly files and the open benchmark of price forecasts.

Both kinds of file write 24 hours for every day and do not say in which zone. The caller must declare it: with UTC the
hours are taken as they stand; with a local zone the hour that the clock skips in spring is left out and named in the
provenance, and the second autumn hour is a named gap.

    read_entsoe    time, price_da [EUR/MWh], load_da, load_ac, gen_sc, sol_da, won_da [MW]
    read_epf       time, price, exog1_..., exog2_...: day-ahead price and two day-ahead forecasts of one market

Known: the day-ahead price and what is published with it at 13:00 market time of the day before (results of the
coupling appear shortly before); forecasts at 10:00 of the day before, since bidders have them; actual load one hour
after its hour.

Sources: ENTSO-E transparency platform, https://transparency.entsoe.eu; Lago, Marcjasz, De Schutter, Weron, Applied
Energy 293 (2021) 116983.
"""

import datetime as dt
import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.known import after_end, on_day_before
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid, Times
from megawatt.core.units import Unit
from megawatt.sources.csv_table import CsvTable
from megawatt.sources.row_grid import row_grid
from megawatt.sources.text_file import missing_column
from megawatt.sources.wall_clock import to_utc

AUCTION_RESULTS = dt.time(13, 0)
FORECASTS_AT_HAND = dt.time(10, 0)
MEASURED_DELAY_MINUTES = 60

ENTSOE_COLUMNS: Mapping[str, str] = {
    "price_da": "price_da/{}",
    "load_da": "load_forecast/{}",
    "load_ac": "load/{}",
    "gen_sc": "gen_scheduled/{}",
    "sol_da": "solar_forecast/{}",
    "won_da": "wind_onshore_forecast/{}",
}
"""Columns of an ENTSO-E file and the series they become."""


@dataclass(frozen=True, slots=True)
class Market:
    """A day-ahead market of the forecast benchmark.

    Attributes:
        unit: Unit of its price.
        series: Name of each column's series.
    """

    unit: Unit
    series: Mapping[str, str]


EPF_MARKETS: Mapping[str, Market] = {
    "NP": Market(
        Unit.EUR_PER_MWH,
        {
            "price": "price_da/NP",
            "exog1_grid_load_forecast": "load_forecast/NP",
            "exog2_wind_power_forecast": "wind_forecast/NP",
        },
    ),
    "PJM": Market(
        Unit.USD_PER_MWH,
        {
            "price": "price_da/PJM",
            "exog1_system_load_forecast": "load_forecast/PJM",
            "exog2_zonal_comed_load_forecast": "load_forecast/COMED",
        },
    ),
    "DE": Market(
        Unit.EUR_PER_MWH,
        {
            "price": "price_da/DE",
            "exog1_ampirion_load_forecast": "load_forecast/DE",
            "exog2_pv_wind_forecast": "pv_wind_forecast/DE",
        },
    ),
}
"""Markets of the benchmark, recognised by the names of their forecasts; DE's are in the benchmark's own scaling."""


def read_entsoe(
    path: str | Path, *, timezone: str, place: str = "DE_LU", market_zone: str = "Europe/Berlin"
) -> list[Series]:
    """Every series of an ENTSO-E style hourly file.

    Args:
        path: CSV file with the columns ``time`` and those of `ENTSOE_COLUMNS`.
        timezone: IANA zone of the column ``time``; the source does not state it, so it must be declared.
        place: Bidding zone, for the series' names.
        market_zone: Zone of the market's clock, for the time at which values were known.

    Raises:
        InputError: The file breaks a rule; the message names file, line, rule and remedy.
    """
    table = CsvTable.read(path)
    names = {column: name.format(place) for column, name in ENTSOE_COLUMNS.items()}
    return _hourly(table, names, Unit.EUR_PER_MWH, timezone, market_zone)


def read_epf(path: str | Path, *, timezone: str, place: str = "") -> list[Series]:
    """Price and forecasts of one market of the benchmark, recognised by its columns.

    Args:
        path: CSV file ``NP.csv``, ``PJM.csv`` or ``DE.csv``, or one of the same form.
        timezone: IANA zone of the column ``time``; the files have 24 hours on every day, as in a zone without
            daylight saving, so the zone must be declared.
        place: Name of a market that is not in `EPF_MARKETS`, for the names of its series; its price is in EUR/MWh.
    """
    table = CsvTable.read(path)
    for market in EPF_MARKETS.values():
        if set(market.series) <= set(table.columns):
            return _hourly(table, market.series, market.unit, timezone, timezone)
    forecasts = [column for column in table.columns if re.fullmatch(r"exog\d+_\w+", column)]
    if place and "price" in table.columns and forecasts:
        names = {
            column: f"{re.sub('_forecast$', '', column.partition('_')[2])}_forecast/{place}" for column in forecasts
        }
        return _hourly(table, {"price": f"price_da/{place}", **names}, Unit.EUR_PER_MWH, timezone, timezone)
    raise InputError(
        f"the columns are {', '.join(table.columns[:5])}",
        f"the benchmark's markets are {', '.join(EPF_MARKETS)}",
        "Give NP.csv, PJM.csv or DE.csv; or one with columns price and exog1_..., and name its place.",
        table.name,
    )


def _hourly(
    table: CsvTable, names: Mapping[str, str], price_unit: Unit, timezone: str, market_zone: str
) -> list[Series]:
    if "time" not in table.columns:
        raise missing_column("time", table.columns, f"{table.name} line 1")
    for column in table.columns:
        if column != "time" and column not in names:
            raise InputError(
                f"the column {column!r} is not known",
                f"the file has time and some of {', '.join(names)}",
                "Rename the columns, or import it as a user file with declared columns.",
                f"{table.name} line 1",
            )
    starts, kept, note = _instants(table, timezone)
    grid, where = row_grid(starts, 60, lambda row: table.place(int(kept[row]), "time"), align_minutes=15)
    provenance = Provenance(f"{table.name}, times taken as {timezone}{note}", sha256=table.sha256)
    series = []
    for column in table.columns:
        if column == "time":
            continue
        unit = price_unit if column.startswith("price") else Unit.MW
        values = np.full(grid.n, np.nan)
        values[where] = table.numbers(column, unit)[kept]
        known_at = _known_at(names[column], grid, market_zone)
        series.append(Series(names[column], unit, grid, values, known_at, provenance))
    return series


def _known_at(name: str, grid: TimeGrid, market_zone: str) -> Times:
    kind = name.partition("/")[0]
    if kind == "load":
        return after_end(grid, minutes=MEASURED_DELAY_MINUTES)
    at = FORECASTS_AT_HAND if kind.endswith("forecast") else AUCTION_RESULTS
    return on_day_before(grid, timezone=market_zone, at=at)


def _instants(table: CsvTable, timezone: str) -> tuple[Times, NDArray[np.int64], str]:
    """Start of each row that can be placed, the rows' numbers, and a note on those that cannot."""
    wall = table.wall_times("time", like="2024-07-01T00:00")
    clock = to_utc(wall, timezone)
    kept = np.setdiff1d(np.arange(len(wall)), clock.never)
    if not kept.size:
        raise InputError("no row lies in an hour that exists", "a row is an hour", "Check the dates.", table.name)
    skipped = ", ".join(f"{table.text('time')[row]} (line {table.lines[row]})" for row in clock.never.tolist())
    return clock.instants[kept], kept, f"; left out, for the clock skipped it: {skipped}" if skipped else ""
