"""``megawatt data``: all or nothing, contradictions named and left to the user, and real files up to a decision."""

import json
import os
from pathlib import Path

import numpy as np
import pytest

from megawatt.sources.store import Store
from tests.app.running import Run, refused, runner
from tests.sources.test_table import ILL, WELL

ROOT = Path(__file__).resolve().parents[2]
TABLES = ROOT / "tests" / "sources" / "specimens"
DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
real_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")

run = pytest.fixture(runner)

HOURLY = "delivery_date,hour_ending,LZ_WEST,HB_WEST\n2024-07-01,1,20.5,19\n2024-07-01,2,21,20\n"
NEXT_DAY = "delivery_date,hour_ending,LZ_WEST\n2024-07-02,1,30\n2024-07-02,2,31\n"
OTHER = "delivery_date,hour_ending,LZ_WEST,LZ_AEN\n2024-07-01,1,20.5,7\n2024-07-01,2,99,8\n"


def written(name: str, text: str) -> str:
    Path(name).write_text(text, encoding="utf-8")
    return name


def values(name: str) -> list[float]:
    return [float(one) for one in Store("megawatt.sqlite").get(name).values]


# --- every specimen of a user's table ---------------------------------------------------------------------------------


def declared(specimen: str) -> list[str]:
    options = {"value": "price", "unit": "USD/MWh", "timezone": "America/Chicago"}
    options |= {key: str(value) for key, value in ILL.get(specimen, ({},))[0].items()}
    words = [word for key, value in options.items() for word in (f"--{key.replace('_', '-')}", value)]
    return ["--name", "price_rt/X", *words]


@pytest.mark.parametrize("specimen", sorted(ILL))
def test_an_ill_table_is_refused_and_the_store_is_as_it_was(specimen: str, run: Run) -> None:
    before = run("data", "import", "ercot", written("prices.csv", HOURLY)).files
    answer = run("data", "import", "table", TABLES / f"{specimen}.csv", *declared(specimen))
    refused(answer, ILL[specimen][1], ILL[specimen][2])
    assert (answer.out, answer.files) == ("", before)


@pytest.mark.parametrize("specimen", sorted(WELL))
def test_a_table_that_is_well_is_kept_and_its_gaps_are_named(specimen: str, run: Run) -> None:
    comma = ["--decimal", ","] if "comma" in specimen else []
    answer = run("data", "import", "table", TABLES / f"{specimen}.csv", *declared(specimen), *comma)
    assert answer.code == 0
    assert ("  gap: 2024-01-01T02:00:00Z to 2024-01-01T05:00:00Z, 3 intervals" in answer.out) == (specimen == "gap")
    assert values("price_rt/X")[:2] == [31.2, 28.75]


def test_an_ill_table_makes_no_store(run: Run) -> None:
    answer = run("data", "import", "table", TABLES / "empty.csv", *declared("empty"))
    assert (answer.code, answer.files) == (2, {})


@pytest.mark.parametrize(
    ("words", "said"),
    [
        (("--unit", "USD/kWh", "--name", "x"), "USD/MWh"),
        (("--unit", "MW"), "--name"),
        (("--unit", "MW", "--name", "x", "--decimal", ";"), "--decimal"),
        (("--unit", "MW", "--name", "x", "--keep", "--replace"), "--keep and --replace"),
        (("--unit", "MW", "--name", "x", "--timezone", "Texas"), "IANA"),
        (("--unit", "MW", "--name", "x", "--label", "middle"), "--label"),
    ],
)
def test_a_wrong_declaration_is_refused_by_the_option_that_makes_it(
    words: tuple[str, ...], said: str, run: Run
) -> None:
    file = written("table.csv", "time,value\n2024-07-01T00:00,30\n2024-07-01T01:00,31\n")
    answer = run("data", "import", "table", file, *words)
    assert answer.code == 2
    assert said in answer.err
    assert set(answer.files) == {"table.csv"}


# --- several files ----------------------------------------------------------------------------------------------------


