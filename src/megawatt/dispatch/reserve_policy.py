"""Reserve offers of a whole site, committed before the day-ahead auction: three rules and one forecast.

`dispatch.commitment` says what one megawatt should offer; here each class of machines is a block of load that stands in
one programme at a time. It stands by running at full power through the hour, whatever the price does, and gives the
programme its share of that power. A class is offered where

    share x E[award price + result of calls] > E[cost of running through the hour]      [USD per MW of the class and h],

the right side against what the site's usual rule would have done. The expectations are, for the forecast, those of
`forecast.next_day`; for the rule of last week, the means of that hour over the last seven days known; the rule of the
whole offers every class in every hour in the programme that paid best last week. All are known at 10:00 market time on the
day before. The first days of the period have no past and are not offered, nor, where the usual rule avoids coincident peaks,
are the hours of its calendar: a machine that stands by draws its power.

What the machines cannot cover when the hour comes (a limit, a dwell time, a hotter hour than the day before) is not
paid: the award is cut to what stood by, and to nothing below the least offer.
"""

import datetime as dt
from collections.abc import Callable
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from megawatt.core.series import Series
from megawatt.dispatch.backtest import Result, result_of
from megawatt.dispatch.case import Case
from megawatt.dispatch.case_power import hour_grid, in_force
from megawatt.dispatch.commitment import assign
from megawatt.dispatch.contest import Contest, missing
from megawatt.dispatch.policies import Rule, wish
from megawatt.dispatch.problem import Floats, Problem
from megawatt.dispatch.simulate import Bools, Wish, simulate
from megawatt.forecast.guard import Stint, guard_by_day
from megawatt.forecast.next_day import DAYS, WEEK, Mornings, last_known, mean_of_last, next_day_mean
from megawatt.power.coincident_peak import calendar_rule
from megawatt.power.programme import Direction, Programme

Ints = NDArray[np.int64]

BEFORE_THE_AUCTION = dt.time(10)


@dataclass(frozen=True, slots=True, eq=False)
class Standing:
    """What standing by is paid and costs by the hour, each value known when its hour's prices are.

    Attributes:
        programmes: The site's qualified programmes.
        full: Per class, number of the mode of most power.
        income: Award price plus result of calls, one series a programme [USD/MW per h].
        cost: Running through the hour against the usual rule, one series a class, per MW of full power [USD/MW per h].
        power: Full power of a class in the hour, one series a class [MW].
    """

    programmes: tuple[Programme, ...]
    full: tuple[int, ...]
    income: tuple[Series, ...]
    cost: tuple[Series, ...]
    power: tuple[Series, ...]

    @classmethod
    def of(cls, case: Case, usual: Wish) -> "Standing":
        """From settled prices and the hashprice and heat known at the time."""
        problem, known, hourly = case.problem, case.known(), hour_grid(case.problem.grid)
        spot = case.price.on(problem.grid)
        price = problem.price_usd_per_mwh + problem.adder_usd_per_mwh
        full, cost, power, value = [], [], [], np.full(problem.T, np.inf)
        for number, machine in enumerate(problem.machines):
            mode = int(machine.power_mw.mean(axis=1).argmax())
            mw, revenue = known.power_mw[number][mode], known.revenue_usd_per_h[number]
            through = revenue[mode] - mw * price
            would = np.where(usual.on[number], (revenue - known.power_mw[number] * price).max(axis=0), 0.0)
            lost = np.divide(would - through, mw, out=np.zeros(problem.T), where=mw > 0)
            lost = np.where(case.covered, lost, np.nan)
            full.append(mode)
            cost.append(_hourly(replace(spot, name=f"cost/{machine.name}", values=lost), case))
            at_hand = replace(spot, name=f"power/{machine.name}", values=machine.blocks * mw)
            power.append(_hourly(replace(at_hand, known_at=problem.grid.ends), case))
            value = np.minimum(value, np.divide(revenue[mode], mw, out=np.full(problem.T, np.inf), where=mw > 0))
        call = _hourly(replace(spot, name="call", values=np.where(case.covered, price - value, np.nan)), case)
        programmes, income = [], []
        for one in (p for p in case.site.programmes if p.qualified):
            programmes.append(
                Programme(
                    one.name,
                    one.price_series,
                    Direction.UP,
                    min_offer_mw=one.min_offer_mw,
                    share_fraction=one.share_fraction,
                    call_probability=one.call_probability,
                    excludes=frozenset(one.excludes),
                )
            )
            award = case.data[one.price_series].on(hourly)
            values = award.values + one.call_probability * call.values
            known_at = np.maximum(award.known_at, call.known_at)
            income.append(replace(award, name=f"income/{one.name}", values=values, known_at=known_at))
        return cls(tuple(programmes), tuple(full), tuple(income), tuple(cost), tuple(power))

    def gain(self, choice: Ints, expected_mw: Floats) -> Floats:
        """What a choice of programmes brought over the usual rule, by hour, shape (hours,) [USD]; NaN where unknown."""
        total = np.zeros(choice.shape[1])
        for c in range(len(choice)):
            for k, one in enumerate(self.programmes):
                worth = one.share_fraction * self.income[k].values - self.cost[c].values
                total = total + np.where(choice[c] == k, expected_mw[c] * worth, 0.0)
        return total


