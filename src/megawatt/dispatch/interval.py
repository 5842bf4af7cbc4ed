"""One interval of a plan in full: who bid what, what each load did, and which limits bind there."""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from megawatt.dispatch.explain import GRID, bids, why
from megawatt.dispatch.ledger import billed_mw
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import FREE, MachineClass, Problem
from megawatt.dispatch.schedule import POWER_TOLERANCE_MW, UnitRun


@dataclass(frozen=True, slots=True)
class Bidder:
    """What one load or buyer bid for the interval, and what it got.

    Attributes:
        name: Machine class, batch job, elastic load, or ``grid``.
        buyer: ``network``, ``tenant`` or ``grid``.
        usd_per_mwh: Its bid for a megawatt-hour at the meter; the grid's is what not drawing one saves.
        mw: Power it draws in the plan; for the grid, flexible power that is not drawn.
        most_mw: The most it could draw here; for the grid, all flexible power.
    """

    name: str
    buyer: str
    usd_per_mwh: float
    mw: float
    most_mw: float


@dataclass(frozen=True, slots=True)
class Limit:
    """A limit or duty that binds in the interval.

    Attributes:
        name: Its name.
        detail: How it binds, with its figures; times as numbers of intervals.
    """

    name: str
    detail: str


@dataclass(frozen=True, slots=True)
class IntervalPlan:
    """What the optimum does in one interval, and why.

    Attributes:
        interval: Its number.
        bidders: By falling bid; the first won.
        import_mw: Power at the meter.
        limit_mw: Import limit.
        award_mw: Reserve sold per programme.
        held: What kept loads from following their bid, as `why` says it.
        limits: Limits and duties that bind.
    """

    interval: int
    bidders: tuple[Bidder, ...]
    import_mw: float
    limit_mw: float
    award_mw: dict[str, float]
    held: tuple[str, ...]
    limits: tuple[Limit, ...]

    @property
    def winner(self) -> Bidder:
        """The highest bidder."""
        return self.bidders[0]

    @property
    def lead_usd_per_mwh(self) -> float:
        """Highest bid less the next highest; the bid itself where there is no other."""
        best = self.bidders[0].usd_per_mwh
        return best - self.bidders[1].usd_per_mwh if len(self.bidders) > 1 else best


def interval_of(problem: Problem, plan: Plan, t: int) -> IntervalPlan:
    """The interval ``t`` of a plan."""
    row = why(problem, plan).iloc[t]
    held = tuple(part for part in str(row["held"]).split(", ") if part)
    award = {}
    if problem.reserves:
        at = plan.schedule.award_mw[:, problem.award_hour[t]]
        award = {r.name: float(mw) for r, mw in zip(problem.reserves, at, strict=True)}
    return IntervalPlan(
        t,
        tuple(sorted(_bidders(problem, plan, t), key=lambda one: -one.usd_per_mwh)),
        float(plan.ledger.import_mw[t]),
        float(problem.limit_mw[t]),
        award,
        held,
        tuple(_limits(problem, plan, t, held)),
    )


def _bidders(problem: Problem, plan: Plan, t: int) -> Iterator[Bidder]:
    bid = bids(problem).usd_per_mwh[:, t].tolist()  # machines, batch jobs, elastic loads, grid: the order of the rows
    flexible = idle = 0.0
    rows: list[tuple[str, str, float, float]] = []
    for number, c in enumerate(problem.machines):
        mw = sum(u.blocks * float(u.share[:, t] @ c.power_mw[:, t]) for u in plan.schedule.units if u.machine == number)
        rows.append((c.name, "tenant" if c.hosted else "network", mw, c.blocks * float(c.power_mw[:, t].max())))
    for job, on in zip(problem.batches, plan.schedule.batch_on, strict=True):
        rows.append((job.name, "tenant", float(on[t] * job.power_mw[t]), float(job.power_mw[t])))
    for hall, drawn in zip(problem.elastic, plan.schedule.elastic_mw, strict=True):
        rows.append((hall.name, "tenant", float(drawn[t]), float(hall.segment_mw[:, t].sum())))
    for (name, buyer, mw, most), usd_per_mwh in zip(rows, bid[:-1], strict=True):
        flexible, idle = flexible + most, idle + most - mw
        yield Bidder(name, buyer, usd_per_mwh, mw, most)
    yield Bidder(GRID, GRID, bid[-1], idle, flexible)


