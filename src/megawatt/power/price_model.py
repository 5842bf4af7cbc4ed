"""A model of West Texas power prices: a year of any seed with the character of the year it was fitted to.

What is shipped are fitted parameters, not prices; everything made from them is labelled ``modelled``.

    latent scores       F  = slow + fast AR(1) parts, hourly, standard normal: what the market foresees
                        Z  = r F + sqrt(1 - r^2) U, U an AR(1): what happens
    day-ahead price     D[h] = Q_da(season, local hour; F)
    real-time, hourly   R[h] = Q_rt(season, local hour; Z)
    within the hour     R[h] + (|R| + 10) x (e - mean e) + ramp x lean to the neighbours, e = Q_w(range of R; W)
    hub                 price less the basis B = Q_b(season, range of the zone's price; V)
    ancillary services  Q_k(range of the hub's day-ahead price; G_k): scarcity in energy is scarcity in reserves
    temperature         harmonics of year and day + AR(1)

Q are quantile tables (`QuantileTable`), so season, hour, spikes, negative hours and the premium of day-ahead over
real time come from the marginal distributions, and mean reversion and persistence from the latent scores. Real time
is correlated with the foreseen part only through F: the day-ahead price is a rising function of what was foreseeable,
and its premium is the difference of the two tables' means.

Years are made one by one, each from its own stream, so that a week taken alone equals the same week of its year.
"""

import datetime as dt
import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.known import after_end, on_day_before
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid, Times
from megawatt.core.units import Unit
from megawatt.power.quantile_table import QuantileTable

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

SCHEMA = "megawatt/price-model/1"
SCALE_OFFSET = 10.0
"""Added to the price that scales the movement within an hour, so that a price of zero moves too [USD/MWh]."""

DAY_AHEAD_RESULTS = dt.time(13, 30)
SERVICES = ("regup", "regdn", "rrs", "nspin", "ecrs")


@dataclass(frozen=True, slots=True)
class Persistence:
    """A standard normal process with memory: the sum of a slow and a fast AR(1).

    Attributes:
        slow_hours: Time in which the slow part forgets (to 1/e) [h].
        fast_hours: Same for the fast part [h].
        slow_share: Share of the variance in the slow part, 0 to 1.
    """

    slow_hours: float
    fast_hours: float
    slow_share: float

    def sample(self, n: int, step_hours: float, rng: np.random.Generator) -> Floats:
        """``n`` scores, ``step_hours`` apart, stationary from the first on."""
        slow = _ar1(n, np.exp(-step_hours / self.slow_hours), rng)
        fast = _ar1(n, np.exp(-step_hours / self.fast_hours), rng)
        scores: Floats = np.sqrt(self.slow_share) * slow + np.sqrt(1 - self.slow_share) * fast
        return scores

    def autocorrelation(self, lag_hours: Floats) -> Floats:
        """Autocorrelation of the scores at each lag."""
        slow = self.slow_share * np.exp(-lag_hours / self.slow_hours)
        total: Floats = slow + (1 - self.slow_share) * np.exp(-lag_hours / self.fast_hours)
        return total


@dataclass(frozen=True, slots=True)
class Temperature:
    """Harmonics of the year and of the day, and what is left as an AR(1).

    Attributes:
        coefficients: Shape (15,) [°C]: the product of 1, cos, sin of the year (and twice a year) and 1, cos, sin of the
            local day, in the order of `harmonics`.
        spread_c: Standard deviation of what is left [°C].
        memory_hours: Time in which it forgets [h].
    """

    coefficients: Floats
    spread_c: float
    memory_hours: float


