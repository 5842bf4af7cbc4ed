"""Fit the shipped West Texas price model to ERCOT's real 2024 series.

    python scripts/fit_price_model.py --data DIR [--out FILE]

DIR is a folder with the hourly ERCOT files of 2024 (see `FILES`). The output holds fitted parameters only: quantiles per
season and hour (each from the hour and its two neighbours, weighted 1 : 2 : 1), quantiles per range of a driving
price, and the memory of the latent scores.
"""

import argparse
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import least_squares
from scipy.special import ndtri
from scipy.stats import rankdata

from megawatt.core.timegrid import TimeGrid
from megawatt.power.price_model import SCALE_OFFSET, SCHEMA, SERVICES, harmonics, lean, season_and_cell
from megawatt.sources.ercot import MARKET_ZONE, read_ercot

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FILES = (
    "ercot_load_zones_rt_hourly_2024.csv",
    "ercot_hourly_da_rt_2024.csv",
    "ercot_hourly_as_generation_2024.csv",
    "ercot_hubavg_rt_15min_2024.csv",
    "ercot_hubavg_da_hourly_loadfc_temp_2024.csv",
)
OUT = Path(__file__).parents[1] / "src" / "megawatt" / "sources" / "data" / "price_model.json"
YEAR = TimeGrid(np.datetime64("2024-01-01T06:00:00"), 60, 8784)
"""The local year 2024."""

LEVELS = (0.006, 0.02, 0.05, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.975, 0.988, 0.994, 0.998)
ZONE_EDGES = (0.0, 10.0, 20.0, 30.0, 45.0, 60.0, 80.0, 120.0, 250.0)
WITHIN_EDGES = (0.0, 10.0, 20.0, 30.0, 60.0, 150.0)
DRIVER_LEVELS = (0.02, 0.1, 0.2, 0.35, 0.5, 0.65, 0.8, 0.9, 0.95, 0.98, 0.995)
FEWEST = 25
"""Fewest values that make a row of their own; below that the seasons are pooled."""


def read_real(data: Path) -> dict[str, Floats]:
    """The real series of 2024 by the hour, and the hub average by the quarter hour, NaN where missing."""
    real: dict[str, Floats] = {}
    for name in FILES:
        for series in read_ercot(data / name):
            fine = series.grid.step_minutes == 15
            key = f"{series.name}@15" if fine else series.name
            if key not in real:
                grid = TimeGrid(YEAR.start, 15, 4 * YEAR.n) if fine else YEAR
                real[key] = series.on(grid).values
    return real


