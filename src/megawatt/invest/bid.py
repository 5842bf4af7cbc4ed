"""A takeover bid: what it pays per share, for how many shares, over which price, and whether the vote carried it.

The bridge: price per share x diluted shares = equity; + net debt + convertibles not converted = enterprise value; / MW. The
premium is a vector, one number per base: the same bid is 18, 21 and 55 % when measured on the last close, the Friday before
and the mean of three months.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.core.units import GrossMW, ItMW
from megawatt.invest.shares import Shares


@dataclass(frozen=True, slots=True)
class Stock:
    """Shares of the bidder as payment.

    With ``ratio`` alone the number of shares is fixed and the value moves with the bidder's price. With ``value_usd`` alone the
    value is fixed and the number moves. A collar bounds that number: it is set at the bidder's prices ``low_usd`` and
    ``high_usd``, outside of which the ratio stands still and the value moves again.

    Attributes:
        ratio: Bidder's shares per target share; 0 where the value is fixed.
        value_usd: Fixed value per target share; 0 where the ratio is fixed.
        low_usd: Bidder's price below which the ratio of a fixed value stops rising; 0 without a collar.
        high_usd: Bidder's price above which it stops falling; infinite without a collar.
    """

    ratio: float = 0.0
    value_usd: float = 0.0
    low_usd: float = 0.0
    high_usd: float = float("inf")

    def __post_init__(self) -> None:
        if (self.ratio > 0) == (self.value_usd > 0) or not 0 <= self.low_usd < self.high_usd:
            raise InputError(
                f"stock at a ratio of {self.ratio} and a value of {self.value_usd} USD, collar {self.low_usd}-{self.high_usd}",
                "either the ratio or the value is fixed, and a collar's low price is below its high one",
                "Give one of the two, as the merger agreement states it.",
            )
        if self.ratio > 0 and (self.low_usd > 0 or np.isfinite(self.high_usd)):
            raise InputError(
                "a collar on a fixed ratio", "a collar bounds a floating ratio", "Remove the collar or fix the value."
            )

    def ratio_at(self, bidder_usd: ArrayLike) -> Floats:
        """Bidder's shares per target share at a price of the bidder."""
        price = np.asarray(bidder_usd, dtype=np.float64)
        if self.ratio > 0:
            return np.full(price.shape, self.ratio)
        out: Floats = self.value_usd / np.clip(price, self.low_usd, self.high_usd)
        return out


@dataclass(frozen=True, slots=True)
class Bid:
    """An offer for all shares of a company.

    Attributes:
        bidder: Who offers.
        cash_usd: Cash per share [USD].
        stock: Shares of the bidder on top, if any.
        break_fee_usd: Paid when the agreement ends for the reasons it names [USD].
        bases_usd: Prices of the target that a premium is measured on, by name [USD/share].
    """

    bidder: str
    cash_usd: float = 0.0
    stock: Stock | None = None
    break_fee_usd: float = 0.0
    bases_usd: Mapping[str, float] = field(default_factory=dict)

    def __post_init__(self) -> None:
        if self.cash_usd < 0 or self.break_fee_usd < 0 or (self.cash_usd == 0 and self.stock is None):
            raise InputError(
                f"a bid of {self.cash_usd} USD in cash and {'some' if self.stock else 'no'} stock",
                "a bid pays something, and nothing it names is negative",
                "Give the cash per share, the stock, or both.",
            )

    def usd_per_share(self, bidder_usd: ArrayLike | None = None) -> Floats:
        """What a target share gets, cash and stock [USD], the shape of ``bidder_usd``.

        Raises:
            InputError: The bid pays in stock and no price of the bidder was given.
        """
        if self.stock is None:
            return np.full(np.shape(bidder_usd if bidder_usd is not None else 0.0), self.cash_usd)
        if bidder_usd is None:
            raise InputError(
                f"the bid of {self.bidder!r} pays in its own stock",
                "its value needs that stock's price",
                "Give a price.",
            )
        out: Floats = self.cash_usd + self.stock.ratio_at(bidder_usd) * np.asarray(bidder_usd, dtype=np.float64)
        return out

    def premiums(self, bidder_usd: float | None = None) -> dict[str, float]:
        """Premium over each base: price / base - 1."""
        offer = float(self.usd_per_share(bidder_usd))
        return {name: offer / base - 1 for name, base in self.bases_usd.items()}


