"""Coin price and hashprice: how far they may move, never which way.

The price is a martingale: its expected value at any horizon is today's. What can be forecast is the width. The
variance of the coming days is regressed, in logarithms, on the realised variance of the last day, week and month (HAR;
Corsi, Journal of Financial Econometrics 7 (2009) 174) and on its exponentially weighted mean, which alone is the naive
twin (EWMA, RiskMetrics' decay of 0.94 a day). A day's realised variance is the sum of its squared hourly returns.
Paths draw Student's t, whose tails a normal lacks.

Hashprice [USD/PH/day] = 86,400 x 1e15 / 2^32 x (subsidy + fees) x price / difficulty; its distribution is that of the
product. Difficulty follows the expected path of `difficulty.HashRate`, which does not know the drawn price.
"""

from dataclasses import dataclass

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats, Series
from megawatt.core.timegrid import Times

EWMA_DECAY = 0.94
EWMA_DAYS = 250
SPANS_DAYS = (1, 7, 30)
LEAST_DAYS = 120
DEGREES_OF_FREEDOM = 4.0
"""Of Student's t for a day's return: a customary value for daily returns of coins, not fitted."""

HASHES_PER_PH_DAY = 1e15 * 86_400
HASHES_PER_DIFFICULTY = 2**32


def realised_variance(price: Series) -> tuple[Floats, Times]:
    """Realised variance per UTC day from hourly closes, and when each day's was known, shapes (days,).

    A day with missing hours is scaled up to 24; one with fewer than 12 returns is NaN.

    Raises:
        InputError: The price is not hourly or does not begin at midnight UTC.
    """
    midnight = price.grid.start == price.grid.start.astype("datetime64[D]")
    if price.grid.step_minutes != 60 or not midnight:
        raise InputError(
            f"{price.name!r} in steps of {price.grid.step_minutes} minutes from {price.grid.start}Z",
            "a day's variance is made of its hours, from midnight UTC",
            "Hand in hourly closes.",
        )
    returns = np.diff(np.log(price.values), prepend=np.nan)
    days = len(returns) // 24
    table = returns[: 24 * days].reshape(days, 24)
    seen = np.isfinite(table).sum(axis=1)
    scale = 24 / np.maximum(seen, 1)
    variance = np.where(seen >= 12, np.nansum(table**2, axis=1) * scale, np.nan)
    return variance, price.grid.ends[23 : 24 * days : 24]


def ewma(variance: Floats) -> Floats:
    """Exponentially weighted mean of the last `EWMA_DAYS` known variances, shape (days,); the naive twin."""
    out = np.full(len(variance), np.nan)
    weight = EWMA_DECAY ** np.arange(EWMA_DAYS)
    for d in range(len(variance)):
        past = variance[max(0, d + 1 - EWMA_DAYS) : d + 1][::-1]
        there = np.isfinite(past)
        if there.any():
            w = weight[: len(past)][there]
            out[d] = w @ past[there] / w.sum()
    return out


@dataclass(frozen=True, slots=True)
class VolatilityModel:
    """A fitted HAR regression for one horizon.

    Attributes:
        horizon_days: Days whose mean variance is forecast.
        coefficients: Of 1, log variance of the last 1, 7 and 30 days, log EWMA.
        retransform: Mean of the exponentiated residuals, which turns a mean logarithm into a mean (Duan, JASA 78 (1983)).
    """

    horizon_days: int
    coefficients: Floats
    retransform: float

    @classmethod
    def fit(cls, variance: Floats, horizon_days: int) -> "VolatilityModel":
        """Fit on daily variances that are all known.

        Raises:
            InputError: Fewer than `LEAST_DAYS` days, or no positive variance.
        """
        X = features(variance)
        rows = np.arange(len(variance) - horizon_days)
        later = np.array([variance[d + 1 : d + 1 + horizon_days].mean() for d in rows])
        usable = np.isfinite(X[rows]).all(axis=1) & (later > 0)
        if usable.sum() < LEAST_DAYS:
            raise InputError(
                f"{int(usable.sum())} usable days for a horizon of {horizon_days} days",
                f"the regression needs {LEAST_DAYS}",
                "Hand in a longer price history.",
            )
        A, y = X[rows][usable], np.log(later[usable])
        b = np.linalg.lstsq(A, y, rcond=None)[0]
        return cls(horizon_days, b, float(np.exp(y - A @ b).mean()))

    def predict(self, variance: Floats) -> Floats:
        """Mean daily variance of the days after each day, by that day and those before, shape (days,)."""
        out: Floats = np.exp(features(variance) @ self.coefficients) * self.retransform
        return out


def features(variance: Floats) -> Floats:
    """1, log mean variance of the last 1, 7 and 30 days, log EWMA, shape (days, 5); NaN before there are 30 days."""
    out = np.full((len(variance), 2 + len(SPANS_DAYS)), np.nan)
    out[:, 0] = 1.0
    total = np.concatenate(([0.0], np.cumsum(variance)))
    for column, span in enumerate(SPANS_DAYS, start=1):
        if len(variance) >= span:
            out[span - 1 :, column] = np.log((total[span:] - total[:-span]) / span)
    out[:, -1] = np.log(ewma(variance))
    return out


def qlike(actual: Floats, forecast: Floats) -> Floats:
    """Loss of a variance forecast, ``a / f - ln(a / f) - 1``: 0 when right, robust to noise in the realised value."""
    ratio = actual / forecast
    loss: Floats = ratio - np.log(ratio) - 1
    return loss


def price_paths(price_usd: float, daily_variance: Floats, paths: int, rng: np.random.Generator) -> Floats:
    """Paths of the price of the coming days, shape (paths, days); the mean over many paths is today's price.

    Returns are Student's t of the given variance; each day's are rescaled so that the paths' mean stays where it is,
    for the exponential of a t has no mean of its own.
    """
    spread = np.sqrt(daily_variance * (DEGREES_OF_FREEDOM - 2) / DEGREES_OF_FREEDOM)
    growth = np.cumsum(rng.standard_t(DEGREES_OF_FREEDOM, size=(paths, len(daily_variance))) * spread, axis=1)
    factor = np.exp(growth)
    out: Floats = price_usd * factor / factor.mean(axis=0)
    return out


def hashprice_paths(price_usd: Floats, btc_per_block: Floats, difficulty: Floats) -> Floats:
    """Hashprice on each path and day, shape (paths, days) [USD/PH/day].

    Args:
        price_usd: Price paths, shape (paths, days).
        btc_per_block: Subsidy and fees, shape (days,) or (paths, days) [BTC].
        difficulty: Expected difficulty, shape (days,).
    """
    out: Floats = HASHES_PER_PH_DAY / HASHES_PER_DIFFICULTY * btc_per_block * price_usd / difficulty
    return out


def fee_level(fees_btc_per_block: Floats, days: int = 3) -> float:
    """Expected fees of the coming days: the median of the last ``days`` known daily means [BTC/block].

    A median, because one day of congestion (20 April 2024: 9 BTC a block, 0.4 a week before) says nothing of the next
    week. Its naive twin is the last day's value, which is better for tomorrow and no better from a week on.
    """
    known = fees_btc_per_block[np.isfinite(fees_btc_per_block)]
    if not len(known):
        raise InputError("no known fees", "at least one day is needed", "Hand in btc/fees.")
    return float(np.median(known[-days:]))
