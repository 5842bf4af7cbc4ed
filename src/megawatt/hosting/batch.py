"""Batch work: energy-hungry jobs that must be done by the end of their day, week or month, but may choose their hours.

A window is a local calendar day, week (from Monday) or month. In each window the hall must run for a number of
intervals; a start, also one in the middle of a window, costs a restart (reading a checkpoint, warming up); a run may
continue across the border of two windows. What is chosen is which intervals, and that is a small exact problem:

``minimise sum_t run_t x cost_t + restart x sum_t max(run_t - run_{t-1}, 0)``
``subject to sum_{t in w} run_t = required_w  for every window w``, and every run lasts at least ``min_run_steps``.
"""

import math
from dataclasses import dataclass
from enum import StrEnum
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import ItMW
from megawatt.hosting.exact import at_least_zero, exact, fraction_of_one


class WindowKind(StrEnum):
    """Calendar windows, in the site's zone."""

    DAY = "day"
    WEEK = "week"
    MONTH = "month"


@dataclass(frozen=True, slots=True)
class Windows:
    """The windows of a grid and the work each asks for.

    Attributes:
        number: Shape (n,); number of the window of every interval, from 0, not decreasing.
        required: Shape (windows,); intervals in which the job must run in each window.
    """

    number: NDArray[np.int64]
    required: NDArray[np.int64]

    def __post_init__(self) -> None:
        size = np.bincount(self.number, minlength=len(self.required))
        if (np.diff(self.number) < 0).any() or len(size) != len(self.required):
            raise InputError(
                "windows that do not follow one another",
                "window numbers run from 0 without going back, one requirement for each",
                "Build them with windows().",
            )
        bad = np.flatnonzero((self.required < 0) | (self.required > size))
        if bad.size:
            raise InputError(
                f"window {bad[0]} asks for {self.required[bad[0]]} intervals",
                f"it has {size[bad[0]]}",
                "Lower the duty or lengthen the window.",
            )


@dataclass(frozen=True, slots=True)
class BatchJob:
    """Terms of a batch hall.

    Attributes:
        it: Critical IT power while it runs.
        window: Window in which the work is due.
        duty_fraction: Share of each window in which it must run.
        restart_usd: Cost of a start [USD].
        min_run_minutes: Shortest run [min].
        fee_usd_per_it_mwh: What the tenant pays for an IT megawatt-hour of work [USD/MWh].
    """

    it: ItMW
    window: WindowKind
    duty_fraction: float
    restart_usd: float = 0.0
    min_run_minutes: int = 0
    fee_usd_per_it_mwh: float = 0.0

    def __post_init__(self) -> None:
        at_least_zero(self.it.mw, "critical IT MW of a batch hall")
        fraction_of_one(self.duty_fraction, "duty_fraction")
        at_least_zero(self.restart_usd, "restart_usd")
        at_least_zero(self.min_run_minutes, "min_run_minutes")
        at_least_zero(self.fee_usd_per_it_mwh, "fee_usd_per_it_mwh")

    def windows(self, grid: TimeGrid, timezone: str) -> Windows:
        """The job's windows on ``grid``."""
        return windows(grid, timezone, self.window, self.duty_fraction)

    def min_run_steps(self, grid: TimeGrid) -> int:
        """Shortest run in intervals, rounded up, at least 1."""
        return max(1, math.ceil(self.min_run_minutes / grid.step_minutes))

    def fee_usd(self, run: NDArray[np.bool_], grid: TimeGrid) -> Floats:
        """Fee earned in each interval, ``run x MW x h x fee``; shape (n,) [USD]."""
        return np.asarray(run, dtype=np.float64) * (self.it.mw * grid.hours * self.fee_usd_per_it_mwh)


def windows(grid: TimeGrid, timezone: str, kind: WindowKind, duty_fraction: float) -> Windows:
    """Cut ``grid`` into local calendar windows and count the intervals each must run.

    ``required = ceil(duty_fraction x intervals of the window inside the grid)``: rounded up, because work that is due
    is due in full. So a window that the grid's edge cuts asks for its share, and a day of 23 or 25 hours for the share
    of the hours that it has. An interval belongs to the window in which it starts.
    """
    index = grid.index(timezone)
    # Day numbers since 1970-01-01, a Thursday: adding 3 makes a week begin on Monday.
    day = np.asarray(index.tz_localize(None), dtype="datetime64[D]").astype(np.int64)
    key = {
        WindowKind.DAY: day,
        WindowKind.WEEK: (day + 3) // 7,
        WindowKind.MONTH: np.asarray(index.year * 12 + index.month, dtype=np.int64),
    }[WindowKind(kind)]
    size = np.unique(key, return_counts=True)[1]
    duty = exact(fraction_of_one(duty_fraction, "duty_fraction"), "duty_fraction")
    required = np.array([math.ceil(duty * Fraction(int(n))) for n in size], dtype=np.int64)
    number = np.cumsum(np.diff(key, prepend=key[0]) != 0, dtype=np.int64)
    return Windows(number, required)


