"""The Bitcoin files: units, what was known when, gaps, and everything that can be wrong with a file."""

import os
import struct
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid, utc
from megawatt.core.units import Unit
from megawatt.mining.difficulty import difficulty_of_bits
from megawatt.mining.header import Header, check_header
from megawatt.mining.network import Network
from megawatt.mining.subsidy import SATOSHI_PER_BTC, subsidy_sat
from megawatt.sources.bitcoin import (
    HALVINGS,
    RetargetHeader,
    difficulty_series,
    in_force,
    read_epoch_targets,
    read_headers,
    read_network,
    read_network_daily,
    read_price_hourly,
    subsidy_series,
)

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
BITCOIN = DATA / "bitcoin"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")

HOURLY = """hour_start_utc,close_usdt
2024-04-20T00:00Z,64000.5
2024-04-20T01:00Z,64100
2024-04-20T04:00Z,64400
"""
DAILY = """date,price_usd,hash_rate_ths,block_count,issuance_btc,fees_btc
2024-04-19,63762.63,648454200,151,931.25,179.8766
2024-04-20,64907.99,558271800,130,406.25,1206.467
2024-04-21,64968.19,601215800,140,437.5,335.5292
"""


def file(folder: Path, text: str | bytes) -> Path:
    path = folder / "file.csv"
    path.write_bytes(text if isinstance(text, bytes) else text.encode())
    return path


def test_an_hourly_price_is_known_at_the_end_of_its_hour_and_missing_hours_are_named(tmp_path: Path) -> None:
    price = read_price_hourly(file(tmp_path, HOURLY))
    assert (price.name, price.unit, price.grid.step_minutes) == ("btc/price", Unit.USD_PER_BTC, 60)
    assert price.values[:2].tolist() == [64000.5, 64100.0]
    assert price.known_at[0] == utc("2024-04-20T01:00Z")
    assert [str(gap)[:69] for gap in price.gaps()] == [
        "2 intervals from 2024-04-20T02:00:00Z to 2024-04-20T04:00:00Z missing"
    ]
    assert price.hours_covered == 3
    assert np.isnan(price.last_known(np.array([utc("2024-04-20T00:59:59Z")])))[0]
    assert price.last_known(np.array([utc("2024-04-20T04:30Z")])).tolist() == [64100.0]


def test_fees_of_a_day_are_known_at_one_in_the_morning_after(tmp_path: Path) -> None:
    daily = read_network_daily(file(tmp_path, DAILY))
    fees = daily["btc/fees"]
    assert fees.unit is Unit.BTC_PER_BLOCK
    assert fees.values[1] == pytest.approx(9.2805, abs=1e-4)
    assert fees.known_at[1] == utc("2024-04-21T01:00Z")
    assert daily["btc/price"].known_at[1] == utc("2024-04-21T00:00Z")
    assert daily["btc/hashrate"].known_at[1] == utc("2024-04-22T00:00Z")


def test_an_empty_cell_and_a_missing_day_are_gaps(tmp_path: Path) -> None:
    text = DAILY.replace(",1206.467", ",").replace("2024-04-21", "2024-04-23")
    fees = read_network_daily(file(tmp_path, text))["btc/fees"]
    assert np.isnan(fees.values).tolist() == [False, True, True, True, False]
    assert len(fees.gaps()) == 1


def test_the_subsidy_halves_at_00_09_27_of_2024_04_20() -> None:
    minutes = subsidy_series(TimeGrid(utc("2024-04-20T00:00Z"), 1, 20))
    assert minutes.values[:9].tolist() == [6.25] * 9
    assert minutes.values[9] == pytest.approx((27 * 6.25 + 33 * 3.125) / 60)
    assert minutes.values[10:].tolist() == [3.125] * 10
    assert minutes.known_at[10] == utc("2024-04-20T00:09:27Z")
    at = np.array([utc("2024-04-20T00:09:26Z"), utc("2024-04-20T00:09:27Z")])
    hours = subsidy_series(TimeGrid(utc("2024-04-19T00:00Z"), 60, 48))
    assert hours.last_known(at).tolist() == [6.25, 3.125]
    assert hours.values[24] == pytest.approx((567 * 6.25 + 3033 * 3.125) / 3600)


def test_the_table_of_halvings_is_the_consensus_rule() -> None:
    for height, _, btc in HALVINGS:
        assert subsidy_sat(height) == btc * SATOSHI_PER_BTC