def test_files_of_one_series_are_joined_and_reading_them_again_changes_nothing(run: Run) -> None:
    files = written("one.csv", HOURLY), written("two.csv", NEXT_DAY)
    answer = run("data", "import", "ercot", *files)
    assert answer.code == 0
    joined = Store("megawatt.sqlite").get("price_rt/LZ_WEST")
    assert joined.values[[0, 1, 24, 25]].tolist() == [20.5, 21, 30, 31]
    assert np.isnan(joined.values[2:24]).all()
    assert joined.provenance.source == "ERCOT, one.csv; ERCOT, two.csv"
    assert str(joined.known_at[24]) == "2024-07-02T06:00:00"
    for again in (files, files[::-1]):
        assert run("data", "import", "ercot", *again).code == 0
        assert Store("megawatt.sqlite").get("price_rt/LZ_WEST") == joined


def test_a_contradiction_names_both_files_and_stores_nothing(run: Run) -> None:
    before = run("data", "import", "ercot", written("one.csv", HOURLY)).files
    answer = run("data", "import", "ercot", written("two.csv", OTHER))
    refused(answer, "price_rt/LZ_WEST is 99 from 2024-07-01T06:00:00Z in ERCOT, two.csv", "it is 21 in ERCOT, one.csv")
    refused(answer, "--keep", "--replace")
    assert answer.files["megawatt.sqlite"] == before["megawatt.sqlite"]
    assert Store("megawatt.sqlite").names() == ["price_rt/HB_WEST", "price_rt/LZ_WEST"]


@pytest.mark.parametrize(("option", "west"), [("--keep", [20.5, 21.0]), ("--replace", [20.5, 99.0])])
def test_the_user_says_which_of_two_contradicting_series_counts(option: str, west: list[float], run: Run) -> None:
    run("data", "import", "ercot", written("one.csv", HOURLY))
    answer = run("data", "import", "ercot", written("two.csv", OTHER), option)
    assert answer.code == 0
    assert "price_rt/LZ_WEST: taken from ERCOT, " in answer.out
    assert (values("price_rt/LZ_WEST"), values("price_rt/LZ_AEN")) == (west, [7.0, 8.0])


def test_a_contradiction_between_files_of_one_command_stores_nothing_either(run: Run) -> None:
    answer = run("data", "import", "ercot", written("one.csv", HOURLY), written("two.csv", OTHER))
    refused(answer, "it is 21 in ERCOT, one.csv")
    assert set(answer.files) == {"one.csv", "two.csv"}


def test_another_step_of_the_same_series_is_a_contradiction(run: Run) -> None:
    run("data", "import", "ercot", written("one.csv", HOURLY))
    quarter = "interval_start_utc,price_usd_per_mwh\n2024-07-01T05:00Z,3\n2024-07-01T05:15Z,4\n"
    answer = run("data", "import", "ercot", written("two.csv", quarter), "--point", "LZ_WEST")
    refused(answer, "in intervals of 15 minutes", "in intervals of 60 minutes")


# --- list and remove --------------------------------------------------------------------------------------------------


def test_list_and_remove_tell_what_is_there(run: Run) -> None:
    assert "There is no series in megawatt.sqlite" in run("data", "list").out
    assert json.loads(run("data", "list", "--json").out) == {"schema": "megawatt/data/1", "series": []}
    run("data", "import", "ercot", written("one.csv", HOURLY))
    (hub, zone) = json.loads(run("data", "list", "--json").out)["series"]
    assert (hub["name"], zone["name"], zone["hours_covered"]) == ("price_rt/HB_WEST", "price_rt/LZ_WEST", 2.0)
    assert zone["sha256"] == Store("megawatt.sqlite").get("price_rt/LZ_WEST").sha256()
    refused(run("data", "remove", "price_rt/LZ_WST"), "price_rt/LZ_WEST")
    assert run("data", "remove", "price_rt/LZ_WEST").code == 0
    assert run("data", "list").out.startswith("price_rt/HB_WEST  USD/MWh  2024-07-01T05:00:00Z to ")


