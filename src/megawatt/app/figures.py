"""Charts of a decision, for the report and for notebooks: pure functions from a `Decision` to an Altair chart.

Three buyers, three colours (safe for colour-blind people); colour is never the only cue: panels, labels, dashes and
steps of lightness say the same. A chart holds aggregates, not the 35,136 intervals of a year. What a mark says on
hover stands in the field ``text``.
"""

from textwrap import wrap
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from megawatt.app import words
from megawatt.app.chart_rows import (
    break_even_rows,
    buyer_rows,
    day_rows,
    duration_rows,
    extreme_days,
    heat_cells,
    sensitivity_rows,
    state_shares,
)
from megawatt.app.decision import Decision
from megawatt.dispatch.ledger import BUYERS

MINING, AI, GRID, OFF, LOSS = "#E69F00", "#0072B2", "#009E73", "#9AA0A6", "#D55E00"
COLOURS = {"network": MINING, "tenant": AI, "grid": GRID, "shared": LOSS}
INK, FAINT = "#202124", "#DADCE0"

WIDE = 880
"""Width of a chart on a desk or on paper [px]."""

STATE_COLOURS = {"mining": MINING, "AI": AI, "sold back": GRID, "off": OFF}

SHADES = {1: 0.3, 2: 0.6, 3: 1.0}
"""Opacity of a cell by its level."""

PHONE = 600
"""Charts that are narrower are made for a phone: labels wrap, the heat map stands upright [px]."""

AnyChart = alt.Chart | alt.LayerChart | alt.HConcatChart | alt.VConcatChart
"""What the figures return: one chart, or several in one."""

HOVER = [alt.Tooltip("text:N", title=" ")]


def styled(chart: Any) -> AnyChart:
    """One look for all charts."""
    font = "Arial, Helvetica, 'Liberation Sans', sans-serif"  # the widths that the renderer measures with
    small = {"labelFontSize": 12, "titleFontSize": 12}
    axis = {"titleFontWeight": "normal", "gridColor": FAINT, "domainColor": OFF, "tickColor": OFF, "labelLimit": 260}
    title = {"fontSize": 14, "anchor": "start", "color": INK, "fontWeight": 600, "subtitleFontSize": 12, "offset": 10}
    legend = {"orient": "top", "title": None, "symbolType": "square", "columnPadding": 28}
    look: AnyChart = chart.configure(  # in one call, as each copies the chart with its data
        font=font,
        background="#FFFFFF",
        view={"stroke": None},
        axis={**small, **axis, "labelColor": INK, "titleColor": INK},
        title=title,
        legend={**small, **legend},
    )
    return look


def fig_buyers(decision: Decision, width: int = WIDE) -> AnyChart:
    """What each policy earned by buyer, stacked, with its net [thousand USD per MW-year]."""
    narrow = width < PHONE
    rows = buyer_rows(decision)
    rows["line"] = ["|".join(wrap(name, 15 if narrow else 26)) for name in rows["policy"]]
    span = _span(rows)
    order = list(dict.fromkeys(rows["line"]))
    names = [words.BUYER_NAMES[b] for b in BUYERS if (rows["buyer"] == words.BUYER_NAMES[b]).any()]
    colours = [COLOURS[b] for b in BUYERS if words.BUYER_NAMES[b] in names]
    lines = alt.Axis(
        ticks=False, labelExpr="split(datum.label, '|')", labelLineHeight=14, minExtent=120 if narrow else 200
    )
    y = alt.Y("line:N", sort=order, title=None, axis=lines)
    x = alt.X("start:Q", title="thousand USD per MW-year, after power", scale=alt.Scale(domain=list(span)))
    bars = (
        alt.Chart(rows)
        .mark_bar(stroke="white", strokeWidth=1)
        .encode(
            y=y,
            x=x,
            x2="end:Q",
            color=alt.Color(
                "buyer:N",
                scale=alt.Scale(domain=names, range=colours),
                legend=alt.Legend(columns=2 if narrow else 4),
            ),
            opacity=alt.Opacity("kind:N", scale=alt.Scale(domain=["rule", "for scale"], range=[1, 0.5]), legend=None),
            description="text:N",
            tooltip=HOVER,
        )
    )
    inside = rows[rows["room"] > (0.4 if narrow else 0.16) * (span[1] - span[0])]
    dark = (alt.datum.buyer == words.BUYER_NAMES["tenant"]) & (alt.datum.kind == "rule")
    ink = alt.condition(dark, alt.value("white"), alt.value(INK))
    named = alt.Chart(inside).mark_text(fontSize=11).encode(y=y, x="at:Q", text="piece:N", color=ink)
    net = rows.drop_duplicates("policy")
    base = alt.Chart(net)
    tick = base.mark_tick(color=INK, thickness=3, size=22, opacity=1).encode(
        y=y, x="net:Q", description="net_text:N", tooltip=[alt.Tooltip("net_text:N", title=" ")]
    )
    label = base.mark_text(align="left", dx=8, fontSize=12, fontWeight=600, color=INK).encode(
        y=y, x="reach:Q", text="net_label:N"
    )
    title = alt.TitleParams(
        "Earnings by buyer and policy, thousand USD per MW-year", subtitle="Black mark and number: net"
    )
    return styled(
        alt.layer(bars, named, tick, label).properties(
            width=_plot(width, 250), height={"step": 46 if narrow else 36}, title=title
        )
    )


