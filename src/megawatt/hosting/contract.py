"""The hosting contract's formula, written once and used before and after the fact.

Rent is due on critical IT kilowatts per calendar month of the site's zone:

``rent(month) = kW x rent_usd_per_kw_month x (1 + escalator)^years x share of the month under contract``

with ``years`` the number of anniversaries of the start passed, counted by the local day. Dispatch sees the same rent
spread evenly over the month's hours (a constant of its problem); settlement sees whole cents.

Reference: 3.5 bn USD over 12 years for 200 MW of critical IT load (Core Scientific and CoreWeave, 3 June 2024) is
1.458 M USD per IT MW and year, 121.5 USD per kW and month; undiscounted revenue, not value.
"""

import datetime as dt
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.money import Currency, Money
from megawatt.core.series import Floats
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import ItMW
from megawatt.hosting.exact import at_least_zero, exact, fraction_of_one
from megawatt.hosting.month import MonthPart, first_of_month, local_days_of, month_parts, next_month, spread
from megawatt.hosting.uptime_credit import CreditTable

Cost = TypeVar("Cost", Floats, Money)


class PowerTerms(StrEnum):
    """Who pays for the energy of the hall."""

    PASS_THROUGH = "pass_through"  # noqa: S105  # not a password
    INCLUDED = "included"


