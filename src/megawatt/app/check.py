"""``megawatt check``: every problem of a site file, in words or as JSON."""

import json
from pathlib import Path

import typer

from megawatt.site.check import check
from megawatt.site.read import Site

SCHEMA = "megawatt/check/1"


def check_site(path: Path, *, as_json: bool) -> int:
    """Print the findings; 0 when there is no error among them, else 1.

    Raises:
        SiteFileError: The file's form is wrong; nothing else can be checked then.
    """
    site = Site.read(path)
    findings = check(site)
    errors = sum(f.severity == "error" for f in findings)
    if as_json:
        rows = [
            {key: getattr(f, key) for key in ("severity", "check", "place", "value", "rule", "remedy")}
            for f in findings
        ]
        typer.echo(json.dumps({"schema": SCHEMA, "site": site.connection.name, "findings": rows}, indent=2))
        return int(errors > 0)
    for f in findings:
        typer.echo(f"{f.severity}: {f.place}: {f.value}\n  rule: {f.rule}\n  do:   {f.remedy}")
    warnings = len(findings) - errors
    typer.echo(f"{path}: {errors} errors, {warnings} warnings." if findings else f"{path}: no findings.")
    return int(errors > 0)
