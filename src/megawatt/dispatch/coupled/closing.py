"""The duality gap of a plan closed by joint words: a better plan where labels find one, and the bound of all parts together."""

from dataclasses import dataclass, field, replace

from megawatt.dispatch.certificate import Certificate, Piece
from megawatt.dispatch.coupled.bound import ROUND_OUT, Split
from megawatt.dispatch.coupled.certify import SHARE_OF_PIECES, certify
from megawatt.dispatch.coupled.open_peaks import OpenPeaks
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.coupled.together import Together
from megawatt.dispatch.coupled.view import Viewer
from megawatt.dispatch.coupled.walk import TooManyError, Walk
from megawatt.dispatch.ledger import measured_mw

BEAMS = (100, 300, 1_000)
"""Labels kept after a row where only a better plan is looked for, each while the last bettered it."""

MOST_LABELS = 5_000_000
"""Labels of one walk, two to four seconds."""

MOST_PIECES = 24
"""Pieces of all months up to which labels are tried: they are gone through in each."""

ROUNDS = 4
"""Times that pieces are parted at most."""

MORE_STEPS = 60
"""Evaluations of the split bound beside a better plan."""


def closed(split: Split, search: Search, tolerance_usd: float, certificate: Certificate) -> Certificate:
    """The certificate of all parts together where their joint words are few enough, or the one there is.

    Args:
        split: The prepared problem.
        search: Trials; better ones found on the way are kept in it.
        tolerance_usd: The bound need not come closer to the plan than this [USD].
        certificate: The split bound, whose prices say which joint words may count.
    """
    closing = _Closing(split, search, tolerance_usd, certificate)
    if closing.better_plan():
        prices = closing.certificate.prices
        closing.certificate = certify(split, search, tolerance_usd, MORE_STEPS, prices, closing.certificate)
        if closing.near(closing.certificate):
            return closing.certificate
    for _ in range(ROUNDS):
        found, held = closing.together()
        if found is not None and found.bound_usd < closing.certificate.bound_usd:
            closing.certificate = found
        if found is None or closing.near(found) or not closing.part(held):
            break
    return closing.certificate


@dataclass(slots=True)
class _Closing:
    split: Split
    search: Search
    tolerance_usd: float
    certificate: Certificate
    pieces: list[list[Piece]] = field(default_factory=list)

    def near(self, one: Certificate) -> bool:
        """Whether a bound is near enough to the plan."""
        return one.bound_usd - self.search.value_usd <= self.tolerance_usd

    def _all_parts(self, pieces: list[list[Piece]]) -> Together | None:
        viewer = Viewer(self.split, list(self.certificate.cuts))
        return Together.of(self.split, viewer.cells, self.certificate.prices, pieces)

    def better_plan(self) -> bool:
        """Look for a better plan where the split bound is highest; whether there was one."""
        viewer = Viewer(self.split, list(self.certificate.cuts))
        view = viewer.view(self.certificate.prices, [list(cut) for cut in self.certificate.pieces])
        held = [[cut[q]] for cut, q in zip(self.certificate.pieces, view.piece, strict=True)]
        together, first = self._all_parts(held), self.search.value_usd
        for beam in BEAMS:
            before = self.search.value_usd
            if together is None or self.search.deadline.over:
                break
            walk = Walk(together, None, together.usd - before, MOST_LABELS, beam=beam)
            walk.best_usd()
            if walk.reached:
                self.search.follow(*walk.words())
            if self.search.value_usd <= before:
                break
        return self.search.value_usd > first

    def together(self) -> tuple[Certificate | None, list[Piece]]:
        """The bound of all parts, None where their labels are too many, and the pieces that the best word lies in."""
        self.pieces = self.pieces or [list(cut) for cut in self.certificate.pieces]
        if sum(map(len, self.pieces)) > MOST_PIECES or self.search.deadline.over:
            return None, []
        together = self._all_parts(self.pieces)
        if together is None:
            return None, []
        slack, ahead, held = together.usd - self.search.value_usd, None, list[Piece]()
        try:
            for jobs in range(2, len(self.split.problem.batches) + 1):
                walk = Walk(together, jobs, slack, MOST_LABELS, ahead=ahead)
                walk.best_usd()
                ahead = walk.least_ahead()
            walk = Walk(together, None, slack, MOST_LABELS, ahead=ahead)
            usd = walk.best_usd()
        except TooManyError:
            return None, []
        if walk.reached:
            held = walk.held()
            self.search.follow(*walk.words())
        bound = max(usd, self.search.value_usd)
        bound += ROUND_OUT * (1 + abs(bound))
        pieces = tuple(map(tuple, self.pieces))
        return replace(self.certificate, pieces=pieces, together=True, bound_usd=bound), held

    def part(self, held: list[Piece]) -> bool:
        """Part the pieces that hold the best word where their width costs much; whether any was."""
        peaks, own = self.split.problem.peaks, self.search.valued().import_mw()
        if not held or not peaks:
            return False
        open_peaks = OpenPeaks(peaks[0], self.pieces, [], measured_mw(peaks[0], own))
        before = sum(map(len, self.pieces))
        open_peaks.part(held, SHARE_OF_PIECES * self.tolerance_usd)
        return sum(map(len, self.pieces)) > before
