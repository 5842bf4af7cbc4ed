"""What opening a log reads back: lock, last signature, right edge, floor, and the entries to recognise."""

import os
from collections import deque
from collections.abc import Callable, Sequence
from pathlib import Path

from megawatt.proof.checkpoint import Checkpoint
from megawatt.proof.edge import Edge
from megawatt.proof.errors import DamageError, FormatError, StoreError, VerifyError
from megawatt.proof.keys import Signer
from megawatt.proof.numerals import parse_number
from megawatt.proof.policy import single_log_policy
from megawatt.proof.store.durable import read_file
from megawatt.proof.store.system import System
from megawatt.proof.tiles import TILE_WIDTH, Tile, parse_tile

_RESTORE = "Restore the log from a mirror or the newest backup, and open it with the witness's size."


def take_lock(system: System, path: Path) -> int:
    """Take the writer's lock and return its descriptor; the system drops it with the process.

    Raises:
        StoreError: Another process holds it, or there is no log.
    """
    try:
        fd = system.open(path, os.O_RDWR | os.O_CREAT)
    except FileNotFoundError as error:
        raise StoreError(f"no log at {path.parent.parent}", "a log is created first", "Call `create_log`.") from error
    try:
        system.lock(fd)
    except BlockingIOError as error:
        system.close(fd)
        raise StoreError(
            f"the log at {path.parent.parent} is open elsewhere", "one process writes at a time", "Stop the other one."
        ) from error
    return fd


def read_signed(system: System, path: Path, signers: Sequence[Signer]) -> tuple[bytes, Checkpoint]:
    """The last signed checkpoint, as bytes and understood.

    Raises:
        StoreError: There is no log, or none of the given keys signed it last.
        DamageError: The file is no checkpoint.
    """
    note = read_file(system, path)
    if note is None:
        raise StoreError(f"no log at {path.parent.parent}", "a log is created first", "Call `create_log`.")
    try:
        return note, single_log_policy(*(signer.key for signer in signers)).check(note).checkpoint
    except VerifyError as error:
        raise StoreError(
            f"a log last signed by another key than {', '.join(signer.key.to_text() for signer in signers)}",
            "who opens a log holds the key that signed it last",
            "To rotate, open it once with the old and the new key together.",
        ) from error
    except FormatError as error:
        raise DamageError(f"{path} is no checkpoint", "it is replaced as a whole", _RESTORE) from error


def read_edge(head: Checkpoint, fetch: Callable[[str], bytes]) -> Edge:
    """The right edge of the signed tree.

    Raises:
        DamageError: The tiles do not lead to the signed root.
    """
    try:
        edge = Edge.read(head.size, fetch)
        intact = edge.root() == head.root and edge.bundle_fits()
    except FormatError:
        intact = False
    if not intact:
        raise DamageError(
            f"tiles that do not lead to the signed root of size {head.size}",
            "tiles are durable before their root is signed",
            _RESTORE,
        )
    return edge


def read_floor(system: System, path: Path) -> int:
    """The largest size known to be cosigned.

    Raises:
        DamageError: The file is missing or no number.
    """
    data = read_file(system, path)
    try:
        return parse_number((data or b"").decode("ascii", "replace").removesuffix("\n"), "floor")
    except FormatError as error:
        raise DamageError(
            f"{path} is no size",
            "it holds the largest size that a witness cosigned",
            "Ask the witnesses for their last size and write it there.",
        ) from error


class RememberedEntries:
    """Index by leaf hash of the last `limit` entries: what is submitted again is recognised.

    The leaf hashes stand in the level-0 tiles, so this needs no file of its own and cannot disagree with the log.

    It is kept in 256 small tables, one for each first byte of a hash: a single large one would now and then grow, or be
    searched for its oldest member, for longer than a submitter may wait.

    Args:
        limit: How many; about 200 bytes of memory each.
    """

    def __init__(self, limit: int) -> None:
        self._limit = limit
        self._tables: list[dict[bytes, int]] = [{} for _ in range(256)]
        self._order: deque[bytes] = deque()

    def read(self, size: int, fetch: Callable[[str], bytes]) -> None:
        """Fill from the tiles of a tree."""
        start = max(0, size - self._limit) // TILE_WIDTH
        for tile_index in range(start, -(-size // TILE_WIDTH)):
            first = tile_index * TILE_WIDTH
            width = min(TILE_WIDTH, size - first)
            for index, leaf in enumerate(parse_tile(fetch(Tile(0, tile_index, width).path), width), first):
                self.add(leaf, index)

    def add(self, leaf: bytes, index: int) -> None:
        """Remember an entry, and forget the oldest when there are too many."""
        table = self._tables[leaf[0]]
        if leaf in table:
            return
        table[leaf] = index
        self._order.append(leaf)
        if len(self._order) > self._limit:
            oldest = self._order.popleft()
            del self._tables[oldest[0]][oldest]

    def get(self, leaf: bytes) -> int | None:
        """The index of an entry, or None if it is not remembered."""
        return self._tables[leaf[0]].get(leaf)
