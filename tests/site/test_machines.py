"""The table of machine models against the data folder, and looking a model up."""

import csv
import os
from pathlib import Path

import pytest

from megawatt.core.errors import InputError
from megawatt.site import MACHINES, machine

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))


@pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")
def test_table_equals_the_collected_models() -> None:
    with (DATA / "miners" / "asic_models.csv").open(encoding="utf-8") as file:
        rows = {row["model"]: row for row in csv.DictReader(file)}
    assert rows.keys() == {one.model for one in MACHINES}
    for one in MACHINES:
        row = rows[one.model]
        assert (one.maker, one.cooling) == (row["maker"], row["cooling"])
        assert (one.hashrate_th_s, one.power_w) == (float(row["hashrate_ths"]), float(row["power_w"]))


@pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")
def test_efficiency_is_the_published_one_to_its_last_digit() -> None:
    """The folder's own column is what the makers and shops print, for example 21.5 for the S19 XP."""
    with (DATA / "miners" / "asic_models.csv").open(encoding="utf-8") as file:
        for row in csv.DictReader(file):
            assert machine(row["model"]).efficiency_j_per_th == pytest.approx(
                float(row["efficiency_j_per_th"]), abs=0.0051
            )


def test_names_and_short_names_are_unique() -> None:
    assert len({one.model for one in MACHINES}) == len(MACHINES)
    assert len({one.model.split(" ", 1)[1] for one in MACHINES}) == len(MACHINES)


def test_every_model_names_its_source() -> None:
    assert all(one.source for one in MACHINES)


@pytest.mark.parametrize("name", ["Antminer S21", "s21", " antminer  s21 "])
def test_model_is_found_with_and_without_family_name(name: str) -> None:
    assert machine(name).efficiency_j_per_th == 17.5


def test_unknown_model_suggests_near_ones() -> None:
    with pytest.raises(InputError, match="Did you mean 'Antminer S19 XP'"):
        machine("Antminer S19XP")


def test_nonsense_asks_for_the_figures() -> None:
    with pytest.raises(InputError) as caught:
        machine("?!")
    assert caught.value.remedy == "Otherwise give hashrate_th_s and power_w of one machine."
