"""When a block of machines runs while prices are not known: stochastic dynamic programming on price bins.

The price moves from one interval to the next among K bins by a Markov chain. Interval t is decided when the bin of
t - 1 has been seen and that of t has not; so with z the bin last seen and s the state of the block (on or off, and for
how many intervals, as far as a least run, a ramp or a least rest still counts them)

    V_t(s, z) = max over what s allows of   g_t(s, z) - a [starts] - b [stops] + sum_q P(z, q) V_{t+1}(s', q)

where ``g_t`` is the margin of running at the cost expected after z: energy costs are linear in the price, so its mean is
all that a decision taken before the price can use; the mode is chosen with the same knowledge. ``V_T`` is 0, or whatever
the caller says that a state is worth at the end.

With one bin this is the block's exact plan for known prices, the optimum of `kernel`; the table then tells what every
*state* is worth at every border, which is what a plan over scenarios needs of each of them (`rolling`).
"""

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.dispatch.kernel import margins
from megawatt.dispatch.problem import Floats, InitialState, MachineClass

Bools = NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class States:
    """How the states of a block are numbered: on for 1..V intervals, then off for 1..D; V and D stand for 'or longer'.

    Attributes:
        run: V, the longer of least run and ramp.
        rest: D, the least rest.
    """

    run: int
    rest: int

    @classmethod
    def of(cls, machine: MachineClass) -> "States":
        """The states of a block of a class."""
        return cls(max(machine.min_up, len(machine.ramp_loss), 1), max(machine.min_down, 1))

    @property
    def count(self) -> int:
        """Number of states."""
        return self.run + self.rest

    def number(self, state: InitialState) -> int:
        """Number of a state.

        Raises:
            InputError: The block has been in it for less than one interval.
        """
        if state.steps < 1:
            raise InputError(
                f"a block that is {'on' if state.on else 'off'} for {state.steps} intervals",
                "a state before an interval has lasted at least one",
                "Count the interval in which it was switched.",
            )
        return min(state.steps, self.run) - 1 if state.on else self.run + min(state.steps, self.rest) - 1

    def after(self, state: int, on: bool) -> int:
        """Number of the state after an interval on or off."""
        if on:
            return min(state + 1, self.run - 1) if state < self.run else 0
        return self.run if state < self.run else min(state + 1, self.count - 1)


@dataclass(frozen=True, slots=True, eq=False)
class PolicyTable:
    """What to do in every interval, state and bin, and what that is worth.

    Attributes:
        states: How states are numbered.
        value_usd: Expected money from each border on, by state and bin last seen, shape (T + 1, states, K) [USD].
        run: Whether the block runs in an interval, by state before it and bin last seen, shape (T, states, K).
    """

    states: States
    value_usd: Floats
    run: Bools

    def at_start(self, initial: InitialState, seen: int) -> float:
        """Expected money of the horizon for one block in a state, after a bin [USD]."""
        return float(self.value_usd[0, self.states.number(initial), seen])


def policy_table(
    machine: MachineClass, cost_usd_per_mwh: Floats, transition: Floats, hours: float, end_usd: Floats | None = None
) -> PolicyTable:
    """The best policy of one block of a class.

    Args:
        machine: The class; what it earns is known.
        cost_usd_per_mwh: Cost of an MWh in each interval as expected when the bin of the interval before has been seen,
            shape (T, K).
        transition: Chance of the next bin by the present one, shape (K, K).
        hours: Length of an interval.
        end_usd: Worth of each state and bin after the last interval, shape (states, K); 0 by default [USD].

    Raises:
        InputError: The shapes do not fit, or the rows of the chain do not add up to 1.
    """
    T, K = cost_usd_per_mwh.shape
    states = States.of(machine)
    end = np.zeros((states.count, K)) if end_usd is None else np.ascontiguousarray(end_usd, dtype=np.float64)
    fits = machine.revenue_usd_per_h.shape[1] == T and transition.shape == (K, K) and end.shape == (states.count, K)
    if not fits or (transition < 0).any() or not np.allclose(transition.sum(axis=1), 1.0, atol=1e-9):
        raise InputError(
            f"costs of shape {cost_usd_per_mwh.shape} with a chain of shape {transition.shape}",
            f"{machine.name!r} has {machine.revenue_usd_per_h.shape[1]} intervals and the rows of a chain add up to 1",
            "Pass one cost per interval and bin, and one row of chances per bin.",
        )
    gain, ramp = bin_terms(machine, cost_usd_per_mwh, hours)
    value, run = _backward(
        gain,
        ramp,
        np.ascontiguousarray(transition),
        end,
        machine.start_usd,
        machine.stop_usd,
        machine.min_up,
        states.rest,
    )
    return PolicyTable(states, value, run)


def bin_terms(machine: MachineClass, cost_usd_per_mwh: Floats, hours: float) -> tuple[Floats, Floats]:
    """Margin of a running block, and of one in the i-th interval after a start, shapes (T, K) and (r, T, K) [USD]."""
    power = np.ascontiguousarray(np.broadcast_to(machine.power_mw, machine.revenue_usd_per_h.shape))
    revenue = np.ascontiguousarray(machine.revenue_usd_per_h)
    columns = [np.ascontiguousarray(column) for column in cost_usd_per_mwh.T]
    gain = np.stack([margins(revenue, power, cost, hours, 1.0) for cost in columns], axis=1)
    ramp = np.empty((len(machine.ramp_loss), *gain.shape))
    for i, lost in enumerate(machine.ramp_loss):
        ramp[i] = np.stack([margins(revenue, power, cost, hours, 1.0 - lost) for cost in columns], axis=1)
    return gain, ramp


@njit(cache=True)
def _backward(
    gain: Floats, ramp: Floats, transition: Floats, end: Floats, start: float, stop: float, up: int, down: int
) -> tuple[Floats, Bools]:
    """The recursion of the module's text; arguments as in `policy_table`."""
    T, K = gain.shape
    r = ramp.shape[0]
    count = end.shape[0]
    V = count - down
    value = np.empty((T + 1, count, K))
    run = np.zeros((T, count, K), dtype=np.bool_)
    value[T] = end
    later = np.empty((count, K))
    for t in range(T - 1, -1, -1):
        for s in range(count):
            for z in range(K):
                total = 0.0
                for q in range(K):
                    total += transition[z, q] * value[t + 1, s, q]
                later[s, z] = total
        for z in range(K):
            for s in range(V):  # on for s + 1 intervals
                stay = (ramp[s + 1, t, z] if s + 1 < r else gain[t, z]) + later[min(s + 1, V - 1), z]
                leave = later[V, z] - stop
                value[t, s, z], run[t, s, z] = stay, True
                if s + 1 >= up and leave > stay:
                    value[t, s, z], run[t, s, z] = leave, False
            for i in range(down):  # off for i + 1 intervals
                rest = later[V + min(i + 1, down - 1), z]
                begin = (ramp[0, t, z] if r > 0 else gain[t, z]) + later[0, z] - start
                value[t, V + i, z] = rest
                if i + 1 >= down and begin > rest:
                    value[t, V + i, z], run[t, V + i, z] = begin, True
    return value, run
