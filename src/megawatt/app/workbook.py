"""Workbooks whose formulas are alive: sheets are filled row by row, names that a user wrote are text and nothing else.

A formula is a type of its own (`Formula`). Whatever comes from a file is written as text, also where it starts with ``=``, ``+``,
``-`` or ``@``: a workbook runs what it takes for a formula, and a deal file may come from a stranger. Sheets are never named after
anything that a user wrote.
"""

import importlib
import io
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from megawatt.app.files import write_bytes
from megawatt.core.errors import InputError, MissingExtraError

MONEY, COUNT, FACTOR, PER_SHARE = "#,##0", "#,##0.####", "0.000000", "0.0000"
"""Number formats: dollars, plain amounts, factors, dollars a share."""


@dataclass(frozen=True, slots=True)
class Formula:
    """What a cell computes, without the equals sign."""

    text: str


Cell = Formula | str | float | None


@dataclass(frozen=True, slots=True)
class Line:
    """A row.

    Attributes:
        cells: From the first column on.
        look: ``title``, ``head``, ``input`` (the second cell may be changed), ``sum``, ``note`` or nothing.
        formats: Number format of each cell, the last one for the rest.
    """

    cells: tuple[Cell, ...]
    look: str = ""
    formats: tuple[str, ...] = ("General",)


@dataclass(slots=True)
class Sheet:
    """A sheet that grows downwards.

    Attributes:
        name: Its name, ours.
        widths: Width of each column in characters, the last one for the rest.
        lines: Its rows.
    """

    name: str
    widths: tuple[int, ...] = (34, 16)
    lines: list[Line] = field(default_factory=list)

    @property
    def next_row(self) -> int:
        """Number of the row that is added next."""
        return len(self.lines) + 1

    def add(self, *cells: Cell, look: str = "", formats: tuple[str, ...] = ("General",)) -> int:
        """Add a row; returns its number."""
        self.lines.append(Line(cells, look, formats))
        return len(self.lines)

    def at(self, column: str, row: int) -> str:
        """A cell as another sheet names it: ``Inputs!$B$4``."""
        return f"{quoted(self.name)}!${column}${row}"

    def span(self, column: str, first: int, last: int) -> str:
        """A column of cells as another sheet names it."""
        return f"{quoted(self.name)}!${column}${first}:${column}${last}"


@dataclass(slots=True)
class Inputs:
    """The sheet of inputs: one row each, the value in column B; ``ref`` names it in formulas."""

    sheet: Sheet = field(default_factory=lambda: Sheet("Inputs", (52, 18, 22, 14, 14, 14)))
    rows: dict[str, int] = field(default_factory=dict)

    def put(self, name: str, value: float, unit: str, *rest: Cell) -> None:
        """Add an input; a name stands once.

        Raises:
            InputError: Two inputs would have one name.
        """
        if name in self.rows:
            raise InputError(
                f"two inputs named {name!r}", "each has a name of its own", "Rename one of the leases or notes."
            )
        self.rows[name] = self.sheet.add(name, value, unit, *rest, look="input", formats=("General", COUNT))

    def ref(self, name: str) -> str:
        """The cell that holds an input."""
        return self.sheet.at("B", self.rows[name])


def quoted(name: str) -> str:
    """A sheet's name in a formula."""
    return f"'{name}'" if " " in name else name


def letter(column: int) -> str:
    """Name of a column, counted from 1, up to ZZ."""
    high, low = divmod(column - 1, 26)
    return (chr(64 + high) if high else "") + chr(65 + low)


def write_workbook(sheets: list[Sheet], path: Path) -> None:
    """Write the workbook; the file is there as a whole or not at all.

    Raises:
        MissingExtraError: openpyxl is not installed.
        InputError: The folder does not exist, cannot be written to, or the disk is full.
    """
    write_bytes(path, workbook_bytes(sheets))


def refuse_without_spreadsheets() -> None:
    """Raise `MissingExtraError` where no workbook can be written: asked before long work."""
    _openpyxl("openpyxl")


def workbook_bytes(sheets: list[Sheet]) -> bytes:
    """The workbook as bytes."""
    book = _openpyxl("openpyxl").Workbook()
    book.remove(book.active)
    book.calculation.fullCalcOnLoad = True  # the file holds no results: whoever opens it computes them
    for one in sheets:
        _fill(book.create_sheet(one.name), one)
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()


def _openpyxl(module: str) -> Any:
    try:
        return importlib.import_module(module)
    except ImportError:
        raise MissingExtraError.named("openpyxl", "spreadsheet", "a workbook") from None


def _fill(target: Any, sheet: Sheet) -> None:
    styles, columns = _openpyxl("openpyxl.styles"), _openpyxl("openpyxl.utils")
    looks = {
        "title": {"font": styles.Font(bold=True, size=14)},
        "head": {
            "font": styles.Font(bold=True),
            "alignment": styles.Alignment(wrap_text=True, vertical="bottom"),
            "border": styles.Border(bottom=styles.Side(style="thin")),
        },
        "sum": {"font": styles.Font(bold=True), "border": styles.Border(top=styles.Side(style="thin"))},
        "note": {"font": styles.Font(italic=True, color="5F6368")},
    }
    changeable = {"font": styles.Font(color="0072B2"), "fill": styles.PatternFill("solid", fgColor="EAF3F9")}
    for row, line in enumerate(sheet.lines, start=1):
        for column, value in enumerate(line.cells, start=1):
            cell = target.cell(row, column)
            _put(cell, value)
            cell.number_format = line.formats[min(column, len(line.formats)) - 1]
            look = looks.get(line.look, {}) if line.look != "input" else changeable if column == 2 else {}
            for name, style in look.items():
                setattr(cell, name, style)
    most = max((len(line.cells) for line in sheet.lines), default=0)
    for column in range(1, most + 1):
        letter = columns.get_column_letter(column)
        target.column_dimensions[letter].width = sheet.widths[min(column, len(sheet.widths)) - 1]
    heads = [row for row, line in enumerate(sheet.lines, start=1) if line.look == "head"]
    if len(heads) == 1:
        target.freeze_panes = f"B{heads[0] + 1}"


def _put(cell: Any, value: Cell) -> None:
    if isinstance(value, Formula):
        cell.value = f"={value.text}"
    elif isinstance(value, str):
        cell.value = value
        cell.data_type = "s"  # openpyxl would take "=..." for a formula
        cell.quotePrefix = True  # and so would the program that opens the file, once the cell is edited
    else:
        cell.value = value
