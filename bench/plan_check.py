"""What a plan is worth and whether it may run, from the counts of running blocks alone: a few lines that trust nobody.

A class ran with all of its blocks before the first interval, for longer than any dwell time.
"""

import numpy as np
from numpy.typing import NDArray

from bench.instances import Instance

Counts = NDArray[np.float64]
"""Running blocks per class and interval, shape (C, T)."""


def value_usd(instance: Instance, counts: Counts) -> float:
    """Money of a plan [USD]."""
    total = 0.0
    for c, n in zip(instance.classes(), np.rint(counts), strict=True):
        change = np.diff(n, prepend=c.blocks)
        total += float(c.margin_usd @ n)
        total -= float(c.start_usd * change[change > 0].sum() - c.stop_usd * change[change < 0].sum())
    return total


def faults(instance: Instance, counts: Counts) -> list[str]:
    """Rules that a plan breaks, in words."""
    found = []
    off_whole = float(np.abs(counts - np.rint(counts)).max())
    if off_whole > 1e-6:
        found.append(f"a count is {off_whole:.2g} away from a whole number")
    for c, n in zip(instance.classes(), np.rint(counts), strict=True):
        change = np.diff(n, prepend=c.blocks)
        if n.min() < 0 or n.max() > c.blocks:
            found.append(f"{c.efficiency_j_per_th} J/TH: more blocks than there are, or fewer than none")
        if (_last(np.maximum(change, 0), instance.min_up) > n).any():
            found.append(f"{c.efficiency_j_per_th} J/TH: a block runs for less than its least time")
        if (_last(np.maximum(-change, 0), instance.min_down) > c.blocks - n).any():
            found.append(f"{c.efficiency_j_per_th} J/TH: a block rests for less than its least time")
    return found


def _last(x: NDArray[np.float64], steps: int) -> NDArray[np.float64]:
    """Sum over the last ``steps`` intervals."""
    total = np.cumsum(x)
    before = np.concatenate([np.zeros(min(steps, len(x))), total[:-steps]])
    return np.asarray(total - before, dtype=np.float64)
