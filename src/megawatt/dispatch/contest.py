"""A contest: the simple rules of one source of money and one policy that acts on a forecast, on the same period."""

from dataclasses import dataclass

import numpy as np

from megawatt.core.dataset import Dataset
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.backtest import Result
from megawatt.dispatch.problem import Ints
from megawatt.forecast.guard import Stint


@dataclass(frozen=True, slots=True)
class Contest:
    """What one source brought with a forecast and without.

    Attributes:
        source: batch, reserves, peaks or real-time.
        simple: Results of the rules that need no forecast, besides the site's usual ones.
        forecast: Result of the policy that acts on a forecast; None where there is none.
        stints: When the guard had the simple twin stand in.
        absent: Why there is no contest; empty where there is one.
        note: What the reader of its figure must know.
    """

    source: str
    simple: tuple[Result, ...] = ()
    forecast: Result | None = None
    stints: tuple[Stint, ...] = ()
    absent: str = ""
    note: str = ""


def missing(data: Dataset, *names: str) -> str:
    """Why a forecast cannot rest on these series: one is not at hand, or modelled; empty where all are measured."""
    for name in names:
        if name not in data:
            return f"the data hold no {name}"
    modelled = [name for name in names if data[name].provenance.modelled]
    return f"{modelled[0]} is modelled: to forecast what a model has drawn proves nothing" if modelled else ""


def local_day(grid: TimeGrid, timezone: str) -> Ints:
    """Number of the local day of each interval, 0 for the first, shape (T,)."""
    local = np.asarray(grid.index(timezone).tz_localize(None), dtype="datetime64[s]").astype("datetime64[D]")
    day: Ints = (local - local[0]).astype(np.int64)
    return day
