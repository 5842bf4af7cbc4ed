"""A hosted miner pays for metered energy, shares revenue, and may be switched off for some hours."""

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.money import Money
from megawatt.hosting.hosted_mining import HostedMiner

CLIENT = HostedMiner("C", fee_usd_per_kwh=0.075, curtailable_hours_per_year=2, revenue_share_fraction=0.1)


def test_a_megawatt_hour_at_7_5_cents_and_a_tenth_of_100_usd_is_85_usd() -> None:
    assert CLIENT.income_usd(np.array([1.0, 0.0]), np.array([100.0, 0.0])) == pytest.approx([85.0, 0.0])
    assert CLIENT.break_even_usd_per_mwh(np.array([100.0])) == pytest.approx([85.0])


def test_the_fee_of_a_month_is_counted_in_watt_hours_and_rounded_once() -> None:
    assert CLIENT.fee(12_345_678_901) == Money.usd("925925.92")  # 925,925.917575
    assert CLIENT.fee(0) == Money.usd("0.00")


def test_the_share_is_paid_in_the_currency_that_was_earned() -> None:
    assert CLIENT.share(Money.from_text("1.00000005 BTC")) == Money.from_text(
        "0.10000000 BTC"
    )  # half a satoshi: to even
    assert CLIENT.share(Money.usd("10.10")) == Money.usd("1.01")


def test_hours_beyond_the_allowance_are_counted_from_where_it_ran_out() -> None:
    curtailed = np.array([True, True, False, True, True])
    year = np.array([0, 0, 0, 0, 1])

    assert CLIENT.hours_beyond(curtailed, year, 1.0).tolist() == [0.0, 0.0, 0.0, 1.0, 0.0]


@pytest.mark.parametrize(
    "terms",
    [{"fee_usd_per_kwh": -0.07}, {"revenue_share_fraction": 10.0}, {"curtailable_hours_per_year": float("nan")}],
)
def test_impossible_terms_are_refused_by_name(terms: dict[str, float]) -> None:
    with pytest.raises(InputError, match=next(iter(terms))):
        HostedMiner("C", **({"fee_usd_per_kwh": 0.07} | terms))
