"""The published windows of the coupled site: a list of parameters in ``windows.csv``, drawn once, before any tuning.

The site: 20 MW of firm load, 20 MW of batch work with a weekly duty, 100 MW of mining in K blocks of three classes with
an eco and a turbo mode, an import limit, an hourly reserve award, and a demand charge whose peak is free. A window names
where, when and how much of each; `problem` makes the `Problem` from it and the data folder. No market data stands here.

    python -m bench.windows SEED > FILE      draws a list; the published one is seed 20240101

Prices are real-time. The hub has them per 15 minutes; the other points are published here per hour, and get the hub's
deviation within that hour on top, so that their hourly means are real and their shape within the hour is borrowed.
"""

import csv
import hashlib
import io
import sys
from dataclasses import astuple, dataclass, fields
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from bench.instances import DATA
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.problem import (
    BatchJob,
    ElasticLoad,
    EnergyPosition,
    FirmLoad,
    InitialState,
    MachineClass,
    PeakCharge,
    Problem,
    Reserve,
)
from megawatt.sources.ercot import read_ercot_dataset

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

LIST = Path(__file__).with_name("windows.csv")
SHA256 = "4c838edcf5096c7048d723ca1007665128c226b86a1f12d339fc0c23b76d0445"
"""SHA-256 of the published list; a test compares."""

SEED = 20_240_101
SIZES = {1: 64, 2: 48, 7: 72, 30: 32}
"""Windows by length in days."""

POINTS = ("HB_HUBAVG", "LZ_WEST", "HB_WEST", "NBOHR_RN", "LZ_AEN", "LZ_LCRA", "LZ_RAYBN")
HUB = POINTS[0]
FILES = (
    "ercot_hubavg_rt_15min_2024.csv",
    "ercot_load_zones_rt_hourly_2024.csv",
    "ercot_hb_west_and_node_rt_hourly_2023H2_2024.csv",
    "ercot_hourly_as_generation_2024.csv",
    "ercot_native_load_hourly_2024.csv",
)

FIRM_MW, BATCH_MW, MINING_MW = 20.0, 20.0, 100.0
BLOCKS = {
    1: ((21.5, 1, 100.0),),
    4: ((30.0, 1, 25.0), (21.5, 1, 25.0), (17.5, 2, 25.0)),
    7: ((30.0, 2, 20.0), (21.5, 2, 15.0), (17.5, 3, 10.0)),
    16: ((30.0, 5, 6.25), (21.5, 5, 6.25), (17.5, 6, 6.25)),
}
"""Classes for each K: efficiency [J/TH], blocks, power of a block in turbo [MW]."""

ECO_POWER, ECO_EFFICIENCY = 0.7, 0.88
"""Eco mode: 70 % of the power at 12 % fewer joules per terahash."""

START_USD_PER_MW, STOP_USD_PER_MW, MIN_UP, MIN_DOWN = 5.0, 2.0, 4, 2
DEMAND_USD_PER_MW_MONTH, INCURRED_MW = 5_000.0, 100.0
COINCIDENT_USD_PER_MW = 60_000.0 / 4
"""Four coincident peaks share a yearly charge; each month's falls in one of its hours near the month's highest load."""

COINCIDENT_MONTHS, NEAR_PEAK = (5, 6, 7, 8), 0.99
CALL_USD_PER_MW_H = -0.5
"""Expected lost margin of a reserve that is called in 1 % of hours, at 50 USD/MWh."""

PER_DAY, PER_WEEK = 96, 7 * 96
MIDNIGHT = np.timedelta64(6, "h")
"""Days begin at 06:00 UTC, midnight in the market's standard time, on all days of the year."""


@dataclass(frozen=True, slots=True)
class Window:
    """One row of the list.

    Attributes:
        name: ``w001-7d-K4``.
        point: Settlement point.
        day: First day, ISO 8601.
        days: Length.
        blocks: K.
        hashprice: Hash price [USD/PH/day].
        limit_mw: Import limit.
        restart_usd: Cost of a start of a batch job.
        jobs: Batch jobs that share the 20 MW: 1, 2 or 3.
        products: Reserve products, joined by ``+``; two exclude each other in an hour. Empty for none.
        reserve_mw: Largest award.
        demand: ``prorated``: the month's charge by the share of its days; ``incurred``: the whole charge on what
            exceeds a peak of 100 MW that the month has already seen.
        extra: ``coincident``: peak charge as an adder; ``spread``: a fixed block of 60 MW resold at 3 USD/MWh less;
            ``capped``: 10 MW of power-capped work; ``cold``: machines off and batch on before the window. Or empty.
    """

    name: str
    point: str
    day: str
    days: int
    blocks: int
    hashprice: float
    limit_mw: float
    restart_usd: float
    jobs: int
    products: str
    reserve_mw: float
    demand: str
    extra: str

    @property
    def grid(self) -> TimeGrid:
        """Its intervals."""
        return TimeGrid(np.datetime64(self.day, "s") + MIDNIGHT, 15, self.days * PER_DAY)


