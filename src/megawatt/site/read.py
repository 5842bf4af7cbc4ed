"""The site file as an object. `Site.read` is the one place of the package that opens a file."""

import hashlib
import re
import tomllib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path as FilePath
from typing import Any, Self

from pydantic import ValidationError

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid
from megawatt.site.charge import Charge
from megawatt.site.connection import Connection, DataChoice, Period, Pue
from megawatt.site.contract import Contract
from megawatt.site.debt import Loan
from megawatt.site.energy import EnergyBlock
from megawatt.site.faults import SiteFileError, faults, shown, suggestion, toml
from megawatt.site.field import Table
from megawatt.site.finance import Finance
from megawatt.site.fleet import Fleet
from megawatt.site.hall import Hall
from megawatt.site.lines import Lines, Path
from megawatt.site.programme import Programme
from megawatt.site.tables import SCHEMA, TABLES, Place
from megawatt.site.treasury import Forward, Treasury

LARGEST_BYTES = 1_000_000
"""A site file is written by hand; a larger file is something else, such as a price table."""

_TOML_REMEDIES = {
    "Cannot overwrite a value": "Remove one of the two: a key stands once in a table.",
    "Cannot declare": "Remove one of the two headers, or write [[...]] where several are allowed.",
    "Invalid date": "Write a day that exists, for example 2024-06-30.",
    "Illegal character '\\n'": "Close the quotation mark.",
    "Invalid value": "Put text in quotation marks; numbers, dates, true and false stand without.",
    "Expected newline": "End the line after the value: numbers have no unit, text stands in quotation marks.",
    "Expected '='": "Write key = value.",
}
"""What to do about the messages of `tomllib`."""

START_AFRESH = "Start from an example: megawatt init texas-mine"


@dataclass(frozen=True, slots=True, kw_only=True)
class Site:
    """Everything an operator states about a site; one attribute per table of the file.

    ``dataclasses.replace`` makes a variant, for example with a megawatt more of connection.

    Attributes:
        connection: ``[site]``.
        period: ``[period]``.
        data: ``[data]``.
        pue: ``[pue]``.
        fleets: All ``[[fleet]]``.
        halls: All ``[[hall]]``.
        contracts: All ``[[contract]]``.
        energies: All ``[[energy]]``.
        charges: All ``[[charge]]``.
        programmes: All ``[[programme]]``.
        finance: ``[finance]``.
        debt: ``[debt]``.
        treasury: ``[treasury]``; None: nobody asks about cash.
        forwards: All ``[[forward]]``.
        place: Name of the file or text it was read from.
        sha256: Hash of the text it was read from; empty when it was built in Python.
        lines: Line numbers of its keys.
    """

    connection: Connection
    period: Period
    data: DataChoice = field(default_factory=DataChoice)
    pue: Pue = field(default_factory=Pue)
    fleets: tuple[Fleet, ...] = ()
    halls: tuple[Hall, ...] = ()
    contracts: tuple[Contract, ...] = ()
    energies: tuple[EnergyBlock, ...] = ()
    charges: tuple[Charge, ...] = ()
    programmes: tuple[Programme, ...] = ()
    finance: Finance = field(default_factory=Finance)
    debt: Loan = field(default_factory=Loan)
    treasury: Treasury | None = None
    forwards: tuple[Forward, ...] = ()
    place: str = "site built in Python"
    sha256: str = ""
    lines: Lines = field(default_factory=lambda: Lines(""), compare=False, repr=False)

    @classmethod
    def read(cls, path: str | FilePath) -> Self:
        """Read a site file.

        Raises:
            SiteFileError: With every problem of the file's form in ``problems``.
        """
        file = FilePath(path)
        return cls.from_bytes(content_of(file, "the site file", START_AFRESH), file.name)

    @classmethod
    def from_bytes(cls, content: bytes, place: str) -> Self:
        """Read the bytes of a site file; ``place`` is the name shown in errors."""
        remedy = "Import series with 'megawatt data import', and give the site file here."
        return cls.from_text(text_of(content, place, "a site file", remedy), place)

    @classmethod
    def from_text(cls, text: str, place: str = "site text") -> Self:
        """Read the text of a site file; ``place`` is the name shown in errors.

        Raises:
            SiteFileError: With every problem of the text's form in ``problems``.
        """
        attributes, lines = tables_of(text, place, SCHEMA, TABLES, "a site", START_AFRESH)
        digest = hashlib.sha256(text.encode()).hexdigest()
        return cls(**attributes, place=place, sha256=digest, lines=lines)

    def where(self, *path: str | int) -> str:
        """Words for a place in the file: ``site.where("hall", 1, "kind")`` gives file, line, table and key."""
        attribute = getattr(self, TABLES[str(path[0])].attribute) if path and path[0] in TABLES else ()
        label = ""
        if len(path) > 1 and isinstance(path[1], int) and isinstance(attribute, tuple):
            label = attribute[path[1]].name
        return _words(path, self.lines, self.place, TABLES, label)

    def grid(self) -> TimeGrid:
        """The intervals of the period."""
        return TimeGrid.of_local_days(
            self.period.start,
            self.period.end,
            timezone=self.connection.timezone,
            step_minutes=self.connection.interval_minutes,
        )

    def contract(self, name: str) -> Contract:
        """The contract of that name.

        Raises:
            InputError: No contract has the name.
        """
        for one in self.contracts:
            if one.name == name:
                return one
        raise InputError(
            f"the contract {name!r}",
            "no [[contract]] of the site has that name",
            suggestion(name, [one.name for one in self.contracts]) if self.contracts else "Add a [[contract]].",
            self.place,
        )


