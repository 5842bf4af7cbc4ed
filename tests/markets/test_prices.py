import numpy as np
import pandas as pd
import pytest

from megawatt.core.errors import InputError
from megawatt.markets.prices import Calendar, Closes, on_common_days

NAN = float("nan")


def closes(days: list[str], usd: list[float], name: str = "FET", calendar: Calendar = Calendar.EVERY_DAY) -> Closes:
    return Closes((name,), np.array(days, dtype="datetime64[D]"), np.array(usd)[:, None], calendar)


JUNE = ["2024-06-17", "2024-06-18", "2024-06-19", "2024-06-20"]


def test_a_return_across_a_gap_is_missing_and_the_gap_has_a_name() -> None:
    table = closes(JUNE, [1.0, NAN, 2.0, 4.0])
    assert np.isnan(table.log_returns()[:3, 0]).all()
    assert table.log_returns()[3, 0] == pytest.approx(np.log(2))
    assert table.gaps() == ["FET: 1 closes missing from 2024-06-18 to 2024-06-18"]


def test_days_before_the_listing_are_no_gap() -> None:
    assert closes(JUNE, [NAN, NAN, 2.0, 4.0]).gaps() == []


@pytest.mark.parametrize("price", [0.0, -1.0, float("inf")])
def test_a_price_of_zero_or_below_is_refused_with_name_and_day(price: float) -> None:
    with pytest.raises(InputError, match=r"FET closed at .* on 2024-06-19"):
        closes(JUNE, [1.0, 1.0, price, 1.0])


def test_a_duplicate_day_is_refused() -> None:
    with pytest.raises(InputError, match="the day 2024-06-18 repeats"):
        closes(["2024-06-17", "2024-06-18", "2024-06-18"], [1.0, 1.0, 1.0])


def test_a_day_left_out_of_a_coins_calendar_is_refused() -> None:
    with pytest.raises(InputError, match="no row follows 2024-06-17"):
        closes(["2024-06-17", "2024-06-19"], [1.0, 1.0])


def test_a_name_that_stands_twice_is_refused() -> None:
    with pytest.raises(InputError, match="two columns are named 'FET'"):
        Closes(("FET", "FET"), np.array(JUNE, dtype="datetime64[D]"), np.ones((4, 2)), Calendar.EVERY_DAY)


def test_coins_and_shares_meet_on_common_days_and_nothing_is_filled() -> None:
    coin = closes([*JUNE, "2024-06-21"], [1.0, 2.0, 8.0, 4.0, 4.0])
    share = closes(["2024-06-17", "2024-06-18", "2024-06-20"], [131.07, 135.60, 130.75], "NVDA", Calendar.SESSIONS)
    both = on_common_days(coin, share)
    assert both.calendar is Calendar.COMMON
    assert [str(day) for day in both.days] == ["2024-06-17", "2024-06-18", "2024-06-20"]
    # The coin's return from the 18th to the 20th stands beside the share's.
    assert both.log_returns()[2] == pytest.approx([np.log(4 / 2), np.log(130.75 / 135.60)])


def test_markets_without_a_common_day_are_refused() -> None:
    with pytest.raises(InputError, match="share no day"):
        on_common_days(closes(JUNE, [1.0] * 4), closes(["2023-01-03"], [1.0], "NVDA", Calendar.SESSIONS))


def test_the_hash_changes_with_a_price_and_not_with_the_object() -> None:
    frame = pd.DataFrame({"FET": [1.0, 2.0]}, index=pd.to_datetime(JUNE[:2]))
    same = [Closes.from_frame(frame, Calendar.EVERY_DAY).sha256 for _ in range(2)]
    assert same[0] == same[1] != Closes.from_frame(frame * 1.01, Calendar.EVERY_DAY).sha256


def test_closes_that_end_before_the_table_are_named() -> None:
    usd = np.array([[1.0, 1.0], [1.0, np.nan], [1.0, np.nan]])
    days = np.datetime64("2024-05-01", "D") + np.arange(3)
    assert Closes(("A", "B"), days, usd, Calendar.EVERY_DAY).ends() == ["B: no close after 2024-05-01"]


def test_a_renamed_asset_is_one_column_and_two_assets_are_refused() -> None:
    days = np.datetime64("2024-05-01", "D") + np.arange(3)
    usd = np.array([[1.0, np.nan], [2.0, np.nan], [np.nan, 3.0]])
    one = Closes(("OLD", "NEW"), days, usd, Calendar.EVERY_DAY).continued("OLD", "NEW", "2024-05-03")
    assert one.names == ("OLD",)
    assert one.column("OLD").tolist() == [1.0, 2.0, 3.0]
    usd[2, 0] = 2.5
    with pytest.raises(InputError, match="both closed on 2024-05-03"):
        Closes(("OLD", "NEW"), days, usd, Calendar.EVERY_DAY).continued("OLD", "NEW", "2024-05-03")
