"""Charts of rotation, events and the outlook: pure functions from a report and a width to an Altair chart.

Bitcoin and miners are orange, what is AI is blue, other coins are grey, as everywhere; each line is named at its end, and coins
are dashed where shares are not, so colour is never the only cue.
"""

from textwrap import wrap
from typing import Any

import altair as alt
import numpy as np
import pandas as pd

from megawatt.app import words
from megawatt.app.figures import AI, BASELINE, FAINT, HOVER, INK, LOSS, MINING, OFF, PHONE, WIDE, AnyChart, styled
from megawatt.app.markets.outlook import OutlookReport
from megawatt.markets.event_report import EventReport
from megawatt.markets.rotation_report import GROUPS, RotationReport

COLOURS = {"Bitcoin": MINING, "AI coins": AI, "other coins": OFF, "AI shares": AI, "miners": MINING}
DASHES = {"Bitcoin": [1, 0], "AI coins": [6, 3], "other coins": [1, 0], "AI shares": [1, 0], "miners": [6, 3]}
TAIL = 20
"""Rows of the map's tail."""


def fig_levels(report: RotationReport, width: int = WIDE) -> AnyChart:
    """Level of each group over the window, 100 on its first day."""
    trail = report.trail
    rows = pd.concat(
        [
            pd.DataFrame({"day": [f"{day}T00:00:00Z" for day in trail.days], "level": trail.level[:, i], "group": name})
            for i, name in enumerate(GROUPS)
        ]
    )
    rows["text"] = [
        f"{group}, {day[:10]}: {words.number(level, 4)}"
        for group, day, level in zip(rows["group"], rows["day"], rows["level"], strict=True)
    ]
    low, high = float(rows["level"].min()), float(rows["level"].max())
    x = alt.X(
        "day:T",
        scale=alt.Scale(type="utc"),
        axis=alt.Axis(format="%d %b", tickCount=6 if width >= PHONE else 3),
        title=None,
    )
    y = alt.Y("level:Q", title=f"level, {trail.days[0]} = 100", scale=alt.Scale(zero=False, domain=[low - 2, high + 2]))
    lines = alt.Chart(rows).mark_line(strokeWidth=2).encode(x=x, y=y, **_group_look())
    points = alt.Chart(rows).mark_circle(size=50, opacity=0).encode(x=x, y=y, description="text:N", tooltip=HOVER)
    base = alt.Chart(pd.DataFrame({"y": [100.0]})).mark_rule(color=OFF).encode(y="y:Q")
    ends = _spread_labels(rows[rows["day"] == rows["day"].max()], "level", (high - low + 4) / 15)
    ends["label"] = [f"{g} {words.number(v, 3)}" for g, v in zip(ends["group"], ends["level"], strict=True)]
    names = alt.Chart(ends).mark_text(align="left", dx=6, fontSize=12, color=INK).encode(x=x, y="at:Q", text="label:N")
    return styled(
        alt.layer(base, lines, points, names).properties(
            width=width - (190 if width >= PHONE else 170),
            height=300,
            title=alt.TitleParams("What each group's prices did", subtitle=f"index, {trail.days[0]} = 100"),
        )
    )


