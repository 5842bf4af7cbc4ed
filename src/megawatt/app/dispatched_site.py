"""The real dispatch of a site inside the scenarios of ``megawatt invest``: its variants, its plans, and what they leave open."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from megawatt.app.crew import crew_of
from megawatt.app.scenario_runs import DispatchRun, accuracy_of, to_stderr
from megawatt.app.words import number, percent, usd
from megawatt.core.errors import InputError
from megawatt.core.units import ItMW
from megawatt.invest.cash_flow import discount_factors, periodic_rate
from megawatt.invest.conversion import Block, machines_of
from megawatt.invest.dispatch_check import Agreement
from megawatt.invest.operations import Operations
from megawatt.invest.plan_book import PlanBook
from megawatt.invest.power_bank import PowerYear
from megawatt.invest.scenarios import MONTHS, Scenarios
from megawatt.invest.site_steps import StepOperations, Steps, rounded, steps_of
from megawatt.site.read import Site

MEAN = "mean"
"""No dispatch: each month at its mean price."""

WORTHLESS = 1e-6
"""Factor on the hashprice where programmes alone decide what runs."""


@dataclass(frozen=True, slots=True)
class How:
    """How a site is dispatched inside scenarios.

    Attributes:
        dispatch: ``mean``, ``typical`` or ``full``.
        workers: Processes of this machine for the dispatch, threads for the scenarios.
        cluster: Address of a Dask scheduler instead.
        resume: Folder that keeps what is done; a run that was stopped goes on from there.
        check: Scenarios whose months are all solved one by one, to compare with; 0: none.
        say: Hears about progress.
    """

    dispatch: str = "typical"
    workers: int = 1
    cluster: str | None = None
    resume: Path | None = None
    check: int = 0
    say: Callable[[str], None] = to_stderr

    def __post_init__(self) -> None:
        if self.dispatch not in {MEAN, "typical", "full"}:
            raise InputError(f"dispatch {self.dispatch!r}", "it is mean, typical or full", "Choose one of the three.")
        if self.dispatch == MEAN and (self.check or self.resume or self.cluster):
            raise InputError(
                "a check, a folder or a cluster for monthly means",
                "they belong to the dispatch of months",
                "Choose --dispatch typical or full, or leave them out.",
            )


@dataclass(frozen=True, slots=True, kw_only=True)
class DispatchedSite:
    """A site dispatched in every month of every scenario.

    Attributes:
        how: As asked.
        steps: Its variants.
        read: What fleets and halls bring in any scenarios.
        stand_by: Plans of the site where programmes alone decide what runs; None without a qualified programme.
        open_usd: Present value of what solving each month itself could add at most to each variant, mean of the scenarios [USD].
        open_fraction: The largest share of a variant's money that stays open.
        solved: Months solved.
        agreement: Against scenarios solved one by one; None where no check was asked for.
    """

    how: How
    steps: Steps
    read: StepOperations
    stand_by: PlanBook | None
    open_usd: Mapping[str, float]
    open_fraction: float
    solved: int
    agreement: Agreement | None

    def standing_by(self, scenarios: Scenarios) -> Operations | None:
        """The site where programmes alone decide what runs; None where it has none."""
        return None if self.stand_by is None else self.stand_by.operations(_worthless(scenarios))


def dispatched(
    site: Site, blocks: Mapping[str, Block], years: Sequence[PowerYear], scenarios: Scenarios, how: How
) -> DispatchedSite:
    """Dispatch the variants of a site.

    Args:
        site: The site.
        blocks: Own fleets by name.
        years: The bank that the scenarios were drawn from.
        scenarios: All of them.
        how: ``typical`` or ``full``, and who does it.

    Raises:
        InputError: What `plan_book` refuses, or fewer scenarios than are to be checked.
    """
    steps = steps_of(site, halls_of(site, blocks))
    factors = {name: machines_of(one, 1.0).hash_factor(scenarios.power_level.shape[1]) for name, one in blocks.items()}
    stand_by = {"stand-by": site} if any(one.qualified for one in site.programmes) else {}
    hashrate = {name: rounded(variant, factors) for name, variant in {**steps.sites, **stand_by}.items()}
    run = DispatchRun(years, scenarios, hashrate, crew_of(how.workers, how.cluster), how.resume, how.say)
    accuracy = accuracy_of(how.dispatch)
    books = run.books(steps.sites, how.dispatch, accuracy)
    poor = replace(run, scenarios=_worthless(scenarios)).books(stand_by, how.dispatch, accuracy)
    rate = site.finance.discount_rate
    agreement = run.check(steps.sites, books, rate=rate, paths=how.check) if how.check else None
    opened, fractions = _open(books, scenarios, rate)
    return DispatchedSite(
        how=how,
        steps=steps,
        read=StepOperations(steps, books),
        stand_by=poor.get("stand-by"),
        open_usd=opened,
        open_fraction=max(fractions.values()),
        solved=sum(one.solved for one in (*books.values(), *poor.values())),
        agreement=agreement,
    )


def halls_of(site: Site, blocks: Mapping[str, Block]) -> dict[str, ItMW]:
    """Critical IT power of the hall that fits in each fleet's place."""
    power = {one.name: one.full_mw for one in site.fleets}
    return {name: ItMW(power[name] / one.mining_mw) for name, one in blocks.items()}


