"""The bound of a site whose blocks and jobs are not split from each other: joint words, as far as their regret allows.

Prices alone leave a duality gap: blocks and jobs come in wholes, and at no prices do their best words fit each other. Here the
joint words themselves are gone through by labels (`labels`), and prices only say which of them can still be worth more than the
plan. Where those are too many, the jobs' joint words come first, blocks still at their prices: what a joint state of the jobs
must lose from there on, the labels of all parts then know beforehand, and only few of them are left.
"""

from copy import copy
from dataclasses import dataclass, field

import numpy as np

from megawatt.dispatch.certificate import Piece, Prices
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.cover import Cells, award_cells
from megawatt.dispatch.coupled.crews import Crew, job_moves
from megawatt.dispatch.coupled.interval import NEVER, all_commitments
from megawatt.dispatch.coupled.job_hours import back_hours
from megawatt.dispatch.coupled.months import FirstJob
from megawatt.dispatch.coupled.shortfall import busy_jobs, by_first_job
from megawatt.dispatch.coupled.togo import block_worth, work_worth
from megawatt.dispatch.problem import BatchJob, Floats, Ints

MOST_MOVES = 5_000
"""Moves of a class, states by ways on, up to which it is gone through: all of them stand ready for each interval."""

MOST_STATES = 2.0**62
"""Joint states up to which an integer numbers them."""

MOST_KNOWN = 20_000_000
"""Numbers of moves that are kept for another walk, 8 bytes each."""


@dataclass(frozen=True, slots=True)
class Leg:
    """A month under a piece of its peak.

    Attributes:
        room: Import limit less firm load, shape (T,) [MW].
        words: Best value of each word of jobs at the prices, shape (rows, 2**J) [USD].
        by_row: Most that is to come from each state of the first job before a row, shape (rows, states) [USD].
        by_hour: And before an hour, with the end of the month, shape (hours + 1, states) [USD].
    """

    room: Floats
    words: Floats
    by_row: Floats
    by_hour: Floats


