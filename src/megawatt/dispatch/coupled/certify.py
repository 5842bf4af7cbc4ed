"""How far a plan can be from the optimum: prices, pieces of the peak, and the bound they give."""

from dataclasses import dataclass, field

import numpy as np

from megawatt.dispatch.certificate import Certificate, Exclusion, Piece, Prices
from megawatt.dispatch.coupled.ascent import Ascent
from megawatt.dispatch.coupled.bound import ROUND_OUT, Split
from megawatt.dispatch.coupled.closed_form import plan_prices
from megawatt.dispatch.coupled.cover import finer
from megawatt.dispatch.coupled.peaks import pieces_around
from megawatt.dispatch.coupled.planes import Planes
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.coupled.view import View, Viewer
from megawatt.dispatch.ledger import measured_mw
from megawatt.dispatch.problem import Floats

SHARE_OF_PIECES = 0.2
"""Share of the tolerance that the width of the narrowest pieces may cost."""

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

MOST_PARTS = 8
"""Parts of a piece of peak that is cut at once."""

MOST_CELLS = 4
"""Cells of all hours together, per hour: each costs as much time as the interval itself."""


def certify(
    split: Split,
    search: Search,
    tolerance_usd: float,
    most_steps: int,
    prices: Prices | None = None,
    cuts: tuple[Floats, ...] = (),
    planes: bool = False,
) -> Certificate:
    """Bound the optimum, and improve the plan on the way where the prices show how.

    Args:
        split: The prepared problem.
        search: Trials, one of which fitted; its best is the plan, and better ones found on the way are kept in it.
        tolerance_usd: The bound need not come closer to the plan than this [USD].
        most_steps: Most evaluations.
        prices: Prices to begin with; read off the plan by default.
        cuts: Cuts of each award hour's cover to begin with.
        planes: Whether to step by the programme of what was wanted so far instead of by single slopes.
    """
    first = prices or plan_prices(search.valued())
    viewer = Viewer(split, list(cuts))
    ascent = Planes(viewer, first, tolerance_usd, search.deadline) if planes else Ascent(viewer, first)
    work = _Work(split, search, tolerance_usd, ascent)
    steps, looks, every = 0, 0, 1 if planes else EXCLUDE_EVERY
    while steps < most_steps and looks < MOST_LOOKS and (looks < LEAST_LOOKS or not search.deadline.over):
        if work.ascent.best_usd <= work.goal_usd + tolerance_usd:
            break
        looks += work.rows()
        view = work.ascent.step(work.pieces, work.goal_usd)
        if steps % every == 0 and not work.better_plan(view):
            work.looked_at = work.pieces
            open_ones = work.pieces, len(ascent.viewer.cells.low_mw)
            work.exclude(view, ascent.looked)
            work.cut(view)
            work.part(view)
            stuck = isinstance(ascent, Planes) and ascent.settled
            if stuck and open_ones == (work.pieces, len(ascent.viewer.cells.low_mw)):
                break
        if planes and search.deadline.over:
            break
        steps += 1
    return work.certificate(steps)


