"""The duality gap of a plan closed by joint words: a better plan where labels find one, and the bound of all parts together."""

from dataclasses import dataclass, field, replace

from megawatt.dispatch.certificate import Certificate, Piece
from megawatt.dispatch.coupled.bound import ROUND_OUT, Split
from megawatt.dispatch.coupled.certify import SHARE_OF_PIECES, certify
from megawatt.dispatch.coupled.open_peaks import OpenPeaks
from megawatt.dispatch.coupled.pairs import Pair, TooManyError
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.coupled.together import Together
from megawatt.dispatch.coupled.view import Viewer
from megawatt.dispatch.coupled.walk import Walk
from megawatt.dispatch.ledger import measured_mw

BEAMS = (100, 300, 1_000)
"""Labels kept after a row where only a better plan is looked for, until one comes to the end with nothing better."""

MOST_MOVES = 300_000_000
"""Moves of labels that one walk looks at, half a minute to one."""

FEW_MOVES = 50_000_000
"""The same where other prices may leave fewer labels."""

MOST_PIECES = 200
"""Pieces of all months up to which labels are tried: they are gone through in each."""

ROUNDS = 4
"""Times that pieces are parted at most."""

MORE_STEPS = 60
"""Evaluations of the split bound beside a better plan."""


def closed(
    split: Split, search: Search, tolerance_usd: float, certificate: Certificate, most_moves: int
) -> Certificate:
    """The certificate of all parts together where their joint words are few enough, or the one there is.

    Args:
        split: The prepared problem.
        search: Trials; better ones found on the way are kept in it.
        tolerance_usd: The bound need not come closer to the plan than this [USD].
        certificate: The split bound, whose prices say which joint words may count.
        most_moves: Moves of labels that one walk looks at, at most.
    """
    closing = _Closing(split, search, tolerance_usd, certificate, most_moves)
    better = closing.better_plan()
    for _ in range(ROUNDS):
        if closing.near(closing.certificate):
            break
        found, held = closing.together()
        if found is not None and found.bound_usd < closing.certificate.bound_usd:
            closing.certificate = found
        if found is None and better:
            better = False
            closing.again()
        elif found is None or not closing.part(held):
            break
    return closing.certificate


@dataclass(slots=True)
class _Closing:
    split: Split
    search: Search
    tolerance_usd: float
    certificate: Certificate
    most_moves: int
    pieces: list[list[Piece]] = field(init=False)
    whole: Together | None = None
    pairs: list[Pair] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.pieces = [list(cut) for cut in self.certificate.pieces]

    @property
    def few(self) -> bool:
        """Whether the pieces are few enough to be gone through."""
        return sum(map(len, self.pieces)) <= MOST_PIECES

    def near(self, one: Certificate) -> bool:
        """Whether a bound is near enough to the plan."""
        return one.bound_usd - self.search.value_usd <= self.tolerance_usd

    def _prepare(self, pieces: list[list[Piece]]) -> None:
        """Joint words at the certificate's prices in some pieces, and what pairs of jobs must lose there."""
        cells = Viewer(self.split, list(self.certificate.cuts)).cells
        whole = Together.of(self.split, cells, self.certificate.prices, [list(cut) for cut in pieces])
        self.whole, self.pairs = whole, []
        if whole is not None:
            for other in range(1, len(self.split.problem.batches)):
                pair = Pair(whole, other, whole.usd - self.search.value_usd, self.search.deadline)
                try:
                    pair.run()
                except TooManyError:
                    continue
                self.pairs.append(pair)

    def better_plan(self) -> bool:
        """Look for a better plan where the split bound is highest; whether there was one."""
        first = self.search.value_usd
        held = Viewer(self.split, list(self.certificate.cuts)).view(self.certificate.prices, self.pieces).piece
        self._prepare([[cut[q]] for cut, q in zip(self.pieces, held, strict=True)])
        for beam in BEAMS:
            before = self.search.value_usd
            if self.whole is None or self.search.deadline.over:
                break
            walk = Walk(self.whole, self.whole.usd - before, self.most_moves, self.search.deadline, self.pairs, beam)
            try:
                walk.best_usd()
            except TooManyError:
                break
            if walk.reached:
                self.search.follow(*walk.words())
                if self.search.value_usd <= before:
                    break
        return self.search.value_usd > first

    def again(self) -> None:
        """The split bound beside a better plan."""
        one = self.certificate
        self.certificate = certify(self.split, self.search, self.tolerance_usd, MORE_STEPS, one.prices, one)
        self.pieces, self.whole = [list(cut) for cut in self.certificate.pieces], None

    def together(self) -> tuple[Certificate | None, list[Piece]]:
        """The bound of all parts, None where their labels are too many, and the pieces that the best word lies in."""
        held = list[Piece]()
        if not self.few or self.search.deadline.over:
            return None, held
        if self.whole is None or self.whole.pieces != self.pieces:
            self._prepare(self.pieces)
        if self.whole is None:
            return None, held
        slack = self.whole.usd - self.search.value_usd
        walk = Walk(self.whole, slack, self.most_moves, self.search.deadline, self.pairs)
        try:
            usd = walk.best_usd()
        except TooManyError:
            return None, held
        if walk.reached:
            held = walk.held()
            self.search.follow(*walk.words())
        bound = max(usd, self.search.value_usd)
        bound += ROUND_OUT * (1 + abs(bound))
        return replace(self.certificate, pieces=tuple(map(tuple, self.pieces)), together=True, bound_usd=bound), held

    def part(self, held: list[Piece]) -> bool:
        """Part the pieces that hold the best word where their width costs much; whether any was."""
        peaks, own = self.split.problem.peaks, self.search.valued().import_mw()
        if not held or not peaks:
            return False
        open_peaks = OpenPeaks(peaks[0], self.pieces, [], measured_mw(peaks[0], own))
        before = sum(map(len, self.pieces))
        open_peaks.part(held, SHARE_OF_PIECES * self.tolerance_usd)
        return sum(map(len, self.pieces)) > before
