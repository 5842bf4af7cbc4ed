"""Reading what a log directory serves: for proofs, audits, and a plain file server."""

from collections.abc import Iterator
from pathlib import Path

from megawatt.proof.audit import CHECKPOINT
from megawatt.proof.errors import FormatError
from megawatt.proof.store.durable import disk_errors, read_file
from megawatt.proof.store.system import System
from megawatt.proof.tiles import Tile


class ServedDirectory:
    """The public part of a log: `checkpoint` and `tile/...` below one directory.

    Args:
        root: The directory, for a log at DIR it is DIR/log.
        system: Calls.
    """

    def __init__(self, root: Path, system: System | None = None) -> None:
        self._root = root
        self._system = system or System()

    def fetch(self, path: str) -> bytes:
        """Bytes of a served path.

        Raises:
            FormatError: It is no path of a log (so no path leads out of the directory), or there is no such file.
            StoreError: It cannot be read.
        """
        if path != CHECKPOINT:
            Tile.from_path(path)
        with disk_errors(f"reading {path}"):
            data = read_file(self._system, f"{self._root}/{path}")  # pathlib would take as long as hashing ten entries
        if data is None:
            raise FormatError(f"no file {path}", "the log must serve it", "Fetch it again, or ask the log's owner.")
        return data

    def paths(self) -> Iterator[str]:
        """All files below the directory, sorted."""
        for file in sorted(self._root.rglob("*")):
            if not file.is_dir():
                yield file.relative_to(self._root).as_posix()
