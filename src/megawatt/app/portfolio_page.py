"""The page on a portfolio: the choice, what it uses of each limit, what one more unit would be worth."""

from functools import partial
from pathlib import Path
from textwrap import wrap

import altair as alt
import pandas as pd

from megawatt.app import words
from megawatt.app.figures import AI, BASELINE, GRID, HOVER, INK, LOSS, MINING, OFF, PHONE, WIDE, AnyChart, styled
from megawatt.app.portfolio_answer import PortfolioAnswer
from megawatt.app.portfolio_words import binding_words, gap_words, sentences, worth_words
from megawatt.app.report.brief import Brief, Picture, Section, write_brief
from megawatt.app.report.table import Column, Row, Table

COLOURS = {"mine": MINING, "host": AI, "batch": AI, "stand by": GRID, "sell power": GRID}
SOLVED = "CVaR in its linear form (Rockafellar and Uryasev 2000); a mixed-integer programme, solved by HiGHS."
TITLES = {"capital": "capital, M USD a year", "power": "power, MW", "crews": "crews at work"}
AXES = {"capital": "M USD", "power": "MW", "crews": "crews"}


def write_portfolio_report(one: PortfolioAnswer, path: Path) -> None:
    """Write the page; the file is there as a whole or not at all.

    Raises:
        InputError: The folder does not exist, cannot be written to, or the disk is full.
    """
    write_brief(portfolio_brief(one), path)


def portfolio_brief(one: PortfolioAnswer) -> Brief:
    """The page."""
    head, found = one.file.head, one.found
    run = f"{one.scenarios:,} scenarios, seed {one.seed}"
    value = found.value_usd
    binding = binding_words(one)
    facts = (
        ("Value", words.usd(value.mean), f"{words.usd(value.low)} to {words.usd(value.high)}"),
        ("Worst scenarios", words.usd(-found.cvar_usd), f"mean of the worst {words.percent(head.tail, 2)}"),
        ("Megawatts", f"{words.number(sum(found.megawatts.values()))} MW", f"at {len(one.chosen)} sites"),
        ("Gap", words.usd(found.gap_usd), "what a better portfolio could add"),
    )
    picture = Picture(partial(fig_choice, one), "The label is the mean value of the project.") if one.chosen else None
    limits = Section(
        "Limits",
        pictures=(Picture(partial(fig_limits, one), f"{_counted(len(binding))} {gap_words(one)}"),),
        tables=(_limit_table(one),),
        items=tuple(f"{line[0].upper()}{line[1:]}." for line in binding),
    )
    return Brief(
        title=head.name,
        answer=sentences(one),
        facts=facts,
        cautions=(),
        picture=picture,
        sections=(limits, Section("Every candidate", tables=(_candidate_table(one),)), _method(one)),
        source=f"{_source(one)}; {run}.",
        footer=f"{head.name}, {run}",
    )


def _source(one: PortfolioAnswer) -> str:
    if not one.file.sites:
        return "Values, limits and correlation as the portfolio's file states them"
    return "Values from the sites' monthly cash flows on joint scenarios, those of [[project]] and limits as the portfolio's file states them"


def _counted(binding: int) -> str:
    return "No limit binds." if binding == 0 else "One limit binds." if binding == 1 else f"{binding} limits bind."


def fig_choice(one: PortfolioAnswer, width: int = WIDE) -> AnyChart:
    """Megawatts of every project that is done [MW]."""
    narrow = width < PHONE
    rows = pd.DataFrame(
        [
            {
                "line": "|".join(wrap(f"{each.table.site}: {each.table.mode} from {each.start}", 18 if narrow else 32)),
                "mw": mw,
                "mode": each.table.mode,
                "label": words.usd(mw * float(each.project.values_usd_per_mw.mean())),
                "text": f"{each.project.name}: {words.number(mw)} MW of {words.number(each.table.most_mw)} MW",
            }
            for each, mw in one.chosen
        ]
    )
    axis = alt.Axis(
        ticks=False,
        labelExpr="split(datum.label, '|')",
        labelBaseline=BASELINE,
        labelLineHeight=13,
        minExtent=120 if narrow else 215,
    )
    modes = list(dict.fromkeys(rows["mode"]))
    y = alt.Y("line:N", sort=list(rows["line"]), title=None, axis=axis)
    scale = alt.Scale(domain=[0, float(rows["mw"].max()) * (1.6 if narrow else 1.2)], nice=False)
    x = alt.X("mw:Q", title="MW", scale=scale, axis=alt.Axis(tickCount=4 if narrow else 8))
    colour = alt.Color(
        "mode:N",
        scale=alt.Scale(domain=modes, range=[COLOURS[mode] for mode in modes]),
        legend=alt.Legend(columns=2 if narrow else 5),
    )
    chart = alt.Chart(rows)
    bars = chart.mark_bar(height=16).encode(y=y, x=x, color=colour, description="text:N", tooltip=HOVER)
    labels = chart.mark_text(align="left", dx=6, fontSize=12, color=INK).encode(y=y, x=x, text="label:N")
    return styled(
        alt.layer(bars, labels).properties(
            width=width - (140 if narrow else 250), height={"step": 34 if narrow else 28}, title="What is done, MW"
        )
    )


