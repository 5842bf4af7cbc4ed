"""The dispatch of a site inside scenarios: every month of every path, by the plans of its own problem.

Path-months that share a year of the bank, a calendar month, the terms in force and the machines' relative hash rates are one
*group*: they differ in the level of power prices and in the hashprice alone, and `solved_states` says what a few solved
states tell of all of them. How many are solved is not chosen; it follows from what may stay open:

    TYPICAL   what solving each path-month itself could add is at most 1 % of the group's money on average
    FULL      each path-month is solved itself, or proven by the solved ones around it to miss at most 0.1 % of that average
    ITSELF    each path-month is solved itself, whatever the others say

Months are solved whole, so demand charges, coincident peaks, batch windows and awards are those of the month. Each begins
with all machines running and free to switch. A fleet's hash rate has a factor by month, for ageing and for new machines in
old places; what is common to all fleets counts as hashprice, so that ageing at one rate asks for no more solving.

A group is one task of `megawatt.dispatch.crew`: the digits depend neither on who does it nor on when it was interrupted.
"""

import hashlib
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.dispatch.crew import Crew, Store, run
from megawatt.dispatch.problem import Ints
from megawatt.invest.operations import Operations
from megawatt.invest.power_bank import PowerYear
from megawatt.invest.priced_month import needed_series, priced_month
from megawatt.invest.scenarios import MONTHS, Scenarios
from megawatt.invest.solved_states import LINES, SolvedStates
from megawatt.site.read import Site

CORNERS = 4
"""States that are solved before anything is known of the others: as many path-months are solved themselves at once."""

DIGITS = 9
"""Digits to which fleets' relative hash rates are told apart."""


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
        """`LINES` of each path-month, what stays open of it, and the number of states solved, shape (10, n)."""
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
            lines, open_usd = _each_itself(solved, one), np.zeros(len(one.level))
        else:
            open_usd = _solve_until(solved, one, self.accuracy)
            lines = solved.lines(one.level, one.hashprice)
        count = np.full(len(one.level), float(len(solved.states)))
        return np.concatenate([lines, open_usd[np.newaxis], count[np.newaxis]])

    def sha256(self) -> str:
        """Hash of all that the results depend on."""
        digest = hashlib.sha256(repr((self.site, self.accuracy)).encode())
        for year in self.bank:
            digest.update(str(year.year).encode())
            for series in year.data.values():
                digest.update(series.sha256().encode())
        for one in self.groups:
            digest.update(repr((one.bank, one.month, one.calendar_year, sorted(one.hashrate.items()))).encode())
            for values in (one.where, one.level, one.hashprice):
                digest.update(np.ascontiguousarray(values).tobytes())
        return digest.hexdigest()


def _each_itself(solved: SolvedStates, one: Group) -> Floats:
    lines = []
    for level, hashprice in zip(one.level, one.hashprice, strict=True):
        state = solved.solve(float(level), float(hashprice), thorough=True)
        lines.append(state.lines @ (1.0, level, hashprice))
    return np.array(lines).T


def _solve_until(solved: SolvedStates, one: Group, accuracy: Accuracy) -> Floats:
    """Solve the states that leave most open until little enough does, and return what does [USD]."""
    solved.corners(one.level, one.hashprice)
    done = np.zeros(len(one.level), dtype=np.bool_)
    while True:
        open_usd, facet = solved.open_usd(one.level, one.hashprice)
        open_usd[done] = 0.0  # what is left there is the search's own, and solving it again would find no more
        usd, _ = solved.best(one.level, one.hashprice)
        most = accuracy.share * float(np.abs(usd).mean())
        too_open = open_usd > (most if accuracy.each else 0.0)
        if not too_open.any() or (not accuracy.each and open_usd.mean() <= most):
            return open_usd
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

    @property
    def open_fraction(self) -> float:
        """What stays open of all money together; the answer misses at most so much, and never flatters."""
        return float(self.open_usd.mean() / max(np.abs(self.operations.net_usd).mean(), 1e-9))


