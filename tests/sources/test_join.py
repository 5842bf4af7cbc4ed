"""Two files of one series: joined without a loss, or refused with the first interval on which they differ."""

from dataclasses import replace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.sources.join import join

WHOLE = TimeGrid(np.datetime64("2024-01-01T00:00:00", "s"), 60, 40)


def part(values: list[float], first: int = 0, source: str = "a") -> Series:
    grid = WHOLE.part(first, first + len(values))
    return Series("price_rt/X", Unit.USD_PER_MWH, grid, np.array(values), grid.ends, Provenance(source, sha256="ab"))


@settings(deadline=None, max_examples=80)
@given(
    values=st.lists(st.floats(-100, 100) | st.just(float("nan")), min_size=40, max_size=40),
    cuts=st.tuples(*[st.integers(0, 39)] * 4),
)
def test_two_parts_of_one_series_join_to_what_either_order_holds(
    values: list[float], cuts: tuple[int, int, int, int]
) -> None:
    (a, b), (c, d) = sorted(cuts[:2]), sorted(cuts[2:])
    one, two = part(values[a : b + 1], a), part(values[c : d + 1], c, "b")
    forth, back = join(one, two), join(two, one)
    np.testing.assert_array_equal(forth.on(WHOLE).values, back.on(WHOLE).values)
    held = np.full(40, np.nan)
    for first, end in ((a, b + 1), (c, d + 1)):
        held[first:end] = values[first:end]
    np.testing.assert_array_equal(forth.on(WHOLE).values, held)
    np.testing.assert_array_equal(forth.known_at[np.isfinite(forth.values)], forth.grid.ends[np.isfinite(forth.values)])


def test_a_file_that_adds_nothing_changes_nothing() -> None:
    whole = part([1.0, 2.0, 3.0])
    assert join(whole, part([2.0], 1, "b")) is whole
    assert join(part([2.0], 1, "b"), whole).provenance.source == "b; a"


@pytest.mark.parametrize(
    ("other", "words"),
    [
        (part([1.0, 9.0, 8.0], 0, "b"), "9 from 2024-01-01T01:00:00Z and 1 more intervals in b, but it is 2 in a"),
        (replace(part([1.0], 0, "b"), unit=Unit.EUR_PER_MWH), "in EUR/MWh in b, but it is in USD/MWh in a"),
        (replace(part([2.0], 1, "b"), known_at=WHOLE.starts[:1]), "2, known at 2024-01-01T00:00:00Z,"),
    ],
)
def test_a_contradiction_says_where_both_files_stand(other: Series, words: str) -> None:
    with pytest.raises(InputError) as caught:
        join(part([1.0, 2.0, 3.0]), other)
    assert words in str(caught.value)
    assert "--keep" in caught.value.remedy


def test_intervals_that_do_not_fit_are_a_contradiction() -> None:
    grid = TimeGrid(np.datetime64("2024-01-01T00:30:00", "s"), 60, 2)
    shifted = Series("price_rt/X", Unit.USD_PER_MWH, grid, np.ones(2), grid.ends, Provenance("b"))
    with pytest.raises(InputError, match="from 2024-01-01T00:30:00Z in b"):
        join(part([1.0]), shifted)
