"""GPU-hours sold at the day's price, and the power price at which selling stops paying."""

import datetime as dt

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import ItMW
from megawatt.hosting.spot import H100_QUOTES, GpuQuote, SpotHall, held_price

HALL = SpotHall(ItMW(10), gpus_per_it_mw=700, utilisation_fraction=0.6, platform_fee_fraction=0.2)


def test_a_megawatt_of_700_gpus_sold_60_percent_of_the_time_at_2_usd_less_20_percent_brings_672_usd_an_hour() -> None:
    assert HALL.usd_per_it_mwh(np.array([2.0])) == pytest.approx([672.0])
    assert HALL.revenue_usd(np.array([2.0, 2.0]), np.array([10.0, 0.0]), 0.25) == pytest.approx([1680.0, 0.0])


def test_running_pays_up_to_the_break_even_and_not_beyond() -> None:
    price, meter_mw_per_it_mw = np.array([2.0]), 1.3 / 0.98
    limit = float(HALL.break_even_usd_per_mwh(price, meter_mw_per_it_mw)[0])

    def margin(power_usd_per_mwh: float) -> float:
        return float(HALL.revenue_usd(price, np.array([10.0]), 1.0)[0]) - 10 * meter_mw_per_it_mw * power_usd_per_mwh

    assert margin(limit) == pytest.approx(0, abs=1e-9)
    assert margin(limit - 1) > 0 > margin(limit + 1)


def test_a_missing_price_earns_nothing_known_and_not_nothing() -> None:
    assert np.isnan(HALL.revenue_usd(np.array([np.nan]), np.array([10.0]), 1.0)).all()


def test_a_quote_holds_from_the_end_of_its_month_and_is_known_then() -> None:
    grid = TimeGrid.of_local_days(dt.date(2024, 10, 31), dt.date(2024, 11, 2), timezone="UTC", step_minutes=60)
    price = held_price(grid)

    assert price.values[23] == 4.70  # the launch price of 2023, the last one known
    assert price.values[24] == 2.99
    assert price.known_at[24] == np.datetime64("2024-11-01T00:00:00")
    assert (price.known_at <= grid.starts).all()
    assert price.provenance.modelled


def test_before_the_first_quote_the_price_is_missing() -> None:
    grid = TimeGrid.of_local_days(dt.date(2023, 3, 31), dt.date(2023, 4, 2), timezone="UTC", step_minutes=60)

    assert [gap.intervals for gap in held_price(grid).gaps()] == [24]


def test_quotes_out_of_order_are_refused() -> None:
    with pytest.raises(InputError, match="Sort the quotes"):
        held_price(TimeGrid(np.datetime64("2024-01-01", "s"), 60, 1), H100_QUOTES[::-1])
    with pytest.raises(InputError, match="2024-07"):
        held_price(TimeGrid(np.datetime64("2024-01-01", "s"), 60, 1), (GpuQuote("early 2024", 2.85, "", ""),))


@pytest.mark.parametrize(("utilisation", "fee"), [(60, 0.2), (0.6, 20), (-0.1, 0.2), (float("nan"), 0.2)])
def test_percentages_are_not_taken_for_fractions(utilisation: float, fee: float) -> None:
    with pytest.raises(InputError, match=r"0\.995 for 99\.5 %"):
        SpotHall(ItMW(10), 700, utilisation, fee)


def test_less_than_one_meter_megawatt_per_it_megawatt_is_refused() -> None:
    with pytest.raises(InputError, match="PUE"):
        HALL.break_even_usd_per_mwh(np.array([2.0]), 0.8)
