"""Every file system call that the store makes, one method each.

The rest of `proof` opens no file, and the rest of the store goes through here: so a test can let each single call fail,
or record all of them and replay what a power cut would have left.
"""

import ctypes
import fcntl
import os
from pathlib import Path

_SYNCFS_REPORTS_SINCE = (5, 8)


class System:
    """The operating system's own calls; errors are `OSError`."""

    def open(self, path: Path | str, flags: int, mode: int = 0o600) -> int:
        """Open a file or directory; the descriptor is not inherited."""
        return os.open(path, flags | os.O_CLOEXEC, mode)

    def close(self, fd: int) -> None:
        """Give a descriptor back."""
        os.close(fd)

    def read(self, fd: int, count: int) -> bytes:
        """Read on; fewer bytes than asked are no error."""
        return os.read(fd, count)

    def write(self, fd: int, data: bytes | memoryview) -> int:
        """Write on; fewer bytes than asked are no error."""
        return os.write(fd, data)

    def pwrite(self, fd: int, data: bytes | memoryview, offset: int) -> int:
        """Write at an offset; fewer bytes than asked are no error."""
        return os.pwrite(fd, data, offset)

    def fsync(self, fd: int) -> None:
        """Make durable: of a file its bytes, of a directory its names."""
        os.fsync(fd)

    def fdatasync(self, fd: int) -> None:
        """Make the bytes durable, and of the inode only what is needed to read them."""
        os.fdatasync(fd)

    def syncfs(self, fd: int) -> None:
        """Make everything durable on the file system that holds `fd`."""
        if _LIBC.syncfs(fd):
            error = ctypes.get_errno()
            raise OSError(error, os.strerror(error))

    def has_syncfs(self) -> bool:
        """Whether syncfs is there and reports write errors, which Linux does since 5.8."""
        release = os.uname()
        if release.sysname != "Linux" or not hasattr(_LIBC, "syncfs"):
            return False
        major, minor = release.release.split(".")[:2]
        digits = "".join(char for char in minor if char.isdigit())
        return (int(major), int(digits or "0")) >= _SYNCFS_REPORTS_SINCE

    def rename(self, source: Path, target: Path) -> None:
        """Give a file another name, in place of what had it, in one step."""
        os.rename(source, target)  # noqa: PTH104 - the thin call itself

    def mkdir(self, path: Path, mode: int = 0o755) -> None:
        """Make a directory."""
        os.mkdir(path, mode)  # noqa: PTH102 - the thin call itself

    def mode(self, path: Path) -> int:
        """Permission bits of a file."""
        return os.stat(path).st_mode & 0o777  # noqa: PTH116 - the thin call itself

    def lock(self, fd: int) -> None:
        """Take the exclusive lock of a file without waiting; it ends with the process."""
        fcntl.flock(fd, fcntl.LOCK_EX | fcntl.LOCK_NB)


_LIBC = ctypes.CDLL(None, use_errno=True)
