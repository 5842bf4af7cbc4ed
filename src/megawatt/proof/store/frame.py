"""Frames of the write-ahead file: acknowledged entries on their way into tiles.

The first block of 4,096 bytes is `MWS1`, a seed of 32 random bytes, and zeros. Then come frames. A frame starts at a multiple of 4,096 bytes and never shares a block with another, so that writing one cannot harm one
that is already acknowledged:

    "MWF1"  4 bytes
    length  4 bytes, big endian: bytes of the body
    count   4 bytes: entries in the body
    first   8 bytes: index of the first entry in the log
    before  16 bytes: digest of the frame before it in this file, zeros for the first
    digest  16 bytes: SHA-256 of the seed, all of the above and the body, cut
    body    entries, each behind its 16-bit length

The chain of digests ends where the writer was cut off: what stands behind is from an earlier use of the file. The seed
never leaves the file, so no submitter can send an entry whose bytes pass for a frame.
"""

import struct
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from hashlib import sha256

from megawatt.proof.errors import FormatError
from megawatt.proof.tiles import format_bundle, parse_bundle

ALIGNMENT = 4096
START = bytes(16)
SEED_BYTES = 32
_SEGMENT_MAGIC = b"MWS1"
_MAGIC = b"MWF1"
_HEAD = struct.Struct(">4sIIQ16s")
_HEADER_BYTES = _HEAD.size + len(START)


@dataclass(frozen=True, slots=True)
class Frame:
    """Entries acknowledged together.

    Attributes:
        first: Index of the first entry.
        entries: Entries.
        before: Digest of the frame before.
        digest: Own digest.
    """

    first: int
    entries: list[bytes]
    before: bytes
    digest: bytes

    @property
    def end(self) -> int:
        """Index after the last entry."""
        return self.first + len(self.entries)


def format_segment(seed: bytes, length: int) -> bytes:
    """An empty segment of at least `length` bytes for frames."""
    return (_SEGMENT_MAGIC + seed).ljust(ALIGNMENT, b"\0") + bytes(length + -length % ALIGNMENT)


def seed_of(segment: bytes) -> bytes | None:
    """The seed, or None if the bytes begin like no segment."""
    whole = segment.startswith(_SEGMENT_MAGIC) and len(segment) >= ALIGNMENT
    return segment[len(_SEGMENT_MAGIC) :][:SEED_BYTES] if whole else None


def format_frame(seed: bytes, first: int, entries: Sequence[bytes], before: bytes) -> tuple[bytes, bytes]:
    """Bytes of a frame, filled up to a multiple of 4,096, and its digest."""
    body = format_bundle(entries)
    head = _HEAD.pack(_MAGIC, len(body), len(entries), first, before)
    digest = _digest(seed, head, body)
    data = head + digest + body
    return data + bytes(-len(data) % ALIGNMENT), digest


def _digest(seed: bytes, head: bytes, body: bytes) -> bytes:
    return sha256(seed + head + body).digest()[: len(START)]


def parse_frame(seed: bytes, segment: bytes, offset: int) -> Frame | None:
    """The frame at an offset, or None if no whole and unharmed one stands there."""
    header = segment[offset : offset + _HEADER_BYTES]
    if len(header) < _HEADER_BYTES or not header.startswith(_MAGIC):
        return None
    head, digest = header[: _HEAD.size], header[_HEAD.size :]
    _, length, count, first, before = _HEAD.unpack(head)
    body = segment[offset + _HEADER_BYTES : offset + _HEADER_BYTES + length]
    if len(body) != length or _digest(seed, head, body) != digest:
        return None
    try:
        return Frame(first, parse_bundle(body, count), before, digest)
    except FormatError:
        return None


def frame_bytes(frame: Frame) -> int:
    """Bytes that the frame takes, filling included."""
    length = _HEADER_BYTES + sum(len(entry) + 2 for entry in frame.entries)
    return length + -length % ALIGNMENT


def chain_of(seed: bytes, segment: bytes) -> Iterator[tuple[int, Frame]]:
    """Offset and frame from the start of a segment, as far as the chain of digests and indexes holds."""
    offset, before = ALIGNMENT, START
    index: int | None = None
    while frame := parse_frame(seed, segment, offset):
        if frame.before != before or (index is not None and frame.first != index):
            return
        yield offset, frame
        offset, before, index = offset + frame_bytes(frame), frame.digest, frame.end


def stray_frames(seed: bytes, segment: bytes, offset: int) -> Iterator[Frame]:
    """Unharmed frames behind the end of the chain: left from earlier uses, or a sign of damage before them."""
    for at in range(offset, len(segment), ALIGNMENT):
        frame = parse_frame(seed, segment, at)
        if frame:
            yield frame
