"""What a pair of jobs must still lose (section 'Bound', together): the first job and one other, all else at the prices.

From each pair of states, before each column, the least regret still to come is found backwards, as a table over all states of the
two jobs that each, by itself, can reach within the slack. It is a lower bound of what joint words of all parts have still to lose
from there: whatever the blocks and further jobs do loses no less than nothing at the prices. Tables are kept every few places and
the ones between are made again when they are asked for.
"""

from dataclasses import dataclass

import numpy as np

from checker.reading import Array, MalformedError, Whole
from checker.split import Split

MOST_PAIRS = 2_000_000_000
"""Pairs of states gone through."""
STRIDE = 12
"""Places from one kept table to the next."""

Columns = dict[tuple[int, int, int], Array]


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
    def of(others: Whole, firsts: Whole, like: "Table", least: Array) -> "Table":
        """Of some states; ``like`` tells how many there are of each job."""
        return Table(others, firsts, _where(others, len(like.row)), _where(firsts, len(like.column)), least)

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
        found = np.full((len(others) + 1, len(firsts) + 1), np.inf)
        for table, lost in ways:
            rest = table.least[table.row[others]][:, table.column[firsts]] + lost[firsts]
            np.minimum(found[:-1, :-1], rest, out=found[:-1, :-1])
        return Table.of(others, firsts, one, found)


def _where(states: Whole, size: int) -> Whole:
    at = np.full(size, -1)
    at[states] = np.arange(len(states))
    return at


def _onward(so_far: Array, to: Whole, lost: Array, slack: float) -> Array:
    """Least regret after some moves of one job, infinite from the slack on."""
    after = so_far[:, None] + lost
    row, move = np.nonzero(after < slack)
    found = np.full(len(so_far), np.inf)
    np.minimum.at(found, to[row, move], after[row, move])
    return found


def least_of_other(split: Split, k: int, slack: float) -> list[Array]:
    """The least regret on the way to each state of a part by itself before each interval, T + 1 of them."""
    now = np.full(len(split.parts[k].runs), np.inf)
    now[split.parts[k].begin] = 0.0
    found = [now]
    for t in range(split.bound.problem.T):
        found.append(_onward(found[-1], *split.part_moves(k, t), slack))
    return found


def least_of_first(split: Split, slack: float) -> Columns:
    """The same of the first job before each column of a month under a piece; the last month's end is at ``(months, 0, 0)``."""
    now = np.full(len(split.parts[-1].runs), np.inf)
    now[split.parts[-1].begin] = 0.0
    found: Columns = {}
    for m, legs in enumerate(split.legs):
        ends = []
        for q, leg in enumerate(legs):
            here = now + split.piece_regret(m, q)
            for p, place in enumerate(split.places[m]):
                cells = []
                for cell in place:
                    then = here + split.cell_regret(m, q, p, cell)
                    for i in cell:
                        found[m, q, i] = then
                        to, lost = split.first_moves(m, q, i)
                        gains = leg.first[split.parts[-1].runs[to], i]
                        then = _onward(then, to, lost - np.where(np.isfinite(lost), gains, 0.0), slack)
                    cells.append(then)
                here = np.min(cells, axis=0)
            ends.append(here)
        now = np.min(ends, axis=0)
    found[len(split.legs), 0, 0] = now
    return found


