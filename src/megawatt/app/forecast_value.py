"""What forecasts earned: money of the policy that acts on a forecast less that of the best simple rule, by source.

Both are walked forward over the same period and settled by the same ledger; the simple rule is the best *in hindsight*
of all that the site's table holds, which favours it. The interval is of the difference by day, drawn again in blocks
of a week; that of batch work is of the difference by window. A policy that lost is not used, so it earned nothing: 0, and what it would have lost is said.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.series import Floats
from megawatt.core.units import HOURS_PER_YEAR
from megawatt.dispatch.backtest import ALL_HOSTING, FORESIGHT, Result
from megawatt.dispatch.case import Case
from megawatt.dispatch.contest import Contest, local_day
from megawatt.forecast.guard import told
from megawatt.forecast.score import block_interval

BLOCK_DAYS = 7
LEVEL = 0.9
DEMAND = "shared/demand"


@dataclass(frozen=True, slots=True)
class ForecastValue:
    """What a forecast earned in one source.

    Attributes:
        source: batch, reserves, peaks or real-time.
        usd_per_mw_year: Gain over the best simple rule per rated MW and year, 0 where the policy lost; None where there
            is nothing to say [USD/MW-year].
        measured_usd_per_mw_year: The difference itself, below 0 where the policy lost; None as above.
        low_usd_per_mw_year: Lower end of the difference's 90 % interval; None without one, in a period of under 28 days.
        high_usd_per_mw_year: Upper end.
        policy: Name of the forecast policy.
        simple: Name of the best simple rule of the period.
        note: Why there is no figure, or when a simple twin stood in for the model.
    """

    source: str
    usd_per_mw_year: float | None
    measured_usd_per_mw_year: float | None = None
    low_usd_per_mw_year: float | None = None
    high_usd_per_mw_year: float | None = None
    policy: str = ""
    simple: str = ""
    note: str = ""


def forecast_values(
    case: Case, results: tuple[Result, ...], contests: tuple[Contest, ...]
) -> tuple[ForecastValue, ...]:
    """The value of the forecast in each source.

    Args:
        case: The site with its data.
        results: Every policy of the table; those without a forecast are the simple rules.
        contests: The contest of each source.
    """
    brought = {one.name for contest in contests for one in contest.simple}
    own = [r for r in results if not r.forecast and r.name not in {FORESIGHT, ALL_HOSTING} | brought]
    return tuple(_value(case, one, own) for one in contests)


def _value(case: Case, contest: Contest, own: list[Result]) -> ForecastValue:
    """Against every simple rule that changes nothing but this source: the site's own and the contest's."""
    if contest.forecast is None:
        return ForecastValue(contest.source, None, note=contest.absent)
    best = max([*own, *contest.simple], key=lambda one: one.net_usd)
    factor = per_mw_year(case)
    gained = factor * (contest.forecast.net_usd - best.net_usd)
    # Batch work moves within its window, so only whole windows tell; everything else is told by days, a week together.
    windows = contest.source == "batch" and case.problem.batches[0].need.size > 1
    day = local_day(case.problem.grid, case.site.connection.timezone)
    number, block = (case.problem.batches[0].window, 1) if windows else (day, BLOCK_DAYS)
    parts = factor * (_by_part(case, contest.forecast, number) - _by_part(case, best, number))
    low = high = None
    if len(parts) >= 4 * block:
        low, high = block_interval(parts, block=block, level=LEVEL)
    names = contest.forecast.name, best.name
    note = "; ".join(part for part in (contest.note, told(contest.stints)) if part)
    return ForecastValue(contest.source, max(gained, 0.0), gained, low, high, *names, note)


def _by_part(case: Case, result: Result, number: NDArray[np.int64]) -> Floats:
    """Net money by part of the period; a month's demand charge is spread evenly over the month [USD].

    The ledger books that charge to the interval that set it, which two policies seldom share: by day that is no
    difference between them, and would drown the one that there is.
    """
    month, _ = case.problem.grid.local_months(case.site.connection.timezone)
    demand = result.ledger.lines[DEMAND]
    even = (np.bincount(month, demand) / np.bincount(month))[month]
    net = sum(result.ledger.lines.values(), np.zeros(case.problem.T)) - demand + even
    by_part: Floats = np.bincount(number, net).astype(np.float64)
    return by_part


def rated_mw(case: Case) -> float:
    """Largest import of all loads together, within the limit: the megawatts that money is divided by [MW]."""
    return float(np.minimum(case.problem.largest_mw, case.problem.limit_mw).max())


def per_mw_year(case: Case) -> float:
    """Factor from money of the period to money per rated MW and year of 8,760 h."""
    return HOURS_PER_YEAR / case.hours_covered / rated_mw(case)
