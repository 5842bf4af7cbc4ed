"""ERCOT files: what real ones say, and how spoilt ones are refused."""

import os
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.series import Series
from megawatt.core.units import Unit
from megawatt.sources.ercot import read_ercot, read_ercot_dataset

HOURLY = "delivery_date,hour_ending,LZ_WEST\n"


def file(folder: Path, text: str) -> Path:
    path = folder / "prices.csv"
    path.write_text(text, encoding="utf-8")
    return path


def only(path: Path) -> Series:
    (series,) = read_ercot(path)
    return series


def day(date: str, hours: list[int], value: str = "20.5") -> str:
    return "".join(f"{date},{hour},{value}\n" for hour in hours)


def test_hour_ending_1_is_the_first_hour_of_the_local_day(tmp_path: Path) -> None:
    series = only(file(tmp_path, HOURLY + "2024-07-01,1,20.5\n2024-07-01,2,-3\n"))
    assert (series.name, series.unit, series.values.tolist()) == ("price_rt/LZ_WEST", Unit.USD_PER_MWH, [20.5, -3.0])
    assert str(series.grid.start) == "2024-07-01T05:00:00"
    assert str(series.known_at[0]) == "2024-07-01T06:00:00"


def test_a_real_time_price_may_be_seen_later(tmp_path: Path) -> None:
    (series,) = read_ercot(file(tmp_path, HOURLY + day("2024-07-01", [1, 2])), delay_minutes=15)
    assert str(series.known_at[0]) == "2024-07-01T06:15:00"


def test_the_day_of_23_hours_is_complete_with_23_rows(tmp_path: Path) -> None:
    hours = [1, 2, *range(4, 25)]
    series = only(file(tmp_path, HOURLY + day("2024-03-10", hours) + day("2024-03-11", list(range(1, 25)))))
    assert (series.grid.n, series.gaps()) == (47, [])


def test_the_repeated_hour_is_a_named_gap_where_the_source_lacks_it(tmp_path: Path) -> None:
    series = only(file(tmp_path, HOURLY + day("2024-11-03", list(range(1, 25)))))
    assert series.grid.n == 25
    (gap,) = series.gaps()
    assert str(gap) == "1 intervals from 2024-11-03T07:00:00Z to 2024-11-03T08:00:00Z missing in ERCOT, prices.csv"


def test_the_repeated_hour_is_placed_where_the_source_flags_it(tmp_path: Path) -> None:
    text = "delivery_date,hour_ending,dst_repeat,ercot_mw\n"
    text += "2024-11-03,1,0,100\n2024-11-03,2,0,200\n2024-11-03,2,1,300\n2024-11-03,3,0,400\n"
    series = only(file(tmp_path, text))
    assert series.values.tolist() == [100, 200, 300, 400]
    assert (series.name, str(series.known_at[2])) == ("load/ERCOT", "2024-11-03T09:00:00")


def test_a_missing_hour_stays_missing_and_is_named(tmp_path: Path) -> None:
    series = only(file(tmp_path, HOURLY + day("2024-07-01", [1, 2, 5, 6])))
    assert np.isnan(series.values).tolist() == [False, False, True, True, False, False]
    assert [gap.intervals for gap in series.gaps()] == [2]


def test_an_empty_field_is_a_gap_in_its_own_series_only(tmp_path: Path) -> None:
    text = "delivery_date,hour_ending,HB_WEST_DA,HB_WEST_RT\n2024-07-01,1,20,\n2024-07-01,2,21,22\n"
    da, rt = read_ercot(file(tmp_path, text))
    assert (len(da.gaps()), len(rt.gaps())) == (0, 1)


def test_a_row_in_the_skipped_hour_is_left_out_and_named(tmp_path: Path) -> None:
    series = only(file(tmp_path, HOURLY + day("2024-03-10", [1, 3, 4])))
    assert series.provenance.source.endswith("left out, for the clock skipped it: 2024-03-10 02:00 (line 3)")
    assert [gap.intervals for gap in series.gaps()] == [1]


