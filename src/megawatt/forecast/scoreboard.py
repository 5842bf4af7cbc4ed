"""One row a forecast, its naive twin always beside it; and the rule by which a model that loses to it is replaced."""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from megawatt.core.dataset import Dataset
from megawatt.core.series import NEVER
from megawatt.forecast import score
from megawatt.forecast.model import Floats, Forecast

BANDS = (0.5, 0.8, 0.9, 0.98)
TRIAL_DAYS = 28
"""Issues over which a model must not lose to its naive twin."""


@dataclass(frozen=True, slots=True)
class Row:
    """How good one forecast was.

    Attributes:
        model: Its name.
        mae: Mean absolute error, in the unit of the target.
        relative_to_mixed: MAE over that of the naive that takes the day before from Tuesday to Friday, else the week.
        relative_to_weekly: MAE over that of the weekly naive.
        crps: Twice the mean pinball loss over all levels; None for a forecast without a band.
        coverage: Share of values inside the central bands `BANDS`; None without a band.
        value_share: Saving of a load that is off when its forecast is above the break-even, as a share of the saving
            with every price known; the break-even is the 70 % quantile of what happened.
        diebold_mariano: Against the naive twin, on the daily absolute error.
        giacomini_white: Against the naive twin.
        replaced: Issues at which the rule of `guarded` would have taken the naive twin.
    """

    model: str
    mae: float
    relative_to_mixed: float
    relative_to_weekly: float
    crps: float | None
    coverage: tuple[float, ...] | None
    value_share: float
    diebold_mariano: score.Comparison
    giacomini_white: score.Comparison
    replaced: int


def row_of(forecast: Forecast, data: Dataset, weekly: Floats) -> Row:
    """Score a forecast whose naive twin is the mixed one.

    Args:
        forecast: Forecast.
        data: Holds what happened.
        weekly: The weekly naive, shape (m, H).
    """
    actual, point = forecast.actual(data), forecast.median
    crps = bands = None
    if len(forecast.levels) > 1:
        crps = float(np.nanmean(score.crps(actual, forecast.quantiles, forecast.levels)))
        bands = tuple(score.coverage(actual, forecast.quantiles, forecast.levels, band) for band in BANDS)
    loss, twin = (score.daily(np.abs(actual - one)) for one in (point, forecast.naive))
    return Row(
        forecast.model,
        score.mae(actual, point),
        score.relative_mae(actual, point, forecast.naive),
        score.relative_mae(actual, point, weekly),
        crps,
        bands,
        value_share(actual, point, float(np.nanquantile(actual, 0.7))),
        score.diebold_mariano(loss, twin),
        score.giacomini_white(loss, twin),
        int(guarded(forecast, data)[1].sum()),
    )


def value_share(actual: Floats, point: Floats, break_even: float) -> float:
    """Saving of a load that runs where its forecast is at most the break-even, over that with every price known."""
    there = np.isfinite(actual + point)
    gain = actual[there] - break_even
    return float(gain[point[there] > break_even].sum() / gain[gain > 0].sum())


def guarded(forecast: Forecast, data: Dataset) -> tuple[Forecast, NDArray[np.bool_]]:
    """The forecast, with the naive twin in its place wherever it lost to it over the last 28 issues then known.

    The band is moved to the twin's value; its width stays.

    Returns:
        The forecast so corrected, and the issues at which the twin stands, shape (m,).
    """
    target, issues = data[forecast.target], forecast.issues
    actual = forecast.actual(data)
    there = ~np.isnat(issues.starts)
    at = np.clip((np.where(there, issues.starts, target.grid.start) - target.grid.start) // target.grid.step, 0, None)
    known_at = np.where(there & (at < target.grid.n), target.known_at[np.minimum(at, target.grid.n - 1)], NEVER)
    settled = np.where(there, known_at, np.datetime64("1970-01-01", "s")).max(axis=1)
    excess = score.daily(np.abs(actual - forecast.median) - np.abs(actual - forecast.naive))
    taken = np.zeros(len(issues), dtype=np.bool_)
    for number, now in enumerate(issues.issued):
        past = excess[:number][(settled[:number] <= now) & np.isfinite(excess[:number])][-TRIAL_DAYS:]
        taken[number] = len(past) == TRIAL_DAYS and past.sum() > 0
    shift = np.where(taken[:, None], forecast.naive - forecast.median, 0.0)
    return replace(forecast, quantiles=forecast.quantiles + shift[..., None]), taken
