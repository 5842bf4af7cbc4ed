"""A bank of whole years of power prices, from which scenarios draw: real years, or years of the fitted model."""

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import TimeGrid
from megawatt.power.price_model import PriceModel

MODELLED_YEAR = 2023
"""Calendar of the years of the model."""


def month_means(series: Series, timezone: str) -> Floats:
    """Mean of each local calendar month of the one year that a price series covers, shape (12,).

    Raises:
        InputError: It is not one whole local year, or a value is missing.
    """
    index = series.grid.index(timezone)
    whole = (
        set(index.year) == {index[0].year}
        and index[0].month == index[0].day == index[-1].month - 11 == index[-1].day - 30
    )
    if not whole or not np.isfinite(series.values).all():
        raise InputError(
            f"{series.name!r} from {series.grid.start}Z to {series.grid.end}Z",
            f"a year of the bank is one whole year of {timezone} without a gap",
            "Cut the series to calendar years, and leave out those with gaps.",
        )
    months = np.asarray(index.month) - 1
    out: Floats = np.bincount(months, weights=series.values) / np.bincount(months)
    return out


def bank_of(years: Iterable[Series], timezone: str) -> Floats:
    """Mean prices of the months of several years, shape (years, 12)."""
    return np.array([month_means(one, timezone) for one in years])


@dataclass(frozen=True, slots=True)
class PowerYear:
    """A year of the bank with all that a site's dispatch needs of it: what `Scenarios.power_year` counts.

    Attributes:
        year: Local calendar year that its series are dated by.
        data: Prices at every point, services, temperature, system load: at least over that year.
    """

    year: int
    data: Dataset


def modelled_years(
    model: PriceModel, years: int, rng: np.random.Generator, *, step_minutes: int = 60
) -> tuple[PowerYear, ...]:
    """Years of the fitted model; everything made from them is modelled, not measured.

    The same generator gives the same prices at any step, so the means of a bank by the hour are those of its quarter hours.
    """
    grid = TimeGrid.of_local_days(
        dt.date(MODELLED_YEAR, 1, 1),
        dt.date(MODELLED_YEAR + 1, 1, 1),
        timezone=model.timezone,
        step_minutes=step_minutes,
    )
    return tuple(PowerYear(MODELLED_YEAR, model.simulate(grid, rng)) for _ in range(years))


def modelled_bank(model: PriceModel, years: int, rng: np.random.Generator, *, step_minutes: int = 60) -> Floats:
    """Mean prices of the months of years of the fitted model at its load zone, shape (years, 12)."""
    made = modelled_years(model, years, rng, step_minutes=step_minutes)
    return bank_of((one.data[f"price_rt/{model.zone}"] for one in made), model.timezone)