def _plot(width: int, margin: int) -> int:
    """Width of the plotting area beside labels; on a phone the labels are shortened too."""
    return width - (margin if width >= PHONE else min(margin, 165))


def _span(rows: pd.DataFrame) -> tuple[float, float]:
    low, high = min(rows["start"].min(), rows["end"].min(), 0.0), max(rows["reach"].max(), 0.0)
    width = max(high - low, 1e-9)
    return float(low - 0.02 * width), float(high + 0.14 * width)


def fig_heat(decision: Decision, width: int = WIDE) -> AnyChart:
    """What the site did in each hour of each day: one panel per use, darker where it took more of the site's MW."""
    cells = heat_cells(decision)
    upright = width < PHONE
    panels = [
        _panel(decision, cells, state, width, upright=upright)
        for state in STATE_COLOURS
        if (cells["state"] == state).any()
    ]
    title = alt.TitleParams(
        "What the site's megawatts did, hour by hour",
        subtitle=f"local time, {decision.case.site.connection.timezone}; share of the site's MW: light 5-33 %, medium 33-67 %, full above",
    )
    if upright:
        title.subtitle = ["local time; share of the site's MW:", "light 5-33 %, medium 33-67 %, full above"]
        return styled(alt.hconcat(*panels, spacing=10).properties(title=title))
    return styled(alt.vconcat(*panels, spacing=14).properties(title=title))


def _panel(decision: Decision, cells: pd.DataFrame, state: str, width: int, *, upright: bool) -> Any:
    site = decision.case.site
    days = [str(site.period.start), str(site.period.end)]
    number = int(cells["state"].nunique())
    day_axis = _day_axis((site.period.end - site.period.start).days)
    hour_axis = alt.Axis(values=[0, 6, 12, 18, 24], title="hour", grid=False)
    time = alt.Scale(type="utc", domain=[f"{day}T00:00:00Z" for day in days], reverse=upright)
    hours = alt.Scale(domain=[0, 24] if upright else [24, 0], nice=False)
    day, day2 = ("day:T", "next_day:T")
    mine = cells[cells["state"] == state]
    chart: Any = alt.Chart(mine.assign(shade=mine["level"].map(SHADES))).mark_rect(opacity=1)
    look: dict[str, Any] = {
        "opacity": alt.Opacity("shade:Q", scale=None, legend=None),
        "color": alt.value(STATE_COLOURS[state]),
        "description": "text:N",
        "tooltip": HOVER,
    }
    if upright:
        chart = chart.encode(
            y=alt.Y(day, scale=time, axis=day_axis),
            y2=day2,
            x=alt.X("hour:Q", scale=hours, axis=hour_axis),
            x2="end:Q",
            **look,
        )
        plot = (width - 10 - 38 * number) // number
        return chart.properties(
            width=plot, height=420, title=alt.TitleParams(_state_title(decision, state), fontSize=11)
        )
    chart = chart.encode(
        x=alt.X(day, scale=time, axis=day_axis),
        x2=day2,
        y=alt.Y("hour:Q", scale=hours, axis=hour_axis),
        y2="end:Q",
        **look,
    )
    return chart.properties(
        width=width - 60, height=96, title=alt.TitleParams(_state_title(decision, state), fontSize=12, offset=4)
    )


