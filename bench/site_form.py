"""A `Problem` as a mixed-integer linear programme, in the formulations that the peers are given.

    naive          one binary a block and interval, import and peak as variables: what one writes first
    loose          equal blocks as one count, import and peak as variables, the limit as it stands
    counts         equal blocks as one count (dwell rows of Rajan and Takriti 2005, IBM RC23628, on counts), the import
                   substituted, the coefficients of the batch work in the limit strengthened
    disjunction    counts, and for each interval the convex hull of 'batch work off' and 'batch work on': pays where
                   the steps of the classes do not divide what the batch work displaces; stated for one batch job
                   without power-capped work, elsewhere it is the same as counts

The peak of a demand charge is a variable in each of them. Counts become blocks first in, first out (`bench.site_check`).
Written from the definition of the problem alone; it shares no line with the solver that it judges.
"""

from dataclasses import dataclass, field
from itertools import combinations
from typing import Literal

import numpy as np

from bench.linear import Floats, Ints, Linear, Term, before
from bench.site_check import SitePlan, blocks_of
from megawatt.dispatch.problem import (
    BatchJob,
    ElasticLoad,
    EnergyPosition,
    MachineClass,
    PeakCharge,
    Problem,
    Reserve,
)

Kind = Literal["naive", "loose", "counts", "disjunction"]


@dataclass(frozen=True, slots=True)
class Group:
    """Columns of n equal blocks: running, started, stopped, and those running above the first mode, shape (M - 1, T)."""

    machine: int
    blocks: int
    on: Ints
    started: Ints
    stopped: Ints
    above: tuple[Ints, ...]


@dataclass(slots=True)
class Form:
    """A programme and where its columns stand."""

    problem: Problem
    kind: Kind
    model: Linear = field(default_factory=Linear)
    groups: list[Group] = field(default_factory=list)
    batch: list[Ints] = field(default_factory=list)
    begun: list[Ints] = field(default_factory=list)
    segments: list[list[Ints]] = field(default_factory=list)
    awards: list[Ints] = field(default_factory=list)
    drawn: list[Term] = field(default_factory=list)
    mining: list[Term] = field(default_factory=list)

    def plan(self, x: Floats) -> SitePlan:
        """The schedule that a solution stands for."""
        share = []
        for number, c in enumerate(self.problem.machines):
            mine = [g for g in self.groups if g.machine == number]
            share.append(np.concatenate([_shares(c, g, x) for g in mine]))
        none = np.zeros((0, self.problem.T))
        return SitePlan(
            tuple(share),
            np.array([np.rint(x[y]) for y in self.batch]) if self.batch else none,
            np.array([sum(x[s] for s in segments) for segments in self.segments]) if self.segments else none,
            np.array([x[r] for r in self.awards]) if self.awards else np.zeros((0, 0)),
        )


def form(problem: Problem, kind: Kind) -> Form:
    """The whole site."""
    out = Form(problem, kind)
    for number, c in enumerate(problem.machines):
        single = kind == "naive" or len(c.ramp_loss) > 0
        for _ in range(c.blocks if single else 1):
            _machines(out, number, c, 1 if single else c.blocks)
    for job in problem.batches:
        _batch(out, job)
    for hall in problem.elastic:
        _elastic(out, hall)
    imported = _import(out)
    _limit(out, imported)
    if kind == "disjunction" and len(problem.batches) == 1 and not problem.elastic:
        _disjunction(out)
    for charge in problem.peaks:
        _peak(out, charge, imported)
    for position in problem.positions:
        _position(out, position, imported)
    _reserves(out)
    _constants(out)
    return out


