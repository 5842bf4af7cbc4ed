"""The bound at some prices, and what blocks, jobs and intervals want there: one look at a split site.

Every interval has a row for each cell of its hour's cover, and every row the best commitment for each word of the jobs. The
first job's recursion runs over the rows: an hour takes one of its cells, a month one of its pieces.
"""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from megawatt.dispatch.certificate import Piece, Prices
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.cover import Cells, award_cells, cells_of
from megawatt.dispatch.coupled.hours import best_awards
from megawatt.dispatch.coupled.months import FirstJob, Known, Month
from megawatt.dispatch.coupled.work import open_work, trace_hours
from megawatt.dispatch.problem import Floats, Ints

SAME_USD = 1e-9
"""Awards of an hour that differ by less are worth the same [USD]."""

APART = 4
"""Pieces of each month that are looked at more closely at most."""


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
        rows: Rows that were worked out, of all pieces together.
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
    rows: int


class Exact(NamedTuple):
    """A bound that was looked for to the end.

    Attributes:
        prices: The prices.
        cells: The cells.
        looked: Pieces of each month that took part.
        winners: Those that hold the maximum.
        usd: The bound [USD].
    """

    prices: Prices
    cells: Cells
    looked: list[frozenset[Piece]]
    winners: list[Piece]
    usd: float


