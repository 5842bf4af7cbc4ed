"""Charts of the investment pages: waterfalls, tornadoes and fans, pure functions from rows and a width to an Altair chart.

A waterfall adds up from top to bottom; what adds has the colour of its buyer, what takes away is vermilion, sums are grey, and each
bar says its amount, so that colour is never the only cue.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import altair as alt
import pandas as pd

from megawatt.app import words
from megawatt.app.figures import AI, BASELINE, FAINT, GRID, HOVER, INK, LOSS, MINING, OFF, PHONE, WIDE, AnyChart, styled
from megawatt.core.series import Floats

BUYERS = {"mining": MINING, "AI": AI, "grid": GRID, "other": "#5F6368", "takes away": LOSS, "sum": OFF}
"""Colours of the bars of a waterfall by who brings the money."""


@dataclass(frozen=True, slots=True)
class Step:
    """A bar of a waterfall.

    Attributes:
        name: What it is.
        value: What it adds; the level itself where it is a sum.
        kind: ``mining``, ``AI``, ``grid``, ``other`` or ``sum``; what takes away is coloured as such whatever it is.
        label: The amount as text.
        span: Low and high of a sum.
    """

    name: str
    value: float
    kind: str
    label: str
    span: tuple[float, float] | None = None


@dataclass(frozen=True, slots=True)
class Mark:
    """A dashed line with its name, such as an offer."""

    at: float
    name: str


@dataclass(frozen=True, slots=True)
class Swing:
    """A bar of a tornado.

    Attributes:
        name: The input.
        low: Outcome at its low value.
        high: Outcome at its high value.
        low_label: The low value as text.
        high_label: The high value as text.
        outcome: What both outcomes are, as text, for the pointer.
    """

    name: str
    low: float
    high: float
    low_label: str
    high_label: str
    outcome: str

    @property
    def named(self) -> str:
        """The input with its range, where there is no room beside the bars."""
        return f"{self.name}: {self.low_label} to {self.high_label}".replace(" %", "\N{NO-BREAK SPACE}%")

    @property
    def width(self) -> float:
        """How far it moves the outcome."""
        return abs(self.high - self.low)


def fig_waterfall(
    steps: Sequence[Step], title: str, axis: str, width: int = WIDE, *, mark: Mark | None = None
) -> AnyChart:
    """Bars that add up from top to bottom.

    Args:
        steps: The bars; a sum shows the level reached.
        title: What the chart shows, with its unit.
        axis: Title of the axis, with its unit.
        width: Width of the whole chart [px].
        mark: A level to compare with.
    """
    narrow = width < PHONE
    rows = _waterfall_rows(steps, 18 if narrow else 30)
    ends = [*rows["start"], *rows["end"], *rows["low"].dropna(), *rows["high"].dropna(), *([mark.at] if mark else [])]
    low, high = min(0.0, *ends), max(0.0, *ends)
    plot = width - (160 if narrow else 250)
    low -= (0.02 if low == 0 else 0.1) * (high - low or 1.0)
    needed = [
        (right - low) / max(1 - _px(label) / plot, 0.2)
        for right, label in zip(rows["right"], rows["label"], strict=True)
    ]
    scale = alt.Scale(domain=[low, max(low + max(needed), high)], nice=False)
    y = alt.Y("line:N", sort=list(rows["line"]), title=None, axis=_lines(130 if narrow else 215))
    x = alt.X("start:Q", title=axis, scale=scale, axis=alt.Axis(tickCount=4 if narrow else 7, labelExpr=MONEY_LABEL))
    kinds = [kind for kind in BUYERS if (rows["kind"] == kind).any()]
    colour = alt.Color(
        "kind:N",
        scale=alt.Scale(domain=kinds, range=[BUYERS[kind] for kind in kinds]),
        legend=alt.Legend(columns=2 if narrow else 5),
    )
    base = alt.Chart(rows)
    bars = base.mark_bar(height=16).encode(y=y, x=x, x2="end:Q", color=colour, description="text:N", tooltip=HOVER)
    labels = _written(base, y, alt.X("right:Q", scale=scale))
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=OFF).encode(x=alt.X("x:Q", scale=scale))
    spans = (
        alt.Chart(rows.dropna(subset=["low"]))
        .mark_rule(color=INK, strokeWidth=2)
        .encode(y=y, x=alt.X("low:Q", scale=scale), x2="high:Q")
    )
    layers: list[Any] = [zero, bars, spans, *([_dashed(mark, scale)] if mark else []), *labels]
    return styled(
        alt.layer(*layers).properties(width=plot, height=_steps(rows["line"]), title=_title(title, narrow, mark))
    )


def _waterfall_rows(steps: Sequence[Step], wide: int) -> pd.DataFrame:
    out, level = [], 0.0
    for one in steps:
        start, end = (0.0, one.value) if one.kind == "sum" else (level, level + one.value)
        level = end
        out.append(
            {
                "line": "|".join(wrap(one.name, wide)),
                "start": start,
                "end": end,
                "right": max(start, end, one.span[1] if one.span else end),
                "low": one.span[0] if one.span else None,
                "high": one.span[1] if one.span else None,
                "kind": "takes away" if one.value < 0 and one.kind != "sum" else one.kind,
                "label": one.label,
                "text": f"{one.name}: {one.label}",
            }
        )
    return pd.DataFrame(out).astype({"low": "float64", "high": "float64"})


def fig_tornado(
    swings: Sequence[Swing], base: float, title: str, axis: str, width: int = WIDE, *, mark: Mark | None = None
) -> AnyChart:
    """What the low and the high value of each input make of the outcome, widest first, the others as they are.

    Args:
        swings: The bars.
        base: Outcome with nothing changed.
        title: What the chart shows.
        axis: Title of the axis, with its unit.
        width: Width of the whole chart [px].
        mark: Outcome at which the answer flips.
    """
    narrow = width < PHONE
    rows = _tornado_rows(swings, base, narrow=narrow)
    plot = width - (140 if narrow else 250)
    scale = _tornado_scale(rows, [base, *([mark.at] if mark else [])], plot, labelled=not narrow)
    y = alt.Y("line:N", sort=list(dict.fromkeys(rows["line"])), title=None, axis=_lines(110 if narrow else 215))
    x = alt.X("base:Q", title=axis, scale=scale, axis=alt.Axis(tickCount=3 if narrow else 7, labelExpr=MONEY_LABEL))
    colour = alt.Color(
        "end:N",
        scale=alt.Scale(domain=["low", "high"], range=["#9FC5E0", AI]),
        legend=alt.Legend(columns=2, labelExpr="'input at its ' + datum.label + ' value'"),
    )
    chart = alt.Chart(rows)
    bars = chart.mark_bar(height=16).encode(y=y, x=x, x2="at:Q", color=colour, description="text:N", tooltip=HOVER)
    names = [
        layer
        for side, right in (("left", False), ("right", True))
        for layer in _written(alt.Chart(rows[rows["side"] == side]), y, alt.X("at:Q", scale=scale), right=right)
    ]
    middle = alt.Chart(pd.DataFrame({"x": [base]})).mark_rule(color=INK).encode(x=alt.X("x:Q", scale=scale))
    layers: list[Any] = [bars, middle, *([_dashed(mark, scale)] if mark else []), *([] if narrow else names)]
    return styled(
        alt.layer(*layers).properties(width=plot, height=_steps(rows["line"]), title=_title(title, narrow, mark))
    )


def _tornado_rows(swings: Sequence[Swing], base: float, *, narrow: bool) -> pd.DataFrame:
    """Two bars an input, the widest input first."""
    return pd.DataFrame(
        [
            {
                "line": "|".join(wrap(one.named if narrow else one.name, 20 if narrow else 30)),
                "at": at,
                "base": base,
                "end": end,
                "label": label,
                "side": "left" if at < base or (at == base and other > base) else "right",
                "text": f"{one.name} at {label}: {one.outcome}",
            }
            for one in sorted(swings, key=lambda one: -one.width)
            for at, other, end, label in (
                (one.low, one.high, "low", one.low_label),
                (one.high, one.low, "high", one.high_label),
            )
        ]
    )


def _tornado_scale(rows: pd.DataFrame, others: Sequence[float], plot: int, *, labelled: bool) -> alt.Scale:
    """Room for the bars, and for the labels at both sides of them."""
    ends = [*rows["at"], *others]
    sides = [
        max(map(_px, rows.loc[rows["side"] == side, "label"]), default=0.0) if labelled else 0.0
        for side in ("left", "right")
    ]
    reach = (max(ends) - min(ends) or 1.0) / max(0.92 - sum(sides) / plot, 0.2)
    low, high = (
        end + sign * (0.04 + side / plot) * reach
        for end, sign, side in zip((min(ends), max(ends)), (-1, 1), sides, strict=True)
    )
    return alt.Scale(domain=[low, high], nice=False)


@dataclass(frozen=True, slots=True)
class Fan:
    """What scenarios do over time.

    Attributes:
        title: What it is, with its unit.
        axis: Title of the axis: the unit.
        bands: Quantiles 5, 25, 50, 75, 95 %, shape (5, months).
        colour: Hue.
        money: Whether amounts are dollars.
    """

    title: str
    axis: str
    bands: Floats
    colour: str
    money: bool = False


MONEY_LABEL = "replace(replace(replace(format(datum.value, '~s'), 'G', ' bn'), 'M', ' M'), 'k', ' k')"
"""Dollars on an axis as everywhere: 1.5 bn, 20 M, 300 k."""

LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
"""Quantiles of a fan."""


def fig_fans(fans: Sequence[Fan], first_month: str, title: str, width: int = WIDE) -> AnyChart:
    """Bands of scenarios, one panel each: light nine tenths, dark half of them, line the middle one."""
    narrow = width < PHONE
    panels = [_fan(one, first_month, width) for one in fans]
    head = alt.TitleParams(
        "|".join(wrap(title, 44 if narrow else 120)).split("|"),
        subtitle=(
            ["light: nine tenths of the scenarios;", "dark: half; line: the middle"]
            if narrow
            else "light: nine tenths of the scenarios lie there; dark: half of them; line: the middle one"
        ),
    )
    return styled(alt.vconcat(*panels, spacing=12).properties(title=head))


def _fan(one: Fan, first_month: str, width: int) -> Any:
    months = pd.period_range(first_month, periods=one.bands.shape[1], freq="M")
    names = [f"q{round(100 * level)}" for level in LEVELS]
    rows = pd.DataFrame({name: one.bands[i] for i, name in enumerate(names)})
    rows["month"] = [f"{month}-01T00:00:00Z" for month in months]

    def amount(value: float) -> str:
        return words.usd(value) if one.money else f"{words.number(value)} {one.axis}"

    rows["text"] = [
        f"{month}: {amount(middle)} ({amount(low)} to {amount(high)})"
        for month, low, middle, high in zip(months, rows["q5"], rows["q50"], rows["q95"], strict=True)
    ]
    rows = rows[::3]  # a quarter is fine enough for eighteen years
    x = alt.X(
        "month:T",
        scale=alt.Scale(type="utc"),
        title=None,
        axis=alt.Axis(format="%Y", tickCount=4 if width < PHONE else 9),
    )
    y = alt.Axis(title=one.axis, tickCount=4, labelExpr=MONEY_LABEL)
    zero = alt.Scale(zero=not one.money)
    chart = alt.Chart(rows)
    wide = chart.mark_area(color=one.colour, opacity=0.25).encode(x=x, y=alt.Y("q5:Q", axis=y, scale=zero), y2="q95:Q")
    half = chart.mark_area(color=one.colour, opacity=0.4).encode(x=x, y=alt.Y("q25:Q", axis=y, scale=zero), y2="q75:Q")
    line = chart.mark_line(color=INK, strokeWidth=1.5).encode(x=x, y=alt.Y("q50:Q", axis=y, scale=zero))
    points = (
        alt.Chart(rows)
        .mark_circle(size=50, opacity=0)
        .encode(x=x, y=alt.Y("q50:Q", axis=y), description="text:N", tooltip=HOVER)
    )
    layers: list[Any] = [wide, half, line, points]
    if one.money:
        layers.insert(0, alt.Chart(pd.DataFrame({"y": [0.0]})).mark_rule(color=OFF).encode(y="y:Q"))
    return alt.layer(*layers).properties(
        width=width - 90, height=120, title=alt.TitleParams(one.title, fontSize=12, offset=4)
    )


def _px(label: str) -> float:
    """About how wide a label beside a bar is, its gap included [px]."""
    return 6.4 * len(label) + 8


def _steps(lines: pd.Series) -> alt.Step:
    """Height of a row: room for the name of most lines."""
    return alt.Step(max(26, 14 * max(str(one).count("|") + 1 for one in lines) + 4))


def _lines(extent: int) -> alt.Axis:
    """Names of rows, wrapped at a bar."""
    return alt.Axis(
        ticks=False,
        labelExpr="split(datum.label, '|')",
        labelBaseline=BASELINE,
        labelLineHeight=13,
        minExtent=extent,
        domainColor=FAINT,
    )


def _written(chart: alt.Chart, y: alt.Y, x: alt.X, *, right: bool = True) -> list[alt.Chart]:
    """Amounts beside the bars, on a white ground so that no line runs through them."""
    where: dict[str, Any] = {"align": "left", "dx": 6} if right else {"align": "right", "dx": -6}
    ground = chart.mark_text(fontSize=12, stroke="white", strokeWidth=4, **where)
    return [one.encode(y=y, x=x, text="label:N") for one in (ground, chart.mark_text(fontSize=12, color=INK, **where))]


def _dashed(mark: Mark, scale: alt.Scale) -> Any:
    return (
        alt.Chart(pd.DataFrame({"x": [mark.at]}))
        .mark_rule(color=LOSS, strokeDash=[5, 3], strokeWidth=2)
        .encode(x=alt.X("x:Q", scale=scale))
    )


def _title(title: str, narrow: bool, mark: Mark | None) -> alt.TitleParams:
    lines = wrap(title, 44 if narrow else 120)
    under = f"dashed: {mark.name}" if mark else ""
    return (
        alt.TitleParams(lines, subtitle=wrap(under, 46)) if under and narrow else alt.TitleParams(lines, subtitle=under)
    )
