"""Difficulty: Bitcoin Core's published vectors and laws of the compact form."""

import csv
import itertools
import os
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.mining.difficulty import (
    POW_LIMIT,
    bits_of_target,
    decode_compact,
    difficulty_of_bits,
    epoch_of,
    next_retarget,
    retarget,
    target_of_bits,
)

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")


@pytest.mark.parametrize(
    ("first_time", "last_height", "last_time", "bits", "new_bits"),
    [  # Bitcoin Core, src/test/pow_tests.cpp
        (1261130161, 32255, 1262152739, 0x1D00FFFF, 0x1D00D86A),  # get_next_work
        (1231006505, 2015, 1233061996, 0x1D00FFFF, 0x1D00FFFF),  # get_next_work_pow_limit
        (1279008237, 68543, 1279297671, 0x1C05A3F4, 0x1C0168FD),  # get_next_work_lower_limit_actual: a quarter
        (1263163443, 46367, 1269211443, 0x1C387F6F, 0x1D00E1FD),  # get_next_work_upper_limit_actual: four times
    ],
)
def test_retarget_gives_the_bits_of_bitcoin_core(
    first_time: int, last_height: int, last_time: int, bits: int, new_bits: int
) -> None:
    assert next_retarget(last_height) == last_height + 1
    assert retarget(first_time, last_time, bits) == new_bits


def test_retarget_ignores_how_far_beyond_the_clamp_the_span_lies() -> None:
    bits = 0x1C05A3F4
    assert retarget(0, 302_400, bits) == retarget(0, 1, bits) == retarget(10, 0, bits)
    assert retarget(0, 4_838_400, bits) == retarget(0, 10**8, bits)
    assert retarget(0, 304_000, bits) != retarget(0, 302_400, bits)


@pytest.mark.parametrize(
    ("bits", "magnitude", "negative", "again"),
    [  # Bitcoin Core, src/test/arith_uint256_tests.cpp, bignum_SetCompact
        (0x00000000, 0, False, 0),
        (0x00123456, 0, False, 0),
        (0x01003456, 0, False, 0),
        (0x02000056, 0, False, 0),
        (0x03000000, 0, False, 0),
        (0x04000000, 0, False, 0),
        (0x00923456, 0, False, 0),
        (0x01803456, 0, False, 0),
        (0x02800056, 0, False, 0),
        (0x03800000, 0, False, 0),
        (0x04800000, 0, False, 0),
        (0x01123456, 0x12, False, 0x01120000),
        (0x01FEDCBA, 0x7E, True, 0x01FE0000),
        (0x02123456, 0x1234, False, 0x02123400),
        (0x03123456, 0x123456, False, 0x03123456),
        (0x04123456, 0x12345600, False, 0x04123456),
        (0x04923456, 0x12345600, True, 0x04923456),
        (0x05009234, 0x92340000, False, 0x05009234),
        (0x20123456, 0x123456 << 232, False, 0x20123456),
    ],
)
def test_compact_numbers_decode_as_in_bitcoin_core(bits: int, magnitude: int, negative: bool, again: int) -> None:
    compact = decode_compact(bits)
    assert (compact.magnitude, compact.negative, compact.overflow) == (magnitude, negative, False)
    assert bits_of_target(magnitude) | (0x00800000 if negative else 0) == again


def test_numbers_beyond_256_bits_overflow() -> None:
    assert decode_compact(0xFF123456).overflow  # Bitcoin Core's vector
    assert not decode_compact(0x220000FF).overflow
    assert decode_compact(0x230000FF).overflow
    assert not decode_compact(0x2100FFFF).overflow
    assert decode_compact(0x2200FFFF).overflow
    assert not decode_compact(0x207FFFFF).overflow
    assert decode_compact(0x217FFFFF).overflow


def test_0x80_is_moved_out_of_the_sign_bit() -> None:
    assert bits_of_target(0x80) == 0x02008000


@settings(deadline=None, max_examples=100)
@given(st.integers(min_value=0, max_value=2**256 - 1))
def test_the_compact_form_is_at_most_the_target_and_loses_less_than_one_part_in_2_to_15(target: int) -> None:
    compact = decode_compact(bits_of_target(target))
    assert not compact.negative
    assert not compact.overflow
    assert compact.magnitude <= target
    assert (target - compact.magnitude) << 15 <= target


@settings(deadline=None, max_examples=100)
@given(st.integers(min_value=1, max_value=POW_LIMIT))
def test_compact_and_target_are_inverses_on_what_the_compact_form_can_hold(target: int) -> None:
    bits = bits_of_target(target)
    assert bits_of_target(target_of_bits(bits)) == bits


@pytest.mark.parametrize("bits", [0x00000000, 0x01FEDCBA, 0xFF123456, 0x1E00FFFF, 0x207FFFFF])
def test_bits_that_are_no_main_network_target_are_refused(bits: int) -> None:
    with pytest.raises(InputError, match="a target is positive"):
        target_of_bits(bits)


@pytest.mark.parametrize("bits", [-1, 1 << 32])
def test_bits_are_32_bits(bits: int) -> None:
    with pytest.raises(InputError, match="32 bits"):
        decode_compact(bits)


def test_difficulty_of_known_bits() -> None:
    assert difficulty_of_bits(0x1D00FFFF) == 1.0
    # Bitcoin wiki, Difficulty: packed target 0x1b0404cb has difficulty 16307.420938523983.
    assert difficulty_of_bits(0x1B0404CB) == pytest.approx(16307.420938523983, rel=1e-15)


def test_epochs_have_2016_blocks() -> None:
    assert (epoch_of(0), epoch_of(2015), epoch_of(2016)) == (0, 0, 1)
    assert epoch_of(840_000) == 416


@needs_data
def test_every_epoch_of_the_chain_follows_from_the_one_before() -> None:
    """The file holds first blocks only, so the last block's time is taken one block interval (600 s) before the next
    first one. Header times are off by up to two hours (0.6 % of two weeks), which is the tolerance.
    """
    with (DATA / "bitcoin" / "btc_retarget_headers.csv").open(encoding="utf-8") as file:
        rows = [(int(r["time_unix"]), int(r["bits_hex"], 16), float(r["difficulty"])) for r in csv.DictReader(file)]
    assert len(rows) == 435
    for (time, bits, _), (next_time, next_bits, next_difficulty) in itertools.pairwise(rows):
        ratio = difficulty_of_bits(retarget(time, next_time - 600, bits)) / next_difficulty
        assert ratio == pytest.approx(1.0, abs=0.008)
        assert difficulty_of_bits(next_bits) == pytest.approx(next_difficulty, rel=1e-7, abs=1e-6)