def windows(text: str | None = None) -> list[Window]:
    """The published windows, or those of another list."""
    rows = list(csv.DictReader(io.StringIO(LIST.read_text() if text is None else text)))
    kinds = [(one.name, one.type) for one in fields(Window)]
    return [Window(**{name: kind(row[name]) for name, kind in kinds}) for row in rows]  # type: ignore[operator]


def window(name: str) -> Window:
    """The published window of a name."""
    return next(one for one in windows() if one.name == name)


def problem(w: Window) -> Problem:
    """The window as `megawatt` states it."""
    T, none = w.grid.n, np.zeros(w.grid.n)
    price = price_usd_per_mwh(w)
    return Problem(
        w.grid,
        price,
        none,
        _coincident(w) if w.extra == "coincident" else none,
        np.full(T, w.limit_mw),
        tuple(_machines(w)),
        (FirmLoad("firm", np.full(T, FIRM_MW), none),),
        tuple(_jobs(w)),
        (_capped(T),) if w.extra == "capped" else (),
        (EnergyPosition("block", 60.0, 40.0, price, "spread", 3.0),) if w.extra == "spread" else (),
        (_demand(w),),
        tuple(_reserves(w)),
        np.arange(T) // 4 if w.products else np.zeros(0, dtype=np.int64),
    )


@cache
def data() -> dict[str, Series]:
    """Every series of the files."""
    found = read_ercot_dataset(*(DATA / "power" / name for name in FILES))
    return {name: found[name] for name in found}


def price_usd_per_mwh(w: Window) -> Floats:
    """Real-time price at the point, shape (T,); missing where the source is."""
    hub = data()[f"price_rt/{HUB}"].on(w.grid).values
    if w.point == HUB:
        return np.asarray(hub)
    shape = hub - np.repeat(hub.reshape(-1, 4).mean(axis=1), 4)
    return np.asarray(data()[f"price_rt/{w.point}"].on(w.grid).values + shape)


def _machines(w: Window) -> list[MachineClass]:
    flat, out = np.ones(w.grid.n), []
    running = w.extra != "cold"
    for efficiency, blocks, mw in BLOCKS[w.blocks]:
        turbo = w.hashprice / 24 * 1000 / efficiency * mw  # USD/h
        eco = turbo * ECO_POWER / ECO_EFFICIENCY
        power = np.array([ECO_POWER * mw * flat, mw * flat])
        revenue = np.array([eco * flat, turbo * flat])
        costs = START_USD_PER_MW * mw, STOP_USD_PER_MW * mw
        state = InitialState() if running else InitialState(on=False, steps=1)
        name, ramp = f"{efficiency} J/TH", np.zeros(0)
        out.append(MachineClass(name, blocks, power, revenue, *costs, MIN_UP, MIN_DOWN, ramp, state))
    return out


def _jobs(w: Window) -> list[BatchJob]:
    """Half of the batch power or more has a week's duty of 60 %; the rest shorter windows and least runs."""
    shapes = {
        1: ((1.0, 7, 0.6, 1),),
        2: ((0.5, 7, 0.6, 1), (0.5, 1, 0.5, 4)),
        3: ((0.5, 7, 0.6, 1), (0.25, 1, 0.5, 4), (0.25, 2, 0.7, 8)),
    }
    T, out = w.grid.n, []
    for share, days, duty, least in shapes[w.jobs]:
        number = np.arange(T) // (days * PER_DAY)
        need = np.rint(duty * np.bincount(number)).astype(np.int64)
        mw, fee = np.full(T, share * BATCH_MW), np.zeros(T)
        name, restart = f"{days} d", share * w.restart_usd
        out.append(BatchJob(name, mw, fee, number, need, restart, least, initial_on=w.extra == "cold"))
    return out


def _capped(T: int) -> ElasticLoad:
    """Throughput falls faster than power below the nameplate: the first megawatts are worth the most."""
    width, reward = np.array([4.0, 3.0, 3.0]), np.array([120.0, 60.0, 35.0])
    flat, none = np.ones((3, T)), np.zeros(T)
    return ElasticLoad("capped", none, none, width[:, None] * flat, reward[:, None] * flat)


def _demand(w: Window) -> PeakCharge:
    day = (w.grid.starts - MIDNIGHT).astype("datetime64[D]")
    months, number = np.unique(day.astype("datetime64[M]"), return_inverse=True)
    length = ((months + 1).astype("datetime64[D]") - months.astype("datetime64[D]")).astype(np.float64)
    share = np.bincount(number) / PER_DAY / length
    floor = np.zeros(len(months))
    if w.demand == "incurred":  # only the month that has begun has seen a peak
        share, floor[0] = np.ones(len(months)), INCURRED_MW
    everywhere = np.ones(w.grid.n, dtype=np.bool_)
    return PeakCharge("demand", DEMAND_USD_PER_MW_MONTH * share, number.astype(np.int64), everywhere, floor)


