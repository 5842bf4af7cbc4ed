"""CP-SAT of OR-Tools: everything in whole numbers, power in the largest unit that divides all steps and limits.

With power in coarse units the choice is between fewer plans, yet no optimum is lost where every limit and step is a
multiple of the unit and a month's charge is linear: the vertices lie on the units. Costs are scaled by 1e5 and rounded
(bound and value are off by half a unit per column at most); the plan is recomputed from the raw data.
"""

import math
import time
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np
from ortools.sat.python import cp_model

from bench.coupled_peers.peer import Answer, Course, FormPeer
from bench.linear import Floats
from bench.site_form import Form, Kind

COST_SCALE = 1e5
UNBOUNDED = 10**6


class CpSatCounts(FormPeer):
    """The best formulation we know, 8 workers and linearization level 2."""

    name: ClassVar[str] = "CP-SAT counts"
    asked: ClassVar[str] = "counts, whole units of power, costs times 1e5, 8 workers, linearization_level 2"
    packages: ClassVar[tuple[str, ...]] = ("ortools",)

    def load(self, stated: Form) -> tuple[cp_model.CpModel, list[Any], Floats]:
        """Model, variables, and what one unit of each variable is."""
        m, model = stated.model, cp_model.CpModel()
        unit = units(stated)
        least, most = m.bounds
        low = np.ceil(least / unit - 1e-9).astype(np.int64)
        high = np.floor(np.minimum(most / unit, UNBOUNDED) + 1e-9).astype(np.int64)
        x = [model.new_int_var(int(a), int(b), f"x{i}") for i, (a, b) in enumerate(zip(low, high, strict=True))]
        a, (lower, upper) = m.matrix, m.limits
        for row in range(m.height):
            inside = slice(a.indptr[row], a.indptr[row + 1])
            columns = a.indices[inside]
            factor, values = whole_row(a.data[inside] * unit[columns])
            total = cp_model.LinearExpr.weighted_sum([x[c] for c in columns], values)
            model.add_linear_constraint(total, *_sides(lower[row], upper[row], factor))
        cost = np.rint(m.cost * unit * COST_SCALE).astype(np.int64)
        model.minimize(cp_model.LinearExpr.weighted_sum(x, cost.tolist()))
        return model, x, unit

    def solve(self, model: tuple[Form, Any], seconds: float, gap: float) -> Answer:
        """Run, noting each better plan and bound."""
        stated, (cp, x, unit) = model
        course, solver, begun = Course(), cp_model.CpSolver(), time.perf_counter()
        constant = stated.model.constant
        solver.parameters.max_time_in_seconds = seconds
        solver.parameters.num_workers = 8
        solver.parameters.linearization_level = 2
        solver.parameters.relative_gap_limit = gap
        solver.parameters.random_seed = 1

        class Notes(cp_model.CpSolverSolutionCallback):  # type: ignore[misc]  # OR-Tools is not installed where types are checked
            def on_solution_callback(self) -> None:
                value, bound = self.ObjectiveValue(), self.BestObjectiveBound()
                course.add(self.WallTime(), _usd(value, constant), _usd(bound, constant))

        def bound_found(cost: float) -> None:
            course.add(time.perf_counter() - begun, -np.inf, _usd(cost, constant))

        solver.best_bound_callback = bound_found
        status = solver.solve(cp, Notes())
        bound = _usd(solver.best_objective_bound, constant)
        plan = None
        if status in (cp_model.OPTIMAL, cp_model.FEASIBLE):
            plan = stated.plan(np.array([solver.value(one) for one in x]) * unit)
            course.add(solver.wall_time, _usd(solver.objective_value, constant), bound)
        return Answer(plan, bound, solver.status_name(status), course)


class CpSatLoose(CpSatCounts):
    """With the import as a variable and the limit as it stands."""

    name: ClassVar[str] = "CP-SAT loose counts"
    asked: ClassVar[str] = "loose counts, whole units of power, costs times 1e5, 8 workers, linearization_level 2"
    kind: ClassVar[Kind] = "loose"


class CpSatNaive(CpSatCounts):
    """What one writes first."""

    name: ClassVar[str] = "CP-SAT naive"
    asked: ClassVar[str] = "naive blocks, whole units of power, costs times 1e5, 8 workers, linearization_level 2"
    kind: ClassVar[Kind] = "naive"


def units(stated: Form) -> Floats:
    """What one unit of each column stands for: 1 of a count, the common divisor of all powers of a power.

    The turbo part of a class is a count too, but may be a fraction of it: it moves in steps of the common power.
    """
    problem, unit = stated.problem, np.ones(stated.model.width)
    step = common_mw(problem.limit_mw, problem.firm_mw, *(c.power_mw for c in problem.machines),
                     *(job.power_mw for job in problem.batches), *(hall.segment_mw for hall in problem.elastic),
                     *(np.array([r.max_mw, r.min_mw]) for r in problem.reserves),
                     *(c.floor_mw for c in problem.peaks),
                     *(np.atleast_1d(p.block_mw) for p in problem.positions))  # fmt: skip
    whole = stated.model.whole
    unit[~whole] = step
    for g in stated.groups:
        unit[g.started] = unit[g.stopped] = 1.0
        c = problem.machines[g.machine]
        for k, above in enumerate(g.above):
            unit[above] = step / (c.power_mw[k + 1] - c.power_mw[0])
    for begun in stated.begun:
        unit[begun] = 1.0
    return unit


def common_mw(*powers: Floats) -> float:
    """Largest power of which all are multiples [MW]."""
    numbers = {Fraction(float(v)).limit_denominator(10_000) for p in powers for v in np.unique(p) if v > 0}
    scale = math.lcm(*(n.denominator for n in numbers))
    return math.gcd(*(int(n * scale) for n in numbers)) / scale


def whole_row(values: Floats) -> tuple[float, list[int]]:
    """The factor that makes all coefficients of a row whole, and the coefficients."""
    fractions = [Fraction(float(v)).limit_denominator(10_000) for v in values]
    factor = math.lcm(*(f.denominator for f in fractions)) if fractions else 1
    whole = [int(f * factor) for f in fractions]
    shared = math.gcd(*whole) or 1
    return factor / shared, [v // shared for v in whole]


def _sides(lower: float, upper: float, factor: float) -> tuple[int, int]:
    far = 2**60
    low = -far if np.isinf(lower) else math.ceil(lower * factor - 1e-6)
    return low, far if np.isinf(upper) else math.floor(upper * factor + 1e-6)


def _usd(cost: float, constant: float) -> float:
    return -(cost / COST_SCALE + constant)