def fig_map(report: RotationReport, width: int = WIDE) -> AnyChart:
    """Rotation map: strength against momentum, with the tail of the last rows."""
    rows = _map_rows(report)
    reach = 1.15 * max(float(np.nanmax(np.abs(rows[["x", "y"]].to_numpy() - 100))), 1.0)
    span = alt.Scale(domain=[100 - reach, 100 + reach], nice=False)
    x = alt.X("x:Q", scale=span, title="relative strength, 100 = own mean of the window", axis=alt.Axis(tickCount=6))
    y = alt.Y("y:Q", scale=span, title="momentum, 100 = own mean", axis=alt.Axis(tickCount=6))
    cross = pd.DataFrame({"at": [100.0]})
    rules = [
        alt.Chart(cross).mark_rule(color=OFF).encode(x=alt.X("at:Q", scale=span)),
        alt.Chart(cross).mark_rule(color=OFF).encode(y=alt.Y("at:Q", scale=span)),
    ]
    named = _quadrants(0.93 * reach, x, y)
    lines = alt.Chart(rows).mark_line(strokeWidth=1.5, opacity=0.7).encode(x=x, y=y, order="order:Q", **_group_look())
    last = rows[rows["order"] == rows["order"].max()]
    ends = (
        alt.Chart(last)
        .mark_circle(size=90, opacity=1)
        .encode(x=x, y=y, color=_group_look()["color"], description="text:N", tooltip=HOVER)
    )
    placed = _spread_labels(last, "y", 2 * reach / 20)
    labels = (
        alt.Chart(placed).mark_text(align="left", dx=8, fontSize=12, color=INK).encode(x=x, y="at:Q", text="group:N")
    )
    title = alt.TitleParams(
        "Rotation map, points in sd of the window",
        subtitle=f"dot: {report.as_of}; line: the {TAIL} common days before",
    )
    side = min(width - 70, 480)
    return styled(
        alt.layer(*rules, *named, lines, ends, labels).properties(
            width=side, height=side if width >= PHONE else 280, title=title
        )
    )


def _map_rows(report: RotationReport) -> pd.DataFrame:
    """Points of the tails, in order."""
    trail, tail = report.trail, slice(-TAIL, None)
    rows = pd.concat(
        [
            pd.DataFrame(
                {
                    "x": trail.strength[tail, i],
                    "y": trail.momentum[tail, i],
                    "group": name,
                    "day": trail.days[tail].astype(str),
                }
            )
            for i, name in enumerate(GROUPS)
        ]
    )
    rows["order"] = rows.groupby("group").cumcount()
    rows["text"] = [
        f"{group}, {day}: strength {words.number(a, 4)}, momentum {words.number(b, 4)}"
        for group, day, a, b in zip(rows["group"], rows["day"], rows["x"], rows["y"], strict=True)
    ]
    return rows


def _quadrants(corner: float, x: alt.X, y: alt.Y) -> list[alt.Chart]:
    """Names of the quadrants in their corners."""
    quadrants = pd.DataFrame(
        {
            "x": [100 + corner, 100 + corner, 100 - corner, 100 - corner],
            "y": [100 + corner, 100 - corner, 100 - corner, 100 + corner],
            "name": ["leading", "weakening", "lagging", "improving"],
        }
    )
    return [
        alt.Chart(quadrants[quadrants["x"] > 100])
        .mark_text(align="right", color="#5F6368", fontSize=12)
        .encode(x=x, y=y, text="name:N"),
        alt.Chart(quadrants[quadrants["x"] < 100])
        .mark_text(align="left", color="#5F6368", fontSize=12)
        .encode(x=x, y=y, text="name:N"),
    ]


