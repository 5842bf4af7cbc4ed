"""``megawatt explain``: one interval in words and numbers on the terminal."""

import json
from pathlib import Path
from time import monotonic

import typer
from rich.console import Console
from rich.table import Table

from megawatt.app.compiling import compile_once
from megawatt.app.data import data_for
from megawatt.app.decide import expectation, refuse_errors, with_period
from megawatt.app.explanation import Explanation, explain, instant, located
from megawatt.app.words import listed, number, span, usd
from megawatt.dispatch.case import case_of
from megawatt.dispatch.explain import GRID
from megawatt.dispatch.general import Effort
from megawatt.dispatch.interval import Bidder
from megawatt.dispatch.what_if import Change
from megawatt.site.read import Site


def explain_site(
    path: Path,
    *,
    at: str,
    first: str | None,
    end: str | None,
    as_json: bool,
    store: Path | None,
    seconds: float,
) -> int:
    """Read, check, plan, explain, print; 0, or 1 when the data do not cover the interval."""
    site = with_period(Site.read(path), first, end)
    refuse_errors(site)
    time = instant(at, site.connection.timezone)
    located(site, time)
    data = data_for(site, store)
    problem = case_of(site, data).problem
    if not as_json:
        typer.echo(expectation(site, problem.separable, seconds), err=True)
    compile_once(problem)
    found = explain(site, data, time, effort=Effort(seconds=seconds, clock=monotonic))
    if as_json:
        typer.echo(json.dumps(found.answer(), indent=2, allow_nan=False))
    else:
        print_explanation(found)
    return int(not found.covered)


def print_explanation(found: Explanation, console: Console | None = None) -> None:
    """The winner, the bids, what bound, what looser limits are worth, and how long the decision stands."""
    console = console or Console()
    console.print(f"{found.case.site.connection.name}, {span(*found.span)}", style="bold", highlight=False)
    if not found.covered:
        console.print("The data do not cover this interval: nothing runs and nothing is decided.", highlight=False)
        for gap in found.case.gaps[:5]:
            console.print(f"Not covered: {gap}.", highlight=False)
        return
    console.print(won(found), highlight=False)
    console.print(_bid_table(found))
    for line in [*bound(found), *(change_words(one) for one in found.changes), stands(found), certificate(found)]:
        console.print(line, highlight=False)


def won(found: Explanation) -> str:
    """Who won, by how much over the next best."""
    one = found.interval
    if len(one.bidders) < 2:
        return "Nothing can be decided here: no load of the site may be switched or set."
    best, price = one.winner, f"{number(one.winner.usd_per_mwh)} USD/MWh"
    who = (
        f"The grid won: not drawing saves {price}"
        if best.buyer == GRID
        else f"{_named(best)} won with a bid of {price}"
    )
    idle = " It draws nothing all the same; below is why." if best.mw <= 0 else ""
    return f"{who}, {number(one.lead_usd_per_mwh)} USD/MWh more than {_named(one.bidders[1])}.{idle}"


def _named(one: Bidder) -> str:
    if one.buyer == GRID:
        return "the grid"
    return f"{one.name} (for the {'Bitcoin network' if one.buyer == 'network' else 'AI tenant'})"


def _bid_table(found: Explanation) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for place, head in enumerate(("bidder", "buyer", "USD/MWh", "MW", "of MW")):
        table.add_column(head, justify="left" if place < 2 else "right", no_wrap=True)
    for b in found.interval.bidders:
        name = "grid (not drawn)" if b.buyer == GRID else b.name
        table.add_row(name, b.buyer, number(b.usd_per_mwh), number(b.mw), number(b.most_mw))
    return table


def bound(found: Explanation) -> list[str]:
    """The limits and duties that bind, and other reasons by which loads do not follow their bids."""
    one = found.interval
    lines = [f"Import {number(one.import_mw)} of {number(one.limit_mw)} MW."]
    lines += [f"Stands by for {name}: {number(mw)} MW." for name, mw in one.award_mw.items() if mw > 0]
    lines += [f"Binds: {limit.name}: {limit.detail}." for limit in one.limits]
    if not one.limits:
        lines.append("No limit binds here.")
    told = {limit.name for limit in one.limits}
    if others := [reason for reason in one.held if reason not in told]:
        lines.append(f"Loads that do not follow their bid are held by: {listed(others)}.")
    return lines


def change_words(one: Change) -> str:
    """What a change is worth over the period, or why that is not known."""
    if one.usd is None or one.uncertainty_usd is None:
        return f"{one.what}: no answer: {one.note}"
    if one.resolved:
        return f"{one.what}: {'worth nothing' if abs(one.usd) < 0.005 else usd(one.usd)}."
    return f"{one.what}: not resolved, smaller than the {usd(one.uncertainty_usd)} that the two gaps leave open."


def stands(found: Explanation) -> str:
    """For how long the decision was open, where that is proven."""
    if found.horizon.reason:
        return f"Decision horizon: {found.horizon.reason}."
    hours = found.case.problem.grid.hours
    if found.look_ahead is None:
        return "Decision horizon: prices after the period may still change this decision."
    if found.look_ahead == 0:
        return "Decision horizon: no later price changes what is done here."
    return (
        f"Decision horizon: prices up to {number(found.look_ahead * hours)} h ahead decide this interval for good; no later "
        f"price changes it."
    )


def certificate(found: Explanation) -> str:
    """How far the plan that is explained can be from the optimum."""
    gap = found.plan.gap_usd
    if gap is None:
        return f"The plan explained has no bound for the whole period ({found.plan.method})."
    if gap < 0.005:
        return f"The plan explained is the optimum ({found.plan.method})."
    return f"The plan explained is within {usd(gap)} of the optimum of the period ({found.plan.method})."
