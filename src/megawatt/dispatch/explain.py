"""Why each interval is as it is: which buyer won, by how much over the next, and which limit held the rest back.

In each interval every buyer bids for a megawatt-hour at the meter: the network what the best mode of each own machine
class brings, the tenant the fee of batch, elastic and hosted work, the grid the price saved or earned by not drawing
(spot price, adders and peak charge). Rent that is due whatever happens is no bid. The highest bid wins; where a load
does something else than the bids say, the reason is the limit, dwell times and switching costs, a deadline, a demand
charge or an award, and is named.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import Floats, Problem
from megawatt.dispatch.schedule import POWER_TOLERANCE_MW
from megawatt.dispatch.separable import elastic_at

GRID = "grid"


@dataclass(frozen=True, slots=True)
class Bids:
    """What each load or buyer would pay for a megawatt-hour at the meter.

    Attributes:
        names: Bidders; the grid is the last.
        usd_per_mwh: Shape (bidders, T).
    """

    names: tuple[str, ...]
    usd_per_mwh: Floats

    @property
    def winner(self) -> NDArray[np.int64]:
        """Number of the highest bidder in each interval, shape (T,)."""
        return np.asarray(self.usd_per_mwh.argmax(axis=0), dtype=np.int64)

    @property
    def lead_usd_per_mwh(self) -> Floats:
        """Highest bid less the next highest, shape (T,)."""
        ordered = np.sort(self.usd_per_mwh, axis=0)
        lead: Floats = ordered[-1] - ordered[-2] if len(ordered) > 1 else ordered[-1]
        return lead


def bids(problem: Problem) -> Bids:
    """All bids of a problem."""
    names, rows = [], []
    for machine in problem.machines:
        per_mwh = np.divide(
            machine.revenue_usd_per_h,
            machine.power_mw,
            out=np.zeros_like(machine.revenue_usd_per_h),
            where=machine.power_mw > 0,
        )
        names.append(machine.name)
        rows.append(per_mwh.max(axis=0))
    recovered = problem.recovered_usd_per_mwh
    for job in problem.batches:
        fee = np.divide(job.fee_usd_per_h, job.power_mw, out=np.zeros(problem.T), where=job.power_mw > 0)
        names.append(job.name)
        rows.append(fee + job.pass_through * recovered)
    for hall in problem.elastic:
        names.append(hall.name)
        best = hall.segment_usd_per_mwh[0] if len(hall.segment_usd_per_mwh) else np.zeros(problem.T)
        rows.append(best + hall.pass_through * recovered)
    names.append(GRID)
    rows.append(problem.cost_usd_per_mwh)
    return Bids(tuple(names), np.array(rows).reshape(len(names), problem.T))


def why(problem: Problem, plan: Plan) -> pd.DataFrame:
    """One row per interval: winner, lead over the next bid, and what kept other loads from following their bid.

    Returns:
        Columns ``winner``, ``lead_usd_per_mwh``, ``import_mw``, ``at_limit`` and ``held`` (names of the reasons), indexed
        by interval start in UTC.
    """
    offered = bids(problem)
    p = plan.ledger.import_mw
    at_limit = p >= problem.limit_mw - smallest_step_mw(problem)
    frame = {
        "winner": np.array(offered.names, dtype=object)[offered.winner],
        "lead_usd_per_mwh": offered.lead_usd_per_mwh,
        "import_mw": p,
        "at_limit": at_limit,
        "held": _held(problem, plan, offered, at_limit),
    }
    return pd.DataFrame(frame, index=problem.grid.index())


def smallest_step_mw(problem: Problem) -> Floats:
    """Power of the smallest block in each interval: with less room than this the limit binds, shape (T,) [MW]."""
    step = np.full(problem.T, np.inf)
    for machine in problem.machines:
        step = np.minimum(step, machine.power_mw.min(axis=0))
    return np.where(np.isfinite(step), np.maximum(step, 1e-6), 1e-6)


def _held(problem: Problem, plan: Plan, offered: Bids, at_limit: NDArray[np.bool_]) -> NDArray[np.object_]:
    """Reasons by which loads differ from what their bids alone would have them do, shape (T,)."""
    price = offered.usd_per_mwh[-1]
    within_block = _worth_of_drawing(problem, plan)
    reasons = np.full(problem.T, "", dtype=object)

    def add(where: NDArray[np.bool_], reason: str) -> None:
        fresh = where & ~np.array([reason in held.split(", ") for held in reasons])
        reasons[fresh] += np.where(reasons[fresh] == "", reason, ", " + reason)

    for unit in plan.schedule.units:
        bid = offered.usd_per_mwh[unit.machine]
        off_though_paying = ~unit.on & (bid > price)
        on_though_losing = unit.on & (bid < price)
        add(off_though_paying & at_limit, "meter limit")
        add(
            off_though_paying & ~at_limit,
            "demand charge or switching cost" if problem.peaks else "dwell or switching cost",
        )
        sold = np.zeros(problem.T, dtype=np.bool_)
        if problem.reserves:
            sold = plan.schedule.award_mw.sum(axis=0)[problem.award_hour] > 0
        bought = on_though_losing & (bid >= price - within_block)
        add(bought, "fixed block is not resold freely")
        add(on_though_losing & ~bought & sold, "reserve award")
        add(on_though_losing & ~bought & ~sold, "dwell or switching cost")
    for job, on in zip(problem.batches, plan.schedule.batch_on, strict=True):
        bid = offered.usd_per_mwh[offered.names.index(job.name)]
        add((on > 0) & (bid < price), f"work due in {job.name}")
        add((on == 0) & (bid > price), f"work of {job.name} done or due later")
    for hall, mw in zip(problem.elastic, plan.schedule.elastic_mw, strict=True):
        short = mw < elastic_at(hall, problem) - POWER_TOLERANCE_MW
        add(short & at_limit, "meter limit")
        add(short & ~at_limit & bool(problem.peaks), "demand charge or switching cost")
    return reasons


def _worth_of_drawing(problem: Problem, plan: Plan) -> Floats:
    """What a MWh drawn saves where a fixed block that is not resold freely is not used up, shape (T,) [USD/MWh]."""
    saved = np.zeros(problem.T)
    for block in problem.positions:
        within = plan.ledger.import_mw <= np.asarray(block.block_mw) + POWER_TOLERANCE_MW
        saved += np.where(within, block.unused_loss_usd_per_mwh(), 0.0)
    return saved
