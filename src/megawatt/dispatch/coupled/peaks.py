"""Billed peaks: between which values they lie."""

import numpy as np

from megawatt.dispatch.certificate import Piece
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.ledger import measured_mw
from megawatt.dispatch.problem import Floats

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


def whole_range(split: Split) -> list[list[Piece]]:
    """All peaks of every month as two pieces: those that loads that cannot stop may leave possible, and those below.

    With a ratchet or a second charge the pieces ask no more than what this charge costs in the month itself, which is
    a valid lower limit of the whole.
    """
    charge, top, low = split.problem.peaks[0], highest_mw(split), lowest_mw(split)
    price, floor = charge.usd_per_mw_month, charge.floor_mw
    return [
        [
            Piece(float(a), max(float(a), float(b)), float(d * max(a, f))),
            Piece(0.0, float(a), float(d * f)),
        ]
        for a, b, d, f in zip(low, top, price, floor, strict=True)
    ]
