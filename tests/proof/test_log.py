"""The log on disk: acknowledgement, signing, publishing, floors, locks, damage and threads."""

import os
import pickle
import shutil
import threading
import time
from pathlib import Path

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from megawatt.proof.audit import audit
from megawatt.proof.checkpoint import Checkpoint
from megawatt.proof.cosignature import cosign
from megawatt.proof.errors import DamageError, FormatError, ProofError, RollbackError, StoreError, VerifyError
from megawatt.proof.hashes import leaf_hash
from megawatt.proof.keys import COSIGNATURE, SecretKey
from megawatt.proof.note import Note, format_signatures
from megawatt.proof.policy import single_log_policy
from megawatt.proof.store import Log, ServedDirectory, create_key, create_log, read_key
from megawatt.proof.store.frame import chain_of, format_frame, format_segment, parse_frame, seed_of, stray_frames
from megawatt.proof.store.recovery import RememberedEntries
from megawatt.proof.tlog_proof import check_proof, make_proof
from megawatt.proof.witness import merge_cosignatures
from tests.proof.samples import LOG_KEY, NEW_LOG_KEY, NOON, TENANT, oracle_root, some_entries

POLICY = single_log_policy(LOG_KEY.key)


@pytest.fixture
def place(tmp_path: Path) -> Path:
    create_log(tmp_path / "site-7", LOG_KEY, segment_bytes=1 << 16)
    return tmp_path / "site-7"


def size_of(note: bytes) -> int:
    return Checkpoint.from_text(Note.from_bytes(note).text).size


def published(place: Path) -> bytes:
    return ServedDirectory(place / "log").fetch("checkpoint")


def test_an_entry_is_acknowledged_signed_published_and_proven(place: Path) -> None:
    entries = some_entries(300)
    with Log(place, LOG_KEY) as log:
        assert log.append(entries) == list(range(300))
        assert (log.size, log.acknowledged) == (0, 300)
        note = log.checkpoint()
        assert (log.size, size_of(published(place))) == (300, 0)
        log.publish(note)
        proof = make_proof(log.tree(), 123, note)
    assert published(place) == note
    assert Checkpoint.from_text(Note.from_bytes(note).text).root == oracle_root(entries)
    assert check_proof(POLICY, proof.to_bytes(), entries[123]).index == 123


def test_what_was_acknowledged_and_never_signed_is_there_when_the_log_is_opened_again(place: Path) -> None:
    entries = some_entries(30)
    with Log(place, LOG_KEY) as log:
        log.append(entries)
    with Log(place, LOG_KEY) as log:
        assert log.size == 30
        log.publish(log.checkpoint())
    heard: list[bytes] = []
    audit(POLICY, ServedDirectory(place / "log").fetch, (), lambda _, entry: heard.append(entry))
    assert heard == entries


def test_the_same_entry_keeps_its_index_within_a_batch_across_batches_and_across_opening(place: Path) -> None:
    with Log(place, LOG_KEY) as log:
        assert log.append([b"a", b"b", b"a"]) == [0, 1, 0]
        log.checkpoint()
        assert log.append([b"c", b"b"]) == [2, 1]
    with Log(place, LOG_KEY) as log:
        assert log.append([b"c", b"a", b"d"]) == [2, 0, 3]
        assert log.append([]) == []


def test_exactly_the_last_entries_are_remembered_and_to_forget_takes_no_longer_than_to_remember() -> None:
    limit = 1 << 15
    leaves = [leaf_hash(number.to_bytes(4, "big")) for number in range(4 * limit)]
    known, seconds = RememberedEntries(limit), []
    for start in range(0, len(leaves), limit):
        begin = time.process_time()
        for index, leaf in enumerate(leaves[start : start + limit], start):
            known.add(leaf, index)
        seconds.append(time.process_time() - begin)
    assert [known.get(leaf) for leaf in leaves] == [None] * 3 * limit + list(range(3 * limit, 4 * limit))
    assert max(seconds[1:]) < 5 * seconds[0]


def test_entries_beyond_the_remembered_ones_are_new_again(place: Path) -> None:
    with Log(place, LOG_KEY, remembered=2) as log:
        assert log.append([b"a", b"b", b"c"]) == [0, 1, 2]
        assert log.append([b"c", b"b", b"a"]) == [2, 1, 3]


