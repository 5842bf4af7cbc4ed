"""Proofs of RFC 6962: published vectors, the definition as oracle, and spoilt proofs."""

import json
import os
from base64 import b64decode
from functools import cache
from hashlib import sha256
from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.proof.errors import FormatError, ProofError, VerifyError
from megawatt.proof.hashes import EMPTY_ROOT, leaf_hash
from megawatt.proof.tree import (
    check_consistency,
    check_inclusion,
    prove_consistency,
    prove_inclusion,
    root_hash,
    subtree_root,
)
from tests.proof.samples import oracle_path, oracle_proof, oracle_root, some_entries, tree_over

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data")) / "validation" / "merkle"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")


def vectors(name: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in (DATA / name).read_text().splitlines()]


def proof_of(vector: dict[str, Any]) -> list[bytes]:
    return [b64decode(text) for text in vector["proof"] or ()]


@needs_data
def test_published_inclusion_vectors_are_decided_as_published() -> None:
    rows = vectors("inclusion.jsonl")
    for row in rows:
        refused = False
        try:
            check_inclusion(
                row["leafIdx"], row["treeSize"], b64decode(row["leafHash"]), b64decode(row["root"]), proof_of(row)
            )
        except VerifyError:
            refused = True
        assert refused == row["wantErr"], row["file"]
    assert len(rows) == 73


@needs_data
def test_published_consistency_vectors_are_decided_as_published() -> None:
    rows = vectors("consistency.jsonl")
    for row in rows:
        refused = False
        try:
            check_consistency(
                row["size1"], row["size2"], b64decode(row["root1"]), b64decode(row["root2"]), proof_of(row)
            )
        except VerifyError:
            refused = True
        assert refused == row["wantErr"], row["file"]
    assert len(rows) == 74


def test_the_root_of_the_classic_eight_leaves_is_the_published_one() -> None:
    # The eight inputs and the root stand in the test data of Certificate Transparency since 2012.
    leaves = ["", "00", "10", "2021", "3031", "40414243", "5051525354555657", "606162636465666768696a6b6c6d6e6f"]
    root = subtree_root([leaf_hash(bytes.fromhex(leaf)) for leaf in leaves])
    assert root.hex() == "5dc9da79a70659a9ad559cb701ded9a2ab9d823aad2f4960cfe370eff4604328"


def test_a_tree_without_entries_has_the_hash_of_nothing() -> None:
    assert root_hash(0, tree_over([]).node) == EMPTY_ROOT == oracle_root([])


def test_a_complete_subtree_has_the_root_of_the_definition_and_no_other_is_taken() -> None:
    entries = some_entries(256)
    leaves = [leaf_hash(entry) for entry in entries]
    for size in range(257):
        if size in {1, 2, 4, 8, 16, 32, 64, 128, 256}:
            assert subtree_root(leaves[:size]) == oracle_root(entries[:size])
        else:
            with pytest.raises(FormatError, match=r"2\*\*k"):
                subtree_root(leaves[:size])


def test_every_proof_of_every_small_tree_is_the_one_of_the_definition() -> None:
    entries = some_entries(34)
    tree = tree_over(entries)
    for size in range(1, 35):
        part = entries[:size]
        root = oracle_root(part)
        assert root_hash(size, tree.node) == root
        for index in range(size):
            proof = prove_inclusion(index, size, tree.node)
            assert proof == oracle_path(index, part)
            check_inclusion(index, size, leaf_hash(part[index]), root, proof)
        for old in range(1, size + 1):
            proof = prove_consistency(old, size, tree.node)
            assert proof == oracle_proof(old, part)
            check_consistency(old, size, oracle_root(entries[:old]), root, proof)