def test_the_store_may_lie_elsewhere(run: Run, monkeypatch: pytest.MonkeyPatch) -> None:
    run("data", "import", "ercot", written("one.csv", HOURLY), "--store", "a.sqlite")
    monkeypatch.setenv("MEGAWATT_STORE", "a.sqlite")
    assert "price_rt/LZ_WEST" in run("data", "list").out
    refused(run("data", "import", "ercot", "one.csv", "--store", "none/b.sqlite"), "Create the folder")


def test_a_store_that_is_none_is_refused_and_left_alone(run: Run) -> None:
    answer = run("data", "list", "--store", written("notes.txt", "not a database, but long enough to look at" * 9))
    refused(answer, "notes.txt")
    assert answer.files["notes.txt"].startswith(b"not a database")


# --- real files, up to a decision -------------------------------------------------------------------------------------


def mine(run: Run) -> None:
    run("init")
    text = Path("texas-mine.toml").read_text(encoding="utf-8")
    Path("texas-mine.toml").write_text(text.replace('"reference"', '"store"'), encoding="utf-8")


@real_data
def test_real_files_are_imported_and_decided_on(run: Run) -> None:
    mine(run)
    power = DATA / "power"
    assert run("data", "import", "bitcoin", DATA / "bitcoin").code == 0
    days = ("--from", "2024-05-01", "--to", "2024-05-08", "--json")
    refused(run("decide", "texas-mine.toml", *days), "'price_rt/LZ_WEST' is needed", "megawatt data import ercot")
    zones, ancillary = power / "ercot_load_zones_rt_hourly_2024.csv", power / "ercot_hourly_as_generation_2024.csv"
    assert run("data", "import", "ercot", zones, ancillary).code == 0
    refused(run("decide", "texas-mine.toml", *days), "'price_rt/HB_WEST' is needed", "HB_WEST or HB_WEST_RT")
    node = power / "ercot_hb_west_and_node_rt_hourly_2023H2_2024.csv"
    refused(run("data", "import", "ercot", node), "gen/solar", "--keep")
    assert run("data", "import", "ercot", node, "--keep").code == 0
    refused(run("decide", "texas-mine.toml", *days), "'temperature/ERCOT' is needed", "temp_c_ercot", '--unit "°C"')
    hub = power / "ercot_hubavg_da_hourly_loadfc_temp_2024.csv"
    assert run("data", "import", "ercot", hub).code == 0
    answer = run("decide", "texas-mine.toml", *days)
    assert (answer.code, answer.err) == (0, "")
    found = json.loads(answer.out)
    assert (found["hours_covered"], found["modelled"]) == (168.0, False)
    assert found["plan"]["gap"] <= 1e-9
    sources = {one["name"]: one["source"] for one in found["inputs"]}
    assert sources["price_rt/LZ_WEST"] == "ERCOT, ercot_load_zones_rt_hourly_2024.csv"
    assert sources["temperature/ERCOT"] == "ERCOT, ercot_hubavg_da_hourly_loadfc_temp_2024.csv"
    beyond = run("decide", "texas-mine.toml", "--from", "2025-05-01", "--to", "2025-05-02")
    refused(beyond, "price_rt/LZ_WEST 2024-01-01 to 2025-01-01", "between 2024-01-01 and 2025-01-01")


@real_data
def test_three_years_of_load_become_one_series(run: Run) -> None:
    years = [DATA / "power" / f"ercot_native_load_hourly_{year}.csv" for year in (2022, 2023, 2024)]
    assert run("data", "import", "ercot", *years).code == 0
    load = Store("megawatt.sqlite").get("load/ERCOT")
    assert (load.grid.n, load.gaps()) == (26_304, [])


@real_data
def test_two_files_that_differ_on_the_same_price_are_a_choice(run: Run) -> None:
    zones = DATA / "power" / "ercot_load_zones_rt_hourly_2024.csv"
    hubs = DATA / "power" / "ercot_hourly_da_rt_2024.csv"
    refused(run("data", "import", "ercot", zones, hubs), "price_rt/LZ_WEST is", zones.name, hubs.name, "--keep")
    assert run("data", "import", "ercot", zones, hubs, "--keep").code == 0
    assert Store("megawatt.sqlite").get("price_rt/LZ_WEST").hours_covered == 8_783
