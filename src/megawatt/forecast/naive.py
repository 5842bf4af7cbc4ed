"""Naive forecasts: the value of the same hour some days ago, or the last one known. Every model stands beside one."""

import numpy as np
import pandas as pd

from megawatt.core.dataset import Dataset
from megawatt.core.timegrid import Times, zone
from megawatt.forecast.model import MEDIAN, Floats, Issues

WEEKLY = (7, 7, 7, 7, 7, 7, 7)
"""The week before. Many published 'rMAE' divide by this one."""
MIXED = (7, 1, 1, 1, 1, 7, 7)
"""The day before from Tuesday to Friday, else the week before. Other published 'rMAE' divide by this harder one."""


class SameHour:
    """The value at the same wall-clock time some days ago, by the day of the week that is forecast, Monday first."""

    version = "1"
    levels = MEDIAN

    def __init__(self, target: str, *, timezone: str, days: tuple[int, ...] = MIXED) -> None:
        self.name = f"same-hour-{'mixed' if len(set(days)) > 1 else days[0]}"
        self.target = target
        self.inputs = (target,)
        self._zone = zone(timezone)
        self._days = np.array(days)

    def fit(self, past: Dataset, now: np.datetime64) -> None:
        """There is nothing to learn."""

    def predict(self, past: Dataset, issues: Issues) -> Floats:
        """The earlier values, shape (m, H, 1)."""
        starts = issues.starts.ravel()
        present = ~np.isnat(starts)
        earlier = np.full(starts.shape, np.datetime64("NaT", "s"))
        earlier[present] = self._earlier(starts[present])
        return issues.known(past[self.target], earlier.reshape(issues.starts.shape))[..., None]

    def _earlier(self, starts: Times) -> Times:
        """The same wall-clock time on the earlier day; of an hour the clock repeats the first, of one it skips the next."""
        wall = pd.DatetimeIndex(starts, tz="UTC").tz_convert(self._zone).tz_localize(None)
        wall -= pd.to_timedelta(self._days[wall.day_of_week], unit="D")
        instants = wall.tz_localize(self._zone, ambiguous=np.ones(len(wall), bool), nonexistent="shift_forward")
        earlier: Times = instants.tz_convert("UTC").tz_localize(None).to_numpy(dtype="datetime64[s]")
        return earlier


class LastKnown:
    """The latest value known at the issue, for every interval: what reacting to the last price assumes."""

    name = "last-known"
    version = "1"
    levels = MEDIAN

    def __init__(self, target: str) -> None:
        self.target = target
        self.inputs = (target,)

    def fit(self, past: Dataset, now: np.datetime64) -> None:
        """There is nothing to learn."""

    def predict(self, past: Dataset, issues: Issues) -> Floats:
        """The last value, shape (m, H, 1)."""
        last = past[self.target].last_known(issues.issued)[:, None]
        return np.where(np.isnat(issues.starts), np.nan, last)[..., None]