def test_a_full_write_ahead_file_is_emptied_by_a_checkpoint(place: Path) -> None:
    with Log(place, LOG_KEY) as log:
        for i in range(40):
            log.append([i.to_bytes(2, "big") * 2000])  # 8 kB a frame, 64 kB a file
        assert log.acknowledged == 40
        assert log.size > 0
    with Log(place, LOG_KEY) as log:
        assert log.append([(7).to_bytes(2, "big") * 2000]) == [7]
        assert log.size == 40


def test_a_batch_larger_than_a_write_ahead_file_is_refused_and_the_log_goes_on(place: Path) -> None:
    with Log(place, LOG_KEY) as log:
        with pytest.raises(FormatError, match="Append fewer at once"):
            log.append([bytes([i]) * 60_000 for i in range(2)])
        with pytest.raises(FormatError, match="65535"):
            log.append([b"ok", bytes(65_536)])
        assert log.append([b"ok"]) == [0]


def test_a_checkpoint_without_new_entries_is_the_one_before(place: Path) -> None:
    with Log(place, LOG_KEY) as log:
        log.append([b"a"])
        assert log.checkpoint() == log.checkpoint()


def test_an_older_or_foreign_checkpoint_is_not_published(place: Path) -> None:
    with Log(place, LOG_KEY) as log:
        empty = log.checkpoint()
        log.append([b"a"])
        log.publish(log.checkpoint())
        with pytest.raises(StoreError, match="Publish the newest"):
            log.publish(empty)
        with pytest.raises(VerifyError):
            log.publish(Checkpoint(LOG_KEY.key.name, 1, bytes(32)).sign(NEW_LOG_KEY).to_bytes())
        assert log.append([b"b"]) == [1]


def test_a_log_restored_from_an_old_backup_refuses_to_sign_below_the_cosigned_size(place: Path, tmp_path: Path) -> None:
    with Log(place, LOG_KEY) as log:
        log.append(some_entries(10))
        log.checkpoint()
    shutil.copytree(place, tmp_path / "backup")
    with Log(place, LOG_KEY) as log:
        log.append(some_entries(10, "later "))
        log.publish(log.checkpoint())
    with pytest.raises(RollbackError, match="second history"):
        Log(tmp_path / "backup", LOG_KEY, witnessed_size=20)
    # It remembers the refusal: without asking the witness again it still does not sign.
    with pytest.raises(RollbackError, match="cosigned size 20"):
        Log(tmp_path / "backup", LOG_KEY)
    assert size_of((tmp_path / "backup/state/signed").read_bytes()) == 10


def test_publishing_a_cosigned_checkpoint_raises_the_floor_for_good(place: Path) -> None:
    with Log(place, LOG_KEY) as log:
        log.append(some_entries(10))
        note = log.checkpoint()
        line = cosign(TENANT, Note.from_bytes(note).text, NOON)
        log.publish(merge_cosignatures(note, format_signatures([line]), [TENANT.key]))
        with pytest.raises(RollbackError):
            log.note_witnessed(11)
    assert (place / "state/floor").read_bytes() == b"11\n"


def test_two_writers_cannot_open_one_log(place: Path) -> None:
    with Log(place, LOG_KEY), pytest.raises(StoreError, match="open elsewhere"):
        Log(place, LOG_KEY)
    with Log(place, LOG_KEY) as log:
        assert log.append([b"a"]) == [0]


def test_a_writer_who_went_around_the_lock_is_noticed_before_signing(place: Path) -> None:
    with Log(place, LOG_KEY) as log:
        log.append([b"a"])
        (place / "state/signed").write_bytes(
            Checkpoint(LOG_KEY.key.name, 1, oracle_root([b"x"])).sign(LOG_KEY).to_bytes()
        )
        with pytest.raises(StoreError, match="somebody else"):
            log.checkpoint()


def test_a_log_is_created_once_and_opened_only_where_it_is(place: Path, tmp_path: Path) -> None:
    with pytest.raises(StoreError, match="created once"):
        create_log(place, LOG_KEY)
    with pytest.raises(StoreError, match="create_log"):
        Log(tmp_path / "nowhere", LOG_KEY)


