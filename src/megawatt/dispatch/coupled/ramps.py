"""Blocks that ramp up as columns of their own: what a commitment earns is then exact whatever the modes are.

A block in the i-th interval after its start earns the share ``1 - loss_i`` of its revenue in whichever mode it runs, so
its modes pay differently from those of a settled block, and under a tight limit power goes to the settled ones. For each
class and each i the tables get a column with its own base and segments; a plan's counts are split by age accordingly.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.dispatch.coupled.tables import Tables, hull, merit_order
from megawatt.dispatch.problem import FREE, Floats, Ints, MachineClass, Problem


@dataclass(frozen=True, slots=True)
class Ramps:
    """The columns of ramping blocks.

    Attributes:
        tables: The problem's tables with these columns and their segments behind the others; only what a given commitment
            earns can be asked of them, for they list no combinations.
        column: Per class, column of the i-th interval after a start, shapes (r,).
    """

    tables: Tables
    column: tuple[Ints, ...]

    @classmethod
    def of(cls, problem: Problem, tables: Tables) -> "Ramps":
        """The tables of a problem, extended."""
        column, number = [], len(problem.machines)
        base_mw, base_usd = [tables.base_mw], [tables.base_usd]
        owner, width, slope = [tables.owner], [tables.width_mw], [tables.slope_usd]
        for machine in problem.machines:
            r = len(machine.ramp_loss)
            column.append(np.arange(number, number + r, dtype=np.int64))
            for i, loss in enumerate(machine.ramp_loss):
                power, usd, steps_mw, steps_usd, _ = hull(machine.power_mw, worth_usd(machine, problem, float(loss)))
                base_mw.append(power[:, np.newaxis])
                base_usd.append(usd[:, np.newaxis])
                owner.append(np.full(len(steps_mw), number + i, dtype=np.int64))
                width.append(steps_mw.T)
                slope.append(steps_usd.T)
            number += r
        joined = [np.ascontiguousarray(np.concatenate(part, axis=1)) for part in (base_mw, base_usd, width, slope)]
        extended = tables._replace(
            base_mw=joined[0], base_usd=joined[1], owner=np.concatenate(owner), width_mw=joined[2], slope_usd=joined[3],
            order=merit_order(joined[3]),
        )  # fmt: skip
        return cls(extended, tuple(column))

    def counts(self, problem: Problem, words: list[NDArray[np.int8]]) -> Floats:
        """Running blocks by column, shape (T, columns), from the on/off words of each class's blocks."""
        out = np.zeros((problem.T, self.tables.base_mw.shape[1]))
        for c, (on, machine) in enumerate(zip(words, problem.machines, strict=True)):
            _count_by_age(on, machine.initial.on, machine.initial.steps, np.append(self.column[c], c), out)
        return out


@njit(cache=True)
def _count_by_age(on: NDArray[np.int8], on_before: bool, steps_before: int, column: Ints, out: Floats) -> None:
    """Count the running blocks of a class by the intervals since their start.

    Args:
        on: On/off words, shape (n, T).
        on_before: Whether they ran before the first interval.
        steps_before: For how long.
        column: Column of each age, the last for all that are older, shape (r + 1,).
        out: Raised, shape (T, columns).
    """
    oldest = len(column) - 1
    for k in range(on.shape[0]):
        before, age = on_before, steps_before - 1
        for t in range(on.shape[1]):
            if on[k, t]:
                age = age + 1 if before else 0
                out[t, column[min(age, oldest)]] += 1.0
            before = on[k, t] > 0


def worth_usd(machine: MachineClass, problem: Problem, loss: float | Floats = 0.0) -> Floats:
    """What a running block earns per mode and interval after energy when ``loss`` of its revenue is lost, shape (M, T) [USD]."""
    worth: Floats = problem.grid.hours * (
        (1.0 - loss) * machine.revenue_usd_per_h - machine.power_mw * problem.cost_usd_per_mwh
    )
    return worth


def ages(on: NDArray[np.int8], machine: MachineClass) -> Ints:
    """Intervals since each block's last start, shape (n, T); only where it runs does it say anything."""
    t = np.arange(on.shape[1], dtype=np.int64)
    begun = np.diff(on, axis=1, prepend=np.int8(machine.initial.on)) == 1
    before = -machine.initial.steps if machine.initial.on else -FREE
    age: Ints = t - np.maximum.accumulate(np.where(begun, t, before), axis=1)
    return age
