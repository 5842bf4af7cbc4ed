"""A small mine, a bank of one made-up year, and scenarios set by hand."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np

from megawatt.core.dataset import Dataset
from megawatt.core.provenance import Provenance
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.invest.network_paths import NetworkPaths
from megawatt.invest.power_bank import PowerYear
from megawatt.invest.scenarios import Scenarios
from megawatt.invest.site_dispatch import SiteDispatch, plan_book
from megawatt.site.read import Site

MINE = """\
schema = "megawatt/site/1"
[site]
name = "mine"
zone = "ERCOT"
timezone = "America/Chicago"
load_settlement_point = "LZ_WEST"
meter_limit_mw = 50.0
loss_fraction = 0.0
interval_minutes = 60
price_adder_usd_per_mwh = 2.0
[pue]
mining_points = [[20.0, 1.0]]
[period]
start = 2024-01-01
end = 2024-02-01
[[fleet]]
name = "s21"
hashrate_th_s = 200.0
power_w = 3500.0
count = 10_000
pool_fee_fraction = 0.01
availability_fraction = 1.0
"""
"""35 MW of machines of 2,000 PH/s, of which the pool keeps 1 %."""

YEAR = 2023


def mine(more: str = "") -> Site:
    return Site.from_text(MINE + more)


def series(name: str, values: Floats, grid: TimeGrid, unit: Unit = Unit.USD_PER_MWH) -> Series:
    return Series(name, unit, grid, values, grid.ends, Provenance("made up"))


def bank_year(
    make: Callable[[int], Floats], name: str = "price_rt/LZ_WEST", *, year: int = YEAR, unit: Unit = Unit.USD_PER_MWH
) -> PowerYear:
    """A year whose hourly prices are made from their number."""
    grid = mine_grid(year)
    return PowerYear(year, Dataset([series(name, make(grid.n), grid, unit)]))


def mine_grid(year: int = YEAR) -> TimeGrid:
    start, end = (np.datetime64(f"{one}-01-01T06:00:00", "s") for one in (year, year + 1))
    return TimeGrid(start, 60, int((end - start) // np.timedelta64(3600, "s")))


def spiky(seed: int) -> Callable[[int], Floats]:
    """Prices around 40 USD/MWh with negative hours and spikes."""
    rng = np.random.default_rng(seed)
    return lambda n: rng.normal(40, 25, n) + (rng.random(n) < 0.03) * rng.exponential(600, n)


def scenarios(hashprice: Floats, level: Floats, year: np.ndarray | None = None, *, first: str = "2024-06") -> Scenarios:
    """Scenarios of given hashprice and level by path and month; all else is of no matter here."""
    one = np.ones_like(hashprice)
    rows = np.zeros(hashprice.shape, dtype=np.int64) if year is None else year
    network = NetworkPaths(hashprice, 50_000.0 * one, one, one)
    return Scenarios(first, network, one, rows, level, one, one, one > 0)


def drawn(seed: int, paths: int, months: int, years: int = 1) -> Scenarios:
    """Levels and hashprices as wide as those of ten years of simulated scenarios."""
    rng = np.random.default_rng(seed)
    hashprice = 45 * np.exp(rng.normal(-0.2, 0.6, (paths, months)))
    return scenarios(hashprice, np.exp(rng.normal(0, 0.35, (paths, months))), rng.integers(0, years, (paths, months)))


def site_operations(site: Site, bank: Sequence[PowerYear], scenarios: Scenarios, **options: Any) -> SiteDispatch:
    """Dispatch a site in every month of every scenario; options as of `plan_book`."""
    return SiteDispatch.of(plan_book(site, bank, scenarios, **options), scenarios)
