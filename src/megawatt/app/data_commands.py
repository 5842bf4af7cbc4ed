"""``megawatt data``: bring market files and your own tables into the local store."""

import json
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from megawatt.core.series import Series

SCHEMA = "megawatt/data/1"
GAPS_SHOWN = 5

data_app = typer.Typer(
    help="Bring market files and your own tables into the local store.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
import_app = typer.Typer(
    help="Read files and keep their series: all of them or none. Gaps are named and never filled.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)
data_app.add_typer(import_app, name="import")

Store = Annotated[
    Path | None, typer.Option("--store", help="Local store; default $MEGAWATT_STORE or ./megawatt.sqlite.")
]
Files = Annotated[list[Path], typer.Argument(help="Files, read in this order.", show_default=False)]
Keep = Annotated[
    bool, typer.Option("--keep", help="Where a series contradicts the one held, leave it out and keep that one.")
]
Replace = Annotated[
    bool, typer.Option("--replace", help="Where a series contradicts the one held, take it instead of that one.")
]


class Label(StrEnum):
    """What a time names."""

    START = "start"
    END = "end"


@import_app.command()
def ercot(
    files: Files,
    point: Annotated[
        str, typer.Option("--point", help="Settlement point of price columns whose name does not say it.")
    ] = "HB_HUBAVG",
    delay: Annotated[
        int, typer.Option("--delay", help="Minutes after its interval until a real-time price is known.", min=0)
    ] = 0,
    keep: Keep = False,
    replace: Replace = False,
    store: Store = None,
) -> None:
    """ERCOT files, recognised by their header: prices, ancillary services, load, generation, temperature."""
    from megawatt.sources.ercot import read_ercot  # noqa: PLC0415

    series = [one for path in files for one in read_ercot(path, settlement_point=point, delay_minutes=delay)]
    _keep(series, store, keep=keep, replace=replace)


@import_app.command()
def entsoe(
    files: Files,
    timezone: Annotated[str, typer.Option("--timezone", help="IANA zone of the column time, which does not say it.")],
    point: Annotated[str, typer.Option("--point", help="Bidding zone, for the names of the series.")] = "DE_LU",
    keep: Keep = False,
    replace: Replace = False,
    store: Store = None,
) -> None:
    """ENTSO-E style hourly files: day-ahead price, load, forecasts."""
    from megawatt.sources.entsoe import read_entsoe  # noqa: PLC0415

    series = [one for path in files for one in read_entsoe(path, timezone=timezone, place=point)]
    _keep(series, store, keep=keep, replace=replace)


@import_app.command()
def bitcoin(
    folder: Annotated[
        Path,
        typer.Argument(
            help="Holds btc_usdt_hourly_close.csv, btc_retarget_headers.csv and btc_network_daily.csv.",
            show_default=False,
        ),
    ],
    keep: Keep = False,
    replace: Replace = False,
    store: Store = None,
) -> None:
    """The Bitcoin network: price, difficulty, subsidy, fees."""
    from megawatt.sources.bitcoin import read_network  # noqa: PLC0415

    _keep(read_network(folder).values(), store, keep=keep, replace=replace)


@import_app.command()
def table(
    files: Files,
    name: Annotated[str, typer.Option("--name", help="Name of the series, for example price_rt/MY_NODE.")],
    unit: Annotated[str, typer.Option("--unit", help="Unit of the values, for example USD/MWh.")],
    time: Annotated[str, typer.Option("--time", help="Column of the times.")] = "time",
    value: Annotated[str, typer.Option("--value", help="Column of the values.")] = "value",
    timezone: Annotated[str, typer.Option("--timezone", help="IANA zone of times without an offset.")] = "UTC",
    label: Annotated[
        Label, typer.Option("--label", help="Whether a time names the start or the end of its interval.")
    ] = Label.START,
    step_minutes: Annotated[
        int | None, typer.Option("--step-minutes", help="Length of an interval; default the usual distance.", min=1)
    ] = None,
    known_after: Annotated[
        int, typer.Option("--known-after", help="Minutes from an interval's end until its value is known; may be < 0.")
    ] = 1440,
    decimal: Annotated[str, typer.Option("--decimal", help="Decimal sign, . or a comma.")] = ".",
    time_format: Annotated[
        str | None, typer.Option("--time-format", help="Form of times that are not ISO 8601, such as %m/%d/%Y %H:%M.")
    ] = None,
    unit_checked: Annotated[
        bool, typer.Option("--unit-checked", help="Accept values whose size suggests another unit.")
    ] = False,
    keep: Keep = False,
    replace: Replace = False,
    store: Store = None,
) -> None:
    """Your own CSV or Parquet: one column of values, which the options declare."""
    from megawatt.sources.table import read_table  # noqa: PLC0415

    sign: Literal[".", ","] = "," if decimal == "," else "."
    if sign != decimal:
        raise typer.BadParameter("write . or ,", param_hint="--decimal")
    series = [
        read_table(
            path,
            time=time,
            value=value,
            unit=unit,
            name=name,
            timezone=timezone,
            step_minutes=step_minutes,
            label="end" if label is Label.END else "start",
            known_after_minutes=known_after,
            decimal=sign,
            time_format=time_format,
            unit_checked=unit_checked,
        )
        for path in files
    ]
    _keep(series, store, keep=keep, replace=replace)


def _keep(series: "Iterable[Series]", path: Path | None, *, keep: bool, replace: bool) -> None:
    """Join the series with those held, then put all of them at once and say what was done."""
    from megawatt.app.data import store_path  # noqa: PLC0415
    from megawatt.sources.store import Store as LocalStore  # noqa: PLC0415

    if keep and replace:
        raise typer.BadParameter("a series is kept or replaced", param_hint="--keep and --replace")
    local = LocalStore(store_path(path))
    kept = set(local.names())
    held: dict[str, Series] = {}
    notes: list[str] = []
    for one in series:
        first = held.get(one.name) or (local.get(one.name) if one.name in kept else None)
        held[one.name] = one if first is None else _joined(first, one, notes, keep=keep, replace=replace)
    local.put(*held.values(), replace=True)
    for one in held.values():
        typer.echo(line(one))
        gaps = one.gaps()
        for gap in gaps[:GAPS_SHOWN]:
            typer.echo(f"  gap: {gap.start}Z to {gap.end}Z, {gap.intervals} intervals")
        if len(gaps) > GAPS_SHOWN:
            typer.echo(f"  and {len(gaps) - GAPS_SHOWN} more gaps")
    for note in notes:
        typer.echo(note)
    typer.echo(f"{len(held)} series in {local.path}.")


def _joined(first: "Series", second: "Series", notes: list[str], *, keep: bool, replace: bool) -> "Series":
    """The two as one, or the one that the user chose where they contradict each other."""
    from megawatt.core.errors import InputError  # noqa: PLC0415
    from megawatt.sources.join import join  # noqa: PLC0415

    try:
        return join(first, second)
    except InputError:
        if not (keep or replace):
            raise
    chosen, other = (first, second) if keep else (second, first)
    notes.append(f"{chosen.name}: taken from {chosen.provenance.source}, not from {other.provenance.source}")
    return chosen


@data_app.command("list")
def list_(
    as_json: Annotated[bool, typer.Option("--json", help="Print the list as JSON with a versioned schema.")] = False,
    store: Store = None,
) -> None:
    """Name every series of the local store with its span, coverage and source."""
    from megawatt.app.data import store_path  # noqa: PLC0415
    from megawatt.sources.store import Store as LocalStore  # noqa: PLC0415

    local = LocalStore(store_path(store))
    series = [local.get(name) for name in local.names()]
    if as_json:
        typer.echo(json.dumps({"schema": SCHEMA, "series": [_row(one) for one in series]}, indent=2))
    elif not series:
        typer.echo(f"There is no series in {local.path}; 'megawatt data import' brings them.")
    for one in series if not as_json else ():
        typer.echo(line(one))


@data_app.command()
def remove(name: Annotated[str, typer.Argument(help="Name of the series.")], store: Store = None) -> None:
    """Take a series out of the local store."""
    from megawatt.app.data import store_path  # noqa: PLC0415
    from megawatt.sources.store import Store as LocalStore  # noqa: PLC0415

    LocalStore(store_path(store)).remove(name)
    typer.echo(f"Removed {name}.")


def _row(one: "Series") -> dict[str, str | float]:
    return {
        "name": one.name,
        "unit": one.unit.value,
        "start": f"{one.grid.start}Z",
        "end": f"{one.grid.end}Z",
        "interval_minutes": one.grid.step_minutes,
        "hours_covered": one.hours_covered,
        "source": one.provenance.source,
        "sha256": one.sha256(),
    }


def line(one: "Series") -> str:
    """A series in one line: name, unit, span, coverage, source."""
    grid = one.grid
    return (
        f"{one.name}  {one.unit.value}  {grid.start}Z to {grid.end}Z every {grid.step_minutes} min  "
        f"{one.hours_covered:,.0f} of {grid.n * grid.hours:,.0f} h  {one.provenance.source}"
    )