def _machines(out: Form, number: int, c: MachineClass, n: int) -> None:
    T, h, m = out.problem.T, out.problem.grid.hours, out.model
    least, most = _dwell_bounds(c, n, T)
    on = m.columns(T, cost=-h * c.revenue_usd_per_h[0], least=least, most=most, whole=True)
    started = m.columns(T, cost=c.start_usd, most=n)
    stopped = m.columns(T, cost=c.stop_usd, most=n)
    first = np.zeros(T)
    first[0] = n * c.initial.on
    m.rows(T, [(on, 1.0), (before(on, 1), -1.0), (started, -1.0), (stopped, 1.0)], lower=first, upper=first)
    m.rows(T, [(on, -1.0), *((before(started, k), 1.0) for k in range(min(c.min_up, T)))], upper=0.0)
    m.rows(T, [(on, 1.0), *((before(stopped, k), 1.0) for k in range(min(c.min_down, T)))], upper=n)
    gain = c.revenue_usd_per_h - c.revenue_usd_per_h[0]
    above = tuple(m.columns(T, cost=-h * gain[k], most=n) for k in range(1, c.modes))
    if above:
        m.rows(T, [(on, -1.0), *((x, 1.0) for x in above)], upper=0.0)
    terms: list[Term] = [(on, c.power_mw[0]), *((x, c.power_mw[k + 1] - c.power_mw[0]) for k, x in enumerate(above))]
    out.drawn += terms
    out.mining += terms
    group = Group(number, n, on, started, stopped, above)
    out.groups.append(group)
    if len(c.ramp_loss):
        _ramp(out, c, group)


def _dwell_bounds(c: MachineClass, n: int, T: int) -> tuple[Floats, Floats]:
    """What ran or rested for too short a time before the horizon goes on doing so."""
    least, most = np.zeros(T), np.full(T, float(n))
    if c.initial.on:
        least[: max(c.min_up - c.initial.steps, 0)] = n
    else:
        most[: max(c.min_down - c.initial.steps, 0)] = 0
    return least, most


def _ramp(out: Form, c: MachineClass, g: Group) -> None:
    """Loss of a block in the i-th interval of its run: a share of what its mode brings.

    ``age_i,t >= age_i-1,t-1 + on_t - 1`` and ``loss_i,t >= share_i (revenue_t - largest_t (1 - age_i,t))``.
    """
    T, h, m = out.problem.T, out.problem.grid.hours, out.model
    largest = c.revenue_usd_per_h.max(axis=0)
    gain = c.revenue_usd_per_h - c.revenue_usd_per_h[0]
    age = g.started
    for i, share in enumerate(c.ramp_loss):
        if i:
            older = m.columns(T, most=1.0)
            known = np.full(T, -1.0)
            known[0] += c.initial.on and c.initial.steps == i
            m.rows(T, [(older, 1.0), (before(age, 1), -1.0), (g.on, -1.0)], lower=known)
            age = older
        loss = m.columns(T, cost=h)
        brought: list[Term] = [(g.on, -share * c.revenue_usd_per_h[0])]
        brought += [(x, -share * gain[k + 1]) for k, x in enumerate(g.above)]
        m.rows(T, [(loss, 1.0), (age, -share * largest), *brought], lower=-share * largest)


def _batch(out: Form, job: BatchJob) -> None:
    T, h, m = out.problem.T, out.problem.grid.hours, out.model
    recovered = job.power_mw * out.problem.recovered_usd_per_mwh * job.pass_through
    y = m.columns(T, cost=-h * (job.fee_usd_per_h + recovered), most=job.power_mw > 0, whole=True)
    begun = m.columns(T, cost=job.restart_usd, most=1.0)
    first = np.zeros(T)
    first[0] = job.initial_on
    m.rows(T, [(y, 1.0), (before(y, 1), -1.0), (begun, -1.0)], upper=first)
    m.rows(T, [(y, -1.0), *((before(begun, k), 1.0) for k in range(min(job.min_run, T)))], upper=0.0)
    m.sums(len(job.need), job.window, y, lower=job.need, upper=job.need)
    out.batch.append(y)
    out.begun.append(begun)
    out.drawn.append((y, job.power_mw))


def _elastic(out: Form, hall: ElasticLoad) -> None:
    """Rewards fall from segment to segment, so that the first is filled first."""
    h, back = out.problem.grid.hours, out.problem.recovered_usd_per_mwh * hall.pass_through
    segments = []
    for width, reward in zip(hall.segment_mw, hall.segment_usd_per_mwh, strict=True):
        segments.append(out.model.columns(out.problem.T, cost=-h * (reward + back), most=width))
        out.drawn.append((segments[-1], 1.0))
    out.segments.append(segments)


