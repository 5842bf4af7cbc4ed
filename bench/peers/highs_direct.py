"""HiGHS through highspy, the matrix handed over in one piece: as the linear programme, and with integrality asked."""

from typing import ClassVar

import highspy
import numpy as np

from bench.counts_form import Matrix, counts, matrix
from bench.instances import Instance
from bench.peers.peer import Peer
from bench.plan_check import Counts

QUIET: dict[str, str | float] = {"output_flag": False, "threads": 1, "random_seed": 1}


class HighsLp(Peer):
    """The linear programme, whose vertices are whole."""

    name: ClassVar[str] = "HiGHS LP"
    asked: ClassVar[str] = (
        "count model, no integrality (it is integral), presolve off, dual simplex, one thread, default tolerances 1e-7"
    )
    packages: ClassVar[tuple[str, ...]] = ("highspy", "numpy", "scipy")
    whole: ClassVar[bool] = False
    options: ClassVar[dict[str, str | float]] = {**QUIET, "presolve": "off"}

    def build(self, instance: Instance) -> highspy.Highs:
        """Matrix and solver with the model in it."""
        solver = highspy.Highs()
        for key, value in self.options.items():
            solver.setOptionValue(key, value)
        solver.passModel(as_lp(matrix(instance), whole=self.whole))
        return solver

    def solve(self, model: highspy.Highs) -> highspy.Highs:
        """Run it from no basis."""
        model.clearSolver()
        model.run()
        return model

    def answer(self, instance: Instance, solved: highspy.Highs) -> tuple[float, Counts]:
        """Objective and counts."""
        if solved.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            raise RuntimeError(solved.modelStatusToString(solved.getModelStatus()))
        x = np.array(solved.getSolution().col_value)
        return -solved.getInfo().objective_function_value, counts(instance, x)


class HighsMip(HighsLp):
    """The same with the counts declared integer, for who does not know that he need not."""

    name: ClassVar[str] = "HiGHS MIP"
    asked: ClassVar[str] = "count model, counts integer, relative and absolute gap 0, default options, one thread"
    whole: ClassVar[bool] = True
    options: ClassVar[dict[str, str | float]] = {**QUIET, "mip_rel_gap": 0.0, "mip_abs_gap": 0.0}


def as_lp(m: Matrix, *, whole: bool) -> highspy.HighsLp:
    """The matrix as HiGHS takes it."""
    lp = highspy.HighsLp()
    lp.num_row_, lp.num_col_ = m.a.shape
    lp.col_cost_, lp.col_lower_, lp.col_upper_ = m.cost, np.zeros(len(m.cost)), m.most
    lp.row_lower_, lp.row_upper_ = m.lower, m.upper
    lp.a_matrix_.format_ = highspy.MatrixFormat.kRowwise
    lp.a_matrix_.start_, lp.a_matrix_.index_, lp.a_matrix_.value_ = m.a.indptr, m.a.indices, m.a.data
    if whole:
        kinds = (highspy.HighsVarType.kContinuous, highspy.HighsVarType.kInteger)
        lp.integrality_ = [kinds[int(one)] for one in m.whole]
    return lp
