"""``megawatt backtest``: policies that look ahead beside the rules, on a site's period, and the record that plans read."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import typer
from rich.console import Console
from rich.table import Table

from megawatt.app.compiling import compile_once
from megawatt.app.data import data_for
from megawatt.app.decide import refuse_errors, with_period
from megawatt.app.files import refuse_target, write_text
from megawatt.app.plan_state import record_text
from megawatt.app.words import number, percent, usd
from megawatt.dispatch.case import case_of
from megawatt.dispatch.comparison import Comparison, compare
from megawatt.dispatch.general import Effort
from megawatt.dispatch.solve import solve
from megawatt.site.read import Site

SCHEMA = "megawatt/backtest/1"


def backtest_site(
    path: Path,
    *,
    first: str | None,
    end: str | None,
    record: Path | None,
    as_json: bool,
    store: Path | None,
    seconds: float,
) -> int:
    """Read, compare, keep the record, print; 0, or 1 where every policy that looks ahead lost to the tuned rule."""
    site = with_period(Site.read(path), first, end)
    refuse_errors(site)
    if record is not None:
        refuse_target(record)
    case = case_of(site, data_for(site, store))
    if not as_json:
        typer.echo(f"{site.connection.name}: {case.problem.T:,} intervals, each decided anew.", err=True)
    compile_once(case.problem)
    found = compare(case, solve(case.problem, Effort(seconds=seconds)))
    if record is not None:
        write_text(record, record_text(found.record))
    if as_json:
        typer.echo(json.dumps(answer(found), indent=2, allow_nan=False))
    else:
        print_comparison(found)
    return int(all(one.advised != one.candidate for one in found.verdicts))


def answer(found: Comparison) -> dict[str, Any]:
    """The comparison as JSON, schema ``megawatt/backtest/1``: money in USD."""
    grid = found.case.problem.grid
    return {
        "schema": SCHEMA,
        "site": found.case.site.connection.name,
        "period": {"start": f"{grid.start}Z", "end": f"{grid.end}Z", "interval_minutes": grid.step_minutes},
        "hours_covered": found.case.hours_covered,
        "recommended": found.advised,
        "policies": [
            {
                "name": one.name,
                "what": one.what,
                "net_usd": one.net_usd,
                "usd_per_mw_year": one.net_usd * found.per_mw_year,
                "gain_share": one.gain_share,
                "margin_share": one.margin_share,
                "switches": one.switches,
                "mean_regret_usd_per_day": float(np.mean(found.regret_usd_per_day(one.name))),
            }
            for one in found.results
        ],
        "verdicts": [
            {
                "candidate": one.candidate,
                "advised": one.advised,
                "lead_usd": one.lead_usd,
                "low_usd": one.low_usd,
                "high_usd": one.high_usd,
                "days": one.days,
                "sentence": one.sentence,
            }
            for one in found.verdicts
        ],
    }


def print_comparison(found: Comparison, console: Console | None = None) -> None:
    """A row a policy, and what follows for each that looks ahead."""
    console = console or Console()
    table = Table(box=None, pad_edge=False, header_style="dim")
    for head in ("policy", "net", "USD/MW-year", "of the gain", "switches", "regret a day"):
        table.add_column(head, justify="left" if head == "policy" else "right", no_wrap=True)
    for one in found.results:
        table.add_row(
            one.name,
            usd(one.net_usd),
            number(one.net_usd * found.per_mw_year),
            percent(one.gain_share) if one.gain_share is not None else "",
            f"{one.switches:,}",
            usd(float(np.mean(found.regret_usd_per_day(one.name)))),
        )
    console.print(table)
    for verdict in found.verdicts:
        console.print(verdict.sentence, highlight=False)
    console.print(f"Recommended on this period: {found.advised}.", highlight=False)
