"""Joint plans of a small site: all classes and jobs step by step at once, as far as the bound says that it can pay.

A *label* is a state of all classes and jobs after an interval, what was earned on the way, and the most that any way on
can still bring at the bound's prices: what the blocks' and the jobs' recursions and the intervals still bring from
that state. A label that cannot pass the best plan is dropped; of two in one state the better stays. Where no step has
to drop more than that, the plan found is the best under the given peaks, and what a single block or job cannot reach by
a step of its own is reached. Within an award hour labels keep the commitments of the hour so far, which share a cover.
"""

from dataclasses import dataclass, field, fields

import numpy as np
from numba import njit

from megawatt.dispatch.certificate import Prices
from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.crews import Crew, words_of
from megawatt.dispatch.coupled.hours import cover_pay, earn_hours
from megawatt.dispatch.coupled.interval import NEVER, earn
from megawatt.dispatch.coupled.tables import Tables
from megawatt.dispatch.coupled.trial import Trial
from megawatt.dispatch.coupled.ways import Ways
from megawatt.dispatch.problem import Floats, Ints

MOST_LABELS = 2_000
"""Labels kept after an interval; the least promising go first."""

MOST_WAYS = 20_000
"""Ways on from the labels of an interval that are looked at: many narrow ranges find more than a few wide searches."""

MOST_COMBINATIONS = 2.0**50
"""Commitments of an interval up to which a float numbers them."""

AS_GOOD_USD = 1e-7
"""A label that promises no more than this above the best plan is dropped."""


@dataclass(slots=True)
class Labels:
    """Labels after an interval, the most promising first.

    Attributes:
        state: Number of the state of each class and job, shape (n, C + J).
        earned: What whole hours and all switching brought, shape (n,) [USD].
        open: What the intervals of an hour under way bring at the price of cover, shape (n,) [USD].
        past: Number of what ran in the hour so far, shape (n,).
        most: Most that the whole can bring, shape (n,) [USD].
        before: Label before the interval, shape (n,).
        ran: Row of what ran in it, in `step`'s list, shape (n,).
    """

    state: Ints
    earned: Floats
    open: Floats
    past: Ints
    most: Floats
    before: Ints
    ran: Ints

    def chosen(self, at: Ints) -> "Labels":
        """Some of the labels."""
        return Labels(*(getattr(self, one.name)[at] for one in fields(self)))

    def best(self, goal_usd: float) -> "Labels":
        """Those that promise more than a goal, the best of each state and past, the most promising first."""
        good = np.flatnonzero((self.most > goal_usd) & (self.most > NEVER / 2))
        order = good[np.lexsort((-self.most[good], self.past[good], *self.state[good].T))]
        here = np.column_stack((self.state[order], self.past[order]))
        order = order[np.append(True, (np.diff(here, axis=0) != 0).any(axis=1))[: len(order)]]
        return self.chosen(order[np.argsort(-self.most[order], kind="stable")])


