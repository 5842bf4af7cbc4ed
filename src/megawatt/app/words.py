"""Numbers and sentences as people read them: the same in the terminal, on the page and in a notebook.

Three or four significant digits, the unit after the number, money as USD, k USD, M USD, bn USD and nothing else.
"""

import math
from itertools import pairwise

import pandas as pd

from megawatt.app.decision import Decision
from megawatt.dispatch.backtest import ALL_HOSTING, FORESIGHT, Result
from megawatt.dispatch.next_mw import NextMegawatt
from megawatt.dispatch.policies import ALWAYS_ON, THRESHOLD

MINUS = "\N{MINUS SIGN}"
WEEKS_NAMED = 3
"""Weeks that are named of those that hold a plan's gap."""

NONE = "\N{EN DASH}"
"""What stands in a table where there is no value."""

SCALES = ((1e9, "bn "), (1e6, "M "), (1e3, "k "), (1.0, ""))

BUYER_NAMES = {"network": "Bitcoin network", "tenant": "AI tenant", "grid": "grid", "shared": "shared charges"}
"""The ledger's columns as people call them."""

POLICY_NAMES = {
    ALWAYS_ON.name: "always-on",
    ALL_HOSTING: "all-hosting (needs capex, before capital)",
    THRESHOLD.name: "threshold (today's practice)",
    "day-ahead": "day-ahead threshold",
    "hysteresis": "threshold with hysteresis",
    "peak-calendar": "peak calendar",
    "peak-calendar-hysteresis": "peak calendar with hysteresis",
    "batch-hysteresis": "batch work by tuned hysteresis",
    "batch-stochastic": "batch work by stochastic programming (forecast)",
    "reserve-whole": "reserve: the whole always",
    "reserve-last-week": "reserve by last week's means",
    "reserve-forecast": "reserve by tomorrow's forecast (forecast)",
    "peak-persistence": "off near the month's record load",
    "peak-chance": "off by the chance of a peak (forecast)",
    "expected-price": "hysteresis on the expected price (forecast)",
    FORESIGHT: "perfect foresight (a bound)",
}
"""Policies as people call them; a name that is not here stands for itself."""


def number(value: float | None, digits: int = 3) -> str:
    """A number with ``digits`` significant digits, thousands set apart by commas, never in powers of ten."""
    if value is None or math.isnan(value):
        return NONE
    if math.isinf(value):
        return "without limit" if value > 0 else f"{MINUS}without limit"
    if value == 0:
        return "0"
    rounded = float(f"{value:.{digits - 1}e}")
    decimals = max(0, digits - 1 - math.floor(math.log10(abs(rounded))))
    if decimals > 6:  # nothing that people decide on is smaller
        return "0"
    return f"{rounded:,.{decimals}f}".replace("-", MINUS)


def usd(value: float | None, digits: int = 3) -> str:
    """Money as ``67.0 M USD``, ``636 k USD``, ``1.20 bn USD`` or ``12.3 USD``."""
    if value is None or not math.isfinite(value):
        return number(value)
    if abs(value) < 0.005:
        return "0 USD"
    rounded = abs(float(f"{value:.{digits - 1}e}"))
    factor, prefix = next((one for one in SCALES if rounded >= one[0]), SCALES[-1])
    return f"{number(value / factor, digits)} {prefix}USD"


def more(value: float, digits: int = 3) -> str:
    """A difference of money in words: ``5.23 M USD more``, ``12 k USD less``, ``the same``."""
    if abs(value) < 0.005:
        return "the same"
    return f"{usd(abs(value), digits)} {'more' if value > 0 else 'less'}"


def percent(fraction: float | None, digits: int = 3) -> str:
    """A share as ``74.4 %``."""
    return number(fraction * 100, digits) + " %" if fraction is not None and math.isfinite(fraction) else NONE


def thousands(value: float, decimals: int = 0) -> str:
    """Money in k USD for a table whose head names the unit."""
    text = f"{value / 1e3:,.{decimals}f}"
    return text.removeprefix("-") if float(text.replace(",", "")) == 0 else text.replace("-", MINUS)


def decimals(decision: Decision) -> int:
    """Decimals of k USD in the tables of a decision: none where whole k USD are four digits or more."""
    return 0 if abs(decision.result(FORESIGHT).net_usd) >= 1e6 else 1


def whole(value: float) -> str:
    """A whole number with its thousands set apart."""
    return f"{round(value):,}".replace("-", MINUS)


def listed(parts: list[str]) -> str:
    """``a, b and c``."""
    return parts[0] if len(parts) == 1 else f"{', '.join(parts[:-1])} and {parts[-1]}" if parts else ""


def policy_name(name: str) -> str:
    """What people call a policy."""
    return POLICY_NAMES.get(name, name)


def plain_name(name: str) -> str:
    """The same without what stands in brackets, for sentences."""
    return policy_name(name).partition(" (")[0]


def period(decision: Decision) -> str:
    """First and last local day."""
    site = decision.case.site
    last = site.period.end - pd.Timedelta(days=1)
    return f"{site.period.start}" if last == site.period.start else f"{site.period.start} to {last}"


def span(start: pd.Timestamp, end: pd.Timestamp) -> str:
    """A span of local time, with UTC after it."""
    first, last = start.tz_convert("UTC"), end.tz_convert("UTC")
    return f"{start:%Y-%m-%d %H:%M}\N{EN DASH}{end:%H:%M %Z} ({first:%H:%M}\N{EN DASH}{last:%H:%M} UTC)"


def earned(value: float) -> str:
    """``earned 67.0 M USD``, or ``lost`` it."""
    return f"{'earned' if value >= 0 else 'lost'} {usd(abs(value))}"


