"""Small site texts and flat series, so that every figure of a case can be worked out by hand."""

import datetime as dt
from collections.abc import Sequence

import numpy as np
from numpy.typing import ArrayLike

from megawatt.core.dataset import Dataset
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import Unit
from megawatt.dispatch.case import Case, case_of
from megawatt.site.read import Site

HEAD = """\
schema = "megawatt/site/1"
[site]
name = "test"
zone = "{zone}"
timezone = "{timezone}"
load_settlement_point = "LZ"
meter_limit_mw = {limit}
loss_fraction = {loss}
interval_minutes = {minutes}
price_adder_usd_per_mwh = {adder}
[period]
start = {start}
end = {end}
[pue]
mining_points = {pue}
hall_points = [[20.0, 1.25]]
"""

FLEET = """\
[[fleet]]
name = "{name}"
hashrate_th_s = 200.0
power_w = 4000.0
count = {count}
blocks = {blocks}
availability_fraction = 1.0
pool_fee_fraction = 0.0
minutes_to_full_hashrate = 0.0
{more}
"""
"""10,000 machines at 4 kW: 40 MW and 2,000 PH/s, 20 J/TH."""

UNITS = {
    "price_rt": Unit.USD_PER_MWH,
    "price_da": Unit.USD_PER_MWH,
    "temperature": Unit.CELSIUS,
    "as": Unit.USD_PER_MW_H,
    "gpu": Unit.USD_PER_GPU_H,
    "load": Unit.MW,
    "btc/price": Unit.USD_PER_BTC,
    "btc/difficulty": Unit.DIFFICULTY,
    "btc/subsidy": Unit.BTC_PER_BLOCK,
    "btc/fees": Unit.BTC_PER_BLOCK,
}

DIFFICULTY = 1e15 * 86_400 / 2**32 / 6.25e-4
"""At this difficulty a PH/s finds 6.25e-4 blocks a day: at 3.125 + 0.875 BTC and 20,000 USD it earns 50 USD a day."""
HASHPRICE = 50.0
SUBSIDY_ONLY = 50.0 * 3.125 / 4.0


def head(**changes: object) -> str:
    usual: dict[str, object] = {
        "zone": "ERCOT",
        "timezone": "America/Chicago",
        "limit": 100.0,
        "loss": 0.0,
        "minutes": 60,
        "adder": 0.0,
        "start": dt.date(2024, 7, 1),
        "end": dt.date(2024, 7, 2),
        "pue": "[[20.0, 1.0]]",
    }
    return HEAD.format(**(usual | changes))


def fleet(name: str = "s", count: int = 10_000, blocks: int = 1, more: str = "") -> str:
    return FLEET.format(name=name, count=count, blocks=blocks, more=more)


def site(*parts: str, **changes: object) -> Site:
    return Site.from_text(head(**changes) + "".join(parts))


def series(name: str, grid: TimeGrid, values: ArrayLike, known_after_minutes: int | None = None) -> Series:
    """A series whose values are known at the end of their interval, or so many minutes after its start."""
    unit = UNITS.get(name) or UNITS[name.split("/", maxsplit=1)[0]]
    known = grid.ends if known_after_minutes is None else grid.starts + np.timedelta64(known_after_minutes * 60, "s")
    return Series(
        name, unit, grid, np.broadcast_to(np.asarray(values, dtype=float), (grid.n,)), known, Provenance("test")
    )


def network(grid: TimeGrid) -> list[Series]:
    """A network that pays 50 USD/PH/day, known long before the period."""
    day = np.timedelta64(86_400, "s")
    wide = TimeGrid(grid.start - 2 * day, 60, int((grid.end - grid.start + 2 * day) // np.timedelta64(3600, "s")))
    flat = {"price": 20_000.0, "difficulty": DIFFICULTY, "subsidy": 3.125, "fees": 0.875}
    return [series(f"btc/{name}", wide, value) for name, value in flat.items()]


def data(one: Site, price: ArrayLike, *more: Series) -> Dataset:
    grid = one.grid()
    return Dataset([series("price_rt/LZ", grid, price), *network(grid), *more])


def case(one: Site, price: ArrayLike = 40.0, more: Sequence[Series] = ()) -> Case:
    return case_of(one, data(one, price, *more))
