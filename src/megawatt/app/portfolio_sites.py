"""Candidates of a portfolio straight from site files: every fleet keeps mining or becomes a hall, valued on joint scenarios.

All sites share the scenarios of one seed: coin, network, rents, the years of the power bank and its level are the same numbers for all, so
the worst scenarios of the portfolio are bad ones for all of its mines at once. What belongs to one hall (how late it is, what it
costs, whether its tenant fails) is drawn for each site and fleet by itself. A value is the one `megawatt invest` finds: months of
the whole cash flow after tax and before debt, at the portfolio's rate, per MW at the meter. A fleet is taxed by itself.
"""

from collections.abc import Sequence
from dataclasses import replace

import numpy as np

from megawatt.app.data import data_for
from megawatt.app.dispatched_site import halls_of
from megawatt.app.investment import block_of, network_state
from megawatt.app.scenario_runs import bank_means, power_years
from megawatt.app.site_project import BUILD_MONTHS, site_case
from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.alternatives import SiteCase
from megawatt.invest.candidates import MUSD, Candidate, PortfolioFile
from megawatt.invest.hall_works import DEMOLITION, HALL
from megawatt.invest.income_tax import calendar_years, yearly
from megawatt.invest.lease import MONTHS
from megawatt.invest.portfolio import Project as Choice
from megawatt.invest.portfolio_tables import ProjectTable
from megawatt.invest.scenarios import ScenarioModel, Scenarios, simulate
from megawatt.invest.site_steps import steps_of

MINE, HOST = "mine", "host"


def site_candidates(file: PortfolioFile, scenarios: int, seed: int) -> tuple[Candidate, ...]:
    """Every fleet of every site of a portfolio: mining on, and a hall signed at the beginning of each year that is asked for.

    Args:
        file: With sites.
        scenarios: Their number.
        seed: Of the scenarios and of the draws.

    Raises:
        InputError: Two sites have one name, their periods end in different months, the network is not the same there, or money is
            spent after the last year of the limits.
    """
    names = [one.connection.name for one in file.sites]
    for name in names:
        if names.count(name) > 1:
            raise InputError(f"{names.count(name)} sites named {name!r}", "a site stands once", "Rename one.")
    ends = {one.connection.name: str(one.grid().end)[:7] for one in file.sites}
    first = min(ends.values())
    if len(set(ends.values())) > 1 or int(first[:4]) != file.head.first_year:
        raise InputError(
            "periods that end in " + ", ".join(f"{month} ({name})" for name, month in ends.items()),
            f"scenarios of all sites begin in one month of first_year = {file.head.first_year}",
            "End all [period] in one month, and set first_year to its year.",
        )
    out = []
    for number, (site, on) in enumerate(zip(file.sites, _joint(file, scenarios, seed), strict=True)):
        blocks = {one.name: block_of(site, one, site.grid().end) for one in site.fleets if one.owner == "own"}
        rated = replace(site, finance=site.finance.model_copy(update={"discount_rate": file.head.discount_rate}))
        case = site_case(rated, blocks, on, np.random.default_rng([seed, 1, number]))
        cannot = steps_of(site, halls_of(site, blocks)).cannot
        for i, plant in enumerate(case.plants):
            alone = replace(case, plants=(plant,), fails=case.fails[i : i + 1])
            label = f"{site.connection.name}: {plant.name}" if len(case.plants) > 1 else site.connection.name
            out += [_candidate(file, alone, label, None)]
            out += [_candidate(file, alone, label, year) for year in file.convert_years if plant.name not in cannot]
    return tuple(out)


def _joint(file: PortfolioFile, paths: int, seed: int) -> list[Scenarios]:
    """The scenarios of each site: one seed, one network, each site's own bank of power prices."""
    life = max(one.finance.hall_life_years for one in file.sites)
    months = (max(file.convert_years) - file.head.first_year + 1) * MONTHS + BUILD_MONTHS + round(life * MONTHS)
    out, state = [], None
    for site in file.sites:
        data, end = data_for(site), site.grid().end
        here = network_state(data, end)
        if state is not None and here != state:
            raise InputError(
                f"another network on {end} in the data of {site.connection.name!r}",
                "joint scenarios begin with one network",
                "Read coin, difficulty and fees of all sites from one source.",
            )
        state = here
        model = ScenarioModel(state=state, power_bank_usd_per_mwh=bank_means(site, power_years(site, data)))
        out.append(simulate(model, str(end)[:7], months, seed=seed, paths=paths))
    return out


def _candidate(file: PortfolioFile, case: SiteCase, label: str, year: int | None) -> Candidate:
    """A fleet that mines on, or one whose lease is signed in the first month of a year (of the scenarios, in the first)."""
    (plant,) = case.plants
    paths, months = case.shape
    years, first = file.years, case.terms.first_month
    calendar = calendar_years(first, months)
    signed = {} if year is None else {plant.name: np.full(paths, int(np.argmax(calendar == year)))}
    found, mw = case.project(signed), plant.gross.mw
    values = found.npv_usd / mw
    spent = -yearly(found.total_usd((HALL, DEMOLITION)), calendar - calendar[0]).mean(axis=0)
    mode, start = (MINE, years[0]) if year is None else (HOST, year)
    name = f"{label}: {mode} from {start}"
    if spent[len(years) :].any():
        raise InputError(
            f"{name} needs money until {years[0] + int(np.flatnonzero(spent)[-1])}",
            f"limits end in {years[-1]}",
            "Give limits for more years, or let it start earlier.",
        )
    capital = np.pad(spent[: len(years)] / mw, (0, max(len(years) - len(spent), 0)))
    power, crews = _drawn(years, year), _crews(file, year, name)
    low, middle, high = (float(one) for one in np.quantile(values, [0.05, 0.5, 0.95]) / MUSD)
    table = ProjectTable(
        site=label,
        mode="mine" if year is None else "host",
        start_years=(start,),
        least_mw=mw,
        most_mw=mw,
        value_musd_per_mw=(low, middle, high),
        capital_musd_per_mw=tuple(float(one) for one in capital / MUSD),
    )
    return Candidate(
        table,
        start,
        Choice(
            name=name,
            site=label,
            values_usd_per_mw=values,
            least_mw=mw,
            most_mw=mw,
            capital_usd_per_mw=capital,
            power_share=power,
            crews=crews,
        ),
    )


def _drawn(years: Sequence[int], year: int | None) -> Floats:
    """Share of the meter's power by year: the mine's until the year of building, nothing in it, the hall's after it."""
    out: Floats = (np.array(years) != year).astype(np.float64)
    return out


def _crews(file: PortfolioFile, year: int | None, name: str) -> Floats:
    """Crews of a conversion from its year on."""
    out = np.zeros(len(file.years))
    if year is None:
        return out
    wait = year - file.years[0]
    asked = file.head.crews_per_hall
    if wait + len(asked) > len(out) and any(asked[len(out) - wait :]):
        raise InputError(
            f"{name} needs crews until {year + len(asked) - 1}",
            f"limits end in {file.years[-1]}",
            "Give limits for more years, or shorten crews_per_hall.",
        )
    fits = asked[: len(out) - wait]
    out[wait : wait + len(fits)] = fits
    return out