def test_a_utc_clock_may_be_written_with_an_offset(tmp_path: Path) -> None:
    text = "interval_start_utc,price_usd_per_mwh\n2024-07-01T00:00-05:00,3\n2024-07-01T05:15Z,4\n"
    series = only(file(tmp_path, text))
    assert (str(series.grid.start), series.values.tolist()) == ("2024-07-01T05:00:00", [3.0, 4.0])


SPOILT = {
    "empty file": ("", "0 bytes"),
    "header only": (HOURLY, "a header without rows"),
    "no clock": ("time,LZ_WEST\n2024-07-01T00:00,20\n", "a clock is missing"),
    "no value column": ("delivery_date,hour_ending\n2024-07-01,1\n", "no column besides its clock"),
    "unknown column": ("delivery_date,hour_ending,as_rrs_usd_mwh\n2024-07-01,1,3\n", "Did you mean 'as_rrs_usd_mw'"),
    "column twice": ("delivery_date,hour_ending,LZ_WEST,LZ_WEST\n2024-07-01,1,3,4\n", "two columns named 'LZ_WEST'"),
    "ragged row": (HOURLY + "2024-07-01,1,20\n2024-07-01,2\n", "line 3: a row of 2 cells"),
    "NaN as text": (HOURLY + "2024-07-01,1,NaN\n", "line 2, column LZ_WEST: 'NaN'"),
    "infinite": (HOURLY + "2024-07-01,1,inf\n", "'inf'"),
    "underscores": (HOURLY + "2024-07-01,1,1_000\n", "'1_000'"),
    "decimal comma": (HOURLY + '2024-07-01,1,"20,5"\n', "'20,5'"),
    "cents for dollars": (HOURLY + "2024-07-01,1,250000\n", "between -2000 and 20000 USD/MWh"),
    "hour 25": (HOURLY + "2024-07-01,25,20\n", "1 to 24"),
    "hour 0": (HOURLY + "2024-07-01,0,20\n", "1 to 24"),
    "no such day": (HOURLY + "2024-02-30,1,20\n", "delivery_date is '2024-02-30'"),
    "American date": (HOURLY + "07/01/2024,1,20\n", "Write 2024-07-01"),
    "hour twice": (
        HOURLY + "2024-07-01,1,20\n2024-07-01,1,21\n",
        "line 3: the time 2024-07-01T05:00:00Z for a second time",
    ),
    "repeated hour without flag": (HOURLY + day("2024-11-03", [1, 2, 2, 3]), "(offset or flag)"),
    "wrong flag": ("delivery_date,hour_ending,dst_repeat,LZ_WEST\n2024-07-01,2,1,20\n", "flagged as repeated"),
    "flag is Y": ("delivery_date,hour_ending,dst_repeat,LZ_WEST\n2024-07-01,2,Y,20\n", "it is 0 or 1"),
    "out of order": (HOURLY + "2024-07-01,2,20\n2024-07-01,1,21\n", "Sort the rows by time"),
    "24 hours on the short day": (HOURLY + day("2024-03-10", list(range(1, 25))), "it has 23 hours"),
    "only the skipped hour": (HOURLY + "2024-03-10,3,20\n", "no row lies in an hour that exists"),
    "time without zone": ("interval_start_utc,price_usd_per_mwh\n2024-07-01T00:00,3\n", "every instant has one"),
    "one row": ("interval_start_utc,price_usd_per_mwh\n2024-07-01T00:00Z,3\n", "a single row"),
    "half hours": (
        "interval_start_utc,price_usd_per_mwh\n2024-07-01T00:00Z,3\n2024-07-01T00:30Z,3\n",
        "rows are 30 minutes apart",
    ),
    "one row astray": (
        "interval_start_utc,price_usd_per_mwh\n2024-07-01T00:00Z,3\n2024-07-01T01:00Z,3\n2024-07-01T02:00Z,3\n2024-07-01T02:20Z,3\n",
        "line 5: 20 minutes between this row and the one before",
    ),
    "Fahrenheit as Celsius": ("interval_start_utc,temp_c_ercot\n2024-07-01T00:00Z,95\n2024-07-01T01:00Z,96\n", "°C"),
    "half past the hour": (
        "hour_start_local,hb_west_rt_usd_per_mwh\n2024-07-01T00:30,3\n",
        "start on the clock's full parts",
    ),
    "unclosed quote": (HOURLY + '2024-07-01,1,"20\n', "text that is no CSV"),
}


