"""Headers: the genesis block, every retarget header, and each of them with one byte spoilt."""

import csv
import os
from pathlib import Path

import pytest

from megawatt.core.errors import InputError
from megawatt.mining.difficulty import target_of_bits
from megawatt.mining.header import Header, block_hash, check_header

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")

GENESIS = bytes.fromhex(
    "01000000"
    + "00" * 32
    + "3ba3edfd7a7b12b27ac72c3e67768f617fc81bc3888a51323a9fb8aa4b1e5e4a"
    + "29ab5f49ffff001d1dac2b7c"
)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    with (DATA / "bitcoin" / "btc_retarget_headers.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_the_genesis_header_reads_as_published() -> None:
    header = Header.from_bytes(GENESIS)
    assert header == Header(
        version=1,
        previous_hash="0" * 64,
        merkle_root="4a5e1e4baab89f3a32518a88c31bc87f618f76673e2cc77ab2127b7afdeda33b",
        time=1231006505,
        bits=0x1D00FFFF,
        nonce=2083236893,
    )
    assert header.to_bytes() == GENESIS
    assert block_hash(GENESIS) == "000000000019d6689c085ae165831e934ff763ae46a2a6c172b3f1b60a8ce26f"
    assert check_header(GENESIS)


@pytest.mark.parametrize("size", [0, 79, 81, 160])
def test_other_lengths_are_no_header(size: int) -> None:
    assert not check_header((GENESIS * 2)[:size])
    with pytest.raises(InputError, match=f"a header of {size} bytes"):
        Header.from_bytes((GENESIS * 2)[:size])


def test_a_header_cannot_choose_a_target_easier_than_the_network_allows() -> None:
    easy = GENESIS[:72] + (0x207FFFFF).to_bytes(4, "little") + GENESIS[76:]
    found = next(h for n in range(100) if int(block_hash(h := easy[:76] + n.to_bytes(4, "little")), 16) < 1 << 255)
    assert not check_header(found)


def test_the_caller_can_ask_for_more_work_than_the_header_claims() -> None:
    assert not check_header(GENESIS, max_target=target_of_bits(0x1B0404CB))


@needs_data
def test_all_435_retarget_headers_hash_below_their_own_target(rows: list[dict[str, str]]) -> None:
    assert len(rows) == 435
    for row in rows:
        header80 = bytes.fromhex(row["header_hex"])
        header = Header.from_bytes(header80)
        assert check_header(header80)
        assert block_hash(header80) == row["block_hash"]
        assert (header.time, f"{header.bits:08x}") == (int(row["time_unix"]), row["bits_hex"])
        assert header.to_bytes() == header80


@needs_data
def test_every_header_with_any_one_byte_spoilt_is_refused(rows: list[dict[str, str]]) -> None:
    for row in rows:
        header80 = bytearray.fromhex(row["header_hex"])
        for position in range(80):
            spoilt = bytearray(header80)
            spoilt[position] ^= 1 << position % 8
            assert not check_header(bytes(spoilt)), (row["height"], position)
