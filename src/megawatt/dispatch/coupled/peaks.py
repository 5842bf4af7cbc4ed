"""Billed peaks: which values are worth trying, and how to cut their range into pieces."""

from itertools import pairwise

import numpy as np

from megawatt.dispatch.certificate import Piece
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.ledger import measured_mw
from megawatt.dispatch.problem import Floats, PeakCharge

LEAST_MW = 1e-4
"""Width of the narrowest pieces at least, so that they are few whatever gap is asked for [MW]."""


def highest_mw(split: Split) -> Floats:
    """Highest peak that each month can see, shape (M,) [MW]."""
    problem = split.problem
    charge = problem.peaks[0]
    return measured_mw(charge, np.minimum(problem.limit_mw, problem.largest_mw))


def lowest_mw(split: Split) -> Floats:
    """Peak below which no month can stay or is paid less, shape (M,) [MW]."""
    charge = split.problem.peaks[0]
    return np.maximum(measured_mw(charge, split.problem.firm_mw), charge.floor_mw)


def pieces_around(split: Split, peaks_mw: Floats, loss_usd: float, growth: float = 1.7) -> list[list[Piece]]:
    """All peaks of every month as pieces, narrow around the given ones and wider with distance, from high to low.

    The narrowest pieces of all months together cost the bound ``loss_usd``.

    With a ratchet or a second charge the pieces ask no more than what this charge costs in the month itself, which is
    a valid lower limit of the whole.
    """
    charge = split.problem.peaks[0]
    top, low = highest_mw(split), lowest_mw(split)
    width = np.maximum(loss_usd / len(top) / np.maximum(charge.usd_per_mw_month, 1e-9), LEAST_MW)
    return [
        _pieces(charge, m, float(np.clip(peaks_mw[m], low[m], max(top[m], low[m]))), low[m], top[m], width[m], growth)
        for m in range(len(top))
    ]


def _pieces(charge: PeakCharge, m: int, at: float, low: float, top: float, width: float, growth: float) -> list[Piece]:
    edges, step, x = [at], width, at
    while x < top:
        x = min(top, x + step)
        edges.insert(0, x)
        step *= growth
    step, x = width, at
    while x > low:
        x = max(low, x - step)
        edges.append(x)
        step *= growth
    price, floor = charge.usd_per_mw_month[m], charge.floor_mw[m]
    found = [Piece(b, a, price * max(b, floor)) for a, b in pairwise(edges)]
    return [*found, Piece(0.0, edges[-1], price * floor)]