def _worthless(scenarios: Scenarios) -> Scenarios:
    network = scenarios.network
    poor = replace(network, hashprice_usd_per_ph_day=network.hashprice_usd_per_ph_day * WORTHLESS)
    return replace(scenarios, network=poor)


def _open(
    books: Mapping[str, PlanBook], scenarios: Scenarios, rate: float
) -> tuple[dict[str, float], dict[str, float]]:
    """Present value of what stays open, and its share of the money, by variant."""
    opened, fractions = {}, {}
    factors = discount_factors(scenarios.power_level.shape[1], periodic_rate(rate, MONTHS))[1:]
    for name, one in books.items():
        left = one.open_usd(scenarios)
        opened[name] = float((left @ factors).mean())
        fractions[name] = float(left.mean() / max(np.abs(one.operations(scenarios).net_usd).mean(), 1e-9))
    return opened, fractions


def told(one: DispatchedSite | None) -> str:
    """How mining was valued, and what that leaves open, in words."""
    if one is None:
        return (
            "Mining is valued at the month's mean price of power (--dispatch mean): curtailment within the month, resale, batch work, "
            "reserves and peak charges are left out."
        )
    text = (
        f"The site is dispatched in every month of every scenario: {number(one.solved)} months of its {len(one.steps.sites)} variants were "
        f"solved, and each path-month is run by the best plan known for it. Solving all of them would add at most "
        f"{usd(max(one.open_usd.values()))} of present value to a variant ({percent(one.open_fraction)} of its money)."
    )
    if one.agreement is None:
        return f"{text} Not checked against months solved one by one (--check)."
    worst = max(map(abs, one.agreement.differences))
    ranked = "rank alike" if one.agreement.same_ranking else "do NOT rank alike"
    verdict = "agree" if one.agreement.passed else "do NOT agree"
    return (
        f"{text} On {one.agreement.paths} scenarios with all months solved one by one the variants {verdict}: at most "
        f"{percent(worst, 2)} apart, and they {ranked}."
    )


def dispatch_answer(one: DispatchedSite | None) -> dict[str, Any]:
    """The same for programs."""
    if one is None:
        return {"kind": MEAN, "months_solved": 0, "open_fraction": None, "open_usd": {}, "check": None}
    check = one.agreement
    return {
        "kind": one.how.dispatch,
        "months_solved": one.solved,
        "open_fraction": one.open_fraction,
        "open_usd": dict(one.open_usd),
        "check": check
        and {
            "scenarios": check.paths,
            "passed": check.passed,
            "same_ranking": check.same_ranking,
            "differences": dict(zip(check.alternatives, check.differences, strict=True)),
        },
    }
