"""``megawatt portfolio``: which sites do what from which year on, under limits that they share."""

import json
import os
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from megawatt.app.files import refuse_target
from megawatt.app.portfolio_answer import PortfolioAnswer, answer, answer_portfolio
from megawatt.app.portfolio_file import read_portfolio
from megawatt.app.portfolio_words import binding_words, sentences
from megawatt.app.words import number, usd


def portfolio_command(
    path: Path, *, scenarios: int, seed: int, seconds: float, as_json: bool, report: Path | None
) -> PortfolioAnswer:
    """Read, choose, write the page if asked for, print."""
    if report:
        refuse_target(report)
    file = read_portfolio(path)
    with _solver_aside():
        found = answer_portfolio(file, scenarios=scenarios, seed=seed, seconds=seconds)
    if report:
        from megawatt.app.portfolio_page import write_portfolio_report  # noqa: PLC0415  # charts, only when asked for

        write_portfolio_report(found, report)
    if as_json:
        typer.echo(json.dumps(answer(found), indent=2, allow_nan=False))
    else:
        _print(found)
    return found


@contextmanager
def _solver_aside() -> Iterator[None]:
    """What HiGHS prints past Python (some versions name their heuristics) goes to standard error: the answer stays clean."""
    sys.stdout.flush()
    kept = os.dup(1)
    try:
        os.dup2(2, 1)
        yield
    finally:
        os.dup2(kept, 1)
        os.close(kept)


def _print(one: PortfolioAnswer) -> None:
    console = Console()
    console.print(one.file.head.name, style="bold", highlight=False)
    for sentence in sentences(one):
        console.print(sentence, highlight=False)
    table = Table(box=None, pad_edge=False, header_style="dim")
    for i, head in enumerate(("site", "mode", "from", "MW", "mean value")):
        table.add_column(head, justify="left" if i < 2 else "right")
    for each, mw in one.chosen:
        worth = usd(mw * float(each.project.values_usd_per_mw.mean()))
        table.add_row(each.table.site, each.table.mode, str(each.start), number(mw), worth)
    if one.chosen:
        console.print(table)
    binding = binding_words(one)
    console.print(
        "Limits that bind:" if binding else "No limit binds: one more unit of any would add nothing.", highlight=False
    )
    for line in binding:
        console.print(f"  {line}", highlight=False)
    console.print(
        f"{len(one.candidates)} candidates, {one.scenarios:,} scenarios, seed {one.seed}; "
        f"{number(one.file.head.aversion)} of the weight on the worst {number(100 * one.file.head.tail)} %. Nothing here is investment advice.",
        highlight=False,
    )
