"""Ramping blocks in the programme on counts: how many of them run in which mode, for what a ramp loses depends on it.

A started block runs for the least run U at least, so the V_{t-i} blocks started i < U intervals ago are those in the i-th
interval of their ramp. With X_mt blocks in mode m in all, R_imt of them in that phase, and loss_i of the revenue lost,

    sum_m R_imt <= V_{t-i}                                     of those that ramp, the rest is in mode 0
    sum_i R_imt <= X_mt
    sum_m (X_mt - sum_i R_imt) <= N_t - sum_i V_{t-i}          so of those that do not

and the loss is ``h loss_i revenue_0`` for each start and ``h loss_i (revenue_m - revenue_0)`` for each R. What a ramp loses
after the least run is left out: those blocks may have stopped. The bound then stays valid, and the plan is settled exactly.
"""

from dataclasses import dataclass

import numpy as np

from megawatt.dispatch.problem import Floats, Ints, MachineClass
from megawatt.dispatch.rows import INF, Entry, Programme

SAME = 1e-6
"""Blocks within which a solution's starts are those of the words read from it."""


@dataclass(frozen=True, slots=True)
class CountRamps:
    """The phases of a class's ramp that fall into its least run.

    Attributes:
        machine: The class.
        starts: Columns of V, shape (T,).
        columns: Columns of R, shape (phases, M - 1, T); without phases or with one mode there are none.
    """

    machine: MachineClass
    starts: Ints
    columns: Ints

    @classmethod
    def add(
        cls, to: Programme, c: MachineClass, hours: float, running: Ints, modes: Ints, starts: Ints
    ) -> "CountRamps":
        """Add columns and rows of a class whose counts, modes and starts have their columns already."""
        T, phases = len(running), _phases(c, len(running))
        none = np.zeros((phases, 0, T), dtype=np.int64)
        if c.modes == 1 or not phases:
            return cls(c, starts, none)
        revenue, t = np.broadcast_to(c.revenue_usd_per_h, (c.modes, T)), np.arange(T)
        columns = np.array(
            [
                [
                    to.add_columns(
                        f"ramp {i} in mode {m} of {c.name}",
                        T,
                        hi=c.blocks,
                        cost=hours * c.ramp_loss[i] * (revenue[m] - revenue[0]),
                    )
                    for m in range(1, c.modes)
                ]
                for i in range(phases)
            ]
        )
        before = _before(c, T, phases)
        for i, mine in enumerate(columns):
            entries: list[Entry] = [*((t, column, 1.0) for column in mine), (t[i:], starts[: T - i], -1.0)]
            to.add_rows(f"modes of ramp {i} of {c.name}", T, entries, lo=-INF, hi=before[i])
        for m, mode in enumerate(modes):
            rows: list[Entry] = [*((t, column, 1.0) for column in columns[:, m]), (t, mode, -1.0)]
            to.add_rows(f"ramps in mode {m + 1} of {c.name}", T, rows, lo=-INF, hi=0.0)
        settled: list[Entry] = [(t, running, -1.0)]
        settled += [(t, mode, 1.0) for mode in modes]
        settled += [(t, column, -1.0) for mine in columns for column in mine]
        settled += [(t[i:], starts[: T - i], 1.0) for i in range(phases)]
        to.add_rows(f"settled modes of {c.name}", T, settled, lo=-INF, hi=-before.sum(axis=0))
        return cls(c, starts, columns)

    def shares(self, x: Floats, in_mode: Floats, words: Floats, share: Floats) -> list[Floats]:
        """Shares of the modes of each block, shapes (M, T).

        Args:
            x: A solution, shape (columns,).
            in_mode: Blocks in the modes after the first, shape (M - 1, T).
            words: On/off words of the blocks, shape (n, T).
            share: Shares of the modes where all running blocks do alike, shape (M, T).
        """
        phases, _, T = self.columns.shape
        if not self.columns.size:
            return [share * on for on in words]
        phase = np.array([_ages(on, self.machine) for on in words])
        phase = np.where((phase < phases) & (words > 0), phase, phases)
        ramping = np.array([(phase == i).sum(axis=0) for i in range(phases)])
        said = np.array([np.concatenate((np.zeros(i), x[self.starts][: T - i])) for i in range(phases)])
        if np.abs(ramping - said - _before(self.machine, T, phases)).max() > SAME:
            return [share * on for on in words]  # starts that cost nothing may be undone at once
        count = np.concatenate((ramping, [words.sum(axis=0) - ramping.sum(axis=0)]))
        power = np.concatenate((x[self.columns], [in_mode - x[self.columns].sum(axis=0)]))
        above = np.clip(power / np.maximum(count, 1)[:, np.newaxis], 0.0, 1.0)
        above /= np.maximum(above.sum(axis=1, keepdims=True), 1.0)
        each = np.concatenate((1 - above.sum(axis=1, keepdims=True), above), axis=1)  # (phases + 1, M, T)
        t = np.arange(T)
        return [each[mine, :, t].T * on for mine, on in zip(phase, words, strict=True)]


def start_loss_usd(c: MachineClass, hours: float, T: int) -> Floats:
    """Revenue lost to ramping by a start in each interval, all of it in mode 0 and within the least run, shape (T,) [USD]."""
    lost = np.zeros(T)
    revenue = np.broadcast_to(c.revenue_usd_per_h[0], T)
    for i in range(_phases(c, T)):
        lost[: T - i] += hours * c.ramp_loss[i] * revenue[i:]
    return lost


def running_loss_usd(c: MachineClass, hours: float, T: int) -> float:
    """The same of the blocks that ramp and must run from before the horizon on [USD]."""
    phases = _phases(c, T)
    each = hours * np.broadcast_to(c.revenue_usd_per_h[0], T) * c.ramp_loss[:phases, np.newaxis]
    return float((_before(c, T, phases) * each).sum())


def _phases(c: MachineClass, T: int) -> int:
    return min(len(c.ramp_loss), c.min_up, T)


def _before(c: MachineClass, T: int, phases: int) -> Floats:
    """Blocks in each phase of a ramp begun before the horizon, shape (phases, T)."""
    out = np.zeros((phases, T))
    for i in range(c.initial.steps if c.initial.on else phases, phases):
        out[i, i - c.initial.steps] = c.blocks
    return out


def _ages(on: Floats, c: MachineClass) -> Ints:
    """Intervals since the last start, shape (T,); only where the block runs does it say anything."""
    t = np.arange(len(on), dtype=np.int64)
    begun = np.diff(on, prepend=float(c.initial.on)) > 0
    age: Ints = t - np.maximum.accumulate(np.where(begun, t, -c.initial.steps if c.initial.on else -len(on) - c.min_up))
    return age
