"""Charts of a deal: from the headline to its value, from the parts to a share, others' rents, and what flips the answer."""

from dataclasses import dataclass, replace
from textwrap import wrap
from typing import Any

import altair as alt
import pandas as pd

from megawatt.app import words
from megawatt.app.deal_inputs import plain, shown
from megawatt.app.deal_valuation import Against, DealValuation
from megawatt.app.figures import AI, BASELINE, FAINT, HOVER, INK, LOSS, OFF, PHONE, WIDE, AnyChart, styled
from megawatt.app.money_charts import Mark, Step, Swing, fig_tornado, fig_waterfall
from megawatt.core.units import ItMW
from megawatt.invest.company import Company, LeaseOutlook
from megawatt.invest.lease import Firmness
from megawatt.invest.ranges import Spread

WIDEST = 12
"""Inputs in the tornado."""

BY_PART = {"mining": "mining", "contracts": "AI", "options": "AI"}
PART_NAMES = {
    "mining": "mining that remains",
    "contracts": "hosting contracts",
    "options": "options, by their chance",
    "mining given up": "mining given up for them",
    "overhead": "overhead of the company",
    "cash tax": "cash tax",
    "net debt": "net debt",
}


@dataclass(frozen=True, slots=True)
class PerShare:
    """A company at likely values, per diluted share [USD].

    Attributes:
        parts: What each part brings; they add up to ``value``.
        value: Value of a share.
        diluted: Shares.
    """

    parts: dict[str, float]
    value: float
    diluted: float


def per_share(company: Company) -> PerShare:
    """Split the value of a diluted share into its parts, at likely values."""
    likely = company.likely()
    parts = {name: float(one) for name, one in company.parts(likely).items()}
    value = float(company.usd_per_share(likely))
    diluted = float(company.shares.diluted(value))
    out = {PART_NAMES[name]: usd / diluted for name, usd in parts.items()}
    if notes := float(company.shares.unconverted_usd(value)):
        out["convertibles that stay debt"] = -notes / diluted
    rest = value - sum(out.values())
    if abs(rest) > 0.005:
        out["holders owe nothing" if value == 0 else "held at the price at which warrants wake"] = rest
    return PerShare(out, value, diluted)


def fig_per_share(company: Company, against: Against, width: int = WIDE) -> AnyChart:
    """From the parts of the company to a diluted share, against the offer [USD/share]."""
    one, choice = per_share(company), against.choice
    kinds = {PART_NAMES[name]: kind for name, kind in BY_PART.items()}
    steps = [
        Step(name, usd, kinds.get(name, "other"), f"{usd:.2f} USD".replace("-", words.MINUS))
        for name, usd in one.parts.items()
        if usd
    ]
    spread = Spread.of(choice.value_usd)
    total = f"{one.value:.2f} USD ({spread.low:.2f} to {spread.high:.2f})"
    steps.append(Step("value of a share", one.value, "sum", total, (spread.low, spread.high)))
    offer = Spread.of(choice.offer_usd).median
    return fig_waterfall(
        steps,
        "What a diluted share is made of at likely values, USD a share",
        "USD per diluted share",
        width,
        mark=Mark(offer, f"the offer, {offer:.2f} USD; black line: nine tenths of the scenarios"),
    )


def lease_steps(one: LeaseOutlook, rate: float, spread: Spread) -> list[Step]:
    """From the undiscounted headline to the value today, at likely values [USD]."""
    likely = {name: float(each.likely) for name, each in one.ranges().items()}
    lease = one.lease(likely)
    headline = lease.revenue(one.firmness).usd
    margin = likely[f"{one.name} noi_margin"]
    noi = float(lease.noi_usd().sum())
    unbacked = replace(lease, backstop_usd=0.0)
    uncredited = float(replace(unbacked, credited_capex_usd_per_it_mw=0.0).flows_usd().sum())
    own = float(unbacked.flows_usd().sum())
    flows = float(lease.flows_usd().sum())
    capex = likely[f"{one.name} host_capex_usd_per_it_mw"] * one.it.mw
    value = float(lease.value_usd(rate))
    amounts = (
        ("headline: undiscounted rent", headline),
        ("cost of running the halls", headline * (margin - 1)),
        ("ramp", noi - headline * margin),
        ("tenant fails, less a second one", uncredited - noi),
        ("capex the tenant takes back", own - uncredited),
        ("the guarantor pays", flows - own),
        ("time: delay and discount", value + capex - flows),
        ("host's capex", -capex),
    )
    steps = [Step(name, usd, "AI", words.usd(usd)) for name, usd in amounts if usd]
    label = f"{words.usd(value)} ({words.usd(spread.low)} to {words.usd(spread.high)})"
    return [*steps, Step("value today", value, "sum", label, (spread.low, spread.high))]


