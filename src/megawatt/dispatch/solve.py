"""One door to the optimum: the path is chosen by what ties the loads together, and the plan says which it was."""

from megawatt.dispatch.coupled.fast import plan_coupled
from megawatt.dispatch.general import Effort
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import Problem
from megawatt.dispatch.separable import plan_separable


def solve(problem: Problem, effort: Effort | None = None, timezone: str = "UTC", near: Plan | None = None) -> Plan:
    """Plan with certificate: exact where nothing ties the blocks together, recursions with a split bound elsewhere.

    Args:
        problem: The site.
        effort: When to stop; coupled sites only.
        timezone: Zone in which the weeks begin that may be solved one by one.
        near: Plan of a site with fewer of the same loads, such as this one without its last megawatt: a coupled
            site is planned from it on.

    Raises:
        InputError: No schedule keeps all limits.
        SolverError: No plan was found in the time allowed.
    """
    return plan_separable(problem) if problem.separable else plan_coupled(problem, effort, timezone, near)
