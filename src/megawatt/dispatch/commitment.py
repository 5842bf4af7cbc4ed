"""What to commit before the day-ahead auction: energy against the real-time price, and megawatts that stand by.

Offers are due at 10:00 market time on the day before; energy prices and awards are known at 13:30. A load of running
value v [USD/MWh], that would run where ``runs`` says without any commitment, chooses for each hour of the next day:

*Energy.* q MW bought at the day-ahead price d are settled against the real-time price p and bring q (p - d) per hour,
sold ones q (d - p). What the load then does depends on p alone: the position is none of its business, so the two choices
separate. The position is held within 0 and the load's consumption: it buys ahead what it may use and bets no further.

*Reserve.* 1 MW awarded at the clearing price a must run through the hour so that it can be called off. Against what it
would have done that costs, mean over the hour's intervals,

    k = (v - p) (runs - 1) + call (v - p)                          [USD/MW per h]

running through intervals in which it would have stopped, and the share ``call`` that is called off while it would have
earned; a call in a spike is a gain. The award brings a - k. Awards are hourly, the load has no start-up cost and its
dwell times are shorter than an hour: then hours separate too, and so do megawatts.

*The price of an offer.* With an offer at price b the award is given in the outcomes in which the auction clears at
a >= b. The expected gain of 1 MW is

    G(b) = E[(a - k) 1{a >= b}],      G'(b) = -f(b) (b - E[k | a = b]),

so at the best price offering is a matter of indifference: b = E[k | a = b], the mean cost of standing by *in the hours that
clear just there*, which is above the plain mean where prices of reserve and energy rise together. An offer with a price may use
what only the auction knows: it is non-anticipative, for b is named before. On scenarios s with weights w, G changes
only at the scenarios' prices, so `offer_price` finds the best b exactly, by a running sum over them in order of price. A
purchase of energy is an offer to sell at the price -d what costs -p; a sale one of d that costs p.

*Quantity alone.* An offer at any price (b = 0) is made where E[a - k] > 0. It needs one mean where the priced offer needs
the whole dependence of k on a: on fourteen scenarios an hour the second is fitted to noise, and lost to the first in eight of nine
pairs of product and break-even on March to June 2024. So the backtest's forecast offers by quantity.

A load may stand in one programme at a time: `assign` gives each block of load to the best programme that exclusions and
least offers allow.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.power.programme import Programme, exclusions_broken

Bools = NDArray[np.bool_]
Ints = NDArray[np.int64]


def stand_by_cost_usd_per_mw_h(margin_usd_per_mwh: Floats, runs: Bools, call_probability: float) -> Floats:
    """k: what 1 MW that must run through the hour loses against what it would have done, shape (hours,) [USD/MW per h].

    Args:
        margin_usd_per_mwh: v - p in each interval of each hour, shape (hours, intervals per hour).
        runs: Whether the load would have run without an award, same shape.
        call_probability: Share of the award that is called off.
    """
    cost: Floats = (margin_usd_per_mwh * (runs - 1.0 + call_probability)).mean(axis=1)
    return cost


def offer_price(clearing: Floats, cost: Floats, weight: Floats | None = None) -> float:
    """The price at which an offer has the largest expected gain over the scenarios; infinite where it is none at all.

    Args:
        clearing: Clearing price of each scenario, shape (S,).
        cost: What the award costs in it, shape (S,).
        weight: Weights, shape (S,); equal by default.

    Returns:
        A clearing price of the scenarios, the lowest of the best: at a tie the award is taken.

    Raises:
        InputError: A value is missing, or a weight negative.
    """
    weight = np.ones(len(clearing)) if weight is None else weight
    if not (np.isfinite(clearing).all() and np.isfinite(cost).all() and (weight >= 0).all()):
        raise InputError(
            f"{int((~np.isfinite(clearing + cost)).sum())} of {len(clearing)} scenarios with a missing price or cost",
            "an offer is priced on whole scenarios of weight 0 or more",
            "Leave out the others.",
        )
    prices, first = np.unique(-clearing, return_inverse=True)  # falling prices; equal ones clear together
    gain = np.cumsum(np.bincount(first, weights=weight * (clearing - cost), minlength=len(prices)))
    if not len(gain) or gain.max() < 0:
        return float("inf")
    return float(-prices[len(gain) - 1 - int(np.argmax(gain[::-1]))])


def expected_gain(clearing: Floats, cost: Floats, price: float, weight: Floats | None = None) -> float:
    """G(b): expected gain per MW of an offer at a price [USD/MW per h]; arguments as for `offer_price`."""
    weight = np.ones(len(clearing)) if weight is None else weight
    return float(np.sum(weight * (clearing - cost) * (clearing >= price)) / np.sum(weight))


def purchase_price(day_ahead: Floats, real_time: Floats, weight: Floats | None = None) -> float:
    """The highest day-ahead price at which to buy ahead, minus infinity where never [USD/MWh]; shapes (S,)."""
    return -offer_price(-day_ahead, -real_time, weight)


def assign(
    gain_usd_per_mw_h: Floats, block_mw: Floats, standing_usd_per_mw_h: Floats, programmes: Sequence[Programme]
) -> Ints:
    """The programme in which each block of load stands in each hour, shape (blocks, hours); -1 where in none.

    A block gives ``share_fraction`` of its power to a programme and must run with all of it, so it brings

        power x (share x expected gain of an award - cost of standing by)                    [USD/h].

    Every set of programmes that do not exclude one another is tried, each block in its best of the set; a set in which a
    programme stays below its least offer counts without it. A block is not moved to its second best to help that one.

    Args:
        gain_usd_per_mw_h: Expected price plus call result per MW awarded, shape (programmes, hours); NaN: not offered.
        block_mw: Power of each block, shape (blocks, hours) [MW].
        standing_usd_per_mw_h: Expected cost of running through the hour, without calls, per MW, (blocks, hours).
        programmes: The programmes.
    """
    blocks, hours = block_mw.shape
    gain = np.nan_to_num(gain_usd_per_mw_h, nan=-np.inf)
    cost = np.nan_to_num(standing_usd_per_mw_h, nan=np.inf)
    best, worth = np.full((blocks, hours), -1, dtype=np.int64), np.zeros(hours)
    for chosen in _compatible(programmes):
        value = np.stack([programmes[k].share_fraction * gain[k] - cost for k in chosen])
        at, most = value.argmax(axis=0), value.max(axis=0)
        choice = np.where((most > 0) & (block_mw > 0), np.array(chosen)[at], -1)
        for k in chosen:
            offered = programmes[k].share_fraction * np.where(choice == k, block_mw, 0.0).sum(axis=0)
            choice[(choice == k) & (offered < programmes[k].min_offer_mw)] = -1
        total = np.where(choice >= 0, block_mw * np.where(np.isfinite(most), most, 0.0), 0.0).sum(axis=0)
        better = total > worth
        best[:, better], worth[better] = choice[:, better], total[better]
    return best


def _compatible(programmes: Sequence[Programme]) -> list[tuple[int, ...]]:
    """Every set of programmes, by number, in which none excludes another; small sets first."""
    numbers = range(len(programmes))
    sets = (one for size in range(1, len(programmes) + 1) for one in combinations(numbers, size))
    return [one for one in sets if not exclusions_broken([programmes[k] for k in one])]
