"""From the readings of a cumulative register to the amounts of equal intervals, exactly.

Whatever is lost, late or repeated, the amounts between two accepted readings add up to the difference of the two. An
interval that nobody can vouch for is marked as missing and has the amount zero; it is never guessed.
"""

from dataclasses import dataclass, field
from enum import IntEnum
from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

Integers = NDArray[np.int64]
Flags = NDArray[np.bool_]

HOUR = 3600


class Kind(IntEnum):
    """Where the amount of an interval comes from."""

    MISSING = 0
    MEASURED = 1
    CORRECTED = 2
    ESTIMATED = 3


@dataclass(frozen=True, slots=True)
class Register:
    """A register and the rules by which its readings become amounts.

    Attributes:
        modulus: It counts 0 to modulus - 1 and starts over.
        max_per_hour: The most by which it can advance in an hour.
        interval_seconds: Length of an interval; instants are multiples of it [s].
        linear_gap_seconds: Longest time between two readings that is filled evenly [s].
    """

    modulus: int
    max_per_hour: int
    interval_seconds: int
    linear_gap_seconds: int

    def plausible(self, advance: int, seconds: int) -> bool:
        """Whether the register can have advanced so far in that time."""
        return advance * HOUR <= self.max_per_hour * seconds


@dataclass(frozen=True, slots=True)
class Intervals:
    """Amounts of the intervals of a window.

    Attributes:
        amounts: Shape (n,); whole units of the register, zero where missing.
        kinds: Shape (n,); `Kind` of each.
    """

    amounts: Integers
    kinds: NDArray[np.int8]

    @property
    def present(self) -> Flags:
        """Shape (n,); True where the interval is not missing."""
        out: Flags = self.kinds != Kind.MISSING
        return out

    def count(self, kind: Kind) -> int:
        """Number of intervals of a kind."""
        return int((self.kinds == kind).sum())


@dataclass(slots=True)
class Readings:
    """The readings of one register on the instants of a grid, as they come in by the order of the log.

    Attributes:
        start: First instant [s since 1970 UTC].
        end: Last instant, included [s since 1970 UTC].
        register: Rules of the register.
    """

    start: int
    end: int
    register: Register
    _values: Integers = field(init=False)
    _agreed: Flags = field(init=False)

    def __post_init__(self) -> None:
        step = self.register.interval_seconds
        self.start, self.end = -(-self.start // step) * step, self.end // step * step
        n = max((self.end - self.start) // step + 1, 0)
        self._values = np.full(n, -1, dtype=np.int64)
        self._agreed = np.zeros(n, dtype=np.bool_)

    def measured(self, instants: Integers, registers: Integers) -> None:
        """Enter a meter's readings: where there is one already, the first stays.

        Args:
            instants: Shape (k,); strictly increasing [s since 1970 UTC]; those off the grid or out of it are passed over.
            registers: Shape (k,); negative where not read.
        """
        places, values = self._on_grid(instants, registers)
        new = (self._values[places] < 0) & (values >= 0)
        self._values[places[new]] = values[new]

    def agreed(self, instants: Integers, registers: Integers) -> None:
        """Enter readings that both parties signed, after all measured ones: the last stays, a negative one voids."""
        places, values = self._on_grid(instants, registers)
        self._values[places] = values
        self._agreed[places] = values >= 0

    def _on_grid(self, instants: Integers, registers: Integers) -> tuple[Integers, Integers]:
        step = self.register.interval_seconds
        fits = (instants % step == 0) & (instants >= self.start) & (instants <= self.end)
        fits &= registers < self.register.modulus
        places: Integers = (instants[fits] - self.start) // step
        return places, registers[fits]

    def intervals(self, begin: int, end: int) -> Intervals:
        """Amounts of the intervals from `begin` to `end`, two instants of the grid."""
        step = self.register.interval_seconds
        n = len(self._values) - 1
        out = Intervals(np.zeros(max(n, 0), dtype=np.int64), np.zeros(max(n, 0), dtype=np.int8))
        places, void = self._accepted()
        gaps = np.diff(places)
        advance = np.diff(self._values[places]) % self.register.modulus
        single = (gaps == 1) & ~void
        at = places[:-1][single]
        out.amounts[at] = advance[single]
        corrected = self._agreed[at] | self._agreed[at + 1]
        out.kinds[at] = np.where(corrected, Kind.CORRECTED, Kind.MEASURED)
        for k in np.flatnonzero((gaps > 1) & ~void & (gaps * step <= self.register.linear_gap_seconds)):
            span = slice(places[k], places[k + 1])
            edges = advance[k] * np.arange(gaps[k] + 1) // gaps[k]
            out.amounts[span], out.kinds[span] = np.diff(edges), Kind.ESTIMATED
        first = (begin - self.start) // step
        window = slice(first, first + (end - begin) // step)
        return Intervals(out.amounts[window], out.kinds[window])

    def _accepted(self) -> tuple[Integers, Flags]:
        """Places of the accepted readings, and which pairs of neighbours are void."""
        places = np.flatnonzero(self._values >= 0)
        advance = np.diff(self._values[places]) % self.register.modulus
        seconds = np.diff(places) * self.register.interval_seconds
        doubtful = advance * HOUR > self.register.max_per_hour * seconds
        if not doubtful.any():
            return places, doubtful
        return self._walked(places)

    def _walked(self, places: Integers) -> tuple[Integers, Flags]:
        """The same one by one: what is passed over changes what the next is compared with."""
        kept: list[int] = []
        for place in places.tolist():
            if not kept or self._agreed[place] or self._follows(kept[-1], place):
                kept.append(place)
        void = [not self._follows(a, b) for a, b in pairwise(kept)]
        return np.array(kept, dtype=np.int64), np.array(void, dtype=np.bool_)

    def _follows(self, before: int, after: int) -> bool:
        advance = int(self._values[after] - self._values[before]) % self.register.modulus
        return self.register.plausible(advance, (after - before) * self.register.interval_seconds)
