"""The least bound as a linear programme: mixtures of what every part of a split site has wanted so far.

At the least bound the parts agree on average: blocks in a mixture of their words, intervals in a mixture of commitments, jobs
in a mixture of theirs. Blocks are stated in full (equal blocks' starts and stops are a network), the rest by what it wanted
at the prices looked at, one column per interval and commitment, per word of a job and per award of a cell. The duals of the
rows in which parts agree are the prices. Where too little has been seen yet they may be far off, so they are kept in a
box around the best ones (Marsten, Hogan and Blankenship 1975): disagreement is allowed at the edges of the box.
"""

from collections.abc import Sequence
from dataclasses import dataclass, field

import highspy
import numpy as np
from numpy.typing import NDArray

from megawatt.dispatch.certificate import Prices
from megawatt.dispatch.counts import first_in_first_out
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.cover import Cells
from megawatt.dispatch.coupled.interval import NEVER, all_commitments
from megawatt.dispatch.general import Effort, prepared
from megawatt.dispatch.problem import Floats, Ints, MachineClass
from megawatt.dispatch.rows import INF, Entry, Programme

ALIKE_MW = 1e-6
"""Cover by which two commitments of the same counts differ at least."""


@dataclass(frozen=True, slots=True)
class Mixed:
    """Parts that agree on average.

    Attributes:
        usd: Value of the mixture, without what no decision changes [USD].
        prices: Prices at which the parts want it.
        started: Blocks of each class started until each interval, shape (T, C).
        stopped: Blocks stopped, shape (T, C).
        work: The largest share's word of each job, shape (J, T).
    """

    usd: float
    prices: Prices
    started: Floats
    stopped: Floats
    work: NDArray[np.int8]

    def words(self, machines: Sequence[MachineClass], up: float) -> list[NDArray[np.int8]]:
        """Words of whole blocks, parts from ``1 - up`` on rounded up, first in, first out, shapes (n, T).

        Rows of least runs and rests bound differences of starts and stops counted from the beginning, so rounding all of
        them by the same amount keeps them.
        """
        found = []
        for c, m in enumerate(machines):
            net = np.floor(self.started[:, c] + up) - np.floor(self.stopped[:, c] + up)
            count = np.clip(np.rint(net) + m.blocks * m.initial.on, 0, m.blocks).astype(np.int64)
            found.append(first_in_first_out(count, m).astype(np.int8))
        return found


