"""What the pages on markets share: signed changes, intervals, p-values, and what was read."""

import datetime as dt

from rich.console import Console
from rich.table import Table as Terminal

from megawatt.app import words
from megawatt.app.markets.files import MarketFiles
from megawatt.app.report.brief import Section
from megawatt.app.report.table import Column, Row, Table
from megawatt.core.errors import InputError

NO_FLOWS = "Prices show no flows: every sale is a purchase. Whether money moved from one group to another cannot be read from them."


def signed(fraction: float, digits: int = 3) -> str:
    """A change as ``+12.4 %``."""
    return ("+" if fraction > 0 else "") + words.percent(fraction, digits)


def interval(triple: tuple[float, float, float] | None) -> str:
    """A slope as ``1.32 (1.14 to 1.49)``."""
    if triple is None:
        return words.NONE
    value, low, high = (f"{one:.2f}".replace("-", words.MINUS) for one in triple)
    return f"{value} ({low} to {high})"


def p_value(p: float) -> str:
    """A p-value as people write it."""
    return "below 0.001" if p < 0.001 else f"{p:.3f}"


def source_line(files: MarketFiles, when: str) -> str:
    """Source and date under a picture."""
    return f"Sources: {'; '.join(name for name, _ in files.sources)}; {when}; daily closes, coins at 24:00 UTC, shares at the session's end."


def data_section(files: MarketFiles, notes: tuple[str, ...] = ()) -> Section:
    """Files with their hashes, and what they lack."""
    columns = (Column("File", text=True), Column("SHA-256", text=True))
    table = Table("Files read", columns, tuple(Row((name, sha)) for name, sha in files.sources))
    return Section(
        "Data",
        tables=(table,),
        items=(*files.notes, *notes),
        paragraphs=(
            "What the files lack or change is named below; nothing is filled in. Nothing here is investment advice.",
        ),
    )


def checked_day(text: str) -> str:
    """A day as it is written.

    Raises:
        InputError: It is no day.
    """
    try:
        return str(dt.date.fromisoformat(text))
    except ValueError:
        raise InputError(f"{text!r} was given as a day", "a day is written 2024-06-19", "Correct it.") from None


def terminal_table(table: Table) -> str:
    """A table of the page for a terminal."""
    made = Terminal(
        title=table.caption, title_justify="left", title_style="", box=None, pad_edge=False, header_style="dim"
    )
    for column in table.columns:
        head = f"{column.name}, {column.unit}" if column.unit else column.name
        made.add_column(head, justify="left" if column.text else "right")
    for row in table.rows:
        made.add_row(*row.cells)
    console = Console()
    with console.capture() as captured:
        console.print(made)
    return captured.get().rstrip()
