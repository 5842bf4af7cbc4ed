"""A deal valued, alone and against a bid: what ``megawatt deal`` prints and gives as JSON."""

from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
import pandas as pd

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.core.units import ItMW
from megawatt.invest.bid import Bridge, Vote, bridge, shares_of_headline
from megawatt.invest.comparables import Comparable, RentQuantiles, rent_quantiles
from megawatt.invest.contract_or_bid import Choice, choose
from megawatt.invest.deal import MUSD, Deal, Offer
from megawatt.invest.lease import Firmness, Revenue
from megawatt.invest.ranges import Spread, sample

SCHEMA = "megawatt/deal-answer/1"


@dataclass(frozen=True, slots=True)
class LeaseValue:
    """One lease.

    Attributes:
        name: Name.
        it: Critical IT power.
        years: Base term.
        revenue: Undiscounted, contracted or optional.
        usd_per_it_mw_year: The same per IT MW-year.
        value_usd: Value today if the tenant uses it, host's capex off.
        yield_on_cost: Level NOI of a year / host's capex, at likely values; None where the host pays nothing.
        backstop_usd: What the guarantee adds to that value, before its price; None without one.
    """

    name: str
    it: ItMW
    years: float
    revenue: Revenue
    usd_per_it_mw_year: float
    value_usd: Spread
    yield_on_cost: float | None
    backstop_usd: Spread | None


@dataclass(frozen=True, slots=True)
class Against:
    """The bid beside it.

    Attributes:
        choice: Value per diluted share against the offer.
        bridge: From price per share to enterprise value, at the likely offer.
        premiums: Premium by base.
        share_basis: Diluted count by source at the offer.
        headline_shares: Shares that the press's price stands for; None without one.
        vote: How the holders voted; None before.
        unexplained: Prices of the market, by base, that lie outside the range of the value: then the file leaves out, or
            holds, something that the market does not.
    """

    choice: Choice
    bridge: Bridge
    premiums: dict[str, float]
    share_basis: list[tuple[str, float]]
    headline_shares: float | None
    vote: Vote | None
    unexplained: dict[str, float]


@dataclass(frozen=True, slots=True)
class DealValuation:
    """The answer."""

    deal: Deal
    leases: tuple[LeaseValue, ...]
    against: Against | None
    comparables: tuple[Comparable, ...]

    @property
    def rents(self) -> RentQuantiles | None:
        """Quantiles of the comparables per critical IT MW-year; None with fewer than three."""
        return rent_quantiles(self.comparables).get(ItMW)

    @property
    def rates(self) -> tuple[float, float]:
        """Lowest and highest discount rate of the deal."""
        return self.deal.discount_rate.low, self.deal.discount_rate.high

    def contracts(self) -> pd.DataFrame:
        """Every lease: rent, undiscounted revenue, value today with its range [USD]."""
        rows = [{**_lease(one), **asdict(one.value_usd)} for one in self.leases]
        return pd.DataFrame(rows).drop(columns=["value_usd", "backstop_usd"])

    def parts(self) -> pd.DataFrame:
        """Value today of each part of the company with its range [USD]; empty without a bid."""
        found = self.against.choice.parts_usd if self.against else {}
        return pd.DataFrame(
            [{"part": name, **asdict(one)} for name, one in found.items()],
            columns=["part", "low", "median", "high", "mean"],
        )

    def turns(self) -> pd.DataFrame:
        """Where each input turns the answer, and its share of the variance; empty without a bid."""
        choice = self.against.choice if self.against else None
        rows = [(t.name, t.likely, t.at, choice.shares_of_variance.get(t.name)) for t in choice.turns] if choice else []
        return pd.DataFrame(rows, columns=["input", "likely", "turns_at", "share_of_variance"])

    def _repr_html_(self) -> str:
        """All three, for a notebook."""
        return "".join(one.to_html(index=False) for one in (self.contracts(), self.parts(), self.turns()) if len(one))


def value_deal(
    deal: Deal, offer: Offer | None, comparables: tuple[Comparable, ...] = (), *, scenarios: int, seed: int
) -> DealValuation:
    """Value a deal, compare it with a bid and with other deals.

    Raises:
        InputError: A bid is given, but the deal does not describe the company that it is for.
    """
    rng = np.random.default_rng(seed)
    leases = _lease_values(deal, scenarios, rng)
    return DealValuation(deal, leases, _against(deal, offer, scenarios, rng) if offer else None, comparables)


def _lease_values(deal: Deal, scenarios: int, rng: np.random.Generator) -> tuple[LeaseValue, ...]:
    out = []
    for one in deal.outlooks():
        likely = {name: spread.likely for name, spread in one.ranges().items()}
        draw: dict[str, Floats | float] = {**sample(one.ranges() | {"rate": deal.discount_rate}, scenarios, rng)}
        lease = one.lease(likely)
        capex = likely[f"{one.name} host_capex_usd_per_it_mw"] * one.it.mw
        noi = likely[f"{one.name} rent_usd_per_it_mw_year"] * one.it.mw * likely[f"{one.name} noi_margin"]
        revenue = lease.revenue(one.firmness)
        value = one.lease(draw).value_usd(draw["rate"])
        unbacked = replace(one, backstop_usd=0.0).lease(draw) if one.backstop_usd else None
        out.append(
            LeaseValue(
                name=one.name,
                it=one.it,
                years=one.years,
                revenue=revenue,
                usd_per_it_mw_year=revenue.usd / one.it.mw / one.years,
                value_usd=Spread.of(value),
                yield_on_cost=noi / capex if capex else None,
                backstop_usd=Spread.of(value - unbacked.value_usd(draw["rate"])) if unbacked else None,
            )
        )
    return tuple(out)


