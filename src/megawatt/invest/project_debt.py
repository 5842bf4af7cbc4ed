"""A loan per conversion on every path, sized on one case and tested on all.

The lender sees the mean, by month from the hall's opening on, of the cash available for debt service over the paths that sign, and
lends what `megawatt.invest.debt` allows on it (sculpted or level, at a cover ratio, at most a share of the capital spent). That is a
commitment: every path that signs draws it as it pays its builder (`loan_draws`), from the end of the month of signing on. Interest of
the planned months of building is added to the debt or paid; the loan is sized so that with it no more is owed at the opening than
the cash then carries. A hall that is late pays interest until it opens; from then on the schedule is owed whatever comes, scaled to
what the path owes. What the horizon cuts off is repaid in its last month. Fees are paid by the owner and not deducted from income.

Cover is tested each month on the last twelve: DSCR = cash available / (interest + repayment), both over twelve months.
"""

from collections.abc import Sequence
from dataclasses import dataclass, fields
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.cash_flow import periodic_rate
from megawatt.invest.debt import Loan, level_loan, sculpted_loan
from megawatt.invest.loan_draws import BuildingInterest, Draws, commitment_usd, draws_usd, opened_usd

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
        draws: Whose money pays the works first.
        building_interest: Whether interest of the months of building is added to the debt or paid.
        upfront_fee: Paid at signing / commitment.
        commitment_fee: A year, on what is committed and not yet drawn in the months of building.
    """

    rate: float = 0.0775
    tenor_years: float = 12.0
    dscr: float = 1.3
    covenant_dscr: float = 1.1
    schedule: Schedule = Schedule.SCULPTED
    largest_share: float = 0.7
    draws: Draws = Draws.PRO_RATA
    building_interest: BuildingInterest = BuildingInterest.ADDED
    upfront_fee: float = 0.0
    commitment_fee: float = 0.0

    def __post_init__(self) -> None:
        if not (0 <= self.upfront_fee < 1 and 0 <= self.commitment_fee < 1):
            raise InputError(
                f"fees of {self.upfront_fee} and {self.commitment_fee}",
                "fees are fractions of a commitment",
                "Write 0.01 for 1 %.",
            )
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
        fees_usd: Up-front and commitment fees.
        service_usd: What the schedule asks from the opening on: interest and repayment together; what cover is tested on.
        waiting_usd: Interest paid before the opening: of a late hall, and of the months of building where it is not added.
        balloon_usd: What is repaid in the last month because the horizon ends.
        balance_usd: Owed at the end of the month.
    """

    rate: float
    drawn_usd: Floats
    interest_usd: Floats
    fees_usd: Floats
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
        names = [one.name for one in fields(cls) if one.name != "rate"]
        return cls(loans[0].rate, *(np.sum([getattr(one, name) for one in loans], axis=0) for name in names))


@dataclass(frozen=True, slots=True)
class Facility:
    """What is lent on one conversion.

    Attributes:
        terms: Terms.
        committed_usd: Commitment [USD].
        build_months: Planned payments to the builder, at least 1.
        loan: As it stands with the last of them in the case it was sized on.
    """

    terms: DebtTerms
    committed_usd: float
    build_months: int
    loan: Loan


def lend(cfads_usd: Floats, terms: DebtTerms, capital_usd: float, build_months: int) -> Facility:
    """The loan as it stands when the works are paid.

    Args:
        cfads_usd: Cash available for debt service in the months from the opening on, shape (months,) [USD].
        terms: What the lender offers.
        capital_usd: What is spent on the hall [USD].
        build_months: Planned payments to the builder, at least 1; the first payment of the schedule follows a month after the last.
    """
    rate = periodic_rate(terms.rate, MONTHS)
    case = cfads_usd[: max(round(terms.tenor_years * MONTHS) - build_months + 1, 1)]
    sized = sculpted_loan if terms.schedule is Schedule.SCULPTED else level_loan
    loan = sized(case, rate=rate, dscr=terms.dscr)
    carried = commitment_usd(loan.principal_usd, capital_usd, build_months, rate, terms.draws, terms.building_interest)
    committed = min(carried, terms.largest_share * capital_usd)
    drawn = draws_usd(np.array([committed]), np.array([capital_usd]), build_months, terms.draws)
    owed = float(opened_usd(drawn, rate, terms.building_interest)[0])
    cut = owed / loan.principal_usd if loan.principal_usd else 0.0
    return Facility(terms, committed, build_months, Loan(owed, rate, loan.service_usd * cut))


def borrow(
    lent: Facility, capital_usd: Floats, signed: NDArray[np.int64], opens: NDArray[np.int64], months: int
) -> Debt:
    """The loan drawn by every path from the month in which it signs on.

    Args:
        lent: What is committed, and the schedule.
        capital_usd: What the works cost by path [USD].
        signed: Month of signing by path; the number of months or more: never.
        opens: Month of the first payment of the schedule by path.
        months: Length of the horizon.
    """
    terms, loan, n = lent.terms, lent.loan, lent.build_months
    k, committed = np.arange(months), np.full(len(signed), lent.committed_usd)
    built = k - signed[:, None]
    each = draws_usd(committed, capital_usd, n, terms.draws)
    building = (built >= 0) & (built < n) & (k < months - 1)  # what would be drawn in the last month is repaid in it
    drawn = np.where(building, np.take_along_axis(each, np.clip(built, 0, n - 1), axis=1), 0.0)
    owed = opened_usd(each, loan.rate, terms.building_interest)
    due = _due(loan, opens, months) * (owed / (loan.principal_usd or 1.0))[:, None]
    undrawn = committed[:, None] - np.cumsum(drawn, axis=1) + drawn
    fees = terms.upfront_fee * committed[:, None] * (building & (built == 0))
    fees = fees + terms.commitment_fee / MONTHS * np.maximum(undrawn, 0.0) * (building & (built > 0))
    waits = (built >= n) & (k < opens[:, None])
    if terms.building_interest is BuildingInterest.PAID:
        waits = (built >= 0) & (k < opens[:, None])
    interest, waiting, balloon, balance = _run(loan.rate, drawn, due, waits)
    return Debt(loan.rate, drawn, interest, fees, due, waiting, balloon, balance)


def _due(loan: Loan, opens: NDArray[np.int64], months: int) -> Floats:
    """The schedule from each path's first payment on, shape (paths, months) [USD]."""
    period = np.arange(months) - opens[:, None]
    inside = (period >= 0) & (period < len(loan.service_usd))
    out: Floats = np.append(loan.service_usd, 0.0)[np.where(inside, period, len(loan.service_usd))]
    return out


def _run(rate: float, drawn: Floats, due: Floats, waits: NDArray[np.bool_]) -> tuple[Floats, Floats, Floats, Floats]:
    """Interest, what of it is paid while nothing else is due, the balloon, and what is owed, month after month."""
    interest, waiting, balloon, balance = (np.zeros(due.shape) for _ in range(4))
    owed = np.zeros(len(due))
    for month in range(due.shape[1]):
        interest[:, month] = owed * rate
        waiting[:, month] = interest[:, month] * waits[:, month]
        owed = owed + interest[:, month] - waiting[:, month] - due[:, month] + drawn[:, month]
        balance[:, month] = owed
    balloon[:, -1], balance[:, -1] = owed, 0.0
    return interest, waiting, balloon, balance


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
