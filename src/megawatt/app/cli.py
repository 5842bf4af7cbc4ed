"""The command line: one verb a file, exit code 0 done, 1 the answer is no, 2 the input is wrong.

Everything heavy is imported inside the verbs, so that ``megawatt --help`` answers at once.
"""

import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from megawatt.app.data_commands import data_app
from megawatt.app.markets.commands import markets_app
from megawatt.app.settle_commands import settle_app

app = typer.Typer(
    name="megawatt",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,  # plain help: the decorated one takes longer to import than all else
    pretty_exceptions_enable=False,
)
app.add_typer(data_app, name="data")
app.add_typer(markets_app, name="markets")
app.add_typer(settle_app, name="settle")

SiteFile = Annotated[Path, typer.Argument(help="Site file, for example texas-mine.toml.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON with a versioned schema.")]
StoreFile = Annotated[
    Path | None, typer.Option("--store", help="Local store; default $MEGAWATT_STORE or ./megawatt.sqlite.")
]


def _version(asked: bool) -> None:
    if asked:
        from importlib.metadata import version  # noqa: PLC0415

        typer.echo(f"megawatt {version('megawatt')}")
        raise typer.Exit


@app.callback()
def megawatt(
    version: Annotated[
        bool, typer.Option("--version", help="Print the version and stop.", callback=_version, is_eager=True)
    ] = False,
) -> None:
    """Decide what every megawatt of a compute site does: mine Bitcoin, serve AI, or stand by for the grid."""


@app.command()
def init(
    example: Annotated[str, typer.Argument(help="texas-mine, hybrid or ai-campus.")] = "texas-mine",
    to: Annotated[Path | None, typer.Option("--to", help="File to write; default EXAMPLE.toml here.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a runnable example of a site file."""
    from megawatt.app.files import write_text  # noqa: PLC0415
    from megawatt.site.examples import example as text_of  # noqa: PLC0415

    path = to or Path(f"{example}.toml")
    write_text(path, text_of(example), replace=force)
    typer.echo(f"Wrote {path}. Next: megawatt check {path}, then megawatt decide {path}")


@app.command()
def check(site: SiteFile, as_json: AsJson = False) -> None:
    """Check a site file: form, physics and contracts, each finding with its place and what to do."""
    from megawatt.app.check import check_site  # noqa: PLC0415

    raise typer.Exit(check_site(site, as_json=as_json))


@app.command()
def decide(
    site: SiteFile,
    first: Annotated[str | None, typer.Option("--from", help="First local day, instead of [period] start.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Local day after the last, instead of [period] end.")] = None,
    as_json: AsJson = False,
    report: Annotated[Path | None, typer.Option("--report", help="Write the report page to this file.")] = None,
    store: StoreFile = None,
    seconds: Annotated[
        float, typer.Option("--seconds", help="Longest time of one solve of a coupled site.", min=1)
    ] = 60.0,
) -> None:
    """What each megawatt did or should have done, what that was worth, and how far from the optimum it is."""
    from megawatt.app.decide import decide_site  # noqa: PLC0415

    decide_site(site, first=first, end=end, as_json=as_json, report=report, store=store, seconds=seconds)


@app.command()
def claims(
    data: Annotated[
        Path | None, typer.Option("--data", help="Folder with markets/ and bitcoin/; default $MEGAWATT_DATA.")
    ] = None,
    as_json: AsJson = False,
    report: Annotated[Path | None, typer.Option("--report", help="Write the report page to this file.")] = None,
) -> None:
    """The article's claims, from files to a verdict, each with its falsifier and its share of false alarms."""
    from megawatt.app.claims_command import claims_command  # noqa: PLC0415

    claims_command(data, as_json=as_json, report=report)


def main() -> None:
    """Run the command line; errors made on purpose are printed in three parts and end with exit code 2."""
    try:
        try:
            app(prog_name="megawatt")
        finally:
            sys.stdout.flush()  # here, because at the interpreter's end a full disk could no longer be told
    except OSError as error:
        _leave_output()
        where = f"{error.filename}: " if error.filename else "writing the output: "
        _stop(f"{where}{error.strerror or error}", "Check the path, its permissions and the space on the disk.")
    except Exception as error:
        from megawatt.core.errors import MegawattError  # noqa: PLC0415

        if not isinstance(error, MegawattError):
            raise
        _stop_with(error)


def _stop_with(error: Exception) -> None:
    from megawatt.core.errors import MegawattError  # noqa: PLC0415

    problems = getattr(error, "problems", (error,))
    for one in problems:
        if isinstance(one, MegawattError):
            place = f"{one.place}: " if one.place else ""
            typer.echo(f"error: {place}{one.value}\n  rule: {one.rule}\n  do:   {one.remedy}", err=True)
    sys.exit(2)


def _leave_output() -> None:
    """What is still to be written goes nowhere, so that the interpreter's end does not fail on it again."""
    with open(os.devnull, "w") as nowhere:  # noqa: PTH123  # a descriptor is wanted, not a path
        os.dup2(nowhere.fileno(), sys.__stdout__.fileno() if sys.__stdout__ else 1)


def _stop(what: str, remedy: str) -> None:
    typer.echo(f"error: {what}\n  do:   {remedy}", err=True)
    sys.exit(2)


if __name__ == "__main__":
    main()
