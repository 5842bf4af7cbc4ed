"""The split bound as joint words see it (section 'Bound', together): what each part, by itself, can still bring at the prices.

A *part* is a class or a job after the first; the *first job* has the intervals, with months, pieces, cells and the best of all other
jobs and counts. What a step loses of the split bound, its regret, is told apart by parts here.
"""

import numpy as np

from checker.bound import Bound
from checker.interval import Shop
from checker.parts import Part, parts_of
from checker.plan import Piece, Prices
from checker.reading import Array, MalformedError, Whole
from checker.words import NEVER

MOST_NUMBER = 2.0**62


def regret_of(before: Array, to: Whole, usd: Array, after: Array) -> Array:
    """What moves lose: most to come before - what the move brings - most to come after, infinite where there is none."""
    with np.errstate(invalid="ignore"):
        lost: Array = before[:, None] - (usd + after[to])
    lost[(to < 0) | ~np.isfinite(lost)] = np.inf
    return lost


class Leg:
    """A month under a piece: what its columns bring at the prices, and what is to come from each state of the first job.

    ``words`` is words of jobs x columns, ``before`` and ``after`` what is to come before and after each column.
    """

    def __init__(self, split: "Split", m: int, piece: Piece, end: Array) -> None:
        bound, shop = split.bound, split.shop
        columns = bound.columns[m]
        t, words = bound.cells.t[columns], len(bound.site.words)
        self.piece, self.end, self.t = piece, end, t
        self.cap = np.where(
            bound.calendar.measured[t], np.minimum(piece.most, bound.problem.limit[t]), bound.problem.limit[t]
        )
        word = np.repeat(np.arange(words), len(columns))
        rows = bound.rows(np.tile(columns, words), word, np.tile(self.cap, words))
        self.words = shop.best(rows)[0].reshape(words, -1)
        self.first = self.words.reshape(min(words, 2), -1, len(columns)).max(axis=1)
        self.before, self.after = np.empty((len(columns), len(end))), [end] * len(columns)
        self.at_place: list[Array] = []
        later = end
        for place in reversed(split.places[m]):
            found = np.full(len(end), NEVER)
            for cell in place:
                now = later
                for i in reversed(cell):
                    self.after[i] = now
                    to, usd = split.parts[-1].moves(int(t[i]))
                    brought = usd + self.first[: to.shape[1], i]
                    self.before[i] = np.where(to >= 0, brought + now[to], NEVER).max(axis=1)
                    now = self.before[i]
                found = np.maximum(found, now + split.gain[columns[cell[0]]])
            self.at_place.insert(0, found)
            later = found
        self.start = later - piece.usd


class Split:
    """The split bound at some prices and pieces."""

    def __init__(self, bound: Bound, prices: Prices, pieces: list[list[Piece]]) -> None:
        problem, cells = bound.problem, bound.cells
        self.bound = bound
        k = bound.number[prices.key()]
        self.shop = bound.shops.setdefault(k, Shop(bound.site, prices))
        self.parts: list[Part] = parts_of(problem, prices.running, prices.wage)
        self.classes = len(problem.machines)
        if np.prod([float(len(part.runs)) for part in self.parts]) > MOST_NUMBER:
            raise MalformedError("plan.certificate.together: more joint states than can be numbered")
        self.potential = [part.potential(problem.T) for part in self.parts[:-1]]
        self.gain = np.where(cells.cut, bound.gain[k][cells.cell], 0.0)
        self.places = [self._places(columns) for columns in bound.columns]
        self.month = [self.parts[-1].end()]
        self.legs: list[list[Leg]] = []
        for m in range(len(pieces) - 1, -1, -1):
            self.legs.insert(0, [Leg(self, m, piece, self.month[0]) for piece in pieces[m]])
            self.month.insert(0, np.max([leg.start for leg in self.legs[0]], axis=0))
        self.usd = bound.constant + float(bound.gain[k][cells.single].sum())
        self.usd += sum(float(v[0][part.begin]) for v, part in zip(self.potential, self.parts[:-1], strict=True))
        self.usd += float(self.month[0][self.parts[-1].begin])

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
        """A class' or further job's moves in interval t: states after, -1 where none, and what they lose; states x moves."""
        to, usd = self.parts[k].moves(t)
        return to, regret_of(self.potential[k][t], to, usd, self.potential[k][t + 1])

    def first_moves(self, m: int, q: int, i: int) -> tuple[Whole, Array]:
        """The first job's moves in a column; what they lose, before what the interval earns is taken off."""
        leg = self.legs[m][q]
        to, usd = self.parts[-1].moves(int(leg.t[i]))
        return to, regret_of(leg.before[i], to, usd, leg.after[i])

    def piece_regret(self, m: int, q: int) -> Array:
        """What a month loses by taking a piece, from each state of the first job."""
        return _less(self.month[m], self.legs[m][q].start)

    def cell_regret(self, m: int, q: int, p: int, cell: list[int]) -> Array:
        """What a place loses by taking a cell, from each state of the first job."""
        leg = self.legs[m][q]
        return _less(leg.at_place[p], leg.before[cell[0]] + self.gain[self.bound.columns[m][cell[0]]])


def _less(best: Array, taken: Array) -> Array:
    with np.errstate(invalid="ignore"):
        lost: Array = best - taken
    lost[~np.isfinite(lost)] = np.inf
    return lost
