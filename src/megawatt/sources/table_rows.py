"""Rows of a user's CSV or Parquet file, in chunks, with the line each stands on.

The file is read as text, two columns of it, half a million rows at a time, so that a file of ten million rows needs
megabytes and a wrong cell is named by its line. Nothing is interpreted here but the shape of the file.
"""

import csv
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from megawatt.core.errors import InputError, MissingExtraError
from megawatt.sources.text_file import missing_column, not_utf8, refuse_binary, unreadable

CHUNK_ROWS = 500_000


@dataclass(frozen=True, slots=True)
class Chunk:
    """Some rows of a table.

    Attributes:
        lines: Shape (n,); line of the file (CSV, the header is line 1) or row number (Parquet, from 1).
        time: Shape (n,); text, or timestamps from Parquet.
        value: Shape (n,); text, or numbers from Parquet.
    """

    lines: NDArray[np.int64]
    time: pd.Series
    value: pd.Series


def rows(path: Path, time: str, value: str) -> Iterator[Chunk]:
    """The two columns of a file in chunks; blank lines are left out.

    Raises:
        InputError: The file cannot be read, is empty or no table, or a column is missing.
        MissingExtraError: It is Parquet and pyarrow is not installed.
    """
    try:
        with path.open("rb") as file:
            head = file.read(65_536)
    except OSError as error:
        raise unreadable(error, path) from None
    if head[:4] == b"PAR1":
        yield from _parquet(path, time, value)
    else:
        refuse_binary(head, str(path))
        yield from _csv(path, time, value)


def _csv(path: Path, time: str, value: str) -> Iterator[Chunk]:
    columns, delimiter = _header(path, time, value)
    places = [columns.index(time), columns.index(value), len(columns)]
    line = 2
    try:
        with pd.read_csv(
            path,
            sep=delimiter,
            header=None,
            skiprows=1,
            # One column more than the header has: a row that reaches it is a row with a stray delimiter. All columns
            # are read, because with usecols pandas passes over surplus fields in silence.
            names=list(range(len(columns) + 1)),
            dtype=str,
            keep_default_na=False,
            skip_blank_lines=False,  # keeps count of the lines
            chunksize=CHUNK_ROWS,
            encoding="utf-8-sig",
        ) as reader:
            for frame in reader:
                lines = np.arange(line, line + len(frame))
                line += len(frame)
                yield _chunk(frame, places, lines, path, delimiter)
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    except pd.errors.EmptyDataError:
        return
    except pd.errors.ParserError as error:
        raise _unparsable(str(error), path) from None


def _chunk(frame: pd.DataFrame, places: list[int], lines: NDArray[np.int64], path: Path, delimiter: str) -> Chunk:
    stray = np.flatnonzero((frame[places[2]] != "").to_numpy(dtype=bool))
    if stray.size:
        raise _too_many_fields(int(lines[stray[0]]), delimiter, path)
    time, value = (frame[place].fillna("").str.strip() for place in places[:2])
    there = ((time != "") | (value != "")).to_numpy()
    return Chunk(lines[there], time[there], value[there])


def _header(path: Path, time: str, value: str) -> tuple[list[str], str]:
    """Column names and the delimiter under which both columns are found."""
    try:
        with path.open(encoding="utf-8-sig", newline="") as file:
            line = file.readline().rstrip("\r\n")
    except UnicodeDecodeError:
        raise _not_utf8(path) from None
    found = {mark: [name.strip() for name in next(csv.reader([line], delimiter=mark), [])] for mark in ",;\t|"}
    for mark, columns in found.items():
        if time in columns and value in columns:
            return columns, mark
    columns = max(found.values(), key=len)
    missing = time if time not in columns else value
    raise missing_column(missing, columns, f"{path} line 1")


def _not_utf8(path: Path) -> InputError:
    with path.open("rb") as file:
        for number, line in enumerate(file, start=1):
            try:
                line.decode("utf-8-sig")
            except UnicodeDecodeError as error:
                return not_utf8(line[error.start], f"{path} line {number}")
    return InputError("bytes that are no text", "a table is CSV in UTF-8", "Save it as CSV in UTF-8.", str(path))


def _too_many_fields(line: int, delimiter: str, path: Path) -> InputError:
    return InputError(
        "a row with more fields than the header",
        f"{delimiter!r} parts the fields",
        "If it is a decimal comma, export with ';' between the fields and pass decimal=',' (--decimal ','); else quote the field.",
        f"{path} line {line}",
    )


def _unparsable(message: str, path: Path) -> InputError:
    fields = re.search(r"Expected \d+ fields in line (\d+)", message)
    if fields:
        return _too_many_fields(int(fields[1]), ",", path)
    quote = re.search(r"EOF inside string starting at row (\d+)", message)
    where = f"{path} line {int(quote[1]) + 1}" if quote else str(path)
    return InputError(
        "a quoted field that does not end" if quote else f"rows that are no table ({message})",
        "a quote is closed on its line",
        "Close or remove the quote, or export the file again.",
        where,
    )


def _parquet(path: Path, time: str, value: str) -> Iterator[Chunk]:
    try:
        from pyarrow import ArrowInvalid, parquet  # noqa: PLC0415  # an extra, asked for only when it is needed
    except ImportError:
        raise MissingExtraError.named("pyarrow", "parquet", f"Reading the Parquet file {path}") from None
    try:
        file = parquet.ParquetFile(path)
    except (ArrowInvalid, OSError) as error:
        raise InputError(
            f"the Parquet file cannot be read ({error})", "it is whole", "Export it again.", str(path)
        ) from None
    columns = list(file.schema_arrow.names)
    for name in (time, value):
        if name not in columns:
            raise missing_column(name, columns, str(path))
    row = 1
    for batch in file.iter_batches(batch_size=CHUNK_ROWS, columns=[time, value]):
        frame = batch.to_pandas()
        yield Chunk(np.arange(row, row + len(frame)), frame[time], frame[value])
        row += len(frame)
