"""How much must be sold forward so that debt is covered in nearly all paths: the smallest share, exactly.

Cover of every window of months is linear in the share h that is hedged: (cash + h x settlement) / service >= x is, for each path, an
interval of h. So the share of paths that are covered is a step function of h whose steps are ends of those intervals, and its first
h is found by sorting them: no search that a function without order could mislead.
"""

from dataclasses import dataclass

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.project_debt import MONTHS, trailing


@dataclass(frozen=True, slots=True)
class Hedge:
    """The answer.

    Attributes:
        share: Smallest share sold forward that does; None when none does.
        covered_fraction: Share of the paths covered with it (without an answer: the most that any share reaches).
        best_share: Share at which most paths are covered.
        unhedged_fraction: Share of the paths covered without a hedge.
        reason: Why there is none, or what the answer rests on.
    """

    share: float | None
    covered_fraction: float
    best_share: float
    unhedged_fraction: float
    reason: str


def least_hedge(
    cfads_usd: Floats,
    settled_usd: Floats,
    service_usd: Floats,
    *,
    dscr: float,
    sure: float = 0.95,
    window: int = MONTHS,
) -> Hedge:
    """Smallest share in [0, 1] with which the cover of every window is at least ``dscr`` on a share ``sure`` of the paths.

    Args:
        cfads_usd: Cash available for debt service without a hedge, shape (paths, months) [USD].
        settled_usd: What the forwards would bring at a share of 1, same shape [USD]; after tax where the cash is.
        service_usd: Debt service, same shape [USD].
        dscr: Cover that must be kept.
        sure: Share of the paths that must keep it.
        window: Months over which cover is measured.
    """
    if not (cfads_usd.shape == settled_usd.shape == service_usd.shape and 0 < sure <= 1 and dscr > 0):
        raise InputError(
            f"arrays of {cfads_usd.shape}, {settled_usd.shape}, {service_usd.shape}, a cover of {dscr} in {sure}",
            "the arrays have one shape, the cover is positive and the share a fraction",
            "Cut all to the same paths and months.",
        )
    low, high = _intervals(cfads_usd, settled_usd, service_usd, dscr, window)
    opens, closes = np.sort(low[low <= high]), np.sort(high[low <= high])
    ends = np.unique(np.concatenate([[0.0], opens]))
    covered = (np.searchsorted(opens, ends, side="right") - np.searchsorted(closes, ends)) / len(low)
    enough = np.flatnonzero(covered >= sure - 1e-12)
    best = int(np.argmax(covered))
    if len(enough):
        share, at = float(ends[enough[0]]), float(covered[enough[0]])
        return Hedge(share, at, float(ends[best]), float(covered[0]), "cover is linear in the share: none smaller does")
    reason = (
        f"no share of the hash rate sold forward keeps the cover at {dscr:g} in {100 * sure:.0f} % of the paths: the most is "
        f"{100 * covered[best]:.0f} %, at a share of {100 * ends[best]:.0f} %; the rest fails on what the forward does not pay for"
    )
    return Hedge(None, float(covered[best]), float(ends[best]), float(covered[0]), reason)


def _intervals(cash: Floats, settled: Floats, service: Floats, dscr: float, window: int) -> tuple[Floats, Floats]:
    """Smallest and largest share of each path in [0, 1] at which all its windows are covered; smallest > largest where none."""
    due = trailing(service, window)
    tested = trailing((service > 0).astype(np.float64), window) >= window
    lacks = np.where(tested, dscr * due - trailing(cash, window), -np.inf)
    slope = np.where(tested, trailing(settled, window), 0.0)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = lacks / slope
    low = np.where(slope > 0, at, -np.inf).max(axis=1)
    high = np.where(slope < 0, at, np.inf).min(axis=1)
    never = ((slope == 0) & (lacks > 0)).any(axis=1)
    return np.where(never, np.inf, np.maximum(low, 0.0)), np.where(never, -np.inf, np.minimum(high, 1.0))
