"""``megawatt markets``: does money rotate, did that news move those coins, what must be true for 20 trillion?"""

import json
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

if TYPE_CHECKING:
    from collections.abc import Callable

    from megawatt.app.report.brief import Brief
    from megawatt.app.report.table import Table

markets_app = typer.Typer(
    help="Rotation between coins, AI shares and miners; event studies; the outlook to 2030.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)

Data = Annotated[
    Path | None, typer.Option("--data", help="Folder with markets/*.csv of daily closes; default $MEGAWATT_DATA.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the answer as JSON with a versioned schema.")]
Report = Annotated[Path | None, typer.Option("--report", help="Write the report page to this file.")]


class Weights(StrEnum):
    """Weighting of the indices of a universe."""

    CAP = "cap"
    SQUARE_ROOT = "square-root"
    EQUAL = "equal"


class Direction(StrEnum):
    """Direction that is asked about."""

    POSITIVE = "positive"
    NEGATIVE = "negative"


@markets_app.command()
def rotation(
    data: Data = None,
    as_of: Annotated[str | None, typer.Option("--as-of", help="Last day; default the last common close.")] = None,
    window: Annotated[int, typer.Option("--window", help="Common days of the window.", min=20, max=500)] = 60,
    universe: Annotated[
        Path | None, typer.Option("--universe", help="Records of a universe: its groups become indices.")
    ] = None,
    weighting: Annotated[Weights, typer.Option("--weighting", help="Weights of these indices.")] = Weights.CAP,
    as_json: AsJson = False,
    report: Report = None,
) -> None:
    """Bitcoin, AI coins, other coins, AI shares and miners side by side: strength, breadth, betas, leads, regime."""
    from megawatt.app.markets import answers  # noqa: PLC0415
    from megawatt.app.markets.files import needed_folder, read_market_files  # noqa: PLC0415
    from megawatt.app.markets.rotation import run_rotation  # noqa: PLC0415
    from megawatt.app.markets.rotation_page import group_table, lead_table, rotation_answer, rotation_brief  # noqa: PLC0415

    _check(report)
    files = read_market_files(needed_folder(data))
    found, notes = run_rotation(files, as_of, window=window, universe=universe, weighting=weighting.value)
    _write(report, lambda: rotation_brief(found, files, notes))
    if as_json:
        _json(answers.rotation_answer(found, files, notes))
        return
    _say(rotation_answer(found), (group_table(found), lead_table(found)), (*files.notes, *notes))
    _told(report)


@markets_app.command()
def events(
    announced: Annotated[str, typer.Argument(help="Day of the news (UTC).")] = "2024-06-19",
    data: Data = None,
    assets: Annotated[
        list[str] | None, typer.Option("--asset", help="Symbol, once for each; default all AI coins (or AI shares).")
    ] = None,
    factors: Annotated[
        list[str] | None, typer.Option("--factor", help="Factor, once for each; default BTC (QQQ for shares).")
    ] = None,
    shares: Annotated[bool, typer.Option("--shares", help="The assets are shares, not coins.")] = False,
    first: Annotated[int, typer.Option("--first", help="First day of the window, from day 0.", min=-9, max=20)] = 0,
    last: Annotated[int, typer.Option("--last", help="Last day of the window, from day 0.", min=-9, max=20)] = 1,
    days: Annotated[
        list[int] | None, typer.Option("--days", help="Estimation days, the main window first; default 120, 43, 250.")
    ] = None,
    direction: Annotated[Direction, typer.Option("--direction", help="Direction asked about.")] = Direction.POSITIVE,
    as_json: AsJson = False,
    report: Report = None,
) -> None:
    """Did that news move those assets? Every test, three windows, placebo dates, what would have been."""
    from megawatt.app.markets import answers  # noqa: PLC0415
    from megawatt.app.markets.event_page import asset_table, event_answer, event_brief, test_table, window_table  # noqa: PLC0415
    from megawatt.app.markets.events import run_events  # noqa: PLC0415
    from megawatt.app.markets.files import needed_folder, read_market_files  # noqa: PLC0415

    _check(report)
    files = read_market_files(needed_folder(data))
    found = run_events(
        files,
        announced,
        assets=assets,
        factors=factors,
        shares=shares,
        first=first,
        last=last,
        rows=days,
        direction=direction.value,
    )
    _write(report, lambda: event_brief(found, files))
    if as_json:
        _json(answers.events_answer(found, files))
        return
    also = [f"Something else happened: {one}" for one in found.judgement.finding.confounders]
    left = [f"left out: {one}" for one in found.left_out]
    _say(
        event_answer(found), (window_table(found), asset_table(found), test_table(found)), (*also, *left, *files.notes)
    )
    _told(report)


@markets_app.command()
def outlook(
    target: Annotated[float, typer.Option("--target", help="Uplift of the level of GDP in 2030, tn USD.")] = 20.0,
    draws: Annotated[
        int, typer.Option("--draws", help="Draws of the Monte Carlo.", min=1_000, max=10_000_000)
    ] = 1_000_000,
    seed: Annotated[int, typer.Option("--seed", help="Seed of the draws.", min=0)] = 7,
    as_json: AsJson = False,
    report: Report = None,
) -> None:
    """What must be true for 20 trillion dollars by 2030: published estimates on one base, ranges, Sobol shares."""
    from megawatt.app.markets import answers  # noqa: PLC0415
    from megawatt.app.markets.outlook import run_outlook  # noqa: PLC0415
    from megawatt.app.markets.outlook_page import estimate_table, needed_table, outlook_answer, outlook_brief  # noqa: PLC0415

    _check(report)
    found = run_outlook(target, draws=draws, seed=seed)
    _write(report, lambda: outlook_brief(found))
    if as_json:
        _json(answers.outlook_answer(found))
        return
    _say(outlook_answer(found), (estimate_table(), needed_table(found)), ())
    _told(report)


def _check(report: Path | None) -> None:
    """Refuse a page that cannot be written before long work."""
    if report is not None:
        from megawatt.app.files import refuse_target  # noqa: PLC0415

        refuse_target(report)


def _write(report: Path | None, brief: "Callable[[], Brief]") -> None:
    """Write the page before anything is printed: a closed pipe loses no page."""
    if report is not None:
        from megawatt.app.report.brief import write_brief  # noqa: PLC0415

        write_brief(brief(), report)


def _told(report: Path | None) -> None:
    if report is not None:
        typer.echo(f"Report: {report}")


def _json(answer: dict[str, Any]) -> None:
    typer.echo(json.dumps(answer, indent=2, allow_nan=False))


def _say(sentences: tuple[str, ...], tables: "tuple[Table, ...]", notes: tuple[str, ...]) -> None:
    """The answer first, then the tables, then what to know."""
    from megawatt.app.markets.wording import terminal_table  # noqa: PLC0415

    for sentence in sentences:
        typer.echo(sentence)
    for one in tables:
        typer.echo("")
        typer.echo(terminal_table(one))
    if notes:
        typer.echo("")
    for note in notes:
        typer.echo(f"Note: {note}.")
