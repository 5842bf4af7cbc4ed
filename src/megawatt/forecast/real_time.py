"""The real-time price of the interval that is about to begin: chance of a spike, and quantiles.

What a machine that can stop at once needs to know is one number: whether the price will pass its break-even. Reacting to
the last price knows that for most intervals, so this forecast can earn at the turns only, and is always shown beside
that reaction. P(price > break-even) comes from a regression with few coefficients over all break-evens at once
(`spike_odds`), and `stand_by` leaves the last price's word only where that chance is clear. `price_quantiles` are boosted
trees (LightGBM, extra ``forecast``).

Every feature is asked for with `Series.known_for` or `Series.last_known`, by the start of the interval.
"""

from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from megawatt.core.dataset import Dataset
from megawatt.core.errors import MissingExtraError
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import TimeGrid
from megawatt.forecast.spike_odds import SCALE_USD, SpikeOdds, squeezed

LAGS = (1, 2, 3, 4, 8, 95, 96, 97)
AHEAD = (-4, 4, 8)
TREES = 200
SETTINGS = {
    "learning_rate": 0.05,
    "num_leaves": 7,
    "min_data_in_leaf": 50,
    "feature_fraction": 0.7,
    "bagging_fraction": 0.8,
    "bagging_freq": 1,
    "num_threads": 1,
    "deterministic": True,
    "verbose": -1,
}
"""Small trees: the best of three sizes on April to June 2024, fitted on the months before."""

CLEAR = 0.15
"""How far from one half a chance must be to overrule the last price; see `docs/forecasts-site.md` for what was tried."""


def features(data: Dataset, point: str, timezone: str) -> Floats:
    """What is known at the start of each interval of the real-time price, shape (n, features); NaN where nothing is.

    Args:
        data: ``price_rt/<point>`` and, where there are any, ``price_da/<point>``, ``load_forecast/ERCOT``,
            ``load/ERCOT``, ``temperature/ERCOT``, ancillary prices and generation by fuel.
        point: Settlement point.
        timezone: IANA zone of the market.
    """
    price = data[f"price_rt/{point}"]
    grid, at = price.grid, price.grid.starts
    lag = {k: _lagged(price, k) for k in LAGS}
    recent = np.column_stack([_lagged(price, k) for k in range(1, 9)])
    day = np.column_stack([_lagged(price, k) for k in range(1, 97)])
    columns = [squeezed(lag[k]) for k in LAGS]
    columns += [lag[1] - lag[2], lag[2] - lag[3], squeezed(recent.max(axis=1)), squeezed(day.max(axis=1))]
    columns += [recent.std(axis=1), squeezed(recent[:, :4].mean(axis=1))]
    columns += _ahead(data, point, grid, lag[1])
    for name in ("load_forecast/ERCOT", "as/rrs", "as/ecrs", "as/nspin", "as/regup"):
        if (one := data.get(name)) is not None:
            columns.append(one.known_for(grid, at))
    for name in ("load/ERCOT", "temperature/ERCOT", "gen/wind", "gen/solar", "gen/gas"):
        if (one := data.get(name)) is not None:
            now = one.last_known(at)
            columns.append(now)
            if name in {"gen/wind", "gen/solar"}:
                columns.append(now - one.last_known(at - np.timedelta64(3600, "s")))
    index = grid.index(timezone)
    quarter = np.asarray(index.hour * 4 + index.minute // 15, dtype=np.float64)
    columns += [quarter, np.asarray(index.day_of_week, dtype=np.float64), quarter % 4]
    return np.column_stack(columns)


def _ahead(data: Dataset, point: str, grid: TimeGrid, last: Floats) -> list[Floats]:
    """Day-ahead price of the interval, of earlier and later ones, and the last price over it; NaN where there is none."""
    if (ahead := data.get(f"price_da/{point}")) is None:
        return [np.full(grid.n, np.nan)] * (len(AHEAD) + 2)
    spread = last - _shifted(ahead.on(grid), -1)
    later = (squeezed(_shifted(ahead.on(grid), k)) for k in AHEAD)
    return [squeezed(ahead.known_for(grid, grid.starts)), *later, spread]


def _shifted(series: Series, k: int) -> Floats:
    """The value ``k`` intervals later (earlier when negative) where it is known at the interval's start."""
    out = np.full(series.grid.n, np.nan)
    to, source = (slice(None, -k), slice(k, None)) if k > 0 else (slice(-k, None), slice(None, k))
    known = series.known_at[source] <= series.grid.starts[to]
    out[to] = np.where(known, series.values[source], np.nan)
    return out


def _lagged(price: Series, k: int) -> Floats:
    return _shifted(price, -k)


def stand_by(chance: Floats, last: Floats, break_even_usd_per_mwh: float) -> NDArray[np.bool_]:
    """Where to stand by: as the last price says, unless the chance is clearly on the other side, shape (n,).

    Args:
        chance: Of `SpikeOdds.probability`, shape (n,); where it is NaN the last price decides.
        last: Last known price, shape (n,) [USD/MWh].
        break_even_usd_per_mwh: The break-even.
    """
    above = last > break_even_usd_per_mwh
    out: NDArray[np.bool_] = np.where(above, ~(chance <= 0.5 - CLEAR), chance > 0.5 + CLEAR)
    return out


def price_quantiles(X: Floats, price: Floats, ask: Floats, levels: tuple[float, ...]) -> Floats:
    """Quantiles of the price of the rows ``ask``, fitted on the rows ``X`` with known prices, shape (m, levels).

    Each level has its own trees on the squeezed price; crossing ones are sorted.
    """
    there = np.isfinite(price)
    y = squeezed(price[there])
    rows = [
        _boosted({"objective": "quantile", "alpha": level, "seed": 1}, X[there], y, np.ones(len(y))).predict(ask)
        for level in levels
    ]
    out: Floats = SCALE_USD * np.sinh(np.sort(np.column_stack(rows), axis=1))
    return out


def _boosted(objective: dict[str, Any], X: Floats, y: Floats, weight: Floats) -> Any:
    trees = _lightgbm()
    return trees.train({**SETTINGS, **objective}, trees.Dataset(X, y, weight=weight), TREES)


def _lightgbm() -> ModuleType:
    try:
        import lightgbm  # noqa: PLC0415  # an extra, loaded where it is used
    except ImportError:
        raise MissingExtraError.named("lightgbm", "forecast", "the chance of a price spike") from None
    return lightgbm


def walk_forward(
    X: Floats, price: Series, break_evens_usd_per_mwh: tuple[float, ...], fits: NDArray[np.int64]
) -> dict[float, Floats]:
    """The chance for every interval from the first fit on, each by the last fit before it, by break-even, (n,); NaN before.

    Args:
        X: `features` of the whole price series.
        price: Real-time price.
        break_evens_usd_per_mwh: The break-evens.
        fits: Numbers of the intervals at whose start the model is fitted anew, increasing.
    """
    out = {limit: np.full(price.grid.n, np.nan) for limit in break_evens_usd_per_mwh}
    for begin, end in zip(fits, [*fits[1:], price.grid.n], strict=True):
        known = np.where(price.known_at <= price.grid.starts[begin], price.values, np.nan)[:begin]
        odds = SpikeOdds.fit(X[LAGS[-1] + 1 : begin], known[LAGS[-1] + 1 :])
        for limit, chance in out.items():
            chance[begin:end] = odds.probability(X[begin:end], limit)
    return out
