"""A storage hall earns the same each month, whatever its length."""

import datetime as dt

import numpy as np
import pytest

from megawatt.core.errors import InputError
from megawatt.core.money import Money
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import ItMW
from megawatt.hosting.storage import StorageHall

HALL = StorageHall(ItMW(2), capacity_tb=400_000, rented_fraction=0.9, usd_per_tb_month=1.55)


def test_the_month_is_rented_terabytes_times_price_to_the_cent() -> None:
    assert HALL.rent_usd() == Money.usd("558000.00")


def test_an_hour_of_the_month_of_743_hours_carries_one_743rd() -> None:
    march = TimeGrid.of_local_days(
        dt.date(2024, 3, 1), dt.date(2024, 4, 1), timezone="America/Chicago", step_minutes=60
    )

    assert HALL.rent_per_interval(march, "America/Chicago") == pytest.approx(np.full(743, 558_000 / 743))


def test_a_grid_of_part_of_a_month_carries_its_part() -> None:
    week = TimeGrid.of_local_days(dt.date(2024, 6, 27), dt.date(2024, 7, 4), timezone="UTC", step_minutes=60)

    assert HALL.rent_per_interval(week, "UTC").sum() == pytest.approx(558_000 * (4 / 30 + 3 / 31))


def test_a_negative_capacity_is_refused() -> None:
    with pytest.raises(InputError, match="capacity_tb"):
        StorageHall(ItMW(2), -1, 0.9, 1.55)
