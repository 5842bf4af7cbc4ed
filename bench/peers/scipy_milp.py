"""scipy.optimize.milp, which carries its own HiGHS."""

from typing import Any, ClassVar

from scipy.optimize import Bounds, LinearConstraint, milp

from bench.counts_form import Matrix, counts, matrix
from bench.instances import Instance
from bench.peers.peer import Peer
from bench.plan_check import Counts


class ScipyMilp(Peer):
    """The count model; no column is declared integer because none need be."""

    name: ClassVar[str] = "scipy.milp"
    asked: ClassVar[str] = "count model, no integrality (it is integral), presolve off, default tolerances"
    packages: ClassVar[tuple[str, ...]] = ("scipy", "numpy")

    def build(self, instance: Instance) -> Matrix:
        """The matrix."""
        return matrix(instance)

    def solve(self, model: Matrix) -> Any:
        """One call."""
        rows = LinearConstraint(model.a, model.lower, model.upper)
        return milp(model.cost, constraints=rows, bounds=Bounds(0, model.most), options={"presolve": False})

    def answer(self, instance: Instance, solved: Any) -> tuple[float, Counts]:
        """Objective and counts."""
        if solved.status != 0:
            raise RuntimeError(solved.message)
        return -float(solved.fun), counts(instance, solved.x)
