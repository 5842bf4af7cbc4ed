"""The bound of all blocks and jobs together (section 'Bound'): joint words by labels of least regret.

At the certificate's prices every part has a best word and the first job with the intervals has one; together they are the split
bound. What a joint word misses of it, its regret, adds up interval by interval and never falls. Of the words that lead to one joint
state the one of least regret is kept, and none whose regret leaves less than the plan's value. To keep them few, the first job and
each other are gone through in pairs beforehand, all else at the prices: the most that a pair has still to lose is the least that
the joint words have.
"""

from dataclasses import dataclass

import numpy as np

from checker.bound import Bound
from checker.pairs import Pairs
from checker.plan import Piece, Prices
from checker.reading import Array, MalformedError, Whole
from checker.split import Split

MOST_LABELS = 20_000_000
MOST_WAYS = 200_000_000
"""Moves of parts that are followed."""
CROWD = 20_000
"""Labels taken through a column at a time."""
MOST_AT_ONCE = 30_000_000
"""Moves of a part, of all labels of a crowd."""
TOO_MANY = "plan.certificate.together: more joint states than can be checked"


@dataclass
class Labels:
    """Joint states, rising, and their least regrets."""

    state: Whole
    regret: Array

    @staticmethod
    def best(state: Whole, regret: Array) -> "Labels":
        """The least regret of each state."""
        if not len(state):
            return Labels(state, regret)
        order = np.argsort(state, kind="stable")
        state, regret = state[order], regret[order]
        begins = np.flatnonzero(np.append(True, np.diff(state) != 0))
        return Labels(state[begins], np.minimum.reduceat(regret, begins))

    @staticmethod
    def joined(ways: list["Labels"]) -> "Labels":
        """The least regret of each state on several ways."""
        if len(ways) == 1:
            return ways[0]
        return Labels.best(np.concatenate([one.state for one in ways]), np.concatenate([one.regret for one in ways]))


@dataclass
class Ways:
    """Ways on through a column: where from, the state after and the number of what runs, each of the parts moved so far.

    ``regret`` is what is lost on the way there, ``rest`` what is still to be lost at the least.
    """

    source: Whole
    state: Whole
    number: Whole
    regret: Array
    rest: Array

    def __getitem__(self, chosen: Whole) -> "Ways":
        return Ways(
            self.source[chosen], self.state[chosen], self.number[chosen], self.regret[chosen], self.rest[chosen]
        )


class Together:
    """B at some prices and pieces, all blocks and jobs together, as far as it lies above the plan's value."""

    def __init__(self, bound: Bound, prices: Prices, pieces: list[list[Piece]], value_usd: float) -> None:
        self.value_usd = value_usd
        self.split = Split(bound, prices, pieces)
        self.slack = self.split.usd - value_usd

    def usd(self) -> float:
        """``max(B, value_usd)``."""
        if self.slack <= 0:
            return self.value_usd
        walk = Walk(self.split, Pairs(self.split, self.slack), self.slack)
        return self.split.usd - min(self.slack, walk.least())


