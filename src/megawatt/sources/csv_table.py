"""A CSV file with a header line, read strictly: every complaint names file, line, column, rule and remedy.

UTF-8, comma, one header line, an empty cell is a missing value. ``nan``, ``inf``, ``1_000`` and ``1,000`` are no numbers.
All cells are held as text, which is right for the files of a market or an archive; a user's own table of any length is
read in chunks by `megawatt.sources.table`.
"""

import csv
import datetime as dt
import hashlib
import io
import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.core.timegrid import Times, utc
from megawatt.core.units import Unit
from megawatt.sources.text_file import missing_column, not_utf8, refuse_binary, unreadable

MAX_BYTES = 64 * 2**20
"""Largest file that is read [bytes]: a century of hourly rows. More is a mistake, or wants to be cut by year."""

PLAUSIBLE: Mapping[Unit, tuple[float, float]] = {
    # ERCOT's cap was 9,000 USD/MWh until 2022 and adders may come on top; Europe's harmonised cap is 5,000 EUR/MWh.
    Unit.USD_PER_MWH: (-2_000.0, 20_000.0),
    Unit.EUR_PER_MWH: (-2_000.0, 20_000.0),
    Unit.USD_PER_MW_H: (-100.0, 20_000.0),
    Unit.MW: (-10_000.0, 1_000_000.0),
    Unit.CELSIUS: (-60.0, 60.0),
    Unit.USD_PER_BTC: (0.01, 1e8),  # the first trades were at a few cents
    Unit.BTC: (0.0, 21e6),  # there are no more
    Unit.DIFFICULTY: (1.0, 1e18),  # the smallest one is 1 by definition
    Unit.TH_PER_S: (1e-6, 1e12),  # one processor in 2009 made a few MH/s; 1e9 TH/s is a zettahash
    Unit.BTC_PER_BLOCK: (0.0, 1_000.0),
    Unit.COUNT: (0.0, 1e12),
}
"""Values outside are taken for a wrong unit (cents, kW, Fahrenheit, EH/s) and refused."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True, slots=True)
class CsvTable:
    """The cells of a file.

    Attributes:
        name: Name of the file, for messages and provenance.
        columns: Names in the header line.
        rows: Cells of each row, as many as there are columns.
        lines: Line of the file on which each row ends, counted from 1.
        sha256: Hash of the file's bytes.
    """

    name: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    sha256: str

    @classmethod
    def read(cls, path: str | Path, required: Sequence[str] = ()) -> "CsvTable":
        """Read a file that must have the columns ``required``; further columns are allowed.

        Raises:
            InputError: The file is absent, empty, too large, no UTF-8 text, lacks a column or names one twice, or a row
                has another number of cells.
        """
        path = Path(path)
        try:
            size = path.stat().st_size
            if size > MAX_BYTES:
                raise InputError(
                    f"a file of {size / 2**20:.0f} MB",
                    f"at most {MAX_BYTES // 2**20} MB are read at once",
                    "Cut it into one file per year, or import it as a table, which is read in parts.",
                    path.name,
                )
            raw = path.read_bytes()
        except OSError as error:
            raise unreadable(error, path) from None
        records = _records(path.name, raw)
        columns = records[0][1]
        _check_columns(path.name, columns, required)
        for line, row in records[1:]:
            if len(row) != len(columns):
                raise InputError(
                    f"a row of {len(row)} cells",
                    f"the header line names {len(columns)}",
                    "Check commas and quotes of that line.",
                    f"{path.name} line {line}",
                )
        lines, rows = zip(*records[1:], strict=True)
        return cls(path.name, columns, rows, lines, hashlib.sha256(raw).hexdigest())

    def place(self, row: int, column: str = "") -> str:
        """Where a row or its cell stands: file, line and column."""
        return f"{self.name} line {self.lines[row]}" + (f", column {column}" if column else "")

    def text(self, column: str) -> list[str]:
        """The cells of a column as they stand; empty where missing."""
        at = self.columns.index(column)
        return [row[at] for row in self.rows]

    def numbers(
        self, column: str, unit: Unit | None = None, *, least: float = -math.inf, most: float = math.inf
    ) -> Floats:
        """The cells of a column as numbers; NaN where the cell is empty.

        Args:
            column: Name of the column.
            unit: Its unit, whose plausible values (`PLAUSIBLE`) are limits too.
            least: Smallest value allowed.
            most: Largest value allowed.

        Raises:
            InputError: A cell is no finite number or outside the limits.
        """
        low, high = PLAUSIBLE.get(unit, (-math.inf, math.inf)) if unit else (-math.inf, math.inf)
        low, high = max(low, least), min(high, most)
        out = np.full(len(self.rows), np.nan)
        for i, cell in enumerate(self.text(column)):
            if not cell:
                continue
            if not _NUMBER.fullmatch(cell) or math.isinf(float(cell)):
                raise InputError(
                    f"{cell[:40]!r}",
                    "the cell is a finite number",
                    "Write digits with a decimal point, or leave it empty for a missing value.",
                    self.place(i, column),
                )
            out[i] = float(cell)
            if not low <= out[i] <= high:
                named = f" {unit.value}" if unit else ""
                raise InputError(
                    f"{cell[:40]}{named}",
                    f"the number is {_between(low, high)}{named}",
                    "Check its sign and the unit of the column.",
                    self.place(i, column),
                )
        return out

    def integers(self, column: str) -> list[int]:
        """The cells of a column as whole numbers from 0; none may be missing."""
        for i, cell in enumerate(self.text(column)):
            if not (cell.isascii() and cell.isdigit() and len(cell) <= 18):
                raise InputError(
                    f"{cell[:40]!r}", "the cell is a whole number", "Write up to 18 digits.", self.place(i, column)
                )
        return [int(cell) for cell in self.text(column)]

    def times(self, column: str) -> Times:
        """The cells of a column as instants; each states its zone or is a plain UTC date ``2024-04-20``."""
        out = np.empty(len(self.rows), dtype="datetime64[s]")
        for i, cell in enumerate(self.text(column)):
            try:
                out[i] = utc(f"{cell}T00:00Z" if re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell, re.ASCII) else cell)
            except InputError as error:
                raise InputError(error.value, error.rule, error.remedy, self.place(i, column)) from None
        return out

    def wall_times(self, column: str, *, like: str) -> Times:
        """The cells of a column as readings of a clock without a zone.

        Args:
            column: Name of the column.
            like: How they are written, for example ``2024-07-01T00:00``.
        """
        shape = re.compile(re.sub(r"\d", r"\\d", like), re.ASCII)
        out = np.empty(len(self.rows), dtype="datetime64[s]")
        for i, cell in enumerate(self.text(column)):
            time = _on_the_calendar(cell) if shape.fullmatch(cell) else None
            if time is None:
                raise InputError(
                    f"{column} is {cell[:40]!r}",
                    f"it is on the calendar and written like {like}, without an offset",
                    f"Write {like}.",
                    self.place(i, column),
                )
            out[i] = time
        return out


def month_start(text: str) -> dt.date | None:
    """First day of a month written ``2024-04``; None when the text is none."""
    match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text, re.ASCII)
    return dt.date(int(match[1]), int(match[2]), 1) if match else None


def _on_the_calendar(text: str) -> dt.datetime | None:
    try:
        return dt.datetime.fromisoformat(text)
    except ValueError:
        return None


def _records(name: str, raw: bytes) -> list[tuple[int, tuple[str, ...]]]:
    """Line number and cells of every line that is not blank, header first."""
    refuse_binary(raw[:65_536], name)
    try:
        text = raw.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = raw.count(b"\n", 0, error.start) + 1
        raise not_utf8(raw[error.start], f"{name} line {line}") from None
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    records: list[tuple[int, tuple[str, ...]]] = []
    try:
        records.extend((reader.line_num, tuple(cell.strip() for cell in row)) for row in reader if row)
    except csv.Error as error:
        raise InputError(
            f"text that is no CSV ({error})",
            "cells are separated by commas",
            "Check the quotes of that line.",
            f"{name} line {reader.line_num}",
        ) from None
    if len(records) < 2:
        found = "blank lines only" if not records else "a header without rows"
        raise InputError(found, "a table has a header and rows", "Export or download the file again.", name)
    return records


def _check_columns(name: str, columns: tuple[str, ...], required: Sequence[str]) -> None:
    for column in columns:
        if columns.count(column) > 1:
            raise InputError(
                f"two columns named {column!r}", "a name stands once", "Rename one of them.", f"{name} line 1"
            )
    for column in required:
        if column not in columns:
            raise missing_column(column, columns, f"{name} line 1")


def _between(low: float, high: float) -> str:
    if math.isinf(high):
        return f"at least {low:g}"
    return f"at most {high:g}" if math.isinf(low) else f"between {low:g} and {high:g}"
