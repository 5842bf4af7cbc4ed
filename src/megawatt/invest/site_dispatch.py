"""The dispatch of a site inside scenarios: every month of every path, by the plans of its own problem.

Path-months that share a year of the bank, a calendar month, the terms in force and the machines' relative hash rates are one
*group*: they differ in the level of power prices and in the hashprice alone, and `solved_states` says what a few solved
states tell of all of them. How many are solved is not chosen; it follows from what may stay open:

    TYPICAL   what solving each path-month itself could add is at most 1 % of the group's money on average
    FULL      each path-month is solved itself, or proven by the solved ones around it to miss at most 0.1 % of that average
    ITSELF    each path-month is solved itself; the best plan found in its group counts

Months are solved whole, so demand charges, coincident peaks, batch windows and awards are those of the month. Each begins
with all machines running and free to switch. A fleet's hash rate has a factor by month, for ageing and for new machines in
old places; what is common to all fleets counts as hashprice, so that ageing at one rate asks for no more solving.

A group is one task of `megawatt.dispatch.crew`: the digits depend neither on who does it nor on when it was interrupted.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.dispatch.crew import Crew, Store, run
from megawatt.dispatch.problem import Ints
from megawatt.invest.operations import Operations
from megawatt.invest.plan_book import Kind, PlanBook, SiteMonths, months_of
from megawatt.invest.power_bank import PowerYear
from megawatt.invest.priced_month import needed_series, priced_month
from megawatt.invest.scenarios import Scenarios
from megawatt.invest.solved_states import LINES, Plans, SolvedStates
from megawatt.site.read import Site

CORNERS = 4
"""States that are solved before anything is known of the others: as many path-months are solved themselves at once."""


@dataclass(frozen=True, slots=True)
class Accuracy:
    """What may stay open, as a share of the mean money of a group's path-months.

    Attributes:
        share: The share; 0 where every path-month is solved itself.
        each: Whether it holds for each path-month or on average.
    """

    share: float
    each: bool


TYPICAL = Accuracy(0.01, each=False)
FULL = Accuracy(0.001, each=True)
ITSELF = Accuracy(0.0, each=True)


@dataclass(frozen=True, slots=True)
class Group:
    """Path-months that differ in level and hashprice alone.

    Attributes:
        bank: Row of the bank.
        month: Calendar month, 1 to 12.
        calendar_year: A year whose terms are in force.
        hashrate: Factor on each fleet's hash rate beside what is common to all.
        where: Numbers of the path-months in the scenarios, read row by row.
        level: Of power prices, shape (n,).
        hashprice: Times what is common to all fleets, shape (n,) [USD/PH/day].
    """

    bank: int
    month: int
    calendar_year: int
    hashrate: Mapping[str, float]
    where: Ints
    level: Floats
    hashprice: Floats


@dataclass(frozen=True, slots=True)
class GroupWork:
    """The work of a crew: a task is a group.

    Attributes:
        site: The site.
        bank: Years of the bank with the series that the site needs.
        groups: All groups.
        accuracy: What may stay open.
    """

    site: Site
    bank: tuple[PowerYear, ...]
    groups: tuple[Group, ...]
    accuracy: Accuracy

    def __call__(self, task: int) -> Floats:
        """The plans found for a group, a row each: level, hashprice, and `LINES` as affine functions of both; shape (K, 26)."""
        one = self.groups[task]
        month = priced_month(
            self.site,
            self.bank[one.bank],
            one.month,
            calendar_year=one.calendar_year,
            hashrate=one.hashrate,
        )
        solved = SolvedStates(month)
        if self.accuracy.share == 0 or len(one.level) <= CORNERS:
            for level, hashprice in zip(one.level, one.hashprice, strict=True):
                solved.solve(float(level), float(hashprice), thorough=True)
        else:
            _solve_until(solved, one, self.accuracy)
        plans = solved.plans
        return np.concatenate([plans.at, plans.lines_of.reshape(len(plans.at), -1)], axis=1)

    def sha256(self) -> str:
        """Hash of all that the results depend on."""
        digest = hashlib.sha256(repr(("plans", self.site, self.accuracy)).encode())
        for year in self.bank:
            digest.update(str(year.year).encode())
            for series in year.data.values():
                digest.update(series.sha256().encode())
        for one in self.groups:
            digest.update(repr((one.bank, one.month, one.calendar_year, sorted(one.hashrate.items()))).encode())
            for values in (one.where, one.level, one.hashprice):
                digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()


def _solve_until(solved: SolvedStates, one: Group, accuracy: Accuracy) -> None:
    """Solve the states that leave most open until little enough does."""
    solved.corners(one.level, one.hashprice)
    done = np.zeros(len(one.level), dtype=np.bool_)
    while True:
        plans = solved.plans
        open_usd, facet = plans.open_usd(one.level, one.hashprice)
        open_usd[done] = 0.0  # what is left there is the search's own, and solving it again would find no more
        usd, _ = plans.best(one.level, one.hashprice)
        most = accuracy.share * float(np.abs(usd).mean())
        too_open = open_usd > (most if accuracy.each else 0.0)
        if not too_open.any() or (not accuracy.each and open_usd.mean() <= most):
            return
        under = np.bincount(facet, weights=open_usd * too_open)
        worst = int((open_usd * (facet == under.argmax())).argmax())
        solved.solve(float(one.level[worst]), float(one.hashprice[worst]))
        done[worst] = True


@dataclass(frozen=True, slots=True)
class SiteDispatch:
    """What a site's dispatch brings in every scenario and month, and how much better it could be.

    Attributes:
        operations: The money and energy; the rent of firm halls is not in it.
        open_usd: What solving the path-month itself could add at most, shape (paths, months) [USD].
        solved: Months solved.
    """

    operations: Operations
    open_usd: Floats
    solved: int

    @classmethod
    def of(cls, book: PlanBook, scenarios: Scenarios) -> Self:
        """What a book says of the scenarios that it was made for."""
        return cls(book.operations(scenarios), book.open_usd(scenarios), book.solved)

    @property
    def open_fraction(self) -> float:
        """What stays open of all money together; the answer misses at most so much, and never flatters."""
        return float(self.open_usd.mean() / max(np.abs(self.operations.net_usd).mean(), 1e-9))


def plan_book(
    site: Site,
    bank: Sequence[PowerYear],
    scenarios: Scenarios,
    *,
    accuracy: Accuracy = TYPICAL,
    hashrate: Mapping[str, Floats] | None = None,
    crew: Crew | None = None,
    store: Store | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> PlanBook:
    """Find the plans of a site for every month of every scenario.

    Args:
        site: One alternative: the site as it is, or a variant of it.
        bank: Years that `Scenarios.power_year` counts.
        scenarios: Hashprice, year of the bank and level by path and month.
        accuracy: What may stay open.
        hashrate: Factor on the hash rate of each fleet by month, shape (months,), by name: machines that age or are replaced
            by others of the same power; by default they age as the site file says and are not replaced.
        crew: Who does the work.
        store: Where finished groups are kept; a run that was stopped goes on from there.
        progress: Called with the number of groups done and of all.

    Raises:
        InputError: The scenarios draw years that the bank does not have, or the site has what no single month can tell
            (`priced_month.refuse`).
    """
    _check(site, len(bank), scenarios, hashrate or {})
    months = months_of(site, bank[0], scenarios.first_month, scenarios.power_level.shape[1], hashrate)
    kinds = months.kinds(scenarios.power_year)
    work = GroupWork(site, trimmed(site, bank), _groups(months, kinds, scenarios), accuracy)
    results = run(work, len(work.groups), key=work.sha256(), crew=crew, store=store, progress=progress)
    found = [Plans(one[:, :2], one[:, 2:].reshape(len(one), len(LINES), 3)) for one in results]
    return PlanBook(months, dict(zip(kinds, found, strict=True)))


def trimmed(site: Site, bank: Sequence[PowerYear]) -> tuple[PowerYear, ...]:
    """The bank with the series that the site's months read, and no others: it travels to every worker."""
    names = needed_series(site)
    return tuple(PowerYear(one.year, Dataset(one.data[name] for name in names if name in one.data)) for one in bank)


