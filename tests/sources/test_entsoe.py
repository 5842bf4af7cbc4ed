"""European files: 24 hours a day in a zone that the caller must declare."""

import os
from pathlib import Path

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.units import Unit
from megawatt.sources.entsoe import read_entsoe, read_epf

HEADER = "time,price_da,load_ac\n"


def file(folder: Path, text: str) -> Path:
    path = folder / "prices.csv"
    path.write_text(text, encoding="utf-8")
    return path


def test_the_declared_zone_decides_which_instant_a_row_is(tmp_path: Path) -> None:
    path = file(tmp_path, HEADER + "2022-07-01T00:00,250.5,50000\n2022-07-01T01:00,240,\n")
    price, load = read_entsoe(path, timezone="UTC")
    assert (price.name, price.unit, str(price.grid.start)) == (
        "price_da/DE_LU",
        Unit.EUR_PER_MWH,
        "2022-07-01T00:00:00",
    )
    assert str(read_entsoe(path, timezone="Europe/Berlin")[0].grid.start) == "2022-06-30T22:00:00"
    assert (load.name, load.unit, len(load.gaps())) == ("load/DE_LU", Unit.MW, 1)


def test_the_auction_is_known_at_one_oclock_of_the_day_before_and_load_after_its_hour(tmp_path: Path) -> None:
    path = file(tmp_path, "time,price_da,load_da,load_ac\n2022-07-01T12:00,250,50000,51000\n")
    price, forecast, load = read_entsoe(path, timezone="Europe/Berlin")
    assert [str(s.known_at[0]) for s in (price, forecast, load)] == [
        "2022-06-30T11:00:00",
        "2022-06-30T08:00:00",
        "2022-07-01T12:00:00",
    ]


def test_in_a_local_zone_the_skipped_hour_is_left_out_and_the_repeated_one_is_a_gap(tmp_path: Path) -> None:
    spring = "".join(f"2022-03-27T0{h}:00,{h},1\n" for h in range(5))
    series = read_entsoe(file(tmp_path, HEADER + spring), timezone="Europe/Berlin")[0]
    assert series.values.tolist() == [0, 1, 3, 4]
    assert "2022-03-27T02:00 (line 4)" in series.provenance.source
    autumn = "".join(f"2022-10-30T0{h}:00,{h},1\n" for h in range(5))
    series = read_entsoe(file(tmp_path, HEADER + autumn), timezone="Europe/Berlin")[0]
    assert np.isnan(series.values).tolist() == [False, False, False, True, False, False]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "0 bytes"),
        ("price_da\n3\n", "'time' is missing"),
        ("time,price\n2022-07-01T00:00,3\n", "'price' is not known"),
        (HEADER + "2022-07-01T00:00Z,3,4\n", "without an offset"),
        (HEADER + "2022-13-01T00:00,3,4\n", "2022-13-01"),
        (HEADER + "2022-07-01T00:00,3,4\n2022-07-01T00:00,3,4\n", "stands once"),
        (HEADER + "2022-07-01T01:00,3,4\n2022-07-01T00:00,3,4\n", "in order of time"),
        (HEADER + "2022-07-01T00:00,3,4\n2022-07-01T00:30,3,4\n", "intervals are 60 minutes"),
        (HEADER + "2022-07-01T00:00,n/a,4\n", "line 2, column price_da"),
        (HEADER + "2022-03-27T02:00,3,4\n", "no row lies in an hour that exists"),
    ],
)
def test_a_spoilt_file_is_refused(text: str, words: str, tmp_path: Path) -> None:
    with pytest.raises(InputError) as caught:
        read_entsoe(file(tmp_path, text), timezone="Europe/Berlin")
    assert words in str(caught.value)


def test_an_unknown_zone_and_an_unknown_market_are_refused(tmp_path: Path) -> None:
    path = file(tmp_path, HEADER + "2022-07-01T00:00,3,4\n")
    with pytest.raises(InputError, match="IANA"):
        read_entsoe(path, timezone="Berlin")
    with pytest.raises(InputError, match="NP, PJM, DE"):
        read_epf(path, timezone="UTC")


DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data")) / "power"
real_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")


@real_data
def test_the_real_german_file_is_complete_in_utc() -> None:
    series = read_entsoe(DATA / "entsoe_DE_LU_dayahead_hourly_2019_2023H1.csv", timezone="UTC")
    assert [s.name for s in series] == [
        "price_da/DE_LU",
        "load_forecast/DE_LU",
        "load/DE_LU",
        "gen_scheduled/DE_LU",
        "solar_forecast/DE_LU",
        "wind_onshore_forecast/DE_LU",
    ]
    assert (series[0].grid.n, series[0].gaps()) == (39_408, [])


@real_data
@pytest.mark.parametrize(
    ("market", "unit"), [("NP", Unit.EUR_PER_MWH), ("PJM", Unit.USD_PER_MWH), ("DE", Unit.EUR_PER_MWH)]
)
def test_the_benchmark_files_are_recognised_and_complete(market: str, unit: Unit) -> None:
    price, *forecasts = read_epf(DATA / "epf" / f"{market}.csv", timezone="Etc/GMT-1")
    assert (price.name, price.unit, price.grid.n) == (f"price_da/{market}", unit, 52_416)
    assert len(forecasts) == 2
    assert not price.gaps()
