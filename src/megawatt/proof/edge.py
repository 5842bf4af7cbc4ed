"""The right edge of a growing log: the partial tile of every level, and what each batch adds.

Appending touches only the edge. `extend` says which files a batch makes; the caller writes them. Nothing here opens
a file, so that the store, an auditor and a test grow the same tree by the same code.
"""

from collections.abc import Callable, Iterator, Sequence

from megawatt.proof.errors import FormatError
from megawatt.proof.hashes import EMPTY_ROOT, leaf_hash, node_hash
from megawatt.proof.tiles import ENTRIES, TILE_WIDTH, Tile, format_bundle, parse_bundle, parse_tile
from megawatt.proof.tree import subtree_root


class Edge:
    """Right edge of the tree over `size` entries.

    Attributes:
        size: Entries in the tree.
        rows: For each level, the hashes of its partial tile (0 to 255 of them).
        entries: The entries of the partial bundle.
    """

    __slots__ = ("entries", "rows", "size")

    def __init__(self) -> None:
        self.size = 0
        self.rows: list[list[bytes]] = []
        self.entries: list[bytes] = []

    @classmethod
    def read(cls, size: int, fetch: Callable[[str], bytes]) -> "Edge":
        """Take the edge of a tree from its served files.

        Args:
            size: Entries in the tree.
            fetch: Gives the bytes of a served path.

        Raises:
            FormatError: A file has not the length that its name says.
        """
        edge = cls()
        edge.size = size
        count, level = size, 0
        while count:
            width = count % TILE_WIDTH
            tile = Tile(level, count // TILE_WIDTH, width) if width else None
            edge.rows.append(parse_tile(fetch(tile.path), width) if tile else [])
            count, level = count // TILE_WIDTH, level + 1
        width = size % TILE_WIDTH
        if width:
            edge.entries = parse_bundle(fetch(Tile(ENTRIES, size // TILE_WIDTH, width).path), width)
        return edge

    def extend(self, entries: Sequence[bytes], leaf_hashes: Sequence[bytes]) -> Iterator[tuple[Tile, bytes]]:
        """Append entries, and yield every full tile and bundle that they complete.

        The edge has grown when the iterator is exhausted, not before. Partial tiles come from `partials`.

        Args:
            entries: New entries.
            leaf_hashes: Their leaf hashes, of the same length.
        """
        if len(entries) != len(leaf_hashes):
            raise FormatError(
                f"{len(entries)} entries with {len(leaf_hashes)} hashes", "each has one", "Hash every entry."
            )
        at = 0
        while at < len(entries):
            took = min(TILE_WIDTH - len(self.entries), len(entries) - at)
            self.entries += entries[at : at + took]
            if len(self.entries) == TILE_WIDTH:
                yield Tile(ENTRIES, self.size // TILE_WIDTH), format_bundle(self.entries)
                self.entries = []
            yield from self.grow(leaf_hashes[at : at + took])
            at += took

    def grow(self, leaf_hashes: Sequence[bytes]) -> Iterator[tuple[Tile, bytes]]:
        """Append leaf hashes alone, and yield every full tile that they complete.

        For readers who have the bundles already: an edge that grew so knows no entries, and goes on growing so.
        """
        at = 0
        while at < len(leaf_hashes):
            took = min(TILE_WIDTH - self.size % TILE_WIDTH, len(leaf_hashes) - at)
            yield from self._add(0, leaf_hashes[at : at + took])
            self.size += took
            at += took

    def _add(self, level: int, hashes: Sequence[bytes]) -> Iterator[tuple[Tile, bytes]]:
        if level == len(self.rows):
            self.rows.append([])
        row = self.rows[level]
        row += hashes
        if len(row) == TILE_WIDTH:
            index = (self.size >> (8 * level)) // TILE_WIDTH
            self.rows[level] = []
            yield Tile(level, index), b"".join(row)
            yield from self._add(level + 1, [subtree_root(row)])

    def partials(self, since: int = 0) -> Iterator[tuple[Tile, bytes]]:
        """The partial tiles and the partial bundle of the present size.

        Args:
            since: Leave out those that the tree of this size had already: a file that is served is never written
                again, as a crash in the middle would damage what is signed.
        """
        if self.entries and self.size > since:
            yield Tile(ENTRIES, self.size // TILE_WIDTH, len(self.entries)), format_bundle(self.entries)
        for level, row in enumerate(self.rows):
            hashes = self.size >> (8 * level)
            if row and hashes > since >> (8 * level):
                yield Tile(level, hashes // TILE_WIDTH, len(row)), b"".join(row)

    def bundle_fits(self) -> bool:
        """Whether the partial bundle's entries are those that the leaf hashes stand for."""
        return [leaf_hash(entry) for entry in self.entries] == (self.rows[0] if self.rows else [])

    def root(self) -> bytes:
        """Root of the present tree: the edge's rows, folded from the lowest, that is the rightmost."""
        root: bytes | None = None
        for row in self.rows:
            for subtree in _complete_subtrees(row):
                root = subtree if root is None else node_hash(subtree, root)
        return EMPTY_ROOT if root is None else root


def _complete_subtrees(row: Sequence[bytes]) -> Iterator[bytes]:
    """Roots of the complete subtrees of a partial tile, from the right, where they are smallest."""
    end = len(row)
    while end:
        width = end & -end
        yield subtree_root(row[end - width : end])
        end -= width