@dataclass(frozen=True, slots=True)
class BatchRun:
    """When a batch job runs.

    Attributes:
        run: Shape (n,); True where it runs.
        starts: Number of starts.
        cost_usd: ``sum run x cost + restart x starts`` [USD].
    """

    run: NDArray[np.bool_]
    starts: int
    cost_usd: float


def cheapest_run(
    cost_usd: Floats, due: Windows, *, restart_usd: float, min_run_steps: int = 1, running_before: bool = False
) -> BatchRun:
    """The cheapest intervals in which to do the work, exact, by dynamic programming.

    State after an interval: intervals done in its window (0..required) and the length of the present run, where
    ``min_run_steps`` stands for 'that long or longer'. About ``n x required x 4`` operations; this is the plain
    reference that a compiled kernel is tested against.

    Args:
        cost_usd: Shape (n,); cost of running in each interval, may be negative [USD].
        due: Windows and the intervals required in each.
        restart_usd: Cost of a start [USD].
        min_run_steps: Shortest run in intervals; only a run cut by the end of the grid may be shorter.
        running_before: Whether it ran, long enough to be stopped, just before the grid.

    Raises:
        InputError: A cost is missing, or no run meets the windows' work.
    """
    cost = np.asarray(cost_usd, dtype=np.float64)
    if cost.shape != due.number.shape or not np.isfinite(cost).all():
        raise InputError(
            f"costs of shape {cost.shape}, {int((~np.isfinite(cost)).sum())} of them missing",
            f"every one of {len(due.number)} intervals has a finite cost",
            "Shorten the period to the hours that have prices.",
        )
    value, kept_off, kept_on = _forward(cost, due, restart_usd, min_run_steps, running_before=running_before)
    last = value[due.required[due.number[-1]]]
    if not np.isfinite(last.min()):
        raise InputError(
            f"a batch job with runs of at least {min_run_steps} intervals",
            "no run does exactly the work of every window",
            "Shorten min_run_minutes or choose a longer window.",
        )
    run = _trace_back(int(np.argmin(last)), due, min_run_steps, kept_off, kept_on)
    starts = int(run[0] and not running_before) + int((run[1:] & ~run[:-1]).sum())
    return BatchRun(run, starts, float(cost[run].sum() + restart_usd * starts))


def _forward(
    cost: Floats, due: Windows, restart_usd: float, U: int, *, running_before: bool
) -> tuple[Floats, NDArray[np.bool_], NDArray[np.bool_]]:
    """Value of every state at the end, and for every interval from which of two predecessors off and full-run came."""
    E = int(due.required.max())
    value = np.full((E + 1, U + 1), np.inf)  # [done in the window, run length]; run length 0 is off
    value[0, U if running_before else 0] = 0.0
    kept_off = np.empty((len(cost), E + 1), dtype=np.bool_)
    kept_on = np.empty((len(cost), E + 1), dtype=np.bool_)
    for t, price in enumerate(cost):
        if t and due.number[t] != due.number[t - 1]:
            border = value[due.required[due.number[t - 1]]].copy()
            value = np.full_like(value, np.inf)
            value[0] = border
        after = np.full_like(value, np.inf)
        kept_off[t] = value[:, 0] <= value[:, U]
        after[:, 0] = np.minimum(value[:, 0], value[:, U])
        started = value[:-1, 0] + restart_usd
        after[1:, 1:U] = np.column_stack((started, value[:-1, 1 : U - 1])) + price if U > 1 else after[1:, 1:U]
        grown = value[:-1, U - 1] if U > 1 else started
        kept_on[t, 0] = False
        kept_on[t, 1:] = value[:-1, U] <= grown
        after[1:, U] = np.minimum(value[:-1, U], grown) + price
        value = after
    return value, kept_off, kept_on


def _trace_back(
    run_length: int, due: Windows, U: int, kept_off: NDArray[np.bool_], kept_on: NDArray[np.bool_]
) -> NDArray[np.bool_]:
    """Follow the choices from the last state to the first interval."""
    n = len(due.number)
    run = np.zeros(n, dtype=np.bool_)
    done = int(due.required[due.number[-1]])
    for t in range(n - 1, -1, -1):
        run[t] = run_length > 0
        if run_length == 0:
            run_length = 0 if kept_off[t, done] else U
        elif run_length == U:
            run_length, done = (U if kept_on[t, done] else U - 1), done - 1
        else:
            run_length, done = run_length - 1, done - 1
        if t and due.number[t] != due.number[t - 1]:
            done = int(due.required[due.number[t - 1]])
    return run
