"""linopy: counts in labelled arrays over class and interval, passed to HiGHS without a file.

Written by hand from the problem, not from `bench.site_form`: every row has a name, as a modeller would write it.
"""

import time
from typing import Any, ClassVar

import linopy
import numpy as np
import pandas as pd
import xarray as xr

from bench.coupled_peers.peer import Answer, CoupledPeer, Course
from bench.site_check import SitePlan, blocks_of
from bench.site_form import form
from megawatt.dispatch.problem import BatchJob, EnergyPosition, PeakCharge, Problem

Model = tuple[Problem, linopy.Model]


class LinopyCounts(CoupledPeer):
    """All that a published window holds; ramp losses and resale bans are not stated."""

    name: ClassVar[str] = "linopy counts"
    asked: ClassVar[str] = (
        "counts in labelled arrays, import as a variable, io_api=direct, HiGHS default options, one thread"
    )
    packages: ClassVar[tuple[str, ...]] = ("linopy", "highspy", "xarray")

    def build(self, problem: Problem) -> Model:
        """Variables, constraints, objective."""
        m, t = linopy.Model(), pd.RangeIndex(problem.T, name="t")
        h = problem.grid.hours
        p = m.add_variables(lower=0, upper=xr.DataArray(problem.limit_mw, coords=[t]), coords=[t], name="import")
        cost = (h * xr.DataArray(problem.cost_usd_per_mwh, coords=[t]) * p).sum()
        machines, mining = _machines(problem, m, t)
        drawn, cost = mining, cost + machines
        for number, job in enumerate(problem.batches):
            power, paid = _batch(m, t, job, number)
            drawn, cost = drawn + power, cost + paid
        for number, hall in enumerate(problem.elastic):
            s = pd.RangeIndex(len(hall.segment_mw), name="segment")
            most = xr.DataArray(hall.segment_mw, coords=[s, t])
            e = m.add_variables(lower=0, upper=most, coords=[s, t], name=f"elastic {number}")
            drawn, cost = (
                drawn + e.sum("segment"),
                cost - (h * xr.DataArray(hall.segment_usd_per_mwh, coords=[s, t]) * e).sum(),
            )
        m.add_constraints(p - drawn == xr.DataArray(problem.firm_mw, coords=[t]), name="balance")
        for number, charge in enumerate(problem.peaks):
            cost = cost + _peak(m, t, charge, p, number)
        for number, position in enumerate(problem.positions):
            if position.resale != "free":
                cost = cost + _position(problem, m, t, position, p, number)
        m.add_objective(cost + _reserves(problem, m, t, mining) if problem.reserves else cost)
        return problem, m

    def solve(self, model: Model, seconds: float, gap: float) -> Answer:
        """Hand over, run, read back."""
        problem, m = model
        begun, course = time.perf_counter(), Course()
        options = {
            "time_limit": seconds,
            "mip_rel_gap": gap,
            "threads": 1,
            "log_to_console": False,
            "output_flag": False,
        }
        m.solve("highs", io_api="direct", **options)
        always = problem.grid.hours * float(problem.firm_mw @ problem.cost_usd_per_mwh)  # already in the import
        constant = form(problem, "counts").model.constant - always
        bound = -(m.solver_model.getInfo().mip_dual_bound + constant)
        plan = _plan(problem, m.solution) if len(m.solution) else None
        value = -np.inf if plan is None else -(float(m.objective.value) + constant)
        course.add(time.perf_counter() - begun, value, bound)
        return Answer(plan, bound, m.termination_condition, course)


def _machines(problem: Problem, m: linopy.Model, t: pd.Index) -> tuple[Any, Any]:
    """Running, started and stopped blocks of each class and those in its higher mode; their cost and their power."""
    cost, mining, h = 0, 0, problem.grid.hours
    for number, c in enumerate(problem.machines):
        kind = pd.RangeIndex(c.modes - 1, name="mode")
        on = m.add_variables(lower=0, upper=c.blocks, coords=[t], name=f"on {number}", integer=True)
        begun, ended = (
            m.add_variables(lower=0, upper=c.blocks, coords=[t], name=f"{word} {number}") for word in ("begun", "ended")
        )
        before = xr.DataArray(np.zeros(len(t)), coords=[t])
        before[0] = c.blocks * c.initial.on
        m.add_constraints(on - on.to_linexpr().shift(t=1) - begun + ended == before, name=f"switches {number}")
        m.add_constraints(begun.rolling(t=c.min_up).sum() - on <= 0, name=f"least run {number}")
        m.add_constraints(ended.rolling(t=c.min_down).sum() + on <= c.blocks, name=f"least rest {number}")
        young = max((c.min_up if c.initial.on else c.min_down) - c.initial.steps, 0)
        if young:
            m.add_constraints(on.isel(t=slice(0, young)) == c.blocks * c.initial.on, name=f"dwell {number}")
        above = m.add_variables(lower=0, upper=c.blocks, coords=[kind, t], name=f"above {number}")
        m.add_constraints(above.sum("mode") - on <= 0, name=f"modes {number}")
        revenue, power = (xr.DataArray(a[0], coords=[t]) for a in (c.revenue_usd_per_h, c.power_mw))
        more, wider = (xr.DataArray(a[1:] - a[0], coords=[kind, t]) for a in (c.revenue_usd_per_h, c.power_mw))
        mining = mining + power * on + (wider * above).sum("mode")
        cost = cost + (c.start_usd * begun + c.stop_usd * ended - h * revenue * on).sum() - (h * more * above).sum()
    return cost, mining


