"""A strict CSV table: text columns with their place in the file, and numbers that say where they are wrong.

A reader of market files must not guess. `Table` keeps the line of every row, so that each error names the file, the
line and the column; what is missing is an empty field and nothing else.
"""

import csv
import hashlib
import io
import re
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.units import Unit

Floats = NDArray[np.float64]

MAX_BYTES = 64 * 2**20
"""Largest file that is read [bytes]: a century of hourly rows. More is a mistake, or wants to be cut by year."""

NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d{1,2})?")

PLAUSIBLE: dict[Unit, tuple[float, float]] = {
    # ERCOT's cap was 9,000 USD/MWh until 2022 and adders may come on top; Europe's harmonised cap is 5,000 EUR/MWh.
    Unit.USD_PER_MWH: (-2_000.0, 20_000.0),
    Unit.EUR_PER_MWH: (-2_000.0, 20_000.0),
    Unit.USD_PER_MW_H: (-100.0, 20_000.0),
    Unit.MW: (-10_000.0, 1_000_000.0),
    Unit.CELSIUS: (-60.0, 60.0),
}
"""Values outside are taken for a wrong unit (cents, kW, Fahrenheit) and refused."""


@dataclass(frozen=True, slots=True)
class Table:
    """A CSV file as text.

    Attributes:
        name: File name, for messages.
        header: Column names.
        rows: One tuple of fields per row.
        lines: Line number of each row in the file.
        sha256: Hash of the file's bytes.
    """

    name: str
    header: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    lines: tuple[int, ...]
    sha256: str

    def column(self, name: str) -> list[str]:
        """The fields of one column."""
        at = self.header.index(name)
        return [row[at] for row in self.rows]

    def field(self, row: int, column: str) -> str:
        """One field."""
        return self.rows[row][self.header.index(column)]

    def place(self, row: int, column: str) -> str:
        """File, line and column of a field, for messages."""
        return f"{self.name} line {self.lines[row]}, column {column}"

    def numbers(self, column: str, unit: Unit) -> Floats:
        """One column as numbers, shape (rows,); an empty field is NaN.

        Raises:
            InputError: A field is not a plain number, or not plausible in its unit.
        """
        fields = self.column(column)
        for row, field in enumerate(fields):
            if field and not NUMBER.fullmatch(field):
                raise InputError(
                    f"{field!r} stands for a number",
                    "a number is written in digits with a point, a missing value is empty",
                    "Write the number, or leave the field empty.",
                    self.place(row, column),
                )
        values = np.array([float(field) if field else np.nan for field in fields])
        low, high = PLAUSIBLE[unit]
        wrong = np.flatnonzero((values < low) | (values > high))
        if wrong.size:
            row = int(wrong[0])
            raise InputError(
                f"{fields[row]} {unit.value}",
                f"plausible values lie between {low:g} and {high:g} {unit.value}",
                "Check the unit of the column (USD/MWh, MW, °C).",
                self.place(row, column),
            )
        return values


def read_table(path: str | Path) -> Table:
    """Read a CSV file of UTF-8 text with one header line.

    Raises:
        InputError: The file is absent, empty, too large, not UTF-8, has no rows, a repeated column or a ragged row.
    """
    path = Path(path)
    if not path.is_file():
        raise InputError(f"{path} was given as a data file", "there is no such file", "Check the path.")
    if path.stat().st_size > MAX_BYTES:
        raise InputError(
            f"a file of {path.stat().st_size / 2**20:.0f} MB",
            f"at most {MAX_BYTES // 2**20} MB are read at once",
            "Cut it into one file per year.",
            path.name,
        )
    data = path.read_bytes()
    records = _records(path.name, data)
    header = tuple(field.strip() for field in records[0][1])
    for field in header:
        if header.count(field) > 1:
            raise InputError(
                f"the column {field!r} stands twice", "a name stands for one column", "Rename one.", path.name
            )
    for line, row in records[1:]:
        if len(row) != len(header):
            raise InputError(
                f"a row of {len(row)} fields",
                f"the header has {len(header)} columns",
                "Complete the row.",
                f"{path.name} line {line}",
            )
    rows = tuple(tuple(field.strip() for field in row) for _, row in records[1:])
    return Table(path.name, header, rows, tuple(line for line, _ in records[1:]), hashlib.sha256(data).hexdigest())


def _records(name: str, data: bytes) -> list[tuple[int, Sequence[str]]]:
    """Line number and fields of every line that is not blank, header first."""
    try:
        text = data.decode("utf-8-sig")
        reader = csv.reader(io.StringIO(text, newline=""), strict=True)
        records: list[tuple[int, Sequence[str]]] = [(reader.line_num, row) for row in reader if row]
    except UnicodeDecodeError as error:
        raise InputError(
            f"byte {error.start} is {data[error.start]:#04x}",
            "the file is UTF-8 text",
            "Save it as CSV in UTF-8 (a spreadsheet or a compressed file is not text).",
            name,
        ) from None
    except csv.Error as error:
        raise InputError(f"{error}", "the file is plain CSV", "Check its quotes.", name) from None
    if len(records) < 2:
        found = "no line" if not records else "a header and no row"
        raise InputError(f"the file has {found}", "it holds a header line and rows", "Export it again.", name)
    return records
