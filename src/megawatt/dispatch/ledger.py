"""One ledger: what each buyer brought, counted from first principles, interval by interval.

Three buyers and what they share (network, tenant, grid, shared) are the columns; the columns add up to net. The same
function counts a plan, a policy's backtest and the idle reference, and no solver's objective enters it, so a mistake in
a solver shows as a difference instead of hiding in both.
"""

from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from megawatt.dispatch.problem import FREE, Floats, MachineClass, PeakCharge, Problem
from megawatt.dispatch.schedule import Schedule, switches

BUYERS = ("network", "tenant", "grid", "shared")
"""The columns, in the order in which they are shown."""


@dataclass(frozen=True, slots=True)
class Ledger:
    """Money per line and interval; positive when the operator receives it.

    Attributes:
        lines: USD per interval by line ``column/what``, each of shape (T,). A demand charge stands in the interval
            whose import set the billed peak, or in the month's first measured interval (its first, where none is
            measured) when the past set it.
        import_mw: Power at the meter, shape (T,) [MW].
        mining_mw: Power of the machines, shape (T,) [MW].
        tenant_mw: Power of the halls, shape (T,) [MW].
        hours: Length of an interval [h].
    """

    lines: dict[str, Floats]
    import_mw: Floats
    mining_mw: Floats
    tenant_mw: Floats
    hours: float

    def column(self, buyer: str) -> Floats:
        """USD per interval of one buyer, shape (T,)."""
        total = np.zeros(self.import_mw.shape)
        for name, line in self.lines.items():
            if name.startswith(f"{buyer}/"):
                total = total + line
        return total

    @property
    def net_usd(self) -> float:
        """Sum of all lines [USD]."""
        return float(sum(line.sum() for line in self.lines.values()))

    def cents(self) -> dict[str, int]:
        """Columns in whole cents and their sum ``net``: what is printed adds up exactly."""
        out = {buyer: round(float(self.column(buyer).sum()) * 100) for buyer in BUYERS}
        out["net"] = sum(out.values())
        return out

    def totals(self) -> pd.DataFrame:
        """USD per line over the whole horizon, tidy: columns ``buyer``, ``line``, ``usd``."""
        rows = [(*name.split("/", 1), float(line.sum())) for name, line in self.lines.items()]
        return pd.DataFrame(rows, columns=["buyer", "line", "usd"])


def settle(problem: Problem, schedule: Schedule) -> Ledger:
    """Count the money of a schedule from raw data."""
    mining, tenant = schedule.mining_mw(problem), schedule.tenant_mw(problem)
    p = mining + tenant
    lines = {
        **_machines(problem, schedule),
        **_tenant(problem, schedule, tenant),
        **_grid(problem, schedule, p),
        **_shared(problem, p),
    }
    return Ledger(lines, p, mining, tenant, problem.grid.hours)


def _energy(problem: Problem, mw: Floats) -> Floats:
    cost: Floats = -problem.grid.hours * mw * (problem.price_usd_per_mwh + problem.adder_usd_per_mwh)
    return cost


def _machines(problem: Problem, schedule: Schedule) -> dict[str, Floats]:
    """Own machines are paid by the network, a tenant's by the tenant; each bears its own energy and switching."""
    lines = {}
    kinds = (("network", "hash_revenue", False), ("tenant", "hosted_mining", True))
    for column, what, hosted in kinds:
        if hosted and not any(c.hosted for c in problem.machines):
            continue
        revenue, switching, mw = np.zeros(problem.T), np.zeros(problem.T), np.zeros(problem.T)
        for unit in schedule.units:
            machine = problem.machines[unit.machine]
            if machine.hosted is not hosted:
                continue
            change = switches(unit.on, machine)
            keep = 1 - ramp_loss(change, machine)
            revenue += unit.blocks * problem.grid.hours * keep * (unit.share * machine.revenue_usd_per_h).sum(axis=0)
            switching -= unit.blocks * (machine.start_usd * (change == 1) + machine.stop_usd * (change == -1))
            mw += unit.blocks * (unit.share * machine.power_mw).sum(axis=0)
        energy = "energy" if not hosted else "hosted_energy"
        starts = "starts_stops" if not hosted else "hosted_starts_stops"
        lines[f"{column}/{what}"] = revenue
        lines[f"{column}/{energy}"] = _energy(problem, mw)
        lines[f"{column}/{starts}"] = switching
    return lines


