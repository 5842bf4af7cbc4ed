"""Policies that look ahead beside the rules that look back and perfect foresight, day by day, on one period.

Nothing is fitted on the period: rules tune their band on the months before, the chain of bins counts what is known when
it is fitted, and its settings were chosen on February to June 2024.
"""

from dataclasses import dataclass

import numpy as np

from megawatt.dispatch.backtest import FORESIGHT, Result, coins, run_rule, with_shares
from megawatt.dispatch.case import Case
from megawatt.dispatch.contest import local_day
from megawatt.dispatch.forecast_policy import ROLLING, STOCHASTIC, run_forecast_policy
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.policies import rules_for
from megawatt.dispatch.problem import Floats, Ints
from megawatt.dispatch.recommend import PolicyRecord, Verdict, recommend

CANDIDATES = (STOCHASTIC, ROLLING)


@dataclass(frozen=True, slots=True)
class Comparison:
    """What every policy earned.

    Attributes:
        case: Site and data.
        results: Policies, perfect foresight last.
        record: Their money by local day.
        verdicts: What the record says of each policy that looks ahead.
    """

    case: Case
    results: tuple[Result, ...]
    record: PolicyRecord
    verdicts: tuple[Verdict, ...]

    @property
    def per_mw_year(self) -> float:
        """Factor from money of the period to USD per MW of machines and year of 8,760 h."""
        problem = self.case.problem
        mw = sum((c.blocks * c.power_mw.max(axis=0) for c in problem.machines), np.zeros(problem.T)).max()
        return 8760 / (self.case.hours_covered * mw) if mw > 0 else 0.0

    def regret_usd_per_day(self, name: str) -> Floats:
        """What perfect foresight earned more on each day, shape (days,) [USD]; a day may be negative, their sum not."""
        return self.record.usd_by_day[FORESIGHT] - self.record.usd_by_day[name]

    @property
    def advised(self) -> str:
        """The policy that earned most of those that may be recommended."""
        lost = {v.candidate for v in self.verdicts if v.advised != v.candidate}
        allowed = [r for r in self.results if r.name != FORESIGHT and r.name not in lost]
        return max(allowed, key=lambda r: r.net_usd).name


def compare(case: Case, plan: Plan) -> Comparison:
    """Run all policies on a case.

    Args:
        case: The site with its data.
        plan: The optimum of its problem: perfect foresight, a bound and no policy.
    """
    results = [run_rule(case, rule) for rule in rules_for(case)]
    results += [run_forecast_policy(case, name) for name in CANDIDATES]
    what = "the optimum with all prices known: a bound, not a policy"
    switched = plan.schedule.starts_stops(case.problem)
    results.append(Result(FORESIGHT, what, plan.ledger, plan.schedule, coins(case, plan.schedule), switched, 0))
    always, best = results[0].net_usd, plan.value_usd
    shared = tuple(with_shares(one, always=always, best=best) for one in results)
    site, day = case.site, local_day(case.problem.grid, case.site.connection.timezone)
    usd = {one.name: _by_day(one, day) for one in shared}
    record = PolicyRecord(site.connection.name, f"{site.period.start}", usd)
    return Comparison(case, shared, record, tuple(recommend(record, name) for name in CANDIDATES))


def _by_day(result: Result, day: Ints) -> Floats:
    net = sum(result.ledger.lines.values(), np.zeros(len(day)))
    return np.bincount(day, weights=net).astype(np.float64)