@dataclass(frozen=True, slots=True)
class PriceModel:
    """The fitted model; `from_dict` reads the parameters that the package ships.

    Attributes:
        zone: Load zone whose price is modelled, ``"LZ_WEST"``.
        hub: Hub beside it, ``"HB_WEST"``.
        timezone: IANA zone of the market.
        source: What the parameters were fitted to, and when.
        sha256: Hash of the parameters.
        day_ahead, real_time: Tables by season and local hour [USD/MWh].
        basis_da, basis_rt: Zone less hub, by season and range of the zone's price [USD/MWh].
        services: Day-ahead ancillary prices by range of the hub's day-ahead price [USD/MW per h].
        within_hour: Movement within the hour over (price + offset), by range of the hourly price.
        persistence: Memory of ``foreseen``, ``surprise``, ``basis``, ``service`` (common) and ``service_own``.
        foreseen_loading: r, correlation of the scores of day-ahead and real-time prices.
        service_common: Share of the services' variance that all have in common.
        within_hour_memory: Memory of the movement from one quarter hour to the next, 0 to 1.
        ramp: Share of the lean towards the neighbouring hours that shows within the hour.
        temperature: System temperature.
    """

    zone: str
    hub: str
    timezone: str
    source: str
    sha256: str
    day_ahead: QuantileTable
    real_time: QuantileTable
    basis_da: QuantileTable
    basis_rt: QuantileTable
    services: Mapping[str, QuantileTable]
    within_hour: QuantileTable
    persistence: Mapping[str, Persistence]
    foreseen_loading: float
    service_common: float
    within_hour_memory: float
    ramp: float
    temperature: Temperature

    @classmethod
    def from_dict(cls, data: Mapping[str, Any]) -> "PriceModel":
        """Build the model from its parameters.

        Raises:
            InputError: The parameters have another schema.
        """
        if data.get("schema") != SCHEMA:
            raise InputError(
                f"parameters of schema {data.get('schema')!r}",
                f"this version reads {SCHEMA!r}",
                "Fit the model again with scripts/fit_price_model.py.",
            )
        levels, tables, memory = data["levels"], data["tables"], data["memory"]
        canonical = json.dumps(data, sort_keys=True, separators=(",", ":")).encode()
        return cls(
            zone=data["zone"],
            hub=data["hub"],
            timezone=data["timezone"],
            source=data["source"],
            sha256=hashlib.sha256(canonical).hexdigest(),
            day_ahead=QuantileTable.from_dict(tables["day_ahead"], levels),
            real_time=QuantileTable.from_dict(tables["real_time"], levels),
            basis_da=QuantileTable.from_dict(tables["basis_da"], levels),
            basis_rt=QuantileTable.from_dict(tables["basis_rt"], levels),
            services={k: QuantileTable.from_dict(tables[f"as_{k}"], levels) for k in SERVICES},
            within_hour=QuantileTable.from_dict(tables["within_hour"], levels),
            persistence={k: Persistence(**v) for k, v in memory["persistence"].items()},
            foreseen_loading=memory["foreseen_loading"],
            service_common=memory["service_common"],
            within_hour_memory=memory["within_hour_memory"],
            ramp=memory["ramp"],
            temperature=Temperature(
                np.asarray(data["temperature"]["coefficients"], dtype=np.float64),
                data["temperature"]["spread_c"],
                data["temperature"]["memory_hours"],
            ),
        )

    def simulate(self, grid: TimeGrid, rng: np.random.Generator) -> Dataset:
        """Prices, ancillary services and temperature over ``grid``, one series each.

        Args:
            grid: Any period; real-time prices are made in 15 minutes, the rest by the hour, then put on ``grid``.
            rng: One draw is taken from it; the same state gives the same values, and any part of a year equals that
                part of the whole year.

        Returns:
            price_rt and price_da at zone and hub, as/regup ... as/ecrs, temperature/ERCOT; ``known_at`` by the rules
            that hold for real data; provenance ``modelled``.
        """
        key = int(rng.integers(2**62))
        first = int(str(grid.start)[:4])
        last = int(str(grid.end - np.timedelta64(1, "s"))[:4])
        years = [self._year(year, np.random.default_rng([key, year])) for year in range(first, last + 1)]
        start = np.datetime64(f"{first}-01-01T00:00:00", "s")
        series = []
        for name in years[0]:
            values = np.concatenate([year[name] for year in years])
            step = 15 if name.startswith("price_rt") else 60
            series.append(self._series(name, TimeGrid(start, step, len(values)), values).on(grid))
        return Dataset(series)

    def _series(self, name: str, grid: TimeGrid, values: Floats) -> Series:
        kind = name.partition("/")[0]
        unit = {"as": Unit.USD_PER_MW_H, "temperature": Unit.CELSIUS}.get(kind, Unit.USD_PER_MWH)
        provenance = Provenance(
            f"megawatt price model, {self.source}", licence="Apache-2.0", sha256=self.sha256, modelled=True
        )
        return Series(name, unit, grid, values, self._known_at(kind, grid), provenance)

    def _known_at(self, kind: str, grid: TimeGrid) -> Times:
        if kind in {"price_da", "as"}:
            return on_day_before(grid, timezone=self.timezone, at=DAY_AHEAD_RESULTS)
        return after_end(grid, minutes=60 if kind == "temperature" else 0)

    def _year(self, year: int, rng: np.random.Generator) -> dict[str, Floats]:
        """Every series of one UTC year, real-time prices by the quarter hour."""
        n = 24 * (366 if np.datetime64(f"{year + 1}-01-01") - np.datetime64(f"{year}-01-01") == 366 else 365)
        grid = TimeGrid(np.datetime64(f"{year}-01-01T00:00:00", "s"), 60, n)
        season, cell = season_and_cell(grid, self.timezone)
        r = self.foreseen_loading
        foreseen = self.persistence["foreseen"].sample(n, 1.0, rng)
        happens = r * foreseen + np.sqrt(1 - r * r) * self.persistence["surprise"].sample(n, 1.0, rng)
        zone_da = self.day_ahead.at(cell, foreseen)
        zone_rt = self.real_time.at(cell, happens)
        basis = self.persistence["basis"].sample(n, 1.0, rng)
        hub_da = zone_da - self._basis(self.basis_da, season, zone_da, basis)
        basis_rt = self._basis(self.basis_rt, season, zone_rt, basis)
        quarters = self.quarter_hours(zone_rt, rng)
        out = {
            f"price_rt/{self.zone}": quarters,
            f"price_rt/{self.hub}": quarters - np.repeat(basis_rt, 4),
            f"price_da/{self.zone}": zone_da,
            f"price_da/{self.hub}": hub_da,
        }
        out |= self._services(hub_da, rng)
        out["temperature/ERCOT"] = self._temperature(grid, rng)
        return {name: np.round(values, 2) for name, values in out.items()}

    @staticmethod
    def _basis(table: QuantileTable, season: Ints, zone_price: Floats, scores: Floats) -> Floats:
        ranges = len(table.edges) + 1
        return table.at(season * ranges + table.bins(zone_price), scores)

    def quarter_hours(self, hourly: Floats, rng: np.random.Generator) -> Floats:
        """Quarter-hour prices whose means are the ``hourly`` ones, shape (4 n,) [USD/MWh]."""
        n = len(hourly)
        scores = _ar1(4 * n, self.within_hour_memory, rng)
        moves = self.within_hour.at(np.repeat(self.within_hour.bins(hourly), 4), scores).reshape(n, 4)
        moves = (moves - moves.mean(axis=1, keepdims=True)) * (np.abs(hourly) + SCALE_OFFSET)[:, None]
        quarters: Floats = (hourly[:, None] + moves + self.ramp * lean(hourly)).ravel()
        return quarters

    def _services(self, hub_da: Floats, rng: np.random.Generator) -> dict[str, Floats]:
        common = self.persistence["service"].sample(len(hub_da), 1.0, rng)
        out = {}
        for name, table in self.services.items():
            own = self.persistence["service_own"].sample(len(hub_da), 1.0, rng)
            scores = np.sqrt(self.service_common) * common + np.sqrt(1 - self.service_common) * own
            out[f"as/{name}"] = table.at(table.bins(hub_da), scores)
        return out

    def _temperature(self, grid: TimeGrid, rng: np.random.Generator) -> Floats:
        rest = _ar1(grid.n, np.exp(-1 / self.temperature.memory_hours), rng)
        out: Floats = harmonics(grid, self.timezone) @ self.temperature.coefficients + self.temperature.spread_c * rest
        return out


