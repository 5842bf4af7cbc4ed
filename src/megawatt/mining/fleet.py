"""A fleet of machines: what its blocks draw at the meter and what they earn.

A fleet is switched in equal blocks; a block runs in one of its modes or is off. All functions are pure and return the
shape (m, n): m modes by n intervals. Conventions, each tested:

* **Power of a machine** is what it draws at its plug in mode 1.0. The meter sees
  ``machines x power x availability x PUE(temperature) / (1 - losses)``.
* **Availability**: a machine that is broken draws no power and earns nothing, so both the block's megawatts and its hash
  rate are multiplied by it. It moves no break-even; it makes the fleet smaller.
* **Heat**: above ``derating_from_c`` the hash rate falls linearly while the power stays: break-even falls.
* **Age**: the hash rate falls by ``degradation_per_year`` of what is left each year while the power stays.
* **After a start** the power is full at once and the hash rate grows linearly to full.
"""

import math
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import ArrayLike

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.mining.hashprice import HOURS_PER_DAY, Payout

TH_PER_PH = 1_000.0
W_PER_MW = 1e6


def _check(
    value: float,
    what: str,
    *,
    above: float = -math.inf,
    least: float = -math.inf,
    below: float = math.inf,
    most: float = math.inf,
) -> None:
    if above < value < below and least <= value <= most:
        return
    limits = {"above": above, "at least": least, "below": below, "at most": most}
    rule = " and ".join(f"{word} {limit:g}" for word, limit in limits.items() if math.isfinite(limit))
    raise InputError(f"{what} is {value}", f"it is {rule}", "Check the value and its unit.")


@dataclass(frozen=True, slots=True)
class Mode:
    """A power mode of the machines.

    Attributes:
        name: What people call it: ``"normal"``, ``"low"``, ``"turbo"``.
        power_fraction: Power relative to the machine's stated power, > 0.
        hashrate_fraction: Hash rate relative to the machine's stated hash rate, > 0.
    """

    name: str
    power_fraction: float
    hashrate_fraction: float

    def __post_init__(self) -> None:
        for what in ("power_fraction", "hashrate_fraction"):
            _check(getattr(self, what), f"{what} of mode {self.name!r}", above=0.0)


NORMAL = Mode("normal", 1.0, 1.0)