@dataclass(slots=True)
class Joint:
    """A site's joint states.

    Attributes:
        split: The prepared problem.
        crews: States of its classes.
        ways: Ways on that were looked at.
        cut: Whether labels were dropped that might have led to a better plan.
    """

    split: Split
    crews: list[Crew]
    ways: int = 0
    cut: bool = False
    _tables: Tables = field(init=False)

    def __post_init__(self) -> None:
        self._tables = self.split.ramps.tables

    @classmethod
    def of(cls, split: Split) -> "Joint | None":
        """None where a class has too many states, or nothing is decided."""
        problem = split.problem
        columns = np.prod([(m.blocks + 1.0) ** (len(m.ramp_loss) + 1) for m in problem.machines])
        if columns * 2.0 ** len(problem.batches) > MOST_COMBINATIONS or not (problem.machines or problem.batches):
            return None
        crews = [Crew.of(m) for m in problem.machines]
        return cls(split, [crew for crew in crews if crew]) if all(crews) else None

    def fits(self, prices: Prices, peaks_mw: Floats) -> bool:
        """Whether there may be a plan under these peaks: whether each job fits beside the others at their best."""
        return bool(self._first(Ways.of(self.split, self.crews, prices, peaks_mw)).most[0] > NEVER / 2)

    def best(self, prices: Prices, peaks_mw: Floats, goal_usd: float) -> tuple[Trial | None, float]:
        """The best plan under these peaks that earns more than a goal, and the most that any earns, without the demand charge [USD].

        Both leave out what no decision changes.
        """
        todo = Ways.of(self.split, self.crews, prices, peaks_mw)
        labels, hour, self.cut = self._first(todo), 0, False
        kept, root = list[tuple[Labels, Floats]](), float(labels.most[0])
        for t in range(self.split.problem.T):
            hour += t == self.split.awards.first[hour + 1]
            kept.append(self._step(todo, labels, t, hour, goal_usd + AS_GOOD_USD))
            labels = kept[-1][0]
            if t + 1 == self.split.awards.first[hour + 1] and len(labels.most):
                labels = self._closed(todo, labels, hour, kept).best(goal_usd + AS_GOOD_USD)
                kept[-1] = labels, kept[-1][1]
            if not len(labels.most):
                return None, root if self.cut else goal_usd
        return self._trial(kept, peaks_mw), root if self.cut else float(labels.earned.max())

    def _first(self, todo: Ways) -> Labels:
        """The state before the first interval."""
        batches, none, zero = self.split.problem.batches, np.zeros(1, dtype=np.int64), np.zeros(1)
        state = np.array([[0] * len(self.crews) + [job.min_run * job.initial_on for job in batches]], dtype=np.int64)
        return Labels(state, zero, zero, none, todo.still_usd(0, state), none, none)

    def _step(self, todo: Ways, labels: Labels, t: int, hour: int, goal_usd: float) -> tuple[Labels, Floats]:
        """Labels after interval t, and what ran in it: rows of counts by column, then of jobs."""
        slack = labels.most - goal_usd
        before, state, cost = expand(labels.state, slack, *todo.moves(self.split, self.crews, t), MOST_WAYS)
        self.ways += len(before)
        self.cut = self.cut or len(before) == MOST_WAYS
        rows, ran = self._rows(state)
        opened = labels.open[before] + self._worth(todo, rows, t)[ran]
        earned, past = labels.earned[before] - cost, labels.past[before] * len(rows) + ran
        most = earned + opened + todo.still_usd(t + 1, state) + todo.award_usd[hour]
        found = Labels(state, earned, opened, past, most, before, ran).best(goal_usd)
        self.cut = self.cut or len(found.most) > MOST_LABELS
        found = found.chosen(np.arange(min(len(found.most), MOST_LABELS)))
        found.past = np.unique(found.past, return_inverse=True)[1].reshape(-1)
        return found, rows

    def _rows(self, state: Ints) -> tuple[Floats, Ints]:
        """Distinct commitments that lead to states, as running blocks by column and then jobs, and the row of each state."""
        C, width = len(self.crews), self._tables.base_mw.shape[1]
        columns = np.zeros((len(state), width + len(self.split.problem.batches)))
        for c, crew in enumerate(self.crews):
            columns[:, [*self.split.ramps.column[c], c]] = crew.phase[state[:, c]]
        for j, job in enumerate(self.split.problem.batches):
            columns[:, width + j] = state[:, C + j] % (job.min_run + 1) > 0
        place = np.append(1.0, np.cumprod(columns.max(axis=0, initial=0.0) + 1.0)[:-1])
        _, at, ran = np.unique(columns @ place, return_index=True, return_inverse=True)
        return columns[at], ran.reshape(-1)

    def _worth(self, todo: Ways, rows: Floats, t: int) -> Floats:
        """What commitments earn in interval t when cover is paid, shape (rows,) [USD]."""
        n, columns = len(rows), self._tables.base_mw.shape[1]
        at = np.full(n, t)
        usd, mw = np.empty(n), np.empty(n)
        earn(
            self._tables.part(at), np.ascontiguousarray(rows[:, :columns]), np.ascontiguousarray(rows[:, columns:]),
            todo.prices.cover[at], self.split.cap[at], todo.room[at], usd, mw,
        )  # fmt: skip
        return usd

    def _closed(self, todo: Ways, labels: Labels, hour: int, kept: list[tuple[Labels, Floats]]) -> Labels:
        """Labels at the end of an award hour, paid what its intervals and best awards bring."""
        a, b = (int(edge) for edge in self.split.awards.first[hour : hour + 2])
        ran, at = np.empty((len(labels.most), b - a), dtype=np.int64), np.arange(len(labels.most))
        for t in range(b - 1, a - 1, -1):
            ran[:, t - a] = kept[t][0].ran[at]
            at = kept[t][0].before[at]
        _, first, same = np.unique(labels.past, return_index=True, return_inverse=True)
        rows = np.stack([kept[t][1][ran[first, t - a]] for t in range(a, b)], axis=1)
        worth = self._hour_usd(todo, rows.reshape(-1, rows.shape[2]), hour, len(first))[same.reshape(-1)]
        most = labels.most - labels.open - todo.award_usd[hour] + worth
        none = np.zeros(len(most))
        return Labels(labels.state, labels.earned + worth, none, none.astype(np.int64), most, labels.before, labels.ran)

    def _hour_usd(self, todo: Ways, rows: Floats, hour: int, n: int) -> Floats:
        """What n commitments of an award hour earn, given as its intervals one after the other, shape (n,) [USD]."""
        split, columns = self.split, self._tables.base_mw.shape[1]
        a, b = int(split.awards.first[hour]), int(split.awards.first[hour + 1])
        at, out = np.tile(np.arange(a, b), n), np.full(n, NEVER)
        counts, work = np.ascontiguousarray(rows[:, :columns]), np.ascontiguousarray(rows[:, columns:])
        R = len(split.awards.share)
        awards = split.awards._replace(
            first=np.arange(n + 1) * (b - a), worth_usd=np.repeat(split.awards.worth_usd[hour : hour + 1], n, axis=0)
        )
        x, sold = np.zeros((len(at), self._tables.owner.shape[0])), np.zeros((n, R))
        earn_hours(self._tables.part(at), awards, split.kinks.mw, counts, work, todo.room[at], x, sold, out)
        return out

    def _trial(self, kept: list[tuple[Labels, Floats]], peaks_mw: Floats) -> Trial:
        """The plan of the best label in the end."""
        problem, columns = self.split.problem, self._tables.base_mw.shape[1]
        at = int(kept[-1][0].earned.argmax())
        counts = np.zeros((problem.T, len(self.crews)), dtype=np.int64)
        work = np.zeros((len(problem.batches), problem.T), dtype=np.int8)
        for t in range(problem.T - 1, -1, -1):
            labels, rows = kept[t]
            row = rows[labels.ran[at]]
            for c in range(len(self.crews)):
                counts[t, c] = row[[c, *self.split.ramps.column[c]]].sum()
            work[:, t] = row[columns:]
            at = int(labels.before[at])
        words = [words_of(counts[:, c], m) for c, m in enumerate(problem.machines)]
        return Trial(self.split, peaks_mw, words, work, *cover_pay(self.split.awards))


