"""Tests of claims by event study: one announcement for many assets, and one basket on many dates.

Two statistics decide together: Kolari-Pynnonen (correlated assets, variance of the event) and the modified rank (no normal
distribution). The larger p-value counts, so that both must reject. For a single asset only the rank exists.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from megawatt.markets.bootstrap import wild_cluster
from megawatt.markets.claim_data import MarketData, parameter, toward
from megawatt.markets.claims import Finding
from megawatt.markets.events import Design, Event, EventPanel, contaminations, day_zero, event_panel
from megawatt.markets.normal import Panel
from megawatt.markets.parametric import Statistic, kolari_pynnonen
from megawatt.markets.placebo import BLOCKS, LEVEL, Placebo, draw_rows, limit, placebo
from megawatt.markets.prices import Closes
from megawatt.markets.rank_sign import modified_rank
from megawatt.markets.study import study

DRAWS = 1_999
"""Draws of a wild bootstrap inside a test of a claim."""


def event_mean(data: MarketData, parameters: Mapping[str, Any], rng: np.random.Generator) -> Finding:
    """Mean abnormal return of several assets around one announcement.

    Parameters: announced, assets, groups, factors, first, last, rows, direction, market ("coins" or "shares"),
    seek_confounders, counter_days.
    """
    closes = data.shares if parameters.get("market") == "shares" else data.coins
    events = _events(parameters, parameter(parameters, "announced", str))
    estimates, p_values, p_opposite = {}, {}, {}
    notes: list[str] = []
    for rows in parameter(parameters, "rows", list):
        design = _design(parameters, rows)
        found = event_panel(closes, events, design)
        estimate, p_positive = _both(found.panel, design)
        estimates[f"{rows} days"] = estimate
        p_values[f"{rows} days"], p_opposite[f"{rows} days"] = toward(p_positive, parameters)
        if len(estimates) == 1:
            notes = _notes(found, design, rng)
            n = found.panel.n_events
    main = _design(parameters, parameters["rows"][0])
    confounders: list[str] = []
    if parameters.get("seek_confounders"):
        confounders = [*contaminations(events, data.known, main), *_counter_days(closes, parameters, main)]
    return Finding(
        estimates,
        p_values,
        p_opposite,
        "log return over the window",
        "Kolari-Pynnonen and modified rank, the larger one-sided p-value" if n > 1 else "modified rank among its days",
        n,
        _placebo_of_mean(closes, parameters, main, rng),
        tuple(confounders),
        notes=tuple(notes),
        data_sha256=data.sha256,
    )


def every_date(data: MarketData, parameters: Mapping[str, Any], rng: np.random.Generator) -> Finding:
    """Mean standardised abnormal return of a basket over many dates, by wild bootstrap clustered by day.

    Parameters: basket, dates, factors, first, last, rows, direction.
    """
    basket, dates = parameter(parameters, "basket", str), parameter(parameters, "dates", list)
    estimates, p_values, p_opposite = {}, {}, {}
    notes: tuple[str, ...] = ()
    n, alarms = 0, None
    for rows in parameter(parameters, "rows", list):
        design = _design(parameters, rows)
        found = event_panel(data.coins, [Event(day, basket, day) for day in dates], design)
        p_positive = _over_dates(found, design, rng)
        estimates[f"{rows} days"] = float(np.mean(found.panel.cumulative(design.first, design.last)))
        p_values[f"{rows} days"], p_opposite[f"{rows} days"] = toward(p_positive, parameters)
        if alarms is None:
            n = found.panel.n_events
            alarms = _placebo_of_dates(data.coins, basket, n, design, parameters, rng)
            notes = tuple(f"{one.event.announced} left out: {one.reason}" for one in found.excluded)
    method = "wild bootstrap clustered by day of standardised abnormal returns"
    return Finding(
        estimates,
        p_values,
        p_opposite,
        "log return over the window",
        method,
        n,
        alarms,
        notes=notes,
        data_sha256=data.sha256,
    )


def _events(parameters: Mapping[str, Any], announced: str) -> list[Event]:
    groups = parameters.get("groups", {})
    assets = parameter(parameters, "assets", list)
    return [Event(f"{asset} {announced}", asset, announced, groups.get(asset, "")) for asset in assets]


def _design(parameters: Mapping[str, Any], rows: int) -> Design:
    return Design(
        estimation_days=rows,
        first=parameter(parameters, "first", int),
        last=parameter(parameters, "last", int),
        factors=tuple(parameter(parameters, "factors", list)),
    )


def _both(panel: Panel, design: Design) -> tuple[float, float]:
    """Mean CAR and the larger one-sided p-value of 'above zero' toward its own sign."""
    rank = modified_rank(panel, design.first, design.last)
    if panel.n_events == 1:
        return rank.estimate, _one_sided(rank)
    pair = (_one_sided(rank), _one_sided(kolari_pynnonen(panel, design.first, design.last)))
    # Conservative in both directions: nearest to one half, so neither tail rejects unless both statistics do.
    return rank.estimate, min(pair, key=lambda p: abs(p - 0.5)) if (pair[0] - 0.5) * (pair[1] - 0.5) > 0 else 0.5


def _one_sided(statistic: Statistic) -> float:
    if np.isnan(statistic.value):
        return 0.5
    return statistic.p_value / 2 if statistic.value > 0 else 1 - statistic.p_value / 2


def _notes(found: EventPanel, design: Design, rng: np.random.Generator) -> list[str]:
    """What was left out, and what the other tests say."""
    out = [f"{one.event.asset} left out: {one.reason}" for one in found.excluded]
    if found.panel.n_events > 1:
        tests = study(found, design.first, design.last, rng, draws=DRAWS)
        said = ", ".join(f"{s.test} {s.value:.2f} (p {s.p_value:.3f})" for s in tests.statistics)
        out.append(f"two-sided: {said}")
        out.append(
            f"wild bootstrap: by group p {tests.by_group.p_value:.3f}, by day {tests.by_day.clusters} cluster(s)"
        )
    return out


def _counter_days(closes: Closes, parameters: Mapping[str, Any], design: Design) -> list[str]:
    """Days of opposite news on which the same assets show the same significant reaction of the day itself."""
    found = []
    for day, news in parameter(parameters, "counter_days", dict, {}).items():
        single = Design(estimation_days=design.estimation_days, first=0, last=0, factors=design.factors)
        panel = event_panel(closes, _events(parameters, day), single).panel
        estimate, p_positive = _both(panel, single)
        p, _ = toward(p_positive, parameters)
        if p <= LEVEL:
            found.append(f"the same reaction ({estimate:+.3f}, p {p:.3f}) on {day}: {news}")
    return found


def _placebo_of_mean(
    closes: Closes, parameters: Mapping[str, Any], design: Design, rng: np.random.Generator
) -> Placebo:
    """The same assets and tests on dates drawn at random; every date is fitted at once, then tested one by one."""
    announced = parameter(parameters, "announced", str)
    rows = draw_rows(*_span(closes, design), rng)
    days = {row: str(closes.days[row]) for row in np.unique(rows).tolist()}
    events = [
        Event(f"{asset} {row}", asset, day)
        for row, day in days.items()
        for asset in parameter(parameters, "assets", list)
    ]
    found = event_panel(closes, events, design)
    number = np.searchsorted(closes.days, found.days)
    here = day_zero(closes.days, announced)

    def alarm(row: int) -> bool:
        members = np.flatnonzero(number == row)
        if not members.size or abs(row - here) <= 1:
            return False
        return toward(_both(found.panel.part(members), design)[1], parameters)[0] <= LEVEL

    return placebo(alarm, rows)


def _placebo_of_dates(
    closes: Closes, basket: str, n: int, design: Design, parameters: Mapping[str, Any], rng: np.random.Generator
) -> Placebo:
    """As many dates as there are reports, drawn at random, 1,000 times; each date is fitted once."""
    first, end = _span(closes, design)
    every = event_panel(closes, [Event(str(day), basket, str(day)) for day in closes.days[first:end]], design)
    alarms = 0
    for _ in range(BLOCKS):
        chosen = draw_rows(0, every.panel.n_events, rng, blocks=n, block_rows=1)
        picked = EventPanel(every.panel.part(chosen), tuple(every.events[i] for i in chosen), every.days[chosen], ())
        alarms += toward(_over_dates(picked, design, rng, draws=199), parameters)[0] <= LEVEL
    return Placebo(alarms, BLOCKS, limit(BLOCKS))


def _over_dates(found: EventPanel, design: Design, rng: np.random.Generator, draws: int = DRAWS) -> float:
    scar = found.panel.standardised(design.first, design.last)
    result = wild_cluster(scar, [str(day) for day in found.days], rng, draws=draws)
    return result.p_positive


def _span(closes: Closes, design: Design) -> tuple[int, int]:
    """Rows on which both windows fit."""
    return design.estimation_days + design.days_before + 1, len(closes.days) - design.last
