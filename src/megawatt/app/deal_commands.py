"""``megawatt deal``: what a hosting contract is worth, and whether a bid for the company is better."""

import json
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from megawatt.app.comparable_deals import read_comparables
from megawatt.app.deal_file import read_deal, read_offer
from megawatt.app.deal_valuation import Against, DealValuation, answer, value_deal
from megawatt.app.deal_words import SHOWN, bridge_lines, sentences, span, turn_lines, verdict
from megawatt.app.deal_workbook import write_deal_workbook
from megawatt.app.files import refuse_target
from megawatt.app.words import percent
from megawatt.app.workbook import refuse_without_spreadsheets
from megawatt.invest.lease import Firmness


def deal_command(
    path: Path,
    *,
    against: Path | None,
    among: Path | None,
    as_json: bool,
    scenarios: int,
    seed: int,
    report: Path | None = None,
    xlsx: Path | None = None,
) -> DealValuation:
    """Read, value, write what is asked for, print."""
    for target in (report, xlsx):
        if target:
            refuse_target(target)
    if xlsx:
        refuse_without_spreadsheets()
    deal, offer = read_deal(path), read_offer(against) if against else None
    comparables = tuple(read_comparables(among)) if among else ()
    valuation = value_deal(deal, offer, comparables, scenarios=scenarios, seed=seed)
    if xlsx:
        write_deal_workbook(valuation, offer, xlsx)
    if report:
        from megawatt.app.deal_page import write_deal_report  # noqa: PLC0415  # charts, only when asked for

        write_deal_report(valuation, offer, report, f"{scenarios:,} scenarios, seed {seed}")
    if as_json:
        typer.echo(json.dumps(answer(valuation), indent=2, allow_nan=False))
    else:
        _print(valuation, offer.head.gross_mw if offer else None)
    return valuation


def _print(valuation: DealValuation, gross_mw: float | None) -> None:
    console = Console()
    console.print(valuation.deal.head.name, style="bold", highlight=False)
    console.print(_leases(valuation))
    for line in sentences(valuation):
        console.print(line, highlight=False)
    if valuation.comparables:
        console.print(_comparables(valuation))
    if valuation.against:
        _print_against(console, valuation.against, gross_mw)
    console.print(
        "Scenarios of the file's ranges, each input on its own; nothing here is investment advice.", highlight=False
    )


def _leases(valuation: DealValuation) -> Table:
    table = _table("lease", "IT MW", "years", "M USD/IT MW-year", "value today, M USD: 5 %", "50 %", "95 %")
    for one in valuation.leases:
        name = one.name if one.revenue.firmness is Firmness.CONTRACTED else f"{one.name} (option, if used)"
        spread = [f"{value / 1e6:,.0f}" for value in (one.value_usd.low, one.value_usd.median, one.value_usd.high)]
        table.add_row(name, f"{one.it.mw:,.0f}", f"{one.years:g}", f"{one.usd_per_it_mw_year / 1e6:.3f}", *spread)
    return table


def _comparables(valuation: DealValuation) -> Table:
    table = _table("others", "MW", "M USD/MW-year", "worth, M USD/MW", "note")
    for one in valuation.comparables:
        worth = one.worth_usd_per_mw(valuation.rates)
        value = f"{worth[0] / 1e6:.2f} to {worth[1] / 1e6:.2f}" if worth else "-"
        note = one.why_not or ("after the host's capex" if one.capex_usd_per_it_mw else "before the host's capex")
        rent = "-" if one.why_not else f"{one.usd_per_mw_year / 1e6:.3f}"
        table.add_row(one.name, str(one.power or "-"), rent, value, note)
    return table


def _print_against(console: Console, one: Against, gross_mw: float | None) -> None:
    choice = one.choice
    console.print()
    console.print(verdict(one), style="bold", highlight=False)
    table = _table("value today, M USD", "5 %", "50 %", "95 %")
    for name, part in choice.parts_usd.items():
        table.add_row(name, *(f"{value / 1e6:,.0f}" for value in (part.low, part.median, part.high)))
    console.print(table)
    console.print(f"If no option is ever used: {span(choice.without_options_usd, 'share')}.", highlight=False)
    for line in bridge_lines(one, gross_mw):
        console.print(line, highlight=False)
    console.print("What would turn the answer, one input at a time, the others at their likely value:", highlight=False)
    for line in turn_lines(one):
        console.print(f"  {line}", highlight=False)
    matters = [f"{name} {percent(share, 2)}" for name, share in list(choice.shares_of_variance.items())[:SHOWN]]
    if matters:
        console.print(f"Inputs that matter, share of the variance: {'; '.join(matters)}.", highlight=False)


def _table(*heads: str) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for i, head in enumerate(heads):
        table.add_column(head, justify="left" if i == 0 else "right")
    return table
