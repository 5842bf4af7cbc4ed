"""Pieces of every month's billed peak that may still hold a better plan, and why the others cannot."""

from dataclasses import dataclass
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from megawatt.dispatch.certificate import Certificate, Exclusion, Piece, Prices
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.peaks import LEAST_MW, whole_range
from megawatt.dispatch.problem import Floats, PeakCharge

SAME_MW = 1e-6
"""Peaks that differ by less are one [MW]."""

GROWTH = 1.5
"""Factor by which the pieces become wider away from the plan's own peak."""

TOWARDS_OWN = 0.25
"""Where a piece that begins at the plan's own peak is parted: what holds a better plan is mostly near it."""


@dataclass(slots=True)
class OpenPeaks:
    """Pieces under way.

    Attributes:
        charge: The demand charge, None where there is none.
        pieces: Open pieces of each month, from high to low.
        exclusions: All others.
        own_mw: Peaks of the plan at hand, shape (M,) [MW].
    """

    charge: PeakCharge | None
    pieces: list[list[Piece]]
    exclusions: list[Exclusion]
    own_mw: Floats

    def width_usd(self, m: int, piece: Piece) -> float:
        """What the charge of a piece's largest peak is above what the bound assumes [USD]."""
        if self.charge is None or piece.most_mw - piece.least_mw <= LEAST_MW:
            return 0.0
        return float(self.charge.usd_per_mw_month[m] * max(piece.most_mw, self.charge.floor_mw[m])) - piece.usd

    def exclude(self, bounds: list[Floats], goal_usd: float, prices: Prices) -> None:
        """Drop the pieces that some prices show to hold nothing better than the plan.

        Args:
            bounds: Bound of each piece of each month [USD].
            goal_usd: Value of the plan [USD].
            prices: The prices.
        """
        for m, here in enumerate(bounds):
            stays = here > goal_usd
            if not stays.any():
                stays[int(np.argmax(here))] = True
            gone = _joined(self.pieces[m], here, stays, goal_usd)
            if gone:
                self.exclusions.append(Exclusion(prices, m, gone))
                self.pieces[m] = [piece for piece, stay in zip(self.pieces[m], stays, strict=True) if stay]

    def part(self, held: list[Piece], loss_usd: float) -> None:
        """Part pieces whose width costs the bound more than their month's share of a loss.

        Args:
            held: A piece of each month; one that is no longer open stays as it is.
            loss_usd: That loss, of all months together [USD].
        """
        for m, piece in enumerate(held):
            at = next((k for k, one in enumerate(self.pieces[m]) if one is piece), None)
            if at is not None and self.width_usd(m, piece) > loss_usd / len(held):
                self.pieces[m][at : at + 1] = self._parts(m, piece)

    def _parts(self, m: int, piece: Piece) -> list[Piece]:
        """A piece in two, from high to low: parted at the plan's own peak, near to it, or in the middle."""
        if self.charge is None:
            return [piece]
        low, high, own = max(piece.least_mw, float(self.charge.floor_mw[m])), piece.most_mw, float(self.own_mw[m])
        share = 0.5
        if low + SAME_MW < own < high - SAME_MW:
            share = (own - low) / (high - low)
        elif abs(own - low) <= SAME_MW:
            share = TOWARDS_OWN
        elif abs(own - high) <= SAME_MW:
            share = 1 - TOWARDS_OWN
        at = low + share * (high - low)
        return [Piece(at, high, float(self.charge.usd_per_mw_month[m] * at)), Piece(piece.least_mw, at, piece.usd)]


def _joined(pieces: list[Piece], bounds: Floats, stays: NDArray[np.bool_], goal_usd: float) -> tuple[Piece, ...]:
    """The pieces that go, neighbours as one where that is bounded as low: with the room of the first and the cost of the last."""
    gone: list[Piece] = []
    first, last = -2, -2
    for q in np.flatnonzero(~stays).tolist():
        if q == last + 1 and bounds[first] + pieces[first].usd - pieces[q].usd <= goal_usd:
            gone[-1] = Piece(pieces[q].least_mw, pieces[first].most_mw, pieces[q].usd)
        else:
            first = q
            gone.append(pieces[q])
        last = q
    return tuple(gone)


def open_peaks(split: Split, own_mw: Floats, before: Certificate | None, width_usd: float = np.inf) -> OpenPeaks:
    """The peaks on both sides of the plan's own, or the pieces that a certificate left open.

    The further a peak is from the plan's own, the more it mostly loses, and the wider is its piece.

    Args:
        split: The prepared problem.
        own_mw: Peaks of the plan at hand, shape (M,) [MW].
        before: A certificate of this plan or a worse one.
        width_usd: What the charges of all months may differ within the pieces at the plan's own peaks [USD].
    """
    charge = split.problem.peaks[0] if split.problem.peaks else None
    if before is not None:
        return OpenPeaks(charge, [list(cut) for cut in before.pieces], list(before.exclusions), own_mw)
    if charge is None:
        return OpenPeaks(charge, [[Piece(0.0, np.inf, 0.0)]], [], own_mw)
    pieces = [
        [*_apart(cut[0], float(own), float(price), width_usd / len(own_mw)), *cut[1:]]
        for cut, own, price in zip(whole_range(split), own_mw, charge.usd_per_mw_month, strict=True)
    ]
    return OpenPeaks(charge, pieces, [], own_mw)


def _apart(piece: Piece, own_mw: float, usd_per_mw: float, width_usd: float) -> list[Piece]:
    """A piece parted on both sides of a peak, at widths that grow from one that costs ``width_usd`` on, from high to low."""
    if width_usd >= usd_per_mw * (piece.most_mw - piece.least_mw):
        return [piece]
    width, away = max(width_usd / usd_per_mw, LEAST_MW), [0.0]
    while away[-1] < piece.most_mw - piece.least_mw:
        away.append(width + GROWTH * away[-1])
    at = np.concatenate((own_mw - np.array(away), own_mw + np.array(away)))
    inside = np.unique(at[(at > piece.least_mw + width / 2) & (at < piece.most_mw - width / 2)])[::-1]
    edges = [piece.most_mw, *inside.tolist(), piece.least_mw]
    return [Piece(a, b, max(piece.usd, usd_per_mw * a)) for b, a in pairwise(edges)]
