"""The exact plan of a site whose blocks are tied by nothing: one kernel run per machine class.

Equal blocks under one price do the same thing, so a class needs one run whatever its number of blocks. Halls are
constants here: firm loads always run, and each elastic load fills the segments that earn more than their energy costs.
"""

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.dispatch.kernel import margins, plan_block
from megawatt.dispatch.ledger import ramp_loss, settle
from megawatt.dispatch.plan import Plan
from megawatt.dispatch.problem import ElasticLoad, Floats, MachineClass, Problem
from megawatt.dispatch.schedule import Schedule, UnitRun, switches


def plan_separable(problem: Problem) -> Plan:
    """Optimal plan with its value as its own bound.

    Raises:
        InputError: Something ties the loads together; `solve` chooses the general path then.
    """
    if not problem.separable:
        raise InputError(
            "a site whose loads share a limit, a charge or an award",
            "the exact path plans each block alone",
            "Use megawatt.dispatch.solve, which chooses the path.",
        )
    cost, hours = problem.cost_usd_per_mwh, problem.grid.hours
    units, best = [], 0.0
    for number, machine in enumerate(problem.machines):
        value, unit = plan_class(machine, number, cost, hours)
        best += value * machine.blocks
        units.append(unit)
    elastic = np.array([elastic_at(hall, problem) for hall in problem.elastic]).reshape(len(problem.elastic), problem.T)
    schedule = Schedule(tuple(units), np.zeros((0, problem.T), dtype=np.int8), elastic, np.zeros((0, 0)))
    off = tuple(UnitRun(n, m.blocks, np.zeros((m.modes, problem.T))) for n, m in enumerate(problem.machines))
    rest = settle(problem, Schedule(off, schedule.batch_on, elastic, schedule.award_mw))
    # the bound is the kernels' optimum of all blocks plus what the other loads bring; stops of machines that ran
    # before are part of the kernels' optimum and not of the rest
    stops = sum(float(line.sum()) for name, line in rest.lines.items() if name.endswith("starts_stops"))
    bound = best + rest.net_usd - stops
    return Plan.of(problem, schedule, bound_usd=bound, method="exact block recursion")


def plan_class(machine: MachineClass, number: int, cost: Floats, hours: float) -> tuple[float, UnitRun]:
    """Optimal run of one block of a class at a cost per MWh, and its value [USD]."""
    gain, ramp = block_terms(machine, cost, hours)
    value, on = plan_block(
        gain,
        ramp,
        machine.start_usd,
        machine.stop_usd,
        machine.min_up,
        machine.min_down,
        machine.initial.on,
        machine.initial.steps,
    )
    return value, UnitRun(number, machine.blocks, mode_share(machine, on, cost))


def block_terms(machine: MachineClass, cost: Floats, hours: float) -> tuple[Floats, Floats]:
    """Margin of a running block and what a start changes of it, as `plan_block` takes them, shapes (T,), (r, T) [USD]."""
    revenue, power = np.ascontiguousarray(machine.revenue_usd_per_h), machine.power_mw
    if power.shape != revenue.shape:
        power = np.broadcast_to(power, revenue.shape)
    power = np.ascontiguousarray(power)
    gain = margins(revenue, power, cost, hours, 1.0)
    ramp = np.empty((len(machine.ramp_loss), len(gain)))
    for row, lost in zip(ramp, machine.ramp_loss, strict=True):
        row[:] = margins(revenue, power, cost, hours, 1.0 - lost) - gain
    return gain, ramp


def mode_share(machine: MachineClass, on: NDArray[np.int8], cost: Floats) -> Floats:
    """Best mode of a running block in each interval as shares, shape (M, T)."""
    if machine.modes == 1:
        return on[np.newaxis].astype(np.float64)
    keep = 1 - ramp_loss(switches(on.astype(np.bool_), machine), machine)
    best = (keep * machine.revenue_usd_per_h - machine.power_mw * cost).argmax(axis=0)
    share: Floats = (np.arange(machine.modes)[:, np.newaxis] == best) * on.astype(np.float64)
    return share


def elastic_at(hall: ElasticLoad, problem: Problem) -> Floats:
    """Power above the floor that earns more than its energy costs the operator, shape (T,) [MW]."""
    cost = problem.cost_usd_per_mwh - hall.pass_through * problem.recovered_usd_per_mwh
    power: Floats = (hall.segment_mw * (hall.segment_usd_per_mwh > cost)).sum(axis=0)
    return power