def _batch(m: linopy.Model, t: pd.Index, job: BatchJob, number: int) -> tuple[Any, Any]:
    y = m.add_variables(coords=[t], name=f"batch {number}", binary=True)
    begun = m.add_variables(lower=0, upper=1, coords=[t], name=f"restart {number}")
    before = xr.DataArray(np.zeros(len(t)), coords=[t])
    before[0] = job.initial_on
    m.add_constraints(y - y.to_linexpr().shift(t=1) - begun <= before, name=f"restarts {number}")
    m.add_constraints(begun.rolling(t=job.min_run).sum() - y <= 0, name=f"least batch run {number}")
    window = xr.DataArray(job.window, coords=[t], name="window")
    need = xr.DataArray(job.need, coords=[pd.RangeIndex(len(job.need), name="window")])
    m.add_constraints(y.groupby(window).sum() == need, name=f"duty {number}")
    return xr.DataArray(job.power_mw, coords=[t]) * y, (job.restart_usd * begun).sum()


def _peak(m: linopy.Model, t: pd.Index, charge: PeakCharge, p: Any, number: int) -> Any:
    month = pd.RangeIndex(len(charge.floor_mw), name="month")
    peak = m.add_variables(lower=xr.DataArray(charge.floor_mw, coords=[month]), coords=[month], name=f"peak {number}")
    m.add_constraints(p - peak.sel(month=xr.DataArray(charge.month, coords=[t])) <= 0, name=f"peaks {number}")
    return (xr.DataArray(charge.usd_per_mw_month, coords=[month]) * peak).sum()


def _position(problem: Problem, m: linopy.Model, t: pd.Index, position: EnergyPosition, p: Any, number: int) -> Any:
    unused = m.add_variables(lower=0, coords=[t], name=f"unused {number}")
    m.add_constraints(unused + p >= float(np.max(position.block_mw)), name=f"resale {number}")
    return (problem.grid.hours * position.spread_usd_per_mwh * unused).sum()


def _reserves(problem: Problem, m: linopy.Model, t: pd.Index, mining: Any) -> Any:
    """Awards per hour, covered in each interval; of two that exclude each other one at most."""
    hours = pd.RangeIndex(len(problem.reserves[0].price_usd_per_mw_h), name="hour")
    here = xr.DataArray(problem.award_hour, coords=[t])
    total: Any = 0
    cost: Any = 0
    weight = problem.grid.hours * np.bincount(problem.award_hour)
    for number, programme in enumerate(problem.reserves):
        award = m.add_variables(lower=0, upper=programme.max_mw, coords=[hours], name=f"award {number}")
        if programme.excludes:
            some = m.add_variables(coords=[hours], name=f"sold {number}", binary=True)
            m.add_constraints(award - programme.max_mw * some <= 0, name=f"sold {number}")
        worth = weight * (programme.price_usd_per_mw_h + programme.call_usd_per_mw_h)
        total, cost = total + award, cost - (xr.DataArray(worth, coords=[hours]) * award).sum()
    m.add_constraints(total.sel(hour=here) - mining <= 0, name="cover")
    if any(programme.excludes for programme in problem.reserves):
        m.add_constraints(sum(m.variables[f"sold {n}"] for n in range(len(problem.reserves))) <= 1, name="exclusion")
    return cost


def _plan(problem: Problem, solution: Any) -> SitePlan:
    share = []
    for number, c in enumerate(problem.machines):
        count = np.rint(solution[f"on {number}"].to_numpy())
        above = solution[f"above {number}"].transpose("mode", "t").to_numpy()
        modes = np.concatenate([(count - above.sum(axis=0))[None], above]) / np.maximum(count, 1.0)
        share.append(blocks_of(count, c.blocks, starts_on=c.initial.on)[:, None, :] * modes[None])
    batch = [np.rint(solution[f"batch {n}"].to_numpy()) for n in range(len(problem.batches))]
    elastic = [solution[f"elastic {n}"].sum("segment").to_numpy() for n in range(len(problem.elastic))]
    award = [solution[f"award {n}"].to_numpy() for n in range(len(problem.reserves))]
    none = np.zeros((0, problem.T))
    return SitePlan(
        tuple(share), np.array(batch) if batch else none, np.array(elastic) if elastic else none, np.array(award)
    )