def _day_axis(days: int) -> alt.Axis:
    """Months, weeks or days below a time axis of local days."""
    if days > 45:
        return alt.Axis(format="%b", tickCount="month", title=None, grid=False)
    return alt.Axis(format="%d %b", tickCount="week" if days > 10 else "day", title=None, grid=False)


def _state_title(decision: Decision, state: str) -> str:
    shares = state_shares(decision).mean()
    return f"{state}: {words.percent(float(shares[state]))}"


def fig_duration(decision: Decision, width: int = WIDE) -> AnyChart:
    """Price duration curve at the meter against the break-even of each fleet [USD/MWh]."""
    rows, fleets = duration_rows(decision), break_even_rows(decision)
    low, high = price_window(rows["price"], fleets["mean"])
    rows = rows.assign(shown=rows["price"].clip(low, high))
    scale = alt.Scale(domain=[low, high], nice=False)
    y = alt.Y("shown:Q", scale=scale, title="USD/MWh at the meter, delivery included")
    x = alt.X("share:Q", title="share of the hours, dearest first, %", scale=alt.Scale(domain=[0, 100]))
    curve = alt.Chart(rows).mark_line(color=INK, strokeWidth=2).encode(x=x, y=y)
    points = alt.Chart(rows[::10]).mark_circle(size=60, opacity=0).encode(x=x, y=y, description="text:N", tooltip=HOVER)
    zero = alt.Chart(pd.DataFrame({"y": [0.0]})).mark_rule(color=OFF).encode(y="y:Q")
    title = alt.TitleParams("Price of power against break-even, USD/MWh", subtitle=_beyond(rows["price"], low, high))
    plot = _plot(width, 80)
    layers: list[alt.Chart] = [zero, *_break_evens(fleets, low, high), curve, points]
    return styled(alt.layer(*layers).properties(width=plot, height=280, title=title))


def price_window(prices: pd.Series, break_evens: pd.Series) -> tuple[float, float]:
    """Prices that are drawn: break-evens and 97 % of the hours lie inside, spikes and deep dips beyond."""
    top = max(float(np.quantile(prices, 0.97)), 1.4 * float(break_evens.max()) if len(break_evens) else 0.0, 10.0)
    bottom = min(float(np.quantile(prices, 0.005)), 0.0)
    return 10 * np.floor(bottom / 10), 10 * np.ceil(top * 1.1 / 10)


def _beyond(prices: pd.Series, low: float, high: float) -> str:
    parts = []
    if prices.max() > high:
        share = words.percent(float((prices > high).mean()), 2)
        parts.append(f"{share} of the hours lie above {words.number(high)}, up to {words.number(prices.max())}")
    if prices.min() < low:
        parts.append(f"the cheapest hour is {words.number(prices.min())}")
    return "; ".join(parts) if parts else "all hours are drawn"


def _break_evens(fleets: pd.DataFrame, low: float, high: float) -> list[alt.Chart]:
    if fleets.empty:
        return []
    apart = (high - low) / 16
    fleets = fleets.sort_values("mean").assign(at=words.spread(sorted(fleets["mean"]), apart))
    fleets["label"] = fleets["text"].str.removesuffix(" USD/MWh")
    dash = alt.StrokeDash("fleet:N", legend=None, scale=alt.Scale(range=[[6, 3], [2, 2], [10, 3, 2, 3], [1, 3]]))
    lines = (
        alt.Chart(fleets)
        .mark_rule(color=MINING, strokeWidth=2)
        .encode(y="mean:Q", strokeDash=dash, description="text:N", tooltip=HOVER)
    )
    labels = (
        alt.Chart(fleets)
        .mark_text(align="right", baseline="bottom", dx=-2, dy=-3, fontSize=12, color=INK)
        .encode(y="at:Q", x=alt.datum(100), text="label:N")
    )
    return [lines, labels]


