"""The published test log of Tessera: our bytes are its bytes."""

import os
from pathlib import Path

import pytest

from megawatt.proof.audit import audit
from megawatt.proof.keys import SecretKey, VerifierKey
from megawatt.proof.policy import single_log_policy
from megawatt.proof.store import Log, ServedDirectory, create_log
from megawatt.proof.tiles import Tile

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data")) / "validation" / "tlog"
pytestmark = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")
WORDS = b"one two three four five six seven eit nain ten ileven twelf threeten fourten fivten".split()


def golden_keys() -> tuple[SecretKey, VerifierKey]:
    _, secret, vkey = (DATA / "keys.txt").read_text().splitlines()
    return SecretKey.from_text(secret), VerifierKey.from_text(vkey)


def test_the_golden_keys_are_one_pair_and_print_as_they_were_read() -> None:
    secret, public = golden_keys()
    assert secret.key == public
    assert (DATA / "keys.txt").read_text().splitlines()[1:] == [secret.to_text(), public.to_text()]


def test_all_checkpoints_tiles_and_bundles_of_the_golden_log_are_byte_equal(tmp_path: Path) -> None:
    secret, _ = golden_keys()
    create_log(tmp_path / "log", secret, segment_bytes=1 << 16)
    with Log(tmp_path / "log", secret) as log:
        notes = [log.checkpoint()]
        for word in WORDS:
            log.append([word])
            notes.append(log.checkpoint())
        log.publish(notes[-1])
    assert notes == [(DATA / f"log/checkpoint.{size}").read_bytes() for size in range(16)]
    served = ServedDirectory(tmp_path / "log" / "log")
    golden = {file.relative_to(DATA / "log").as_posix(): file for file in (DATA / "log").rglob("*") if file.is_file()}
    ours = {path: served.fetch(path) for path in served.paths()}
    assert set(ours) == {path for path in golden if not path.startswith("checkpoint.")}
    assert all(golden[path].read_bytes() == data for path, data in ours.items())
    assert sum(Tile.from_path(path).level in {-1, 0} for path in ours if path != "checkpoint") == 30


def test_the_golden_log_passes_the_audit() -> None:
    _, public = golden_keys()
    served = ServedDirectory(DATA / "log")
    heard: list[bytes] = []
    report = audit(single_log_policy(public), served.fetch, served.paths(), lambda _, entry: heard.append(entry))
    assert heard == WORDS
    assert report.files == 30
    assert all(path.startswith("checkpoint.") for path in report.unsigned)
