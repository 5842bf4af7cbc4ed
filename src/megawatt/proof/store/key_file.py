"""Secret keys in files that only their owner can read."""

import os
from pathlib import Path

from megawatt.proof.errors import StoreError
from megawatt.proof.keys import ED25519, SecretKey
from megawatt.proof.store.durable import PRIVATE, disk_errors, read_file, sync_path
from megawatt.proof.store.system import System

_OTHERS = 0o077


def create_key(path: Path, name: str, kind: int = ED25519, system: System | None = None) -> SecretKey:
    """Make a key from the system's random generator and write it to a new file of mode 0600.

    Raises:
        StoreError: The file exists (a key is never overwritten) or cannot be written.
    """
    system = system or System()
    secret = SecretKey(name, os.urandom(32), kind)
    with disk_errors(f"writing the key {path}"):
        fd = system.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        try:
            rest = f"{secret.to_text()}\n".encode()
            while rest:
                rest = rest[system.write(fd, rest) :]
            system.fsync(fd)
        finally:
            system.close(fd)
        sync_path(system, path.parent)
    return secret


def read_key(path: Path, system: System | None = None) -> SecretKey:
    """Read a key.

    Raises:
        StoreError: There is no such file, or others than its owner may read or write it.
        FormatError: It holds no key.
    """
    system = system or System()
    with disk_errors(f"reading the key {path}"):
        data = read_file(system, path)
        mode = system.mode(path)
    if data is None or mode & _OTHERS:
        raise StoreError(
            f"key file {path} of mode {mode:04o}",
            "only its owner may read it",
            f"Run: chmod 600 {path}. If others could read it, rotate the key.",
        )
    return SecretKey.from_text(data.decode("utf-8", "replace").removesuffix("\n"))
