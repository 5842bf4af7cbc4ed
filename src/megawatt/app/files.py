"""Writing files whole or not at all."""

import os
import tempfile
from pathlib import Path

from megawatt.core.errors import InputError


def refuse_target(path: Path) -> None:
    """Raise `InputError` where a file cannot be written: asked before long work, so that none is lost."""
    if not path.parent.is_dir():
        raise InputError(
            f"the folder {path.parent} does not exist", "files go into existing folders", "Create it first."
        )
    if path.exists() and not path.is_file():  # moving a file over a device or a pipe would take its place
        what = "a folder" if path.is_dir() else "no regular file"
        raise InputError(f"{path} is {what}", "a file is written there", "Name a file.")
    if not os.access(path.resolve().parent, os.W_OK):
        raise InputError(
            f"the folder {path.parent} is closed to writing", "a file is written there", "Name another folder."
        )


def write_text(path: Path, text: str, *, replace: bool = True) -> None:
    """Write a text file whole or not at all; see `write_bytes`."""
    write_bytes(path, text.encode(), replace=replace)


def write_bytes(path: Path, content: bytes, *, replace: bool = True) -> None:
    """Write a file under another name beside it and move it into place, so that nothing half-written is ever seen.

    Raises:
        InputError: The file exists and may not be replaced, its folder does not exist, or the disk is full.
    """
    refuse_target(path)
    if path.exists() and not replace:
        raise InputError(f"{path} exists", "it is not replaced unasked", "Name another file with --to, or add --force.")
    try:
        _write(path.resolve(), content)  # a link keeps pointing where it points
    except OSError as error:
        raise InputError(
            f"{path} cannot be written ({error.strerror})",
            "a file is written whole or not at all",
            "Check the space on the disk and the permissions of the folder; nothing has been changed.",
        ) from None


def _write(path: Path, content: bytes) -> None:
    # A name of its own for every writer: what a killed process leaves is in nobody's way.
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "wb") as stream:
            stream.write(content)
            stream.flush()
            os.fsync(stream.fileno())
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
