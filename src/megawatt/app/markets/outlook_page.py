"""What the page on the outlook says: from a report to a `Brief`."""

import math
from functools import partial

from megawatt.app import words
from megawatt.app.markets.figures import fig_estimates, fig_sobol
from megawatt.app.markets.outlook import FACTOR_UNITS, OutlookReport
from megawatt.app.report.brief import Brief, Picture, Section
from megawatt.app.report.table import Column, Row, Table
from megawatt.markets.amounts import AmountKind
from megawatt.markets.estimates import BASE_2030, ESTIMATES, Estimate
from megawatt.markets.growth import RANGES, Needed


def outlook_answer(report: OutlookReport) -> tuple[str, str]:
    """What was published, what our ranges give, and what must be true."""
    target, sums, q = f"{report.target_tn:g}", report.sums, report.outlook.quantiles
    rest = (
        f"the remaining {words.number(sums.unmodelled.tn_usd)} tn have no model"
        if sums.unmodelled.tn_usd > 0.05
        else "which reaches it"
    )
    first = (
        f"{target} tn USD in 2030 is {words.percent(sums.share_of_base)} of world GDP, or {words.number(100 * report.growth_a_year)} points of growth "
        f"a year on top; what was published for AI and blockchain sums to {words.number(sums.parts.tn_usd, 4)} tn, {rest}."
    )
    chance = report.outlook.probability
    share = f"{words.percent(chance, 2)} of the draws" if chance > 0 else f"none of {report.outlook.draws:,} draws"
    second = (
        f"On ranges of our own the uplift is {words.number(q[0.5])} tn (90 %: {words.number(q[0.05])} to {words.number(q[0.95])}) and reaches "
        f"{target} in {share}; with PwC's blockchain and no synergy, tasks x adoption x saving x multiplier must be {words.percent(report.product)}."
    )
    return first, second


def outlook_brief(report: OutlookReport) -> Brief:
    """The page on the outlook."""
    q = report.outlook.quantiles
    facts = (
        (
            "Target",
            f"{report.target_tn:g} tn USD",
            f"{words.percent(report.sums.share_of_base)} of the base",
        ),
        ("Published parts", f"{words.number(report.sums.parts.tn_usd, 4)} tn USD", "PwC: AI and blockchain"),
        (
            "Our range",
            f"{words.number(q[0.05])}\N{EN DASH}{words.number(q[0.95])} tn USD",
            f"90 %, median {words.number(q[0.5])}",
        ),
        ("Reached in", words.percent(report.outlook.probability, 2), f"of {report.outlook.draws:,} draws"),
    )
    return Brief(
        f"What must be true for {report.target_tn:g} trillion dollars by 2030?",
        outlook_answer(report),
        facts,
        (
            "A level of 2030 against a world without AI is never observed: no year will prove or refute it. Only its coherence is judged here.",
        ),
        Picture(
            partial(fig_estimates, report),
            "Levels of GDP in 2030 above a world without AI and blockchain, on one base.",
        ),
        (
            Section("What must be true", tables=(needed_table(report),), paragraphs=(_NEEDED,)),
            Section(
                "What it hangs on",
                pictures=(
                    Picture(
                        partial(fig_sobol, report),
                        "Total Sobol shares: what remains uncertain if everything else were known.",
                    ),
                ),
            ),
            Section("Every published estimate", tables=(estimate_table(),), paragraphs=(_KINDS,), items=_sources()),
            Section("Method", tables=(range_table(),), paragraphs=(_IDENTITY,), items=_reasons()),
        ),
        f"Published estimates as named in the table; base {BASE_2030}; ranges are ours, {report.outlook.draws:,} draws, seed {report.seed}.",
        f"seed {report.seed}, {report.outlook.draws:,} draws",
    )


