"""A user's own file: what is wrong is named with line, value and remedy; what is missing is a gap and never filled."""

import datetime as dt
import os
import re
import sys
import time
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from megawatt.core.errors import InputError, MissingExtraError
from megawatt.core.series import NEVER, Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.sources.table import read_table

SPECIMENS = Path(__file__).parent / "specimens"
DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
TEXAS = "America/Chicago"

ILL: dict[str, tuple[dict[str, Any], str, str, str]] = {
    # specimen: what is declared, where it is found, value named, words of rule or remedy
    "american-dates": ({}, "line 2", "01/01/2024 00:00", "pass time_format"),
    "autumn-day-with-24-hours": ({}, "line 3", "2024-11-03T01:00:00", "showed it twice"),
    "autumn-hour-three-times": ({}, "line 5", "2024-11-03T07:00:00Z for a second time", "Remove one of the two"),
    "binary-junk": ({}, "binary-junk.csv", "binary", "Export it as CSV"),
    "column-misspelt": ({}, "line 1", "'price'", "Did you mean 'prise'"),
    "currency-in-price": ({}, "line 2", "$31.20", "without unit or sign of money"),
    "decimal-comma": ({}, "line 2", "31,20", "pass decimal=','"),
    "decimal-comma-unquoted": ({}, "line 5", "more fields than the header", "decimal=','"),
    "duplicate-hour": ({}, "line 6", "2024-01-01T03:00:00Z for a second time", "Remove one of the two rows"),
    "empty": ({}, "empty.csv", "0 bytes", "Export it again"),
    "epoch-seconds": ({}, "line 2", "1704067200", "2024-07-01T13:00"),
    "excel-workbook": ({}, "excel-workbook.csv", "Excel workbook", "Save the sheet as CSV"),
    "header-only": ({}, "header-only.csv", "without rows", "Export the data again"),
    "hour-24": ({}, "line 6", "2024-01-01T24:00", "00:00 of the next day"),
    "infinite-price": ({}, "line 4", "'inf'", "Leave the cell empty"),
    "latin-1": ({}, "line 6", "0xfc", "UTF-8"),
    "leap-day-of-a-common-year": ({}, "line 4", "2023-02-29", "on the calendar"),
    "mixed-frequency": ({}, "line 3", "distance of 60 minutes", "one resolution per file"),
    "number-too-large": ({}, "line 4", "1e999", "finite"),
    "off-the-clock": ({}, "line 2", "2024-01-01T00:07:00Z", "Round the times"),
    "offset-here-not-there": ({}, "line 6", "without one", "(or Z), or none"),
    "out-of-order": ({}, "line 6", "2024-01-01T03:00:00Z after 2024-01-01T04:00:00Z", "Sort the rows"),
    "percent-for-fraction": (
        {"value": "availability", "unit": Unit.FRACTION},
        "percent-for-fraction.csv",
        "97",
        "Divide the column by 100",
    ),
    "price-in-cents-per-kwh": ({}, "price-in-cents-per-kwh.csv", "mean size of 3.6", "Multiply the column by 10,"),
    "price-in-usd-per-kwh": ({}, "price-in-usd-per-kwh.csv", "mean size of 0.031", "Multiply the column by 1000"),
    "quote-not-closed": ({}, "line 5", "quoted field that does not end", "Close or remove the quote"),
    "single-row": ({}, "line 2", "a single row", "step_minutes"),
    "spring-day-with-24-hours": ({}, "line 4", "2024-03-10T02:00:00", "that day has 23 hours"),
    "temperature-in-fahrenheit": (
        {"value": "temperature", "unit": Unit.CELSIUS},
        "temperature-in-fahrenheit.csv",
        "mean size of 78",
        "(°F - 32) / 1.8",
    ),
    "text-in-price": ({}, "line 7", "not settled", "leave the cell empty"),
    "thousands-separator": ({}, "line 8", "4,980.15", "thousands are not parted"),
    "two-fields-too-many": ({}, "line 6", "more fields than the header", "quote the field"),
    "utf-16": ({}, "utf-16.csv", "UTF-16", "in UTF-8"),
    "wrong-frequency": ({"step_minutes": 60}, "line 3", "15 minutes between", "intervals are 60 minutes long"),
    "year-mistyped": ({}, "line 8", "2042-01-01T07:00:00Z for 8 rows", "Check the year after 2024-01-01T05:00:00Z"),
}
WELL = {"gap", "byte-order-mark", "decimal-comma-semicolon"}


def price(path: Path, **declared: Any) -> Series:
    usual = {"time": "time", "value": "price", "unit": Unit.USD_PER_MWH, "name": "price_rt/X", "timezone": TEXAS}
    return read_table(path, **(usual | declared))


def written(tmp_path: Path, rows: list[str], head: str = "time,price") -> Path:
    path = tmp_path / "table.csv"
    path.write_text("\n".join([head, *rows]) + "\n", encoding="utf-8")
    return path


