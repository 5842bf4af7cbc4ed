"""What the charts draw: small tidy tables made from a decision, every row with its words for hover and screen reader."""

from collections.abc import Iterator
from itertools import pairwise

import numpy as np
import pandas as pd

from megawatt.app import words
from megawatt.app.decision import Decision
from megawatt.dispatch.backtest import ALL_HOSTING, FORESIGHT, Result
from megawatt.dispatch.ledger import BUYERS

STATES = ("mining", "AI", "sold back", "off")
"""What a megawatt does in an hour; ``sold back`` is the part of a fixed-price block that is not drawn."""

STEPS = (0.05, 1 / 3, 2 / 3)
"""Shares of the site's megawatts from which on a cell of the heat map is drawn light, medium and full."""

CURVE_POINTS = 500
"""Points of the price duration curve."""


def buyer_rows(decision: Decision) -> pd.DataFrame:
    """One row per policy and buyer: where its piece of the stacked bar starts and ends [thousand USD per MW-year]."""
    return pd.DataFrame([row for one in in_order(decision) for row in _pieces(one, decision.per_mw_year / 1e3)])


def _pieces(one: Result, factor: float) -> Iterator[dict[str, object]]:
    policy, net = words.policy_name(one.name), one.net_usd * factor
    values = {b: float(one.ledger.column(b).sum()) * factor for b in BUYERS}
    ends = {True: 0.0, False: 0.0}  # of the pieces above zero and below
    for buyer, value in values.items():
        start = ends[value > 0]
        ends[value > 0] += value
        name = words.BUYER_NAMES[buyer]
        yield {
            "policy": policy,
            "buyer": name,
            "start": start,
            "end": start + value,
            "net": net,
            "reach": sum(v for v in values.values() if v > 0),
            "at": _free_place(start, start + value, net),
            "room": max(abs(net - start), abs(start + value - net))
            if _inside(start, start + value, net)
            else abs(value),
            "piece": f"{name.removeprefix('Bitcoin ').removeprefix('AI ')} {_label(value)}",
            "net_label": _label(net),
            "kind": "for scale" if one.name in {ALL_HOSTING, FORESIGHT} else "rule",
            "text": f"{policy}, {name}: {words.number(value, 4)} k USD/MW-year",
            "net_text": f"{policy}, net: {words.number(net, 4)} k USD/MW-year",
        }


def _label(value: float) -> str:
    return words.number(value, 4 if abs(value) >= 1e3 else 3)


def _inside(start: float, end: float, mark: float) -> bool:
    return min(start, end) < mark < max(start, end)


def _free_place(start: float, end: float, mark: float) -> float:
    """Middle of a piece, or of the larger of the two parts into which the mark cuts it."""
    if not _inside(start, end, mark):
        return (start + end) / 2
    return (start + mark) / 2 if abs(mark - start) > abs(end - mark) else (mark + end) / 2


def in_order(decision: Decision) -> list[Result]:
    """Rules by what they earned, best first; then what is no rule of this site: the bound and the conversion."""
    rules = [r for r in decision.results if r.name not in {ALL_HOSTING, FORESIGHT}]
    return [*sorted(rules, key=lambda r: -r.net_usd), decision.result(FORESIGHT), decision.result(ALL_HOSTING)]


def state_shares(decision: Decision) -> pd.DataFrame:
    """Share of the site's megawatts in each state per covered interval of the advised policy, columns as in `STATES`."""
    frame = decision.intervals()[decision.case.covered]
    rated = max(decision.rated_mw, 1e-9)
    shares = pd.DataFrame({"mining": frame["mining_mw"] / rated, "AI": frame["ai_mw"] / rated}, index=frame.index)
    idle = (1 - shares["mining"] - shares["AI"]).clip(lower=0.0)
    shares["sold back"] = np.minimum(idle, frame["sold_back_mw"] / rated)
    shares["off"] = idle - shares["sold back"]
    return shares


def heat_cells(decision: Decision) -> pd.DataFrame:
    """Runs of hours of a local day with the same level of a state; levels 1 to 3 as in `STEPS`.

    A day of 23 hours has an empty cell; the repeated hour of a day of 25 hours is the mean of both.
    """
    shares = state_shares(decision)
    index = pd.DatetimeIndex(shares.index)
    day = index.strftime("%Y-%m-%d")
    hourly = shares.groupby([day, index.hour]).mean()
    offset = {f"{t:%Y-%m-%d}": pd.Timedelta(t.utcoffset() or 0) for t in index[~day.duplicated(keep="last")]}
    rows = [row for state in STATES for row in _runs(hourly[state], state, decision.rated_mw, offset)]
    return pd.DataFrame(rows, columns=["state", "day", "next_day", "hour", "end", "level", "text"])