def _hourly(series: Series, case: Case) -> Series:
    return series.on(hour_grid(case.problem.grid))


@dataclass(frozen=True, slots=True, eq=False)
class Offers:
    """In which programme each class stands in each hour, shape (classes, hours), -1 where in none, by rule.

    Attributes:
        whole: Always.
        last_week: By last week's means.
        forecast: By the forecast, last week's means standing in where it lost to them.
        mw: Power of each class that was expected the day before, shape (classes, hours) [MW].
        stints: When last week's means stood in.
    """

    whole: Ints
    last_week: Ints
    forecast: Ints
    mw: Floats
    stints: tuple[Stint, ...]


def offers(case: Case, standing: Standing, closed: Bools) -> Offers:
    """Every rule's offers of the period, each hour by what was known at 10:00 of the day before.

    Args:
        case: The site with its data.
        standing: What standing by is paid and costs.
        closed: Hours in which nothing is offered, shape (hours,).
    """
    mornings = Mornings.of(hour_grid(case.problem.grid), timezone=case.site.connection.timezone, at=BEFORE_THE_AUCTION)
    mw = np.nan_to_num([last_known(mornings.past(one)) for one in standing.power]) * ~closed
    week, model = (
        _expected(case, standing, mornings, WEEK),
        _expected(case, standing, mornings, None),
    )
    by_week, by_model = (assign(income, mw, cost, standing.programmes) for income, cost in (week, model))
    always = assign(np.maximum(np.nan_to_num(week[0]), 1e-6), mw, np.zeros_like(mw), standing.programmes)
    known_at = np.max([one.known_at for one in (*standing.income, *standing.cost)], axis=0)
    excess = standing.gain(by_week, mw) - standing.gain(by_model, mw)
    issued, found, taken = guard_by_day(mornings.issued, mornings.day, known_at, excess)
    return Offers(
        always,
        by_week,
        np.where(taken, by_week, by_model),
        mw,
        found.stints(issued, model="next-day", twin="last week's means", unit="USD a day"),
    )


def _expected(case: Case, standing: Standing, mornings: Mornings, days: int | None) -> tuple[Floats, Floats]:
    """Expected income by programme and cost by class, (K, hours) and (C, hours): means of some days, or the forecast."""
    if days is not None:
        income, cost = (
            np.array([mean_of_last(mornings.past(one), days) for one in some])
            for some in (standing.income, standing.cost)
        )
        return income, cost
    point = case.site.connection.load_settlement_point
    awards = tuple(case.data[one.product] for one in standing.programmes)
    ahead = tuple(case.data[name] for name in (f"price_da/{point}",) if name in case.data)
    load = case.data.get(f"load_forecast/{case.site.connection.zone}")
    drivers = (*awards, *ahead)
    income, cost = (
        np.array([next_day_mean(mornings, one, drivers, load) for one in some])
        for some in (standing.income, standing.cost)
    )
    return income, cost


