"""Asks OpenTimestamps calendars: to stamp now, and for the path to a block some hours later."""

from collections.abc import Sequence
from fnmatch import fnmatchcase
from hashlib import sha256
from urllib.parse import urlsplit

from megawatt.core.errors import MegawattError
from megawatt.live.log.call import UnreachableError, get, post
from megawatt.proof.errors import ProofError
from megawatt.proof.timestamp import Path, Stamp, commitment, parse_paths

PUBLIC = (
    "https://a.pool.opentimestamps.org",
    "https://b.pool.opentimestamps.org",
    "https://a.pool.eternitywall.com",
    "https://ots.btc.catallaxy.com",
)
"""The default calendars of the original client."""

TRUSTED = (
    "https://*.calendar.opentimestamps.org",
    "https://*.calendar.eternitywall.com",
    "https://*.calendar.catallaxy.com",
)
"""Addresses that a stamp may send us to: those of the original client. A stranger's stamp could name any machine."""

MAX_ANSWER_BYTES = 10_000
"""What the original client reads of an answer."""

_HEADERS = {"Accept": "application/vnd.opentimestamps.v1"}


def stamp(data: bytes, nonce: bytes, calendars: Sequence[str], enough: int) -> tuple[Stamp, list[str]]:
    """Hand a file's commitment to calendars.

    Args:
        data: What is stamped.
        nonce: 16 random bytes.
        calendars: Addresses.
        enough: How many must promise.

    Returns:
        A stamp of their promises, and what the others said.

    Raises:
        UnreachableError: Fewer promised.
    """
    operations, message = commitment(data, nonce)
    paths: list[Path] = []
    silent: list[str] = []
    for address in calendars:
        try:
            answer = _paths(*post(f"{address.rstrip('/')}/digest", message, MAX_ANSWER_BYTES, _HEADERS), address)
        except (MegawattError, ProofError) as error:
            silent.append(f"{address}: {error}")
        else:
            paths += [Path(operations + path.operations, path.attestation) for path in answer]
    if len(calendars) - len(silent) < enough:
        raise UnreachableError(
            f"promises of {len(calendars) - len(silent)} of {len(calendars)} calendars ({'; '.join(silent)})",
            f"{enough} are asked for, so that a stamp outlives a calendar",
            "Try again later, or name others.",
        )
    return Stamp(sha256(data).digest(), tuple(paths)), silent


def upgrade(stamp: Stamp, allowed: Sequence[str]) -> tuple[Stamp, list[str]]:
    """Ask each calendar that promised for the path to its block.

    Args:
        stamp: A stamp with promises.
        allowed: Addresses that may be asked, beside `TRUSTED`; a `*` stands for part of a machine's name.

    Returns:
        The stamp, where blocks take the place of promises, and what is still waited for.
    """
    paths: list[Path] = []
    waiting: list[str] = []
    for path in stamp.paths:
        address = path.attestation.calendar
        if address is None:
            paths.append(path)
            continue
        try:
            answer = _ask(path.message(stamp.digest), address, allowed)
        except (MegawattError, ProofError) as error:
            waiting.append(f"{address}: {error}")
            paths.append(path)
        else:
            paths += [Path(path.operations + one.operations, one.attestation) for one in answer]
    return Stamp(stamp.digest, tuple(dict.fromkeys(paths))), waiting


def _ask(message: bytes, address: str, allowed: Sequence[str]) -> tuple[Path, ...]:
    """The paths of a calendar to blocks.

    Raises:
        UnreachableError: It may not be asked, has no block yet, or does not answer.
    """
    if not any(_matches(address, one) for one in (*TRUSTED, *allowed)):
        raise UnreachableError(
            f"calendar {address}", "only known calendars are asked", "Name it with --calendar if you trust it."
        )
    answer = _paths(*get(f"{address}/timestamp/{message.hex()}", MAX_ANSWER_BYTES, _HEADERS), address)
    if all(path.attestation.height is None for path in answer):
        raise UnreachableError(f"calendar {address}", "it has no block yet", "Try again in some hours.")
    return answer


def _matches(address: str, pattern: str) -> bool:
    """Scheme and path are equal, and the machine matches: a `*` reaches over no slash."""
    one, other = urlsplit(address), urlsplit(pattern.rstrip("/"))
    return (one.scheme, one.path, one.query) == (other.scheme, other.path, "") and fnmatchcase(one.netloc, other.netloc)


def _paths(status: int, body: bytes, address: str) -> tuple[Path, ...]:
    if status != 200:
        raise UnreachableError(f"status {status} from {address}", "200 brings a stamp", "Try again in some hours.")
    paths = parse_paths(body)
    if all(path.attestation.calendar is None and path.attestation.height is None for path in paths):
        raise UnreachableError(f"an answer of {address}", "it promises a block or names one", "Ask another calendar.")
    return paths
