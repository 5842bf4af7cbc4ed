"""All plans that were found for a site, month by month: what it brings in any scenarios of the same months.

Path-months of one *kind* share the year of the bank, the calendar month, the terms in force and the machines' relative hash rates; they
differ in the level of power prices and in the hashprice alone. A book holds the plans of each kind, so that other prices are
looked up and not solved: dearer power, or a hashprice at which an answer turns. Beyond the scenarios that it was made for the plans
of their edge are carried out, which a site could do.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.dispatch.problem import Ints
from megawatt.invest.operations import Operations
from megawatt.invest.power_bank import PowerYear
from megawatt.invest.priced_month import priced_month
from megawatt.invest.scenarios import MONTHS, Scenarios
from megawatt.invest.solved_states import LINES, Plans
from megawatt.site.read import Site

DIGITS = 9
"""Digits to which fleets' relative hash rates are told apart."""

Kind = tuple[int, int, int, int]
"""Row of the bank, calendar month, first year with the same terms, number of the relative hash rates."""


@dataclass(frozen=True, slots=True)
class SiteMonths:
    """What tells the months of scenarios apart beside their prices; make it with `months_of`.

    Attributes:
        calendar: Calendar month, 1 to 12, the first year with the same terms, and number of the profile: shape (months, 3).
        common: Factor on the hash rate that is common to all fleets, shape (months,).
        profiles: Factor on each fleet's hash rate beside it, by name.
    """

    calendar: Ints
    common: Floats
    profiles: tuple[Mapping[str, float], ...]

    def kinds(self, power_year: Ints) -> dict[Kind, Ints]:
        """Numbers of the path-months of each kind, read row by row, in the order of kinds; ``power_year`` is (paths, months)."""
        names, number = np.unique(self.calendar, axis=0, return_inverse=True)
        keys = (power_year * len(names) + number.ravel()).ravel()
        order = np.argsort(keys, kind="stable")
        found, first = np.unique(keys[order], return_index=True)
        out = {}
        for key, where in zip(found.tolist(), np.split(order, first[1:]), strict=True):
            row, name = divmod(key, len(names))
            month, year, profile = names[name].tolist()
            out[row, month, year, profile] = where
        return out

    def rich(self, scenarios: Scenarios) -> Floats:
        """Hashprice times what is common to all fleets, by path-month, shape (paths x months,) [USD/PH/day]."""
        out: Floats = (scenarios.network.hashprice_usd_per_ph_day * self.common).ravel()
        return out


def months_of(
    site: Site, bank: PowerYear, first_month: str, months: int, hashrate: Mapping[str, Floats] | None = None
) -> SiteMonths:
    """The months of scenarios as a site sees them; arguments as of `site_dispatch.plan_book`."""
    factors = ageing(site, first_month, months) | dict(hashrate or {})
    common = np.maximum.reduce(list(factors.values())) if factors else np.ones(months)
    common = np.where(common > 0, common, 1.0)
    profiles: dict[tuple[float, ...], int] = {}
    calendar = []
    for t, (month, year) in enumerate(_terms(site, bank, first_month, months)):
        relative = tuple(round(float(one[t] / common[t]), DIGITS) for one in factors.values())
        calendar.append((month, year, profiles.setdefault(relative, len(profiles))))
    named = tuple(dict(zip(factors, one, strict=True)) for one in profiles)
    return SiteMonths(np.array(calendar, dtype=np.int64), common, named)


def ageing(site: Site, first_month: str, months: int) -> dict[str, Floats]:
    """Share of its new hash rate that each fleet has left in the middle of each month, by name, shape (months,).

    Machines of no date are new when the scenarios begin; none are replaced.
    """
    first = np.datetime64(first_month, "M").astype("datetime64[D]")
    out = {}
    for one in site.fleets:
        age = (first - np.datetime64(one.installed or first, "D")).astype(np.int64) / 365.25
        years = np.maximum(age + (np.arange(months) + 0.5) / MONTHS, 0.0)
        out[one.name] = np.power(1 - one.degradation_per_year, years)
    return out


