"""How far a plan can be from the optimum: prices, pieces of the peak, and the bound they give."""

from dataclasses import dataclass, field

import numpy as np

from megawatt.dispatch.certificate import Certificate, Prices
from megawatt.dispatch.coupled.ascent import Ascent
from megawatt.dispatch.coupled.bound import ROUND_OUT, Split
from megawatt.dispatch.coupled.closed_form import plan_prices
from megawatt.dispatch.coupled.cover import finer
from megawatt.dispatch.coupled.open_peaks import OpenPeaks, open_peaks
from megawatt.dispatch.coupled.planes import Planes
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.coupled.view import View, Viewer
from megawatt.dispatch.ledger import measured_mw
from megawatt.dispatch.problem import Floats

SHARE_OF_PIECES = 0.2
"""Share of the gap that the width of the pieces which hold the bound may cost; wider ones are parted."""

EXCLUDE_EVERY = 8
"""Steps between two looks at which pieces can still hold a better plan, and at the cover of which hours to cut."""

LEAST_LOOKS = 500_000
"""Rows looked at in a round whatever the time, a second or two: without a few steps a bound says nothing."""

SHARE_OF_CUTS = 0.9
"""Share of what all hours are granted too much that the hours cut at once are granted."""

MOST_LOOKS = 2_000_000
"""Rows looked at in one round of steps: where many peaks stay open, or over a year, the steps are fewer."""

WORTH_A_CUT = 0.05
"""Share of the gap from which on what hours are granted too much is worth cells, which take time."""

MOST_CUTS = 6
"""Cuts of an hour's cover."""

ROUND_UP = (0.5, 0.1, 0.9)
"""Parts of blocks from which on one more runs, when a mixture is followed, as what is missing to a whole."""

MOST_CELLS = 4
"""Cells of all hours together, per hour: each costs as much time as the interval itself."""


def certify(
    split: Split,
    search: Search,
    tolerance_usd: float,
    most_steps: int,
    prices: Prices | None = None,
    before: Certificate | None = None,
    planes: bool = False,
    late_steps: int | None = None,
) -> Certificate:
    """Bound the optimum, and improve the plan on the way where the prices show how.

    Args:
        split: The prepared problem.
        search: Trials, one of which fitted; its best is the plan, and better ones found on the way are kept in it.
        tolerance_usd: The bound need not come closer to the plan than this [USD].
        most_steps: Most evaluations.
        prices: Prices to begin with; read off the plan by default.
        before: A certificate of this plan or a worse one, to go on from: what it excludes, and its cells of cover.
        planes: Whether to step by the programme of what was wanted so far instead of by single slopes.
        late_steps: Most evaluations when the time is up; by default as many as before it, as far as `LEAST_LOOKS` allows.
    """
    viewer, first = Viewer(split, list(before.cuts) if before else []), prices or plan_prices(search.valued())
    ascent = Planes(viewer, first, tolerance_usd, search.deadline) if planes else Ascent(viewer, first)
    work = _Work(split, search, tolerance_usd, ascent, before)
    steps, looks, every = 0, 0, 1 if planes else EXCLUDE_EVERY
    while steps < most_steps and looks < MOST_LOOKS:
        if search.deadline.over and (looks >= LEAST_LOOKS or (late_steps is not None and steps >= late_steps)):
            break
        if ascent.best_usd <= work.goal_usd + tolerance_usd:
            break
        look, known = steps % every == 0, work.known
        view = ascent.step(work.peaks.pieces, work.goal_usd, apart_usd=tolerance_usd if look else np.inf)
        looks, steps = looks + view.rows, steps + 1
        if ascent.best_usd <= work.goal_usd + tolerance_usd:
            break
        if look:
            work.better_plan(view)
            work.exclude(view)
            work.cut(view)
        work.part(view.usd)
        if isinstance(ascent, Planes) and (search.deadline.over or (ascent.settled and work.known == known)):
            break
    return work.certificate(steps)