def content_of(file: FilePath, what: str, afresh: str) -> bytes:
    """The bytes of a hand-written file, at most one more than are read.

    Raises:
        SiteFileError: It cannot be read.
    """
    try:
        with file.open("rb") as stream:
            return stream.read(LARGEST_BYTES + 1)
    except OSError as error:
        raise _refused(f"{what} {file}", f"it cannot be read: {error.strerror}", afresh, file.name) from None


def text_of(content: bytes, place: str, what: str, too_large: str) -> str:
    """The text of a hand-written file.

    Raises:
        SiteFileError: It is too large, or no UTF-8.
    """
    if len(content) > LARGEST_BYTES:
        rule = f"{what} is written by hand and smaller"
        raise _refused(f"the file has more than {LARGEST_BYTES:,} bytes", rule, too_large, place)
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = content[: error.start].count(b"\n") + 1
        byte = f"the byte 0x{content[error.start]:02x}"
        raise _refused(byte, "it is no UTF-8 text", "Save the file as UTF-8.", f"{place} line {line}") from None


def tables_of(
    text: str, place: str, schema: str, tables: Mapping[str, Place], what: str, afresh: str
) -> tuple[dict[str, Any], Lines]:
    """The tables of a text as attributes, and where its keys stand; the one reader of every hand-written file.

    Args:
        text: TOML.
        place: Name of the file, for errors.
        schema: The schema that its first line must state.
        tables: The tables it may hold, by their name there.
        what: What it describes: ``"a site"``.
        afresh: What to do when hardly anything of it is right.

    Raises:
        SiteFileError: With every problem of the text's form in ``problems``, in the order of the file.
    """
    reading = _Reading(text, place, schema, tables, what, afresh)
    attributes = reading.attributes()
    if reading.problems:
        raise SiteFileError(tuple(one for _, one in sorted(reading.problems, key=lambda pair: pair[0])))
    return attributes, reading.lines


def _refused(value: str, rule: str, remedy: str, place: str) -> SiteFileError:
    return SiteFileError((InputError(value, rule, remedy, place),))


def _parsed(text: str, place: str, what: str, afresh: str) -> dict[str, Any]:
    if not text.strip():
        raise _refused(f"the {what.rsplit(maxsplit=1)[-1]} file is empty", f"it describes {what}", afresh, place)
    try:
        return tomllib.loads(text)
    except RecursionError:
        raise _refused("brackets are nested too deeply", "no table needs that", afresh, place) from None
    except ValueError as error:
        raise _not_toml(str(error), text, place, afresh) from None


def _not_toml(message: str, text: str, place: str, afresh: str) -> SiteFileError:
    at = re.search(r"\s*\(at line (\d+), column (\d+)\)", message)
    if at is None:
        return _refused("the text is not TOML", message.rstrip("."), afresh, place)
    line = text.split("\n")[int(at.group(1)) - 1].strip()
    rule = f"it is not TOML: {message[0].lower()}{message[1 : at.start()]}"
    remedy = next((remedy for part, remedy in _TOML_REMEDIES.items() if part in message), "Correct that line.")
    return _refused(f"the line {line[:60]!r}", rule, remedy, f"{place} line {at.group(1)}, column {at.group(2)}")


