"""Numbers and sentences as people read them."""

import math
from dataclasses import replace
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.app import words
from megawatt.dispatch.next_mw import NextMegawatt
from tests.app import decisions


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (67_027_570.0, "67.0 M USD"),
        (-2_013_123.75, "−2.01 M USD"),
        (636_199.2, "636 k USD"),
        (999_600.0, "1.00 M USD"),
        (999.6, "1.00 k USD"),
        (3.5e9, "3.50 bn USD"),
        (12.345, "12.3 USD"),
        (0.004, "0 USD"),
        (-0.0, "0 USD"),
        (math.inf, "without limit"),
        (math.nan, "–"),
        (None, "–"),
    ],
)
def test_money_is_spelt_one_way(value: float | None, text: str) -> None:
    assert words.usd(value) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (0.0, "0"),
        (1_029.4, "1,030"),
        (99.96, "100"),
        (0.012345, "0.0123"),
        (-682.1, "−682"),
        (1e-12, "0"),
        (9.995, "9.99"),
    ],
)
def test_a_number_has_three_digits_that_count(value: float, text: str) -> None:
    assert words.number(value) == text


@settings(deadline=None, max_examples=100)
@given(st.floats(min_value=0.01, max_value=1e12), st.booleans())
def test_what_is_printed_lies_within_half_a_percent_and_never_in_powers_of_ten(size: float, negative: bool) -> None:
    value = -size if negative else size
    number, *unit = words.usd(value).split(" ")
    factor = {"bn": 1e9, "M": 1e6, "k": 1e3, "USD": 1.0}[unit[0]]
    assert float(number.replace(",", "").replace(words.MINUS, "-")) * factor == pytest.approx(value, rel=0.00501)
    assert "e" not in number


def test_the_answer_is_two_sentences_that_name_the_bars_the_range_the_optimum_and_the_kind_of_data() -> None:
    first, second = words.answer(decisions.mine())
    decision = decisions.mine()
    assert words.usd(decision.best.net_usd) in first
    assert "today's practice" in first
    assert "always-on" in first
    assert "with the hashprice 20 % lower or higher" in first
    assert "the proved optimum" in second
    assert "modelled, not measured" in second
    for sentence in (first, second):
        assert sentence.endswith(".")
        assert ". " not in sentence.replace("vs. ", "")


def test_a_rule_that_ties_with_today_s_practice_is_said_to_be_the_same() -> None:
    decision = decisions.mine()
    threshold = decision.result("threshold")
    tied = replace(threshold, name="hysteresis")
    same = replace(
        decision,
        results=tuple(tied if r.name == "hysteresis" else r for r in decision.results),
        advice=replace(decision.advice, policy=tied),
    )
    assert "the same as today's practice" in words.answer(same)[0]


def test_a_loss_is_called_one() -> None:
    assert words.earned(-1.2e6) == "lost 1.20 M USD"


def test_a_plan_without_a_bound_does_not_claim_one() -> None:
    decision = decisions.mine()
    assert "not bounded" in words.optimum(replace(decision, plan=replace(decision.plan, bound_usd=None)))


@pytest.mark.parametrize(
    ("one", "text"),
    [
        (NextMegawatt("mining (s21)", 937_756.8, 3.9e-7), "938 k USD per MW-year"),
        (NextMegawatt("mining (s21)", 444_087.7, 1_890.6), "444 k USD ± 1.89 k USD per MW-year"),
        (
            NextMegawatt("connection limit", 0.0, 4e-7),
            "not binding: one megawatt more of connection would change nothing",
        ),
        (
            NextMegawatt("connection limit", 0.0, 1_999.6),
            "not resolved: smaller than the 2.00 k USD per MW-year that the search left open",
        ),
        (NextMegawatt("firm hall (a)", None, None, "the limit is too low"), "no value: the limit is too low"),
        (NextMegawatt("reserve (rrs)", 0.0, 0.0), "worth nothing"),
    ],
)
def test_the_next_megawatt_says_in_words_what_no_number_says(one: NextMegawatt, text: str) -> None:
    assert words.next_mw_words(one) == text


def test_labels_that_would_overlap_are_moved_apart_in_order() -> None:
    assert words.spread([10.0, 11.0, 50.0], 5.0) == [10.0, 15.0, 50.0]


@settings(deadline=None, max_examples=100)
@given(st.lists(st.floats(-100, 100), min_size=1, max_size=6), st.floats(0.1, 20))
def test_labels_moved_apart_keep_their_distance(places: list[float], least: float) -> None:
    moved = sorted(words.spread(places, least))
    assert all(b - a >= least - 1e-9 for a, b in pairwise(moved))
