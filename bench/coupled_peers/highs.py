"""HiGHS through highspy, the matrix handed over in one piece: four formulations and option sets."""

from typing import Any, ClassVar

import highspy
import numpy as np

from bench.coupled_peers.peer import Answer, Course, FormPeer
from bench.linear import Linear
from bench.site_form import Form, Kind

Options = dict[str, str | float]


class HighsCounts(FormPeer):
    """The best formulation we know, default options."""

    name: ClassVar[str] = "HiGHS counts"
    asked: ClassVar[str] = "counts, default options, one thread"
    packages: ClassVar[tuple[str, ...]] = ("highspy", "numpy", "scipy")
    options: ClassVar[Options] = {}

    def load(self, stated: Form) -> highspy.Highs:
        """Solver with the model in it."""
        solver = highspy.Highs()
        quiet: Options = {"output_flag": False, "threads": 1, "random_seed": 1}
        for key, value in (quiet | self.options).items():
            solver.setOptionValue(key, value)
        solver.passModel(highs_model(stated.model))
        return solver

    def solve(self, model: tuple[Form, highspy.Highs], seconds: float, gap: float) -> Answer:
        """Run, noting each better plan and bound."""
        stated, solver = model
        course = Course()
        solver.setOptionValue("time_limit", seconds)
        solver.setOptionValue("mip_rel_gap", gap)

        def note(event: Any) -> None:
            out = event.data_out
            course.add(out.running_time, -out.mip_primal_bound, -out.mip_dual_bound)

        solver.cbMipImprovingSolution += note
        solver.cbMipInterrupt += note
        solver.run()
        info, status = solver.getInfo(), solver.modelStatusToString(solver.getModelStatus())
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        x = np.array(solver.getSolution().col_value)
        plan = stated.plan(x) if found else None
        value = -info.objective_function_value if found else -np.inf
        course.add(solver.getRunTime(), value, -info.mip_dual_bound)
        return Answer(plan, -info.mip_dual_bound, status, course)


class HighsDisjunction(HighsCounts):
    """With the convex hull of each interval."""

    name: ClassVar[str] = "HiGHS disjunction"
    asked: ClassVar[str] = "counts with the disjunction per interval, default options, one thread"
    kind: ClassVar[Kind] = "disjunction"


class HighsLoose(HighsCounts):
    """With the import as a variable and the limit as it stands."""

    name: ClassVar[str] = "HiGHS loose counts"
    asked: ClassVar[str] = "loose counts, default options, one thread"
    kind: ClassVar[Kind] = "loose"


class HighsPlain(HighsCounts):
    """Less search for symmetry and plans."""

    name: ClassVar[str] = "HiGHS counts, low heuristics"
    asked: ClassVar[str] = "counts, mip_detect_symmetry off, mip_heuristic_effort 0.01, one thread"
    options: ClassVar[Options] = {"mip_detect_symmetry": False, "mip_heuristic_effort": 0.01}


class HighsEager(HighsCounts):
    """More search for plans."""

    name: ClassVar[str] = "HiGHS counts, high heuristics"
    asked: ClassVar[str] = "counts, mip_heuristic_effort 0.3, one thread"
    options: ClassVar[Options] = {"mip_heuristic_effort": 0.3}


class HighsParallel(HighsCounts):
    """Two threads."""

    name: ClassVar[str] = "HiGHS counts, two threads"
    asked: ClassVar[str] = "counts, parallel on, two threads"
    options: ClassVar[Options] = {"threads": 2, "parallel": "on"}


class HighsNaive(HighsCounts):
    """What one writes first."""

    name: ClassVar[str] = "HiGHS naive"
    asked: ClassVar[str] = "naive blocks, default options, one thread"
    kind: ClassVar[Kind] = "naive"


def highs_model(m: Linear) -> highspy.HighsLp:
    """The programme as HiGHS takes it."""
    lp, a = highspy.HighsLp(), m.matrix
    lp.num_row_, lp.num_col_ = a.shape
    lp.offset_, lp.col_cost_ = m.constant, m.cost
    lp.col_lower_, lp.col_upper_ = m.bounds
    lp.row_lower_, lp.row_upper_ = m.limits
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = a.indptr, a.indices, a.data
    kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
    lp.integrality_ = [kinds[int(one)] for one in m.whole]
    return lp
