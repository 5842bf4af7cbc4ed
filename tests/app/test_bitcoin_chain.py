"""Which headers count as Bitcoin's main network: those with the work of their time, and no test network's."""

from pathlib import Path

import pytest

from megawatt.app.bitcoin_chain import main_network, read_headers
from megawatt.core.errors import InputError
from megawatt.mining.difficulty import bits_of_target
from megawatt.mining.header import check_header
from tests.live.regtest import GENESIS, Regtest

BLOCK_1 = (  # height 1 of the main network: real work, at difficulty 1
    "010000006fe28c0ab6f1b372c1a6a246ae63f74f931e8365e15a089c68d6190000000000982051fd1e4ba744bbbe680e1fee14677ba1a3c3540bf7b1c"
    "db606e857233e0e61bc6649ffff001d01e36299"
)
BLOCK_876960 = bytes.fromhex(  # the first of the last epoch of 2024, from the public chain
    "00e0ff3770d3358d24864b8137e600a0d4150157a83f47ab282400000000000000000000e6cc8c712991dbca8da94b4d238c7034a35d2e825478"
    "a9bf1d0ff1b0e7cdcd6659c571675c9002177e179038"
)


def accepts(height: int, header: bytes) -> bool:
    return main_network({}).accepts(height, header)


def test_a_header_of_a_test_network_or_of_little_work_is_refused_at_every_height() -> None:
    cheap = bytes.fromhex(BLOCK_1)
    assert check_header(cheap), "its work is real, and not enough"
    regtest = Regtest()
    regtest.mine()
    for height in (0, 1, 606_816, 876_960, 878_976, 2_000_000):
        for header in (cheap, GENESIS, regtest.headers[1], bytes(80), b""):
            assert not accepts(height, header)


def test_a_real_header_counts_in_its_epoch_and_in_no_other() -> None:
    assert accepts(876_960, BLOCK_876960)
    assert accepts(878_975, BLOCK_876960), "the same epoch"
    assert accepts(880_000, BLOCK_876960), "later ones are unknown here: as much work as last will do"
    for height in (874_944, 606_816, 600_000):
        assert not accepts(height, BLOCK_876960)
    for bit in range(0, 640, 7):
        spoilt = bytearray(BLOCK_876960)
        spoilt[bit // 8] ^= 1 << bit % 8
        assert not accepts(876_960, bytes(spoilt))


def test_after_the_table_half_of_the_last_work_is_the_least(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("megawatt.app.bitcoin_chain.check_header", lambda _: True)
    for difficulty, enough in ((0.56e14, True), (0.54e14, False)):
        bits = bits_of_target(int((0xFFFF << 208) / difficulty))
        assert accepts(880_000, bytes(72) + bits.to_bytes(4, "little") + bytes(4)) == enough


def test_a_file_of_headers_is_read_and_nonsense_named_by_its_line(tmp_path: Path) -> None:
    path = tmp_path / "headers"
    path.write_text(f"# from my node\n1 {BLOCK_1}\n\n1 {BLOCK_1}\n")
    assert read_headers(path) == {1: bytes.fromhex(BLOCK_1)}
    wrong = [f"1 {BLOCK_1[:-2]}", f"-1 {BLOCK_1}", BLOCK_1, f"1 {BLOCK_1} x", f"² {BLOCK_1}", "1 " + "zz" * 80]
    for line in (*wrong, f"1 {BLOCK_1[:-2]}00"):
        path.write_text(f"1 {BLOCK_1}\n{line}\n")
        with pytest.raises(InputError, match="line 2"):
            read_headers(path)
