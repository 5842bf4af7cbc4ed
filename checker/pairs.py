"""What a pair of jobs must still lose (section 'Bound', together): the first job and one other, all else at the prices.

From each pair of states, before each column, the least regret still to come is found backwards, as a table over all states of the
two jobs that each, by itself, can reach within the slack. It is a lower bound of what joint words of all parts have still to lose
from there: at the prices, what the blocks and further jobs do loses nothing or more. Tables are kept every few places; those between
are made again when the joint words come there, only for the states that they reach.
"""

from dataclasses import dataclass, field

import numpy as np

from checker.reading import Array, MalformedError, Whole
from checker.split import Split

MOST_PAIRS = 1_200_000_000
"""Pairs of states gone through, of all jobs."""
MOST_HELD = 60_000_000
"""Pairs of states in memory at a time; one takes 8 bytes."""
STRIDE = 12
"""Places from one kept table to the next."""


@dataclass
class Effort:
    """Pairs of states gone through, and those that are kept."""

    gone: int = 0
    held: int = 0

    def spend(self, pairs: int) -> None:
        """Go through some pairs; the tables on the way to a new one are about four of its size."""
        self.gone += pairs
        if self.gone > MOST_PAIRS or self.held + 4 * pairs > MOST_HELD:
            raise MalformedError("plan.certificate.together: more pairs of states than can be checked")


@dataclass
class Reach:
    """The least regret on the way to each state of two jobs, each by itself, infinite from the slack on.

    Of the other job before each interval, of the first before each column of a month under a piece.
    """

    others: dict[int, Array] = field(default_factory=dict)
    firsts: dict[tuple[int, int, int], Array] = field(default_factory=dict)

    def other(self, split: Split, k: int, times: range, now: Array, slack: float) -> Array:
        """Through some intervals; the regrets after the last."""
        for t in times:
            self.others[t] = now
            now = _onward(now, *split.part_moves(k, t), slack)
        return now

    def first(self, split: Split, leg: tuple[int, int], places: range, now: Array, slack: float) -> Array:
        """Through some places of a month under a piece (``leg``), in any cell; the regrets after the last."""
        runs, first = split.parts[-1].runs, split.legs[leg[0]][leg[1]].first
        for p in places:
            ends = []
            for cell in split.places[leg[0]][p]:
                then = now + split.cell_regret(*leg, p, cell)
                for i in cell:
                    self.firsts[*leg, i] = then
                    to, lost = split.first_moves(*leg, i)
                    lost -= np.where(np.isfinite(lost), first[runs[to], i], 0.0)
                    then = _onward(then, to, lost, slack)
                ends.append(then)
            now = np.min(ends, axis=0)
        return now


def _onward(so_far: Array, to: Whole, lost: Array, slack: float) -> Array:
    """Least regret after some moves of one job, infinite from the slack on."""
    after = so_far[:, None] + lost
    row, move = np.nonzero(after < slack)
    found = np.full(len(so_far), np.inf)
    np.minimum.at(found, to[row, move], after[row, move])
    return found


def _at_start(states: int, begin: int) -> Array:
    found = np.full(states, np.inf)
    found[begin] = 0.0
    return found


@dataclass
class Table:
    """Least regret to come (others + 1 x firsts + 1) of some states of the two jobs; the last row and column are infinite.

    ``row`` and ``column`` tell where a state stands, -1 where it is not here and so infinite.
    """

    others: Whole
    firsts: Whole
    row: Whole
    column: Whole
    least: Array

    @staticmethod
    def of(others: Whole, firsts: Whole, states: tuple[int, int], least: Array) -> "Table":
        """Of some states of jobs that have so many in all; ``least`` is others x firsts."""
        framed = np.full((len(others) + 1, len(firsts) + 1), np.inf)
        framed[:-1, :-1] = least
        row, column = np.full(states[0], -1), np.full(states[1], -1)
        row[others], column[firsts] = np.arange(len(others)), np.arange(len(firsts))
        return Table(others, firsts, row, column, framed)

    def at(self, other: Whole, first: Whole) -> Array:
        """Of pairs of states."""
        found: Array = self.least[self.row[other], self.column[first]]
        return found

    @staticmethod
    def joined(ways: list[tuple["Table", Array]]) -> "Table":
        """The least of several ways on, each after what it loses by the first job's state."""
        one = ways[0][0]
        others = np.unique(np.concatenate([table.others for table, _ in ways]))
        firsts = np.unique(np.concatenate([table.firsts for table, _ in ways]))
        found = np.full((len(others), len(firsts)), np.inf)
        for table, lost in ways:
            rest = table.least[table.row[others]][:, table.column[firsts]] + lost[firsts]
            np.minimum(found, rest, out=found)
        return Table.of(others, firsts, (len(one.row), len(one.column)), found)


