"""The bound of all blocks and jobs together (section 'Bound'): joint words by labels of least regret.

At the certificate's prices every part has a best word and the first job with the intervals has one; together they are the split
bound. What a joint word misses of it, its regret, adds up interval by interval and never falls. Of the words that lead to one joint
state the one of least regret is kept, and none whose regret leaves less than the plan's value. To keep them few, the jobs' joint
words are gone through first, with the blocks at their prices: they say what is still to be lost from a state of the jobs on.
"""

from dataclasses import dataclass

import numpy as np

from checker.bound import Bound
from checker.interval import Shop
from checker.parts import Part, parts_of
from checker.plan import Piece, Prices
from checker.reading import Array, MalformedError, Whole
from checker.words import NEVER

MOST_LABELS = 20_000_000
MOST_NUMBER = 2.0**62

Place = tuple[int, int, int]


@dataclass
class Labels:
    """Joint states, rising, and their least regrets."""

    state: Whole
    regret: Array

    @staticmethod
    def best(state: Whole, regret: Array) -> "Labels":
        """The least regret of each state."""
        order = np.lexsort((regret, state))
        order = order[np.append(True, np.diff(state[order]) != 0)[: len(order)]]
        return Labels(state[order], regret[order])

    def of(self, state: Whole) -> Array:
        """Regrets of some states, infinite where they are not here."""
        if not len(self.state):
            return np.full(len(state), np.inf)
        at = np.minimum(np.searchsorted(self.state, state), len(self.state) - 1)
        return np.where(self.state[at] == state, self.regret[at], np.inf)


class Leg:
    """A month under a piece: what its columns bring at the prices, and what is to come from each state of the first job."""

    def __init__(self, whole: "Together", m: int, piece: Piece, end: Array) -> None:
        bound, shop = whole.bound, whole.shop
        columns = bound.columns[m]
        t, words = bound.cells.t[columns], len(bound.site.words)
        self.piece, self.end = piece, end
        self.cap = np.where(
            bound.calendar.measured[t], np.minimum(piece.most, bound.problem.limit[t]), bound.problem.limit[t]
        )
        word = np.repeat(np.arange(words), len(columns))
        rows = bound.rows(np.tile(columns, words), word, np.tile(self.cap, words))
        self.words = shop.best(rows)[0].reshape(words, -1)
        first = self.words.reshape(min(words, 2), -1, len(columns)).max(axis=1)
        self.before = np.empty((len(columns), len(end)))
        self.at_place: dict[int, Array] = {}
        later = end
        for place in reversed(whole.places[m]):
            found = np.full(len(end), NEVER)
            for cell in place:
                now = later
                for i in reversed(cell):
                    to, usd = whole.parts[-1].moves(int(t[i]))
                    brought = usd + first[: to.shape[1], i]
                    now = np.where(to >= 0, brought + now[to], NEVER).max(axis=1)
                    self.before[i] = now
                found = np.maximum(found, now + whole.gain[columns[cell[0]]])
            self.at_place[place[0][0]] = later = found


class Together:
    """B at some prices and pieces, all blocks and jobs together, as far as it lies above the plan's value."""

    def __init__(self, bound: Bound, prices: Prices, pieces: list[list[Piece]], value_usd: float) -> None:
        problem, cells = bound.problem, bound.cells
        self.bound, self.pieces, self.value_usd = bound, pieces, value_usd
        k = bound.number[prices.key()]
        self.shop = bound.shops.setdefault(k, Shop(bound.site, prices))
        self.parts: list[Part] = parts_of(problem, prices.running, prices.wage)
        if np.prod([float(len(part.runs)) for part in self.parts]) > MOST_NUMBER:
            raise MalformedError("plan.certificate.together: more joint states than can be numbered")
        self.potential = [part.potential(problem.T) for part in self.parts[:-1]]
        self.gain = np.where(cells.cut, bound.gain[k][cells.cell], 0.0)
        self.places = [self._places(columns) for columns in bound.columns]
        self.month = [self.parts[-1].end()]
        self.legs: dict[tuple[int, int], Leg] = {}
        for m in range(len(pieces) - 1, -1, -1):
            legs = [Leg(self, m, piece, self.month[0]) for piece in pieces[m]]
            self.legs |= {(m, q): leg for q, leg in enumerate(legs)}
            starts = [leg.at_place[self.places[m][0][0][0]] if self.places[m] else leg.end for leg in legs]
            self.month.insert(0, np.max([one - leg.piece.usd for one, leg in zip(starts, legs, strict=True)], axis=0))
        self.split_usd = bound.constant + float(bound.gain[k][cells.single].sum())
        self.split_usd += sum(float(v[0][part.begin]) for v, part in zip(self.potential, self.parts[:-1], strict=True))
        self.split_usd += float(self.month[0][self.parts[-1].begin])
        self.slack = self.split_usd - value_usd
        self.labels = 0

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

    def usd(self) -> float:
        """``max(B, value_usd)``."""
        if self.slack <= 0:
            return self.value_usd
        ahead: Walk | None = None
        for jobs in range(2, len(self.bound.problem.jobs) + 1):
            if self.bound.problem.machines or jobs < len(self.bound.problem.jobs):
                walk = Walk(self, len(self.parts) - jobs, ahead)
                walk.there()
                walk.back()
                ahead = walk
        return self.split_usd - min(self.slack, Walk(self, 0, ahead).there())


