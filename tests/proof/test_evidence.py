"""Evidence files convict who signed two histories, and nobody else."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.proof.errors import FormatError, ProofError, VerifyError
from megawatt.proof.evidence import FORK, ROLLBACK, UNPROVEN, Evidence, fork_between
from tests.proof.samples import LOG_KEY, NEW_LOG_KEY, NOON, TENANT, oracle_proof, signed, some_entries, tree_over

HISTORY = some_entries(40)
OTHER_HISTORY = [*HISTORY[:5], b"forged", *HISTORY[6:]]


@pytest.mark.parametrize("old", range(6, 41))
def test_a_saved_checkpoint_of_another_history_convicts_the_log_at_every_size(old: int) -> None:
    saved, served = signed(HISTORY[:old], TENANT), signed(OTHER_HISTORY)
    evidence = fork_between(saved, served, tree_over(OTHER_HISTORY), NOON)
    assert evidence is not None
    copy = Evidence.from_bytes(evidence.to_bytes())
    assert copy == evidence
    assert f"the trees of size {old} and 40 differ below entry {old}" in copy.check(LOG_KEY.key)
    with pytest.raises(VerifyError):
        copy.check(NEW_LOG_KEY.key)


@pytest.mark.parametrize("old", [0, 1, 2, 5, 8, 33, 40])
def test_an_honest_log_gives_no_evidence(old: int) -> None:
    assert fork_between(signed(HISTORY[:old]), signed(HISTORY), tree_over(HISTORY), NOON) is None


def test_a_saved_checkpoint_larger_than_the_tree_is_refused() -> None:
    with pytest.raises(FormatError, match="newest"):
        fork_between(signed(HISTORY), signed(HISTORY[:9]), tree_over(HISTORY[:9]), NOON)


@settings(deadline=None, max_examples=80)
@given(
    st.sampled_from([FORK, UNPROVEN, ROLLBACK]),
    st.integers(0, 40),
    st.integers(0, 40),
    st.booleans(),
    st.sampled_from([b"", bytes(32)]),
)
def test_no_file_made_of_honest_checkpoints_convicts_an_honest_log_of_a_fork(
    kind: str, old: int, new: int, good_proof: bool, root: bytes
) -> None:
    proof = tuple(oracle_proof(old, HISTORY[:new])) if good_proof and 0 < old <= new else ()
    evidence = Evidence(kind, NOON, signed(HISTORY[:old]), signed(HISTORY[:new]), proof, root)
    try:
        sentence = evidence.check(LOG_KEY.key)
    except VerifyError:
        return
    assert "two histories" not in sentence
    assert (kind == ROLLBACK and new < old) or (kind == UNPROVEN and not good_proof and 0 < old < new)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("kind fork", "kind theft"),
        ("kind fork", "kind rollback"),
        ("seen 1", "seen 01"),
        ("/v1", "/v2"),
        ("\nroot", "\nproot"),
    ],
)
def test_an_altered_file_is_refused(old: str, new: str) -> None:
    evidence = fork_between(signed(HISTORY[:17]), signed(OTHER_HISTORY), tree_over(OTHER_HISTORY), NOON)
    assert evidence is not None
    text = evidence.to_bytes().decode()
    assert old in text
    with pytest.raises(ProofError):
        Evidence.from_bytes(text.replace(old, new, 1).encode()).check(LOG_KEY.key)


@given(
    st.binary(max_size=200)
    | st.binary(max_size=40).map(lambda b: b + b"\n\n" + signed(HISTORY[:3]) + b"\n" + signed([]))
)
def test_any_bytes_are_evidence_or_refused(data: bytes) -> None:
    try:
        evidence = Evidence.from_bytes(data)
    except FormatError:
        return
    assert evidence.to_bytes() == data
