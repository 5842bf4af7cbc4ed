"""A bill in plain loops: what a schedule is worth, one interval, one block and one month at a time.

Written from the ledger's definition (energy is paid by the load that draws it; a block is a position, not a load; a
demand charge is billed by the month with its ratchet), not from the code that is under test.
"""

from megawatt.dispatch.problem import EnergyPosition, MachineClass, PeakCharge, Problem
from megawatt.dispatch.schedule import Schedule, UnitRun

Bill = dict[str, float]


def bill(problem: Problem, schedule: Schedule) -> Bill:
    """Network, tenant, grid and shared money of a schedule [USD]."""
    out = {"network": 0.0, "tenant": 0.0, "grid": 0.0, "shared": 0.0}
    hours = problem.grid.step_minutes / 60
    imports = []
    for t in range(problem.T):
        drawn = 0.0
        for unit in schedule.units:
            mw, usd_per_h = machines(problem, unit, t)
            drawn += mw
            out["tenant" if problem.machines[unit.machine].hosted else "network"] += hours * usd_per_h
        for mw, usd in halls(problem, schedule, t, hours):
            drawn += mw
            out["tenant"] += usd
        out["grid"] += sum(hours * position_usd_per_h(one, drawn, t) for one in problem.positions)
        for r, one in enumerate(problem.reserves):
            hour = problem.award_hour[t]
            paid = one.price_usd_per_mw_h[hour] + one.call_usd_per_mw_h[hour]
            out["grid"] += hours * schedule.award_mw[r, hour] * paid
        out["shared"] -= hours * drawn * problem.peak_usd_per_mwh[t] + problem.fixed_usd[t]
        imports.append(drawn)
    for unit in schedule.units:
        c = problem.machines[unit.machine]
        out["tenant" if c.hosted else "network"] -= unit.blocks * switching_usd(unit, c)
    out["shared"] -= sum(demand_charge_usd(one, imports) for one in problem.peaks)
    return out


def machines(problem: Problem, unit: UnitRun, t: int) -> tuple[float, float]:
    """Power [MW] and revenue less energy [USD/h] of a run in one interval."""
    c = problem.machines[unit.machine]
    spot = problem.price_usd_per_mwh[t] + problem.adder_usd_per_mwh[t]
    drawn = usd_per_h = 0.0
    for m in range(c.modes):
        mw = unit.blocks * unit.share[m, t] * c.power_mw[m, t]
        earned = unit.blocks * unit.share[m, t] * c.revenue_usd_per_h[m, t] * (1 - lost(unit, c, t))
        drawn += mw
        usd_per_h += earned - mw * spot
    return drawn, usd_per_h


def halls(problem: Problem, schedule: Schedule, t: int, hours: float) -> list[tuple[float, float]]:
    """Power [MW] and money [USD] of each hall in one interval."""
    spot = problem.price_usd_per_mwh[t] + problem.adder_usd_per_mwh[t]
    rows = []
    for load in problem.firm:
        energy = 0 if load.pass_through else hours * load.power_mw[t] * spot
        rows.append((load.power_mw[t], load.rent_usd[t] - energy))
    for j, job in enumerate(problem.batches):
        if schedule.batch_on[j, t]:
            energy = 0 if job.pass_through else hours * job.power_mw[t] * spot
            ran_before = schedule.batch_on[j, t - 1] if t else job.initial_on
            restart = 0 if ran_before else job.restart_usd
            rows.append((job.power_mw[t], hours * job.fee_usd_per_h[t] - energy - restart))
    for number, hall in enumerate(problem.elastic):
        left = schedule.elastic_mw[number, t]
        mw, reward = hall.floor_mw[t] + left, hall.floor_usd_per_h[t]
        for width, price in zip(hall.segment_mw[:, t], hall.segment_usd_per_mwh[:, t], strict=True):
            used = min(left, width)
            reward, left = reward + used * price, left - used
        rows.append((mw, hours * (reward - (0 if hall.pass_through else mw * spot))))
    return rows


def runs(unit: UnitRun, t: int) -> bool:
    return bool(sum(unit.share[:, t]) > 0.5)


def lost(unit: UnitRun, c: MachineClass, t: int) -> float:
    """Share of the hash rate that is missing because the block started so many intervals ago."""
    age = 0
    while age < t and runs(unit, t - age - 1):
        age += 1
    if age == t and c.initial.on:
        age += c.initial.steps
    return float(c.ramp_loss[age]) if runs(unit, t) and age < len(c.ramp_loss) else 0.0


def switching_usd(unit: UnitRun, c: MachineClass) -> float:
    total, before = 0.0, c.initial.on
    for t in range(unit.share.shape[1]):
        now = runs(unit, t)
        total += c.start_usd * (now and not before) + c.stop_usd * (before and not now)
        before = now
    return total


def position_usd_per_h(one: EnergyPosition, drawn: float, t: int) -> float:
    """The block is bought at its price; what the site draws of it is worth spot, the rest what resale brings."""
    used = min(one.block_mw, drawn)
    unused = one.block_mw - used
    spot = one.price_usd_per_mwh[t]
    resold = {"free": spot, "spread": spot - one.spread_usd_per_mwh, "forbidden": 0.0}[one.resale]
    return float(used * spot + unused * resold - one.block_mw * one.fixed_usd_per_mwh)


def demand_charge_usd(one: PeakCharge, imports: list[float]) -> float:
    months = len(one.floor_mw)
    own = [0.0] * months
    for t, mw in enumerate(imports):
        if one.measured[t]:
            own[one.month[t]] = max(own[one.month[t]], mw)
    total = 0.0
    for m in range(months):
        billed = max(own[m], float(one.floor_mw[m]))
        for earlier in range(max(0, m - 11), m):
            billed = max(billed, one.ratchet_fraction * own[earlier])
        total += billed * float(one.usd_per_mw_month[m])
    return total
