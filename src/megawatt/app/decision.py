"""The answer of ``decide``: what each megawatt did or should have done, what that was worth, and how sure that is."""

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from megawatt.app.aside import Aside
from megawatt.app.forecast_value import ForecastValue, forecast_values, per_mw_year, rated_mw
from megawatt.core.dataset import Dataset
from megawatt.dispatch.advice import Advice, advise, entrants
from megawatt.dispatch.backtest import Result, backtest, run_rule, run_rules
from megawatt.dispatch.case import Case, case_of
from megawatt.dispatch.contest import Contest
from megawatt.dispatch.coupled.weeks import with_gap_by_week
from megawatt.dispatch.explain import why
from megawatt.dispatch.forecast_policies import contests
from megawatt.dispatch.general import Effort, limit_price_usd_per_mw
from megawatt.dispatch.ledger import BUYERS, settle
from megawatt.dispatch.next_mw import NextMegawatt, break_evens_usd_per_mwh, next_megawatts
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.policies import THRESHOLD
from megawatt.dispatch.solve import solve
from megawatt.site.read import Site

DELAYS = (0, 1, 2, 4)
"""Reaction delays shown, in intervals; 0 knows the interval's own price."""

OTHERS, OWN = slice(0, None, 2), slice(1, None, 2)
"""Which of the next megawatts another process does and which this one, where there are two."""


@dataclass(frozen=True, slots=True)
class Sensitivity:
    """Net money of the recommended policy's own decisions under another assumption.

    Attributes:
        what: The assumption, in words.
        net_usd: Net with the decisions unchanged: a lower bound, as one would decide otherwise [USD].
    """

    what: str
    net_usd: float


@dataclass(frozen=True, slots=True)
class Decision:
    """Everything that ``megawatt decide`` found.

    Attributes:
        case: Site and data.
        plan: The optimum with its certificate.
        results: All policies; perfect foresight last.
        advice: The recommended policy, and the days that it was chosen on.
        next_mw: Values of the next megawatt.
        delays: Net of the threshold rule by reaction delay in intervals [USD].
        sensitivities: What other assumptions would make of the advised decisions.
        forecasts: What forecasts earned over the best simple rule, by source.
    """

    case: Case
    plan: Plan
    results: tuple[Result, ...]
    advice: Advice
    next_mw: tuple[NextMegawatt, ...]
    delays: dict[int, float]
    sensitivities: tuple[Sensitivity, ...]
    forecasts: tuple[ForecastValue, ...] = ()

    @property
    def advised(self) -> str:
        """Name of the recommended policy."""
        return self.advice.policy.name

    def result(self, name: str) -> Result:
        """The result of one policy."""
        return next(one for one in self.results if one.name == name)

    @property
    def best(self) -> Result:
        """The result of the recommended policy."""
        return self.result(self.advised)

    @property
    def rated_mw(self) -> float:
        """Largest import of all loads together, within the limit: the megawatts that money is divided by [MW]."""
        return rated_mw(self.case)

    @property
    def per_mw_year(self) -> float:
        """Factor from money of the period to money per MW and year of 8,760 h."""
        return per_mw_year(self.case)

    @property
    def modelled(self) -> bool:
        """Whether any input is modelled rather than measured."""
        return any(series.provenance.modelled for series in self.case.inputs)

    @property
    def break_evens_usd_per_mwh(self) -> dict[str, float]:
        """Mean break-even power price of each fleet [USD/MWh]."""
        return break_evens_usd_per_mwh(self.case.problem)

    def policies(self) -> pd.DataFrame:
        """One tidy row per policy: money by buyer, energy, coins, shares."""
        rows = []
        for one in self.results:
            columns = {f"{b}_usd": float(one.ledger.column(b).sum()) for b in BUYERS}
            rows.append(
                {
                    "policy": one.name,
                    "net_usd": one.net_usd,
                    "usd_per_mw_year": one.net_usd * self.per_mw_year,
                    **columns,
                    "energy_mwh": one.energy_mwh,
                    "compute_mwh": one.compute_mwh,
                    "btc": one.btc,
                    "switches": one.switches,
                    "corrected": one.corrected,
                    "margin_share": one.margin_share,
                    "gain_share": one.gain_share,
                }
            )
        return pd.DataFrame(rows)

    def intervals(self, name: str | None = None) -> pd.DataFrame:
        """One row per interval in the site's zone: power by buyer, price and money of one policy (the advised one)."""
        one = self.result(name or self.advised)
        problem = self.case.problem
        frame = {
            "price_usd_per_mwh": np.where(self.case.covered, problem.price_usd_per_mwh, np.nan),
            "mining_mw": one.ledger.mining_mw,
            "ai_mw": one.ledger.tenant_mw,
            "sold_back_mw": self._sold_back(one),
            **{f"{b}_usd": one.ledger.column(b) for b in BUYERS},
        }
        return pd.DataFrame(frame, index=problem.grid.index(self.case.site.connection.timezone))

    def why(self) -> pd.DataFrame:
        """Per interval of the optimum: which buyer won, by how much over the next, and what held other loads."""
        return why(self.case.problem, self.plan)

    def limit_price(self) -> pd.Series:
        """Worth of one more MW of import limit in each interval of the optimum, on/off decisions kept [USD/MW]."""
        problem = self.case.problem
        price = np.zeros(problem.T) if problem.separable else limit_price_usd_per_mw(problem, self.plan)
        return pd.Series(price, index=problem.grid.index(self.case.site.connection.timezone), name="USD/MW")

    def _sold_back(self, one: Result) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
        """Part of the fixed-price blocks that is not drawn and so is sold back at spot, shape (T,) [MW]."""
        bought = sum(block.block_mw for block in self.case.problem.positions if block.resale != "forbidden")
        return np.asarray(np.maximum(bought - one.ledger.import_mw, 0.0) * self.case.covered, dtype=np.float64)