@pytest.mark.parametrize("illness", SPOILT)
def test_a_spoilt_file_is_refused_with_its_place_and_a_remedy(illness: str, tmp_path: Path) -> None:
    text, words = SPOILT[illness]
    with pytest.raises(InputError) as caught:
        read_ercot(file(tmp_path, text))
    assert words in str(caught.value)
    assert caught.value.remedy.endswith((".", "?"))
    assert caught.value.place is not None
    assert caught.value.place.startswith("prices.csv")


def test_a_file_that_is_no_text_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    path.write_bytes(b"\x1f\x8b\x08\x00\xff\xfe")
    with pytest.raises(InputError, match="Unpack it first"):
        read_ercot(path)
    with pytest.raises(InputError, match="cannot be read"):
        read_ercot(tmp_path / "absent.csv")


def test_a_file_of_ten_million_rows_is_refused_before_it_is_read(tmp_path: Path) -> None:
    path = tmp_path / "prices.csv"
    with path.open("wb") as sparse:
        sparse.truncate(200 * 2**20)
    with pytest.raises(InputError, match="one file per year"):
        read_ercot(path)


@settings(deadline=None, max_examples=30)
@given(hours=st.sets(st.integers(0, 110), min_size=1, max_size=60), repeat=st.booleans())
def test_local_rows_come_back_at_the_hours_they_were_written_for(
    hours: set[int], repeat: bool, tmp_path_factory: pytest.TempPathFactory
) -> None:
    import pandas as pd  # noqa: PLC0415  # the second opinion on the local clock

    start = "2024-11-01 05:00" if repeat else "2024-03-08 06:00"
    instants = pd.DatetimeIndex([pd.Timestamp(start, tz="UTC") + pd.Timedelta(hours=h) for h in sorted(hours)])
    local = instants.tz_convert("America/Chicago")
    rows = [f"{t:%Y-%m-%d},{t.hour + 1},{t.fold},{n}\n" for n, t in enumerate(local.to_pydatetime().tolist())]
    text = "delivery_date,hour_ending,dst_repeat,ercot_mw\n" + "".join(rows)
    series = only(file(tmp_path_factory.mktemp("ercot"), text))
    present = ~np.isnan(series.values)
    assert series.grid.starts[present].tolist() == [t.to_pydatetime().replace(tzinfo=None) for t in instants]
    assert series.values[present].tolist() == list(range(len(rows)))


DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data")) / "power"
real_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")

MISSING_WEEK = "2024-03-10T07:00:00"  # hour ending 2 on 10 March to hour ending 3 on 17 March, at the source
AUTUMN = "2024-11-03T07:00:00"  # second hour ending 2

REAL_GAPS = {
    "ercot_load_zones_rt_hourly_2024.csv": [(AUTUMN, 1)],
    "ercot_hourly_da_rt_2024.csv": [(MISSING_WEEK, 169), (AUTUMN, 1)],
    "ercot_hourly_as_generation_2024.csv": [(MISSING_WEEK, 169), (AUTUMN, 1)],
    "ercot_native_load_hourly_2024.csv": [],
    "ercot_hb_west_and_node_rt_hourly_2023H2_2024.csv": [("2023-11-05T07:00:00", 1), (AUTUMN, 1)],
    "ercot_hubavg_rt_15min_2024.csv": [],
    "ercot_hubavg_da_hourly_loadfc_temp_2024.csv": [],
}


