"""A witness on disk behind a door: one history cosigned, whatever is sent, however often it is restarted."""

import threading
from pathlib import Path

import pytest

from megawatt.live.log.call import post
from megawatt.live.log.door import Limits
from megawatt.live.log.witness import MAX_REPLAYS, PATH, WitnessDirectory, create_witness
from megawatt.proof.errors import DamageError, FormatError, StoreError, VerifyError
from megawatt.proof.evidence import Evidence
from megawatt.proof.witness import Request
from tests.live.doors import opened
from tests.live.logs import HISTORY, QUICK, Clock, witness_at
from tests.proof.samples import LOG_KEY, NOON, ORIGIN, STRANGER, oracle_proof, signed

FORGED = [*HISTORY[:5], b"forged", *HISTORY[6:]]


def request(old: int, entries: list[bytes]) -> bytes:
    proof = oracle_proof(old, entries) if 0 < old < len(entries) else []
    return Request(old, tuple(proof), signed(entries)).to_bytes()


def found(directory: Path) -> dict[str, str]:
    """What each evidence file shows a stranger who has the log's public key only."""
    files = (directory / "evidence").iterdir()
    return {file.name.partition("-")[0]: Evidence.from_bytes(file.read_bytes()).check(LOG_KEY.key) for file in files}


def test_what_was_cosigned_is_remembered_across_a_restart(tmp_path: Path) -> None:
    first = witness_at(tmp_path / "w")
    assert first.add_checkpoint(request(0, HISTORY[:17])).status == 200
    first.close()
    again = witness_at(tmp_path / "w")
    assert again.sizes() == {ORIGIN: 17}
    assert again.add_checkpoint(request(0, FORGED[:20])).status == 409
    assert again.add_checkpoint(request(17, HISTORY[:20])).status == 200


def test_split_view_rollback_and_bogus_proof_are_refused_and_the_evidence_is_kept_as_files(tmp_path: Path) -> None:
    witness = witness_at(tmp_path / "w")
    with opened(witness.answer, Limits(body_bytes=10_000)) as door:

        def send(old: int, entries: list[bytes]) -> int:
            return post(f"{door.url}{PATH}", request(old, entries), 1000).status

        assert [send(0, HISTORY[:17]), send(17, HISTORY[:40])] == [200, 200]
        assert [send(40, FORGED[:40]), send(40, FORGED), send(17, HISTORY[:17])] == [409, 422, 409]
        assert [send(40, FORGED[:40]), send(40, FORGED), send(17, HISTORY[:17])] == [409, 422, 409]
        assert post(door.url, b"", 1000).status == 404
    assert found(tmp_path / "w") == {
        "fork": f"{ORIGIN} signed two histories: the trees of size 40 and 40 differ below entry 40.",
        "unproven": f"{ORIGIN} signed sizes 40 and 600; the proof that came with the second leads elsewhere.",
        "rollback": f"{ORIGIN}'s signed checkpoint of size 17 was submitted after size 40 was cosigned.",
    }


def test_replays_fill_no_disk_and_a_fork_is_kept_however_many_there_are(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("megawatt.live.log.witness.MAX_REPLAYS", 3)
    witness = witness_at(tmp_path / "w")
    assert witness.add_checkpoint(request(0, HISTORY[:40])).status == 200
    for size in range(1, 10):
        witness.add_checkpoint(request(0, HISTORY[:size]))
    assert len(list((tmp_path / "w/evidence").iterdir())) == 3 <= MAX_REPLAYS
    witness.add_checkpoint(request(40, FORGED[:40]))
    assert "fork" in found(tmp_path / "w")


def test_lines_of_strangers_are_not_written_down(tmp_path: Path) -> None:
    witness = witness_at(tmp_path / "w")
    witness.add_checkpoint(request(0, HISTORY[:40]))
    old = signed(HISTORY[:17], *[STRANGER] * 50)
    assert witness.add_checkpoint(Request(40, (), old).to_bytes()).status == 400
    assert witness.add_checkpoint(Request(0, (), old).to_bytes()).status == 409
    (file,) = (tmp_path / "w/evidence").iterdir()
    assert b"stranger" not in file.read_bytes()


def test_of_many_histories_sent_at_once_one_is_cosigned(tmp_path: Path) -> None:
    witness = witness_at(tmp_path / "w")
    bodies = [request(0, [*HISTORY[:7], f"{i}".encode()]) for i in range(12)]
    statuses: list[int] = []
    with opened(witness.answer, Limits(body_bytes=10_000)) as door:
        threads = [
            threading.Thread(target=lambda b=body: statuses.append(post(f"{door.url}{PATH}", b, 1000).status))
            for body in bodies
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
    assert sorted(statuses) == [200, *[409] * 11]


def test_what_cannot_be_kept_is_not_answered(tmp_path: Path) -> None:
    system = QUICK()
    witness_at(tmp_path / "w").close()
    witness = WitnessDirectory(tmp_path / "w", Clock(), system)
    system._at = system.calls  # the next call fails
    with pytest.raises(StoreError, match="remembers before it answers"):
        witness.add_checkpoint(request(0, HISTORY[:17]))
    assert witness.sizes() == {}


def test_a_clock_that_went_back_stops_the_witness(tmp_path: Path) -> None:
    now = Clock()
    witness = witness_at(tmp_path / "w", now)
    assert witness.add_checkpoint(request(0, HISTORY[:17])).status == 200
    now.time = NOON - 1
    assert witness.add_checkpoint(request(17, HISTORY[:20])).status == 500


@pytest.mark.parametrize("illness", ["altered", "renamed", "of another witness", "emptied"])
def test_a_witness_with_a_spoilt_memory_does_not_start(tmp_path: Path, illness: str) -> None:
    witness = witness_at(tmp_path / "w")
    witness.add_checkpoint(request(0, HISTORY[:17]))
    witness.close()
    (kept,) = (tmp_path / "w/kept").iterdir()
    data = kept.read_bytes()
    spoilt = {"altered": data.replace(b"\n17\n", b"\n16\n"), "emptied": b"", "of another witness": signed(HISTORY[:17])}
    kept.write_bytes(spoilt.get(illness, data))
    if illness == "renamed":
        kept.rename(kept.with_name("0" * 64))
    with pytest.raises(DamageError, match="would cosign a second history"):
        witness_at(tmp_path / "w")


def test_a_half_written_file_of_a_crash_is_in_nobodys_way(tmp_path: Path) -> None:
    witness_at(tmp_path / "w").close()
    (tmp_path / "w/kept/abc.new").write_bytes(b"half")
    assert witness_at(tmp_path / "w").sizes() == {}


def test_one_process_answers_for_a_witness(tmp_path: Path) -> None:
    witness = witness_at(tmp_path / "w")
    with pytest.raises(StoreError, match="open elsewhere"):
        witness_at(tmp_path / "w")
    witness.close()


def test_a_witness_needs_to_know_a_log_and_is_made_once(tmp_path: Path) -> None:
    create_witness(tmp_path / "w", "tenant.example/witness")
    with pytest.raises(StoreError):
        create_witness(tmp_path / "w", "tenant.example/witness")
    with pytest.raises(VerifyError, match="no log"):
        witness_at(tmp_path / "w")
    (tmp_path / "w/logs").write_text(f"{STRANGER.key.to_text()}\n")
    with pytest.raises(FormatError, match="type 0x01"):
        witness_at(tmp_path / "w")