def _import(out: Form) -> list[Term]:
    """The import above what always runs, with its cost: as a variable when naive, else as the sum it is."""
    problem, m = out.problem, out.model
    cost = problem.grid.hours * problem.cost_usd_per_mwh
    if out.kind in ("naive", "loose"):
        p = m.columns(problem.T, cost=cost)
        m.rows(problem.T, [(p, 1.0), *((x, -np.asarray(a)) for x, a in out.drawn)], lower=0.0, upper=0.0)
        return [(p, 1.0)]
    for columns, mw in out.drawn:
        m.add_cost(columns, cost * mw)
    return out.drawn


def _limit(out: Form, imported: list[Term]) -> None:
    """``sum <= room``; a job's coefficient falls by what would be free without it, and the room with it."""
    problem = out.problem
    room = problem.limit_mw - problem.firm_mw
    if out.kind in ("naive", "loose"):
        out.model.rows(problem.T, imported, upper=room)
        return
    largest = problem.largest_mw - problem.firm_mw
    strengthened = {}
    for job, y in zip(problem.batches, out.batch, strict=True):
        free = np.clip(room - (largest - job.power_mw), 0.0, job.power_mw)
        strengthened[int(y[0])] = job.power_mw - free
        room, largest = room - free, largest - free
    terms = [(x, strengthened.get(int(x[0]), mw)) for x, mw in out.drawn]
    out.model.rows(problem.T, terms, upper=room)


def _disjunction(out: Form) -> None:
    """Columns of each group split by whether the batch job runs, each part under its own limit."""
    problem, m, y, job = out.problem, out.model, out.batch[0], out.problem.batches[0]
    T, room = problem.T, problem.limit_mw - problem.firm_mw
    most = np.minimum(room, problem.largest_mw - problem.firm_mw - job.power_mw)
    split: dict[int, Ints] = {}
    for g in out.groups:
        for whole in (g.on, *g.above):
            part = split[int(whole[0])] = m.columns(T, most=g.blocks)
            m.rows(T, [(part, 1.0), (whole, -1.0)], upper=0.0)
            m.rows(T, [(part, 1.0), (y, -float(g.blocks))], upper=0.0)
            m.rows(T, [(whole, 1.0), (part, -1.0), (y, float(g.blocks))], upper=float(g.blocks))
        if g.above:
            parts = [split[int(x[0])] for x in g.above]
            on = split[int(g.on[0])]
            m.rows(T, [(on, -1.0), *((x, 1.0) for x in parts)], upper=0.0)
            off: list[Term] = [(on, 1.0), (g.on, -1.0), *((x, -1.0) for x in parts), *((x, 1.0) for x in g.above)]
            m.rows(T, off, upper=0.0)
    with_job: list[Term] = [(split[int(x[0])], mw) for x, mw in out.mining]
    m.rows(T, [*with_job, (y, -np.maximum(np.minimum(room - job.power_mw, most), 0.0))], upper=0.0)
    m.rows(T, [*out.mining, *((x, -np.asarray(mw)) for x, mw in with_job), (y, most)], upper=most)


def _peak(out: Form, charge: PeakCharge, imported: list[Term]) -> None:
    """Billed peak of each month: above each measured import, its floor, and a share of earlier months' measured peaks."""
    problem, m, months = out.problem, out.model, len(charge.floor_mw)
    billed = m.columns(months, cost=charge.usd_per_mw_month, least=charge.floor_mw)
    measured = m.columns(months)
    t = np.flatnonzero(charge.measured)
    over: list[Term] = [(x[t], np.broadcast_to(mw, problem.T)[t]) for x, mw in imported]
    m.rows(len(t), [*over, (measured[charge.month[t]], -1.0)], upper=-problem.firm_mw[t])
    m.rows(months, [(billed, 1.0), (measured, -1.0)], lower=0.0)
    for back in range(1, min(12, months)):
        m.rows(months, [(billed, 1.0), (before(measured, back), -charge.ratchet_fraction)], lower=0.0)


