"""The dispatch problem as data: what may run, what it earns, what limits it. No solver is named here.

Sets: intervals t = 0..T-1 of h hours; machine classes c of n_c equal blocks with modes m; halls; windows w of batch
work; months of demand charges; hours H of reserve awards. All powers are at the meter, in MW: a load's own power times
PUE over (1 - losses). Prices and revenues are those that will be *settled*; what was known when a decision fell is the
business of the policies, never of the problem.
"""

import hashlib
from dataclasses import dataclass, field, fields, is_dataclass
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]

FREE = 1 << 30
"""Number of intervals that stands for 'long enough': the dwell time has passed."""


@dataclass(frozen=True, slots=True)
class InitialState:
    """State of a block before the first interval.

    Attributes:
        on: Whether it runs.
        steps: Intervals for which it has been in that state; ``FREE`` when long enough for any dwell time.
    """

    on: bool = True
    steps: int = FREE


@dataclass(frozen=True, slots=True)
class MachineClass:
    """Equal blocks of mining machines that are switched one by one.

    Attributes:
        name: Fleet name.
        blocks: Number of equal blocks, >= 1.
        power_mw: Meter power of a running block per mode, shape (M, T) [MW].
        revenue_usd_per_h: Hash revenue after pool fee, or the hosting fee, of a running block per mode, shape (M, T) [USD/h].
        start_usd: Cost of one start of one block.
        stop_usd: Cost of one stop of one block.
        min_up: Least number of intervals that a block runs once started, >= 1.
        min_down: Least number of intervals that a block rests once stopped, >= 1.
        ramp_loss: Share of the revenue that is lost in the i-th interval after a start, shape (r,), each in [0, 1].
            Power is drawn in full.
        initial: State of every block before the first interval.
        hosted: Whether the machines are a tenant's: what they bring is booked to the tenant, not to the network.
    """

    name: str
    blocks: int
    power_mw: Floats
    revenue_usd_per_h: Floats
    start_usd: float = 0.0
    stop_usd: float = 0.0
    min_up: int = 1
    min_down: int = 1
    ramp_loss: Floats = field(default_factory=lambda: np.zeros(0))
    initial: InitialState = InitialState()
    hosted: bool = False

    @property
    def modes(self) -> int:
        """Number of power modes."""
        return int(self.power_mw.shape[0])

    def margin_usd(self, cost_usd_per_mwh: Floats, hours: float) -> Floats:
        """Best margin per interval of a running block, ``h * max_m (revenue - power * cost)``, shape (T,) [USD]."""
        best: Floats = hours * (self.revenue_usd_per_h - self.power_mw * cost_usd_per_mwh).max(axis=0)
        return best


@dataclass(frozen=True, slots=True)
class FirmLoad:
    """Load that always runs: firm and storage halls.

    Attributes:
        name: Hall name.
        power_mw: Meter power, shape (T,) [MW].
        rent_usd: Rent and fees booked per interval, shape (T,) [USD].
        pass_through: Whether the tenant pays the hall's energy.
    """

    name: str
    power_mw: Floats
    rent_usd: Floats
    pass_through: bool = False


@dataclass(frozen=True, slots=True)
class BatchJob:
    """Work that must run a given number of intervals in each window, at full power, when the site chooses.

    Attributes:
        name: Hall name.
        power_mw: Meter power while running, shape (T,) [MW]; it cannot run where this is 0.
        fee_usd_per_h: Fee while running, shape (T,) [USD/h].
        window: Number of the window of each interval, shape (T,), non-decreasing from 0.
        need: Intervals to run in each window, shape (W,).
        restart_usd: Cost of each start (checkpoint reload, lost work).
        min_run: Least number of intervals that it runs once started, >= 1.
        pass_through: Whether the tenant pays the hall's energy.
        initial_on: Whether it runs before the first interval.
    """

    name: str
    power_mw: Floats
    fee_usd_per_h: Floats
    window: Ints
    need: Ints
    restart_usd: float = 0.0
    min_run: int = 1
    pass_through: bool = False
    initial_on: bool = False


@dataclass(frozen=True, slots=True)
class ElasticLoad:
    """Work whose power can be set in each interval: power-capped and spot halls.

    The reward is a concave piecewise linear function of power: segments in order of falling reward per MW.

    Attributes:
        name: Hall name.
        floor_mw: Power that cannot be shed, shape (T,) [MW]; its reward is in ``floor_usd_per_h``.
        floor_usd_per_h: Reward of the floor, shape (T,) [USD/h].
        segment_mw: Width of each segment, shape (S, T) [MW].
        segment_usd_per_mwh: Reward per MWh of each segment, shape (S, T), falling along the first axis.
        pass_through: Whether the tenant pays the hall's energy.
    """

    name: str
    floor_mw: Floats
    floor_usd_per_h: Floats
    segment_mw: Floats
    segment_usd_per_mwh: Floats
    pass_through: bool = False


