"""How far a plan can be from the optimum: prices, pieces of the peak, and the bound they give."""

import numpy as np

from megawatt.dispatch.certificate import Certificate, Exclusion, Piece, Prices
from megawatt.dispatch.coupled.ascent import Ascent, Viewer
from megawatt.dispatch.coupled.bound import ROUND_OUT, Split
from megawatt.dispatch.coupled.closed_form import plan_prices
from megawatt.dispatch.coupled.peaks import pieces_around
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.problem import Floats

SHARE_OF_PIECES = 0.2
"""Share of the tolerance that the width of the narrowest pieces may cost."""

EXCLUDE_EVERY = 8
"""Steps between two looks at which pieces can still hold a better plan."""


def certify(
    split: Split, search: Search, tolerance_usd: float, most_steps: int, prices: Prices | None = None
) -> Certificate:
    """Bound the optimum, and improve the plan on the way where the prices show how.

    Args:
        split: The prepared problem.
        search: Trials; its best is the plan, and better ones found on the way are kept in it.
        tolerance_usd: The bound need not come closer to the plan than this [USD].
        most_steps: Most evaluations.
        prices: Prices to begin with; read off the plan by default.
    """
    viewer = Viewer(split)
    best = search.best
    assert best is not None  # noqa: S101  # the caller has a plan
    best.value_usd()
    ascent = Ascent(viewer, prices or plan_prices(best))
    pieces, exclusions, goal = _all_pieces(split, search, tolerance_usd), [], search.value_usd
    for number in range(most_steps):
        at = ascent.prices
        view = ascent.step(pieces, goal)
        if number % EXCLUDE_EVERY == 0:
            peaks = np.array([pieces[m][q].most_mw for m, q in enumerate(view.piece)])
            search.attempt(np.where(np.isfinite(peaks), peaks, 0.0), view.work)
            if search.value_usd > goal + tolerance_usd / 100:
                goal = search.value_usd
                pieces, exclusions = _all_pieces(split, search, tolerance_usd), []
                ascent.best_usd = np.inf
                continue
            pieces, cut = _without_excluded(pieces, view.by_piece, goal, at)
            exclusions += cut
            if cut:
                ascent.best_usd = np.inf  # the bound of fewer pieces is another number
        if ascent.best_usd <= goal + tolerance_usd:
            break
    bound = max(ascent.best_usd if np.isfinite(ascent.best_usd) else viewer.view(ascent.best, pieces).usd, goal)
    bound += ROUND_OUT * (1 + abs(bound))
    return Certificate(ascent.best, tuple(map(tuple, pieces)), tuple(exclusions), bound, number + 1)


def _all_pieces(split: Split, search: Search, tolerance_usd: float) -> list[list[Piece]]:
    if not split.problem.peaks:
        return [[Piece(0.0, np.inf, 0.0)]]
    assert search.best is not None  # noqa: S101  # the caller has a plan
    return pieces_around(split, search.best.peaks_mw, SHARE_OF_PIECES * tolerance_usd)


def _without_excluded(
    pieces: list[list[Piece]], by_piece: list[Floats], goal_usd: float, prices: Prices
) -> tuple[list[list[Piece]], list[Exclusion]]:
    """Pieces that may still hold a plan worth more than the goal, and the others."""
    kept, exclusions = [], []
    for m, (cut, bounds) in enumerate(zip(pieces, by_piece, strict=True)):
        stays = bounds > goal_usd
        if not stays.any():
            stays[int(np.argmax(bounds))] = True
        kept.append([piece for piece, stay in zip(cut, stays, strict=True) if stay])
        gone = tuple(piece for piece, stay in zip(cut, stays, strict=True) if not stay)
        if gone:
            exclusions.append(Exclusion(prices, m, gone))
    return kept, exclusions
