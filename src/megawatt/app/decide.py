"""``megawatt decide``: the main job on the terminal."""

import datetime as dt
import json
import time
from dataclasses import replace
from pathlib import Path

import typer

from megawatt.app.answer import answer
from megawatt.app.aside import second_process
from megawatt.app.compiling import compile_once
from megawatt.app.data import data_for
from megawatt.app.decision import Decision
from megawatt.app.decision import decide as decide_case
from megawatt.app.files import refuse_target, write_text
from megawatt.core.errors import InputError
from megawatt.dispatch.case import Case, case_of
from megawatt.dispatch.coupled.fast import certificate_of
from megawatt.dispatch.coupled.warm import compiled
from megawatt.dispatch.general import Effort
from megawatt.dispatch.record import plan_record, problem_record, text_of
from megawatt.site.check import check
from megawatt.site.faults import SiteFileError
from megawatt.site.read import Site

LONGER = 40
"""Times the seconds that are named to someone who wants more than a first answer: a minute instead of a second."""


def decide_site(
    path: Path,
    *,
    first: str | None,
    end: str | None,
    as_json: bool,
    report: Path | None,
    store: Path | None,
    seconds: float,
    certificate: Path | None = None,
) -> Decision:
    """Read, check, decide, print, and write the report and the certificate."""
    site = with_period(Site.read(path), first, end)
    refuse_errors(site)
    if report is not None:
        refuse_target(report)
    begun = time.monotonic()
    data = data_for(site, store)
    case = case_of(site, data)
    if not as_json:
        typer.echo(expectation(site, case.problem.separable, seconds) + walking(case), err=True)
    compile_once(case.problem)
    with second_process(not case.problem.separable) as aside:
        decision = decide_case(site, data, effort=Effort(seconds=seconds, clock=time.monotonic), aside=aside)
    if certificate is not None:
        write_certificate(decision, certificate)
    if report is not None:
        from megawatt.app.report import write_report  # noqa: PLC0415

        write_report(decision, report)
    if as_json:
        typer.echo(json.dumps(answer(decision, report), indent=2, allow_nan=False))
        return decision
    from megawatt.app.terminal import print_decision  # noqa: PLC0415

    print_decision(decision)
    typer.echo(f"Took {time.monotonic() - begun:.1f} s.", err=True)
    if said := more_time(decision, seconds):
        typer.echo(said, err=True)
    if report is not None:
        typer.echo(f"Report: {report}")
    return decision


def write_certificate(decision: Decision, folder: Path) -> None:
    """Write the problem and the optimum with its certificate, in the format of `docs/plan-format.md`.

    Raises:
        InputError: The folder cannot be written.
    """
    problem, plan = decision.case.problem, decision.plan
    if plan.certificate is None and problem.separable:
        plan = replace(plan, certificate=certificate_of(problem, plan))
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as fault:
        raise InputError(
            f"{folder}: {fault.strerror}",
            "the certificate is a folder with two files",
            "Name a folder that can be made.",
        ) from fault
    write_text(folder / "problem.json", text_of(problem_record(problem)))
    write_text(folder / "plan.json", text_of(plan_record(problem, plan)))


def with_period(site: Site, first: str | None, end: str | None) -> Site:
    """The site with another period."""
    if first is None and end is None:
        return site
    start, stop = (_day(text) if text else None for text in (first, end))
    period = site.period.model_copy(update={"start": start or site.period.start, "end": stop or site.period.end})
    if period.end <= period.start:
        raise InputError(
            f"a period from {period.start} to {period.end}",
            "its end is a later day than its start",
            "Swap or correct --from and --to; --to is the day after the last.",
        )
    return replace(site, period=period)


def _day(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InputError(
            f"{text!r} was given as a day", "a day is written 2024-07-01", "Correct --from or --to."
        ) from None


def refuse_errors(site: Site) -> None:
    """Stop where ``megawatt check`` would name errors, and name them all."""
    errors = tuple(one.as_error() for one in check(site) if one.severity == "error")
    if errors:
        raise SiteFileError(errors)


def expectation(site: Site, separable: bool, seconds: float) -> str:
    """How long it will take, said before it is taken."""
    n = site.grid().n
    if separable:
        return f"{site.connection.name}: {n:,} intervals, exact path; about {2 + n / 15_000:.0f} s."
    first = "" if compiled() else " Before that, this once, it compiles: half a minute."
    return (
        f"{site.connection.name}: {n:,} intervals, coupled loads: exact recursions, then the general solver; about "
        f"{seconds:g} s for the optimum and as long for the next megawatts (--seconds), and some for one trial of a long period."
        + first
    )


def more_time(decision: Decision, seconds: float) -> str:
    """What a longer search would do; empty where nothing is left open."""
    plan = decision.plan
    if decision.case.problem.separable or (plan.gap is not None and plan.gap <= Effort().relative_gap):
        return ""
    open_mw = sum(not one.resolved for one in decision.next_mw)
    left = f" and {open_mw} of {len(decision.next_mw)} next megawatts" if open_mw else ""
    return (
        f"{seconds:g} s leave the gap{left} open: with --seconds {LONGER * seconds:g} the plan may be better, the bound "
        "lower, and fewer of the values unresolved."
    )


def walking(case: Case) -> str:
    """How long forecasts take to be walked beside; empty where prices are modelled and none is."""
    if case.price.provenance.modelled:
        return ""
    peaks = (
        any(one.kind == "coincident" for one in case.site.charges) and f"load/{case.site.connection.zone}" in case.data
    )
    seconds = 3 + case.problem.grid.n / 10_000 + 10 * peaks
    return f" Forecasts are walked beside: up to {seconds:.0f} s more."