@njit(cache=True)
def expand(state: Ints, slack: Floats, to: Ints, usd: Floats, lost: Floats, most: int) -> tuple[Ints, Ints, Floats]:
    """Ways on from labels, those that lose less than the label's slack.

    Args:
        state: States of the labels, shape (n, K), the most promising first.
        slack: What each may lose, shape (n,) [USD].
        to: State after each move of each class and job, shape (K, states, moves), -1 where there is none.
        usd: What the move costs, the same shape [USD].
        lost: What it loses at least, the same shape [USD].
        most: Ways at most.

    Returns:
        Label before each way, states after it, shape (ways, K), and what it costs [USD].
    """
    n, K = state.shape
    before, after, cost = np.empty(most, dtype=np.int64), np.empty((most, K), dtype=np.int64), np.empty(most)
    move = np.zeros(K + 1, dtype=np.int64)
    left, paid = np.zeros(K + 1), np.zeros(K + 1)
    ways = 0
    for k in range(n):
        left[0], depth = slack[k], 0
        move[0] = -1
        while depth >= 0 and ways < most:
            if depth == K:
                before[ways], cost[ways] = k, paid[K]
                for i in range(K):
                    after[ways, i] = to[i, state[k, i], move[i]]
                ways += 1
                depth -= 1
                continue
            move[depth] += 1
            if move[depth] == to.shape[2]:
                depth -= 1
                continue
            s = state[k, depth]
            if to[depth, s, move[depth]] < 0:
                continue
            rest = left[depth] - lost[depth, s, move[depth]]
            if rest <= 0.0:
                continue
            paid[depth + 1] = paid[depth] + usd[depth, s, move[depth]]
            left[depth + 1] = rest
            depth += 1
            move[depth] = -1
    return before[:ways].copy(), after[:ways].copy(), cost[:ways].copy()
