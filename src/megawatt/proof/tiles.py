"""Names and bytes of the files a log serves (C2SP tlog-tiles).

A tile holds up to 256 hashes of one level; a bundle holds the entries of one level-0 tile, each behind its length.
A tile of less than 256 carries its width in its name, so that every name has one content for all time.
"""

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from io import BytesIO

from megawatt.proof.errors import FormatError
from megawatt.proof.hashes import HASH_BYTES, begin_leaf
from megawatt.proof.numerals import MAX_SIZE

TILE_WIDTH = 256
MAX_ENTRY_BYTES = 65_535
MAX_LEVEL = 63
ENTRIES = -1
"""Level of an entry bundle: below the leaf hashes."""

_NO_ENTRY = (b"\0\0", b"")
"""Length and bytes of an entry of nothing."""

_PATH = re.compile(
    r"tile/(entries|[1-5]?[0-9]|6[0-3])"
    r"/((?!x000/)(?:x[0-9]{3}/){0,6}[0-9]{3})"
    r"(?:\.p/([1-9][0-9]?|1[0-9]{2}|2[0-4][0-9]|25[0-5]))?"
)
"""The one spelling of each level, index and width. Matched once per file read, so it must not take longer than reading it."""


@dataclass(frozen=True, slots=True)
class Tile:
    """Coordinates of a tile or bundle.

    Attributes:
        level: 0 holds leaf hashes, each higher level the roots of full tiles; `ENTRIES` holds the entries.
        index: Position in its level.
        width: Hashes or entries in it, 1 to 256.
    """

    level: int
    index: int
    width: int = TILE_WIDTH

    def __post_init__(self) -> None:
        if not (ENTRIES <= self.level <= MAX_LEVEL and 0 <= self.index <= MAX_SIZE and 1 <= self.width <= TILE_WIDTH):
            raise FormatError(
                f"tile level {self.level}, index {self.index}, width {self.width}",
                "levels are 0 to 63, indexes below 2**63, widths 1 to 256",
                "Compute the coordinates from the tree size with `tiles_of`.",
            )

    @property
    def path(self) -> str:
        """`tile/<L>/<N>[.p/<W>]`, with `entries` in place of the level for a bundle."""
        level = "entries" if self.level == ENTRIES else self.level
        suffix = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        above, low = divmod(self.index, 1000)
        name = f"{low:03}"
        while above:
            above, low = divmod(above, 1000)
            name = f"x{low:03}/{name}"
        return f"tile/{level}/{name}{suffix}"

    @classmethod
    def from_path(cls, path: str) -> "Tile":
        """Inverse of `path`.

        Raises:
            FormatError: The text is not the one path of some tile.
        """
        spelled = _PATH.fullmatch(path)
        if spelled:
            level, name, width = spelled.groups()
            index = int(name.replace("x", "").replace("/", ""))
            if index <= MAX_SIZE:
                return cls(ENTRIES if level == "entries" else int(level), index, int(width or TILE_WIDTH))
        raise FormatError(
            f"path {path[:80]!r}", "a tile's path is tile/<level>/<index>[.p/<width>]", "See docs/proof/tiles.md."
        )


def tiles_of(size: int) -> Iterator[Tile]:
    """Every tile that a tree of `size` needs, level by level; partial ones last in their level."""
    level = 0
    while size:
        for index in range(size // TILE_WIDTH):
            yield Tile(level, index)
        if size % TILE_WIDTH:
            yield Tile(level, size // TILE_WIDTH, size % TILE_WIDTH)
        size //= TILE_WIDTH
        level += 1


def bundles_of(size: int) -> Iterator[Tile]:
    """Every entry bundle that a tree of `size` needs, in the order of the entries."""
    for start in range(0, size, TILE_WIDTH):
        yield Tile(ENTRIES, start // TILE_WIDTH, min(TILE_WIDTH, size - start))


def format_bundle(entries: Sequence[bytes]) -> bytes:
    """Each entry behind its length, a big-endian 16-bit number.

    Raises:
        FormatError: An entry is longer than 65,535 bytes.
    """
    try:
        return b"".join([part for entry in entries for part in (len(entry).to_bytes(2, "big"), entry)])
    except OverflowError:
        for entry in entries:
            check_entry_length(entry)
        raise


def check_entry_length(entry: bytes) -> None:
    """Refuse what the 16-bit length cannot say."""
    if len(entry) > MAX_ENTRY_BYTES:
        raise FormatError(
            f"an entry of {len(entry)} bytes",
            f"an entry has at most {MAX_ENTRY_BYTES}",
            "Split it into several entries, or log its SHA-256 and keep the data elsewhere.",
        )


def parse_bundle(data: bytes, width: int) -> list[bytes]:
    """Inverse of `format_bundle`.

    Raises:
        FormatError: The bytes are not exactly `width` entries.
    """
    entries: list[bytes] = []
    add, read, number = entries.append, _reader(data, width), int.from_bytes
    head, entry = _NO_ENTRY
    for _ in range(width):
        head = read(2)
        entry = read(number(head))
        add(entry)
    _check_end(data, width, head, entry, read(-1))
    return entries


def bundle_leaf_hashes(data: bytes, width: int) -> list[bytes]:
    """Leaf hashes of a bundle's entries, for who needs no entry: read and hashed in one pass, a third faster than two.

    Raises:
        FormatError: The bytes are not exactly `width` entries.
    """
    hashes: list[bytes] = []
    begin, add, read, number = begin_leaf, hashes.append, _reader(data, width), int.from_bytes
    head, entry = _NO_ENTRY
    for _ in range(width):
        head = read(2)
        entry = read(number(head))
        leaf = begin()
        leaf.update(entry)
        add(leaf.digest())
    _check_end(data, width, head, entry, read(-1))
    return hashes


def _reader(data: bytes, width: int) -> Callable[[int], bytes]:
    """Reads on in a bundle, in less time than slices take; past the end it gives nothing."""
    if len(_NO_ENTRY[0]) * width > len(data):
        raise _bundle_error(data, width, "too short for that")
    return BytesIO(data).read


def _check_end(data: bytes, width: int, head: bytes, entry: bytes, rest: bytes) -> None:
    """Check the last entry alone: behind the end of the bytes nothing is read, so a cut anywhere shows in the last."""
    if len(head) != len(_NO_ENTRY[0]) or len(entry) != int.from_bytes(head):
        raise _bundle_error(data, width, "which ends within an entry")
    if rest:
        raise _bundle_error(data, width, f"of which {len(rest)} are left over")


def _bundle_error(data: bytes, width: int, finding: str) -> FormatError:
    return FormatError(
        f"a bundle of {len(data)} bytes, {finding}",
        f"it holds exactly {width} entries, each behind its 16-bit length",
        "Fetch the bundle again; if it stays so, the log does not serve what it signed.",
    )


def format_tile(hashes: Sequence[bytes]) -> bytes:
    """The hashes one after another."""
    return b"".join(hashes)


def parse_tile(data: bytes, width: int) -> list[bytes]:
    """Inverse of `format_tile`.

    Raises:
        FormatError: The bytes are not exactly `width` hashes.
    """
    if len(data) != width * HASH_BYTES:
        raise FormatError(
            f"a tile of {len(data)} bytes",
            f"{width} hashes take {width * HASH_BYTES}",
            "Fetch the tile again; if it stays so, the log does not serve what it signed.",
        )
    return [data[i : i + HASH_BYTES] for i in range(0, len(data), HASH_BYTES)]
