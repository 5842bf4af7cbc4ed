"""Names and bytes of tiles, and the growing edge."""

from hashlib import sha256
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.proof.edge import Edge
from megawatt.proof.errors import FormatError
from megawatt.proof.hashes import leaf_hash
from megawatt.proof.tiled_tree import TiledTree
from megawatt.proof.tiles import (
    ENTRIES,
    Tile,
    bundle_leaf_hashes,
    bundles_of,
    format_bundle,
    format_tile,
    parse_bundle,
    parse_tile,
    tiles_of,
)
from tests.proof.samples import oracle_root, served_files, some_entries

TILES = st.builds(Tile, st.integers(ENTRIES, 63), st.integers(0, 2**63 - 1), st.integers(1, 256))


def test_the_index_of_the_specification_has_the_path_of_the_specification() -> None:
    assert Tile(0, 1234067).path == "tile/0/x001/x234/067"
    assert Tile(ENTRIES, 0, 44).path == "tile/entries/000.p/44"


@given(st.from_regex(r"tile/(entries|[0-9]{1,3})/(x[0-9]{3}/){0,8}[0-9]{1,4}(\.p/[0-9]{1,4})?", fullmatch=True))
def test_a_path_is_refused_or_is_the_one_path_of_its_tile(path: str) -> None:
    try:
        tile = Tile.from_path(path)
    except FormatError:
        return
    assert tile.path == path


@given(TILES)
def test_tile_path_and_back(tile: Tile) -> None:
    assert Tile.from_path(tile.path) == tile


@pytest.mark.parametrize(
    "path",
    [
        "tile/0/0",
        "tile/0/0000",
        "tile/00/000",
        "tile/0/x000/000",
        "tile/0/001/000",
        "tile/0/000.p/256",
        "tile/0/000.p/0",
        "tile/0/000.p/007",
        "tile/0/000.p/+5",
        "tile/64/000",
        "tile/-1/000",
        "tile/entries/../../state/signed",
        "tile/0/000/",
        "/tile/0/000",
        "tile/0/00²",
        "tile/0/00٣",
        "tile/0/000\n",
        "tile/0/x009/x223/x372/x036/x854/x775/808",
        "tile/0/x001/x000/x000/x000/x000/x000/x000/000",
        "",
    ],
)
def test_a_path_with_a_second_spelling_is_refused(path: str) -> None:
    with pytest.raises(FormatError, match="tile"):
        Tile.from_path(path)


def test_a_tree_of_70000_has_the_tiles_that_the_specification_counts() -> None:
    tiles = list(tiles_of(70_000))
    by_level = [[tile.width for tile in tiles if tile.level == level] for level in range(4)]
    assert by_level == [[256] * 273 + [112], [256, 17], [1], []]
    assert [tile.width for tile in tiles_of(256)] == [256, 1]
    assert [tile.width for tile in bundles_of(300)] == [256, 44]


@given(st.lists(st.binary(max_size=300), max_size=20))
def test_bundle_and_back(entries: list[bytes]) -> None:
    data = format_bundle(entries)
    assert parse_bundle(data, len(entries)) == entries
    assert bundle_leaf_hashes(data, len(entries)) == [sha256(b"\x00" + entry).digest() for entry in entries]


def test_the_longest_entry_fits_and_a_longer_one_is_refused() -> None:
    longest = bytes(65_535)
    assert parse_bundle(format_bundle([longest, b""]), 2) == [longest, b""]
    with pytest.raises(FormatError, match="Split it"):
        format_bundle([bytes(65_536)])


@given(st.binary(max_size=200), st.integers(0, 30))
def test_any_bytes_are_a_bundle_or_refused(data: bytes, width: int) -> None:
    try:
        entries = parse_bundle(data, width)
    except FormatError:
        with pytest.raises(FormatError):
            bundle_leaf_hashes(data, width)
        return
    assert format_bundle(entries) == data
    assert bundle_leaf_hashes(data, width) == [sha256(b"\x00" + entry).digest() for entry in entries]


@given(st.binary(max_size=100), st.integers(0, 4))
def test_any_bytes_are_a_tile_or_refused(data: bytes, width: int) -> None:
    try:
        hashes = parse_tile(data, width)
    except FormatError:
        return
    assert format_tile(hashes) == data


@settings(deadline=None, max_examples=30)
@given(st.lists(st.integers(0, 700), max_size=5))
def test_a_log_grown_in_any_batches_serves_the_tiles_of_its_size(batches: list[int]) -> None:
    entries = some_entries(sum(batches))
    sizes = [sum(batches[: i + 1]) for i in range(len(batches))]
    files = served_files(entries, *sizes)
    needed = {tile.path for tile in (*tiles_of(len(entries)), *bundles_of(len(entries)))}
    assert needed <= set(files)
    assert all(files[path] == data for path, data in served_files(entries).items())
    assert TiledTree(len(entries), files.__getitem__).root() == oracle_root(entries)


@pytest.mark.parametrize("size", [0, 1, 255, 256, 257, 511, 512, 65_535, 65_536, 65_537, 70_000])
def test_the_edge_read_from_files_is_the_edge_that_grew(size: int) -> None:
    entries = [i.to_bytes(3, "big") for i in range(size)]
    leaves = [leaf_hash(entry) for entry in entries]
    grown, files = Edge(), {}
    files.update({tile.path: data for tile, data in grown.extend(entries, leaves)})
    files.update({tile.path: data for tile, data in grown.partials()})
    read = Edge.read(size, files.__getitem__)
    assert (read.size, read.rows, read.entries) == (grown.size, grown.rows, grown.entries)
    assert read.root() == grown.root() == TiledTree(size, files.__getitem__).root()
    assert read.bundle_fits()


def test_a_subtree_that_is_not_complete_is_refused() -> None:
    files = served_files(some_entries(300))
    with pytest.raises(FormatError, match="not complete"):
        TiledTree(300, files.__getitem__).node(8, 1)


def test_a_small_tile_cache_gives_the_same_proofs() -> None:
    files, rng = served_files(some_entries(2000)), Random(3)  # noqa: S311 - repeatable draws
    small = TiledTree(2000, files.__getitem__, kept_tiles=1)
    large = TiledTree(2000, files.__getitem__)
    for index in rng.sample(range(2000), 50):
        assert small.prove_inclusion(index) == large.prove_inclusion(index)
