"""Rules that operators use, each deciding an interval by what was known when it began.

* always-on: machines run whatever the price is.
* threshold: a block runs when the last known price plus adders is at most its break-even in its best mode.
* day-ahead threshold: the same with the day-ahead price of the interval.
* hysteresis: a block stops above break-even plus a band and starts below break-even less it; the band of each class
  and month is the one that would have earned most on what was known when the month began.
* peak calendar: a rule that also stands by in hours ending 17 and 18 of the months in which a coincident peak is
  measured, if one peak avoided is worth more than those hours.

A fixed-price block changes none of them: it is a position, not a load.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.core.timegrid import Times
from megawatt.dispatch.case import Case, Knowledge
from megawatt.dispatch.case_power import coincident_charge, in_force
from megawatt.dispatch.problem import Floats, Problem
from megawatt.dispatch.simulate import Bools, Wish
from megawatt.power.coincident_peak import calendar_rule

BANDS_USD_PER_MWH = (0.0, 2.0, 5.0, 10.0, 20.0, 40.0)
"""Bands that the hysteresis rule chooses from, fixed before any result was seen."""


@dataclass(frozen=True, slots=True)
class Rule:
    """A named way to decide.

    Attributes:
        name: Name in tables and files.
        what: One sentence for people.
        by: ``last`` known price, ``day_ahead`` price, or ``none``.
        hysteresis: Whether the band is tuned month by month; 0 otherwise.
        calendar: Whether coincident peaks are avoided by the calendar.
    """

    name: str
    what: str
    by: str = "last"
    hysteresis: bool = False
    calendar: bool = False


ALWAYS_ON = Rule("always-on", "every machine runs in every interval", by="none")
THRESHOLD = Rule("threshold", "runs when the last known price is at most break-even: today's practice")
DAY_AHEAD = Rule("day-ahead", "runs when the day-ahead price is at most break-even", by="day_ahead")
HYSTERESIS = Rule("hysteresis", "threshold with a band tuned on the months before", hysteresis=True)
PEAK_CALENDAR = Rule("peak-calendar", "threshold, and off in the hours in which peaks fall", calendar=True)
COMBINED = Rule("peak-calendar-hysteresis", "peak calendar and hysteresis together", hysteresis=True, calendar=True)


def rules_for(case: Case) -> tuple[Rule, ...]:
    """The rules that make sense for a site's data and charges."""
    rules = [ALWAYS_ON, THRESHOLD]
    if f"price_da/{case.site.connection.load_settlement_point}" in case.data:
        rules.append(DAY_AHEAD)
    rules.append(HYSTERESIS)
    if any(one.kind == "coincident" for one in case.site.charges):
        rules += [PEAK_CALENDAR, COMBINED]
    return tuple(rules)


def wish(
    case: Case,
    rule: Rule,
    delay_intervals: int = 1,
    *,
    price_usd_per_mwh: Floats | None = None,
    avoided: Sequence[Bools] | None = None,
) -> Wish:
    """What a rule would do, deciding every interval by what was known then.

    Args:
        case: The site with its data.
        rule: The rule.
        delay_intervals: Age of what is known, see `Case.known`.
        price_usd_per_mwh: What the rule takes for the price of each interval, shape (T,); its own price by default. A
            forecast comes in here.
        avoided: Per machine class, intervals in which it stands by against coincident peaks, each of shape (T,); those
            of the calendar by default, if the rule has one.
    """
    problem = case.problem
    known = case.known(delay_intervals)
    price = _price(known, rule) if price_usd_per_mwh is None else price_usd_per_mwh
    price = price + case.site.connection.price_adder_usd_per_mwh
    on, mode = [], []
    away = avoided
    if away is None and rule.calendar:
        away = avoided_hours(case, known)
    if away is None:
        away = [np.zeros(problem.T, dtype=np.bool_)] * len(problem.machines)
    for number in range(len(problem.machines)):
        margin = known.revenue_usd_per_h[number] - known.power_mw[number] * np.nan_to_num(price)
        best = np.asarray(margin.argmax(axis=0), dtype=np.int64)
        if rule.by == "none":
            runs = np.ones(problem.T, dtype=np.bool_)
            best = np.zeros(problem.T, dtype=np.int64)
        else:
            lead = margin.max(axis=0) / known.power_mw[number][best, np.arange(problem.T)]
            lead[np.isnan(price)] = 0.0  # nothing is known yet: run, as a mine does
            runs = tuned_hysteresis(case, known, number, lead) if rule.hysteresis else lead >= 0
        on.append(runs & ~away[number])
        mode.append(best)
    asked = elastic_wish(problem, known, price if rule.by != "none" else np.full(problem.T, -np.inf))
    return Wish(tuple(on), tuple(mode), asked, merit(case))


