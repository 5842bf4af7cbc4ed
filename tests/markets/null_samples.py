"""Samples without an effect: how often does a test at 5 % reject them?

Residuals of Student's t with five degrees of freedom, 120 estimation days. 'Induced' multiplies the variance of the event's day,
which is no effect on the mean; 'common' adds a residual that all events of a sample share.
"""

from collections.abc import Callable, Sequence

import numpy as np

from megawatt.markets.normal import Panel, fit_panel
from megawatt.markets.parametric import Statistic

Test = Callable[[Panel, int, int], Statistic]


def rejections(
    tests: Sequence[Test], *, n: int, samples: int, seed: int, induced: float = 1.0, common: float = 0.0
) -> dict[str, float]:
    """Share of samples of ``n`` events of one day that each test rejects, by its name."""
    rng = np.random.default_rng(seed)
    scale = np.append(np.ones(120), np.sqrt(induced))
    count = dict.fromkeys([test.__name__ for test in tests], 0)
    for _ in range(samples):
        market = rng.standard_normal(121)
        noise = (rng.standard_t(5, (n, 121)) + common * rng.standard_t(5, 121)) * scale
        factors = np.broadcast_to(market[None, :, None], (n, 121, 1))
        returns = 0.7 * market + noise
        panel = fit_panel(returns[:, :120], returns[:, 120:], factors[:, :120], factors[:, 120:])
        for test in tests:
            count[test.__name__] += test(panel, 0, 0).p_value <= 0.05
    return {name: number / samples for name, number in count.items()}