@dataclass(slots=True)
class _Work:
    """A certificate under way."""

    split: Split
    search: Search
    tolerance_usd: float
    ascent: Ascent | Planes
    before: Certificate | None
    peaks: OpenPeaks = field(init=False)

    def __post_init__(self) -> None:
        self.peaks = open_peaks(self.split, self._own_mw(), self.before, SHARE_OF_PIECES * self.tolerance_usd)

    @property
    def goal_usd(self) -> float:
        """Value of the best plan so far [USD]."""
        return self.search.value_usd

    def _own_mw(self) -> Floats:
        """Peaks of what the plan draws, not of what its trial might: a piece beside them is wide and bounds little."""
        charges = self.split.problem.peaks[:1]
        return measured_mw(charges[0], self.search.valued().import_mw()) if charges else np.zeros(1)

    @property
    def known(self) -> tuple[int, int, int, float]:
        """What changes when pieces are parted or excluded, when cells are cut, and with a better plan."""
        pieces, cells = sum(map(len, self.peaks.pieces)), len(self.ascent.viewer.cells.low_mw)
        return pieces, len(self.peaks.exclusions), cells, self.goal_usd

    def better_plan(self, view: View) -> None:
        """Try the jobs, blocks and peaks that the prices want, or those of the mixture."""
        peaks = np.array([self.peaks.pieces[m][q].most_mw for m, q in enumerate(view.piece)])
        peaks = np.where(np.isfinite(peaks), peaks, 0.0)
        before, machines = self.goal_usd, self.split.problem.machines
        self.search.attempt(peaks, view.work)
        if isinstance(self.ascent, Planes):
            mixed = self.ascent.mixed
            wanted = [] if mixed is None else [(mixed.words(machines, up), mixed.work) for up in ROUND_UP]
        else:
            wanted = [(self.split.words_near(self.ascent.looked, view.counts), view.work)]
        for words, work in wanted:
            self.search.follow(peaks, words, work)
        if self.goal_usd > before:
            self.peaks.own_mw = self._own_mw()

    def exclude(self, view: View) -> None:
        """Drop the pieces that the prices looked at show to hold nothing better than the plan."""
        at, pieces = self.ascent.looked, self.peaks.pieces
        if isinstance(self.ascent, Planes):
            for m, piece in enumerate(self.ascent.focus):
                # alone a piece may be bounded lower than beside others, whose states it was compared in
                q, alone = pieces[m].index(piece), [*pieces[:m], [piece], *pieces[m + 1 :]]
                view.by_piece[m][q] = min(view.by_piece[m][q], self.ascent.viewer.view(at, alone).usd)
        self.peaks.exclude(view.by_piece, self.goal_usd, at)

    def part(self, usd: float) -> None:
        """Part the pieces that hold the bound where their width costs much; a programme's once no prices lower it."""
        if isinstance(self.ascent, Ascent):
            self.peaks.part(self.ascent.focus, SHARE_OF_PIECES * max(usd - self.goal_usd, self.tolerance_usd))
        elif self.ascent.settled:
            self.peaks.part(self.ascent.focus, SHARE_OF_PIECES * self.tolerance_usd)

    def cut(self, view: View) -> None:
        """Cut the cover of the hours that are granted most beyond what their awards are worth."""
        if not len(self.split.awards.share):
            return
        viewer, loose = self.ascent.viewer, view.loose_usd
        gap = view.usd - self.goal_usd
        if len(viewer.cells.low_mw) > MOST_CELLS * len(loose) or loose.sum() < WORTH_A_CUT * gap:
            return
        order = np.argsort(-loose, kind="stable")
        enough = np.searchsorted(np.cumsum(loose[order]), SHARE_OF_CUTS * loose.sum()) + 1
        hours = order[:enough][loose[order[:enough]] > 0]
        whole = self.split.spans.hour[self.split.spans.whole]
        hours = np.array([h for h in np.intersect1d(hours, whole) if len(viewer.inner[h]) < MOST_CUTS], dtype=np.int64)
        if len(hours):
            cap = self.split.cap[self.split.awards.first[:-1]]
            viewer.cut(finer(viewer.inner, cap, view.sold_mw, view.kept_mw, hours))

    def certificate(self, steps: int) -> Certificate:
        """The certificate of the best prices for the pieces that are left."""
        # pieces that went and cells that were cut since these prices were seen can only have lowered their bound
        usd = self.ascent.viewer.usd(self.ascent.best, self.peaks.pieces)
        bound = max(usd, self.goal_usd)
        bound += ROUND_OUT * (1 + abs(bound))
        return Certificate(
            self.ascent.best,
            tuple(map(tuple, self.peaks.pieces)),
            tuple(self.peaks.exclusions),
            tuple(self.ascent.viewer.inner) if self.split.problem.reserves else (),
            bound,
            steps,
        )
