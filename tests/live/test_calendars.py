"""Stamps of checkpoints: promised, upgraded, verified; by us, by the original client, on a chain that Core's engine accepts."""

import os
import shutil
import subprocess
from collections.abc import Iterator
from pathlib import Path

import pytest

from megawatt.live.log.calendars import stamp, upgrade
from megawatt.live.log.call import UnreachableError
from megawatt.live.log.door import Limits, Query, Reply
from megawatt.mining.header import check_header
from megawatt.proof.anchor import Chain, check_anchor
from megawatt.proof.errors import VerifyError
from megawatt.proof.timestamp import Attestation, Stamp, bitcoin_attestation
from megawatt.proof.timestamp import Path as Way
from tests.live.doors import opened
from tests.live.regtest import Calendar, Regtest
from tests.proof.samples import TENANT, signed, some_entries

OTS = os.environ.get("MEGAWATT_OTS") or shutil.which("ots")
NONCE = bytes(range(16))
HEAD = signed(some_entries(300), TENANT)
LIMITS = Limits(body_bytes=10_000)


@pytest.fixture
def calendar() -> Iterator[Calendar]:
    one = Calendar(Regtest())
    with opened(one.answer, LIMITS) as door:
        one.url = door.url
        yield one


def stamped(calendar: Calendar) -> Stamp:
    """A stamp of the head, upgraded to a block with five on top."""
    promised, _ = stamp(HEAD, NONCE, [calendar.url], 1)
    calendar.confirm()
    made, waiting = upgrade(Stamp.from_bytes(promised.to_bytes()), [calendar.url])
    assert waiting == []
    return Stamp.from_bytes(made.to_bytes())


def test_a_head_is_stamped_upgraded_and_found_in_its_block(calendar: Calendar) -> None:
    promised, silent = stamp(HEAD, NONCE, [calendar.url], 1)
    assert (silent, [path.attestation.calendar for path in promised.paths]) == ([], [calendar.url])
    same, waiting = upgrade(promised, [calendar.url])
    assert same == promised
    assert "status 404" in waiting[0]
    calendar.confirm()
    made, waiting = upgrade(promised, [calendar.url])
    assert waiting == []
    anchored = check_anchor(made, HEAD, calendar.chain.chain())
    assert (anchored.chain, anchored.height) == ("regtest", 1)
    assert anchored.time == 1_296_688_602 + 600


def test_a_wrong_file_a_shallow_block_or_another_block_is_refused(calendar: Calendar) -> None:
    one, regtest = stamped(calendar), calendar.chain
    with pytest.raises(VerifyError, match="the file hashes to"):
        check_anchor(one, HEAD + b"x", regtest.chain())
    with pytest.raises(VerifyError, match="no header at height 7"):
        check_anchor(one, HEAD, regtest.chain(), depth=len(regtest.headers))
    moved = Stamp(one.digest, (Way(one.paths[0].operations, bitcoin_attestation(2)),))
    with pytest.raises(VerifyError, match="the block at height 2 has"):
        check_anchor(moved, HEAD, regtest.chain(), depth=3)
    torn = Regtest()
    torn.headers = [*regtest.headers[:3], *Regtest().headers, *regtest.headers[4:]]
    with pytest.raises(VerifyError, match="names another block before it"):
        check_anchor(one, HEAD, torn.chain())
    with pytest.raises(VerifyError, match="without the attestation of a block"):
        check_anchor(stamp(HEAD, NONCE, [calendar.url], 1)[0], HEAD, regtest.chain())


def test_a_regtest_block_never_passes_for_the_main_network(calendar: Calendar) -> None:
    one, regtest = stamped(calendar), calendar.chain.chain()
    main = Chain("Bitcoin main network", regtest.header, lambda _, header: check_header(header))
    with pytest.raises(VerifyError, match="has not the work that the Bitcoin main network demands"):
        check_anchor(one, HEAD, main)
    assert check_anchor(one, HEAD, regtest).chain == "regtest"


def test_too_few_promises_are_an_error_and_a_silent_calendar_is_named(calendar: Calendar) -> None:
    nobody = "http://127.0.0.1:1"
    one, silent = stamp(HEAD, NONCE, [calendar.url, nobody], 1)
    assert len(one.paths) == len(silent) == 1
    assert silent[0].startswith(nobody)
    with pytest.raises(UnreachableError, match="promises of 1 of 2 calendars"):
        stamp(HEAD, NONCE, [calendar.url, nobody], 2)


def test_a_stamp_sends_us_to_known_machines_only(calendar: Calendar) -> None:
    asked: list[Query] = []

    def trap(query: Query) -> Reply:
        asked.append(query)
        return Reply(200, b"")

    with opened(trap, LIMITS) as door:
        one, _ = stamp(HEAD, NONCE, [calendar.url], 1)
        path = one.paths[0]
        for uri in (door.url, f"{calendar.url}/../x", f"{door.url}/x.calendar.opentimestamps.org"):
            lured = Attestation(path.attestation.tag, bytes([len(uri)]) + uri.encode())
            _, waiting = upgrade(Stamp(one.digest, (Way(path.operations, lured),)), [calendar.url])
            assert "only known calendars are asked" in waiting[0]
    assert asked == []


@pytest.mark.parametrize("body", [b"", b"\xff", bytes(10_001), b"\x08" * 300, b"\x00" + bytes(9)])
def test_nonsense_from_a_calendar_is_no_stamp(body: bytes) -> None:
    with opened(lambda _: Reply(200, body), LIMITS) as door, pytest.raises(UnreachableError):
        stamp(HEAD, NONCE, [door.url], 1)


# --- engines and clients that we did not write ------------------------------------------------------------------------


def test_bitcoin_cores_own_engine_accepts_the_chain_that_anchors(calendar: Calendar, tmp_path: Path) -> None:
    kernel = pytest.importorskip("pbk", reason="py-bitcoinkernel is not installed")
    one = stamped(calendar)
    engine = kernel.load_chainman(tmp_path / "kernel", kernel.ChainType.REGTEST)
    for block in calendar.chain.blocks:
        assert engine.process_block(kernel.Block(block))
    entries = engine.get_active_chain().block_tree_entries
    assert len(entries) == len(calendar.chain.headers) == 7
    anchored = check_anchor(one, HEAD, calendar.chain.chain())
    assert str(entries[anchored.height].block_hash) == anchored.block_hash


@pytest.mark.skipif(OTS is None, reason="the ots client is not installed")
def test_the_original_client_accepts_our_anchor_and_refuses_an_altered_file(calendar: Calendar, tmp_path: Path) -> None:
    (tmp_path / "300.checkpoint").write_bytes(HEAD)
    (tmp_path / "300.checkpoint.ots").write_bytes(stamped(calendar).to_bytes())

    def verify() -> str:
        with opened(calendar.chain.rpc, LIMITS) as node:
            address = node.url.replace("http://", "http://user:word@")
            command = [str(OTS), "--no-cache", "--no-default-whitelist", "--btc-regtest", "--bitcoin-node", address]
            done = subprocess.run(
                [*command, "verify", "300.checkpoint.ots"], check=False, cwd=tmp_path, capture_output=True, text=True
            )
            return done.stdout + done.stderr

    assert "Success! Bitcoin block 1 attests existence as of 2011-02-02" in verify()
    (tmp_path / "300.checkpoint").write_bytes(HEAD + b"x")
    assert "File does not match original!" in verify()
