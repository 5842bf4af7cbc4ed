"""One pass of labels over the horizon: hours fork into their cells of cover, months into the pieces of their peak."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from megawatt.dispatch.certificate import Piece
from megawatt.dispatch.coupled.boxes import Box
from megawatt.dispatch.coupled.crews import words_of
from megawatt.dispatch.coupled.labels import Ahead, Moves, Row, expand
from megawatt.dispatch.coupled.pairs import Pair, Place, TooManyError
from megawatt.dispatch.coupled.together import Leg, Together
from megawatt.dispatch.deadline import Deadline
from megawatt.dispatch.problem import Floats, Ints

NOTHING = Ahead(np.zeros(0, dtype=np.float32), np.zeros((0, 8), dtype=np.int64))
"""Nothing is known of the way on."""

MOST_LABELS = 30_000_000
"""Labels of one walk: each takes 12 bytes until its end."""


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
        return Labels(self.state[kept], regret[kept], kept, _no_branch(len(kept)))


NO_LABELS = Labels(np.zeros(0, dtype=np.int64), np.zeros(0), np.zeros(0, dtype=np.int64), np.zeros(0, dtype=np.int64))
"""None on a way that pairs close."""


@dataclass(slots=True)
class Walk:
    """A walk and what it found.

    Attributes:
        together: Prices, and what is to come at them.
        slack_usd: Regret from which on labels are dropped [USD].
        most: Moves of labels, beyond which a walk ends.
        deadline: After it, it ends too.
        pairs: What pairs of jobs must still lose, of the same slack or more.
        beam: Labels after a row, beyond which those of most regret are dropped.
        labels: Labels so far, in all.
        moves: Moves that were looked at.
        month: Labels before each month and after the last.
        hour: Labels before each hour.
        before: Labels before the first row of each cell.
        after: States after each row, and the labels before it that lead there.
    """

    together: Together
    slack_usd: float
    most: int
    deadline: Deadline = field(default_factory=Deadline)
    pairs: Sequence[Pair] = ()
    beam: int | None = None
    labels: int = 0
    moves: int = 0
    month: list[Labels] = field(default_factory=list)
    hour: dict[Place, Labels] = field(default_factory=dict)
    before: dict[Place, Labels] = field(default_factory=dict)
    after: dict[Place, tuple[Ints, NDArray[np.int32]]] = field(default_factory=dict)
    _radix: Ints = field(init=False)
    _runs: Ints = field(init=False)
    _place: int = field(init=False)
    _moves: tuple[int, Moves | None] = (-1, None)

    def __post_init__(self) -> None:
        radix, problem = self.together.radix(), self.together.split.problem
        C, J = len(problem.machines), len(problem.batches)
        self._radix = np.array(radix, dtype=np.int64)
        runs = np.zeros((len(radix), max(radix)), dtype=np.int64)
        step = 1 << J
        for c in range(C - 1, -1, -1):
            crew = self.together.crews[c]
            runs[c, : radix[c]] = step * crew.phase.sum(axis=1)
            step *= problem.machines[c].blocks + 1
        for i, j in enumerate(range(J - 1, -1, -1), start=C):
            runs[i, : radix[i]] = (np.arange(radix[i]) % (problem.batches[j].min_run + 1) > 0) << j
        self._runs = runs
        self._place = int(np.prod(self._radix[:-1]))

    # there

    def best_usd(self) -> float:
        """Most that a joint word is worth, at least the split bound less the slack [USD].

        Raises:
            TooManyError: There are more labels or moves than allowed, or the time is up.
        """
        whole, begin = self.together, self.together.begin
        none = np.zeros(1, dtype=np.int64)
        state = np.array([sum(s * int(p) for s, p in zip(begin, np.cumprod([1, *self._radix[:-1]]), strict=True))])
        self.month = [Labels(state.astype(np.int64), np.zeros(1), none, none)]
        for m, pieces in enumerate(whole.pieces):
            now = self.month[-1]
            most = whole.month[m][now.state // self._place]
            ends = []
            for q, piece in enumerate(pieces):
                if not all(pair.leads(m, q) for pair in self.pairs):
                    ends.append(NO_LABELS)
                    continue
                first = whole.legs[m, q].by_hour[0][now.state // self._place]
                ends.append(self._leg(m, q, now.forked(most - (first - piece.usd), self.slack_usd)))
            self.month.append(Labels.merged(ends))
        return whole.usd - min(self.slack_usd, float(self.month[-1].regret.min(initial=np.inf)))

    def _leg(self, m: int, q: int, now: Labels) -> Labels:
        whole, leg = self.together, self.together.legs[m, q]
        split, cells, h0 = whole.split, whole.cells, int(whole.split.span_edges[m])
        for g in range(h0, int(split.span_edges[m + 1])):
            self.hour[m, q, g] = now
            within = [self._within(pair, m, q, g) for pair in self.pairs] if len(now.state) else []
            most = leg.by_hour[g - h0][now.state // self._place]
            ends = []
            for n in range(cells.first[g], cells.first[g + 1]):
                first = leg.by_row[cells.row[n] - whole.row(m)][now.state // self._place]
                here = now.forked(most - (first + whole.sold_usd[n]), self.slack_usd)
                self.before[m, q, int(cells.row[n])] = here
                for r in range(cells.row[n], cells.row[n + 1]):
                    if len(here.state):
                        last = r + 1 == cells.row[n + 1]
                        boxes = [pair.hour[m, q, g + 1] for pair in self.pairs] if last else [one[r] for one in within]
                        here = self._row(m, q, g, r, last, here, self._ahead(boxes))
                    self.after[m, q, r] = here.state, here.source.astype(np.int32)
                ends.append(here)
            now = Labels.merged(ends)
        self.hour[m, q, int(split.span_edges[m + 1])] = now
        return now

    def _row(self, m: int, q: int, g: int, r: int, last: bool, now: Labels, ahead: Ahead) -> Labels:
        whole, leg = self.together, self.together.legs[m, q]
        t, split, prices = int(whole.cells.at[r]), whole.split, whole.prices
        row = Row(
            split.tables, prices.running, prices.wage, t, float(prices.cover[t]), float(whole.cells.least_mw[r]),
            float(whole.cells.most_mw[r]), float(leg.room[t]),
        )  # fmt: skip
        words = leg.words[r - whole.row(m)]
        state, regret, rest, source, moves = expand(
            now.state, now.regret, self.slack_usd, self._moves_at(t), *self._first_job(m, leg, g, r, last), words, row,
            split.tables.counts, ahead, self.most - self.moves,
        )  # fmt: skip
        if self.beam is not None and len(state) > self.beam:
            at = np.argpartition(regret + rest, self.beam)[: self.beam]
            state, regret, source = state[at], regret[at], source[at]
        self.labels, self.moves = self.labels + len(state), self.moves + moves
        if self.deadline.over or self.moves > self.most or self.labels > MOST_LABELS:
            raise TooManyError
        return Labels(state, regret, source, _no_branch(len(state)))

    def _within(self, pair: Pair, m: int, q: int, g: int) -> dict[int, Box]:
        """What a pair knows after the rows of an hour, of states that labels before it can lead to."""
        now, part = self.hour[m, q, g].state, len(self._radix) - 1 - pair.other
        return pair.within(m, q, g, now // self._place, now // int(np.prod(self._radix[:part])) % self._radix[part])

    def _ahead(self, boxes: list[Box]) -> Ahead:
        """What the pairs know after a row."""
        begin, table, first = 0, np.zeros((len(boxes), 8), dtype=np.int64), len(self._radix) - 1
        for k, (pair, box) in enumerate(zip(self.pairs, boxes, strict=True)):
            phases, number, first_phases, first_number = box.regret.shape
            table[k] = begin, first - pair.other, phases, box.low, number, first_phases, box.first_low, first_number
            begin += box.regret.size
        return Ahead(np.concatenate([box.regret.ravel() for box in boxes]), table) if boxes else NOTHING

    def _moves_at(self, t: int) -> Moves:
        if self._moves[0] != t or self._moves[1] is None:
            self._moves = t, Moves(*self.together.moves(t), self._runs, self._radix)
        return self._moves[1]  # type: ignore[return-value]

    def _first_job(self, m: int, leg: Leg, g: int, r: int, last: bool) -> tuple[Floats, Floats]:
        """Most that is to come from each state of the first job before a row and after it."""
        i = r - self.together.row(m)
        return leg.by_row[i], leg.by_hour[g + 1 - self.together.split.span_edges[m]] if last else leg.by_row[i + 1]

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
        """Peaks, words of all blocks by class and of the jobs of the label of least regret."""
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
                    state, source = self.after[m, q, r]
                    yield int(cells.at[r]), int(state[at]), q, m
                    at = int(source[at])
                at = int(self.before[m, q, cells.row[n]].source[at])
            at = int(self.hour[m, q, int(edges[m])].source[at])


def _no_branch(n: int) -> Ints:
    """Branch 0 for all of n labels, without their memory."""
    return np.broadcast_to(np.int64(0), n)