def fig_path(report: EventReport, width: int = WIDE) -> AnyChart:
    """Mean cumulative abnormal return around day 0, with what 95 % of such paths keep to without an event."""
    path, question = report.path, report.question
    rows = pd.DataFrame({"day": path.days, "mean": 100 * path.mean, "low": -100 * path.band, "high": 100 * path.band})
    rows["text"] = [
        f"day {d:+d}: {words.number(m)} %, without an event {words.number(lo)} to {words.number(hi)} %"
        for d, m, lo, hi in zip(rows["day"], rows["mean"], rows["low"], rows["high"], strict=True)
    ]
    x = alt.X(
        "day:Q",
        title="days from day 0 (closes)",
        axis=alt.Axis(format="+d", tickCount=10 if width >= PHONE else 5),
        scale=alt.Scale(nice=False),
    )
    y_title = "sum of abnormal log returns, %"
    band = alt.Chart(rows).mark_area(color=FAINT, opacity=0.7).encode(x=x, y=alt.Y("low:Q", title=y_title), y2="high:Q")
    window = pd.DataFrame({"start": [question.first - 0.5], "end": [question.last + 0.5]})
    inside = alt.Chart(window).mark_rect(color=MINING, opacity=0.18).encode(x="start:Q", x2="end:Q")
    zero = alt.Chart(pd.DataFrame({"y": [0.0]})).mark_rule(color=OFF).encode(y="y:Q")
    line = alt.Chart(rows).mark_line(color=AI, strokeWidth=2.5).encode(x=x, y=alt.Y("mean:Q", title=y_title))
    points = (
        alt.Chart(rows)
        .mark_circle(color=AI, size=40, opacity=1)
        .encode(x=x, y="mean:Q", description="text:N", tooltip=HOVER)
    )
    title = alt.TitleParams(
        "Mean of the assets around the day, % (log), summed from the first day shown",
        subtitle=f"grey: 95 % of such paths without an event; orange: the window that is tested; day 0 = {report.day_zero}",
    )
    if width < PHONE:
        title.text = ["Mean of the assets around the day, % (log),", "summed from the first day shown"]
        title.subtitle = [
            "grey: 95 % of such paths without an event",
            f"orange: tested window; day 0 = {report.day_zero}",
        ]
    return styled(alt.layer(band, inside, zero, line, points).properties(width=width - 80, height=280, title=title))


def fig_assets(report: EventReport, width: int = WIDE) -> AnyChart:
    """Abnormal return of each asset in the window."""
    rows = pd.DataFrame([{"asset": one.asset, "car": 100 * one.abnormal, "score": one.score} for one in report.assets])
    rows["label"] = [f"{words.number(v)} %" for v in rows["car"]]
    rows["text"] = [
        f"{asset}: {words.number(car)} %, {words.number(score)} of its forecast sd"
        for asset, car, score in zip(rows["asset"], rows["car"], rows["score"], strict=True)
    ]
    reach = 1.3 * max(float(rows["car"].abs().max()), 1e-9)
    low = -reach if (rows["car"] < 0).any() else 0.0
    y = alt.Y("asset:N", sort=list(rows["asset"]), title=None, axis=alt.Axis(ticks=False, minExtent=50))
    x = alt.X(
        "car:Q",
        title="abnormal log return over the window, %",
        scale=alt.Scale(domain=[low, reach]),
        axis=alt.Axis(tickCount=6),
    )
    bars = alt.Chart(rows).mark_bar(color=AI).encode(y=y, x=x, description="text:N", tooltip=HOVER)
    text: dict[str, Any] = {"fontSize": 12, "color": INK}
    right = alt.Chart(rows[rows["car"] >= 0]).mark_text(align="left", dx=5, **text).encode(y=y, x=x, text="label:N")
    left = alt.Chart(rows[rows["car"] < 0]).mark_text(align="right", dx=-5, **text).encode(y=y, x=x, text="label:N")
    title = "Each asset beyond what its factors explain, % (log)"
    return styled(alt.layer(bars, right, left).properties(width=width - 90, height={"step": 22}, title=title))


