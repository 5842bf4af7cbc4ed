"""States of whole classes and of jobs by number, with the moves between them: what a search over joint states steps through.

Equal blocks are exchangeable, so a class is in the multiset of its blocks' states. A class that may stop some blocks
stops the youngest of those that may stop, which lose to ramping what the others no longer do; to stop one and start
another at once brings nothing.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.dispatch.coupled.togo import ages, block_moves, first_state
from megawatt.dispatch.problem import BatchJob, Floats, Ints, MachineClass

MOST_STATES = 4_000
"""States of one class up to which they are listed."""

Crowd = tuple[int, ...]


@dataclass(frozen=True, slots=True)
class Crew:
    """The states of a class, the first of them the one before the first interval.

    Attributes:
        member: Blocks in each state of a block, shape (n, states).
        to: State of the class after each move, shape (n, moves); -1 where there is none.
        usd: What the starts and stops of the move cost, shape (n, moves) [USD].
        phase: Running blocks in the i-th interval after a start and, last, the settled ones, shape (n, r + 1).
    """

    member: Ints
    to: Ints
    usd: Floats
    phase: Ints

    @classmethod
    def of(cls, machine: MachineClass) -> "Crew | None":
        """All states that can be reached, None when they are too many."""
        ramps = len(machine.ramp_loss)
        move = block_moves(machine.min_up, machine.min_down, ramps)
        oldest, rested = ages(machine.min_up, machine.min_down, ramps)
        begin = [0] * len(move)
        begin[first_state(oldest, rested, machine.initial.on, machine.initial.steps)] = machine.blocks
        number: dict[Crowd, int] = {tuple(begin): 0}
        found, to, usd = [tuple(begin)], [], []
        for crowd in found:  # grows while it is walked through
            here: list[tuple[int, float]] = []
            for after, starts, stops in _moves(crowd, move, oldest):
                if after not in number:
                    number[after] = len(found)
                    found.append(after)
                here.append((number[after], starts * machine.start_usd + stops * machine.stop_usd))
            if len(found) > MOST_STATES:
                return None
            to.append([n for n, _ in here])
            usd.append([paid for _, paid in here])
        member = np.array(found, dtype=np.int64)
        running = member[:, 1 : oldest + 1]
        phase = np.concatenate((running[:, :ramps], running[:, ramps:].sum(axis=1, keepdims=True)), axis=1)
        return cls(member, _padded(to, -1).astype(np.int64), _padded(usd, 0.0), phase)


def _moves(crowd: Crowd, move: Ints, oldest: int) -> list[tuple[Crowd, int, int]]:
    """Crowds after an interval, with the starts and stops that lead there."""
    may = [s for s, n in enumerate(crowd) if n and move[s].min() >= 0]
    runs = [s for s in may if s <= oldest for _ in range(crowd[s])]
    rests = [s for s in may if s > oldest for _ in range(crowd[s])]
    out = []
    for changed in (*(runs[:k] for k in range(len(runs) + 1)), *(rests[:k] for k in range(1, len(rests) + 1))):
        after, left = [0] * len(crowd), list(crowd)
        for s in changed:
            left[s] -= 1
            after[move[s, int(s > oldest)]] += 1
        for s, n in enumerate(left):
            if n:
                after[move[s, int(s <= oldest)]] += n
        stops = len(changed) if changed and changed[0] <= oldest else 0
        out.append((tuple(after), len(changed) - stops, stops))
    return out


def _padded(rows: Sequence[Sequence[float]], value: float) -> Floats:
    out = np.full((len(rows), max(map(len, rows))), value, dtype=np.float64)
    for k, row in enumerate(rows):
        out[k, : len(row)] = row
    return out


def words_of(counts: Ints, machine: MachineClass) -> NDArray[np.int8]:
    """On/off words of the blocks of a class from its counts, shape (blocks, T), stopping as a crew does."""
    on = np.zeros((machine.blocks, len(counts)), dtype=np.int8)
    state = np.full(machine.blocks, machine.initial.on)
    age = np.full(machine.blocks, machine.initial.steps, dtype=np.int64)
    for t, n in enumerate(counts):
        more = int(n) - int(state.sum())
        able = np.flatnonzero((state != (more > 0)) & (age >= (machine.min_down if more > 0 else machine.min_up)))
        chosen = able[np.argsort(age[able], kind="stable")[: abs(more)]]
        state[chosen] = more > 0
        age[chosen] = 0
        age += 1
        on[:, t] = state
    return on


def job_moves(job: BatchJob, t: int) -> tuple[Ints, Floats]:
    """State of a job after interval t without and with work, by state ``done (R + 1) + phase``, -1 where none; and restarts.

    Shapes ((E + 1)(R + 1), 2); a restart costs [USD].
    """
    E, R = int(job.need.max(initial=0)), job.min_run
    new = t > 0 and job.window[t] != job.window[t - 1]
    to, usd = np.full(((E + 1) * (R + 1), 2), -1, dtype=np.int64), np.zeros(((E + 1) * (R + 1), 2))
    for d in range(E + 1):
        if new and d != job.need[job.window[t - 1]]:
            continue
        done = 0 if new else d
        for phase in range(R + 1):
            s = d * (R + 1) + phase
            if phase in (0, R):
                to[s, 0] = done * (R + 1)
            if job.power_mw[t] > 0 and done < job.need[job.window[t]]:
                to[s, 1] = (done + 1) * (R + 1) + min(phase + 1, R)
                usd[s, 1] = job.restart_usd * (phase == 0)
    return to, usd
