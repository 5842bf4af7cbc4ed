"""Bars of the coupled path's time on the published windows: processor time of plan and certificate together, no general solver."""

import time

import numpy as np

from bench.windows import Window, problem, windows
from evidence.bar import Bar, Figure
from megawatt.dispatch.coupled.fast import fast_plan
from megawatt.dispatch.general import Effort

DISPATCH = ("src/megawatt/dispatch/*.py", "src/megawatt/dispatch/coupled/*.py")
WEEK = ((1e-3, 0.02), (1e-4, 0.2))
MONTH = ((1e-3, 0.2),)
"""Gap asked for and seconds allowed."""

LONGEST = 10.0
"""Seconds after which a window is left that is not proven yet; the middle is far below."""


def weeks() -> Figure:
    """All published weeks of sixteen blocks."""
    return _times([w for w in windows() if w.days == 7 and w.blocks == 16], WEEK)


def months() -> Figure:
    """Every fourth published month."""
    return _times([w for w in windows() if w.days == 30][::4], MONTH)


def _times(chosen: list[Window], bars: tuple[tuple[float, float], ...]) -> Figure:
    """Medians over the windows; a window that ends above the gap counts as one that never gets there."""
    texts, numbers, passed = list[str](), dict[str, float | int | str](), True
    fast_plan(problem(chosen[0]), Effort())  # compiles
    for gap, allowed in bars:
        seconds = np.array([_seconds(w, gap) for w in chosen])
        middle, there = float(np.median(seconds)), int(np.isfinite(seconds).sum())
        texts.append(f"{middle:.2f} s in the middle to {gap:g}, reached on {there} of {len(chosen)}")
        numbers |= {f"{gap:g}/median_seconds": middle, f"{gap:g}/reached": there}
        passed &= middle <= allowed
    return Figure("; ".join(texts), passed, numbers)


def _seconds(w: Window, gap: float) -> float:
    """Processor time until a plan within the gap was proven, infinite for never in the time allowed."""
    stated = problem(w)
    begun = time.process_time()
    found = fast_plan(stated, Effort(gap, LONGEST, time.monotonic))
    seconds = time.process_time() - begun
    reached = found is not None and found[0].gap is not None and found[0].gap <= gap
    return seconds if reached else float("inf")


BARS: tuple[Bar, ...] = (
    Bar(
        id="coupled-weeks",
        sentence="The published weeks of sixteen blocks are planned and bounded without a general solver.",
        target="in the middle at most 0.02 s to 1e-3 and 0.2 s to 1e-4, processor time",
        covers=(*DISPATCH, "bench/windows.py"),
        measure=weeks,
    ),
    Bar(
        id="coupled-months",
        sentence="Every fourth published month is planned and bounded without a general solver.",
        target="in the middle at most 0.2 s to 1e-3, processor time",
        covers=(*DISPATCH, "bench/windows.py"),
        measure=months,
    ),
)
