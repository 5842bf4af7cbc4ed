"""A plan over price scenarios whose first decisions are the same in all of them: what a rolling plan carries out.

S problems of one site differ in their prices. The first n intervals are decided once, because nobody knows yet which
scenario it is; after them each scenario is planned by itself. That is the two-stage programme

    maximise (1 - w) mean_s value_s + w CVaR_a(value),    x_s = x_1 in the first n intervals for every s

with ``CVaR_a`` the mean of the worst share a of the scenarios, as the linear programme ``max eta - sum_s xi_s / (a S)``
with ``xi_s >= eta - value_s`` (Rockafellar and Uryasev, J. Risk 2 (2000) 21). Later decisions know their scenario, which
makes waiting look better than it is; planning anew before the n intervals are over is what keeps that error small.

Two ways to it. Where nothing ties the blocks and w is 0, every class is planned alone and exactly: the tables of
`stochastic` tell what each state is worth after n intervals in each scenario, and the first n are one more recursion that
ends in the mean of these. Else all scenarios stand side by side in one mixed-integer programme on counts per class, with
HiGHS's bound.
"""

from dataclasses import dataclass, replace

import highspy
import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError, SolverError
from megawatt.dispatch.counts import CountModel
from megawatt.dispatch.general import ROUND_OUT, Effort, infeasible, run_highs
from megawatt.dispatch.kernel import plan_block
from megawatt.dispatch.ledger import settle
from megawatt.dispatch.problem import FREE, Floats, InitialState, Ints, MachineClass, Problem
from megawatt.dispatch.rows import INF, Entry, Programme
from megawatt.dispatch.schedule import Schedule, UnitRun
from megawatt.dispatch.separable import block_terms, elastic_at, mode_share
from megawatt.dispatch.stochastic import States, policy_table

Word = NDArray[np.int8]

CERTAIN = np.ones((1, 1))
"""The chain of one bin: prices are known."""


@dataclass(frozen=True, slots=True)
class Risk:
    """How much the bad scenarios count.

    Attributes:
        weight: w of the module's text, 0 (the mean alone) to 1.
        tail_fraction: a of the module's text, above 0, at most 1.
    """

    weight: float = 0.0
    tail_fraction: float = 0.1

    def __post_init__(self) -> None:
        if not (0.0 <= self.weight <= 1.0 and 0.0 < self.tail_fraction <= 1.0):
            raise InputError(
                f"a risk weight of {self.weight:g} on the worst {self.tail_fraction:g} of the scenarios",
                "the weight lies in 0 to 1, the share above 0 and at most 1",
                "Write for example 0.5 and 0.1.",
            )

    def of(self, values_usd: Floats) -> float:
        """``(1 - w) mean + w CVaR`` of equally likely values [USD]."""
        return (1 - self.weight) * float(values_usd.mean()) + self.weight * cvar_usd(values_usd, self.tail_fraction)


def cvar_usd(values_usd: Floats, tail_fraction: float) -> float:
    """Mean of the worst share of equally likely values; a value on the border counts by the part within it [USD]."""
    ordered, within = np.sort(values_usd), tail_fraction * len(values_usd)
    weight = np.clip(within - np.arange(len(ordered)), 0.0, 1.0)
    return float((weight * ordered).sum() / within)


@dataclass(frozen=True, slots=True, eq=False)
class LaterWork:
    """Work of a batch job's last window that may wait until after the horizon.

    Attributes:
        usd: What an interval of work brings there, by interval or group of them, shape (k,) [USD].
        most: How many intervals of work each can take, shape (k,).
    """

    usd: Floats
    most: Floats


@dataclass(frozen=True, slots=True, eq=False)
class Outlook:
    """What is to be planned: one site under several prices.

    Attributes:
        problems: The site in each scenario, equally likely; they differ in prices alone.
        common: First intervals that are decided the same in all, 1 to T.
        held: Per batch job, first intervals in which a run begun before must go on; none by default.
        later: Per batch job, what of its last window may wait; None where it is due within the horizon.
    """

    problems: tuple[Problem, ...]
    common: int = 1
    held: tuple[int, ...] = ()
    later: tuple[LaterWork | None, ...] = ()

    def __post_init__(self) -> None:
        first = self.problems[0] if self.problems else None
        if first is None or not 1 <= self.common <= first.T or any(not _alike(first, one) for one in self.problems):
            raise InputError(
                f"{len(self.problems)} scenarios with {self.common} common intervals",
                "they are at least one, of the same site and intervals, and share at least one interval",
                "Change the prices of one problem only, and share 1 to T intervals.",
            )
        jobs = len(first.batches)
        object.__setattr__(self, "held", self.held or (0,) * jobs)
        object.__setattr__(self, "later", self.later or (None,) * jobs)

    @property
    def separable(self) -> bool:
        """Whether every class can be planned alone in every scenario."""
        return all(problem.separable for problem in self.problems)


