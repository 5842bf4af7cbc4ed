"""``megawatt forecast``: how good the forecasts are, walked forward on a market's own past."""

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from megawatt.app.forecast_score import Scoreboard

forecast_app = typer.Typer(
    help="Forecasts that cannot peek, and how good they were.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
)


@forecast_app.callback()
def forecast() -> None:
    """Forecasts that cannot peek, and how good they were."""


@forecast_app.command("score")
def score_(
    market: Annotated[
        Path, typer.Argument(help="CSV of one market: time, price, exog1_..., exog2_...", show_default=False)
    ],
    first: Annotated[str, typer.Option("--from", help="First day that is scored, for example 2016-12-27.")],
    days: Annotated[int, typer.Option("--days", help="Days that are scored.", min=28)] = 728,
    timezone: Annotated[str, typer.Option("--timezone", help="IANA zone of the column time.")] = "UTC",
    place: Annotated[str, typer.Option("--place", help="Name of a market other than NP, PJM and DE.")] = "",
    peers: Annotated[
        Path | None, typer.Option("--peers", help="CSV of published forecasts to stand beside: time, one column each.")
    ] = None,
    work: Annotated[
        Path, typer.Option("--work", help="Folder of finished parts: a run that was stopped goes on from there.")
    ] = Path("megawatt-forecast"),
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON with a versioned schema.")] = False,
) -> None:
    """Walk every day-ahead forecaster forward over past days and score it beside its naive twin."""
    from megawatt.app.forecast_score import scoreboard  # noqa: PLC0415
    from megawatt.core.errors import InputError  # noqa: PLC0415

    try:
        day = dt.date.fromisoformat(first)
    except ValueError:
        raise InputError(f"--from {first!r}", "it is a day", "Write for example 2016-12-27.") from None
    board = scoreboard(
        market,
        timezone=timezone,
        first=day,
        days=days,
        folder=work,
        place=place,
        peers=peers,
        say=lambda line: typer.echo(line, err=True),
    )
    typer.echo(json.dumps(board.to_json(), indent=2) if as_json else table(board))


def table(board: "Scoreboard") -> str:
    """The scoreboard for people."""
    from megawatt.app.forecast_score import LEAR_MEAN, REFERENCE  # noqa: PLC0415
    from megawatt.forecast.combination import Combination  # noqa: PLC0415

    unit = board.data[board.target].unit.value
    head = f"{board.target}, {len(board.issues)} days from {str(board.issues.starts[0, 0])[:10]}, errors in {unit}"
    columns = (
        "model",
        "MAE",
        "/mixed",
        "/weekly",
        "CRPS",
        "50/80/90/98 %",
        "value",
        "p(DM)",
        "p(GW)",
        "replaced",
        "given",
    )
    lines = [head, "  ".join(f"{name:>{width}}" for name, width in zip(columns, WIDTHS, strict=True))]
    for row in board.rows:
        cells = (
            row.model,
            f"{row.mae:.3f}",
            f"{row.relative_to_mixed:.3f}",
            f"{row.relative_to_weekly:.3f}",
            f"{row.crps:.3f}" if row.crps is not None else "",
            "/".join(f"{100 * share:.0f}" for share in row.coverage or ()),
            f"{100 * row.value_share:.1f} %",
            f"{row.diebold_mariano.p_value:.2g}",
            f"{row.giacomini_white.p_value:.2g}",
            f"{row.replaced}",
            f"{row.guarded_mae:.3f}",
        )
        lines.append("  ".join(f"{cell:>{width}}" for cell, width in zip(cells, WIDTHS, strict=True)))
    ours, reference = Combination.name, REFERENCE if REFERENCE in board.peers else LEAR_MEAN
    test = board.against(ours, reference)
    word = "better, significantly" if test.better else "not significantly better"
    lines.append(f"{ours} against {reference}: {word} (Diebold-Mariano t {test.statistic:.2f}, p {test.p_value:.2g}).")
    lines.append(f"Cost: {sum(board.cpu_seconds.values()):.2f} CPU s a day for all models, recalibration included.")
    lines += [f"{one}." for row in board.rows for one in row.stints]
    lines.append(
        "replaced, given: issues at which the naive twin stood in, for the model had lost to it over the last 28 known, "
        "and the error of what is given out so."
    )
    lines.append("p(DM), p(GW): against the naive twin (day before from Tuesday to Friday, else the week before).")
    return "\n".join(lines)


WIDTHS = (15, 7, 7, 8, 7, 14, 7, 8, 8, 8, 7)
