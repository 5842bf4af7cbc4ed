"""One window of a plan by the general solver, all commitments outside kept.

The model of block counts is stated on the window and a margin on both sides, as long as the longest least run, rest and
ramp, in which the plan's counts and words are fixed: what ran before and what must go on after enters through them, so
that a solution fits the plan at both ends. Counts that switch fewer blocks than the plan's words are as good: equal
blocks are exchangeable. A month's peak outside is free of charge inside; work due in a window that crosses the border
is what the plan does of it inside; awards are sold by whole hours.
"""

from dataclasses import dataclass, replace

import highspy
import numpy as np

from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.counts import CountModel, first_in_first_out
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.fixing import CountRange
from megawatt.dispatch.coupled.hours import cover_pay
from megawatt.dispatch.coupled.shortfall import counts_of
from megawatt.dispatch.coupled.trial import Trial
from megawatt.dispatch.deadline import Deadline
from megawatt.dispatch.general import Effort, prepared
from megawatt.dispatch.ledger import billed_mw, measured_mw
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import (
    BatchJob,
    ElasticLoad,
    EnergyPosition,
    Floats,
    InitialState,
    MachineClass,
    PeakCharge,
    Problem,
    Reserve,
)


@dataclass(frozen=True, slots=True)
class Window:
    """Intervals that may change and the margins around them.

    Attributes:
        first: First interval that may change.
        end: The one after the last.
        a: First interval of the model.
        b: The one after its last.
    """

    first: int
    end: int
    a: int
    b: int

    @classmethod
    def of(cls, problem: Problem, first: int, end: int) -> "Window":
        """The window, widened to whole award hours, with its margins."""
        dwell = [max(m.min_up, m.min_down, len(m.ramp_loss)) for m in problem.machines]
        margin = max([1, *dwell, *(job.min_run for job in problem.batches)])
        first, end = _whole_hours(problem, max(first, 0), min(end, problem.T))
        a, b = _whole_hours(problem, max(first - margin, 0), min(end + margin, problem.T))
        return cls(first, end, a, b)


def _whole_hours(problem: Problem, first: int, end: int) -> tuple[int, int]:
    """The intervals widened to whole award hours."""
    hour = problem.award_hour
    if not hour.size:
        return first, end
    return int(np.searchsorted(hour, hour[first])), int(np.searchsorted(hour, hour[end - 1], side="right"))


def replanned(
    split: Split,
    plan: Plan,
    window: Window,
    counts: CountRange,
    seconds: float,
    tolerance_usd: float,
    deadline: Deadline,
) -> Trial | None:
    """The plan with its window as HiGHS has it after some seconds, all powers and awards at their best; None without one.

    Args:
        split: The prepared problem.
        plan: The plan.
        window: Its window.
        counts: Counts of a better plan in the intervals that may change.
        seconds: Longest time.
        tolerance_usd: HiGHS may stop this close to the window's optimum [USD].
        deadline: Told what HiGHS took.
    """
    problem, own = split.problem, counts_of(split.problem, plan.schedule)
    part = _part(problem, plan, window)
    model = CountModel.of(part)
    solver = prepared(model.programme, Effort(0.0, seconds))
    solver.setOptionValue("mip_abs_gap", tolerance_usd)
    _fix(solver, model, problem, plan, own, window, counts)
    solver.run()
    deadline.spend(solver.getRunTime())
    if solver.getInfo().primal_solution_status != highspy.kSolutionStatusFeasible:
        return None
    x = np.array(solver.getSolution().col_value)
    inside = slice(window.a, window.b)
    work = plan.schedule.batch_on.reshape(len(problem.batches), problem.T).copy()
    for c, columns in enumerate(model.running):
        own[inside, c] = np.rint(x[columns])
    for j, columns in enumerate(model.batch):
        work[j, inside] = np.rint(x[columns])
    return _trial(split, own, work, _peaks(problem, plan, model, x, window))


def _trial(split: Split, counts: Floats, work: np.ndarray, peaks_mw: Floats) -> Trial:
    words = [
        first_in_first_out(np.rint(counts[:, c]).astype(np.int64), machine).astype(np.int8)
        for c, machine in enumerate(split.problem.machines)
    ]
    return Trial(split, peaks_mw, words, work.astype(np.int8), *cover_pay(split.awards))


def _peaks(problem: Problem, plan: Plan, model: CountModel, x: Floats, window: Window) -> Floats:
    """Peak of each month of the first demand charge, the window's as the model has them, shape (M,) [MW]."""
    if not problem.peaks:
        return np.zeros(1)
    p = plan.ledger.import_mw.copy()
    p[window.a : window.b] = model.schedule(x).import_mw(model.problem)
    charge = problem.peaks[0]
    return np.maximum(measured_mw(charge, p) + 1e-9, charge.floor_mw)