def groups_of(
    site: Site, bank: Sequence[PowerYear], scenarios: Scenarios, hashrate: Mapping[str, Floats] | None = None
) -> tuple[Group, ...]:
    """The path-months of scenarios by group, in the order of bank, month and terms."""
    _check(site, len(bank), scenarios, hashrate or {})
    months = months_of(site, bank[0], scenarios.first_month, scenarios.power_level.shape[1], hashrate)
    return _groups(months, months.kinds(scenarios.power_year), scenarios)


def _groups(months: SiteMonths, kinds: Mapping[Kind, Ints], scenarios: Scenarios) -> tuple[Group, ...]:
    level, rich = scenarios.power_level.ravel(), months.rich(scenarios)
    return tuple(
        Group(row, month, year, months.profiles[profile], where, level[where], rich[where])
        for (row, month, year, profile), where in kinds.items()
    )


def _check(site: Site, years: int, scenarios: Scenarios, hashrate: Mapping[str, Floats]) -> None:
    months = scenarios.power_level.shape[1]
    if scenarios.power_year.max() >= years:
        raise InputError(
            f"scenarios that draw year {int(scenarios.power_year.max())} of a bank of {years}, counted from 0",
            "the bank is the one that the scenarios were drawn from",
            "Give all its years, in their order.",
        )
    prices = scenarios.power_level, scenarios.network.hashprice_usd_per_ph_day
    if not all(np.isfinite(one).all() and (one > 0).all() for one in prices):
        raise InputError("a level or hashprice of 0, below, or missing", "both are above 0", "Check the scenarios.")
    for name, factor in hashrate.items():
        known = name in {one.name for one in site.fleets}
        if not known or np.shape(factor) != (months,) or not (np.isfinite(factor).all() and (factor >= 0).all()):
            raise InputError(
                f"factors of shape {np.shape(factor)} for the fleet {name!r}",
                f"a fleet of the site has one for each of the {months} months, finite and not negative",
                "Name a fleet of the site, and give 1 for machines as new.",
            )
