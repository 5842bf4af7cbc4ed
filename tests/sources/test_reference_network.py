"""The shipped epoch table: the halving is in it, decisions see the row before, and nothing is made up."""

import csv
import os
import subprocess
import sys
from dataclasses import replace
from importlib import resources
from pathlib import Path

import numpy as np
import pytest

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.core.timegrid import TimeGrid, utc
from megawatt.mining.hashprice import hashprice_of_span
from megawatt.mining.network import Network
from megawatt.sources.reference_network import COLUMNS, TABLE, epoch_difficulties, read_epoch_table, reference_network

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")
ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def data() -> Dataset:
    return reference_network()


@pytest.fixture(scope="module")
def rows() -> list[dict[str, str]]:
    text = (resources.files("megawatt.sources") / "data" / TABLE).read_text(encoding="utf-8")
    return list(csv.DictReader(text.splitlines()))


def mean_hashprice(data: Dataset, first: str, end: str) -> float:
    hours = TimeGrid(
        utc(f"{first}T00:00Z"), 60, int((utc(f"{end}T00:00Z") - utc(f"{first}T00:00Z")).astype(int) // 3600)
    )
    paid = Network.from_dataset(data).hashprice(hours)
    return hashprice_of_span(revenue_usd=paid / 24, hashrate_ph_s=np.ones(hours.n), days=1 / 24)


def test_the_halving_is_in_the_table_alone(data: Dataset) -> None:
    before, after = mean_hashprice(data, "2024-04-13", "2024-04-20"), mean_hashprice(data, "2024-05-01", "2024-05-08")
    assert before == pytest.approx(104.4, rel=0.03)
    assert after == pytest.approx(49.6, rel=0.03)
    assert after / before - 1 == pytest.approx(-0.52, abs=0.01)


def test_every_hour_of_2020_to_2024_is_paid_and_every_decision_in_them_knows_a_hashprice(data: Dataset) -> None:
    network = Network.from_dataset(data)
    hours = TimeGrid(utc("2020-01-01T00:00Z"), 60, (366 + 365 + 365 + 365 + 366) * 24)
    assert hours.end == utc("2025-01-01T00:00Z")
    assert np.isfinite(network.hashprice(hours)).all()
    assert np.isfinite(network.hashprice_known(hours.starts)).all()


def test_a_decision_sees_price_and_fees_of_the_row_before_and_todays_difficulty(
    data: Dataset, rows: list[dict[str, str]]
) -> None:
    """At noon of 2024-05-01, inside the row from block 840672, whose end is 2024-05-09."""
    now = next(i for i, row in enumerate(rows) if row["first_height"] == "840672")
    at = np.array([utc("2024-05-01T12:00Z")])
    assert data["btc/price"].last_known(at)[0] == float(rows[now - 1]["mean_price_usd"])
    assert data["btc/fees"].last_known(at)[0] == float(rows[now - 1]["mean_fees_btc_per_block"])
    assert data["btc/difficulty"].last_known(at)[0] == float(rows[now]["difficulty"])
    assert data["btc/subsidy"].last_known(at)[0] == 3.125


def test_settlement_pays_the_row_of_the_hour(data: Dataset, rows: list[dict[str, str]]) -> None:
    now = next(row for row in rows if row["first_height"] == "840672")
    noon = TimeGrid(utc("2024-05-01T12:00Z"), 60, 1)
    assert data["btc/price"].on(noon).values[0] == float(now["mean_price_usd"])
    assert data["btc/fees"].on(noon).values[0] == float(now["mean_fees_btc_per_block"])


def test_no_mean_is_known_before_the_last_day_it_is_made_of_is_over(data: Dataset, rows: list[dict[str, str]]) -> None:
    """The fees of the halving day stand in two rows; neither may be seen before 01:00 of the day after."""
    day = next(row["mean_fees_btc_per_block"] for row in rows if row["first_height"] == "840000")
    at = np.array([utc("2024-04-20T23:59Z"), utc("2024-04-21T00:59:59Z"), utc("2024-04-21T01:00Z")])
    seen = data["btc/fees"].last_known(at)
    assert (seen == float(day)).tolist() == [False, False, True]
    for name in ("btc/price", "btc/fees"):
        assert (data[name].known_at >= data[name].grid.ends).all()


def test_the_halving_days_have_rows_of_their_own(rows: list[dict[str, str]]) -> None:
    cut = [row["start_utc"] for row in rows if row["start_utc"][:10] in {"2020-05-11", "2020-05-12"}]
    assert cut == ["2020-05-11T00:00:00Z", "2020-05-11T19:23:43Z", "2020-05-12T00:00:00Z"]
    cut = [row["start_utc"] for row in rows if row["start_utc"][:10] in {"2024-04-20", "2024-04-21"}]
    assert cut == ["2024-04-20T00:00:00Z", "2024-04-20T00:09:27Z", "2024-04-21T00:00:00Z"]


def test_rows_are_epochs_halvings_and_midnights_only(rows: list[dict[str, str]]) -> None:
    for row in rows:
        if row["first_height"]:
            assert int(row["first_height"]) % 2016 == 0 or int(row["first_height"]) % 210_000 == 0
        else:
            assert row["start_utc"].endswith("T00:00:00Z")
    assert rows[0]["start_utc"] < "2019-12-31"
    assert rows[-1]["end_utc"] == "2025-01-01T00:00:00Z"
    assert all(row["source"] for row in rows)


def test_the_series_say_where_they_come_from(data: Dataset) -> None:
    for series in data.values():
        assert not series.provenance.modelled
        assert "reference epoch table" in series.provenance.source
        assert "CC BY-NC" in series.provenance.licence


@pytest.mark.parametrize(
    ("change", "words"),
    [
        ({"end_utc": "2019-12-20T00:00:00Z"}, "rows follow each other without gap or overlap"),
        ({"end_utc": "2019-12-01T00:00:00Z"}, "rows follow each other without gap or overlap"),
        ({"mean_price_usd": "free"}, "the cell is a finite number"),
        ({"mean_fees_btc_per_block": "-1"}, "between 0 and 1000"),
    ],
)
def test_a_broken_table_is_refused(
    tmp_path: Path, rows: list[dict[str, str]], change: dict[str, str], words: str
) -> None:
    path = tmp_path / "epochs.csv"
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows([rows[0] | change, *rows[1:]])
    with pytest.raises(InputError, match=words):
        read_epoch_table(path)


def test_knowledge_never_depends_on_what_comes_later(data: Dataset) -> None:
    t = utc("2024-04-24T18:00Z")
    at = t - np.arange(0, 3000).astype("timedelta64[h]").astype("timedelta64[s]")
    spoilt = Dataset(replace(one, values=np.where(one.known_at > t, 1.0, one.values)) for one in data.values())

    def known(source: Dataset) -> Floats:
        return Network.from_dataset(source).hashprice_known(at)

    np.testing.assert_array_equal(known(spoilt), known(data))


@needs_data
def test_the_script_makes_the_shipped_table_again(tmp_path: Path) -> None:
    target = tmp_path / TABLE
    subprocess.run(
        [sys.executable, str(ROOT / "scripts" / "make_epochs.py"), str(DATA / "bitcoin"), str(target)],
        check=True,
        env=os.environ | {"PYTHONPATH": str(ROOT / "src")},
        capture_output=True,
    )
    assert target.read_bytes() == (resources.files("megawatt.sources") / "data" / TABLE).read_bytes()


def test_the_difficulty_of_an_epoch_is_found_by_a_height_in_it() -> None:
    found = epoch_difficulties()
    assert (len(found), min(found), max(found)) == (len(set(found)), 606_816, 876_960)
    assert found[876_960] == pytest.approx(109_782_075_598_905.19, rel=1e-12)  # 109.78 T, the last epoch of 2024
    assert {height // 2016 for height in found} == set(range(606_816 // 2016, 876_960 // 2016 + 1))