@pytest.mark.parametrize("specimen", sorted(ILL))
def test_a_specimen_is_refused_with_line_value_and_remedy(specimen: str) -> None:
    declared, place, value, words = ILL[specimen]
    with pytest.raises(InputError) as refusal:
        price(SPECIMENS / f"{specimen}.csv", **declared)

    assert refusal.value.place is not None
    assert refusal.value.place.endswith(place)
    assert value in refusal.value.value
    assert words in f"{refusal.value.rule} {refusal.value.remedy}"


def test_every_specimen_has_its_answer_beside_it() -> None:
    assert {path.stem for path in SPECIMENS.glob("*.csv")} == set(ILL) | WELL


def test_missing_rows_and_empty_cells_are_gaps_and_are_not_filled() -> None:
    series = price(SPECIMENS / "gap.csv")

    assert [(str(gap.start), gap.intervals) for gap in series.gaps()] == [
        ("2024-01-01T02:00:00", 3),
        ("2024-01-01T06:00:00", 1),
    ]
    assert series.hours_covered == 4
    assert np.isnan(series.values[2:5]).all()
    assert (series.known_at[2:5] == NEVER).all()


def test_a_byte_order_mark_and_a_semicolon_table_read_like_the_plain_one() -> None:
    plain = price(SPECIMENS / "byte-order-mark.csv")
    german = price(SPECIMENS / "decimal-comma-semicolon.csv", decimal=",")

    assert plain.values.tolist() == [31.2, 28.75, 26.1, 25.4, 27.95, 33.6, 41.05, 52.3]
    assert german.sha256() == plain.sha256()


def test_with_a_decimal_comma_a_point_is_refused(tmp_path: Path) -> None:
    rows = ["2024-07-01T00:00Z;31,20", "2024-07-01T01:00Z;1.234,50"]

    with pytest.raises(InputError, match=r"line 3: the value '1\.234,50'"):
        price(written(tmp_path, rows, "time;price"), decimal=",")


def test_the_day_of_23_hours_has_23_values(tmp_path: Path) -> None:
    hours = [f"2024-03-10T{h:02d}:00,{30 + h}" for h in range(24) if h != 2]
    series = price(written(tmp_path, hours))

    assert series.grid == TimeGrid.of_local_days(
        dt.date(2024, 3, 10), dt.date(2024, 3, 11), timezone=TEXAS, step_minutes=60
    )
    assert series.grid.n == 23
    assert not series.gaps()


@pytest.mark.parametrize(
    "repeated",
    [["01:00", "01:30", "01:00", "01:30"], ["01:00", "01:00", "01:30", "01:30"]],
    ids=["hour after hour", "both showings side by side"],
)
def test_the_repeated_autumn_hour_is_told_apart_by_order(tmp_path: Path, repeated: list[str]) -> None:
    times = ["00:00", "00:30", *repeated, "02:00"]
    rows = [f"2024-11-03T{at},{k}" for k, at in enumerate(times)]
    if repeated[1] == "01:00":
        with pytest.raises(InputError, match="Sort the rows"):  # 01:00 CST comes before 01:30 CDT: not in order of time
            price(written(tmp_path, rows))
        return
    series = price(written(tmp_path, rows))

    assert series.grid.step_minutes == 30
    assert series.values.tolist() == [0, 1, 2, 3, 4, 5, 6]
    assert str(series.grid.starts[-1]) == "2024-11-03T08:00:00"


def test_local_times_with_their_offsets_need_no_guess(tmp_path: Path) -> None:
    rows = [
        "2024-11-03T00:00-05:00,1",
        "2024-11-03T01:00-05:00,2",
        "2024-11-03T01:00-06:00,3",
        "2024-11-03T02:00-06:00,4",
    ]

    series = price(written(tmp_path, rows))
    assert series.values.tolist() == [1, 2, 3, 4]
    assert str(series.grid.start) == "2024-11-03T05:00:00"


def test_an_end_label_moves_the_interval_and_a_value_is_known_a_day_after_its_end(tmp_path: Path) -> None:
    rows = ["2024-07-01T01:00Z,30", "2024-07-01T02:00Z,31"]
    series = price(written(tmp_path, rows), label="end")

    assert str(series.grid.start) == "2024-07-01T00:00:00"
    assert str(series.known_at[0]) == "2024-07-02T01:00:00"
    assert str(price(written(tmp_path, rows), known_after_minutes=0).known_at[0]) == "2024-07-01T02:00:00"


def test_american_dates_read_when_their_format_is_declared() -> None:
    series = price(SPECIMENS / "american-dates.csv", time_format="%m/%d/%Y %H:%M")

    assert str(series.grid.start) == "2024-01-01T06:00:00"


def test_prices_that_look_like_another_unit_are_taken_when_the_user_has_checked() -> None:
    assert price(SPECIMENS / "price-in-usd-per-kwh.csv", unit_checked=True).grid.n == 48


