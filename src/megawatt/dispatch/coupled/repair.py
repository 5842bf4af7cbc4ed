"""Plans from commitments: insert blocks one by one, then improve block by block and job by job until nothing gains.

The worth of one more block of a class in each interval, all others given, is a plain difference; the block's best word
at that worth is exact (`megawatt.dispatch.kernel`), and so is a job's (`work`). Each step therefore never loses, except
through reserve awards, which the steps see by a price and the result is counted without it.
"""

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.dispatch.coupled.interval import NEVER, earn
from megawatt.dispatch.coupled.tables import Tables
from megawatt.dispatch.kernel import plan_block

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]


@njit(cache=True)
def block_step(
    tab: Tables, c: int, counts: Floats, work: Floats, cover: Floats, room: Floats,
    ramp: Floats, start: float, stop: float, up: int, down: int, on: bool, steps: int,
) -> tuple[float, NDArray[np.int8]]:  # fmt: skip
    """Best word of one more block of class ``c`` beside ``counts``, and its worth [USD]."""
    T = counts.shape[0]
    without, beside, mw = np.empty(T), np.empty(T), np.empty(T)
    earn(tab, counts, work, cover, room, without, mw)
    more = counts.copy()
    more[:, c] += 1.0
    earn(tab, more, work, cover, room, beside, mw)
    gain = np.empty(T)
    for t in range(T):
        gain[t] = beside[t] - without[t] if beside[t] > NEVER / 2 else FORBID
    return plan_block(gain, ramp, start, stop, up, down, on, steps)


FORBID = -1e7
"""Worth of an interval in which a block does not fit; large against any money, small enough to keep sums exact."""