def _terms(site: Site, bank: PowerYear, first_month: str, months: int) -> list[tuple[int, int]]:
    """Calendar month of each month of the scenarios, and the first year of them in which its problem was the same."""
    start = np.datetime64(first_month, "M").astype(np.int64)
    dates = [(int(start + t) % MONTHS + 1, 1970 + int(start + t) // MONTHS) for t in range(months)]
    charged = any(one.valid_from or one.valid_to for one in site.charges)
    bought = any(one.valid_from or one.valid_to for one in site.energies)
    if not (site.contracts or charged or bought):
        return [(month, dates[t % MONTHS][1]) for t, (month, _) in enumerate(dates)]  # nothing has a date
    first: dict[tuple[int, str], int] = {}
    out = []
    for month, year in dates:
        problem = priced_month(site, bank, month, calendar_year=year).at(1.0, 1.0)
        out.append((month, first.setdefault((month, problem.sha256()), year)))
    return out


@dataclass(frozen=True, slots=True)
class PlanBook:
    """The plans of a site by kind of month.

    Attributes:
        months: The months of the scenarios that it was made for.
        plans: The plans of each kind.
    """

    months: SiteMonths
    plans: Mapping[Kind, Plans]

    @property
    def solved(self) -> int:
        """Number of months solved."""
        return sum(len(one.at) for one in self.plans.values())

    def operations(self, scenarios: Scenarios) -> Operations:
        """What the site brings when each path-month is run by the best plan known for it; the rent of firm halls is not in it.

        Args:
            scenarios: Of the same months and years of the bank, at any prices.

        Raises:
            InputError: Scenarios of other months, or of a year of the bank that the book does not know.
        """
        lines = np.empty((len(LINES), scenarios.power_level.size))
        for where, plans, level, rich in self._parts(scenarios):
            lines[:, where] = plans.lines(level, rich)
        by_line = dict(zip(LINES, lines.reshape(-1, *scenarios.power_level.shape), strict=True))
        return Operations(btc=by_line["mining_usd"] / mean_price_usd(scenarios), **by_line)

    def open_usd(self, scenarios: Scenarios) -> Floats:
        """What solving each path-month itself could add at most, shape (paths, months) [USD].

        Nought where it was solved itself: what is left there is the search's own. The scenarios are those that the book was
        made for, or some of them.
        """
        out = np.zeros(scenarios.power_level.size)
        for where, plans, level, rich in self._parts(scenarios):
            others = ~plans.found_at(level, rich)
            if others.any():
                out[where[others]] = plans.open_usd(level[others], rich[others])[0]
        return out.reshape(scenarios.power_level.shape)

    def _parts(self, scenarios: Scenarios) -> Sequence[tuple[Ints, Plans, Floats, Floats]]:
        level, rich = scenarios.power_level.ravel(), self._rich(scenarios)
        kinds = self.months.kinds(scenarios.power_year)
        unknown = [one for one in kinds if one not in self.plans]
        if unknown:
            raise InputError(
                f"{len(unknown)} kinds of months without a plan, the first of row {unknown[0][0]} of the bank",
                "a book is read for scenarios that it was made for",
                "Make it of these scenarios.",
            )
        return [(where, self.plans[kind], level[where], rich[where]) for kind, where in kinds.items()]

    def _rich(self, scenarios: Scenarios) -> Floats:
        if scenarios.power_level.shape[1] != len(self.months.common):
            raise InputError(
                f"scenarios of {scenarios.power_level.shape[1]} months",
                f"the book holds {len(self.months.common)}",
                "Make it of these scenarios.",
            )
        return self.months.rich(scenarios)


def mean_price_usd(scenarios: Scenarios) -> Floats:
    """Coin price of each month as the geometric mean of its two ends, of the first its end, shape (paths, months) [USD/BTC]."""
    end = scenarios.network.price_usd
    begin = np.concatenate([end[:, :1], end[:, :-1]], axis=1)
    out: Floats = np.sqrt(begin * end)
    return out
