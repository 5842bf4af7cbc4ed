"""Charts of an investment: the rules side by side, what scenarios do, where the policy signs, what moves the answer."""

from dataclasses import dataclass
from textwrap import wrap
from typing import Any

import altair as alt
import numpy as np
import pandas as pd
from numpy.typing import NDArray

from megawatt.app import words
from megawatt.app.figures import AI, BASELINE, HOVER, INK, MINING, OFF, PHONE, WIDE, AnyChart, styled
from megawatt.app.investment import Investment
from megawatt.app.money_charts import (
    LEVELS,
    MONEY_LABEL,
    Fan,
    Mark,
    Step,
    Swing,
    fig_fans,
    fig_tornado,
    fig_waterfall,
)
from megawatt.core.series import Floats
from megawatt.invest.block_cash import block_flows, judged, worth_usd
from megawatt.invest.ranges import Spread
from megawatt.invest.sensitivity import Assumption, Moved
from megawatt.invest.trigger_map import TriggerMap

RULES = {"learned policy": "#5F6368", "sign today": AI, "mine on": MINING}
"""The rules and their colours."""
LINE_NAMES = {
    "coins": "coins mined",
    "power": "power of the mine",
    "running costs": "running costs of the mine",
    "machines": "new machines",
    "rent": "rent of the hall",
    "running costs of the hall": "running costs of the hall",
    "hall": "building the hall",
}
LINE_KINDS = {"coins": "mining", "rent": "AI"}


def fig_rules(one: Investment, width: int = WIDE) -> AnyChart:
    """Value of each rule of each fleet with nine tenths of its scenarios [USD per critical IT MW]."""
    narrow = width < PHONE
    rows = pd.DataFrame(
        [
            {
                "line": f"{'|'.join(wrap(fleet, 14))}: {rule}" if not narrow else f"{fleet}:|{rule}",
                "rule": rule,
                "low": spread.low,
                "mean": spread.mean,
                "high": spread.high,
                "label": words.usd(spread.mean),
                "text": f"{fleet}, {rule}: {words.usd(spread.mean)} ({words.usd(spread.low)} to {words.usd(spread.high)})",
            }
            for fleet, (_, found) in one.fleets.items()
            for rule, spread in zip(RULES, (found.policy_usd, found.now_usd, found.never_usd), strict=True)
        ]
    )
    low, high = min(0.0, float(rows["low"].min())), max(0.0, float(rows["high"].max()))
    scale = alt.Scale(domain=[low - 0.05 * (high - low), high + (0.3 if narrow else 0.14) * (high - low)], nice=False)
    axis = alt.Axis(
        ticks=False,
        labelExpr="split(datum.label, '|')",
        labelBaseline=BASELINE,
        labelLineHeight=13,
        minExtent=100 if narrow else 180,
    )
    y = alt.Y("line:N", sort=list(rows["line"]), title=None, axis=axis)
    x = alt.X("low:Q", scale=scale, title="USD per critical IT MW of hall", axis=_money(narrow))
    look: dict[str, Any] = {
        "color": alt.Color("rule:N", scale=alt.Scale(domain=list(RULES), range=list(RULES.values())), legend=None),
        "shape": alt.Shape(
            "rule:N", scale=alt.Scale(domain=list(RULES), range=["diamond", "square", "circle"]), legend=None
        ),
    }
    chart = alt.Chart(rows)
    spans = chart.mark_rule(strokeWidth=3, opacity=0.6).encode(y=y, x=x, x2="high:Q", color=look["color"])
    points = chart.mark_point(filled=True, size=90, opacity=1).encode(
        y=y, x=alt.X("mean:Q", scale=scale), **look, description="text:N", tooltip=HOVER
    )
    labels = chart.mark_text(align="left", dx=6, fontSize=12, color=INK).encode(
        y=y, x=alt.X("high:Q", scale=scale), text="label:N"
    )
    zero = alt.Chart(pd.DataFrame({"x": [0.0]})).mark_rule(color=OFF).encode(x=alt.X("x:Q", scale=scale))
    under = "mark and number: the mean; line: nine tenths of the scenarios"
    title = alt.TitleParams(
        wrap("What each rule is worth today, USD per critical IT MW of hall", 42 if narrow else 120),
        subtitle=wrap(under, 46 if narrow else 120),
    )
    return styled(
        alt.layer(zero, spans, points, labels).properties(
            width=width - (130 if narrow else 230), height={"step": 30 if narrow else 24}, title=title
        )
    )


def _money(narrow: bool) -> alt.Axis:
    return alt.Axis(tickCount=3 if narrow else 7, labelExpr=MONEY_LABEL)


