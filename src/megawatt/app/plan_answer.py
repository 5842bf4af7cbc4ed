"""The answer of ``plan`` in words and as JSON, schema ``megawatt/plan/1``: keys are added in later versions, never renamed."""

from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd

from megawatt.app.words import listed, number, span, usd
from megawatt.dispatch.ahead import AheadPlan
from megawatt.dispatch.problem import Floats
from megawatt.dispatch.prospect import MODEL, VERSION
from megawatt.dispatch.recommend import Verdict
from megawatt.dispatch.rolling import cvar_usd
from megawatt.dispatch.state import batch_halls

SCHEMA = "megawatt/plan/1"


@dataclass(frozen=True, slots=True, eq=False)
class Answer:
    """A plan and how it came about.

    Attributes:
        plan: The plan.
        assumed: Whether the state before it is an assumption.
        verdict: What the record says of looking ahead; None without a record.
        policy: Who decided: ``rolling``, or the rule.
    """

    plan: AheadPlan
    assumed: bool
    verdict: Verdict | None
    policy: str

    @property
    def prices(self) -> Floats:
        """Prices of the scenarios, shape (S, T) [USD/MWh]."""
        return np.array([one.price_usd_per_mwh for one in self.plan.rolling.outlook.problems])

    def time(self, t: int) -> pd.Timestamp:
        """Start of an interval, or the end of the last, in the site's zone."""
        grid = self.plan.expected.grid
        return pd.Timestamp(grid.start + t * grid.step, tz="UTC").tz_convert(self.plan.site.connection.timezone)

    def running(self) -> Floats:
        """Blocks of each fleet that the site is told to run, shape (fleets, T)."""
        told: Floats = self.plan.running()[self.plan.rolling.typical]
        return told

    def rows(self) -> list[tuple[int, int]]:
        """First and last-but-one interval of each stretch in which nothing is switched."""
        what = np.concatenate((self.running(), self.plan.schedule.batch_on.reshape(-1, self.plan.expected.T)))
        edges = np.flatnonzero((np.diff(what, axis=1) != 0).any(axis=0)) + 1
        common = self.plan.rolling.outlook.common
        return list(pairwise(sorted({0, *edges.tolist(), common, self.plan.expected.T})))

    def sentences(self) -> list[str]:
        """The answer, what it rests on, and what it assumes."""
        return [self.next_words(), self.worth_words(), *self._basis()]

    def next_words(self) -> str:
        """What to do next."""
        plan, running, grid = self.plan, self.running(), self.plan.expected.grid
        _, end = self.rows()[0]
        parts = []
        for number_, one in enumerate(plan.site.fleets):
            before = sum(state.on for state in plan.before.blocks[one.name])
            now = int(running[number_, 0])
            verb = "start" if now > before else "stop" if now < before else "keep"
            change = f"{verb} {abs(now - before)}, so that {now}" if now != before else f"keep {now}"
            parts.append(f"{one.name}: {change} of {one.blocks} blocks on")
        for hall, on in zip(batch_halls(plan.site), plan.schedule.batch_on, strict=True):
            parts.append(f"{hall.name}: {'run' if on[0] else 'wait'}")
        until = span(self.time(0), self.time(end))
        mw = plan.schedule.import_mw(plan.expected)[0]
        what = "; ".join(parts) if parts else "nothing can be switched"
        return f"{until}: {what}. {number(float(mw))} MW at the meter, {grid.step_minutes}-minute intervals."

    def worth_words(self) -> str:
        """Expected value with its range."""
        values, risk = self.plan.rolling.values_usd, self.plan.rolling.risk
        text = (
            f"Expected {usd(float(values.mean()))} in {self.plan.expected.T * self.plan.expected.grid.hours:g} h, "
            f"{usd(float(values.min()))} to {usd(float(values.max()))} over {len(values)} price scenarios"
        )
        worst = f"the worst {100 * risk.tail_fraction:g} % of them mean {usd(cvar_usd(values, risk.tail_fraction))}"
        gap = self.plan.rolling.gap_usd
        close = (
            "no bound"
            if gap is None
            else "the optimum over them"
            if gap < 0.005
            else f"within {usd(gap)} of the optimum"
        )
        return f"{text}; {worst} ({self.plan.rolling.method}; {close})."

    def _basis(self) -> list[str]:
        plan, prospect = self.plan, self.plan.prospect
        prices = f"Prices: {prospect.source}, around it the chain {MODEL} {VERSION}"
        lines = [f"{prices}; issued {prospect.issued}Z, information {prospect.information_sha256[:16]}."]
        common = plan.rolling.outlook.common
        if common < plan.expected.T:
            lines.append(
                f"What stands after {self.time(common):%a %H:%M} is the scenario whose result lies nearest the mean: "
                f"plan again before then."
            )
        if self.verdict is not None:
            lines.append(self.verdict.sentence)
        else:
            lines.append("No record was given: that looking ahead beats the tuned rule at this site is not shown.")
        if plan.horizon.intervals:
            until = f"{self.time(plan.horizon.intervals):%a %H:%M}"
            lines.append(f"At the expected prices the decisions until {until} stand, whatever comes after the horizon.")
        elif plan.horizon.reason:
            lines.append(f"Decision horizon: {plan.horizon.reason}.")
        for hall, missed in zip(batch_halls(plan.site), plan.missed, strict=True):
            if missed:
                lines.append(f"{hall.name}: {missed} intervals of work no longer fit into the open window.")
        if self.assumed:
            lines.append(
                "No state was given: all blocks are taken to run, batch work to be done in proportion, no peak to be incurred."
            )
        left_out = [one.name for one in plan.site.programmes if one.qualified]
        if left_out:
            lines.append(f"Awards of {listed(left_out)} are sold the day before and are no part of this plan.")
        return lines

    def to_json(self) -> dict[str, Any]:
        """The answer for programs; money in USD, power in MW, times in UTC."""
        plan, grid, rolling = self.plan, self.plan.expected.grid, self.plan.rolling
        values, gap = rolling.values_usd, rolling.gap_usd
        return {
            "schema": SCHEMA,
            "site": plan.site.connection.name,
            "now": f"{plan.request.now}Z",
            "horizon": {"start": f"{grid.start}Z", "end": f"{grid.end}Z", "interval_minutes": grid.step_minutes},
            "prices": {
                "target": plan.prospect.target,
                "source": plan.prospect.source,
                "model": MODEL,
                "version": VERSION,
                "issued": f"{plan.prospect.issued}Z",
                "information_sha256": plan.prospect.information_sha256,
            },
            "policy": {"name": self.policy, "record": self.verdict.sentence if self.verdict else None},
            "state_assumed": self.assumed,
            "scenarios": len(values),
            "seed": plan.request.seed,
            "risk": {"weight": rolling.risk.weight, "tail_fraction": rolling.risk.tail_fraction},
            "value": {
                "expected_usd": float(values.mean()),
                "low_usd": float(values.min()),
                "high_usd": float(values.max()),
                "tail_usd": cvar_usd(values, rolling.risk.tail_fraction),
                "gap_usd": gap,
                "method": rolling.method,
            },
            "decision_horizon": {"intervals": plan.horizon.intervals, "reason": plan.horizon.reason},
            "missed_work": {h.name: n for h, n in zip(batch_halls(plan.site), plan.missed, strict=True)},
            "decisions": self._decisions(),
        }

    def _decisions(self) -> list[dict[str, Any]]:
        plan, grid, running, prices = self.plan, self.plan.expected.grid, self.running(), self.prices
        mw = plan.schedule.import_mw(plan.expected)
        low, high = prices.min(axis=0), prices.max(axis=0)
        return [
            {
                "start": f"{grid.starts[t]}Z",
                "common": t < plan.rolling.outlook.common,
                "blocks_on": {one.name: int(running[k, t]) for k, one in enumerate(plan.site.fleets)},
                "batch_on": {
                    hall.name: bool(on[t])
                    for hall, on in zip(batch_halls(plan.site), plan.schedule.batch_on, strict=True)
                },
                "import_mw": float(mw[t]),
                "price_usd_per_mwh": {
                    "expected": float(plan.expected.price_usd_per_mwh[t]),
                    "low": float(low[t]),
                    "high": float(high[t]),
                },
            }
            for t in range(grid.n)
        ]
