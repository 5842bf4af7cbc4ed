"""The general path: the count model solved by HiGHS, with its dual bound and the prices of its limits."""

from dataclasses import dataclass

import highspy
import numpy as np

from megawatt.core.errors import InputError, SolverError
from megawatt.dispatch.conflict import conflict
from megawatt.dispatch.counts import CountModel
from megawatt.dispatch.deadline import Clock, Deadline
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import Floats, Problem
from megawatt.dispatch.rows import Programme
from megawatt.dispatch.schedule import Schedule

ROUND_OUT = 1e-9
"""Relative amount by which a solver's bound is moved outwards before it is believed."""


@dataclass(frozen=True, slots=True)
class Effort:
    """When the search for a better plan or bound may stop.

    Attributes:
        relative_gap: Stop when the gap is at most this; the general solver's own gap is relative to its objective.
        seconds: Stop after this time; the plan then depends on the machine's speed and says so in its method.
        clock: Counts them; without one only the time of the general solver counts.
    """

    relative_gap: float = 1e-4
    seconds: float = 600.0
    clock: Clock | None = None

    def begun(self) -> Deadline:
        """The deadline of a search that begins now."""
        return Deadline(self.seconds, self.clock)


@dataclass(frozen=True, slots=True)
class Hint:
    """What is known before the general solver starts.

    Attributes:
        schedule: A plan.
        least_peak_mw: No better plan has a lower peak in the months of the first demand charge, shape (M,) [MW].
        most_peak_mw: No better plan has a higher one, shape (M,) [MW].
        least_count: No better plan runs fewer blocks, shape (T, C).
        most_count: No better plan runs more, shape (T, C).
    """

    schedule: Schedule
    least_peak_mw: Floats
    most_peak_mw: Floats
    least_count: Floats
    most_count: Floats


def run_highs(
    programme: Programme, effort: Effort, *, relax: bool = False, fixed: Floats | None = None
) -> highspy.Highs:
    """Solve a programme on one thread and return the solver for its answer.

    Raises:
        SolverError: HiGHS did not accept the model.
    """
    solver = prepared(programme, effort, relax=relax, fixed=fixed)
    solver.run()
    return solver


def prepared(
    programme: Programme, effort: Effort, *, relax: bool = False, fixed: Floats | None = None
) -> highspy.Highs:
    """A solver with the programme, not yet run.

    Raises:
        SolverError: HiGHS did not accept the model.
    """
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("threads", 1)
    solver.setOptionValue("random_seed", 1)
    solver.setOptionValue("mip_rel_gap", effort.relative_gap)
    solver.setOptionValue("time_limit", effort.seconds)
    if solver.passModel(programme.lp(relax=relax, fixed=fixed)) == highspy.HighsStatus.kError:
        raise SolverError(
            f"a model of {programme.columns} columns and {programme.rows} rows",
            "HiGHS did not accept it",
            "Check the inputs for missing or infinite values.",
        )
    return solver


def plan_general(problem: Problem, effort: Effort | None = None, hint: Hint | None = None) -> Plan:
    """Plan of a coupled site with the solver's dual bound.

    Args:
        problem: The site.
        effort: When to stop.
        hint: A plan to start from and what is proven about better ones; the bound then holds for all plans, because
            what lies outside the hint is no better than its plan.

    Raises:
        InputError: No schedule keeps all limits; the message names those that conflict and what relaxing each takes.
        SolverError: No plan was found in the time allowed.
    """
    effort = effort or Effort()
    model = CountModel.of(problem)
    solver = prepared(model.programme, effort)
    if hint is not None:
        _give(solver, model, hint)
    solver.run()
    status = solver.getModelStatus()
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        raise infeasible(problem)
    info = solver.getInfo()
    if info.primal_solution_status != highspy.kSolutionStatusFeasible:
        raise SolverError(
            f"no plan after {effort.seconds:g} s ({solver.modelStatusToString(status)})",
            "the general path needs one to stand on",
            "Allow more time, shorten the period, or use longer intervals.",
        )
    schedule = model.schedule(np.array(solver.getSolution().col_value))
    stopped = status == highspy.HighsModelStatus.kTimeLimit
    whole = bool(model.programme.whole.any())
    # a linear programme stopped by the clock has a value and no bound; a mixed-integer one may have none yet
    loss = info.mip_dual_bound if whole else -np.inf if stopped else info.objective_function_value
    bound = model.constant_usd - loss
    bound += ROUND_OUT * (1 + abs(bound))
    method = "HiGHS on block counts" + (f", stopped after {effort.seconds:g} s" if stopped else "")
    return Plan.of(problem, schedule, bound_usd=bound if np.isfinite(bound) else None, method=method)


def _give(solver: highspy.Highs, model: CountModel, hint: Hint) -> None:
    """Hand a plan and the ranges of counts and peaks to the solver."""
    columns, values = [], []
    for number, running in enumerate(model.running):
        count = sum((u.blocks * u.on for u in hint.schedule.units if u.machine == number), np.zeros(model.problem.T))
        least, most = (np.ascontiguousarray(side[:, number]) for side in (hint.least_count, hint.most_count))
        solver.changeColsBounds(len(running), running.astype(np.int32), least, most)
        columns.append(running)
        values.append(count)
    for running, on in zip(model.batch, hint.schedule.batch_on, strict=True):
        columns.append(running)
        values.append(on.astype(np.float64))
    if columns:
        at = np.concatenate(columns).astype(np.int32)
        solver.setSolution(len(at), at, np.concatenate(values).astype(np.float64))
    for charge in model.problem.peaks[:1]:
        name = f"peak of {charge.name}"
        first = next(first for group, first, _ in model.programme.column_groups if group == name)
        for m, (low, high) in enumerate(zip(hint.least_peak_mw, hint.most_peak_mw, strict=True)):
            solver.changeColBounds(first + m, max(float(low), 0.0), max(float(high), 0.0))


def infeasible(problem: Problem) -> InputError:
    """The error that explains why no schedule keeps all limits."""
    found = conflict(CountModel.of(problem, tight=False).programme, problem.grid)
    return InputError(found.value, found.rule, found.remedy)


def limit_price_usd_per_mw(problem: Problem, plan: Plan) -> Floats:
    """Worth of one more MW of import limit in each interval, with all on/off decisions kept, shape (T,) [USD/MW].

    The dual of the meter limit in the linear programme that remains when the counts are fixed at the plan's; NaN where
    other whole decisions remain: offers with a least size, or a block that is better used in full than in part.
    """
    model = CountModel.of(problem, tight=False)  # the tighter rows state the limit twice and would share its dual
    fixed = np.zeros(model.programme.columns)
    for number, columns in enumerate(model.running):
        fixed[columns] = sum((u.blocks * u.on for u in plan.schedule.units if u.machine == number), np.zeros(problem.T))
    for columns, on in zip(model.batch, plan.schedule.batch_on, strict=True):
        fixed[columns] = on
    if model.programme.whole.sum() > sum(map(len, model.running)) + sum(map(len, model.batch)):
        return np.full(problem.T, np.nan)
    solver = run_highs(model.programme, Effort(), fixed=fixed)
    worth: Floats = np.maximum(-np.array(solver.getSolution().row_dual)[model.limit_rows], 0.0)
    return worth
