"""Hashprice: closed forms, the real halving, and published figures."""

import os
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.mining.hashprice import (
    Payout,
    blocks_per_ph_day,
    break_even_usd_per_mwh,
    hashprice_of_span,
    hashprice_usd_per_ph_day,
)

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")


@pytest.fixture(scope="module")
def daily() -> pd.DataFrame:
    table: pd.DataFrame = pd.read_csv(DATA / "bitcoin" / "btc_network_daily.csv", index_col="date")
    table["revenue_usd"] = (table["issuance_btc"] + table["fees_btc"]) * table["price_usd"]
    return table


def span(daily: pd.DataFrame, first: str, last: str) -> tuple[float, float]:
    """Revenue in M USD a day and hashprice of the span, as printed: one decimal."""
    days = daily.loc[first:last]
    hashprice = hashprice_of_span(revenue_usd=days["revenue_usd"], hashrate_ph_s=days["hash_rate_ths"] / 1e3)
    return round(float(days["revenue_usd"].mean()) / 1e6, 1), round(hashprice, 1)


@needs_data
def test_the_halving_halved_the_miners_revenue(daily: pd.DataFrame) -> None:
    assert span(daily, "2024-04-13", "2024-04-19") == (67.9, 104.4)
    assert span(daily, "2024-05-01", "2024-05-07") == (28.9, 49.6)
    assert span(daily, "2024-06-01", "2024-06-07") == (36.0, 62.1)
    assert round(100 * (49.6 / 104.4 - 1)) == -52


@needs_data
def test_the_halving_day_paid_104_7_million_of_which_74_8_percent_were_fees(daily: pd.DataFrame) -> None:
    day = daily.loc["2024-04-20"]
    assert round(day["revenue_usd"] / 1e6, 1) == 104.7
    parts = [
        hashprice_usd_per_ph_day(
            difficulty=day["difficulty_mean"],
            subsidy_btc=subsidy,
            fees_btc_per_block=fees,
            price_usd_per_btc=day["price_usd"],
        )
        for subsidy, fees in ((3.125, 0.0), (0.0, day["fees_btc"] / day["block_count"]))
    ]
    assert round(100 * float(parts[1] / (parts[0] + parts[1])), 1) == 74.8


@needs_data
@pytest.mark.parametrize(
    ("date", "published", "tolerance"),
    [  # data/bitcoin/hashprice_reference_points.csv: Luxor's hashprice index as quoted by the press
        ("2021-08-07", 383.5, 0.03),
        ("2024-05-01", 44.7, 0.03),
        ("2024-06-24", 45.9, 0.03),
        ("2024-07-04", 44.842, 0.03),
        ("2024-09-16", 39.87, 0.03),
    ],
)
def test_expected_hashprice_meets_the_published_figure(
    daily: pd.DataFrame, date: str, published: float, tolerance: float
) -> None:
    day = daily.loc[date]
    computed = hashprice_usd_per_ph_day(
        difficulty=day["difficulty_mean"],
        subsidy_btc=day["issuance_btc"] / day["block_count"],
        fees_btc_per_block=day["fees_btc"] / day["block_count"],
        price_usd_per_btc=day["price_usd"],
    )
    assert float(computed) == pytest.approx(published, rel=tolerance)


@needs_data
def test_from_difficulty_and_from_network_revenue_are_the_same_hashprice(daily: pd.DataFrame) -> None:
    days = daily.loc["2020-01-01":"2024-12-31"]
    expected = hashprice_usd_per_ph_day(
        difficulty=days["difficulty_mean"],
        subsidy_btc=days["issuance_btc"] / days["block_count"],
        fees_btc_per_block=days["fees_btc"] / days["block_count"],
        price_usd_per_btc=days["price_usd"],
    )
    observed = days["revenue_usd"] / (days["hash_rate_ths"] / 1e3)
    # Widest on 2021-07-03, when difficulty fell by 28 % within the day and the mean difficulty weighs hours, not blocks.
    np.testing.assert_allclose(expected, observed, rtol=0.015)
    assert float(np.median(np.abs(expected / observed - 1))) < 1e-6


def test_one_petahash_against_difficulty_one_finds_a_block_every_4_microseconds() -> None:
    # 1e15 hashes a second / 2**32 hashes a block = 232,830.6436538696 blocks a second.
    assert float(blocks_per_ph_day(1.0)) / 86_400 == pytest.approx(232_830.6436538696, rel=1e-12)


def test_break_even_of_an_s21_at_45_usd() -> None:
    # 1 PH/s at 17.5 J/TH draws 17.5 kW: 0.42 MWh a day for 45 USD is 107.142857 USD/MWh.
    assert float(break_even_usd_per_mwh(45.0, 17.5)) == pytest.approx(107.14285714285714, rel=1e-15)


def test_a_span_weighs_days_by_the_work_done() -> None:
    # 100 USD from 1 PH-day and 100 USD from 3 PH-days are 50 a PH-day; the mean of 100 and 33.3 is not.
    assert hashprice_of_span(revenue_usd=[100, 100], hashrate_ph_s=[1, 3]) == 50.0
    assert hashprice_of_span(revenue_usd=[100, 100], hashrate_ph_s=[1, 1], days=[1, 3]) == 50.0


positive = st.floats(min_value=1e-3, max_value=1e15)


@settings(deadline=None, max_examples=100)
@given(positive, st.floats(0, 50), st.floats(0, 50), st.floats(0, 1e6))
def test_hashprice_is_the_sum_of_its_two_payers_and_halves_when_difficulty_doubles(
    difficulty: float, subsidy: float, fees: float, price: float
) -> None:
    def of(d: float, s: float, f: float) -> float:
        return float(
            hashprice_usd_per_ph_day(difficulty=d, subsidy_btc=s, fees_btc_per_block=f, price_usd_per_btc=price)
        )

    assert of(difficulty, subsidy, fees) == pytest.approx(of(difficulty, subsidy, 0) + of(difficulty, 0, fees))
    assert of(2 * difficulty, subsidy, fees) == pytest.approx(of(difficulty, subsidy, fees) / 2)


def test_a_gap_stays_a_gap() -> None:
    out = hashprice_usd_per_ph_day(
        difficulty=[1e14, np.nan], subsidy_btc=3.125, fees_btc_per_block=0.2, price_usd_per_btc=[60e3, 60e3]
    )
    assert np.isfinite(out[0])
    assert np.isnan(out[1])


def test_fpps_passes_the_fees_on_and_pps_keeps_them() -> None:
    assert {payout.value: payout.pays_fees for payout in Payout} == {"fpps": True, "pps": False}


@pytest.mark.parametrize("difficulty", [0.0, -1.0])
def test_a_difficulty_is_positive(difficulty: float) -> None:
    with pytest.raises(InputError, match="Check the unit"):
        blocks_per_ph_day([1.0, difficulty])


def test_an_efficiency_is_positive() -> None:
    with pytest.raises(InputError, match="0 J/TH"):
        break_even_usd_per_mwh(45.0, 0.0)


@pytest.mark.parametrize("hashrate", [[0.0, 0.0], [1.0, np.nan]])
def test_a_span_without_work_has_no_hashprice(hashrate: list[float]) -> None:
    with pytest.raises(InputError, match="PH-days of work"):
        hashprice_of_span(revenue_usd=[1.0, 1.0], hashrate_ph_s=hashrate)
