"""The answer of ``explain``: who won an interval, what bound there, and what looser limits would be worth."""

import datetime as dt
from dataclasses import dataclass, replace
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd

from megawatt.app.decision import bettered
from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.timegrid import utc, zone
from megawatt.dispatch.backtest import run_rules
from megawatt.dispatch.case import Case, case_of
from megawatt.dispatch.general import Effort
from megawatt.dispatch.horizon import Horizon, decision_horizon, look_ahead_intervals
from megawatt.dispatch.interval import IntervalPlan, interval_of
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.solve import solve
from megawatt.dispatch.what_if import Change, what_if
from megawatt.site.read import Site

SCHEMA = "megawatt/explain/1"


@dataclass(frozen=True, slots=True)
class Explanation:
    """Everything that ``megawatt explain`` found about one interval.

    Attributes:
        case: Site and data.
        plan: The optimum with its certificate.
        interval: What it does in the interval, and why.
        horizon: First intervals of the plan that no later price can change.
        look_ahead: Intervals beyond this one for which prices had to be known to decide it for good; None where that
            is not proven.
        changes: What looser limits would be worth.
    """

    case: Case
    plan: Plan
    interval: IntervalPlan
    horizon: Horizon
    look_ahead: int | None
    changes: tuple[Change, ...]

    @property
    def covered(self) -> bool:
        """Whether the data cover the interval; nothing runs or is decided where they do not."""
        return bool(self.case.covered[self.interval.interval])

    @property
    def span(self) -> tuple[pd.Timestamp, pd.Timestamp]:
        """Start and end of the interval in the site's zone."""
        grid = self.case.problem.grid
        start = pd.Timestamp(grid.starts[self.interval.interval], tz="UTC").tz_convert(
            self.case.site.connection.timezone
        )
        return start, start + pd.Timedelta(minutes=grid.step_minutes)

    def bids(self) -> pd.DataFrame:
        """One row per bidder by falling bid: buyer, bid, power drawn and power possible."""
        return pd.DataFrame(
            [
                {"name": b.name, "buyer": b.buyer, "usd_per_mwh": b.usd_per_mwh, "mw": b.mw, "most_mw": b.most_mw}
                for b in self.interval.bidders
            ]
        )

    def worth(self) -> pd.DataFrame:
        """One row per change: its value over the period, what the gaps leave open, and whether it is resolved."""
        return pd.DataFrame(
            [
                {"what": c.what, "usd": c.usd, "uncertainty_usd": c.uncertainty_usd, "resolved": c.resolved}
                for c in self.changes
            ]
        )

    def answer(self) -> dict[str, Any]:
        """The explanation as JSON, schema ``megawatt/explain/1``; powers in MW, times in UTC."""
        grid, one, plan = self.case.problem.grid, self.interval, self.plan
        t = one.interval
        known = self.covered
        return {
            "schema": SCHEMA,
            "site": self.case.site.connection.name,
            "interval": {"start": f"{grid.starts[t]}Z", "end": f"{grid.ends[t]}Z", "number": t, "covered": known},
            "winner": {"name": one.winner.name, "buyer": one.winner.buyer} if known else None,
            "lead_usd_per_mwh": one.lead_usd_per_mwh if known else None,
            "bidders": self.bids().to_dict(orient="records") if known else [],
            "import_mw": one.import_mw,
            "limit_mw": one.limit_mw,
            "award_mw": one.award_mw,
            "held": list(one.held),
            "limits": [{"name": limit.name, "detail": limit.detail} for limit in one.limits],
            "what_if": [
                {
                    "what": c.what,
                    "usd": c.usd,
                    "uncertainty_usd": c.uncertainty_usd,
                    "resolved": c.resolved,
                    "note": c.note,
                }
                for c in self.changes
            ],
            "decision_horizon": {
                "intervals": self.horizon.intervals,
                "look_ahead_intervals": self.look_ahead,
                "reason": self.horizon.reason,
            },
            "plan": {
                "value_usd": plan.value_usd,
                "bound_usd": plan.bound_usd,
                "gap_usd": plan.gap_usd,
                "method": plan.method,
            },
        }


def explain(site: Site, data: Dataset, at: np.datetime64, *, effort: Effort | None = None) -> Explanation:
    """Explain the interval of the optimum that contains an instant.

    Args:
        site: The site; its whole period is planned.
        data: Series it needs; see `megawatt.app.data.data_for`.
        at: Instant, UTC.
        effort: When the general solver may stop; each changed problem has a third of its time.

    Raises:
        InputError: The instant lies outside the period.
    """
    t = located(site, at)
    case = case_of(site, data)
    effort = effort or Effort()
    plan = bettered(case, solve(case.problem, effort, site.connection.timezone), run_rules(case))
    covered = bool(case.covered[t])
    changes = what_if(case.problem, plan, t, replace(effort, seconds=effort.seconds / 3)) if covered else ()
    return Explanation(
        case,
        plan,
        interval_of(case.problem, plan, t),
        decision_horizon(case.problem),
        look_ahead_intervals(case.problem, t),
        changes,
    )


def located(site: Site, at: np.datetime64) -> int:
    """Number of the interval that contains an instant; an error says the period in the site's own time."""
    grid, timezone = site.grid(), site.connection.timezone
    if grid.start <= at < grid.end:
        return grid.locate(at)
    first, end, here = (
        pd.Timestamp(one, tz="UTC").tz_convert(timezone).isoformat() for one in (grid.start, grid.end, at)
    )
    raise InputError(
        f"the time {here}",
        f"the period runs from {first} to {end}",
        "Choose a time inside it, or the days around it with --from and --to.",
        site.place,
    )


def instant(text: str, timezone: str) -> np.datetime64:
    """Read a time with its zone; without one the error says what it could mean at the site.

    Raises:
        InputError: The text is no time, or has no zone.
    """
    try:
        value = dt.datetime.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{text!r} was given as a time", "a time is ISO 8601 with its zone", "Write 2024-07-01T17:00-05:00."
        ) from None
    if value.tzinfo is not None:
        return utc(value)
    raise _without_zone(value, timezone)


def _without_zone(value: dt.datetime, timezone: str) -> InputError:
    """The error of a time without a zone: at the site it is one instant, none in the spring, or two in the autumn."""
    tz = zone(timezone)
    early, late = (_normal(value.replace(fold=fold), tz) for fold in (0, 1))
    text = value.isoformat(timespec="minutes")
    if early.timestamp() == late.timestamp():  # in one zone Python compares the clock, not the instant
        rule, remedy = "a time has a zone", f"Write {_iso(early)} for {timezone}, or append Z for UTC."
    elif early.replace(tzinfo=None) != value:
        rule = f"in {timezone} there is no such time: the clock is put forward over it"
        remedy = f"Write {_iso(late)} or {_iso(early)}."
    else:
        rule = f"in {timezone} there are two such times: the clock is put back over it"
        remedy = f"Write {_iso(early)} for the first or {_iso(late)} for the second."
    return InputError(f"the time {text} without a zone", rule, remedy)


def _normal(value: dt.datetime, tz: ZoneInfo) -> dt.datetime:
    try:
        return value.replace(tzinfo=tz).astimezone(dt.UTC).astimezone(tz)
    except OverflowError:
        raise InputError(
            f"the time {value.isoformat()}", "in UTC it lies in the years 1 to 9999", "Check the year."
        ) from None


def _iso(value: dt.datetime) -> str:
    return value.isoformat(timespec="minutes")
