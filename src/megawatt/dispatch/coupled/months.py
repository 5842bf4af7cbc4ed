"""One month of a look: what its rows bring under each piece of the peak, and which piece holds the maximum.

Less room never brings more. So a piece that has been worked out bounds all with lower peaks: they bring no more than it
does, less what they cost themselves. Pieces are worked out until no other can pass the best of them in any state of the
first job, which mostly takes three or four of some thirty.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray

from megawatt.dispatch.certificate import Piece, Prices
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.cover import Cells
from megawatt.dispatch.coupled.interval import NEVER, Commitments, best_commitments
from megawatt.dispatch.coupled.work import advance_hours
from megawatt.dispatch.problem import Floats, Ints


@dataclass(frozen=True, slots=True)
class FirstJob:
    """The job whose recursion runs over the intervals; a job that is never due where a site has none.

    Attributes:
        window: Window of each interval, shape (T,).
        need: Intervals due in each window.
        least: Work that must be done after each interval, shape (T,).
        restart_usd: Cost of a start [USD].
        least_run: Least run.
        running: Whether it ran before.
    """

    window: Ints
    need: Ints
    least: Ints
    restart_usd: float
    least_run: int
    running: bool

    @classmethod
    def of(cls, split: Split) -> "FirstJob":
        """The first job of a site."""
        if not split.problem.batches:
            none = np.zeros(split.problem.T, dtype=np.int64)
            return cls(none, np.zeros(1, dtype=np.int64), none, 0.0, 1, False)
        job = split.problem.batches[0]
        return cls(job.window, job.need, split.least[0], job.restart_usd, job.min_run, job.initial_on)

    @property
    def due(self) -> int:
        """Work done in the last window at the end."""
        return int(self.need[self.window[-1]])


class Rows(NamedTuple):
    """A month's rows under one piece, and what the first job's recursion makes of them.

    Attributes:
        best: Best commitments of each row.
        off: Most that each brings with the first job off, shape (n,) [USD].
        on: With it on, shape (n,) [USD].
        word: Word of jobs that brings both, shape (n, 2).
        end: Value of each state after the month, or more, shape (R + 1, E + 1) [USD].
        exact: Whether the month was gone through, not only bounded.
    """

    best: Commitments
    off: Floats
    on: Floats
    word: Ints
    end: Floats
    exact: bool = False


class Known(NamedTuple):
    """What was worked out before under one peak.

    Attributes:
        prices: At which prices.
        best: Best commitments of each row.
        room_mw: Import limit less firm load of each row, shape (n,) [MW].
    """

    prices: Prices
    best: Commitments
    room_mw: Floats


class Choices(NamedTuple):
    """The way back through a month under one piece.

    Attributes:
        kept: Choices by row, shape (n, E + 1).
        chosen: Cells by hour, of length 0 where no hour has a choice.
    """

    kept: NDArray[np.int8]
    chosen: NDArray[np.int8]


@dataclass(slots=True)
class Month:
    """A month at some prices.

    Attributes:
        split: The prepared problem.
        cells: Cells of the cover.
        job: The first job.
        prices: The prices.
        sold_usd: What the awards of each cell bring [USD].
        m: Number of the month.
        pieces: Pieces of its peak, from high to low.
        state: Value of each state of the first job before it [USD].
        known: By the highest peak of a piece, commitments worked out before in the same cells and at which prices; renewed.
        found: Pieces that were worked out.
        above: The lowest piece worked out that is not below each, shape (pieces,).
        best: Most of those worked out in each state after the month [USD].
        seen: States after it that count.
    """

    split: Split
    cells: Cells
    job: FirstJob
    prices: Prices
    sold_usd: Floats
    m: int
    pieces: list[Piece]
    state: Floats
    known: dict[float, Known] = field(default_factory=dict)
    found: dict[int, Rows] = field(default_factory=dict)
    above: Ints = field(init=False)
    best: Floats = field(init=False)
    seen: tuple[slice, slice | int] = field(init=False)
    _usd: Floats = field(init=False)
    _ends: Floats = field(init=False)
    _exact: NDArray[np.bool_] = field(init=False)
    _at: Ints = field(init=False)
    _local: Ints = field(init=False)
    _hours: Ints = field(init=False)

    def __post_init__(self) -> None:
        last = self.m == len(self.split.edges) - 2
        self.seen = (slice(None), self.job.due if last else slice(None))
        self.above = np.zeros(len(self.pieces), dtype=np.int64)
        self.best = np.full(self.state.shape, NEVER)
        self._usd = np.array([piece.usd for piece in self.pieces])
        self._ends = np.empty((len(self.pieces), self.best[self.seen].size))
        self._exact = np.zeros(len(self.pieces), dtype=np.bool_)
        h0, h1 = self.split.span_edges[self.m], self.split.span_edges[self.m + 1]
        self._hours = self.cells.first[h0 : h1 + 1]
        self._at = self.cells.at[self.cells.row[self._hours[0]] : self.cells.row[self._hours[-1]]]
        self._local = self._at - self.split.edges[self.m]

    @property
    def begin(self) -> int:
        """Number of the first row."""
        return int(self.cells.row[self._hours[0]])

    def settle(self, guess: int, near_usd: float) -> None:
        """Work out pieces, ``guess`` first, until no other can pass the best of them by ``near_usd`` in any state."""
        for q in (0, guess):
            self._work_out(q)
        while (q := self._highest(-near_usd)) >= 0:
            self._compare(q, -near_usd)

    def tell_apart(self, slack_usd: float, most: int) -> None:
        """Work out some more of the pieces that may miss the maximum by less than ``slack_usd``."""
        for _ in range(most):
            if (q := self._highest(slack_usd)) >= 0:
                self._compare(q, slack_usd)

    def upper(self) -> Floats:
        """Most that any piece can bring in each state, shape (R + 1, E + 1) [USD]."""
        most, least = self.best.copy(), {k: self.pieces[q].usd for q, k in enumerate(self.above.tolist())}
        for k, usd in least.items():  # of the pieces that one bounds the cheapest, which comes last
            np.maximum(most, self.found[k].end - usd, out=most)
        return most

    def missing_usd(self, most: Floats) -> Floats:
        """What each piece is short of some values at least, in the state in which it is least short, shape (pieces,) [USD]."""
        return missing_usd(most[self.seen].ravel(), self._ends, self.above, self._usd)

    def winner(self, at: Ints) -> int:
        """The piece that leads to a state, given by work done and phase, with the most."""
        worked = [q for q, rows in self.found.items() if rows.exact]
        return max(worked, key=lambda q: self.found[q].end[at[1], at[0]] - self.pieces[q].usd)

    def _highest(self, slack_usd: float) -> int:
        """The highest of the pieces that may miss the best by less and that the same piece bounds; -1 where there is none.

        Where a MW of room brings some times what it costs, each then bounds a range of as many times the width.
        """
        return highest(self.missing_usd(self.best), self._exact, self.above, slack_usd)

    def _work_out(self, q: int) -> None:
        """Go through the month's rows under a piece."""
        before = self.found.get(q)
        if before is not None and before.exact:
            return
        own, off, on, word = before[:4] if before is not None else self._rows(q)
        end = self._advance(off, on, self._room_for(0))
        self._note(q, Rows(own, off, on, word, end, exact=True))
        self.best = np.maximum(self.best, end - self.pieces[q].usd)

    def choices(self, q: int) -> Choices:
        """The way back under a piece: only for the one that holds the maximum, for it takes a byte per row and state."""
        found, room = self.found[q], self._room_for(self.state.shape[1])
        self._advance(found.off, found.on, room)
        return room

    def _room_for(self, states: int) -> Choices:
        rows, n = int(self._hours[-1] - self._hours[0]), len(self._hours) - 1
        kept = np.empty((len(self._at), states), dtype=np.int8)
        return Choices(kept, np.empty((n * (rows > n), len(self.state), states), dtype=np.int8))

    def _advance(self, off: Floats, on: Floats, room: Choices) -> Floats:
        """Value of each state of the first job after the month [USD]; choices are written as far as there is room."""
        split, cells, job, m = self.split, self.cells, self.job, self.m
        start = split.spans.start[split.span_edges[m] : split.span_edges[m + 1] + 1]
        window = int(job.window[split.edges[m] - 1]) if m else -1
        return advance_hours(
            self.state, off, on, self.sold_usd, self._hours, cells.row - self.begin, start, job.window, job.need, job.least,
            job.restart_usd, window, room.kept, room.chosen,
        )  # fmt: skip

    def _compare(self, q: int, slack_usd: float) -> None:
        """Work out a piece unless what its rows bring less than those of the piece above it shows that it misses the best by more."""
        if q not in self.found:
            above, rows = self.found[self.above[q]], self._rows(q)
            less = least_less(above.off, above.on, rows[1], rows[2], self._hours, self.cells.row - self.begin)
            self._note(q, Rows(*rows, above.end - less))
            if self.missing_usd(self.best)[q] >= slack_usd:
                return
        self._work_out(q)

    def _note(self, q: int, rows: Rows) -> None:
        self.above[q:] = np.maximum(self.above[q:], q)
        self.found[q], self._ends[q], self._exact[q] = rows, rows.end[self.seen].ravel(), rows.exact

    def _rows(self, q: int) -> tuple[Commitments, Floats, Floats, Ints]:
        own = self._commitments(q)
        return own, *best_words(own.value, self._at, self.prices.wage)

    def _commitments(self, q: int) -> Commitments:
        """Best commitments under a piece; those of intervals whose prices are what they were stand from then."""
        split, prices, mw, n = self.split, self.prices, self.pieces[q].most_mw, len(self._at)
        rows, jobs = slice(self.begin, self.begin + n), len(split.problem.batches)
        above = self.found[self.above[q]].best if self.found else Commitments.none(0, jobs)
        if (before := self.known.get(mw)) is not None:
            own, room, then = before.best.copy(), before.room_mw, before.prices
            stale = changed(then.running, then.cover, prices.running, prices.cover, self._at)
        else:
            own, room = Commitments.none(n, jobs), split.month_room(self.m, mw)[self._local]
            stale = np.zeros(0, dtype=np.bool_)
        best_commitments(
            split.tables, self._at, prices.running, prices.cover, self.cells.least_mw[rows], self.cells.most_mw[rows], room,
            own, above, stale,
        )  # fmt: skip
        self.known[mw] = Known(prices, own, room)
        return own


