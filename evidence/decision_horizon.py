"""Bar of the decision horizon: what it calls decided, no later price changes."""

import numpy as np

from evidence.bar import Bar, Figure
from megawatt.dispatch.separable import plan_class
from tests.dispatch.horizons import carried_on, prices, random_class


def stands() -> Figure:
    """Windows of 1 to 96 intervals, ramps, modes, dwell times and any state before; tails up to 96 intervals, some wild."""
    worst, decided, intervals = 0.0, 0, 0
    for seed in range(5000):
        rng = np.random.default_rng(seed)
        T, tail = int(rng.integers(1, 97)), int(rng.integers(0, 97))
        c = random_class(rng, T + tail)
        cost = np.concatenate([prices(rng, T), rng.normal(60, rng.choice([5.0, 50.0, 1e4]), tail)])
        m, value = carried_on(c, cost, T)
        whole, _ = plan_class(c, 0, cost, 1.0)
        worst = max(worst, float(abs(whole - value) / max(1.0, abs(whole))))
        decided, intervals = decided + m, intervals + T
    text = f"largest loss {worst:.1e}; {decided / intervals:.0%} of the intervals decided"
    return Figure(text, worst <= 1e-9, {"instances": 5000, "worst_relative": worst, "decided_intervals": decided})


BARS: tuple[Bar, ...] = (
    Bar(
        id="decision-horizon-stands",
        sentence="On 5,000 random windows the decisions called decided are part of an optimum of the window and "
        "whatever prices follow it.",
        target="at most 1e-9 relative lost",
        covers=(
            "src/megawatt/dispatch/horizon.py",
            "src/megawatt/dispatch/kernel.py",
            "src/megawatt/dispatch/separable.py",
            "tests/dispatch/horizons.py",
            "tests/dispatch/oracles.py",
        ),
        measure=stands,
    ),
)
