"""Names and bytes of the files a log serves (C2SP tlog-tiles).

A tile holds up to 256 hashes of one level; a bundle holds the entries of one level-0 tile, each behind its length.
A tile of less than 256 carries its width in its name, so that every name has one content for all time.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from megawatt.proof.errors import FormatError
from megawatt.proof.hashes import HASH_BYTES, begin_leaf
from megawatt.proof.numerals import format_number, parse_number

TILE_WIDTH = 256
MAX_ENTRY_BYTES = 65_535
MAX_LEVEL = 63
ENTRIES = -1
"""Level of an entry bundle: below the leaf hashes."""


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
        if not (ENTRIES <= self.level <= MAX_LEVEL and self.index >= 0 and 1 <= self.width <= TILE_WIDTH):
            raise FormatError(
                f"tile level {self.level}, index {self.index}, width {self.width}",
                "levels are 0 to 63, indexes not negative, widths 1 to 256",
                "Compute the coordinates from the tree size with `tiles_of`.",
            )

    @property
    def path(self) -> str:
        """`tile/<L>/<N>[.p/<W>]`, with `entries` in place of the level for a bundle."""
        level = "entries" if self.level == ENTRIES else format_number(self.level)
        digits = format_number(self.index)
        digits = digits.zfill(-(-len(digits) // 3) * 3)
        groups = [digits[i : i + 3] for i in range(0, len(digits), 3)]
        name = "/".join([*(f"x{group}" for group in groups[:-1]), groups[-1]])
        suffix = "" if self.width == TILE_WIDTH else f".p/{self.width}"
        return f"tile/{level}/{name}{suffix}"

    @classmethod
    def from_path(cls, path: str) -> "Tile":
        """Inverse of `path`.

        Raises:
            FormatError: The text is not the one path of some tile.
        """
        head, _, rest = path.partition("/")
        level_text, _, name = rest.partition("/")
        name, partial, width_text = name.partition(".p/")
        try:
            level = ENTRIES if level_text == "entries" else parse_number(level_text, "tile level")
            width = parse_number(width_text, "tile width") if partial else TILE_WIDTH
            digits = name.replace("/", "").replace("x", "").lstrip("0")
            tile = cls(level, parse_number(digits or "0", "tile index"), width)
        except FormatError:
            tile = None
        if tile is None or head != "tile" or tile.path != path:
            raise FormatError(
                f"path {path[:80]!r}", "a tile's path is tile/<level>/<index>[.p/<width>]", "See docs/proof/tiles.md."
            )
        return tile


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
    at, end = 0, len(data)
    while len(entries) < width:
        start = at + 2
        if start > end:
            raise _bundle_error(end, width, f"entry {len(entries)} is missing")
        at = start + (data[at] << 8 | data[at + 1])
        entries.append(data[start:at])
    if at != end:
        raise _bundle_error(end, width, f"{end - at} bytes are left over or missing")
    return entries


def bundle_leaf_hashes(data: bytes, width: int) -> list[bytes]:
    """Leaf hashes of a bundle's entries, for who needs no entry: read and hashed in one pass, a third faster than two.

    Raises:
        FormatError: The bytes are not exactly `width` entries.
    """
    hashes: list[bytes] = []
    begin, add, at = begin_leaf, hashes.append, 0
    try:
        for _ in range(width):
            start = at + 2
            at = start + (data[at] << 8 | data[at + 1])
            leaf = begin()
            leaf.update(data[start:at])
            add(leaf.digest())
    except IndexError:
        raise _bundle_error(len(data), width, f"entry {len(hashes)} is missing") from None
    if at != len(data):
        raise _bundle_error(len(data), width, f"{len(data) - at} bytes are left over or missing")
    return hashes


def _bundle_error(length: int, width: int, finding: str) -> FormatError:
    return FormatError(
        f"a bundle of {length} bytes in which {finding}",
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