def _against(deal: Deal, offer: Offer, scenarios: int, rng: np.random.Generator) -> Against:
    company = deal.as_company()
    if company is None:
        raise InputError(
            f"a bid for {deal.head.host!r} against a deal without [company]",
            "a bid buys a whole company, not a contract",
            "Add [company] with shares, debt, overhead and tax to the deal's file.",
        )
    bid, bidder = offer.bid, offer.bidder_usd
    price = float(bid.usd_per_share(bidder.likely if bidder else None))
    headline = offer.head.headline_musd
    choice = choose(company, bid, rng, bidder_usd=bidder, scenarios=scenarios)
    value = Spread.of(choice.value_usd)
    return Against(
        choice=choice,
        bridge=bridge(price, company.shares, company.net_debt_usd.likely),
        premiums=bid.premiums(bidder.likely if bidder else None),
        share_basis=company.shares.basis(price),
        headline_shares=shares_of_headline(headline * MUSD, price) if headline else None,
        vote=offer.counted(),
        unexplained={name: base for name, base in bid.bases_usd.items() if not value.low <= base <= value.high},
    )


def answer(valuation: DealValuation) -> dict[str, Any]:
    """Everything a program needs; money in USD, shares as a count. Keys are added in later versions, never renamed."""
    return {
        "schema": SCHEMA,
        "deal": valuation.deal.head.name,
        "known": valuation.deal.head.known.isoformat(),
        "discount_rate": list(valuation.deal.head.discount_rate),
        "leases": [_lease(one) for one in valuation.leases],
        "revenue_usd": {kind.value: _revenue(valuation, kind) for kind in Firmness},
        "against": _bid(valuation.against) if valuation.against else None,
        "comparables": [_comparable(one, valuation.rates) for one in valuation.comparables],
        "comparable_rents": _rents(valuation.rents) if valuation.rents else None,
    }


def _revenue(valuation: DealValuation, kind: Firmness) -> float:
    return sum((one.revenue for one in valuation.leases if one.revenue.firmness is kind), Revenue(0.0, kind)).usd


def _lease(one: LeaseValue) -> dict[str, Any]:
    return {
        "name": one.name,
        "firmness": one.revenue.firmness.value,
        "critical_it_mw": one.it.mw,
        "years": one.years,
        "undiscounted_revenue_usd": one.revenue.usd,
        "usd_per_it_mw_year": one.usd_per_it_mw_year,
        "value_usd": asdict(one.value_usd),
        "yield_on_cost": one.yield_on_cost,
        "backstop_usd": asdict(one.backstop_usd) if one.backstop_usd else None,
    }


def _bid(one: Against) -> dict[str, Any]:
    choice, step = one.choice, one.bridge
    return {
        "verdict": choice.verdict,
        "probability_above": choice.probability_above,
        "offer_usd_per_share": asdict(Spread.of(choice.offer_usd)),
        "value_usd_per_share": asdict(Spread.of(choice.value_usd)),
        "without_options_usd_per_share": asdict(choice.without_options_usd),
        "backstop_usd_per_share": asdict(choice.backstop_usd) if choice.backstop_usd else None,
        "parts_usd": {name: asdict(part) for name, part in choice.parts_usd.items()},
        "turns": [
            {"input": t.name, "likely": t.likely, "at": t.at, "searched": list(t.searched)} for t in choice.turns
        ],
        "shares_of_variance": dict(choice.shares_of_variance),
        "bridge": {
            "usd_per_share": step.usd_per_share,
            "basic_shares": step.basic,
            "diluted_shares": step.diluted,
            "basic_equity_usd": step.basic_equity_usd,
            "equity_usd": step.equity_usd,
            "net_debt_usd": step.net_debt_usd,
            "unconverted_usd": step.unconverted_usd,
            "enterprise_usd": step.enterprise_usd,
        },
        "share_basis": dict(one.share_basis),
        "headline_shares": one.headline_shares,
        "premiums": one.premiums,
        "unexplained_prices": one.unexplained,
        "vote": _vote(one.vote) if one.vote else None,
    }


def _vote(one: Vote) -> dict[str, Any]:
    return {
        "for_fraction": one.for_fraction,
        "majority_of": one.majority.value,
        "outstanding": one.outstanding,
        "needed": one.needed,
        "carried": one.carried,
    }


def _comparable(one: Comparable, rates: tuple[float, float]) -> dict[str, Any]:
    worth = one.worth_usd_per_mw(rates)
    return {
        "name": one.name,
        "kind": one.kind,
        "per": None if one.power is None else "critical IT MW" if isinstance(one.power, ItMW) else "gross MW",
        "usd_per_mw_year": None if one.why_not else one.usd_per_mw_year,
        "worth_usd_per_mw": list(worth) if worth else None,
        "before_host_capex": one.capex_usd_per_it_mw is None,
        "why_not": one.why_not or None,
        "evidence": one.evidence,
    }


def _rents(one: RentQuantiles) -> dict[str, Any]:
    return {
        "per": "critical IT MW-year",
        "deals": list(one.names),
        "quantiles_usd": list(map(float, one.quantiles_usd)),
        "without_one_usd": [list(map(float, pair)) for pair in one.without_one_usd],
    }