@dataclass(frozen=True, slots=True)
class Contract:
    """Terms under which a tenant rents critical IT power.

    Attributes:
        tenant: Name of the tenant.
        rent_usd_per_kw_month: Rent of the first year per critical IT kilowatt and calendar month [USD].
        start: First local day under contract.
        end: First local day after it; None while it has no end.
        escalator_per_year: Fraction by which the rent rises on each anniversary of the start, compounding.
        power: Whether the tenant pays the energy on top or the rent includes it.
        take_or_pay_fraction: Share of the rent that is due even if the tenant uses nothing (1: full take-or-pay).
        uptime_fraction: Availability promised in each month.
        credits: What is given back of a month's rent below that.
        curtailable_hours_per_year: Hours in each contract year in which the operator may switch off, excused [h].
    """

    tenant: str
    rent_usd_per_kw_month: float
    start: dt.date
    end: dt.date | None = None
    escalator_per_year: float = 0.0
    power: PowerTerms = PowerTerms.PASS_THROUGH
    take_or_pay_fraction: float = 1.0
    uptime_fraction: float = 1.0
    credits: CreditTable = field(default_factory=CreditTable)
    curtailable_hours_per_year: float = 0.0

    def __post_init__(self) -> None:
        at_least_zero(self.rent_usd_per_kw_month, "rent_usd_per_kw_month")
        at_least_zero(self.curtailable_hours_per_year, "curtailable_hours_per_year")
        fraction_of_one(self.take_or_pay_fraction, "take_or_pay_fraction")
        fraction_of_one(self.uptime_fraction, "uptime_fraction")
        if not -1 < self.escalator_per_year < 1:
            raise InputError(
                f"escalator_per_year of {self.tenant!r} is {self.escalator_per_year}",
                "it is a fraction per year between -1 and 1",
                "Write 0.025 for 2.5 %.",
            )
        if self.end is not None and self.end <= self.start:
            raise InputError(
                f"the contract of {self.tenant!r} ends on {self.end} and starts on {self.start}",
                "the end lies after the start",
                "Swap the two dates or leave the end open.",
            )
        if self.credits.steps and self.credits.steps[0].below_availability > self.uptime_fraction:
            raise InputError(
                f"a credit of {self.tenant!r} is due below {self.credits.steps[0].below_availability}",
                f"only {self.uptime_fraction} is promised",
                "Lower the step's below_availability or raise uptime_fraction.",
            )

    def years(self, day: dt.date) -> int:
        """Number of anniversaries of the start passed on a local day; 29 February has its own on 1 March."""
        return day.year - self.start.year - ((day.month, day.day) < (self.start.month, self.start.day))

    def anniversary(self, years: int) -> dt.date:
        """The local day on which year ``years`` of the contract begins."""
        try:
            return self.start.replace(year=self.start.year + years)
        except ValueError:
            return dt.date(self.start.year + years, 3, 1)

    def usd_per_kw_month(self, day: dt.date) -> Fraction:
        """Rent in force on a local day, per critical IT kilowatt and month, exact [USD]."""
        rent = exact(self.rent_usd_per_kw_month, "rent_usd_per_kw_month")
        return rent * (1 + exact(self.escalator_per_year, "escalator_per_year")) ** self.years(day)

    def usd_per_it_mw_year(self, day: dt.date) -> float:
        """Rent in force on a local day, per critical IT megawatt and year of twelve months [USD]."""
        return float(self.usd_per_kw_month(day) * 12_000)

    def rent_usd(self, month: str, *, it: ItMW, timezone: str, used_fraction: Fraction | float = 1) -> Money:
        """Rent of one local calendar month, to the cent.

        Args:
            month: ``"2024-07"``.
            it: Critical IT power under contract.
            timezone: Zone of the site.
            used_fraction: Share of the contracted energy that the tenant took; matters below take_or_pay_fraction 1.
        """
        first = first_of_month(month)
        exact_usd = sum(self._usd(part, it) * part.share for part in self._parts(first, next_month(first), timezone))
        fraction_of_one(float(used_fraction), "used_fraction")
        billed = max(exact(used_fraction, "used_fraction"), exact(self.take_or_pay_fraction, "take_or_pay_fraction"))
        return Money.rounded(exact_usd * billed, Currency.USD)

    def rent_per_interval(self, grid: TimeGrid, timezone: str, it: ItMW) -> Floats:
        """Rent booked evenly over the hours of its month, for a tenant that takes what it rented [USD].

        Returns:
            Shape (n,); zero outside the contract. Over a whole month it sums to `rent_usd` before rounding.
        """
        parts = self._parts(*local_days_of(grid, timezone), timezone)
        return spread(grid, parts, lambda part: self._usd(part, it))

    def recovered(self, energy_cost: Cost) -> Cost:
        """What the tenant pays on top for energy: the hall's energy cost exactly, or nothing if it is included.

        Args:
            energy_cost: Cost of the hall's energy, positive when the operator pays: array [USD] or exact money.
                At negative prices it is negative, and the tenant gets that too.
        """
        return energy_cost if self.power is PowerTerms.PASS_THROUGH else energy_cost - energy_cost

    def contract_year(self, grid: TimeGrid, timezone: str) -> NDArray[np.int64]:
        """Number of the contract year of every interval, by the local day of its start; shape (n,)."""
        index = grid.index(timezone)
        later = (index.month > self.start.month) | ((index.month == self.start.month) & (index.day >= self.start.day))
        return np.asarray(index.year - self.start.year - 1 + later, dtype=np.int64)

    def _usd(self, part: MonthPart, it: ItMW) -> Fraction:
        kilowatts = exact(at_least_zero(it.mw, "critical IT MW"), "critical IT MW") * 1000
        return kilowatts * self.usd_per_kw_month(part.first_day)

    def _parts(self, first: dt.date, end: dt.date, timezone: str) -> list[MonthPart]:
        first = max(first, self.start)
        end = min(end, self.end or end)
        if end <= first:
            return []
        anniversaries = [self.anniversary(k) for k in range(self.years(first), self.years(end) + 1)]
        return month_parts(first, end, timezone, anniversaries)


def rent_of_headline(value_usd: float, *, years: float, it: ItMW) -> float:
    """Flat rent that a headline 'USD in total over years for MW' amounts to [USD per IT kW and month].

    ``value / years / 12 / (1000 x MW)``. It is undiscounted and says nothing of escalators.
    """
    if not (years > 0 and it.mw > 0):
        raise InputError(f"{years} years for {it}", "both are above zero", "Give the term and the contracted IT MW.")
    return value_usd / years / 12 / (1000 * it.mw)