class Walk:
    """Labels of the parts from one on; those before it are at their prices."""

    def __init__(self, whole: Together, first: int, known: "Walk | None") -> None:
        self.whole, self.first, self.known = whole, first, known
        self.parts = whole.parts[first:]
        place = np.cumprod([1, *(len(part.runs) for part in self.parts)])
        self.place = place[:-1]
        # the walk before knows states of the last parts: the number without the places of the others
        self.apart = 1 if known is None else int(np.prod([len(part.runs) for part in whole.parts[first : known.first]]))
        jobs, blocks = len(whole.bound.problem.jobs), [m.blocks for m in whole.bound.problem.machines]
        self.jobs = min(jobs, len(self.parts))
        counts = [2**jobs * int(np.prod([n + 1 for n in blocks[c + 1 :]])) for c in range(len(blocks))]
        # the number of a commitment: counts, the last class fastest, then the word of jobs, the last job fastest
        weights = [*counts[first:], *(2 ** (self.jobs - 1 - j) for j in range(self.jobs - 1, -1, -1)), 0]
        self.runs = [part.runs * weight for part, weight in zip(self.parts, weights, strict=False)]
        self.worths: dict[Place, Array] = {}
        self.before: dict[Place, Labels] = {}
        self.at_place: dict[Place, Labels] = {}
        self.at_month: list[Labels] = []
        self.ahead: dict[Place, Labels] = {}
        self.ahead_place: dict[Place, Labels] = {}

    def there(self) -> float:
        """The least regret, infinite where it is the slack or more."""
        whole = self.whole
        begin = sum(int(part.begin) * int(place) for part, place in zip(self.parts, self.place, strict=True))
        now = Labels(np.array([begin]), np.zeros(1))
        for m, pieces in enumerate(whole.pieces):
            self.at_month.append(now)
            ends = [self._through(m, q, self._fork(now, whole.month[m], self._start(m, q))) for q in range(len(pieces))]
            now = _joined(ends)
        self.at_month.append(now)
        return float(now.regret.min(initial=np.inf))

    def _start(self, m: int, q: int) -> Array:
        """What is to come from each state of the first job on when a month takes a piece."""
        whole, leg = self.whole, self.whole.legs[m, q]
        places = whole.places[m]
        return (leg.at_place[places[0][0][0]] if places else leg.end) - leg.piece.usd

    def _loss(self, state: Whole, best: Array, taken: Array) -> Array:
        at = state // self.place[-1]
        lost: Array = best[at] - taken[at]
        return lost

    def _fork(self, now: Labels, best: Array, taken: Array) -> Labels:
        regret = now.regret + self._loss(now.state, best, taken)
        kept = regret < self.whole.slack
        return Labels(now.state[kept], regret[kept])

    def _through(self, m: int, q: int, now: Labels) -> Labels:
        whole, leg = self.whole, self.whole.legs[m, q]
        columns = whole.bound.columns[m]
        for place, after in zip(whole.places[m], [*whole.places[m][1:], None], strict=True):
            ends = []
            self.at_place[m, q, place[0][0]] = now
            for cell in place:
                here = self._fork(now, leg.at_place[place[0][0]], leg.before[cell[0]] + whole.gain[columns[cell[0]]])
                for i in cell:
                    self.before[m, q, i] = here
                    here = self._step(m, q, i, i == cell[-1], None if after is None else after[0][0], here)
                ends.append(here)
            now = _joined(ends)
        return now

    def _later(self, m: int, q: int, i: int, last: bool, after: int | None) -> tuple[Array, Labels | None]:
        """What is to come after a column, and what the walk before knows of it."""
        leg, known = self.whole.legs[m, q], self.known
        nowhere = Labels(np.zeros(0, dtype=np.int64), np.zeros(0))
        if not last:
            return leg.before[i + 1], None if known is None else known.ahead.get((m, q, i + 1), nowhere)
        ahead = None if known is None else known.ahead_place.get((m, q, -1 if after is None else after), nowhere)
        return leg.end if after is None else leg.at_place[after], ahead

    def _step(self, m: int, q: int, i: int, last: bool, after: int | None, now: Labels) -> Labels:
        if not len(now.state):
            return now
        later, known = self._later(m, q, i, last, after)
        _, state, regret = self._onward(m, q, i, now, now.regret, later)
        if known is not None:
            rest: Array = known.of(state // self.apart)
            kept = regret + rest < self.whole.slack
            state, regret = state[kept], regret[kept]
        found = Labels.best(state, regret)
        self.whole.labels += len(found.state)
        if self.whole.labels > MOST_LABELS:
            raise MalformedError("plan.certificate.together: more joint states than can be checked")
        return found

    def _onward(self, m: int, q: int, i: int, now: Labels, regret: Array, later: Array) -> tuple[Whole, Whole, Array]:
        """Ways on through a column below the slack: label before, state after, regret in all."""
        whole, leg = self.whole, self.whole.legs[m, q]
        t = int(whole.bound.cells.t[whole.bound.columns[m][i]])
        source = np.arange(len(now.state))
        state, number = np.zeros(len(source), dtype=np.int64), np.zeros(len(source), dtype=np.int64)
        digits = [now.state // place % len(part.runs) for part, place in zip(self.parts, self.place, strict=True)]
        for k, part in enumerate(self.parts):
            to, usd = part.moves(t)
            if k < len(self.parts) - 1:
                value = whole.potential[self.first + k]
                with np.errstate(invalid="ignore"):
                    lost = np.where(to >= 0, value[t][:, None] - (usd + value[t + 1][to]), np.inf)
                lost = np.where(np.isnan(lost), np.inf, lost)
            else:
                lost = np.where(to >= 0, leg.before[i][:, None] - usd, np.inf)
            at = digits[k][source]
            total = regret[:, None] + lost[at]
            keep = total < whole.slack if k < len(self.parts) - 1 else np.isfinite(total)
            row, move = np.nonzero(keep)
            moved = to[at[row], move]
            source, regret = source[row], total[keep]
            state, number = state[row] + moved * self.place[k], number[row] + self.runs[k][moved]
        regret = regret - self._worth(m, q, i, number) - later[state // self.place[-1]]
        kept = regret < whole.slack
        return source[kept], state[kept], regret[kept]

    def _worth(self, m: int, q: int, i: int, number: Whole) -> Array:
        """``e_t`` of commitments: of jobs at the best counts, of all parts for these counts."""
        whole, leg = self.whole, self.whole.legs[m, q]
        if self.first:
            value = leg.words[:, i].reshape(2**self.jobs, -1).max(axis=1)
            found: Array = value[number]
            return found
        site = whole.bound.site
        different, at = np.unique(number, return_inverse=True)
        word, n = different % len(site.words), len(different)
        rows = whole.bound.rows(np.full(n, whole.bound.columns[m][i]), word, np.full(n, leg.cap[i]))
        return whole.shop.filled(rows, site.counts[different // len(site.words)])[0][at.reshape(-1)]

    def back(self) -> None:
        """Least regret to come of every label, into ``ahead``."""
        whole, end = self.whole, self.at_month[-1]
        after = Labels(end.state, np.zeros(len(end.state)))
        for m in range(len(whole.pieces) - 1, -1, -1):
            now = self.at_month[m]
            least = np.full(len(now.state), np.inf)
            for q in range(len(whole.pieces[m])):
                here = self._back_through(m, q, after).of(now.state)
                least = np.minimum(least, here + self._loss(now.state, whole.month[m], self._start(m, q)))
            after = Labels(now.state, least)

    def _back_through(self, m: int, q: int, after: Labels) -> Labels:
        whole, leg = self.whole, self.whole.legs[m, q]
        columns, following = whole.bound.columns[m], None
        self.ahead_place[m, q, -1] = after
        for place in reversed(whole.places[m]):
            now = self.at_place[m, q, place[0][0]]
            least = np.full(len(now.state), np.inf)
            for cell in place:
                then = after
                for i in reversed(cell):
                    here = self.before[m, q, i]
                    source, state, regret = self._onward(
                        m, q, i, here, here.regret, self._later(m, q, i, i == cell[-1], following)[0]
                    )
                    rest = np.full(len(here.state), np.inf)
                    np.minimum.at(rest, source, regret - here.regret[source] + then.of(state))
                    kept = here.regret + rest < whole.slack
                    then = self.ahead[m, q, i] = Labels(here.state[kept], rest[kept])
                taken = leg.before[cell[0]] + whole.gain[columns[cell[0]]]
                loss = self._loss(now.state, leg.at_place[place[0][0]], taken)
                least = np.minimum(least, loss + then.of(now.state))
            following = place[0][0]
            after = self.ahead_place[m, q, following] = Labels(now.state, least)
        return after


def _joined(ends: list[Labels]) -> Labels:
    return Labels.best(np.concatenate([one.state for one in ends]), np.concatenate([one.regret for one in ends]))
