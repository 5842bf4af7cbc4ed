"""Prices of the least bound by cutting planes: the linear programme of what the parts wanted, in a box around the best prices.

Subgradient steps see one slope at a time and creep where many prices must move together. A bound that is a sum over blocks,
jobs, intervals and hours is a sum of piecewise linear terms, and what each term wanted is a plane below it. The programme
of all planes seen (`mixture`) is exact where they meet, so a few solutions replace hundreds of steps. The box is doubled
after prices that brought a tenth of what the planes promised, and halved after some that were worse by as much as that.
Peaks are taken one by one, those that hold the maximum first: prices that suit one piece of the peak need not suit another.
"""

from dataclasses import dataclass, field

import numpy as np

from megawatt.dispatch.certificate import Piece, Prices
from megawatt.dispatch.coupled.mixture import Mixed, Mixture
from megawatt.dispatch.coupled.view import View, Viewer
from megawatt.dispatch.deadline import Deadline
from megawatt.dispatch.problem import Floats

FIRST_REACH = 0.5
"""Half the first box's width, as a share of the mean price of each kind."""

FAIR_SHARE = 0.1
"""Share of what the planes promise from which on a step has kept it."""

MOST_PROGRAMMES = 20
"""Programmes solved in one step at most."""

LEAST_SHARE = 0.02
"""Share of the gap from which on a promise is worth a step."""


@dataclass(slots=True)
class Planes:
    """Prices under way to a lower bound, with the face of `Ascent`.

    Attributes:
        viewer: Evaluates the bound.
        prices: Prices to begin with.
        looked: Prices of the last look.
        best: Best prices so far.
        best_usd: Their bound over the pieces that take part [USD].
        tolerance_usd: The bound need not come closer to the goal than this [USD].
        deadline: No programme begins after it.
        settled: Whether more programmes of these pieces promise nothing, though their bound is not near enough.
        focus: Pieces of the last step.
        mixed: Last mixture, None before the first.
    """

    viewer: Viewer
    prices: Prices
    tolerance_usd: float
    deadline: Deadline
    looked: Prices = field(init=False)
    best: Prices = field(init=False)
    best_usd: float = np.inf
    settled: bool = False
    mixed: Mixed | None = None
    mixtures: dict[bytes, Mixture] = field(default_factory=dict)
    focus: list[Piece] = field(default_factory=list)
    centres: dict[tuple[float, ...], tuple[Prices, float]] = field(default_factory=dict)
    enough: set[tuple[float, ...]] = field(default_factory=set)
    _inner: list[Floats] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.best = self.looked = self.prices

    def step(self, pieces: list[list[Piece]], goal_usd: float, *, apart_usd: float = np.inf) -> View:
        """Lower the bound of the pieces that hold the maximum as far as a few programmes can; look at all pieces then."""
        self.best_usd = min(self.best_usd, self.viewer.view(self.best, pieces).usd)
        self.focus = self._next(pieces)
        key = self._key(self.focus)
        again = key in self.enough
        self.settled = self._lower(self.focus, goal_usd) and (again or key not in self.enough)
        self.looked = self.centres[key][0]
        view = self.viewer.view(self.looked, pieces, goal_usd=goal_usd, apart_usd=apart_usd)
        if view.usd < self.best_usd:
            self.best, self.best_usd = self.looked, view.usd
        return view

    def _next(self, pieces: list[list[Piece]]) -> list[Piece]:
        """Pieces that hold the maximum, of those that are not bounded well enough alone; of all when there are no others."""
        left, first = list(pieces), list[Piece]()
        while True:
            view = self.viewer.view(self.best, left)
            focus = [left[m][q] for m, q in enumerate(view.piece)]
            first = first or focus
            if self._key(focus) not in self.enough:
                return focus
            m = int(np.argmax([len(cut) for cut in left]))
            if len(left[m]) == 1:
                return first
            left[m] = [piece for piece in left[m] if piece is not focus[m]]

    def _lower(self, peaks: list[Piece], goal_usd: float) -> bool:
        """Lower the bound under some peaks; whether its programme promises nothing more."""
        mixture, alone, key = self._mixture(peaks), [[piece] for piece in peaks], self._key(peaks)
        fixed = self.viewer.split.constant_usd - sum(piece.usd for piece in peaks)
        centre, reach = self.centres.get(key, (self.best, FIRST_REACH))
        usd = self.viewer.view(centre, alone).usd
        for _ in range(MOST_PROGRAMMES):
            if usd <= goal_usd or self.deadline.over:
                break
            self.mixed = mixture.solve(centre, Prices(*(reach * one for one in self._scale(centre))))
            if self.mixed is None:
                break
            promise = usd - self.mixed.usd - fixed
            if promise <= LEAST_SHARE * (usd - goal_usd):
                break
            view = self.viewer.view(self.mixed.prices, alone)
            mixture.add(self.mixed.prices, view.work)
            if view.usd <= usd - FAIR_SHARE * promise:
                reach *= 2.0
            elif view.usd > usd + promise:
                reach *= 0.5
            if view.usd < usd:
                usd, centre = view.usd, self.mixed.prices
        else:
            self.centres[key] = centre, reach
            return False
        self.centres[key] = centre, max(reach, FIRST_REACH)
        if usd <= goal_usd + self.tolerance_usd:
            self.enough.add(key)
        return True

    @staticmethod
    def _key(peaks: list[Piece]) -> tuple[float, ...]:
        return tuple(float(mw) for piece in peaks for mw in (piece.least_mw, piece.most_mw))

    def _mixture(self, peaks: list[Piece]) -> Mixture:
        """The programme under these peaks; those of other cells are void."""
        if self._inner is not self.viewer.inner:
            self.mixtures, self._inner = {}, self.viewer.inner
            self.enough.clear()
        most_mw = np.array([piece.most_mw for piece in peaks])
        key = most_mw.tobytes()
        if key not in self.mixtures:
            room = self.viewer.split.room(most_mw)
            self.mixtures[key] = Mixture(self.viewer.split, self.viewer.cells, self.viewer.busy, room)
            self.mixtures[key].add(self.best, self.viewer.view(self.best, [[piece] for piece in peaks]).work)
        return self.mixtures[key]

    def _scale(self, best: Prices) -> tuple[Floats, Floats, Floats]:
        """Usual size of each kind of price, in their shapes."""
        split = self.viewer.split
        worth = split.awards.worth_usd
        sizes = (
            np.abs(best.running).mean() if best.running.size else 0.0,
            np.abs(worth).mean() if worth.size else 0.0,
            np.abs(split.tables.work_usd).mean() if best.wage.size else 0.0,
        )
        shapes = best.running, best.cover, best.wage
        return tuple(np.full_like(one, size) for one, size in zip(shapes, sizes, strict=True))  # type: ignore[return-value]
