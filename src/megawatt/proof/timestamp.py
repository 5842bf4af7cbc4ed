"""OpenTimestamps files (.ots): how a file's digest leads, by hashing, to what a calendar or a block has committed to.

The file is a magic, a version, the hash of the stamped file, and a tree: each edge is an operation on a message, each
leaf an attestation about the message reached. Here the tree is the list of its paths, root to leaf. A stranger's file
is read without recursion; its bytes, paths, operations and messages are bounded, and an operation is only carried out
when its path is asked for, so that memory is bounded too.

The one spelling written here is that of the original library: attestations, then operations, each in order.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import new, sha256
from typing import TypeVar

from megawatt.proof.errors import FormatError
from megawatt.proof.hashes import HASH_BYTES
from megawatt.proof.numerals import MAX_SIZE

MAGIC = b"\x00OpenTimestamps\x00\x00Proof\x00\xbf\x89\xe2\xe8\x84\xe8\x92\x94"
VERSION = 1
MAX_STAMP_BYTES = 65_536
MAX_PATHS = 64
MAX_OPERATIONS = 256
MAX_MESSAGE_BYTES = 4096
MAX_PAYLOAD_BYTES = 8192
MAX_URI_BYTES = 1000

SHA256, APPEND, PREPEND = 0x08, 0xF0, 0xF1
_BINARY = (APPEND, PREPEND)
_HASHES = {0x02: "sha1", 0x03: "ripemd160", SHA256: "sha256"}
_REVERSE, _HEXLIFY, _KECCAK = 0xF2, 0xF3, 0x67
_UNARY = (*_HASHES, _REVERSE, _HEXLIFY, _KECCAK)

PENDING = bytes.fromhex("83dfe30d2ef90c8e")
BITCOIN = bytes.fromhex("0588960d73d71901")
_URI_CHARS = frozenset(b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-._/:")
_FORK, _ATTESTATION = 0xFF, 0x00
T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Operation:
    """One step from message to message.

    Attributes:
        tag: What is done.
        argument: What is appended or prepended; else empty.
    """

    tag: int
    argument: bytes = b""

    def apply(self, message: bytes) -> bytes:
        """The next message.

        Raises:
            FormatError: It would be too long, or the operation is not computed here.
        """
        if self.tag == APPEND:
            message += self.argument
        elif self.tag == PREPEND:
            message = self.argument + message
        elif self.tag == _REVERSE:
            message = message[::-1]
        elif self.tag == _HEXLIFY:
            message = message.hex().encode()
        else:
            message = self._hash(message)
        if len(message) > MAX_MESSAGE_BYTES:
            raise _wrong(f"a message of {len(message)} bytes", f"it has at most {MAX_MESSAGE_BYTES}")
        return message

    def _hash(self, message: bytes) -> bytes:
        try:
            return new(_HASHES[self.tag], message, usedforsecurity=False).digest()
        except (KeyError, ValueError) as error:  # keccak256 never, ripemd160 not by every system
            raise FormatError(
                f"operation {self.tag:#04x}", "this system does not compute it", "Verify with the original ots client."
            ) from error

    def to_bytes(self) -> bytes:
        """Tag, and length and argument where there is one."""
        return bytes([self.tag]) + (_varbytes(self.argument) if self.tag in _BINARY else b"")


@dataclass(frozen=True, slots=True)
class Attestation:
    """Somebody's word about a message: a calendar's promise, a block's header, or of a kind unknown here.

    Attributes:
        tag: Eight bytes that say which kind.
        payload: Of the kind's own form.
    """

    tag: bytes
    payload: bytes

    @property
    def height(self) -> int | None:
        """Height of the Bitcoin block whose Merkle root the message is; None for other kinds."""
        if self.tag != BITCOIN:
            return None
        reader = _Reader(self.payload)
        return reader.whole(reader.varint())

    @property
    def calendar(self) -> str | None:
        """Address of the calendar that promised an attestation; None for other kinds."""
        if self.tag != PENDING:
            return None
        reader = _Reader(self.payload)
        uri = reader.whole(reader.varbytes(0, MAX_URI_BYTES))
        if not _URI_CHARS.issuperset(uri):
            raise _wrong(f"calendar {uri[:60]!r}", "an address has letters, digits and -._/: only")
        return uri.decode("ascii")

    def to_bytes(self) -> bytes:
        """Tag, length and payload."""
        return self.tag + _varbytes(self.payload)

    def order(self) -> tuple[bytes, int, str, bytes]:
        """Sorts as the original library does."""
        return self.tag, self.height or 0, self.calendar or "", self.payload


def bitcoin_attestation(height: int) -> Attestation:
    """The message is the Merkle root of the block at this height."""
    return Attestation(BITCOIN, _varint(height))


def pending_attestation(uri: str) -> Attestation:
    """The calendar at this address has promised to have the message attested."""
    return Attestation(PENDING, _varbytes(uri.encode()))


@dataclass(frozen=True, slots=True)
class Path:
    """Operations from the start to an attestation."""

    operations: tuple[Operation, ...]
    attestation: Attestation

    def message(self, start: bytes) -> bytes:
        """What the attestation is about.

        Raises:
            FormatError: A message on the way is too long, or an operation is not computed here.
        """
        for operation in self.operations:
            start = operation.apply(start)
        return start


@dataclass(frozen=True, slots=True)
class Stamp:
    """An .ots file of something hashed with SHA-256; nothing of it verified.

    Attributes:
        digest: SHA-256 of what is stamped.
        paths: At least one.
    """

    digest: bytes
    paths: tuple[Path, ...]

    def to_bytes(self) -> bytes:
        """The file.

        Raises:
            FormatError: There are too many paths, or it is too long.
        """
        data = MAGIC + _varint(VERSION) + bytes([SHA256]) + self.digest + format_paths(self.paths)
        if len(data) > MAX_STAMP_BYTES:
            raise _wrong(f"a stamp of {len(data)} bytes", f"it has at most {MAX_STAMP_BYTES}")
        return data

    @classmethod
    def from_bytes(cls, data: bytes) -> "Stamp":
        """Read a file; what is written back may be in another order, and leads the same ways.

        Raises:
            FormatError: The bytes are no .ots file of version 1 of a SHA-256 digest.
        """
        if not data.startswith(MAGIC) or len(data) > MAX_STAMP_BYTES:
            raise _wrong(f"a file of {len(data)} bytes", f"an .ots begins with its magic and has <= {MAX_STAMP_BYTES}")
        reader = _Reader(data[len(MAGIC) :])
        version, kind = reader.varint(), reader.byte()
        if version != VERSION or kind != SHA256:
            raise _wrong(f"a stamp of version {version} of hash {kind:#04x}", "version 1 of SHA-256 is read here")
        digest = reader.take(HASH_BYTES)
        return cls(digest, reader.whole(reader.paths()))


def parse_paths(data: bytes) -> tuple[Path, ...]:
    """The tree alone, as a calendar answers it.

    Raises:
        FormatError: The bytes are no such tree.
    """
    if len(data) > MAX_STAMP_BYTES:
        raise _wrong(f"{len(data)} bytes", f"a tree has at most {MAX_STAMP_BYTES} here")
    reader = _Reader(data)
    return reader.whole(reader.paths())


def format_paths(paths: Sequence[Path]) -> bytes:
    """Inverse of `parse_paths`; common beginnings are written once."""
    if not 1 <= len(paths) <= MAX_PATHS or any(len(path.operations) > MAX_OPERATIONS for path in paths):
        raise _wrong(f"a tree of {len(paths)} paths", f"1 to {MAX_PATHS}, each of at most {MAX_OPERATIONS} operations")
    return _format(paths, 0)


def _format(paths: Sequence[Path], depth: int) -> bytes:
    here = {path.attestation for path in paths if len(path.operations) == depth}
    branches: dict[Operation, list[Path]] = {}
    for path in paths:
        if len(path.operations) > depth:
            branches.setdefault(path.operations[depth], []).append(path)
    items = [bytes([_ATTESTATION]) + one.to_bytes() for one in sorted(here, key=Attestation.order)]
    ordered = sorted(branches, key=lambda one: (one.tag, one.argument))
    items += [operation.to_bytes() + _format(branches[operation], depth + 1) for operation in ordered]
    return b"".join(bytes([_FORK]) + item for item in items[:-1]) + items[-1]


class _Reader:
    """Reads bytes from the front; every failure is a `FormatError`."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0

    def take(self, count: int) -> bytes:
        data = self._data[self._at : self._at + count]
        if len(data) != count:
            raise _wrong("a stamp that ends early", "all of it is there")
        self._at += count
        return data

    def byte(self) -> int:
        return self.take(1)[0]

    def varint(self) -> int:
        """Seven bits a byte, the lowest first; no padding with zeros."""
        number = shift = 0
        while True:
            byte = self.byte()
            number |= (byte & 0x7F) << shift
            if not byte & 0x80:
                break
            shift += 7
            if shift > 63:
                raise _wrong("a number of more than 63 bits", "lengths and heights are smaller")
        if number > MAX_SIZE or (shift and not byte):
            raise _wrong(f"number {number} with padding or beyond 63 bits", "it has one spelling")
        return number

    def varbytes(self, least: int, most: int) -> bytes:
        length = self.varint()
        if not least <= length <= most:
            raise _wrong(f"a field of {length} bytes", f"it has {least} to {most}")
        return self.take(length)

    def whole(self, value: T) -> T:
        """The value, if nothing is left over."""
        if self._at != len(self._data):
            raise _wrong(f"{len(self._data) - self._at} bytes behind the end", "nothing follows")
        return value

    def paths(self) -> tuple[Path, ...]:
        """All paths of a tree. `open_ones` holds the nodes of which more items follow."""
        paths: dict[Path, None] = {}
        open_ones: list[tuple[Operation, ...]] = []
        here: tuple[Operation, ...] = ()
        while True:
            tag = self.byte()
            if tag == _FORK:
                open_ones.append(here)
                tag = self.byte()
            if len(paths) + len(open_ones) > MAX_PATHS or len(here) > MAX_OPERATIONS:
                raise _wrong("a tree that branches too often", f"{MAX_PATHS} paths of {MAX_OPERATIONS} steps are read")
            if tag == _ATTESTATION:
                paths[Path(here, self.attestation())] = None
                if not open_ones:
                    return tuple(paths)
                here = open_ones.pop()
            elif tag in _BINARY:
                here = (*here, Operation(tag, self.varbytes(1, MAX_MESSAGE_BYTES)))
            elif tag in _UNARY:
                here = (*here, Operation(tag))
            else:
                raise _wrong(f"operation {tag:#04x}", "no such operation is known")

    def attestation(self) -> Attestation:
        one = Attestation(self.take(len(BITCOIN)), self.varbytes(0, MAX_PAYLOAD_BYTES))
        one.order()  # reads the payload of the kinds that are known
        return one


def _varint(number: int) -> bytes:
    parts = []
    while number > 0x7F:
        parts.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*parts, number])


def _varbytes(data: bytes) -> bytes:
    return _varint(len(data)) + data


def _wrong(value: str, rule: str) -> FormatError:
    return FormatError(value, rule, "Refuse the stamp, or fetch it again.")


def commitment(data: bytes, nonce: bytes) -> tuple[tuple[Operation, ...], bytes]:
    """How a file's digest becomes what is handed to calendars, and that message.

    The nonce keeps a calendar from learning, or finding by trying, what was stamped.

    Args:
        data: What is stamped.
        nonce: 16 random bytes.
    """
    message = sha256(data).digest()
    operations = (Operation(APPEND, nonce), Operation(SHA256))
    for operation in operations:
        message = operation.apply(message)
    return operations, message