def _alike(a: Problem, b: Problem) -> bool:
    """Whether two problems have the same machines on the same intervals."""
    same = a.grid == b.grid and len(a.machines) == len(b.machines) and len(a.batches) == len(b.batches)
    return same and all(
        np.array_equal(x.revenue_usd_per_h, y.revenue_usd_per_h) and x.blocks == y.blocks and x.initial == y.initial
        for x, y in zip(a.machines, b.machines, strict=True)
    )


@dataclass(frozen=True, slots=True, eq=False)
class RollingPlan:
    """What every scenario does and earns; the first intervals are common.

    Attributes:
        outlook: What was planned.
        risk: How it was weighed.
        schedules: What each load does in each scenario.
        values_usd: Money of each scenario in the horizon and of work left for after it, shape (S,) [USD].
        later_work: Intervals of work of each job left for after the horizon, shape (S, jobs).
        bound_usd: No plan weighs more; None where the solver gave no bound [USD].
        method: How it was found.
    """

    outlook: Outlook
    risk: Risk
    schedules: tuple[Schedule, ...]
    values_usd: Floats
    later_work: Floats
    bound_usd: float | None
    method: str

    @property
    def worth_usd(self) -> float:
        """Mean and tail as weighed [USD]."""
        return self.risk.of(self.values_usd)

    @property
    def gap_usd(self) -> float | None:
        """Most that a better plan over these scenarios could add [USD]; None without a bound."""
        return None if self.bound_usd is None else max(self.bound_usd - self.worth_usd, 0.0)

    @property
    def typical(self) -> int:
        """Number of the scenario whose value lies nearest the mean."""
        return int(np.abs(self.values_usd - self.values_usd.mean()).argmin())


def plan_rolling(outlook: Outlook, risk: Risk | None = None, effort: Effort | None = None) -> RollingPlan:
    """Plan a site over its scenarios.

    Raises:
        InputError: No schedule keeps all limits.
        SolverError: No plan was found in the time allowed.
    """
    risk = risk or Risk()
    if outlook.separable and risk.weight == 0:
        return _plan_classes(outlook, risk)
    return _plan_extensive(outlook, risk, effort or Effort())


# --- nothing ties the blocks ------------------------------------------------------------------------------------------


def _plan_classes(outlook: Outlook, risk: Risk) -> RollingPlan:
    """Every class alone; exact, so that its worth is its own bound."""
    n, problems = outlook.common, outlook.problems
    mean = replace(problems[0], price_usd_per_mwh=np.mean([p.price_usd_per_mwh for p in problems], axis=0))
    costs = np.array([p.cost_usd_per_mwh for p in problems])
    units: list[list[UnitRun]] = [[] for _ in problems]
    for number, machine in enumerate(problems[0].machines):
        word, state = first_word(machine, costs, n, mean.grid.hours)
        for s, problem in enumerate(problems):
            cost = problem.cost_usd_per_mwh
            rest = tail(machine, n, state)
            on = np.concatenate((word, _rest(rest, cost[n:], problem.grid.hours))) if n < problem.T else word
            share = mode_share(machine, on, np.concatenate((mean.cost_usd_per_mwh[:n], cost[n:])))
            units[s].append(UnitRun(number, machine.blocks, share))
    schedules = tuple(
        Schedule(tuple(mine), elastic_mw=_elastic(problem, mean, n))
        for mine, problem in zip(units, problems, strict=True)
    )
    values = np.array([settle(p, one).net_usd for p, one in zip(problems, schedules, strict=True)])
    none = np.zeros((len(problems), 0))
    return RollingPlan(outlook, risk, schedules, values, none, risk.of(values), "exact recursion over scenarios")