def test_the_subsidy_is_not_extrapolated_past_the_next_halving() -> None:
    late = subsidy_series(TimeGrid(utc("2027-10-31T22:00Z"), 60, 4))
    assert late.values[:2].tolist() == [3.125, 3.125]
    assert np.isnan(late.values[2:]).all()


def headers(*rows: tuple[int, str, float]) -> tuple[RetargetHeader, ...]:
    return tuple(RetargetHeader(height, utc(time), 0, difficulty, b"") for height, time, difficulty in rows)


def test_difficulty_is_known_at_its_block_and_ends_two_weeks_after_the_last_one() -> None:
    series = difficulty_series(
        headers((2016, "2024-01-01T00:30Z", 80e12), (4032, "2024-01-15T06:00Z", 90e12)),
        TimeGrid(utc("2024-01-01T00:00Z"), 60, 24 * 30),
    )
    assert np.isnan(series.values[0])  # the first epoch starts inside this hour
    assert series.values[1] == 80e12
    assert series.values[14 * 24 + 6] == 90e12
    at = np.array([utc("2024-01-15T05:59:59Z"), utc("2024-01-15T06:00Z")])
    assert series.last_known(at).tolist() == [80e12, 90e12]
    assert [(str(gap.start), gap.intervals) for gap in series.gaps()] == [
        ("2024-01-01T00:00:00", 1),
        ("2024-01-29T06:00:00", 42),
    ]


