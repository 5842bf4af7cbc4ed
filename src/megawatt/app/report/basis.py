"""The basis: a fixed-price block is delivered at one point, the load pays the price of another."""

from dataclasses import dataclass

import numpy as np

from megawatt.app import words
from megawatt.app.decision import Decision
from megawatt.power.window import Window


@dataclass(frozen=True, slots=True)
class Basis:
    """Difference between the load's price and the block's price over a block's energy.

    Attributes:
        block: Name of the block.
        block_point: Where it is delivered.
        load_point: Where the load settles.
        mwh: Energy of the block in the covered intervals of its validity.
        block_usd_per_mwh: Mean price at the block's point.
        load_usd_per_mwh: Mean price at the load's point.
    """

    block: str
    block_point: str
    load_point: str
    mwh: float
    block_usd_per_mwh: float
    load_usd_per_mwh: float

    @property
    def usd(self) -> float:
        """What the block does not hedge: minus energy x (load's price - block's price) [USD]."""
        return -self.mwh * (self.load_usd_per_mwh - self.block_usd_per_mwh)

    @property
    def sentence(self) -> str:
        """The line of the report."""
        if self.block_point == self.load_point:
            return f"{self.block} is delivered at {self.load_point}, where the load settles: there is no basis."
        gap = self.load_usd_per_mwh - self.block_usd_per_mwh
        return (
            f"{self.block} is delivered at {self.block_point} (mean {words.number(self.block_usd_per_mwh)} USD/MWh), the load "
            f"pays {self.load_point} (mean {words.number(self.load_usd_per_mwh)} USD/MWh): {words.whole(self.mwh)} MWh × "
            f"{words.number(gap)} USD/MWh = {words.usd(abs(self.usd))} {'against' if self.usd < 0 else 'for'} the site "
            "that the block does not hedge. It is part of the energy cost above, not an extra cost."
        )


def bases(decision: Decision) -> list[Basis]:
    """The basis of every block that is valid in the period."""
    case = decision.case
    problem, point = case.problem, case.site.connection.load_settlement_point
    out = []
    for block, position in zip(case.site.energies, problem.positions, strict=True):
        window = Window(case.site.connection.timezone, valid_from=block.valid_from, valid_to=block.valid_to)
        counts = np.asarray(window.mask(problem.grid) & case.covered)
        if counts.any():
            mwh = float(counts.sum()) * problem.grid.hours * block.block_mw
            there, here = (float(p[counts].mean()) for p in (position.price_usd_per_mwh, problem.price_usd_per_mwh))
            out.append(Basis(block.name, block.settlement_point, point, mwh, there, here))
    return out
