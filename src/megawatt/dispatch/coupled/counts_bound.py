"""Which counts of running blocks can still be the best of an interval: multipliers of its rows, and what each count loses. Compiled.

For given counts N the rest of an interval is a merit order under the room R, with mining paid ``cover`` up to a cap, at least
``must`` of it kept, and a fixed-price block Q that loses u per MW not drawn. With a multiplier l >= 0 on the room, m >= 0 on the
mining to keep, and of each of the two bent terms one of its two straight parts (all of cover paid or the cap's; all of
the block lost or none), the value of N is at most

    D - sum_c loss_c(N_c),   loss_c(n) = (most_c - n) r_c  where r_c > 0,   n |r_c|  elsewhere

with r_c what a block of class c then earns, all its segments worth while filled. So counts whose losses add up to more
than D less the best value found are not looked at. Given the parts D is least where l is the price at which what gains just fills
the room; a part is changed, or m raised, where the mining that is then drawn asks for it. Any of them give a valid D.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

NO_MW = 1e-12
"""Power below which a block draws none [MW]."""


@njit(cache=True, inline="always")
def least_limit(
    net: Floats, mw: Floats, most: Ints, own: Ints, slope: Floats, per: Floats,
    room: float, must: float, cap: float, cover: float, block: float, u: float, rate: Floats, trial: Floats,
    even: Floats, event: Floats, draw: Floats, drawn: Floats,
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
        trial: Room for the work, shape (C,).
        even: The same.
        event: The same, shape (C + S,).
        draw: The same, shape (C + S,).
        drawn: The same, shape (C,).
    """
    C, S = net.shape[0], own.shape[0]
    _break_even(net, mw, own, slope, per, even)
    least, part = np.inf, 0
    other, mine, fixed, mining, loss = 0.0, cover, 0.0, 0.0, 0.0
    while True:
        price = _clearing(mw, most, own, slope, per, room, mine, other, even, event, draw)
        limit, mining, loss = fixed + price * room, 0.0, -np.inf
        for c in range(C):
            trial[c], drawn[c] = net[c] + (mine - price) * mw[c], mw[c]
            loss = max(loss, net[c] / max(mw[c], NO_MW) + mine)
        for s in range(S):
            gain = slope[s] + (mine if own[s] >= 0 else other) - price
            if gain > 0.0 and own[s] >= 0:
                trial[own[s]] += gain * per[s]
                drawn[own[s]] += per[s]
            elif gain > 0.0:
                limit += gain * per[s]
        for c in range(C):
            if trial[c] > 0.0:
                limit += most[c] * trial[c]
                mining += most[c] * drawn[c]
        if limit < least:
            least = limit
            for c in range(C):
                rate[c] = trial[c]
        if part == 0 and cover > 0.0 and mining > cap:  # the cap's part of what cover is paid
            part, mine, fixed = 1, mine - cover, fixed + cover * cap
        elif part < 2 and mining < must and loss < 0.0:  # what the best class loses per MW that must be kept
            part, mine, fixed = 2, mine - loss, fixed + loss * must
        elif other == 0.0 and u > 0.0:  # all of the block lost
            part, other, mine, fixed = 0, u, u + cover, -u * block
        else:
            return least


@njit(cache=True, inline="always")
def _break_even(net: Floats, mw: Floats, own: Ints, slope: Floats, per: Floats, even: Floats) -> None:
    """What a MW may cost at most for a block of each class to gain, without cover or block, shape (C,) [USD/MW]."""
    for c in range(net.shape[0]):
        worth, power = net[c], mw[c]
        even[c] = worth / max(power, NO_MW)
        for s in range(own.shape[0]):
            if own[s] == c:  # slopes fall, so the mean rises as long as they are above it
                if slope[s] <= even[c] or per[s] == 0.0:
                    break
                worth += slope[s] * per[s]
                power += per[s]
                even[c] = worth / max(power, NO_MW)


@njit(cache=True, inline="always")
def _clearing(
    mw: Floats, most: Ints, own: Ints, slope: Floats, per: Floats, room: float, mine: float, other: float, even: Floats,
    event: Floats, draw: Floats,
) -> float:  # fmt: skip
    """Price of the room at which what gains just fills it, 0 where all of it fits [USD/MW]."""
    C, n, total = mw.shape[0], mw.shape[0] + own.shape[0], 0.0
    for c in range(C):
        event[c], draw[c] = even[c] + mine, most[c] * mw[c]
    for s in range(own.shape[0]):
        c = own[s]
        if c >= 0:
            event[C + s], draw[C + s] = min(slope[s], even[c]) + mine, most[c] * per[s]
        else:
            event[C + s], draw[C + s] = slope[s] + other, per[s]
    for i in range(n):
        draw[i] = draw[i] if event[i] > 0.0 else 0.0
        total += draw[i]
    price = 0.0
    if total > room:  # so few that comparing all is sooner done than sorting them
        for i in range(n):
            if event[i] > price:
                load = 0.0
                for k in range(n):
                    load += draw[k] if event[k] >= event[i] else 0.0
                if load > room:
                    price = event[i]
    return price


@njit(cache=True, inline="always")
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
