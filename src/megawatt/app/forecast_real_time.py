"""Scores of the real-time forecasts on past days: quantiles beside their naive twin, odds of a spike beside the last price."""

import datetime as dt
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.contest import local_day
from megawatt.forecast import score
from megawatt.forecast.real_time import DAY, LAGS, features, price_quantiles, stand_by, usual_quantiles, walk_forward
from megawatt.forecast.spike_odds import LEAST_INTERVALS
from megawatt.sources.ercot import MARKET_ZONE, read_ercot_dataset

SCHEMA = "megawatt/forecast-real-time/1"
LEVELS = tuple(round(k / 20, 2) for k in range(1, 20))
BANDS = (0.5, 0.8, 0.9)
STEP_MINUTES = 15
LEAST_SCORED_DAYS = 28
"""Four blocks of a week, of which the interval of a gain is drawn."""


@dataclass(frozen=True, slots=True)
class Bands:
    """Quantiles of the price of the next interval.

    Attributes:
        model: ``trees``, or ``last price``: the naive twin, moved as it has moved before.
        crps: Twice the mean pinball loss over `LEVELS` [USD/MWh].
        coverage: Share of prices inside the central bands `BANDS`.
    """

    model: str
    crps: float
    coverage: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class Spikes:
    """Standing by above a break-even, by the odds and by the last price.

    Attributes:
        break_even_usd_per_mwh: The break-even.
        share: Saving by the odds, over that with every price known; None where no price was above the break-even.
        last_price_share: The same by the last price.
        gain_usd_per_mw: Saving by the odds less that by the last price, over all days.
        low_usd_per_mw: 5 % quantile of the gain, by a bootstrap of whole weeks.
        high_usd_per_mw: 95 % quantile.
    """

    break_even_usd_per_mwh: float
    share: float | None
    last_price_share: float | None
    gain_usd_per_mw: float
    low_usd_per_mw: float
    high_usd_per_mw: float


@dataclass(frozen=True, slots=True)
class RealTimeScores:
    """What `megawatt forecast real-time` prints.

    Attributes:
        target: Name of the price series.
        first_day: First local day.
        days: Number of days.
        inputs: Hash of each series read.
        bands: Quantiles: ours, then the naive twin.
        test: Diebold-Mariano test of their daily CRPS.
        spikes: One per break-even.
    """

    target: str
    first_day: dt.date
    days: int
    inputs: dict[str, str]
    bands: tuple[Bands, Bands]
    test: score.Comparison
    spikes: tuple[Spikes, ...]

    def to_json(self) -> dict[str, Any]:
        """The scores for a program, schema `SCHEMA`."""
        return {"schema": SCHEMA, **asdict(self), "first_day": self.first_day.isoformat()}