KINDS = {
    AmountKind.LEVEL: "level of 2030",
    AmountKind.ANNUAL_FLOW: "flow of a year",
    AmountKind.CUMULATIVE: "sum over years",
    AmountKind.MARKET_VALUE: "market value",
}

_NEEDED = (
    "One factor at a time, the others at their central values. 'Possible' means within the range of the method's table. A factor that "
    "would have to leave it cannot carry the target alone."
)
_KINDS = (
    "A level of one year, a flow of one year and a sum over years are different amounts: they are never added or compared. IDC's sum over "
    "years shares a number with the claim and nothing else."
)
_IDENTITY = (
    "Uplift = (B E A s k + C) (1 + y): base B, tasks exposed E, adoption A = 1 / (1 + exp(-slope (2030 - midpoint))), cost saved s, multiplier k, "
    "blockchain C, synergy y (Hulten's theorem). Monte Carlo over the ranges; Sobol shares by Saltelli (2010) and Jansen (1999)."
)


def needed_table(report: OutlookReport) -> Table:
    """What each factor alone must be."""
    columns = (Column("Factor", text=True), Column("Central value"), Column("Must be"), Column("Possible", text=True))
    rows = tuple(
        Row(
            (
                f"{report.factor_name(one.factor)}, {FACTOR_UNITS[one.factor]}",
                *_needed_cells(one),
                "yes" if one.reachable else "no",
            )
        )
        for one in report.needed
    )
    return Table(f"For {report.target_tn:g} tn USD", columns, rows)


def _needed_cells(one: Needed) -> tuple[str, str]:
    given, needed = (factor_value(one.factor, value) for value in (one.given, one.needed))
    return given, needed if math.isfinite(one.needed) else "no value does"


def factor_value(factor: str, value: float) -> str:
    """A factor with its unit's digits."""
    if FACTOR_UNITS[factor] == "year":
        return f"{value:.1f}"
    return words.number(100 * value if FACTOR_UNITS[factor] == "%" else value)


def range_table() -> Table:
    """Ranges of the factors."""
    columns = (
        Column("Factor", text=True),
        Column("Low"),
        Column("Most likely"),
        Column("High"),
        Column("Why", text=True),
    )
    rows = []
    for name, span in RANGES.items():
        low, high = factor_value(name, span.low), factor_value(name, span.high)
        mode = words.NONE if span.mode is None else factor_value(name, span.mode)
        rows.append(Row((f"{OutlookReport.factor_name(name)}, {FACTOR_UNITS[name]}", low, mode, high)))
    return Table("Ranges of our own; without a most likely value all are alike", columns, tuple(rows))


def estimate_table() -> Table:
    """Every published estimate with its kind."""
    columns = (
        Column("Estimate", text=True),
        Column("Kind", text=True),
        Column("Amount", "tn USD"),
        Column("Share of the base"),
    )
    rows = []
    for one in ESTIMATES:
        low, high = one.low.tn_usd, one.high.tn_usd
        amount = words.number(low) if low == high else f"{words.number(low)}\N{EN DASH}{words.number(high)}"
        share = words.percent(one.share()[1]) if one.low.kind is AmountKind.LEVEL else words.NONE
        rows.append(Row((_estimate_name(one), KINDS[one.low.kind], amount, share)))
    return Table(
        f"On the base implied by PwC: {words.number(BASE_2030.tn_usd, 4)} tn USD, world GDP of 2030 without AI",
        columns,
        tuple(rows),
    )


def _sources() -> tuple[str, ...]:
    return tuple(f"{_estimate_name(one)}: {one.source}; {one.remark}." for one in ESTIMATES)


def _reasons() -> tuple[str, ...]:
    named = ((OutlookReport.factor_name(name), span.why) for name, span in RANGES.items())
    return tuple(f"{name[0].upper()}{name[1:]}: {why}." for name, why in named)


def _estimate_name(one: Estimate) -> str:
    return f"{one.name} ({'AI and blockchain' if one.subject == 'both' else one.subject})"
