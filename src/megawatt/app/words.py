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


def thousands(value: float) -> str:
    """Money in whole k USD for a table whose head names the unit."""
    return f"{round(value / 1e3):,}".replace("-", MINUS)


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
    return _earnings(decision), f"{_distance(decision)} {data_kind(decision)}"


def _earnings(decision: Decision) -> str:
    best, site = decision.best, decision.case.site.connection.name
    text = (
        f"From {period(decision)}, {site} run by the rule '{plain_name(best.name)}' would have {earned(best.net_usd)} "
        f"after power, {usd(best.net_usd * decision.per_mw_year)} per MW-year: {_against(decision, best)}"
    )
    low, high = hashprice_range(decision)
    if low is None or high is None:
        return f"{text}."
    return f"{text}; {usd(low)} to {usd(high)} if the hashprice were 20 % lower or higher."


def _against(decision: Decision, best: Result) -> str:
    others = [
        (ALWAYS_ON.name, "leaving everything on"),
        (THRESHOLD.name, "today's practice, a threshold on the last price"),
    ]
    parts = [f"{more(best.net_usd - decision.result(n).net_usd)} than {w}" for n, w in others if n != best.name]
    same = {ALWAYS_ON.name: "no rule did better than leaving everything on", THRESHOLD.name: "today's practice"}
    lead = [same[best.name]] if best.name in same else []
    return ", ".join([*lead, *reversed(parts)]).replace("the same than", "the same as")


def hashprice_range(decision: Decision) -> tuple[float | None, float | None]:
    """Net of the advised decisions at a hashprice 20 % lower and higher [USD]; None without machines."""
    nets = [one.net_usd for one in decision.sensitivities if one.what.startswith("hashprice")]
    return (min(nets), max(nets)) if nets else (None, None)


def _distance(decision: Decision) -> str:
    foresight = decision.result(FORESIGHT).net_usd
    missing = foresight - decision.best.net_usd
    share = decision.best.gain_share
    if abs(missing) < 0.005:
        text = "Even with all prices known beforehand nothing more could have been earned"
    elif share is None:
        text = f"Perfect foresight would have brought {usd(missing)} more"
    else:
        text = (
            f"That is {percent(share)} of what perfect foresight would have gained over always-on, "
            f"{usd(missing)} short of it"
        )
    return f"{text}; {optimum(decision)}."


def optimum(decision: Decision) -> str:
    """How sure the optimum is, as a clause."""
    gap = decision.plan.gap_usd
    if gap is None:
        return "how far that plan is itself from the optimum of the whole period is not bounded"
    if gap < 0.005:
        return "that plan is proved to be the optimum"
    return f"that plan is proved to be within {usd(gap)} of the optimum"


def data_kind(decision: Decision) -> str:
    """Whether the inputs are measured, as a sentence."""
    kinds = {one.name: one.provenance.modelled for one in decision.case.inputs}
    if not any(kinds.values()):
        return "All inputs are measured or published."
    if all(kinds.values()):
        return "All inputs are modelled, not measured."
    families = dict.fromkeys(_family(name) for name, modelled in kinds.items() if modelled)
    rest = dict.fromkeys(_family(name) for name, modelled in kinds.items() if not modelled)
    return f"Modelled, not measured: {listed(list(families))}; published figures: {listed(list(rest))}."


def _family(name: str) -> str:
    kinds = {"price_rt": "power prices", "price_da": "power prices", "btc": "the Bitcoin network"}
    kinds |= {"temperature": "temperature", "as": "reserve prices", "gpu": "GPU prices", "load": "system load"}
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