@dataclass(slots=True)
class Together:
    """Joint words of a site at given prices.

    Attributes:
        split: The prepared problem.
        cells: Cells of the hours' cover.
        prices: Prices that tell what a word misses; the bound itself depends on those of cover only.
        pieces: Pieces of each month's peak.
        usd: The split bound of these prices and pieces [USD].
        job: The first job.
        crews: States of the classes.
        others: Most that is to come from each state of every job after the first, shape (T + 1, states) each [USD].
        sold_usd: What the awards of each cell bring [USD].
        legs: Each month under each of its pieces.
        month: Most that is to come from each state of the first job before each month and after the last [USD].
    """

    split: Split
    cells: Cells
    prices: Prices
    pieces: list[list[Piece]]
    usd: float = field(init=False)
    job: FirstJob = field(init=False)
    crews: list[Crew] = field(init=False)
    _classes: list[Floats] = field(init=False)
    others: list[Floats] = field(init=False)
    sold_usd: Floats = field(init=False)
    legs: dict[tuple[int, int], Leg] = field(default_factory=dict)
    month: list[Floats] = field(init=False)
    _known: dict[int, tuple[Ints, Floats]] = field(default_factory=dict)
    _tables: dict[tuple[object, ...], tuple[Ints, Floats, list[tuple[int, int, int]]]] = field(default_factory=dict)

    @classmethod
    def of(cls, split: Split, cells: Cells, prices: Prices, pieces: list[list[Piece]]) -> "Together | None":
        """None where the joint states are too many to be numbered."""
        crews = [Crew.of(m) for m in split.problem.machines]
        if not all(crew is not None and crew.to.size <= MOST_MOVES for crew in crews):
            return None
        found = cls(split, cells, prices, pieces)
        found.crews = [crew for crew in crews if crew]
        if np.prod([float(n) for n in found.radix()]) > MOST_STATES:
            return None
        found._alone()
        found.price_months(pieces)
        return found

    def under(self, pieces: list[list[Piece]]) -> "Together":
        """The same under other pieces."""
        found = copy(self)
        found.price_months(pieces)
        return found

    def radix(self) -> list[int]:
        """States of each class, of the jobs from the last to the second, and of the first."""
        jobs = self.split.problem.batches
        others = [(int(job.need.max()) + 1) * (job.min_run + 1) for job in jobs[:0:-1]]
        first = FirstJob.of(self.split)
        return (
            [len(crew.member) for crew in self.crews] + others + [(int(first.need.max()) + 1) * (first.least_run + 1)]
        )

    def _alone(self) -> None:
        """What is to come from every state of each part but the first job, back from the end."""
        split, prices, problem = self.split, self.prices, self.split.problem
        self.job = FirstJob.of(split)
        self._classes, self.others = [], []
        for c, (own, crew) in enumerate(zip(problem.machines, self.crews, strict=True)):
            price = np.ascontiguousarray(prices.running[:, c])
            worth = block_worth(price, split.ramp[c], own.start_usd, own.stop_usd, own.min_up, own.min_down)
            self._classes.append(np.ascontiguousarray(worth @ crew.member.T))
        for j, one in enumerate(problem.batches[1:], start=1):
            on, none = np.where(one.power_mw > 0, prices.wage[:, j], NEVER), np.zeros(problem.T)
            worth = work_worth(none, on, one.window, one.need, one.restart_usd, one.min_run)
            self.others.append(worth.reshape(problem.T + 1, -1))
        self.sold_usd, _ = award_cells(split.awards, split.kinks, split.spans, self.cells, prices.cover)

    def price_months(self, pieces: list[list[Piece]]) -> None:
        """What is to come from every state of the first job with the intervals, back from the end, and the bound."""
        self.pieces, self.legs = pieces, {}
        split, job = self.split, self.job
        end = np.full((int(job.need.max()) + 1) * (job.least_run + 1), NEVER)
        end[job.due * (job.least_run + 1) : (job.due + 1) * (job.least_run + 1)] = 0.0
        self.month = [end]
        for m in range(len(self.pieces) - 1, -1, -1):
            best = np.full_like(end, NEVER)
            for q, piece in enumerate(self.pieces[m]):
                self.legs[m, q] = leg = self._leg(m, piece, self.month[0])
                best = np.maximum(best, leg.by_hour[0] - piece.usd)
            self.month.insert(0, best)
        self.usd = split.constant_usd + float(self.month[0][self.begin[-1]])
        self.usd += sum(float(worth[0][0]) for worth in self._classes)
        self.usd += sum(
            float(worth[0][s]) for worth, s in zip(self.others[::-1], self.begin[len(self.crews) :], strict=False)
        )

    @property
    def begin(self) -> list[int]:
        """States of the parts before the first interval."""
        jobs = [job.min_run * job.initial_on for job in self.split.problem.batches[:0:-1]]
        return [0] * len(self.crews) + jobs + [self.job.least_run * self.job.running]

    def _leg(self, m: int, piece: Piece, end: Floats) -> Leg:
        """A month under a piece, before a month from whose states that much is to come."""
        split, cells, job, prices = self.split, self.cells, self.job, self.prices
        h0, h1 = split.span_edges[m], split.span_edges[m + 1]
        first = cells.first[h0 : h1 + 1]
        begin, over = cells.row[first[0]], cells.row[first[-1]]
        at, words = cells.at[begin:over], 1 << len(split.problem.batches)
        room = split.room(np.full(len(split.edges) - 1, piece.most_mw))
        value = all_commitments(
            split.tables,
            at,
            prices.running,
            prices.cover,
            cells.least_mw[begin:over],
            cells.most_mw[begin:over],
            room[at],
        ).value
        value -= prices.wage[at] @ busy_jobs(len(split.problem.batches)).T
        off, on = by_first_job(value)
        if words == 1:
            on = np.full_like(on, NEVER)
        by_row, by_hour = back_hours(
            off, on, self.sold_usd, first, cells.row - begin, split.spans.start[h0 : h1 + 1], job.window, job.need,
            job.restart_usd, job.least_run, end,
        )  # fmt: skip
        return Leg(room, value, by_row, by_hour)

    def row(self, m: int) -> int:
        """The first row of a month."""
        return int(self.cells.row[self.cells.first[self.split.span_edges[m]]])

    def moves(self, t: int) -> tuple[Ints, Floats]:
        """Moves of the parts in interval t: state after, and what is lost; of the first job what it costs."""
        if t in self._known:
            return self._known[t]
        to, paid, slots = self._table(t)
        lost = paid.copy()
        for c, (crew, worth) in enumerate(zip(self.crews, self._classes, strict=True)):
            gain = crew.phase.sum(axis=1) * self.prices.running[t, c] + crew.phase[:, :-1] @ self.split.ramp[c][:, t]
            own = lost[c, : crew.to.shape[0], : crew.to.shape[1]]
            own += worth[t][:, np.newaxis] - (gain + worth[t + 1])[crew.to]
        for i, j, states in slots:
            worth = self.others[j - 1]
            later = worth[t + 1][to[i, :states, :2]]
            later = np.where(later > NEVER / 2, later + np.array([0.0, self.prices.wage[t, j]]), -np.inf)
            lost[i, :states, :2] += worth[t][:, np.newaxis] - later
        if len(self._known) * lost.size < MOST_KNOWN:
            self._known[t] = to, lost
        return to, lost

    def _table(self, t: int) -> tuple[Ints, Floats, list[tuple[int, int, int]]]:
        """Moves and what they cost, the same in most intervals; and the parts that are jobs after the first, with their states."""
        jobs = self.split.problem.batches
        key = tuple(_kind(job, t) for job in jobs)
        if key not in self._tables:
            parts = [(crew.to, crew.usd) for crew in self.crews]
            rest = range(len(jobs) - 1, 0, -1)
            slots = [(i, j, len(self.others[j - 1][0])) for i, j in enumerate(rest, start=len(parts))]
            parts += [job_moves(jobs[j], t) for j in rest]
            parts.append(job_moves(jobs[0], t) if jobs else (np.array([[0, -1], [-1, -1]]), np.zeros((2, 2))))
            shape = len(parts), max(len(to) for to, _ in parts), max(to.shape[1] for to, _ in parts)
            states, paid = np.full(shape, -1, dtype=np.int64), np.zeros(shape)
            for k, (to, usd) in enumerate(parts):
                states[k, : to.shape[0], : to.shape[1]] = to
                paid[k, : to.shape[0], : to.shape[1]] = usd
            self._tables[key] = states, paid, slots
        return self._tables[key]


def _kind(job: BatchJob, t: int) -> tuple[int, int, bool]:
    """What the moves of a job in an interval depend on: what was due before, what is, and whether it can run."""
    new = t > 0 and job.window[t] != job.window[t - 1]
    return int(job.need[job.window[t - 1]]) if new else -1, int(job.need[job.window[t]]), bool(job.power_mw[t] > 0)
