"""Small sites: joint plans under one range of peaks after the other, those first whose bound promises most.

Under peaks of at most b the best plan earns f(b) before the demand charge, and one whose peaks lie above a pays for
them: no plan of the range [a, b] is worth more than ``f(b) - charge(a)``. The range that promises most is parted, and
only its lower part needs a new search, for what holds of the highest peaks holds of the upper part too.
"""

import heapq
from dataclasses import dataclass, field
from itertools import count

import numpy as np

from megawatt.dispatch.certificate import Piece, Prices
from megawatt.dispatch.coupled.ascent import Ascent
from megawatt.dispatch.coupled.joint import Joint
from megawatt.dispatch.coupled.peaks import highest_mw, lowest_mw
from megawatt.dispatch.coupled.search import SWEEPS, Search
from megawatt.dispatch.coupled.shave import shave
from megawatt.dispatch.coupled.view import Viewer
from megawatt.dispatch.ledger import measured_mw
from megawatt.dispatch.problem import Floats

STEPS = 6
"""Steps towards better prices for each range."""

MOST_LOOKS = 20_000
"""Intervals looked at in these steps, in all: ranges of a longer horizon are fewer."""

MOST_WAYS = 10_000_000
"""Ways on looked at in all, some ten seconds."""

EXACT_MW = 1e-8
"""Width to which the best plan's peaks are searched in the end [MW]."""

NARROW_MW = 1e-4
"""Ranges narrower than this are not parted: what they still promise is less than the charge on it."""


@dataclass(slots=True)
class SmallSite:
    """Joint search of a site.

    Attributes:
        joint: Its joint states.
        search: Where better plans are kept.
        prices: Prices to begin with.
        tolerance_usd: A range that promises no more than this above the best plan is left [USD].
    """

    joint: Joint
    search: Search
    prices: Prices
    tolerance_usd: float
    _looks: int = 0
    _open: list[tuple[float, int, Floats, Floats, float]] = field(default_factory=list)
    _number: "count[int]" = field(default_factory=count)

    def run(self) -> bool:
        """Search until nothing promises more, or the work is done; whether nothing does."""
        split = self.joint.split
        if not split.problem.peaks:
            self._look(np.zeros(1), np.zeros(1))
            return True
        finished = self._ranges()
        if self.search.best is not None:
            self.search.value_usd = shave(self.search.best, EXACT_MW)
        return finished

    def _ranges(self) -> bool:
        """Ranges of peaks, those that promise most first; whether none is left."""
        split = self.joint.split
        low = np.zeros(len(split.problem.peaks[0].floor_mw))
        top = np.maximum(highest_mw(split), lowest_mw(split))
        self._add(low, top, self._look(low, top))
        while self._open and self._looks < MOST_LOOKS and self.joint.ways < MOST_WAYS and not self.search.deadline.over:
            most, _, a, b, earned = heapq.heappop(self._open)
            if -most <= self.search.value_usd - split.constant_usd + self.tolerance_usd:
                return True
            m, at = self._part(a, b)
            if m < 0:
                continue
            upper, lower = a.copy(), b.copy()
            upper[m] = lower[m] = at
            self._add(upper, b, earned)
            self._add(a, lower, min(self._look(a, lower), earned))
        return not self._open

    def _charge(self, mw: Floats) -> float:
        """What peaks cost at least [USD]."""
        return float(self._charges(mw).sum())

    def _charges(self, mw: Floats) -> Floats:
        """By month, shape (M,); a ratchet bills a share of the highest peak of the eleven months before."""
        if not self.joint.split.problem.peaks:
            return np.zeros(1)
        charge = self.joint.split.problem.peaks[0]
        before = np.array([mw[max(m - 11, 0) : m].max(initial=0.0) for m in range(len(mw))])
        billed = np.maximum(np.maximum(mw, charge.floor_mw), charge.ratchet_fraction * before)
        usd: Floats = charge.usd_per_mw_month * billed
        return usd

    def _add(self, a: Floats, b: Floats, earned: float) -> None:
        heapq.heappush(self._open, (self._charge(a) - earned, next(self._number), a, b, earned))

    def _part(self, a: Floats, b: Floats) -> tuple[int, float]:
        """Month whose peak costs most between the ends, and where it is parted: at the best plan's peak where that lies inside, else in the middle."""
        charge = self.joint.split.problem.peaks[0]
        floor = charge.floor_mw
        if charge.ratchet_fraction:  # a peak below its own floor is billed in the months after it
            floor = np.append(np.zeros(len(floor) - 1), floor[-1])
        width = np.where(b > floor, b - np.maximum(a, floor), 0.0)
        worth = np.array([self._charge(np.where(np.arange(len(a)) == m, b, a)) for m in range(len(a))]) - self._charge(
            a
        )
        worth[width <= NARROW_MW] = 0.0
        m = int(worth.argmax())
        if worth[m] <= 0.0:
            return -1, 0.0
        low = max(float(a[m]), float(floor[m]))
        at = (low + float(b[m])) / 2
        if self.search.best is not None:
            own = float(measured_mw(charge, self.search.valued().import_mw())[m])
            if low + 0.02 * width[m] < own < b[m] - 0.02 * width[m]:
                at = own
        return m, at

    def _look(self, a: Floats, b: Floats) -> float:
        """Search under the peaks b, those of a paid, keep what is better, and return what plans there earn at most [USD]."""
        search, joint = self.search, self.joint
        usd = self._charge(a)
        goal = search.value_usd - joint.split.constant_usd + usd
        if not joint.fits(self.prices, b):
            return -np.inf
        if np.isfinite(goal):
            self.prices = self._better_prices(a, b)
        trial, most = joint.best(self.prices, b, goal)
        if trial is not None and np.isfinite(trial.value_usd()):
            trial.improve(SWEEPS)
            value = shave(trial)
            if value > search.value_usd:
                search.best, search.value_usd = trial, value
        return most

    def _better_prices(self, a: Floats, b: Floats) -> Prices:
        """Prices that bound these ranges, a few steps on."""
        pieces, peaks = [[Piece(0.0, np.inf, 0.0)]], self.joint.split.problem.peaks
        if peaks:
            pieces = [[Piece(*one)] for one in zip(a.tolist(), b.tolist(), self._charges(a).tolist(), strict=True)]
        ascent = Ascent(Viewer(self.joint.split), self.prices)
        for _ in range(STEPS):
            ascent.step(pieces, self.search.value_usd)
            self._looks += self.joint.split.problem.T
            if ascent.best_usd <= self.search.value_usd:
                break
        return ascent.best
