"""One month of a site with two numbers left open: the level of power prices and the hashprice.

A scenario says of a month which year of the bank it takes, by what level its power prices are multiplied, and the mean
hashprice. The rest of the month's problem is the site's and the bank's. The level multiplies every price of the power
market, energy at all points and stand-by capacity alike; adders, charges, fees, fixed prices and the costs of starts stay.

**Why two numbers are easy.** What a *given* schedule earns is affine in (level, hashprice), line by line of the ledger, and what
a schedule may be does not depend on them. So the optimum V(level, hashprice), a maximum of affine functions, is convex: a
plan solved at one state is a feasible plan at every other, its money there is known without solving, and it bounds V from below;
and the straight line between solved states bounds V from above. (A programme's expected deployments are worth less the more the
cheapest machine earns: where hosted machines at a fixed fee stand beside own ones that is a convex function of the
hashprice instead of an affine one; all that is said here holds with the tangent at the solved state.)

Contracts, tariffs and fixed blocks hold by the calendar of the scenario, not by that of the bank: their dates move by the
whole years between the two. The tenant's rent of firm halls is left out, it belongs to the cash flows; halls paid by what they do
(capped, batch, spot, storage) are in.
"""

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.dispatch.case import case_of, needs_temperature, price_name, revenue, temperature_name
from megawatt.dispatch.case_power import reserves
from megawatt.dispatch.problem import Problem
from megawatt.invest.power_bank import PowerYear
from megawatt.site.charge import Charge
from megawatt.site.connection import Period
from megawatt.site.energy import EnergyBlock
from megawatt.site.read import Site

_ANY_NETWORK = {
    "btc/price": (Unit.USD_PER_BTC, 1.0),
    "btc/difficulty": (Unit.DIFFICULTY, 1.0),
    "btc/subsidy": (Unit.BTC_PER_BLOCK, 1.0),
    "btc/fees": (Unit.BTC_PER_BLOCK, 0.0),
}
"""A network that stands in the problem until its hashprice is set."""


@dataclass(frozen=True, slots=True)
class PricedMonth:
    """The month's problem as a function of level and hashprice; make it with `priced_month`.

    Attributes:
        site: The site with the month as its period.
        data: The bank's series.
        problem: At level 1 and whatever hashprice.
        fixed_usd_per_h: Per machine class, revenue of a block by mode at a hashprice of nothing, (M, T) [USD/h].
        per_hashprice: Per machine class, what a hashprice of 1 USD/PH/day adds, (M, T).
    """

    site: Site
    data: Dataset
    problem: Problem
    fixed_usd_per_h: tuple[Floats, ...]
    per_hashprice: tuple[Floats, ...]

    def at(self, level: float, hashprice_usd_per_ph_day: float) -> Problem:
        """The problem in one state."""
        base = self.problem
        machines = tuple(
            replace(one, revenue_usd_per_h=fixed + hashprice_usd_per_ph_day * slope)
            for one, fixed, slope in zip(base.machines, self.fixed_usd_per_h, self.per_hashprice, strict=True)
        )
        positions = tuple(replace(one, price_usd_per_mwh=level * one.price_usd_per_mwh) for one in base.positions)
        moved = replace(base, price_usd_per_mwh=level * base.price_usd_per_mwh, machines=machines, positions=positions)
        if not base.reserves:
            return moved
        _, sold = reserves(self.site, self.data, moved)  # what deployments cost depends on what machines earn
        return replace(
            moved, reserves=tuple(replace(one, price_usd_per_mw_h=level * one.price_usd_per_mw_h) for one in sold)
        )


