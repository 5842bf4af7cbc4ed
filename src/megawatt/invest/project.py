"""The monthly cash flow of a site on every path: operations, rents, capital, tax, debt; what belongs to the owner adds up to the cent.

A site is made of parts. A part is a block of machines, run as its `Operations` say, until the month in which a lease is signed for
it on a path; then come the works and the rents. A part that never signs keeps mining; one without machines (a block of power
bought ahead) does what its operations say. All flows of a month are paid at its end; today is the beginning of the first one.

    after power  = mining + energy + halls beside the rent + grid + switching + peak charges as billed + rent - credits
    NOI          = after power - running costs
    before tax   = NOI - hall - demolition and staff + machines sold - machines bought
    project      = before tax - income tax of a project without debt
    equity       = before tax - income tax + debt drawn - interest - loan fees - repayment
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike, NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.core.units import GrossMW, ItMW
from megawatt.invest.hall_works import DEMOLITION, HALL, SALE, Works
from megawatt.invest.income_tax import Property, TaxBill, income_tax
from megawatt.invest.lease import MONTHS
from megawatt.invest.machines import Machines
from megawatt.invest.operations import Operations
from megawatt.invest.peak_billing import billed_usd
from megawatt.invest.project_debt import Debt, DebtTerms, aligned_mean, borrow, lend
from megawatt.invest.tax_tables import COMPUTERS, TaxRules
from megawatt.invest.tenancy import Tenancy, paths_of, rents

PEAKS = "peak charges"
POWER_LINES = ("mining", "energy", "halls beside rent", "grid", "switching", PEAKS, "rent", "rent credits")
OPEX_LINES = ("running costs of mining", "running costs of halls")
MACHINES_BOUGHT = "machines bought"
CAPITAL_LINES = (HALL, DEMOLITION, SALE, MACHINES_BOUGHT)
TAX_LINE = "income tax"
DEBT_LINES = ("debt drawn", "interest", "loan fees", "repayment")
ORDER = (*POWER_LINES, *OPEX_LINES, *CAPITAL_LINES, TAX_LINE, *DEBT_LINES)
"""Lines of a statement, from revenue to what is left for the owner."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Part:
    """A block of machines and the hall that may take its place; arrays by path.

    Attributes:
        name: Name.
        mine: What the block earns as a mine whose machines are always renewed.
        it: Critical IT power of the hall (for a part that never converts, of the machines).
        gross: Power at the meter.
        machines: Their age, life and price; None where nothing wears.
        mining_opex_usd_per_month: Staff and repair in months in which the block draws power [USD].
        signed: Month of signing by path, counted from 0; the number of months or more: never.
        works: What converting takes.
        tenancy: The contract signed.
        fails: Numbers in (0, 1) by path that decide when the tenant fails.
        hall: What its operations bring beside the rent from its opening on; None: energy is passed through, nothing else.
    """

    name: str
    mine: Operations
    it: ItMW
    gross: GrossMW
    machines: Machines | None = None
    mining_opex_usd_per_month: float = 0.0
    signed: NDArray[np.int64] | None = None
    works: Works | None = None
    tenancy: Tenancy | None = None
    fails: Floats | None = None
    hall: Operations | None = None

    def __post_init__(self) -> None:
        given = [one is not None for one in (self.signed, self.works, self.tenancy, self.fails)]
        if any(given) and not all(given):
            raise InputError(
                f"{self.name!r} with {sum(given)} of signing, works, tenancy and draws",
                "a conversion needs all four",
                "Give all, or none for a part that never converts.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class Terms:
    """What holds for the whole site.

    Attributes:
        first_month: ``"2025-01"``.
        rate: Yearly discount rate.
        tax: Rules of tax.
        debt: Terms of a loan per conversion; None: equity alone.
        coincident_fraction: Share of peak charges billed over the next calendar year where operations do not say which are
            demand charges; see `peak_billing`.
        peaks_owed_usd: Measured before the first month and billed in these [USD, at most 0].
    """

    first_month: str
    rate: ArrayLike
    tax: TaxRules = field(default_factory=TaxRules)
    debt: DebtTerms | None = None
    coincident_fraction: ArrayLike = 1.0
    peaks_owed_usd: ArrayLike = 0.0

    def discount(self, paths: int, months: int) -> Floats:
        """Value today of one dollar at the end of each month, shape (paths, months)."""
        monthly = np.log1p(paths_of(self.rate, paths)) / MONTHS
        out: Floats = np.exp(-monthly[:, None] * np.arange(1, months + 1))
        return out


@dataclass(frozen=True, slots=True)
class Project:
    """A site's cash flow.

    Attributes:
        terms: Rate, tax, debt.
        it: IT power of all parts together.
        gross: Power at the meter.
        lines: Every line of the equity cash flow, each of shape (paths, months) [USD]; lines of zeros are left out.
        measured_usd: Peak charges in the months that measured them [USD].
        capital_usd: What is spent on halls, by path, undiscounted [USD].
        charge_usd: Capital charge by month on machines that run and halls in their term, the third line's [USD, at least 0].
        let: Whether a hall is let, (paths, months).
        unlevered: Tax without debt.
        tax: Tax with debt.
        debt: The loans together; None without.
    """

    terms: Terms
    it: ItMW
    gross: GrossMW
    lines: Mapping[str, Floats]
    measured_usd: Floats
    capital_usd: Floats
    charge_usd: Floats
    let: NDArray[np.bool_]
    unlevered: TaxBill
    tax: TaxBill
    debt: Debt | None

    def total_usd(self, names: Sequence[str]) -> Floats:
        """Sum of the named lines that are there, shape (paths, months) [USD]."""
        out = np.zeros(self.measured_usd.shape)
        for name in names:
            if name in self.lines:
                out += self.lines[name]
        return out

    @property
    def after_power_usd(self) -> Floats:
        """First line of profitability by month [USD]."""
        return self.total_usd(POWER_LINES)

    @property
    def noi_usd(self) -> Floats:
        """Net operating income by month: the second line [USD]."""
        return self.total_usd((*POWER_LINES, *OPEX_LINES))

    @property
    def project_usd(self) -> Floats:
        """Flows before debt, after the tax of a project without it [USD]."""
        out: Floats = self.total_usd((*POWER_LINES, *OPEX_LINES, *CAPITAL_LINES)) - self.unlevered.paid_usd
        return out

    @property
    def equity_usd(self) -> Floats:
        """What the owner receives, and pays where negative [USD]: the sum of all lines."""
        return self.total_usd(tuple(self.lines))

    @property
    def cfads_usd(self) -> Floats:
        """Cash available for debt service: NOI less machines bought and tax [USD]; halls are paid by debt and equity."""
        return self.total_usd((*POWER_LINES, *OPEX_LINES, MACHINES_BOUGHT, TAX_LINE))

    @property
    def npv_usd(self) -> Floats:
        """Value today of the project's flows, shape (paths,) [USD]."""
        return self._worth(self.project_usd)

    @property
    def equity_npv_usd(self) -> Floats:
        """Value today of what the owner receives, at the same rate, shape (paths,) [USD]."""
        return self._worth(self.equity_usd)

    def _worth(self, flows: Floats) -> Floats:
        out: Floats = np.einsum("pm,pm->p", flows, self.terms.discount(*flows.shape))
        return out


def project(parts: Sequence[Part], lease_usd_per_kw_month: Floats, terms: Terms) -> Project:
    """The cash flow of a site.

    Args:
        parts: Its parts; operations of shape (paths, months).
        lease_usd_per_kw_month: Rent of new leases by path and month: what a tenant that may extend compares with.
        terms: Rate, tax, debt.
    """
    shape = lease_usd_per_kw_month.shape
    if not parts or any(one.mine.net_usd.shape != shape for one in parts):
        raise InputError(
            f"{len(parts)} parts for {shape} paths and months",
            "a site has a part, and each has operations of that shape",
            "Cut all to the same paths and months.",
        )
    found = [_part(one, lease_usd_per_kw_month, terms) for one in parts]
    measured = _sum([one.measured_usd for one in found])
    lines = {
        name: _sum([one.lines[name] for one in found if name in one.lines])
        for name in ORDER
        if any(name in one.lines for one in found)
    }
    coincident = _sum([one.coincident_usd for one in found])
    lines[PEAKS] = billed_usd(
        coincident, terms.first_month, coincident_fraction=1.0, owed_before_usd=terms.peaks_owed_usd
    ) + billed_usd(measured - coincident, terms.first_month, coincident_fraction=0.0)
    bought = [purchase for one in found for purchase in one.bought]
    taxable = _taxable(lines)
    unlevered = levered = income_tax(taxable, bought, terms.first_month, terms.tax)
    loans = [_loan(part, flows, terms) for part, flows in zip(parts, found, strict=True) if terms.debt and part.works]
    debt = Debt.together(loans) if loans else None
    if debt:
        levered = income_tax(taxable - debt.interest_usd, bought, terms.first_month, terms.tax)
        flows = (debt.drawn_usd, -debt.interest_usd, -debt.fees_usd, -debt.repaid_usd)
        lines |= dict(zip(DEBT_LINES, flows, strict=True))
    lines[TAX_LINE] = -levered.paid_usd
    return Project(
        terms=terms,
        it=ItMW(sum(one.it.mw for one in parts)),
        gross=GrossMW(sum(one.gross.mw for one in parts)),
        lines={name: lines[name] for name in ORDER if name in lines and lines[name].any()},
        measured_usd=measured,
        capital_usd=_sum([one.capital_usd for one in found]),
        charge_usd=_sum([one.charge_usd for one in found]),
        let=np.any([one.let for one in found], axis=0),
        unlevered=unlevered,
        tax=levered,
        debt=debt,
    )


def statement(one: Project, path: int | None = None) -> pd.DataFrame:
    """The lines by month, which add up to the last column, the equity cash flow.

    Args:
        one: Project.
        path: Number of a path; None: the mean of all.
    """
    picked = {name: flows.mean(axis=0) if path is None else flows[path] for name, flows in one.lines.items()}
    months = pd.period_range(one.terms.first_month, periods=one.measured_usd.shape[1], freq="M")
    table = pd.DataFrame(picked, index=months.rename("month"))
    table["equity cash flow"] = sum((table[name] for name in picked), start=pd.Series(0.0, index=table.index))
    return table


@dataclass(frozen=True, slots=True)
class _PartFlows:
    """Lines of a part before tax and debt; what it buys, measures (of it coincident), spends and is charged; when its hall is let, and opens."""

    lines: dict[str, Floats]
    bought: list[Property]
    measured_usd: Floats
    coincident_usd: Floats
    capital_usd: Floats
    charge_usd: Floats
    let: NDArray[np.bool_]
    opens: NDArray[np.int64]


def _part(one: Part, market: Floats, terms: Terms) -> _PartFlows:
    paths, months = market.shape
    signed = np.full(paths, months) if one.signed is None else one.signed
    opex: Floats = np.where(one.mine.energy_mwh > 0, one.mining_opex_usd_per_month, 0.0)
    stand, price = np.ones(market.shape, dtype=np.bool_), np.zeros(market.shape)
    charge = np.zeros(market.shape)
    before = np.arange(months) < signed[:, None]
    if one.machines is not None:
        stand, price = one.machines.renewed(one.mine.net_usd - opex)
        charge += _charge(one.machines.price_usd, one.machines.life_years, terms, paths) * (before & stand)
    price, on = price * before, before & stand
    lines = _operating(one.mine, on) | {OPEX_LINES[0]: -opex * on, MACHINES_BOUGHT: -price}
    bought = [
        Property(COMPUTERS, price[:, month], np.full(paths, month), np.full(paths, month))
        for month in np.flatnonzero(price.any(axis=0))
    ]
    nobody = np.zeros(market.shape, dtype=np.bool_)
    peaks, coincident = one.mine.peak_usd * on, _coincident(one.mine, terms) * on
    out = _PartFlows(lines, bought, peaks, coincident, np.zeros(paths), charge, nobody, signed)
    return _converted(one, out, stand, market, terms)


def _converted(one: Part, mine: _PartFlows, stand: NDArray[np.bool_], market: Floats, terms: Terms) -> _PartFlows:
    """The part's flows with its hall, if it has one: works, rents, what the hall's operations bring beside them."""
    if one.works is None or one.tenancy is None or one.fails is None or one.signed is None:
        return mine
    paths, months = market.shape
    let = rents(one.tenancy, one.signed, one.fails, market)
    opens = one.signed + np.ceil(paths_of(one.tenancy.lease.delay_months, paths)).astype(np.int64)
    hall = one.works.property(one.signed, opens, months)
    lines = mine.lines | one.works.lines_usd(one.signed, stand)
    lines |= {"rent": let.rent_usd + let.backstop_usd, "rent credits": let.credits_usd, OPEX_LINES[1]: let.opex_usd}
    lines["grid"] = lines["grid"] + one.works.curtailable_usd_per_month * let.let
    measured, coincident = mine.measured_usd, mine.coincident_usd
    k, begins = np.arange(months), opens[:, None]
    if one.hall is not None:
        opened = (k >= begins) & (one.signed < months)[:, None]
        lines |= {name: lines[name] + flows for name, flows in _operating(one.hall, opened).items()}
        measured = measured + one.hall.peak_usd * opened
        coincident = coincident + _coincident(one.hall, terms) * opened
    term = (k >= begins) & (k < begins + round(one.tenancy.lease.years * MONTHS)) & (one.signed < months)[:, None]
    charge = _charge(hall.cost_usd, one.tenancy.lease.years, terms, paths) * term
    return replace(
        mine,
        lines=lines,
        bought=[*mine.bought, hall],
        measured_usd=measured,
        coincident_usd=coincident,
        capital_usd=hall.cost_usd,
        charge_usd=mine.charge_usd + charge,
        let=let.let,
        opens=opens,
    )


def _operating(one: Operations, on: NDArray[np.bool_]) -> dict[str, Floats]:
    """Lines of operations in the months in which they run; peaks are billed for the site as a whole."""
    return {
        "mining": one.mining_usd * on,
        "energy": one.energy_usd * on,
        "halls beside rent": one.tenant_usd * on,
        "grid": one.grid_usd * on,
        "switching": one.switching_usd * on,
    }


def _coincident(one: Operations, terms: Terms) -> Floats:
    """What of the measured peaks is billed over the next calendar year [USD]."""
    if one.demand_usd is None:
        return one.peak_usd * np.asarray(terms.coincident_fraction, dtype=np.float64)
    return one.peak_usd - one.demand_usd


def _charge(price_usd: ArrayLike, years: float, terms: Terms, paths: int) -> Floats:
    """Equal amount a month that pays for something over its life, at the yearly rate, as a column of paths [USD]."""
    rate = np.maximum(paths_of(terms.rate, paths), 1e-12)
    out: Floats = paths_of(price_usd, paths) * rate / -np.expm1(-years * np.log1p(rate)) / MONTHS
    return out[:, None]


def _taxable(lines: Mapping[str, Floats]) -> Floats:
    """Income by month before write-offs and interest: machines are sold at a gain, for old ones are taken as written off."""
    return _sum([lines[name] for name in (*POWER_LINES, *OPEX_LINES, DEMOLITION, SALE) if name in lines])


def _loan(one: Part, flows: _PartFlows, terms: Terms) -> Debt:
    """The loan on a part's own cash after its own tax without debt, which is more than the site will pay."""
    if terms.debt is None or one.signed is None or one.works is None:
        message = "a loan needs terms and a conversion"
        raise TypeError(message)
    months = flows.measured_usd.shape[1]
    own = flows.lines | {PEAKS: flows.measured_usd}  # the site's bill comes later, which a lender does not count on
    cash = _sum([own[name] for name in (*POWER_LINES, *OPEX_LINES, MACHINES_BOUGHT) if name in own])
    tax = income_tax(_taxable(own), flows.bought, terms.first_month, terms.tax).paid_usd
    wait = max(one.works.build_months, 1)
    begins = np.maximum(flows.opens, one.signed + wait)
    signs = one.signed < months
    case = aligned_mean((cash - tax)[signs], begins[signs], round(terms.debt.tenor_years * MONTHS))
    capital = float(flows.capital_usd[signs].mean()) if signs.any() else 0.0
    return borrow(lend(case, terms.debt, capital, wait), flows.capital_usd, one.signed, begins, months)


def _sum(arrays: Sequence[Floats]) -> Floats:
    """Sum of arrays of one shape, a new array."""
    out = arrays[0].copy()
    for one in arrays[1:]:
        out += one
    return out
