"""The local store: imported series in one SQLite file.

SQLite, because it is in the standard library, is one file, and survives a killed process: a `put` either happened or
did not. A series comes out bit for bit as it went in, and `get` proves it by its hash. A name is never overwritten
unless the caller says so.

Table ``series``: name, unit, start [s since 1970, UTC], step_minutes, n, values (float64 little-endian), known_at
(int64 little-endian, s since 1970 UTC), provenance (JSON), sha256 (`Series.sha256`).
"""

import json
import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import asdict
from difflib import get_close_matches
from pathlib import Path

import numpy as np

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit

SCHEMA_VERSION = 1
APPLICATION_ID = 0x4D575454  # "MWTT" in the file's header: a foreign SQLite file is recognised and left alone

_TABLE = """CREATE TABLE series (
    name TEXT PRIMARY KEY, unit TEXT NOT NULL, start INTEGER NOT NULL, step_minutes INTEGER NOT NULL,
    n INTEGER NOT NULL, "values" BLOB NOT NULL, known_at BLOB NOT NULL, provenance TEXT NOT NULL, sha256 TEXT NOT NULL
) STRICT"""


class Store:
    """Series by name in one file.

    A connection lives as long as one call, so a store can be handed between threads and left without closing it.
    """

    def __init__(self, path: str | Path) -> None:
        self.path = Path(path)

    def put(self, *series: Series, replace: bool = False) -> None:
        """Keep ``series``, all of them or none; putting the same one again changes nothing.

        Args:
            *series: What to keep.
            replace: Whether one may take the place of a different series of the same name.

        Raises:
            InputError: A name is taken by other values, or the file cannot be written.
        """
        with self._connection(write=True) as db:
            for one in series:
                sha256 = one.sha256()
                kept = db.execute("SELECT sha256, provenance FROM series WHERE name = ?", (one.name,)).fetchone()
                if kept is not None and kept[0] != sha256 and not replace:
                    raise self._taken(one, sha256, *kept)
                if kept is None or replace:
                    db.execute("INSERT OR REPLACE INTO series VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?)", _row(one, sha256))

    def get(self, name: str) -> Series:
        """The series of that name, exactly as it was put.

        Raises:
            InputError: There is none, or the file is damaged.
        """
        with self._connection() as db:
            row = db.execute("SELECT * FROM series WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise self._missing(name)
        return self._series(row)

    def names(self) -> list[str]:
        """Names of all series kept, in order of the alphabet."""
        with self._connection() as db:
            return [name for (name,) in db.execute("SELECT name FROM series ORDER BY name")]

    def dataset(self) -> Dataset:
        """All series kept."""
        with self._connection() as db:
            rows = db.execute("SELECT * FROM series ORDER BY name").fetchall()
        return Dataset(self._series(row) for row in rows)

    def remove(self, name: str) -> None:
        """Forget a series.

        Raises:
            InputError: There is none of that name.
        """
        with self._connection(write=True) as db:
            if db.execute("DELETE FROM series WHERE name = ?", (name,)).rowcount == 0:
                raise self._missing(name)

    def _taken(self, one: Series, sha256: str, kept_sha256: str, provenance: str) -> InputError:
        source = json.loads(provenance)["source"]
        return InputError(
            f"a series {one.name!r} from {one.provenance.source} with sha256 {sha256}",
            f"the store holds another of that name, from {source}, with sha256 {kept_sha256}",
            "Keep one: remove the old one first, pass replace=True (--replace) for the new one, or leave it out (--keep).",
            str(self.path),
        )

    def _missing(self, name: str) -> InputError:
        near = get_close_matches(name, self.names(), n=3, cutoff=0.5) or self.names()[:8]
        return InputError(
            f"the series {name!r} is needed",
            "the store does not hold it",
            f"Import it with 'megawatt data import', or use one of: {', '.join(near) or 'none'}.",
            str(self.path),
        )

    def _series(self, row: tuple[str, str, int, int, int, bytes, bytes, str, str]) -> Series:
        name, unit, start, step_minutes, n, values, known_at, provenance, sha256 = row
        try:
            series = Series(
                name=name,
                unit=Unit(unit),
                grid=TimeGrid(np.datetime64(start, "s"), step_minutes, n),
                values=np.frombuffer(values, dtype="<f8"),
                known_at=np.frombuffer(known_at, dtype="<i8").astype("datetime64[s]"),
                provenance=Provenance(**json.loads(provenance)),
            )
        except (ValueError, TypeError, InputError):
            raise self._damaged(f"the series {name!r} cannot be read") from None
        if series.sha256() != sha256:
            raise self._damaged(f"the series {name!r} has sha256 {series.sha256()} and was put with {sha256}")
        return series

    @contextmanager
    def _connection(self, *, write: bool = False) -> Iterator[sqlite3.Connection]:
        """One transaction: committed when the block ends well, rolled back when it raises or the process dies.

        A store that does not exist yet reads as empty and is made by the first write.
        """
        try:
            with closing(self._open(write=write)) as db:
                self._check(db)
                if write:
                    db.execute("BEGIN IMMEDIATE")
                if _is_new(db):
                    _create(db)
                yield db
                if write:
                    db.execute("COMMIT")
        except sqlite3.Error as error:
            raise self._explained(error) from None

    def _open(self, *, write: bool) -> sqlite3.Connection:
        # Without a file there is nothing to read: an empty store in memory answers, and reading leaves no file behind.
        if not write and not (self.path.exists() and self.path.stat().st_size):
            return sqlite3.connect(":memory:", isolation_level=None)
        # Not mode=ro for reading: after a crash the first reader must roll the interrupted write back.
        address = f"{self.path.absolute().as_uri()}?mode={'rwc' if write else 'rw'}"
        return sqlite3.connect(address, uri=True, timeout=10, isolation_level=None)

    def _check(self, db: sqlite3.Connection) -> None:
        if _is_new(db):
            return
        (application,) = db.execute("PRAGMA application_id").fetchone()
        (version,) = db.execute("PRAGMA user_version").fetchone()
        if application != APPLICATION_ID:
            raise InputError(
                f"an SQLite file with application id {application}",
                "a megawatt store carries its own id",
                "Choose another path for the store; this file is left as it is.",
                str(self.path),
            )
        if version != SCHEMA_VERSION:
            raise InputError(
                f"a store of schema version {version}",
                f"this version of megawatt reads version {SCHEMA_VERSION}",
                "Use the version of megawatt that wrote it, or import the data again into a new store.",
                str(self.path),
            )

    def _damaged(self, what: str) -> InputError:
        return InputError(
            what,
            "a series comes out as it went in",
            "The file is damaged: restore it from a copy, or delete it and import the data again.",
            str(self.path),
        )

    def _explained(self, error: sqlite3.Error) -> InputError:
        """The same failure as value, rule and remedy."""
        code = getattr(error, "sqlite_errorname", "")
        for start, rule, remedy in _FAILURES:
            if code.startswith(start):
                return InputError(f"the store answered {str(error)!r}", rule, remedy, str(self.path))
        return self._damaged(f"the store answered {str(error)!r} ({code or 'no code'})")


_FAILURES = (
    ("SQLITE_FULL", "writing needs free space", "Free space on the disk and repeat; the store is as it was before."),
    (
        "SQLITE_IOERR",
        "the disk must take the write",
        "Check disk and quota, and repeat; the store is as it was before.",
    ),
    ("SQLITE_READONLY", "writing needs permission", "Make file and folder writable, or choose another path."),
    ("SQLITE_PERM", "writing needs permission", "Make file and folder writable, or choose another path."),
    ("SQLITE_CANTOPEN", "the file can be opened or made", "Create the folder, and check that it is writable."),
    ("SQLITE_BUSY", "one process writes at a time", "Wait for the other process to end and repeat."),
    ("SQLITE_LOCKED", "one process writes at a time", "Wait for the other process to end and repeat."),
    ("SQLITE_TOOBIG", "a series of a store has at most 125 million values", "Split the series by year."),
)


def _row(one: Series, sha256: str) -> tuple[str, str, int, int, int, bytes, bytes, str, str]:
    return (
        one.name,
        one.unit.value,
        int(one.grid.start.astype(np.int64)),
        one.grid.step_minutes,
        one.grid.n,
        one.values.astype("<f8").tobytes(),
        one.known_at.astype("datetime64[s]").astype("<i8").tobytes(),
        json.dumps(asdict(one.provenance), ensure_ascii=False, sort_keys=True),
        sha256,
    )


def _is_new(db: sqlite3.Connection) -> bool:
    return db.execute("SELECT name FROM sqlite_master LIMIT 1").fetchone() is None


def _create(db: sqlite3.Connection) -> None:
    db.execute(_TABLE)
    db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
    db.execute(f"PRAGMA user_version = {SCHEMA_VERSION}")
