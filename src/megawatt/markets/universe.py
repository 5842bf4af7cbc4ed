"""What is in the market, with two times: from when it is true, and from when it was known.

An index of last year that uses a supply that was corrected this year is an index that nobody could have held. A record
therefore takes effect on the later of its two days, and a question is always asked as of a day.

==========  =======================================================  =========================
kind        meaning                                                  value
==========  =======================================================  =========================
list        the asset enters the market                              units outstanding, or none
supply      units outstanding are stated anew: no return             units outstanding
delist      the last close was the day before                        return of the delisting, or none if unknown
merge       each unit becomes ``value`` units of ``into``            units of ``into`` per unit
rename      the asset is called ``into``; same units                 1
halt        no trading from this day on; the last close stands       none
resume      trading again                                            none
==========  =======================================================  =========================
"""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from megawatt.core.errors import InputError

SURVIVORSHIP = (
    "Survivorship: among 3,904 coins of 2014-21 leaving out the dead flatters a value-weighted index by 0.93 % and an "
    "equal-weighted one by 62.19 % a year (Ammann, Burdorf, Liebi, Stöckl 2022)."
)

SUPPLY_JUMP = 0.5
"""A change of the units outstanding by more than half within a record is named as a revision to be checked."""


class Kind(StrEnum):
    """What a record says."""

    LIST = "list"
    SUPPLY = "supply"
    DELIST = "delist"
    MERGE = "merge"
    RENAME = "rename"
    HALT = "halt"
    RESUME = "resume"


@dataclass(frozen=True, slots=True)
class Record:
    """One line of the universe.

    Attributes:
        kind: What it says.
        asset: Symbol.
        valid_from: Day from which it is true, ISO 8601.
        known_from: Day from which it was known; the same day where the source states none.
        value: See the table above.
        into: The asset that takes over, for merge and rename.
        source: Where it was read.
    """

    kind: Kind
    asset: str
    valid_from: str
    known_from: str = ""
    value: float | None = None
    into: str = ""
    source: str = ""

    def __post_init__(self) -> None:
        needs_value = self.kind in {Kind.SUPPLY, Kind.MERGE}
        if needs_value and not (self.value is not None and np.isfinite(self.value) and self.value > 0):
            raise self._refused(f"value {self.value}", "units and ratios are above zero")
        if self.kind is Kind.DELIST and self.value is not None and not -1 <= self.value < np.inf:
            raise self._refused(f"a delisting return of {self.value}", "nobody loses more than everything")
        if (self.kind in {Kind.MERGE, Kind.RENAME}) != bool(self.into) or self.into == self.asset:
            raise self._refused(
                f"into {self.into!r}", "merge and rename, and only they, name another asset that takes over"
            )

    @property
    def effective(self) -> np.datetime64:
        """The later of the day it became true and the day it was known."""
        valid = np.datetime64(self.valid_from, "D")
        return max(valid, np.datetime64(self.known_from, "D")) if self.known_from else valid

    def _refused(self, value: str, rule: str) -> InputError:
        return InputError(value, rule, "Correct the record.", f"{self.kind} of {self.asset} on {self.valid_from}")


@dataclass(frozen=True, slots=True)
class Universe:
    """Records in order of the day they take effect."""

    records: tuple[Record, ...]

    @classmethod
    def of(cls, records: Iterable[Record]) -> "Universe":
        """Sort the records and check that each concerns an asset that was listed before and has not left."""
        ordered = sorted(records, key=lambda r: (r.effective, list(Kind).index(r.kind)))
        alive: set[str] = set()
        for r in ordered:
            expected = r.kind is not Kind.LIST
            if (r.asset in alive) is not expected:
                rule = "an asset is listed before anything else, once, and nothing follows its end"
                raise InputError(f"{r.kind} of {r.asset} on {r.valid_from}", rule, "Add or correct its list record.")
            if r.kind is Kind.MERGE and r.into not in alive:
                raise InputError(f"{r.asset} merges into {r.into}", "the survivor is listed", "List it first.")
            alive.add(r.asset)
            if r.kind in {Kind.DELIST, Kind.MERGE, Kind.RENAME}:
                alive.discard(r.asset)
            if r.kind is Kind.RENAME:
                alive.add(r.into)
        return cls(tuple(ordered))

    def as_known(self, day: str) -> "Universe":
        """The records that were known on a day."""
        at = np.datetime64(day, "D")
        return Universe(tuple(r for r in self.records if np.datetime64(r.known_from or r.valid_from, "D") <= at))

    def members(self, day: str) -> dict[str, float | None]:
        """Assets in the market at the end of a day with their units outstanding, as far as it was known then."""
        out: dict[str, float | None] = {}
        at = np.datetime64(day, "D")
        for r in self.records:
            if r.effective > at:
                break
            if r.kind in {Kind.LIST, Kind.SUPPLY}:
                out[r.asset] = r.value
            elif r.kind in {Kind.DELIST, Kind.MERGE, Kind.RENAME}:
                units = out.pop(r.asset)
                if r.kind is Kind.RENAME:
                    out[r.into] = units
                elif r.kind is Kind.MERGE and units is not None and out[r.into] is not None:
                    out[r.into] = (out[r.into] or 0.0) + units * (r.value or 0.0)
        return out

    def supply_jumps(self) -> list[str]:
        """Supply records that change the units by more than half at once: named, so that nobody takes them for a flow."""
        found, last = [], dict[str, float]()
        for r in self.records:
            if r.kind is Kind.SUPPLY and r.value and r.asset in last:
                change = r.value / last[r.asset] - 1
                if abs(change) > SUPPLY_JUMP:
                    found.append(
                        f"{r.asset}: units outstanding {change:+.1%} on {r.valid_from}, a revision and no return"
                    )
            if r.kind in {Kind.LIST, Kind.SUPPLY} and r.value:
                last[r.asset] = r.value
        return found

    def delistings_without_return(self) -> list[str]:
        """Assets that left without a stated return."""
        return [f"{r.asset} on {r.valid_from}" for r in self.records if r.kind is Kind.DELIST and r.value is None]
