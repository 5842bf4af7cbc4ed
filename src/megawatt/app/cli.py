"""The command line: one verb a file, exit code 0 done, 1 the answer is no, 2 the input is wrong.

Everything heavy is imported inside the verbs, so that ``megawatt --help`` answers at once.
"""

import atexit
import gc
import os
import sys
from pathlib import Path
from typing import Annotated

import typer

from megawatt.app.data_commands import data_app
from megawatt.app.forecast_commands import forecast_app
from megawatt.app.markets.commands import markets_app
from megawatt.app.proof_commands import proof_app
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
app.add_typer(proof_app, name="proof")
app.add_typer(forecast_app, name="forecast")

OBJECTS_PER_LOOK = 100_000
"""Objects made between two looks for cycles among them; a command makes many, few of them in cycles, and ends."""

SiteFile = Annotated[Path, typer.Argument(help="Site file, for example texas-mine.toml.", show_default=False)]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON with a versioned schema.")]
StoreFile = Annotated[
    Path | None, typer.Option("--store", help="Local store; default $MEGAWATT_STORE or ./megawatt.sqlite.")
]
ReportFile = Annotated[Path | None, typer.Option("--report", help="Write the report page to this file.")]
WorkbookFile = Annotated[
    Path | None, typer.Option("--xlsx", help="Write a workbook with live formulas to this file (extra 'spreadsheet').")
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
    example: Annotated[
        str, typer.Argument(help="texas-mine, hybrid, ai-campus, core-2024, core-2024-bid or four-sites.")
    ] = "texas-mine",
    to: Annotated[Path | None, typer.Option("--to", help="File to write; default EXAMPLE.toml here.")] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace an existing file.")] = False,
) -> None:
    """Write a runnable example of a site file, of a deal and a bid, or of a portfolio."""
    from megawatt.app.deal_examples import DEAL_EXAMPLES  # noqa: PLC0415
    from megawatt.app.files import write_text  # noqa: PLC0415
    from megawatt.app.portfolio_examples import PORTFOLIO_EXAMPLES  # noqa: PLC0415
    from megawatt.site.examples import example as text_of  # noqa: PLC0415

    path = to or Path(f"{example}.toml")
    others = DEAL_EXAMPLES | PORTFOLIO_EXAMPLES
    write_text(path, others.get(example) or text_of(example), replace=force)
    if example in PORTFOLIO_EXAMPLES:
        typer.echo(f"Wrote {path}. Next: megawatt portfolio {path}")
    elif example in DEAL_EXAMPLES:
        typer.echo(f"Wrote {path}. Next: megawatt deal DEAL.toml --against BID.toml")
    else:
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
        float, typer.Option("--seconds", help="Time for the optimum of a coupled site, and for its next MW.", min=1)
    ] = 1.0,
    certificate: Annotated[
        Path | None,
        typer.Option("--certificate", help="Write problem.json and plan.json for a checker to this folder."),
    ] = None,
) -> None:
    """What each megawatt did or should have done, what that was worth, and how far from the optimum it is."""
    from megawatt.app.decide import decide_site  # noqa: PLC0415

    decide_site(
        site,
        first=first,
        end=end,
        as_json=as_json,
        report=report,
        store=store,
        seconds=seconds,
        certificate=certificate,
    )


@app.command()
def invest(
    site: SiteFile,
    years: Annotated[int, typer.Option("--years", help="Length of the scenarios.", min=2, max=40)] = 18,
    decide_years: Annotated[
        int, typer.Option("--decide-years", help="Years in which a lease may be signed; below --years.", min=1, max=39)
    ] = 5,
    scenarios: Annotated[int, typer.Option("--scenarios", help="Number of scenarios.", min=200, max=200_000)] = 4_000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the scenarios.", min=0)] = 0,
    dispatch: Annotated[
        str,
        typer.Option(
            "--dispatch",
            help="How months are dispatched: typical (open: 1 % on average), full (0.1 % in each), mean (at mean prices).",
        ),
    ] = "typical",
    workers: Annotated[
        int, typer.Option("--workers", help="Processes; they change only the time.", min=1, max=256)
    ] = 1,
    cluster: Annotated[
        str | None, typer.Option("--cluster", help="Address of a Dask scheduler that does the work.")
    ] = None,
    resume: Annotated[
        Path | None, typer.Option("--resume", help="Folder that keeps months as they are done; a stopped run goes on.")
    ] = None,
    check: Annotated[
        int, typer.Option("--check", help="Scenarios whose months are all solved one by one, to compare.", min=0)
    ] = 0,
    changed: Annotated[
        list[str] | None,
        typer.Option(
            "--set", metavar="TABLE.KEY=VALUE", help="Replace a value of [finance], [debt] or [treasury] for this run."
        ),
    ] = None,
    as_json: AsJson = False,
    store: StoreFile = None,
    report: ReportFile = None,
    xlsx: WorkbookFile = None,
) -> None:
    """When to turn each fleet's megawatts over to AI, what that is worth, and what triggers it."""
    from megawatt.app.dispatched_site import How  # noqa: PLC0415
    from megawatt.app.invest_commands import invest_command  # noqa: PLC0415
    from megawatt.app.invest_files import refuse_files, write_files  # noqa: PLC0415

    refuse_files(report, xlsx)
    found = invest_command(
        site,
        years=years,
        decide_years=decide_years,
        paths=scenarios,
        seed=seed,
        how=How(dispatch=dispatch, workers=workers, cluster=cluster, resume=resume, check=check),
        changed=changed or [],
        as_json=as_json,
        store=store,
    )
    write_files(found, report, xlsx, seed=seed)


