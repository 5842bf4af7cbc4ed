"""Coincident-peak charge: what the site drew when the whole system drew most, billed in the following year.

ERCOT's 4CP: of each month June to September the interval of highest system load counts. The mean of the site's power
in the four intervals of year y, times the transmission rate [USD/kW-year], is billed in twelve equal parts over the
months of year y + 1. So a charge has two dates: dispatch values the measurement, cash flow the billing.

As the mean of n peaks is linear in the site's power, one measured peak is worth rate / n per kW whether or not the
others lie in the same period. In an interval of h hours this is an adder on the price,

    adder[t] = probability[t] x 1000 x rate / (n x h)        [USD/MWh]

with probability 1 in the measured intervals when they are known afterwards (perfect foresight), and an estimate before.

The rule is data with dates. 4CP is under review (PUCT Project 58484): the proposal of June 2026 counts all twelve
months in half-hour intervals. `CoincidentCharge` expresses both: ``months`` and the length of each `CoincidentPeak`.
"""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid, utc, zone
from megawatt.power.window import Mask, Window

Floats = NDArray[np.float64]

MARKET_ZONE = "America/Chicago"
SUMMER = (6, 7, 8, 9)


@dataclass(frozen=True, slots=True)
class CoincidentPeak:
    """The interval in which the system load of one month was highest.

    Attributes:
        month: Local calendar month, ``"2024-08"``.
        start: Start of the interval, UTC.
        minutes: Length of the interval: 15 for ERCOT's official 4CP, 60 where only hourly means are at hand.
        system_mw: System load in the interval [MW].
    """

    month: str
    start: np.datetime64
    minutes: int
    system_mw: float

    @property
    def year(self) -> int:
        """Year in which the peak was measured."""
        return int(self.month[:4])


@dataclass(frozen=True, slots=True)
class CoincidentCharge:
    """A transmission charge on the mean power in the system's monthly peaks.

    Attributes:
        name: Name in the ledger.
        rate_usd_per_kw_year: Rate [USD/kW-year].
        months: Calendar months whose peak counts.
        timezone: IANA zone in which months are read.
        valid_from: First measured year, or None when no start is set.
        valid_to: First measured year to which the rule no longer applies, or None.
    """

    name: str
    rate_usd_per_kw_year: float
    months: tuple[int, ...] = SUMMER
    timezone: str = MARKET_ZONE
    valid_from: int | None = None
    valid_to: int | None = None

    def __post_init__(self) -> None:
        if not self.months or len(set(self.months)) < len(self.months) or not set(self.months) <= set(range(1, 13)):
            raise InputError(
                f"coincident charge {self.name!r} counts the months {self.months}",
                "each of the months 1 to 12 counts once at most",
                "Write for example months = [6, 7, 8, 9].",
            )

    @property
    def usd_per_mw_of_one_peak(self) -> float:
        """Worth of 1 MW less in one of the measured intervals [USD/MW]."""
        return 1000.0 * self.rate_usd_per_kw_year / len(self.months)

    def counts(self, peak: CoincidentPeak) -> bool:
        """Whether the peak's month and year fall under the rule."""
        begun = self.valid_from is None or peak.year >= self.valid_from
        ended = self.valid_to is not None and peak.year >= self.valid_to
        return begun and not ended and int(peak.month[5:]) in self.months


@dataclass(frozen=True, slots=True)
class CoincidentBill:
    """The charge measured in one year and billed in the next.

    Attributes:
        measured_year: Year of the peaks.
        peaks: The peaks that the time grid covers.
        site_mw: Site power in each of them [MW].
        cost_usd: Charge measured [USD], positive: rate x sum of ``site_mw`` / number of the rule's months.
        billed: Billing months and amounts [USD], twelve equal parts over the following year.
    """

    measured_year: int
    peaks: tuple[CoincidentPeak, ...]
    site_mw: tuple[float, ...]
    cost_usd: float
    billed: tuple[tuple[str, float], ...]