def peak_hours(case: Case) -> Bools:
    """Hours that the calendar keeps free of load against coincident peaks, shape (hours,): no machine can stand by there."""
    hourly, zone = hour_grid(case.problem.grid), case.site.connection.timezone
    closed = np.zeros(hourly.n, dtype=np.bool_)
    for one in (charge for charge in case.site.charges if charge.kind == "coincident"):
        closed |= calendar_rule(hourly, months=tuple(one.months), timezone=zone) & in_force(case.site, one, hourly)
    return closed


def reserves(case: Case, rule: Callable[[], Rule]) -> Contest:
    """Never, the whole always, last week's means, and the forecast; the rule decides what is not committed."""
    if not any(one.qualified for one in case.site.programmes):
        return Contest("reserves", absent="the site has no qualified programme")
    if not case.problem.machines:
        return Contest("reserves", absent="the site has no machines that could stand by")
    needed = [one.price_series for one in case.site.programmes if one.qualified]
    if why := missing(case.data, f"price_rt/{case.site.connection.load_settlement_point}", *needed):
        return Contest("reserves", absent=why)
    if case.hours_covered < (DAYS + 2) * 24:
        return Contest("reserves", absent=f"the period is shorter than the {DAYS} days that an expectation needs")
    base = rule()
    usual = wish(case, base)
    standing = Standing.of(case, usual)
    found = offers(case, standing, peak_hours(case) if base.calendar else np.zeros(standing.cost[0].grid.n, np.bool_))

    def result(name: str, what: str, choice: Ints, *, forecast: bool = False) -> Result:
        return _result(case, usual, standing, found.mw, choice, (name, what), forecast=forecast)

    simple = (
        result("reserve-whole", f"{base.name}, and every machine offered in reserve always", found.whole),
        result("reserve-last-week", f"{base.name}, and offered where last week's means say so", found.last_week),
    )
    ours = result(
        "reserve-forecast", f"{base.name}, and offered by a forecast of tomorrow", found.forecast, forecast=True
    )
    return Contest("reserves", simple, ours, found.stints)


def _result(
    case: Case, usual: Wish, standing: Standing, mw: Floats, choice: Ints, named: tuple[str, str], *, forecast: bool
) -> Result:
    """The site's money when the offers were awarded at the clearing price and the machines stood by."""
    problem = case.problem
    hour = problem.award_hour
    held = [choice[c][hour] >= 0 for c in range(len(choice))]
    wanted = Wish(
        tuple(on | stands for on, stands in zip(usual.on, held, strict=True)),
        tuple(np.where(s, full, mode) for s, full, mode in zip(held, standing.full, usual.mode, strict=True)),
        usual.elastic_mw,
        usual.merit,
    )
    outcome = simulate(problem, wanted)
    award = awarded(problem, standing, mw, choice, outcome.schedule.mining_mw(problem))
    schedule = replace(outcome.schedule, award_mw=award)
    return result_of(case, *named, replace(outcome, schedule=schedule), forecast=forecast)


def awarded(problem: Problem, standing: Standing, mw: Floats, choice: Ints, mining_mw: Floats) -> Floats:
    """What is paid of the offers: no more than stood by in every interval of the hour, shape (programmes, hours) [MW]."""
    cover = np.full(choice.shape[1], np.inf)
    np.minimum.at(cover, problem.award_hour, mining_mw)
    out = np.zeros((len(standing.programmes), choice.shape[1]))
    left = cover.copy()
    for k, (one, row) in enumerate(zip(standing.programmes, problem.reserves, strict=True)):
        offered = one.share_fraction * np.where(choice == k, mw, 0.0).sum(axis=0)
        most = np.minimum(np.minimum(offered, one.share_fraction * cover), np.minimum(left, row.max_mw))
        cleared = np.isfinite(standing.income[k].values)  # where no price is known nothing was awarded
        out[k] = np.where((most >= row.min_mw) & (most > 0) & cleared, most, 0.0)
        left -= out[k]
    return out
