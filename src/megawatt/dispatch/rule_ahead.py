"""The tuned rule instead of a plan: what a site is told where looking ahead lost to it on the record.

The rule reacts to the last known price, so only its next interval is a decision; what stands for later is what it would
do at the expected prices. Its band is the one of `policies.BANDS_USD_PER_MWH` that would have earned most on the prices
of the last ninety days, at what an MWh earns now. Where a coincident peak is charged it stands by in the calendar's hours.
"""

from dataclasses import replace

import numpy as np

from megawatt.core.dataset import Dataset
from megawatt.dispatch.ahead import AheadPlan
from megawatt.dispatch.ledger import settle
from megawatt.dispatch.policies import BANDS_USD_PER_MWH, hysteresis
from megawatt.dispatch.problem import Floats, MachineClass
from megawatt.dispatch.prospect import Market
from megawatt.dispatch.simulate import Bools, Wish, simulate
from megawatt.forecast.model import known

PAST_DAYS = 90


def by_rule(plan: AheadPlan, data: Dataset) -> AheadPlan:
    """The same plan with the rule's decisions in place of its own; batch work runs from its window's start."""
    problem, now = plan.expected, plan.request.now
    market = Market.of(plan.site, known(data, now), problem.grid)
    t = int((problem.grid.start - market.grid.start) // problem.grid.step)
    begin = max(0, t - PAST_DAYS * round(24 / problem.grid.hours))
    past = market.price.values[begin:t]
    past = past[np.isfinite(past)]
    before = np.concatenate((past[-1:], problem.price_usd_per_mwh[:-1]))
    seen = before + problem.adder_usd_per_mwh + problem.peak_usd_per_mwh
    adder = plan.site.connection.price_adder_usd_per_mwh
    on, mode = [], []
    for machine in problem.machines:
        margin = machine.revenue_usd_per_h - machine.power_mw * seen
        best = margin.argmax(axis=0)
        lead = margin.max(axis=0) / machine.power_mw[best, np.arange(problem.T)]
        on.append(_from(machine.initial.on, lead, tuned_band(machine, past + adder, problem.grid.hours)))
        mode.append(best.astype(np.int64))
    asked = np.array([(h.segment_mw * (h.segment_usd_per_mwh >= seen)).sum(axis=0) for h in problem.elastic])
    wish = Wish(tuple(on), tuple(mode), asked.reshape(len(problem.elastic), problem.T), _merit(plan))
    jobs = tuple(
        replace(j, need=np.minimum(j.need, np.bincount(j.window, minlength=len(j.need)))) for j in problem.batches
    )
    schedule = simulate(replace(problem, batches=jobs), wish).schedule  # of work that may wait, what fits the horizon
    problems = plan.rolling.outlook.problems
    values = np.array([settle(one, schedule).net_usd for one in problems])
    rolling = replace(
        plan.rolling,
        schedules=(schedule,) * len(problems),
        values_usd=values,
        later_work=np.zeros_like(plan.rolling.later_work),
        bound_usd=None,
        method="the rule hysteresis at expected prices",
    )
    return replace(plan, rolling=rolling)


def tuned_band(machine: MachineClass, past_usd_per_mwh: Floats, hours: float) -> float:
    """The band that would have earned most on past costs, at what the class earns now [USD/MWh]."""
    revenue, power = machine.revenue_usd_per_h[:, :1], machine.power_mw[:, :1]
    margin = revenue - power * past_usd_per_mwh
    best = margin.argmax(axis=0)
    lead = np.concatenate(([0.0], (margin.max(axis=0) / power[best, 0])[:-1]))
    switching = machine.start_usd + machine.stop_usd
    words = [hysteresis(lead, band) for band in BANDS_USD_PER_MWH]
    earned = [
        hours * float(margin.max(axis=0)[w].sum()) - switching * int((np.diff(w.astype(np.int8)) == 1).sum())
        for w in words
    ]
    return BANDS_USD_PER_MWH[int(np.argmax(earned))]


def _from(state: bool, lead: Floats, band: float) -> Bools:
    """The rule's word from a state on, shape (T,)."""
    # a lead of plus or minus infinity before the first interval puts the rule into the state
    return hysteresis(np.concatenate(([np.inf if state else -np.inf], lead)), band)[1:]


def _merit(plan: AheadPlan) -> tuple[int, ...]:
    """Classes from the lowest J/TH up."""
    own = [plan.site.fleets[number].efficiency_j_per_th for number in plan.fleets]
    return tuple(np.argsort(own, kind="stable").tolist())
