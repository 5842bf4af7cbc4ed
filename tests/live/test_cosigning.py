"""The log asks witnesses: ours and one that we did not write; it believes no answer, and stops when it is behind."""

import shutil
import socket
from pathlib import Path

import pytest

from megawatt.live.log.cosigning import cosign, last_sizes, refuse_if_behind
from megawatt.live.log.door import Query, Reply
from megawatt.live.log.witness import LIMITS
from megawatt.proof.errors import RollbackError
from megawatt.proof.keys import COSIGNATURE, SecretKey
from megawatt.proof.policy import Member, Policy
from tests.live.doors import opened
from tests.live.logs import HISTORY, log_of, policy_of, served, witness_at
from tests.proof.samples import LENDER, NOON, TENANT


def test_a_growing_log_is_cosigned_at_every_size(tmp_path: Path) -> None:
    log = log_of(tmp_path / "log", 3)
    with served(witness_at(tmp_path / "w")) as policy:
        for count in (3, 3, 17, 256, 600):
            log.append(HISTORY[:count])
            note, told = cosign(log.checkpoint(), log.tree, policy)
            log.publish(note)
            assert policy.check(note).cosigned_at == {"tenant": NOON}
            assert (told[0].size, told[0].reason) == (count, "")


def test_one_of_two_witnesses_is_enough_where_the_policy_says_so(tmp_path: Path) -> None:
    log = log_of(tmp_path / "log", 30)
    with socket.socket() as nobody, served(witness_at(tmp_path / "w")) as policy:
        nobody.bind(("127.0.0.1", 0))
        away = Member("lender", LENDER.key, f"http://127.0.0.1:{nobody.getsockname()[1]}")
        unasked = Member("stranger", SecretKey("s", bytes(32), COSIGNATURE).key)
        both = Policy(policy.logs, (*policy.witnesses, away, unasked), (), "tenant")
        note, told = cosign(log.checkpoint(), log.tree, both)
    assert [(one.name, one.size) for one in told] == [("tenant", 30), ("lender", None)]
    assert "try again later" in told[1].reason
    both.check(note)


def test_a_second_history_is_not_cosigned(tmp_path: Path) -> None:
    log, other = log_of(tmp_path / "log", 30), log_of(tmp_path / "other", 3)
    other.append([b"forged", *HISTORY[4:50]])
    with served(witness_at(tmp_path / "w")) as policy:
        cosign(log.checkpoint(), log.tree, policy)
        note = other.checkpoint()
        merged, told = cosign(note, other.tree, policy)
    assert merged == note
    assert told[0].reason.startswith("status 422")


def test_a_log_restored_from_an_old_copy_learns_that_it_is_behind(tmp_path: Path) -> None:
    log = log_of(tmp_path / "log", 30)
    shutil.copytree(tmp_path / "log", tmp_path / "backup")
    with served(witness_at(tmp_path / "w")) as policy:
        served_note = (tmp_path / "log/log/checkpoint").read_bytes()
        assert last_sizes(served_note, policy)[0].size == 30, "a witness that has seen nothing cosigns what is served"
        log.append(HISTORY[:40])
        cosign(log.checkpoint(), log.tree, policy)
        told = last_sizes((tmp_path / "backup/log/checkpoint").read_bytes(), policy)
        assert [file.name[:8] for file in (tmp_path / "w/evidence").iterdir()] == ["rollback"]
        # Cosigned, and not published yet: to ask by the newest signed head is no rollback.
        assert last_sizes((tmp_path / "log/state/signed").read_bytes(), policy)[0].size == 40
        assert len(list((tmp_path / "w/evidence").iterdir())) == 1
    refuse_if_behind(40, told)
    with pytest.raises(RollbackError, match="'tenant' says that it cosigned size 40"):
        refuse_if_behind(30, told)


@pytest.mark.parametrize(
    ("status", "body", "reason"),
    [
        (200, b"", "signature lines without"),
        (200, b"\xe2\x80\x94 tenant.example/witness AAAAAAA=\n", "without its cosignature"),
        (200, b"garbage\n", "signature line begins"),
        (409, b"-1\n", "size that the witness cosigned '-1'"),
        (409, b"99999999999999999999\n", "decimal number"),
        (409, b"7", "it has cosigned size 7"),
        (302, b"", "tlog-witness knows no such"),
        (503, b"", "tlog-witness knows no such"),
        (404, b"unknown\xff origin", "status 404: unknown"),
    ],
)
def test_no_answer_is_believed_unchecked(tmp_path: Path, status: int, body: bytes, reason: str) -> None:
    log = log_of(tmp_path / "log", 30)
    note = log.checkpoint()
    with opened(lambda _: Reply(status, body), LIMITS) as door:
        merged, told = cosign(note, log.tree, policy_of(Member("tenant", TENANT.key, door.url)))
    assert merged == note
    assert reason in told[0].reason


def test_a_witness_that_names_another_size_each_time_is_given_up(tmp_path: Path) -> None:
    log = log_of(tmp_path / "log", 30)
    asked: list[Query] = []

    def lies(query: Query) -> Reply:
        asked.append(query)
        return Reply(409, f"{len(asked)}\n".encode())

    with opened(lies, LIMITS) as door:
        _, told = cosign(log.checkpoint(), log.tree, policy_of(Member("tenant", TENANT.key, door.url)))
    assert (len(asked), told[0].lines) == (3, b"")
