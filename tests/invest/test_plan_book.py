"""Plans that were found are looked up at other prices: a site could do what they say, and nothing better is promised."""

from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.invest.plan_book import months_of
from megawatt.invest.scenarios import Scenarios
from megawatt.invest.site_dispatch import ITSELF, plan_book
from tests.invest.bank import bank_year, drawn, mine, site_operations, spiky

BANK = [bank_year(spiky(1)), bank_year(spiky(2))]
ASKED = drawn(3, paths=30, months=14, years=2)


def richer(one: Scenarios, hashprice: float, power: float) -> Scenarios:
    network = replace(one.network, hashprice_usd_per_ph_day=one.network.hashprice_usd_per_ph_day * hashprice)
    return replace(one, network=network, power_level=one.power_level * power)


@pytest.mark.parametrize(("hashprice", "power"), [(1.0, 1.0), (0.5, 1.0), (2.0, 0.7), (1.0, 3.0)])
def test_what_is_looked_up_at_other_prices_is_no_more_than_what_solving_there_brings(
    hashprice: float, power: float
) -> None:
    book = plan_book(mine(), BANK, ASKED)
    other = richer(ASKED, hashprice, power)
    looked_up = book.operations(other).net_usd
    solved = site_operations(mine(), BANK, other, accuracy=ITSELF).operations.net_usd
    assert (looked_up <= solved + 1e-6 * np.abs(solved).max()).all()
    assert looked_up.sum() > 0.9 * solved.sum()


def test_some_of_the_paths_are_worth_what_they_are_among_all() -> None:
    book = plan_book(mine(), BANK, ASKED)
    rows = np.array([7, 3, 3])
    assert (book.operations(ASKED.of_paths(rows)).net_usd == book.operations(ASKED).net_usd[rows]).all()
    assert (book.open_usd(ASKED.of_paths(rows)) == book.open_usd(ASKED)[rows]).all()


def test_scenarios_that_the_book_was_not_made_for_are_refused() -> None:
    book = plan_book(mine(), BANK, drawn(3, paths=5, months=2))
    with pytest.raises(InputError, match="holds 2"):
        book.operations(drawn(3, paths=5, months=3))
    with pytest.raises(InputError, match="row 1 of the bank"):
        book.operations(drawn(3, paths=40, months=2, years=2))


def test_months_without_a_dated_contract_are_told_apart_by_their_calendar_month_alone() -> None:
    """With a date that changes nothing each year is looked at, and found the same."""
    dated = mine(
        '[[energy]]\nname = "b"\nblock_mw = 1.0\nprice_usd_per_mwh = 30.0\nsettlement_point = "LZ_WEST"\nvalid_from = 2000-01-01\n'
    )
    one, other = (months_of(site, BANK[0], "2024-06", 30).calendar for site in (mine(), dated))
    assert one.tolist() == other.tolist()
