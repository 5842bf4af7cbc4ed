"""What was known, when: against brute force; and grids changed without losing an amount."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.series import NEVER, Series
from megawatt.core.timegrid import TimeGrid, Times, utc
from megawatt.core.units import Unit

START = utc("2024-03-10T06:00Z")  # the day of 23 hours in Chicago


def series(
    values: list[float] | NDArray[np.float64],
    *,
    step_minutes: int = 60,
    known_after_minutes: list[int] | None = None,
    start: np.datetime64 = START,
) -> Series:
    """A price series; each value is known that many minutes after START, by default at its interval's end."""
    grid = TimeGrid(start, step_minutes, len(values))
    known = grid.ends if known_after_minutes is None else minutes_after_start(known_after_minutes)
    return Series("price_rt/X", Unit.USD_PER_MWH, grid, np.array(values, dtype=float), known, Provenance("test"))


def minutes_after_start(numbers: list[int]) -> Times:
    """START plus so many minutes each."""
    return START + np.array(numbers, dtype="timedelta64[m]").astype("timedelta64[s]")


@st.composite
def hostile_series(draw: st.DrawFn) -> Series:
    """Gaps anywhere, and values known early, late, at once and out of order."""
    n = draw(st.integers(1, 12))
    value = st.one_of(st.just(np.nan), st.integers(-5, 5).map(float))
    values = draw(st.lists(value, min_size=n, max_size=n))
    known = draw(st.lists(st.integers(-300, 900), min_size=n, max_size=n))
    return series(values, known_after_minutes=known)


@settings(deadline=None, max_examples=100)
@given(one=hostile_series(), asked=st.lists(st.integers(-400, 1000), max_size=8))
def test_last_known_is_the_latest_interval_among_those_known(one: Series, asked: list[int]) -> None:
    at = minutes_after_start(asked)
    for instant, found in zip(at, one.last_known(at), strict=True):
        known = [v for v, k in zip(one.values, one.known_at, strict=True) if not np.isnan(v) and k <= instant]
        assert found == known[-1] if known else np.isnan(found)


@settings(deadline=None, max_examples=100)
@given(one=hostile_series(), now=st.integers(-300, 900), seed=st.integers(0, 99))
def test_spoiling_all_that_is_not_known_yet_changes_no_answer(one: Series, now: int, seed: int) -> None:
    rng = np.random.default_rng(seed)
    at = minutes_after_start([now])
    future = one.known_at > at[0]
    spoilt = Series(
        one.name,
        one.unit,
        one.grid,
        np.where(future, rng.normal(size=one.grid.n), one.values),
        np.where(future, np.maximum(at[0] + 1, np.where(one.known_at == NEVER, at[0] + 1, one.known_at)), one.known_at),
        one.provenance,
    )
    before = minutes_after_start([now - 60, now])
    assert np.array_equal(one.last_known(before), spoilt.last_known(before), equal_nan=True)
    where = np.full(one.grid.n, at[0])
    assert np.array_equal(one.known_for(one.grid, where), spoilt.known_for(one.grid, where), equal_nan=True)


def test_a_day_ahead_price_published_at_1330_is_not_seen_at_1329() -> None:
    tomorrow = series([20.0, 30.0], known_after_minutes=[450, 450])
    at = minutes_after_start([449, 450])
    assert np.isnan(tomorrow.last_known(at[:1])[0])
    assert tomorrow.last_known(at[1:])[0] == 30.0
    assert np.isnan(tomorrow.known_for(tomorrow.grid, np.repeat(at[0], 2))).all()
    assert tomorrow.known_for(tomorrow.grid, np.repeat(at[1], 2)).tolist() == [20.0, 30.0]


def test_a_missing_value_is_never_known_and_the_one_before_it_stands() -> None:
    one = series([1.0, np.nan, 3.0])
    assert one.known_at[1] == NEVER
    assert one.last_known(one.grid.ends).tolist() == [1.0, 1.0, 3.0]


def test_gaps_are_named_with_time_and_source() -> None:
    one = series([np.nan, 1.0, np.nan, np.nan, 2.0, np.nan])
    assert [(gap.intervals, str(gap.start)[11:16], str(gap.end)[11:16]) for gap in one.gaps()] == [
        (1, "06:00", "07:00"),
        (2, "08:00", "10:00"),
        (1, "11:00", "12:00"),
    ]
    assert str(one.gaps()[1]) == "2 intervals from 2024-03-10T08:00:00Z to 2024-03-10T10:00:00Z missing in test"
    assert one.hours_covered == 2.0
    assert series([1.0, 2.0]).gaps() == []


