"""How much of a plan no later price can change: the decision horizon of a site whose blocks are tied by nothing.

**Theorem.** Let a block be planned over a window of T intervals, and let W hold, for each state in which it can be at
the window's end (on and free, off and free, and each number of intervals inside a least run, a ramp or a least rest),
one best word that ends there. If all words of W begin with the same m decisions, then for every continuation of
the window, whatever its prices and length, there is an optimal word of the whole that begins with these m decisions.

**Proof.** Let x be an optimal word of the continued horizon and s its state at the border T. What x may do after T,
and what that earns, depends on what it did before only through s: dwell times and ramps count from the last switch, and
s holds how long ago that was until it matters no more. Put the word of W that ends in s in the place of the first T
decisions of x. The new word is feasible, earns no less in the window, as the word of W is best for s, and the same
after it. So it is optimal too, and it begins with the m common decisions.

Modes and elastic loads follow: given the on/off words, the best mode of an interval depends on that interval's price alone.

Two readings. `decision_horizon` of a plan over a window: so many of its first intervals stand *whatever comes after the
window's end*. `decided_intervals` of a rolling plan: so many may be carried out before the next window is
planned, and the sequence of windows loses nothing against one plan over all of them.

The words of W are the paths of the recursion's table, each node with one predecessor: a tree. Its borders are swept from T
backwards, each node is replaced by its predecessor, and where one node is left all words share what lies before it. That
takes O(T + V + D). The theorem is exact; the table compares sums of floating-point numbers, so a decision on
which less than their rounding depends may be called either way.
"""

from dataclasses import dataclass

import numpy as np
from numba import njit

from megawatt.core.errors import InputError
from megawatt.dispatch.kernel import Table, recursion
from megawatt.dispatch.problem import Floats, MachineClass, Problem
from megawatt.dispatch.separable import block_terms

POSSIBLE = -1e299
"""Values of the table below this stand for 'impossible'."""
OFF, ON, STOP = 0, 1, 2
"""Nodes of the table at a border: B, A and E."""


@dataclass(frozen=True, slots=True)
class Horizon:
    """The first intervals of a plan that no price after its window can change.

    Attributes:
        intervals: Their number for the whole site: the smallest over the classes.
        by_class: Their number for each machine class, in the problem's order; empty where nothing is proven.
        reason: Why it is 0 where nothing could be proven, else empty.
    """

    intervals: int
    by_class: tuple[int, ...]
    reason: str = ""


def decision_horizon(problem: Problem) -> Horizon:
    """First intervals of the optimal plan of a window that stand whatever prices follow it.

    What follows must tie the blocks to each other as little as the window does. For a coupled site nothing is proven:
    a later deadline, peak or limit can reach back through a shared budget that no state of a single block holds.
    """
    ties = ties_of(problem)
    if ties:
        return Horizon(0, (), f"nothing is proven where loads share {', '.join(ties)}: later prices may reach back")
    by_class = tuple(class_horizon(c, problem.cost_usd_per_mwh, problem.grid.hours) for c in problem.machines)
    return Horizon(min(by_class, default=problem.T), by_class)


def decided_intervals(problem: Problem) -> int:
    """Intervals of a rolling plan that may be carried out before the next window is planned, without any loss."""
    return decision_horizon(problem).intervals


def look_ahead_intervals(problem: Problem, interval: int) -> int | None:
    """Intervals beyond one for which prices must be known to decide it for good; None if the window does not suffice.

    Raises:
        InputError: The interval lies outside the problem.
    """
    if not 0 <= interval < problem.T:
        raise InputError(
            f"interval {interval}", f"the problem has the intervals 0 to {problem.T - 1}", "Choose one of them."
        )
    if ties_of(problem):
        return None
    needed = [_class_look_ahead(c, problem, interval) for c in problem.machines]
    return None if any(n is None for n in needed) else max((n for n in needed if n is not None), default=0)


def ties_of(problem: Problem) -> list[str]:
    """What ties the loads of a problem together, in words; empty where `Problem.separable`."""
    found = {
        "the meter limit": bool((problem.largest_mw > problem.limit_mw).any()),
        "batch work": bool(problem.batches),
        "a demand charge": bool(problem.peaks),
        "a reserve award": bool(problem.reserves),
        "a block that is not resold freely": any(p.resale != "free" for p in problem.positions),
    }
    return [name for name, ties in found.items() if ties]


def class_horizon(machine: MachineClass, cost_usd_per_mwh: Floats, hours: float) -> int:
    """First decisions of every block of a class that no price after the window can change."""
    return _horizon(machine, *block_terms(machine, cost_usd_per_mwh, hours))


def _class_look_ahead(machine: MachineClass, problem: Problem, interval: int) -> int | None:
    """Shortest window, by bisection, whose horizon passes the interval, less the intervals up to and with it."""
    gain, ramp = block_terms(machine, problem.cost_usd_per_mwh, problem.grid.hours)

    def decided(end: int) -> bool:
        return _horizon(machine, gain[:end], np.ascontiguousarray(ramp[:, :end])) > interval

    short, width = interval, 1
    while not decided(min(interval + width, problem.T)):
        short = interval + width
        if short >= problem.T:
            return None
        width *= 2
    enough = min(interval + width, problem.T)
    while enough - short > 1:
        middle = (short + enough) // 2
        short, enough = (short, middle) if decided(middle) else (middle, enough)
    return enough - interval - 1


def _horizon(machine: MachineClass, gain: Floats, ramp: Floats) -> int:
    up, down, before = machine.min_up, machine.min_down, machine.initial
    table = recursion(gain, ramp, machine.start_usd, machine.stop_usd, up, down, before.on, before.steps)
    return int(_common_prefix(table))


@njit(cache=True)
def _common_prefix(table: Table) -> int:
    """Number of first decisions that the best words to all end states share."""
    T = len(table.began) - 1
    run, down = len(table.runs) - T - 1, len(table.rests) - T - 1  # V and D, or beyond the window
    passed = np.zeros((3, T + 1), np.int8)  # 1 where a word to some end state passes B_t, A_t or E_t
    shared = np.full(T + 1, T, np.int64)  # decisions that the words leaving B_t share: the shortest run, 0 if one rests
    passed[OFF, T] = table.off > POSSIBLE
    passed[ON, T] = table.on > POSSIBLE
    for s in range(max(0, T - run + 1), T):
        if table.runs[s + run] > POSSIBLE:
            passed[OFF, s] = 1
            shared[s] = T - s
    for s in range(max(0, T - down + 1), T):
        passed[STOP, s] = table.rests[s + down] > POSSIBLE
    left = int(passed.sum())
    if left == 1:
        return T
    for t in range(T, -1, -1):
        for node in (STOP, ON, OFF):
            if passed[node, t] == 0:
                continue
            before, s = _before(table, node, t, run, down)
            if before == OFF:
                shared[s] = 0 if node == OFF else min(shared[s], t - s)
            left -= int(passed[before, s])
            passed[before, s] = 1
            if left == 1:
                return int(s + (shared[s] if before == OFF else 0))
    return 0


@njit(cache=True)
def _before(table: Table, node: int, t: int, run: int, down: int) -> tuple[int, int]:
    """The node from which the table reaches one at the border t, and its border."""
    if node == STOP:
        j = table.short[t] if len(table.short) > 0 else 0
        return (OFF, t - j) if j > 0 else (ON, t)  # until it is free, A_t stands for the run from before the window
    if node == ON:
        return (OFF, t - run) if table.began[t] else (ON, t - 1)
    return (STOP, t - down) if table.rested[t] else (OFF, t - 1)