def _fix(
    solver: highspy.Highs,
    model: CountModel,
    problem: Problem,
    plan: Plan,
    own: Floats,
    window: Window,
    counts: CountRange,
) -> None:
    """Fix the margins, bound the counts inside, say what ran before, and hand over the plan as a start."""
    a, b, first, end = window.a, window.b, window.first, window.end
    t = np.arange(a, b)
    inside = (t >= first) & (t < end)
    rows = [row for name, row, _ in model.programme.row_groups if name.startswith("switching of ")]
    columns, values = [], []
    for c, running in enumerate(model.running):
        low, high = own[a:b, c].copy(), own[a:b, c].copy()
        low[inside], high[inside] = counts.least[:, c], counts.most[:, c]
        _bound(solver, running, low, high)
        if a > 0:
            solver.changeRowBounds(rows[c], float(own[a - 1, c]), float(own[a - 1, c]))
        columns.append(running)
        values.append(own[a:b, c])
    for j, running in enumerate(model.batch):
        on = plan.schedule.batch_on[j, a:b].astype(np.float64)
        able = (problem.batches[j].power_mw[a:b] > 0).astype(np.float64)
        _bound(solver, running, np.where(inside, 0.0, on), np.where(inside, able, on))
        columns.append(running)
        values.append(on)
    at = np.concatenate(columns).astype(np.int32)
    solver.setSolution(len(at), at, np.concatenate(values).astype(np.float64))


def _bound(solver: highspy.Highs, columns: np.ndarray, low: Floats, high: Floats) -> None:
    solver.changeColsBounds(len(columns), columns.astype(np.int32), low.astype(np.float64), high.astype(np.float64))


def _part(problem: Problem, plan: Plan, window: Window) -> Problem:
    """The problem on the window and its margins."""
    a, b, n = window.a, window.b, window.b - window.a
    cut = slice(a, b)
    hour = problem.award_hour
    hours = slice(int(hour[a]), int(hour[b - 1]) + 1) if hour.size else slice(0)
    grid = problem.grid
    return Problem(
        TimeGrid(grid.start + a * grid.step, grid.step_minutes, n),
        problem.price_usd_per_mwh[cut],
        problem.adder_usd_per_mwh[cut],
        problem.peak_usd_per_mwh[cut],
        problem.limit_mw[cut],
        tuple(_machine(m, problem.T, cut) for m in problem.machines),
        tuple(replace(f, power_mw=f.power_mw[cut], rent_usd=f.rent_usd[cut]) for f in problem.firm),
        tuple(_job(job, on, cut) for job, on in zip(problem.batches, plan.schedule.batch_on, strict=True)),
        tuple(_elastic(hall, cut) for hall in problem.elastic),
        tuple(_position(one, problem.T, cut) for one in problem.positions),
        tuple(_charge(one, plan.ledger.import_mw, window) for one in problem.peaks),
        tuple(_reserve(r, hours) for r in problem.reserves),
        hour[cut] - hour[a] if hour.size else hour,
        problem.fixed_usd[cut],
    )


def _machine(machine: MachineClass, T: int, cut: slice) -> MachineClass:
    shape = (machine.modes, T)
    return replace(
        machine,
        power_mw=np.broadcast_to(machine.power_mw, shape)[:, cut],
        revenue_usd_per_h=np.broadcast_to(machine.revenue_usd_per_h, shape)[:, cut],
        # what ran before the window differs by block: the counts before and in the margin say it
        initial=machine.initial if cut.start == 0 else InitialState(on=False),
    )


def _job(job: BatchJob, on: np.ndarray, cut: slice) -> BatchJob:
    window = job.window[cut] - job.window[cut.start]
    return replace(
        job,
        power_mw=job.power_mw[cut],
        fee_usd_per_h=job.fee_usd_per_h[cut],
        window=window,
        need=np.bincount(window, weights=on[cut]).astype(np.int64),
        initial_on=bool(on[cut.start - 1]) if cut.start else job.initial_on,
    )


def _elastic(hall: ElasticLoad, cut: slice) -> ElasticLoad:
    return replace(
        hall,
        floor_mw=hall.floor_mw[cut],
        floor_usd_per_h=hall.floor_usd_per_h[cut],
        segment_mw=hall.segment_mw[:, cut],
        segment_usd_per_mwh=hall.segment_usd_per_mwh[:, cut],
    )


def _position(one: EnergyPosition, T: int, cut: slice) -> EnergyPosition:
    block = np.broadcast_to(np.asarray(one.block_mw, dtype=np.float64), (T,))[cut]
    return replace(one, block_mw=block, price_usd_per_mwh=one.price_usd_per_mwh[cut])


def _charge(charge: PeakCharge, import_mw: Floats, window: Window) -> PeakCharge:
    """The charge on the window's months; what is billed without the window is free. What a ratchet adds later is not seen."""
    cut = slice(window.a, window.b)
    outside = charge.measured.copy()
    outside[cut] = False
    billed = billed_mw(replace(charge, measured=outside), import_mw)
    months = slice(int(charge.month[window.a]), int(charge.month[window.b - 1]) + 1)
    return replace(
        charge,
        usd_per_mw_month=charge.usd_per_mw_month[months],
        month=charge.month[cut] - charge.month[window.a],
        measured=charge.measured[cut],
        floor_mw=billed[months],
        ratchet_fraction=0.0,
    )


def _reserve(reserve: Reserve, hours: slice) -> Reserve:
    return replace(
        reserve,
        price_usd_per_mw_h=reserve.price_usd_per_mw_h[hours],
        call_usd_per_mw_h=reserve.call_usd_per_mw_h[hours],
    )
