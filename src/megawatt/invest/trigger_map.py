"""Where a learned policy signs: the plane of rent and hashprice in one month, as far as scenarios reached.

A regression says something about every point of the plane, and something sensible only where it saw scenarios; outside their
range a point counts as not reached.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.conversion import Block, Conversion, lease_usd_per_mw
from megawatt.invest.scenarios import Scenarios

REACHED = (0.01, 0.99)
"""Quantiles of the scenarios between which a map is drawn."""
FEW = 3
"""Scenarios around a point without which the policy knows nothing there."""


@dataclass(frozen=True, slots=True)
class TriggerMap:
    """Decisions on a grid.

    Attributes:
        month: Months from today.
        rent_usd_per_kw_month: Shape (rents,).
        hashprice_usd_per_ph_day: Shape (hashprices,).
        signs: Whether the policy signs, shape (rents, hashprices).
        reached: Whether scenarios came near enough for the policy to know, same shape.
    """

    month: int
    rent_usd_per_kw_month: Floats
    hashprice_usd_per_ph_day: Floats
    signs: NDArray[np.bool_]
    reached: NDArray[np.bool_]


def trigger_map(
    block: Block, found: Conversion, scenarios: Scenarios, *, rate: float, month: int, points: int = 20
) -> TriggerMap:
    """Ask the learned policy on a grid, with the level of power prices in the middle of its scenarios.

    Args:
        block: The block.
        found: Its conversion; its policy must be a learned one.
        scenarios: Those it was learned on.
        rate: Yearly discount rate.
        month: Month of the decision.
        points: Points of either axis.

    Raises:
        InputError: A rule without an option is the advice, or the policy does not decide in that month.
    """
    policy = found.policy
    if policy is None or not 0 <= month < len(policy.coefficients) - 1:
        raise InputError(
            f"a map of month {month} of {'no learned policy' if policy is None else 'the policy'}",
            "a learned policy decides in the months before its last date",
            "Choose a month in which a lease may be signed.",
        )
    half = len(scenarios.power_usd_per_mwh) // 2
    known = (scenarios.network.hashprice_usd_per_ph_day, scenarios.lease_usd_per_kw_month)
    ends = [np.quantile(one[:half, month], REACHED) for one in known]
    hashprice, rent = (np.linspace(float(low), float(high), points) for low, high in ends)
    level = float(np.log(np.median(scenarios.power_level[:half, month])))
    grid_rent, grid_hashprice = np.meshgrid(rent, hashprice, indexing="ij")
    states = np.stack(
        [np.log(grid_hashprice).ravel(), np.log(grid_rent).ravel(), np.full(grid_rent.size, level)], axis=1
    )
    reward = lease_usd_per_mw(block, grid_rent.ravel(), rate)
    signs = reward >= policy.continuation(month, states)
    reached = _reached(scenarios.lease_usd_per_kw_month[:half, month], known[0][:half, month], rent, hashprice)
    return TriggerMap(month, rent, hashprice, signs.reshape(grid_rent.shape), reached)


def _reached(rents: Floats, hashprices: Floats, rent: Floats, hashprice: Floats) -> NDArray[np.bool_]:
    """Points of the grid that have at least ``FEW`` scenarios in their own or a neighbouring cell."""
    edges = [
        np.concatenate([[one[0] - (one[1] - one[0]) / 2], (one[1:] + one[:-1]) / 2, [one[-1] + (one[1] - one[0]) / 2]])
        for one in (rent, hashprice)
    ]
    counts = np.pad(np.histogram2d(rents, hashprices, bins=edges)[0], 1)
    around = sum(counts[i : i + len(rent), j : j + len(hashprice)] for i in range(3) for j in range(3))
    out: NDArray[np.bool_] = np.asarray(around) >= FEW
    return out
