"""A table as the page shows it: a caption, columns with their units, rows whose first cell names them."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Column:
    """Head of a column.

    Attributes:
        name: What it holds.
        unit: Its unit, empty for words.
        text: Whether it holds words, which stand left; numbers stand right.
    """

    name: str
    unit: str = ""
    text: bool = False


@dataclass(frozen=True, slots=True)
class Row:
    """A row: its first cell is its head.

    Attributes:
        cells: As many as there are columns.
        mark: ``best`` for the recommended one, ``scale`` for what is shown for scale only, ``sum`` for a total.
    """

    cells: tuple[str, ...]
    mark: str = ""


@dataclass(frozen=True, slots=True)
class Table:
    """Caption, columns and rows."""

    caption: str
    columns: tuple[Column, ...]
    rows: tuple[Row, ...]