class Walk:
    """Labels of all parts from the first interval to the last.

    The number of a joint state has the first class fastest and the first job slowest. The number of what runs: the word of jobs, the
    last job fastest, then the counts of the classes, the last fastest, as `Site` has them.
    """

    def __init__(self, split: Split, pairs: Pairs, slack: float) -> None:
        self.split, self.pairs, self.slack = split, pairs, slack
        sizes = [len(part.runs) for part in split.parts]
        self.place = np.cumprod([1, *sizes])[:-1]
        self.sizes = np.array(sizes)
        site = split.bound.site
        self.words = len(site.words)
        blocks = site.blocks.astype(np.int64) + 1
        weights = [self.words * int(np.prod(blocks[c + 1 :])) for c in range(len(blocks))]
        jobs = len(split.bound.problem.jobs)
        weights += [2 ** (jobs - 1 - j) for j in range(jobs - 1, -1, -1)] or [0]
        self.runs = [part.runs * weight for part, weight in zip(split.parts, weights, strict=True)]
        self.labels, self.ways = 0, 0

    def least(self) -> float:
        """The least regret, infinite where it is the slack or more."""
        split = self.split
        begin = sum(int(part.begin) * int(place) for part, place in zip(split.parts, self.place, strict=True))
        now = Labels(np.array([begin]), np.zeros(1))
        for m, legs in enumerate(split.legs):
            ends = [self._through(m, q, self._fork(now, split.piece_regret(m, q))) for q in range(len(legs))]
            now = Labels.joined(ends)
        return float(now.regret.min(initial=np.inf))

    def _of_parts(self, state: Whole) -> list[Whole]:
        """The states of the parts in joint states."""
        return [state // place % size for place, size in zip(self.place, self.sizes, strict=True)]

    def _fork(self, now: Labels, lost: Array) -> Labels:
        """After a choice that loses something by the state of the first job."""
        regret = now.regret + lost[now.state // self.place[-1]]
        kept = regret < self.slack
        return Labels(now.state[kept], regret[kept])

    def _through(self, m: int, q: int, now: Labels) -> Labels:
        for p, place in enumerate(self.split.places[m]):
            if not len(now.state):
                return now
            self.pairs.open(m, q, p, self._of_parts(now.state), now.regret)
            ends = []
            for cell in place:
                here = self._fork(now, self.split.cell_regret(m, q, p, cell))
                for i in cell:
                    here = self._step(m, q, i, here)
                ends.append(here)
            now = Labels.joined(ends)
        return now

    def _step(self, m: int, q: int, i: int, now: Labels) -> Labels:
        """Labels after a column."""
        if not len(now.state):
            return now
        ends = []
        for a in range(0, len(now.state), CROWD):
            crowd = Labels(now.state[a : a + CROWD], now.regret[a : a + CROWD])
            ways = self._of_classes(m, q, i, crowd, self._of_jobs(m, q, i, crowd))
            ends.append(Labels.best(ways.state, ways.regret))
        found = Labels.joined(ends)
        self.labels += len(found.state)
        if self.labels > MOST_LABELS:
            raise MalformedError(TOO_MANY)
        return found

    def _of_jobs(self, m: int, q: int, i: int, now: Labels) -> Ways:
        """Ways of the jobs, each label's own, as if the interval earned what it earns at the best counts."""
        split, leg, classes = self.split, self.split.legs[m][q], self.split.classes
        apart = self.place[classes]
        joint = now.state // apart
        begins = np.append(True, np.diff(joint) != 0)
        distinct, group = joint[begins] * apart, begins.cumsum() - 1
        none = np.zeros(len(distinct), dtype=np.int64)
        # what the interval earns makes good for what its move loses: till then no way is too costly
        ways = Ways(np.arange(len(distinct)), none, none, np.zeros(len(none)), np.full(len(none), -np.inf))
        for k in range(classes, len(split.parts)):
            to, lost = split.part_moves(k, int(leg.t[i])) if k < len(split.parts) - 1 else split.first_moves(m, q, i)
            at = distinct[ways.source] // self.place[k] % self.sizes[k]
            ways = self._moved(ways, k, at, to, lost)
        ways.regret -= leg.words[ways.number, i]
        ways = ways[np.flatnonzero(ways.regret < self.slack)]
        ways.rest = self.pairs.ahead(i, self._of_parts(ways.state))
        # every label has the ways of its state of the jobs
        count = np.bincount(ways.source, minlength=len(distinct))
        first, count = (count.cumsum() - count)[group], count[group]
        label = np.repeat(np.arange(len(group)), count)
        way = np.arange(len(label)) - np.repeat(count.cumsum() - count - first, count)
        regret = now.regret[label] + ways.regret[way]
        kept = regret + ways.rest[way] < self.slack
        label, way = label[kept], way[kept]
        return Ways(label, ways.state[way], ways.number[way], regret[kept], ways.rest[way])

    def _of_classes(self, m: int, q: int, i: int, now: Labels, ways: Ways) -> Ways:
        """The same ways after the classes' moves; what the interval earns is that of the counts then."""
        split, leg = self.split, self.split.legs[m][q]
        for k in range(split.classes):
            to, lost = split.part_moves(k, int(leg.t[i]))
            at = now.state[ways.source] // self.place[k] % self.sizes[k]
            ways = self._moved(ways, k, at, to, lost)
        ways.regret += leg.words[ways.number % self.words, i] - self._earned(m, q, i, ways.number)
        return ways[np.flatnonzero(ways.regret + ways.rest < self.slack)]

    def _moved(self, ways: Ways, k: int, at: Whole, to: Whole, lost: Array) -> Ways:
        """Ways after the moves of one part more, which stands at ``at``; ``to`` and ``lost`` are states x moves."""
        if len(at) * to.shape[1] > MOST_AT_ONCE:
            raise MalformedError(TOO_MANY)
        way, move = np.nonzero(lost[at] < (self.slack - ways.regret - ways.rest)[:, None])
        self.ways += len(way)
        if self.ways > MOST_WAYS:
            raise MalformedError(TOO_MANY)
        at, found = at[way], ways[way]
        after = to[at, move]
        found.state += after * self.place[k]
        found.number += self.runs[k][after]
        found.regret += lost[at, move]
        return found

    def _earned(self, m: int, q: int, i: int, number: Whole) -> Array:
        """``e_t`` of what runs, at the prices."""
        bound, leg = self.split.bound, self.split.legs[m][q]
        asked = np.zeros(self.words * len(bound.site.counts), dtype=np.bool_)
        asked[number] = True
        different = np.flatnonzero(asked)
        n = len(different)
        rows = bound.rows(np.full(n, bound.columns[m][i]), different % self.words, np.full(n, leg.cap[i]))
        earned = np.empty(len(asked))
        earned[different] = self.split.shop.filled(rows, bound.site.counts[different // self.words])[0]
        found: Array = earned[number]
        return found
