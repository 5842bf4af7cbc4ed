"""What a share of a miner is worth if it keeps its sites: remaining mining + contracts + options - overhead - tax - net debt.

Everything uncertain is a `Range`, kept under its name, so that scenarios, turning points and Sobol shares all ask one function:
`Company.parts(draw)`. Mining is valued month by month at a hashprice that fades, and stops where it no longer pays power and
running costs. A conversion stops mining *before* the first rent: what its machines would have earned is a part of its own.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field, replace

import numpy as np

from megawatt.core.series import Floats
from megawatt.core.units import HOURS_PER_YEAR, ItMW
from megawatt.invest.lease import MONTHS, Firmness, Lease
from megawatt.invest.ranges import Range
from megawatt.invest.shares import Shares
from megawatt.mining.hashprice import break_even_usd_per_mwh

Draw = Mapping[str, Floats | float]
"""One value, or one array of scenarios, per input."""

ZERO = Range.exact(0.0)
ONE = Range.exact(1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Mine:
    """Machines that run until they no longer pay.

    Attributes:
        it: Power of the machines at their plugs.
        efficiency_j_per_th: Of the fleet [J/TH].
        years: Until the machines are worn out.
        hashprice_usd_per_ph_day: Today's, after the pool's fee.
        fade_per_year: Yearly fall of the hashprice by difficulty, halvings and price together.
        power_price_usd_per_mwh: All-in at the meter.
        opex_usd_per_mw_year: Running cost per IT MW.
        pue: Power usage effectiveness.
    """

    it: ItMW
    efficiency_j_per_th: float
    years: float
    hashprice_usd_per_ph_day: Range
    fade_per_year: Range
    power_price_usd_per_mwh: Range
    opex_usd_per_mw_year: Range = ZERO
    pue: float = 1.0

    def ranges(self) -> dict[str, Range]:
        """What is uncertain, by name."""
        names = ("hashprice_usd_per_ph_day", "fade_per_year", "power_price_usd_per_mwh", "opex_usd_per_mw_year")
        return {f"mining {name}": getattr(self, name) for name in names}

    def months_usd_per_mw(self, draw: Draw) -> Floats:
        """What one IT MW earns in each month, never below 0 because it can stop, shape (..., months) [USD]."""
        k = np.arange(1, round(self.years * MONTHS) + 1)
        hashprice, fade, price, opex = (_column(draw[name]) for name in self.ranges())
        paid = hashprice * (1 - fade) ** (k / MONTHS)
        per_mwh = break_even_usd_per_mwh(paid, self.efficiency_j_per_th) - self.pue * price
        out: Floats = np.maximum(per_mwh * HOURS_PER_YEAR - opex, 0.0) / MONTHS
        return out


@dataclass(frozen=True, slots=True, kw_only=True)
class LeaseOutlook:
    """A lease with what is uncertain about it.

    Attributes:
        name: Name in tables.
        firmness: Contracted, or an option of the tenant.
        it: Critical IT power.
        years: Base term.
        rent_usd_per_it_mw_year: Rent.
        noi_margin, delay_months, ramp_months, hazard_per_year, relet_fraction, host_capex_usd_per_it_mw,
            credited_capex_usd_per_it_mw: As in `Lease`.
        exercised: Probability that the tenant uses the option; 1 for a contract.
        escalator_per_year, relet_months, credit_cap_fraction, backstop_usd: As in `Lease`.
        backstop_strike: Name of the warrants that the guarantor takes as its price; empty where they are not known.
        displaced: IT power of machines that the conversion stops.
        cleared_month: Month from today in which they stop.
    """

    name: str
    firmness: Firmness
    it: ItMW
    years: float
    rent_usd_per_it_mw_year: Range
    noi_margin: Range
    delay_months: Range = ZERO
    ramp_months: Range = ZERO
    hazard_per_year: Range = ZERO
    relet_fraction: Range = ZERO
    host_capex_usd_per_it_mw: Range = ZERO
    credited_capex_usd_per_it_mw: Range = ZERO
    exercised: Range = ONE
    escalator_per_year: float = 0.0
    relet_months: float = 0.0
    credit_cap_fraction: float = 0.5
    backstop_usd: float = 0.0
    backstop_strike: str = ""
    displaced: ItMW = field(default_factory=lambda: ItMW(0.0))
    cleared_month: int = 0

    _UNCERTAIN = (
        "rent_usd_per_it_mw_year",
        "noi_margin",
        "delay_months",
        "ramp_months",
        "hazard_per_year",
        "relet_fraction",
        "host_capex_usd_per_it_mw",
        "credited_capex_usd_per_it_mw",
    )

    def ranges(self) -> dict[str, Range]:
        """What is uncertain, by name."""
        out = {f"{self.name} {name}": getattr(self, name) for name in self._UNCERTAIN}
        return out | {f"{self.name} exercised": self.exercised}

    def lease(self, draw: Draw) -> Lease:
        """The lease of each scenario."""
        return Lease(
            it=self.it,
            years=self.years,
            escalator_per_year=self.escalator_per_year,
            relet_months=self.relet_months,
            credit_cap_fraction=self.credit_cap_fraction,
            backstop_usd=self.backstop_usd,
            **{name: draw[f"{self.name} {name}"] for name in self._UNCERTAIN},
        )

    def exercised_share(self, draw: Draw) -> Floats:
        """How much of it counts: its probability."""
        return np.asarray(draw[f"{self.name} exercised"], dtype=np.float64)


@dataclass(frozen=True, slots=True, kw_only=True)
class Company:
    """A miner that may be bought.

    Attributes:
        name: Name of the company.
        leases: Contracts and options.
        shares: Share count.
        discount_rate: Yearly rate at which everything is discounted.
        mine: Its machines, if it has any.
        overhead_usd_per_year: Cost of being a company.
        overhead_years: As long as it is counted; the longest lease if 0.
        tax_fraction: Cash tax as a share of the operating value where that is positive.
        net_debt_usd: Debt less cash and coins, without convertibles.
    """

    name: str
    leases: tuple[LeaseOutlook, ...]
    shares: Shares
    discount_rate: Range
    mine: Mine | None = None
    overhead_usd_per_year: Range = ZERO
    overhead_years: float = 0.0
    tax_fraction: Range = ZERO
    net_debt_usd: Range = ZERO

    def ranges(self) -> dict[str, Range]:
        """Every input with its range, by name."""
        own = ("discount_rate", "overhead_usd_per_year", "tax_fraction", "net_debt_usd")
        out = {name: getattr(self, name) for name in own}
        for part in (*self.leases, *((self.mine,) if self.mine else ())):
            out |= part.ranges()
        return out

    def likely(self) -> dict[str, float]:
        """The single scenario of likely values."""
        return {name: one.likely for name, one in self.ranges().items()}

    def parts(self, draw: Draw) -> dict[str, Floats]:
        """Value today of each part; they add up to what the holders of shares and convertibles own [USD]."""
        rate = np.asarray(draw["discount_rate"], dtype=np.float64)
        out = {
            "mining": self._mining(draw, 1.0, 0),
            "contracts": self._leases(draw, Firmness.CONTRACTED),
            "options": self._leases(draw, Firmness.OPTIONAL),
            "mining given up": self._given_up(draw),
            "overhead": -np.asarray(draw["overhead_usd_per_year"]) * _annuity_by_month(rate, self.overhead_term_years),
        }
        operating = sum(out.values(), np.zeros(()))
        out["cash tax"] = -np.asarray(draw["tax_fraction"]) * np.maximum(operating, 0.0)
        out["net debt"] = -np.asarray(draw["net_debt_usd"], dtype=np.float64)
        shape = np.broadcast_shapes(*(np.shape(value) for value in out.values()))
        return {name: np.broadcast_to(value, shape).astype(np.float64) for name, value in out.items()}

    def usd_per_share(self, draw: Draw) -> Floats:
        """Value per diluted share, share count and convertibles at that very value."""
        return self.shares.price_of(sum(self.parts(draw).values(), np.zeros(())))

    def without_backstops(self) -> "Company":
        """The same company without its guarantees and without the warrants that pay for them."""
        prices = {one.backstop_strike for one in self.leases if one.backstop_usd}
        strikes = tuple(one for one in self.shares.strikes if one.name not in prices)
        leases = tuple(replace(one, backstop_usd=0.0) for one in self.leases)
        return replace(self, leases=leases, shares=replace(self.shares, strikes=strikes))

    @property
    def overhead_term_years(self) -> float:
        """As long as the overhead is counted."""
        return self.overhead_years or max(
            (one.years for one in self.leases), default=self.mine.years if self.mine else 0.0
        )

    def _leases(self, draw: Draw, firmness: Firmness) -> Floats:
        rate = np.asarray(draw["discount_rate"], dtype=np.float64)
        chosen = (one for one in self.leases if one.firmness is firmness)
        return sum((one.lease(draw).value_usd(rate) * one.exercised_share(draw) for one in chosen), np.zeros(()))

    def _mining(self, draw: Draw, share: Floats | float, from_month: int) -> Floats:
        """Value of the given share of all machines from a month on."""
        if self.mine is None:
            return np.zeros(())
        months = self.mine.months_usd_per_mw(draw)[..., from_month:]
        k = np.arange(from_month + 1, from_month + 1 + months.shape[-1])
        worth = (months * (1 + _column(draw["discount_rate"])) ** (-k / MONTHS)).sum(axis=-1)
        out: Floats = worth * self.mine.it.mw * share
        return out

    def _given_up(self, draw: Draw) -> Floats:
        if self.mine is None:
            return np.zeros(())
        shares = ((one, one.displaced.mw / self.mine.it.mw * one.exercised_share(draw)) for one in self.leases)
        return -sum((self._mining(draw, share, one.cleared_month) for one, share in shares), np.zeros(()))


def _annuity_by_month(rate: Floats, years: float) -> Floats:
    """Value today of one dollar a year, paid monthly."""
    k = np.arange(1, round(years * MONTHS) + 1) / MONTHS
    out: Floats = ((1 + _column(rate)) ** -k).sum(axis=-1) / MONTHS
    return out


def _column(value: Floats | float) -> Floats:
    return np.asarray(value, dtype=np.float64)[..., None]
