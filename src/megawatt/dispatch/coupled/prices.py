"""Prices that split a coupled site into blocks, jobs and intervals that are planned alone: the multipliers of a bound.

The blocks' on/off words live once in their recursions and once in the intervals, and a price per class and interval
makes both want the same; likewise a wage per job and interval for every job but the first, whose exact recursion runs
over what the intervals are worth with and without it. The cover of reserve awards, one number per hour, is priced in
each of its intervals, where mining beyond what the largest award needs is paid nothing:

    bound(price, wage, cover) =   sum_c n_c  blocks_c(price_c)                          exact recursion per class
                                + sum_j>0    work_j(wage_j)                             exact recursion per job
                                + sum_H      max_c award_H(c) - c sum_t cover_t         best cover of each hour
                                + work_0( max_N,y earn_t(N, y) + cover_t min(mining, cap) - price_t N - wage_t y )

Every set of prices with cover >= 0 gives a valid bound: whoever checks one need not know where the prices come from.
"""

import numpy as np

from megawatt.dispatch.certificate import Prices
from megawatt.dispatch.counts import CountModel
from megawatt.dispatch.general import Effort, run_highs
from megawatt.dispatch.problem import Floats, Problem


def linear_prices(problem: Problem, effort: Effort | None = None) -> Prices:
    """Prices from the duals of the linear relaxation of the count model."""
    model = CountModel.of(problem)
    programme = model.programme
    solver = run_highs(programme, effort or Effort(), relax=True)
    dual = np.array(solver.getSolution().row_dual)
    matrix = programme.matrix().tocsc()
    running, cover = np.zeros((problem.T, len(problem.machines))), np.zeros(problem.T)
    wage = np.zeros((problem.T, len(problem.batches)))
    for c, (machine, columns) in enumerate(zip(problem.machines, model.running, strict=True)):
        own = {f"{kind} of {machine.name}" for kind in ("switching", "least run", "least rest")}
        running[:, c] = -(matrix[:, columns].T @ _of_groups(model, own, dual))
    for reserve in problem.reserves:
        cover -= reserve.share_fraction * _rows(model, f"cover of {reserve.name}", dual)
    if len(problem.reserves) > 1:
        cover -= _rows(model, "cover of all programmes", dual)
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
