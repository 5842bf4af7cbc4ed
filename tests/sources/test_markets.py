"""Daily closes: what is wrong is named with line and column, nothing is filled."""

import os
from pathlib import Path

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.sources.markets import read_coin_closes, read_index, read_share_closes

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")


def coins(path: Path, *rows: str) -> Path:
    file = path / "coins.csv"
    file.write_text("\n".join(["date,symbol,close_usdt", *rows]), encoding="utf-8")
    return file


def shares(path: Path, *rows: str) -> Path:
    file = path / "shares.csv"
    file.write_text("\n".join(["date,ticker,close", *rows]), encoding="utf-8")
    return file


def test_a_day_without_any_coin_is_a_row_of_missing_values(tmp_path: Path) -> None:
    frame = read_coin_closes(coins(tmp_path, "2024-06-17,FET,1.3", "2024-06-19,FET,1.5"))
    assert [str(day.date()) for day in frame.index] == ["2024-06-17", "2024-06-18", "2024-06-19"]
    assert np.isnan(frame["FET"].iloc[1])


def test_sessions_that_did_not_take_place_are_no_rows(tmp_path: Path) -> None:
    frame = read_share_closes(shares(tmp_path, "2024-06-18,NVDA,135.6", "2024-06-20,NVDA,130.75"))
    assert len(frame) == 2


def test_a_second_close_of_a_day_is_refused_with_its_line(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"coins.csv line 3, column date: .*FET has one close a day"):
        read_coin_closes(coins(tmp_path, "2024-06-17,FET,1.3", "2024-06-17,FET,1.31"))


@pytest.mark.parametrize("price", ["0", "-1.3", "nan", "1,3"])
def test_a_price_that_is_no_price_is_refused(tmp_path: Path, price: str) -> None:
    with pytest.raises(InputError):
        read_coin_closes(coins(tmp_path, f'2024-06-17,FET,"{price}"'))


@pytest.mark.parametrize("day", ["17.06.2024", "2024-6-17", "2024-02-30", "2024-06-1x"])
def test_a_day_that_is_no_day_is_refused(tmp_path: Path, day: str) -> None:
    with pytest.raises(InputError, match="a day is written 2024-06-19"):
        read_coin_closes(coins(tmp_path, f"{day},FET,1.3"))


def test_a_session_on_a_sunday_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no exchange has a session on a weekend"):
        read_share_closes(shares(tmp_path, "2024-06-16,NVDA,131.0"))


@needs_data
def test_the_stock_closes_lie_within_three_per_mille_of_the_press() -> None:
    nvda = read_share_closes(DATA / "markets" / "stocks_daily_ohlc.csv")["NVDA"]
    press = {"2024-06-18": 135.58, "2024-06-20": 130.78, "2024-06-21": 126.57, "2024-06-24": 118.11}
    for day, printed in press.items():
        assert nvda[day] == pytest.approx(printed, rel=0.003), day
    assert "2024-06-19" not in nvda.index


@needs_data
def test_the_coin_file_holds_thirty_two_symbols_and_the_named_gaps() -> None:
    frame = read_coin_closes(DATA / "markets" / "crypto_daily_close.csv")
    assert frame.shape == (1096, 32)
    assert len(frame.attrs["sha256"]) == 64
    inside = frame.loc[frame["TAO"].first_valid_index() :, "TAO"]
    assert int(inside.isna().sum()) == 2


@needs_data
def test_the_index_and_the_total_value_are_read_by_their_column() -> None:
    sp500 = read_index(DATA / "markets" / "sp500_daily.csv", "sp500")
    assert sp500.loc["2024-06-20", "sp500"] == pytest.approx(5473.17)
    total = read_index(DATA / "markets" / "crypto_total_market_cap_daily.csv", "total_crypto_market_cap_usd")
    assert len(total) == 3288
