"""What `megawatt invest` writes beside its answer: the page and the workbook."""

from pathlib import Path

from megawatt.app.files import refuse_target
from megawatt.app.invest_workbook import write_invest_workbook
from megawatt.app.investment import Investment
from megawatt.app.workbook import refuse_without_spreadsheets


def refuse_files(report: Path | None, xlsx: Path | None) -> None:
    """Raise where a file cannot be written: asked before long work."""
    for target in (report, xlsx):
        if target:
            refuse_target(target)
    if xlsx:
        refuse_without_spreadsheets()


def write_files(one: Investment, report: Path | None, xlsx: Path | None, *, seed: int) -> None:
    """Write those that were asked for."""
    if xlsx:
        write_invest_workbook(one, xlsx)
    if report:
        from megawatt.app.invest_page import write_invest_report  # noqa: PLC0415  # charts, only when asked for

        write_invest_report(one, report, seed=seed)