@dataclass(slots=True)
class Viewer:
    """Evaluates a split with its subgradients.

    Attributes:
        split: The prepared problem.
        inner: Per award hour, the rising covers between its cells [MW].
        cells: The cells.
        busy: Which jobs run in each word, shape (2**J, J).
        job: The first job.
        last: By month, the piece that held the maximum when last looked.
        exact: The last look that was not cut short, None before the first.
    """

    split: Split
    inner: list[Floats] = field(default_factory=list)
    cells: Cells = field(init=False)
    busy: Floats = field(init=False)
    job: FirstJob = field(init=False)
    last: dict[int, Piece] = field(default_factory=dict)
    exact: Exact | None = None
    _known: list[dict[float, Known]] = field(default_factory=list)

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
        self._known = [{} for _ in self.split.edges[1:]]

    def usd(self, prices: Prices, pieces: list[list[Piece]]) -> float:
        """The bound alone, known if only pieces went since the last look that do not hold it [USD]."""
        one = self.exact
        if one and one.prices is prices and one.cells is self.cells:
            left = zip(one.winners, pieces, one.looked, strict=True)
            if all(winner in cut and looked.issuperset(cut) for winner, cut, looked in left):
                return one.usd
        return self.view(prices, pieces).usd

    def view(
        self,
        prices: Prices,
        pieces: list[list[Piece]],
        near_usd: float = 0.0,
        goal_usd: float = -np.inf,
        apart_usd: float = np.inf,
    ) -> View:
        """The bound over some pieces of each month, from high to low, with its subgradients.

        Args:
            prices: The prices.
            pieces: Pieces that take part.
            near_usd: How far it may lie above the bound that a closer look at all pieces would give [USD].
            goal_usd: Value of a plan [USD].
            apart_usd: Where the bound is further above it, pieces are looked at more closely that may bring no more than
                the plan [USD].
        """
        split, cells = self.split, self.cells
        T, C, J = split.problem.T, len(split.problem.machines), len(split.problem.batches)
        sold_usd, sold_mw = award_cells(split.awards, split.kinks, split.spans, cells, prices.cover)
        months = self.months(prices, pieces, sold_usd, near_usd / len(pieces))
        worked, piece, first, taken = self.first_job(months)
        count, mining, word = np.empty((T, C)), np.empty(T), np.empty(T, dtype=np.int64)
        for month, q in zip(months, piece, strict=True):
            a, b = split.edges[month.m], split.edges[month.m + 1]
            here, r = month.found[q], taken[a:b] - month.begin
            word[a:b] = here.word[r, first[a:b]]
            count[a:b] = split.tables.counts[here.best.pick[r, word[a:b]]]
            mining[a:b] = here.best.draw[r, word[a:b]]
        blocks, words = split.blocks_usd(prices)
        jobs, runs = split.jobs_usd(prices)
        usd = split.constant_usd + blocks + jobs + worked
        for month in months if usd - goal_usd > apart_usd else ():
            month.tell_apart(usd - goal_usd, APART)
        if near_usd == 0.0:
            winners = [cut[q] for cut, q in zip(pieces, piece, strict=True)]
            self.exact = Exact(prices, cells, [frozenset(cut) for cut in pieces], winners, usd)
        wanted = np.array([m.blocks * w for m, w in zip(split.problem.machines, words, strict=True)], dtype=np.float64)
        others = self.busy[word].reshape(T, J)
        if J:
            others[:, 0] = 0.0
        sold, kept_mw, loose, uncovered = self._awards(prices.cover, sold_usd, sold_mw, mining, taken)
        return View(
            usd,
            [usd - month.missing_usd(month.upper()) for month in months],
            tuple(piece),
            wanted.reshape(C, T).T - count,
            runs - others,
            uncovered,
            count,
            np.concatenate((first[np.newaxis], runs[:, 1:].T))[:J],
            sold,
            kept_mw,
            loose,
            sum(len(rows.word) for month in months for rows in month.found.values()),
        )

    def _awards(
        self, cover: Floats, sold_usd: Floats, sold_mw: Floats, mining_mw: Floats, taken: Ints
    ) -> tuple[Floats, Floats, Floats, Floats]:
        """By hour the cover that awards buy, the least mining and what is granted too much; by interval mining above that cover.

        Args:
            cover: Price of cover, shape (T,) [USD/MW].
            sold_usd: What the awards of each cell bring beyond what their cover is paid [USD].
            sold_mw: Best cover of each cell [MW].
            mining_mw: Mining of each interval, shape (T,) [MW].
            taken: Row of each interval, shape (T,).
        """
        awards, cells = self.split.awards, self.cells
        start, length = awards.first[:-1], np.diff(awards.first)
        chosen = np.searchsorted(cells.row, taken[start], side="right") - 1
        kept_mw = np.minimum.reduceat(mining_mw, start)
        sold, counted = sold_mw[chosen], np.minimum(mining_mw, cells.most_mw[taken])
        granted = sold_usd[chosen] + np.add.reduceat(cover * counted, start)
        loose = granted - best_awards(awards, np.arange(len(start)), kept_mw)[0]
        # of covers that are worth the same, awards buy the one that is kept: the others would only move the price
        sold = np.where(loose <= SAME_USD, np.minimum(kept_mw, cells.high_mw[chosen]), sold)
        return sold, kept_mw, loose, counted - np.repeat(sold, length)

    def months(self, prices: Prices, pieces: list[list[Piece]], sold_usd: Floats, near_usd: float) -> list[Month]:
        """Every month with the pieces worked out that can hold the maximum.

        From whichever state a month ends in, the rest of the horizon adds the same for all its pieces, so a piece misses
        the maximum by the least that it is short of the best piece in any state, or more.
        """
        state, months = open_work(int(self.job.need.max()), self.job.least_run, self.job.running), list[Month]()
        for m, cut in enumerate(pieces):
            self._known[m] = {p.most_mw: self._known[m][p.most_mw] for p in cut if p.most_mw in self._known[m]}
            month = Month(self.split, self.cells, self.job, prices, sold_usd, m, cut, state, self._known[m])
            month.settle(cut.index(self.last[m]) if self.last.get(m) in cut else len(cut) // 2, near_usd)
            months.append(month)
            state = month.upper()
        return months

    def first_job(self, months: list[Month]) -> tuple[float, list[int], NDArray[np.int8], Ints]:
        """Value of intervals, awards and first job at their best, the pieces, the job's word, the row of each interval."""
        split, cells, job = self.split, self.cells, self.job
        T, last = split.problem.T, months[-1]
        at = np.array([job.due, int(last.best[:, job.due].argmax())], dtype=np.int64)
        word, taken, which = np.zeros(T, dtype=np.int8), np.zeros(T, dtype=np.int64), list[int]()
        for month in reversed(months):
            h0, h1 = split.span_edges[month.m], split.span_edges[month.m + 1]
            q = month.winner(at)
            self.last[month.m] = month.pieces[q]
            which.insert(0, q)
            trace_hours(
                *month.choices(q), cells.first[h0 : h1 + 1], cells.row - month.begin,
                split.spans.start[h0 : h1 + 1], job.window, job.need, job.least_run, at, word, taken,
            )  # fmt: skip
            taken[split.edges[month.m] : split.edges[month.m + 1]] += month.begin
        return float(last.upper()[:, job.due].max()), which, word, taken
