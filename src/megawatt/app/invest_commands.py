"""``megawatt invest`` on the terminal."""

import json
from collections.abc import Sequence
from pathlib import Path

import typer
from rich.console import Console
from rich.table import Table

from megawatt.app.data import data_for
from megawatt.app.decide import refuse_errors
from megawatt.app.dispatched_site import How, told
from megawatt.app.investment import Investment, answer, invest
from megawatt.app.overrides import with_values
from megawatt.app.site_cash import print_modes
from megawatt.app.site_project_words import print_project
from megawatt.app.words import number, percent, usd
from megawatt.invest.conversion import Conversion
from megawatt.invest.ranges import Spread
from megawatt.site.read import Site


def invest_command(
    path: Path,
    *,
    years: int,
    decide_years: int,
    paths: int,
    seed: int,
    how: How,
    changed: Sequence[str],
    as_json: bool,
    store: Path | None,
) -> Investment:
    """Read, change, check, answer, print."""
    site = with_values(Site.read(path), changed)
    refuse_errors(site)
    found = invest(site, data_for(site, store), years=years, decide_years=decide_years, paths=paths, seed=seed, how=how)
    if as_json:
        typer.echo(json.dumps(answer(found), indent=2, allow_nan=False))
    else:
        _print(found)
    return found


def _print(one: Investment) -> None:
    console = Console()
    console.print(f"{one.site.connection.name}, from {one.scenarios.first_month} on", style="bold", highlight=False)
    for name, (_, found) in one.fleets.items():
        console.print(f"Fleet {name}: {advice(found)}", highlight=False)
        console.print(_table(found))
        console.print(found.trigger, highlight=False)
    print_project(console, one.project)
    console.print(told(one.dispatch), highlight=False)
    print_modes(console, one.modes)
    kind = "modelled" if one.modelled_power else "real"
    console.print(
        f"Fleets per critical IT MW of hall in the machines' place before tax, discounted at {percent(one.site.finance.discount_rate)}; "
        f"{len(one.scenarios.power_usd_per_mwh):,} scenarios with power from {one.bank_years} {kind} years, hashprice "
        f"{number(one.state.hashprice_usd_per_ph_day)} USD/PH/day today; rents, growth and correlations are assumptions. "
        "Nothing here is investment advice.",
        highlight=False,
    )


def advice(found: Conversion) -> str:
    """The answer in a sentence with its range."""
    value = f"{usd(found.policy_usd.mean)} per IT MW ({usd(found.policy_usd.low)} to {usd(found.policy_usd.high)})"
    if found.converted_fraction == 0:
        return f"mine on; that is worth {value}."
    waited = f"after {found.months_waited.median:.0f} months in the middle" if found.months_waited else ""
    signed = f"a lease is signed in {percent(found.converted_fraction, 2)} of the scenarios, {waited}"
    gain = usd(found.option_usd)
    if abs(found.option_usd) < 2 * found.policy_error_usd:
        return f"{signed}; worth {value}. What waiting adds ({gain}) is within the error of the estimate."
    return f"{signed}; worth {value}, of which waiting adds {gain} to the better of now and never."


def _table(found: Conversion) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for i, head in enumerate(("k USD per IT MW", "mean", "5 %", "50 %", "95 %")):
        table.add_column(head, justify="left" if i == 0 else "right")
    rows: dict[str, Spread] = {
        "learned policy": found.policy_usd,
        "sign today": found.now_usd,
        "mine on": found.never_usd,
        "perfect foresight (a bound)": found.foresight,
    }
    for name, one in rows.items():
        table.add_row(name, *(f"{value / 1e3:,.0f}" for value in (one.mean, one.low, one.median, one.high)))
    return table
