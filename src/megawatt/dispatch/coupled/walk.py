"""One pass of labels over the horizon: hours fork into their cells of cover, months into the pieces of their peak."""

from collections.abc import Iterator
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from megawatt.dispatch.certificate import Piece
from megawatt.dispatch.coupled.crews import words_of
from megawatt.dispatch.coupled.labels import Known, Moves, Row, expand, found, known, regret_ahead
from megawatt.dispatch.coupled.together import Leg, Together
from megawatt.dispatch.problem import Floats, Ints

Place = tuple[int, int, int]
"""Month, piece and hour or row, counted over the horizon."""

NOTHING = Known(np.zeros(0, dtype=np.int64), np.zeros(0), 1)
"""Nothing is known of what is to come."""

NOWHERE = Known(np.full(1, -1, dtype=np.int64), np.full(1, np.inf), 1)
"""No label may be there: a table of nothing, written out, for `known` would be compiled on import."""


class TooManyError(Exception):
    """More labels than a walk may go through."""


@dataclass(slots=True)
class Labels:
    """Labels somewhere on the way.

    Attributes:
        state: Joint states, shape (n,).
        regret: Their regrets, shape (n,) [USD].
        source: Labels before that lead there, shape (n,).
        branch: Branch of the fork before that holds these, shape (n,).
    """

    state: Ints
    regret: Floats
    source: Ints
    branch: Ints

    @classmethod
    def merged(cls, branches: "list[Labels]") -> "Labels":
        """The label of least regret of each state, by its branch and its place there."""
        state = np.concatenate([one.state for one in branches])
        regret = np.concatenate([one.regret for one in branches])
        source = np.concatenate([np.arange(len(one.state)) for one in branches])
        branch = np.repeat(np.arange(len(branches)), [len(one.state) for one in branches])
        order = np.lexsort((regret, state)) if len(branches) > 1 else np.arange(len(state))
        order = order[np.append(True, np.diff(state[order]) != 0)[: len(order)]]
        return cls(state[order], regret[order], source[order], branch[order])

    def forked(self, loss: Floats, slack: float) -> "Labels":
        """Those that a branch which loses some leaves below a slack."""
        regret = self.regret + loss
        kept = np.flatnonzero(regret < slack)
        return Labels(self.state[kept], regret[kept], kept, np.zeros(len(kept), dtype=np.int64))


@dataclass(slots=True)
class Ahead:
    """Least regret to come of the labels of a walk of the last parts.

    Attributes:
        hour: Before each hour of a month under a piece; before the hour after a month's last, at its end.
        row: Before each row.
    """

    hour: dict[Place, Known] = field(default_factory=dict)
    row: dict[Place, Known] = field(default_factory=dict)


