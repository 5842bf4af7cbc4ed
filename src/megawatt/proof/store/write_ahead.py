"""Two write-ahead files in turn: one takes new entries while the other's go into tiles.

Both have their full length, filled with zeros, from the first day. Writing a frame then changes no metadata, and one
fdatasync waits for nothing but the frame itself.
"""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from megawatt.proof.errors import DamageError, FormatError
from megawatt.proof.store.durable import PRIVATE, read_file, replace_file
from megawatt.proof.store.frame import (
    ALIGNMENT,
    SEED_BYTES,
    START,
    Frame,
    chain_of,
    format_frame,
    format_segment,
    frame_bytes,
    seed_of,
    stray_frames,
)
from megawatt.proof.store.system import System

NAMES = ("wal-0", "wal-1")


def create_segments(system: System, directory: Path, segment_bytes: int) -> None:
    """Make both files, durably, each with a seed of its own."""
    for name in NAMES:
        replace_file(system, directory / name, format_segment(os.urandom(SEED_BYTES), segment_bytes), PRIVATE)


@dataclass(frozen=True, slots=True)
class _Segment:
    """One open file: descriptor, seed of its digests, and length."""

    fd: int
    seed: bytes
    length: int


class WriteAhead:
    """The two files, open for writing; it starts in the first, from its beginning.

    Args:
        system: Calls.
        directory: Where they are.
    """

    def __init__(self, system: System, directory: Path) -> None:
        self._system = system
        self._segments: list[_Segment] = []
        for name in NAMES:
            seed, data = _read_segment(system, directory / name)
            self._segments.append(_Segment(system.open(directory / name, os.O_WRONLY), seed, len(data)))
        self._active = self._segments[0]
        self._offset = ALIGNMENT
        self._before = START

    def frame(self, first: int, entries: Sequence[bytes]) -> tuple[bytes, bytes] | None:
        """A frame for the active file, or None if it has no room left.

        Raises:
            FormatError: It would not fit into an empty file either.
        """
        data, digest = format_frame(self._active.seed, first, entries, self._before)
        room = min(segment.length for segment in self._segments) - ALIGNMENT
        if len(data) > room:
            raise FormatError(
                f"{len(entries)} entries of {len(data)} bytes together",
                f"a write-ahead file holds {room}",
                "Append fewer at once, or create the log with larger segment_bytes.",
            )
        return (data, digest) if self._offset + len(data) <= self._active.length else None

    def write(self, frame: tuple[bytes, bytes]) -> None:
        """Write a frame; when this returns it is durable."""
        data, digest = frame
        done = 0
        while done < len(data):
            done += self._system.pwrite(self._active.fd, memoryview(data)[done:], self._offset + done)
        self._system.fdatasync(self._active.fd)
        self._offset += len(data)
        self._before = digest

    def switch(self) -> None:
        """Go on in the other file, whose entries must all be in durable tiles and signed."""
        self._active = self._segments[1 - self._segments.index(self._active)]
        self._offset = ALIGNMENT
        self._before = START

    def close(self) -> None:
        """Give the descriptors back."""
        while self._segments:
            self._system.close(self._segments.pop().fd)


def _read_segment(system: System, path: Path) -> tuple[bytes, bytes]:
    data = read_file(system, path) or b""
    seed = seed_of(data)
    if seed is None:
        raise DamageError(
            f"write-ahead file {path} of {len(data)} bytes",
            "a log has both from its creation on, and one may hold acknowledged entries",
            "Restore state/ and log/ together from a mirror or backup. If there is none, ask the submitters to send "
            "again what they got acknowledged, after `create_segments` made empty files.",
        )
    return seed, data


def surviving_entries(system: System, directory: Path, size: int) -> list[bytes]:
    """Entries from index `size` on that were written ahead and are not yet in signed tiles.

    An entry whose acknowledgement never went out may be among them: error does not mean not written.

    Raises:
        DamageError: A frame behind the end of what can be read shows that acknowledged entries were lost.
    """
    frames: list[Frame] = []
    strays: list[Frame] = []
    for name in NAMES:
        seed, segment = _read_segment(system, directory / name)
        end = ALIGNMENT
        for offset, frame in chain_of(seed, segment):
            frames.append(frame)
            end = offset + frame_bytes(frame)
        strays += stray_frames(seed, segment, end)
    entries: list[bytes] = []
    for frame in sorted(frames, key=lambda frame: frame.first):
        next_index = size + len(entries)
        if frame.first <= next_index < frame.end:
            entries += frame.entries[next_index - frame.first :]
        elif frame.first > next_index:
            strays.append(frame)
    beyond = [frame.first for frame in strays if frame.end > size + len(entries)]
    if beyond:
        raise DamageError(
            f"write-ahead frames end at entry {size + len(entries)} and go on at entry {min(beyond)}",
            "frames are written one after another, so acknowledged entries between them were lost or altered",
            "Restore state/ and log/ together from a mirror or backup; ask the submitters to send those entries again.",
        )
    return entries
