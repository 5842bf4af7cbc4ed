"""How uncertain the outlook is, and which factor it is uncertain from: Monte Carlo and Sobol shares.

First-order share S_i = V(E(Y | x_i)) / V(Y), total share T_i = E(V(Y | all but x_i)) / V(Y).
Estimators: Saltelli et al. (2010) for S, Jansen (1999) for T, on Sobol points (Saltelli et al. 2010, CPC 181:259-270).
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
from scipy.stats import qmc

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.growth import RANGES, Range, uplift_tn

Model = Callable[[Mapping[str, Floats]], Floats]


@dataclass(frozen=True, slots=True)
class Share:
    """Share of a factor in the variance.

    Attributes:
        factor: Name.
        first: First-order share: what knowing it would take away.
        total: Total share: what remains if everything else were known.
    """

    factor: str
    first: float
    total: float


@dataclass(frozen=True, slots=True)
class Outlook:
    """Distribution of the uplift [tn USD].

    Attributes:
        quantiles: Value at 5, 50 and 95 %.
        target_tn: Target.
        probability: Share of draws at or above the target.
        draws: Number of draws.
        shares: Sobol shares, largest total first.
    """

    quantiles: Mapping[float, float]
    target_tn: float
    probability: float
    draws: int
    shares: tuple[Share, ...]


def outlook(
    rng: np.random.Generator,
    *,
    target_tn: float = 20.0,
    ranges: Mapping[str, Range] = RANGES,
    draws: int = 1_000_000,
    sobol_power: int = 13,
) -> Outlook:
    """Monte Carlo of the growth identity and its Sobol shares."""
    u = rng.random((len(ranges), draws))
    y = uplift_tn({name: span.quantile(u[i]) for i, (name, span) in enumerate(ranges.items())})
    quantiles = {q: float(np.quantile(y, q)) for q in (0.05, 0.5, 0.95)}
    shares = sobol_shares(uplift_tn, ranges, rng, power=sobol_power)
    return Outlook(quantiles, target_tn, float(np.mean(y >= target_tn)), draws, shares)


def sobol_shares(
    model: Model, ranges: Mapping[str, Range], rng: np.random.Generator, *, power: int = 13
) -> tuple[Share, ...]:
    """Sobol shares with 2^power base points, (k + 2) 2^power calls of the model, largest total first."""
    if not 4 <= power <= 20:
        raise InputError(f"2^{power} points", "the power lies between 4 and 20", "Choose about 13.")
    k = len(ranges)
    points = qmc.Sobol(2 * k, rng=rng).random_base2(power)
    a, b = points[:, :k], points[:, k:]

    def run(u: Floats) -> Floats:
        return np.asarray(model({name: span.quantile(u[:, i]) for i, (name, span) in enumerate(ranges.items())}))

    ya, yb = run(a), run(b)
    centre = float(np.mean(np.concatenate([ya, yb])))
    variance = float(np.var(np.concatenate([ya, yb])))
    if variance <= 0:
        raise InputError("a model that is constant over its ranges", "shares divide a variance", "Widen a range.")
    shares = []
    for i, name in enumerate(ranges):
        mixed = a.copy()
        mixed[:, i] = b[:, i]
        ym = run(mixed)
        first = float(np.mean((yb - centre) * (ym - ya))) / variance
        total = 0.5 * float(np.mean((ya - ym) ** 2)) / variance
        shares.append(Share(name, first, total))
    return tuple(sorted(shares, key=lambda share: -share.total))