def fig_limits(one: PortfolioAnswer, width: int = WIDE) -> AnyChart:
    """Use of each limit by year: a bar to what is used, a mark at the limit."""
    narrow = width < PHONE
    panels = []
    for what, unit in AXES.items():
        rows = pd.DataFrame(
            [
                {
                    "year": str(use.year),
                    "used": use.used,
                    "limit": use.limit,
                    "binds": "binds" if use.binds else "does not bind",
                    "text": f"{what} of {use.year}: {words.number(use.used)} of {words.number(use.limit)} {unit}; "
                    f"one more: {worth_words(use)}",
                }
                for use in one.uses
                if use.what == what
            ]
        )
        x = alt.X("year:N", title=None, axis=alt.Axis(labelAngle=0, ticks=False))
        colour = alt.Color(
            "binds:N",
            scale=alt.Scale(domain=["binds", "does not bind"], range=[LOSS, OFF]),
            legend=alt.Legend(columns=2),
        )
        top = 1.08 * max(float(rows[["used", "limit"]].max().max()), 1e-9)
        scale = alt.Scale(domain=[0, top], nice=False)
        chart = alt.Chart(rows)
        bars = chart.mark_bar(size=18).encode(
            x=x,
            y=alt.Y("used:Q", title=unit, scale=scale, axis=alt.Axis(tickCount=4)),
            color=colour,
            description="text:N",
            tooltip=HOVER,
        )
        marks = chart.mark_tick(color=INK, thickness=2, size=28).encode(
            x=x, y=alt.Y("limit:Q", scale=scale), description="text:N"
        )
        side = width - 70 if narrow else (width - 220) // 3
        panels.append(
            alt.layer(bars, marks).properties(
                width=side, height=130, title=alt.TitleParams(TITLES[what], fontSize=12, offset=4)
            )
        )
    both = alt.vconcat(*panels) if narrow else alt.hconcat(*panels, spacing=18)
    under = "bar: used; black mark: the limit"
    return styled(both.properties(title=alt.TitleParams("What is used of each limit", subtitle=under)))


def _limit_table(one: PortfolioAnswer) -> Table:
    columns = (
        Column("Limit", text=True),
        Column("Year"),
        Column("Limit"),
        Column("Used"),
        Column("Unit", text=True),
        Column("One more unit is worth"),
    )
    rows = tuple(
        Row(
            (
                use.what,
                str(use.year),
                words.number(use.limit, 4),
                words.number(use.used, 4),
                AXES[use.what],
                worth_words(use),
            ),
            "best" if use.binds else "",
        )
        for use in one.uses
    )
    return Table("Found by solving again with one more unit: 1 M USD, 1 MW, one crew", columns, rows)


def _candidate_table(one: PortfolioAnswer) -> Table:
    columns = (
        Column("Candidate", text=True),
        Column("Done", "MW"),
        Column("Phase", "MW"),
        Column("Mean value", "M USD/MW"),
        Column("5 to 95 %", "M USD/MW"),
        Column("Bundle", text=True),
    )
    rows = []
    for each in one.candidates:
        values, mw = each.project.values_usd_per_mw / 1e6, one.found.megawatts.get(each.project.name, 0.0)
        low, high = (float(value) for value in pd.Series(values).quantile([0.05, 0.95]))
        rows.append(
            Row(
                (
                    each.project.name,
                    words.number(mw) if mw else words.NONE,
                    f"{each.table.least_mw:g} to {each.table.most_mw:g}",
                    words.number(float(values.mean())),
                    f"{words.number(low)} to {words.number(high)}",
                    each.project.bundle or words.NONE,
                ),
                "best" if mw else "",
            )
        )
    return Table("Values as of the first year, what is earned before the start included", columns, tuple(rows))


def _method(one: PortfolioAnswer) -> Section:
    head = one.file.head
    worst = words.percent(head.tail, 2)
    weights = f"{words.number(1 - head.aversion)} x mean \N{MINUS SIGN} {words.number(head.aversion)} x CVaR"
    return Section(
        "Method and limits",
        paragraphs=(f"Maximised: {weights}, the mean loss of the worst {worst} of the scenarios. {SOLVED}",),
        items=(
            "One project per site; a bundle at all of its sites or at none; a phase is built from its least size on or not at all.",
            *_together(one),
            "Money, megawatts and crews of a year cannot be carried into the next.",
            "Nothing here is investment advice.",
        ),
    )


def _together(one: PortfolioAnswer) -> tuple[str, ...]:
    """How values move together, by where they come from."""
    out = []
    if one.file.sites:
        out.append(
            "Values of the sites are after tax and before debt, on the same scenarios of coin, network, rents and power for all; delays, "
            "cost and tenants of each hall are drawn by themselves. Each fleet is taxed by itself and mines until it is converted."
        )
    if one.file.projects:
        rho = words.number(one.file.head.same_mode_correlation)
        out.append(
            f"Values of [[project]] are the file's: take them from megawatt invest and megawatt deal. Those of one mode correlate by {rho} "
            "(one common factor); modes are independent of each other"
            + (", and of the sites." if one.file.sites else ".")
        )
    return tuple(out)