def _row(year: int, month: int, day: int, hour_ending: int, system_mw: float) -> CoincidentPeak:
    """A row of the table below: hour ending is local; June to September lie in daylight time."""
    local = dt.datetime(year, month, day, hour_ending - 1, tzinfo=zone(MARKET_ZONE))
    start = np.datetime64(local.astimezone(dt.UTC).replace(tzinfo=None), "s")
    return CoincidentPeak(f"{year:04d}-{month:02d}", start, 60, system_mw)


ERCOT_4CP_HOURS = (
    _row(2022, 6, 23, 17, 76_681),
    _row(2022, 7, 20, 17, 80_038),
    _row(2022, 8, 2, 17, 78_465),
    _row(2022, 9, 20, 17, 71_037),
    _row(2023, 6, 27, 18, 80_787),
    _row(2023, 7, 31, 17, 82_939),
    _row(2023, 8, 10, 18, 85_464),
    _row(2023, 9, 8, 17, 84_343),
    _row(2024, 6, 30, 18, 79_698),
    _row(2024, 7, 1, 18, 81_010),
    _row(2024, 8, 20, 18, 85_199),
    _row(2024, 9, 19, 17, 77_780),
)
"""Hours of highest ERCOT load of each summer month 2022-2024: date, hour ending (US Central), hourly mean [MW].

Computed from ERCOT's native load workbooks of 2022, 2023 and 2024. The official 4CP are 15-minute intervals, which lie
inside these hours as a rule, but need not.
"""


def peak_intervals(
    load: Series, *, months: tuple[int, ...] = SUMMER, timezone: str = MARKET_ZONE
) -> tuple[CoincidentPeak, ...]:
    """The interval of highest system load of each counted month that ``load`` touches; the first, if several.

    Raises:
        InputError: A counted month is covered in part only: its peak is then not known.
    """
    number, names = load.grid.local_months(timezone)
    peaks = []
    for m, name in enumerate(names):
        if int(name[5:]) not in months:
            continue
        _check_whole(load, name, timezone)
        inside = np.flatnonzero(number == m)
        at = inside[np.argmax(load.values[inside])]
        peaks.append(CoincidentPeak(name, load.grid.starts[at], load.grid.step_minutes, float(load.values[at])))
    return tuple(peaks)


def peaks_adder_usd_per_mwh(charge: CoincidentCharge, grid: TimeGrid, peaks: Iterable[CoincidentPeak]) -> Floats:
    """The charge as an adder on the price when its intervals are known afterwards (perfect foresight).

    Args:
        charge: The rule.
        grid: Time grid of the plan; its intervals may be shorter or longer than the measured ones.
        peaks: Measured intervals; those outside ``grid`` or the rule add nothing.

    Returns:
        Shape (T,) [USD/MWh]; ``sum(h x adder x p)`` is the charge measured on a power p that is constant within
        each interval of the grid.
    """
    adder = np.zeros(grid.n)
    for peak in peaks:
        if charge.counts(peak):
            adder += charge.usd_per_mw_of_one_peak * _share_of_peak(grid, peak) / grid.hours
    return adder


def expected_adder_usd_per_mwh(charge: CoincidentCharge, grid: TimeGrid, probability: Floats) -> Floats:
    """The charge as an adder when each interval is its month's peak with a given probability.

    Args:
        charge: The rule.
        grid: Time grid of the plan.
        probability: Shape (T,); the sum over the intervals of one month is at most 1, for there is one peak a month.

    Raises:
        InputError: A probability is negative, or those of a month add up to more than 1.
    """
    number, names = grid.local_months(charge.timezone)
    total = np.bincount(number, weights=probability, minlength=len(names))
    if not (probability >= 0).all() or total.max() > 1 + 1e-9:
        worst = names[int(total.argmax())]
        raise InputError(
            f"the probabilities of being the peak add up to {total.max():.3f} in {worst}, the least is {probability.min():.3f}",
            "one interval of the month is the peak, so they are 0 or more and add up to 1 at most",
            "Divide them by their sum within each month.",
        )
    counted = Window(charge.timezone, months=charge.months).mask(grid) & _measured(charge, grid)
    adder: Floats = np.where(counted, probability * charge.usd_per_mw_of_one_peak / grid.hours, 0.0)
    return adder


