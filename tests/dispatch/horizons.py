"""Random blocks and prices for the decision horizon, and what a window's decided prefix earns when it is carried on."""

from dataclasses import replace

import numpy as np

from megawatt.dispatch.horizon import class_horizon
from megawatt.dispatch.kernel import plan_block
from megawatt.dispatch.problem import FREE, InitialState, MachineClass
from megawatt.dispatch.separable import block_terms, plan_class
from tests.dispatch.oracles import word_value


def random_class(rng: np.random.Generator, T: int) -> MachineClass:
    """A block of 4 MW whose break-even moves, with every feature drawn."""
    modes, r = int(rng.integers(1, 3)), int(rng.integers(0, 5))
    worth = rng.uniform(40, 80, T)
    return MachineClass(
        "m",
        int(rng.integers(1, 4)),
        np.array([[4.0], [2.8]][:modes]) * np.ones(T),
        np.array([[4.0], [3.1]][:modes]) * worth,
        start_usd=float(rng.choice([0.0, 30.0, 300.0])),
        stop_usd=float(rng.choice([0.0, 10.0, 150.0])),
        min_up=int(rng.integers(1, 6)),
        min_down=int(rng.integers(1, 6)),
        ramp_loss=np.sort(rng.random(r))[::-1],
        initial=InitialState(bool(rng.integers(2)), int(rng.choice([1, 2, 3, FREE]))),
    )


def prices(rng: np.random.Generator, T: int) -> np.ndarray:
    return rng.normal(60, 50, T) + (rng.random(T) < 0.1) * rng.normal(0, 1500, T)


def first(c: MachineClass, T: int) -> MachineClass:
    """The class over the first T intervals."""
    return replace(c, power_mw=c.power_mw[:, :T], revenue_usd_per_h=c.revenue_usd_per_h[:, :T])


def carried_on(c: MachineClass, cost: np.ndarray, window: int) -> tuple[int, float]:
    """Decisions that the first ``window`` intervals decide, and the best value of the whole that begins with them [USD]."""
    short = first(c, window)
    m = class_horizon(short, cost[:window], 1.0)
    prefix = plan_class(short, 0, cost[:window], 1.0)[1].on[:m]
    gain, ramp = block_terms(c, cost, 1.0)
    word = tuple(prefix.astype(int).tolist())
    earned = word_value(word, gain, ramp, c.start_usd, c.stop_usd, c.initial.on, c.initial.steps)
    on, age = c.initial.on, c.initial.steps
    for u in prefix.tolist():
        on, age = (on, min(age + 1, FREE)) if u == on else (u, 1)
    later = np.ascontiguousarray(ramp[:, m:])
    rest, _ = plan_block(gain[m:], later, c.start_usd, c.stop_usd, c.min_up, c.min_down, on, age)
    return m, earned + rest
