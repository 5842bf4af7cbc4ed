"""Bars of a site's dispatch inside scenarios: its time, and what it misses of months solved one by one.

The check takes some half hour of one core, the full run some eleven minutes; both are resumable: stop them, and ``make evidence``
goes on from what lies in ``build/invest-site-plans``.
"""

import time
from dataclasses import replace

import numpy as np

from evidence.bar import ROOT, Bar, Figure
from megawatt.app.scenario_runs import Alternatives, bank_means, dispatch_alternatives, power_years
from megawatt.core.dataset import Dataset
from megawatt.core.errors import SolverError
from megawatt.invest.dispatch_check import MOST_DIFFERENCE, PATHS
from megawatt.invest.network_model import NetworkState
from megawatt.invest.power_bank import PowerYear
from megawatt.invest.scenarios import ScenarioModel, Scenarios, simulate
from megawatt.site.examples import HYBRID, TEXAS_MINE
from megawatt.site.read import Site

SCENARIOS, MONTHS, WORKERS, RATE = 1_000, 120, 2, 0.10
KEPT = ROOT / "build" / "invest-site-plans"
AUGUST_2024 = NetworkState(
    price_usd=64_600.0, difficulty=90.67e12, height=854_900, hashrate_eh_s=650.0, fees_btc_per_block=0.15
)
COVERS = (
    "src/megawatt/invest/site_dispatch.py",
    "src/megawatt/invest/plan_book.py",
    "src/megawatt/invest/solved_states.py",
    "src/megawatt/invest/priced_month.py",
    "src/megawatt/invest/dispatch_check.py",
    "src/megawatt/app/scenario_runs.py",
    "src/megawatt/dispatch/coupled/*.py",
    "src/megawatt/site/examples.py",
)


def scenarios_of(site: Site, paths: int) -> tuple[tuple[PowerYear, ...], Scenarios]:
    """The site's bank of ten years of the fitted model, and ten years of scenarios drawn from it."""
    years = power_years(site, Dataset(()))
    model = ScenarioModel(state=AUGUST_2024, power_bank_usd_per_mwh=bank_means(site, years))
    return years, simulate(model, "2024-08", MONTHS, seed=1, paths=paths)


def alternatives() -> dict[str, Site]:
    """The hybrid as it is; its oldest machines gone for 18 IT MW of firm hall; and for as much batch work."""
    site = Site.from_text(HYBRID)
    machines = tuple(one for one in site.fleets if one.name != "s19j-pro")
    firm, batch = site.halls
    more_firm = firm.model_copy(update={"critical_it_mw": firm.critical_it_mw + 18.0})
    more_batch = batch.model_copy(update={"critical_it_mw": batch.critical_it_mw + 18.0})
    return {
        "keep": site,
        "firm": replace(site, fleets=machines, halls=(more_firm, batch)),
        "batch": replace(site, fleets=machines, halls=(firm, more_batch)),
    }


def speed() -> Figure:
    """Both examples, nothing kept; wall clock, and what the answer says of itself."""
    found: dict[str, float | int | str] = {}
    for name, text in (("hybrid", HYBRID), ("texas-mine", TEXAS_MINE)):
        site = Site.from_text(text)
        years, scenarios = scenarios_of(site, SCENARIOS)
        begin = time.perf_counter()
        one = dispatch_alternatives({name: site}, years, scenarios, workers=WORKERS, say=_silent).found[name]
        found |= {f"{name}_s": time.perf_counter() - begin}
        found |= {f"{name}_solved": one.solved, f"{name}_open_fraction": one.open_fraction}
    text = ", ".join(
        f"{name} {found[f'{name}_s']:.0f} s, {found[f'{name}_solved']} months solved"
        for name in ("hybrid", "texas-mine")
    )
    return Figure(text, float(found["hybrid_s"]) < 60, found)


def check() -> Figure:
    """Three alternatives of the hybrid, 1,000 scenarios as answered, the first 50 solved month by month."""
    sites = alternatives()
    years, scenarios = scenarios_of(sites["keep"], SCENARIOS)
    try:
        found = dispatch_alternatives(
            sites, years, scenarios, check_rate=RATE, workers=WORKERS, resume=KEPT / "check", say=_silent
        )
    except SolverError as failed:
        return Figure(str(failed), False, {"scenarios": SCENARIOS, "checked": PATHS})
    return Figure(*_told(found))


def _told(found: Alternatives) -> tuple[str, bool, dict[str, float | int | str]]:
    one = found.agreement
    if one is None:
        message = "a check was asked for"
        raise ValueError(message)
    worst = max(map(abs, one.differences))
    numbers: dict[str, float | int | str] = {"paths": one.paths, "paths_ranked_alike": one.paths_ranked_alike}
    for name, usd, difference in zip(one.alternatives, one.full_usd, one.differences, strict=True):
        numbers |= {f"{name}_full_usd": usd, f"{name}_difference": difference}
        numbers |= {
            f"{name}_open_fraction": found.found[name].open_fraction,
            f"{name}_solved": found.found[name].solved,
        }
    ranked = "same" if one.same_ranking else "another"
    text = f"at most {worst:.2%} off on {one.paths} scenarios, {ranked} ranking ({' > '.join(one.alternatives)})"
    return text, one.passed, numbers


def full() -> Figure:
    """The hybrid with every path-month solved or proven by its neighbours; a run that goes on tells only its last part's time."""
    site = Site.from_text(HYBRID)
    years, scenarios = scenarios_of(site, SCENARIOS)
    before = len(list((KEPT / "full").glob("*/task-*")))
    begin = time.perf_counter()
    found = dispatch_alternatives(
        {"hybrid": site}, years, scenarios, dispatch="full", workers=WORKERS, resume=KEPT / "full", say=_silent
    ).found["hybrid"]
    minutes = (time.perf_counter() - begin) / 60
    most = float(found.open_usd.max() / np.abs(found.operations.net_usd).mean())
    text = (
        f"{minutes:.1f} minutes, {found.solved:,} of {SCENARIOS * MONTHS:,} months solved, the others within {most:.2%}"
    )
    numbers: dict[str, float | int | str] = {
        "minutes": minutes,
        "solved": found.solved,
        "open_fraction": found.open_fraction,
    }
    if before:
        return Figure(f"{text}; {before} groups were there before, so no time", None, numbers)
    return Figure(text, minutes <= 15, numbers)


def _silent(_: str) -> None:
    """Progress is not what is measured."""


BARS: tuple[Bar, ...] = (
    Bar(
        id="invest-site-speed",
        sentence=f"{SCENARIOS:,} scenarios of ten years of the hybrid example (limit, batch, demand charge, reserve; hourly) "
        "are dispatched month by month on two worker processes, with what stays open proven to be at most 1 % on average.",
        target="below 60 s",
        covers=COVERS,
        measure=speed,
    ),
    Bar(
        id="invest-site-check",
        sentence=f"Three alternatives of the hybrid example: operating money of {PATHS} scenarios of ten years, as answered and "
        "with each of their 18,000 months solved by a search of its own (about half an hour of CPU, resumable).",
        target=f"at most {MOST_DIFFERENCE:.0%} off, same ranking",
        covers=COVERS,
        measure=check,
    ),
    Bar(
        id="invest-site-full",
        sentence=f"{SCENARIOS:,} scenarios of ten years of the hybrid example in full: each of 120,000 months solved, or proven by "
        "solved ones to miss at most 0.1 % of its group's mean (two worker processes, resumable).",
        target="at most 15 minutes",
        covers=COVERS,
        measure=full,
    ),
)