@njit(cache=True)
def missing_usd(most: Floats, ends: Floats, above: Ints, usd: Floats) -> Floats:
    """What each piece is short of some values at least, in the state in which it is least short, shape (pieces,) [USD].

    Args:
        most: The values, shape (states,) [USD].
        ends: What each piece that was worked out brings before it is paid, shape (pieces, states) [USD].
        above: The lowest of those that is not below each piece, shape (pieces,).
        usd: What each piece costs, shape (pieces,) [USD].
    """
    missing, short = np.empty(len(usd)), np.inf
    for q in range(len(usd)):
        if q == 0 or above[q] != above[q - 1]:
            short = np.inf
            for s in range(len(most)):
                if most[s] > NEVER / 2:
                    short = min(short, most[s] - ends[above[q], s])
        missing[q] = short + usd[q]
    return missing


@njit(cache=True)
def highest(missing: Floats, exact: NDArray[np.bool_], above: Ints, slack_usd: float) -> int:
    """Of the pieces that are not worked out and miss less than a slack, the first bounded by the one that bounds the least missing; or -1."""
    first = -1
    for q in range(len(missing)):
        if not exact[q] and missing[q] < slack_usd and (first < 0 or missing[q] < missing[first]):
            first = q
    for q in range(first):
        if not exact[q] and missing[q] < slack_usd and above[q] == above[first]:
            return q
    return first