def ramp_loss(change: NDArray[np.int64], machine: MachineClass) -> Floats:
    """Share of the revenue lost to ramping in each interval, from a block's switches, shape (T,)."""
    t = np.arange(len(change))
    begun = np.maximum.accumulate(np.where(change == 1, t, -machine.initial.steps if machine.initial.on else -FREE))
    profile = np.append(machine.ramp_loss, 0.0)  # the last entry serves every later interval
    lost: Floats = profile[np.minimum(t - begun, len(profile) - 1)]
    return lost


def elastic_reward_usd_per_h(segment_mw: Floats, segment_usd_per_mwh: Floats, mw: Floats) -> Floats:
    """Reward of a power above the floor when segments fill in order, shapes (S, T), (S, T), (T,) to (T,) [USD/h]."""
    below = np.cumsum(segment_mw, axis=0) - segment_mw
    reward: Floats = (np.clip(mw - below, 0, segment_mw) * segment_usd_per_mwh).sum(axis=0)
    return reward


def _tenant(problem: Problem, schedule: Schedule, tenant: Floats) -> dict[str, Floats]:
    h = problem.grid.hours
    rent, fees, restarts, passed = (np.zeros(problem.T) for _ in range(4))
    for load in problem.firm:
        rent += load.rent_usd
        passed += load.power_mw * load.pass_through
    for job, on in zip(problem.batches, schedule.batch_on, strict=True):
        fees += h * on * job.fee_usd_per_h
        before = np.concatenate(([job.initial_on], on[:-1]))
        restarts -= job.restart_usd * (on > before)
        passed += job.power_mw * on * job.pass_through
    for hall, mw in zip(problem.elastic, schedule.elastic_mw, strict=True):
        above = elastic_reward_usd_per_h(hall.segment_mw, hall.segment_usd_per_mwh, mw)
        fees += h * (hall.floor_usd_per_h + above)
        passed += (hall.floor_mw + mw) * hall.pass_through
    return {
        "tenant/rent": rent,
        "tenant/fees": fees,
        "tenant/recovered": -_energy(problem, passed),
        "tenant/energy": _energy(problem, tenant),
        "tenant/restarts": restarts,
    }


def _grid(problem: Problem, schedule: Schedule, p: Floats) -> dict[str, Floats]:
    h = problem.grid.hours
    position, resale = np.zeros(problem.T), np.zeros(problem.T)
    for block in problem.positions:
        position += h * block.block_mw * (block.price_usd_per_mwh - block.fixed_usd_per_mwh)
        resale -= h * np.maximum(block.block_mw - p, 0) * block.unused_loss_usd_per_mwh()
    capacity, calls = np.zeros(problem.T), np.zeros(problem.T)
    for programme, award in zip(problem.reserves, schedule.award_mw, strict=True):
        capacity += h * (programme.price_usd_per_mw_h * award)[problem.award_hour]
        calls += h * (programme.call_usd_per_mw_h * award)[problem.award_hour]
    return {"grid/position": position, "grid/resale_loss": resale, "grid/capacity": capacity, "grid/calls": calls}


def _shared(problem: Problem, p: Floats) -> dict[str, Floats]:
    demand = np.zeros(problem.T)
    for charge in problem.peaks:
        demand -= demand_usd(charge, p)
    return {
        "shared/demand": demand,
        "shared/coincident": -problem.grid.hours * p * problem.peak_usd_per_mwh,
        "shared/fixed": -problem.fixed_usd,
    }


def measured_mw(charge: PeakCharge, p: Floats) -> Floats:
    """Highest measured import of each month, 0 where nothing is measured, shape (months,) [MW]."""
    measured = np.zeros(len(charge.floor_mw))
    np.maximum.at(measured, charge.month[charge.measured], p[charge.measured])
    return measured


def billed_mw(charge: PeakCharge, p: Floats) -> Floats:
    """Billed peak of each month, shape (months,): measured, floor from the past, ratchet on the months before."""
    months = len(charge.floor_mw)
    measured = measured_mw(charge, p)
    billed: Floats = np.maximum(measured, charge.floor_mw)
    for m in range(months):
        earlier = measured[max(0, m - 11) : m]
        billed[m] = max(billed[m], charge.ratchet_fraction * earlier.max(initial=0.0))
    return billed


def demand_usd(charge: PeakCharge, p: Floats) -> Floats:
    """Demand charge booked to the interval that set each month's peak, shape (T,) [USD]."""
    cost = np.zeros(p.shape)
    counted = np.where(charge.measured, p, -np.inf)
    for m, mw in enumerate(billed_mw(charge, p)):
        inside = np.flatnonzero(charge.month == m)
        highest = int(inside[counted[inside].argmax()])
        first = int(inside[charge.measured[inside].argmax()])  # the month's first interval where none is measured
        cost[highest if counted[highest] >= mw else first] += charge.usd_per_mw_month[m] * mw
    return cost
