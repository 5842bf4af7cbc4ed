"""One row a forecast, its naive twin always beside it, and what the guard makes of it."""

from dataclasses import dataclass

import numpy as np

from megawatt.core.dataset import Dataset
from megawatt.forecast import score
from megawatt.forecast.guard import Stint
from megawatt.forecast.model import Floats, Forecast

BANDS = (0.5, 0.8, 0.9, 0.98)


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
        guarded_mae: Mean absolute error of what is given out, the naive twin standing in where the guard says so.
        stints: When the twin stood in, and why; see `megawatt.forecast.guard`.
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
    guarded_mae: float
    stints: tuple[Stint, ...]

    @property
    def replaced(self) -> int:
        """Issues at which the naive twin stood in."""
        return sum(one.issues for one in self.stints)


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
    given = forecast.guarded(data)
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
        score.mae(actual, given.median),
        given.stints,
    )


def value_share(actual: Floats, point: Floats, break_even: float) -> float:
    """Saving of a load that runs where its forecast is at most the break-even, over that with every price known."""
    there = np.isfinite(actual + point)
    gain = actual[there] - break_even
    return float(gain[point[there] > break_even].sum() / gain[gain > 0].sum())
