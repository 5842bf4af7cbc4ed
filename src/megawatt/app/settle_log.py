"""The log as ``megawatt settle`` uses it: read and audited by anyone, written by who holds its key."""

import json
import secrets
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import cached_property
from pathlib import Path

import typer

from megawatt.app.proof_answer import as_input
from megawatt.core.errors import InputError
from megawatt.hosting.settlement.book import READERS, Book
from megawatt.hosting.settlement.verified import read_book
from megawatt.proof.audit import audit, entries_of
from megawatt.proof.canonical import Json
from megawatt.proof.entry import Entry
from megawatt.proof.errors import ProofError, VerifyError
from megawatt.proof.hashes import leaf_hash
from megawatt.proof.keys import Signer
from megawatt.proof.policy import Policy
from megawatt.proof.store import Log, ServedDirectory, read_key

SCHEMA = "megawatt/settle/1"
SALT_BYTES = 16


def print_answer(verb: str, answer: Mapping[str, object], lines: Sequence[str], *, as_json: bool) -> None:
    """The answer as JSON, or its lines."""
    if as_json:
        typer.echo(json.dumps({"schema": SCHEMA, "verb": verb, **answer}, indent=2, ensure_ascii=False))
    else:
        typer.echo("\n".join(lines))


def read_audited(directory: Path, policy: Path | None) -> Book:
    """The book of a log whose every served byte was compared with what it signed.

    Raises:
        VerifyError: The log does not serve what it signed.
        InputError: There is no log, or a file is not in its format.
    """
    rules = read_policy(directory, policy)
    served = ServedDirectory(directory / "log")
    entries: list[bytes] = []
    try:
        audit(rules, served.fetch, served.paths(), on_entry=lambda _, entry: entries.append(entry))
    except VerifyError:
        raise
    except ProofError as error:
        raise InputError(error.value, error.rule, error.remedy, str(directory)) from error
    return read_book(entries)


def read_policy(directory: Path, policy: Path | None) -> Policy:
    """Whose signatures count."""
    path = policy or directory / "policy"
    with as_input(path):
        return Policy.from_text(path.read_bytes())


class Writer:
    """A log open for writing, with its book.

    Args:
        directory: Folder of the log.
        key: Secret key of the log; default `keys/log.key` below it.
    """

    def __init__(self, directory: Path, key: Path | None) -> None:
        self._directory = directory
        self._served = ServedDirectory(directory / "log")
        self._log = Log(directory, read_key(key or directory / "keys" / "log.key"))

    @cached_property
    def book(self) -> Book:
        """The book of all entries, those appended here included."""
        return read_book(entries_of(self._log.size, self._served.fetch))

    def append(self, entries: Sequence[Entry]) -> list[int]:
        """Keep entries, durably; their index each. One that the log has already keeps its old index."""
        return self._log.append([entry.to_bytes() for entry in entries])

    def append_one(self, entry: Entry) -> tuple[int, str]:
        """Keep an entry, durably, in the book too; its index and id."""
        book = self.book  # read before, so that the entry is not entered twice
        (index,) = self.append([entry])
        entry_id = leaf_hash(entry.to_bytes()).hex()
        book.add(entry, entry_id)
        return index, entry_id

    def publish(self) -> list[str]:
        """Publish the head if the policy needs nobody else's signature; what is left to do, in words."""
        note = self._log.checkpoint()
        try:
            read_policy(self._directory, None).check(note)
        except VerifyError:
            return [f"Kept. Next, for the witnesses: megawatt proof checkpoint {self._directory}"]
        self._log.publish(note)
        return []

    def close(self) -> None:
        """Give the log's lock back."""
        self._log.close()


@contextmanager
def writing(directory: Path, key: Path | None) -> Iterator[Writer]:
    """A log open for writing, closed in the end."""
    with as_input(directory):
        writer = Writer(directory, key)
        try:
            yield writer
        finally:
            writer.close()


def new_entry(kind: str, body: Mapping[str, Json], *signers: Signer) -> Entry:
    """A signed entry with a fresh salt, its body checked against its form.

    Raises:
        InputError: The type is unknown to settlement.
        FormatError: The body is not in its form.
    """
    if kind not in READERS:
        raise InputError(f"entries of type {kind!r}", f"known are {', '.join(READERS)}", "Correct the type.")
    READERS[kind](body)
    return Entry(kind, 1, secrets.token_hex(SALT_BYTES), body, {}).sign(*signers)
