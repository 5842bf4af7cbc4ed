"""The alternatives of a whole site as monthly cash flows, for ``megawatt invest``: what each is worth and what turns the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from megawatt.app.site_treasury import SiteTreasury, debt_answer, debt_terms, site_treasury, treasury_answer
from megawatt.core.series import Floats
from megawatt.invest.alternatives import (
    ASSUMED,
    CAPEX,
    DRAWN,
    HASHPRICE,
    HAZARD,
    KEEP,
    LATE,
    NOW,
    POWER,
    RAMP,
    RATE,
    RELET,
    RENT,
    RULE,
    Operate,
    OperateHall,
    Plant,
    SiteCase,
)
from megawatt.invest.appraisal import LEAST_FRACTION, Appraisal, appraise
from megawatt.invest.conversion import Block, Conversion
from megawatt.invest.flips import Flip, flips, shares_of_difference
from megawatt.invest.hall_works import Works
from megawatt.invest.hedge import Hedge, least_hedge
from megawatt.invest.monthly_operations import monthly_operations
from megawatt.invest.operations import Operations
from megawatt.invest.project import Project, Terms
from megawatt.invest.ranges import Range, Spread, sample
from megawatt.invest.scenarios import MONTHS, Scenarios
from megawatt.invest.tax_tables import TaxRules
from megawatt.invest.treasury import HashForward, PowerForward
from megawatt.site.read import Site

BUILD_MONTHS = 12
FLIP_PATHS = 300
"""Paths on which flips and shares are computed; the table's figures are on all."""

SEARCHED: Mapping[str, tuple[float, float]] = {
    RENT: (0.2, 4.0),
    LATE: (0.0, 60.0),
    RAMP: (0.0, 60.0),
    HAZARD: (0.0, 0.5),
    RELET: (0.0, 1.0),
    CAPEX: (0.0, 3.0),
    HASHPRICE: (0.1, 5.0),
    POWER: (0.1, 5.0),
    RATE: (0.001, 0.5),
}
"""Ends between which an input is searched for the value that turns the answer."""


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteProject:
    """The answer for the whole site.

    Attributes:
        case: Site, scenarios and draws.
        projects: Monthly cash flow by alternative.
        appraisals: What each amounts to.
        above_fraction: Share of the scenarios in which converting now is worth more than mining on.
        flips: What turns converting now against mining on, the largest swing first.
        shares: Total Sobol share of each input in the variance of that difference.
        cannot: Why the place of a fleet can hold no hall, so that it mines on in all alternatives, by name.
        hedge: Smallest share of the mean hash rate to sell forward at its mean price so that the covenant holds in 95 % of the
            scenarios that borrow under the rule, beside the forwards that the site has; None where hardly any borrows.
        treasury: How the company's cash stands; None where the site file has no treasury.
    """

    case: SiteCase
    projects: dict[str, Project]
    appraisals: dict[str, Appraisal]
    above_fraction: float
    flips: tuple[Flip, ...]
    shares: dict[str, float]
    cannot: Mapping[str, str]
    hedge: Hedge | None
    treasury: SiteTreasury | None

    @property
    def best(self) -> str:
        """The alternative with the highest mean value after tax."""
        return max(self.appraisals, key=lambda name: self.appraisals[name].npv_usd.mean)

    @property
    def lease_months_cut(self) -> int:
        """Months of a lease signed today, with its hall on time, that lie beyond the scenarios' end and bring nothing here."""
        lets = [one.block for one in self.case.plants if one.name not in self.cannot]
        terms = (one.build_months + round(one.lease_years * MONTHS) for one in lets)
        return max(0, max(terms, default=0) - self.case.shape[1])