@dataclass(slots=True)
class _Work:
    """A certificate under way: the pieces that may still hold a better plan, and why the others cannot."""

    split: Split
    search: Search
    tolerance_usd: float
    ascent: Ascent | Planes
    pieces: list[list[Piece]] = field(init=False)
    exclusions: list[Exclusion] = field(init=False)
    goal_usd: float = field(init=False)
    looked_at: list[list[Piece]] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._begin()

    def _begin(self) -> None:
        self.goal_usd, self.exclusions = self.search.value_usd, []
        self.pieces = _all_pieces(self.split, self.search, self.tolerance_usd)
        self.ascent.best_usd = np.inf  # the bound of other pieces is another number

    def rows(self) -> int:
        """Rows that one look goes through, each for every piece of its month."""
        first = self.ascent.viewer.cells.row[self.ascent.viewer.cells.first[self.split.span_edges]]
        return int(np.diff(first) @ np.array([len(cut) for cut in self.pieces]))

    def better_plan(self, view: View) -> bool:
        """Try the jobs and peaks that the prices want; whether that gave a better plan, which then is the goal."""
        peaks = np.array([self.pieces[m][q].most_mw for m, q in enumerate(view.piece)])
        peaks = np.where(np.isfinite(peaks), peaks, 0.0)
        self.search.attempt(peaks, view.work)
        if isinstance(self.ascent, Planes) and self.ascent.mixed is not None:
            self.search.follow(peaks, self.ascent.mixed)
        found = self.search.value_usd > self.goal_usd + self.tolerance_usd / 100
        if found:
            self._begin()
        return found

    def exclude(self, view: View, prices: Prices) -> None:
        """Drop the pieces that these prices show to hold nothing better than the plan."""
        for m, bounds in enumerate(view.by_piece):
            stays = bounds > self.goal_usd
            if isinstance(self.ascent, Planes) and self.ascent.focus[m] in self.pieces[m]:
                # alone a piece may be bounded lower than beside others, whose states it was compared in
                q = self.pieces[m].index(self.ascent.focus[m])
                alone = [*self.pieces[:m], [self.pieces[m][q]], *self.pieces[m + 1 :]]
                stays[q] = stays[q] and self.ascent.viewer.view(prices, alone).usd > self.goal_usd
            if not stays.any():
                stays[int(np.argmax(bounds))] = True
            gone = tuple(piece for piece, stay in zip(self.pieces[m], stays, strict=True) if not stay)
            if gone:
                self.exclusions.append(Exclusion(prices, m, gone))
                left = [piece for piece, stay in zip(self.pieces[m], stays, strict=True) if stay]
                self.pieces = [*self.pieces[:m], left, *self.pieces[m + 1 :]]

    def part(self, view: View) -> None:
        """Once prices are as good as they get, cut the pieces whose bound is too high where their width is to blame.

        A piece of n parts asks for all but an n-th of what its width costs: as many parts as bring its bound near the goal.
        """
        if not (isinstance(self.ascent, Planes) and self.ascent.settled and self.split.problem.peaks):
            return
        charge, share = self.split.problem.peaks[0], SHARE_OF_PIECES * self.tolerance_usd / len(self.pieces)
        for m, bounds in enumerate(view.by_piece[: len(self.pieces)]):
            left, price = list[Piece](), float(charge.usd_per_mw_month[m])
            for piece, bound in zip(self.looked_at[m], bounds, strict=True):
                low, over = max(piece.least_mw, float(charge.floor_mw[m])), bound - self.goal_usd
                width_usd = price * (piece.most_mw - low)
                if piece not in self.pieces[m]:
                    continue
                if over <= self.tolerance_usd or width_usd <= 2 * share:
                    left.append(piece)
                    continue
                excess = width_usd - over + self.tolerance_usd / 2
                parts = int(np.clip(np.ceil(width_usd / excess), 2, MOST_PARTS)) if excess > 0 else 2
                edges = np.linspace(piece.most_mw, low, parts + 1)[1:-1]
                tops, ends = [piece.most_mw, *edges.tolist()], [*edges.tolist(), piece.least_mw]
                left += [Piece(b, a, price * max(b, low)) for a, b in zip(tops, ends, strict=True)]
            self.pieces = [*self.pieces[:m], left, *self.pieces[m + 1 :]]

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
        usd, inner = self.ascent.viewer.view(self.ascent.best, self.pieces).usd, self.ascent.viewer.inner
        bound = max(usd, self.goal_usd)
        bound += ROUND_OUT * (1 + abs(bound))
        return Certificate(
            self.ascent.best,
            tuple(map(tuple, self.pieces)),
            tuple(self.exclusions),
            tuple(inner) if any(map(len, inner)) else (),
            bound,
            steps,
        )


def _all_pieces(split: Split, search: Search, tolerance_usd: float) -> list[list[Piece]]:
    if not split.problem.peaks:
        return [[Piece(0.0, np.inf, 0.0)]]
    # around what the plan draws, not what its trial might: a piece beside it is wide and bounds little
    own = measured_mw(split.problem.peaks[0], search.valued().import_mw())
    return pieces_around(split, own, SHARE_OF_PIECES * tolerance_usd)