@settings(deadline=None, max_examples=100)
@given(
    values=st.lists(st.integers(-1000, 1000).map(float), min_size=4, max_size=40),
    step_minutes=st.sampled_from([5, 15, 30, 60]),
    finer=st.sampled_from([1, 5, 15, 30]),
)
def test_a_finer_grid_holds_the_value_and_keeps_the_amount(values: list[float], step_minutes: int, finer: int) -> None:
    if step_minutes % finer:
        finer = step_minutes
    one = series(values, step_minutes=step_minutes)
    fine = one.on(TimeGrid(START, finer, len(values) * step_minutes // finer))
    assert fine.values.sum() * fine.grid.hours == pytest.approx(sum(values) * one.grid.hours, abs=1e-9)
    assert fine.hours_covered == pytest.approx(one.hours_covered)
    back = fine.on(one.grid)
    assert np.allclose(back.values, one.values, rtol=0, atol=1e-9)
    assert np.array_equal(back.known_at, one.known_at)


@settings(deadline=None, max_examples=100)
@given(
    values=st.lists(st.sampled_from([np.nan, *map(float, range(-9, 10))]), min_size=1, max_size=30),
    step_minutes=st.sampled_from([5, 15, 30, 60]),
    target_minutes=st.sampled_from([5, 15, 30, 60, 120]),
    shift=st.integers(-4, 20),
    n=st.integers(1, 12),
)
def test_any_grid_gives_the_mean_of_the_minutes_it_covers(
    values: list[float], step_minutes: int, target_minutes: int, shift: int, n: int
) -> None:
    """The oracle writes the series out minute by minute."""
    if target_minutes % step_minutes and step_minutes % target_minutes:
        target_minutes = step_minutes
    one = series(values, step_minutes=step_minutes)
    offset = shift * min(step_minutes, target_minutes)
    if target_minutes > step_minutes:
        offset = shift * step_minutes
    grid = TimeGrid(START + np.timedelta64(offset * 60, "s"), target_minutes, n)
    by_minute = np.full(10_000, np.nan)
    by_minute[1000 : 1000 + len(values) * step_minutes] = np.repeat(values, step_minutes)
    known = np.full(10_000, NEVER)
    known[1000 : 1000 + len(values) * step_minutes] = np.repeat(one.known_at, step_minutes)
    cut = slice(1000 + offset, 1000 + offset + n * target_minutes)
    expected = by_minute[cut].reshape(n, target_minutes).mean(axis=1)
    found = one.on(grid)
    assert np.allclose(found.values, expected, rtol=0, atol=1e-9, equal_nan=True)
    assert np.array_equal(found.known_at, known[cut].reshape(n, target_minutes).max(axis=1))


def test_a_coarse_value_is_the_mean_and_is_known_when_its_last_part_is() -> None:
    quarters = series(
        [1.0, 2.0, 3.0, 6.0, 5.0, np.nan, 5.0, 5.0], step_minutes=15, known_after_minutes=[9, 99, 3, 4] * 2
    )
    hours = quarters.on(TimeGrid(START, 60, 2))
    assert hours.values[0] == 3.0
    assert hours.known_at[0] == minutes_after_start([99])[0]
    assert np.isnan(hours.values[1])
    assert hours.known_at[1] == NEVER


@pytest.mark.parametrize(
    ("step_minutes", "target_minutes", "offset_minutes"), [(60, 60, 30), (30, 20, 0), (60, 15, 7), (15, 60, 5)]
)
def test_grids_that_do_not_fit_are_refused(step_minutes: int, target_minutes: int, offset_minutes: int) -> None:
    one = series([1.0, 2.0, 3.0], step_minutes=step_minutes)
    grid = TimeGrid(START + np.timedelta64(offset_minutes * 60, "s"), target_minutes, 2)
    with pytest.raises(InputError, match="starting at the same minute"):
        one.on(grid)


def test_a_series_keeps_its_own_copy_of_the_values() -> None:
    values = np.array([1.0, 2.0])
    one = series(values)
    values[0] = 99.0
    assert one.values.tolist() == [1.0, 2.0]
    with pytest.raises(ValueError, match="read-only"):
        one.values[0] = 5.0
    with pytest.raises(ValueError, match="read-only"):
        one.known_at[0] = START


def test_shapes_and_infinities_are_refused() -> None:
    grid = TimeGrid(START, 60, 2)
    for values, known in ((np.ones(3), grid.ends), (np.ones(2), grid.ends[:1]), (np.ones((2, 1)), grid.ends)):
        with pytest.raises(InputError, match="one value per interval"):
            Series("a", Unit.MW, grid, values, known, Provenance("test"))
    with pytest.raises(InputError, match="values are finite"):
        series([1.0, np.inf])


def test_equal_series_are_equal_and_hash_alike() -> None:
    assert series([1.0, np.nan]) == series([1.0, np.nan])
    assert len({series([1.0, np.nan]), series([1.0, np.nan])}) == 1
    assert series([1.0, 2.0]) != series([1.0, 3.0])
    assert series([1.0, 2.0]) != series([1.0, 2.0], known_after_minutes=[0, 0])
    assert series([1.0]) != "price_rt/X"


def test_the_hash_names_every_part_of_the_input() -> None:
    one = series([1.0, 2.0])
    others = [
        series([1.0, 2.5]),
        series([1.0, 2.0], step_minutes=30),
        series([1.0, 2.0], known_after_minutes=[1, 2]),
        series([1.0, 2.0], start=START + np.timedelta64(3600, "s")),
        Series(one.name, Unit.MW, one.grid, one.values, one.known_at, one.provenance),
        Series("b", one.unit, one.grid, one.values, one.known_at, one.provenance),
    ]
    assert one.sha256() == series([1.0, 2.0]).sha256()
    assert len({one.sha256(), *(other.sha256() for other in others)}) == 1 + len(others)


def test_pandas_sees_zone_and_unit() -> None:
    shown = series([1.0, 2.0, 3.0]).to_pandas("America/Chicago")
    assert shown.name == "price_rt/X [USD/MWh]"
    assert [str(t) for t in shown.index[1:]] == ["2024-03-10 01:00:00-06:00", "2024-03-10 03:00:00-05:00"]