def fig_days(decision: Decision, width: int = WIDE) -> AnyChart:
    """Net of every local day of the advised policy; the worst and the best are marked [thousand USD]."""
    rows = day_rows(decision)
    worst, best = extreme_days(decision)
    marks = {**dict.fromkeys(worst["day"], "worst"), **dict.fromkeys(best["day"], "best")}
    rows = rows.assign(
        mark=[marks.get(day, "other") for day in rows["day"]],
        k=rows["net_usd"] / 1e3,
        start=rows["day"] + "T00:00:00Z",
        text=[f"{d}: {words.usd(v)}" for d, v in zip(rows["day"], rows["net_usd"], strict=True)],
    )
    end = pd.to_datetime(rows["day"]) + pd.Timedelta(days=1)
    rows["stop"] = end.dt.strftime("%Y-%m-%dT00:00:00Z")
    colours = alt.Scale(domain=["best", "worst", "other"], range=[GRID, LOSS, "#C9CDD2"])
    x = alt.X("start:T", scale=alt.Scale(type="utc"), axis=_day_axis(len(rows)))
    bars = (
        alt.Chart(rows)
        .mark_rect()
        .encode(
            x=x,
            x2="stop:T",
            y=alt.Y("k:Q", title="thousand USD a day"),
            y2=alt.datum(0),
            color=alt.Color("mark:N", scale=colours, legend=None),
            description="text:N",
            tooltip=HOVER,
        )
    )
    shapes = alt.Shape("mark:N", scale=alt.Scale(domain=["best", "worst"], range=["triangle-up", "triangle-down"]))
    marked = rows[rows["mark"] != "other"]
    tips = (
        alt.Chart(marked)
        .mark_point(filled=True, size=50, opacity=1)
        .encode(
            x=x, y="k:Q", shape=shapes, color=alt.Color("mark:N", scale=colours), description="text:N", tooltip=HOVER
        )
    )
    return styled(
        alt.layer(bars, tips).properties(
            width=_plot(width, 80), height=190, title="Net earnings of each day, thousand USD"
        )
    )


def fig_sensitivity(decision: Decision, width: int = WIDE) -> AnyChart:
    """What other assumptions would make of the same decisions, as a change of net [thousand USD per MW-year]."""
    rows = sensitivity_rows(decision)
    reach = (1.7 if width < PHONE else 1.25) * max(float(rows["change"].abs().max()) if len(rows) else 1.0, 1e-9)
    y = alt.Y(
        "what:N",
        sort=list(rows["what"]),
        title=None,
        axis=alt.Axis(ticks=False, labelLimit=190, minExtent=150 if width < PHONE else 190),
    )
    x = alt.X(
        "change:Q",
        title="change of net, thousand USD per MW-year",
        scale=alt.Scale(domain=[-reach, reach]),
        axis=alt.Axis(tickCount=6),
    )
    colour = alt.Color("sign:N", scale=alt.Scale(domain=["gain", "loss"], range=[GRID, LOSS]), legend=None)
    bars = alt.Chart(rows).mark_bar().encode(y=y, x=x, color=colour, description="text:N", tooltip=HOVER)
    text: dict[str, Any] = {"fontSize": 12, "color": INK}
    right = alt.Chart(rows[rows["change"] >= 0]).mark_text(align="left", dx=5, **text).encode(y=y, x=x, text="label:N")
    left = alt.Chart(rows[rows["change"] < 0]).mark_text(align="right", dx=-5, **text).encode(y=y, x=x, text="label:N")
    title = "What other prices would change, thousand USD per MW-year"
    return styled(alt.layer(bars, right, left).properties(width=_plot(width, 240), height={"step": 28}, title=title))


FIGURES = {
    "buyers": fig_buyers,
    "heat": fig_heat,
    "duration": fig_duration,
    "days": fig_days,
    "sensitivity": fig_sensitivity,
}
"""All charts by name, in the order of the report."""