def real_time_scores(
    paths: Sequence[Path],
    *,
    point: str,
    first: dt.date,
    days: int,
    break_evens_usd_per_mwh: Sequence[float],
    say: Callable[[str], None] = lambda _: None,
) -> RealTimeScores:
    """Walk odds and quantiles forward: odds fitted anew each day, quantiles each month, on all before.

    Args:
        paths: ERCOT files with the 15-minute ``price_rt`` of the point and, where there is one, its ``price_da``.
        point: Settlement point.
        first: First local day that is scored.
        days: Number of days.
        break_evens_usd_per_mwh: Break-evens; the odds are fitted for 30 to 130 and extrapolate beyond.
        say: Hears how long it takes.

    Raises:
        InputError: The price is not there, not of 15 minutes, or too short; a break-even is not a number.
    """
    if not np.isfinite(break_evens_usd_per_mwh).all():
        raise InputError(
            f"break-evens {', '.join(f'{one:g}' for one in break_evens_usd_per_mwh)}", "each is a number", "Write 60."
        )
    data = read_ercot_dataset(*paths)
    data = Dataset(one for name in (f"price_rt/{point}", f"price_da/{point}") if (one := data.get(name)) is not None)
    price = _price(data, point)
    end = first + dt.timedelta(days=days)
    scored = TimeGrid.of_local_days(first, end, timezone=MARKET_ZONE, step_minutes=STEP_MINUTES)
    begin, stop = (int((at - price.grid.start) // price.grid.step) for at in (scored.start, scored.end))
    _check_span(price, begin, stop, days)
    say(f"{days} fits of the odds and one of the quantiles a month: about {days / 120:.1f} minutes of one core")
    X = features(data, point, MARKET_ZONE)[:stop]
    price = replace(price, grid=price.grid.part(0, stop), values=price.values[:stop], known_at=price.known_at[:stop])
    day = local_day(scored, MARKET_ZONE)
    bands, test = _bands(X, price, begin, scored, day)
    fits = begin + np.searchsorted(day, np.arange(days))
    chances = walk_forward(X, price, tuple(break_evens_usd_per_mwh), fits.astype(np.int64))
    last = price.last_known(price.grid.starts)[begin:]
    spikes = tuple(_spikes(limit, one[begin:], last, price.values[begin:], day) for limit, one in chances.items())
    hashes = {name: one.sha256() for name, one in data.items()}
    return RealTimeScores(price.name, first, days, hashes, bands, test, spikes)


def _price(data: Dataset, point: str) -> Series:
    price = data.get(f"price_rt/{point}")
    if price is None or price.grid.step_minutes != STEP_MINUTES:
        found = "no such series" if price is None else f"it comes by {price.grid.step_minutes} minutes"
        raise InputError(
            f"price_rt/{point}: {found}",
            f"the odds of a spike read the last quarter hours of one settlement point, by {STEP_MINUTES} minutes",
            "Name another --point, or hand in another file.",
        )
    return price


def _check_span(price: Series, begin: int, stop: int, days: int) -> None:
    past = LEAST_INTERVALS + LAGS[-1] + 1
    if begin < past or stop > price.grid.n or days < LEAST_SCORED_DAYS:
        raise InputError(
            f"{days} days from interval {begin} of {price.grid.n} of {price.name}",
            f"it takes {past // DAY + 1} days of prices before the first day, and {LEAST_SCORED_DAYS} days to score",
            "Choose other days with --from and --days.",
        )


def _bands(
    X: Floats, price: Series, begin: int, scored: TimeGrid, day: NDArray[np.int64]
) -> tuple[tuple[Bands, Bands], score.Comparison]:
    """Quantiles of ours and of the naive twin, both fitted at the start of each local month on all that is known then."""
    month, _ = scored.local_months(MARKET_ZONE)
    starts = [begin + int(one) for one in np.searchsorted(month, np.unique(month))]
    found: dict[str, list[Floats]] = {"trees": [], "last price": []}
    for first, end in zip(starts, [*starts[1:], price.grid.n], strict=True):
        known = np.where(price.known_at <= price.grid.starts[first], price.values, np.nan)[LAGS[-1] + 1 : first]
        past, ask = X[LAGS[-1] + 1 : first], X[first:end]
        for name, quantiles_of in (("trees", price_quantiles), ("last price", usual_quantiles)):
            found[name].append(quantiles_of(past, known, ask, LEVELS))
    actual, out, losses = price.values[begin:], [], []
    for name, parts in found.items():
        quantiles = np.vstack(parts)
        loss = score.crps(actual, quantiles, LEVELS)
        coverage = tuple(score.coverage(actual, quantiles, LEVELS, band) for band in BANDS)
        out.append(Bands(name, float(np.nanmean(loss)), coverage))
        there = np.isfinite(loss)
        total, count = (np.bincount(day[there], one, day[-1] + 1) for one in (loss[there], np.ones(there.sum())))
        losses.append(np.divide(total, count, out=np.full(len(count), np.nan), where=count > 0))
    return (out[0], out[1]), score.diebold_mariano(*losses)


def _spikes(limit: float, chance: Floats, last: Floats, price: Floats, day: NDArray[np.int64]) -> Spikes:
    saved = np.nan_to_num(price - limit) * (STEP_MINUTES / 60)
    odds, reaction = saved * stand_by(chance, last, limit), saved * (last > limit)
    best = float(np.maximum(saved, 0.0).sum())
    gain: Floats = np.bincount(day, odds - reaction).astype(np.float64)
    low, high = score.block_interval(gain)
    ours, naive = (float(one.sum()) / best if best else None for one in (odds, reaction))
    return Spikes(limit, ours, naive, float(gain.sum()), low, high)
