"""Events that overlap, and assets that trade late.

When many windows share days, the calendar-time portfolio asks once a day what all assets inside a window earned on average (Jaffe
1974; Mandelker 1974): dependence between events of one day is then inside the portfolio's return.

An asset that trades late follows the market with a delay, and its plain beta is too small. Scholes, Williams (1977): (b- + b0 +
b+) / (1 + 2 r), the slopes on yesterday's, today's and tomorrow's market over the market's own autocorrelation r. Dimson (1979): the sum of
the slopes of one regression on all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.events import Design, Event, day_zero
from megawatt.markets.least_squares import automatic_lags, least_squares
from megawatt.markets.parametric import student_p
from megawatt.markets.prices import Closes


@dataclass(frozen=True, slots=True)
class CalendarTime:
    """Mean abnormal return a day of the assets inside a window.

    Attributes:
        alpha: Intercept [log return a day].
        t_value: Newey-West t.
        p_value: Two-sided.
        days: Days with at least one asset inside.
        most: Most events on one day.
    """

    alpha: float
    t_value: float
    p_value: float
    days: int
    most: int


def overlapping(closes: Closes, events: Sequence[Event], design: Design) -> list[tuple[str, str]]:
    """Pairs of events whose windows share a day."""
    rows = [day_zero(closes.days, event.announced) for event in events]
    length = design.last - design.first
    return [
        (events[i].name, events[j].name)
        for i in range(len(events))
        for j in range(i + 1, len(events))
        if abs(rows[i] - rows[j]) <= length
    ]


def calendar_time(closes: Closes, events: Sequence[Event], design: Design) -> CalendarTime:
    """Regress the daily mean return of the assets inside a window on the factors; the intercept is the abnormal return.

    Raises:
        InputError: There are too few days inside a window.
    """
    returns = closes.log_returns()
    inside = np.zeros(returns.shape)
    for event in events:
        row = day_zero(closes.days, event.announced)
        closes.column(event.asset)
        inside[max(row + design.first, 0) : row + design.last + 1, closes.names.index(event.asset)] += 1
    count = np.where(np.isfinite(returns), inside, 0.0)
    factors = returns[:, [closes.names.index(name) for name in design.factors]]
    used = (count.sum(axis=1) > 0) & np.isfinite(factors).all(axis=1)
    if used.sum() < factors.shape[1] + 4:
        raise InputError(
            f"{int(used.sum())} days inside a window",
            "a regression needs more",
            "Use an event study of single windows.",
        )
    mean = np.nansum(np.where(count > 0, returns * count, 0.0), axis=1)[used] / count.sum(axis=1)[used]
    x = np.column_stack([np.ones(int(used.sum())), factors[used]])
    fit = least_squares(mean, x, automatic_lags(len(x)))
    t = fit.t_value(0)
    return CalendarTime(
        float(fit.slopes[0]), t, student_p(t, fit.df), int(used.sum()), int(count.sum(axis=1)[used].max())
    )


def scholes_williams_beta(asset: Floats, market: Floats) -> float:
    """Beta corrected for late trading; returns of the same rows, finite, shape (n,)."""
    middle = slice(1, -1)
    slopes = [_slope(asset[middle], market[shift : shift + asset.size - 2]) for shift in (0, 1, 2)]
    return sum(slopes) / (1 + 2 * _slope(market[1:], market[:-1]))


def dimson_beta(asset: Floats, market: Floats) -> float:
    """Sum of the slopes on yesterday's, today's and tomorrow's market."""
    x = np.column_stack([np.ones(asset.size - 2), market[:-2], market[1:-1], market[2:]])
    return float(np.sum(least_squares(asset[1:-1], x).slopes[1:]))


def _slope(y: Floats, x: Floats) -> float:
    return float(least_squares(y, np.column_stack([np.ones(y.size), x])).slopes[1])
