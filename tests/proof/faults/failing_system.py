"""A file system whose n-th call fails: with an error, after half the bytes, or with the death of the process."""

import errno
import os
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import TypeVar

from megawatt.proof.store.system import System

T = TypeVar("T")

FAULTS = ("EIO", "ENOSPC", "half written, then EIO", "killed before", "killed after", "killed half way")


class Killed(BaseException):
    """The process is dead: no handler of the code under test may run on, so every later call raises it again."""


class FailingSystem(System):
    """Counts calls; at call `at` the fault happens. Syncs are left out: death of a process loses no page cache.

    Args:
        at: Call that fails, from 0; a number beyond the last lets all succeed.
        fault: One of `FAULTS`.
        syncfs: Whether the system has syncfs.
        kill: What death is: an exception by default, SIGKILL in a child process.
    """

    def __init__(self, at: int = 1 << 60, fault: str = "EIO", *, syncfs: bool = True, kill: str = "exception") -> None:
        self.calls = 0
        self.dead = False
        self._at, self._fault, self._syncfs, self._kill = at, fault, syncfs, kill
        self._open: set[int] = set()

    def _call(self, do: Callable[[], T], half: Callable[[], object] = lambda: None) -> T:
        if self.dead:
            raise Killed
        self.calls += 1
        if self.calls - 1 != self._at:
            return do()
        with suppress(OSError):  # a file that is not there stays so
            if self._fault in {"half written, then EIO", "killed half way"}:
                half()
            elif self._fault == "killed after":
                do()
        if self._fault.startswith("killed"):
            self._die()
        raise OSError(errno.ENOSPC if self._fault == "ENOSPC" else errno.EIO, "injected")

    def _die(self) -> None:
        if self._kill == "SIGKILL":
            os.kill(os.getpid(), 9)
        self.dead = True
        self.bury()
        raise Killed

    def bury(self) -> None:
        """What the kernel does for a dead process: its descriptors and locks are gone."""
        for fd in self._open:
            with suppress(OSError):
                os.close(fd)
        self._open.clear()

    def _check_open(self, fd: int) -> None:
        assert fd in self._open

    def open(self, path: Path | str, flags: int, mode: int = 0o600) -> int:
        def do() -> int:
            fd = System.open(self, path, flags, mode)
            self._open.add(fd)
            return fd

        return self._call(do)

    def close(self, fd: int) -> None:
        def do() -> None:
            self._open.discard(fd)
            System.close(self, fd)

        # Linux frees the descriptor even when close reports an error.
        self._call(do, do)

    def read(self, fd: int, count: int) -> bytes:
        return self._call(lambda: System.read(self, fd, count))

    def write(self, fd: int, data: bytes | memoryview) -> int:
        return self._call(
            lambda: System.write(self, fd, data), lambda: System.write(self, fd, memoryview(data)[: len(data) // 2])
        )

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        return self._call(
            lambda: System.pwrite(self, fd, data, offset),
            lambda: System.pwrite(self, fd, memoryview(data)[: len(data) // 2], offset),
        )

    def fsync(self, fd: int) -> None:
        self._call(lambda: self._check_open(fd))

    def fdatasync(self, fd: int) -> None:
        self._call(lambda: self._check_open(fd))

    def syncfs(self, fd: int) -> None:
        self._call(lambda: self._check_open(fd))

    def has_syncfs(self) -> bool:
        return self._syncfs

    def rename(self, source: Path, target: Path) -> None:
        self._call(lambda: System.rename(self, source, target))

    def mkdir(self, path: Path, mode: int = 0o755) -> None:
        self._call(lambda: System.mkdir(self, path, mode))

    def lock(self, fd: int) -> None:
        self._call(lambda: System.lock(self, fd))
