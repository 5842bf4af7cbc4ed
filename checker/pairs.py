"""What a pair of jobs must still lose (section 'Bound', together): the first job and one other, all else at the prices.

From each pair of states, before each column, the least regret still to come is found backwards, as a table over all states of the
two jobs that each, by itself, can reach within the slack. It is a lower bound of what joint words of all parts have still to lose
from there: at the prices, what the blocks and further jobs do loses nothing or more. Only the tables of one month under one piece
are in memory, every few places; those between are made again when the joint words come there, only for the states that they reach.
"""

from dataclasses import dataclass

import numpy as np

from checker.reading import Array, MalformedError, Whole
from checker.split import Leg, Split

MOST_PAIRS = 8_000_000_000
"""Pairs of states gone through, of all jobs and pieces."""
EACH = 10_000
"""A column takes as long as so many pairs before it has any."""
MOST_HELD = 60_000_000
"""Pairs of states in memory at a time; one takes 8 bytes."""
STRIDE = 12
"""Places from one kept table to the next."""

Moves = tuple[Whole, Array]


@dataclass
class Effort:
    """Pairs of states gone through, and those that are kept."""

    gone: int = 0
    held: int = 0

    def spend(self, pairs: int) -> None:
        """Go through some pairs; the tables on the way to a new one are about four of its size."""
        self.gone += EACH + pairs
        if self.gone > MOST_PAIRS or self.held + 4 * pairs > MOST_HELD:
            raise MalformedError("plan.certificate.together: more pairs of states than can be checked")


@dataclass
class Reach:
    """States of a job that it reaches, by itself, within the slack, and their least regrets; the last is none, which loses nothing."""

    state: Whole
    regret: Array

    @staticmethod
    def of(states: int, state: Whole, regret: Array) -> "Reach":
        """The least of the regrets of each state, of so many and none."""
        found = np.full(states, np.inf)
        np.minimum.at(found, state, regret)
        found[-1] = 0.0
        state = np.flatnonzero(found < np.inf)
        return Reach(state, found[state])

    @staticmethod
    def joined(states: int, ways: list["Reach"]) -> "Reach":
        """The least on several ways."""
        if len(ways) == 1:
            return ways[0]
        return Reach.of(states, np.concatenate([w.state for w in ways]), np.concatenate([w.regret for w in ways]))

    def after(self, lost: Array) -> "Reach":
        """After a choice that loses something by state."""
        return Reach(self.state, self.regret + lost[self.state])

    def onward(self, to: Whole, lost: Array, slack: float) -> "Reach":
        """After some moves."""
        found = np.full(to.shape[1], np.inf)
        after = lost.take(self.state, axis=1)
        after += self.regret
        np.minimum.at(found, to.take(self.state, axis=1).ravel(), after.ravel())
        state = np.flatnonzero(found < slack)
        return Reach(state, found[state])