def site_project(
    site: Site,
    fleets: Mapping[str, tuple[Block, Conversion]],
    scenarios: Scenarios,
    *,
    seed: int,
    cannot: Mapping[str, str] | None = None,
    operate: Operate | None = None,
    operate_hall: OperateHall | None = None,
) -> SiteProject:
    """The alternatives on the scenarios that judged the rules.

    Args:
        site: With ``[finance]``.
        fleets: Block and rule by fleet.
        scenarios: All scenarios; the first half taught the rules and is left out.
        seed: Of the draws.
        cannot: Fleets that mine on in all alternatives, with the reason.
        operate: Where operations come from; None: monthly means.
        operate_hall: Where those of halls come from; None: they bring nothing beside the rent.
    """
    rows, cannot = slice(len(scenarios.power_usd_per_mwh) // 2, None), cannot or {}
    blocks = {name: block for name, (block, _) in fleets.items()}
    case = site_case(site, blocks, scenarios.of_paths(rows), np.random.default_rng([seed, 1]), operate or _means)
    case = replace(case, operate_hall=operate_hall) if operate_hall else case
    paths, months = case.shape
    lets = {name: found for name, (_, found) in fleets.items() if name not in cannot}
    now = {name: np.zeros(paths, dtype=np.int64) for name in lets}
    rule = {name: _never_late(found, months) for name, found in lets.items()}
    projects = {KEEP: case.project({}), NOW: case.project(now), RULE: case.project(rule)}
    keep = projects[KEEP]
    treasury = site_treasury(site, projects, case.scenarios)
    forwards = treasury.rules.forwards if treasury else ()
    few = replace(case.of_paths(slice(FLIP_PATHS)), terms=replace(case.terms, debt=None))  # values before debt
    return SiteProject(
        case=case,
        projects=projects,
        appraisals={name: appraise(one, instead_of=None if name == KEEP else keep) for name, one in projects.items()},
        above_fraction=float((projects[NOW].npv_usd > keep.npv_usd).mean()),
        flips=_flips(few, tuple(lets)) if lets else (),
        shares=_shares(few, tuple(lets), np.random.default_rng([seed, 2])) if lets else {},
        cannot=cannot,
        hedge=hedge_of(projects[RULE], case.scenarios, forwards),
        treasury=treasury,
    )


def hedge_of(one: Project, scenarios: Scenarios, forwards: Sequence[HashForward | PowerForward] = ()) -> Hedge | None:
    """What to sell forward so that the covenant holds in 95 % of the scenarios that borrow; None where fewer than one in twenty do.

    The forward sells each month's mean hash rate at its mean hashprice, which costs nothing to enter; its settlement is taxed at once,
    as is that of the contracts which the site has already.
    """
    if one.debt is None or one.terms.debt is None:
        return None
    borrows = one.debt.service_usd.any(axis=1)
    if borrows.mean() < LEAST_FRACTION or "mining" not in one.lines:
        return None
    hashprice = scenarios.network.hashprice_usd_per_ph_day
    ph_days = (one.lines["mining"] / hashprice).mean(axis=0)
    kept = 1 - one.terms.tax.rate
    settled = ph_days * (hashprice.mean(axis=0) - hashprice) * kept
    cash = one.cfads_usd + sum((kept * each.settled_usd(scenarios) for each in forwards), np.zeros(settled.shape))
    return least_hedge(
        cash[borrows], settled[borrows], one.debt.service_usd[borrows], dscr=one.terms.debt.covenant_dscr
    )


def site_case(
    site: Site,
    blocks: Mapping[str, Block],
    scenarios: Scenarios,
    rng: np.random.Generator,
    operate: Operate | None = None,
) -> SiteCase:
    """A site's fleets on scenarios, with the draws of what its file does not know; operations by monthly means unless given."""
    paths = len(scenarios.power_usd_per_mwh)
    by_name = {one.name: one for one in site.fleets}
    plants = tuple(
        Plant(
            name=name,
            block=replace(block, build_months=BUILD_MONTHS),
            mining_mw=by_name[name].full_mw,
            hall_opex_usd_per_it_mw_year=site.finance.hall_opex_usd_per_it_mw_year,
        )
        for name, block in blocks.items()
    )
    terms = Terms(
        first_month=scenarios.first_month,
        rate=site.finance.discount_rate,
        tax=TaxRules(rate=site.finance.income_tax_fraction),
        debt=debt_terms(site.debt),
        coincident_fraction=float(all(one.kind == "coincident" for one in site.charges)),
    )
    return SiteCase(
        plants=plants,
        scenarios=scenarios,
        terms=terms,
        operate=operate or _means,
        works=Works(capex_usd=0.0),
        drawn=sample({name: ASSUMED[name] for name in DRAWN}, paths, rng),
        fails=rng.uniform(size=(len(plants), paths)),
    )


def ranges_of(case: SiteCase) -> dict[str, Range]:
    """All inputs that may turn the answer, with the site's discount rate a fifth up and down."""
    rate = float(np.mean(np.asarray(case.terms.rate, dtype=np.float64)))
    return {**ASSUMED, RATE: Range(0.8 * rate, rate, 1.2 * rate)}


def _means(_: str, block: Block, mw: float, scenarios: Scenarios) -> Operations:
    return monthly_operations(block, mw, scenarios)


def _never_late(found: Conversion, months: int) -> NDArray[np.int64]:
    """Months in which the rule signs; what it leaves to the last date is never signed."""
    return np.where(found.signed_month < found.decide_months, found.signed_month, months)


def _gain(case: SiteCase, names: tuple[str, ...], inputs: Mapping[str, Floats | float]) -> Floats:
    """Converting now less mining on, by path [USD]."""
    now = {name: np.zeros(case.shape[0], dtype=np.int64) for name in names}
    gain: Floats = case.project(now, **inputs).npv_usd - case.project({}, **inputs).npv_usd
    return gain


def _flips(case: SiteCase, names: tuple[str, ...]) -> tuple[Flip, ...]:
    return flips(lambda inputs: float(_gain(case, names, inputs).mean()), ranges_of(case), SEARCHED)


def _shares(case: SiteCase, names: tuple[str, ...], rng: np.random.Generator) -> dict[str, float]:
    def difference(rows: NDArray[np.int64], inputs: Mapping[str, Floats]) -> Floats:
        return _gain(case.of_paths(rows), names, inputs)

    return shares_of_difference(difference, ranges_of(case), case.shape[0], rng)


def project_answer(one: SiteProject) -> dict[str, Any]:
    """The same for programs: money of the whole site in USD, a range as low, median, high, mean."""
    return {
        "tax_rate": one.case.terms.tax.rate,
        "best": one.best,
        "convert_now_above_keep_fraction": one.above_fraction,
        "alternatives": [_alternative(name, found) for name, found in one.appraisals.items()],
        "flips": [asdict(flip) for flip in one.flips],
        "shares_of_variance": one.shares,
        "debt": debt_answer(one.case.terms.debt) if one.case.terms.debt else None,
        "cannot": dict(one.cannot),
        "hedge": asdict(one.hedge) if one.hedge else None,
        "treasury": treasury_answer(one.treasury) if one.treasury else None,
        "lease_months_cut": one.lease_months_cut,
    }


def _alternative(name: str, found: Appraisal) -> dict[str, Any]:
    return {
        "name": name,
        "it_mw": found.it.mw,
        "gross_mw": found.gross.mw,
        "npv_usd": asdict(found.npv_usd),
        "npv_standard_error_usd": found.npv_error_usd,
        "equity_npv_usd": asdict(found.equity_npv_usd),
        "irr": _spread(found.irr),
        "pays_back_fraction": found.pays_back_fraction,
        "payback_years": _spread(found.payback_years),
        "noi_usd_per_year": asdict(found.noi_usd_per_year),
        "yield_on_cost": _spread(found.yield_on_cost),
        "var_usd": found.var_usd,
        "cvar_usd": found.cvar_usd,
        "levels": [
            {
                "line": level.line.value,
                "usd_per_year": asdict(level.usd_per_year),
                "usd_per_it_mw_year": asdict(level.per_mw_year(found.it)),
                "usd_per_gross_mw_year": asdict(level.per_mw_year(found.gross)),
                "usd_per_it_kw_month": asdict(level.per_kw_month(found.it)),
                "usd_per_gross_kw_month": asdict(level.per_kw_month(found.gross)),
            }
            for level in found.levels
        ],
        "cover": asdict(found.cover) if found.cover else None,
    }


def _spread(one: Spread | None) -> dict[str, float] | None:
    return asdict(one) if one else None