def fig_scenarios(one: Investment, width: int = WIDE) -> AnyChart:
    """Hashprice, power and rents of new leases over the scenarios."""
    s = one.scenarios
    power = _year_before(s.power_usd_per_mwh)
    fans = (
        Fan("hashprice, USD/PH/day", "USD/PH/day", bands(s.network.hashprice_usd_per_ph_day), MINING),
        Fan("power, mean of the last 12 months, USD/MWh", "USD/MWh", bands(power), "#009E73"),
        Fan("rent of new leases, USD/kW-month of critical IT", "USD/kW-month", bands(s.lease_usd_per_kw_month), AI),
    )
    return fig_fans(fans, s.first_month, "What the scenarios hold", width)


def _year_before(values: Floats) -> Floats:
    """Mean of the twelve months up to each, fewer at the start: the seasons left out."""
    total = np.cumsum(np.pad(values, ((0, 0), (1, 0))), axis=1)
    ends = np.arange(1, values.shape[1] + 1)
    begins = np.maximum(ends - 12, 0)
    out: Floats = (total[:, ends] - total[:, begins]) / (ends - begins)
    return out


def bands(values: Floats) -> Floats:
    """Quantiles of paths by month, shape (5, months)."""
    out: Floats = np.quantile(values, LEVELS, axis=0)
    return out


@dataclass(frozen=True, slots=True)
class RuleCash:
    """What a rule does with one fleet, on the scenarios that judge it, per critical IT MW.

    Attributes:
        rule: Name.
        spread: Value today.
        lines_usd: Mean value today of each line; they add up to the mean of ``spread``.
        bands_usd: Quantiles of the cash since today, undiscounted, shape (5, months + 1).
    """

    rule: str
    spread: Spread
    lines_usd: dict[str, float]
    bands_usd: Floats


def cash_of(one: Investment, fleet: str) -> tuple[RuleCash, ...]:
    """The learned policy (where there is one), signing today, mining on."""
    block, found = one.fleets[fleet]
    half, rate = judged(one.scenarios), one.site.finance.discount_rate
    paths, months = half.power_usd_per_mwh.shape
    signed = {
        "sign today": (np.zeros(paths, dtype=np.int64), found.now_usd),
        "mine on": (np.full(paths, months), found.never_usd),
    }
    if found.policy is not None:
        waits = np.where(found.signed_month < found.decide_months, found.signed_month, months)
        signed = {"learned policy": (waits, found.policy_usd), **signed}
    out = []
    for rule, (dates, spread) in signed.items():
        lines = block_flows(block, half, dates)
        worth = {name: float(value.mean()) for name, value in worth_usd(lines, rate).items()}
        total = sum(lines.values(), np.zeros(1))
        out.append(RuleCash(rule, spread, worth, bands(np.cumsum(total, axis=1))))
    return tuple(out)


def fig_cash(fleet: str, first_month: str, cash: tuple[RuleCash, ...], width: int = WIDE) -> AnyChart:
    """Cash piled up under each rule, undiscounted [USD per critical IT MW]."""
    fans = [Fan(f"{c.rule}, USD per IT MW", "USD", c.bands_usd, RULES[c.rule], money=True) for c in cash]
    return fig_fans(fans, first_month, f"Fleet {fleet}: cash since today, before tax and debt, undiscounted", width)


def fig_value(fleet: str, cash: RuleCash, width: int = WIDE) -> AnyChart:
    """From coins and rents to the value today of a rule: means over the scenarios [USD per critical IT MW]."""
    means = {name: value for name, value in cash.lines_usd.items() if abs(value) >= 1}
    steps = [Step(LINE_NAMES[n], v, LINE_KINDS.get(n, "other"), words.usd(v)) for n, v in means.items()]
    total, spread = sum(cash.lines_usd.values()), cash.spread
    label = f"{words.usd(total)} ({words.usd(spread.low)} to {words.usd(spread.high)})"
    return fig_waterfall(
        [*steps, Step("value today", total, "sum", label, (spread.low, spread.high))],
        f"Fleet {fleet}, {cash.rule}: what its value today is made of, USD per critical IT MW",
        "USD today per critical IT MW",
        width,
    )


def fig_site_cash(one: Investment, width: int = WIDE) -> AnyChart:
    """What the owner has received and paid since today under each alternative of the whole site, undiscounted [USD]."""
    colours = dict(zip(one.project.projects, (MINING, AI, "#5F6368"), strict=False))
    fans = [
        Fan(f"{name}, USD", "USD", bands(np.cumsum(project.equity_usd, axis=1)), colours[name], money=True)
        for name, project in one.project.projects.items()
    ]
    title = "The whole site: the owner's cash since today, after tax and debt, undiscounted"
    return fig_fans(fans, one.scenarios.first_month, title, width)


