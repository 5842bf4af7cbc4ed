"""What a power cut may leave on disk: a model that records one run and replays every beginning of it.

Durable is only what was synced. Each later write is lost, kept, or torn at sectors of 512 bytes; each later name (new,
renamed, or of a directory) is kept or lost on its own. This is harsher than ext4, which keeps names in order.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path
from random import Random

from megawatt.proof.store.system import System

SECTOR = 512


class RecordingSystem(System):
    """Does every call, without the waiting of a sync, and keeps a record of what changes files.

    Args:
        syncfs: Whether the system has syncfs.
    """

    def __init__(self, *, syncfs: bool) -> None:
        self.record: list[tuple[object, ...]] = []
        self._syncfs = syncfs
        self._paths: dict[int, Path] = {}
        self._at: dict[int, int] = {}

    def open(self, path: Path | str, flags: int, mode: int = 0o600) -> int:
        path = Path(path)
        existed = path.exists()
        fd = super().open(path, flags, mode)
        self._paths[fd], self._at[fd] = path, 0
        if flags & os.O_CREAT and not existed:
            self.record.append(("create", path))
        elif flags & os.O_TRUNC:
            self.record.append(("truncate", path))
        return fd

    def write(self, fd: int, data: bytes | memoryview) -> int:
        self.record.append(("write", self._paths[fd], self._at[fd], bytes(data)))
        self._at[fd] += len(data)
        return super().write(fd, data)

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        self.record.append(("write", self._paths[fd], offset, bytes(data)))
        return super().pwrite(fd, data, offset)

    def fsync(self, fd: int) -> None:
        self.record.append(("sync", self._paths[fd]))

    def fdatasync(self, fd: int) -> None:
        self.record.append(("sync", self._paths[fd]))

    def syncfs(self, fd: int) -> None:
        assert self._paths[fd].is_dir()
        self.record.append(("sync all",))

    def has_syncfs(self) -> bool:
        return self._syncfs

    def rename(self, source: Path, target: Path) -> None:
        self.record.append(("rename", source, target))
        super().rename(source, target)

    def mkdir(self, path: Path, mode: int = 0o755) -> None:
        super().mkdir(path, mode)
        self.record.append(("mkdir", path))


@dataclass(eq=False, slots=True)
class _File:
    """Bytes on disk, and changes in memory only: (offset, bytes), or None for a cut to length 0."""

    durable: bytearray = field(default_factory=bytearray)
    changes: list[tuple[int, bytes] | None] = field(default_factory=list)

    def sync(self) -> None:
        for change in self.changes:
            _apply(self.durable, change)
        self.changes.clear()

    def after_cut(self, rng: Random) -> bytes:
        left = bytearray(self.durable)
        fate = rng.choice(("lost", "kept", "torn"))
        for change in self.changes:
            if fate == "kept" or (fate == "torn" and change is None and rng.random() < 0.5):
                _apply(left, change)
            elif fate == "torn" and change is not None:
                offset, data = change
                for at in range(0, len(data), SECTOR):
                    if rng.random() < 0.5:
                        _apply(left, (offset + at, data[at : at + SECTOR]))
        return bytes(left)


def _apply(content: bytearray, change: tuple[int, bytes] | None) -> None:
    if change is None:
        content.clear()
        return
    offset, data = change
    content.extend(bytes(max(0, offset + len(data) - len(content))))
    content[offset : offset + len(data)] = data


class Disk:
    """Names and files below one directory, durable and not.

    Args:
        root: The directory, whose present content is durable.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._durable: dict[Path, _File | None] = {}
        for path in root.rglob("*"):
            self._durable[path] = None if path.is_dir() else _File(bytearray(path.read_bytes()))
        self._now = dict(self._durable)
        self._changes: list[tuple[Path, Path | None, _File | None]] = []

    def do(self, step: Sequence[object], *, syncs_work: bool) -> None:
        """Apply one recorded call; without `syncs_work` nothing ever becomes durable."""
        match step:
            case ["create" | "mkdir" as kind, Path() as path]:
                self._now[path] = _File() if kind == "create" else None
                self._changes.append((path, None, self._now[path]))
            case ["truncate", Path() as path]:
                self._file(path).changes.append(None)
            case ["write", Path() as path, int(offset), bytes(data)]:
                self._file(path).changes.append((offset, data))
            case ["rename", Path() as source, Path() as target]:
                file = self._now.pop(source)
                self._now[target] = file
                self._changes.append((target, source, file))
            case ["sync", Path() as path] if syncs_work:
                self._sync(path)
            case ["sync all"] if syncs_work:
                for file in self._now.values():
                    if file:
                        file.sync()
                self._durable, self._changes = dict(self._now), []

    def _file(self, path: Path) -> _File:
        file = self._now[path]
        assert file is not None
        return file

    def _sync(self, path: Path) -> None:
        file = self._now.get(path)
        if file:
            file.sync()
            return
        kept = []
        for name, source, changed in self._changes:
            if name.parent == path:
                self._rename(self._durable, name, source, changed)
            else:
                kept.append((name, source, changed))
        self._changes = kept

    @staticmethod
    def _rename(names: dict[Path, _File | None], name: Path, source: Path | None, file: _File | None) -> None:
        if source:
            names.pop(source, None)
        names[name] = file

    def after_cut(self, target: Path, rng: Random) -> None:
        """Write to `target` what a power cut now may leave."""
        names = dict(self._durable)
        in_order = rng.random() < 0.3
        for name, source, file in self._changes:
            if rng.random() < 0.5:
                self._rename(names, name, source, file)
            elif in_order:
                break
        target.mkdir()
        for path in sorted(names):
            place = target / path.relative_to(self._root)
            file = names[path]
            if not place.parent.is_dir():
                continue  # the directory's own name was lost
            if file is None:
                place.mkdir()
            else:
                place.write_bytes(file.after_cut(rng))
