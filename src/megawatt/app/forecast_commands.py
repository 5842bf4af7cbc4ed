"""``megawatt forecast``: how good the forecasts are, walked forward on a market's own past."""

import datetime as dt
import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

if TYPE_CHECKING:
    from megawatt.app.forecast_real_time import RealTimeScores
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

    board = scoreboard(
        market,
        timezone=timezone,
        first=_day(first),
        days=days,
        folder=work,
        place=place,
        peers=peers,
        say=lambda line: typer.echo(line, err=True),
    )
    typer.echo(json.dumps(board.to_json(), indent=2) if as_json else table(board))


@forecast_app.command("real-time")
def real_time_(
    files: Annotated[
        list[Path],
        typer.Argument(
            help="ERCOT files: the point's real-time price by 15 minutes, its day-ahead price", show_default=False
        ),
    ],
    first: Annotated[str, typer.Option("--from", help="First local day that is scored, for example 2024-07-01.")],
    days: Annotated[int, typer.Option("--days", help="Days that are scored.", min=28)] = 182,
    point: Annotated[str, typer.Option("--point", help="Settlement point.")] = "HB_HUBAVG",
    break_evens: Annotated[
        list[float],
        typer.Option(
            "--break-even", help="Break-even in USD/MWh, several times if need be; fitted from 30 to 130.", min=1.0
        ),
    ] = [40.0, 60.0, 100.0],  # noqa: B006  # typer copies it
    as_json: Annotated[bool, typer.Option("--json", help="Print the scores as JSON with a versioned schema.")] = False,
) -> None:
    """Score the quantiles of the next interval's price and the odds of a spike beside the last price."""
    from megawatt.app.forecast_real_time import real_time_scores  # noqa: PLC0415

    scores = real_time_scores(
        files,
        point=point,
        first=_day(first),
        days=days,
        break_evens_usd_per_mwh=break_evens,
        say=lambda line: typer.echo(line, err=True),
    )
    typer.echo(json.dumps(scores.to_json(), indent=2, allow_nan=False) if as_json else real_time_table(scores))


def _day(text: str) -> dt.date:
    from megawatt.core.errors import InputError  # noqa: PLC0415

    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(f"--from {text!r}", "it is a day", "Write for example 2016-12-27.") from None


def real_time_table(scores: "RealTimeScores") -> str:
    """The scores for people."""
    lines = [
        f"{scores.target}, {scores.days} days from {scores.first_day}, each interval by what is known at its start",
        "",
        f"{'quantiles':<12}{'CRPS, USD/MWh':>15}{'in the 50/80/90 % band':>25}",
    ]
    for one in scores.bands:
        inside = "/".join(f"{100 * share:.1f}" for share in one.coverage)
        lines.append(f"{one.model:<12}{one.crps:>15.3f}{inside:>25}")
    word = "better, significantly" if scores.test.better else "not significantly better: the last price will do"
    lines += [
        f"trees against the last price: {word} (Diebold-Mariano by day, p {scores.test.p_value:.2g}).",
        "",
        f"{'break-even':<12}{'by the odds':>12}{'by the last price':>19}{'gain, USD per MW (90 % interval)':>36}",
    ]
    for row in scores.spikes:
        ours, last = (
            "none above" if share is None else f"{100 * share:.1f} %" for share in (row.share, row.last_price_share)
        )
        gain = f"{row.gain_usd_per_mw:+,.0f} ({row.low_usd_per_mw:+,.0f} to {row.high_usd_per_mw:+,.0f})"
        sure = "" if row.low_usd_per_mw > 0 else "  not surely a gain: react to the last price"
        lines.append(f"{row.break_even_usd_per_mwh:<12g}{ours:>12}{last:>19}{gain:>36}{sure}")
    lines.append("Shares are of the saving with every price known, over never standing by.")
    return "\n".join(lines)


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
