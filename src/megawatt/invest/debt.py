"""Debt that a cash flow carries: level and sculpted by cover ratio, and the ratios a lender tests.

CFADS is the cash flow available for debt service of each period. DSCR = CFADS / (interest + repayment) of the period;
LLCR = value now of the CFADS left in the loan's life, at the loan's rate, / debt outstanding. Level debt pays equal amounts;
sculpted debt pays CFADS / DSCR, so the cover is the same in every period, and its LLCR equals its DSCR.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.cash_flow import annuity_factor, discount_factors


@dataclass(frozen=True, slots=True)
class Loan:
    """A loan drawn now and repaid over the periods of its schedule.

    Attributes:
        principal_usd: Drawn now [USD].
        rate: Interest per period.
        service_usd: Interest and repayment of each period, shape (n,) [USD].
    """

    principal_usd: float
    rate: float
    service_usd: Floats

    @property
    def balance_usd(self) -> Floats:
        """Outstanding after each period's payment, from the drawing on, shape (n + 1,) [USD]."""
        balance = [self.principal_usd]
        for paid in self.service_usd:
            balance.append(balance[-1] * (1 + self.rate) - float(paid))
        return np.array(balance)

    @property
    def interest_usd(self) -> Floats:
        """Interest of each period, shape (n,) [USD]; what a tax computation deducts."""
        out: Floats = self.balance_usd[:-1] * self.rate
        return out

    def dscr(self, cfads_usd: ArrayLike) -> Floats:
        """Cover of each period's debt service, shape (n,); infinite where nothing is due."""
        cfads = _one_per_period(cfads_usd, len(self.service_usd))
        with np.errstate(divide="ignore", invalid="ignore"):
            out: Floats = np.where(self.service_usd > 0, cfads / self.service_usd, np.inf)
        return out

    def llcr(self, cfads_usd: ArrayLike) -> Floats:
        """Cover of the outstanding debt by what the loan's life still brings, at each period's start, shape (n,)."""
        cfads = _one_per_period(cfads_usd, len(self.service_usd))
        left = np.empty(len(cfads))
        value = 0.0
        for k in range(len(cfads) - 1, -1, -1):
            value = (value + cfads[k]) / (1 + self.rate)
            left[k] = value
        out: Floats = left / self.balance_usd[:-1]
        return out

    def breaches(self, cfads_usd: ArrayLike, least_dscr: float) -> list[int]:
        """Periods, counted from 1, whose cover is below the covenant."""
        return [int(k) + 1 for k in np.flatnonzero(self.dscr(cfads_usd) < least_dscr)]


def level_loan(cfads_usd: ArrayLike, *, rate: float, dscr: float) -> Loan:
    """The largest loan with equal payments whose cover is at least ``dscr`` in every period.

    principal = min(CFADS) / DSCR x annuity factor.
    """
    cfads = _one_per_period(cfads_usd, None)
    service = max(float(cfads.min()), 0.0) / _checked_cover(dscr)
    return Loan(service * annuity_factor(rate, len(cfads)), rate, np.full(len(cfads), service))


def sculpted_loan(cfads_usd: ArrayLike, *, rate: float, dscr: float) -> Loan:
    """The largest loan whose cover is ``dscr`` in every period: its payments follow the cash flow.

    principal = sum of CFADS[k] / DSCR / (1 + rate)^k. A period that brings nothing pays nothing.
    """
    cfads = _one_per_period(cfads_usd, None)
    service: Floats = np.maximum(cfads, 0.0) / _checked_cover(dscr)
    return Loan(float(service @ discount_factors(len(service), rate)[1:]), rate, service)


def _checked_cover(dscr: float) -> float:
    if not dscr > 0:
        raise InputError(f"a cover ratio of {dscr}", "it is above 0", "Write for example 1.3.")
    return dscr


def _one_per_period(cfads_usd: ArrayLike, periods: int | None) -> Floats:
    cfads = np.asarray(cfads_usd, dtype=np.float64)
    if cfads.ndim != 1 or not len(cfads) or not np.isfinite(cfads).all() or periods not in (None, len(cfads)):
        raise InputError(
            f"cash flows of shape {cfads.shape} for a loan of {periods or 'at least one'} periods",
            "there is one finite cash flow per period of the loan",
            "Cut or lengthen the cash flow.",
        )
    return cfads
