"""The split bound as joint words see it (section 'Bound', together): what each part, by itself, can still bring at the prices.

A *part* is a class or a job after the first; the *first job* has the intervals, with months, pieces, cells and the best of all other
jobs and counts. What a step loses of the split bound, its regret, is told apart by parts here.
"""

from functools import cached_property

import numpy as np

from checker.bound import Bound
from checker.interval import Shop
from checker.parts import Part, parts_of
from checker.plan import Piece, Prices
from checker.reading import Array, MalformedError, Whole
from checker.words import NEVER

MOST_NUMBER = 2.0**62
MOST_KEPT = 20_000_000
"""Moves of parts in memory; one takes 8 bytes."""


def regret_of(before: Array, brought: Array) -> Array:
    """What moves lose: most to come before - what the move and all after it bring, infinite where there is none.

    None itself, the last state, stays none and loses nothing.
    """
    with np.errstate(invalid="ignore"):
        lost: Array = before - brought
    lost[~(lost < np.inf)] = np.inf
    lost[..., -1] = 0.0
    return lost


class Leg:
    """A month under a piece: what its columns bring at the prices, and what is to come at its start.

    ``first`` is what columns bring while the first job rests or runs, ``gap`` how much less each word of jobs brings: words x columns.
    """

    def __init__(self, split: "Split", m: int, piece: Piece, end: Array) -> None:
        bound = split.bound
        columns = bound.columns[m]
        self.m, self.piece, self.end = m, piece, end
        self.t = bound.cells.t[columns]
        limit = bound.problem.limit[self.t]
        self.cap = np.where(bound.calendar.measured[self.t], np.minimum(piece.most, limit), limit)
        words = self.words = bound.under(split.number, m, np.array([piece.most]))[0]
        by_first = words.reshape(min(len(words), 2), -1, len(columns))
        self.first = by_first.max(axis=1)
        with np.errstate(invalid="ignore"):
            self.gap = (self.first[:, None] - by_first).reshape(words.shape)
        self.gap[~(self.gap < np.inf)] = np.inf
        self.start = Course(split, self).at_place[0] - piece.usd


class Course:
    """What is to come from each state of the first job before each column and each place of a leg, and what its moves lose."""

    def __init__(self, split: "Split", leg: Leg) -> None:
        gain, first, columns = split.gain[split.bound.columns[leg.m]], split.parts[-1], len(leg.t)
        self.leg, self.at_place = leg, list[Array]()
        self.before = np.empty((columns, len(leg.end)))
        self.to: list[Whole] = [np.zeros(0, dtype=np.int64)] * columns
        self.brought = [np.zeros(0)] * columns
        later = leg.end
        for place in reversed(split.places[leg.m]):
            found = []
            for cell in place:
                now = later
                for i in reversed(cell):
                    to, usd = first.moves(int(leg.t[i]))
                    brought = self.brought[i] = now.take(to, mode="wrap")
                    brought += usd
                    brought += leg.first[: len(to), i, None]
                    self.to[i], now = to, self.before[i]
                    brought.max(axis=0, out=now)
                found.append(now + gain[cell[0]])
            later = np.maximum.reduce(found)
            self.at_place.append(later)
        self.at_place.reverse()

    @cached_property
    def lost(self) -> Array:
        """Of all columns: columns x moves x states."""
        return regret_of(self.before[:, None], np.array(self.brought))