@dataclass(frozen=True, slots=True, kw_only=True)
class Machines:
    """A fleet of equal machines.

    Attributes:
        name: Name of the fleet.
        hashrate_th_s: Hash rate of one new machine, cool, in mode 1.0 [TH/s].
        power_w: Power of one machine at its plug in mode 1.0 [W].
        count: Number of machines installed.
        blocks: Number of equal parts that are switched as one; a block may hold a fraction of a machine more or less.
        modes: Power modes, at least one.
        pool_fee_fraction: Share of the payout the pool keeps, 0 to below 1.
        payout: What the pool passes on; it chooses the hashprice that revenue is computed from.
        availability_fraction: Share of machines that run when switched on, above 0 to 1.
        hashrate_derating_per_c: Share of the hash rate lost per degree above ``derating_from_c`` [1/°C].
        derating_from_c: Outdoor temperature from which the hash rate falls [°C].
        degradation_per_year: Share of the hash rate lost per year of age, 0 to below 1.
        age_years: Age of the machines [years].
        minutes_to_full_hashrate: From start to full hash rate [minutes].
    """

    name: str
    hashrate_th_s: float
    power_w: float
    count: int
    blocks: int = 1
    modes: tuple[Mode, ...] = field(default=(NORMAL,))
    pool_fee_fraction: float = 0.0
    payout: Payout = Payout.FPPS
    availability_fraction: float = 1.0
    hashrate_derating_per_c: float = 0.0
    derating_from_c: float = 35.0
    degradation_per_year: float = 0.0
    age_years: float = 0.0
    minutes_to_full_hashrate: float = 0.0

    def __post_init__(self) -> None:
        for what in ("hashrate_th_s", "power_w", "count", "blocks"):
            _check(getattr(self, what), f"{what} of fleet {self.name!r}", above=0.0)
        for what in ("hashrate_derating_per_c", "age_years", "minutes_to_full_hashrate"):
            _check(getattr(self, what), f"{what} of fleet {self.name!r}", least=0.0)
        for what in ("pool_fee_fraction", "degradation_per_year"):
            _check(getattr(self, what), f"{what} of fleet {self.name!r}", least=0.0, below=1.0)
        _check(self.availability_fraction, f"availability_fraction of fleet {self.name!r}", above=0.0, most=1.0)
        if self.blocks > self.count:
            raise InputError(
                f"fleet {self.name!r} of {self.count} machines in {self.blocks} blocks",
                "a block holds at least one machine",
                "Lower blocks.",
            )
        if not self.modes:
            raise InputError(f"fleet {self.name!r} without a mode", "it has at least one", "Leave modes out for one.")

    @property
    def machines_per_block(self) -> float:
        """Machines in a block, running ones and broken ones."""
        return self.count / self.blocks

    @property
    def it_mw(self) -> float:
        """Power at the plugs with every available machine on in mode 1.0 [MW]."""
        return self.count * self.availability_fraction * self.power_w / W_PER_MW

    @property
    def hashrate_ph_s(self) -> float:
        """Hash rate of the available machines at their age, cool, in mode 1.0 [PH/s]."""
        new = self.count * self.availability_fraction * self.hashrate_th_s / TH_PER_PH
        return new * self.age_factor

    @property
    def age_factor(self) -> float:
        """Share of the new machine's hash rate that is left at this age."""
        return math.pow(1 - self.degradation_per_year, self.age_years)


def _per_mode(machines: Machines, attribute: str) -> Floats:
    return np.array([[getattr(mode, attribute)] for mode in machines.modes], dtype=np.float64)


def efficiency_j_per_th(machines: Machines) -> Floats:
    """Energy per terahash at the plug of each mode, cool, at the fleet's age [J/TH], shape (m,)."""
    aged = machines.hashrate_th_s * machines.age_factor
    power, hashrate = (_per_mode(machines, f"{what}_fraction")[:, 0] for what in ("power", "hashrate"))
    out: Floats = machines.power_w * power / (aged * hashrate)
    return out


def heat_factor(machines: Machines, temperature_c: ArrayLike) -> Floats:
    """Share of the hash rate that is left at a temperature: 1 - derating x degrees above the threshold, at least 0.

    Args:
        machines: The fleet.
        temperature_c: Outdoor temperature [°C], shape (n,) or a scalar; NaN passes through.
    """
    excess = np.maximum(np.asarray(temperature_c, dtype=np.float64) - machines.derating_from_c, 0.0)
    out: Floats = np.maximum(1.0 - machines.hashrate_derating_per_c * excess, 0.0)
    return out


def meter_mw(machines: Machines, *, pue: ArrayLike = 1.0, loss_fraction: float = 0.0) -> Floats:
    """Power that one block draws at the meter [MW], shape (m, n).

    meter MW = machines per block x power x mode x availability x PUE / (1 - losses).

    Args:
        machines: The fleet.
        pue: Power usage effectiveness of each interval, >= 1, shape (n,) or a scalar (then n = 1).
        loss_fraction: Share of the metered energy lost between meter and plugs, 0 to below 1.
    """
    p = np.atleast_1d(np.asarray(pue, dtype=np.float64))
    if (p < 1).any():
        raise InputError(
            f"a PUE of {float(p.min()):g}", "it is total power over IT power, at least 1", "Write for example 1.05."
        )
    _check(loss_fraction, "loss_fraction", least=0.0, below=1.0)
    plugs = machines.it_mw / machines.blocks * _per_mode(machines, "power_fraction")
    out: Floats = plugs * p / (1 - loss_fraction)
    return out


