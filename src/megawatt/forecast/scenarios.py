"""Scenarios for a plan: prices of a whole day that fit the forecast's quantiles hour by hour and hang together.

Reference:
    Clark et al., J. Hydrometeorology 5 (2004) 243 (the Schaake shuffle).
"""

import numpy as np

from megawatt.core.errors import InputError
from megawatt.forecast.model import Floats


def schaake_shuffle(quantiles: Floats, levels: tuple[float, ...], template: Floats) -> Floats:
    """As many days as the template has, each following one past day's pattern of high and low.

    In every interval the scenarios are evenly spread over the forecast's distribution; which scenario gets the
    highest, the second highest and so on is taken from the ranks of the past days in that interval. So margins are
    those of the forecast and dependence is that of the past.

    Args:
        quantiles: Forecast of one issue, shape (H, q).
        levels: Probability levels, increasing, shape (q,).
        template: What happened on S past days, or better their errors, shape (S, H).

    Returns:
        Equally likely scenarios, shape (S, H).

    Raises:
        InputError: The shapes do not fit or a value is missing.
    """
    S, H = template.shape
    if quantiles.shape != (H, len(levels)) or not (np.isfinite(quantiles).all() and np.isfinite(template).all()):
        raise InputError(
            f"quantiles of shape {quantiles.shape} and past days of shape {template.shape}",
            f"they have the same intervals and {len(levels)} levels, and none is missing",
            "Leave out past days with gaps.",
        )
    spread = (np.arange(S) + 0.5) / S
    margins = np.stack([np.interp(spread, levels, row) for row in quantiles], axis=1)
    ranks = np.argsort(np.argsort(template, axis=0, kind="stable"), axis=0, kind="stable")
    scenarios: Floats = np.take_along_axis(margins, ranks, axis=0)
    return scenarios
