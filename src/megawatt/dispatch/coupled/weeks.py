"""The gap week by week, and the general solver on the weeks that hold it.

A year is beyond any general solver, a week is not. The certificate says in which weeks the plan falls short of the
bound; each that holds more than its share is solved anew with all commitments outside kept, then each with half a week
on both sides, until none is bettered. A plan is taken when the ledger says that the whole of it is worth more.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.certificate import Certificate
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.fixing import CountRule
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.coupled.shave import shave
from megawatt.dispatch.coupled.shortfall import shortfall_usd
from megawatt.dispatch.coupled.trial import SETTLED_USD, Trial
from megawatt.dispatch.coupled.window import Window, replanned
from megawatt.dispatch.plan import Plan, WeekGap
from megawatt.dispatch.problem import Floats, Ints, Problem
from megawatt.dispatch.schedule import violations

SHARE_OF_TIME = 0.7
"""Share of the time left that the weeks may take; the rest is for the bound beside a better plan."""

AROUND = (0.0, 0.5)
"""Shares of a week on both sides that a week is solved with, one after the other."""

LEAST_SECONDS = 0.5
"""Shortest time in which it is worth stating a week to the general solver; shorter shares end the round."""

CLOSENESS = 0.1
"""How close to its optimum a week is solved, as a share of its share of the tolerance."""


def week_edges(grid: TimeGrid, timezone: str) -> Ints:
    """First interval of each week from Monday on in a zone, and the end, shape (weeks + 1,)."""
    days = grid.index(timezone).tz_localize(None).normalize()
    monday = (days.to_numpy().astype("datetime64[D]").astype(np.int64) + 3) // 7  # 1970-01-01 was a Thursday
    return np.concatenate(([0], np.flatnonzero(np.diff(monday)) + 1, [grid.n])).astype(np.int64)


def with_gap_by_week(problem: Problem, plan: Plan, timezone: str = "UTC") -> Plan:
    """The plan with its gap by week from Monday on; the parts add up to the gap.

    Where a general solver proved more than the certificate does, or a better plan came after it, the parts that the
    certificate shows are scaled.
    """
    if plan.gap_usd is None or plan.certificate is None:
        return plan
    edges = week_edges(problem.grid, timezone)
    shown = np.add.reduceat(shortfall_usd(Split.of(problem), plan, plan.certificate), edges[:-1])
    missed = shown if shown.sum() > 0 else np.diff(edges).astype(np.float64)
    parts = missed * (plan.gap_usd / missed.sum())
    largest = int(parts.argmax())
    parts[largest] = max(plan.gap_usd - (parts.sum() - parts[largest]), 0.0)
    weeks = tuple(WeekGap(int(a), int(b), float(usd)) for (a, b), usd in zip(pairwise(edges), parts, strict=True))
    return replace(plan, gap_by_week=weeks)


@dataclass(slots=True)
class NamedWeeks:
    """The general solver on the weeks that the certificate names.

    Attributes:
        split: The prepared problem.
        search: The trial that stands, replaced by better ones.
        certificate: Names the weeks.
        tolerance_usd: Gap that is wanted [USD].
        edges: First interval of each week and the end.
        solved: Weeks that were stated to the solver.
        bettered: Weeks in which it found something.
        rule: What is ruled out beside a plan.
        ruled: The trial that is that plan.
        known: By share of a week around, weeks in and beside which nothing has changed since they were solved.
    """

    split: Split
    search: Search
    certificate: Certificate
    tolerance_usd: float
    edges: Ints
    solved: set[int] = field(default_factory=set)
    bettered: set[int] = field(default_factory=set)
    rule: CountRule | None = None
    ruled: Trial | None = None
    known: dict[float, set[int]] = field(default_factory=lambda: {around: set() for around in AROUND})

    def run(self) -> bool:
        """Solve the named weeks, then each with half a week on both sides, until none is bettered; whether any was."""
        before, spare = self.search.value_usd, (1 - SHARE_OF_TIME) * self.search.deadline.left()
        for around in AROUND:
            known, gaps = self.known[around], self._gaps()
            while (left := [week for week in np.argsort(-gaps) if gaps[week] > 0 and week not in known]) != []:
                week = int(left[0])
                seconds = max(self.search.deadline.left() - spare, 0.0) * gaps[week] / gaps[left].sum()
                if seconds < LEAST_SECONDS:
                    return self.search.value_usd > before
                known.add(week)
                self.solved.add(week)
                if self._solve(week, around, float(seconds)):
                    self.bettered.add(week)
                    for others in self.known.values():
                        others.difference_update({week - 1, week + 1})
                    gaps = self._gaps()
        return self.search.value_usd > before

    def _gaps(self) -> Floats:
        """What each week misses of the bound beyond its share of the tolerance [USD]; 0 once the whole is near enough."""
        if self.certificate.bound_usd - self.search.value_usd <= self.tolerance_usd:
            return np.zeros(len(self.edges) - 1)
        missed = np.add.reduceat(shortfall_usd(self.split, self._rule().plan, self.certificate), self.edges[:-1])
        return np.maximum(missed - self._shares(), 0.0)

    def _shares(self) -> Floats:
        shares: Floats = self.tolerance_usd * np.diff(self.edges) / self.edges[-1]
        return shares

    def _rule(self) -> CountRule:
        """What is ruled out beside the plan that stands, made once for each plan and certificate."""
        rule = self.rule
        if rule is None or rule.certificate is not self.certificate or self.ruled is not self.search.best:
            problem, self.ruled = self.split.problem, self.search.best
            plan = Plan.of(problem, self.search.valued().schedule(), bound_usd=None, method="")
            rule = self.rule = CountRule(self.split, plan, self.certificate)
        return rule

    def _solve(self, week: int, around: float, seconds: float) -> bool:
        """Solve a week with some intervals around it; whether the plan is better for it."""
        problem, search, rule = self.split.problem, self.search, self._rule()
        first, end = int(self.edges[week]), int(self.edges[week + 1])
        more = int(around * (end - first))
        window = Window.of(problem, first - more, end + more)
        counts = rule.counts(window.first, window.end)
        close = CLOSENESS * float(self._shares()[week])
        trial = replanned(self.split, rule.plan, window, counts, seconds, close, search.deadline)
        if trial is None or not np.isfinite(trial.value_usd()):
            return False
        value = shave(trial)
        if value <= search.value_usd + SETTLED_USD or violations(problem, trial.schedule()):
            return False
        search.best, search.value_usd = trial, value
        return True

    def told(self) -> str:
        """What was done, for the plan's method."""
        if not self.solved:
            return ""
        return f"; then HiGHS on {listed(self.solved)}, {len(self.bettered)} bettered"


def listed(weeks: set[int]) -> str:
    """Weeks by number from 1, neighbours as ranges: ``weeks 2, 4-6``."""
    ranges = [f"{a + 1}" if a == b else f"{a + 1}-{b + 1}" for a, b in _ranges(sorted(weeks))]
    return f"week{'s' if len(weeks) > 1 else ''} {', '.join(ranges)}"


def _ranges(numbers: list[int]) -> Iterator[tuple[int, int]]:
    first = last = numbers[0]
    for n in numbers[1:]:
        if n > last + 1:
            yield first, last
            first = n
        last = n
    yield first, last