@settings(deadline=None, max_examples=60)
@given(
    st.lists(st.integers(1, 40_000), min_size=1, max_size=8), st.integers(0, 20_000), st.sampled_from([1, 5, 15, 60])
)
def test_what_is_in_force_over_an_interval_is_the_mean_over_its_seconds(
    gaps: list[int], offset: int, step_minutes: int
) -> None:
    start = utc("2024-01-01T00:00Z")
    changes = start + np.cumsum(gaps).astype("timedelta64[s]") - np.timedelta64(offset, "s")
    values = 2.0 ** np.arange(len(gaps))
    until = changes[-1] + np.timedelta64(5_000, "s")
    grid = TimeGrid(start, step_minutes, 12 * 60 // step_minutes)
    mean, _ = in_force(changes, values, until, grid)
    second = start + np.arange(12 * 3600).astype("timedelta64[s]")
    where = np.searchsorted(changes, second, side="right") - 1
    by_second = np.where((where >= 0) & (second < until), values[where], np.nan)
    np.testing.assert_allclose(mean, by_second.reshape(grid.n, -1).mean(axis=1), rtol=1e-12)


# ---- everything that can be wrong with a file: each has value, rule, remedy and place ----

BAD_HOURLY: dict[str, tuple[str | bytes, str, str]] = {
    "empty file": ("", "0 bytes", ""),
    "header only": ("hour_start_utc,close_usdt\n", "a header without rows", ""),
    "missing column": (
        HOURLY.replace("close_usdt", "close_usd"),
        "the column 'close_usdt' is missing",
        "file.csv line 1",
    ),
    "column twice": (
        HOURLY.replace("hour_start_utc,close_usdt", "close_usdt,close_usdt"),
        "two columns named 'close_usdt'",
        "file.csv line 1",
    ),
    "duplicate hour": (HOURLY.replace("T01", "T00"), "each interval stands once", "line 3, column hour_start_utc"),
    "wrong order": (HOURLY.replace("T04", "T00"), "rows are in order of time", "line 4, column hour_start_utc"),
    "half hour": (HOURLY.replace("T01:00", "T01:30"), "intervals are 60 minutes long", "line 3, column hour_start_utc"),
    "no zone": (HOURLY.replace("T01:00Z", "T01:00"), "every instant has one", "line 3, column hour_start_utc"),
    "no time": (HOURLY.replace("2024-04-20T01:00Z", "noon"), "a time is ISO 8601", "line 3, column hour_start_utc"),
    "before the calendar": (HOURLY.replace("2024-04-20T00:00Z", "0001-01-01T00:00+14:00"), "years 1 to 9999", "line 2"),
    "nan text": (HOURLY.replace("64100", "NaN"), "'NaN', but the cell is a finite number", "line 3, column close_usdt"),
    "infinite": (HOURLY.replace("64100", "inf"), "the cell is a finite number", "line 3, column close_usdt"),
    "overflow": (HOURLY.replace("64100", "1e999"), "the cell is a finite number", "line 3, column close_usdt"),
    "thousands": (HOURLY.replace("64100", "64_100"), "the cell is a finite number", "line 3, column close_usdt"),
    "negative": (HOURLY.replace("64100", "-64100"), "between 0.01 and 1e+08 USD/BTC", "line 3, column close_usdt"),
    "zero": (HOURLY.replace("64100", "0"), "between 0.01 and", "line 3, column close_usdt"),
    "too many cells": (HOURLY.replace("64100", "64,100"), "a row of 3 cells", "line 3"),
    "open quote": (HOURLY.replace("64100", '"64100'), "text that is no CSV", "file.csv line"),
    "not UTF-8": (HOURLY.encode().replace(b"64100", b"\xff4100"), "byte 0xff", "line 3"),
    "UTF-16": (HOURLY.encode("utf-16"), "UTF-16 text", "file.csv"),
}


@pytest.mark.parametrize("illness", BAD_HOURLY)
def test_a_bad_hourly_file_is_refused_by_name(tmp_path: Path, illness: str) -> None:
    text, words, place = BAD_HOURLY[illness]
    with pytest.raises(InputError) as caught:
        read_price_hourly(file(tmp_path, text))
    assert words in str(caught.value)
    assert place in (caught.value.place or "")
    assert caught.value.remedy.endswith((".", "?"))


def test_an_absent_file_and_a_folder_are_refused(tmp_path: Path) -> None:
    for path in (tmp_path / "none.csv", tmp_path):
        with pytest.raises(InputError, match="cannot be read"):
            read_price_hourly(path)


@pytest.mark.parametrize(
    ("old", "new", "words"),
    [
        ("2024-04-20", "2024-04-19", "each interval stands once"),
        ("2024-04-21", "2024-02-21", "rows are in order of time"),
        ("2024-04-21", "21.04.2024", "a time is ISO 8601"),
        ("block_count", "blocks", "the column 'block_count' is missing"),
        (",130,", ",0,", "between 1 and"),
        (",1206.467", ",-1206.467", "between 0 and"),
        (",558271800,", ",0,", "between 1e-06 and"),
    ],
)
def test_a_bad_daily_file_is_refused(tmp_path: Path, old: str, new: str, words: str) -> None:
    with pytest.raises(InputError, match=words):
        read_network_daily(file(tmp_path, DAILY.replace(old, new)))


def header_rows() -> list[list[str]]:
    """Three consecutive epochs with headers that state their row's time and bits; they need not hash low here."""
    rows = []
    for k, (time, bits) in enumerate([(1233063531, 0x1D00FFFF), (1234466190, 0x1D00FFFF), (1235966513, 0x1D00FFFF)]):
        header80 = struct.pack("<i64sIII", 1, bytes(64), time, bits, 7)
        rows.append([str(2016 * (k + 1)), str(time), f"{bits:08x}", "1.0", header80.hex()])
    return rows


def header_file(folder: Path, rows: list[list[str]]) -> Path:
    lines = ["height,time_unix,bits_hex,difficulty,header_hex", *(",".join(row) for row in rows)]
    return file(folder, "\n".join(lines) + "\n")


def test_headers_read_back(tmp_path: Path) -> None:
    read = read_headers(header_file(tmp_path, header_rows()))
    assert [one.height for one in read] == [2016, 4032, 6048]
    assert read[0].time == utc("2009-01-27T13:38:51Z")
    assert (read[0].bits, read[0].difficulty, len(read[0].header80)) == (0x1D00FFFF, 1.0, 80)


@pytest.mark.parametrize(
    ("row", "column", "cell", "words"),
    [
        (1, 0, "2016", "the height 2016 after 2016"),
        (1, 0, "6048", "the height 6048 after 2016"),
        (0, 0, "2017", "the height 2017, but each epoch"),
        (0, 0, "-2016", "whole number"),
        (1, 1, "1233063531", "header of time 1234466190"),
        (1, 2, "1d00fffe", "the bits 1d00fffe stand for 1.00002"),
        (1, 2, "1D00FFFF", "8 hexadecimal digits"),
        (1, 0, "9" * 5000, "whole number"),
        (1, 3, "", "a difficulty of nothing"),
        (1, 3, "0.000000000001", "unit"),
        (1, 3, "0", "between 1 and"),
        (1, 4, "00" * 79, "160 hexadecimal digits"),
        (1, 4, "zz" * 80, "160 hexadecimal digits"),
    ],
)
def test_a_bad_header_file_is_refused(tmp_path: Path, row: int, column: int, cell: str, words: str) -> None:
    rows = header_rows()
    rows[row][column] = cell
    with pytest.raises(InputError, match=words) as caught:
        read_headers(header_file(tmp_path, rows))
    assert f"line {row + 2}" in (caught.value.place or "")


def test_epochs_that_run_backwards_in_time_are_refused(tmp_path: Path) -> None:
    rows = header_rows()
    rows[1], rows[2] = [rows[1][0], *rows[2][1:]], [rows[2][0], *rows[1][1:]]
    with pytest.raises(InputError, match="epochs follow each other in time"):
        read_headers(header_file(tmp_path, rows))


# ---- the real files ----


@needs_data
def test_headers_and_the_independent_targets_agree_and_prove_their_work() -> None:
    read, targets = (
        read_headers(BITCOIN / "btc_retarget_headers.csv"),
        read_epoch_targets(BITCOIN / "btc_epoch_targets.csv"),
    )
    assert len(read) == len(targets) == 435
    for header, target in zip(read, targets, strict=True):
        assert (header.height, header.bits) == (target.first_height, target.bits)
        assert Header.from_bytes(header.header80).previous_hash == target.previous_hash
        assert check_header(header.header80)
        assert header.difficulty == target.difficulty == difficulty_of_bits(header.bits)


@needs_data
def test_the_seven_outages_of_the_exchange_are_named() -> None:
    gaps = read_price_hourly(BITCOIN / "btc_usdt_hourly_close.csv").gaps()
    assert [(str(gap.start)[:13], gap.intervals) for gap in gaps] == [
        ("2021-02-11T04", 1),
        ("2021-03-06T02", 1),
        ("2021-04-20T02", 2),
        ("2021-04-25T05", 3),
        ("2021-08-13T02", 4),
        ("2021-09-29T07", 2),
        ("2023-03-24T13", 1),
    ]


@needs_data
def test_issuance_is_the_subsidy_of_the_halving_table_on_every_day_without_a_halving() -> None:
    daily = read_network_daily(BITCOIN / "btc_network_daily.csv")
    per_block = daily["btc/issuance"].values / daily["btc/blocks"].values
    expected = subsidy_series(daily["btc/issuance"].grid).values
    odd = np.flatnonzero(np.abs(per_block / expected - 1) > 1e-4)
    # Coin Metrics books four blocks of the new era on 2024-04-19 (151 blocks, 931.25 = 147 x 6.25 + 4 x 3.125 BTC).
    assert [str(daily["btc/issuance"].grid.starts[i])[:10] for i in odd] == [
        "2016-07-09",
        "2020-05-11",
        "2024-04-19",
        "2024-04-20",
    ]


@needs_data
def test_the_price_of_the_two_sources_agrees() -> None:
    hourly = read_price_hourly(BITCOIN / "btc_usdt_hourly_close.csv")
    daily = read_network_daily(BITCOIN / "btc_network_daily.csv")["btc/price"]
    ends = daily.grid.ends[-1461:]
    ratio = hourly.last_known(ends) / daily.last_known(ends)
    assert float(np.median(np.abs(ratio - 1))) < 0.002


@needs_data
def test_the_real_network_shows_the_halving_and_no_gap_in_2024() -> None:
    network = Network.from_dataset(read_network(BITCOIN))
    hours = TimeGrid(utc("2024-01-01T00:00Z"), 60, 366 * 24)
    paid = network.hashprice(hours)
    assert np.isfinite(paid).all()
    before, after = (
        paid[hours.locate(f"{first}T00:00Z") : hours.locate(f"{end}T00:00Z")].mean()
        for first, end in (("2024-04-13", "2024-04-20"), ("2024-05-01", "2024-05-08"))
    )
    assert before == pytest.approx(104.4, rel=0.01)
    assert after == pytest.approx(49.6, rel=0.01)


@needs_data
def test_what_is_known_of_the_real_network_never_depends_on_what_comes_later() -> None:
    data = read_network(BITCOIN)
    t = utc("2024-04-20T00:30Z")
    at = t - np.arange(1, 2000).astype("timedelta64[m]").astype("timedelta64[s]")
    truth = Network.from_dataset(data).hashprice_known(at)
    spoilt = data.with_series(
        *(replace(one, values=np.where(one.known_at > t, 1.0, one.values)) for one in data.values())
    )
    np.testing.assert_array_equal(Network.from_dataset(spoilt).hashprice_known(at), truth)
