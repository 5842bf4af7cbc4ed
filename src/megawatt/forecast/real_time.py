"""The real-time price of the interval that is about to begin: chance of a spike, and quantiles.

What a machine that can stop at once needs to know is one number: whether the price will pass its break-even. Reacting to
the last price knows that for most intervals, so this forecast can earn at the turns only, and is always shown beside
that reaction. P(price > break-even) comes from a regression with few coefficients over all break-evens at once
(`spike_odds`), and `stand_by` leaves the last price's word only where that chance is clear. `price_quantiles` are boosted
trees (LightGBM, extra ``forecast``).

Every feature is asked for with `Series.known_for` or `Series.last_known`, by the start of the interval.
"""

from types import ModuleType

import numpy as np
from numpy.typing import NDArray

from megawatt.core.dataset import Dataset
from megawatt.core.errors import MissingExtraError
from megawatt.core.series import Floats, Series
from megawatt.forecast.spike_odds import LAST, SCALE_USD, SpikeOdds, squeezed

HOUR, HOURS_2, DAY = 4, 8, 96
"""Intervals of 15 minutes."""
LAGS = (1, 2, 3, 4, 8, 95, 96, 97)
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
    """What is known at the start of each interval of the real-time price, shape (n, 15); NaN where nothing is.

    Squeezed prices of `LAGS` intervals before, the highest of the last two hours and of the day, the mean of the last
    hour, the day-ahead price of the interval, of an hour before and an hour later, and the quarter of the local day.

    Args:
        data: ``price_rt/<point>`` and, where there is one, ``price_da/<point>``.
        point: Settlement point.
        timezone: IANA zone of the market.
    """
    price = data[f"price_rt/{point}"]
    last_hours = np.column_stack([_shifted(price, -k) for k in range(1, HOURS_2 + 1)])
    day = np.column_stack([_shifted(price, -k) for k in range(1, DAY + 1)])
    prices = [_shifted(price, -k) for k in LAGS]
    prices += [last_hours.max(axis=1), day.max(axis=1), last_hours[:, :HOUR].mean(axis=1)]
    if (ahead := data.get(f"price_da/{point}")) is not None:
        on_grid = ahead.on(price.grid)
        prices += [ahead.known_for(price.grid, price.grid.starts), _shifted(on_grid, -HOUR), _shifted(on_grid, HOUR)]
    else:
        prices += [np.full(price.grid.n, np.nan)] * 3
    index = price.grid.index(timezone)
    quarter = np.asarray(index.hour * 4 + index.minute // 15, dtype=np.float64)
    return np.column_stack([*(squeezed(one) for one in prices), quarter])


def _shifted(series: Series, k: int) -> Floats:
    """The value ``k`` intervals later (earlier when negative) where it is known at the interval's start."""
    out = np.full(series.grid.n, np.nan)
    to, source = (slice(None, -k), slice(k, None)) if k > 0 else (slice(-k, None), slice(None, k))
    known = series.known_at[source] <= series.grid.starts[to]
    out[to] = np.where(known, series.values[source], np.nan)
    return out


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

    Each level has its own trees on how far the squeezed price moves from the last one; crossing quantiles are sorted. On
    April to June 2024 trees on the price itself had a CRPS a third higher. Rows without a last price get NaN.
    """
    trees = _lightgbm()
    move = squeezed(price) - X[:, LAST]
    there = np.isfinite(move)
    table = trees.Dataset(X[there], move[there], params={"verbose": -1})
    moves = [
        trees.train({**SETTINGS, "objective": "quantile", "alpha": level, "seed": 1}, table, TREES).predict(ask)
        for level in levels
    ]
    out: Floats = SCALE_USD * np.sinh(ask[:, [LAST]] + np.sort(np.column_stack(moves), axis=1))
    return out


def usual_quantiles(X: Floats, price: Floats, ask: Floats, levels: tuple[float, ...]) -> Floats:
    """The naive twin: the last price, moved as the squeezed price has moved in the rows ``X``, shape (m, levels)."""
    move = squeezed(price) - X[:, LAST]
    usual = np.quantile(move[np.isfinite(move)], levels)
    out: Floats = SCALE_USD * np.sinh(ask[:, [LAST]] + usual)
    return out


def _lightgbm() -> ModuleType:
    try:
        import lightgbm  # noqa: PLC0415  # an extra, loaded where it is used
    except ImportError:
        raise MissingExtraError.named("lightgbm", "forecast", "quantiles of a real-time price") from None
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
    odds: SpikeOdds | None = None
    for begin, end in zip(fits, [*fits[1:], price.grid.n], strict=True):
        known = np.where(price.known_at <= price.grid.starts[begin], price.values, np.nan)[:begin]
        odds = SpikeOdds.fit(X[LAGS[-1] + 1 : begin], known[LAGS[-1] + 1 :], odds)
        for limit, chance in out.items():
            chance[begin:end] = odds.probability(X[begin:end], limit)
    return out