class Pair:
    """The first job and another, by its place ``k`` among the parts."""

    def __init__(self, split: Split, k: int, firsts: Columns, slack: float) -> None:
        self.split, self.k, self.slack, self.firsts = split, k, slack, firsts
        self.others = least_of_other(split, k, slack)
        self.gone = 0
        jobs = len(split.parts) - split.classes
        before, behind = 2 ** (len(split.parts) - 2 - k), 2 ** (jobs - len(split.parts) + k)
        # words stand by the first job, then the jobs after it in their order; parts go the other way
        self.earned = [
            [leg.words.reshape(2, before, 2, behind, -1).max(axis=(1, 3)).swapaxes(0, 1) for leg in legs]
            for legs in split.legs
        ]
        self.kept: dict[tuple[int, int, int], Table] = {}
        self.after: dict[int, Table] = {}
        self._back()

    def _back(self) -> None:
        split = self.split
        months = len(split.legs)
        ends = [split.potential[self.k][-1], split.month[-1]]
        others = np.flatnonzero(np.isfinite(self.others[-1]) & np.isfinite(ends[0]))
        firsts = np.flatnonzero(np.isfinite(self.firsts[months, 0, 0]) & np.isfinite(ends[1]))
        least = np.full((len(others) + 1, len(firsts) + 1), np.inf)
        least[:-1, :-1] = 0.0
        rows, columns = _where(others, len(ends[0])), _where(firsts, len(ends[1]))
        after = Table(others, firsts, rows, columns, least)
        for m in range(months - 1, -1, -1):
            ways = []
            for q in range(len(split.legs[m])):
                now = self.kept[m, q, len(split.places[m])] = after
                for p in range(len(split.places[m]) - 1, -1, -1):
                    now = self._place(m, q, p, now)
                    if p % STRIDE == 0:
                        self.kept[m, q, p] = now
                ways.append((now, split.piece_regret(m, q)))
            after = Table.joined(ways)

    def open(self, m: int, q: int, p: int) -> None:
        """Know what is to come after the columns of a place: ``after``. Places of a month are opened in their order."""
        if p % STRIDE:
            return
        until = min(p + STRIDE, len(self.split.places[m]))
        now, self.after = self.kept[m, q, until], {}
        for place in range(until - 1, p - 1, -1):
            now = self._place(m, q, place, now, self.after)

    def _place(self, m: int, q: int, p: int, after: Table, known: dict[int, Table] | None = None) -> Table:
        """The table before a place from that after it; those after its columns into ``known``."""
        ways = []
        for cell in self.split.places[m][p]:
            now = after
            for i in reversed(cell):
                if known is not None:
                    known[i] = now
                now = self._column(m, q, i, now)
            ways.append((now, self.split.cell_regret(m, q, p, cell)))
        return ways[0][0] if len(ways) == 1 else Table.joined(ways)

    def _column(self, m: int, q: int, i: int, after: Table) -> Table:
        """The table before a column."""
        split, t = self.split, int(self.split.legs[m][q].t[i])
        others_to, others_lost = split.part_moves(self.k, t)
        firsts_to, firsts_lost = split.first_moves(m, q, i)
        # states that come from the start, each job by itself, and lead into the table
        leads = np.isfinite(others_lost) & (after.row[others_to] >= 0)
        others = np.flatnonzero(np.isfinite(self.others[t]) & leads.any(axis=1))
        leads = np.isfinite(firsts_lost) & (after.column[firsts_to] >= 0)
        firsts = np.flatnonzero(np.isfinite(self.firsts[m, q, i]) & leads.any(axis=1))
        self.gone += len(others) * len(firsts)
        if self.gone > MOST_PAIRS:
            raise MalformedError("plan.certificate.together: more pairs of states than can be checked")
        earned = self.earned[m][q][:, :, i]
        rest = after.least.copy()
        runs = split.parts[self.k].runs[after.others], split.parts[-1].runs[after.firsts]
        rest[:-1, :-1] -= earned[runs[0]][:, runs[1]]
        # first the moves of the first job, then those of the other: what the interval earns is known by the states after it
        way = rest[:, after.column[firsts_to[firsts, 0]]] + firsts_lost[firsts, 0]
        for to, lost in zip(firsts_to[firsts, 1:].T, firsts_lost[firsts, 1:].T, strict=True):
            np.minimum(way, rest[:, after.column[to]] + lost, out=way)
        found = way[after.row[others_to[others, 0]]] + others_lost[others, :1]
        for to, lost in zip(others_to[others, 1:].T, others_lost[others, 1:].T, strict=True):
            np.minimum(found, way[after.row[to]] + lost[:, None], out=found)
        return self._kept(t, others, firsts, self.firsts[m, q, i], found, after)

    def _kept(self, t: int, others: Whole, firsts: Whole, so_far: Array, found: Array, like: Table) -> Table:
        """Without the states from which all is lost: own regret so far of either and the regret to come reach the slack."""
        total = found + self.others[t][others][:, None]
        total += so_far[firsts]
        good = total < self.slack
        rows, columns = np.flatnonzero(good.any(axis=1)), np.flatnonzero(good.any(axis=0))
        least = np.full((len(rows) + 1, len(columns) + 1), np.inf)
        least[:-1, :-1] = found[np.ix_(rows, columns)]
        return Table.of(others[rows], firsts[columns], like, least)
