"""A witness that we did not write cosigns our log, and refuses what ours refuses.

`aics-witness` (needs Python 3.12) is looked for on the path, or at MEGAWATT_AICS_WITNESS.
"""

import json
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from megawatt.live.log.cosigning import cosign, last_sizes
from megawatt.proof.keys import VerifierKey
from megawatt.proof.policy import Member, Policy
from tests.live.logs import HISTORY, log_of, policy_of
from tests.proof.samples import LOG_KEY, ORIGIN

PROGRAM = os.environ.get("MEGAWATT_AICS_WITNESS") or shutil.which("aics-witness")
pytestmark = pytest.mark.skipif(PROGRAM is None, reason="aics-witness is not installed")


def run(folder: Path, *words: str) -> str:
    return subprocess.run([str(PROGRAM), *words], cwd=folder, capture_output=True, text=True, check=True).stdout


def free_port() -> int:
    with socket.socket() as one:
        one.bind(("127.0.0.1", 0))
        return int(one.getsockname()[1])


@pytest.fixture
def policy(tmp_path: Path) -> Iterator[Policy]:
    """The foreign witness in a process of its own, and the policy that asks for it."""
    folder, address = tmp_path / "foreign", f"127.0.0.1:{free_port()}"
    folder.mkdir()
    run(folder, "init", "--name", "lender.example/w1", "--listen", address)
    run(folder, "add-log", "--origin", ORIGIN, "--vkey", LOG_KEY.key.to_text())
    vkey = json.loads(run(folder, "status", "--json"))["witness"]["vkey"]
    process = subprocess.Popen(
        [str(PROGRAM), "serve"], cwd=folder, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
    )
    try:
        for _ in range(200):
            with socket.socket() as knock:
                if knock.connect_ex(("127.0.0.1", int(address.rpartition(":")[2]))) == 0:
                    break
            time.sleep(0.05)
        yield policy_of(Member("lender", VerifierKey.from_text(vkey), f"http://{address}"))
    finally:
        process.terminate()
        process.wait()


def test_a_witness_that_we_did_not_write_cosigns_our_growing_log_and_no_second_history(
    policy: Policy, tmp_path: Path
) -> None:
    log, other = log_of(tmp_path / "log", 3), log_of(tmp_path / "other", 3)
    assert last_sizes((tmp_path / "log/log/checkpoint").read_bytes(), policy)[0].size == 3
    for count in (3, 17, 256, 600):
        log.append(HISTORY[:count])
        note, told = cosign(log.checkpoint(), log.tree, policy)
        assert (told[0].size, told[0].reason) == (count, "")
        policy.check(note)
    assert last_sizes((tmp_path / "log/log/checkpoint").read_bytes(), policy)[0].size == 600
    other.append([b"forged", *HISTORY[4:700]])
    note = other.checkpoint()
    assert cosign(note, other.tree, policy)[0] == note
