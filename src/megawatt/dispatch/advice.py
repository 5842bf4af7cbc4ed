"""Which policy is advised: the one that earned most on the days *before* the period, where the data cover them.

Every policy decides by what was known at the time, but to choose among them by what they earned on the period that is
shown is hindsight. So all are run on the days before it too, and the one that earned most there is advised. Where the
data hold fewer than 28 such days, or gaps, the choice is made on the period itself, and the answer says so.
"""

import datetime as dt
from dataclasses import dataclass, replace

import numpy as np

from megawatt.dispatch.backtest import ALL_HOSTING, FORESIGHT, Result, refused, run_rules
from megawatt.dispatch.case import Case, case_of
from megawatt.dispatch.contest import Contest
from megawatt.dispatch.forecast_policies import contests
from megawatt.dispatch.recommend import LEAST_DAYS

LEAST_COVERED = 0.9
"""Share of the earlier days for which all series must have values."""


@dataclass(frozen=True, slots=True)
class Advice:
    """A policy and the days it was chosen on.

    Attributes:
        policy: Its result on the period.
        first: First local day of those on which it earned most.
        end: The day after the last of them.
        before: Whether they lie before the period; if not, the choice was made with hindsight on the period itself.
    """

    policy: Result
    first: dt.date
    end: dt.date
    before: bool


def advise(case: Case, results: tuple[Result, ...]) -> Advice:
    """Choose among the policies of a period by what they earned before it, or on it where there is too little before.

    Args:
        case: The site with its data.
        results: What every policy earned on the period.
    """
    earlier = days_before(case)
    period = (earlier or case).site.period
    if earlier is None:
        return Advice(recommended(results), period.start, period.end, before=False)
    past = (*run_rules(earlier), *entrants(contests(earlier)))
    return Advice(recommended(results, past), period.start, period.end, before=True)


def entrants(held: tuple[Contest, ...]) -> tuple[Result, ...]:
    """Every result of some contests."""
    return tuple(one for contest in held for one in (*contest.simple, contest.forecast) if one is not None)


def recommended(results: tuple[Result, ...], past: tuple[Result, ...] = ()) -> Result:
    """The policy that earned most of those that may be advised: each decides by earlier data only.

    A policy that acts on a forecast is advised only where it earned more than every simple rule, and where it is
    `refused` neither on the period nor before it.

    Args:
        results: What every policy earned on the period.
        past: What every policy earned before it; where empty, the period itself decides.
    """
    earned = {one.name: one.net_usd for one in past or results}
    lost = {one.name for table in (results, past) for one, _ in refused(table)}
    allowed = [r for r in results if r.name in earned and r.name not in {FORESIGHT, ALL_HOSTING} | lost]
    return max(sorted(allowed, key=lambda r: r.forecast), key=lambda r: earned[r.name])


def days_before(case: Case) -> Case | None:
    """The site on the days before its period: as many as it has, at least 28; fewer, but no fewer than 28, where data begin."""
    site, period = case.site, case.site.period
    length = max((period.end - period.start).days, LEAST_DAYS)
    begin = max(one.grid.start for one in case.inputs)
    first = max(begin.astype("datetime64[D]").item() + dt.timedelta(days=2), period.start - dt.timedelta(days=length))
    if (period.start - first).days < LEAST_DAYS:
        return None
    earlier = replace(site, period=period.model_copy(update={"start": first, "end": period.start}))
    grid = earlier.grid()
    covered = np.logical_and.reduce([np.isfinite(one.on(grid).values) for one in case.inputs])
    return case_of(earlier, case.data) if covered.mean() >= LEAST_COVERED else None