def test_blank_lines_do_not_move_the_line_numbers(tmp_path: Path) -> None:
    rows = ["2024-07-01T00:00Z,30", "", "2024-07-01T01:00Z,x", ""]

    with pytest.raises(InputError, match=r"line 4: the value 'x'"):
        price(written(tmp_path, rows))


def test_an_error_far_down_is_named_by_its_line(tmp_path: Path) -> None:
    times = pd.date_range("2000-01-01", periods=600_000, freq="15min", tz="UTC").strftime("%Y-%m-%dT%H:%MZ")
    rows = [f"{at},30.5" for at in times]
    rows[555_553] = rows[555_553].replace("30.5", "3o.5")

    with pytest.raises(InputError, match=r"line 555555: the value '3o\.5'"):
        price(written(tmp_path, rows))


@pytest.mark.parametrize(
    ("declared", "word"),
    [
        ({"timezone": "Texas"}, "IANA"),
        ({"unit": "USD/kWh"}, "USD/MWh"),
        ({"label": "middle"}, "start or end"),
        ({"time": "tme"}, "Did you mean 'time'"),
        ({"step_minutes": 7}, "intervals are 7 minutes"),
    ],
)
def test_a_wrong_declaration_is_answered_with_what_may_be_declared(
    tmp_path: Path, declared: dict[str, Any], word: str
) -> None:
    rows = ["2024-07-01T00:00,30", "2024-07-01T01:00,31", "2024-07-01T02:00,31"]

    with pytest.raises(InputError, match=re.escape(word)):
        price(written(tmp_path, rows), **declared)


def test_a_file_that_does_not_exist_or_is_a_folder_is_named(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            price(path)


def test_parquet_without_pyarrow_names_the_extra(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "table.parquet").write_bytes(b"PAR1" + bytes(20) + b"PAR1")
    monkeypatch.setitem(sys.modules, "pyarrow", None)

    with pytest.raises(MissingExtraError, match=r"megawatt\[parquet\]"):
        price(tmp_path / "table.parquet")


def test_parquet_reads_like_the_csv_it_was_made_from(tmp_path: Path) -> None:
    pytest.importorskip("pyarrow")
    frame = pd.read_csv(SPECIMENS / "gap.csv", na_values="n/e")
    frame["time"] = pd.to_datetime(frame["time"])
    frame.to_parquet(tmp_path / "table.parquet")

    assert price(tmp_path / "table.parquet").sha256() == price(SPECIMENS / "gap.csv").sha256()
    with pytest.raises(InputError, match="Did you mean 'price'"):
        price(tmp_path / "table.parquet", value="prize")
    (tmp_path / "table.parquet").write_bytes((tmp_path / "table.parquet").read_bytes()[:-30])
    with pytest.raises(InputError, match="Export it again"):
        price(tmp_path / "table.parquet")


def test_a_spoilt_file_reads_or_is_refused_and_never_fails_otherwise(tmp_path: Path) -> None:
    chance = np.random.default_rng(9)
    whole = [(SPECIMENS / f"{name}.csv").read_bytes() for name in ("gap", "byte-order-mark", "american-dates")]
    answers: set[type] = set()
    for _ in range(300):
        spoilt = bytearray(whole[chance.integers(len(whole))])
        for at in chance.integers(len(spoilt), size=chance.integers(3)):
            spoilt[at] = chance.choice(list(b'0123456789,;"\n\r\t-.:TZ x\xff\x00'))
        (tmp_path / "spoilt.csv").write_bytes(spoilt)
        try:
            answers.add(type(price(tmp_path / "spoilt.csv")))
        except InputError as refusal:
            answers.add(type(refusal))

    assert answers == {Series, InputError}


@pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")
def test_a_real_year_of_quarter_hours_reads_whole() -> None:
    path = DATA / "power" / "ercot_hubavg_rt_15min_2024.csv"
    head = path.open(encoding="utf-8").readline().strip().split(",")
    column = head[1]
    series = price(path, time=head[0], value=column, timezone="UTC")

    assert series.grid.step_minutes == 15
    assert series.grid.n == 35_136


@pytest.mark.full
def test_ten_million_rows_are_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "ten-million-rows.csv"
    with path.open("w", encoding="utf-8") as file:
        file.write("time,price\n")
        for first in range(0, 10_000_000, 1_000_000):
            at = (np.datetime64("2005-01-01T00:00", "m") + np.arange(first, first + 1_000_000)).astype(str)
            file.write("\n".join(f"{one}Z,{30 + k % 50}.5" for k, one in enumerate(at)) + "\n")
    begin = time.perf_counter()
    series = price(path)
    print(f"10 million rows read in {time.perf_counter() - begin:.1f} s")  # noqa: T201  # the figure is the point

    assert series.grid.n == 10_000_000
    assert series.values[-1] == 79.5
