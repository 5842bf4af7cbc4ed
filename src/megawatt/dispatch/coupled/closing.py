"""The duality gap of a plan closed by joint words: a better plan where labels find one, and the bound of all parts together."""

from dataclasses import dataclass, field, replace

import numpy as np

from megawatt.dispatch.certificate import Certificate, Piece, Prices
from megawatt.dispatch.coupled.bound import ROUND_OUT, Split
from megawatt.dispatch.coupled.certify import SHARE_OF_PIECES, certify
from megawatt.dispatch.coupled.open_peaks import OpenPeaks
from megawatt.dispatch.coupled.pairs import Pair, TooManyError
from megawatt.dispatch.coupled.search import Search
from megawatt.dispatch.coupled.together import Together
from megawatt.dispatch.coupled.view import Viewer
from megawatt.dispatch.coupled.walk import Walk
from megawatt.dispatch.ledger import measured_mw
from megawatt.dispatch.problem import Floats

BEAMS = (100, 300, 1_000)
"""Labels kept after a row where only a better plan is looked for, until one comes to the end with nothing better."""

MOST_MOVES = 500_000_000
"""Moves of labels that are looked at, half a minute to one."""

MOVES_PER_SECOND = 15_000_000
"""About as many a core looks at: where a clock runs, no more than that are begun."""

