"""Offline proofs: a file and an entry, checked without asking the log."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.proof.errors import FormatError, ProofError, VerifyError
from megawatt.proof.policy import Policy
from megawatt.proof.tlog_proof import TlogProof, check_proof, make_proof
from tests.proof.samples import LOG_KEY, TENANT, oracle_path, signed, some_entries, tree_over

ENTRIES = some_entries(300)
POLICY = Policy.from_text(
    f"log {LOG_KEY.key.to_text()}\nwitness tenant {TENANT.key.to_text()}\nquorum tenant\n".encode()
)
NOTE = signed(ENTRIES, TENANT)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 299), st.binary(max_size=40))
def test_proof_and_back_for_any_entry(index: int, extra: bytes) -> None:
    proof = make_proof(tree_over(ENTRIES), index, NOTE, extra)
    assert list(proof.hashes) == oracle_path(index, ENTRIES)
    assert TlogProof.from_bytes(proof.to_bytes()) == proof
    verified = check_proof(POLICY, proof.to_bytes(), ENTRIES[index])
    assert (verified.index, verified.head.checkpoint.size) == (index, 300)
    with pytest.raises(VerifyError):
        check_proof(POLICY, proof.to_bytes(), ENTRIES[index] + b"x")


@pytest.mark.parametrize("bits", [1, pytest.param(8, marks=pytest.mark.full)])
def test_every_changed_bit_of_a_proof_file_is_refused_or_is_unauthenticated_extra(bits: int) -> None:
    data = make_proof(tree_over(ENTRIES), 77, NOTE, b"context").to_bytes()
    unchanged = check_proof(POLICY, data, ENTRIES[77])
    extra_line = data.index(b"\n") + 1, data.index(b"\nindex")
    for at in range(len(data)):
        for bit in range(bits):
            changed = bytearray(data)
            changed[at] ^= 1 << (at + bit) % 8
            try:
                verified = check_proof(POLICY, bytes(changed), ENTRIES[77])
            except ProofError:
                continue
            assert extra_line[0] <= at < extra_line[1]
            assert verified == unchanged


def test_a_proof_under_an_uncosigned_checkpoint_is_refused() -> None:
    proof = make_proof(tree_over(ENTRIES), 77, signed(ENTRIES))
    with pytest.raises(VerifyError, match="cosigned by nobody"):
        check_proof(POLICY, proof.to_bytes(), ENTRIES[77])


def test_a_checkpoint_of_another_size_is_refused() -> None:
    with pytest.raises(FormatError, match="size 299"):
        make_proof(tree_over(ENTRIES), 77, signed(ENTRIES[:299]))


@pytest.mark.parametrize(
    ("old", "new"),
    [("index 77", "index 077"), ("index 77", "index +77"), ("index ", "INDEX "), ("@v1", "@v2"), ("\n\n", "\n\n\n"),
     ("\nindex", "\nextra \nindex"), ("\nindex", "\n\nindex")],
)  # fmt: skip
def test_a_proof_with_a_second_spelling_is_refused(old: str, new: str) -> None:
    text = make_proof(tree_over(ENTRIES), 77, NOTE).to_bytes().decode()
    assert old in text
    with pytest.raises(FormatError):
        TlogProof.from_bytes(text.replace(old, new, 1).encode())


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda b: b"c2sp.org/tlog-proof@v1\n" + b + b"\n\n" + NOTE))
def test_any_bytes_are_a_proof_or_refused(data: bytes) -> None:
    try:
        proof = TlogProof.from_bytes(data)
    except FormatError:
        return
    assert proof.to_bytes() == data