def _coincident(w: Window) -> Floats:
    """Charge per MWh in the hours that may turn out to be the month's peak, each as likely as the others, shape (T,)."""
    load = data()["load/ERCOT"]
    hours = (load.grid.starts - MIDNIGHT).astype("datetime64[M]")
    mine = np.asarray(load.on(w.grid).values)
    here = (w.grid.starts - MIDNIGHT).astype("datetime64[M]")
    out = np.zeros(w.grid.n)
    for month in np.unique(here):
        level = NEAR_PEAK * np.nanmax(load.values[hours == month])
        near = int((load.values[hours == month] >= level).sum())
        out[(here == month) & (mine >= level)] = COINCIDENT_USD_PER_MW / near
    return out


def _reserves(w: Window) -> list[Reserve]:
    out = []
    products = [one for one in w.products.split("+") if one]
    for product in products:
        hourly = data()[f"as/{product}"].on(w.grid).values[::4]
        others = tuple(one for one in products if one != product)
        call = np.full(len(hourly), CALL_USD_PER_MW_H)
        out.append(Reserve(product, hourly, call, w.reserve_mw, excludes=others))
    return out


def draw(seed: int) -> list[Window]:
    """A list like the published one: lengths and K in turn through the months, the rest at random."""
    rng, out = np.random.default_rng(seed), list[Window]()
    for days, number in SIZES.items():
        for i in range(number):
            blocks = tuple(BLOCKS)[(i + i // 12) % 4]
            out.append(_draw_one(rng, f"w{len(out) + 1:03d}", days, blocks, i % 12))
    return out


def _draw_one(rng: np.random.Generator, name: str, days: int, blocks: int, month: int) -> Window:
    """Draw until every figure is there: a gap at the source is not filled."""
    for _ in range(1000):
        w = _candidate(rng, name, days, blocks, month)
        if w and _complete(w):
            return w
    message = f"no complete window of {days} days in month {month + 1}"
    raise RuntimeError(message)


def _candidate(rng: np.random.Generator, name: str, days: int, blocks: int, month: int) -> Window | None:
    first = np.datetime64("2024-01", "M") + month
    last = (first + 1).astype("datetime64[D]")
    # one in six of the short ones begins on the last day of its month, so that it sees two
    crossing = 1 < days < 30 and rng.random() < 1 / 6
    summer = month in COINCIDENT_MONTHS and rng.random() < 1 / 2
    start = rng.choice(_near_peak_days(first)) if summer else first.astype("datetime64[D]") + int(rng.integers(0, 28))
    day = last - 1 if crossing else start
    if day + days > np.datetime64("2024-12-31"):
        day = np.datetime64("2024-12-31") - days
    limits = (125.0, 115.0, 105.0, 135.0, 95.0, 85.0, 70.0)
    limit = float(rng.choice(limits, p=(0.4, 0.15, 0.1, 0.1, 0.1, 0.08, 0.07)))
    extra = str(rng.choice(("", "spread", "capped", "cold"), p=(0.76, 0.08, 0.08, 0.08)))
    products = str(rng.choice(("rrs", "nspin", "ecrs", "rrs+ecrs", ""), p=(0.4, 0.15, 0.15, 0.15, 0.15)))
    w = Window(
        f"{name}-{days}d-K{blocks}",
        str(rng.choice(POINTS, p=(0.4, 0.2, 0.12, 0.1, 0.06, 0.06, 0.06))),
        str(day),
        days,
        blocks,
        float(rng.choice((45.0, 30.0, 60.0), p=(0.7, 0.15, 0.15))),
        limit,
        float(rng.choice((2000.0, 500.0, 10000.0), p=(0.6, 0.2, 0.2))),
        int(rng.choice((1, 2, 3), p=(0.7, 0.2, 0.1))),
        products,
        float(rng.choice((50.0, 25.0, 80.0), p=(0.6, 0.2, 0.2))) if products else 0.0,
        str(rng.choice(("prorated", "incurred"), p=(0.85, 0.15))),
        "coincident" if summer and not crossing else extra,
    )
    idle = (blocks == 1 and limit < 95) or (w.demand == "incurred" and limit <= INCURRED_MW)
    return None if idle else w


def _near_peak_days(month: np.datetime64) -> NDArray[np.datetime64]:
    """Days of the month with an hour near its highest load."""
    load = data()["load/ERCOT"]
    local = load.grid.starts - MIDNIGHT
    inside = local.astype("datetime64[M]") == month
    near = load.values >= NEAR_PEAK * np.nanmax(load.values[inside])
    return np.unique(local[inside & near].astype("datetime64[D]"))


def _complete(w: Window) -> bool:
    rows = [price_usd_per_mwh(w), *(one.price_usd_per_mw_h for one in _reserves(w))]
    return all(np.isfinite(row).all() for row in rows)


def to_csv(rows: list[Window]) -> str:
    """The list as text; `windows` reads it."""
    out = io.StringIO()
    writer = csv.writer(out, lineterminator="\n")
    writer.writerow([one.name for one in fields(Window)])
    writer.writerows(astuple(row) for row in rows)
    return out.getvalue()


def sha256() -> str:
    """Hash of the list as it stands."""
    return hashlib.sha256(LIST.read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.stdout.write(to_csv(draw(int(sys.argv[1]) if len(sys.argv) > 1 else SEED)))
