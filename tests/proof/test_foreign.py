"""Verifiers that we did not write accept our logs: Go's x/mod/sumdb, and openssl for a signature.

Go is looked for on the path, or at MEGAWATT_GO; the x/mod sources (Debian: golang-golang-x-mod-dev) in
/usr/share/gocode, or at MEGAWATT_GOPATH.
"""

import os
import shutil
import subprocess
from base64 import b64decode
from pathlib import Path
from random import Random

import pytest

from megawatt.proof.note import Note
from megawatt.proof.store import Log, create_log
from tests.proof.faults.failing_system import FailingSystem
from tests.proof.samples import LOG_KEY

GO = os.environ.get("MEGAWATT_GO") or shutil.which("go")
GOPATH = Path(os.environ.get("MEGAWATT_GOPATH", "/usr/share/gocode"))
has_go = GO is not None and (GOPATH / "src/golang.org/x/mod/sumdb/tlog").is_dir()
needs_go = pytest.mark.skipif(not has_go, reason="Go or the x/mod sources are not installed")
needs_openssl = pytest.mark.skipif(shutil.which("openssl") is None, reason="openssl is not installed")


@pytest.fixture(scope="module")
def verifier(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("go")
    environment = os.environ | {
        "GO111MODULE": "off", "GOPATH": str(GOPATH), "GOCACHE": str(folder / "cache"), "GOFLAGS": "", "CGO_ENABLED": "0",
    }  # fmt: skip
    source = Path(__file__).parent / "foreign" / "verify.go"
    subprocess.run([str(GO), "build", "-o", folder / "verify", source], check=True, env=environment)
    return folder / "verify"


def grow(place: Path, sizes: list[int]) -> None:
    """A log of random entries with a signed checkpoint at each size."""
    rng = Random(11)  # noqa: S311 - repeatable draws
    create_log(place, LOG_KEY, segment_bytes=1 << 17, system=FailingSystem())
    (place / "log/checkpoints").mkdir()
    with Log(place, LOG_KEY, system=FailingSystem()) as log:
        (place / "log/checkpoints/0").write_bytes(log.checkpoint())
        for size in sizes:
            log.append([rng.randbytes(rng.randrange(60)) + i.to_bytes(2, "big") for i in range(log.acknowledged, size)])
            (place / f"log/checkpoints/{size}").write_bytes(log.checkpoint())
        log.publish(log.checkpoint())


def run(verifier: Path, place: Path) -> subprocess.CompletedProcess[str]:
    command = [str(verifier), str(place / "log"), LOG_KEY.key.to_text()]
    return subprocess.run(command, check=False, capture_output=True, text=True)


@needs_go
def test_go_accepts_a_log_at_every_size_from_0_to_2000(verifier: Path, tmp_path: Path) -> None:
    grow(tmp_path / "log", list(range(1, 2001)))
    assert run(verifier, tmp_path / "log").stdout == "OK: 2001 checkpoints, 2000 entries, 4000 proofs\n"


@needs_go
@pytest.mark.parametrize("path", ["tile/entries/000", "tile/0/000", "tile/1/000.p/1", "checkpoints/300"])
def test_go_refuses_the_log_when_one_bit_is_changed(verifier: Path, tmp_path: Path, path: str) -> None:
    grow(tmp_path / "log", list(range(1, 301)))
    file = tmp_path / "log/log" / path
    data = bytearray(file.read_bytes())
    data[20] ^= 1
    file.write_bytes(data)
    answer = run(verifier, tmp_path / "log")
    assert answer.returncode == 1
    assert answer.stdout.startswith("FAIL")


@needs_openssl
def test_openssl_verifies_the_signature_of_a_checkpoint_and_refuses_an_altered_one(tmp_path: Path) -> None:
    grow(tmp_path / "log", [5])
    note = Note.from_bytes((tmp_path / "log/log/checkpoint").read_bytes())
    # A DER public key is a fixed head before the 32 bytes (RFC 8410); both come from the vkey by base64 alone.
    public = b64decode(LOG_KEY.key.to_text().rpartition("+")[2])[1:]
    (tmp_path / "key.der").write_bytes(bytes.fromhex("302a300506032b6570032100") + public)
    (tmp_path / "signature").write_bytes(b64decode(note.signatures[0].line.rpartition(" ")[2])[4:])
    command = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        "key.der",
        "-keyform",
        "DER",
        "-rawin",
        "-in",
        "text",
        "-sigfile",
        "signature",
    ]
    for text, code in ((note.text, 0), (note.text.replace(b"\n5\n", b"\n6\n"), 1)):
        (tmp_path / "text").write_bytes(text)
        assert subprocess.run(command, check=False, cwd=tmp_path, capture_output=True).returncode == code
