"""Joint words of the first job and another one, blocks and further jobs at their prices: what a pair must still lose.

A pair has few enough joint states to go through all of them, back from the end, where labels would be made one by one. Only those
are kept whose regret, what the two lose alone on the way there and the pair from there on, is less than a slack: before each hour,
for an hour's own intervals are made again where they are wanted.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np

from megawatt.dispatch.coupled.boxes import (
    NO_RANGE,
    Box,
    Duty,
    Range,
    keep_better,
    pair_step,
    regrets_of,
    still_to_come,
)
from megawatt.dispatch.coupled.interval import NEVER
from megawatt.dispatch.coupled.job_hours import forth_hours
from megawatt.dispatch.coupled.shortfall import by_first_job
from megawatt.dispatch.coupled.together import Together
from megawatt.dispatch.deadline import Deadline
from megawatt.dispatch.problem import Floats, Ints

MOST_STATES = 2e9
"""Joint states that are gone through at most, ten to twenty seconds."""

Place = tuple[int, int, int]
"""Month, piece and hour, counted over the horizon."""


class TooManyError(Exception):
    """More joint states than may be gone through, or in more time."""


@dataclass(slots=True)
class Pair:
    """Regrets to come of the first job and another one.

    Attributes:
        together: Prices, and what is to come at them.
        other: Number of the other job.
        slack_usd: Regret from which on joint states are dropped [USD].
        deadline: After it nothing is gone through any more.
        hour: Before each hour of a month under a piece, and at its end.
        least_usd: Least regret of a joint word of the two, infinite if that is the slack [USD].
        states: Joint states so far.
    """

    together: Together
    other: int
    slack_usd: float
    deadline: Deadline = field(default_factory=Deadline)
    hour: dict[Place, Box] = field(default_factory=dict)
    least_usd: float = np.inf
    states: int = 0
    _still: Floats = field(init=False)
    _lost: Floats = field(init=False)
    _begin: int = field(init=False)
    _brings: dict[tuple[int, int], Floats] = field(default_factory=dict)

    def __post_init__(self) -> None:
        problem = self.together.split.problem
        job, alone = problem.batches[self.other], self.together.others[self.other - 1]
        self._begin = job.min_run * job.initial_on
        begin, each = np.full(alone.shape[1], NEVER), np.arange(problem.T + 1)
        begin[self._begin] = 0.0
        on, none = np.where(job.power_mw > 0, self.together.prices.wage[:, self.other], NEVER), np.zeros(problem.T)
        brought = forth_hours(
            none, on, none, each, each, each, job.window, job.need, job.restart_usd, job.min_run, begin
        )
        self._still, self._lost = alone, _lost(alone[0, self._begin], brought, alone)

    @property
    def _shape(self) -> tuple[int, int, int, int]:
        first, other = self.together.job, self.together.split.problem.batches[self.other]
        return other.min_run + 1, int(other.need.max()) + 1, first.least_run + 1, int(first.need.max()) + 1

    def run(self) -> None:
        """Go back over all months and pieces.

        Raises:
            TooManyError: There are more joint states than allowed, or the time is up.
        """
        whole, first = self.together, self.together.job
        last = self.together.split.problem.batches[self.other]
        due = int(last.need[last.window[-1]])
        value = np.full(self._shape, NEVER)
        value[:, due, :, first.due] = 0.0
        box, (lost, by_month) = (due, due, first.due, first.due), self._first_lost()
        for m in range(len(whole.pieces), -1, -1):
            t = int(whole.split.edges[m])
            if m < len(whole.pieces):
                value, box = self._month(m, value, box, lost)
            box, found = regrets_of(
                value, box, self._still[t], whole.month[m], self._lost[t], by_month[m], self.slack_usd
            )
            for q in range(len(whole.pieces[m - 1]) if m else 0):
                self.hour[m - 1, q, int(whole.split.span_edges[m])] = found
        if box[0] == 0 == box[2] and box[1] >= 0:
            self.least_usd = float(found.regret[self._begin, 0, first.least_run * first.running, 0])

    def _first_lost(self) -> tuple[dict[tuple[int, int], Floats], list[Floats]]:
        """What the first job must lose alone on the way to its states, by hour of each month under a piece, and by month."""
        whole, job, cells = self.together, self.together.job, self.together.cells
        now = np.full_like(whole.month[0], NEVER)
        now[whole.begin[-1]] = 0.0
        best, lost = float(whole.month[0][whole.begin[-1]]), dict[tuple[int, int], Floats]()
        by_month = [_lost(best, now, whole.month[0])]
        for m, pieces in enumerate(whole.pieces):
            h0, h1 = whole.split.span_edges[m], whole.split.span_edges[m + 1]
            ends = []
            for q, piece in enumerate(pieces):
                leg = whole.legs[m, q]
                brought = forth_hours(
                    *by_first_job(leg.words), whole.sold_usd, cells.first[h0 : h1 + 1], cells.row - whole.row(m),
                    whole.split.spans.start[h0 : h1 + 1], job.window, job.need, job.restart_usd, job.least_run, now - piece.usd,
                )  # fmt: skip
                lost[m, q] = _lost(best, brought, leg.by_hour)
                ends.append(brought[-1])
            now = np.maximum.reduce(ends)
            by_month.append(_lost(best, now, whole.month[m + 1]))
        return lost, by_month

    def _month(self, m: int, later: Floats, far: Range, lost: dict[tuple[int, int], Floats]) -> tuple[Floats, Range]:
        """The best of all pieces before a month, from what is to come after it."""
        whole, best, boxes = self.together, np.full_like(later, NEVER), list[Range]()
        for q, piece in enumerate(whole.pieces[m]):
            value, box = self._leg(m, q, later, far, lost[m, q])
            keep_better(best, value, -piece.usd, box, False)
            boxes.append(box)
        boxes = [box for box in boxes if box[1] >= 0] or [NO_RANGE]
        least, most = np.min(boxes, axis=0), np.max(boxes, axis=0)
        return best, (int(least[0]), int(most[1]), int(least[2]), int(most[3]))

    def _leg(self, m: int, q: int, later: Floats, far: Range, lost: Floats) -> tuple[Floats, Range]:
        """A month under a piece, back from what is to come after it."""
        whole, leg, first = self.together, self.together.legs[m, q], self.together.cells.first
        value, best, h0 = later.copy(), np.empty_like(later), int(whole.split.span_edges[m])
        for g in range(int(whole.split.span_edges[m + 1]) - 1, h0 - 1, -1):
            t, n = int(whole.split.spans.start[g]), int(first[g + 1])
            near = self._near(t, lost[g - h0])
            for r, now, _ in self._rows(m, q, g, value, far, near):
                if r == whole.cells.row[n - 1]:
                    n -= 1
                    keep_better(best, now, float(whole.sold_usd[n]), near, n + 1 == first[g + 1])
            if self.states > MOST_STATES or self.deadline.over:
                raise TooManyError
            value, best = best, value
            far, self.hour[m, q, g] = regrets_of(
                value, near, self._still[t], leg.by_hour[g - h0], self._lost[t], lost[g - h0], self.slack_usd
            )
        if far[1] < 0:
            for g in range(h0, int(whole.split.span_edges[m + 1])):
                del self.hour[m, q, g]
        return value, far

    def leads(self, m: int, q: int) -> bool:
        """Whether any joint word of the two leads through a piece of a month below the slack."""
        return (m, q, int(self.together.split.span_edges[m])) in self.hour

    def within(self, m: int, q: int, g: int, first_state: Ints, state: Ints) -> dict[int, Box]:
        """Regrets to come after each row of an hour but the last of a cell, made anew from what is kept.

        Args:
            m: Month.
            q: Piece.
            g: Hour.
            first_state: States of the first job before it for which they are wanted.
            state: And of the other.
        """
        done, first_done = state // self._shape[0], first_state // self._shape[2]
        near = int(done.min()), int(done.max()), int(first_done.min()), int(first_done.max())
        whole, leg, row = self.together, self.together.legs[m, q], self.together.cells.row
        h0, first, box = int(whole.split.span_edges[m]), self.together.cells.first, self.hour[m, q, g + 1]
        value = np.empty(self._shape)
        far = still_to_come(value, box, self._still[int(whole.split.spans.start[g + 1])], leg.by_hour[g + 1 - h0])
        edges, found = {int(row[n]) for n in range(first[g], first[g + 1])}, dict[int, Box]()
        for r, now, here in self._rows(m, q, g, value, far, near):
            if r not in edges:
                still, first_still = self._still[int(whole.cells.at[r])], leg.by_row[r - whole.row(m)]
                nothing = np.zeros_like(still), np.zeros_like(first_still)
                found[r - 1] = regrets_of(now, here, still, first_still, *nothing, self.slack_usd)[1]
        return found

    def _rows(
        self, m: int, q: int, g: int, value: Floats, far: Range, near: Range
    ) -> Iterator[tuple[int, Floats, Range]]:
        """Rows of an hour back from what is to come after it: what is to come before each, and the range where that is valid.

        Args:
            m: Month.
            q: Piece.
            g: Hour.
            value: What is to come after it.
            far: Where that is valid.
            near: Where it is asked for before the hour.
        """
        whole, cells, spare = self.together, self.together.cells, (np.empty_like(value), np.empty_like(value))
        begin, over = int(cells.row[cells.first[g]]), int(cells.row[cells.first[g + 1]])
        t, end = (int(at) for at in whole.split.spans.start[g : g + 2])
        worth, box = (
            self._worth(m, q)[begin - whole.row(m) : over - whole.row(m)],
            [0, value.shape[1] - 1, 0, value.shape[3] - 1],
        )
        for k, same in zip((0, 2), self._within(t, end), strict=True):
            if same:  # work done never falls within a window
                box[k : k + 2] = near[k], min(near[k + 1] + end - t, far[k + 1])
        for n in range(int(cells.first[g + 1]) - 1, int(cells.first[g]) - 1, -1):
            now, here = value, far
            for r in range(int(cells.row[n + 1]) - 1, int(cells.row[n]) - 1, -1):
                at, then = int(cells.at[r]), spare[now is spare[0]]
                there = near if r == cells.row[n] else (box[0], box[1], box[2], box[3])
                pair_step(now, here, then, there, worth[r - begin], self._duty(self.other, at), self._duty(0, at))
                self.states += (there[1] - there[0] + 1) * (there[3] - there[2] + 1) * value.shape[0] * value.shape[2]
                now, here = then, there
                yield r, now, here

    def _worth(self, m: int, q: int) -> Floats:
        """What the rows of a month under a piece bring with neither job, the first, the other and both, shape (rows, 4) [USD]."""
        if (m, q) not in self._brings:
            here, row = self.together.legs[m, q].words, self.together.row(m)
            words = np.arange(here.shape[1])
            runs = (words & 1) + 2 * (words >> self.other & 1)
            out = np.stack([here[:, runs == k].max(axis=1) for k in range(4)], axis=1)
            out[:, 2:] += self.together.prices.wage[
                self.together.cells.at[row : row + len(here)], self.other, np.newaxis
            ]
            self._brings[m, q] = out
        return self._brings[m, q]

    def _near(self, t: int, first_lost: Floats) -> Range:
        """Work done before an interval with which each job alone loses less than the slack."""
        first, other = np.flatnonzero(first_lost < self.slack_usd), np.flatnonzero(self._lost[t] < self.slack_usd)
        if not len(first) or not len(other):
            return NO_RANGE
        phases, _, first_phases, _ = self._shape
        return (
            int(other[0]) // phases, int(other[-1]) // phases, int(first[0]) // first_phases, int(first[-1]) // first_phases
        )  # fmt: skip

    def _within(self, t: int, end: int) -> tuple[bool, bool]:
        """Whether the other job's window and the first's stay the same from before an interval to the last before another."""
        windows = (self.together.split.problem.batches[j].window[max(t - 1, 0) : end] for j in (self.other, 0))
        other, first = (bool(window[0] == window[-1]) for window in windows)
        return other, first

    def _duty(self, j: int, t: int) -> Duty:
        job = self.together.split.problem.batches[j]
        before = int(job.need[job.window[t - 1]]) if t > 0 and job.window[t] != job.window[t - 1] else -1
        return Duty(before, int(job.need[job.window[t]]), job.restart_usd, job.min_run)


def _lost(best: float, brought: Floats, still: Floats) -> Floats:
    """What is lost at least on the way to states against the best, infinite where they cannot be."""
    return np.where((brought > NEVER / 2) & (still > NEVER / 2), best - brought - still, np.inf)
