"""The forecasters of which the day-ahead forecast is made, each new from nothing."""

from collections.abc import Callable, Sequence
from functools import partial

import numpy as np

from megawatt.forecast.lear import WINDOWS, Lear
from megawatt.forecast.model import Forecaster
from megawatt.forecast.network import Network
from megawatt.forecast.trees import Trees


def members(target: str, others: Sequence[str], *, timezone: str) -> dict[str, Callable[[], Forecaster]]:
    """How to make each member, by name.

    Args:
        target: Name of the price series.
        others: Names of series known for the day that is forecast; never another's forecast of the target.
        timezone: IANA zone of the market's days.
    """
    made: dict[str, Callable[[], Forecaster]] = {
        f"lear-{days}": partial(Lear, target, others, timezone=timezone, days=days) for days in WINDOWS
    }
    made["network"] = lambda: Network(target, others, timezone=timezone, rng=np.random.default_rng(1))
    made["trees"] = partial(Trees, target, others, timezone=timezone)
    return made
