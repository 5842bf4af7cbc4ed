"""The real-time price of the interval that is about to begin: chance of a spike, and quantiles.

What a machine that can stop at once needs to know is one number: whether the price will pass its break-even. Reacting to
the last price knows that for most intervals, so this forecast can earn at the turns only, and is always shown beside
that reaction. Boosted trees (LightGBM, extra ``forecast``) give P(price > break-even); each past interval counts by what
a wrong decision there would have cost, |price - break-even|, up to `MOST_COUNTED_USD`.

Every feature is asked for with `Series.known_for` or `Series.last_known`, by the start of the interval.
"""

from dataclasses import dataclass
from types import ModuleType
from typing import Any

import numpy as np
from numpy.typing import NDArray

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError, MissingExtraError
from megawatt.core.series import Floats, Series

LAGS = (1, 2, 3, 4, 8, 95, 96, 97)
AHEAD = (-4, 4, 8)
SCALE_USD = 20.0
"""Prices enter as asinh(price / 20): about linear up to 20 USD/MWh, logarithmic in a spike."""

MOST_COUNTED_USD = 500.0
"""Cap of an interval's weight: one spike of 5,000 USD must not be all that a half-year teaches."""

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

MEMBERS = 4
"""Boosters that differ in their random draws alone: a few spikes decide the money, and one draw is one opinion."""

LEAST_INTERVALS = 28 * 96


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
    columns = [_squeezed(lag[k]) for k in LAGS]
    columns += [lag[1] - lag[2], lag[2] - lag[3], _squeezed(recent.max(axis=1)), _squeezed(day.max(axis=1))]
    columns += [recent.std(axis=1), _squeezed(recent[:, :4].mean(axis=1))]
    if (ahead := data.get(f"price_da/{point}")) is not None:
        columns.append(_squeezed(ahead.known_for(grid, at)))
        columns += [_squeezed(_shifted(ahead.on(grid), k)) for k in AHEAD]
        columns.append(lag[1] - _shifted(ahead.on(grid), -1))
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


def _squeezed(price: Floats) -> Floats:
    out: Floats = np.arcsinh(price / SCALE_USD)
    return out


def _shifted(series: Series, k: int) -> Floats:
    """The value ``k`` intervals later (earlier when negative) where it is known at the interval's start."""
    out = np.full(series.grid.n, np.nan)
    to, source = (slice(None, -k), slice(k, None)) if k > 0 else (slice(-k, None), slice(None, k))
    known = series.known_at[source] <= series.grid.starts[to]
    out[to] = np.where(known, series.values[source], np.nan)
    return out


def _lagged(price: Series, k: int) -> Floats:
    return _shifted(price, -k)


@dataclass(frozen=True, slots=True)
class SpikeModel:
    """A fitted chance of a price above one break-even.

    Attributes:
        break_even_usd_per_mwh: Price above which the machine should stand by.
        members: The fitted boosters.
    """

    break_even_usd_per_mwh: float
    members: tuple[Any, ...]

    @classmethod
    def fit(cls, X: Floats, price: Floats, break_even_usd_per_mwh: float) -> "SpikeModel":
        """Fit on intervals whose price is known.

        Args:
            X: Rows of `features`, shape (n, features).
            price: Their settled prices, shape (n,) [USD/MWh].
            break_even_usd_per_mwh: The break-even.

        Raises:
            InputError: Fewer than 28 days of 15-minute intervals.
            MissingExtraError: LightGBM is not installed.
        """
        there = np.isfinite(price)
        if there.sum() < LEAST_INTERVALS:
            raise InputError(
                f"{int(there.sum())} intervals with a price",
                f"a spike model needs {LEAST_INTERVALS}",
                "Hand in at least 28 days.",
            )
        distance = np.abs(price[there] - break_even_usd_per_mwh)
        weight = np.minimum(distance, MOST_COUNTED_USD) / SCALE_USD + 0.05
        above = (price[there] > break_even_usd_per_mwh).astype(np.float64)
        members = (_boosted({"objective": "binary", "seed": m}, X[there], above, weight) for m in range(1, MEMBERS + 1))
        return cls(break_even_usd_per_mwh, tuple(members))

    def probability(self, X: Floats) -> Floats:
        """Value-weighted chance of a price above the break-even, shape (n,); stand by above one half."""
        mean: Floats = np.mean([one.predict(X) for one in self.members], axis=0)
        return mean


def price_quantiles(X: Floats, price: Floats, ask: Floats, levels: tuple[float, ...]) -> Floats:
    """Quantiles of the price of the rows ``ask``, fitted on the rows ``X`` with known prices, shape (m, levels).

    Each level has its own trees on the squeezed price; crossing ones are sorted.
    """
    there = np.isfinite(price)
    y = _squeezed(price[there])
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


def walk_forward(X: Floats, price: Series, break_even_usd_per_mwh: float, fits: NDArray[np.int64]) -> Floats:
    """The chance for every interval from the first fit on, each by the last fit before it, shape (n,); NaN before.

    Args:
        X: `features` of the whole price series.
        price: Real-time price.
        break_even_usd_per_mwh: The break-even.
        fits: Numbers of the intervals at whose start the model is fitted anew, increasing.
    """
    out = np.full(price.grid.n, np.nan)
    for begin, end in zip(fits, [*fits[1:], price.grid.n], strict=True):
        known = np.where(price.known_at <= price.grid.starts[begin], price.values, np.nan)[:begin]
        model = SpikeModel.fit(X[LAGS[-1] + 1 : begin], known[LAGS[-1] + 1 :], break_even_usd_per_mwh)
        out[begin:end] = model.probability(X[begin:end])
    return out