def _limits(problem: Problem, plan: Plan, t: int, held: tuple[str, ...]) -> Iterator[Limit]:
    p, limit = plan.ledger.import_mw, problem.limit_mw
    if "meter limit" in held:
        yield Limit("meter limit", f"{p[t]:.4g} of {limit[t]:.4g} MW drawn, and a load that pays finds no room")
    yield from _dwell(problem, plan, t)
    for job, on in zip(problem.batches, plan.schedule.batch_on, strict=True):
        if f"work due in {job.name}" in held:
            inside = np.flatnonzero(job.window == job.window[t])
            need, before = int(job.need[job.window[t]]), int(on[inside[0] : t].sum())
            left = int(inside[-1]) + 1 - t
            yield Limit(
                f"work due in {job.name}",
                f"{need - before} of {need} intervals were still to run in the {left} left to the deadline",
            )
    for charge in problem.peaks:
        billed = float(billed_mw(charge, p)[charge.month[t]])
        price = float(charge.usd_per_mw_month[charge.month[t]])
        if charge.measured[t] and price > 0 and p[t] >= billed - POWER_TOLERANCE_MW:
            yield Limit(
                charge.name, f"this interval is at the month's billed peak of {billed:.4g} MW, {price:,.0f} USD/MW"
            )
    yield from _awards(problem, plan, t)


def _awards(problem: Problem, plan: Plan, t: int) -> Iterator[Limit]:
    """Awards that all running machines of the hour's weakest interval are needed for."""
    if not problem.reserves:
        return
    hour = problem.award_hour[t]
    mining = plan.schedule.mining_mw(problem)
    cover = float(mining[problem.award_hour == hour].min())
    for r, award in zip(problem.reserves, plan.schedule.award_mw[:, hour], strict=True):
        if award > POWER_TOLERANCE_MW and award >= r.share_fraction * cover - POWER_TOLERANCE_MW:
            yield Limit(
                f"cover of {r.name}",
                f"{award:.4g} MW are sold at {r.price_usd_per_mw_h[hour]:.4g} USD/MW per h, all that {cover:.4g} MW of "
                f"running machines may cover",
            )


def _dwell(problem: Problem, plan: Plan, t: int) -> Iterator[Limit]:
    """Least runs and rests that keep blocks from following their bid, by class."""
    bid = bids(problem).usd_per_mwh[:, t]
    counted: dict[tuple[str, int], int] = {}
    for unit in plan.schedule.units:
        machine, on = problem.machines[unit.machine], bool(unit.on[t])
        left = forced_intervals(unit, machine, t)
        if left > 0 and on != (bid[unit.machine] > bid[-1]):
            key = (f"least {'run' if on else 'rest'} of {machine.name}", left)
            counted[key] = counted.get(key, 0) + unit.blocks
    for (name, left), blocks in counted.items():
        yield Limit(name, f"it keeps {blocks} of the blocks as they are, here and for {left} intervals in all")


def forced_intervals(unit: UnitRun, machine: MachineClass, t: int) -> int:
    """Intervals from ``t`` on for which dwell times keep a block as it is, 0 where it began or may switch at ``t``."""
    on = unit.on
    other = np.flatnonzero(on[: t + 1] != on[t])
    begun = int(other[-1]) + 1 if other.size else 0
    before = machine.initial
    age = t - begun + (before.steps if not other.size and before.on == bool(on[t]) else 0)
    least = machine.min_up if on[t] else machine.min_down
    # in the interval of the switch itself the plan was free to choose otherwise
    return 0 if age == 0 else max(0, least - min(age, FREE))
