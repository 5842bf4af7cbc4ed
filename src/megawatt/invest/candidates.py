"""A portfolio's file turned into what can be chosen: each project from each year in which it may start.

Values of one mode move together: a project's quantile in a scenario is Phi(sqrt(rho) f + sqrt(1 - rho) e), one f per mode and scenario,
one e per project and scenario (a Gaussian copula of one factor), and the range's triangle at that quantile is the value. All
starts of one project share their e: waiting does not make its luck another one.
"""

from dataclasses import dataclass

import numpy as np
from scipy.special import ndtr

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.deal_tables import as_range
from megawatt.invest.portfolio import Limits, Project
from megawatt.invest.portfolio_tables import PortfolioTable, ProjectTable
from megawatt.site.read import Site

MUSD = 1e6


@dataclass(frozen=True, slots=True)
class Candidate:
    """A project from one of its years on.

    Attributes:
        table: The project of the file.
        start: Calendar year.
        project: What the choice sees.
    """

    table: ProjectTable
    start: int
    project: Project


@dataclass(frozen=True, slots=True, kw_only=True)
class PortfolioFile:
    """PORTFOLIO.toml.

    Attributes:
        head: ``[portfolio]``.
        projects: All ``[[project]]``.
        sites: The site files that it names, as read.
    """

    head: PortfolioTable
    projects: tuple[ProjectTable, ...] = ()
    sites: tuple[Site, ...] = ()

    def __post_init__(self) -> None:
        if not (self.projects or self.sites):
            raise InputError(
                f"the portfolio {self.head.name!r} without [[project]] and sites",
                "something can be chosen",
                "Add a [[project]], or name site files under sites.",
            )

    @property
    def years(self) -> tuple[int, ...]:
        """Calendar years of the limits."""
        first = self.head.first_year
        return tuple(range(first, first + len(self.head.capital_musd)))

    @property
    def convert_years(self) -> tuple[int, ...]:
        """Years at whose beginning a fleet of the sites may sign; by default all in which it can still be built."""
        return self.head.convert_years or self.years[:-1] or self.years

    def limits(self) -> Limits:
        """What all share."""
        head = self.head
        return Limits(np.array(head.capital_musd) * MUSD, np.array(head.power_mw), np.array(head.crews))

    def candidates(self, scenarios: int, rng: np.random.Generator) -> tuple[Candidate, ...]:
        """Every ``[[project]]`` from every year in which it may start, valued in the same scenarios.

        Raises:
            InputError: Two projects are the same, a start lies outside the years, or money is spent after the last of them.
        """
        draws = {mode: rng.standard_normal(scenarios) for mode in sorted({one.mode for one in self.projects})}
        share = np.sqrt(self.head.same_mode_correlation)
        rest = np.sqrt(1 - self.head.same_mode_correlation)
        out = []
        for one in self.projects:
            quantile = ndtr(share * draws[one.mode] + rest * rng.standard_normal(scenarios))
            values = as_range(one.value_musd_per_mw, MUSD).at(np.clip(quantile, 0.0, 1.0))
            out += [self._candidate(one, start, values) for start in one.start_years or (self.head.first_year,)]
        names = [one.project.name for one in out]
        for name in names:
            if names.count(name) > 1:
                raise InputError(f"{name!r} stands {names.count(name)} times", "a project stands once", "Remove one.")
        return tuple(out)

    def _candidate(self, one: ProjectTable, start: int, values: Floats) -> Candidate:
        name, years = f"{one.site}: {one.mode} from {start}", self.years
        if not years[0] <= start <= years[-1]:
            raise InputError(
                name,
                f"projects start in the years {years[0]} to {years[-1]}",
                "Change start_years, or give limits for more years.",
            )
        wait = start - years[0]
        for spent, what in ((one.capital_musd_per_mw, "money"), (one.crews, "crews")):
            if wait + len(spent) > len(years) and any(spent[len(years) - wait :]):
                raise InputError(
                    f"{name} needs {what} until {start + len(spent) - 1}",
                    f"limits end in {years[-1]}",
                    "Give limits for more years, or let it start earlier.",
                )
        rate = 1 + self.head.discount_rate
        meanwhile = sum(one.meanwhile_musd_per_mw_year * MUSD / rate**year for year in range(1, wait + 1))
        project = Project(
            name=name,
            site=one.site,
            values_usd_per_mw=values / rate**wait + meanwhile,
            least_mw=one.least_mw,
            most_mw=one.most_mw,
            capital_usd_per_mw=_from(one.capital_musd_per_mw, wait, len(years)) * MUSD,
            power_share=_from(one.power_share, wait, len(years), last=one.power_share[-1]),
            crews=_from(one.crews, wait, len(years)),
            bundle="" if one.bundle == "none" else one.bundle,
        )
        return Candidate(one, start, project)


def _from(values: tuple[float, ...], wait: int, years: int, last: float = 0.0) -> Floats:
    """A list of a project on the years of the limits: nothing before its start, ``last`` after its end."""
    out = np.full(years, last)
    out[:wait] = 0.0
    fits = values[: years - wait]
    out[wait : wait + len(fits)] = fits
    return out