FEW_MOVES = 50_000_000
"""Moves that are looked at before other prices are tried, which may leave fewer labels."""

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
        most_moves: Moves of labels that one round looks at, at most, beside those that only look for a better plan.
    """
    closing = _Closing(split, search, tolerance_usd, certificate, most_moves)
    if closing.better_plan() > tolerance_usd and not closing.near(closing.certificate):
        closing.again()
    for _ in range(ROUNDS):
        if closing.near(closing.certificate):
            break
        found, held = closing.together()
        if found is not None and found.bound_usd < closing.certificate.bound_usd:
            closing.certificate = found
        if found is None or not closing.part(found.bound_usd, held):
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
    known: tuple[Prices, tuple[Floats, ...], Together | None] | None = None
    moves: int = 0
    floor_usd: float = -np.inf

    def __post_init__(self) -> None:
        self.pieces = [list(cut) for cut in self.certificate.pieces]

    @property
    def few(self) -> bool:
        """Whether the pieces are few enough to be gone through."""
        return sum(map(len, self.pieces)) <= MOST_PIECES

    @property
    def enough_usd(self) -> float:
        """Worth up to which joint words need not be known: near enough to the plan's [USD]."""
        value = self.search.value_usd
        return value + max(self.tolerance_usd - 2 * ROUND_OUT * (1 + abs(value)), 0.0)

    def near(self, one: Certificate) -> bool:
        """Whether a bound is near enough to the plan."""
        return one.bound_usd - self.search.value_usd <= self.tolerance_usd

    def _most(self) -> int:
        """Moves that are left."""
        return int(min(self.most_moves - self.moves, MOVES_PER_SECOND * self.search.deadline.left_by_clock()))

    def _viewer(self) -> Viewer:
        return Viewer(self.split, list(self.certificate.cuts))

    def _prepared(self, pieces: list[list[Piece]], floor_usd: float) -> tuple[Together, list[Pair]]:
        """Joint words at the certificate's prices in some pieces, and what pairs of jobs must lose there above a floor."""
        whole = self._whole(pieces)
        if whole is None:
            raise TooManyError
        others = range(1, len(self.split.problem.batches))
        pairs = [Pair(whole, other, whole.usd - floor_usd, self.search.deadline) for other in others]
        for pair in pairs:
            pair.run()
        return whole, pairs

    def _whole(self, pieces: list[list[Piece]]) -> Together | None:
        """Joint words in some pieces: what does not depend on them is kept while the prices and cells stay."""
        one = self.certificate
        if self.known is not None and self.known[0] is one.prices and self.known[1] is one.cuts:
            return self.known[2] and self.known[2].under(pieces)
        whole = Together.of(self.split, self._viewer().cells, one.prices, pieces)
        self.known = one.prices, one.cuts, whole
        return whole

    def better_plan(self) -> float:
        """Look for a better plan where the split bound is highest; by how much it is better [USD]."""
        first = self.search.value_usd
        held = self._viewer().view(self.certificate.prices, self.pieces).piece
        try:
            whole, pairs = self._prepared([[cut[q]] for cut, q in zip(self.pieces, held, strict=True)], first)
            for beam in BEAMS:
                before = self.search.value_usd
                if self.search.deadline.over:
                    break
                walk = Walk(whole, whole.usd - before, self._most(), self.search.deadline, pairs, beam)
                walk.best_usd()
                if walk.reached:
                    self.search.follow(*walk.words())
                    if self.search.value_usd <= before:
                        break
        except TooManyError:
            pass
        return self.search.value_usd - first

    def again(self) -> None:
        """The split bound beside a better plan."""
        one = self.certificate
        other = certify(self.split, self.search, self.tolerance_usd, MORE_STEPS, one.prices, one)
        if other.bound_usd < one.bound_usd:
            self.certificate, self.pieces = other, [list(cut) for cut in other.pieces]

    def together(self) -> tuple[Certificate | None, list[Piece]]:
        """The bound of all parts, None where their labels are too many, and the pieces that the best word lies in."""
        if not self.few or self.search.deadline.over:
            return None, []
        self.moves, self.floor_usd = 0, -np.inf
        try:
            usd, held = self._by_piece() if len(self.pieces) == 1 else self._walk(self.pieces, self.enough_usd)
        except TooManyError:
            return None, []
        bound = max(usd, self.search.value_usd, self.floor_usd)
        bound += ROUND_OUT * (1 + abs(bound))
        pieces, floor = tuple(map(tuple, self.pieces)), self.floor_usd if np.isfinite(self.floor_usd) else None
        return replace(self.certificate, pieces=pieces, together=True, bound_usd=bound, floor_usd=floor), held

    def _walk(self, pieces: list[list[Piece]], floor: float) -> tuple[float, list[Piece]]:
        """Most that a joint word in some pieces is worth, minus infinity if no more than a floor, and the pieces it lies in."""
        whole, pairs = self._prepared(pieces, floor)
        walk = Walk(whole, whole.usd - floor, self._most(), self.search.deadline, pairs)
        try:
            usd = walk.best_usd()
        finally:
            self.moves += walk.moves
        if not walk.reached:
            self.floor_usd = max(self.floor_usd, floor)
            return -np.inf, []
        self.search.follow(*walk.words())
        return usd, walk.held()

    def _by_piece(self) -> tuple[float, list[Piece]]:
        """The same of all pieces of a single month, one by one from the highest bound on; what holds too much is parted."""
        usd = self._viewer().view(self.certificate.prices, self.pieces).by_piece[0].tolist()
        todo = sorted(zip(self.pieces[0], usd, strict=True), key=lambda one: -one[1])
        done, most = list[Piece](), -np.inf
        while todo:
            piece, found = todo.pop(0)
            # once a word is worth more than is enough, nothing below it needs to be known
            floor = max(self.enough_usd, most)
            if found > floor:
                found, _ = self._walk([[piece]], floor)
                parts = self._parts([[piece]], found, max(self.enough_usd, most), [piece])[0]
                if len(parts) > 1 and len(done) + len(todo) < MOST_PIECES:
                    todo[:0] = [(part, found) for part in parts]
                    continue
            elif found > -np.inf:
                self.floor_usd = max(self.floor_usd, found)
            most = max(most, found)
            done.append(piece)
        self.pieces = [sorted(done, key=lambda piece: -piece.most_mw)]
        return most, []

    def part(self, found_usd: float, held: list[Piece]) -> bool:
        """Part the pieces that hold the best word where it may owe all that is too much to their width; whether any was."""
        before = sum(map(len, self.pieces))
        self.pieces = self._parts(self.pieces, found_usd, self.enough_usd, held)
        return sum(map(len, self.pieces)) > before

    def _parts(
        self, pieces: list[list[Piece]], found_usd: float, floor_usd: float, held: list[Piece]
    ) -> list[list[Piece]]:
        """Pieces, those that hold a word in two where it may be worth more than a floor only by their width."""
        charges = self.split.problem.peaks[:1]
        own = measured_mw(charges[0], self.search.valued().import_mw()) if charges else np.zeros(1)
        peaks = OpenPeaks(charges[0] if charges else None, [list(cut) for cut in pieces], [], own)
        width = sum(peaks.width_usd(m, piece) for m, piece in enumerate(held))
        if 0 < found_usd - floor_usd <= width:
            peaks.part(held, SHARE_OF_PIECES * self.tolerance_usd)
        return peaks.pieces