def _position(out: Form, position: EnergyPosition, imported: list[Term]) -> None:
    """Unused part of a fixed block ``max(block - import, 0)``; a binary where leaving it unused is a gain."""
    problem, m, T = out.problem, out.model, out.problem.T
    loss = problem.grid.hours * position.unused_loss_usd_per_mwh()
    if not loss.any():
        return
    block = np.broadcast_to(np.asarray(position.block_mw, dtype=np.float64), T)
    unused = m.columns(T, cost=loss, most=np.maximum(block, 0.0))
    m.rows(T, [(unused, 1.0), *imported], lower=block - problem.firm_mw)
    t = np.flatnonzero(loss < 0)
    if len(t):
        some, most = m.columns(len(t), most=1.0, whole=True), problem.largest_mw[t]
        over: list[Term] = [(x[t], np.broadcast_to(mw, T)[t]) for x, mw in imported]
        m.rows(len(t), [(unused[t], 1.0), (some, -np.maximum(block[t], 0.0))], upper=0.0)
        m.rows(len(t), [(unused[t], 1.0), *over, (some, most)], upper=block[t] - problem.firm_mw[t] + most)


def _reserves(out: Form) -> None:
    problem, m, T = out.problem, out.model, out.problem.T
    if not problem.reserves:
        return
    covered: list[Term] = [(x, -np.asarray(mw)) for x, mw in out.mining]
    sold: dict[str, Ints] = {}
    for programme in problem.reserves:
        weight = problem.grid.hours * np.bincount(problem.award_hour, minlength=len(programme.price_usd_per_mw_h))
        worth = weight * (programme.price_usd_per_mw_h + programme.call_usd_per_mw_h)
        award = m.columns(len(worth), cost=-worth, most=programme.max_mw)
        share = programme.share_fraction
        m.rows(T, [(award[problem.award_hour], 1.0), *((x, share * np.asarray(a)) for x, a in covered)], upper=0.0)
        excluding = any(programme.name in o.excludes or o.name in programme.excludes for o in problem.reserves)
        if programme.min_mw > 0 or excluding:
            sold[programme.name] = _sold(out, programme, award)
        out.awards.append(award)
    if len(out.awards) > 1:
        m.rows(T, [*((award[problem.award_hour], 1.0) for award in out.awards), *covered], upper=0.0)
    for one, other in combinations(problem.reserves, 2):
        if other.name in one.excludes or one.name in other.excludes:
            pair: list[Term] = [(sold[one.name], 1.0), (sold[other.name], 1.0)]
            m.rows(len(sold[one.name]), pair, upper=1.0)


def _sold(out: Form, programme: Reserve, award: Ints) -> Ints:
    some = out.model.columns(len(award), most=1.0, whole=True)
    out.model.rows(len(award), [(award, 1.0), (some, -programme.max_mw)], upper=0.0)
    out.model.rows(len(award), [(award, 1.0), (some, -programme.min_mw)], lower=0.0)
    return some


def _constants(out: Form) -> None:
    """Money that no decision changes, as a cost."""
    problem, h = out.problem, out.problem.grid.hours
    back = problem.recovered_usd_per_mwh
    fixed = problem.fixed_usd + h * problem.firm_mw * problem.cost_usd_per_mwh
    for load in problem.firm:
        fixed = fixed - load.rent_usd - h * load.power_mw * back * load.pass_through
    for hall in problem.elastic:
        fixed = fixed - h * (hall.floor_usd_per_h + hall.floor_mw * back * hall.pass_through)
    for position in problem.positions:
        fixed = fixed - h * position.block_mw * (position.price_usd_per_mwh - position.fixed_usd_per_mwh)
    out.model.constant = float(fixed.sum())


def _shares(c: MachineClass, g: Group, x: Floats) -> Floats:
    """Share of each block in each mode, shape (blocks, M, T): all running blocks of a group do the same."""
    count = np.rint(x[g.on])
    on = blocks_of(count, g.blocks, starts_on=c.initial.on)
    above = np.array([x[a] for a in g.above]).reshape(len(g.above), len(count))
    modes = np.concatenate([(count - above.sum(axis=0))[None], above]) / np.maximum(count, 1.0)
    return np.asarray(on[:, None, :] * modes[None], dtype=np.float64)