def first_word(machine: MachineClass, cost_usd_per_mwh: Floats, common: int, hours: float) -> tuple[Word, InitialState]:
    """The first intervals of a block, decided before the scenario is known, and the state in which it leaves them.

    Args:
        machine: Its class.
        cost_usd_per_mwh: Cost of an MWh in each scenario, shape (S, T).
        common: First intervals that are decided the same in all.
        hours: Length of an interval.
    """
    n, states = common, States.of(machine)
    worth = np.zeros((states.count, 1))
    if n < cost_usd_per_mwh.shape[1]:
        rest = tail(machine, n, machine.initial)
        for cost in cost_usd_per_mwh:
            worth += policy_table(rest, cost[n:, np.newaxis], CERTAIN, hours).value_usd[0] / len(cost_usd_per_mwh)
    mean = cost_usd_per_mwh[:, :n].mean(axis=0)
    table = policy_table(head(machine, n), mean[:, np.newaxis], CERTAIN, hours, worth)
    state, word = states.number(machine.initial), np.zeros(n, dtype=np.int8)
    for t in range(n):
        on = bool(table.run[t, state, 0])
        word[t], state = on, states.after(state, on)
    return word, state_of(states, state)


def state_of(states: States, number: int) -> InitialState:
    """The state of that number; the last of either kind has lasted long enough for anything."""
    on = number < states.run
    steps = number + 1 if on else number - states.run + 1
    return InitialState(on, FREE if steps == (states.run if on else states.rest) else steps)


def head(machine: MachineClass, n: int) -> MachineClass:
    """The first n intervals of a class."""
    return replace(machine, power_mw=machine.power_mw[:, :n], revenue_usd_per_h=machine.revenue_usd_per_h[:, :n])


def tail(machine: MachineClass, n: int, before: InitialState) -> MachineClass:
    """The intervals of a class from n on, entered in a state."""
    power, revenue = machine.power_mw[:, n:], machine.revenue_usd_per_h[:, n:]
    return replace(machine, power_mw=power, revenue_usd_per_h=revenue, initial=before)


def _rest(machine: MachineClass, cost: Floats, hours: float) -> Word:
    gain, ramp = block_terms(machine, np.ascontiguousarray(cost), hours)
    before = machine.initial
    start, stop = machine.start_usd, machine.stop_usd
    return plan_block(gain, ramp, start, stop, machine.min_up, machine.min_down, before.on, before.steps)[1]


def _elastic(problem: Problem, mean: Problem, n: int) -> Floats:
    """Power of the elastic loads: at the mean price first, at the scenario's own after."""
    out = np.zeros((len(problem.elastic), problem.T))
    for number, hall in enumerate(problem.elastic):
        out[number] = elastic_at(hall, problem)
        out[number, :n] = elastic_at(hall, mean)[:n]
    return out


# --- all scenarios in one programme -----------------------------------------------------------------------------------


@dataclass(slots=True)
class _Extensive:
    """The programme of all scenarios: where each one's columns begin, and those of its later work."""

    programme: Programme
    models: list[CountModel]
    first: list[int]
    later: list[list[Ints]]
    constant_usd: float


def _plan_extensive(outlook: Outlook, risk: Risk, effort: Effort) -> RollingPlan:
    form = _extensive(outlook, risk)
    solver = run_highs(form.programme, effort)
    status, info = solver.getModelStatus(), solver.getInfo()
    if status in (highspy.HighsModelStatus.kInfeasible, highspy.HighsModelStatus.kUnboundedOrInfeasible):
        raise infeasible(outlook.problems[0])
    if info.primal_solution_status != highspy.kSolutionStatusFeasible:
        raise SolverError(
            f"no plan over {len(outlook.problems)} scenarios after {effort.seconds:g} s "
            f"({solver.modelStatusToString(status)})",
            "a plan stands on one",
            "Allow more time, or take fewer scenarios or a shorter horizon.",
        )
    x = np.array(solver.getSolution().col_value)
    schedules, values, left = [], [], []
    for problem, model, first, later in zip(outlook.problems, form.models, form.first, form.later, strict=True):
        schedule = model.schedule(x[first : first + model.programme.columns])
        waiting = [float(x[first + columns].sum()) for columns in later]
        worth = -sum(float(x[first + c] @ model.programme.cost[c]) for c in later)
        schedules.append(schedule)
        values.append(settle(problem, schedule).net_usd + worth)
        left.append(waiting)
    stopped = status == highspy.HighsModelStatus.kTimeLimit
    whole = bool(form.programme.whole.any())
    loss = info.mip_dual_bound if whole else -np.inf if stopped else info.objective_function_value
    most = form.constant_usd - loss
    bound = most + ROUND_OUT * (1 + abs(most)) if np.isfinite(most) else None
    method = f"HiGHS on counts of {len(schedules)} scenarios" + (
        f", stopped after {effort.seconds:g} s" if stopped else ""
    )
    return RollingPlan(
        outlook, risk, tuple(schedules), np.array(values), np.array(left).reshape(len(values), -1), bound, method
    )


