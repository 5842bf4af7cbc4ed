"""The guard: a model that loses to its naive twin is replaced by it until it wins again, and the result says so.

At each issue the model's losses less the twin's are added up over the last `TRIAL` issues whose outcome is known by then.
While the sum is positive the twin's answer is given in place of the model's. Both go on being scored as if each had
answered alone, so a model comes back by what it would have said. Before `TRIAL` outcomes are known nobody is judged.

Loss is whatever the two are measured by: an absolute error, or money that a policy made. An issue counts from the
instant at which the last of its outcomes was known, so the guard sees no score that its reader could not have had.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.core.timegrid import Times

Bools = NDArray[np.bool_]

TRIAL = 28
"""Issues, days as a rule, over which a model must not lose to its naive twin."""


@dataclass(frozen=True, slots=True)
class Stint:
    """A run of issues in which the naive twin stood in for a model.

    Attributes:
        model: The model that was replaced.
        twin: Who stood in.
        since: First issue answered by the twin, UTC.
        until: First issue answered by the model again, UTC; None while the twin still stands in.
        issues: Number of issues that the twin answered.
        excess: Mean loss of the model over the twin's, in the trial known when it was replaced.
        unit: Unit of that loss.
        trial: Number of issues in the trial.
    """

    model: str
    twin: str
    since: np.datetime64
    until: np.datetime64 | None
    issues: int
    excess: float
    unit: str
    trial: int = TRIAL

    def __str__(self) -> str:
        end = f"to {str(self.until)[:10]}" if self.until is not None else "to the end"
        return (
            f"{self.twin} stood in for {self.model} from {str(self.since)[:10]} {end}: over the {self.trial} issues known "
            f"before, {self.model} was worse by {self.excess:.3g} {self.unit}"
        )


@dataclass(frozen=True, slots=True, eq=False)
class Guard:
    """Who answers at each issue.

    Attributes:
        taken: Issues at which the twin answers, shape (m,).
        excess: Mean loss of the model over the twin's in the trial known at each issue, shape (m,); NaN before there
            is one.
        trial: Number of issues in a trial.
    """

    taken: Bools
    excess: Floats
    trial: int = TRIAL

    def stints(self, issued: Times, *, model: str, twin: str, unit: str) -> tuple[Stint, ...]:
        """The runs of issues that the twin answered, in order of time."""
        edges = np.flatnonzero(np.diff(np.concatenate(([0], self.taken.view(np.int8), [0]))))
        return tuple(
            Stint(
                model,
                twin,
                issued[a],
                issued[b] if b < len(issued) else None,
                int(b - a),
                float(self.excess[a]),
                unit,
                self.trial,
            )
            for a, b in zip(edges[::2], edges[1::2], strict=True)
        )


def guard(issued: Times, settled: Times, excess: Floats, *, trial: int = TRIAL) -> Guard:
    """Decide at each issue who answers, by the outcomes known at it.

    Args:
        issued: Instants of issue, increasing, shape (m,).
        settled: When the last outcome of each issue was known, shape (m,).
        excess: Loss of the model less that of its twin, shape (m,); NaN where an outcome is missing: it is no trial.
        trial: Number of issues in a trial.

    Raises:
        InputError: Issues are out of order, or outcomes were known before their issue.
    """
    if (np.diff(issued) <= np.timedelta64(0, "s")).any() or (settled < issued).any():
        raise InputError(
            "issues that do not increase, or an outcome known before its issue",
            "an outcome is known after what it judges was said",
            "Pass when each outcome was known, in order of issue.",
        )
    taken, mean = np.zeros(len(issued), dtype=np.bool_), np.full(len(issued), np.nan)
    for number, now in enumerate(issued):
        past = excess[:number][(settled[:number] <= now) & np.isfinite(excess[:number])][-trial:]
        if len(past) == trial:
            mean[number] = past.mean()
            taken[number] = past.sum() > 0
    return Guard(taken, mean, trial)


def guard_by_day(issued: Times, day: NDArray[np.int64], known_at: Times, excess: Floats) -> tuple[Times, Guard, Bools]:
    """The guard for a choice made anew each day for all its intervals.

    Args:
        issued: When the choice for each interval was made, the same for all of a day, shape (n,).
        day: Number of the day of each interval, increasing, shape (n,).
        known_at: When its outcome was known, shape (n,).
        excess: Loss of the model less that of the twin in it, shape (n,); NaN where the outcome is missing.

    Returns:
        Instants of issue, shape (days,); the guard, by day; and whether the twin answers, by interval, shape (n,).
    """
    days, first, number = np.unique(day, return_index=True, return_inverse=True)
    there = np.isfinite(excess)
    settled = issued[first].copy()
    np.maximum.at(settled, number[there], known_at[there])
    total = np.bincount(number, np.where(there, excess, 0.0), len(days))
    found = guard(issued[first], settled, np.where(np.bincount(number, there, len(days)) > 0, total, np.nan))
    return issued[first], found, found.taken[number]


def told(stints: Sequence[Stint]) -> str:
    """The stints in one sentence; empty when the model always answered."""
    if not stints:
        return ""
    first, issues = stints[0], sum(one.issues for one in stints)
    again = f" ({len(stints)} times, {issues} issues in all)" if len(stints) > 1 else ""
    return f"{first}{again}"