class Pairs:
    """The first job with each other one."""

    def __init__(self, split: Split, slack: float) -> None:
        further = range(split.classes, len(split.parts) - 1)
        reach = _reach_of_first(split, slack) if further else Reach()
        effort = Effort()
        self.pairs = [Pair(split, k, reach, slack, effort) for k in further]

    def open(self, m: int, q: int, p: int, states: list[Whole], regret: Array) -> None:
        """Know what is to come after the columns of a place; ``states`` are the parts' of all joint states that come there.

        The places of a month under a piece are opened in their order.
        """
        for pair in self.pairs:
            if p % STRIDE == 0:
                pair.open(m, q, p, (states[pair.k], states[-1]), regret)

    def ahead(self, i: int, states: list[Whole]) -> Array:
        """The most, over pairs, that is to be lost at the least after a column of an open place, from states of all parts."""
        found = np.zeros(len(states[-1]))
        for pair in self.pairs:
            np.maximum(found, pair.after[i].at(states[pair.k], states[-1]), out=found)
        return found


def _reach_of_first(split: Split, slack: float) -> Reach:
    """Of the first job in all columns; what it loses by the last month's end is at ``(months, 0, 0)``."""
    found, first = Reach(), split.parts[-1]
    now = _at_start(len(first.runs), int(first.begin))
    for m, legs in enumerate(split.legs):
        places = range(len(split.places[m]))
        ends = [found.first(split, (m, q), places, now + split.piece_regret(m, q), slack) for q in range(len(legs))]
        now = np.min(ends, axis=0)
    found.firsts[len(split.legs), 0, 0] = now
    return found


