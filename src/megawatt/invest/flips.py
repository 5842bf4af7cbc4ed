"""What would turn the answer: the value of each input at which two alternatives are worth the same, and which inputs matter.

Three views of one difference A - B. *Flips*: an input moved alone, all else as drawn, until the mean difference is nought. *Tornado*: the mean
difference with the input at both ends of its range. *Shares*: total Sobol shares of the inputs in the variance of the difference,
the scenarios' own chance being one input among them.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.series import Floats
from megawatt.invest.ranges import Range, total_shares, turning_point

SCENARIO = "scenario"
"""The input that stands for the chance of the paths: coins, power, rents, and whether the tenant fails."""

Difference = Callable[[Mapping[str, float]], float]
"""Mean of A - B with some inputs held at given values."""


@dataclass(frozen=True, slots=True)
class Flip:
    """One input.

    Attributes:
        name: Name.
        likely: Where it is expected.
        at: Value at which both alternatives are worth the same; None: nowhere between the ends searched.
        searched: These ends.
        low_usd: Mean difference with the input at the low end of its range.
        high_usd: And at the high end.
        ends: The range.
    """

    name: str
    likely: float
    at: float | None
    searched: tuple[float, float]
    low_usd: float
    high_usd: float
    ends: tuple[float, float]

    @property
    def swing_usd(self) -> float:
        """Width of its bar in the tornado."""
        return abs(self.high_usd - self.low_usd)


def flips(
    difference: Difference, ranges: Mapping[str, Range], searched: Mapping[str, tuple[float, float]]
) -> tuple[Flip, ...]:
    """Where each input turns the answer, the largest swing first.

    Args:
        difference: Mean of A - B; monotone in each input, as a value is in a price, a delay, a hazard or a rate.
        ranges: What each input may be.
        searched: Ends between which the turning point is looked for, wider than the range.
    """
    out = []
    for name, one in ranges.items():

        def moved(x: float, name: str = name) -> float:
            return difference({name: x})

        low, high = searched[name]
        at = turning_point(moved, 0.0, low, high, tolerance=1e-4 * (high - low))
        out.append(Flip(name, one.likely, at, (low, high), moved(one.low), moved(one.high), (one.low, one.high)))
    return tuple(sorted(out, key=lambda flip: -flip.swing_usd))


def shares_of_difference(
    difference: Callable[[NDArray[np.int64], Mapping[str, Floats]], Floats],
    ranges: Mapping[str, Range],
    paths: int,
    rng: np.random.Generator,
    points: int = 128,
) -> dict[str, float]:
    """Total share of every input, and of the scenario, in the variance of A - B, largest first.

    Args:
        difference: A - B on the paths of given numbers with given inputs, all of one shape.
        ranges: What each input may be.
        paths: Number of paths that ``SCENARIO`` picks from.
        rng: Chance.
        points: A power of two; (inputs + 3) x ``points`` paths are valued.
    """

    def value(drawn: Mapping[str, Floats]) -> Floats:
        x = drawn[SCENARIO]
        uniform = np.where(x < 0.5, 2 * x**2, 1 - 2 * (1 - x) ** 2)  # a range is drawn as a triangle; paths weigh alike
        rows = np.minimum((uniform * paths).astype(np.int64), paths - 1)
        inputs = {name: np.ravel(values) for name, values in drawn.items() if name != SCENARIO}
        return difference(np.ravel(rows), inputs).reshape(np.shape(rows))

    return total_shares(value, {**ranges, SCENARIO: Range(0.0, 0.5, 1.0)}, rng, points)
