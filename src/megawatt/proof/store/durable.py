"""Files that are there after a power cut: written, synced, and renamed into place."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from megawatt.proof.errors import StoreError
from megawatt.proof.store.system import System

PRIVATE = 0o600
SERVED = 0o644
_CHUNK_BYTES = 1 << 16
"""Most bundles in one piece, and not so much that each reading maps memory anew."""


@contextmanager
def disk_errors(doing: str) -> Iterator[None]:
    """Turn errors of the system into one that says what may be lost.

    Raises:
        StoreError: A call failed.
    """
    try:
        yield
    except OSError as error:
        raise StoreError(
            f"{doing} failed: {error.strerror} (errno {error.errno}) {error.filename or ''}".rstrip(),
            "what is acknowledged must be on disk",
            "Not acknowledged does not mean not written: repair or free the disk, open the log again, and send the "
            "same entries; those that were kept get their old index.",
        ) from error


def read_file(system: System, path: Path | str) -> bytes | None:
    """All bytes of a file, or None if there is no such file."""
    try:
        fd = system.open(path, os.O_RDONLY)
    except (FileNotFoundError, NotADirectoryError):
        return None
    parts = []
    try:
        while part := system.read(fd, _CHUNK_BYTES):
            parts.append(part)
    finally:
        system.close(fd)
    return b"".join(parts)


def write_file(system: System, path: Path, data: bytes, mode: int, *, sync: bool = False) -> None:
    """Create or overwrite a file; without `sync` the bytes may still be in memory only."""
    fd = system.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, mode)
    try:
        rest = memoryview(data)
        while rest:
            rest = rest[system.write(fd, rest) :]
        if sync:
            system.fsync(fd)
    finally:
        system.close(fd)


def sync_path(system: System, path: Path) -> None:
    """Fsync a file or directory by its name."""
    fd = system.open(path, os.O_RDONLY)
    try:
        system.fsync(fd)
    finally:
        system.close(fd)


def replace_file(system: System, path: Path, data: bytes, mode: int) -> None:
    """Replace a file so that after a power cut the old or the new one is there, whole.

    When it returns the new one is there for good: bytes synced, renamed, directory synced.
    """
    temporary = path.with_name(f"{path.name}.new")
    write_file(system, temporary, data, mode, sync=True)
    system.rename(temporary, path)
    sync_path(system, path.parent)


def make_directory(system: System, path: Path, mode: int = 0o755) -> None:
    """Make a directory if it is not there; its name in the parent is not synced."""
    try:
        system.mkdir(path, mode)
    except FileExistsError:
        return


class Batch:
    """Many new files made durable at once: one syncfs where the system has it, else one fsync a file and directory.

    A syncfs also waits for what others wrote to the same file system. The descriptor is opened before the first write,
    because the system reports a write error only to descriptors that were open when it happened.

    Args:
        system: Calls.
        root: Directory below which files are written.
    """

    def __init__(self, system: System, root: Path) -> None:
        self._system = system
        self._root = root
        self._fd = system.open(root, os.O_RDONLY) if system.has_syncfs() else None
        self._made = {root}
        self._dirty: dict[Path, None] = {}

    def write(self, path: str, data: bytes) -> None:
        """Write a file under the root, making its directories."""
        target = self._root / path
        self._make(target.parent)
        write_file(self._system, target, data, SERVED)
        if self._fd is None:
            self._dirty[target] = None
            self._dirty[target.parent] = None

    def _make(self, directory: Path) -> None:
        if directory not in self._made:
            self._make(directory.parent)
            make_directory(self._system, directory)
            self._made.add(directory)
            # A directory that an earlier, failed run made may not be durable: sync its name in any case.
            self._dirty[directory.parent] = None

    def commit(self) -> None:
        """Return when all files written so far are durable."""
        if self._fd is not None:
            self._system.syncfs(self._fd)
        else:
            for path in self._dirty:
                sync_path(self._system, path)
        self._dirty.clear()

    def close(self) -> None:
        """Give the descriptor back."""
        if self._fd is not None:
            self._system.close(self._fd)
            self._fd = None