@njit(cache=True)
def least_less(off_above: Floats, on_above: Floats, off: Floats, on: Floats, hours: Ints, row: Ints) -> float:
    """What a month brings less at least, in whatever state of the first job it is when, by what its rows bring less [USD].

    Args:
        off_above: Value of each row with the job off under a higher piece, shape (n,) [USD].
        on_above: With it on.
        off: The same under a lower piece.
        on: The same.
        hours: First cell of each of its award hours and the end.
        row: First row of each cell.
    """
    total = 0.0
    for hour in range(len(hours) - 1):
        least = np.inf
        for n in range(hours[hour], hours[hour + 1]):
            less = 0.0
            for r in range(row[n], row[n + 1]):
                less += max(min(off_above[r] - off[r], on_above[r] - on[r] if on[r] > NEVER / 2 else np.inf), 0.0)
            least = min(least, less)
        total += least
    return total


@njit(cache=True)
def changed(running_then: Floats, cover_then: Floats, running: Floats, cover: Floats, at: Ints) -> NDArray[np.bool_]:
    """Whether a price of blocks or cover in the interval of each row is another than it was, shape (rows,)."""
    out = np.empty(len(at), dtype=np.bool_)
    for r in range(len(at)):
        t = at[r]
        out[r] = cover_then[t] != cover[t]
        for c in range(running.shape[1]):
            out[r] = out[r] or running_then[t, c] != running[t, c]
    return out


@njit(cache=True)
def best_words(value: Floats, at: Ints, wage: Floats) -> tuple[Floats, Floats, Ints]:
    """Best value of each row with the first job off and on, the other jobs' wages paid, and the words of jobs.

    Args:
        value: Best value of each word, shape (rows, 2**J) [USD].
        at: Interval of each row, shape (rows,).
        wage: Wage of each job, shape (T, J) [USD].
    """
    rows, words = value.shape
    off, on, word = np.empty(rows), np.empty(rows), np.zeros((rows, 2), dtype=np.int64)
    for r in range(rows):
        off[r], on[r] = -np.inf, NEVER if words == 1 else -np.inf
        for k in range(words):
            net = value[r, k]
            for j in range(1, wage.shape[1]):
                net -= wage[at[r], j] if k >> j & 1 else 0.0
            if k & 1 and net > on[r]:
                on[r], word[r, 1] = net, k
            elif not k & 1 and net > off[r]:
                off[r], word[r, 0] = net, k
    return off, on, word