def fig_lease(valuation: DealValuation, number: int, width: int = WIDE) -> AnyChart:
    """The waterfall of one lease."""
    outlook, value = valuation.deal.outlooks()[number], valuation.leases[number]
    used = "" if outlook.firmness is Firmness.CONTRACTED else ", if the tenant uses it"
    return fig_waterfall(
        lease_steps(outlook, valuation.deal.discount_rate.likely, value.value_usd),
        f"{outlook.name}{used}: from the headline to a value, USD at likely values",
        "USD",
        width,
        mark=None,
    )


def swings(company: Company) -> list[Swing]:
    """Value per share at both ends of each range, the others at their likely value, widest first."""
    likely, out = company.likely(), []
    for name, one in company.ranges().items():
        if one.is_exact:
            continue
        low, high = (float(company.usd_per_share(likely | {name: x})) for x in (one.low, one.high))
        outcome = f"{low:.2f} to {high:.2f} USD a share over the range"
        out.append(Swing(plain(name), low, high, shown(name, one.low), shown(name, one.high), outcome))
    return sorted(out, key=lambda swing: -swing.width)


def fig_flips(company: Company, against: Against, width: int = WIDE) -> AnyChart:
    """Which input alone could carry the value of a share over the offer [USD/share]."""
    offer = Spread.of(against.choice.offer_usd).median
    return fig_tornado(
        swings(company)[: WIDEST if width >= PHONE else 8],
        float(company.usd_per_share(company.likely())),
        "Value of a share at the low and the high end of each input, the others likely, USD a share",
        "USD per diluted share",
        width,
        mark=Mark(offer, f"the offer, {offer:.2f} USD: a bar that crosses it flips the answer alone"),
    )


def fig_comparables(valuation: DealValuation, width: int = WIDE) -> AnyChart:
    """Rents of published leases per critical IT MW-year with their quartiles, this deal among them [M USD]."""
    narrow = width < PHONE
    rows = _rent_rows(valuation, 20 if narrow else 40)
    low, high = float(rows["rent"].min()), float(rows["rent"].max())
    room = 0.25 * (high - low or 1.0)
    scale = alt.Scale(domain=[low - room, high + room * (2.2 if narrow else 1)], nice=False)
    axis = alt.Axis(
        ticks=False,
        labelExpr="split(datum.label, '|')",
        labelBaseline=BASELINE,
        labelLineHeight=13,
        minExtent=135 if narrow else 265,
        grid=True,
        gridColor=FAINT,
    )
    y = alt.Y("line:N", sort=list(rows["line"]), title=None, axis=axis)
    x = alt.X("rent:Q", title="M USD per critical IT MW-year, undiscounted", scale=scale, axis=alt.Axis(tickCount=5))
    look: dict[str, Any] = {
        "color": alt.Color("kind:N", scale=alt.Scale(domain=["this deal", "others"], range=[AI, OFF])),
        "shape": alt.Shape("kind:N", scale=alt.Scale(domain=["this deal", "others"], range=["diamond", "circle"])),
    }
    chart = alt.Chart(rows)
    points = chart.mark_point(size=90, filled=True, opacity=1).encode(
        y=y, x=x, **look, description="text:N", tooltip=HOVER
    )
    labels = chart.mark_text(align="left", dx=9, fontSize=12, color=INK).encode(y=y, x=x, text="label:N")
    layers: list[Any] = [points, labels]
    under = "too few published leases for quartiles"
    if valuation.rents is not None:
        levels = [value / 1e6 for value in valuation.rents.quantiles_usd]
        band = pd.DataFrame({"a": [levels[0]], "b": [levels[2]]})
        middle = pd.DataFrame({"m": [levels[1]]})
        layers = [
            alt.Chart(band).mark_rect(color=FAINT, opacity=0.5).encode(x=alt.X("a:Q", scale=scale), x2="b:Q"),
            alt.Chart(middle).mark_rule(color=LOSS, strokeDash=[5, 3]).encode(x=alt.X("m:Q", scale=scale)),
            *layers,
        ]
        under = f"grey: the middle half of {len(valuation.rents.names)} published leases; dashed: the median"
    title = alt.TitleParams(
        wrap("Rent against other published leases, M USD per critical IT MW-year", 42 if narrow else 120),
        subtitle=wrap(under, 46 if narrow else 120),
    )
    return styled(
        alt.layer(*layers).properties(width=width - (165 if narrow else 300), height={"step": 26}, title=title)
    )


def _rent_rows(valuation: DealValuation, wide: int) -> pd.DataFrame:
    found: list[tuple[str, float, str]] = [
        (one.name, one.usd_per_mw_year / 1e6, "others")
        for one in valuation.comparables
        if isinstance(one.power, ItMW) and not one.why_not
    ]
    found += [(one.name, one.usd_per_it_mw_year / 1e6, "this deal") for one in valuation.leases]
    rows = pd.DataFrame(found, columns=["name", "rent", "kind"]).sort_values("rent", kind="stable")
    rows["label"] = [f"{rent:.2f}" for rent in rows["rent"]]
    rows["line"] = ["|".join(wrap(name, wide)) for name in rows["name"]]
    rows["text"] = [f"{n}: {r:.3f} M USD per IT MW-year" for n, r in zip(rows["name"], rows["rent"], strict=True)]
    return rows
