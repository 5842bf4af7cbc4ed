"""Debt and treasury of a site file, and whether the company's cash lasts under each alternative."""

from collections.abc import Mapping
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from megawatt.core.series import Floats
from megawatt.invest.loan_draws import BuildingInterest, Draws
from megawatt.invest.project import Project
from megawatt.invest.project_debt import DebtTerms, Schedule
from megawatt.invest.ranges import Spread
from megawatt.invest.scenarios import Scenarios
from megawatt.invest.treasury import Earned, HashForward, PowerForward, Treasury, enough_cash_usd, manage
from megawatt.site.debt import Loan
from megawatt.site.read import Site
from megawatt.site.treasury import Forward

SURE = 0.95
"""Share of the scenarios in which cash is to last."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """Cash and coins of the company under one alternative.

    Attributes:
        short_fraction: Share of the scenarios in which cash falls below the smallest.
        runway_low: Months until it does in the worst 5 % of the scenarios; None: never within the horizon.
        runway_median: And in half of them.
        enough_cash_usd: Least cash today with which it does not in ``SURE`` of them.
        least_cash_usd: Lowest cash at the end of a month.
        last_cash_usd: Cash at the horizon's end, all coins sold.
        most_margin_usd: Most collateral posted at a time.
        value_usd: Value today of what the owner receives, coins kept, forwards and the company's cost counted.
    """

    short_fraction: float
    runway_low: float | None
    runway_median: float | None
    enough_cash_usd: float
    least_cash_usd: Spread
    last_cash_usd: Spread
    most_margin_usd: Spread
    value_usd: Spread


@dataclass(frozen=True, slots=True, kw_only=True)
class SiteTreasury:
    """The treasury on the scenarios.

    Attributes:
        rules: ``[treasury]`` and ``[[forward]]`` on the months of the scenarios.
        standings: How it stands, by alternative.
    """

    rules: Treasury
    standings: dict[str, Standing]


def debt_terms(one: Loan) -> DebtTerms:
    """``[debt]`` as terms of a loan."""
    return DebtTerms(
        rate=one.rate,
        tenor_years=one.tenor_years,
        dscr=one.dscr,
        covenant_dscr=one.covenant_dscr,
        schedule=Schedule(one.kind),
        largest_share=one.debt_fraction,
        draws=Draws(one.draws),
        building_interest=BuildingInterest(one.building_interest),
        upfront_fee=one.upfront_fee_fraction,
        commitment_fee=one.commitment_fee_per_year,
    )


def treasury_of(site: Site, first_month: str, months: int) -> Treasury | None:
    """``[treasury]`` and ``[[forward]]`` as rules; None where the file has no treasury.

    What of a forward lies before the first month, or after the last, is left out.
    """
    one = site.treasury
    if one is None:
        return None
    forwards = [_forward(each, first_month, months) for each in site.forwards]
    return Treasury(
        sold_fraction=one.sold_fraction,
        cash_usd=one.cash_usd,
        btc=one.coins_btc,
        least_cash_usd=one.least_cash_usd,
        operating_cost_usd_per_month=one.operating_cost_usd_per_month,
        forwards=[each for each in forwards if each is not None],
    )


def _forward(one: Forward, first_month: str, months: int) -> HashForward | PowerForward | None:
    begin = np.datetime64(first_month, "M")
    first = 0 if one.valid_from is None else int((np.datetime64(one.valid_from, "M") - begin).astype(np.int64))
    end = min(int((np.datetime64(one.valid_to, "M") - begin).astype(np.int64)), months)
    first = max(first, 0)
    if end <= first:
        return None
    if one.kind == "hashrate_sold":
        return HashForward(
            ph=one.hashrate_ph_s,
            price_usd_per_ph_day=one.price_usd_per_ph_day,
            first=first,
            months=end - first,
            basis_usd_per_ph_day=one.basis_usd_per_ph_day,
            margin_fraction=one.margin_fraction,
        )
    return PowerForward(
        mw=one.block_mw,
        price_usd_per_mwh=one.price_usd_per_mwh,
        first=first,
        months=end - first,
        basis_usd_per_mwh=one.basis_usd_per_mwh,
        margin_fraction=one.margin_fraction,
        sold=one.kind == "power_sold",
    )


def earned(one: Project, scenarios: Scenarios) -> Earned:
    """What a project hands to its treasurer; coins are its mining revenue at the month's price."""
    coins: Floats = one.lines.get("mining", np.zeros(one.measured_usd.shape))
    return Earned(one.equity_usd, coins / scenarios.network.price_usd, coins)


def site_treasury(site: Site, projects: Mapping[str, Project], scenarios: Scenarios) -> SiteTreasury | None:
    """How the company's cash stands under each alternative; None where the file has no treasury."""
    rules = treasury_of(site, scenarios.first_month, scenarios.power_usd_per_mwh.shape[1])
    if rules is None:
        return None
    return SiteTreasury(
        rules=rules, standings={name: _standing(rules, one, scenarios) for name, one in projects.items()}
    )


def _standing(rules: Treasury, one: Project, scenarios: Scenarios) -> Standing:
    brought = earned(one, scenarios)
    found = manage(rules, brought, scenarios)
    flows = brought.equity_usd + np.sum(list(found.lines.values()), axis=0)
    low, median = np.quantile(found.runway_months, [0.05, 0.5], method="inverted_cdf")
    return Standing(
        short_fraction=found.short_fraction,
        runway_low=_months(low),
        runway_median=_months(median),
        enough_cash_usd=enough_cash_usd(rules, brought, scenarios, SURE),
        least_cash_usd=Spread.of(found.cash_usd.min(axis=1)),
        last_cash_usd=Spread.of(found.cash_usd[:, -1]),
        most_margin_usd=Spread.of(found.margin_usd.max(axis=1)),
        value_usd=Spread.of(np.einsum("pm,pm->p", flows, one.terms.discount(*flows.shape))),
    )


def _months(runway: float) -> float | None:
    return float(runway) if np.isfinite(runway) else None


def debt_answer(one: DebtTerms) -> dict[str, Any]:
    """The terms for programs."""
    return {
        "kind": one.schedule.value,
        "rate": one.rate,
        "tenor_years": one.tenor_years,
        "dscr": one.dscr,
        "covenant_dscr": one.covenant_dscr,
        "debt_fraction": one.largest_share,
        "draws": one.draws.value,
        "building_interest": one.building_interest.value,
        "upfront_fee_fraction": one.upfront_fee,
        "commitment_fee_per_year": one.commitment_fee,
    }


def treasury_answer(one: SiteTreasury) -> dict[str, Any]:
    """The treasury for programs."""
    rules = one.rules
    return {
        "sold_fraction": rules.sold_fraction,
        "coins_btc": rules.btc,
        "cash_usd": rules.cash_usd,
        "least_cash_usd": rules.least_cash_usd,
        "operating_cost_usd_per_month": rules.operating_cost_usd_per_month,
        "forwards": len(rules.forwards),
        "alternatives": [{"name": name, **asdict(standing)} for name, standing in one.standings.items()],
    }
