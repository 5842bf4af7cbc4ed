"""Proofs over the Merkle tree of RFC 6962: each is made here and checked here, in pairs.

The tree over n entries splits at the largest power of two below n. A *node* (level, index) is the root of the complete
subtree over entries [index * 2**level, (index + 1) * 2**level); a caller hands in a function that looks nodes up, and
gets proofs without the whole tree in memory.

Policy for size 0: the tree without entries has the root SHA-256("") and no consistency proof starts from it
(`check_consistency` refuses old size 0). Every tree extends the empty one, so there is nothing to prove; who meets old
size 0, such as a witness that sees a log for the first time, accepts it by its own rule and asks for an empty proof.
"""

from collections.abc import Callable, Sequence

from megawatt.proof.errors import FormatError, VerifyError
from megawatt.proof.hashes import EMPTY_ROOT, HASH_BYTES, begin_node, node_hash

Node = Callable[[int, int], bytes]
"""Hash of the complete subtree (level, index); it raises if the subtree is not there."""

MAX_PROOF_HASHES = 63
"""A tree below 2**63 entries needs no more."""


def range_hash(start: int, end: int, node: Node) -> bytes:
    """Root of the entries [start, end), where `start` is a multiple of the largest power of two in the range.

    The range falls into complete subtrees from large to small; they are folded from the right, as RFC 6962 splits.
    """
    parts = []
    while start < end:
        level = (end - start).bit_length() - 1
        parts.append(node(level, start >> level))
        start += 1 << level
    if not parts:
        return EMPTY_ROOT
    root = parts.pop()
    while parts:
        root = node_hash(parts.pop(), root)
    return root


def root_hash(size: int, node: Node) -> bytes:
    """Root of the tree over the first `size` entries."""
    return range_hash(0, size, node)


def parents(row: Sequence[bytes]) -> list[bytes]:
    """Hashes of the neighbouring pairs of a row; an odd last one has no parent yet.

    The hash stands inline: a call of `node_hash` would cost a fifth of it.
    """
    above: list[bytes] = []
    begin, add, one = begin_node, above.append, iter(row)
    for left, right in zip(one, one, strict=False):
        node = begin()
        node.update(left)
        node.update(right)
        add(node.digest())
    return above


def subtree_root(hashes: Sequence[bytes]) -> bytes:
    """Root of a complete subtree over 2**k hashes.

    The parents are put behind the row that is being read, so one loop takes all levels: level by level, the small rows
    near the root would cost more in calls than in hashing.

    Raises:
        FormatError: Their number is no power of two.
    """
    if len(hashes).bit_count() != 1:
        raise FormatError(
            f"a subtree over {len(hashes)} hashes", "a complete one has 2**k", "Use `root_hash` for other sizes."
        )
    nodes = list(hashes)
    begin, add, one = begin_node, nodes.append, iter(nodes)
    for left, right in zip(one, one, strict=False):
        node = begin()
        node.update(left)
        node.update(right)
        add(node.digest())
    return nodes[-1]


def prove_inclusion(index: int, size: int, node: Node) -> list[bytes]:
    """The siblings from the entry's own up to the root's child (RFC 6962, 2.1.1).

    Args:
        index: Entry, counted from 0.
        size: Entries in the tree.
        node: Looks up complete subtrees.

    Raises:
        FormatError: The entry is not in the tree.
    """
    if not 0 <= index < size:
        raise FormatError(f"entry {index} of a tree of {size}", "entries are counted from 0", "Ask for a smaller one.")
    return _path(index, 0, size, node)


def _path(index: int, level: int, size: int, node: Node) -> list[bytes]:
    """Siblings above the subtree (level, index >> level) in the tree of `size`."""
    # Below `fork` the way to `index` and the way to the last entry have parted: siblings are complete. At the fork the
    # sibling holds the last entry and may be incomplete. Above it only left siblings are left over.
    fork = (index ^ (size - 1)).bit_length()
    path = [node(k, (index >> k) ^ 1) for k in range(level, fork - 1)]
    if fork > level:
        sibling = (index >> (fork - 1)) ^ 1
        path.append(range_hash(sibling << (fork - 1), size, node))
    border = index >> max(fork, level)
    above = max(fork, level)
    while border:
        if border & 1:
            path.append(node(above, border - 1))
        border >>= 1
        above += 1
    return path


