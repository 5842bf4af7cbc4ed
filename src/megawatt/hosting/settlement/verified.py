"""From the bytes of a log to the book, every signature verified."""

from collections.abc import Iterable
from functools import cache

from megawatt.hosting.settlement.book import READERS, Book
from megawatt.proof.entry import Entry
from megawatt.proof.errors import ProofError
from megawatt.proof.hashes import leaf_hash
from megawatt.proof.keys import VerifierKey


def read_book(entries: Iterable[bytes]) -> Book:
    """The book of a log; entries that are not signed as they claim are passed over and named in its findings.

    Args:
        entries: All entries of the log in order, as they stand there.
    """
    book = Book()
    for data in entries:
        try:
            entry = Entry.from_bytes(data)
            if entry.type in READERS:
                for vkey in entry.signatures:
                    entry.check_signed(_key(vkey))
        except ProofError as error:
            book.skip(error.value, error.rule)
            continue
        book.add(entry, leaf_hash(data).hex())
    return book


@cache
def _key(vkey: str) -> VerifierKey:
    return VerifierKey.from_text(vkey)