def hashrate_ph_s(machines: Machines, *, temperature_c: ArrayLike | None = None) -> Floats:
    """Hash rate of one block at full speed [PH/s], shape (m, n).

    Args:
        machines: The fleet.
        temperature_c: Outdoor temperature [°C], shape (n,) or scalar; leave it out for a fleet that heat does not slow.
    """
    per_block = machines.hashrate_ph_s / machines.blocks * _per_mode(machines, "hashrate_fraction")
    if temperature_c is None:
        if machines.hashrate_derating_per_c > 0:
            raise InputError(
                f"fleet {machines.name!r} loses hash rate in heat and no temperature was given",
                "its hash rate is not known without one",
                "Pass the temperature series, or set hashrate_derating_per_c to 0.",
            )
        return per_block
    out: Floats = per_block * np.atleast_1d(heat_factor(machines, temperature_c))
    return out


def revenue_usd_per_h(
    machines: Machines, hashprice_usd_per_ph_day: ArrayLike, *, temperature_c: ArrayLike | None = None
) -> Floats:
    """What one block earns in an hour at full speed, after the pool's fee [USD/h], shape (m, n).

    revenue = PH/s x hashprice x (1 - pool fee) / 24.

    Args:
        machines: The fleet.
        hashprice_usd_per_ph_day: Hashprice before the pool's fee for the fleet's payout, shape (n,) or scalar:
            ``network.hashprice(grid, machines.payout)`` to settle, ``network.hashprice_known(...)`` to decide.
        temperature_c: Outdoor temperature [°C], shape (n,) or scalar.
    """
    paid = np.atleast_1d(np.asarray(hashprice_usd_per_ph_day, dtype=np.float64)) * (1 - machines.pool_fee_fraction)
    out: Floats = hashrate_ph_s(machines, temperature_c=temperature_c) * paid / HOURS_PER_DAY
    return out


def break_even_usd_per_mwh(
    machines: Machines,
    hashprice_usd_per_ph_day: ArrayLike,
    *,
    temperature_c: ArrayLike | None = None,
    pue: ArrayLike = 1.0,
    loss_fraction: float = 0.0,
) -> Floats:
    """Power price at the meter at which a running block earns exactly its energy [USD/MWh], shape (m, n).

    The price to compare with it includes the adders per MWh. A block that must first start also pays for the start.
    """
    revenue = revenue_usd_per_h(machines, hashprice_usd_per_ph_day, temperature_c=temperature_c)
    out: Floats = revenue / meter_mw(machines, pue=pue, loss_fraction=loss_fraction)
    return out


def ramp_loss_shares(minutes_to_full_hashrate: float, step_minutes: float) -> Floats:
    """Share of a step's hash revenue that is lost in each step after a start, until the hash rate is full.

    The hash rate grows linearly from 0 at the start to full after r minutes, so the lost share at minute t is 1 - t / r
    and its mean over a step [a, b] inside the ramp is 1 - (a + b) / (2 r). The sum of shares x step is r / 2.

    Args:
        minutes_to_full_hashrate: r, >= 0 [minutes].
        step_minutes: Length of a step, > 0 [minutes].

    Returns:
        Shape (ceil(r / step),); empty when r is 0.
    """
    _check(minutes_to_full_hashrate, "minutes_to_full_hashrate", least=0.0)
    _check(step_minutes, "step_minutes", above=0.0)
    steps = math.ceil(minutes_to_full_hashrate / step_minutes)
    if steps == 0:
        return np.zeros(0)
    edges = np.minimum(np.arange(steps + 1) * step_minutes, minutes_to_full_hashrate)
    lost_minutes = edges - edges**2 / (2 * minutes_to_full_hashrate)  # integral of the lost share up to each edge
    out: Floats = np.diff(lost_minutes) / step_minutes
    return out
