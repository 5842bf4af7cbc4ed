"""What a deal's valuation says, in sentences: the same on the terminal and on the page."""

from megawatt.app.deal_valuation import Against, DealValuation
from megawatt.app.words import number, percent, usd
from megawatt.core.units import GrossMW
from megawatt.invest.contract_or_bid import Turn
from megawatt.invest.lease import Firmness
from megawatt.invest.ranges import Spread

SHOWN = 6
"""Inputs that are listed by what they do to the answer."""


def sentences(valuation: DealValuation) -> list[str]:
    """What the revenue is and is not, and where its rent stands among others."""
    out = []
    for kind in Firmness:
        of_kind = [one for one in valuation.leases if one.revenue.firmness is kind]
        if of_kind:
            total = sum((one.revenue for one in of_kind[1:]), of_kind[0].revenue)
            out.append(f"{usd(total.usd)} is undiscounted {kind.value} revenue, not value.")
    out += guarantees(valuation)
    if (rents := valuation.rents) is not None:
        low, middle, high = (usd(one) for one in rents.quantiles_usd)
        moved = " to ".join(usd(one) for one in rents.without_one_usd[1])
        out.append(
            f"{len(rents.names)} published leases: {middle} per IT MW-year in the middle, half of them between {low} and "
            f"{high}; leaving one out moves the middle over {moved}."
        )
    return out


def guarantees(valuation: DealValuation) -> list[str]:
    """What each guarantor adds, before its price."""
    return [
        f"The guarantee behind {one.name} adds {span(one.backstop_usd)} to its value, before its price."
        for one in valuation.leases
        if one.backstop_usd
    ]


def span(one: Spread, unit: str = "") -> str:
    """A value with its range, never without."""
    if unit == "share":
        return f"{one.median:.2f} USD a share ({one.low:.2f} to {one.high:.2f} in nine of ten scenarios)"
    return f"{usd(one.median)} ({usd(one.low)} to {usd(one.high)})"


def verdict(one: Against) -> str:
    """The answer in a sentence with its range."""
    offer = Spread.of(one.choice.offer_usd)
    doubt = "; but these ranges do not explain the market's own price, see below" if one.unexplained else ""
    asked = f"{offer.median:.2f} USD" if offer.low == offer.high else span(offer, "share")
    return (
        f"Keeping the company is {one.choice.verdict}: {span(Spread.of(one.choice.value_usd), 'share')} against {asked}; "
        f"above it in {percent(one.choice.probability_above, 2)} of the scenarios{doubt}."
    )


def bridge_lines(one: Against, gross_mw: float | None) -> list[str]:
    """From the price of a share to the price of a megawatt, and the premium as a vector."""
    step = one.bridge
    counts = f"{step.diluted / 1e6:,.1f} M diluted shares ({step.basic / 1e6:,.1f} M basic)"
    debt = f"net debt {usd(step.net_debt_usd)} + convertibles not converted {usd(step.unconverted_usd)}"
    bought = f"{usd(step.equity_usd, 4)}; + {debt} = {usd(step.enterprise_usd, 4)} enterprise value"
    lines = [f"Bridge: {step.usd_per_share:.2f} USD x {counts} = {bought}."]
    if gross_mw:
        lines.append(f"That is {usd(step.enterprise_usd_per_mw(GrossMW(gross_mw)))} per gross MW.")
    if gained := one.choice.backstop_usd:
        lines.append(f"With its guarantees and the warrants that pay for them a share gains {span(gained, 'share')}.")
    if one.headline_shares:
        lines.append(
            f"The reported price stands for {one.headline_shares / 1e6:,.0f} M shares, not the {step.diluted / 1e6:,.1f} M "
            "counted here: two prices compare only on one share count."
        )
    if one.premiums:
        lines.append("Premium: " + ", ".join(f"{percent(p)} on {name}" for name, p in one.premiums.items()) + ".")
    if one.unexplained:
        prices = ", ".join(f"{name} {price:.2f} USD" for name, price in one.unexplained.items())
        lines.append(
            f"These ranges do not explain the market's own price ({prices}): find what the file leaves out before acting on it."
        )
    if one.vote:
        outcome = "carried" if one.vote.carried else "failed"
        lines.append(
            f"The vote {outcome}: {percent(one.vote.for_fraction)} for, of the {one.vote.majority.value} shares."
        )
    return lines


def leading(one: Against) -> list[Turn]:
    """The turning points of the inputs that matter most, and of those asked for most: hazard, delay, margin, rate."""
    asked = ("discount_rate", "hazard_per_year", "delay_months", "noi_margin")
    order = {name: i for i, name in enumerate(one.choice.shares_of_variance)}
    matters = [turn for turn in one.choice.turns if order.get(turn.name, SHOWN) < SHOWN or turn.name.endswith(asked)]
    return sorted(matters, key=lambda turn: order.get(turn.name, len(order)))


def turn_lines(one: Against) -> list[str]:
    """The turning points in words; inputs that turn nothing share a line."""
    found = leading(one)
    lines = [f"{t.name}: likely {number(t.likely)}, turns at {number(t.at)}" for t in found if t.at is not None]
    idle = [turn.name for turn in found if turn.at is None]
    return [*lines, f"whatever their value: {', '.join(idle)}"] if idle else lines