@cache
def roots_of_2000() -> tuple[list[bytes], list[bytes]]:
    """Entries, and the root at each size by the definition, its subtrees remembered."""
    entries = [Random(7).randbytes(i % 50) + str(i).encode() for i in range(2000)]  # noqa: S311 - repeatable draws

    @cache
    def root(start: int, end: int) -> bytes:
        if end - start <= 1:
            return oracle_root(entries[start:end])
        k = 1 << (end - start - 1).bit_length() - 1
        pair = (root(start, start + k), root(start + k, end))
        return sha256(b"\x01" + pair[0] + pair[1]).digest()

    return entries, [root(0, size) for size in range(2001)]


def test_logs_of_0_to_2000_entries_have_the_root_and_proofs_of_the_definition_at_every_size() -> None:
    entries, roots = roots_of_2000()
    tree, rng = tree_over(entries), Random(1)  # noqa: S311 - repeatable draws
    for size in range(2001):
        assert tree.root(size) == roots[size]
        if size:
            index, old = rng.randrange(size), rng.randint(1, size)
            leaf = leaf_hash(entries[index])
            check_inclusion(index, size, leaf, roots[size], prove_inclusion(index, size, tree.node))
            check_consistency(old, size, roots[old], roots[size], prove_consistency(old, size, tree.node))


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 600), st.data())
def test_a_spoilt_proof_is_refused(size: int, data: st.DataObject) -> None:
    entries, roots = roots_of_2000()
    tree = tree_over(entries[:size])
    index = data.draw(st.integers(0, size - 1))
    leaf, proof = leaf_hash(entries[index]), prove_inclusion(index, size, tree.node)
    spoilt = [bytearray(part) for part in (*proof, leaf)]
    at = data.draw(st.integers(0, len(spoilt) - 1))
    spoilt[at][data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
    *bad_proof, bad_leaf = (bytes(part) for part in spoilt)
    with pytest.raises(VerifyError):
        check_inclusion(index, size, bad_leaf, roots[size], bad_proof)
    with pytest.raises(VerifyError):
        check_inclusion(index, size, leaf, roots[size], [*proof, leaf])
    if proof:
        with pytest.raises(VerifyError):
            check_inclusion(index, size, leaf, roots[size], proof[:-1])


@settings(deadline=None, max_examples=60)
@given(st.integers(2, 600), st.data())
def test_a_spoilt_consistency_proof_is_refused(size: int, data: st.DataObject) -> None:
    _, roots = roots_of_2000()
    tree = tree_over(roots_of_2000()[0][:size])
    old = data.draw(st.integers(1, size - 1))
    proof = prove_consistency(old, size, tree.node)
    at = data.draw(st.integers(0, len(proof) - 1))
    bad = bytearray(proof[at])
    bad[data.draw(st.integers(0, 31))] ^= 1 << data.draw(st.integers(0, 7))
    for wrong in ([*proof[:at], bytes(bad), *proof[at + 1 :]], proof[:-1], [*proof, proof[0]]):
        with pytest.raises(VerifyError):
            check_consistency(old, size, roots[old], roots[size], wrong)
    with pytest.raises(VerifyError):
        check_consistency(old, size, roots[size], roots[size], proof)


@pytest.mark.parametrize(("old", "new"), [(0, 0), (0, 5), (6, 5), (-1, 5)])
def test_no_consistency_proof_starts_from_size_0_or_shrinks(old: int, new: int) -> None:
    with pytest.raises(VerifyError):
        check_consistency(old, new, EMPTY_ROOT, EMPTY_ROOT, [])
    with pytest.raises(FormatError):
        prove_consistency(old, new, tree_over(some_entries(6)).node)


@given(st.integers(-2, 70), st.integers(-2, 70), st.lists(st.binary(max_size=33), max_size=8), st.binary(max_size=33))
def test_random_proofs_raise_only_declared_errors(index: int, size: int, proof: list[bytes], root: bytes) -> None:
    for check in (check_inclusion, check_consistency):
        try:
            if check is check_inclusion:
                check_inclusion(index, size, root, root, proof)
            else:
                check_consistency(index, size, root, root, proof)
        except ProofError:
            continue
        assert (size == 1 and len(root) == 32) or index == size