@real_data
@pytest.mark.parametrize("name", REAL_GAPS)
def test_real_files_have_the_gaps_their_source_has_and_no_others(name: str) -> None:
    series = read_ercot(DATA / name)[0]
    assert [(str(gap.start), gap.intervals) for gap in series.gaps()] == REAL_GAPS[name]
    assert len(series.provenance.sha256) == 64


@real_data
@pytest.mark.parametrize("name", [n for n in REAL_GAPS if "hourly" in n and "hubavg" not in n])
@pytest.mark.parametrize(("start", "hours"), [("2024-03-10T06:00Z", 23), ("2024-11-03T05:00Z", 25)])
def test_the_days_of_23_and_25_hours_end_at_local_midnight(name: str, start: str, hours: int) -> None:
    series = read_ercot(DATA / name)[0]
    first = series.grid.locate(start)
    local = series.grid.index("America/Chicago")
    assert (local[first].hour, local[first + hours].hour) == (0, 0)
    assert local[first].day + 1 == local[first + hours].day


@real_data
def test_annual_means_are_those_of_the_readme() -> None:
    means = {s.name: float(np.nanmean(s.values)) for s in read_ercot(DATA / "ercot_hourly_da_rt_2024.csv")}
    assert means["price_rt/LZ_WEST"] == pytest.approx(35.55, abs=0.005)
    assert means["price_rt/HB_HUBAVG"] == pytest.approx(27.00, abs=0.005)


@real_data
def test_local_and_utc_files_agree_on_the_same_hours() -> None:
    # Two independent downloads: one by local hours, one by UTC quarter hours. A clock error of one hour would show.
    local = read_ercot_dataset(DATA / "ercot_hourly_da_rt_2024.csv")["price_rt/HB_HUBAVG"]
    utc = read_ercot(DATA / "ercot_hubavg_rt_15min_2024.csv")[0].on(local.grid)
    both = np.isfinite(local.values) & np.isfinite(utc.values)
    assert both.sum() > 8_600
    assert np.median(np.abs(local.values[both] - utc.values[both])) < 0.01
    for at in ("2024-03-17T09:00Z", "2024-11-03T05:00Z", "2024-11-03T06:00Z", "2024-11-03T08:00Z"):
        n = local.grid.locate(at)
        assert local.values[n] == pytest.approx(utc.values[n], abs=0.02)


@real_data
def test_a_megawatt_that_stood_by_in_2024_earned_what_the_documentation_prints() -> None:
    data = read_ercot_dataset(
        DATA / "ercot_hourly_as_generation_2024.csv",
        DATA / "ercot_load_zones_rt_hourly_2024.csv",
        DATA / "ercot_hourly_da_rt_2024.csv",
    )
    printed = {  # k$/MW over 8,614 h with both prices: always; in hours with LZ_WEST, with HB_HUBAVG <= 87.2 USD/MWh
        "as/regup": (52.1, 30.0, 37.0),
        "as/regdn": (29.7, 19.3, 22.9),
        "as/rrs": (49.2, 25.8, 34.0),
        "as/nspin": (53.9, 28.6, 37.0),
        "as/ecrs": (71.3, 38.2, 49.4),
    }
    grid = data["as/rrs"].grid
    zone, hub = (data[n].on(grid).values for n in ("price_rt/LZ_WEST", "price_rt/HB_HUBAVG"))
    for name, figures in printed.items():
        price = data[name].values
        earned = [np.nansum(price), np.nansum(price[zone <= 87.2]), np.nansum(price[hub <= 87.2])]
        assert np.array(earned) / 1000 == pytest.approx(figures, abs=0.06)