@dataclass
class Table:
    """Least regret to come from pairs of states; the last row and the last column are infinite.

    ``row`` and ``column`` tell where a state stands: in the last one where it is not here, and so none. States of the other job that
    rest stand before those that run.
    """

    others: Whole
    firsts: Whole
    row: Whole
    column: Whole
    least: Array

    @staticmethod
    def of(others: Whole, firsts: Whole, states: tuple[int, int], least: Array) -> "Table":
        """Of some states of jobs that have so many in all, in the order of ``least``."""
        n, m = len(others), len(firsts)
        row, column = _places(states[0], others, np.arange(n), n), _places(states[1], firsts, np.arange(m), m)
        return Table(others, firsts, row, column, least)

    @staticmethod
    def flat(others: Whole, firsts: Whole, states: tuple[int, int], usd: float) -> "Table":
        """The same of all pairs of some states."""
        least = np.full((len(others) + 1, len(firsts) + 1), np.inf)
        least[:-1, :-1] = usd
        return Table.of(others, firsts, states, least)

    def at(self, other: Whole, first: Whole) -> Array:
        """Of pairs of states."""
        found: Array = self.least[self.row[other], self.column[first]]
        return found

    def close(self) -> "Table":
        """Without the columns that no state has."""
        if self.least.shape[1] == len(self.firsts) + 1:
            return self
        least = self.least.take(np.append(self.column[self.firsts], self.column[-1]), axis=1)
        return Table.of(self.others, self.firsts, (len(self.row), len(self.column)), least)

    @staticmethod
    def joined(ways: list[tuple["Table", Array]], runs: Whole) -> "Table":
        """The least of several ways on, each after what it loses by the first job's state; ``runs`` tells of the others."""
        rows, columns = np.zeros(len(ways[0][0].row), dtype=np.bool_), np.zeros(len(ways[0][0].column), dtype=np.bool_)
        for table, _ in ways:
            rows[table.others], columns[table.firsts] = True, True
        others, firsts = np.flatnonzero(rows), np.flatnonzero(columns)
        others = others[np.argsort(runs[others], kind="stable")]
        found = Table.flat(others, firsts, (len(rows), len(columns)), np.inf)
        for table, lost in ways:
            rest = table.least.take(table.row[others], axis=0).take(table.column[firsts], axis=1)
            rest += lost[firsts]
            np.minimum(found.least[:-1, :-1], rest, out=found.least[:-1, :-1])
        return found


def _places(states: int, here: Whole, at: Whole, last: int) -> Whole:
    """Where states stand, none among them; ``last`` is the place of those that are not here."""
    found = np.full(states, last)
    found[here] = at
    return found


class Pairs:
    """The first job with each other one, in one month under one piece at a time."""

    def __init__(self, split: Split) -> None:
        self.split, self.effort = split, Effort()
        self.pairs = [Pair(split, k, self.effort) for k in range(split.classes, len(split.parts) - 1)]
        if self.pairs:
            self._months()

    def _months(self) -> None:
        """The tables at the ends of the months, the last first."""
        split, legs = self.split, self.split.legs
        first = split.parts[-1]
        starts = [Reach.of(len(first.runs) + 1, np.array([int(first.begin)]), np.zeros(1))]
        for m in range(len(legs) - 1):
            ends = [self._through(leg, starts[m].after(split.piece_regret(leg)))[0] for leg in legs[m]]
            starts.append(Reach.joined(len(split.nothing), ends))
        for m in range(len(legs) - 1, 0, -1):
            ways: list[list[tuple[Table, Array]]] = [[] for _ in self.pairs]
            for leg in legs[m]:
                lost = split.piece_regret(leg)
                reach = self._through(leg, starts[m].after(lost))[1]
                for pair, way in zip(self.pairs, ways, strict=True):
                    way.append((pair.back(leg, reach, keep=False), lost))
            for pair, way in zip(self.pairs, ways, strict=True):
                pair.at_end[m - 1] = Table.joined(way, pair.runs[0])

    def _through(self, leg: Leg, now: Reach, places: range | None = None) -> tuple[Reach, dict[int, Reach]]:
        """The first job after some places of a leg, in any cell, and what it reaches before their columns."""
        split, found = self.split, dict[int, Reach]()
        for p in places or range(len(split.places[leg.m])):
            ends = []
            for cell in split.places[leg.m][p]:
                then = now.after(split.cell_regret(leg, p, cell))
                for i in cell:
                    found[i] = then
                    then = then.onward(*split.first_moves(leg, i), split.slack)
                ends.append(then)
            now = Reach.joined(len(split.nothing), ends)
        return now, found

    def enter(self, leg: Leg, states: list[Whole], regret: Array) -> Array:
        """Begin a month under a piece; what is to be lost at the least by joint states that come there with such a regret."""
        found = np.zeros(len(regret))
        if self.pairs:
            reach = self._through(leg, Reach.of(len(self.split.nothing), states[-1], regret))[1]
            for pair in self.pairs:
                np.maximum(found, pair.back(leg, reach, keep=True).at(states[pair.k], states[-1]), out=found)
        return found

    def open(self, leg: Leg, p: int, states: list[Whole], regret: Array) -> None:
        """Know what is to come after the columns of a place; ``states`` are the parts' of all joint states that come there.

        The places of a month under a piece are opened in their order.
        """
        if self.pairs and p % STRIDE == 0:
            # a joint state's regret so far counts once, with the first job
            places = range(p, min(p + STRIDE, len(self.split.places[leg.m])))
            reach = self._through(leg, Reach.of(len(self.split.nothing), states[-1], regret), places)[1]
            for pair in self.pairs:
                pair.open(leg, places, states[pair.k], reach)

    def ahead(self, i: int, states: list[Whole]) -> Array:
        """The most, over pairs, that is to be lost at the least after a column of an open place, from states of all parts."""
        found = np.zeros(len(states[-1]))
        for pair in self.pairs:
            np.maximum(found, pair.after[i].at(states[pair.k], states[-1]), out=found)
        return found


