"""Keep the contract or take the bid? The value per diluted share against the offer, and what would turn the answer.

The verdict is declared beforehand: "worth more" where at least nine of ten scenarios lie above the offer, "worth less" where at
most one does, and "not decided" between. It is a statement on the ranges that were put in, and it names the ones that matter.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from megawatt.core.series import Floats
from megawatt.invest.bid import Bid
from megawatt.invest.company import Company
from megawatt.invest.lease import Firmness, Lease
from megawatt.invest.ranges import Range, Spread, sample, total_shares, turning_point

SURE = 0.9
"""Share of the scenarios from which on a verdict is given."""

SEARCH: Mapping[str, tuple[float, float]] = {
    "discount_rate": (0.0, 1.0),
    "hazard_per_year": (0.0, 1.0),
    "delay_months": (0.0, 240.0),
    "noi_margin": (0.0, 1.0),
    "rent_usd_per_it_mw_year": (0.0, 2e7),
    "hashprice_usd_per_ph_day": (0.0, 1_000.0),
    "fade_per_year": (0.0, 0.99),
    "power_price_usd_per_mwh": (0.0, 500.0),
    "host_capex_usd_per_it_mw": (0.0, 1e8),
    "overhead_usd_per_year": (0.0, 1e9),
    "net_debt_usd": (-5e9, 2e10),
    "exercised": (0.0, 1.0),
}
"""Between which values of an input a turning point is looked for, by the last word of its name."""


@dataclass(frozen=True, slots=True)
class Turn:
    """The value of one input at which the answer turns, all others at their likely value.

    Attributes:
        name: Input.
        likely: What it is thought to be.
        at: Where the answer turns; None when it does not within ``searched``.
        searched: Between which values.
    """

    name: str
    likely: float
    at: float | None
    searched: tuple[float, float]


@dataclass(frozen=True, slots=True)
class Choice:
    """The answer.

    Attributes:
        value_usd: Value per diluted share of each scenario, shape (n,) [USD].
        offer_usd: What the bid pays per share in each scenario, shape (n,) [USD].
        parts_usd: Value today of each part of the company [USD].
        without_options_usd: Value per share if no option is ever used [USD].
        backstop_usd: What a share gains by the guarantees and the warrants that pay for them; None without a guarantee.
        turns: What would turn the answer.
        shares_of_variance: Total Sobol share of each uncertain input in the value, largest first.
    """

    value_usd: Floats
    offer_usd: Floats
    parts_usd: Mapping[str, Spread]
    without_options_usd: Spread
    backstop_usd: Spread | None
    turns: tuple[Turn, ...]
    shares_of_variance: Mapping[str, float]

    @property
    def probability_above(self) -> float:
        """Share of the scenarios in which a share is worth more than the offer."""
        return float((self.value_usd > self.offer_usd).mean())

    @property
    def verdict(self) -> str:
        """What these ranges say."""
        if self.probability_above >= SURE:
            return "worth more than the bid"
        return "worth less than the bid" if 1 - self.probability_above >= SURE else "not decided by these ranges"


def choose(
    company: Company,
    bid: Bid,
    rng: np.random.Generator,
    *,
    bidder_usd: Range | None = None,
    scenarios: int = 10_000,
) -> Choice:
    """Value of keeping the company against the bid.

    Args:
        company: The company with the ranges of all inputs.
        bid: The bid.
        rng: Chance; the same state gives the same answer.
        bidder_usd: Price of the bidder's shares at closing, for a bid that pays in them.
        scenarios: Number of scenarios.
    """
    draw: dict[str, Floats | float] = {**sample(company.ranges(), scenarios, rng)}
    bidder = bidder_usd.at((rng.permutation(scenarios) + 0.5) / scenarios) if bidder_usd else None
    offer = np.broadcast_to(bid.usd_per_share(bidder), scenarios)
    parts, value = company.parts(draw), company.usd_per_share(draw)
    backed = any(one.backstop_usd for one in company.leases)
    unused = {f"{one.name} exercised": 0.0 for one in company.leases if one.firmness is Firmness.OPTIONAL}
    return Choice(
        value_usd=value,
        offer_usd=offer,
        parts_usd={name: Spread.of(value) for name, value in parts.items()},
        without_options_usd=Spread.of(company.usd_per_share(draw | unused)),
        backstop_usd=Spread.of(value - company.without_backstops().usd_per_share(draw)) if backed else None,
        turns=turns(company, float(bid.usd_per_share(bidder_usd.likely if bidder_usd else None))),
        shares_of_variance=shares_of_variance(company, rng),
    )


def turns(company: Company, offer_usd: float) -> tuple[Turn, ...]:
    """For every input that can be searched: where the value per share equals the offer, the others being likely."""
    likely, out = company.likely(), []
    for name, value in likely.items():
        searched = SEARCH.get(name.rsplit(maxsplit=1)[-1])
        if searched is None:
            continue

        def per_share(x: float, name: str = name) -> float:
            return float(company.usd_per_share(likely | {name: x}))

        out.append(Turn(name, value, turning_point(per_share, offer_usd, *searched), searched))
    return tuple(out)


def shares_of_variance(company: Company, rng: np.random.Generator, points: int = 256) -> dict[str, float]:
    """Total Sobol share of each uncertain input in the variance of the value per share, largest first."""
    fixed: dict[str, Floats | float] = {**company.likely()}
    return total_shares(lambda draw: company.usd_per_share({**fixed, **draw}), company.ranges(), rng, points)


@dataclass(frozen=True, slots=True)
class ContractAlone:
    """One contract against the price of a whole company: arithmetic, and no answer to whether to sell.

    Attributes:
        value_usd: Value of the contract at the rate asked [USD].
        price_usd: Price of the company it is compared with [USD].
        even_rate: Discount rate at which both are equal; None when there is none below 100 %.
        even_hazard_per_year: Hazard of the tenant at which both are equal at the rate asked, nobody following.
    """

    value_usd: float
    price_usd: float
    even_rate: float | None
    even_hazard_per_year: float | None
    label: str = "contract alone: before lost mining, tax, capital cost, debt and everything else the company owns"


def contract_alone(lease: Lease, price_usd: float, *, rate: float, periods_per_year: int = 1) -> ContractAlone:
    """Compare the value of one contract with a price, as the press does, and say what that leaves out."""

    def at_rate(r: float) -> float:
        return float(lease.value_usd(r, periods_per_year))

    def at_hazard(hazard: float) -> float:
        one = replace(lease, hazard_per_year=hazard, relet_fraction=0.0)
        return float(one.value_usd(rate, periods_per_year))

    return ContractAlone(
        value_usd=at_rate(rate),
        price_usd=price_usd,
        even_rate=turning_point(at_rate, price_usd, 0.0, 1.0),
        even_hazard_per_year=turning_point(at_hazard, price_usd, 0.0, 1.0),
    )
