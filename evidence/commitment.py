"""Bars of what is committed before the day-ahead auction: reserve offers and energy bought ahead, 1 MW at the hub, 2024.

Everything that was chosen was chosen on January to June; July to December is run once per release. `docs/commitments.md`
lists the runs.
"""

import datetime as dt
from dataclasses import dataclass, replace
from functools import lru_cache

import numpy as np

from evidence.bar import Bar, Figure
from evidence.year_2024 import DATA, HUB_FILE, needs_data
from megawatt.core.dataset import Dataset
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.commitment import stand_by_cost_usd_per_mw_h
from megawatt.forecast.guard import guard_by_day
from megawatt.forecast.next_day import WEEK, Mornings, mean_of_last, next_day_mean
from megawatt.forecast.score import block_interval
from megawatt.sources.ercot import MARKET_ZONE, read_ercot, read_ercot_dataset

BREAK_EVENS_USD = (40.0, 60.0, 87.2)
CALLS = {"as/rrs": 0.005, "as/ecrs": 0.02, "as/nspin": 0.01}
"""Share of the award that is called off: assumptions."""
SECOND_HALF = np.datetime64("2024-07-01T05:00", "s")


@dataclass(frozen=True, slots=True)
class Walk:
    """What 1 MW gained by hour under each rule, over never committing.

    Attributes:
        gain: USD per MW in each hour by rule, each of shape (n,).
        stood_in: Days on which the guard had the simple rule answer, in the second half.
    """

    gain: dict[str, Floats]
    stood_in: int


@lru_cache
def market() -> tuple[Dataset, Series]:
    """Day-ahead energy, awards and load forecast by the hour; the hub's real-time price by the quarter hour."""
    names = (
        "ercot_hourly_da_rt_2024.csv",
        "ercot_hourly_as_generation_2024.csv",
        "ercot_hubavg_da_hourly_loadfc_temp_2024.csv",
    )
    return read_ercot_dataset(*(DATA / "power" / name for name in names)), read_ercot(DATA / "power" / HUB_FILE)[0]


def walk(gain: Series, drivers: tuple[Series, ...]) -> Walk:
    """Every rule on one quantity that is committed at any price or not at all, hour by hour."""
    mornings = Mornings.of(gain.grid, timezone=MARKET_ZONE, at=dt.time(10))
    settled = np.nan_to_num(gain.values)
    expected = next_day_mean(mornings, gain, drivers, market()[0]["load_forecast/ERCOT"])
    week = np.nan_to_num(mean_of_last(mornings.past(gain), WEEK), nan=-1.0) > 0
    ours = np.nan_to_num(expected, nan=-1.0) > 0
    excess = gain.values * (week.astype(np.float64) - ours)
    _, _, taken = guard_by_day(mornings.issued, mornings.day, gain.known_at, excess)
    later = gain.grid.starts >= SECOND_HALF
    return Walk(
        {
            "whole": settled,
            "last week": settled * week,
            "forecast": settled * np.where(taken, week, ours),
            "every price known": np.maximum(settled, 0.0),
        },
        len(np.unique(mornings.day[taken & later])),
    )


@lru_cache
def reserve(product: str, break_even_usd_per_mwh: float) -> Walk:
    """1 MW that reacts to the last price and may stand by in one product."""
    data, hub = market()
    award = data[product]
    grid = award.grid
    price = hub.on(TimeGrid(grid.start, hub.grid.step_minutes, grid.n * 4))
    runs = (price.last_known(price.grid.starts) <= break_even_usd_per_mwh).reshape(-1, 4)
    cost = stand_by_cost_usd_per_mw_h(break_even_usd_per_mwh - price.values.reshape(-1, 4), runs, CALLS[product])
    known_at = np.maximum(award.known_at, hub.on(grid).known_at)
    gain = replace(award, name=f"gain/{product}", values=award.values - cost, known_at=known_at)
    return walk(gain, (award, data["price_da/HB_HUBAVG"]))


@lru_cache
def energy() -> Walk:
    """1 MW bought ahead at the hub and settled against real time."""
    data, hub = market()
    ahead = data["price_da/HB_HUBAVG"]
    now = hub.on(ahead.grid)
    known_at = np.maximum(ahead.known_at, now.known_at)
    gain = replace(ahead, name="gain/energy", values=now.values - ahead.values, known_at=known_at)
    return walk(gain, (ahead, data["as/rrs"]))


def compared(found: Walk, simple: tuple[str, ...]) -> tuple[str, float, float, float, float]:
    """The best simple rule of the second half, what the forecast gained over it with its 90 % interval, and its total."""
    grid = market()[0]["as/rrs"].grid
    later = grid.starts >= SECOND_HALF
    total = {name: float(one[later].sum()) for name, one in found.gain.items()} | {"never": 0.0}
    best = max(simple, key=lambda name: total[name])
    twin = found.gain.get(best, np.zeros(grid.n))
    day = np.asarray(grid.index(MARKET_ZONE).dayofyear)[later]
    low, high = block_interval(np.bincount(day - day[0], (found.gain["forecast"] - twin)[later]).astype(np.float64))
    return best, total["forecast"] - total[best], low, high, total["forecast"]


@needs_data
def reserve_offers() -> Figure:
    """Gain over the best simple rule in hindsight of the same half-year: never, the whole always, by last week's means."""
    texts: list[str] = []
    numbers: dict[str, float | int | str] = {}
    gained = 0.0
    for product in CALLS:
        for limit in BREAK_EVENS_USD:
            found = reserve(product, limit)
            best, more, low, high, total = compared(found, ("never", "whole", "last week"))
            gained += more
            texts.append(
                f"{product[3:]} at {limit:g}: {total:,.0f}, {more:+,.0f} ({low:+,.0f} to {high:+,.0f}) over {best}"
            )
            later = market()[0]["as/rrs"].grid.starts >= SECOND_HALF
            numbers |= {f"{product}/{limit:g}/{n}": round(float(one[later].sum())) for n, one in found.gain.items()}
            numbers |= {f"{product}/{limit:g}/stood_in_days": found.stood_in, f"{product}/{limit:g}/low": round(low)}
    text = "USD per MW and half-year: " + "; ".join(texts)
    return Figure(text, gained > 0, numbers)


@needs_data
def energy_ahead() -> Figure:
    """Energy bought ahead within 0 and the consumption, over never committing."""
    found = energy()
    best, more, low, high, total = compared(found, ("never", "whole", "last week"))
    later = market()[0]["as/rrs"].grid.starts >= SECOND_HALF
    numbers: dict[str, float | int | str] = {n: round(float(one[later].sum())) for n, one in found.gain.items()}
    numbers["stood_in_days"] = found.stood_in
    text = f"{total:,.0f} USD per MW and half-year, {more:+,.0f} ({low:+,.0f} to {high:+,.0f}) over {best}"
    return Figure(text, total >= 0, numbers)


COVERS = (
    "src/megawatt/dispatch/commitment.py",
    "src/megawatt/forecast/next_day.py",
    "src/megawatt/forecast/guard.py",
)
BARS = (
    Bar(
        "commitment-reserve-offers",
        "1 MW offered in reserve before the auction, ERCOT July to December 2024: gain over the best simple rule of the same half-year, three products and three break-evens",
        "above zero in sum",
        COVERS,
        reserve_offers,
    ),
    Bar(
        "commitment-energy-ahead",
        "1 MW of energy bought ahead or not, ERCOT hub July to December 2024: gain over the best simple rule, never among them",
        "not below never committing",
        COVERS,
        energy_ahead,
    ),
)