@dataclass(frozen=True, slots=True)
class EnergyPosition:
    """A fixed-price block: a position, not a load.

    Attributes:
        name: Contract name.
        block_mw: Quantity Q, a number or shape (T,) where it is not delivered throughout [MW].
        fixed_usd_per_mwh: Price paid for it.
        price_usd_per_mwh: Spot price at the block's own settlement point, shape (T,).
        resale: ``free``: unused energy earns spot; ``spread``: spot less ``spread_usd_per_mwh``; ``forbidden``: nothing.
        spread_usd_per_mwh: Loss per MWh resold.
    """

    name: str
    block_mw: float | Floats
    fixed_usd_per_mwh: float
    price_usd_per_mwh: Floats
    resale: Literal["free", "spread", "forbidden"] = "free"
    spread_usd_per_mwh: float = 0.0

    def unused_loss_usd_per_mwh(self) -> Floats:
        """Loss per MWh of the block that the site does not draw, against free resale, shape (T,).

        With resale forbidden unused energy is not taken and nothing is paid back, so what free resale would have
        brought is lost: the spot price, which is a gain where that price is negative.
        """
        if self.resale == "free":
            return np.zeros_like(self.price_usd_per_mwh)
        if self.resale == "spread":
            return np.full_like(self.price_usd_per_mwh, self.spread_usd_per_mwh)
        return self.price_usd_per_mwh


@dataclass(frozen=True, slots=True)
class PeakCharge:
    """Demand charge on the highest import of each month's measuring window.

    Attributes:
        name: Charge name.
        usd_per_mw_month: Price of one MW of billed peak in each month, shape (months,); 0 where it is not in force.
        month: Number of the month of each interval, shape (T,).
        measured: Whether an interval counts, shape (T,), boolean.
        floor_mw: Billed peak at least, from before the horizon (ratchet, peak already incurred), shape (months,) [MW].
        ratchet_fraction: Share of the highest measured peak of the eleven months before that is billed at least.
    """

    name: str
    usd_per_mw_month: Floats
    month: Ints
    measured: NDArray[np.bool_]
    floor_mw: Floats
    ratchet_fraction: float = 0.0


