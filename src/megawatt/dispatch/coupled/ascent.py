"""Better prices: subgradient steps towards the least bound, as long as they pay.

A bound is convex and piecewise linear in its prices. Where blocks and intervals disagree, the difference of their
counts is a subgradient; the step length is Polyak's, with the value of the best plan as the goal, and the direction is
deflected (Camerini, Fratta and Maffioli 1975) so that it does not zigzag. The goal is within the gap of the optimum, so
steps are about right from the first. Peaks take part: the subgradient is taken at the piece that holds the maximum.
"""

from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from megawatt.dispatch.certificate import Piece, Prices
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.hours import awards_usd, best_cover, hour_caps
from megawatt.dispatch.coupled.interval import NEVER, best_commitments
from megawatt.dispatch.coupled.work import advance, open_work, trace_work
from megawatt.dispatch.problem import Floats, Ints

PATIENCE = 12
"""Steps without a better bound after which the steps are shortened and begin again from the best prices."""


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
        work: Words of the jobs, each by its own recursion, shape (J, T).
    """

    usd: float
    by_piece: list[Floats]
    piece: tuple[int, ...]
    surplus: Floats
    idle_jobs: Floats
    uncovered: Floats
    work: NDArray[np.int8]


@dataclass(slots=True)
class Viewer:
    """Evaluates a split with its subgradients."""

    split: Split
    cap: Floats = field(init=False)
    busy: Floats = field(init=False)

    def __post_init__(self) -> None:
        words = 1 << len(self.split.problem.batches)
        self.cap = hour_caps(self.split.awards, self.split.problem.T)[0]
        self.busy = np.array([[word >> j & 1 for j in range(len(self.split.problem.batches))] for word in range(words)])

    def view(self, prices: Prices, pieces: list[list[Piece]]) -> View:
        """The bound over some pieces of each month, from high to low, with its subgradients."""
        split, edges = self.split, self.split.edges
        found = [self._intervals(prices, pieces[m], edges[m], edges[m + 1], len(pieces)) for m in range(len(pieces))]
        worked, missing, piece, first = self._first_job(pieces, found)
        T, C, J = split.problem.T, len(split.problem.machines), len(split.problem.batches)
        count, mining, word = np.empty((T, C)), np.empty(T), np.empty(T, dtype=np.int64)
        for m, q in enumerate(piece):
            a, b = edges[m], edges[m + 1]
            here, t = found[m], np.arange(b - a)
            word[a:b] = here.word[q][t, first[a:b]]
            count[a:b] = split.tables.counts[here.pick[q][t, word[a:b]]]
            mining[a:b] = here.draw[q][t, word[a:b]]
        blocks, words = split.blocks_usd(prices)
        jobs, runs = split.jobs_usd(prices)
        rest = split.constant_usd + blocks + jobs + awards_usd(split.awards, prices.cover, self.cap)
        wanted = np.array([m.blocks * w for m, w in zip(split.problem.machines, words, strict=True)], dtype=np.float64)
        others = self.busy[word].astype(np.float64).reshape(T, J)
        if J:
            others[:, 0] = 0.0
        return View(
            rest + worked,
            [rest + worked - short for short in missing],
            tuple(piece),
            wanted.reshape(C, T).T - count,
            runs - others,
            np.minimum(mining, self.cap) - best_cover(split.awards, prices.cover, self.cap),
            np.concatenate((first[np.newaxis], runs[:, 1:].T))[:J],
        )

    def _intervals(self, prices: Prices, pieces: list[Piece], a: int, b: int, months: int) -> "Intervals":
        """Best commitments of the intervals a .. b - 1 for every piece of their month."""
        split, out = self.split, Intervals([], [], [], [], [])
        T, words = split.problem.T, len(self.busy)
        value, draw, load = np.full((T, words), NEVER), np.zeros((T, words)), np.zeros((T, words))
        pick = np.zeros((T, words), dtype=np.int64)
        paid = prices.wage[a:b] @ self.busy.T.astype(np.float64)
        for q, piece in enumerate(pieces):
            room = split.room(np.full(months, piece.most_mw))
            best_commitments(
                split.tables, a, b, q > 0, prices.running, prices.cover, self.cap, room, value, pick, draw, load
            )
            net = value[a:b] - paid
            best = np.stack([net[:, k::2].argmax(axis=1) * 2 + k for k in range(min(2, words))], axis=1)
            out.off.append(np.take_along_axis(net, best[:, :1], axis=1)[:, 0])
            out.on.append(np.take_along_axis(net, best[:, -1:], axis=1)[:, 0])
            out.word.append(best)
            out.pick.append(pick[a:b].copy())
            out.draw.append(draw[a:b].copy())
        return out

    def _first_job(
        self, pieces: list[list[Piece]], found: list["Intervals"]
    ) -> tuple[float, list[Floats], list[int], NDArray[np.int8]]:
        """Value of intervals and first job; by month and piece, what the piece misses of it at least; the best pieces; the job's word.

        From whichever state a month ends in, the rest of the horizon adds the same for all its pieces, so a piece misses
        at least the least that it is short of the best piece in any state.
        """
        edges, T = self.split.edges, self.split.problem.T
        if not self.split.problem.batches:
            sums = [
                np.array([off.sum() - piece.usd for off, piece in zip(here.off, cut, strict=True)])
                for here, cut in zip(found, pieces, strict=True)
            ]
            total, short = sum(float(end.max()) for end in sums), [end.max() - end for end in sums]
            return total, short, [int(end.argmax()) for end in sums], np.zeros(T, dtype=np.int8)
        job = self.split.problem.batches[0]
        E = int(job.need.max())
        state, best, kept, missing = open_work(E, job.min_run, job.initial_on), [], [], []
        for m, (here, cut) in enumerate(zip(found, pieces, strict=True)):
            a, b = edges[m], edges[m + 1]
            before, ends = int(job.window[a - 1]) if a else -1, []
            kept.append([np.zeros((b - a, E + 1), dtype=np.int8) for _ in cut])
            for q, piece in enumerate(cut):
                end = advance(
                    state.copy(),
                    here.off[q],
                    here.on[q],
                    job.window[a:b],
                    job.need,
                    self.split.least[0][a:b],
                    job.restart_usd,
                    before,
                    kept[m][q],
                )
                ends.append(end - piece.usd)
            best.append(np.argmax(ends, axis=0))
            state = np.max(ends, axis=0)
            final = state if m < len(pieces) - 1 else state[int(job.need[job.window[-1]])]
            lines = ends if m < len(pieces) - 1 else [end[int(job.need[job.window[-1]])] for end in ends]
            alive = final > NEVER / 2
            missing.append(np.array([(final - line)[alive].min(initial=np.inf) for line in lines]))
        last = int(job.need[job.window[-1]])
        at = np.array([last, int(state[last].argmax())], dtype=np.int64)
        word = np.zeros(T, dtype=np.int8)
        chosen: list[int] = []
        for m in range(len(pieces) - 1, -1, -1):
            a, b = edges[m], edges[m + 1]
            q = int(best[m][at[0], at[1]])
            chosen.insert(0, q)
            window = np.concatenate(([job.window[a - 1] if a else -1], job.window[a:b])).astype(np.int64)
            trace_work(kept[m][q], window, job.need, job.min_run, at, word[a:b])
        return float(state[last].max()), missing, chosen, word


@dataclass(frozen=True, slots=True)
class Intervals:
    """Best commitments of a month for each of its pieces, lists of arrays.

    Attributes:
        off: Best value with the first job off, shape (n,) [USD].
        on: With it on, shape (n,) [USD].
        word: Word of jobs of both, shape (n, 2).
        pick: Row of the counts by word, shape (n, 2**J).
        draw: Mining power by word, shape (n, 2**J) [MW].
    """

    off: list[Floats]
    on: list[Floats]
    word: list[Ints]
    pick: list[Ints]
    draw: list[Floats]


@dataclass(slots=True)
class Ascent:
    """Prices under way to a lower bound.

    Attributes:
        viewer: Evaluates the bound.
        prices: Present prices.
        best: Best prices so far.
        best_usd: Their bound over the pieces that take part [USD].
    """

    viewer: Viewer
    prices: Prices
    best: Prices = field(init=False)
    best_usd: float = np.inf
    length: float = 1.0
    waited: int = 0
    direction: Prices | None = None

    def __post_init__(self) -> None:
        self.best = self.prices

    def step(self, pieces: list[list[Piece]], goal_usd: float) -> View:
        """Evaluate the present prices and move on."""
        view = self.viewer.view(self.prices, pieces)
        if view.usd < self.best_usd:
            self.best_usd, self.best, self.waited = view.usd, self.prices, 0
        else:
            self.waited += 1
        if self.waited >= PATIENCE:
            self.length, self.waited, self.direction, self.prices = self.length * 0.6, 0, None, self.best
            return view
        slope = Prices(view.surplus, view.uncovered, view.idle_jobs)
        turned = slope if self.direction is None else self._deflected(slope, self.direction)
        size = self._dot(turned, turned)
        if size > 0:
            length = self.length * max(view.usd - goal_usd, 0.0) / size
            scale = self._scale()
            self.prices = Prices(
                self.prices.running - length * turned.running,
                np.maximum(self.prices.cover - length * scale * turned.cover, 0.0),
                self.prices.wage - length * turned.wage,
            )
        self.direction = turned
        return view

    def _scale(self) -> float:
        """Weight of cover prices: a MW of cover against a block's MW."""
        mw = np.median(self.viewer.split.tables.base_mw) if self.viewer.split.tables.base_mw.size else 1.0
        return 1.0 / max(float(mw) ** 2, 1e-6)

    def _dot(self, a: Prices, b: Prices) -> float:
        own = float((a.running * b.running).sum() + (a.wage * b.wage).sum())
        return own + self._scale() * float(a.cover @ b.cover)

    def _deflected(self, slope: Prices, before: Prices) -> Prices:
        size = self._dot(before, before)
        turn = max(0.0, -1.5 * self._dot(before, slope) / size) if size > 0 else 0.0
        return Prices(
            slope.running + turn * before.running,
            slope.cover + turn * before.cover,
            slope.wage + turn * before.wage,
        )
