"""A month with level and hashprice left open is the month that the site would have with such prices."""

import datetime as dt
from dataclasses import replace

import numpy as np
import pytest

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.series import Series
from megawatt.core.units import Unit
from megawatt.dispatch.case import case_of
from megawatt.invest.power_bank import PowerYear
from megawatt.invest.priced_month import by_calendar, priced_month
from megawatt.mining.hashprice import Payout
from megawatt.mining.network import Network
from megawatt.power.price_model import PriceModel
from megawatt.site.connection import Period
from megawatt.site.examples import HYBRID, TEXAS_MINE
from megawatt.site.read import Site
from megawatt.sources.reference_power import reference_power_parameters
from tests.invest.bank import YEAR, bank_year, mine, mine_grid, series, spiky

BLOCK = """
[[energy]]
name = "block"
block_mw = 10.0
price_usd_per_mwh = 30.0
settlement_point = "LZ_WEST"
valid_from = 2025-03-01
valid_to = 2027-03-01
"""


@pytest.mark.parametrize("text", [HYBRID, TEXAS_MINE])
def test_a_state_is_the_case_of_a_month_whose_prices_and_network_are_those_of_the_state(text: str) -> None:
    """The other way there: multiply the series, give the network that hashprice, and state the case anew."""
    site = Site.from_text(text)
    model = PriceModel.from_dict(reference_power_parameters())
    grid = mine_grid()
    data = model.simulate(grid, np.random.default_rng(3))
    level = 1.7
    dear = Dataset(
        replace(one, values=one.values * (1.0 if one.unit is Unit.CELSIUS else level)) for one in data.values()
    )
    network = {"price": 30_000.0, "difficulty": 60e12, "subsidy": 6.25, "fees": 0.2}
    units = {
        "price": Unit.USD_PER_BTC, "difficulty": Unit.DIFFICULTY, "subsidy": Unit.BTC_PER_BLOCK, "fees": Unit.BTC_PER_BLOCK
    }  # fmt: skip
    dear = dear.with_series(
        *(series(f"btc/{name}", np.full(grid.n, value), grid, units[name]) for name, value in network.items())
    )
    hashprice = float(Network.from_dataset(dear).hashprice(grid, Payout.FPPS)[0])
    period = Period(start=dt.date(YEAR, 7, 1), end=dt.date(YEAR, 8, 1))
    expected = case_of(replace(by_calendar(site, 0), period=period), dear).problem
    found = priced_month(site, PowerYear(YEAR, data), 7, calendar_year=YEAR).at(level, hashprice)
    for name in ("price_usd_per_mwh", "adder_usd_per_mwh", "peak_usd_per_mwh"):
        assert getattr(found, name) == pytest.approx(getattr(expected, name))
    for one, other in zip(found.machines, expected.machines, strict=True):
        assert one.revenue_usd_per_h == pytest.approx(other.revenue_usd_per_h)
        assert (one.power_mw == other.power_mw).all()
    for sold, award in zip(found.reserves, expected.reserves, strict=True):
        assert sold.price_usd_per_mw_h == pytest.approx(award.price_usd_per_mw_h)
        assert sold.call_usd_per_mw_h == pytest.approx(award.call_usd_per_mw_h)
    for position, block in zip(found.positions, expected.positions, strict=True):
        assert position.price_usd_per_mwh == pytest.approx(block.price_usd_per_mwh)
    assert all((one.rent_usd == 0).all() for one in found.firm)


@pytest.mark.parametrize(
    ("month", "year", "delivered"), [(2, 2025, 0.0), (3, 2025, 10.0), (2, 2027, 10.0), (3, 2027, 0.0)]
)
def test_a_block_holds_by_the_calendar_of_the_scenario_and_not_by_that_of_the_bank(
    month: int, year: int, delivered: float
) -> None:
    found = priced_month(mine(BLOCK), bank_year(spiky(1)), month, calendar_year=year)
    assert (np.asarray(found.problem.positions[0].block_mw) == delivered).all()


def test_a_month_has_its_own_hours_on_the_days_when_clocks_change() -> None:
    bank = bank_year(spiky(1))
    assert [priced_month(mine(), bank, m, calendar_year=2030).problem.T for m in (2, 3, 11)] == [672, 743, 721]


def test_a_ratchet_and_an_hour_without_a_price_are_refused() -> None:
    ratchet = '[[charge]]\nname = "d"\nkind = "demand"\nusd_per_kw_month = 5.0\nratchet_fraction = 0.8\n'
    with pytest.raises(InputError, match="ratchet"):
        priced_month(mine(ratchet), bank_year(spiky(1)), 1, calendar_year=2025)

    def gappy(n: int) -> np.ndarray:
        values = spiky(1)(n)
        values[5_000] = np.nan
        return values

    bank = bank_year(gappy)
    assert isinstance(bank.data["price_rt/LZ_WEST"], Series)
    with pytest.raises(InputError, match="1 intervals of 2023-07 without data"):
        priced_month(mine(), bank, 7, calendar_year=2025)
