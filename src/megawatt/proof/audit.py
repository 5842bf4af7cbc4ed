"""Full audit: read everything a log serves, rebuild the tree, and compare every byte with what the log signed."""

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field

from megawatt.proof.edge import Edge
from megawatt.proof.errors import FormatError, VerifyError
from megawatt.proof.hashes import HASH_BYTES
from megawatt.proof.policy import Policy, VerifiedCheckpoint
from megawatt.proof.tiled_tree import Fetch
from megawatt.proof.tiles import ENTRIES, TILE_WIDTH, Tile, bundle_leaf_hashes, bundles_of, format_bundle, parse_bundle

CHECKPOINT = "checkpoint"


@dataclass(frozen=True, slots=True)
class AuditReport:
    """What an audit found in order.

    Attributes:
        head: The verified checkpoint.
        files: Files compared byte for byte, the checkpoint not counted.
        unsigned: Listed files that the checkpoint does not cover: no tile of this log, or ahead of its size.
    """

    head: VerifiedCheckpoint
    files: int
    unsigned: tuple[str, ...]


@dataclass(slots=True)
class _Comparison:
    """Compares files with the bytes that the rebuilt tree demands."""

    fetch: Fetch
    size: int
    narrower: dict[tuple[int, int], list[Tile]] = field(default_factory=dict)
    unsigned: list[str] = field(default_factory=list)
    files: int = 0

    def sort(self, paths: Iterable[str]) -> None:
        """Put every listed file where it will be compared, or on the list of what is not signed."""
        for path in paths:
            try:
                tile = Tile.from_path(path)
            except FormatError:
                if path != CHECKPOINT:
                    self.unsigned.append(path)
                continue
            span = 256 ** max(tile.level, 0)
            end = (tile.index * TILE_WIDTH + tile.width) * span
            needed = min(TILE_WIDTH, self.size // span - tile.index * TILE_WIDTH)
            if end > self.size:
                self.unsigned.append(path)
            elif tile.width < needed:
                self.narrower.setdefault((tile.level, tile.index), []).append(tile)

    def compare(self, tile: Tile, data: bytes) -> None:
        """Compare a tile and the superseded narrower files of the same place, which are its beginnings."""
        self._equal(tile, data)
        self.compare_narrower(tile, data)

    def compare_narrower(self, tile: Tile, data: bytes) -> None:
        """Compare only the superseded narrower files with the beginnings of a tile or bundle."""
        for narrow in self.narrower.pop((tile.level, tile.index), ()):
            if tile.level == ENTRIES:
                self._equal(narrow, format_bundle(parse_bundle(data, tile.width)[: narrow.width]))
            else:
                self._equal(narrow, data[: narrow.width * HASH_BYTES])

    def _equal(self, tile: Tile, data: bytes) -> None:
        if self.fetch(tile.path) != data:
            raise VerifyError(
                f"file {tile.path}",
                "it differs from what the log's entries and signature demand",
                "Keep the file and the checkpoint: the log does not serve what it signed.",
            )
        self.files += 1


def audit(
    policy: Policy,
    fetch: Fetch,
    paths: Iterable[str] = (),
    on_entry: Callable[[int, bytes], None] | None = None,
) -> AuditReport:
    """Audit a log from its served files.

    Args:
        policy: Whose signatures count.
        fetch: Gives the bytes of a served path; it raises `FormatError` for a missing one.
        paths: All files that are served, if they can be listed. Without the list the files that the checkpoint needs
            are compared; with it also the superseded partial ones.
        on_entry: Called with the index and bytes of each entry *before* the audit is complete: believe none of them
            unless `audit` returns.

    Raises:
        FormatError: A file is missing or not in its format.
        VerifyError: The checkpoint does not satisfy the policy, or a file is not what it signs.
    """
    head = policy.check(fetch(CHECKPOINT))
    size = head.checkpoint.size
    comparison = _Comparison(fetch, size)
    comparison.sort(paths)
    edge = Edge()
    for bundle in bundles_of(size):
        data = fetch(bundle.path)
        # A bundle has one spelling, and its entries are compared through their hashes.
        leaves = bundle_leaf_hashes(data, bundle.width)
        comparison.compare_narrower(bundle, data)
        comparison.files += 1
        if on_entry:
            for index, entry in enumerate(parse_bundle(data, bundle.width), edge.size):
                on_entry(index, entry)
        for tile, hashes in edge.grow(leaves):
            comparison.compare(tile, hashes)
    if edge.root() != head.checkpoint.root:
        raise VerifyError(
            f"entries with root {edge.root().hex()}",
            f"the log signed {head.checkpoint.root.hex()}",
            "Keep the checkpoint and the files: the log does not serve the entries that it signed.",
        )
    for tile, hashes in edge.partials():
        comparison.compare(tile, hashes)
    return AuditReport(head, comparison.files, tuple(comparison.unsigned))


def entries_of(size: int, fetch: Fetch) -> Iterator[bytes]:
    """The entries that a log serves, in order, not verified: audit the log first."""
    for bundle in bundles_of(size):
        yield from parse_bundle(fetch(bundle.path), bundle.width)
