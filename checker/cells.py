"""Cells of the award hours (section 'Bound', part 4) and the order in which part 5 goes through them."""

from itertools import pairwise

import numpy as np

from checker.awards import SLACK, award_value, bends, caps, hour_worth
from checker.plan import Cuts
from checker.problem import Problem
from checker.reading import Array, Flags, Whole


def has_awards(problem: Problem) -> bool:
    """Whether there are programmes and hours in which they can be sold."""
    return bool(problem.reserves) and len(problem.hour) > 0


def cuts_faults(problem: Problem, cuts: Cuts) -> list[str]:
    """Section Cuts: strictly between 0 and ``cap_H``, rising; no cut where a month begins within an hour."""
    at = [hour for hour, one in enumerate(cuts) if len(one)]
    if not at:
        return []
    if not has_awards(problem):
        return ["an hour is cut although nothing can be sold"]
    wrong = []
    cap = caps(problem, hour_worth(problem))
    month = problem.peaks[0].month if problem.peaks else np.zeros(problem.T, dtype=np.int64)
    for hour in at:
        one, t = cuts[hour], np.flatnonzero(problem.hour == hour)
        if one.min() <= 0 or one.max() >= cap[hour]:
            off = one[(one <= 0) | (one >= cap[hour])][0]
            wrong.append(f"hour {hour}: cut at {off:.9g} MW, not between 0 and {cap[hour]:.9g} MW")
        if (np.diff(one) <= 0).any():
            wrong.append(f"hour {hour}: the cuts do not rise")
        if (np.diff(t) != 1).any():
            wrong.append(f"hour {hour}: cut although its intervals are not consecutive")
        if len(set(month[t].tolist())) != 1:
            wrong.append(f"hour {hour}: cut although a month begins within it")
    return wrong


class Cells:
    """Cells ``[low, high]``, hour by hour, and the columns of part 5: pairs of an interval and a cell of its hour.

    The columns of an hour that is not cut are its intervals; those of a cut hour stand together, cell by cell. Without
    programmes every interval is an hour of its own.
    """

    def __init__(self, problem: Problem, cuts: Cuts) -> None:
        self.problem, self.sold = problem, has_awards(problem)
        self.hour: Whole = problem.hour if self.sold else np.arange(problem.T)
        self.worth = hour_worth(problem) if self.sold else np.zeros((0, problem.T))
        cap = caps(problem, self.worth) if self.sold else np.zeros(problem.T)
        number = np.ones(len(cap), dtype=np.int64)
        number[: len(cuts)] += np.array([len(one) for one in cuts], dtype=np.int64)
        self.owner = np.repeat(np.arange(len(cap)), number)
        first = number.cumsum() - number
        inner = np.concatenate([np.zeros(0), *cuts])
        self.low, self.high = np.zeros(len(self.owner)), np.empty(len(self.owner))
        self.low[np.delete(np.arange(len(self.owner)), first)] = inner
        self.high[np.delete(np.arange(len(self.owner)), first + number - 1)] = inner
        self.high[first + number - 1] = cap
        self.single: Flags = number[self.owner] == 1
        self._columns(number, first)
        if self.sold:
            self.covers = bends(problem, float(cap.max(initial=0.0)))
            self.at_bends = np.array([award_value(problem, self.worth, np.full(len(cap), c))[0] for c in self.covers])
            # a programme without a most: beyond all bends and cuts a MW of cover is worth the same for ever
            beyond = 1.0 + max(self.covers.max(initial=0.0), self.low.max(initial=0.0))
            self.end = np.where(np.isinf(self.high), beyond, self.high)
            worth = self.worth[:, self.owner]
            self.at_low, self.at_end, further = (
                award_value(problem, worth, edge)[0] for edge in (self.low, self.end, self.end + 1.0)
            )
            self.slope = np.where(np.isinf(self.high), further - self.at_end, -np.inf)

    def _columns(self, number: Whole, first: Whole) -> None:
        """``t``, ``cell`` and ``cut`` of each column; ``opens`` a cell, or an interval of an hour that is not cut."""
        every = number[self.hour]
        t = np.repeat(np.arange(self.problem.T), every)
        k = np.arange(len(t)) - np.repeat(every.cumsum() - every, every)
        begins = np.full(len(number), self.problem.T)
        np.minimum.at(begins, self.hour, np.arange(self.problem.T))
        cut = every[t] > 1
        place = np.where(cut, begins[self.hour[t]], t)
        order = np.lexsort((t, k, place))
        self.t, self.cut, self.place = t[order], cut[order], place[order]
        self.cell = first[self.hour[self.t]] + k[order]
        self.opens = np.ones(len(t), dtype=np.bool_)
        self.opens[1:] = (np.diff(self.place) != 0) | (np.diff(self.cell) != 0)

    def gain(self, cover: Array) -> Array:
        """``g_H(k) = max over low <= c <= high of award_H(c) - c x sum of cover over the hour``, for each cell."""
        if not self.sold:
            return np.zeros(len(self.owner))
        price = np.bincount(self.hour, weights=cover, minlength=self.worth.shape[1])[self.owner]
        best = np.maximum(self.at_low - self.low * price, self.at_end - self.end * price)
        for c, value in zip(self.covers, self.at_bends, strict=True):
            within = (self.low < c) & (c < self.high)
            np.maximum(best, value[self.owner] - c * price, out=best, where=within)
        best[self.slope > price + SLACK * np.maximum(1.0, price)] = np.inf
        return best

    def summed(self, columns: Whole, earned: Array) -> float:
        """The sum over hours of the largest, over cells, of what the intervals earn."""
        if not len(columns):
            return 0.0
        opens = np.flatnonzero(self.opens[columns])
        cells = np.add.reduceat(earned, opens)
        place = self.place[columns[opens]]
        hours = np.flatnonzero(np.concatenate([[True], np.diff(place) != 0]))
        return float(np.maximum.reduceat(cells, hours).sum())

    def stretches(self, columns: Whole) -> list[tuple[int, int, int]]:
        """Consecutive columns that are gone through together: from, to, cells; hours that are not cut stay joined."""
        place, cut = self.place[columns], self.cut[columns]
        if not len(columns):
            return []
        new = (cut[1:] != cut[:-1]) | (cut[1:] & (place[1:] != place[:-1]))
        edges = [0, *(np.flatnonzero(new) + 1).tolist(), len(columns)]
        found = []
        for a, b in pairwise(edges):
            found.append((a, b, int(self.opens[columns[a:b]].sum()) if cut[a] else 1))
        return found