@dataclass(frozen=True, slots=True)
class Reserve:
    """Stand-by capacity sold per hour; running mining load must cover the award in every interval of the hour.

    Attributes:
        name: Programme name.
        price_usd_per_mw_h: Capacity price in each award hour, shape (hours,) [USD/MW per h].
        call_usd_per_mw_h: Expected net result of deployments and claw-back per MW awarded, shape (hours,) [USD/MW per h].
        max_mw: Largest award [MW].
        min_mw: Least award that is accepted, 0 if any [MW].
        share_fraction: Share of the running mining load that may be offered.
        excludes: Names of programmes that cannot be sold in the same hour.
    """

    name: str
    price_usd_per_mw_h: Floats
    call_usd_per_mw_h: Floats
    max_mw: float
    min_mw: float = 0.0
    share_fraction: float = 1.0
    excludes: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """Everything the optimum of a site depends on.

    Attributes:
        grid: Time grid of T intervals.
        price_usd_per_mwh: Spot price at the loads' settlement point, shape (T,).
        adder_usd_per_mwh: Delivery and fees per MWh drawn, shape (T,).
        peak_usd_per_mwh: Coincident-peak charge as an adder on the measured intervals, shape (T,).
        limit_mw: Import limit, shape (T,) [MW].
        machines: Machine classes.
        firm: Firm loads.
        batches: Batch jobs.
        elastic: Elastic loads.
        positions: Fixed-price blocks.
        peaks: Demand charges.
        reserves: Reserve programmes.
        award_hour: Number of the award hour of each interval, shape (T,); empty without reserves.
        fixed_usd: Fixed fees booked per interval, shape (T,) [USD].
    """

    grid: TimeGrid
    price_usd_per_mwh: Floats
    adder_usd_per_mwh: Floats
    peak_usd_per_mwh: Floats
    limit_mw: Floats
    machines: tuple[MachineClass, ...] = ()
    firm: tuple[FirmLoad, ...] = ()
    batches: tuple[BatchJob, ...] = ()
    elastic: tuple[ElasticLoad, ...] = ()
    positions: tuple[EnergyPosition, ...] = ()
    peaks: tuple[PeakCharge, ...] = ()
    reserves: tuple[Reserve, ...] = ()
    award_hour: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    fixed_usd: Floats = field(default_factory=lambda: np.zeros(0))

    def __post_init__(self) -> None:
        for name in ("price_usd_per_mwh", "adder_usd_per_mwh", "peak_usd_per_mwh", "limit_mw"):
            values = getattr(self, name)
            if values.shape != (self.T,) or not np.isfinite(values).all():
                raise InputError(
                    f"{name} of shape {values.shape} with {int((~np.isfinite(values)).sum())} missing values",
                    f"the problem needs one finite value for each of its {self.T} intervals",
                    "Choose a period that the data cover, or name a substitute for the gap.",
                )
        for load in (*self.machines, *self.firm, *self.batches, *self.elastic, *self.positions, *self.reserves):
            _check_finite(load)
        for machine in self.machines:
            if min(machine.min_up, machine.min_down) < 1:
                raise InputError(
                    f"least run {machine.min_up} and least rest {machine.min_down} of {machine.name}",
                    "a block that is switched runs, or rests, one interval at least",
                    "Give both in intervals, from 1 on.",
                )
        if sum(p.resale != "free" for p in self.positions) > 1:
            raise InputError(
                "two fixed-price blocks with restricted resale",
                "which of them a drawn megawatt uses would be undefined",
                "Describe them as one block, or let one be resold freely.",
            )
        if not self.fixed_usd.size:
            object.__setattr__(self, "fixed_usd", np.zeros(self.T))

    @property
    def T(self) -> int:  # noqa: N802  # the symbol of the mathematics
        """Number of intervals."""
        return self.grid.n

    @property
    def cost_usd_per_mwh(self) -> Floats:
        """What one MWh drawn costs, peak charge included, shape (T,)."""
        cost = self.price_usd_per_mwh + self.adder_usd_per_mwh
        cost += self.peak_usd_per_mwh
        return cost

    @property
    def recovered_usd_per_mwh(self) -> Floats:
        """What a tenant with pass-through energy pays back per MWh, shape (T,)."""
        return self.price_usd_per_mwh + self.adder_usd_per_mwh

    @property
    def firm_mw(self) -> Floats:
        """Power that cannot be shed: firm loads and the floors of elastic loads, shape (T,) [MW]."""
        total = np.zeros(self.T)
        for load in self.firm:
            total = total + load.power_mw
        for hall in self.elastic:
            total = total + hall.floor_mw
        return total

    @property
    def largest_mw(self) -> Floats:
        """Power with everything on, shape (T,) [MW]."""
        total = self.firm_mw
        for c in self.machines:
            total = total + c.blocks * c.power_mw.max(axis=0)
        for job in self.batches:
            total = total + job.power_mw
        for hall in self.elastic:
            total = total + hall.segment_mw.sum(axis=0)
        return total

    @property
    def separable(self) -> bool:
        """Whether every block can be planned alone: nothing ties one load to another."""
        return bool(
            not self.batches
            and not self.peaks
            and not self.reserves
            and all(p.resale == "free" for p in self.positions)
            and (self.largest_mw <= self.limit_mw).all()
        )

    def sha256(self) -> str:
        """Hash of all inputs, the same for equal problems on any machine."""
        digest = hashlib.sha256()
        _feed(digest, self)
        return digest.hexdigest()


def _check_finite(load: object) -> None:
    """Refuse a load or contract with a missing value: no solver would say which one it was."""
    for one in fields(load):  # type: ignore[arg-type]  # every load is a dataclass
        values = getattr(load, one.name)
        if isinstance(values, np.ndarray) and not np.isfinite(values).all():
            raise InputError(
                f"{one.name} of {getattr(load, 'name', '')!r} with {int((~np.isfinite(values)).sum())} missing values",
                "every value of a load is finite",
                "Choose a period that the data cover, or name a substitute for the gap.",
            )


def _feed(digest: "hashlib._Hash", value: object) -> None:
    """Add a value to a hash in one canonical way: field names, shapes and little-endian bytes."""
    if isinstance(value, np.ndarray):
        kind = "<f8" if value.dtype.kind == "f" else "<i8"
        digest.update(f"{kind}{value.shape}".encode())
        digest.update(np.ascontiguousarray(value).astype(kind).tobytes())
    elif isinstance(value, tuple):
        digest.update(f"({len(value)}".encode())
        for item in value:
            _feed(digest, item)
    elif is_dataclass(value):
        digest.update(type(value).__name__.encode())
        for one in fields(value):
            digest.update(one.name.encode())
            _feed(digest, getattr(value, one.name))
    else:
        digest.update(repr(value).encode())
