"""The decision as two tables and a few sentences, readable on a terminal of 80 columns."""

from rich.console import Console
from rich.table import Table

from megawatt.app.decision import Decision
from megawatt.app.forecast_words import chosen_on, forecast_line, forecast_notes, refusals
from megawatt.app.words import open_weeks, percent, usd
from megawatt.dispatch.backtest import ALL_HOSTING, FORESIGHT, Result
from megawatt.dispatch.ledger import BUYERS

EXACT = 1e-9
"""A gap at or below this is rounding: the plan is the optimum."""


def print_decision(decision: Decision, console: Console | None = None) -> None:
    """Policies, ledger, certificate, next megawatt and coverage."""
    console = console or Console()
    period = decision.case.site.period
    console.print(
        f"{decision.case.site.connection.name}, {period.start} to {period.end}", style="bold", highlight=False
    )
    console.print(worth_table(decision))
    console.print(ledger_table(decision))
    for line in sentences(decision):
        console.print(line, highlight=False)


def worth_table(decision: Decision) -> Table:
    """What each policy earned and how much of the possible that is."""
    table = _table("policy", "net M USD", "k USD/MW-year", "margin", "gain", "switches")
    for one in decision.results:
        table.add_row(
            _name(decision, one),
            f"{one.net_usd / 1e6:,.3f}",
            f"{one.net_usd * decision.per_mw_year / 1e3:,.1f}",
            percent(one.margin_share) if one.name != ALL_HOSTING else "-",
            percent(one.gain_share) if one.name != ALL_HOSTING else "-",
            f"{one.switches:,}",
            style="bold" if one.name == decision.advised else "",
        )
    return table


def ledger_table(decision: Decision) -> Table:
    """Who brought it, and the energy, work and coins behind it."""
    table = _table("M USD by buyer", *BUYERS, "GWh", "AI GWh", "BTC")
    for one in decision.results:
        table.add_row(
            _name(decision, one),
            *(f"{float(one.ledger.column(buyer).sum()) / 1e6:,.2f}" for buyer in BUYERS),
            f"{one.energy_mwh / 1000:,.1f}",
            f"{one.compute_mwh / 1000:,.1f}",
            f"{one.btc:,.0f}",
            style="bold" if one.name == decision.advised else "",
        )
    return table


def _table(*heads: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for number, head in enumerate(heads):
        table.add_column(head, justify="right" if number else "left", no_wrap=True)
    return table


def _name(decision: Decision, one: Result) -> str:
    return one.name + (" *" if one.name == decision.advised else "")


def sentences(decision: Decision) -> list[str]:
    """What the tables cannot say."""
    case = decision.case
    lines = [
        f"* recommended: {decision.best.what}. Every rule decides by what was known at the time.",
        chosen_on(decision),
        f"{FORESIGHT} knows all prices: a bound, no policy. {ALL_HOSTING} is before the capital it needs.",
        "margin: net as a share of perfect foresight's; gain: the same of what is gained over always-on.",
        certificate(decision),
    ]
    for one in decision.next_mw:
        if one.usd_per_mw_year is None or one.uncertainty_usd_per_mw_year is None:
            lines.append(f"Next MW of {one.what}: no answer: {one.note}")
        elif abs(one.usd_per_mw_year) < 1 and one.uncertainty_usd_per_mw_year < 1:
            lines.append(f"Next MW of {one.what}: nothing, for it is not short.")
        elif one.resolved:
            left_open = one.uncertainty_usd_per_mw_year
            more_or_less = f", give or take {usd(left_open)}" if left_open >= 1 else ""
            lines.append(f"Next MW of {one.what}: {usd(one.usd_per_mw_year)} a year{more_or_less}.")
        else:
            lines.append(f"Next MW of {one.what}: not resolved, within {usd(one.uncertainty_usd_per_mw_year)} a year.")
    lines += [forecast_line(decision), *forecast_notes(decision), *refusals(decision)]
    total = case.problem.grid.n * case.problem.grid.hours
    kind = "modelled prices" if decision.modelled else "measured prices"
    lines.append(f"Covers {case.hours_covered:,.0f} of {total:,.0f} h; {kind}.")
    return lines + [f"Not covered: {gap}." for gap in case.gaps[:5]]


def certificate(decision: Decision) -> str:
    """How far from the optimum the plan with all prices known can be."""
    plan = decision.plan
    if plan.gap is None or plan.gap_usd is None:
        return f"Certificate: bound: none for the whole horizon ({plan.method})."
    if plan.gap <= EXACT:
        return f"Certificate: the optimum, gap at most {EXACT:g} ({plan.method})."
    said = f"Certificate: within {plan.gap:.2%} of the optimum, {usd(plan.gap_usd)} ({plan.method})."
    return f"{said} {open_weeks(decision)}".rstrip()
