"""Peak charges from the month that measures them to the months that bill them.

A demand charge is on the invoice of the month after. A coincident-peak charge (ERCOT's 4CP) measured in a year is billed in twelve
equal parts over the months of the next one. So the charges of a horizon's last year fall behind its end: they are owed, and
are booked in its last month, early and thus never flattering. What years before the horizon measured is the caller's to give.
"""

import numpy as np
from numpy.typing import ArrayLike

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.income_tax import MONTHS, calendar_years


def billed_usd(
    measured_usd: Floats, first_month: str, *, coincident_fraction: ArrayLike = 1.0, owed_before_usd: ArrayLike = 0.0
) -> Floats:
    """Charges by the month in which they are paid, shape (paths, months) [USD]; they add up to what was measured and owed before.

    Args:
        measured_usd: Charges by measured month, shape (paths, months) [USD].
        first_month: ``"2025-01"``.
        coincident_fraction: Share of each measured charge that is billed over the next calendar year; the rest follows in
            the next month. Broadcasts to the shape of the charges.
        owed_before_usd: Measured before the horizon and billed in its months, broadcasts likewise [USD].
    """
    share = np.asarray(coincident_fraction, dtype=np.float64)
    if not ((share >= 0) & (share <= 1)).all():
        raise InputError(
            f"a coincident share of {share.ravel()[0]}",
            "it is a fraction from 0 to 1",
            "Write 1 for ERCOT's 4CP alone.",
        )
    months = measured_usd.shape[1]
    next_year, next_month = _over_next_year(first_month, months), np.eye(months, k=1)
    out: Floats = (measured_usd * share) @ next_year + (measured_usd * (1 - share)) @ next_month
    out[:, -1] += measured_usd.sum(axis=1) - out.sum(axis=1)
    return out + np.asarray(owed_before_usd, dtype=np.float64)


def _over_next_year(first_month: str, months: int) -> Floats:
    """Share of what row m measures that column k bills."""
    year = calendar_years(first_month, months)
    out: Floats = (year[None, :] == year[:, None] + 1) / MONTHS
    return out