@dataclass(frozen=True, slots=True)
class Bridge:
    """From a price per share to dollars per megawatt.

    Attributes:
        usd_per_share: The offer.
        basic: Basic shares.
        diluted: Diluted shares at the offer.
        net_debt_usd: Debt less cash, without convertibles [USD].
        unconverted_usd: Convertibles that stay debt at the offer [USD].
    """

    usd_per_share: float
    basic: float
    diluted: float
    net_debt_usd: float
    unconverted_usd: float

    @property
    def basic_equity_usd(self) -> float:
        """Price x basic shares: the smaller of the two headlines [USD]."""
        return self.usd_per_share * self.basic

    @property
    def equity_usd(self) -> float:
        """Price x diluted shares [USD]."""
        return self.usd_per_share * self.diluted

    @property
    def enterprise_usd(self) -> float:
        """What the bidder pays and takes over [USD]."""
        return self.equity_usd + self.net_debt_usd + self.unconverted_usd

    def enterprise_usd_per_mw(self, power: GrossMW | ItMW) -> float:
        """Enterprise value per MW of the kind that was given [USD/MW]: never compare one kind with the other."""
        return self.enterprise_usd / power.mw


def bridge(usd_per_share: float, shares: Shares, net_debt_usd: float) -> Bridge:
    """All steps of the bridge at one price."""
    return Bridge(
        usd_per_share=usd_per_share,
        basic=shares.basic,
        diluted=float(shares.diluted(usd_per_share)),
        net_debt_usd=net_debt_usd,
        unconverted_usd=float(shares.unconverted_usd(usd_per_share)),
    )


def shares_of_headline(equity_usd: float, usd_per_share: float) -> float:
    """The share count that a headline rests on: equity / price. Compare it with the basic count before two bids."""
    return equity_usd / usd_per_share


class Majority(StrEnum):
    """What a majority is counted of."""

    OUTSTANDING = "outstanding"
    CAST = "cast"


@dataclass(frozen=True, slots=True)
class Vote:
    """The holders' vote on a bid.

    Attributes:
        votes_for: Shares for.
        votes_against: Shares against.
        abstained: Shares present that abstained.
        outstanding: Shares that could vote.
        majority: What a majority is counted of; under OUTSTANDING an absent share counts as a no.
    """

    votes_for: float
    votes_against: float
    abstained: float
    outstanding: float
    majority: Majority = Majority.OUTSTANDING

    def __post_init__(self) -> None:
        if not 0 < self.present <= self.outstanding:
            raise InputError(
                f"{self.present:,.0f} shares present of {self.outstanding:,.0f}",
                "some are present, and not more than there are",
                "Check the counts.",
            )

    @classmethod
    def of_quorum(cls, votes_for: float, votes_against: float, abstained: float, present_fraction: float) -> "Vote":
        """A vote whose outstanding count follows from the share of it that was present."""
        return cls(votes_for, votes_against, abstained, (votes_for + votes_against + abstained) / present_fraction)

    @property
    def present(self) -> float:
        """Shares at the meeting, the quorum's count."""
        return self.votes_for + self.votes_against + self.abstained

    @property
    def for_fraction(self) -> float:
        """Votes for, as a share of what the majority is counted of."""
        return self.votes_for / self._whole

    @property
    def needed(self) -> float:
        """More votes for than this carry the bid."""
        return self._whole / 2

    @property
    def carried(self) -> bool:
        """Whether the bid was accepted."""
        return self.votes_for > self.needed

    @property
    def _whole(self) -> float:
        return self.outstanding if self.majority is Majority.OUTSTANDING else self.votes_for + self.votes_against
