"""Writing files whole or not at all."""

import os
import tempfile
from pathlib import Path

from megawatt.core.errors import InputError


def write_text(path: Path, text: str, *, replace: bool = True) -> None:
    """Write a file under another name beside it and move it into place, so that nothing half-written is ever seen.

    Raises:
        InputError: The file exists and may not be replaced, or its folder does not exist.
    """
    if path.exists() and not replace:
        raise InputError(f"{path} exists", "it is not replaced unasked", "Name another file with --to, or add --force.")
    if not path.parent.is_dir():
        raise InputError(
            f"the folder {path.parent} does not exist", "files go into existing folders", "Create it first."
        )
    handle, name = tempfile.mkstemp(dir=path.parent, prefix=f".{path.name}.")
    try:
        with os.fdopen(handle, "w", encoding="utf-8") as stream:
            stream.write(text)
        mask = os.umask(0)
        os.umask(mask)
        Path(name).chmod(0o666 & ~mask)
        Path(name).replace(path)
    except BaseException:
        Path(name).unlink(missing_ok=True)
        raise
