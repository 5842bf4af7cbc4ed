"""The witness as a state machine: it cosigns growth, refuses the rest, and keeps what a stranger can check."""

from collections.abc import Sequence

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.proof.checkpoint import Checkpoint
from megawatt.proof.errors import FormatError, VerifyError
from megawatt.proof.evidence import Evidence
from megawatt.proof.keys import SecretKey
from megawatt.proof.policy import Policy
from megawatt.proof.witness import Answer, Request, add_checkpoint, merge_cosignatures
from tests.proof.samples import (
    LENDER,
    LOG_KEY,
    NEW_LOG_KEY,
    NOON,
    ORIGIN,
    TENANT,
    oracle_proof,
    signed,
    some_entries,
)

HISTORY = some_entries(40)
OTHER_HISTORY = [*HISTORY[:5], b"forged", *HISTORY[6:]]
LOGS = {ORIGIN: [LOG_KEY.key]}


class Server:
    """What a server of the witness does: keep the note, then answer."""

    def __init__(self) -> None:
        self.kept: dict[str, bytes] = {}
        self.now = NOON

    def post(self, body: bytes) -> Answer:
        answer = add_checkpoint(body, LOGS, self.kept, TENANT, self.now)
        if answer.keep is not None:
            self.kept[answer.origin] = answer.keep
        return answer

    def submit(self, old: int, entries: Sequence[bytes], proof: Sequence[bytes] | None = None) -> Answer:
        made = oracle_proof(old, entries) if proof is None and 0 < old < len(entries) else proof or []
        return self.post(Request(old, tuple(made), signed(entries)).to_bytes())


def test_growth_is_cosigned_and_the_cosignature_satisfies_the_tenants_policy() -> None:
    server = Server()
    policy = Policy.from_text(
        f"log {LOG_KEY.key.to_text()}\nwitness tenant {TENANT.key.to_text()}\nquorum tenant\n".encode()
    )
    for old, new in ((0, 3), (3, 3), (3, 17), (17, 40)):
        server.now += 60
        answer = server.submit(old, HISTORY[:new])
        assert answer.status == 200
        head = policy.check(merge_cosignatures(signed(HISTORY[:new]), answer.body, [TENANT.key]))
        assert (head.checkpoint.size, dict(head.cosigned_at)) == (new, {"tenant": server.now})
        assert policy.check(server.kept[ORIGIN]).checkpoint.size == new


def test_a_second_root_for_the_same_size_is_a_conflict_and_convicts_the_log() -> None:
    server = Server()
    server.submit(0, HISTORY[:17])
    answer = server.submit(17, OTHER_HISTORY[:17])
    assert (answer.status, answer.body, answer.content_type, answer.keep) == (409, b"17\n", "text/x.tlog.size", None)
    assert answer.evidence is not None
    evidence = Evidence.from_bytes(answer.evidence.to_bytes())
    assert "signed two histories" in evidence.check(LOG_KEY.key)


def test_a_bogus_proof_is_unprocessable_and_kept() -> None:
    server = Server()
    server.submit(0, HISTORY[:17])
    answer = server.submit(17, OTHER_HISTORY)
    assert (answer.status, answer.keep) == (422, None)
    assert answer.evidence is not None
    assert "leads elsewhere" in answer.evidence.check(LOG_KEY.key)


def test_a_rollback_is_a_conflict_that_tells_the_last_size() -> None:
    server = Server()
    server.submit(0, HISTORY[:17])
    answer = server.submit(0, HISTORY[:9])
    assert (answer.status, answer.body) == (409, b"17\n")
    assert answer.evidence is not None
    assert "after size 17 was cosigned" in answer.evidence.check(LOG_KEY.key)
    assert server.submit(17, HISTORY).status == 200


def test_a_log_that_forgot_the_last_size_learns_it() -> None:
    server = Server()
    server.submit(0, HISTORY[:17])
    assert (answer := server.submit(0, HISTORY)).status == 409
    assert (answer.body, answer.evidence) == (b"17\n", None)


@pytest.mark.parametrize(
    ("body", "status"),
    [
        (b"", 400),
        (b"old 0\n", 400),
        (b"old 007\n\n" + signed(HISTORY[:9]), 400),
        (b"old +0\n\n" + signed(HISTORY[:9]), 400),
        (b"new 0\n\n" + signed(HISTORY[:9]), 400),
        (b"old 0\nAAAA\n\n" + signed(HISTORY[:9]), 400),
        (Request(10, (), signed(HISTORY[:9])).to_bytes(), 400),
        (Request(0, (), Checkpoint("example.com/x", 1, bytes(32)).sign(SecretKey("example.com/x", bytes(32))).to_bytes()).to_bytes(), 404),
        (Request(0, (), Checkpoint(ORIGIN, 1, bytes(32)).sign(NEW_LOG_KEY).to_bytes()).to_bytes(), 403),
        (Request(0, (bytes(32),), signed(HISTORY[:9])).to_bytes(), 422),
        (Request(5, (), signed(HISTORY[:9])).to_bytes(), 409),
    ],
)  # fmt: skip
def test_the_first_request_is_answered_as_the_protocol_says(body: bytes, status: int) -> None:
    answer = Server().post(body)
    assert (answer.status, answer.keep) == (status, None)


def test_an_empty_tree_is_cosigned_and_may_grow_into_anything() -> None:
    server = Server()
    assert server.submit(0, []).status == 200
    assert server.submit(0, HISTORY[:9]).status == 200


def test_a_witness_whose_clock_went_back_does_not_cosign() -> None:
    server = Server()
    server.submit(0, HISTORY[:17])
    server.now -= 1
    assert server.submit(17, HISTORY).status == 500
    server.now += 1
    assert server.submit(17, HISTORY).status == 200


def test_cosignatures_of_strangers_are_left_out_and_wrong_ones_refused() -> None:
    server = Server()
    line = server.submit(0, HISTORY[:9]).body
    note = signed(HISTORY[:9])
    assert merge_cosignatures(note, line, [LENDER.key]) == note
    merged = merge_cosignatures(note, line + line, [TENANT.key])
    assert merged == note + line
    with pytest.raises(VerifyError):
        merge_cosignatures(signed(HISTORY[:10]), line, [TENANT.key])
    with pytest.raises(FormatError):
        merge_cosignatures(note, b"not a line\n", [TENANT.key])


@settings(deadline=None, max_examples=60)
@given(st.lists(st.tuples(st.integers(0, 40), st.integers(0, 40), st.booleans()), max_size=12))
def test_whatever_is_submitted_the_witness_cosigns_one_history_only(steps: list[tuple[int, int, bool]]) -> None:
    server, cosigned = Server(), [HISTORY[:0]]
    for old, new, forged in steps:
        entries = (OTHER_HISTORY if forged else HISTORY)[:new]
        answer = server.submit(old, entries)
        if answer.status == 200:
            assert entries[: len(cosigned[-1])] == cosigned[-1]
            cosigned.append(entries)
        else:
            assert answer.status in {400, 409, 422}
            assert answer.keep is None


@given(st.binary(max_size=200) | st.binary(max_size=60).map(lambda b: b"old 0\n" + b + b"\n\n" + signed(HISTORY[:3])))
def test_any_body_is_answered(body: bytes) -> None:
    assert Server().post(body).status in {200, 400}


@given(st.integers(0, 2**63 - 1), st.lists(st.binary(min_size=32, max_size=32), max_size=63))
def test_request_and_back(old: int, proof: list[bytes]) -> None:
    request = Request(old, tuple(proof), signed(HISTORY[:3]))
    assert Request.from_bytes(request.to_bytes()) == request
