"""The alternatives of a site on the terminal: the answer with its range, one table, what turns it."""

from collections.abc import Callable, Sequence

from rich.console import Console
from rich.table import Table

from megawatt.app.site_project import SiteProject
from megawatt.app.site_treasury import SURE, SiteTreasury
from megawatt.app.words import NONE, number, percent, thousands, usd
from megawatt.invest.alternatives import CAPEX, HASHPRICE, KEEP, POWER, RENT
from megawatt.invest.flips import Flip
from megawatt.invest.hedge import Hedge
from megawatt.invest.ranges import Spread
from megawatt.mining.profit import Line

FACTORS = {
    RENT: "of the market's rent",
    CAPEX: "of the site's capex",
    HASHPRICE: "of the scenarios' hashprice",
    POWER: "of the scenarios' power price",
}
"""Inputs that are factors, and of what."""


def print_project(console: Console, one: SiteProject) -> None:
    """Everything of a site's project that fits a terminal."""
    console.print(f"The whole site: {verdict(one)}", highlight=False)
    console.print(_values(one))
    console.print(_returns(one))
    for name, why in one.cannot.items():
        console.print(f"Fleet {name} mines on in all alternatives: {why}.", highlight=False)
    if one.flips:
        console.print(f"The answer between converting now and mining on turns {turns(one)}.", highlight=False)
        largest = [f"{name} {percent(share, 2)}" for name, share in one.shares.items() if share >= 0.02]
        console.print(
            f"What the difference is uncertain from (total Sobol shares): {', '.join(largest)}.", highlight=False
        )
    if one.lease_months_cut:
        console.print(
            f"The scenarios end {one.lease_months_cut} months before a lease signed today does: what these bring is left out "
            "here, against converting. Lengthen them with --years.",
            highlight=False,
        )
    if one.hedge:
        console.print(f"To keep the covenant where the rule borrows: {hedge(one.hedge)}.", highlight=False)
    if one.treasury:
        console.print(_cash(one.treasury))
        console.print(cash_words(one.treasury, one.best), highlight=False)


def hedge(found: Hedge) -> str:
    """What to sell forward, or why nothing helps."""
    if found.share is None:
        return found.reason
    covered = f"the cover then holds in {percent(found.covered_fraction, 2)} of these scenarios"
    return f"sell {percent(found.share, 2)} of the mean hash rate forward at its mean price; {covered}"


def cash_words(one: SiteTreasury, best: str) -> str:
    """Whether cash lasts under an alternative, and how much would be enough."""
    found, least = one.standings[best], usd(one.rules.least_cash_usd)
    if found.short_fraction == 0:
        return f"Treasury, {best}: cash stays at {least} or above in every scenario."
    low = "" if found.runway_low is None else f", within {months(found.runway_low)} in the worst 5 %"
    return (
        f"Treasury, {best}: cash falls below {least} in {percent(found.short_fraction, 2)} of the scenarios{low}; with "
        f"{usd(found.enough_cash_usd)} today it would not in {percent(SURE, 2)} of them."
    )


def months(runway: float | None) -> str:
    """Months of runway."""
    return "the horizon" if runway is None else f"{runway:.0f} month{'' if runway == 1 else 's'}"


def verdict(one: SiteProject) -> str:
    """The best alternative in a sentence with its range, and how sure the choice between the two fixed ones is."""
    best = one.appraisals[one.best].npv_usd
    return (
        f"{one.best} is worth most after tax, {usd(best.mean)} ({usd(best.low)} to {usd(best.high)}); converting "
        f"{'what fits' if one.cannot else 'all of it'} now beats mining on in {percent(one.above_fraction, 2)} of the scenarios."
    )


def turns(one: SiteProject) -> str:
    """Where each input turns the answer, and which never do."""
    found = [f"at {_at(flip)}" for flip in one.flips if flip.at is not None]
    never = [flip.name for flip in one.flips if flip.at is None]
    rest = f"by no value searched of {', '.join(never)}" if never else ""
    return "; ".join(part for part in (", or ".join(found), rest) if part)


def _at(flip: Flip) -> str:
    at, likely = flip.at, flip.likely
    if flip.name in FACTORS:
        return f"{percent(at)} {FACTORS[flip.name]}"
    if flip.name.startswith("months"):
        return f"{number(at)} {flip.name} (expected {number(likely)})"
    return f"a {flip.name} of {percent(at)} (expected {percent(likely)})"


def _table(heads: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> Table:
    table = Table(box=None, pad_edge=False, header_style="dim")
    for i, head in enumerate(heads):
        table.add_column(head, justify="left" if i == 0 else "right")
    for row in rows:
        table.add_row(*row)
    return table


def _values(one: SiteProject) -> Table:
    rows = []
    for name, found in one.appraisals.items():
        npv = found.npv_usd
        rows.append((name, *(number(value / 1e6) for value in (npv.mean, npv.low, npv.median, npv.high))))
    return _table(("M USD after tax", "mean", "5 %", "50 %", "95 %"), rows)


def _returns(one: SiteProject) -> Table:
    """Return on what is given up for an alternative, lowest cover of its debt, and its level after a capital charge."""
    rows = []
    for name, found in one.appraisals.items():
        level = next(one for one in found.levels if one.line is Line.AFTER_CAPITAL).per_mw_year(found.it)
        gains = name != KEEP
        rows.append(
            (
                name,
                _range(found.irr, lambda value: number(100 * value)) if gains else NONE,
                percent(found.pays_back_fraction, 2) if gains else NONE,
                _range(found.cover.dscr_min, lambda value: number(round(value, 2))) if found.cover else NONE,
                _range(level, thousands),
            )
        )
    return _table(("5 to 95 %", "IRR, %", "paid back", "least DSCR", "k USD/IT MW-year after capital"), rows)


def _cash(one: SiteTreasury) -> Table:
    heads = ("treasury", "months of runway, 5 %", "50 %", "cash falls short", "enough cash today", "lowest cash, M USD")
    rows = []
    for name, found in one.standings.items():
        runway = ("lasts" if each is None else f"{each:.0f}" for each in (found.runway_low, found.runway_median))
        lowest = _range(found.least_cash_usd, lambda value: number(value / 1e6))
        rows.append((name, *runway, percent(found.short_fraction, 2), usd(found.enough_cash_usd), lowest))
    return _table(heads, rows)


def _range(one: Spread | None, text: Callable[[float], str]) -> str:
    return f"{text(one.low)} to {text(one.high)}" if one else NONE