def decide(site: Site, data: Dataset, *, effort: Effort | None = None, aside: Aside | None = None) -> Decision:
    """Answer the main question for a site's period.

    Args:
        site: The site.
        data: Series it needs; see `megawatt.app.data.data_for`.
        effort: When the search may stop, that for the optimum and again that for all next megawatts; coupled sites only.
        aside: Who goes through the policies meanwhile and does half of the next megawatts; nobody by default.
    """
    case = case_of(site, data)
    effort, aside, timezone = effort or Effort(), aside or Aside(), site.connection.timezone
    policies = aside.begin(run_policies, case)
    plan = solve(case.problem, effort, timezone)
    ran, held, delays = policies()
    plan = bettered(case, plan, ran)
    others = aside.begin(next_megawatts, case, plan, effort, OTHERS) if aside.pipe else None
    plan = with_gap_by_week(case.problem, plan, timezone)
    results = backtest(case, plan, ran)
    advice = advise(case, results)
    next_mw = list(next_megawatts(case, plan, effort, OWN if others else slice(None)))
    for number, one in enumerate(others() if others else ()):
        next_mw.insert(2 * number, one)
    return Decision(
        case,
        plan,
        results,
        advice,
        tuple(next_mw),
        delays,
        sensitivities(case, advice.policy),
        forecast_values(case, results, held),
    )


def run_policies(case: Case) -> tuple[tuple[Result, ...], tuple[Contest, ...], dict[int, float]]:
    """All policies, the contests of those that act on a forecast, and the net of the threshold rule by delay [USD]."""
    held = contests(case)
    ran = (*run_rules(case), *entrants(held))
    return ran, held, {n: run_rule(case, THRESHOLD, n).net_usd for n in DELAYS}


def bettered(case: Case, plan: Plan, ran: tuple[Result, ...]) -> Plan:
    """The plan, or a policy's own schedule where a solver that was stopped by the clock had found nothing as good."""
    if case.problem.separable:
        return plan
    best = max(ran, key=lambda result: result.net_usd)
    if best.schedule is None or best.net_usd <= plan.value_usd:
        return plan
    method = f"{plan.method}, bettered by the rule {best.name}"
    return Plan.of(case.problem, best.schedule, bound_usd=plan.bound_usd, method=method, certificate=plan.certificate)


def sensitivities(case: Case, advised: Result) -> tuple[Sensitivity, ...]:
    """The advised decisions under other hashprices and power prices."""
    schedule = advised.schedule
    if schedule is None:
        return ()
    out = []
    for percent in (-20, 20):
        factor = 1 + percent / 100
        classes = tuple(
            replace(c, revenue_usd_per_h=c.revenue_usd_per_h * (1.0 if c.hosted else factor))
            for c in case.problem.machines
        )
        if classes:
            changed = replace(case.problem, machines=classes)
            out.append(Sensitivity(f"hashprice {percent:+d} %", settle(changed, schedule).net_usd))
    for usd in (-10, 10):
        prices = tuple(
            replace(p, price_usd_per_mwh=p.price_usd_per_mwh + usd * case.covered) for p in case.problem.positions
        )
        dearer = case.problem.price_usd_per_mwh + usd * case.covered
        changed = replace(case.problem, price_usd_per_mwh=dearer, positions=prices)
        out.append(Sensitivity(f"power price {usd:+d} USD/MWh", settle(changed, schedule).net_usd))
    return tuple(out)