class _Reading:
    """One pass over a document that keeps every problem it meets."""

    def __init__(self, text: str, place: str, schema: str, tables: Mapping[str, Place], what: str, afresh: str) -> None:
        self.place, self.schema, self.tables, self.what, self.afresh = place, schema, tables, what, afresh
        self.document = _parsed(text, place, what, afresh)
        self.lines = Lines(text)
        self.problems: list[tuple[int, InputError]] = []

    def attributes(self) -> dict[str, Any]:
        """The tables by the name of their attribute; those with problems are left out."""
        self._top()
        found: dict[str, Any] = {}
        for name, one in self.tables.items():
            built = [self._built(one.table, path, row) for path, row in self._rows(name, many=one.many)]
            if one.many:
                found[one.attribute] = tuple(built)
            elif built:
                found[one.attribute] = built[0]
        return found

    def _problem(self, path: Path, value: str, rule: str, remedy: str, label: Any = "") -> None:
        error = InputError(value, rule, remedy, _words(path, self.lines, self.place, self.tables, label))
        self.problems.append((self.lines.of(path) or 0, error))

    def _top(self) -> None:
        schema = self.document.get("schema")
        if schema != self.schema:
            value = "schema is missing" if schema is None else f"schema = {shown(schema)}"
            self._problem(
                ("schema",),
                value,
                "this version reads one schema",
                f"Write as first line: schema = {toml(self.schema)}",
            )
        known = ["schema", *self.tables]
        for name in self.document:
            if name not in known:
                self._problem((name,), f"the table or key {shown(name)}", "it is unknown", suggestion(name, known))
        for name, one in self.tables.items():
            if one.required and name not in self.document:
                self._problem(
                    (),
                    f"the table [{name}] is missing",
                    f"every {self.what.split()[-1]} needs it",
                    f"Add [{name}]. {self.afresh}",
                )

    def _rows(self, name: str, *, many: bool) -> list[tuple[Path, Any]]:
        """The tables of one name, each with its path; a table written with the wrong brackets is a problem."""
        if name not in self.document:
            return []
        given = self.document[name]
        if many and isinstance(given, list):
            return [((name, number), row) for number, row in enumerate(given)]
        if not many and isinstance(given, dict):
            return [((name,), given)]
        header = f"[[{name}]]" if many else f"[{name}]"
        what = "a table" if isinstance(given, dict) else "a list" if isinstance(given, list) else shown(given)
        self._problem(
            (name,),
            f"{name} is {what}",
            f"it is written as {header}",
            f"Write the header {header}, and its keys below.",
        )
        return []

    def _built(self, table: type[Table], path: Path, row: Any) -> Table | None:
        label = row.get("name", "") if isinstance(row, dict) and len(path) > 1 else ""
        try:
            return table.model_validate(_frozen(row))
        except ValidationError as error:
            for inside, found in faults(error, table):
                self._problem((*path, *inside), found.value, found.rule, found.remedy, label)
            return None


def _frozen(value: Any) -> Any:
    """Lists of TOML as tuples, at any depth, because tables are immutable."""
    if isinstance(value, list):
        return tuple(_frozen(one) for one in value)
    if isinstance(value, dict):
        return {key: _frozen(one) for key, one in value.items()}
    return value


def _words(path: Path, lines: Lines, place: str, tables: Mapping[str, Place], label: Any = "") -> str:
    """``texas-mine.toml line 41, [[hall]] 2 'batch', restart_usd``."""
    number = lines.of(path)
    parts = [f"{place} line {number}" if number else place]
    if path and path[0] in tables:
        if len(path) > 1 and isinstance(path[1], int):
            parts.append(
                f"[[{path[0]}]] {path[1] + 1}" + (f" {label[:40]!r}" if isinstance(label, str) and label else "")
            )
            path = path[2:]
        else:
            parts.append(f"[{path[0]}]")
            path = path[1:]
    key = "".join(f"[{part + 1}]" if isinstance(part, int) else f".{part}" for part in path).removeprefix(".")
    key = key if key.isprintable() and len(key) < 80 else shown(key)
    return ", ".join([*parts, key]) if key else ", ".join(parts)
