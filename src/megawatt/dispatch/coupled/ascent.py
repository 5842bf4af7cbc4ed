"""Better prices: subgradient steps towards the least bound, as long as they pay.

A bound is convex and piecewise linear in its prices. Where blocks and intervals disagree, the difference of their
counts is a subgradient; the step length is Polyak's, with the value of the best plan as the goal, and the direction is
deflected (Camerini, Fratta and Maffioli 1975) so that it does not zigzag. The goal is within the gap of the optimum, so
steps are about right from the first. Peaks take part: the subgradient is taken at the piece that holds the maximum.
"""

from dataclasses import dataclass, field

import numpy as np

from megawatt.dispatch.certificate import Piece, Prices
from megawatt.dispatch.coupled.view import View, Viewer

LENGTH = 1.4
"""Length of the first steps as a share of Polyak's; shares between 0 and 2 come nearer to the best prices."""

PATIENCE = 12
"""Steps without a better bound after which the steps are shortened and begin again from the best prices."""

FEW_MONTHS = 2
"""Months up to which steps are deflected: with more, some piece that holds the maximum is another in nearly every step, and
what the direction remembers of other pieces leads astray; over a year forty steps then came half as near."""

NEAR = 0.03
"""Share of the gap to which the piece that holds the maximum is looked for: closer, most of the time would go into that."""


@dataclass(slots=True)
class Ascent:
    """Prices under way to a lower bound.

    Attributes:
        viewer: Evaluates the bound.
        prices: Present prices.
        looked: Prices of the last look.
        focus: Pieces of each month that held the maximum there.
        best: Best prices so far.
        best_usd: Their bound over the pieces that take part [USD].
        scale: Weight of cover prices: a MW of cover against a block's MW.
    """

    viewer: Viewer
    prices: Prices
    looked: Prices = field(init=False)
    focus: list[Piece] = field(default_factory=list)
    best: Prices = field(init=False)
    best_usd: float = np.inf
    scale: float = field(init=False)
    length: float = LENGTH
    waited: int = 0
    direction: Prices | None = None

    def __post_init__(self) -> None:
        self.best = self.looked = self.prices
        base_mw = self.viewer.split.tables.base_mw
        self.scale = 1.0 / max(float(np.median(base_mw)) ** 2, 1e-6) if base_mw.size else 1.0

    def step(self, pieces: list[list[Piece]], goal_usd: float, *, apart_usd: float = np.inf) -> View:
        """Evaluate the present prices, telling pieces that can pass the goal apart if the gap is wider, and move on."""
        self.looked = self.prices
        view = self.viewer.view(self.prices, pieces, self._near_usd(goal_usd), goal_usd, apart_usd)
        self.focus = [cut[q] for cut, q in zip(pieces, view.piece, strict=True)]
        if view.usd < self.best_usd:
            self.best_usd, self.best, self.waited = view.usd, self.prices, 0
        else:
            self.waited += 1
        if self.waited >= PATIENCE:
            self.length, self.waited, self.direction, self.prices = self.length * 0.6, 0, None, self.best
            return view
        slope = Prices(view.surplus, view.uncovered, view.idle_jobs)
        few = len(pieces) <= FEW_MONTHS
        turned = self._deflected(slope, self.direction) if few and self.direction is not None else slope
        size = self._dot(turned, turned)
        if size > 0:
            length = self.length * max(view.usd - goal_usd, 0.0) / size
            self.prices = Prices(
                self.prices.running - length * turned.running,
                np.maximum(self.prices.cover - length * self.scale * turned.cover, 0.0),
                self.prices.wage - length * turned.wage,
            )
        self.direction = turned
        return view

    def _near_usd(self, goal_usd: float) -> float:
        """How far a bound may lie above its best: little beside the gap."""
        return NEAR * max(self.best_usd - goal_usd, 0.0) if np.isfinite(self.best_usd) else 0.0

    def _dot(self, a: Prices, b: Prices) -> float:
        own = float((a.running * b.running).sum() + (a.wage * b.wage).sum())
        return own + self.scale * float(a.cover @ b.cover)

    def _deflected(self, slope: Prices, before: Prices) -> Prices:
        size = self._dot(before, before)
        turn = max(0.0, -1.5 * self._dot(before, slope) / size) if size > 0 else 0.0
        return Prices(
            slope.running + turn * before.running,
            slope.cover + turn * before.cover,
            slope.wage + turn * before.wage,
        )
