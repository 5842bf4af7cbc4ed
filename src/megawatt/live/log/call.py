"""A bounded HTTP client: an answer has a longest length and a longest time, and no redirect is followed."""

import time
from functools import cache
from typing import NamedTuple

import httpx

from megawatt.core.errors import MegawattError

IDLE_S = 10.0
WHOLE_S = 60.0


class UnreachableError(MegawattError):
    """Another machine gave no answer that could be used."""


class Heard(NamedTuple):
    """An answer: HTTP status and body."""

    status: int
    body: bytes


def get(url: str, max_bytes: int, headers: dict[str, str] | None = None) -> Heard:
    """GET, for at most `max_bytes`.

    Raises:
        UnreachableError: No answer in time, or too long a one.
    """
    return _call("GET", url, max_bytes, headers or {}, None)


def post(url: str, body: bytes, max_bytes: int, headers: dict[str, str] | None = None) -> Heard:
    """POST, for an answer of at most `max_bytes`.

    Raises:
        UnreachableError: No answer in time, or too long a one.
    """
    return _call("POST", url, max_bytes, headers or {}, body)


@cache
def _client() -> httpx.Client:
    """One for all threads: to make one takes longer than most calls, as it reads the trusted certificates."""
    return httpx.Client(timeout=IDLE_S, follow_redirects=False)


def _call(method: str, url: str, max_bytes: int, headers: dict[str, str], body: bytes | None) -> Heard:
    if not url.startswith(("https://", "http://")):
        raise _unreachable(url, "it begins with https:// or http://")
    begun = time.monotonic()
    # Nothing compressed: a few bytes could unpack to more than memory holds.
    asked = {"Accept-Encoding": "identity", "User-Agent": "megawatt", **headers}
    parts: list[bytes] = []
    length = 0
    try:
        with _client().stream(method, url, headers=asked, content=body) as answer:
            for part in answer.iter_raw():
                parts.append(part)
                length += len(part)
                if length > max_bytes:
                    raise _unreachable(url, f"an answer has at most {max_bytes} bytes")
                if time.monotonic() - begun > WHOLE_S:
                    raise _unreachable(url, f"an answer is complete within {WHOLE_S:.0f} s")
            return Heard(answer.status_code, b"".join(parts))
    except (httpx.HTTPError, httpx.InvalidURL) as error:
        raise _unreachable(url, f"it must answer ({type(error).__name__}: {error})") from error


def _unreachable(url: str, rule: str) -> UnreachableError:
    return UnreachableError(f"no usable answer from {url[:200]}", rule, "Check the address and try again later.")