class Pair:
    """The first job and another, by its place ``k`` among the parts."""

    def __init__(self, split: Split, k: int, effort: Effort) -> None:
        self.split, self.k, self.effort = split, k, effort
        other, first, T = split.parts[k], split.parts[-1], split.bound.problem.T
        self.reach: dict[int, Reach] = {}
        self.runs = np.append(other.runs, 2), np.append(first.runs, 0)
        start = Reach.of(len(self.runs[0]), np.array([int(other.begin)]), np.zeros(1))
        ends = self._through(range(T), start, self.reach)
        others, firsts = ends[np.isfinite(split.potential[k][T][ends])], np.flatnonzero(np.isfinite(split.month[-1]))
        end = Table.flat(others, firsts, (len(self.runs[0]), len(self.runs[1])), 0.0)
        self.at_end = {len(split.legs) - 1: end}
        self.kept: dict[int, Table] = {}
        self.after: dict[int, Table] = {}
        self.held = 0

    def _hold(self) -> None:
        """Count what is in memory."""
        held = sum(table.least.size for table in (*self.kept.values(), *self.after.values()))
        self.effort.held += held - self.held
        self.held = held

    def _through(self, times: range, now: Reach, found: dict[int, Reach]) -> Whole:
        """What the other job reaches before some intervals, into ``found``, and after them; those that rest first, none last."""
        for t in times:
            order = np.argsort(self.runs[0][now.state], kind="stable")
            now = found[t] = Reach(now.state[order], now.regret[order])
            now = now.onward(*self.split.part_moves(self.k, t), self.split.slack)
        return now.state[np.argsort(self.runs[0][now.state], kind="stable")]

    def _gap(self, leg: Leg) -> Array:
        """How much less columns bring, at the best words of all other jobs: other job rests, runs x first job x columns."""
        # words stand by the first job, then the others in their order; the parts go the other way
        before, behind = 2 ** (len(self.split.parts) - 2 - self.k), 2 ** (self.k - self.split.classes)
        by_word = leg.gap.reshape(2, before, 2, behind, -1)
        found: Array = by_word.min(axis=(1, 3)).swapaxes(0, 1)
        return found

    def back(self, leg: Leg, firsts: dict[int, Reach], *, keep: bool) -> Table:
        """The table at the start of a month under a piece; every `STRIDE`-th table may be kept for its places to be opened."""
        now, gap, last = self.at_end[leg.m], self._gap(leg), len(self.split.places[leg.m])
        self.kept, self.after = {last: now}, {}
        self._hold()
        for p in range(last - 1, -1, -1):
            now = self._place(leg, p, now, gap, (self.reach, firsts))
            if not len(now.others) * len(now.firsts):
                break
            if keep and p % STRIDE == 0:
                self.kept[p] = now = now.close()
                self._hold()
        return now.close()

    def open(self, leg: Leg, places: range, states: Whole, firsts: dict[int, Reach]) -> None:
        """Make the tables after the columns of some places, for states of the other job and what the first then reaches."""
        split, gap = self.split, self._gap(leg)
        columns = [i for p in places for cell in split.places[leg.m][p] for i in cell]
        t = leg.t[columns]
        others = dict[int, Reach]()
        start = Reach.of(len(self.runs[0]), states, np.zeros(len(states)))
        self._through(range(int(t.min()), int(t.max()) + 1), start, others)
        self.after = {}
        now = self.kept[places[-1] + 1]
        for p in reversed(places):
            now = self._place(leg, p, now, gap, (others, firsts), self.after)
            self._hold()

    def _place(
        self,
        leg: Leg,
        p: int,
        after: Table,
        gap: Array,
        reach: tuple[dict[int, Reach], dict[int, Reach]],
        known: dict[int, Table] | None = None,
    ) -> Table:
        """The table before a place of a leg from that after it; those after its columns into ``known``."""
        split, ways = self.split, []
        for cell in split.places[leg.m][p]:
            now = after
            for i in reversed(cell):
                if known is not None:
                    known[i] = now
                t = int(leg.t[i])
                moves = split.part_moves(self.k, t), split.first_moves(leg, i)
                now = self._column(moves, now, gap[:, :, i], (reach[0][t], reach[1][i]))
            ways.append((now, split.cell_regret(leg, p, cell)))
        # a place of one cell loses nothing by taking it
        return ways[0][0] if len(ways) == 1 else Table.joined(ways, self.runs[0])

    def _column(self, moves: tuple[Moves, Moves], after: Table, gap: Array, reach: tuple[Reach, Reach]) -> Table:
        """The table before a column."""
        others, rows, _, others_lost = _leading(reach[0], after.row, *moves[0])
        firsts, columns, to, firsts_lost = _leading(reach[1], after.column, *moves[1])
        self.effort.spend(len(others.state) * len(firsts.state))
        resting = len(after.others) - int(self.runs[0][after.others].sum())
        # first the moves of the first job, then those of the other: what the interval earns is known by the states after it
        ways = []
        for at, state, lost in zip(columns, to, firsts_lost, strict=True):
            way = after.least.take(at, axis=1, mode="clip")
            short = gap.take(self.runs[1][state], axis=1)
            short += lost
            way[:resting] += short[0]
            way[resting:] += short[1]
            ways.append(way)
        way = _least(ways)
        ways = []
        for at, lost in zip(rows, others_lost, strict=True):
            found = way.take(at, axis=0, mode="clip")
            found += lost[:, None]
            ways.append(found)
        found = _least(ways)
        # without states from which all is lost: what either lost so far by itself and what is to come reach the slack
        total = found + others.regret[:, None]
        total += firsts.regret
        row = np.flatnonzero(total.min(axis=1) < self.split.slack)
        column = np.flatnonzero(total.min(axis=0) < self.split.slack)
        frame = found.shape[0] - 1, found.shape[1] - 1
        if len(row) < frame[0]:
            found = found.take(np.append(row, frame[0]), axis=0)
        other, first = others.state[row], firsts.state[column]
        place = _places(len(self.runs[0]), other, np.arange(len(row)), len(row))
        return Table(other, first, place, _places(len(self.runs[1]), first, column, frame[1]), found)


def _least(ways: list[Array]) -> Array:
    for way in ways[1:]:
        np.minimum(ways[0], way, out=ways[0])
    return ways[0]


def _leading(reach: Reach, place: Whole, to: Whole, lost: Array) -> tuple[Reach, Whole, Whole, Array]:
    """What is reached and leads into a table; where its moves lead, the states there and what they lose: moves x states.

    None, the last, comes along: the frame of the table before leads to that of the table after.
    """
    after = to.take(reach.state, axis=1)
    at = place.take(after, mode="wrap")
    leads = at.min(axis=0) < place[-1]
    leads[-1] = True
    kept = np.flatnonzero(leads)
    state = reach.state[kept]
    found = Reach(state, reach.regret[kept])
    return found, at.take(kept, axis=1), after.take(kept, axis=1), lost.take(state, axis=1)
