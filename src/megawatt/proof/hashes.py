"""The two hashes of RFC 6962, section 2.1: of an entry and of a node.

The first byte (0 or 1) keeps them apart, so that no entry can pose as an inner node.
"""

from hashlib import sha256

HASH_BYTES = 32
EMPTY_ROOT = sha256(b"").digest()
"""Root of the tree without entries."""


begin_leaf = sha256(b"\x00").copy
"""A hash that has taken in a leaf's first byte. To copy it is cheaper than to begin anew and to join the bytes before."""

begin_node = sha256(b"\x01").copy
"""The same of a node."""


def leaf_hash(entry: bytes) -> bytes:
    """SHA-256(0x00 || entry), 32 bytes."""
    one = begin_leaf()
    one.update(entry)
    return one.digest()


def node_hash(left: bytes, right: bytes) -> bytes:
    """SHA-256(0x01 || left || right), 32 bytes."""
    one = begin_node()
    one.update(left)
    one.update(right)
    return one.digest()