def table(values: Floats, cell: Ints, cells: int, weights: tuple[tuple[int, float], ...] = ((0, 1.0),)) -> list[Any]:
    """Weighted quantiles per cell; ``weights`` gives the neighbours (offset within the day) that take part."""
    rows = []
    for c in range(cells):
        parts = [(values[cell == c // 24 * 24 + (c + d) % 24] if d else values[cell == c], w) for d, w in weights]
        rows.append(_quantiles(parts))
    return rows


def _mean_weights() -> Floats:
    """Weight of each knot in the mean of the distribution that `QuantileTable` makes of it."""
    z = np.linspace(-6, 6, 4001)
    density = np.exp(-z * z / 2)
    table_of_one = [np.interp(z, ndtri(LEVELS), row) for row in np.eye(len(LEVELS))]
    weights: Floats = np.array(table_of_one) @ density / density.sum()
    return weights


MEAN_WEIGHTS = _mean_weights()
TAIL = LEVELS.index(0.9)


def _quantiles(parts: list[tuple[Floats, float]]) -> list[float]:
    """Quantiles at the middle of each value's weight; the upper tail is then stretched so that the mean is exact."""
    values = np.concatenate([v[np.isfinite(v)] for v, _ in parts])
    weight = np.concatenate([np.full(np.isfinite(v).sum(), w) for v, w in parts])
    order = np.argsort(values)
    values, weight = values[order], weight[order]
    middle = (np.cumsum(weight) - weight / 2) / weight.sum()
    knots = np.interp(LEVELS, middle, values)
    above = np.maximum(0.0, knots - knots[TAIL])
    lacking = np.average(values, weights=weight) - MEAN_WEIGHTS @ knots
    if MEAN_WEIGHTS @ above > 0:
        knots = knots + above * max(-0.9, lacking / (MEAN_WEIGHTS @ above))
    return [round(float(v), 2) for v in np.maximum.accumulate(knots)]


def scores(values: Floats, cell: Ints) -> Floats:
    """Normal scores of the ranks within each cell, NaN where the value is missing."""
    out = np.full(len(values), np.nan)
    for c in np.unique(cell):
        inside = (cell == c) & np.isfinite(values)
        if inside.sum() > 1:
            out[inside] = ndtri((rankdata(values[inside]) - 0.5) / inside.sum())
    return out


def autocorrelation(values: Floats, lags: Ints) -> Floats:
    """Autocorrelation over the pairs that are present."""
    x = values - np.nanmean(values)
    return np.array([np.nanmean(x[k:] * x[:-k]) / np.nanmean(x * x) for k in lags])


def memory(values: Floats) -> dict[str, float]:
    """Slow and fast memory that fit the autocorrelation up to three days; lags 1 to 3 count most."""
    lags = np.arange(1, 73)
    target = autocorrelation(values, lags)
    weight = np.where(lags <= 3, 12.0, 1.0)

    def residual(p: Floats) -> Floats:
        share = 1 / (1 + np.exp(-p[2]))
        model = share * np.exp(-lags / np.exp(p[0])) + (1 - share) * np.exp(-lags / np.exp(p[1]))
        out: Floats = weight * (model - target)
        return out

    # A level that lasts longer than two weeks is the season's, which the tables hold.
    bounds = ([np.log(0.2), np.log(0.2), -6.0], [np.log(336.0), np.log(336.0), 6.0])
    p = least_squares(residual, [np.log(40.0), np.log(5.0), 0.0], bounds=bounds).x
    share = 1 / (1 + np.exp(-p[2]))
    slow, fast = np.exp(p[0]), np.exp(p[1])
    if slow < fast:
        slow, fast, share = fast, slow, 1 - share
    return {"slow_hours": round(slow, 2), "fast_hours": round(fast, 3), "slow_share": round(share, 3)}


def by_season_and_range(values: Floats, driver: Floats, season: Ints) -> tuple[dict[str, Any], Floats]:
    """Table of ``values`` by season and range of ``driver``, seasons pooled where there are few, and the scores."""
    ranges = np.digitize(driver, ZONE_EDGES)
    n = len(ZONE_EDGES) + 1
    present = np.isfinite(values) & np.isfinite(driver)
    rows = []
    for s in range(4):
        for r in range(n):
            own = present & (season == s) & (ranges == r)
            rows.append(_quantiles([(values[own if own.sum() >= FEWEST else present & (ranges == r)], 1.0)]))
    cell = np.where(present, season * n + ranges, -1)
    return {"edges": list(ZONE_EDGES), "values": rows}, scores(np.where(present, values, np.nan), cell)


def fit_services(real: Mapping[str, Floats], tables: dict[str, Any]) -> dict[str, Any]:
    """Ancillary prices by range of the hub's day-ahead price; memory of the common and the own scores."""
    driver = real["price_da/HB_WEST"]
    edges = [round(float(e), 2) for e in np.nanquantile(driver, DRIVER_LEVELS)]
    ranges = np.where(np.isfinite(driver), np.digitize(driver, edges), -1)
    each = []
    for name in SERVICES:
        values = np.where(ranges >= 0, real[f"as/{name}"], np.nan)
        tables[f"as_{name}"] = {"edges": edges, "values": table(values, ranges, len(edges) + 1)}
        each.append(scores(values, ranges))
    stacked = np.array(each)
    present = np.isfinite(stacked).all(axis=0)
    pairs = np.asarray(np.corrcoef(stacked[:, present]))[np.triu_indices(len(SERVICES), 1)]
    common = stacked.mean(axis=0)
    return {
        "service_common": round(float(pairs.mean()), 3),
        "service": memory(common),
        "service_own": memory(stacked[2] - common),
    }


def fit_within_hour(quarters: Floats, tables: dict[str, Any]) -> dict[str, float]:
    """Movement within the hour, from the hub average's quarter hours (the zone is published by the hour only)."""
    parts = quarters[np.isfinite(quarters)].reshape(-1, 4)
    hourly = parts.mean(axis=1)
    leaning = lean(hourly)
    moves = parts - hourly[:, None]
    scale = (np.abs(hourly) + SCALE_OFFSET)[:, None]
    calm = np.abs(leaning).max(axis=1) < 0.1 * scale[:, 0]  # elsewhere a spike would decide
    ramp = float((leaning * moves / scale**2)[calm].sum() / (leaning**2 / scale**2)[calm].sum())
    # The model subtracts each hour's mean of four scores, which takes away a share of the variance: give it back.
    rest = (moves - ramp * leaning) / scale
    ranges = np.repeat(np.digitize(hourly, WITHIN_EDGES), 4)
    target = autocorrelation(scores(rest.ravel(), ranges), np.arange(1, 4))
    memories = np.linspace(0.0, 0.9, 46)
    found = min(memories, key=lambda m: float(((_demeaned(m)[1] - target) ** 2).sum()))
    kept = _demeaned(found)[0]
    tables["within_hour"] = {
        "edges": list(WITHIN_EDGES),
        "values": [[round(v, 4) for v in row] for row in _ratio_rows(rest.ravel() / np.sqrt(kept), ranges)],
    }
    return {"within_hour_memory": round(float(found), 3), "ramp": round(ramp, 3)}


def _ratio_rows(values: Floats, ranges: Ints) -> list[list[float]]:
    return [
        np.maximum.accumulate(np.quantile(values[ranges == r], LEVELS)).tolist() for r in range(len(WITHIN_EDGES) + 1)
    ]


def _demeaned(memory_of_step: float) -> tuple[float, Floats]:
    """Share of variance kept, and autocorrelation at lags 1 to 3, when each four scores lose their mean."""
    n = 40
    cov = memory_of_step ** np.abs(np.subtract.outer(np.arange(n), np.arange(n)))
    project = np.eye(n) - np.kron(np.eye(n // 4), np.full((4, 4), 0.25))
    left = project @ cov @ project
    inner = slice(8, 32)
    variance = np.diag(left)[inner].mean()
    lags = np.array([np.diag(left, k)[inner].mean() for k in (1, 2, 3)])
    return float(variance), lags / variance


def fit_temperature(celsius: Floats) -> dict[str, Any]:
    """Harmonics by least squares, the rest as an AR(1)."""
    present = np.isfinite(celsius)
    x = harmonics(YEAR, MARKET_ZONE)
    coefficients, *_ = np.linalg.lstsq(x[present], celsius[present], rcond=None)
    rest = np.where(present, celsius - x @ coefficients, np.nan)
    one_day = float(autocorrelation(rest, np.array([24]))[0])
    return {
        "coefficients": [round(float(c), 3) for c in coefficients],
        "spread_c": round(float(np.nanstd(rest)), 3),
        "memory_hours": round(-24 / np.log(one_day), 2),
    }


def fit(data: Path) -> dict[str, Any]:
    """All parameters of the model."""
    real = read_real(data)
    season, cell = season_and_cell(YEAR, MARKET_ZONE)
    neighbours = ((-1, 1.0), (0, 2.0), (1, 1.0))
    rt, da = real["price_rt/LZ_WEST"], real["price_da/LZ_WEST"]
    tables: dict[str, Any] = {
        "day_ahead": {"values": table(da, cell, 96, neighbours)},
        "real_time": {"values": table(rt, cell, 96, neighbours)},
    }
    foreseen, happens = scores(da, cell), scores(rt, cell)
    both = np.isfinite(foreseen) & np.isfinite(happens)
    loading = float(np.corrcoef(foreseen[both], happens[both])[0, 1])
    tables["basis_da"], _ = by_season_and_range(da - real["price_da/HB_WEST"], da, season)
    tables["basis_rt"], basis = by_season_and_range(rt - real["price_rt/HB_WEST"], rt, season)
    services = fit_services(real, tables)
    within = fit_within_hour(real["price_rt/HB_HUBAVG@15"], tables)
    return {
        "schema": SCHEMA,
        "zone": "LZ_WEST",
        "hub": "HB_WEST",
        "timezone": MARKET_ZONE,
        "source": "fitted on 2026-11-22 to ERCOT 2024: LZ_WEST and HB_WEST, day-ahead, ancillary services; "
        "movement within the hour from HB_HUBAVG",
        "levels": list(LEVELS),
        "tables": tables,
        "memory": {
            "persistence": {
                "foreseen": memory(foreseen),
                "surprise": memory(happens - loading * foreseen),
                "basis": memory(basis),
                "service": services["service"],
                "service_own": services["service_own"],
            },
            "foreseen_loading": round(loading, 3),
            "service_common": services["service_common"],
            **within,
        },
        "temperature": fit_temperature(real["temperature/ERCOT"]),
    }


def main() -> None:
    """Fit and write the parameters."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", type=Path, required=True, help="folder with the ERCOT files")
    parser.add_argument("--out", type=Path, default=OUT)
    args = parser.parse_args()
    parameters = fit(args.data)
    args.out.write_text(json.dumps(parameters, separators=(",", ":"), sort_keys=True) + "\n", encoding="utf-8")
    print(f"{args.out}: {args.out.stat().st_size / 1000:.1f} kB")
    print(json.dumps(parameters["memory"], indent=1))


if __name__ == "__main__":
    main()