def fig_estimates(report: OutlookReport, width: int = WIDE) -> AnyChart:
    """Published levels of 2030 on one base, our own range, and the target [tn USD]."""
    narrow = width < PHONE
    rows = _estimate_rows(report, 20 if narrow else 34)
    top = 1.2 * max(report.target_tn, float(rows["high"].max()))
    axis = alt.Axis(
        ticks=False,
        labelExpr="split(datum.label, '|')",
        labelBaseline=BASELINE,
        labelLineHeight=14,
        minExtent=120 if narrow else 230,
    )
    y = alt.Y("line:N", sort=list(rows["line"]), title=None, axis=axis)
    scale = alt.Scale(domain=[0, top], nice=False)
    kinds = ["published", "range of our own", "the claim"]
    look = alt.Color(
        "kind:N", scale=alt.Scale(domain=kinds, range=[AI, OFF, MINING]), legend=alt.Legend(columns=1 if narrow else 3)
    )
    bars = (
        alt.Chart(rows)
        .mark_bar(height=14)
        .encode(
            y=y,
            x=alt.X("start:Q", scale=scale, title="tn USD above a world without AI and blockchain, level of 2030"),
            x2="high:Q",
            color=look,
            description="text:N",
            tooltip=HOVER,
        )
    )
    labels = (
        alt.Chart(rows)
        .mark_text(align="left", dx=5, fontSize=12, color=INK)
        .encode(y=y, x=alt.X("high:Q", scale=scale), text="label:N")
    )
    target = (
        alt.Chart(pd.DataFrame({"x": [report.target_tn]}))
        .mark_rule(color=LOSS, strokeDash=[5, 3], strokeWidth=2)
        .encode(x="x:Q")
    )
    title = alt.TitleParams(
        f"{report.target_tn:g} tn USD against what was published, tn USD",
        subtitle="dashed: the target; sums over years and flows are in the table, for they cannot stand here",
    )
    if narrow:
        title.text = [f"{report.target_tn:g} tn USD against what", "was published, tn USD"]
        title.subtitle = "dashed: the target"
        bars.encoding.x.title = "tn USD, level of 2030"
    return styled(
        alt.layer(bars, target, labels).properties(
            width=width - (250 if not narrow else 150), height={"step": 30}, title=title
        )
    )


def _estimate_rows(report: OutlookReport, wide: int) -> pd.DataFrame:
    """Rows of the chart; one figure starts at zero, a range at its lower end."""
    rows = pd.DataFrame(report.level_rows())
    rows["line"] = ["|".join(wrap(name, wide)) for name in rows["name"]]
    rows["label"] = [
        f"{words.number(a)}\N{EN DASH}{words.number(b)}" if b > a else words.number(a)
        for a, b in zip(rows["low"], rows["high"], strict=True)
    ]
    rows["text"] = [f"{n}: {label} tn USD" for n, label in zip(rows["name"], rows["label"], strict=True)]
    rows["start"] = rows["low"].where(rows["high"] > rows["low"], 0.0)
    return rows


def fig_sobol(report: OutlookReport, width: int = WIDE) -> AnyChart:
    """Total Sobol share of each factor [%]."""
    rows = pd.DataFrame(
        [{"factor": report.factor_name(s.factor), "share": 100 * s.total} for s in report.outlook.shares]
    )
    rows["label"] = [f"{words.number(v, 2)} %" for v in rows["share"]]
    rows["text"] = [f"{f}: {label} of the variance" for f, label in zip(rows["factor"], rows["label"], strict=True)]
    y = alt.Y("factor:N", sort=list(rows["factor"]), title=None, axis=alt.Axis(ticks=False, minExtent=150))
    x = alt.X(
        "share:Q",
        title="total share of the variance, %",
        scale=alt.Scale(domain=[0, 1.25 * max(rows["share"].max(), 1.0)]),
    )
    bars = alt.Chart(rows).mark_bar(color=AI).encode(y=y, x=x, description="text:N", tooltip=HOVER)
    labels = alt.Chart(rows).mark_text(align="left", dx=5, fontSize=12, color=INK).encode(y=y, x=x, text="label:N")
    return styled(
        alt.layer(bars, labels).properties(
            width=width - 180, height={"step": 24}, title="Which factor the answer hangs on, % of the variance"
        )
    )


def _group_look() -> dict[str, Any]:
    names = list(GROUPS)
    return {
        "color": alt.Color("group:N", scale=alt.Scale(domain=names, range=[COLOURS[n] for n in names]), legend=None),
        "strokeDash": alt.StrokeDash(
            "group:N", scale=alt.Scale(domain=names, range=[DASHES[n] for n in names]), legend=None
        ),
    }


def _spread_labels(rows: pd.DataFrame, column: str, apart: float) -> pd.DataFrame:
    """The rows with a place ``at`` for their label, moved apart where they would overlap."""
    return rows.assign(at=words.spread([float(v) for v in rows[column]], apart))
