"""Energy: what is drawn at spot, and the fixed-price block as a position beside it.

A block of fixed-price energy is a *position, not a load*: with resale at spot it pays h x Q x (price - fixed) whatever
the site draws, so it never changes what the site should do. Only a resale spread or a resale ban ties it to the meter.

Signs: a cost is a positive number in the functions named ``..._cost_usd``; a position is money received (positive) or
paid (negative). The energy bill of a site is ``spot_cost_usd - sum of position_usd``.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError

Floats = NDArray[np.float64]


class Resale(StrEnum):
    """What may happen to block energy that the site does not draw."""

    FREE = "free"
    SPREAD = "spread"
    FORBIDDEN = "forbidden"


@dataclass(frozen=True, slots=True)
class EnergyBlock:
    """A take-or-pay block of energy at a fixed price, the same power in every interval.

    Attributes:
        block_mw: Power of the block at the meter, Q [MW].
        price_usd_per_mwh: Fixed price [USD/MWh], owed on the whole block in every interval.
        settlement_point: Where the block is delivered and resold, for example ``"HB_WEST"``. When the load settles
            elsewhere, the difference of the two prices stays with the site: basis risk.
        resale: free = unused energy is sold at the block's price; spread = sold at that price less the spread;
            forbidden = it is not taken, and nothing is received or paid for it at spot.
        spread_usd_per_mwh: Cost of selling unused energy [USD/MWh], only with ``resale = spread``.
    """

    block_mw: float
    price_usd_per_mwh: float
    settlement_point: str
    resale: Resale = Resale.FREE
    spread_usd_per_mwh: float = 0.0

    def __post_init__(self) -> None:
        if not self.block_mw > 0:
            raise InputError(
                f"an energy block of {self.block_mw} MW", "a block delivers power", "Write a positive block_mw."
            )
        if not self.spread_usd_per_mwh >= 0:
            raise InputError(
                f"a resale spread of {self.spread_usd_per_mwh} USD/MWh",
                "a spread is a cost of selling, so it is not negative",
                "Write 0 or more.",
            )
        if self.spread_usd_per_mwh and self.resale is not Resale.SPREAD:
            raise InputError(
                f"a resale spread of {self.spread_usd_per_mwh} USD/MWh with resale = {self.resale.value}",
                "only resale = spread has one",
                "Write resale = 'spread' or leave the spread out.",
            )

    def unused_mw(self, meter_mw: Floats, below_mw: float = 0.0) -> Floats:
        """Block power that the site does not draw [MW], shape (T,).

        Args:
            meter_mw: Power drawn at the meter, shape (T,) [MW].
            below_mw: Power of the blocks that are used up before this one [MW]; blocks stack in the order in which
                the site lists them.
        """
        unused: Floats = np.clip(below_mw + self.block_mw - meter_mw, 0.0, self.block_mw)
        return unused

    def resale_loss_usd(
        self, meter_mw: Floats, price_usd_per_mwh: Floats, hours: float, below_mw: float = 0.0
    ) -> Floats:
        """What is lost against free resale, per interval [USD], shape (T,).

        spread: h x spread x unused. forbidden: h x price x unused, for either sign of the price. Below zero this
        "loss" is a gain: block energy that would have cost money to place at spot is simply not taken. The fixed
        price stays owed on the whole block in every case.
        """
        unused = self.unused_mw(meter_mw, below_mw)
        if self.resale is Resale.FREE:
            return np.zeros_like(unused)
        per_mwh = self.spread_usd_per_mwh if self.resale is Resale.SPREAD else price_usd_per_mwh
        loss: Floats = hours * per_mwh * unused
        return loss

    def position_usd(self, meter_mw: Floats, price_usd_per_mwh: Floats, hours: float, below_mw: float = 0.0) -> Floats:
        """Money the block brings per interval [USD], shape (T,): h x Q x (price - fixed) - resale loss.

        Args:
            meter_mw: Power drawn at the meter, shape (T,) [MW].
            price_usd_per_mwh: Price at the block's settlement point, shape (T,) [USD/MWh].
            hours: Length of an interval, h.
            below_mw: Power of the blocks used up before this one [MW].
        """
        free = hours * self.block_mw * (price_usd_per_mwh - self.price_usd_per_mwh)
        position: Floats = free - self.resale_loss_usd(meter_mw, price_usd_per_mwh, hours, below_mw)
        return position

    def discount_below_usd_per_mwh(self, price_usd_per_mwh: Floats) -> Floats:
        """How much cheaper than spot a drawn MWh is while the block is not used up [USD/MWh], shape (T,).

        The slope a solver needs: drawing one MWh more costs ``load price - discount`` below the block's power and
        ``load price`` above it. The cost is convex in the meter power where the discount is not negative, that is
        always but for a resale ban at a negative price.
        """
        if self.resale is Resale.FORBIDDEN:
            return price_usd_per_mwh
        return np.full_like(price_usd_per_mwh, self.spread_usd_per_mwh)


def spot_cost_usd(
    meter_mw: Floats, price_usd_per_mwh: Floats, hours: float, adder_usd_per_mwh: Floats | float = 0.0
) -> Floats:
    """Cost of drawing ``meter_mw`` at spot per interval [USD]: h x meter MW x (price + adder), shape (T,).

    Args:
        meter_mw: Power at the meter, PUE and losses included, shape (T,) [MW].
        price_usd_per_mwh: Price at the settlement point of the load, shape (T,) [USD/MWh].
        hours: Length of an interval, h.
        adder_usd_per_mwh: Delivery charges, fees and taxes per MWh drawn, scalar or shape (T,) [USD/MWh].
    """
    cost: Floats = hours * meter_mw * (price_usd_per_mwh + adder_usd_per_mwh)
    return cost


def positions_usd(
    blocks: tuple[EnergyBlock, ...], meter_mw: Floats, prices_usd_per_mwh: tuple[Floats, ...], hours: float
) -> Floats:
    """Money of several stacked blocks per interval [USD], shape (len(blocks), T).

    Args:
        blocks: Blocks in the order in which the site draws on them.
        meter_mw: Power at the meter, shape (T,) [MW].
        prices_usd_per_mwh: Price at each block's settlement point, each of shape (T,) [USD/MWh].
        hours: Length of an interval, h.
    """
    out = np.zeros((len(blocks), len(meter_mw)))
    below_mw = 0.0
    for row, (block, price) in enumerate(zip(blocks, prices_usd_per_mwh, strict=True)):
        out[row] = block.position_usd(meter_mw, price, hours, below_mw)
        below_mw += block.block_mw
    return out