@dataclass(slots=True)
class Mixture:
    """The programme for one peak of every month, columns added as parts want more.

    Attributes:
        split: The prepared problem.
        cells: Cells of the hours' cover.
        busy: Words of jobs, shape (2**J, J).
        room: Import limit less firm load under the peaks, shape (T,) [MW].
    """

    split: Split
    cells: Cells
    busy: Floats
    room: Floats
    solver: highspy.Highs = field(init=False)
    agree: Ints = field(init=False)
    wage: Ints = field(init=False)
    cover: Ints = field(init=False)
    once: Ints = field(init=False)
    slot: int = field(init=False)
    cell: Ints = field(init=False)
    box: dict[str, Ints] = field(default_factory=dict)
    starts: Ints = field(init=False)
    stops: Ints = field(init=False)
    words: list[list[NDArray[np.int8]]] = field(init=False)
    shares: list[list[int]] = field(init=False)
    patterns: dict[tuple[int, bytes], int] = field(default_factory=dict)
    seen: set[tuple[int, int, int, int]] = field(default_factory=set)

    def __post_init__(self) -> None:
        split, T, J = self.split, self.split.problem.T, len(self.split.problem.batches)
        add, C = Programme(), len(self.split.problem.machines)
        self.agree = np.array(
            [add.add_rows("blocks agree", T, [], lo=0.0, hi=0.0) for _ in range(C)], dtype=np.int64
        ).reshape(C, T)
        self.wage = np.array(
            [add.add_rows("jobs agree", T, [], lo=0.0, hi=0.0) for _ in range(J)], dtype=np.int64
        ).reshape(J, T)
        self.cover = add.add_rows("cover", T, [], lo=0.0, hi=INF)
        self.once = add.add_rows("one word", max(J, 1), [], lo=1.0, hi=1.0)
        self.slot = int(add.add_rows("one commitment", 2 * len(self.cells.at), [], lo=0.0, hi=0.0)[0])
        self._blocks(add)
        self._awards(add)
        for name, rows, sign in (
            ("running", self.agree, 1.0),
            ("cover", self.cover, 1.0),
            ("wage", self.wage[1:], -1.0),
        ):
            for side, way in (("most", 1.0), ("least", -1.0)):
                columns = add.add_columns(f"{side} {name}", rows.size)
                add.extend_rows(rows.ravel(), columns, sign * way)
                self.box[f"{side} {name}"] = columns
        self.words, self.shares = [[] for _ in self.once], [[] for _ in self.once]
        self.solver = prepared(add, Effort(), relax=True)
        self.solver.setOptionValue("simplex_strategy", 4)  # primal: what is added leaves the last mixture feasible
        if not split.problem.batches:
            self._add_word(0, np.zeros(T, dtype=np.int8))

    # what is stated in full

    def _blocks(self, add: Programme) -> None:
        problem, T, t = self.split.problem, self.split.problem.T, np.arange(self.split.problem.T)
        starts, stops = [], []
        for rows, m, ramp in zip(self.agree, problem.machines, self.split.ramp, strict=True):
            held = max(0, (m.min_up if m.initial.on else m.min_down) - m.initial.steps)
            least, most, before = np.zeros(T), np.full(T, float(m.blocks)), np.zeros(T)
            if m.initial.on:
                least[:held] = m.blocks
            else:
                most[:held] = 0
            before[0] = m.blocks * m.initial.on
            lost = np.zeros(T)  # of a ramp what falls into the least run
            for i, usd in enumerate(ramp[: min(m.min_up, T)]):
                lost[: T - i] -= usd[i:]
            n = add.add_columns("running", T, lo=least, hi=most)
            v = add.add_columns("starts", T, hi=m.blocks, cost=m.start_usd + lost)
            w = add.add_columns("stops", T, hi=m.blocks, cost=m.stop_usd)
            add.extend_rows(rows, n, 1.0)
            balance: list[Entry] = [(t, n, 1.0), (t, v, -1.0), (t, w, 1.0), (t[1:], n[:-1], -1.0)]
            add.add_rows("switching", T, balance, lo=before, hi=before)
            up: list[Entry] = [(t[i:], v[: T - i], 1.0) for i in range(min(m.min_up, T))]
            add.add_rows("least run", T, [*up, (t, n, -1.0)], lo=-INF, hi=0.0)
            down: list[Entry] = [(t[i:], w[: T - i], 1.0) for i in range(min(m.min_down, T))]
            add.add_rows("least rest", T, [*down, (t, n, 1.0)], lo=-INF, hi=m.blocks)
            starts.append(v)
            stops.append(w)
        self.starts = np.array(starts, dtype=np.int64).reshape(len(starts), T)
        self.stops = np.array(stops, dtype=np.int64).reshape(len(stops), T)

    def _awards(self, add: Programme) -> None:
        """Awards of each cell; an hour of one cell takes it, one of several takes those that its patterns take."""
        cells, split = self.cells, self.split
        chosen = np.diff(cells.first) == 1
        taken = np.repeat(chosen.astype(np.float64), np.diff(cells.first))
        self.cell = add.add_rows("one award", len(cells.low_mw), [], lo=taken, hi=taken)
        for g, hour in enumerate(split.spans.hour):
            span = slice(split.awards.first[hour], split.awards.first[hour + 1])
            again = g > 0 and split.spans.hour[g - 1] == hour  # of a parted hour the first span holds the worth
            for n in range(cells.first[g], cells.first[g + 1]):
                inside = (split.kinks.mw > cells.low_mw[n]) & (split.kinks.mw < cells.high_mw[n])
                mw = np.concatenate(([cells.low_mw[n], cells.high_mw[n]], split.kinks.mw[inside]))
                usd = np.concatenate(([cells.low_usd[n], cells.high_usd[n]], split.kinks.usd[hour, inside]))
                if again:
                    mw, usd = np.zeros(1), np.zeros(1)
                columns = add.add_columns("award", len(mw), cost=-usd)
                add.extend_rows(np.full(len(mw), self.cell[n]), columns, 1.0)
                rows = self.cover[span]
                add.extend_rows(np.repeat(rows, len(mw)), np.tile(columns, len(rows)), -np.tile(mw, len(rows)))

    # what is added as it is wanted

    def add(self, prices: Prices, work: NDArray[np.int8]) -> None:
        """Add what rows and jobs want at some prices."""
        self._add_commitments(prices)
        for j, word in enumerate(work):
            self._add_word(j, word)

    def _add_commitments(self, prices: Prices) -> None:
        """Add the best commitments of every row, for every word of the jobs."""
        split, cells = self.split, self.cells
        value, pick, draw, _ = all_commitments(
            split.tables, cells.at, prices.running, prices.cover, cells.least_mw, cells.most_mw, self.room[cells.at]
        )
        covered = np.minimum(draw, cells.most_mw[:, np.newaxis])
        keys = np.rint(covered / ALIKE_MW).astype(np.int64)
        at = np.array(
            [(r, w) for r, w in np.argwhere(value > NEVER / 2) if self._is_new(int(r), int(w), int(pick[r, w]), int(keys[r, w]))],
            dtype=np.int64,
        ).reshape(-1, 2)  # fmt: skip
        r, w = at.T
        t, counts, mw = cells.at[r], split.tables.counts[pick[r, w]], covered[r, w]
        worth = value[r, w] + (counts * prices.running[t]).sum(axis=1) - mw * prices.cover[t]
        rows = np.column_stack((self.slot + 2 * r + (w & 1), self.agree[:, t].T, self.wage[:, t].T, self.cover[t]))
        entries = np.column_stack((np.ones(len(r)), -counts, self.busy[w], mw))
        if len(self.wage):
            entries[:, 1 + counts.shape[1]] = (
                0.0  # the first job's recursion runs over the intervals: no row of its own
            )
        self._add_columns(-worth, rows, entries)

    def _is_new(self, *key: int) -> bool:
        size = len(self.seen)
        self.seen.add(key)  # type: ignore[arg-type]
        return len(self.seen) > size

    def _add_word(self, j: int, word: NDArray[np.int8]) -> None:
        """Add a word of a job."""
        if any(np.array_equal(word, one) for one in self.words[j]):
            return
        problem, starts, restart = self.split.problem, 0, 0.0
        if problem.batches:
            job = problem.batches[j]
            starts = int((np.diff(word, prepend=np.int8(job.initial_on)) == 1).sum())
            restart = job.restart_usd
        rows = [int(self.once[j])]
        rows += self._slots(word) if j == 0 else self.wage[j][word > 0].tolist()
        entries = np.concatenate(([1.0], np.full(len(rows) - 1, -1.0)))
        self.words[j].append(word.copy())
        self.shares[j].append(self.solver.getNumCol())
        self._add_columns(np.array([restart * starts]), np.array([rows]), entries[np.newaxis])

    def _slots(self, word: NDArray[np.int8]) -> list[int]:
        """Rows that a word of the first job fills: an interval's, or the pattern's in an hour of several cells."""
        cells, start, rows = self.cells, self.split.spans.start, list[int]()
        for g in range(len(start) - 1):
            here, first = word[start[g] : start[g + 1]], cells.first[g]
            if cells.first[g + 1] - first == 1:
                rows += (self.slot + 2 * np.arange(cells.row[first], cells.row[first + 1]) + here).tolist()
                continue
            key = (g, here.tobytes())
            if key not in self.patterns:
                self.patterns[key] = self.solver.getNumRow()
                self.solver.addRow(0.0, 0.0, 0, np.zeros(0, dtype=np.int32), np.zeros(0))
                for n in range(first, cells.first[g + 1]):
                    inside = self.slot + 2 * np.arange(cells.row[n], cells.row[n + 1]) + here
                    taken = np.concatenate(([self.patterns[key], self.cell[n]], inside))[np.newaxis]
                    entry = np.concatenate(([1.0, -1.0], np.full(len(inside), -1.0)))[np.newaxis]
                    self._add_columns(np.zeros(1), taken, entry)
            rows.append(self.patterns[key])
        return rows

    def _add_columns(self, cost: Floats, rows: Ints, entries: Floats) -> None:
        kept = entries != 0.0
        start = np.concatenate(([0], np.cumsum(kept.sum(axis=1))))[:-1].astype(np.int32)
        n = len(cost)
        if n:
            self.solver.addCols(
                n, cost, np.zeros(n), np.full(n, INF), int(kept.sum()), start, rows[kept].astype(np.int32), entries[kept]
            )  # fmt: skip

    # the least bound in a box

    def solve(self, centre: Prices, reach: Prices) -> Mixed | None:
        """The mixture at the least bound within ``reach`` of some prices; None where HiGHS finds none."""
        solver, T, J = self.solver, self.split.problem.T, len(self.split.problem.batches)
        for name, at, far in (
            ("running", centre.running.T, reach.running.T),
            ("cover", centre.cover, reach.cover),
            ("wage", centre.wage.T[1:], reach.wage.T[1:]),
        ):
            least = np.maximum(at - far, 0.0) if name == "cover" else at - far
            for side, cost in (("most", at + far), ("least", -least)):
                columns = self.box[f"{side} {name}"]
                solver.changeColsCost(len(columns), columns.astype(np.int32), np.ascontiguousarray(cost).ravel())
        solver.run()
        if solver.getModelStatus() != highspy.HighsModelStatus.kOptimal:
            return None
        found = solver.getSolution()
        dual, x = np.array(found.row_dual), np.array(found.col_value)
        wage = np.zeros((T, J))
        wage[:, 1:] = -dual[self.wage[1:]].T
        return Mixed(
            -solver.getInfo().objective_function_value,
            Prices(np.ascontiguousarray(dual[self.agree].T), np.abs(dual[self.cover]), wage),
            np.cumsum(x[self.starts], axis=1).T,
            np.cumsum(x[self.stops], axis=1).T,
            np.array([words[int(np.argmax(x[own]))] for words, own in zip(self.words, self.shares, strict=True)])[:J],
        )
