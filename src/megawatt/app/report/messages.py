"""What each chart says, in a sentence: its caption for everyone, and all there is of it for who cannot see it."""

import numpy as np
import pandas as pd

from megawatt.app import words
from megawatt.app.chart_rows import STATES, all_in_price, extreme_days, sensitivity_rows, state_shares
from megawatt.app.decision import Decision
from megawatt.dispatch.backtest import FORESIGHT
from megawatt.dispatch.policies import ALWAYS_ON, THRESHOLD


def messages(decision: Decision) -> dict[str, str]:
    """The sentence of every chart by the chart's name."""
    return {
        "buyers": _buyers(decision),
        "heat": _heat(decision),
        "duration": _duration(decision),
        "days": _days(decision),
        "sensitivity": _sensitivity(decision),
    }


def _buyers(decision: Decision) -> str:
    def rate(name: str) -> str:
        return words.usd(decision.result(name).net_usd * decision.per_mw_year)

    names = dict.fromkeys([decision.advised, THRESHOLD.name, ALWAYS_ON.name, FORESIGHT])
    parts = [f"{words.plain_name(name)} {rate(name)}" for name in names]
    return (
        f"Net per MW-year: {words.listed(parts)}. Perfect foresight is a bound and no rule; all-hosting is another site, which "
        "needs capex first and is shown before that capital."
    )


def _heat(decision: Decision) -> str:
    shares = state_shares(decision)
    mean = {state: float(shares[state].mean()) for state in STATES}
    parts = [f"{state} {words.percent(mean[state])}" for state in STATES if mean[state] >= 0.0005]
    by_hour = (shares["sold back"] + shares["off"]).groupby(pd.DatetimeIndex(shares.index).hour).mean()
    idle = by_hour.reindex(range(24)).fillna(0.0).to_numpy(dtype=np.float64)
    hour, most = int(idle.argmax()), float(idle.max())
    text = f"Of the site's {words.number(decision.rated_mw)} MW, on average: {words.listed(parts)}."
    if most > 0.005:
        text += f" It stood still most between {hour:02d}:00 and {hour + 1:02d}:00 local time ({words.percent(most)})."
    return text


def _duration(decision: Decision) -> str:
    price = all_in_price(decision)
    means = decision.break_evens_usd_per_mwh
    parts = [f"{words.percent(float((price > mean).mean()))} above that of {name}" for name, mean in means.items()]
    negative = float((price < 0).mean())
    text = f"Power at the meter cost {words.number(float(np.mean(price)))} USD/MWh on average"
    text += f" and less than nothing in {words.percent(negative)} of the hours" if negative else ""
    if not parts:
        return f"{text}. The site has no machines, so no break-even is drawn."
    return f"{text}. Share of the hours in which it was dearer than the mean break-even: {words.listed(parts)}. In brackets: the range of 90 % of a fleet's hours."


def _days(decision: Decision) -> str:
    worst, best = extreme_days(decision)
    if worst.empty:
        return "The period has one day only."
    low, high = worst.iloc[0], best.iloc[0]
    return (
        f"The best day, {high['day']}, brought {words.usd(high['net_usd'])}; the worst, {low['day']}, "
        f"{words.usd(low['net_usd'])}. Peak charges are booked to the hours that set them."
    )


def _sensitivity(decision: Decision) -> str:
    rows = sensitivity_rows(decision)
    if rows.empty:
        return "No other assumption was tried."
    parts = [f"{one.what}: {one.label} k USD" for one in rows.itertuples()]
    return f"Change of net per MW-year if nobody decides anew, {'; '.join(parts)}."
