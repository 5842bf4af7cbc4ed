"""Keys, small logs and an independent Merkle tree for the tests of `proof`."""

from collections.abc import Sequence
from hashlib import sha256

from megawatt.proof.checkpoint import Checkpoint
from megawatt.proof.cosignature import cosign
from megawatt.proof.edge import Edge
from megawatt.proof.hashes import leaf_hash
from megawatt.proof.keys import COSIGNATURE, SecretKey
from megawatt.proof.note import Note
from megawatt.proof.tiled_tree import TiledTree

ORIGIN = "example.com/site-7"
LOG_KEY = SecretKey(ORIGIN, b"log".ljust(32, b"."))
NEW_LOG_KEY = SecretKey(ORIGIN, b"new log".ljust(32, b"."))
TENANT = SecretKey("tenant.example/witness", b"tenant".ljust(32, b"."), COSIGNATURE)
LENDER = SecretKey("lender.example/witness", b"lender".ljust(32, b"."), COSIGNATURE)
STRANGER = SecretKey("stranger.example/witness", b"stranger".ljust(32, b"."), COSIGNATURE)
NOON = 1_718_884_800


def oracle_root(entries: Sequence[bytes]) -> bytes:
    """RFC 6962, 2.1, word for word: the definition, not the code under test."""
    if not entries:
        return sha256(b"").digest()
    if len(entries) == 1:
        return sha256(b"\x00" + entries[0]).digest()
    k = 1
    while 2 * k < len(entries):
        k *= 2
    return sha256(b"\x01" + oracle_root(entries[:k]) + oracle_root(entries[k:])).digest()


def oracle_path(index: int, entries: Sequence[bytes]) -> list[bytes]:
    """PATH(m, D[n]) of RFC 6962, 2.1.1, word for word."""
    if len(entries) <= 1:
        return []
    k = 1
    while 2 * k < len(entries):
        k *= 2
    if index < k:
        return [*oracle_path(index, entries[:k]), oracle_root(entries[k:])]
    return [*oracle_path(index - k, entries[k:]), oracle_root(entries[:k])]


def oracle_proof(old: int, entries: Sequence[bytes], *, whole: bool = True) -> list[bytes]:
    """PROOF(m, D[n]) of RFC 6962, 2.1.2, word for word."""
    if old == len(entries):
        return [] if whole else [oracle_root(entries)]
    k = 1
    while 2 * k < len(entries):
        k *= 2
    if old <= k:
        return [*oracle_proof(old, entries[:k], whole=whole), oracle_root(entries[k:])]
    return [*oracle_proof(old - k, entries[k:], whole=False), oracle_root(entries[:k])]


def some_entries(count: int, tag: str = "") -> list[bytes]:
    """Entries of different lengths, no two equal."""
    return [f"{tag}{i}:".encode() + bytes(i * 7 % 41) for i in range(count)]


def served_files(entries: Sequence[bytes], *sizes: int) -> dict[str, bytes]:
    """Tiles and bundles of a log that had a checkpoint at each size, and now has all entries."""
    edge, files, start = Edge(), {}, 0
    for size in (*sizes, len(entries)):
        part = entries[start:size]
        files.update({tile.path: data for tile, data in edge.extend(part, [leaf_hash(entry) for entry in part])})
        files.update({tile.path: data for tile, data in edge.partials()})
        start = size
    return files


def tree_over(entries: Sequence[bytes]) -> TiledTree:
    """The tree over entries, from tiles in memory."""
    return TiledTree(len(entries), served_files(entries).__getitem__)


def signed(entries: Sequence[bytes], *witnesses: SecretKey, time: int = NOON) -> bytes:
    """A checkpoint of these entries, signed by the log and cosigned by witnesses."""
    note = Checkpoint(ORIGIN, len(entries), oracle_root(entries)).sign(LOG_KEY)
    lines = [cosign(witness, note.text, time) for witness in witnesses]
    return Note(note.text, (*note.signatures, *lines)).to_bytes()
