"""A made market: load with a week in it, wind, and a price that bends with scarcity."""

import datetime as dt

import numpy as np
from scipy.stats import norm

from megawatt.core.dataset import Dataset
from megawatt.core.known import on_day_before
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.forecast.model import PERCENTILES, Floats, Forecast, Issues

FIRST = dt.date(2023, 1, 2)
TARGET, LOAD, WIND = "price_da/X", "load_forecast/X", "wind_forecast/X"
OTHERS = (LOAD, WIND)
DAYS = 60
"""Days of a made forecast."""


def market(days: int, *, zone: str = "UTC", step_minutes: int = 60, seed: int = 1, noise: float = 2.0) -> Dataset:
    """Price at 13:00 and forecasts at 10:00 of the day before."""
    rng = np.random.default_rng(seed)
    grid = TimeGrid.of_local_days(FIRST, FIRST + dt.timedelta(days=days), timezone=zone, step_minutes=step_minutes)
    local = grid.index(zone)
    hour = np.asarray(local.hour + local.minute / 60)
    load = 50 + 10 * np.sin((hour - 8) / 24 * 2 * np.pi) - 6 * (np.asarray(local.day_of_week) >= 5)
    load = load + np.repeat(rng.normal(0, 2, grid.n // 12 + 1), 12)[: grid.n]
    wind = np.repeat(rng.gamma(2, 5, grid.n // 6 + 1), 6)[: grid.n]
    net = load - wind
    price = net + 0.02 * np.maximum(net - 45, 0) ** 2 + rng.normal(0, noise, grid.n)
    source = Provenance("made", modelled=True)
    known = {at: on_day_before(grid, timezone=zone, at=dt.time(at)) for at in (10, 13)}
    return Dataset(
        [
            Series(TARGET, Unit.EUR_PER_MWH, grid, price, known[13], source),
            Series(LOAD, Unit.MW, grid, load, known[10], source),
            Series(WIND, Unit.MW, grid, wind, known[10], source),
        ]
    )


def forecast_with_errors(data: Dataset, ours: Floats, naive: Floats) -> Forecast:
    """A forecast that misses by ``ours`` on each day, its twin by ``naive``."""
    issues = Issues.day_ahead(FIRST + dt.timedelta(days=8), windows=DAYS, timezone="UTC", at=dt.time(12))
    series: Series = data[TARGET]
    actual = issues.read(series)
    quantiles = actual[..., None] + ours[:, None, None] + norm.ppf(PERCENTILES)
    twin = actual + naive[:, None]
    return Forecast("made", "1", TARGET, series.unit, issues, PERCENTILES, quantiles, twin, ("",) * DAYS)