def merit(case: Case) -> tuple[int, ...]:
    """Numbers of the machine classes from the lowest J/TH up: known from name plates, whatever prices will be."""
    return tuple(np.argsort([one.efficiency_j_per_th for one in case.site.fleets], kind="stable").tolist())


def _price(known: Knowledge, rule: Rule) -> Floats:
    if rule.by == "day_ahead":
        return np.where(np.isfinite(known.day_ahead_usd_per_mwh), known.day_ahead_usd_per_mwh, known.price_usd_per_mwh)
    return known.price_usd_per_mwh


def elastic_wish(problem: Problem, known: Knowledge, cost_usd_per_mwh: Floats) -> Floats:
    """Power of elastic loads above their floors where the known price is at most what a segment earns, (L, T) [MW]."""
    out = np.zeros((len(problem.elastic), problem.T))
    for number, (hall, seen) in enumerate(zip(problem.elastic, known.elastic, strict=True)):
        cost = np.full(problem.T, -np.inf) if hall.pass_through else np.nan_to_num(cost_usd_per_mwh, neginf=-np.inf)
        out[number] = (hall.segment_mw * (seen.segment_usd_per_mwh >= cost)).sum(axis=0)
    return out


def avoided_hours(case: Case, known: Knowledge) -> list[Bools]:
    """Per machine class, the hours in which it stands by against coincident peaks, each of shape (T,).

    A class does so if the charge of one peak is worth more than what the month's hours of the calendar rule would
    earn, valued at the revenue per MWh known when each begins and at no energy cost: more than is really lost.
    """
    problem, zone = case.problem, case.site.connection.timezone
    month, _ = problem.grid.local_months(zone)
    away = [np.zeros(problem.T, dtype=np.bool_) for _ in problem.machines]
    for one in case.site.charges:
        if one.kind != "coincident":
            continue
        hours = calendar_rule(problem.grid, months=tuple(one.months), timezone=zone) & in_force(
            case.site, one, problem.grid
        )
        worth = coincident_charge(case.site, one).usd_per_mw_of_one_peak
        for number in range(len(problem.machines)):
            earns = known.revenue_usd_per_h[number][0] / known.power_mw[number][0]
            spent = np.bincount(month[hours], minlength=int(month[-1]) + 1)[month] * problem.grid.hours * earns
            away[number] = away[number] | (hours & (spent < worth))
    return away


def tuned_hysteresis(case: Case, known: Knowledge, number: int, lead_usd_per_mwh: Floats) -> Bools:
    """On/off wish of a class whose band is, each month, the best on what was known when the month began, shape (T,)."""
    problem, machine = case.problem, case.problem.machines[number]
    words = np.array([hysteresis(lead_usd_per_mwh, band) for band in BANDS_USD_PER_MWH])
    month, _ = problem.grid.local_months(case.site.connection.timezone)
    first = np.searchsorted(month, np.arange(int(month[-1]) + 1))
    margin = settled_margin_usd(problem, known, number)
    known_at = case.price.on(problem.grid).known_at
    out: Bools = words[0].copy()
    switching = machine.start_usd + machine.stop_usd
    for m in range(1, len(first)):
        begin, end = int(first[m]), int(first[m + 1]) if m + 1 < len(first) else problem.T
        at: Times = problem.grid.starts[begin]
        seen = (known_at[:begin] <= at) & case.covered[:begin]
        score = [
            float(margin[:begin][seen & w[:begin]].sum())
            - switching * int((np.diff(w[:begin].astype(np.int8)) == 1).sum())
            for w in words
        ]
        out[begin:end] = words[int(np.argmax(score))][begin:end]
    return out


def settled_margin_usd(problem: Problem, known: Knowledge, number: int) -> Floats:
    """What a running block would have earned at the settled price and at the hashprice and heat known, shape (T,) [USD]."""
    cost = problem.price_usd_per_mwh + problem.adder_usd_per_mwh
    best: Floats = (known.revenue_usd_per_h[number] - known.power_mw[number] * cost).max(axis=0)
    return problem.grid.hours * best


@njit(cache=True)
def hysteresis(lead: NDArray[np.float64], band: float) -> NDArray[np.bool_]:
    """On/off word that starts where the lead over the price reaches the band and stops below minus the band, shape (T,)."""
    out = np.zeros(lead.shape[0], dtype=np.bool_)
    state = True
    for t in range(lead.shape[0]):
        if state and lead[t] < -band:
            state = False
        elif not state and lead[t] >= band:
            state = True
        out[t] = state
    return out
