"""What a project's cash flow amounts to, every figure with its range.

The three lines of profitability are levels of a year; only the third, after a charge on machines or halls, may say which use of the
power wins. A figure that only some paths have (a return, a cover) is shown for these with their share.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.core.units import GrossMW, ItMW
from megawatt.invest.cash_flow import irr_by_path, payback_by_path
from megawatt.invest.lease import MONTHS
from megawatt.invest.project import Project
from megawatt.invest.project_debt import dscr, llcr
from megawatt.invest.ranges import Spread, conditional_value_at_risk, value_at_risk
from megawatt.mining.profit import Line

KW_PER_MW = 1_000.0
LEAST_FRACTION = 0.05
"""Share of the paths below which a figure that only some paths have is not shown."""


@dataclass(frozen=True, slots=True)
class Level:
    """A mean level of the horizon's years on one line of profitability.

    Attributes:
        line: After power, after power and opex, or after a capital charge.
        usd_per_year: Of the whole site [USD per year].
    """

    line: Line
    usd_per_year: Spread

    def per_mw_year(self, power: ItMW | GrossMW) -> Spread:
        """The level per megawatt of the kind given [USD per MW-year]."""
        return _scaled(self.usd_per_year, 1 / power.mw)

    def per_kw_month(self, power: ItMW | GrossMW) -> Spread:
        """The level per kilowatt and month of the kind given [USD per kW-month]."""
        return _scaled(self.usd_per_year, 1 / (power.mw * KW_PER_MW * MONTHS))


@dataclass(frozen=True, slots=True)
class Cover:
    """What a lender sees on the paths that borrow.

    Attributes:
        borrowed_fraction: Share of the paths that do.
        drawn_usd: Principal.
        dscr_min: Lowest cover of twelve months of each path.
        dscr_mean: Mean cover of each path.
        llcr: Cover of the loan's life before the first payment.
        breached_fraction: Share of the borrowing paths whose cover falls below the covenant in some month.
        breached_months: Months below the covenant, of each path.
    """

    borrowed_fraction: float
    drawn_usd: Spread
    dscr_min: Spread
    dscr_mean: Spread
    llcr: Spread
    breached_fraction: float
    breached_months: Spread


@dataclass(frozen=True, slots=True)
class Appraisal:
    """The answer for one alternative; a range is 5, 50 and 95 % of the paths and their mean.

    Attributes:
        npv_usd: Value today before debt, after tax.
        npv_error_usd: Standard error of its mean.
        equity_npv_usd: Value today of the owner's flows, debt included, at the same rate.
        irr: Yearly return before debt on the paths that have one; None where fewer than one in twenty have.
        pays_back_fraction: Share that pay back of the paths that pay in at all; None where none does.
        payback_years: On the paths that pay back; None as for ``irr``.
        noi_usd_per_year: Net operating income, mean of the horizon's years.
        yield_on_cost: Net operating income of the first whole year let / what was spent on halls; None without a hall.
        var_usd: Loss of value that one path in twenty exceeds.
        cvar_usd: Mean loss of the worst twentieth.
        levels: The three lines of profitability.
        it: IT power they are counted by.
        gross: Power at the meter.
        cover: What a lender sees; None without debt.
    """

    npv_usd: Spread
    npv_error_usd: float
    equity_npv_usd: Spread
    irr: Spread | None
    pays_back_fraction: float | None
    payback_years: Spread | None
    noi_usd_per_year: Spread
    yield_on_cost: Spread | None
    var_usd: float
    cvar_usd: float
    levels: tuple[Level, ...]
    it: ItMW
    gross: GrossMW
    cover: Cover | None


def appraise(one: Project, *, instead_of: Project | None = None) -> Appraisal:
    """Every figure of a project.

    Args:
        one: Project.
        instead_of: What is given up: return and payback are then those of the difference; the rest stays the project's own.
    """
    npv, flows = one.npv_usd, one.project_usd
    if len(npv) < 2:
        raise InputError("a project on one path", "a result has a range", "Simulate at least two paths.")
    gained = flows - instead_of.project_usd if instead_of else flows
    returns, payback = (1 + irr_by_path(gained)) ** MONTHS - 1, payback_by_path(gained) / MONTHS
    invests = (np.cumsum(gained, axis=1) < 0).any(axis=1)
    back = np.isfinite(payback) & invests
    years = flows.shape[1] / MONTHS
    by_line = {
        Line.AFTER_POWER: one.after_power_usd,
        Line.AFTER_OPEX: one.noi_usd,
        Line.AFTER_CAPITAL: one.noi_usd - one.charge_usd,
    }
    return Appraisal(
        npv_usd=Spread.of(npv),
        npv_error_usd=float(npv.std(ddof=1) / np.sqrt(len(npv))),
        equity_npv_usd=Spread.of(one.equity_npv_usd),
        irr=_where(returns, np.isfinite(returns)),
        pays_back_fraction=float(back.sum() / invests.sum()) if invests.any() else None,
        payback_years=_where(payback, back),
        noi_usd_per_year=Spread.of(one.noi_usd.sum(axis=1) / years),
        yield_on_cost=yield_on_cost(one),
        var_usd=value_at_risk(npv),
        cvar_usd=conditional_value_at_risk(npv),
        levels=tuple(Level(line, Spread.of(usd.sum(axis=1) / years)) for line, usd in by_line.items()),
        it=one.it,
        gross=one.gross,
        cover=cover(one),
    )


def yield_on_cost(one: Project) -> Spread | None:
    """NOI of the twelve months after the first whole year let / capital, on the paths that get so far; None where few do.

    The first year is left to the ramp.
    """
    months = one.let.shape[1]
    starts = np.argmax(one.let, axis=1) + MONTHS
    reached = one.let.any(axis=1) & (starts + MONTHS <= months) & (one.capital_usd > 0)
    total = np.pad(np.cumsum(one.noi_usd, axis=1), ((0, 0), (1, 0)))
    rows, at = np.arange(len(starts)), np.minimum(starts, months - MONTHS)
    year = total[rows, at + MONTHS] - total[rows, at]
    return _where(np.divide(year, one.capital_usd, out=np.zeros(len(year)), where=one.capital_usd > 0), reached)


def cover(one: Project) -> Cover | None:
    """Ratios and covenant of the site's debt; None without debt or where fewer than one path in twenty borrows."""
    if one.debt is None or one.terms.debt is None:
        return None
    ratio = dscr(one.cfads_usd, one.debt.service_usd)
    tested = np.isfinite(ratio)
    borrows = tested.any(axis=1)
    if borrows.mean() < LEAST_FRACTION:
        return None
    ratio, tested = ratio[borrows], tested[borrows]
    breached = (tested & (ratio < one.terms.debt.covenant_dscr)).sum(axis=1).astype(np.float64)
    return Cover(
        borrowed_fraction=float(borrows.mean()),
        drawn_usd=Spread.of(one.debt.drawn_usd[borrows].sum(axis=1)),
        dscr_min=Spread.of(np.where(tested, ratio, np.inf).min(axis=1)),
        dscr_mean=Spread.of(np.where(tested, ratio, 0.0).sum(axis=1) / tested.sum(axis=1)),
        llcr=Spread.of(llcr(one.cfads_usd, one.debt)[borrows]),
        breached_fraction=float((breached > 0).mean()),
        breached_months=Spread.of(breached),
    )


def _where(values: Floats, there: NDArray[np.bool_]) -> Spread | None:
    return Spread.of(values[there]) if there.mean() >= LEAST_FRACTION else None


def _scaled(one: Spread, factor: float) -> Spread:
    return Spread(one.low * factor, one.median * factor, one.high * factor, one.mean * factor)
