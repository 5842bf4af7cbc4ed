"""What a file of data must be before a cell of it is read: readable, no archive, UTF-8, with the columns asked for.

Every reader of text asks here, so that the same mistake gets the same answer whatever the file holds.
"""

from collections.abc import Sequence
from difflib import get_close_matches
from pathlib import Path

from megawatt.core.errors import InputError

_MAGIC = (
    (b"PK\x03\x04", "an Excel workbook or zip archive", "Save the sheet as CSV (UTF-8)."),
    (b"\x1f\x8b", "a gzip archive", "Unpack it first."),
    (b"\xff\xfe", "UTF-16 text", "Save it as CSV in UTF-8."),
    (b"\xfe\xff", "UTF-16 text", "Save it as CSV in UTF-8."),
)


def unreadable(error: OSError, path: Path) -> InputError:
    """The file is absent, a folder, or closed to us."""
    return InputError(
        f"the file cannot be read ({error.strerror})",
        "a table is a readable file",
        "Check its path and permissions.",
        str(path),
    )


def refuse_binary(head: bytes, place: str) -> None:
    """Raise `InputError` where the first bytes of a file are none of a text."""
    rule = "a table is CSV in UTF-8 or Parquet"
    if not head:
        raise InputError("the file is empty (0 bytes)", "a table has a header and rows", "Export it again.", place)
    for magic, what, remedy in _MAGIC:
        if head.startswith(magic):
            raise InputError(f"the file is {what}", rule, remedy, place)
    if b"\0" in head:
        at = head.index(b"\0")
        raise InputError(f"the file is binary (a zero byte at {at})", rule, "Export it as CSV in UTF-8.", place)


def not_utf8(byte: int, place: str) -> InputError:
    """A byte that no UTF-8 text has there."""
    return InputError(f"the byte 0x{byte:02x}", "a table is CSV in UTF-8", "Save the file as CSV in UTF-8.", place)


def missing_column(name: str, columns: Sequence[str], place: str) -> InputError:
    """A column that the reader needs and the header lacks."""
    near = get_close_matches(name, columns, n=1, cutoff=0.5)
    return InputError(
        f"the column {name!r} is missing",
        f"the header has {', '.join(repr(one) for one in columns)}",
        f"Did you mean {near[0]!r}?" if near else "Rename a column, or export the file again.",
        place,
    )
