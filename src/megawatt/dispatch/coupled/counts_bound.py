"""Which counts of running blocks can still be the best of an interval: multipliers of its rows, and what each count loses. Compiled.

For given counts N the rest of an interval is a merit order under the room R, with mining paid ``cover`` up to a cap, at least
``must`` of it kept, and a fixed-price block Q that loses u per MW not drawn. With a multiplier l >= 0 on the room, m >= 0 on the
mining to keep, and of each of the two bent terms one of its two straight parts (all of cover paid or the cap's; all of
the block lost or none), the value of N is at most

    D - sum_c loss_c(N_c),   loss_c(n) = (most_c - n) r_c  where r_c > 0,   n |r_c|  elsewhere

with r_c what a block of class c then earns, all its segments worth while filled. So counts whose losses add up to more
than D less the best value found are not looked at. The parts and l are those of the least D among the slopes at which it bends.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_MW = 1e-12
"""Power below which a block draws none [MW]."""


@njit(cache=True)
def least_limit(
    net: Floats, mw: Floats, most: Ints, own: Ints, slope: Floats, per: Floats,
    room: float, must: float, cap: float, cover: float, block: float, u: float, rate: Floats, scratch: Floats,
) -> float:  # fmt: skip
    """The least limit D on the value of any counts [USD].

    Args:
        net: Worth of a running block at its base, its price paid, shape (C,) [USD].
        mw: Its base power, shape (C,) [MW].
        most: Blocks, shape (C,).
        own: Class of each segment, or a negative number, in falling order of slope, shape (S,).
        slope: What a MW of it earns, falling, shape (S,) [USD/MW].
        per: Its width, per block where it has a class, shape (S,) [MW].
        room: Power that may be drawn beside the jobs [MW].
        must: Mining to keep [MW].
        cap: Mining up to which cover is paid [MW].
        cover: Price of cover [USD/MW].
        block: Fixed-price block less the jobs [MW].
        u: Loss per MW of it not drawn, >= 0 [USD/MW].
        rate: Written: r_c, shape (C,) [USD].
        scratch: Room for the work, shape (4, 1 + C + 2 S) at least.
    """
    C, S = net.shape[0], own.shape[0]
    trial, bend, worth, power = scratch[0], scratch[1], scratch[2], scratch[3]
    least = np.inf
    for part in range(8):
        drawn, paid, keep = part & 1, part >> 1 & 1, part >> 2 & 1
        if (drawn and u == 0.0) or (paid and cover == 0.0) or (keep and must == 0.0):
            continue
        other = u if drawn else 0.0
        mine = other + (0.0 if paid else cover)
        fixed = (cover * cap if paid else 0.0) - (u * block if drawn else 0.0)
        if keep:  # what the best class loses per MW that must be kept
            best = -np.inf
            for c in range(C):
                best = max(best, net[c] / max(mw[c], NO_MW) + mine)
            mine -= min(best, 0.0)
            fixed += min(best, 0.0) * must
        _bends(net, mw, own, slope, per, mine, other, bend, worth, power)
        for k in range(1 + C + 2 * S):
            price = bend[k]
            if price < 0.0:
                continue
            limit = fixed + price * room
            for c in range(C):
                trial[c] = net[c] + (mine - price) * mw[c]
            for s in range(S):
                gain = max(slope[s] + (mine if own[s] >= 0 else other) - price, 0.0) * per[s]
                if own[s] >= 0:
                    trial[own[s]] += gain
                else:
                    limit += gain
            for c in range(C):
                limit += most[c] * max(trial[c], 0.0)
            if limit < least:
                least = limit
                for c in range(C):
                    rate[c] = trial[c]
    return least


@njit(cache=True)
def _bends(
    net: Floats, mw: Floats, own: Ints, slope: Floats, per: Floats, mine: float, other: float, bend: Floats,
    worth: Floats, power: Floats,
) -> None:  # fmt: skip
    """Multipliers of the room at which the limit bends, written to ``bend``, shape (1 + C + 2 S,) [USD/MW]."""
    C, S = net.shape[0], own.shape[0]
    bend[0] = 0.0
    for c in range(C):
        worth[c], power[c] = net[c] + mine * mw[c], mw[c]
        bend[1 + c] = worth[c] / max(power[c], NO_MW)
    for s in range(S):
        c, here = own[s], slope[s] + (mine if own[s] >= 0 else other)
        bend[1 + C + S + s] = bend[1 + C + s] = here
        if c >= 0:  # a block with this segment and those before it breaks even here
            worth[c] += here * per[s]
            power[c] += per[s]
            bend[1 + C + s] = worth[c] / max(power[c], NO_MW)


@njit(cache=True)
def first_counts(rate: Floats, mw: Floats, low: Floats, high: Floats, room: float, gone: Ints) -> int:
    """Counts to begin with: all blocks that gain, the least gaining left out until the rest fits.

    Returns:
        Their row as `tables.combinations` numbers them; how far they are from the most blocks of a class that gains and
        from the fewest of another goes to ``gone``.
    """
    load = 0.0
    for c in range(gone.shape[0]):
        gone[c] = 0
        load += (high[c] if rate[c] > 0.0 else low[c]) * mw[c]
    while load > room:
        worst = -1
        for c in range(gone.shape[0]):
            able = rate[c] > 0.0 and gone[c] < high[c] - low[c] and mw[c] > 0.0
            if able and (worst < 0 or rate[c] < rate[worst]):
                worst = c
        if worst < 0:
            break
        gone[worst] += 1
        load -= mw[worst]
    row, filled = 0, load
    for c in range(gone.shape[0]):
        if rate[c] == 0.0 and mw[c] > 0.0:  # a class that just breaks even takes the room that is left
            gone[c] = int(min(high[c] - low[c], max((room - filled) / mw[c], 0.0)))
            filled += gone[c] * mw[c]
        count = high[c] - gone[c] if rate[c] > 0.0 else low[c] + gone[c]
        row = row * int(high[c] - low[c] + 1) + int(count - low[c])
    return row
