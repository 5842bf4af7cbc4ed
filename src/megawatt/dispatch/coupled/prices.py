"""Prices that split a coupled site into blocks, jobs and intervals that are planned alone: the multipliers of a bound.

Copy every decision that ties intervals together: the blocks' on/off words live once in their recursions and once in the
intervals, and a price per class and interval makes both want the same. The same holds for every job but the first,
whose exact recursion runs over what the intervals are worth with and without it, and for the cover of reserve awards.

    bound(price, cover, wage) =   sum_c n_c  blocks_c(price_c)            exact recursion per class
                                + sum_j>0    work_j(wage_j)               exact recursion per further job
                                + sum_H      awards_H(worth - sum cover)  best sizes of each hour
                                + work_0( max_N,y  earn_t(N, y) + cover mining - price N - wage y )

Every set of prices gives a valid bound: whoever checks one need not know where the prices come from.
"""

from dataclasses import dataclass

import numpy as np

from megawatt.dispatch.counts import CountModel
from megawatt.dispatch.general import Effort, run_highs
from megawatt.dispatch.problem import Floats, Problem


@dataclass(frozen=True, slots=True)
class Prices:
    """Multipliers of the split.

    Attributes:
        running: Price of a running block, shape (T, C) [USD].
        cover: Price of a MW of cover for each programme, and last for all together, shape (T, R + 1) [USD/MW], >= 0.
        wage: Price of a running job, shape (T, J); the first job's is 0 [USD].
    """

    running: Floats
    cover: Floats
    wage: Floats

    def mining_usd(self, share: Floats) -> Floats:
        """What a MW of mining earns as cover in each interval, shape (T,) [USD/MW]."""
        paid: Floats = self.cover[:, :-1] @ share + self.cover[:, -1]
        return paid


def linear_prices(problem: Problem, effort: Effort | None = None) -> Prices:
    """Prices from the duals of the linear relaxation of the count model."""
    model = CountModel.of(problem)
    programme = model.programme
    solver = run_highs(programme, effort or Effort(), relax=True)
    dual = np.array(solver.getSolution().row_dual)
    matrix = programme.matrix().tocsc()
    T, R, J = problem.T, len(problem.reserves), len(problem.batches)
    running, cover, wage = np.zeros((T, len(problem.machines))), np.zeros((T, R + 1)), np.zeros((T, J))
    for c, (machine, columns) in enumerate(zip(problem.machines, model.running, strict=True)):
        own = {f"{kind} of {machine.name}" for kind in ("switching", "least run", "least rest")}
        running[:, c] = -(matrix[:, columns].T @ _of_groups(model, own, dual))
    for r, reserve in enumerate(problem.reserves):
        cover[:, r] = -_rows(model, f"cover of {reserve.name}", dual)
    if R > 1:
        cover[:, R] = -_rows(model, "cover of all programmes", dual)
    for j, (job, columns) in enumerate(zip(problem.batches, model.batch, strict=True)):
        if j > 0:
            own = {f"restart of {job.name}", f"work due in {job.name}", f"least run of {job.name}"}
            wage[:, j] = -(matrix[:, columns].T @ _of_groups(model, own, dual))
    return Prices(running, np.maximum(cover, 0.0), wage)


def _of_groups(model: CountModel, names: set[str], dual: Floats) -> Floats:
    """Duals of some groups of rows, 0 elsewhere."""
    kept = np.zeros_like(dual)
    for name, first, n in model.programme.row_groups:
        if name in names:
            kept[first : first + n] = dual[first : first + n]
    return kept


def _rows(model: CountModel, name: str, dual: Floats) -> Floats:
    first, n = next((first, n) for group, first, n in model.programme.row_groups if group == name)
    return dual[first : first + n]
