"""Serves a log as the plain files it is: heads, hashes and anchors to everybody, entries to who shows a token."""

import hmac
import re
from collections.abc import Sequence
from pathlib import Path

from megawatt.core.errors import InputError
from megawatt.live.log.door import Limits, Query, Reply
from megawatt.proof.audit import CHECKPOINT
from megawatt.proof.errors import FormatError
from megawatt.proof.store import ServedDirectory
from megawatt.proof.tiles import ENTRIES, Tile

LIMITS = Limits(body_bytes=0)
MIN_TOKEN = 32
_OCTETS = "application/octet-stream"
_FOR_EVER = {"Cache-Control": "public, max-age=31536000, immutable"}
_FRESH = {"Cache-Control": "no-cache"}
_PRIVATE = {"Cache-Control": "private, no-store"}
_ANCHOR = re.compile(r"anchors/(0|[1-9]\d{0,18})\.checkpoint(\.ots)?", re.ASCII)
_MAX_ANCHOR_BYTES = 1 << 20


class Publisher:
    """Answers for one log directory.

    Args:
        directory: The log, as `create_log` made it.
        tokens: Any of them opens the entries; without one nobody sees entries.
    """

    def __init__(self, directory: Path, tokens: Sequence[str]) -> None:
        self._served = ServedDirectory(directory / "log")
        self._anchors = directory / "anchors"
        self._tokens = [token.encode() for token in tokens]

    def answer(self, query: Query) -> Reply:
        """The file, or why not.

        Raises:
            StoreError: The disk failed.
        """
        path = query.path.removeprefix("/")
        if query.method != "GET":
            return Reply(405, b"only files are served here\n", headers={"Allow": "GET, HEAD"})
        if path == CHECKPOINT:
            return Reply(200, self._served.fetch(CHECKPOINT), headers=_FRESH)
        if _ANCHOR.fullmatch(path):
            return self._anchor(path)
        try:
            tile = Tile.from_path(path)
        except FormatError:
            return Reply(404, b"no such file\n")
        if tile.level == ENTRIES and not self._opens(query.token):
            return Reply(401, b"entries need a token\n", headers={"WWW-Authenticate": "Bearer", **_PRIVATE})
        try:
            data = self._served.fetch(path)
        except FormatError:
            return Reply(404, b"no such file\n", headers=_FRESH)
        return Reply(200, data, _OCTETS, _PRIVATE if tile.level == ENTRIES else _FOR_EVER)

    def _opens(self, token: str) -> bool:
        given = token.encode("utf-8", "replace")
        # All are compared, each in full, so that the time tells nothing about them.
        return sum(hmac.compare_digest(given, known) for known in self._tokens) > 0

    def _anchor(self, path: str) -> Reply:
        file = self._anchors / path.removeprefix("anchors/")
        try:
            with file.open("rb") as stream:
                return Reply(200, stream.read(_MAX_ANCHOR_BYTES), _OCTETS, _FRESH)
        except FileNotFoundError:
            return Reply(404, b"no such file\n", headers=_FRESH)


def read_tokens(path: Path) -> list[str]:
    """Tokens of a file that only its owner can read, one a line.

    Raises:
        InputError: Others can read it, or a token could be guessed.
    """
    mode = path.stat().st_mode & 0o777
    tokens = [line for line in path.read_text("utf-8").splitlines() if line and not line.startswith("#")]
    short = [token for token in tokens if len(token) < MIN_TOKEN or not token.isascii()]
    if mode & 0o077 or short or not tokens:
        raise InputError(
            f"{len(tokens)} tokens, {len(short)} of them too short, in a file of mode {mode:04o}",
            f"a token has at least {MIN_TOKEN} ASCII characters, and only its owner may read the file",
            f"Run: openssl rand -hex 32 >> {path} && chmod 600 {path}",
            str(path),
        )
    return tokens
