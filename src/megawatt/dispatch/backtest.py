"""Every policy on the same period, the same data and the same physics, beside what perfect foresight would have earned."""

from dataclasses import dataclass, replace

import numpy as np

from megawatt.core.units import ItMW
from megawatt.dispatch.case import Case
from megawatt.dispatch.case_halls import terms_of
from megawatt.dispatch.ledger import Ledger, settle
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.policies import ALWAYS_ON, Rule, rules_for, wish
from megawatt.dispatch.problem import FirmLoad, Problem
from megawatt.dispatch.recommend import TUNED
from megawatt.dispatch.schedule import Schedule, batch_from_start
from megawatt.dispatch.simulate import Outcome, simulate
from megawatt.hosting.contract import Contract, PowerTerms, rent_of_headline

ALL_HOSTING = "all-hosting"
FORESIGHT = "perfect-foresight"


@dataclass(frozen=True, slots=True)
class Result:
    """What a policy did and earned.

    Attributes:
        name: Policy name.
        what: One sentence for people.
        ledger: Money.
        schedule: What each load did; None for a site that is not this one (all-hosting).
        btc: Coins earned after the pool's fee [BTC].
        switches: Starts and stops of blocks.
        corrected: Block-intervals in which physics did not allow what the policy wished.
        margin_share: Net over the net of perfect foresight; None where that is not positive.
        gain_share: Gain over always-on as a share of the gain of perfect foresight; None where there is none.
        forecast: Whether the policy acts on a forecast.
    """

    name: str
    what: str
    ledger: Ledger
    schedule: Schedule | None
    btc: float
    switches: int
    corrected: int
    margin_share: float | None = None
    gain_share: float | None = None
    forecast: bool = False

    @property
    def net_usd(self) -> float:
        """Net money of the period [USD]."""
        return self.ledger.net_usd

    @property
    def energy_mwh(self) -> float:
        """Energy drawn at the meter [MWh]."""
        return float(self.ledger.import_mw.sum()) * self.ledger.hours

    @property
    def compute_mwh(self) -> float:
        """Energy that the AI halls drew at the meter [MWh]."""
        return float(self.ledger.tenant_mw.sum()) * self.ledger.hours


def run_rule(case: Case, rule: Rule, delay_intervals: int = 1) -> Result:
    """One rule on a case, with a reaction delay in intervals."""
    return result_of(case, rule.name, rule.what, simulate(case.problem, wish(case, rule, delay_intervals)))


def result_of(case: Case, name: str, what: str, outcome: Outcome, *, forecast: bool = False) -> Result:
    """The result of a policy from what physics made of its wish."""
    return Result(
        name,
        what,
        settle(case.problem, outcome.schedule),
        outcome.schedule,
        coins(case, outcome.schedule),
        outcome.schedule.starts_stops(case.problem),
        outcome.corrected,
        forecast=forecast,
    )


def run_rules(case: Case) -> tuple[Result, ...]:
    """Every rule of the tables on a case, in their order."""
    return tuple(run_rule(case, rule) for rule in rules_for(case))


def backtest(case: Case, plan: Plan, ran: tuple[Result, ...]) -> tuple[Result, ...]:
    """All policies in the order of the tables: rules, all-hosting, perfect foresight last.

    Args:
        case: The site with its data.
        plan: The optimal plan of its problem: perfect foresight, a bound and no policy.
        ran: Results of the rules on the same case, always-on first, and of other policies.
    """
    results = [*ran]
    results.insert(1, all_hosting(case))
    foresight = Result(
        FORESIGHT,
        "the optimum with all prices known: a bound, not a policy",
        plan.ledger,
        plan.schedule,
        coins(case, plan.schedule),
        plan.schedule.starts_stops(case.problem),
        0,
    )
    always = next(r.net_usd for r in results if r.name == ALWAYS_ON.name)
    return tuple(with_shares(r, always=always, best=foresight.net_usd) for r in [*results, foresight])


