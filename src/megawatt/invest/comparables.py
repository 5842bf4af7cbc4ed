"""What others pay: quantiles of the rent per megawatt-year, each kind of deal and of megawatt for itself.

Rents per critical IT MW and per gross MW do not mix; a GPU cloud sells machines, not space; an option or the extensions of a
contract never count with its base term. A quantile of a handful of deals is shown with their number and with the range that
leaving one of them out would move it over.
"""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.core.units import GrossMW, ItMW
from megawatt.invest.cash_flow import annuity_factor, periodic_rate

LEVELS = (0.25, 0.5, 0.75)
LEAST = 3
"""Deals below which no quantile is given."""

USUAL_MARGIN = (0.75, 0.85)
"""NOI margin of a lease that states none: from the target of June 2024 to the highest target since."""

RENT_KINDS = ("hosting", "hosting_option", "lease")
"""Kinds whose value over the base term is rent of space and power."""


@dataclass(frozen=True, slots=True)
class Comparable:
    """One published deal.

    Attributes:
        name: Who with whom, and when.
        kind: As in the table of deals.
        power: Megawatts of the kind stated, or None.
        years: Base term; NaN where not stated.
        value_usd: Undiscounted value over the base term [USD]; NaN where not stated.
        evidence: What kind of source.
        noi_margin: Low and high NOI / rent where stated.
        capex_usd_per_it_mw: Low and high of what the host builds, where stated.
    """

    name: str
    kind: str
    power: ItMW | GrossMW | None
    years: float
    value_usd: float
    evidence: str
    noi_margin: tuple[float, float] | None = None
    capex_usd_per_it_mw: tuple[float, float] | None = None

    @property
    def usd_per_mw_year(self) -> float:
        """Value / MW / years on the MW that the deal states; NaN where one of the three is missing."""
        return self.value_usd / self.power.mw / self.years if self.power else float("nan")

    @property
    def why_not(self) -> str:
        """Why it is no rent to compare with, or nothing."""
        if self.kind not in RENT_KINDS:
            return f"a {self.kind.replace('_', ' ')} is no rent"
        return "" if np.isfinite(self.usd_per_mw_year) else "MW, term or value are not stated"

    def worth_usd_per_mw(self, rates: tuple[float, float]) -> tuple[float, float] | None:
        """Lowest and highest value today of a megawatt let, on the MW that the deal states; None where it is no lease.

        Rent from today, flat, monthly, at the margin stated or usual; less the host's capex where it is stated, which the
        caller says beside it: without it the value is before what the host builds.

        Args:
            rates: Low and high yearly discount rate.
        """
        if self.why_not or self.power is None:
            return None
        margins, capex = self.noi_margin or USUAL_MARGIN, self.capex_usd_per_it_mw or (0.0, 0.0)
        months = round(self.years * 12)

        def worth(margin: float, rate: float, built: float) -> float:
            return self.usd_per_mw_year / 12 * margin * annuity_factor(periodic_rate(rate, 12), months) - built

        return worth(margins[0], rates[1], capex[1]), worth(margins[1], rates[0], capex[0])


@dataclass(frozen=True, slots=True)
class RentQuantiles:
    """Rents of one kind of megawatt.

    Attributes:
        basis: Kind of megawatt.
        names: Deals that count.
        quantiles_usd: 25, 50 and 75 % [USD per MW-year].
        without_one_usd: Lowest and highest of each quantile when any one deal is left out, shape (3, 2).
    """

    basis: type[ItMW | GrossMW]
    names: tuple[str, ...]
    quantiles_usd: Floats
    without_one_usd: Floats


def rent_quantiles(deals: Iterable[Comparable]) -> dict[type[ItMW | GrossMW], RentQuantiles]:
    """Quantiles per kind of megawatt; a kind with fewer than three deals is left out."""
    rents: dict[type[ItMW | GrossMW], list[Comparable]] = {}
    for one in deals:
        if one.power is not None and not one.why_not:
            rents.setdefault(type(one.power), []).append(one)
    return {basis: _quantiles(basis, found) for basis, found in rents.items() if len(found) >= LEAST}


def _quantiles(basis: type[ItMW | GrossMW], deals: list[Comparable]) -> RentQuantiles:
    rents = np.array([one.usd_per_mw_year for one in deals])
    left_out = np.array([np.quantile(np.delete(rents, i), LEVELS) for i in range(len(rents))])
    return RentQuantiles(
        basis=basis,
        names=tuple(one.name for one in deals),
        quantiles_usd=np.quantile(rents, LEVELS),
        without_one_usd=np.stack([left_out.min(axis=0), left_out.max(axis=0)], axis=1),
    )


def steps(totals: Mapping[float, float], years: float) -> list[tuple[float, float]]:
    """What each enlargement of a contract added: (IT MW more, USD per IT MW-year of the addition).

    Args:
        totals: Cumulative contracted IT MW to cumulative undiscounted revenue [USD], as they were announced.
        years: Base term of every step.

    Raises:
        InputError: A step adds no megawatts.
    """
    out, before = [], (0.0, 0.0)
    for mw, usd in totals.items():
        more = mw - before[0]
        if not more > 0:
            raise InputError(f"a step to {mw} MW after {before[0]} MW", "every step adds megawatts", "Sort the steps.")
        out.append((more, (usd - before[1]) / more / years))
        before = (mw, usd)
    return out