@app.command()
def deal(
    path: Annotated[Path, typer.Argument(metavar="DEAL", help="Deal file, as core-2024.toml.", show_default=False)],
    against: Annotated[Path | None, typer.Option("--against", help="Bid file to compare with.")] = None,
    among: Annotated[
        Path | None, typer.Option("--among", help="Table of published deals (CSV) to compare with.")
    ] = None,
    as_json: AsJson = False,
    report: ReportFile = None,
    xlsx: WorkbookFile = None,
    scenarios: Annotated[
        int, typer.Option("--scenarios", help="Number of scenarios.", min=100, max=1_000_000)
    ] = 10_000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the scenarios.", min=0)] = 0,
) -> None:
    """What a hosting contract is worth, whether a bid for the company is better, and what would turn the answer."""
    from megawatt.app.deal_commands import deal_command  # noqa: PLC0415

    deal_command(
        path,
        against=against,
        among=among,
        as_json=as_json,
        scenarios=scenarios,
        seed=seed,
        report=report,
        xlsx=xlsx,
    )


@app.command()
def portfolio(
    path: Annotated[
        Path, typer.Argument(metavar="PORTFOLIO", help="Portfolio file, as four-sites.toml.", show_default=False)
    ],
    scenarios: Annotated[int, typer.Option("--scenarios", help="Number of scenarios.", min=20, max=5_000)] = 500,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the scenarios.", min=0)] = 0,
    seconds: Annotated[float, typer.Option("--seconds", help="Longest time of one solve.", min=1)] = 60.0,
    as_json: AsJson = False,
    report: ReportFile = None,
) -> None:
    """Which sites do what from which year on, under limits that they share, and which limit is worth widening."""
    from megawatt.app.portfolio_commands import portfolio_command  # noqa: PLC0415

    portfolio_command(path, scenarios=scenarios, seed=seed, seconds=seconds, as_json=as_json, report=report)


@app.command()
def plan(
    site: SiteFile,
    now: Annotated[str, typer.Option("--now", help="Time with its zone, for example 2024-07-01T17:00-05:00.")],
    horizon: Annotated[str, typer.Option("--horizon", help="How far to look ahead: 48h, 2d or 90m.")] = "48h",
    state: Annotated[
        Path | None, typer.Option("--state", help="State file: what ran before is read from it, the plan kept in it.")
    ] = None,
    record: Annotated[
        Path | None, typer.Option("--record", help="Record of policies, as 'megawatt backtest --record' writes it.")
    ] = None,
    risk: Annotated[float, typer.Option("--risk", help="Weight of the bad scenarios.", min=0, max=1)] = 0.0,
    tail: Annotated[float, typer.Option("--tail", help="Share of scenarios that is bad.", min=0.01, max=1)] = 0.1,
    scenarios: Annotated[int, typer.Option("--scenarios", help="Number of price paths.", min=1, max=200)] = 10,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the price paths.", min=0)] = 0,
    as_json: AsJson = False,
    store: StoreFile = None,
    seconds: Annotated[float, typer.Option("--seconds", help="Longest solve of a coupled site.", min=1)] = 60.0,
) -> None:
    """What to do next, from what is known at a time and what ran before it; planned anew it never forgets what ran."""
    from megawatt.app.plan_commands import plan_site  # noqa: PLC0415

    code = plan_site(
        site,
        now=now,
        horizon=horizon,
        state=state,
        record=record,
        risk=risk,
        tail=tail,
        scenarios=scenarios,
        seed=seed,
        as_json=as_json,
        store=store,
        seconds=seconds,
    )
    raise typer.Exit(code)


@app.command()
def backtest(
    site: SiteFile,
    first: Annotated[str | None, typer.Option("--from", help="First local day, instead of [period] start.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Local day after the last, instead of [period] end.")] = None,
    record: Annotated[Path | None, typer.Option("--record", help="Write what each policy earned by day here.")] = None,
    as_json: AsJson = False,
    store: StoreFile = None,
    seconds: Annotated[float, typer.Option("--seconds", help="Longest solve of a coupled site.", min=1)] = 60.0,
) -> None:
    """Policies that look ahead beside rules that look back and perfect foresight, and which may be recommended."""
    from megawatt.app.backtest_commands import backtest_site  # noqa: PLC0415

    raise typer.Exit(
        backtest_site(site, first=first, end=end, record=record, as_json=as_json, store=store, seconds=seconds)
    )


@app.command()
def explain(
    site: SiteFile,
    at: Annotated[str, typer.Option("--at", help="Time with its zone, for example 2024-07-01T17:00-05:00.")],
    first: Annotated[str | None, typer.Option("--from", help="First local day, instead of [period] start.")] = None,
    end: Annotated[str | None, typer.Option("--to", help="Local day after the last, instead of [period] end.")] = None,
    as_json: AsJson = False,
    store: StoreFile = None,
    seconds: Annotated[
        float, typer.Option("--seconds", help="Longest time of the solve of a coupled site.", min=1)
    ] = 30.0,
) -> None:
    """Why an interval is as it is: who won it, by how much, which limits bound, and what more of each is worth."""
    from megawatt.app.explain_commands import explain_site  # noqa: PLC0415

    raise typer.Exit(explain_site(site, at=at, first=first, end=end, as_json=as_json, store=store, seconds=seconds))


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
    gc.set_threshold(OBJECTS_PER_LOOK)
    atexit.register(gc.freeze)  # or the interpreter would look through all objects once more before it ends
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
