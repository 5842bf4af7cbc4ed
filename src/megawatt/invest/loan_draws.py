"""A loan drawn as the works are paid: how much of it, in which month of building, and what is owed when the hall opens.

Works are paid in equal parts c at the ends of n months. A commitment D is drawn

    pro rata        D / n in each of them, beside the owner's c - D / n
    equity first    nothing until the owner has paid the capital less D, then c

and with interest r a month added to the debt the balance at the last payment is ``sum of draw[j] x (1 + r)^(n - 1 - j)``, with
interest paid as it falls due it is D. Both are piecewise linear in D with knots at whole parts, so D is found without a search.
"""

from enum import StrEnum

import numpy as np

from megawatt.core.series import Floats


class Draws(StrEnum):
    """Whose money pays the works first."""

    PRO_RATA = "pro_rata"
    EQUITY_FIRST = "equity_first"


class BuildingInterest(StrEnum):
    """What becomes of the interest of the months of building."""

    ADDED = "added"
    PAID = "paid"


def draws_usd(committed_usd: Floats, capital_usd: Floats, months: int, way: Draws) -> Floats:
    """What is drawn with each payment of the works, shape (cases, months) [USD]; a commitment above the capital is not drawn in full.

    Args:
        committed_usd: Commitment of each case, shape (cases,) [USD].
        capital_usd: What its works cost, likewise.
        months: Payments, at least 1.
        way: Whose money comes first.
    """
    drawn = np.minimum(committed_usd, capital_usd)[:, None]
    if way is Draws.PRO_RATA:
        return np.repeat(drawn / months, months, axis=1)
    paid = capital_usd[:, None] * np.arange(months + 1) / months
    out: Floats = np.diff(np.maximum(paid - (capital_usd[:, None] - drawn), 0.0), axis=1)
    return out


def opened_usd(drawn_usd: Floats, rate: float, interest: BuildingInterest) -> Floats:
    """What is owed with the last payment of the works, shape (cases,) [USD].

    Args:
        drawn_usd: Draws, shape (cases, months).
        rate: Interest a month.
        interest: Added to the debt, or paid.
    """
    if interest is BuildingInterest.PAID:
        return np.asarray(drawn_usd.sum(axis=1))
    months = drawn_usd.shape[1]
    return np.asarray(drawn_usd @ (1 + rate) ** np.arange(months - 1.0, -1.0, -1.0))


def commitment_usd(
    owed_usd: float, capital_usd: float, months: int, rate: float, way: Draws, interest: BuildingInterest
) -> float:
    """The commitment with which so much is owed when the hall opens; the capital where even that is owed less [USD]."""
    committed = capital_usd * np.arange(months + 1) / months
    owed = opened_usd(draws_usd(committed, np.full(months + 1, capital_usd), months, way), rate, interest)
    return float(np.interp(owed_usd, owed, committed))
