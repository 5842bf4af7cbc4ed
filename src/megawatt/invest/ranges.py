"""An input that nobody knows exactly: low, likely, high; and an output that is never shown without its range."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, cast

import numpy as np
from scipy import stats
from scipy.optimize import brentq

from megawatt.core.errors import InputError
from megawatt.core.series import Floats

LEVELS = (0.05, 0.5, 0.95)
"""Quantiles that a range shows: nine tenths of the scenarios lie between the outer two."""


@dataclass(frozen=True, slots=True)
class Range:
    """Low, likely and high; sampled as a triangle, which is as much as three numbers say.

    Attributes:
        low: Smallest value thought possible.
        likely: The one to bet on, used where a single number is needed.
        high: Largest value thought possible.
    """

    low: float
    likely: float
    high: float

    def __post_init__(self) -> None:
        if not self.low <= self.likely <= self.high:
            raise InputError(
                f"a range of {self.low}, {self.likely}, {self.high}", "it goes from low over likely to high", "Sort it."
            )

    @classmethod
    def exact(cls, value: float) -> "Range":
        """A number that is known."""
        return cls(value, value, value)

    @property
    def is_exact(self) -> bool:
        """Whether there is nothing to sample."""
        return self.low == self.high

    def at(self, uniform: Floats) -> Floats:
        """Quantiles of the triangle at uniform numbers in [0, 1], same shape."""
        width = self.high - self.low
        if width == 0:
            return np.full(np.shape(uniform), self.likely)
        rising = (self.likely - self.low) / width
        left = self.low + np.sqrt(uniform * width * (self.likely - self.low))
        right = self.high - np.sqrt((1 - uniform) * width * (self.high - self.likely))
        out: Floats = np.where(uniform < rising, left, right)
        return out


@dataclass(frozen=True, slots=True)
class Spread:
    """What an answer may be.

    Attributes:
        low: 5 % of the scenarios are below.
        median: Half are below.
        high: 5 % are above.
        mean: Mean of all.
    """

    low: float
    median: float
    high: float
    mean: float

    @classmethod
    def of(cls, values: Floats) -> "Spread":
        """Quantiles of scenarios."""
        low, median, high = np.quantile(values, LEVELS)
        return cls(float(low), float(median), float(high), float(np.mean(values)))


def sample(ranges: Mapping[str, Range], n: int, rng: np.random.Generator) -> dict[str, Floats]:
    """``n`` scenarios of independent inputs, one stratum each (Latin hypercube), by name.

    Each input draws from a stream of its own name, so that adding one leaves the others' scenarios as they were.
    """
    key = int(rng.integers(2**62))
    out = {}
    for name, one in ranges.items():
        stream = np.random.default_rng([key, *name.encode()])
        out[name] = one.at((stream.permutation(n) + stream.random(n)) / n)
    return out


def total_shares(
    value: Callable[[Mapping[str, Floats]], Floats], ranges: Mapping[str, Range], rng: np.random.Generator, points: int
) -> dict[str, float]:
    """Total Sobol share of each uncertain input in the variance of a value, largest first.

    Saltelli's design with Jansen's estimator (scipy.stats.sobol_indices), (inputs + 2) x ``points`` evaluations.

    Args:
        value: Of arrays of inputs by name, one value per element.
        ranges: Inputs; those that are known are left out.
        rng: Chance.
        points: A power of two.
    """
    unsure = {name: one for name, one in ranges.items() if not one.is_exact}
    if len(unsure) < 2:
        return dict.fromkeys(unsure, 1.0)

    def at(uniform: Floats) -> Floats:
        return value({name: one.at(uniform[i]) for i, (name, one) in enumerate(unsure.items())})

    found = stats.sobol_indices(func=at, n=points, dists=[cast("Any", stats.uniform())] * len(unsure), rng=rng)
    shares = dict(zip(unsure, map(float, found.total_order), strict=True))
    return dict(sorted(shares.items(), key=lambda item: -item[1]))


def value_at_risk(values: Floats, tail: float = 0.05) -> float:
    """The loss that only the share ``tail`` of the scenarios exceeds: minus the quantile; positive is a loss."""
    return -float(np.quantile(values, tail, method="inverted_cdf"))


def conditional_value_at_risk(values: Floats, tail: float = 0.05) -> float:
    """Mean loss in the worst share ``tail`` of the scenarios, a scenario on the border counting in part.

    The minimum over c of ``c + mean(max(-value - c, 0)) / tail`` (Rockafellar and Uryasev 2000), attained at c = VaR.
    """
    at = value_at_risk(values, tail)
    return at + float(np.maximum(-values - at, 0.0).mean()) / tail


def turning_point(
    value: Callable[[float], float], target: float, low: float, high: float, *, tolerance: float = 1e-12
) -> float | None:
    """Where ``value`` crosses ``target`` between two inputs; None when it has the same side at both.

    ``value`` must be monotone between them, as a price is in its rate, its hazard, its delay and its margin.
    """

    def excess(x: float) -> float:
        return value(x) - target

    first, last = excess(low), excess(high)
    if first == 0:
        return low
    if not first * last < 0:
        return None
    return float(brentq(excess, low, high, xtol=tolerance, rtol=1e-12))
