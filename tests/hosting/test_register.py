"""Readings to intervals: nothing is lost between two readings, whatever happens to those between."""

from itertools import pairwise

import numpy as np
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.hosting.metering.register import Intervals, Kind, Readings, Register

STEP = 300


def intervals_of(
    registers: list[int | None],
    *,
    modulus: int = 10**9,
    gap: int = 3600,
    most: int = 10**9,
    agreed: dict[int, int] | None = None,
) -> Intervals:
    readings = Readings(0, STEP * (len(registers) - 1), Register(modulus, most, STEP, gap))
    instants = STEP * np.arange(len(registers))
    readings.measured(instants, np.array([-1 if one is None else one for one in registers]))
    for at, value in (agreed or {}).items():
        readings.agreed(np.array([at * STEP]), np.array([value]))
    return readings.intervals(0, STEP * (len(registers) - 1))


def naive(registers: list[int | None], modulus: int, gap: int) -> list[int | None]:
    """The page's rule, one interval after the other; None is missing."""
    known = [k for k, one in enumerate(registers) if one is not None]
    out: list[int | None] = [None] * (len(registers) - 1)
    for a, b in pairwise(known):
        first, second = registers[a], registers[b]
        assert first is not None
        assert second is not None
        d, n = (second - first) % modulus, b - a
        if n == 1 or n * STEP <= gap:
            out[a:b] = [d * (j + 1) // n - d * j // n for j in range(n)]
    return out


@given(
    st.lists(st.integers(0, 5000), min_size=1, max_size=60),
    st.sets(st.integers(0, 60)),
    st.sampled_from([0, 600, 900, 3600]),
    st.sampled_from([10_007, 10**6, 10**9]),
)
@settings(deadline=None, max_examples=100)
def test_intervals_are_those_of_the_rule_applied_one_by_one(
    advance: list[int], lost: set[int], gap: int, modulus: int
) -> None:
    register = np.concatenate([[modulus - 3], modulus - 3 + np.cumsum(advance)]) % modulus
    registers = [None if k in lost else int(one) for k, one in enumerate(register)]
    found = intervals_of(registers, modulus=modulus, gap=gap)
    expected = naive(registers, modulus, gap)
    assert found.amounts.tolist() == [one or 0 for one in expected]
    assert found.present.tolist() == [one is not None for one in expected]


@given(st.lists(st.integers(0, 5000), min_size=2, max_size=60), st.sets(st.integers(1, 58)))
@settings(deadline=None, max_examples=100)
def test_lost_readings_between_two_kept_ones_do_not_change_the_sum(advance: list[int], lost: set[int]) -> None:
    register = [0, *np.cumsum(advance).tolist()]
    registers = [None if k in lost and k < len(register) - 1 else one for k, one in enumerate(register)]
    assert intervals_of(registers, gap=10**6).amounts.sum() == register[-1]


def test_the_first_of_two_measured_readings_and_the_last_of_two_agreed_ones_stays() -> None:
    readings = Readings(0, 2 * STEP, Register(10**6, 10**6, STEP, 0))
    instants = STEP * np.arange(3)
    readings.measured(instants, np.array([0, 10, 20]))
    readings.measured(instants, np.array([0, 11, 20]))
    readings.agreed(instants[1:2], np.array([12]))
    readings.agreed(instants[1:2], np.array([13]))
    found = readings.intervals(0, 2 * STEP)
    assert found.amounts.tolist() == [13, 7]
    assert found.kinds.tolist() == [Kind.CORRECTED, Kind.CORRECTED]


def test_an_agreed_void_takes_a_reading_away() -> None:
    found = intervals_of([0, 10, 20], gap=600, agreed={1: -1})
    assert found.amounts.tolist() == [10, 10]
    assert found.kinds.tolist() == [Kind.ESTIMATED, Kind.ESTIMATED]


def test_an_agreed_new_start_of_the_register_is_believed_and_the_jump_to_it_is_not_billed() -> None:
    found = intervals_of([100, 200, 5, 105, 205], most=12 * 200, agreed={2: 5})
    assert found.amounts.tolist() == [100, 0, 100, 100]
    assert found.kinds.tolist() == [Kind.MEASURED, Kind.MISSING, Kind.CORRECTED, Kind.MEASURED]


def test_without_the_agreement_everything_after_the_new_start_is_missing() -> None:
    found = intervals_of([100, 200, 5, 105, 190], most=12 * 200)
    assert found.present.tolist() == [True, False, False, False]


def test_no_reading_at_all_is_all_missing() -> None:
    assert intervals_of([None, None, None]).kinds.tolist() == [Kind.MISSING, Kind.MISSING]
    assert intervals_of([None, 5, None]).kinds.tolist() == [Kind.MISSING, Kind.MISSING]