@dataclass(slots=True)
class Walk:
    """A walk and what it found.

    Attributes:
        together: Prices, and what is to come at them.
        jobs: Jobs whose joint words are gone through, the first ones; None: all parts.
        slack_usd: Regret from which on labels are dropped [USD].
        most: Labels in all, beyond which a walk without a beam ends.
        beam: Labels after a row, beyond which those of most regret are dropped.
        ahead: What a walk of fewer parts knows.
        labels: Labels so far, in all.
        month: Labels before each month and after the last.
        hour: Labels before each hour.
        before: Labels before each row.
        after: Labels after each row.
    """

    together: Together
    jobs: int | None
    slack_usd: float
    most: int
    beam: int | None = None
    ahead: Ahead | None = None
    labels: int = 0
    month: list[Labels] = field(default_factory=list)
    hour: dict[Place, Labels] = field(default_factory=dict)
    before: dict[Place, Labels] = field(default_factory=dict)
    after: dict[Place, Labels] = field(default_factory=dict)
    _first: int = field(init=False)
    _radix: Ints = field(init=False)
    _runs: Ints = field(init=False)
    _place: int = field(init=False)
    _moves: tuple[int, Moves | None] = (-1, None)

    def __post_init__(self) -> None:
        radix, problem = self.together.radix(), self.together.split.problem
        C, J = len(problem.machines), len(problem.batches)
        self._first = 0 if self.jobs is None else C + max(J, 1) - self.jobs
        self._radix = np.array(radix[self._first :], dtype=np.int64)
        runs = np.zeros((len(radix), max(radix)), dtype=np.int64)
        step = 1 << J
        for c in range(C - 1, -1, -1):
            crew = self.together.crews[c]
            runs[c, : radix[c]] = step * crew.phase.sum(axis=1)
            step *= problem.machines[c].blocks + 1
        for i, j in enumerate(range(J - 1, -1, -1), start=C):
            runs[i, : radix[i]] = (np.arange(radix[i]) % (problem.batches[j].min_run + 1) > 0) << j
        self._runs = np.ascontiguousarray(runs[self._first :, : self._radix.max()])
        self._place = int(np.prod(self._radix[:-1]))

    # there

    def best_usd(self) -> float:
        """Most that a joint word is worth, at least the split bound less the slack [USD].

        Raises:
            TooManyError: There are more labels than allowed.
        """
        whole, begin = self.together, self.together.begin[self._first :]
        none = np.zeros(1, dtype=np.int64)
        state = np.array([sum(s * int(p) for s, p in zip(begin, np.cumprod([1, *self._radix[:-1]]), strict=True))])
        self.month = [Labels(state.astype(np.int64), np.zeros(1), none, none)]
        for m, pieces in enumerate(whole.pieces):
            now = self.month[-1]
            most = whole.month[m][now.state // self._place]
            ends = []
            for q, piece in enumerate(pieces):
                first = whole.legs[m, q].by_hour[0][now.state // self._place]
                ends.append(self._leg(m, q, now.forked(most - (first - piece.usd), self.slack_usd)))
            self.month.append(Labels.merged(ends))
        return whole.usd - min(self.slack_usd, float(self.month[-1].regret.min(initial=np.inf)))

    def _leg(self, m: int, q: int, now: Labels) -> Labels:
        whole, leg = self.together, self.together.legs[m, q]
        split, cells, h0 = whole.split, whole.cells, int(whole.split.span_edges[m])
        for g in range(h0, int(split.span_edges[m + 1])):
            self.hour[m, q, g] = now
            most = leg.by_hour[g - h0][now.state // self._place]
            ends = []
            for n in range(cells.first[g], cells.first[g + 1]):
                first = leg.by_row[cells.row[n] - whole.row(m)][now.state // self._place]
                here = now.forked(most - (first + whole.sold_usd[n]), self.slack_usd)
                for r in range(cells.row[n], cells.row[n + 1]):
                    self.before[m, q, r] = here
                    self.after[m, q, r] = here = self._row(m, q, g, r, r + 1 == cells.row[n + 1], here)
                ends.append(here)
            now = Labels.merged(ends)
        self.hour[m, q, int(split.span_edges[m + 1])] = now
        return now

    def _row(self, m: int, q: int, g: int, r: int, last: bool, now: Labels) -> Labels:
        whole, leg = self.together, self.together.legs[m, q]
        if not len(now.state):
            return now
        ahead = NOTHING
        if self.ahead is not None:
            ahead = self.ahead.hour.get((m, q, g + 1), NOWHERE) if last else self.ahead.row.get((m, q, r + 1), NOWHERE)
            ahead = ahead._replace(place=int(np.prod([float(n) for n in self._radix])) // ahead.place)
        t, split, prices = int(whole.cells.at[r]), whole.split, whole.prices
        row = Row(
            split.tables, prices.running, prices.wage, t, float(prices.cover[t]), float(whole.cells.least_mw[r]),
            float(whole.cells.most_mw[r]), float(leg.room[t]),
        )  # fmt: skip
        state, regret, source = expand(
            now.state, now.regret, self.slack_usd, self._moves_at(t), *self._first_job(m, leg, g, r, last),
            self._worth(m, leg, r), row, split.tables.counts, ahead,
        )  # fmt: skip
        if self.beam is not None and len(state) > self.beam:
            promise = regret + found(ahead, state) if len(ahead.key) else regret
            at = np.argpartition(promise, self.beam)[: self.beam]
            state, regret, source = state[at], regret[at], source[at]
        self.labels += len(state)
        if self.beam is None and self.labels > self.most:
            raise TooManyError
        return Labels(state, regret, source, np.zeros(len(state), dtype=np.int64))

    def _moves_at(self, t: int) -> Moves:
        if self._moves[0] != t or self._moves[1] is None:
            self._moves = t, Moves(*self.together.moves(t, self._first), self._runs, self._radix)
        return self._moves[1]  # type: ignore[return-value]

    def _first_job(self, m: int, leg: Leg, g: int, r: int, last: bool) -> tuple[Floats, Floats]:
        """Most that is to come from each state of the first job before a row and after it."""
        i = r - self.together.row(m)
        return leg.by_row[i], leg.by_hour[g + 1 - self.together.split.span_edges[m]] if last else leg.by_row[i + 1]

    def _worth(self, m: int, leg: Leg, r: int) -> Floats:
        """What the commitments of a row earn; of all parts they are filled in as they are needed."""
        words = leg.words[r - self.together.row(m)]
        if self.jobs is None:
            return np.full(len(words) * len(self.together.split.tables.counts), np.nan)
        return np.ascontiguousarray(words.reshape(-1, min(len(words), 1 << self.jobs)).max(axis=0))

    # and back

    def least_ahead(self) -> Ahead:
        """Least regret to come of all labels of this walk, which kept all parts but some at their prices."""
        whole, ahead = self.together, Ahead()
        size = int(np.prod([float(n) for n in self._radix]))
        after = known(self.month[-1].state, np.zeros(len(self.month[-1].state)), size)
        for m in range(len(whole.pieces) - 1, -1, -1):
            now = self.month[m]
            least = np.full(len(now.state), np.inf)
            for q, piece in enumerate(whole.pieces[m]):
                before = self._leg_ahead(m, q, after, ahead, size)
                at = now.state // self._place
                loss = whole.month[m][at] - (whole.legs[m, q].by_hour[0][at] - piece.usd)
                least = np.minimum(least, loss + found(before._replace(place=1), now.state))
            after = known(now.state, least, size)
        return ahead

    def _leg_ahead(self, m: int, q: int, after: Known, ahead: Ahead, size: int) -> Known:
        whole, leg = self.together, self.together.legs[m, q]
        cells, h0 = whole.cells, int(whole.split.span_edges[m])
        ahead.hour[m, q, int(whole.split.span_edges[m + 1])] = after
        for g in range(int(whole.split.span_edges[m + 1]) - 1, h0 - 1, -1):
            now = self.hour[m, q, g]
            least, at = np.full(len(now.state), np.inf), now.state // self._place
            for n in range(cells.first[g], cells.first[g + 1]):
                then = ahead.hour[m, q, g + 1]
                for r in range(cells.row[n + 1] - 1, cells.row[n] - 1, -1):
                    here = self.before[m, q, r]
                    rest = regret_ahead(
                        here.state, self.slack_usd - here.regret, self._moves_at(int(cells.at[r])),
                        *self._first_job(m, leg, g, r, r + 1 == cells.row[n + 1]), self._worth(m, leg, r),
                        then._replace(place=1),
                    )  # fmt: skip
                    kept = np.isfinite(rest)
                    then = ahead.row[m, q, r] = known(here.state[kept], rest[kept], size)
                loss = leg.by_hour[g - h0][at] - (leg.by_row[cells.row[n] - whole.row(m)][at] + whole.sold_usd[n])
                least = np.minimum(least, loss + found(then._replace(place=1), now.state))
            kept = now.regret + least < self.slack_usd
            ahead.hour[m, q, g] = known(now.state[kept], least[kept], size)
        return ahead.hour[m, q, h0]

    # what it found

    @property
    def reached(self) -> bool:
        """Whether any label came to the end."""
        return len(self.month[-1].state) > 0

    def held(self) -> list[Piece]:
        """The piece of each month that the label of least regret lies in."""
        chosen = {m: q for _, _, q, m in self._way()}
        return [pieces[chosen[m]] for m, pieces in enumerate(self.together.pieces)]

    def words(self) -> tuple[Floats, list[NDArray[np.int8]], NDArray[np.int8]]:
        """Peaks, words of all blocks by class and of the jobs of the label of least regret, of a walk of all parts."""
        whole, problem = self.together, self.together.split.problem
        C, J = len(problem.machines), len(problem.batches)
        number = np.zeros(problem.T, dtype=np.int64)
        peaks = np.zeros(len(whole.pieces))
        for t, states, q, m in self._way():
            digits = states // np.cumprod([1, *self._radix[:-1]]) % self._radix
            number[t] = self._runs[np.arange(len(digits)), digits].sum()
            peaks[m] = whole.pieces[m][q].most_mw
        counts = whole.split.tables.counts[number >> J].astype(np.int64).reshape(problem.T, C)
        words = [words_of(counts[:, c], machine) for c, machine in enumerate(problem.machines)]
        work = np.array([number >> j & 1 for j in range(J)], dtype=np.int8).reshape(J, problem.T)
        return peaks, words, work

    def _way(self) -> Iterator[tuple[int, int, int, int]]:
        """Interval, state after it, piece and month, from the last interval back."""
        whole, at = self.together, int(self.month[-1].regret.argmin())
        cells, edges = whole.cells, whole.split.span_edges
        for m in range(len(whole.pieces) - 1, -1, -1):
            q, at = int(self.month[m + 1].branch[at]), int(self.month[m + 1].source[at])
            for g in range(int(edges[m + 1]) - 1, int(edges[m]) - 1, -1):
                here = self.hour[m, q, g + 1]
                n, at = int(cells.first[g] + here.branch[at]), int(here.source[at])
                for r in range(int(cells.row[n + 1]) - 1, int(cells.row[n]) - 1, -1):
                    yield int(cells.at[r]), int(self.after[m, q, r].state[at]), q, m
                    at = int(self.after[m, q, r].source[at])
                at = int(self.before[m, q, cells.row[n]].source[at])
            at = int(self.hour[m, q, int(edges[m])].source[at])
