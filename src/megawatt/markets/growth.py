"""What AI and blockchain would add to the level of GDP in a year, as an explicit identity, and what must be true for a target.

uplift = (B x E x A x s x k + C) x (1 + y)

B  GDP without AI [tn USD]                      E  share of tasks exposed
A  adoption in the year, 1 / (1 + exp(-slope (year - midpoint)))
s  cost saved on an exposed task                k  multiplier through capital and consumption
C  blockchain [tn USD]                          y  synergy

Hulten's theorem: the productivity gain of an economy is the gain of a task times the share of tasks (Hulten 1978; Acemoglu 2024).
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.markets.estimates import BASE_2030

YEAR = 2030


@dataclass(frozen=True, slots=True)
class Factors:
    """The factors of the identity.

    Attributes:
        exposed: Share of tasks exposed (E).
        midpoint: Year of half adoption.
        slope: Steepness of adoption [1/year].
        saved: Cost saved on an exposed task (s).
        multiplier: Multiplier (k).
        blockchain_tn: Blockchain (C) [tn USD].
        synergy: Synergy (y).
    """

    exposed: float = 0.25
    midpoint: float = 2031.5
    slope: float = 0.6
    saved: float = 0.144
    multiplier: float = 1.3
    blockchain_tn: float = 0.3
    synergy: float = 0.0725


@dataclass(frozen=True, slots=True)
class Range:
    """Range of a factor; a mode makes it triangular.

    Attributes:
        low: Lower end.
        high: Upper end.
        mode: Most likely value, or None for a uniform range.
        why: Where it comes from.
    """

    low: float
    high: float
    mode: float | None
    why: str

    def quantile(self, u: Floats) -> Floats:
        """Values at the quantiles ``u``."""
        width = self.high - self.low
        if self.mode is None:
            return self.low + width * u
        turn = (self.mode - self.low) / width
        rising = self.low + np.sqrt(np.maximum(u * width * (self.mode - self.low), 0.0))
        falling = self.high - np.sqrt(np.maximum((1 - u) * width * (self.high - self.mode), 0.0))
        return np.asarray(np.where(u < turn, rising, falling))


RANGES: Mapping[str, Range] = {
    "exposed": Range(0.15, 0.60, 0.25, "Acemoglu 0.20, Goldman 0.25, Eloundou et al. up to 0.6"),
    "midpoint": Range(2027.0, 2036.0, None, "ours: general-purpose technologies took decades"),
    "slope": Range(0.3, 0.9, None, "ours: 10 to 90 % in 5 to 15 years"),
    "saved": Range(0.08, 0.30, 0.144, "Acemoglu 0.144 (27 % of labour cost x 0.53); experiments up to 0.3"),
    "multiplier": Range(1.0, 1.6, None, "ours: Acemoglu's GDP over TFP is 1.4-2.4, PwC's consumption effect"),
    "blockchain_tn": Range(0.0, 1.76, 0.3, "nothing to PwC"),
    "synergy": Range(0.0, 0.145, None, "nothing to what Bitwise needs"),
}
"""Ranges of the factors. They are ours, and a user replaces them."""


def adoption(midpoint: Floats | float, slope: Floats | float, year: float = YEAR) -> Floats:
    """Logistic adoption in ``year``."""
    return np.asarray(1 / (1 + np.exp(-np.asarray(slope) * (year - np.asarray(midpoint)))))


def uplift_tn(factors: Factors | Mapping[str, Floats], base_tn: float = BASE_2030.tn_usd, year: float = YEAR) -> Floats:
    """Uplift of the level of GDP [tn USD]."""
    f = {name: getattr(factors, name) for name in RANGES} if isinstance(factors, Factors) else factors
    ai = base_tn * f["exposed"] * adoption(f["midpoint"], f["slope"], year) * f["saved"] * f["multiplier"]
    return np.asarray((ai + f["blockchain_tn"]) * (1 + np.asarray(f["synergy"])))


@dataclass(frozen=True, slots=True)
class Needed:
    """What one factor must be for the target, the others as given.

    Attributes:
        factor: Name of the factor.
        given: Its given value.
        needed: The value that reaches the target; NaN when none does.
        reachable: Whether it lies in the factor's range and in what is possible at all (shares up to 1).
    """

    factor: str
    given: float
    needed: float
    reachable: bool


def must_be(target_tn: float, factors: Factors, base_tn: float = BASE_2030.tn_usd) -> tuple[Needed, ...]:
    """For each factor, the value with which it alone reaches the target.

    The uplift is linear in every factor but midpoint and slope, which act through adoption A: A = 1 / (1 + e^-z), so
    z = log(A / (1 - A)) = slope (year - midpoint) is solved for either.
    """
    if not target_tn > 0:
        raise InputError(f"a target of {target_tn} tn USD", "it is above zero", "State the uplift to be explained.")
    out = []
    for name, span in RANGES.items():
        given = float(getattr(factors, name))
        needed = _needed(name, target_tn, factors, base_tn)
        out.append(Needed(name, given, needed, bool(span.low <= needed <= span.high)))
    return tuple(out)


def product_needed(target_tn: float, blockchain_tn: float, synergy: float, base_tn: float = BASE_2030.tn_usd) -> float:
    """The product E A s k that reaches the target."""
    return (target_tn / (1 + synergy) - blockchain_tn) / base_tn


def _needed(name: str, target: float, f: Factors, base: float) -> float:
    if name == "synergy":
        return target / float(uplift_tn(replace(f, synergy=0.0), base)) - 1
    if name == "blockchain_tn":
        return target / (1 + f.synergy) - float(uplift_tn(replace(f, blockchain_tn=0.0, synergy=0.0), base))
    product = product_needed(target, f.blockchain_tn, f.synergy, base)
    a = float(adoption(f.midpoint, f.slope))
    now = f.exposed * a * f.saved * f.multiplier
    if name in {"exposed", "saved", "multiplier"}:
        return float(getattr(f, name)) * product / now
    share = a * product / now
    if not 0 < share < 1:
        return float("nan")
    z = float(np.log(share / (1 - share)))
    if name == "midpoint":
        return YEAR - z / f.slope
    return z / (YEAR - f.midpoint) if f.midpoint != YEAR else float("nan")
