"""The log on disk: what it acknowledges it keeps, and it signs only what is durable.

    DIR/log/checkpoint, DIR/log/tile/...   served, public formats (the entries to the parties only)
    DIR/state/wal-0, DIR/state/wal-1       acknowledged entries on their way into tiles
    DIR/state/signed                       the last signed checkpoint; written before it leaves this process
    DIR/state/floor                        largest size that a witness is known to have cosigned
    DIR/state/lock                         held by the one process that writes

An entry goes: write-ahead file, fdatasync, acknowledgement (`append`); tiles, one sync for all, signature, atomic
replacement of `state/signed` (`checkpoint`); then, once witnesses have cosigned, atomic replacement of
`log/checkpoint` (`publish`). After any failed call the object refuses further work, because what reached the disk is
unknown; opening the log again finds out.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from pathlib import Path
from types import TracebackType
from typing import Self

from megawatt.proof.audit import CHECKPOINT
from megawatt.proof.checkpoint import Checkpoint
from megawatt.proof.errors import FormatError, RollbackError, StoreError
from megawatt.proof.hashes import EMPTY_ROOT, leaf_hash
from megawatt.proof.keys import Signer
from megawatt.proof.note import Note
from megawatt.proof.numerals import format_number
from megawatt.proof.policy import single_log_policy
from megawatt.proof.store.directory import ServedDirectory
from megawatt.proof.store.durable import (
    PRIVATE,
    SERVED,
    Batch,
    disk_errors,
    make_directory,
    read_file,
    replace_file,
    sync_path,
)
from megawatt.proof.store.recovery import RememberedEntries, read_edge, read_floor, read_signed, take_lock
from megawatt.proof.store.system import System
from megawatt.proof.store.write_ahead import WriteAhead, create_segments, surviving_entries
from megawatt.proof.tiled_tree import TiledTree
from megawatt.proof.tiles import check_entry_length

SEGMENT_BYTES = 16 << 20
_STATE_MODE = 0o700
_FILES_BETWEEN_SUBMITTERS = 4
"""Tiles and bundles written before an acknowledgement under way is let through: about 2 ms of work."""


def create_log(
    directory: Path, *signers: Signer, segment_bytes: int = SEGMENT_BYTES, system: System | None = None
) -> None:
    """Make an empty log and sign its checkpoint of size 0.

    Args:
        directory: Where; it is made if it is not there.
        *signers: Keys of the log, all named by its origin.
        segment_bytes: Length of each write-ahead file: what can be acknowledged between two checkpoints.
        system: Calls.

    Raises:
        StoreError: There is a log already, or the disk failed; then call it again.
    """
    system = system or System()
    note = Checkpoint(_origin(signers), 0, EMPTY_ROOT).sign(*signers).to_bytes()
    log, state = directory / "log", directory / "state"
    with disk_errors(f"creating the log {directory}"):
        served = read_file(system, log / CHECKPOINT)
        if read_file(system, state / "signed") is not None or served not in {None, note}:
            raise StoreError(f"a log in {directory}", "a log is created once", "Open it, or choose another directory.")
        make_directory(system, directory)
        make_directory(system, log)
        make_directory(system, state, _STATE_MODE)
        create_segments(system, state, segment_bytes)
        replace_file(system, state / "floor", b"0\n", PRIVATE)
        replace_file(system, log / CHECKPOINT, note, SERVED)
        sync_path(system, directory)
        sync_path(system, directory.parent)
        # Last, because this file is what makes the directory a log.
        replace_file(system, state / "signed", note, PRIVATE)


class Log:
    """A log open for writing; one process at a time, any number of its threads.

    Args:
        directory: A log made by `create_log`.
        *signers: Keys of the log, all named by its origin; one of them has signed the last checkpoint. Two during
            the overlap of a rotation.
        witnessed_size: The largest size that a witness, asked just now, has cosigned. Nothing is signed below it, so
            that a log restored from an old backup cannot become a second history.
        remembered: How many of the last entries are recognised when they are submitted again.
        system: Calls.

    Raises:
        StoreError: Another process has the log open, or the disk failed.
        DamageError: Signed or acknowledged data are missing.
        RollbackError: The log is behind `witnessed_size`.
    """

    def __init__(
        self,
        directory: Path,
        *signers: Signer,
        witnessed_size: int = 0,
        remembered: int = 1 << 18,
        system: System | None = None,
    ) -> None:
        self._system = system or System()
        self._signers = signers
        self._origin = _origin(signers)
        self._log, self._state = directory / "log", directory / "state"
        self._served = ServedDirectory(self._log, self._system)
        self._gate = threading.Lock()  # guards the write-ahead file and what is pending
        self._tree = threading.RLock()  # guards tiles, signature and checkpoint; taken before the gate
        self._broken = ""
        self._known = RememberedEntries(remembered)
        self._open = ExitStack()
        try:
            with disk_errors(f"opening the log {directory}"):
                self._recover(witnessed_size)
            # What was found may be in memory only. It goes into durable tiles before the files are written over.
            self.checkpoint()
        except BaseException:
            self.close()
            raise

    def _recover(self, witnessed_size: int) -> None:
        system, state = self._system, self._state
        lock = take_lock(system, state / "lock")
        self._open.callback(system.close, lock)
        self._signed, self._head = read_signed(system, state / "signed", self._signers)
        self._edge = read_edge(self._head, self._served.fetch)
        entries = surviving_entries(system, state, self._head.size)
        self._pending = [(entry, leaf_hash(entry)) for entry in entries]
        self._next = self._head.size + len(entries)
        self._floor = read_floor(system, state / "floor")
        self.note_witnessed(witnessed_size)
        self._known.read(self._head.size, self._served.fetch)
        for index, (_, leaf) in enumerate(self._pending, self._head.size):
            self._known.add(leaf, index)
        self._wal = WriteAhead(system, state)
        self._open.callback(self._wal.close)
        self._batch = Batch(system, self._log)
        self._open.callback(self._batch.close)

    @property
    def size(self) -> int:
        """Entries in the last signed tree."""
        return self._head.size

    @property
    def acknowledged(self) -> int:
        """Entries kept, those on their way into tiles included."""
        return self._next

    def append(self, entries: Sequence[bytes]) -> list[int]:
        """Keep entries; when this returns they are durable, and will be in every later checkpoint.

        The leaf hash of an entry is its idempotency key: an entry among the remembered ones is not written again, and
        its first index is returned. So what failed can be sent again unchanged.

        Args:
            entries: Each of at most 65,535 bytes; give each a salt, so that no two are equal by chance.

        Returns:
            The index of each entry.

        Raises:
            FormatError: An entry is too long, or all together for a write-ahead file.
            StoreError: The disk failed; nothing is acknowledged, but some may have been kept.
        """
        for entry in entries:
            check_entry_length(entry)
        leaves = [leaf_hash(entry) for entry in entries]
        while True:
            with self._gate:
                indexes = self._append(entries, leaves)
            if indexes is not None:
                return indexes
            self.checkpoint()  # the write-ahead file is full

    def _append(self, entries: Sequence[bytes], leaves: Sequence[bytes]) -> list[int] | None:
        self._check_working()
        known = {leaf: index for leaf in leaves if (index := self._known.get(leaf)) is not None}
        new = {leaf: entry for entry, leaf in zip(entries, leaves, strict=True) if leaf not in known}
        if new:
            frame = self._wal.frame(self._next, list(new.values()))
            if frame is None:
                return None
            with self._work("acknowledging entries"):
                self._wal.write(frame)
            for leaf, entry in new.items():
                known[leaf] = self._next
                self._known.add(leaf, self._next)
                self._pending.append((entry, leaf))
                self._next += 1
        return [known[leaf] for leaf in leaves]

    def checkpoint(self) -> bytes:
        """Put all acknowledged entries into durable tiles, and sign.

        Returns:
            The signed checkpoint, to be cosigned and published.

        Raises:
            StoreError: The disk failed, or somebody else has signed.
            RollbackError: The log is behind what a witness has cosigned.
        """
        with self._tree, self._work("signing a checkpoint"):
            with self._gate:
                pending, self._pending = self._pending, []
                if pending:
                    self._wal.switch()
            signed_by = {signature.key_id for signature in Note.from_bytes(self._signed).signatures}
            if not pending and signed_by == {signer.key.key_id for signer in self._signers}:
                return self._signed
            self._integrate(pending)
            head = Checkpoint(self._origin, self._edge.size, self._edge.root())
            self._check_floor(head.size)
            self._check_unmoved()
            note = head.sign(*self._signers).to_bytes()
            replace_file(self._system, self._state / "signed", note, PRIVATE)
            self._signed, self._head = note, head
            return note

    def _integrate(self, pending: Sequence[tuple[bytes, bytes]]) -> None:
        if not pending:
            return
        # Not `zip(*pending)`: that one call would keep submitters off the processor for as long as it lasts.
        entries, leaves = [entry for entry, _ in pending], [leaf for _, leaf in pending]
        for count, (tile, data) in enumerate(self._edge.extend(entries, leaves)):
            self._batch.write(tile.path, data)
            if count % _FILES_BETWEEN_SUBMITTERS == 0:
                # Hashing holds the interpreter's lock; a submitter whose flush has ended would wait for it a switch
                # interval each time. Waiting here for the gate instead lets an acknowledgement under way go first.
                with self._gate:
                    pass
        for tile, data in self._edge.partials(since=self._head.size):
            self._batch.write(tile.path, data)
        self._batch.commit()

    def publish(self, note: bytes) -> None:
        """Serve a checkpoint, with the cosignatures it has.

        Args:
            note: What `checkpoint` returned, with or without cosignatures merged in.

        Raises:
            VerifyError: This log did not sign it.
            StoreError: It is older than the one that is served, or the disk failed.
        """
        policy = single_log_policy(*(signer.key for signer in self._signers))
        checkpoint = policy.check(note).checkpoint
        with self._tree:
            self._check_working()
            served = Checkpoint.from_text(Note.from_bytes(self._served.fetch(CHECKPOINT)).text)
            if not served.size <= checkpoint.size <= self._head.size:
                raise StoreError(
                    f"a checkpoint of size {checkpoint.size}",
                    f"size {served.size} is served and size {self._head.size} signed",
                    "Publish the newest one.",
                )
            if len(Note.from_bytes(note).signatures) > len(self._signers):
                self.note_witnessed(checkpoint.size)
            with self._work("publishing a checkpoint"):
                replace_file(self._system, self._log / CHECKPOINT, note, SERVED)

    def note_witnessed(self, size: int) -> None:
        """Remember, durably, that a witness has cosigned this size: nothing is signed below it from now on.

        Raises:
            RollbackError: The log is smaller than that, so entries that a witness vouched for are lost here.
        """
        with self._tree:
            if size > self._floor:
                with self._work("noting a cosigned size"):
                    replace_file(self._system, self._state / "floor", f"{format_number(size)}\n".encode(), PRIVATE)
                self._floor = size
            self._check_floor(self._next)

    def _check_floor(self, size: int) -> None:
        if size < self._floor:
            raise RollbackError(
                f"a log of size {size}",
                f"a witness has cosigned size {self._floor}: signing here would make a second history",
                "Restore the newest copy or a mirror. If none is left, start a new origin whose first entry holds the "
                "last cosigned checkpoint of this one.",
            )

    def _check_unmoved(self) -> None:
        if read_file(self._system, self._state / "signed") != self._signed:
            raise StoreError(
                f"{self._state / 'signed'} was changed by somebody else",
                "one process signs at a time",
                "Find the other writer: the lock does not reach across network file systems.",
            )

    def _check_working(self) -> None:
        if self._broken:
            raise StoreError(f"this log failed while {self._broken}", "its state is unknown", "Open the log again.")

    @contextmanager
    def _work(self, doing: str) -> Iterator[None]:
        """Note any failure: after it, memory and disk may differ, and no further work is taken."""
        self._check_working()
        try:
            with disk_errors(doing):
                yield
        except BaseException:
            self._broken = doing
            raise

    def tree(self) -> TiledTree:
        """The last signed tree, for proofs."""
        return TiledTree(self._head.size, self._served.fetch)

    def close(self) -> None:
        """Give lock and descriptors back; nothing acknowledged is lost, signed or not."""
        self._broken = self._broken or "being closed"
        with disk_errors("closing the log"):
            self._open.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()


def _origin(signers: Sequence[Signer]) -> str:
    names = {signer.key.name for signer in signers}
    if len(names) != 1:
        raise FormatError(
            f"keys named {', '.join(sorted(names)) or 'nothing'}", "all keys of a log bear its origin", "Pass its keys."
        )
    return names.pop()
