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
from checker.split import Leg, Split

MOST_LABELS = 60_000_000
MOST_WAYS = 1_000_000_000
"""Moves of parts that are followed."""
CROWD = 20_000
"""Labels taken through a column at a time."""
NEAR = 1 / 16
"""Of the slack: by how much charges of pieces may differ that are gone through as one at first."""
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
        self.split = Split(bound, prices, pieces, value_usd) if all(pieces) else None

    def usd(self) -> float:
        """``max(B, value_usd)``; a month without a piece leaves no joint words."""
        if self.split is None or self.split.slack <= 0:
            return self.value_usd
        return self.split.usd - Walk(self.split).least()


class Walk:
    """Labels of all parts from the first interval to the last.

    The number of a joint state has the first class fastest and the first job slowest. The number of what runs: the word of jobs, the
    last job fastest, then the counts of the classes, the last fastest, as `Site` has them.
    """

    def __init__(self, split: Split) -> None:
        self.split, self.pairs = split, Pairs(split)
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
        """The least regret, or the slack where that is less."""
        split = self.split
        begin = sum(int(part.begin) * int(place) for part, place in zip(split.parts, self.place, strict=True))
        now = Labels(np.array([begin]), np.zeros(1))
        for legs in split.legs[:-1]:
            now = Labels.joined([self._under(leg, now) for leg in legs])
        # the most promising piece of the last month first: what it loses at the least is all that others may lose
        first, *others = sorted(split.legs[-1], key=_promise)
        self._close([first], now)
        for legs in self._near(others):
            self._close(legs, now)
        return split.slack

    def _near(self, legs: list[Leg]) -> list[list[Leg]]:
        """Pieces of nearly the same charge together."""
        found: list[list[Leg]] = []
        for leg in sorted(legs, key=lambda leg: (leg.piece.usd, leg.piece.most)):
            if not found or leg.piece.usd - found[-1][0].piece.usd > NEAR * self.split.slack:
                found.append([])
            found[-1].append(leg)
        return found

    def _close(self, legs: list[Leg], now: Labels) -> None:
        """The slack after some pieces of the last month; one by one only if something is left of what brings no less than all."""
        found = self._under(self.split.envelope(legs), now)
        if len(legs) == 1:
            self.split.slack = min(self.split.slack, float(found.regret.min(initial=np.inf)))
        elif len(found.state):
            half = len(legs) // 2
            for some in sorted((legs[:half], legs[half:]), key=lambda some: min(map(_promise, some))):
                self._close(some, now)

    def _under(self, leg: Leg, now: Labels) -> Labels:
        """Labels after a month under a piece; not walked where the pairs lose all the slack."""
        now = self._fork(now, self.split.piece_regret(leg))
        if not len(now.state):
            return now
        ahead = self.pairs.enter(leg, self._of_parts(now.state), now.regret)
        kept = now.regret + ahead < self.split.slack
        return self._through(leg, Labels(now.state[kept], now.regret[kept]))

    def _of_parts(self, state: Whole) -> list[Whole]:
        """The states of the parts in joint states."""
        return [state // place % size for place, size in zip(self.place, self.sizes, strict=True)]

    def _fork(self, now: Labels, lost: Array) -> Labels:
        """After a choice that loses something by the state of the first job."""
        regret = now.regret + lost[now.state // self.place[-1]]
        kept = regret < self.split.slack
        return Labels(now.state[kept], regret[kept])

    def _through(self, leg: Leg, now: Labels) -> Labels:
        for p, place in enumerate(self.split.places[leg.m]):
            if not len(now.state):
                return now
            self.pairs.open(leg, p, self._of_parts(now.state), now.regret)
            ends = []
            for cell in place:
                here = self._fork(now, self.split.cell_regret(leg, p, cell))
                for i in cell:
                    here = self._step(leg, i, here)
                ends.append(here)
            now = Labels.joined(ends)
        return now

    def _step(self, leg: Leg, i: int, now: Labels) -> Labels:
        """Labels after a column."""
        if not len(now.state):
            return now
        ends = []
        for a in range(0, len(now.state), CROWD):
            crowd = Labels(now.state[a : a + CROWD], now.regret[a : a + CROWD])
            ways = self._of_classes(leg, i, crowd, self._of_jobs(leg, i, crowd))
            ends.append(Labels.best(ways.state, ways.regret))
        found = Labels.joined(ends)
        self.labels += len(found.state)
        if self.labels > MOST_LABELS:
            raise MalformedError(TOO_MANY)
        return found

    def _of_jobs(self, leg: Leg, i: int, now: Labels) -> Ways:
        """Ways of the jobs, each label's own, as if the interval earned what it earns at the best counts."""
        split, classes = self.split, self.split.classes
        apart = self.place[classes]
        joint = now.state // apart
        begins = np.append(True, np.diff(joint) != 0)
        distinct, group = joint[begins] * apart, begins.cumsum() - 1
        none = np.zeros(len(distinct), dtype=np.int64)
        ways = Ways(np.arange(len(distinct)), none, none, np.zeros(len(none)), np.zeros(len(none)))
        for k in range(classes, len(split.parts)):
            to, lost = split.part_moves(k, int(leg.t[i])) if k < len(split.parts) - 1 else split.first_moves(leg, i)
            at = distinct[ways.source] // self.place[k] % self.sizes[k]
            ways = self._moved(ways, k, at, to, lost)
        ways.regret += leg.gap[ways.number, i]
        ways = ways[np.flatnonzero(ways.regret < self.split.slack)]
        ways.rest = self.pairs.ahead(i, self._of_parts(ways.state))
        # every label has the ways of its state of the jobs
        count = np.bincount(ways.source, minlength=len(distinct))
        first, count = (count.cumsum() - count)[group], count[group]
        label = np.repeat(np.arange(len(group)), count)
        way = np.arange(len(label)) - np.repeat(count.cumsum() - count - first, count)
        regret = now.regret[label] + ways.regret[way]
        kept = regret + ways.rest[way] < self.split.slack
        label, way = label[kept], way[kept]
        return Ways(label, ways.state[way], ways.number[way], regret[kept], ways.rest[way])

    def _of_classes(self, leg: Leg, i: int, now: Labels, ways: Ways) -> Ways:
        """The same ways after the classes' moves; what the interval earns is that of the counts then."""
        split = self.split
        for k in range(split.classes):
            to, lost = split.part_moves(k, int(leg.t[i]))
            at = now.state[ways.source] // self.place[k] % self.sizes[k]
            ways = self._moved(ways, k, at, to, lost)
        ways.regret += leg.words[ways.number % self.words, i] - self._earned(leg, i, ways.number)
        return ways[np.flatnonzero(ways.regret + ways.rest < self.split.slack)]

    def _moved(self, ways: Ways, k: int, at: Whole, to: Whole, lost: Array) -> Ways:
        """Ways after the moves of one part more, which stands at ``at``; ``to`` and ``lost`` are moves x states."""
        if len(at) * len(to) > MOST_AT_ONCE:
            raise MalformedError(TOO_MANY)
        way, move = np.nonzero(lost.T[at] < (self.split.slack - ways.regret - ways.rest)[:, None])
        self.ways += len(way)
        if self.ways > MOST_WAYS:
            raise MalformedError(TOO_MANY)
        at, found = at[way], ways[way]
        after = to[move, at]
        found.state += after * self.place[k]
        found.number += self.runs[k][after]
        found.regret += lost[move, at]
        return found

    def _earned(self, leg: Leg, i: int, number: Whole) -> Array:
        """``e_t`` of what runs, at the prices."""
        bound = self.split.bound
        asked = np.zeros(self.words * len(bound.site.counts), dtype=np.bool_)
        asked[number] = True
        different = np.flatnonzero(asked)
        n = len(different)
        rows = bound.rows(np.full(n, bound.columns[leg.m][i]), different % self.words, np.full(n, leg.cap[i]))
        earned = np.empty(len(asked))
        earned[different] = self.split.shop.filled(rows, bound.site.counts[different // self.words])[0]
        found: Array = earned[number]
        return found


def _promise(leg: Leg) -> float:
    """The less, the more a piece can bring."""
    return -float(leg.start.max())