def lean(hourly: Floats) -> Floats:
    """How the quarters of each hour lean towards the neighbouring hours, mean zero, shape (n, 4) [USD/MWh].

    The outer quarters take 3/8 of the step to the neighbour, the inner ones 1/8; next to a spike the lean is limited to
    0.3 x (|price| + offset), for a spike begins with a jump.
    """
    before = np.diff(hourly, prepend=hourly[0])
    after = np.diff(hourly, append=hourly[-1])
    raw = np.stack([-0.375 * before, -0.125 * before, 0.125 * after, 0.375 * after], axis=1)
    limit = 0.3 * (np.abs(hourly) + SCALE_OFFSET)[:, None]
    limited = np.clip(raw - raw.mean(axis=1, keepdims=True), -limit, limit)
    leaning: Floats = limited - limited.mean(axis=1, keepdims=True)
    return leaning


def season_and_cell(grid: TimeGrid, timezone: str) -> tuple[Ints, Ints]:
    """Season (0 = December to February) and cell = 24 x season + local hour of each interval."""
    index = grid.index(timezone)
    season = (np.asarray(index.month) % 12 // 3).astype(np.int64)
    return season, season * 24 + np.asarray(index.hour, dtype=np.int64)


def harmonics(grid: TimeGrid, timezone: str) -> Floats:
    """Shape (T, 15): (1, cos, sin, cos 2, sin 2 of the year) x (1, cos, sin of the local day)."""
    index = grid.index(timezone)
    year = 2 * np.pi * (np.asarray(index.day_of_year) - 1 + np.asarray(index.hour) / 24) / 365.25
    day = 2 * np.pi * np.asarray(index.hour) / 24
    annual = np.stack([np.ones(grid.n), np.cos(year), np.sin(year), np.cos(2 * year), np.sin(2 * year)])
    daily = np.stack([np.ones(grid.n), np.cos(day), np.sin(day)])
    both: Floats = np.einsum("at,dt->tad", annual, daily).reshape(grid.n, 15)
    return both


def _ar1(n: int, memory: float, rng: np.random.Generator) -> Floats:
    """Standard normal AR(1), stationary from the first value on."""
    shocks = rng.standard_normal(n) * np.sqrt(1 - memory * memory)
    shocks[0] /= np.sqrt(1 - memory * memory)
    # importing scipy.signal for it would take longer than a year of quarter hours does
    before, share = 0.0, float(memory)  # a NumPy scalar would take most of the time
    return np.array([before := shock + share * before for shock in shocks.tolist()])
