"""Bids: the two of 2024 and 2025, share counts, collars and votes."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from megawatt.core.errors import InputError
from megawatt.core.units import GrossMW
from megawatt.invest.bid import Bid, Majority, Stock, Vote, bridge, shares_of_headline
from megawatt.invest.shares import Convertible, Shares, Strike

CORE = Shares(
    basic=177.8e6,
    strikes=(Strike("warrants at 6.81", 98e6, 6.81), Strike("warrants at 0.01 above 8.72", 82e6, 0.01, 8.72)),
    convertibles=(Convertible("convertible notes", 260e6, 260e6 / 44.6e6),),
)
"""Counts of June 2024: basic as implied by the market value, the rest as an investor counted them (AF17's source)."""


def test_5_75_in_cash_for_177_8_million_basic_shares_is_1_022_million() -> None:
    """AF17. At 5.75 nothing else is in the money: the notes convert at 5.83, the warrants at 6.81 and 8.72."""
    step = bridge(5.75, CORE, net_debt_usd=0.0)
    assert round(step.basic_equity_usd / 1e6) == 1_022
    assert step.diluted == step.basic
    assert step.unconverted_usd == 260e6


def test_the_premium_is_a_vector_18_1_percent_on_the_last_close_and_55_on_three_months() -> None:
    """AF17. On 'Friday's close' the press says ~21 %, which implies a base of 4.75."""
    bid = Bid("CoreWeave", 5.75, bases_usd={"last close": 4.87, "3-month VWAP": 3.71})
    premium = bid.premiums()
    assert round(100 * premium["last close"], 1) == 18.1
    assert round(100 * premium["3-month VWAP"]) == 55
    assert round(5.75 / 1.21, 2) == 4.75


def test_1_6_billion_at_5_75_needs_278_million_shares_which_no_share_count_of_that_price_gives() -> None:
    """AF17: never compare two bids without the share basis."""
    needed = shares_of_headline(1.6e9, 5.75)
    assert round(needed / 1e6) == 278
    assert float(CORE.diluted(5.75)) < needed


def test_0_1235_shares_at_165_20_are_20_40_and_6_56_billion_while_9_billion_needs_441_million_shares() -> None:
    """AF20."""
    bid = Bid("CoreWeave", stock=Stock(ratio=0.1235), break_fee_usd=270e6)
    offer = float(bid.usd_per_share(165.20))
    assert round(offer, 2) == 20.40
    target_shares = 39_685_636 / 0.1235
    assert round(target_shares / 1e6, 1) == 321.3
    assert round(target_shares * offer / 1e9, 2) == 6.56
    assert round(shares_of_headline(9e9, offer) / 1e6) == 441
    assert round(100 * bid.break_fee_usd / 9e9, 1) == 3.0


def test_without_a_collar_the_same_ratio_was_worth_12_35_a_month_later() -> None:
    """AF20: CRWV at 99.97."""
    bid = Bid("CoreWeave", stock=Stock(ratio=0.1235))
    assert round(float(bid.usd_per_share(99.97)), 2) == 12.35
    assert round(15.64 / 0.1235, 2) == 126.64  # the price of CRWV that the 15.64 of 25 September stands for


def test_20_8_million_votes_for_are_6_75_percent_of_307_4_million_and_153_7_are_needed() -> None:
    """AF21: a majority of the outstanding shares."""
    vote = Vote.of_quorum(20_752_327, 203_451_498, 21_588_639, present_fraction=0.7997)
    assert round(vote.outstanding / 1e6, 1) == 307.4
    assert round(100 * vote.for_fraction, 2) == 6.75
    assert round(vote.needed / 1e6, 1) == 153.7
    assert not vote.carried


def test_the_majority_of_votes_cast_is_another_rule() -> None:
    vote = Vote(20_752_327, 203_451_498, 21_588_639, 307.4e6, Majority.CAST)
    assert round(100 * vote.for_fraction, 2) == 9.26
    assert not vote.carried
    assert Vote(40, 30, 0, 100, Majority.CAST).carried
    assert not Vote(40, 30, 0, 100).carried


def test_more_votes_than_shares_are_refused() -> None:
    with pytest.raises(InputError, match="not more than there are"):
        Vote(60, 50, 0, 100)


def test_a_collar_holds_the_value_inside_and_the_ratio_outside() -> None:
    """20.40 fixed between 150 and 180: below, the ratio stands at 0.136; above, at 0.11333."""
    bid = Bid("bidder", stock=Stock(value_usd=20.40, low_usd=150.0, high_usd=180.0))
    assert bid.usd_per_share([100.0, 150.0, 165.2, 180.0, 200.0]) == pytest.approx(
        [13.60, 20.40, 20.40, 20.40, 20.40 / 180 * 200]
    )


def test_a_floating_ratio_without_a_collar_always_pays_its_value() -> None:
    bid = Bid("bidder", 2.0, Stock(value_usd=18.40))
    assert bid.usd_per_share([1.0, 99.97, 165.2]) == pytest.approx(20.40)


@pytest.mark.parametrize(
    "terms",
    [
        {"ratio": 0.1, "value_usd": 20.0},
        {},
        {"ratio": 0.1, "low_usd": 90.0},
        {"value_usd": 20.0, "low_usd": 9.0, "high_usd": 8.0},
    ],
)
def test_contradictory_stock_terms_are_refused(terms: dict[str, float]) -> None:
    with pytest.raises(InputError):
        Stock(**terms)


def test_a_stock_bid_has_no_value_without_the_bidders_price() -> None:
    with pytest.raises(InputError, match="needs that stock's price"):
        Bid("bidder", stock=Stock(ratio=0.1)).usd_per_share()


# --- share counts -----------------------------------------------------------------------------------------------------


def test_an_option_in_the_money_adds_what_its_strike_does_not_buy_back() -> None:
    """100 options at 6 with the share at 10: 600 USD buy back 60 shares, 40 remain."""
    assert float(Shares(1_000, strikes=(Strike("options", 100, 6.0),)).diluted(10.0)) == pytest.approx(1_040)
    assert float(Shares(1_000, strikes=(Strike("options", 100, 6.0),)).diluted(6.0)) == 1_000


def test_penny_warrants_count_only_from_their_trigger_on() -> None:
    """82 M warrants at 0.01 above 8.72: below it none, at it nearly all."""
    assert CORE.diluted([8.71, 8.72])[1] - CORE.diluted([8.71, 8.72])[0] == pytest.approx(
        82e6 * (1 - 0.01 / 8.72), rel=3e-3
    )


def test_the_count_by_source_adds_up() -> None:
    for price in (3.0, 5.75, 7.0, 9.76, 20.40):
        assert sum(count for _, count in CORE.basis(price)) == pytest.approx(float(CORE.diluted(price)))


def test_a_convertible_is_debt_or_shares_and_never_both() -> None:
    low, high = bridge(5.75, CORE, 0.0), bridge(5.90, CORE, 0.0)
    assert (low.unconverted_usd, low.diluted) == (260e6, 177.8e6)
    assert high.unconverted_usd == 0
    assert high.diluted == pytest.approx(177.8e6 + 44.6e6)


def test_enterprise_value_per_megawatt_names_its_megawatt() -> None:
    """1,022 M for 1.2 GW of power is 0.85 M USD per gross MW, before debt."""
    assert bridge(5.75, Shares(177.8e6), 0.0).enterprise_usd_per_mw(GrossMW(1200.0)) / 1e6 == pytest.approx(
        0.85, abs=0.005
    )


@given(st.floats(0.01, 60.0))
def test_value_per_share_is_the_inverse_of_what_the_shares_claim(price: float) -> None:
    """Except at the trigger, where the claims jump: there the price is the trigger."""
    claims = price * CORE.diluted(price) + CORE.unconverted_usd(price)
    assert float(CORE.price_of(claims)) == pytest.approx(price, rel=1e-9)


def test_a_value_inside_the_jump_of_a_trigger_is_worth_the_trigger() -> None:
    below = 8.7199 * float(CORE.diluted(8.7199))
    assert float(CORE.price_of(below + 100e6)) == pytest.approx(8.72, rel=1e-9)


def test_a_company_worth_less_than_its_notes_is_worth_nothing_a_share() -> None:
    assert CORE.price_of([-5e9, 0.0, 259e6]) == pytest.approx([0.0, 0.0, 0.0])
    assert float(Shares(10.0).price_of(1e30)) > 1e17


@given(st.floats(0, 1e10), st.floats(0, 1e10))
def test_a_more_valuable_company_never_has_cheaper_shares(a: float, b: float) -> None:
    low, high = sorted((a, b))
    prices = CORE.price_of([low, high])
    assert prices[0] <= prices[1] * (1 + 1e-12)


def test_share_counts_may_be_asked_for_many_prices_at_once() -> None:
    prices = np.array([[1.0, 6.0], [8.0, 20.0]])
    assert CORE.diluted(prices).shape == (2, 2)
    assert float(CORE.diluted(20.0)) == pytest.approx(CORE.diluted(prices)[1, 1])
