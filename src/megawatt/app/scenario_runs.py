"""Dispatch of alternatives in scenarios as a run: its bank of years, its crew, its folder, its progress, its check."""

import datetime as dt
import sys
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np

from megawatt.app.crew import Folder, crew_of
from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError, SolverError
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.case import price_name
from megawatt.dispatch.crew import Crew
from megawatt.invest.dispatch_check import PATHS, Agreement, check_against_full, first_paths
from megawatt.invest.operations import Operations
from megawatt.invest.plan_book import PlanBook
from megawatt.invest.power_bank import PowerYear, bank_of, modelled_years
from megawatt.invest.priced_month import needed_series
from megawatt.invest.scenarios import Scenarios
from megawatt.invest.site_dispatch import FULL, ITSELF, TYPICAL, Accuracy, SiteDispatch, plan_book
from megawatt.power.price_model import PriceModel
from megawatt.site.read import Site
from megawatt.sources.reference_power import REFERENCE_SEED, reference_power_parameters

BANK_YEARS = 10
"""Years of the fitted model in a bank."""

REFINEMENTS = 3
"""How often an answer that failed its check is made four times as sharp before it is refused."""

ACCURACIES = {"typical": TYPICAL, "full": FULL}
"""What ``--dispatch`` names."""


@dataclass(frozen=True, slots=True)
class Alternatives:
    """Alternatives of a site, dispatched in the same scenarios.

    Attributes:
        found: What each brings, by name.
        agreement: Against the first scenarios solved one by one; None where no check was asked for.
    """

    found: dict[str, SiteDispatch]
    agreement: Agreement | None


def power_years(site: Site, data: Dataset) -> tuple[PowerYear, ...]:
    """The bank of a site: years of the fitted model, or the whole years that its own series cover.

    Raises:
        InputError: The site's price covers no whole year.
    """
    if site.data.power == "reference":
        model = PriceModel.from_dict(reference_power_parameters())
        step = site.connection.interval_minutes
        return modelled_years(model, BANK_YEARS, np.random.default_rng(REFERENCE_SEED), step_minutes=step)
    price, zone = data[price_name(site)], site.connection.timezone
    names = [name for name in needed_series(site) if name in data]
    found = []
    for year in range(int(str(price.grid.start)[:4]), int(str(price.grid.end)[:4]) + 1):
        cut = _year(price, year, zone)
        if np.isfinite(cut.values).all():
            found.append(PowerYear(year, Dataset(_year(data[name], year, zone) for name in names)))
    if not found:
        raise InputError(
            f"{price.name!r} from {price.grid.start}Z to {price.grid.end}Z",
            f"scenarios draw whole years of {zone} without a gap",
            "Import a whole year of prices.",
        )
    return tuple(found)


def bank_means(site: Site, years: Sequence[PowerYear]) -> Floats:
    """Mean prices of the bank's months, as `ScenarioModel` takes them, shape (years, 12) [USD/MWh]."""
    return bank_of((one.data[price_name(site)] for one in years), site.connection.timezone)