def _runs(
    share: pd.Series, state: str, rated_mw: float, offset: dict[str, pd.Timedelta]
) -> Iterator[tuple[str, str, str, int, int, int, str]]:
    """Runs of one state: state, day, next day, first hour, end, level, words.

    The days are local ones written as if they were UTC, so that a chart looks the same in every zone.
    """
    table = share.unstack().reindex(columns=range(24))  # noqa: PD010  # there is nothing to aggregate
    levels = np.digitize(table.fillna(0.0).to_numpy(), STEPS)
    for day, values, level in zip(table.index, table.to_numpy(), levels, strict=True):
        noon = pd.Timestamp(day)
        edges = [0, *(np.flatnonzero(np.diff(level)) + 1), 24]
        for first, end in pairwise(edges):
            if level[first]:
                mw = float(np.nanmean(values[first:end])) * rated_mw
                utc = [noon + pd.Timedelta(hours=int(hour)) - offset[day] for hour in (first, end)]
                text = (
                    f"{day} {first:02d}:00\N{EN DASH}{end:02d}:00 local "
                    f"({utc[0]:%H:%M}\N{EN DASH}{utc[1]:%H:%M} UTC): {state} {words.number(mw)} MW"
                )
                following = f"{noon + pd.Timedelta(days=1):%Y-%m-%d}T00:00:00Z"
                yield state, f"{day}T00:00:00Z", following, int(first), int(end), int(level[first]), text


def duration_rows(decision: Decision) -> pd.DataFrame:
    """Price at the meter, adders included, from the dearest hour to the cheapest: columns ``share``, ``price``, ``text``."""
    price = all_in_price(decision)
    share = np.linspace(0, 1, min(CURVE_POINTS, max(len(price), 2)))
    values = np.quantile(price, 1 - share)
    hours = share * decision.case.hours_covered
    text = [f"{words.number(h)} h at {words.number(p)} USD/MWh or more" for h, p in zip(hours, values, strict=True)]
    return pd.DataFrame({"share": share * 100, "price": values, "text": text})


def all_in_price(decision: Decision) -> np.ndarray[tuple[int], np.dtype[np.float64]]:
    """What a MWh drawn costs in each covered interval, without peak charges, shape (covered,) [USD/MWh]."""
    problem = decision.case.problem
    price: np.ndarray[tuple[int], np.dtype[np.float64]] = (problem.price_usd_per_mwh + problem.adder_usd_per_mwh)[
        decision.case.covered
    ]
    return price


def break_even_rows(decision: Decision) -> pd.DataFrame:
    """Break-even price of each fleet in its first mode: mean, and the range of 90 % of its hours [USD/MWh]."""
    rows = []
    for machine in decision.case.problem.machines:
        power = machine.power_mw[0]
        each = machine.revenue_usd_per_h[0][power > 0] / power[power > 0]
        low, high = (float(q) for q in np.quantile(each, [0.05, 0.95])) if each.size else (0.0, 0.0)
        mean = decision.break_evens_usd_per_mwh[machine.name]
        text = f"{machine.name}: {words.number(mean)} ({words.number(low)}\N{EN DASH}{words.number(high)})"
        rows.append({"fleet": machine.name, "low": low, "mean": mean, "high": high, "text": f"{text} USD/MWh"})
    return pd.DataFrame(rows, columns=["fleet", "low", "mean", "high", "text"])


def day_rows(decision: Decision) -> pd.DataFrame:
    """One row per local day of the advised policy: net, mean and highest price, energy by use."""
    frame, hours = decision.intervals(), decision.case.problem.grid.hours
    index = pd.DatetimeIndex(frame.index)
    frame["net_usd"] = frame[[f"{b}_usd" for b in BUYERS]].sum(axis=1)
    by_day = frame.groupby(index.strftime("%Y-%m-%d"))
    out = pd.DataFrame(
        {
            "net_usd": by_day["net_usd"].sum(),
            **{f"{b}_usd": by_day[f"{b}_usd"].sum() for b in BUYERS},
            "mean_price": by_day["price_usd_per_mwh"].mean(),
            "low_price": by_day["price_usd_per_mwh"].min(),
            "high_price": by_day["price_usd_per_mwh"].max(),
            "mining_mwh": by_day["mining_mw"].sum() * hours,
            "ai_mwh": by_day["ai_mw"].sum() * hours,
        }
    ).reset_index(names="day")
    return out.dropna(subset=["mean_price"]).reset_index(drop=True)


def extreme_days(decision: Decision, count: int = 5) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Worst and best days, at most ``count`` each and none in both."""
    ranked = day_rows(decision).sort_values("net_usd", kind="stable")
    count = min(count, len(ranked) // 2)
    return ranked.head(count), ranked.tail(count)[::-1]


def sensitivity_rows(decision: Decision) -> pd.DataFrame:
    """Change of net by assumption, decisions unchanged [thousand USD per MW-year]."""
    factor = decision.per_mw_year / 1e3
    rows = []
    for one in decision.sensitivities:
        change = (one.net_usd - decision.best.net_usd) * factor
        what = one.what.replace("-", words.MINUS)
        rows.append(
            {
                "what": what,
                "group": one.what.split(" -")[0].split(" +")[0],
                "change": change,
                "sign": "loss" if change < 0 else "gain",
                "label": f"{'+' if change > 0 else ''}{words.number(change)}",
                "text": f"{what}: {words.number(change, 4)} k USD/MW-year",
            }
        )
    return pd.DataFrame(rows, columns=["what", "group", "change", "sign", "label", "text"])