def test_a_log_whose_signed_state_vanished_is_not_created_anew_over_its_entries(place: Path) -> None:
    with Log(place, LOG_KEY) as log:
        log.append([b"a"])
        log.publish(log.checkpoint())
    (place / "state/signed").unlink()
    with pytest.raises(StoreError, match="created once"):
        create_log(place, LOG_KEY)


def test_the_key_rotates_over_one_opening_with_both_keys(place: Path) -> None:
    with Log(place, LOG_KEY) as log:
        log.append([b"a"])
        log.checkpoint()
    with pytest.raises(StoreError, match="old and the new key together"):
        Log(place, NEW_LOG_KEY)
    with Log(place, LOG_KEY, NEW_LOG_KEY) as log:
        both = log.checkpoint()
        log.publish(both)
    for key in (LOG_KEY.key, NEW_LOG_KEY.key):
        assert single_log_policy(key).check(both).checkpoint.size == 1
    with Log(place, NEW_LOG_KEY) as log:
        assert single_log_policy(NEW_LOG_KEY.key).check(log.checkpoint()).checkpoint.size == 1


def damage(file: Path, at: int) -> None:
    data = bytearray(file.read_bytes())
    data[at] ^= 1
    file.write_bytes(data)


@pytest.mark.parametrize(
    ("name", "at"),
    [
        ("log/tile/0/000.p/30", 0),
        ("log/tile/entries/000.p/30", 5),
        ("state/signed", 0),
        ("state/signed", 40),
        ("state/floor", 1),
        ("state/wal-0", 0),
    ],
)
def test_damaged_files_are_named_and_nothing_is_signed(place: Path, name: str, at: int) -> None:
    with Log(place, LOG_KEY) as log:
        log.append(some_entries(30))
        log.checkpoint()
    before = (place / "state/signed").stat().st_mtime_ns
    damage(place / name, at)
    with pytest.raises(StoreError):
        Log(place, LOG_KEY)
    assert name == "state/signed" or (place / "state/signed").stat().st_mtime_ns == before


def test_an_acknowledged_frame_that_rotted_is_told_from_a_torn_last_one(place: Path) -> None:
    with Log(place, LOG_KEY) as log:
        for i in range(3):
            log.append([f"{i}".encode()])
    shutil.copytree(place, place.parent / "torn")
    damage(place / "state/wal-0", 2 * 4096 + 54)  # the second of three frames
    with pytest.raises(DamageError, match="go on at entry 2"):
        Log(place, LOG_KEY)
    damage(place.parent / "torn/state/wal-0", 3 * 4096 + 54)  # the last one: as if power went off while it was written
    with Log(place.parent / "torn", LOG_KEY) as log:
        assert log.size == 2


def test_missing_write_ahead_files_are_damage(place: Path) -> None:
    (place / "state/wal-1").unlink()
    with pytest.raises(DamageError, match="wal-1"):
        Log(place, LOG_KEY)


def test_many_threads_append_while_one_signs_and_every_index_is_given_once(place: Path) -> None:
    given_out: list[list[int]] = [[] for _ in range(4)]
    with Log(place, LOG_KEY) as log:

        def submit(worker: int) -> None:
            for i in range(25):
                given_out[worker] += log.append([f"{worker}/{i}/{j}".encode() for j in range(3)])

        threads = [threading.Thread(target=submit, args=(worker,)) for worker in range(4)]
        for thread in threads:
            thread.start()
        sizes = [size_of(log.checkpoint()) for _ in range(10)]
        for thread in threads:
            thread.join()
        log.publish(log.checkpoint())
    assert sorted(index for indexes in given_out for index in indexes) == list(range(300))
    assert sizes == sorted(sizes)
    heard: list[bytes] = []
    audit(POLICY, ServedDirectory(place / "log").fetch, (), lambda _, entry: heard.append(entry))
    assert all(
        heard[index] == f"{w}/{n // 3}/{n % 3}".encode() for w in range(4) for n, index in enumerate(given_out[w])
    )