def dispatch_alternatives(
    sites: Mapping[str, Site],
    years: Sequence[PowerYear],
    scenarios: Scenarios,
    *,
    dispatch: str = "typical",
    hashrate: Mapping[str, Mapping[str, Floats]] | None = None,
    check_rate: float | None = None,
    workers: int = 1,
    cluster: str | None = None,
    resume: Path | None = None,
    say: Callable[[str], None] | None = None,
) -> Alternatives:
    """Dispatch variants of a site in every month of every scenario, and check the answer if asked.

    Args:
        sites: The variants by name.
        years: The bank that the scenarios were drawn from.
        scenarios: The joint paths.
        dispatch: ``typical`` or ``full``.
        hashrate: Per variant, factors on fleets' hash rates by month; see `plan_book`.
        check_rate: Discount rate at which the values of the first 50 scenarios, all their months solved one by one, must
            agree; None for no check, which takes longer than the answer.
        workers: Processes of this machine.
        cluster: Address of a Dask scheduler instead.
        resume: Folder that keeps what is done; a run that was stopped goes on from there.
        say: Hears about progress; by default standard error.

    Raises:
        InputError: No such kind of dispatch, or the folder holds another run.
        SolverError: The check failed at every accuracy.
    """
    run = DispatchRun(years, scenarios, dict(hashrate or {}), crew_of(workers, cluster), resume, say or to_stderr)
    accuracy = accuracy_of(dispatch)
    books = run.books(sites, dispatch, accuracy)
    if check_rate is None:
        return Alternatives({name: SiteDispatch.of(one, scenarios) for name, one in books.items()}, None)
    paths = min(PATHS, len(scenarios.power_level))
    for attempt in range(REFINEMENTS + 1):
        agreement = run.check(sites, books, rate=check_rate, paths=paths)
        if agreement.passed:
            return Alternatives({name: SiteDispatch.of(one, scenarios) for name, one in books.items()}, agreement)
        if attempt < REFINEMENTS:
            accuracy = Accuracy(accuracy.share / 4, accuracy.each)
            books = run.books(sites, f"{dispatch}-{attempt + 2}", accuracy)
    raise SolverError(
        f"values that differ by {max(map(abs, agreement.differences)):.2%} from months solved one by one",
        "they agree to 1 %, and rank the alternatives alike",
        "Alternatives so close are not told apart: leave one out, or compare them by hand.",
    )


def accuracy_of(dispatch: str) -> Accuracy:
    """What ``--dispatch`` leaves open.

    Raises:
        InputError: No such kind of dispatch.
    """
    if dispatch not in ACCURACIES:
        raise InputError(f"dispatch {dispatch!r}", "it is typical or full", "Choose one of the two.")
    return ACCURACIES[dispatch]


@dataclass(slots=True)
class DispatchRun:
    """Who works on which scenarios, and where it is kept.

    Attributes:
        years: The bank that the scenarios were drawn from.
        scenarios: The joint paths.
        hashrate: Per variant, factors on fleets' hash rates by month.
        crew: Who does the work.
        resume: Folder that keeps what is done; None: nowhere.
        say: Hears about progress.
    """

    years: Sequence[PowerYear]
    scenarios: Scenarios
    hashrate: Mapping[str, Mapping[str, Floats]]
    crew: Crew
    resume: Path | None
    say: Callable[[str], None]
    _one_by_one: dict[str, Operations] = field(default_factory=dict, init=False)

    def books(self, sites: Mapping[str, Site], kind: str, accuracy: Accuracy) -> dict[str, PlanBook]:
        """The plans of each variant; ``kind`` is part of the name under which they are kept."""
        return {name: self._book(name, site, self.scenarios, kind, accuracy) for name, site in sites.items()}

    def check(self, sites: Mapping[str, Site], books: Mapping[str, PlanBook], *, rate: float, paths: int) -> Agreement:
        """The books against the first scenarios, all their months solved one by one; these are solved once."""
        few = first_paths(self.scenarios, paths)
        for name, site in sites.items():
            if name not in self._one_by_one:
                self._one_by_one[name] = self._book(name, site, few, "check", ITSELF).operations(few)
        answered = {name: books[name].operations(few) for name in sites}
        return check_against_full(answered, self._one_by_one, rate=rate)

    def _book(self, name: str, site: Site, scenarios: Scenarios, kind: str, accuracy: Accuracy) -> PlanBook:
        def progress(done: int, groups: int) -> None:
            self.say(f"{name}, {kind}: {done} of {groups} groups of months")

        return plan_book(
            site,
            self.years,
            scenarios,
            accuracy=accuracy,
            hashrate=self.hashrate.get(name),
            crew=self.crew,
            store=Folder(self.resume / f"{name}-{kind}") if self.resume else None,
            progress=progress,
        )


def to_stderr(line: str) -> None:
    """One line of progress on standard error; on a terminal it takes the place of the last one."""
    sys.stderr.write(f"\r{line}\033[K" if sys.stderr.isatty() else f"{line}\n")


def _year(series: Series, year: int, timezone: str) -> Series:
    """The part of a series that is a local year; missing where it does not reach."""
    first, end = dt.date(year, 1, 1), dt.date(year + 1, 1, 1)
    grid = TimeGrid.of_local_days(first, end, timezone=timezone, step_minutes=series.grid.step_minutes)
    return series.on(grid)
