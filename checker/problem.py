"""What stands in ``problem.json``, as arrays (section 'problem.json' of the page)."""

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from checker.reading import Array, Flags, MalformedError, Node, Whole


@dataclass(frozen=True)
class Machine:
    """A class of equal blocks."""

    blocks: int
    power: Array  # modes x T
    revenue: Array  # modes x T
    start_usd: float
    stop_usd: float
    min_up: int
    min_down: int
    ramp_loss: Array
    on: bool
    steps: int


@dataclass(frozen=True)
class Firm:
    """A load that always runs."""

    power: Array
    rent: Array
    passes: bool


@dataclass(frozen=True)
class Job:
    """A batch job."""

    power: Array
    fee: Array
    window: Whole
    need: Whole
    restart_usd: float
    min_run: int
    passes: bool
    initial_on: bool


@dataclass(frozen=True)
class Elastic:
    """A load whose power is chosen above a floor."""

    floor: Array
    floor_usd: Array
    width: Array  # S x T
    worth: Array  # S x T
    passes: bool


@dataclass(frozen=True)
class Position:
    """A block of energy bought at a fixed price; ``loss`` is what a MWh costs that is not used."""

    block: Array
    fixed: float
    price: Array
    resale: str
    loss: Array


@dataclass(frozen=True)
class Peak:
    """A demand charge."""

    usd: Array
    month: Whole
    measured: Flags
    floor: Array
    ratchet: float


@dataclass(frozen=True)
class Reserve:
    """A programme that pays for power that can be shed."""

    name: str
    price: Array
    call: Array
    most: float
    least: float
    share: float
    excludes: tuple[str, ...]


@dataclass(frozen=True)
class Problem:
    """All of the file."""

    T: int
    h: float
    price: Array
    adder: Array
    peak: Array
    limit: Array
    machines: tuple[Machine, ...]
    firm: tuple[Firm, ...]
    jobs: tuple[Job, ...]
    elastic: tuple[Elastic, ...]
    positions: tuple[Position, ...]
    peaks: tuple[Peak, ...]
    reserves: tuple[Reserve, ...]
    hour: Whole  # T, or empty
    hours: int
    fixed: Array

    @cached_property
    def energy(self) -> Array:
        """What delivered energy costs without the peak charge."""
        return self.price + self.adder

    @cached_property
    def cost(self) -> Array:
        """What a MWh costs in all."""
        return self.price + self.adder + self.peak

    @cached_property
    def floor_power(self) -> Array:
        """Firm loads and elastic floors."""
        firm = sum((load.power for load in self.firm), start=np.zeros(self.T))
        return sum((load.floor for load in self.elastic), start=firm)

    def excludes(self, one: int, other: int) -> bool:
        """Whether either of two programmes names the other."""
        a, b = self.reserves[one], self.reserves[other]
        return b.name in a.excludes or a.name in b.excludes


def _machine(node: Node, T: int) -> Machine:
    power = node.table("power_mw", None, T)
    initial = Node(node.raw("initial"), node.at("initial"))
    if not len(power):
        raise MalformedError(f"{node.at('power_mw')}: no mode")
    return Machine(
        blocks=node.whole("blocks"),
        power=power,
        revenue=node.table("revenue_usd_per_h", len(power), T),
        start_usd=node.number("start_usd"),
        stop_usd=node.number("stop_usd"),
        min_up=node.whole("min_up"),
        min_down=node.whole("min_down"),
        ramp_loss=node.row("ramp_loss", None),
        on=initial.flag("on"),
        steps=initial.whole("steps"),
    )


def _job(node: Node, T: int) -> Job:
    window = node.wholes("window", T)
    need = node.wholes("need", None)
    if (np.diff(window) < 0).any() or (T and window.max() >= len(need)):
        raise MalformedError(f"{node.at('window')}: falls, or names a window without need")
    return Job(
        power=node.row("power_mw", T),
        fee=node.row("fee_usd_per_h", T),
        window=window,
        need=need,
        restart_usd=node.number("restart_usd"),
        min_run=node.whole("min_run"),
        passes=node.flag("pass_through"),
        initial_on=node.flag("initial_on"),
    )


