"""Series by name, and the names that were meant."""

import numpy as np
import pytest

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid, utc
from megawatt.core.units import Unit


def named(name: str, value: float = 1.0) -> Series:
    grid = TimeGrid(utc("2024-07-01T00:00Z"), 60, 1)
    return Series(name, Unit.USD_PER_MWH, grid, np.array([value]), grid.ends, Provenance("test"))


def test_a_missing_name_is_answered_with_the_nearest_ones() -> None:
    data = Dataset([named("price_rt/LZ_WEST"), named("price_rt/LZ_NORTH"), named("btc/price")])
    with pytest.raises(InputError) as error:
        data["price_rt/LZ_WST"]
    assert "price_rt/LZ_WEST" in error.value.remedy
    assert "btc/price" not in error.value.remedy


def test_a_name_far_from_all_is_answered_with_those_there_are() -> None:
    with pytest.raises(InputError, match="btc/price"):
        Dataset([named("btc/price")])["zzz"]
    with pytest.raises(InputError, match="none"):
        Dataset([])["zzz"]


def test_asking_is_no_error() -> None:
    data = Dataset([named("a"), named("b")])
    assert "a" in data
    assert "z" not in data
    assert data.get("z") is None
    assert data.get("z", data["a"]) == data["a"]
    assert data.get("b") == data["b"]
    assert list(data) == ["a", "b"]
    assert len(data) == 2
    assert data == Dataset([named("a"), named("b")])


def test_a_name_stands_for_one_series() -> None:
    with pytest.raises(InputError, match="two series are named 'a'"):
        Dataset([named("a"), named("a", 2.0)])


def test_replacing_a_series_leaves_the_first_set_as_it_was() -> None:
    first = Dataset([named("a", 1.0)])
    second = first.with_series(named("a", 2.0), named("b"))
    assert first["a"].values.tolist() == [1.0]
    assert second["a"].values.tolist() == [2.0]
    assert list(second) == ["a", "b"]
