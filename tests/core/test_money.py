"""Cents and satoshi: exact, signed, never mixed."""

from decimal import Decimal
from fractions import Fraction

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from megawatt.core.errors import UnitError
from megawatt.core.money import Currency, Money

amounts = st.builds(Money, st.integers(-(10**30), 10**30), st.sampled_from(Currency))


@settings(deadline=None, max_examples=100)
@given(amounts)
def test_text_and_money_are_inverses(money: Money) -> None:
    assert Money.from_text(str(money)) == money
    assert str(Money.from_text(str(money))) == str(money)


@pytest.mark.parametrize(
    ("minor", "currency", "text"),
    [
        (-1, Currency.BTC, "-0.00000001 BTC"),
        (1, Currency.BTC, "0.00000001 BTC"),
        (312_500_000, Currency.BTC, "3.12500000 BTC"),
        (-105, Currency.USD, "-1.05 USD"),
        (0, Currency.EUR, "0.00 EUR"),
        (-99, Currency.USD, "-0.99 USD"),
    ],
)
def test_the_sign_and_the_zeros_are_printed(minor: int, currency: Currency, text: str) -> None:
    assert str(Money(minor, currency)) == text


def test_dollars_are_read_exactly() -> None:
    assert Money.usd("-12.34") == Money(-1234, Currency.USD)
    assert Money.usd("12") == Money(1200, Currency.USD)
    assert Money.usd("0.1") == Money(10, Currency.USD)
    assert Money.usd("0.1") + Money.usd("0.2") == Money.usd("0.3")
    assert Money.usd("12345678901234567890123456789.01").minor == 1234567890123456789012345678901


@pytest.mark.parametrize(
    "text",
    [
        *("007 USD", "+5 USD", "1_000 USD", "1e2 USD", "NaN USD", "Infinity USD", "1.005 USD", "1,50 EUR", "٣ USD"),
        *("5", "USD", "", " 5 USD", "5  USD", "5 USD ", "5 usd", "5 XXX", "5. USD", ".5 USD", "--5 USD", "- 5 USD"),
        *("12345678901234567890123456.789 USD", "0.000000001 BTC", "9" * 5000 + " USD", "5 USD\n"),
    ],
)
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(UnitError, match="an amount and a currency"):
        Money.from_text(text)


@pytest.mark.parametrize(
    ("amount", "minor"),
    [
        (Fraction(1, 200), 0),  # half a cent goes to the even neighbour
        (Fraction(3, 200), 2),
        (Fraction(-1, 200), 0),
        (Fraction(-3, 200), -2),
        (Decimal("2.675"), 268),
        (Decimal("2.665"), 266),
        (7, 700),
    ],
)
def test_rounding_is_half_to_even(amount: Fraction | Decimal | int, minor: int) -> None:
    assert Money.rounded(amount, Currency.USD).minor == minor


@settings(deadline=None, max_examples=100)
@given(st.fractions(), st.sampled_from(Currency))
def test_rounding_moves_by_half_a_smallest_unit_at_most(amount: Fraction, currency: Currency) -> None:
    rounded = Money.rounded(amount, currency)
    assert abs(Fraction(rounded.minor, 10**currency.decimals) - amount) * 2 * 10**currency.decimals <= 1
    assert Money.rounded(-amount, currency) == -rounded


@settings(deadline=None, max_examples=50)
@given(st.integers(), st.integers(), st.sampled_from(Currency))
def test_sums_are_those_of_integers(a: int, b: int, currency: Currency) -> None:
    x, y = Money(a, currency), Money(b, currency)
    assert (x + y).minor == a + b
    assert x - y == x + -y
    assert (x < y) == (a < b)


def test_currencies_do_not_mix() -> None:
    dollars, euros = Money.usd("1"), Money(100, Currency.EUR)
    with pytest.raises(UnitError, match=r"1\.00 USD met 1\.00 EUR"):
        dollars + euros
    with pytest.raises(UnitError):
        dollars - euros
    with pytest.raises(UnitError):
        assert dollars < euros
    assert dollars != euros


@pytest.mark.parametrize("stranger", [5, 5.0, "5 USD", None])
def test_money_adds_to_money_only(stranger: object) -> None:
    with pytest.raises(UnitError, match="only money of one currency adds"):
        Money.usd("1") + stranger  # type: ignore[operator]


@pytest.mark.parametrize("minor", [1.0, True, "1", Fraction(1)])
def test_money_is_built_from_whole_units(minor: object) -> None:
    with pytest.raises(UnitError, match="whole cents or satoshi"):
        Money(minor, Currency.USD)  # type: ignore[arg-type]
