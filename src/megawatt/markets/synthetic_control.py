"""Synthetic control: the mix of untouched assets that best copies the touched one before the event.

Weights are not negative and sum to one (Abadie, Diamond, Hainmueller 2010, JASA 105:493-505), so the copy lies inside what the
donors did. The sum is enforced by one heavily weighted row of the non-negative least squares. Inference by placebo: every
donor takes the place of the touched asset; the share with as large a ratio of errors after and before is the p-value.
"""

from dataclasses import dataclass

import numpy as np
from scipy.optimize import nnls

from megawatt.core.errors import InputError
from megawatt.core.series import Floats


@dataclass(frozen=True, slots=True, eq=False)
class SyntheticControl:
    """A copy and what it says.

    Attributes:
        weights: Weight of each donor, shape (k,).
        gap: Touched less copy on every row, shape (n,).
        error_before: Root mean squared gap before the event.
        error_after: The same after it.
        p_value: Share of assets (the touched one included) with as large a ratio after / before.
    """

    weights: Floats
    gap: Floats
    error_before: float
    error_after: float
    p_value: float


def synthetic_control(y: Floats, donors: Floats, event_row: int) -> SyntheticControl:
    """Copy ``y`` from ``donors`` on the rows before ``event_row``.

    Args:
        y: Shape (n,), finite.
        donors: Shape (n, k), finite.
        event_row: First row of the event.
    """
    if (
        donors.shape[:1] != y.shape
        or not 2 <= event_row < y.size
        or not np.isfinite(np.column_stack([y, donors])).all()
    ):
        raise InputError(
            f"{y.size} values, donors of shape {donors.shape}, the event on row {event_row}",
            "all are finite, two rows come before the event and one after",
            "Choose rows that have all series.",
        )
    weights = simplex_weights(y[:event_row], donors[:event_row])
    gap = y - donors @ weights
    own = _ratio(gap, event_row)
    ratios = [own]
    for j in range(donors.shape[1]) if donors.shape[1] > 1 else ():
        others = np.delete(donors, j, axis=1)
        stand_in = donors[:, j] - others @ simplex_weights(donors[:event_row, j], others[:event_row])
        ratios.append(_ratio(stand_in, event_row))
    p = float(np.mean(np.array(ratios) >= own))
    return SyntheticControl(weights, gap, _rms(gap[:event_row]), _rms(gap[event_row:]), p)


def simplex_weights(y: Floats, donors: Floats) -> Floats:
    """Weights w >= 0 with sum 1 that minimise |y - donors w|^2."""
    heavy = 1e5 * max(float(np.abs(donors).max()), 1e-300)
    stacked = np.vstack([donors, np.full(donors.shape[1], heavy)])
    weights, _ = nnls(stacked, np.append(y, heavy))
    return np.asarray(weights / weights.sum())


def _ratio(gap: Floats, event_row: int) -> float:
    return _rms(gap[event_row:]) / max(_rms(gap[:event_row]), 1e-300)


def _rms(values: Floats) -> float:
    return float(np.sqrt(np.mean(values**2)))
