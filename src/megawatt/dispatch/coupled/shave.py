"""One month of a trial on its own: what its intervals earn and draw under another peak, all commitments kept.

Another peak changes the room of one month and nothing else, so only its hours are valued again; the demand charges are
asked about the whole horizon, for a ratchet looks back.
"""

from dataclasses import dataclass

import numpy as np

from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.hours import Awards, earn_hours
from megawatt.dispatch.coupled.interval import NEVER
from megawatt.dispatch.coupled.tables import Tables
from megawatt.dispatch.problem import Floats


@dataclass(frozen=True, slots=True)
class MonthHours:
    """The award hours that touch a month.

    Attributes:
        m: Number of the month.
        inside: Their intervals.
        hours: Their numbers.
        tables: The tables of these intervals.
        awards: The awards of these hours.
        bends: Covers at which what awards bring may bend [MW].
        loads: Running blocks by column of the tables, shape (n, columns).
        work: Running jobs, shape (n, J).
        drawn_mw: What firm loads and commitments draw, shape (n,) [MW].
    """

    m: int
    inside: slice
    hours: slice
    tables: Tables
    awards: Awards
    bends: Floats
    loads: Floats
    work: Floats
    drawn_mw: Floats

    @classmethod
    def of(cls, split: Split, m: int, loads: Floats, work: Floats) -> "MonthHours":
        """The hours of a month with what runs in them, shapes (T, columns) and (T, J)."""
        first = split.awards.first
        hours = slice(
            int(np.searchsorted(first, split.edges[m], side="right")) - 1,
            int(np.searchsorted(first, split.edges[m + 1])),
        )
        inside = slice(int(first[hours.start]), int(first[hours.stop]))
        tables = split.ramps.tables.part(inside)
        awards = split.awards._replace(
            first=first[hours.start : hours.stop + 1] - first[hours.start], worth_usd=split.awards.worth_usd[hours]
        )
        here, busy = loads[inside], work[inside]
        drawn = split.firm_mw[inside] + (here * tables.base_mw).sum(axis=1) + (busy * tables.work_mw).sum(axis=1)
        return cls(m, inside, hours, tables, awards, split.kinks.mw, here, busy, drawn)

    def earned(self, room: Floats, x: Floats, sold: Floats, usd: Floats, import_mw: Floats) -> bool:
        """Write what the hours earn under a room, and their powers, awards and import; whether the commitments fit.

        Args:
            room: Import limit less firm load, shape (T,) [MW].
            x: Power of each segment of the horizon, shape (T, S) [MW].
            sold: Awards, shape (H, R) [MW].
            usd: What each hour earns, shape (H,) [USD].
            import_mw: Power at the meter, shape (T,) [MW].
        """
        earned = earn_hours(
            self.tables, self.awards, self.bends, self.loads, self.work, room[self.inside], x[self.inside],
            sold[self.hours], usd[self.hours],
        )  # fmt: skip
        import_mw[self.inside] = self.drawn_mw + x[self.inside].sum(axis=1)
        return earned > NEVER / 2