def with_shares(result: Result, *, always: float, best: float) -> Result:
    """The result with its two shares of perfect foresight."""
    margin = result.net_usd / best if best > 0 else None
    gain = (result.net_usd - always) / (best - always) if best - always > 0.005 else None
    return replace(result, margin_share=margin, gain_share=gain)


def refused(results: tuple[Result, ...]) -> tuple[tuple[Result, Result], ...]:
    """Forecast policies that earned less than hysteresis tuned on earlier data, each with what it lost to.

    They are never advised, whatever a forecaster's scores say; where a site has no such hysteresis, nothing is refused.
    """
    bar = [r for r in results if r.name in TUNED]
    if not bar:
        return ()
    best = max(bar, key=lambda r: r.net_usd)
    return tuple((r, best) for r in results if r.forecast and r.net_usd < best.net_usd)


def coins(case: Case, schedule: Schedule) -> float:
    """Coins of the operator's own machines after the pool's fee [BTC]."""
    if not case.site.fleets:
        return 0.0
    price = np.nan_to_num(case.data["btc/price"].on(case.problem.grid).values)
    own = settle(case.problem, schedule).lines["network/hash_revenue"]
    return float(np.divide(own, price, out=np.zeros_like(own), where=price > 0).sum())


def all_hosting(case: Case) -> Result:
    """Mining removed and its power sold as firm rent: what the site would bring as a landlord; needs capital first.

    The rent is that of the site's colocation contract, up to the hall's IT power and to what the meter limit leaves
    beside the other loads in the hottest hour; a site without one is shown at the rent of Core Scientific's contract with CoreWeave of June 2024 (3.5 bn USD, 12 years, 200 MW of IT).
    """
    problem = case.problem
    hall = next((h for h in case.site.halls if case.site.contract(h.contract).kind == "colocation"), None)
    factor = case.site.pue.worst_hall / (1 - case.site.connection.loss_fraction)
    machines = sum((c.blocks * c.power_mw.max(axis=0) for c in problem.machines), np.zeros(problem.T))
    room = float((problem.limit_mw - (problem.largest_mw - machines)).min())  # beside every other load at full power
    it_mw = max(min(float(machines.max()), room), 0.0) / factor
    if hall is not None:
        terms = terms_of(case.site.contract(hall.contract))
        it_mw = min(it_mw, hall.critical_it_mw)
        what = f"mining replaced by {it_mw:.3g} MW of IT at the rent of {hall.contract}; needs capex"
    else:
        rent = rent_of_headline(3.5e9, years=12, it=ItMW(200.0))
        terms = Contract("reference", rent, case.site.period.start, power=PowerTerms.PASS_THROUGH)
        what = f"mining replaced by {it_mw:.3g} MW of IT at {rent:.4g} USD/kW-month (CORZ-CRWV 2024); needs capex"
    load = FirmLoad(
        "mining sold as hosting",
        np.where(case.covered, it_mw * factor, 0.0),
        terms.rent_per_interval(problem.grid, case.site.connection.timezone, ItMW(it_mw)) * case.covered,
        pass_through=terms.power is PowerTerms.PASS_THROUGH,
    )
    converted = without_mining(problem, load)
    schedule = Schedule((), batch_from_start(converted), full_elastic(converted), np.zeros((0, 0)))
    return Result(ALL_HOSTING, what, settle(converted, schedule), None, 0.0, 0, 0)


def without_mining(problem: Problem, load: FirmLoad) -> Problem:
    """The problem with its machines and reserves replaced by one firm load."""
    none = np.zeros(0, dtype=np.int64)
    return replace(problem, machines=(), reserves=(), award_hour=none, firm=(*problem.firm, load))


def full_elastic(problem: Problem) -> np.ndarray[tuple[int, int], np.dtype[np.float64]]:
    """Every elastic load at full power, shape (L, T) [MW]."""
    rows = [hall.segment_mw.sum(axis=0) for hall in problem.elastic]
    return np.array(rows, dtype=np.float64).reshape(len(rows), problem.T)