def answer(decision: Decision) -> tuple[str, str]:
    """The main answer in two sentences: what was earned, against what; how far from the optimum, on what data."""
    return _earnings(decision), _distance(decision)


def _earnings(decision: Decision) -> str:
    best, site = decision.best, decision.case.site.connection.name
    text = (
        f"Run by the rule '{plain_name(best.name)}', {site} would have {earned(best.net_usd)} after power "
        f"({usd(best.net_usd * decision.per_mw_year)} per MW-year): {_against(decision, best)}"
    )
    low, high = hashprice_range(decision)
    if low is None or high is None:
        return f"{text}."
    return f"{text}; with the hashprice 20 % lower or higher it would be {usd(low)} to {usd(high)}."


def _against(decision: Decision, best: Result) -> str:
    others = {THRESHOLD.name: "today's practice (a threshold on the last price)", ALWAYS_ON.name: "always-on"}
    parts = [
        f"{more(best.net_usd - decision.result(name).net_usd)} than {what}".replace("same than", "same as")
        for name, what in others.items()
        if name != best.name
    ]
    same = {
        ALWAYS_ON.name: "no rule did better; it is",
        THRESHOLD.name: "that is today's practice, and no rule did better; it is",
    }
    lead = f"{same[best.name]} " if best.name in same else ""
    return lead + listed(parts)


def hashprice_range(decision: Decision) -> tuple[float | None, float | None]:
    """Net of the advised decisions at a hashprice 20 % lower and higher [USD]; None without machines."""
    nets = [one.net_usd for one in decision.sensitivities if one.what.startswith("hashprice")]
    return (min(nets), max(nets)) if nets else (None, None)


def _distance(decision: Decision) -> str:
    missing, share = decision.result(FORESIGHT).net_usd - decision.best.net_usd, decision.best.gain_share
    if abs(missing) < 0.005:
        text = "Perfect foresight would have brought no more"
    elif share is None:
        text = f"Perfect foresight would have brought {usd(missing)} more"
    elif share <= 0:
        text = f"It gains nothing over always-on and stays {usd(missing)} below perfect foresight"
    else:
        text = (
            f"It takes {percent(share)} of the gain over always-on that perfect foresight would have had, and stays "
            f"{usd(missing)} below that"
        )
    return f"{text} ({optimum(decision)}); {data_kind(decision)}."


def optimum(decision: Decision) -> str:
    """How sure the optimum is, as a clause."""
    gap = decision.plan.gap_usd
    if gap is None:
        return "how far that plan is from the optimum of the whole period is not bounded"
    if gap < 0.005:
        return "the proved optimum"
    return f"proved to be within {usd(gap)} of the optimum"


def open_weeks(decision: Decision) -> str:
    """Which weeks hold the gap, as a sentence; empty where no week does or there is but one."""
    plan, grid, zone = decision.plan, decision.case.problem.grid, decision.case.site.connection.timezone
    weeks = [week for week in plan.gap_by_week if week.gap_usd > 0]
    if not plan.gap_usd or len(plan.gap_by_week) < 2 or not weeks:
        return ""
    named = sorted(weeks, key=lambda week: -week.gap_usd)[:WEEKS_NAMED]
    days = [f"{grid.index(zone)[week.first]:%Y-%m-%d}" for week in sorted(named, key=lambda week: week.first)]
    share = sum(week.gap_usd for week in named) / plan.gap_usd
    which = f"the week of {days[0]} holds" if len(days) == 1 else f"the weeks of {listed(days)} hold"
    return f"Of {len(plan.gap_by_week)} weeks, {which} {percent(share)} of the gap."


def data_kind(decision: Decision) -> str:
    """Whether the inputs are measured, as a clause."""
    families: dict[bool, dict[str, None]] = {True: {}, False: {}}
    for one in decision.case.inputs:
        families[one.provenance.modelled][_family(one.name)] = None
    modelled, published = list(families[True]), list(families[False])
    if not modelled:
        return "all inputs are measured or published"
    if not published:
        return "all inputs are modelled, not measured"
    return f"{listed(modelled)} are modelled, not measured; {listed(published)} as published"


def _family(name: str) -> str:
    kinds = {"price_rt": "power prices", "price_da": "power prices", "btc": "Bitcoin price and difficulty"}
    kinds |= {"temperature": "temperatures", "as": "reserve prices", "gpu": "GPU prices", "load": "system load"}
    head = name.partition("/")[0]
    return kinds.get(head, head)


def next_mw_words(one: NextMegawatt) -> str:
    """What the next megawatt is worth, in words where there is no number that means something."""
    value, left_open = one.usd_per_mw_year, one.uncertainty_usd_per_mw_year
    if value is None or left_open is None:
        return f"no value: {one.note}"
    if one.resolved and abs(value) >= 1:
        sign = f" \N{PLUS-MINUS SIGN} {usd(left_open)}" if left_open >= 1 else ""
        return f"{usd(value)}{sign} per MW-year"
    if one.what == "connection limit" and left_open < 1:
        return "not binding: one megawatt more of connection would change nothing"
    if left_open < 1:
        return "worth nothing"
    return f"not resolved: smaller than the {usd(left_open)} per MW-year that the search left open"


def spread(labels: list[float], least: float) -> list[float]:
    """Positions moved apart until neighbours are ``least`` apart; order kept, first moved least."""
    order = sorted(range(len(labels)), key=lambda i: labels[i])
    out = list(labels)
    for below, above in pairwise(order):
        out[above] = max(out[above], out[below] + least)
    return out