def coincident_bills(
    charge: CoincidentCharge, grid: TimeGrid, meter_mw: Floats, peaks: Iterable[CoincidentPeak]
) -> tuple[CoincidentBill, ...]:
    """What the site's power in the measured intervals costs, and when it is billed.

    A year of which the grid covers only some peaks is billed for these alone; ``CoincidentBill.peaks`` says which.
    """
    by_year: dict[int, list[tuple[CoincidentPeak, float]]] = {}
    for peak in peaks:
        share = _share_of_peak(grid, peak)
        if charge.counts(peak) and share.sum() > 1 - 1e-9:
            by_year.setdefault(peak.year, []).append((peak, float(share @ meter_mw)))
    return tuple(_bill(charge, year, rows) for year, rows in sorted(by_year.items()))


def calendar_rule(
    grid: TimeGrid,
    *,
    hours_ending: tuple[int, ...] = (17, 18),
    months: tuple[int, ...] = SUMMER,
    timezone: str = MARKET_ZONE,
) -> Mask:
    """The simplest way to avoid 4CP: stand by in hours ending 17 and 18 of every day June to September.

    It needs no forecast and held all twelve peaks of `ERCOT_4CP_HOURS`, at the price of 244 hours a year.
    """
    return Window(timezone, hours_ending=hours_ending, months=months).mask(grid)


def _bill(charge: CoincidentCharge, year: int, rows: list[tuple[CoincidentPeak, float]]) -> CoincidentBill:
    site_mw = tuple(mw for _, mw in rows)
    cost = charge.usd_per_mw_of_one_peak * sum(site_mw)
    billed = tuple((f"{year + 1:04d}-{month:02d}", cost / 12) for month in range(1, 13))
    return CoincidentBill(year, tuple(peak for peak, _ in rows), site_mw, cost, billed)


def _share_of_peak(grid: TimeGrid, peak: CoincidentPeak) -> Floats:
    """Share of the peak interval that falls into each interval of the grid, shape (T,); sums to 1 when covered."""
    minute = np.timedelta64(60, "s")
    begin = float((utc(peak.start) - grid.start) / minute)
    starts = np.arange(grid.n) * float(grid.step_minutes)
    overlap = np.minimum(starts + grid.step_minutes, begin + peak.minutes) - np.maximum(starts, begin)
    share: Floats = np.clip(overlap, 0.0, None) / peak.minutes
    return share


def _measured(charge: CoincidentCharge, grid: TimeGrid) -> Mask:
    year = np.asarray(grid.index(charge.timezone).year)
    inside: Mask = np.ones(grid.n, dtype=np.bool_)
    if charge.valid_from is not None:
        inside &= year >= charge.valid_from
    if charge.valid_to is not None:
        inside &= year < charge.valid_to
    return inside


def _check_whole(load: Series, month: str, timezone: str) -> None:
    """A month's peak is known only when every interval of the month is."""
    first = dt.date(int(month[:4]), int(month[5:]), 1)
    end = (first + dt.timedelta(days=32)).replace(day=1)
    whole = TimeGrid.of_local_days(first, end, timezone=timezone, step_minutes=load.grid.step_minutes)
    missing = int(np.isnan(load.on(whole).values).sum())
    if missing:
        raise InputError(
            f"{load.name!r} lacks {missing} of {whole.n} intervals of {month}",
            "the peak of a month is known only when the whole month is",
            "Give the load of the whole month, or leave the month out of the period.",
        )
