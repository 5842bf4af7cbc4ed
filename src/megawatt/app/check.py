"""``megawatt check``: every problem of a site file, in words or as JSON."""

import json
from pathlib import Path

import typer

from megawatt.core.errors import InputError
from megawatt.site.check import check
from megawatt.site.check_power import firm_meter_mw, hall_meter_mw
from megawatt.site.faults import SiteFileError
from megawatt.site.finding import Finding
from megawatt.site.read import Site

SCHEMA = "megawatt/check/1"

SEEN_BEFORE = frozenset({"firm_load_fits", "batch_fits"})
"""Errors that a conflict explains further; with any other the halls cannot be put together."""


def check_site(path: Path, *, as_json: bool) -> int:
    """Print the findings; 0 when there is no error among them, else 1, and 2 when the file cannot be read at all.

    Raises:
        SiteFileError: The file's form is wrong, and not ``as_json``; nothing else can be checked then.
    """
    try:
        site = Site.read(path)
    except SiteFileError as error:
        if not as_json:
            raise
        _print_json(None, [{"severity": "error", "check": "form", **_parts(one)} for one in error.problems])
        return 2
    findings = check(site)
    if (found := _conflict(site, findings)) is not None:
        findings.append(found)
    errors = sum(f.severity == "error" for f in findings)
    if as_json:
        rows = [{"severity": f.severity, "check": f.check, **_parts(f)} for f in findings]
        _print_json(site.connection.name, rows)
        return int(errors > 0)
    for f in findings:
        typer.echo(f"{f.severity}: {f.place}: {f.value}\n  rule: {f.rule}\n  do:   {f.remedy}")
    warnings = len(findings) - errors
    typer.echo(f"{path}: {errors} errors, {warnings} warnings." if findings else f"{path}: no findings.")
    return int(errors > 0)


def _conflict(site: Site, findings: list[Finding]) -> Finding | None:
    """The limits of the site that cannot hold together; the solver is asked only where all halls together pass the limit."""
    if any(f.severity == "error" and f.check not in SEEN_BEFORE for f in findings):
        return None
    batch = sum(hall_meter_mw(site, hall) for hall in site.halls if hall.kind == "batch")
    if firm_meter_mw(site) + batch <= site.connection.meter_limit_mw:
        return None
    from megawatt.app.feasibility import conflict_of  # noqa: PLC0415

    return conflict_of(site)


def _parts(one: Finding | InputError) -> dict[str, str | None]:
    return {"place": one.place, "value": one.value, "rule": one.rule, "remedy": one.remedy}


def _print_json(site: str | None, rows: list[dict[str, str | None]]) -> None:
    typer.echo(json.dumps({"schema": SCHEMA, "site": site, "findings": rows}, indent=2))
