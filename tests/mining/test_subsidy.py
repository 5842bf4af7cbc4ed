"""Subsidy: consensus facts and sums."""

import pytest

from megawatt.core.errors import InputError
from megawatt.mining.subsidy import SATOSHI_PER_BTC, cumulative_supply_sat, halvings_before, next_halving, subsidy_sat


@pytest.mark.parametrize(
    ("height", "btc"),
    [
        (0, "50"),
        (209_999, "50"),
        (210_000, "25"),
        (419_999, "25"),
        (420_000, "12.5"),
        (629_999, "12.5"),
        (630_000, "6.25"),
        (839_999, "6.25"),
        (840_000, "3.125"),
        (1_050_000, "1.5625"),
    ],
)
def test_block_pays_what_the_consensus_says(height: int, btc: str) -> None:
    whole, _, part = btc.partition(".")
    assert subsidy_sat(height) == int(whole) * SATOSHI_PER_BTC + int(part.ljust(8, "0"))


def test_the_last_satoshi_is_paid_in_era_32_and_nothing_from_the_64th_halving() -> None:
    assert subsidy_sat(33 * 210_000 - 1) == 1
    assert subsidy_sat(33 * 210_000) == 0
    assert subsidy_sat(64 * 210_000) == 0
    assert subsidy_sat(10**9) == 0


def test_all_coins_ever_are_bitcoin_cores_published_sum() -> None:
    # Bitcoin Core, validation_tests.cpp, subsidy_limit_test: 2,099,999,997,690,000 satoshi.
    assert cumulative_supply_sat(14_000_000) == 2_099_999_997_690_000


def test_cumulative_supply_is_the_sum_of_the_blocks_across_a_halving() -> None:
    before = cumulative_supply_sat(209_990)
    assert before == 209_991 * 50 * SATOSHI_PER_BTC
    total = before
    for height in range(209_991, 210_011):
        total += subsidy_sat(height)
        assert cumulative_supply_sat(height) == total


def test_next_halving_is_the_next_multiple_of_210_000() -> None:
    assert next_halving(839_999) == 840_000
    assert next_halving(840_000) == 1_050_000
    assert halvings_before(840_000) == 4


@pytest.mark.parametrize("height", [-1, True, 1.5, "840000"])
def test_a_height_that_is_none_is_refused(height: object) -> None:
    with pytest.raises(InputError, match="heights are whole numbers"):
        subsidy_sat(height)  # type: ignore[arg-type]