def _elastic(node: Node, T: int) -> Elastic:
    width = node.table("segment_mw", None, T)
    worth = node.table("segment_usd_per_mwh", len(width), T)
    if (width < 0).any():
        raise MalformedError(f"{node.at('segment_mw')}: below 0")
    if (np.diff(worth, axis=0) > 1e-9).any():
        raise MalformedError(f"{node.at('segment_usd_per_mwh')}: rises from a segment to the next")
    return Elastic(node.row("floor_mw", T), node.row("floor_usd_per_h", T), width, worth, node.flag("pass_through"))


def _position(node: Node, T: int) -> Position:
    block = node.raw("block_mw")
    power = node.row("block_mw", T) if isinstance(block, list) else np.full(T, node.number("block_mw"))
    price, spread, resale = node.row("price_usd_per_mwh", T), node.number("spread_usd_per_mwh"), node.text("resale")
    losses = {"free": np.zeros(T), "spread": np.full(T, spread), "forbidden": price}
    if resale not in losses:
        raise MalformedError(f"{node.at('resale')}: {resale!r} is none of {sorted(losses)}")
    return Position(power, node.number("fixed_usd_per_mwh"), price, resale, losses[resale])


def _peak(node: Node, T: int) -> Peak:
    usd = node.row("usd_per_mw_month", None)
    month = node.wholes("month", T)
    if T and month.max() >= len(usd):
        raise MalformedError(f"{node.at('month')}: names a month without a price")
    return Peak(usd, month, node.flags("measured", T), node.row("floor_mw", len(usd)), node.number("ratchet_fraction"))


def _reserve(node: Node, hours: int) -> Reserve:
    excludes = node.items("excludes")
    if not all(isinstance(name, str) for name in excludes):
        raise MalformedError(f"{node.at('excludes')}: not names")
    return Reserve(
        name=node.text("name"),
        price=node.row("price_usd_per_mw_h", hours),
        call=node.row("call_usd_per_mw_h", hours),
        most=node.limit("max_mw"),
        least=node.number("min_mw"),
        share=node.number("share_fraction"),
        excludes=tuple(excludes),
    )


def read_problem(found: dict[str, object]) -> Problem:
    """The problem in a file's object."""
    node = Node(found, "problem")
    node.schema("megawatt/problem/1")
    grid = Node(node.raw("grid"), "problem.grid")
    grid.text("start")
    T = grid.whole("intervals", 1)
    hour = node.wholes("award_hour", None)
    if len(hour) not in {0, T}:
        raise MalformedError(f"problem.award_hour: {len(hour)} values, neither 0 nor {T}")
    reserves = node.nodes("reserves")
    hours = len(reserves[0].items("price_usd_per_mw_h")) if reserves else 0
    if reserves and len(hour) and hour.max() >= hours:
        raise MalformedError("problem.award_hour: names an hour without a price")
    step = grid.number("step_minutes")
    if step <= 0:
        raise MalformedError("problem.grid.step_minutes: not above 0")
    return Problem(
        T=T,
        h=step / 60,
        price=node.row("price_usd_per_mwh", T),
        adder=node.row("adder_usd_per_mwh", T),
        peak=node.row("peak_usd_per_mwh", T),
        limit=node.row("limit_mw", T, null=math.inf),
        machines=tuple(_machine(one, T) for one in node.nodes("machines")),
        firm=tuple(
            Firm(one.row("power_mw", T), one.row("rent_usd", T), one.flag("pass_through")) for one in node.nodes("firm")
        ),
        jobs=tuple(_job(one, T) for one in node.nodes("batches")),
        elastic=tuple(_elastic(one, T) for one in node.nodes("elastic")),
        positions=tuple(_position(one, T) for one in node.nodes("positions")),
        peaks=tuple(_peak(one, T) for one in node.nodes("peaks")),
        reserves=tuple(_reserve(one, hours) for one in reserves),
        hour=hour,
        hours=hours,
        fixed=node.row("fixed_usd", T),
    )
