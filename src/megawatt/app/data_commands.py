"""``megawatt data``: bring market files and your own tables into the local store."""

from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

if TYPE_CHECKING:
    from megawatt.core.series import Series

data_app = typer.Typer(
    help="Bring market files and your own tables into the local store.", no_args_is_help=True, add_completion=False
)


class Kind(StrEnum):
    """What a file holds."""

    ERCOT = "ercot"
    ENTSOE = "entsoe"
    BITCOIN = "bitcoin"
    TABLE = "table"


Store = Annotated[
    Path | None, typer.Option("--store", help="Local store; default $MEGAWATT_STORE or ./megawatt.sqlite.")
]


@data_app.command("import")
def import_(
    kind: Annotated[
        Kind, typer.Argument(help="ercot and entsoe: files; bitcoin: a folder; table: your CSV or Parquet.")
    ],
    paths: Annotated[list[Path], typer.Argument(help="Files, or the folder of the Bitcoin files.")],
    store: Store = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace series of the same name.")] = False,
    name: Annotated[str, typer.Option("--name", help="table: name, for example price_rt/MY_NODE.")] = "",
    time: Annotated[str, typer.Option("--time", help="table: column of the times.")] = "time",
    value: Annotated[str, typer.Option("--value", help="table: column of the values.")] = "value",
    unit: Annotated[str, typer.Option("--unit", help="table: unit of the values, for example USD/MWh.")] = "USD/MWh",
    timezone: Annotated[
        str, typer.Option("--timezone", help="table, entsoe: IANA zone of times without offset.")
    ] = "UTC",
    label_end: Annotated[bool, typer.Option("--label-end", help="table: times name the end of an interval.")] = False,
    known_after: Annotated[int, typer.Option("--known-after", help="table: minutes after its end.", min=0)] = 1440,
) -> None:
    """Read files and keep their series; gaps are named and never filled."""
    from megawatt.sources.store import Store as LocalStore  # noqa: PLC0415

    series = [
        one
        for path in paths
        for one in _read(kind, path, name, time, value, unit, timezone, label_end=label_end, known_after=known_after)
    ]
    from megawatt.app.data import store_path  # noqa: PLC0415

    local = LocalStore(store_path(store))
    for one in series:
        local.put(one, replace=replace)
        typer.echo(_line(one))
        for gap in one.gaps()[:5]:
            typer.echo(f"  gap: {gap}")
    typer.echo(f"{len(series)} series in {local.path}.")


def _read(
    kind: Kind,
    path: Path,
    name: str,
    time: str,
    value: str,
    unit: str,
    timezone: str,
    *,
    label_end: bool,
    known_after: int,
) -> "Iterable[Series]":
    if kind is Kind.ERCOT:
        from megawatt.sources.ercot import read_ercot  # noqa: PLC0415

        return read_ercot(path)
    if kind is Kind.ENTSOE:
        from megawatt.sources.entsoe import read_entsoe  # noqa: PLC0415

        return read_entsoe(path, timezone=timezone)
    if kind is Kind.BITCOIN:
        from megawatt.sources.bitcoin import read_network  # noqa: PLC0415

        return read_network(path).values()
    from megawatt.core.errors import InputError  # noqa: PLC0415
    from megawatt.sources.table import read_table  # noqa: PLC0415

    if not name:
        raise InputError("a table without --name", "a series has a name", "Add for example --name price_rt/MY_NODE.")
    label: Literal["start", "end"] = "end" if label_end else "start"
    return [
        read_table(
            path,
            time=time,
            value=value,
            unit=unit,
            name=name,
            timezone=timezone,
            label=label,
            known_after_minutes=known_after,
        )
    ]


@data_app.command("list")
def list_(store: Store = None) -> None:
    """Name every series of the local store with its span, coverage and source."""
    from megawatt.app.data import store_path  # noqa: PLC0415
    from megawatt.sources.store import Store as LocalStore  # noqa: PLC0415

    local = LocalStore(store_path(store))
    if not local.path.exists():
        typer.echo(f"There is no local store {local.path} yet; 'megawatt data import' makes it.")
        return
    for name in local.names():
        typer.echo(_line(local.get(name)))


@data_app.command()
def remove(name: Annotated[str, typer.Argument(help="Name of the series.")], store: Store = None) -> None:
    """Take a series out of the local store."""
    from megawatt.app.data import store_path  # noqa: PLC0415
    from megawatt.sources.store import Store as LocalStore  # noqa: PLC0415

    LocalStore(store_path(store)).remove(name)
    typer.echo(f"Removed {name}.")


def _line(one: "Series") -> str:
    grid = one.grid
    total = grid.n * grid.hours
    return (
        f"{one.name}  {one.unit.value}  {grid.start}Z to {grid.end}Z every {grid.step_minutes} min  "
        f"{one.hours_covered:,.0f} of {total:,.0f} h  {one.provenance.source}"
    )
