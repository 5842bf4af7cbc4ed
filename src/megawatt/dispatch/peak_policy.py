"""Standing by against coincident peaks: the rule that weighs chance against margin, and the rule of thumb beside it.

A megawatt that runs in the month's peak costs ``worth``; one that stands by loses its margin. So it stands by where

    probability x worth > margin x h

with the margin known when the interval begins. The rules of thumb are `power.coincident_peak.calendar_rule` and
`persistence_rule`, which needs no model either.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.series import Floats, Series

Bools = NDArray[np.bool_]


def stand_by(probability: Floats, *, worth_usd_per_mw: float, margin_usd_per_mwh: Floats, hours: float) -> Bools:
    """Intervals in which standing by is expected to pay, shape (T,).

    Args:
        probability: Chance of each interval to be the month's peak; NaN where nothing can be told: it runs.
        worth_usd_per_mw: What one measured peak costs per megawatt.
        margin_usd_per_mwh: Margin of running, as known at the start of each interval, shape (T,); negative where it
            would not run anyway, which is no matter of peaks.
        hours: Length of an interval.
    """
    chance = np.nan_to_num(probability)
    out: Bools = (chance > 0) & (chance * worth_usd_per_mw > np.maximum(margin_usd_per_mwh, 0.0) * hours)
    return out


def persistence_rule(
    load: Series,
    *,
    months: tuple[int, ...],
    timezone: str,
    hours_ending: tuple[int, int] = (15, 19),
    within_fraction: float = 0.02,
) -> Bools:
    """Stands by in the afternoon when the load two hours ago plus yesterday's slope comes near the month's record.

    Args:
        load: Hourly system load, known an hour after its hour.
        months: Calendar months that count.
        timezone: IANA zone of the market.
        hours_ending: First and last local hour.
        within_fraction: How near to the running maximum of the month.
    """
    values, index = load.values, load.grid.index(timezone)
    expected = np.full(load.grid.n, np.nan)
    expected[26:] = values[24:-2] + values[2:-24] - values[:-26]
    number, _ = load.grid.local_months(timezone)
    record = np.full(load.grid.n, -np.inf)
    for m in np.unique(number):
        inside = np.flatnonzero(number == m)
        record[inside[2:]] = np.maximum.accumulate(values[inside])[:-2]
    hour = np.asarray(index.hour) + 1
    afternoon = (hour >= hours_ending[0]) & (hour <= hours_ending[1]) & np.isin(np.asarray(index.month), months)
    near: Bools = afternoon & (expected >= (1 - within_fraction) * record)
    return near


@dataclass(frozen=True, slots=True)
class PeakScore:
    """What a rule against coincident peaks earned per megawatt.

    Attributes:
        hits: Measured peaks in which it stood by.
        peaks: Measured peaks.
        hours: Hours in which it stood by.
        paid_hours: Those of them in which running would have earned something.
        lost_usd_per_mw: Margin that it gave up.
        net_usd_per_mw: Charges avoided less margin lost.
    """

    hits: int
    peaks: int
    hours: float
    paid_hours: float
    lost_usd_per_mw: float
    net_usd_per_mw: float


def score_peaks(
    away: Bools, peaks: NDArray[np.int64], *, worth_usd_per_mw: float, margin_usd_per_mwh: Floats, hours: float
) -> PeakScore:
    """Score a rule by the settled margin.

    Args:
        away: Intervals in which it stands by, shape (T,).
        peaks: Numbers of the measured intervals.
        worth_usd_per_mw: What one of them costs per megawatt.
        margin_usd_per_mwh: Settled margin of running, shape (T,); where negative nothing is lost.
        hours: Length of an interval.
    """
    margin = np.maximum(margin_usd_per_mwh, 0.0)
    hits, lost = int(away[peaks].sum()), float(margin[away].sum()) * hours
    paid = float((away & (margin > 0)).sum()) * hours
    return PeakScore(hits, len(peaks), float(away.sum()) * hours, paid, lost, hits * worth_usd_per_mw - lost)
