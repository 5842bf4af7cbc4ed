"""Why no schedule exists, in the names of the limits that conflict, and what relaxing each would take."""

from dataclasses import dataclass

import highspy
import numpy as np

from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.rows import INF, Programme

CURABLE = ("meter limit", "work due", "least run", "least offer")
"""Groups that a person could relax, by the beginning of their names."""


@dataclass(frozen=True, slots=True)
class Conflict:
    """An irreducible set of limits that cannot hold together.

    Attributes:
        limits: Names of the conflicting groups, each with the intervals concerned.
        relaxing: Per group, the least amount by which it must give way for a schedule to exist, in its own unit.
        value: What was found.
        rule: Why it cannot be.
        remedy: What would help.
    """

    limits: dict[str, list[int]]
    relaxing: dict[str, float]
    value: str
    rule: str
    remedy: str


def conflict(programme: Programme, grid: TimeGrid) -> Conflict:
    """Name limits that cannot hold together and the least amount by which each alone would have to give way.

    The names come from an irreducible infeasible set of the linear relaxation. Where only whole blocks make the site
    infeasible that set is empty, and the limits are named whose giving way alone would cure it.
    """
    limits = irreducible_set(programme)
    names = list(limits) or [name for name, _, _ in programme.row_groups if name.startswith(CURABLE)]
    relaxing = {name: least for name in names if (least := least_relaxation(programme, name)) is not None}
    limits = limits or {name: [] for name in relaxing}
    first = min((min(places) for places in limits.values() if places), default=None)
    when = "" if first is None else f" around {grid.starts[min(first, grid.n - 1)]}Z"
    remedies = [f"'{name}' alone would have to give way by {amount:.4g}" for name, amount in relaxing.items()]
    return Conflict(
        limits,
        relaxing,
        f"no schedule exists{when}",
        "these limits cannot hold together: " + ", ".join(f"'{name}'" for name in limits),
        "; ".join(remedies) + "." if remedies else "No single one of them can cure it; relax two.",
    )


def irreducible_set(programme: Programme) -> dict[str, list[int]]:
    """Groups of an irreducible infeasible set of the linear relaxation and the places concerned; empty without one."""
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    # the default strategy returns an empty set and calls it valid; 4 finds one from the infeasible relaxation
    solver.setOptionValue("iis_strategy", 4)
    solver.passModel(programme.lp(relax=True))
    _, iis = solver.getIis()
    limits: dict[str, list[int]] = {}
    for row in iis.row_index_:
        name, place = programme.row_name(row)
        limits.setdefault(name, []).append(place)
    for column in iis.col_index_:
        name, place = programme.column_name(column)
        limits.setdefault(f"number of {name}" if name.startswith("blocks") else name, []).append(place)
    return limits


def least_relaxation(programme: Programme, group: str) -> float | None:
    """Smallest amount, the same in every interval, by which one group must give way; None if it alone cannot help.

    One column s >= 0 is added to all rows of the group, ``lower - s <= a x <= upper + s``, and minimised.
    """
    span = next(((first, n) for name, first, n in programme.row_groups if name == group), None)
    if span is None:
        return None
    lp = programme.lp()
    lp.col_cost_ = np.zeros(programme.columns)
    rows = np.arange(span[0], span[0] + span[1])
    lower, upper = np.array(lp.row_lower_), np.array(lp.row_upper_)
    # an amount that is due (an equality) may be done in part, and never more than it: its upper side stays a row
    due = rows[lower[rows] == upper[rows]]
    most = upper[due]
    upper[due] = INF
    lp.row_upper_ = upper
    solver = highspy.Highs()
    solver.setOptionValue("output_flag", False)
    solver.setOptionValue("time_limit", 20.0)
    solver.passModel(lp)
    matrix = programme.matrix()
    for row, at_most in zip(due, most, strict=True):
        own = slice(matrix.indptr[row], matrix.indptr[row + 1])
        solver.addRow(-INF, at_most, own.stop - own.start, matrix.indices[own].astype(np.int32), matrix.data[own])
    # an upper limit may be passed, a lower one missed
    sign = np.where(upper[rows] >= INF, 1.0, -1.0)
    solver.addCol(1.0, 0.0, INF, len(rows), rows.astype(np.int32), sign)
    solver.run()
    if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
        return None
    return float(solver.getInfo().objective_function_value)