def inclusion_root(index: int, size: int, leaf: bytes, proof: Sequence[bytes]) -> bytes:
    """The root that this proof leads to; equality with the signed root is what is to be checked.

    Raises:
        VerifyError: The proof has not the length, or its hashes not the size, that the position needs.
    """
    if not 0 <= index < size:
        raise VerifyError(f"entry {index} of a tree of {size}", "an entry lies inside its tree", "Refuse the proof.")
    _check_hashes([leaf], "leaf hash")
    _check_hashes(proof, "proof")
    inner = (index ^ (size - 1)).bit_length()
    _check_length(proof, inner + (index >> inner).bit_count(), size)
    root = leaf
    for k in range(inner):
        sibling = proof[k]
        root = node_hash(sibling, root) if index >> k & 1 else node_hash(root, sibling)
    for sibling in proof[inner:]:
        root = node_hash(sibling, root)
    return root


def check_inclusion(index: int, size: int, leaf: bytes, root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the entry with hash `leaf` stands at `index` in the tree (`size`, `root`).

    Raises:
        VerifyError: It is not shown.
    """
    _check_hashes([root], "root")
    if inclusion_root(index, size, leaf, proof) != root:
        raise VerifyError(
            f"the proof of entry {index} leads to another root",
            f"it must lead to {root.hex()}",
            "Refuse the entry: it is not in this tree, or entry or proof were altered.",
        )


def prove_consistency(old_size: int, new_size: int, node: Node) -> list[bytes]:
    """The hashes that show the old tree to be a prefix of the new one (RFC 6962, 2.1.2).

    Raises:
        FormatError: Not 1 <= old_size <= new_size.
    """
    if not 1 <= old_size <= new_size:
        raise FormatError(
            f"a consistency proof from size {old_size} to {new_size}",
            "it leads from at least one entry to at least as many",
            "From size 0 nothing needs proof; swap the sizes if the log shrank.",
        )
    if old_size == new_size:
        return []
    level = (old_size & -old_size).bit_length() - 1
    path = _path(old_size - 1, level, new_size, node)
    # A power of two is a complete subtree of the new tree: the checker knows its hash, it is the old root itself.
    return path if old_size == 1 << level else [node(level, (old_size >> level) - 1), *path]


def consistency_roots(old_size: int, new_size: int, old_root: bytes, proof: Sequence[bytes]) -> tuple[bytes, bytes]:
    """Both roots that this proof leads to, for 1 <= old_size < new_size.

    `old_root` is used only when `old_size` is a power of two, where the format leaves it out of the proof.

    Raises:
        VerifyError: The proof has not the length, or its hashes not the size, that the sizes need.
    """
    if not 1 <= old_size < new_size:
        raise VerifyError(
            f"a consistency proof from size {old_size} to {new_size}", "the tree grows from 1", "Refuse the proof."
        )
    _check_hashes([old_root], "old root")
    _check_hashes(proof, "proof")
    level = (old_size & -old_size).bit_length() - 1
    complete = old_size == 1 << level
    index = (old_size - 1) >> level
    inner = (index ^ ((new_size - 1) >> level)).bit_length()
    _check_length(proof, (not complete) + inner + (index >> inner).bit_count(), new_size)
    seed, path = (old_root, proof) if complete else (proof[0], proof[1:])
    old = new = seed
    for k, sibling in enumerate(path):
        if k >= inner or index >> k & 1:
            old = node_hash(sibling, old)
            new = node_hash(sibling, new)
        else:
            new = node_hash(new, sibling)
    return old, new


def check_consistency(old_size: int, new_size: int, old_root: bytes, new_root: bytes, proof: Sequence[bytes]) -> None:
    """Check that the tree (`old_size`, `old_root`) is a prefix of (`new_size`, `new_root`).

    Raises:
        VerifyError: It is not shown; also for old size 0 (see the policy above) and for a tree that shrank.
    """
    _check_hashes([old_root, new_root], "root")
    if old_size == new_size >= 1:
        _check_length(proof, 0, new_size)
        roots = (new_root, old_root)
    else:
        roots = consistency_roots(old_size, new_size, old_root, proof)
    if roots != (old_root, new_root):
        raise VerifyError(
            f"the proof from size {old_size} to {new_size} leads to other roots",
            "both trees must share their first entries",
            "Keep both signed checkpoints: history was rewritten, or the proof was altered.",
        )


def _check_hashes(hashes: Sequence[bytes], what: str) -> None:
    if any(len(h) != HASH_BYTES for h in hashes):
        raise VerifyError(f"a {what} of odd length", "a SHA-256 hash has 32 bytes", "Refuse it.")


def _check_length(proof: Sequence[bytes], needed: int, size: int) -> None:
    if len(proof) != needed:
        raise VerifyError(
            f"a proof of {len(proof)} hashes", f"a tree of {size} needs {needed} there", "Refuse the proof."
        )