@settings(deadline=None, max_examples=15, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.lists(st.one_of(st.integers(1, 300), st.sampled_from(["sign", "open"])), max_size=8))
def test_however_a_log_grows_it_is_the_tree_of_its_entries(tmp_path: Path, steps: list[int | str]) -> None:
    place = tmp_path / os.urandom(4).hex()
    create_log(place, LOG_KEY, segment_bytes=1 << 15)
    log, entries = Log(place, LOG_KEY), list[bytes]()
    for step in steps:
        if isinstance(step, int):
            batch = some_entries(step, f"{len(entries)} ")
            log.append(batch)
            entries += batch
        elif step == "sign":
            log.checkpoint()
        else:
            log.close()
            log = Log(place, LOG_KEY)
    assert Checkpoint.from_text(Note.from_bytes(log.checkpoint()).text).root == oracle_root(entries)
    log.close()
    shutil.rmtree(place)


def test_a_new_key_file_is_readable_by_its_owner_only_and_never_overwritten(tmp_path: Path) -> None:
    path = tmp_path / "log.key"
    secret = create_key(path, "example.com/log")
    assert path.stat().st_mode & 0o777 == 0o600
    assert read_key(path).key == secret.key
    with pytest.raises(StoreError, match="exists"):
        create_key(path, "example.com/log")
    path.chmod(0o640)
    with pytest.raises(StoreError, match="chmod 600"):
        read_key(path)
    with pytest.raises(StoreError):
        read_key(tmp_path / "none.key")
    assert create_key(tmp_path / "w.key", "example.com/w", COSIGNATURE).key.kind == COSIGNATURE


def test_an_injected_signer_never_shows_its_secret_to_the_log(place: Path, tmp_path: Path) -> None:
    class Token:
        """As a hardware token: a public key, and an answer to each request."""

        key = SecretKey("example.com/token", bytes(32)).key

        def sign(self, message: bytes) -> bytes:
            return SecretKey("example.com/token", bytes(32)).sign(message)

    create_log(tmp_path / "token", Token(), segment_bytes=1 << 13)
    with Log(tmp_path / "token", Token()) as log:
        log.append([b"a"])
        assert single_log_policy(Token.key).check(log.checkpoint()).checkpoint.size == 1
    with pytest.raises(FormatError, match="bear its origin"):
        Log(place, LOG_KEY, Token())


@pytest.mark.parametrize(
    "path", ["../state/signed", "state/signed", "/etc/passwd", "tile/0/../../state/signed", "checkpoint.new", ""]
)
def test_nothing_outside_the_served_paths_is_read(place: Path, path: str) -> None:
    with pytest.raises(FormatError):
        ServedDirectory(place / "log").fetch(path)


SEED = bytes(range(32))


@given(st.lists(st.lists(st.binary(max_size=5000), min_size=1, max_size=3), max_size=4), st.integers(0, 99))
def test_frames_and_back(batches: list[list[bytes]], first: int) -> None:
    segment, before, index = format_segment(SEED, 0), bytes(16), first
    for batch in batches:
        data, before = format_frame(SEED, index, batch, before)
        segment, index = segment + data, index + len(batch)
    assert seed_of(segment) == SEED
    assert [frame.entries for _, frame in chain_of(SEED, segment)] == batches
    assert list(chain_of(bytes(32), segment)) == []


@given(st.binary(max_size=4), st.integers(0, 4095))
def test_a_changed_byte_of_a_frame_ends_the_chain_or_is_filling(xor: bytes, at: int) -> None:
    data, _ = format_frame(SEED, 5, [b"abc"], bytes(16))
    changed = bytearray(data)
    for i, value in enumerate(xor):
        changed[(at + i) % len(changed)] ^= value
    frame = parse_frame(SEED, bytes(changed), 0)
    assert frame is None or bytes(changed[:57]) == data[:57]


def test_an_entry_that_carries_a_frame_does_not_pass_for_one() -> None:
    forged, _ = format_frame(bytes(32), 10**6, [b"x"], bytes(16))
    data, _ = format_frame(SEED, 0, [bytes(4096 - 54) + forged], bytes(16))
    assert data[4096:4100] == b"MWF1"
    assert list(stray_frames(SEED, data, 4096)) == []


def test_errors_give_value_rule_and_remedy_and_cross_process_borders() -> None:
    data = pickle.dumps(RollbackError("a log of size 3", "a witness cosigned 5", "Restore it."))
    error = pickle.loads(data)  # noqa: S301 - our own bytes
    assert isinstance(error, ProofError)
    assert (error.value, error.rule, error.remedy) == ("a log of size 3", "a witness cosigned 5", "Restore it.")
    assert str(error) == "a log of size 3, but a witness cosigned 5. Restore it."