def fig_trigger(maps: tuple[TriggerMap, ...], first_month: str, fleet: str, width: int = WIDE) -> AnyChart:
    """Where the policy signs: the plane of hashprice and rent, one panel a month."""
    narrow = width < PHONE
    columns = 1 if narrow else len(maps)
    side = (width - 110) if narrow else (width - 60 - 30 * len(maps)) // len(maps)
    panels = [_trigger_panel(one, first_month, side, 180 if narrow else 230) for one in maps]
    chart = alt.vconcat(*panels) if columns == 1 else alt.hconcat(*panels, spacing=14)
    title = alt.TitleParams(
        wrap(f"Fleet {fleet}: where the policy signs a lease", 42 if narrow else 120),
        subtitle=wrap(
            "blue: sign; orange dots: mine on; white: no scenario came there; power in the middle of its scenarios",
            48 if narrow else 130,
        ),
    )
    return styled(chart.properties(title=title))


def _trigger_panel(one: TriggerMap, first_month: str, width: int, height: int) -> Any:
    rents, hashprices = one.rent_usd_per_kw_month, one.hashprice_usd_per_ph_day
    rent_step, hash_step = rents[1] - rents[0], hashprices[1] - hashprices[0]
    month = pd.Period(first_month, freq="M") + one.month
    signs, mines = _runs(one, one.signs, "sign"), _runs(one, ~one.signs, "mine on")
    x_scale = alt.Scale(domain=[rents[0] - rent_step / 2, rents[-1] + rent_step / 2], nice=False)
    y_scale = alt.Scale(domain=[hashprices[0] - hash_step / 2, hashprices[-1] + hash_step / 2], nice=False)
    x = alt.X("left:Q", scale=x_scale, title="rent, USD/kW-month", axis=alt.Axis(tickCount=4, grid=False))
    y = alt.Y("bottom:Q", scale=y_scale, title="hashprice, USD/PH/day", axis=alt.Axis(tickCount=5, grid=False))
    rects = alt.Chart(signs).mark_rect(color=AI)
    dots = alt.Chart(mines).mark_rule(color=MINING, strokeWidth=2.5, strokeDash=[2.5, 7])
    layers: list[Any] = [
        rects.encode(x=x, x2="right:Q", y=y, y2="top:Q", description="text:N", tooltip=HOVER),
        dots.encode(
            x=alt.X("rent:Q", scale=x_scale),
            y=alt.Y("bottom:Q", scale=y_scale),
            y2="top:Q",
            description="text:N",
            tooltip=HOVER,
        ),
    ]
    title = alt.TitleParams(f"{month} (month {one.month})", fontSize=12, offset=4)
    return alt.layer(*layers).properties(width=width, height=height, title=title)


def _runs(one: TriggerMap, where: NDArray[np.bool_], does: str) -> pd.DataFrame:
    """Points of one rent that lie together, in one piece."""
    rents, hashprices = one.rent_usd_per_kw_month, one.hashprice_usd_per_ph_day
    rent_step, hash_step = (float(axis[1] - axis[0]) / 2 for axis in (rents, hashprices))
    out = []
    for rent, row in zip(rents, where & one.reached, strict=True):
        edges = np.flatnonzero(np.diff(np.concatenate([[0], row.astype(np.int64), [0]])))
        for first, last in zip(edges[::2], edges[1::2] - 1, strict=True):
            low, high = float(hashprices[first]), float(hashprices[last])
            said = f"{does} at {words.number(float(rent))} USD/kW-month, hashprice {words.number(low)} to {words.number(high)}"
            ends = (rent - rent_step, rent, rent + rent_step, low - hash_step, high + hash_step)
            out.append((*ends, f"{said} USD/PH/day"))
    return pd.DataFrame(out, columns=["left", "rent", "right", "bottom", "top", "text"])


def amount(one: Assumption, value: float) -> str:
    """A value of an assumption as people read it."""
    if one.style == "percent":
        return words.percent(value, 3)
    if one.style == "factor":
        return f"{words.number(100 * value)} % of today's"
    return f"{value:.0f}" if one.style == "months" else words.usd(value)


def fig_moves(fleet: str, base_usd: float, found: tuple[Moved, ...], width: int = WIDE) -> AnyChart:
    """What moves the value of the best rule [USD per critical IT MW]."""
    swings = [
        Swing(
            one.assumption.name,
            *one.policy_usd,
            amount(one.assumption, one.ends[0]),
            amount(one.assumption, one.ends[1]),
            f"{words.usd(one.policy_usd[0])} to {words.usd(one.policy_usd[1])} per IT MW",
        )
        for one in found
    ]
    return fig_tornado(
        swings,
        base_usd,
        f"Fleet {fleet}: value of the best rule at other assumptions, USD per critical IT MW",
        "USD per critical IT MW, mean of the scenarios",
        width,
        mark=Mark(0.0, "worth nothing") if min(min(one.policy_usd) for one in found) < 0 else None,
    )
