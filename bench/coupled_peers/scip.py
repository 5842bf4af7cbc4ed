"""SCIP through PySCIPOpt, rows one by one: it takes no matrix."""

from typing import Any, ClassVar

import numpy as np
import pyscipopt

from bench.coupled_peers.peer import Answer, Course, FormPeer
from bench.site_form import Form, Kind

Loaded = tuple[pyscipopt.Model, list[Any]]


class Notes(pyscipopt.Eventhdlr):  # type: ignore[misc]  # PySCIPOpt has no types
    """Writes down each better plan and each solved node."""

    EVENTS = (
        pyscipopt.SCIP_EVENTTYPE.BESTSOLFOUND,
        pyscipopt.SCIP_EVENTTYPE.LPSOLVED,
        pyscipopt.SCIP_EVENTTYPE.NODESOLVED,
    )

    def __init__(self, course: Course) -> None:
        self.course = course

    def eventinit(self) -> None:
        """Ask for the events."""
        for kind in self.EVENTS:
            self.model.catchEvent(kind, self)

    def eventexit(self) -> None:
        """Give them back."""
        for kind in self.EVENTS:
            self.model.dropEvent(kind, self)

    def eventexec(self, event: Any) -> None:
        """Note where it stands."""
        del event  # whatever happened, the figures are the model's
        value, bound = -self.model.getPrimalbound(), -self.model.getDualbound()
        infinity = self.model.infinity()
        self.course.add(
            self.model.getSolvingTime(),
            value if abs(value) < infinity else -np.inf,
            bound if abs(bound) < infinity else np.inf,
        )


class ScipCounts(FormPeer):
    """The best formulation we know."""

    name: ClassVar[str] = "SCIP counts"
    asked: ClassVar[str] = "counts, default options, one thread"
    packages: ClassVar[tuple[str, ...]] = ("pyscipopt",)

    def load(self, stated: Form) -> Loaded:
        """Model and variables."""
        m, model = stated.model, pyscipopt.Model()
        model.hideOutput()
        least, most = m.bounds
        x = [
            model.addVar(vtype="I" if whole else "C", lb=lb, ub=None if np.isinf(ub) else ub, obj=cost)
            for whole, lb, ub, cost in zip(m.whole, least, most, m.cost, strict=True)
        ]
        a, (lower, upper) = m.matrix, m.limits
        for row in range(m.height):
            inside = slice(a.indptr[row], a.indptr[row + 1])
            terms = zip(a.indices[inside], a.data[inside], strict=True)
            total = pyscipopt.quicksum(float(value) * x[column] for column, value in terms)
            if lower[row] == upper[row]:
                model.addCons(total == lower[row])
            elif np.isinf(lower[row]):
                model.addCons(total <= upper[row])
            elif np.isinf(upper[row]):
                model.addCons(total >= lower[row])
            else:
                model.addCons((lower[row] <= total) <= upper[row])
        model.addObjoffset(m.constant)
        return model, x

    def solve(self, model: tuple[Form, Loaded], seconds: float, gap: float) -> Answer:
        """Run, noting each better plan and bound."""
        stated, (scip, x) = model
        course = Course()
        notes = Notes(course)  # kept here: SCIP holds no reference to it
        scip.includeEventhdlr(notes, "notes", "each better plan and bound")
        scip.setParam("limits/time", seconds)
        scip.setParam("limits/gap", gap)
        scip.optimize()
        plan = None
        if scip.getNSols():
            best = scip.getBestSol()
            plan = stated.plan(np.array([best[one] for one in x]))
            course.add(scip.getSolvingTime(), -scip.getPrimalbound(), -scip.getDualbound())
        return Answer(plan, -scip.getDualbound(), scip.getStatus(), course)


class ScipLoose(ScipCounts):
    """With the import as a variable and the limit as it stands."""

    name: ClassVar[str] = "SCIP loose counts"
    asked: ClassVar[str] = "loose counts, default options, one thread"
    kind: ClassVar[Kind] = "loose"


class ScipNaive(ScipCounts):
    """What one writes first."""

    name: ClassVar[str] = "SCIP naive"
    asked: ClassVar[str] = "naive blocks, default options, one thread"
    kind: ClassVar[Kind] = "naive"
