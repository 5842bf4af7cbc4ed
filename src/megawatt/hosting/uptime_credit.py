"""Uptime credits: what the operator gives back of a month's rent when the hall was not there.

``availability = sum(excused x contracted + (1 - excused) x min(delivered, contracted)) / sum(contracted)``

An excused interval counts as delivered: the tenant agreed that the operator may switch off for some hours a year, or
the grid operator ordered it, and a promise that was bent by agreement is not broken. Counting it as delivered, instead
of leaving it out, keeps the month's measure defined even if all of the month was excused. Delivery above the contract
does not make up for an outage at another time.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.money import Money
from megawatt.core.series import Floats
from megawatt.hosting.exact import at_least_zero, exact, fraction_of_one


@dataclass(frozen=True, slots=True)
class CreditStep:
    """One step of a credit table.

    Attributes:
        below_availability: The step applies when the month's availability is below this fraction.
        credit_fraction: Share of the month's rent that is given back.
    """

    below_availability: float
    credit_fraction: float

    def __post_init__(self) -> None:
        fraction_of_one(self.below_availability, "below_availability of a credit step")
        fraction_of_one(self.credit_fraction, "credit_fraction of a credit step")


@dataclass(frozen=True, slots=True)
class CreditTable:
    """The steps of a contract, from the mildest to the harshest.

    Attributes:
        steps: Each with a lower availability and a higher credit than the one before; may be empty.
    """

    steps: tuple[CreditStep, ...] = ()

    def __post_init__(self) -> None:
        for mild, harsh in zip(self.steps[:-1], self.steps[1:], strict=True):
            if not (
                harsh.below_availability < mild.below_availability and harsh.credit_fraction > mild.credit_fraction
            ):
                raise InputError(
                    f"the credit step {harsh} follows {mild}",
                    "a later step has a lower availability and a higher credit",
                    "Order the steps from the mildest to the harshest.",
                )

    def fraction(self, availability: Fraction | float) -> Fraction:
        """Share of the month's rent that is given back, in [0, 1]."""
        measured = exact(availability, "availability")
        owed = [
            exact(step.credit_fraction, "credit")
            for step in self.steps
            if measured < exact(step.below_availability, "step")
        ]
        return max(owed, default=Fraction(0))

    def credit(self, availability: Fraction, rent: Money) -> Money:
        """What is given back of the month's rent, to the cent: at least zero, at most the rent.

        Raises:
            InputError: The rent is negative.
        """
        at_least_zero(rent.minor, "the month's rent in cents")
        return Money(round(self.fraction(availability) * rent.minor), rent.currency)

    def credit_usd(self, availability: Floats, rent_usd: Floats) -> Floats:
        """The same for arrays of months, for analysis [USD]."""
        shares = np.array([float(self.fraction(float(one))) for one in np.asarray(availability)])
        out: Floats = shares * np.asarray(rent_usd, dtype=np.float64)
        return out


def excused_by_contract(
    curtailed: NDArray[np.bool_], contract_year: NDArray[np.int64], *, hours: float, hours_per_year: float
) -> Floats:
    """Share of each interval that the yearly hours of allowed curtailment excuse.

    The hours are used up in order of time within each contract year, by the clock and whatever the depth of the cut;
    the interval in which they run out is excused in part.

    Args:
        curtailed: Shape (n,); True where the operator curtailed under the contract.
        contract_year: Shape (n,); number of the contract year of each interval, not decreasing.
        hours: Length of an interval [h].
        hours_per_year: Hours the contract allows in each of its years [h].

    Returns:
        Shape (n,), fractions in [0, 1].
    """
    at_least_zero(hours_per_year, "curtailable_hours_per_year")
    used = np.asarray(curtailed, dtype=np.float64) * hours
    total = np.cumsum(used)
    year_starts = np.flatnonzero(np.diff(contract_year, prepend=contract_year[0] - 1))
    before_year = np.concatenate(([0.0], total))[year_starts]
    year_number = np.cumsum(np.diff(contract_year, prepend=contract_year[0] - 1) != 0) - 1
    used_before = total - used - before_year[year_number]
    share: Floats = np.clip((hours_per_year - used_before) / hours, 0.0, 1.0) * curtailed
    return share


def monthly_availability(
    month: NDArray[np.int64], *, delivered_mw: Floats, contracted_mw: Floats, excused: Floats
) -> Floats:
    """Availability of each month, float64 in [0, 1].

    Args:
        month: Shape (n,); number of the local month of each interval (`TimeGrid.local_months`).
        delivered_mw: Shape (n,); IT power that was there for the tenant [MW].
        contracted_mw: Shape (n,); IT power that was promised [MW].
        excused: Shape (n,); share of each interval that is excused, 1 for an emergency ordered by the grid operator.

    Returns:
        Shape (months,); 1 in a month in which nothing was promised.

    Raises:
        InputError: A delivered value is missing: an unread meter is neither an outage nor a delivery.
    """
    _refuse_missing(delivered_mw, contracted_mw, excused)
    counted = excused * contracted_mw + (1 - excused) * np.clip(delivered_mw, 0, contracted_mw)
    months = int(month.max()) + 1
    promised = np.bincount(month, contracted_mw, months)
    out = np.ones(months)
    np.divide(np.bincount(month, counted, months), promised, out=out, where=promised > 0)
    clipped: Floats = np.clip(out, 0.0, 1.0)
    return clipped


def first_seconds(
    called: Sequence[tuple[int, int]], years: Sequence[tuple[int, int]], seconds_per_year: int
) -> list[tuple[int, int]]:
    """The stretches of curtailment that the yearly allowance excuses, for settlement: `excused_by_contract` in seconds.

    Args:
        called: Start and end of each curtailment [s]; they may overlap and count once.
        years: Start and end of each contract year [s], in order.
        seconds_per_year: Allowance of each year [s].

    Returns:
        Stretches in order of time, none of which overlap.
    """
    out = []
    for year_start, year_end in years:
        left, reached = seconds_per_year, year_start
        for start, end in sorted(called):
            begin = max(start, reached)
            stop = min(end, year_end, begin + left)
            if stop > begin:
                out.append((begin, stop))
                left, reached = left - (stop - begin), stop
    return out


def exact_availability(delivered: Sequence[int], contracted: Sequence[int], excused: Sequence[bool]) -> Fraction:
    """Availability of one month from whole amounts of energy (such as Wh, or W x s) per stretch, for settlement."""
    counted = promised = 0
    for there, owed, free in zip(delivered, contracted, excused, strict=True):
        promised += owed
        counted += owed if free else min(max(there, 0), owed)
    return Fraction(counted, promised) if promised else Fraction(1)


def _refuse_missing(delivered_mw: Floats, contracted_mw: Floats, excused: Floats) -> None:
    bad = np.flatnonzero(~(np.isfinite(delivered_mw) & np.isfinite(contracted_mw) & np.isfinite(excused)))
    if bad.size:
        raise InputError(
            f"interval {bad[0]} has no delivered or promised power ({bad.size} in all)",
            "an unread meter is neither an outage nor a delivery",
            "Enter an estimated value and mark it as one, or excuse the interval.",
        )
    if (contracted_mw < 0).any() or (excused < 0).any() or (excused > 1).any():
        raise InputError(
            "promised power below zero, or an excused share outside 0 to 1",
            "promised power is at least 0 MW and a share lies in 0 to 1",
            "Correct the sign of contracted_mw or the scale of excused.",
        )