def _extensive(outlook: Outlook, risk: Risk) -> _Extensive:
    S = len(outlook.problems)
    form = _Extensive(Programme(), [], [], [], 0.0)
    for problem in outlook.problems:
        model = CountModel.of(problem)
        form.later.append(_later(model, outlook))
        form.first.append(form.programme.absorb(model.programme, weight=(1 - risk.weight) / S))
        form.models.append(model)
    form.constant_usd = (1 - risk.weight) * float(np.mean([model.constant_usd for model in form.models]))
    _common(form, outlook.common)
    if risk.weight:
        _tail(form, risk)
    return form


def _later(model: CountModel, outlook: Outlook) -> list[Ints]:
    """Columns of the work that waits, per job; and runs begun before that must go on."""
    columns = []
    for number, (job, y) in enumerate(zip(model.problem.batches, model.batch, strict=True)):
        held, wait = min(outlook.held[number], model.problem.T), outlook.later[number]
        if held:
            entries: list[Entry] = [(np.arange(held), y[:held], 1.0)]
            model.programme.add_rows(f"run of {job.name} begun before", held, entries, lo=1.0, hi=1.0)
        mine = np.zeros(0, dtype=np.int64)
        if wait is not None and len(wait.usd):
            name = f"work of {job.name} after the horizon"
            mine = model.programme.add_columns(name, len(wait.usd), hi=wait.most, cost=-wait.usd)
            model.programme.extend_rows(np.full(len(mine), model.work_rows[number][-1]), mine, 1.0)
        columns.append(mine)
    return columns


def _common(form: _Extensive, n: int) -> None:
    """Nobody knows the scenario yet: the first n intervals of all are those of the first."""

    def decided(model: CountModel) -> Ints:
        hours = int(model.problem.award_hour[n - 1]) + 1 if model.problem.award_hour.size else 0
        groups = [*(c[:n] for c in model.running), *(m[:, :n].ravel() for m in model.modes)]
        groups += [c[:n] for c in model.batch] + [e[:, :n].ravel() for e in model.elastic]
        groups += [a[:hours] for a in model.award]
        return np.concatenate(groups) if groups else np.zeros(0, dtype=np.int64)

    reference = form.first[0] + decided(form.models[0])
    for first, model in zip(form.first[1:], form.models[1:], strict=True):
        mine = first + decided(model)
        k = np.arange(len(mine))
        entries: list[Entry] = [(k, mine, 1.0), (k, reference, -1.0)]
        form.programme.add_rows("the same in all scenarios", len(k), entries, lo=0.0, hi=0.0)


def _tail(form: _Extensive, risk: Risk) -> None:
    """Columns eta and xi of the module's text; costs of a scenario are its columns', its constant stands on the right."""
    S = len(form.models)
    eta = form.programme.add_columns("value at risk", 1, lo=-INF, cost=-risk.weight)
    short = form.programme.add_columns("shortfall", S, cost=risk.weight / (risk.tail_fraction * S))
    for s, (first, model) in enumerate(zip(form.first, form.models, strict=True)):
        cost = model.programme.cost
        some = np.flatnonzero(cost)
        entries: list[Entry] = [
            (0, short[s], 1.0),
            (0, eta, -1.0),
            (np.zeros(len(some), int), first + some, -cost[some]),
        ]
        form.programme.add_rows("shortfall of a scenario", 1, entries, lo=-model.constant_usd, hi=INF)