class Pair:
    """The first job and another, by its place ``k`` among the parts.

    ``earned[m][q]`` is what columns bring at the best words of all other jobs: other job rests, runs x first job x columns.
    """

    def __init__(self, split: Split, k: int, reach: Reach, slack: float, effort: Effort) -> None:
        self.split, self.k, self.slack, self.effort = split, k, slack, effort
        self.reach = Reach({}, reach.firsts)
        other, last = split.parts[k], len(split.parts) - 1
        self.states = len(other.runs), len(split.parts[-1].runs)
        start, T = _at_start(self.states[0], int(other.begin)), split.bound.problem.T
        self.reach.others[T] = self.reach.other(split, k, range(T), start, slack)
        # words stand by the first job, then the others in their order; the parts go the other way
        before, behind = 2 ** (last - 1 - k), 2 ** (k - split.classes)
        self.earned = [
            [leg.words.reshape(2, before, 2, behind, -1).max(axis=(1, 3)).swapaxes(0, 1) for leg in legs]
            for legs in split.legs
        ]
        self.kept: dict[tuple[int, int, int], Table] = {}
        self.after: dict[int, Table] = {}
        self._back()

    def _back(self) -> None:
        """From the end to the start; every `STRIDE`-th table of a month under a piece is kept, and the one after it."""
        split, months = self.split, len(self.split.legs)
        others = np.isfinite(self.reach.others[split.bound.problem.T]) & np.isfinite(split.potential[self.k][-1])
        firsts = np.isfinite(self.reach.firsts[months, 0, 0]) & np.isfinite(split.month[-1])
        after = Table.of(np.flatnonzero(others), np.flatnonzero(firsts), self.states, np.zeros((1, 1)))
        for m in range(months - 1, -1, -1):
            ways = []
            for q in range(len(split.legs[m])):
                now = self.kept[m, q, len(split.places[m])] = after
                for p in range(len(split.places[m]) - 1, -1, -1):
                    now = self._place(m, q, p, now, self.reach)
                    if p % STRIDE == 0:
                        self.kept[m, q, p] = now
                        self.effort.held += now.least.size
                ways.append((now, split.piece_regret(m, q)))
            after = Table.joined(ways)
            self.effort.held += after.least.size

    def open(self, m: int, q: int, p: int, states: tuple[Whole, Whole], regret: Array) -> None:
        """Make the tables after the columns of the next places, for joint states with such a regret before them."""
        split = self.split
        until = min(p + STRIDE, len(split.places[m]))
        # a joint state's regret so far counts once, with the first job
        other, first = np.full(self.states[0], np.inf), np.full(self.states[1], np.inf)
        other[states[0]] = 0.0
        np.minimum.at(first, states[1], regret)
        columns = [i for place in split.places[m][p:until] for cell in place for i in cell]
        t = split.legs[m][q].t[columns]
        reach = Reach()
        reach.other(split, self.k, range(int(t.min()), int(t.max()) + 1), other, self.slack)
        reach.first(split, (m, q), range(p, until), first, self.slack)
        self.effort.held -= sum(table.least.size for table in self.after.values())
        self.after = {}
        now = self.kept[m, q, until]
        for place in range(until - 1, p - 1, -1):
            now = self._place(m, q, place, now, reach, self.after)

    def _place(
        self, m: int, q: int, p: int, after: Table, reach: Reach, known: dict[int, Table] | None = None
    ) -> Table:
        """The table before a place from that after it; those after its columns into ``known``."""
        ways = []
        for cell in self.split.places[m][p]:
            now = after
            for i in reversed(cell):
                if known is not None:
                    known[i] = now
                    self.effort.held += now.least.size
                now = self._column(m, q, i, now, reach)
            ways.append((now, self.split.cell_regret(m, q, p, cell)))
        # a place of one cell loses nothing by taking it
        return ways[0][0] if len(ways) == 1 else Table.joined(ways)

    def _column(self, m: int, q: int, i: int, after: Table, reach: Reach) -> Table:
        """The table before a column."""
        split, t = self.split, int(self.split.legs[m][q].t[i])
        others_so_far, firsts_so_far = reach.others[t], reach.firsts[m, q, i]
        others_to, others_lost = split.part_moves(self.k, t)
        firsts_to, firsts_lost = split.first_moves(m, q, i)
        # states that are reached, each job by itself, and lead into the table
        leads = np.isfinite(others_lost) & (after.row[others_to] >= 0)
        others = np.flatnonzero(np.isfinite(others_so_far) & leads.any(axis=1))
        leads = np.isfinite(firsts_lost) & (after.column[firsts_to] >= 0)
        firsts = np.flatnonzero(np.isfinite(firsts_so_far) & leads.any(axis=1))
        self.effort.spend(len(others) * len(firsts))
        rest = after.least.copy()
        runs = split.parts[self.k].runs[after.others], split.parts[-1].runs[after.firsts]
        rest[:-1, :-1] -= self.earned[m][q][:, :, i][runs[0]][:, runs[1]]
        # first the moves of the first job, then those of the other: what the interval earns is known by the states after it
        way = rest[:, after.column[firsts_to[firsts, 0]]] + firsts_lost[firsts, 0]
        for to, lost in zip(firsts_to[firsts, 1:].T, firsts_lost[firsts, 1:].T, strict=True):
            np.minimum(way, rest[:, after.column[to]] + lost, out=way)
        found = way[after.row[others_to[others, 0]]] + others_lost[others, :1]
        for to, lost in zip(others_to[others, 1:].T, others_lost[others, 1:].T, strict=True):
            np.minimum(found, way[after.row[to]] + lost[:, None], out=found)
        # without states from which all is lost: what either lost so far by itself and what is to come reach the slack
        total = found + others_so_far[others][:, None]
        total += firsts_so_far[firsts]
        good = total < self.slack
        rows, columns = np.flatnonzero(good.any(axis=1)), np.flatnonzero(good.any(axis=0))
        return Table.of(others[rows], firsts[columns], self.states, found[np.ix_(rows, columns)])