class Split:
    """The split bound at some prices and pieces; ``slack`` is how much above the plan's value it is, or what is known to be lost."""

    def __init__(self, bound: Bound, prices: Prices, pieces: list[list[Piece]], value_usd: float) -> None:
        problem, cells = bound.problem, bound.cells
        self.bound = bound
        k = self.number = bound.number[prices.key()]
        self.shop = bound.shops.setdefault(k, Shop(bound.site, prices))
        self.parts: list[Part] = parts_of(problem, prices.running, prices.wage)
        self.classes = len(problem.machines)
        if np.prod([float(len(part.runs)) for part in self.parts]) > MOST_NUMBER:
            raise MalformedError("plan.certificate.together: more joint states than can be numbered")
        self.potential = [part.potential(problem.T) for part in self.parts[:-1]]
        self.kept: dict[tuple[int, int], tuple[Whole, Array]] = {}
        self.held = 0
        self.gain = np.where(cells.cut, bound.gain[k][cells.cell], 0.0)
        self.places = [self._places(columns) for columns in bound.columns]
        self.month = [np.append(self.parts[-1].end(), NEVER)]
        self.nothing = np.zeros(len(self.month[0]))
        self.legs: list[list[Leg]] = []
        for m in range(len(pieces) - 1, -1, -1):
            self.legs.insert(0, [Leg(self, m, piece, self.month[0]) for piece in pieces[m]])
            self.month.insert(0, np.max([leg.start for leg in self.legs[0]], axis=0))
        self.open: Course | None = None
        self.usd = bound.constant + float(bound.gain[k][cells.single].sum())
        self.usd += sum(float(v[0][part.begin]) for v, part in zip(self.potential, self.parts[:-1], strict=True))
        self.usd += float(self.month[0][self.parts[-1].begin])
        self.slack = self.usd - value_usd

    def _places(self, columns: Whole) -> list[list[list[int]]]:
        """The columns of a month by interval, or by hour and cell where an hour is cut."""
        found: list[list[list[int]]] = []
        cells = self.bound.cells
        for i, column in enumerate(columns.tolist()):
            if i == 0 or cells.place[column] != cells.place[columns[i - 1]]:
                found.append([])
            if cells.opens[column]:
                found[-1].append([])
            found[-1][-1].append(i)
        return found

    def part_moves(self, k: int, t: int) -> tuple[Whole, Array]:
        """A class' or further job's moves in interval t: states after, -1 where none, and what they lose; moves x states."""
        if (k, t) not in self.kept:
            to, usd = self.parts[k].moves(t)
            lost = regret_of(self.potential[k][t], usd + self.potential[k][t + 1][to])
            self.held += lost.size
            if self.held > MOST_KEPT:
                self.kept, self.held = {}, lost.size
            self.kept[k, t] = to, lost
        return self.kept[k, t]

    def envelope(self, legs: list[Leg]) -> Leg:
        """A month under a piece that brings no less than any of some: of their most import, for the least that they cost."""
        if len(legs) == 1:
            return legs[0]
        pieces = [leg.piece for leg in legs]
        least, most, usd = min(p.least for p in pieces), max(p.most for p in pieces), min(p.usd for p in pieces)
        return Leg(self, legs[0].m, Piece(least, most, usd), legs[0].end)

    def _course(self, leg: Leg) -> Course:
        """One is open at a time, for it takes much memory."""
        if self.open is None or self.open.leg is not leg:
            self.open = Course(self, leg)
        return self.open

    def first_moves(self, leg: Leg, i: int) -> tuple[Whole, Array]:
        """The first job's moves in a column; what they lose while the interval earns the most that it can."""
        course = self._course(leg)
        return course.to[i], course.lost[i]

    def piece_regret(self, leg: Leg) -> Array:
        """What a month loses by taking a piece, from each state of the first job; below 0 where it is none of the certificate's."""
        return _less(self.month[leg.m], leg.start)

    def cell_regret(self, leg: Leg, p: int, cell: list[int]) -> Array:
        """What a place loses by taking a cell, from each state of the first job."""
        if len(self.places[leg.m][p]) == 1:
            return self.nothing
        course = self._course(leg)
        return _less(course.at_place[p], course.before[cell[0]] + self.gain[self.bound.columns[leg.m][cell[0]]])


def _less(best: Array, taken: Array) -> Array:
    with np.errstate(invalid="ignore"):
        lost: Array = best - taken
    lost[~np.isfinite(lost)] = np.inf
    lost[-1] = 0.0
    return lost
