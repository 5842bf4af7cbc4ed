"""The bound at some prices, and what blocks, jobs and intervals want there: one look at a split site.

Every interval has a row for each cell of its hour's cover, and every row the best commitment for each word of the jobs. The
first job's recursion runs over the rows: an hour takes one of its cells, a month one of its pieces.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from megawatt.dispatch.certificate import Piece, Prices
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.cover import Cells, award_cells, cells_of, loose_usd
from megawatt.dispatch.coupled.interval import NEVER, best_commitments
from megawatt.dispatch.coupled.work import advance_hours, open_work, trace_hours
from megawatt.dispatch.problem import Floats, Ints


@dataclass(frozen=True, slots=True)
class View:
    """The bound at some prices, and what blocks, jobs and intervals want there.

    Attributes:
        usd: The bound over all pieces [USD].
        by_piece: Per month, a bound of all schedules whose peak lies in each of its pieces [USD].
        piece: Piece of each month that holds the maximum.
        surplus: Blocks that their recursions run more than the intervals do, shape (T, C).
        idle_jobs: Jobs after the first that their recursions run more than the intervals do, shape (T, J).
        uncovered: Mining, as far as it counts, above the cover that awards buy, shape (T,) [MW].
        counts: Blocks that the intervals run, shape (T, C).
        work: Words of the jobs, each by its own recursion, shape (J, T).
        sold_mw: Cover that each hour's awards buy, shape (H,) [MW].
        kept_mw: Least mining of each award hour, shape (H,) [MW].
        loose_usd: What the bound grants each hour beyond what its awards are worth with that mining, shape (H,) [USD].
    """

    usd: float
    by_piece: list[Floats]
    piece: tuple[int, ...]
    surplus: Floats
    idle_jobs: Floats
    uncovered: Floats
    counts: Floats
    work: NDArray[np.int8]
    sold_mw: Floats
    kept_mw: Floats
    loose_usd: Floats


@dataclass(frozen=True, slots=True)
class Rows:
    """Best commitments of a month's rows for each of its pieces, lists of arrays.

    Attributes:
        begin: Number of the first row.
        off: Best value with the first job off, shape (n,) [USD].
        on: With it on, shape (n,) [USD].
        word: Word of jobs of both, shape (n, 2).
        pick: Row of the counts by word, shape (n, 2**J).
        draw: Mining power by word, shape (n, 2**J) [MW].
    """

    begin: int
    off: list[Floats]
    on: list[Floats]
    word: list[Ints]
    pick: list[Ints]
    draw: list[Floats]


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


@dataclass(slots=True)
class Viewer:
    """Evaluates a split with its subgradients.

    Attributes:
        split: The prepared problem.
        inner: Per award hour, the rising covers between its cells [MW].
    """

    split: Split
    inner: list[Floats] = field(default_factory=list)
    cells: Cells = field(init=False)
    busy: Floats = field(init=False)
    job: FirstJob = field(init=False)

    def __post_init__(self) -> None:
        problem = self.split.problem
        words = 1 << len(problem.batches)
        self.busy = np.array(
            [[word >> j & 1 for j in range(len(problem.batches))] for word in range(words)], dtype=np.float64
        )
        self.job = FirstJob.of(self.split)
        self.cut(self.inner or [np.zeros(0)] * (len(self.split.awards.first) - 1))

    def cut(self, inner: list[Floats]) -> None:
        """Bound the cover of the hours in other cells."""
        self.inner = inner
        self.cells = cells_of(self.split.awards, self.split.spans, self.split.cap, inner)

    def rows(self, pieces: list[list[Piece]]) -> int:
        """Rows that one look at some pieces of each month goes through."""
        first = self.cells.row[self.cells.first[self.split.span_edges]]
        return int(np.diff(first) @ np.array([len(cut) for cut in pieces]))

    def view(self, prices: Prices, pieces: list[list[Piece]]) -> View:
        """The bound over some pieces of each month, from high to low, with its subgradients."""
        split, cells = self.split, self.cells
        T, C, J = split.problem.T, len(split.problem.machines), len(split.problem.batches)
        sold_usd, sold_mw = award_cells(split.awards, split.kinks, split.spans, cells, prices.cover)
        found = [self._rows(prices, pieces[m], m, len(pieces)) for m in range(len(pieces))]
        worked, missing, piece, first, taken = self._first_job(pieces, found, sold_usd)
        count, mining, word = np.empty((T, C)), np.empty(T), np.empty(T, dtype=np.int64)
        for m, q in enumerate(piece):
            a, b = split.edges[m], split.edges[m + 1]
            here, r = found[m], taken[a:b] - found[m].begin
            word[a:b] = here.word[q][r, first[a:b]]
            count[a:b] = split.tables.counts[here.pick[q][r, word[a:b]]]
            mining[a:b] = here.draw[q][r, word[a:b]]
        blocks, words = split.blocks_usd(prices)
        jobs, runs = split.jobs_usd(prices)
        rest = split.constant_usd + blocks + jobs
        wanted = np.array([m.blocks * w for m, w in zip(split.problem.machines, words, strict=True)], dtype=np.float64)
        others = self.busy[word].reshape(T, J)
        if J:
            others[:, 0] = 0.0
        start = split.awards.first[:-1]
        chosen = np.searchsorted(cells.row, taken[start], side="right") - 1
        kept_mw = np.minimum.reduceat(mining, start)
        uncovered = np.minimum(mining, cells.most_mw[taken]) - np.repeat(sold_mw[chosen], np.diff(split.awards.first))
        return View(
            rest + worked,
            [rest + worked - short for short in missing],
            tuple(piece),
            wanted.reshape(C, T).T - count,
            runs - others,
            uncovered,
            count,
            np.concatenate((first[np.newaxis], runs[:, 1:].T))[:J],
            sold_mw[chosen],
            kept_mw,
            loose_usd(split.awards, prices.cover, sold_mw[chosen], kept_mw, uncovered),
        )

    def _rows(self, prices: Prices, pieces: list[Piece], m: int, months: int) -> Rows:
        """Best commitments of the rows of a month for every piece of it."""
        split, cells, words = self.split, self.cells, len(self.busy)
        h = split.span_edges[m : m + 2]
        begin, end = cells.row[cells.first[h]]
        out = Rows(int(begin), [], [], [], [], [])
        n = int(end - begin)
        value, draw, load = np.full((n, words), NEVER), np.zeros((n, words)), np.zeros((n, words))
        pick, at = np.zeros((n, words), dtype=np.int64), cells.at[begin:end]
        paid = (prices.wage @ self.busy.T)[at]
        for q, piece in enumerate(pieces):
            room = split.room(np.full(months, piece.most_mw))
            best_commitments(
                split.tables, at, 0, n, q > 0, prices.running, prices.cover, cells.least_mw[begin:end],
                cells.most_mw[begin:end], room, value, pick, draw, load,
            )  # fmt: skip
            net = value - paid
            best = np.stack([net[:, k::2].argmax(axis=1) * 2 + k for k in range(min(2, words))], axis=1)
            out.off.append(np.take_along_axis(net, best[:, :1], axis=1)[:, 0])
            out.on.append(np.take_along_axis(net, best[:, -1:], axis=1)[:, 0] if words > 1 else np.full(n, NEVER))
            out.word.append(best)
            out.pick.append(pick.copy())
            out.draw.append(draw.copy())
        return out

    def _first_job(
        self, pieces: list[list[Piece]], found: list[Rows], sold_usd: Floats
    ) -> tuple[float, list[Floats], list[int], NDArray[np.int8], Ints]:
        """Value of intervals, awards and first job at their best.

        With it: by month and piece, what the piece misses of it at least; the best pieces; the job's word; the row of
        each interval.

        From whichever state a month ends in, the rest of the horizon adds the same for all its pieces, so a piece misses
        at least the least that it is short of the best piece in any state.
        """
        split, cells, job = self.split, self.cells, self.job
        edges, T, E = split.edges, split.problem.T, int(job.need.max())
        state, best, missing = open_work(E, job.least_run, job.running), [], []
        kept: list[list[NDArray[np.int8]]] = []
        chosen: list[list[NDArray[np.int8]]] = []
        for m, (here, cut) in enumerate(zip(found, pieces, strict=True)):
            h0, h1 = split.span_edges[m], split.span_edges[m + 1]
            before, ends = int(job.window[edges[m] - 1]) if m else -1, []
            hours = cells.first[h0 : h1 + 1]
            kept.append([np.zeros((len(here.off[0]), E + 1), dtype=np.int8) for _ in cut])
            choices = (h1 - h0) * bool(np.diff(hours).max() > 1)
            chosen.append([np.zeros((choices, *state.shape), dtype=np.int8) for _ in cut])
            for q, piece in enumerate(cut):
                end = advance_hours(
                    state.copy(), here.off[q], here.on[q], sold_usd, hours, cells.row - here.begin,
                    split.spans.start[h0 : h1 + 1], job.window, job.need, job.least, job.restart_usd, before,
                    kept[m][q], chosen[m][q],
                )  # fmt: skip
                ends.append(end - piece.usd)
            best.append(np.argmax(ends, axis=0))
            state = np.max(ends, axis=0)
            final = state if m < len(pieces) - 1 else state[int(job.need[job.window[-1]])]
            lines = ends if m < len(pieces) - 1 else [end[int(job.need[job.window[-1]])] for end in ends]
            alive = final > NEVER / 2
            missing.append(np.array([(final - line)[alive].min(initial=np.inf) for line in lines]))
        last = int(job.need[job.window[-1]])
        at = np.array([last, int(state[last].argmax())], dtype=np.int64)
        word, taken, which = np.zeros(T, dtype=np.int8), np.zeros(T, dtype=np.int64), list[int]()
        for m in range(len(pieces) - 1, -1, -1):
            h0, h1 = split.span_edges[m], split.span_edges[m + 1]
            q = int(best[m][at[0], at[1]])
            which.insert(0, q)
            trace_hours(
                kept[m][q], chosen[m][q], cells.first[h0 : h1 + 1], cells.row - found[m].begin,
                split.spans.start[h0 : h1 + 1], job.window, job.need, job.least_run, at, word, taken,
            )  # fmt: skip
            taken[edges[m] : edges[m + 1]] += found[m].begin
        return float(state[last].max()), missing, which, word, taken