def priced_month(
    site: Site, bank: PowerYear, month: int, *, calendar_year: int, hashrate: Mapping[str, float] | None = None
) -> PricedMonth:
    """A month of the bank as the site would live it in a year of the scenarios.

    Args:
        site: The site.
        bank: The year of the bank.
        month: Calendar month, 1 to 12.
        calendar_year: Year of the scenario, by which contracts and tariffs hold.
        hashrate: Factor on each fleet's hash rate by name; 1 where it is not named. The file's ageing is not applied
            beside it.

    Raises:
        InputError: The bank misses an hour that the site needs, or the site has what no single month can tell.
    """
    refuse(site)
    start = dt.date(bank.year, month, 1)
    end = dt.date(bank.year + month // 12, month % 12 + 1, 1)
    own = replace(by_calendar(site, bank.year - calendar_year), period=Period(start=start, end=end))
    data = bank.data.with_series(*_network(own.grid()))
    case = case_of(own, data)
    if not case.covered.all():
        raise InputError(
            f"{int((~case.covered).sum())} intervals of {start:%Y-%m} without data ({', '.join(map(str, case.gaps[:3]))})",
            "a year of the bank has every hour that the site needs",
            "Leave the year out of the bank, or import what is missing.",
            site.place,
        )
    problem = case.problem
    unlet = {one.name for one in own.halls if one.kind == "firm"}
    firm = tuple(replace(one, rent_usd=np.zeros(problem.T)) if one.name in unlet else one for one in problem.firm)
    fixed, slopes = _revenues(own, data, problem.grid, hashrate or {})
    return PricedMonth(own, case.data, replace(problem, firm=firm), fixed, slopes)


def needed_series(site: Site) -> list[str]:
    """Names of the series that a month of the site reads, those that may be absent included."""
    names = [price_name(site), *(f"price_rt/{one.settlement_point}" for one in site.energies)]
    names += [one.price_series for one in site.programmes if one.qualified]
    names += [f"load/{site.connection.zone}"] if any(one.kind == "coincident" for one in site.charges) else []
    names += [temperature_name(site)] if needs_temperature(site) else []
    return list(dict.fromkeys(names))


def refuse(site: Site) -> None:
    """Refuse what ties one month to another, or to a price that scenarios of power and mining do not set.

    Raises:
        InputError: A ratchet, or a hall at the dated price of a series.
    """
    for charge in site.charges:
        if charge.kind == "demand" and charge.ratchet_fraction > 0:
            raise InputError(
                f"the demand charge {charge.name!r} with a ratchet of {charge.ratchet_fraction:g}",
                "scenarios dispatch month by month, and a ratchet bills a month for the peaks of others",
                "Set ratchet_fraction = 0 and add the ratchet's cost by hand, or value mining at monthly means: --dispatch mean.",
                site.place,
            )
    for hall in site.halls:
        if hall.gpu_series:
            raise InputError(
                f"the hall {hall.name!r} at the price of the series {hall.gpu_series!r}",
                "scenarios dispatch a spot hall at its contract's price",
                "Give usd_per_gpu_hour in its contract and leave gpu_series out, or value mining at monthly means: --dispatch mean.",
                site.place,
            )


def by_calendar(site: Site, years: int) -> Site:
    """The site with every date of a contract, tariff or block moved by whole years, and machines that do not age."""
    contracts = tuple(one.model_copy(update={"start": _moved(one.start, years)}) for one in site.contracts)
    charges = tuple(one.model_copy(update=_validity(one, years)) for one in site.charges)
    energies = tuple(one.model_copy(update=_validity(one, years)) for one in site.energies)
    fleets = tuple(one.model_copy(update={"installed": None, "degradation_per_year": 0.0}) for one in site.fleets)
    return replace(site, contracts=contracts, charges=charges, energies=energies, fleets=fleets)


def _validity(one: Charge | EnergyBlock, years: int) -> dict[str, dt.date | None]:
    return {
        "valid_from": one.valid_from and _moved(one.valid_from, years),
        "valid_to": one.valid_to and _moved(one.valid_to, years),
    }


def _moved(day: dt.date, years: int) -> dt.date:
    return day.replace(year=day.year + years, day=28 if (day.month, day.day) == (2, 29) else day.day)


def _network(grid: TimeGrid) -> list[Series]:
    source = Provenance("stands in until a scenario sets the hashprice", modelled=True)
    return [
        Series(name, unit, grid, np.full(grid.n, value), grid.starts, source)
        for name, (unit, value) in _ANY_NETWORK.items()
    ]


def _revenues(
    site: Site, data: Dataset, grid: TimeGrid, hashrate: Mapping[str, float]
) -> tuple[tuple[Floats, ...], tuple[Floats, ...]]:
    """Revenue of a block of each fleet at a hashprice of nothing, and what a hashprice of one adds."""
    fixed, slopes = [], []
    for one in site.fleets:
        heat = data[temperature_name(site)].on(grid).values if one.hashrate_derating_per_c else None
        nothing, at_one = (revenue(site, one, np.full(grid.n, hashprice), heat) for hashprice in (0.0, 1.0))
        fixed.append(nothing)
        slopes.append((at_one - nothing) * hashrate.get(one.name, 1.0))
    return tuple(fixed), tuple(slopes)
