"""A loan per conversion on every path, sized on one case and tested on all.

The lender sees the mean, by month from the hall's opening on, of the cash available for debt service over the paths that sign, and
lends what `megawatt.invest.debt` allows on it (sculpted or level, at a cover ratio, at most a share of the capital spent). Every path
that signs draws this loan at the end of that month, with the first payment to the builder. Interest of the planned months of building
is added to the debt; a hall that is late pays interest until it opens; from then on the schedule is owed whatever comes. What the
horizon cuts off is repaid in its last month.

Cover is tested each month on the last twelve: DSCR = cash available / (interest + repayment), both over twelve months.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.cash_flow import periodic_rate
from megawatt.invest.debt import Loan, level_loan, sculpted_loan

MONTHS = 12


class Schedule(StrEnum):
    """How a loan is repaid."""

    SCULPTED = "sculpted"
    LEVEL = "level"


@dataclass(frozen=True, slots=True, kw_only=True)
class DebtTerms:
    """What a lender offers.

    Attributes:
        rate: Yearly interest, compounding to it over twelve months.
        tenor_years: From signing to the last payment, building included.
        dscr: Cover the loan is sized by, >= 1 in practice.
        covenant_dscr: Cover below which a covenant is broken.
        schedule: Sculpted payments follow the cash flow, level ones are equal.
        largest_share: Of the capital spent, that may be lent.
    """

    rate: float = 0.0775
    tenor_years: float = 12.0
    dscr: float = 1.3
    covenant_dscr: float = 1.1
    schedule: Schedule = Schedule.SCULPTED
    largest_share: float = 0.7

    def __post_init__(self) -> None:
        if not (self.rate > -1 and self.tenor_years > 0 and self.dscr > 0 and 0 <= self.largest_share <= 1):
            raise InputError(
                f"a loan at {self.rate} over {self.tenor_years} years with cover {self.dscr} and share {self.largest_share}",
                "rate, years and cover are positive and the share is a fraction",
                "Write 0.0775 for 7.75 %.",
            )


@dataclass(frozen=True, slots=True)
class Debt:
    """Loans of all paths, each array of shape (paths, months) [USD]; all at least 0.

    Attributes:
        rate: Interest per month.
        drawn_usd: Drawn.
        interest_usd: Interest of the month, paid or added to the debt.
        service_usd: What the schedule asks from the opening on: interest and repayment together; what cover is tested on.
        waiting_usd: Interest paid while a hall is late.
        balloon_usd: What is repaid in the last month because the horizon ends.
        balance_usd: Owed at the end of the month.
    """

    rate: float
    drawn_usd: Floats
    interest_usd: Floats
    service_usd: Floats
    waiting_usd: Floats
    balloon_usd: Floats
    balance_usd: Floats

    @property
    def repaid_usd(self) -> Floats:
        """Repayment: all that is paid less interest; negative while interest is added to the debt."""
        out: Floats = self.service_usd + self.waiting_usd + self.balloon_usd - self.interest_usd
        return out

    @classmethod
    def together(cls, loans: Sequence["Debt"]) -> "Debt":
        """The sum of loans at one rate."""
        names = ("drawn_usd", "interest_usd", "service_usd", "waiting_usd", "balloon_usd", "balance_usd")
        return cls(loans[0].rate, *(np.sum([getattr(one, name) for one in loans], axis=0) for name in names))


def lend(cfads_usd: Floats, terms: DebtTerms, capital_usd: float, build_months: int) -> Loan:
    """The loan as it stands when the hall opens.

    Args:
        cfads_usd: Cash available for debt service in the months from the opening on, shape (months,) [USD].
        terms: What the lender offers.
        capital_usd: What is spent on the hall [USD].
        build_months: Planned months from drawing to opening, whose interest is added to the debt.
    """
    rate = periodic_rate(terms.rate, MONTHS)
    case = cfads_usd[: max(round(terms.tenor_years * MONTHS) - build_months, 1)]
    sized = sculpted_loan if terms.schedule is Schedule.SCULPTED else level_loan
    loan = sized(case, rate=rate, dscr=terms.dscr)
    drawn = loan.principal_usd * (1 + rate) ** -build_months
    cut = min(1.0, terms.largest_share * capital_usd / drawn) if drawn else 0.0
    return Loan(loan.principal_usd * cut, rate, loan.service_usd * cut)


def borrow(loan: Loan, signed: NDArray[np.int64], opens: NDArray[np.int64], build_months: int, months: int) -> Debt:
    """The loan drawn by every path in the month in which it signs; the number of months or more: never.

    Args:
        loan: As it stands at the opening.
        signed: Month of signing by path.
        opens: Month of the first payment of the schedule by path.
        build_months: Planned months from drawing to the month before the first payment: their interest is added.
        months: Length of the horizon.
    """
    k = np.arange(months)
    period = k - opens[:, None]
    inside = (period >= 0) & (period < len(loan.service_usd))
    due = np.append(loan.service_usd, 0.0)[np.where(inside, period, len(loan.service_usd))]
    drawn = np.where(k == signed[:, None], loan.principal_usd * (1 + loan.rate) ** -build_months, 0.0)
    drawn[:, -1] = 0.0  # a loan that the horizon ends in the month in which it begins is none
    late = (k > signed[:, None] + build_months) & (k < opens[:, None])
    balance, interest, balloon = (np.zeros(due.shape) for _ in range(3))
    owed = np.zeros(len(signed))
    for month in range(months):
        interest[:, month] = owed * loan.rate
        paid = np.where(late[:, month], interest[:, month], due[:, month])
        owed = owed + interest[:, month] - paid + drawn[:, month]
        if month == months - 1:
            balloon[:, month] = owed
            owed = np.zeros(len(signed))
        balance[:, month] = owed
    return Debt(loan.rate, drawn, interest, due, np.where(late, interest, 0.0), balloon, balance)


def aligned_mean(flows_usd: Floats, begins: NDArray[np.int64], length: int) -> Floats:
    """Mean flow in each month counted from a month of each path, over the paths whose horizon reaches that far [USD].

    Months that no path reaches bring nothing; shape (length,).
    """
    months = flows_usd.shape[1]
    at = begins[:, None] + np.arange(length)
    inside = at < months
    seen = np.take_along_axis(flows_usd, np.minimum(at, months - 1), axis=1) * inside
    out: Floats = seen.sum(axis=0) / np.maximum(inside.sum(axis=0), 1)
    return out


def dscr(cfads_usd: Floats, service_usd: Floats, window: int = MONTHS) -> Floats:
    """Cover of the last ``window`` months, shape (paths, months); NaN where nothing was due in all of them."""
    cash, due = (trailing(one, window) for one in (cfads_usd, service_usd))
    started = trailing((service_usd > 0).astype(np.float64), window) >= window
    with np.errstate(divide="ignore", invalid="ignore"):
        out: Floats = np.where(started, cash / due, np.nan)
    return out


def llcr(cfads_usd: Floats, debt: Debt) -> Floats:
    """Cover of the debt by what the loan's life still brings, at the month before the first payment, shape (paths,).

    NaN on paths without debt.
    """
    months = cfads_usd.shape[1]
    owes = debt.service_usd > 0
    first = np.argmax(owes, axis=1)
    last = months - 1 - np.argmax(owes[:, ::-1], axis=1)
    k = np.arange(months)
    life = (k >= first[:, None]) & (k <= last[:, None])
    factors = (1 + debt.rate) ** -(k - first[:, None] + 1.0)
    worth = (np.where(life, cfads_usd * factors, 0.0)).sum(axis=1)
    before = debt.balance_usd[np.arange(len(first)), np.maximum(first - 1, 0)]
    with np.errstate(divide="ignore", invalid="ignore"):
        out: Floats = np.where(owes.any(axis=1) & (before > 0), worth / before, np.nan)
    return out


def trailing(values: Floats, window: int) -> Floats:
    """Sum of each month and the ones before it, ``window`` in all; shorter at the start."""
    total = np.cumsum(values, axis=1)
    out = total.copy()
    out[:, window:] -= total[:, :-window]
    return out
