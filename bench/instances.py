"""The instances that every peer is given: a mine of 100 MW in K blocks, a price series, and what a switch costs.

Nothing ties the blocks together, so the whole is exactly the problem for which `megawatt` has its own recursion. All
peers start from the arrays of `Instance`; what they make of them is their formulation.
"""

import os
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from megawatt.app.data import reference_power
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.problem import MachineClass, Problem
from megawatt.sources.ercot import read_ercot

Floats = NDArray[np.float64]

ROOT = Path(__file__).resolve().parents[1]
DATA = Path(os.environ.get("MEGAWATT_DATA", ROOT.parent / "shared" / "data"))
REAL = DATA / "power" / "ercot_hubavg_rt_15min_2024.csv"
START = np.datetime64("2024-01-01T06:00:00", "s")  # local midnight in Texas

SITE_MW = 100.0
HASHPRICE_USD_PER_PH_DAY = 45.0
START_USD_PER_MW, STOP_USD_PER_MW = 5.0, 2.0
MIN_UP_MINUTES, MIN_DOWN_MINUTES = 60, 30
BLOCKS = {1: {21.5: 1}, 4: {30.0: 1, 21.5: 1, 17.5: 2}, 16: {30.0: 5, 21.5: 5, 17.5: 6}}
"""Blocks by efficiency [J/TH] for each K."""

NOISE_SEED, NOISE_SHARE = 20_240_101, 0.02
"""5-minute prices are the 15-minute price times 1 + 2 % of a normal draw: ratios of times hold, money does not."""


@dataclass(frozen=True, slots=True)
class Class:
    """Equal blocks: their number, margin per interval of one block that runs [USD], and costs of one switch [USD]."""

    efficiency_j_per_th: float
    blocks: int
    block_mw: float
    revenue_usd_per_h: float
    margin_usd: Floats
    start_usd: float
    stop_usd: float


@dataclass(frozen=True, slots=True)
class Instance:
    """One size: days, interval and number of blocks."""

    days: int
    minutes: int
    blocks: int

    @property
    def name(self) -> str:
        """``30d-15min-K16``."""
        return f"{self.days}d-{self.minutes}min-K{self.blocks}"

    @property
    def T(self) -> int:  # noqa: N802  # the symbol of the mathematics
        """Number of intervals."""
        return self.days * 1440 // self.minutes

    @property
    def min_up(self) -> int:
        """Least intervals on."""
        return MIN_UP_MINUTES // self.minutes

    @property
    def min_down(self) -> int:
        """Least intervals off."""
        return MIN_DOWN_MINUTES // self.minutes

    @property
    def price_usd_per_mwh(self) -> Floats:
        """Prices, shape (T,)."""
        quarters, _ = prices()
        held = np.repeat(quarters, 15 // self.minutes)[: self.T]
        if self.minutes == 15:
            return held
        noise = np.random.default_rng(NOISE_SEED).standard_normal(self.T)
        return np.asarray(held * (1 + NOISE_SHARE * noise), dtype=np.float64)

    def classes(self) -> list[Class]:
        """The classes with their margins."""
        price, hours, block_mw = self.price_usd_per_mwh, self.minutes / 60, SITE_MW / self.blocks
        out = []
        for efficiency, n in BLOCKS[self.blocks].items():
            revenue = HASHPRICE_USD_PER_PH_DAY / 24 * 1000 / efficiency * block_mw  # USD/h
            margin = hours * (revenue - block_mw * price)
            costs = START_USD_PER_MW * block_mw, STOP_USD_PER_MW * block_mw
            out.append(Class(efficiency, n, block_mw, revenue, margin, *costs))
        return out

    def problem(self) -> Problem:
        """The instance as `megawatt` states it."""
        flat = np.ones((1, self.T))
        machines = tuple(
            MachineClass(
                f"{c.efficiency_j_per_th} J/TH", c.blocks, c.block_mw * flat, c.revenue_usd_per_h * flat,
                c.start_usd, c.stop_usd, self.min_up, self.min_down,
            )
            for c in self.classes()
        )  # fmt: skip
        grid, none = TimeGrid(START, self.minutes, self.T), np.zeros(self.T)
        return Problem(grid, self.price_usd_per_mwh, none, none, np.full(self.T, 2 * SITE_MW), machines)


@cache
def prices() -> tuple[Floats, str]:
    """A year of 15-minute prices, shape (35040,), and what they are."""
    year = TimeGrid(START, 15, 365 * 96)
    if REAL.is_file():
        hub = next(series for series in read_ercot(REAL) if series.name == "price_rt/HB_HUBAVG")
        return hub.on(year).values, "ERCOT HB_HUBAVG real-time 2024, 15 min (hub, not a price a load pays)"
    return reference_power(year)["price_rt/LZ_WEST"].on(year).values, "shipped price model, LZ_WEST, 15 min (modelled)"


WARM_UP = Instance(1, 15, 4)
SMALL = tuple(Instance(*size) for size in ((7, 15, 4), (30, 15, 16), (365, 15, 16)))
FULL = tuple(Instance(days, 15, k) for days in (7, 30, 365) for k in BLOCKS) + tuple(
    Instance(365, 5, k) for k in BLOCKS
)

YEARS = tuple(Instance(365, 15, k) for k in BLOCKS if k > 1)
"""Where the block model differs from that of counts."""


def instance(name: str) -> Instance:
    """The instance of a name."""
    days, minutes, blocks = name.split("-")
    return Instance(int(days.removesuffix("d")), int(minutes.removesuffix("min")), int(blocks.removeprefix("K")))
