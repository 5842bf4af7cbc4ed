"""A CSV file with a header line, read strictly: every complaint names file, line, column, rule and remedy.

UTF-8, comma, one header line, an empty cell is a missing value. ``nan``, ``inf``, ``1_000`` and ``1,000`` are no numbers.
"""

import csv
import datetime as dt
import hashlib
import io
import math
import re
from collections.abc import Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.core.timegrid import Times, utc

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?")


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
    def read(cls, path: Path, required: Sequence[str]) -> "CsvTable":
        """Read a file that must have the columns ``required``; further columns are allowed.

        Raises:
            InputError: The file is absent, empty, not UTF-8, lacks a column, or a row has another number of cells.
        """
        try:
            raw = path.read_bytes()
        except OSError as error:
            raise InputError(
                f"the file {path.name} cannot be read ({error.strerror})",
                "it is an input",
                "Check the path and its permissions.",
            ) from None
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError as error:
            line = raw.count(b"\n", 0, error.start) + 1
            raise InputError(
                f"byte 0x{raw[error.start]:02x}", "the file is UTF-8", "Save it as UTF-8.", f"{path.name} line {line}"
            ) from None
        return cls._parse(path.name, text, required, hashlib.sha256(raw).hexdigest())

    @classmethod
    def _parse(cls, name: str, text: str, required: Sequence[str], sha256: str) -> "CsvTable":
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
            found = "nothing" if not records else "a header line only"
            raise InputError(f"{name} holds {found}", "rows are expected", "Export or download the file again.")
        columns = records[0][1]
        _check_columns(name, columns, required)
        for line, row in records[1:]:
            if len(row) != len(columns):
                raise InputError(
                    f"a row of {len(row)} cells",
                    f"the header line names {len(columns)}",
                    "Check commas and quotes of that line.",
                    f"{name} line {line}",
                )
        lines, rows = zip(*records[1:], strict=True)
        return cls(name, columns, rows, lines, sha256)

    def place(self, row: int, column: str) -> str:
        """Where a cell stands: file, line and column."""
        return f"{self.name} line {self.lines[row]}, column {column}"

    def text(self, column: str) -> list[str]:
        """The cells of a column as they stand; empty where missing."""
        at = self.columns.index(column)
        return [row[at] for row in self.rows]

    def numbers(self, column: str, *, least: float = -math.inf, above: float = -math.inf) -> Floats:
        """The cells of a column as numbers; NaN where the cell is empty.

        Args:
            column: Name of the column.
            least: Smallest value allowed.
            above: Value that every number must exceed.

        Raises:
            InputError: A cell is no number or outside the limits.
        """
        out = np.full(len(self.rows), np.nan)
        for i, cell in enumerate(self.text(column)):
            if not cell:
                continue
            if not _NUMBER.fullmatch(cell):
                raise InputError(
                    f"{cell[:40]!r}",
                    "the cell is a number",
                    "Write digits with a decimal point, or leave it empty for a missing value.",
                    self.place(i, column),
                )
            out[i] = float(cell)
            if not (least <= out[i] < math.inf and out[i] > above):
                bound = f"above {above:g}" if math.isfinite(above) else f"at least {least:g}"
                raise InputError(
                    cell, f"the number is finite and {bound}", "Check its sign and unit.", self.place(i, column)
                )
        return out

    def integers(self, column: str) -> list[int]:
        """The cells of a column as whole numbers from 0; none may be missing."""
        for i, cell in enumerate(self.text(column)):
            if not (cell.isascii() and cell.isdigit() and len(cell) <= 18):
                raise InputError(
                    f"{cell!r}", "the cell is a whole number", "Write up to 18 digits.", self.place(i, column)
                )
        return [int(cell) for cell in self.text(column)]

    def times(self, column: str) -> Times:
        """The cells of a column as instants; each states its zone or is a plain UTC date ``2024-04-20``."""
        out = np.empty(len(self.rows), dtype="datetime64[s]")
        for i, cell in enumerate(self.text(column)):
            try:
                out[i] = utc(f"{cell}T00:00Z" if re.fullmatch(r"\d{4}-\d{2}-\d{2}", cell) else cell)
            except InputError as error:
                raise InputError(error.value, error.rule, error.remedy, self.place(i, column)) from None
        return out

    def steps(self, column: str, step_minutes: int) -> Times:
        """The instants of a column that must ascend on a step counted from midnight UTC; steps may be missing.

        Raises:
            InputError: An instant repeats, goes back, or lies off the step.
        """
        times = self.times(column)
        seconds = times.astype(np.int64)
        faults = (
            (seconds % (step_minutes * 60) != 0, f"it lies on a step of {step_minutes} minutes", "Cut or resample it."),
            (np.diff(seconds, prepend=seconds[0] - 1) == 0, "an instant stands once", "Remove the duplicate row."),
            (np.diff(seconds, prepend=seconds[0] - 1) < 0, "rows ascend in time", "Sort the file by time."),
        )
        for wrong, rule, remedy in faults:
            if wrong.any():
                i = int(np.argmax(wrong))
                raise InputError(f"the time {times[i]}Z", rule, remedy, self.place(i, column))
        return times


def month_start(text: str) -> dt.date | None:
    """First day of a month written ``2024-04``; None when the text is none."""
    match = re.fullmatch(r"(\d{4})-(0[1-9]|1[0-2])", text)
    return dt.date(int(match[1]), int(match[2]), 1) if match else None


def _check_columns(name: str, columns: tuple[str, ...], required: Sequence[str]) -> None:
    for column in columns:
        if columns.count(column) > 1:
            raise InputError(
                f"two columns named {column!r}", "a name stands once", "Rename one of them.", f"{name} line 1"
            )
    for column in required:
        if column not in columns:
            near = get_close_matches(column, columns, n=3, cutoff=0.5) or columns
            raise InputError(
                f"no column {column!r}",
                "the reader needs it",
                f"Rename a column to it; the file has {', '.join(near)}.",
                f"{name} line 1",
            )