def site_operations(
    site: Site,
    bank: Sequence[PowerYear],
    scenarios: Scenarios,
    *,
    accuracy: Accuracy = TYPICAL,
    hashrate: Mapping[str, Floats] | None = None,
    crew: Crew | None = None,
    store: Store | None = None,
    progress: Callable[[int, int], None] | None = None,
) -> SiteDispatch:
    """Dispatch a site in every month of every scenario.

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
    work = GroupWork(site, trimmed(site, bank), groups_of(site, bank, scenarios, hashrate), accuracy)
    results = run(work, len(work.groups), key=work.sha256(), crew=crew, store=store, progress=progress)
    shape = scenarios.power_level.shape
    found = np.empty((len(LINES) + 2, shape[0] * shape[1]))
    for one, result in zip(work.groups, results, strict=True):
        found[:, one.where] = result
    by_line = dict(zip(LINES, found.reshape(-1, *shape), strict=False))
    operations = Operations(btc=by_line["mining_usd"] / mean_price_usd(scenarios), **by_line)
    solved = sum(int(result[-1, 0]) for result in results)
    return SiteDispatch(operations, found[-2].reshape(shape), solved)


def mean_price_usd(scenarios: Scenarios) -> Floats:
    """Coin price of each month as the geometric mean of its two ends, of the first its end, shape (paths, months) [USD/BTC]."""
    end = scenarios.network.price_usd
    begin = np.concatenate([end[:, :1], end[:, :-1]], axis=1)
    out: Floats = np.sqrt(begin * end)
    return out


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


def trimmed(site: Site, bank: Sequence[PowerYear]) -> tuple[PowerYear, ...]:
    """The bank with the series that the site's months read, and no others: it travels to every worker."""
    names = needed_series(site)
    return tuple(PowerYear(one.year, Dataset(one.data[name] for name in names if name in one.data)) for one in bank)


def groups_of(
    site: Site, bank: Sequence[PowerYear], scenarios: Scenarios, hashrate: Mapping[str, Floats] | None = None
) -> tuple[Group, ...]:
    """The path-months of scenarios by group, in the order of bank, month and terms."""
    rows, level = scenarios.power_year, scenarios.power_level
    months = level.shape[1]
    hashprice = scenarios.network.hashprice_usd_per_ph_day
    _check(site, len(bank), scenarios, hashrate or {})
    factors = ageing(site, scenarios.first_month, months) | dict(hashrate or {})
    common = np.maximum.reduce(list(factors.values())) if factors else np.ones(months)
    common = np.where(common > 0, common, 1.0)
    terms = _terms(site, bank[0], scenarios.first_month, months)
    found: dict[tuple[int, ...], tuple[dict[str, float], list[Ints]]] = {}
    profiles: dict[tuple[float, ...], int] = {}
    for t, (month, year) in enumerate(terms):
        relative = {name: round(float(one[t] / common[t]), DIGITS) for name, one in factors.items()}
        profile = profiles.setdefault(tuple(relative.values()), len(profiles))
        for row in np.unique(rows[:, t]):
            where = np.flatnonzero(rows[:, t] == row) * months + t
            found.setdefault((int(row), month, year, profile), (relative, []))[1].append(where)
    groups = []
    for (row, month, year, _), (relative, parts) in sorted(found.items(), key=lambda item: item[0]):
        where = np.sort(np.concatenate(parts))
        rich = (hashprice * common).ravel()[where]
        groups.append(Group(row, month, year, relative, where, level.ravel()[where], rich))
    return tuple(groups)


def _terms(site: Site, bank: PowerYear, first_month: str, months: int) -> list[tuple[int, int]]:
    """Calendar month of each month of the scenarios, and the first year of them in which its problem was the same."""
    first: dict[tuple[int, str], int] = {}
    out = []
    start = np.datetime64(first_month, "M").astype(np.int64)
    for t in range(months):
        year, month = 1970 + int(start + t) // MONTHS, int(start + t) % MONTHS + 1
        problem = priced_month(site, bank, month, calendar_year=year).at(1.0, 1.0)
        out.append((month, first.setdefault((month, problem.sha256()), year)))
    return out


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
