"""Boxes of the joint states of two jobs: what is to come from them, and what they must still lose. Compiled.

A box is an array by phase of one job, its work done, phase of the first job, its work done, over a range of both works done.
The last axis is the long one and every move shifts it by one interval at most, so that a row is gone through as if by vectors.
"""

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.dispatch.coupled.interval import NEVER

Floats = NDArray[np.float64]

ROUND_DOWN = 1.2e-7
"""Relative amount by which a regret is lowered before it is kept in single precision."""

Range = tuple[int, int, int, int]
"""Least and most work done of the other job and of the first; nothing where a least is more than its most."""

NO_RANGE: Range = (0, -1, 0, -1)


class Duty(NamedTuple):
    """A job's work in an interval.

    Attributes:
        before: Work that must be done of the window that ended before it, -1 within a window.
        due: Work due in the interval's window.
        restart: Cost of a start [USD].
        least_run: Least run.
    """

    before: int
    due: int
    restart: float
    least_run: int


class Box(NamedTuple):
    """Least regret to come of joint states.

    Attributes:
        low: Least work done of the other job.
        first_low: And of the first.
        regret: Shape (phases, work done, phases of the first, work done by it) [USD], rounded down; infinite where it is the slack.
    """

    low: int
    first_low: int
    regret: NDArray[np.float32]


@njit(cache=True)
def pair_step(
    after: Floats, far: Range, before: Floats, near: Range, worth: Floats, other: Duty, first: Duty
) -> None:  # fmt: skip
    """Most that is to come from the joint states before a row, written to ``before`` within a range.

    Args:
        after: The same after the row, valid within a range.
        far: That range.
        before: Written.
        near: Where.
        worth: What the row brings with neither job, the first, the other and both, NEVER where it cannot, shape (4,) [USD].
        other: The other job's work.
        first: The first job's.
    """
    for p in range(other.least_run + 1):
        for d in range(near[0], near[1] + 1):
            for q in range(first.least_run + 1):
                out = before[p, d, q]
                for e in range(near[2], near[3] + 1):
                    out[e] = NEVER
                for move in range(4 if other.before < 0 or d == other.before else 0):
                    runs, first_runs = move >> 1, move & 1
                    to, first_to = _phase(p, runs, other.least_run), _phase(q, first_runs, first.least_run)
                    done = runs if other.before >= 0 else d + runs
                    possible = to >= 0 and first_to >= 0 and done <= other.due and worth[move] > NEVER / 2
                    if possible and far[0] <= done <= far[1]:
                        usd = worth[move] - other.restart * (runs and p == 0) - first.restart * (first_runs and q == 0)
                        _take_better(out, near, after[to, done, first_to], far, usd, first_runs, first)


@njit(cache=True)
def _phase(phase: int, runs: int, least_run: int) -> int:
    """Phase after an interval, -1 where a run may not end yet."""
    if runs:
        return min(phase + 1, least_run)
    return -1 if 0 < phase < least_run else 0


@njit(cache=True)
def _take_better(out: Floats, near: Range, after: Floats, far: Range, usd: float, runs: int, duty: Duty) -> None:
    """Write what is to come by the first job's work done where a move brings more.

    Args:
        out: Written, by its work done before the row [USD].
        near: Where.
        after: What is to come after the move, by its work done after the row [USD].
        far: Where that is valid.
        usd: What the move brings [USD].
        runs: Whether the first job runs.
        duty: Its work.
    """
    most = min(far[3], duty.due)
    if duty.before >= 0:
        e = duty.before
        if near[2] <= e <= near[3] and far[2] <= runs <= most:
            out[e] = max(out[e], after[runs] + usd)
        return
    low, high = max(near[2], far[2] - runs), min(near[3], most - runs)
    if high < low:
        return  # and a slice to -1 would not be empty
    # slices counted from 0 are gone through by vectors
    here, there = out[low : high + 1], after[low + runs : high + 1 + runs]
    for e in range(len(here)):
        value = there[e] + usd
        here[e] = value if value > here[e] else here[e]  # noqa: FURB136


@njit(cache=True)
def keep_better(best: Floats, value: Floats, usd: float, box: Range, begin: bool) -> None:
    """Write the larger of both within a range, the second with an amount more; the first time it begins anew."""
    for p in range(best.shape[0]):
        for d in range(box[0], box[1] + 1):
            for q in range(best.shape[2]):
                one, other = best[p, d, q, box[2] : box[3] + 1], value[p, d, q, box[2] : box[3] + 1]
                for e in range(len(one)):
                    more = other[e] + usd
                    one[e] = more if begin or more > one[e] else one[e]


@njit(cache=True)
def still_to_come(value: Floats, box: Box, still: Floats, first_still: Floats) -> Range:
    """Write what is to come from the joint states of a box, and its range; the arguments as in `regrets_of`."""
    phases, number, first_phases, first_number = box.regret.shape
    for p in range(phases):
        for d in range(number):
            for q in range(first_phases):
                for e in range(first_number):
                    rest = still[(box.low + d) * phases + p] + first_still[(box.first_low + e) * first_phases + q]
                    lost = float(box.regret[p, d, q, e])
                    value[p, box.low + d, q, box.first_low + e] = rest - lost if lost < np.inf else NEVER
    return box.low, box.low + number - 1, box.first_low, box.first_low + first_number - 1


@njit(cache=True)
def regrets_of(
    value: Floats, box: Range, still: Floats, first_still: Floats, lost: Floats, first_lost: Floats, slack: float
) -> tuple[Range, Box]:
    """Regrets to come, and the range that holds all which leave less than the slack; others become NEVER in ``value``.

    Args:
        value: Most that is to come from the joint states, valid within a range [USD].
        box: That range.
        still: Most that is to come from the other job's states alone [USD].
        first_still: And from the first job's.
        lost: What the other job must lose alone on the way to its states [USD].
        first_lost: And the first.
        slack: Regret that is too much [USD].
    """
    phases, first_phases = value.shape[0], value.shape[2]
    low, high, first_low, first_high = _tightened(value, box, still, first_still, lost, first_lost, slack)
    out = np.full((phases, high - low + 1, first_phases, first_high - first_low + 1), np.inf, dtype=np.float32)
    for p in range(phases):
        for d in range(low, high + 1):
            for q in range(first_phases):
                for e in range(first_low, first_high + 1):
                    if value[p, d, q, e] > NEVER / 2:
                        rest = still[d * phases + p] + first_still[e * first_phases + q] - value[p, d, q, e]
                        out[p, d - low, q, e - first_low] = np.float32(rest * (1 - ROUND_DOWN))
    return (low, high, first_low, first_high), Box(low, first_low, out)


@njit(cache=True)
def _tightened(
    value: Floats, box: Range, still: Floats, first_still: Floats, lost: Floats, first_lost: Floats, slack: float
) -> Range:
    """The range of `regrets_of`."""
    phases, first_phases = value.shape[0], value.shape[2]
    low, high, first_low, first_high = value.shape[1], -1, value.shape[3], -1
    for p in range(phases):
        for d in range(box[0], box[1] + 1):
            s = d * phases + p
            for q in range(first_phases):
                for e in range(box[2], box[3] + 1):
                    f = e * first_phases + q
                    regret = lost[s] + first_lost[f] + still[s] + first_still[f] - value[p, d, q, e]
                    if value[p, d, q, e] > NEVER / 2 and regret < slack:
                        low, high = min(low, d), max(high, d)
                        first_low, first_high = min(first_low, e), max(first_high, e)
                    else:
                        value[p, d, q, e] = NEVER
    return (low, high, first_low, first_high) if high >= 0 else (0, -1, 0, -1)
