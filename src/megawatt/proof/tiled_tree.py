"""A tree read from tiles: nodes, roots and proofs out of the files that a log serves."""

from collections.abc import Callable

from megawatt.proof.errors import FormatError
from megawatt.proof.tiles import TILE_WIDTH, Tile, parse_tile
from megawatt.proof.tree import parents, prove_consistency, prove_inclusion, root_hash

Fetch = Callable[[str], bytes]
"""Gives the bytes of a served path such as `tile/0/000`."""

Rows = list[list[bytes]]


class TiledTree:
    """The tree over `size` entries, in the tiles that `fetch` gives.

    A tile is expanded to its inner nodes once and kept; when `kept_tiles` is reached the oldest goes. The tiles are
    taken as they come: compare `root()` with a signed root before trusting what a stranger served.

    Args:
        size: Entries in the tree.
        fetch: Gives the bytes of a served path.
        kept_tiles: Expanded tiles to keep in memory, about 50 kB each.
    """

    def __init__(self, size: int, fetch: Fetch, *, kept_tiles: int = 1024) -> None:
        self.size = size
        self._fetch = fetch
        self._kept_tiles = kept_tiles
        self._rows: dict[tuple[int, int], Rows] = {}

    def node(self, level: int, index: int) -> bytes:
        """Hash of the complete subtree over entries [index * 2**level, (index + 1) * 2**level)."""
        if (index + 1) << level > self.size:
            raise FormatError(
                f"subtree {index} of level {level}", f"it is not complete at size {self.size}", "Ask for a smaller one."
            )
        tile_level, height = divmod(level, 8)
        tile_index, within = divmod(index, TILE_WIDTH >> height)
        rows = self._rows.get((tile_level, tile_index))
        if rows is None:
            rows = self._expand(tile_level, tile_index)
        return rows[height][within]

    def _expand(self, level: int, index: int) -> Rows:
        width = min(TILE_WIDTH, (self.size >> (8 * level)) - index * TILE_WIDTH)
        row = parse_tile(self._fetch(Tile(level, index, width).path), width)
        rows = [row]
        for _ in range(7):
            row = parents(row)
            rows.append(row)
        if len(self._rows) >= self._kept_tiles:
            del self._rows[next(iter(self._rows))]
        self._rows[level, index] = rows
        return rows

    def root(self, size: int | None = None) -> bytes:
        """Root over the first `size` entries (all when not given)."""
        return root_hash(self.size if size is None else size, self.node)

    def leaf(self, index: int) -> bytes:
        """Leaf hash of an entry."""
        return self.node(0, index)

    def prove_inclusion(self, index: int) -> list[bytes]:
        """Inclusion proof of an entry in this tree."""
        return prove_inclusion(index, self.size, self.node)

    def prove_consistency(self, old_size: int) -> list[bytes]:
        """Proof that the tree of `old_size` is a prefix of this one."""
        return prove_consistency(old_size, self.size, self.node)
