"""Closed forms of real options: when to invest, when to enter and leave, what an exchange is worth. Oracles and first answers.

Sources: Dixit and Pindyck 1994, Investment under Uncertainty, chapter 5; Dixit 1989, Journal of Political Economy 97, 620-638;
Margrabe 1978, Journal of Finance 33, 177-186.
"""

import math
from dataclasses import dataclass

import numpy as np
from scipy.optimize import fsolve
from scipy.stats import norm

from megawatt.core.errors import InputError, SolverError


def beta(rate: float, payout: float, volatility: float) -> tuple[float, float]:
    """Roots b1 > 1 and b2 < 0 of ``s^2 b (b - 1) / 2 + (r - d) b - r = 0``.

    Args:
        rate: Riskless rate r a year, > 0.
        payout: What holding the asset pays a year, d: rate less expected growth, > 0.
        volatility: Of the asset, a year, > 0.
    """
    if not (rate > 0 and payout > 0 and volatility > 0):
        raise InputError(
            f"a rate of {rate}, a payout of {payout}, a volatility of {volatility}", "all are above 0", "Check them."
        )
    variance = volatility**2
    half = 0.5 - (rate - payout) / variance
    root = math.sqrt(half**2 + 2 * rate / variance)
    return half + root, half - root


@dataclass(frozen=True, slots=True)
class InvestmentOption:
    """The right to pay a cost, at any time, for an asset that follows geometric Brownian motion.

    Attributes:
        cost: What is paid.
        trigger: Value of the asset from which on it is right to pay: ``b1 / (b1 - 1) x cost``.
        beta: b1.
    """

    cost: float
    trigger: float
    beta: float

    @classmethod
    def of(cls, cost: float, *, rate: float, payout: float, volatility: float) -> "InvestmentOption":
        """Solve it."""
        b, _ = beta(rate, payout, volatility)
        return cls(cost, b / (b - 1) * cost, b)

    def value(self, asset: float) -> float:
        """What the right is worth while the asset is worth ``asset``: ``(V* - I) (V / V*)^b1`` below the trigger."""
        if asset >= self.trigger:
            return asset - self.cost
        return float((self.trigger - self.cost) * (asset / self.trigger) ** self.beta)


def entry_and_exit(
    *, rate: float, growth: float, volatility: float, running_cost: float, entry_cost: float, exit_cost: float
) -> tuple[float, float]:
    """Prices (high, low) at which an idle site starts and a running one stops, when each costs money and time is endless.

    Four equations, values and slopes meeting at both prices, in A1, B2 and the two prices. Between them everybody stays as he is:
    the gap is why machines run on below their break-even, and why a site waits above it.

    Raises:
        SolverError: The equations were not solved.
    """
    b1, b2 = beta(rate, rate - growth, volatility)

    def meet(x: np.ndarray[tuple[int, ...], np.dtype[np.float64]]) -> list[float]:
        a, b = x[2], x[3]
        high, low = math.exp(x[0]), math.exp(x[1])

        def gain(p: float) -> float:
            return float(-a * p**b1 + b * p**b2 + p / (rate - growth) - running_cost / rate)

        def slope(p: float) -> float:
            return float(-a * b1 * p ** (b1 - 1) + b * b2 * p ** (b2 - 1) + 1 / (rate - growth))

        return [gain(high) - entry_cost, slope(high), gain(low) + exit_cost, slope(low)]

    up = running_cost + rate * entry_cost
    down = max(running_cost - rate * exit_cost, 1e-6 * up)
    scale = entry_cost + exit_cost
    start = [math.log(up * 1.3), math.log(down * 0.8), scale / up**b1 / 2, scale / down**b2 / 2]
    found, _, status, message = fsolve(meet, start, full_output=True, xtol=1e-13)
    if status != 1 or not found[0] > found[1]:
        raise SolverError(
            f"entry at {math.exp(found[0]):g}, exit at {math.exp(found[1]):g}",
            f"the equations were not solved: {message}",
            "Check the order of magnitude of the costs.",
        )
    return math.exp(found[0]), math.exp(found[1])


def exchange_option(
    receive: float,
    give: float,
    *,
    years: float,
    volatilities: tuple[float, float],
    correlation: float,
    payouts: tuple[float, float] = (0.0, 0.0),
) -> float:
    """Value of the right to give one asset for another at the end: mine for host, without a cost (Margrabe).

    Args:
        receive: Value today of what is received.
        give: Value today of what is given.
        years: Until the one date on which it may be done.
        volatilities: Of what is received and of what is given.
        correlation: Of the two.
        payouts: What each pays its holder a year meanwhile.
    """
    s, g = volatilities
    spread = math.sqrt(max(s * s + g * g - 2 * correlation * s * g, 0.0)) * math.sqrt(years)
    a, b = receive * math.exp(-payouts[0] * years), give * math.exp(-payouts[1] * years)
    if spread == 0:
        return max(a - b, 0.0)
    d = (math.log(a / b) + spread * spread / 2) / spread
    return float(a * norm.cdf(d) - b * norm.cdf(d - spread))
