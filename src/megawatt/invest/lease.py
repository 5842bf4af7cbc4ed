"""A hosting contract as the public knows it, and its value today.

Rent per critical IT MW-year, margin, term, delay and ramp, what the host builds, what the tenant builds and takes back from
the rent, the hazard that the tenant fails and what a second tenant brings. Every number may be an array of scenarios; the
answer has their shape. A published total is undiscounted revenue over the whole term, a type of its own (`Revenue`).

    NOI(k) = MW x rent / 12 x (1 + escalator)^year(k) x margin x ramp(k)                       month k = 1 ... 12 x years
    flow(k) = NOI(k) x (S(k) + f (1 - S(k - L))) - credit(k) x S(k) + backstop(k)
    S(k) = (1 - hazard)^(k / 12)         first tenant still there; L months empty, then a second one at the share f of the rent
    value = sum of flow(k) (1 + r)^-(delay + k) / 12  -  MW x host's capex

The delay moves all flows; the host's capex is booked at signing, which is early and thus never flatters. With one period a
year this is the arithmetic of the published tables (year-end flows).
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from megawatt.core.errors import InputError, UnitError
from megawatt.core.series import Floats
from megawatt.core.units import ItMW
from megawatt.invest.backstop import expected_payments_usd, first_failures

MONTHS = 12


class Firmness(StrEnum):
    """Whether the tenant is bound."""

    CONTRACTED = "contracted"
    OPTIONAL = "optional"


@dataclass(frozen=True, slots=True)
class Revenue:
    """Undiscounted revenue over a whole term. It is no value, and no level of a year.

    Attributes:
        usd: Amount [USD].
        firmness: Contracted revenue and revenue of an option the tenant may never use do not add.
    """

    usd: float
    firmness: Firmness

    def __add__(self, other: object) -> "Revenue":
        if not isinstance(other, Revenue) or other.firmness is not self.firmness:
            raise UnitError(
                f"{self} and {other} were added",
                "contracted revenue, and revenue that the tenant may choose, are different amounts",
                "Name them beside each other.",
            )
        return Revenue(self.usd + other.usd, self.firmness)

    def __str__(self) -> str:
        return f"{self.usd / 1e6:,.0f} M USD {self.firmness.value} revenue"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lease:
    """Terms and prospects of a hosting contract; every number may be an array of scenarios.

    Attributes:
        it: Critical IT power.
        years: Base term, a whole number of months.
        rent_usd_per_it_mw_year: Rent of the first year [USD per critical IT MW and year].
        noi_margin: Net operating income / rent.
        escalator_per_year: Rise of the rent on each anniversary.
        delay_months: From today to the first rent.
        ramp_months: From the first rent until all MW pay, linear.
        hazard_per_year: Probability per year that the tenant fails.
        relet_months: Months empty after that.
        relet_fraction: Rent of the second tenant / rent of the first; 0: nobody comes.
        host_capex_usd_per_it_mw: What the host builds.
        credited_capex_usd_per_it_mw: What the tenant builds and takes back from the rent.
        credit_cap_fraction: Largest share of a month's rent that is taken back.
        backstop_usd: Most that a guarantor pays of the net income a failed tenant leaves missing (`backstop`).
    """

    it: ItMW
    years: float
    rent_usd_per_it_mw_year: ArrayLike
    noi_margin: ArrayLike
    escalator_per_year: ArrayLike = 0.0
    delay_months: ArrayLike = 0.0
    ramp_months: ArrayLike = 0.0
    hazard_per_year: ArrayLike = 0.0
    relet_months: float = 0.0
    relet_fraction: ArrayLike = 0.0
    host_capex_usd_per_it_mw: ArrayLike = 0.0
    credited_capex_usd_per_it_mw: ArrayLike = 0.0
    credit_cap_fraction: float = 0.5
    backstop_usd: float = 0.0

    def __post_init__(self) -> None:
        if not (self.it.mw > 0 and self.years > 0 and float(self.years * MONTHS).is_integer()):
            raise InputError(
                f"a lease of {self.it} over {self.years} years",
                "it has power and a whole number of months",
                "Give the critical IT MW and the base term.",
            )
        if not 0 <= self.backstop_usd < np.inf:
            raise InputError(
                f"a backstop of {self.backstop_usd} USD",
                "a guarantor pays an amount of at least 0",
                "Give the most it pays, or leave it out.",
            )
        for name in ("noi_margin", "hazard_per_year", "relet_fraction", "credit_cap_fraction"):
            value = np.asarray(getattr(self, name))
            if not ((value >= 0) & (value <= 1)).all():
                raise InputError(
                    f"{name} of {value.ravel()[0]}", "it is a fraction from 0 to 1", "Write 0.775 for 77.5 %."
                )

    def revenue(self, firmness: Firmness = Firmness.CONTRACTED) -> Revenue:
        """Undiscounted rent of the base term at the terms given, which must be single numbers."""
        years = np.arange(int(self.years * MONTHS)) // MONTHS
        rent = float(np.asarray(self.rent_usd_per_it_mw_year)) * self.it.mw / MONTHS
        return Revenue(float((rent * (1 + float(np.asarray(self.escalator_per_year))) ** years).sum()), firmness)

    def noi_usd(self, periods_per_year: int = MONTHS) -> Floats:
        """Net operating income of each period if the tenant stays, shape (scenarios..., periods) [USD]."""
        k = np.arange(1, round(self.years * periods_per_year) + 1)
        year = (k - 1) // periods_per_year
        rent = _column(self.rent_usd_per_it_mw_year) * self.it.mw / periods_per_year
        grown = rent * (1 + _column(self.escalator_per_year)) ** year
        months = k.astype(np.float64) * (MONTHS / periods_per_year)
        out: Floats = grown * _column(self.noi_margin) * _ramp(months, _column(self.ramp_months))
        return out

    def flows_usd(self, periods_per_year: int = MONTHS) -> Floats:
        """Expected flow of each period: the first tenant, the second one, the guarantor, less what the tenant takes back [USD]."""
        noi = self.noi_usd(periods_per_year)
        years = np.arange(1, noi.shape[-1] + 1) / periods_per_year
        stays = 1 - _column(self.hazard_per_year)
        with np.errstate(invalid="ignore"):  # 0^0 = 1: nobody fails before the first day
            first = stays**years
            gone = 1 - stays ** np.maximum(years - self.relet_months / MONTHS, 0.0)
        income = noi * (first + _column(self.relet_fraction) * gone)
        out: Floats = income - self.credits_usd(periods_per_year) * first
        if self.backstop_usd:
            empty = self.relet_months * periods_per_year / MONTHS
            fails = first_failures(np.broadcast_to(first, np.broadcast_shapes(first.shape, noi.shape)))
            out = out + expected_payments_usd(noi, fails, empty, _column(self.relet_fraction), self.backstop_usd)
        return out

    def value_usd(self, rate: ArrayLike, periods_per_year: int = MONTHS) -> Floats:
        """Value today of the expected flows less the host's capex, the shape of the scenarios [USD].

        Args:
            rate: Yearly discount rate, > -1.
            periods_per_year: 12, or 1 for year-end flows as in published tables.
        """
        flows = self.flows_usd(periods_per_year)
        years = _column(self.delay_months) / MONTHS + np.arange(1, flows.shape[-1] + 1) / periods_per_year
        value = (flows * (1 + _column(rate)) ** -years).sum(axis=-1)
        out: Floats = value - np.asarray(self.host_capex_usd_per_it_mw) * self.it.mw
        return out

    def credits_usd(self, periods_per_year: int = MONTHS) -> Floats:
        """What a tenant that stays takes back of its capex in each period, at most a share of the rent until all is back."""
        noi = self.noi_usd(periods_per_year)
        owed = _column(self.credited_capex_usd_per_it_mw) * self.it.mw
        if not np.any(owed):
            return np.zeros(noi.shape)
        margin = _column(self.noi_margin)
        rent = np.divide(noi, margin, out=np.zeros(np.broadcast_shapes(noi.shape, margin.shape)), where=margin > 0)
        taken = np.minimum(np.cumsum(rent * self.credit_cap_fraction, axis=-1), owed)
        out: Floats = np.diff(taken, axis=-1, prepend=0.0)
        return out


def _column(value: ArrayLike) -> Floats:
    """Scenarios down, periods across."""
    return np.asarray(value, dtype=np.float64)[..., None]


def _ramp(months: Floats, ramp: Floats) -> Floats:
    """Mean share of the MW that pay in each month: linear from 0 at the first rent to 1 after ``ramp`` months."""
    length = np.maximum(ramp, 1e-9)
    step = months[0]

    def area(at: Floats) -> Floats:
        inside: Floats = np.minimum(at, length)
        out: Floats = inside**2 / (2 * length) + np.maximum(at - length, 0.0)
        return out

    out: Floats = (area(months) - area(months - step)) / step
    return out


def annual_equivalent_usd(total_usd: float, years: float) -> float:
    """Level of a year that a total over the term amounts to [USD/year]: undiscounted, and before any ramp."""
    if not years > 0:
        raise InputError(f"a term of {years} years", "it is above 0", "Give the base term.")
    return total_usd / years
