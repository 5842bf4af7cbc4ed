"""Closed forms against their published figures."""

import pytest

from megawatt.core.errors import InputError
from megawatt.invest.thresholds import InvestmentOption, beta, entry_and_exit, exchange_option


@pytest.mark.parametrize(("volatility", "multiple"), [(0.1, 1.4215), (0.2, 2.0), (0.3, 2.7631), (0.4, 3.7321)])
def test_the_value_from_which_to_invest_is_a_multiple_of_the_cost(volatility: float, multiple: float) -> None:
    """Dixit and Pindyck 1994, r = d = 4 %."""
    option = InvestmentOption.of(1.0, rate=0.04, payout=0.04, volatility=volatility)
    assert option.trigger == pytest.approx(multiple, abs=5e-5)


def test_at_a_volatility_of_20_percent_beta_is_2_and_the_option_on_a_fair_asset_is_worth_a_quarter() -> None:
    option = InvestmentOption.of(1.0, rate=0.04, payout=0.04, volatility=0.2)
    assert option.beta == pytest.approx(2.0)
    assert option.value(1.0) == pytest.approx(0.25)
    assert option.value(3.0) == pytest.approx(2.0)
    assert beta(0.04, 0.04, 0.2)[1] == pytest.approx(-1.0)


@pytest.mark.parametrize(("volatility", "high", "low"), [(0.1, 1.4667, 0.7657), (0.2, 1.7831, 0.6550)])
def test_entry_and_exit_prices_are_those_of_dixit_1989(volatility: float, high: float, low: float) -> None:
    """r = 2.5 %, no growth, running cost 1, entry 4, exit free."""
    found = entry_and_exit(
        rate=0.025, growth=0.0, volatility=volatility, running_cost=1.0, entry_cost=4.0, exit_cost=0.0
    )
    assert found == pytest.approx((high, low), abs=5e-5)


@pytest.mark.parametrize(
    ("years", "correlation", "value"),
    [
        (0.1, -0.5, 2.1986), (0.1, 0.0, 2.0913), (0.1, 0.5, 1.9891),
        (0.5, -0.5, 2.9881), (0.5, 0.0, 2.6496), (0.5, 0.5, 2.2306),
    ],
)  # fmt: skip
def test_the_right_to_exchange_is_worth_what_margrabe_says(years: float, correlation: float, value: float) -> None:
    """22 for 20, payouts 6 and 4 %, both volatilities 20 %."""
    found = exchange_option(
        22.0, 20.0, years=years, volatilities=(0.2, 0.2), correlation=correlation, payouts=(0.06, 0.04)
    )
    assert found == pytest.approx(value, abs=5e-5)


def test_two_assets_that_move_as_one_are_worth_their_difference() -> None:
    assert exchange_option(22.0, 20.0, years=1.0, volatilities=(0.2, 0.2), correlation=1.0) == pytest.approx(2.0)


def test_an_asset_that_pays_nothing_has_no_date_to_invest() -> None:
    with pytest.raises(InputError, match="all are above 0"):
        InvestmentOption.of(1.0, rate=0.04, payout=0.0, volatility=0.2)
