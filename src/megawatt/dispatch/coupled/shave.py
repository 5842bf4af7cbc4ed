"""Lower peaks of a trial, all its commitments kept.

Another peak changes the room of one month and nothing else, so only its hours are valued again; the demand charges are
asked about the whole horizon. A ratchet ties months together: where a month is billed for an earlier one, neither gains
by itself, and all that it is billed for go down at once.
"""

from dataclasses import dataclass, field

import numpy as np

from megawatt.dispatch.coupled.bound import Split
from megawatt.dispatch.coupled.hours import Awards, earn_hours
from megawatt.dispatch.coupled.interval import NEVER
from megawatt.dispatch.coupled.tables import Tables
from megawatt.dispatch.coupled.trial import SETTLED_USD, Trial
from megawatt.dispatch.ledger import measured_mw
from megawatt.dispatch.problem import Floats

PEAK_MW = 1e-4
"""Width to which the best peak of given commitments is searched [MW]."""


def shave(trial: Trial, width_mw: float = PEAK_MW) -> float:
    """Lower the peaks of a trial as far as it pays with all commitments kept, to a width, and return its value [USD]."""
    best = trial.value_usd()
    if not trial.split.problem.peaks or not np.isfinite(best):
        return best
    shaving = Shaving(trial, best)
    for tied in shaving.groups():
        shaving.lower(tied, width_mw)
    trial.set_peaks(trial.peaks_mw)
    trial.value_usd()
    return shaving.best_usd


@dataclass(slots=True)
class Shaving:
    """Peaks on their way down.

    Attributes:
        trial: The trial.
        best_usd: Its value so far [USD].
        kept_mw: Peak that each month keeps so far, no more than it draws, shape (M,) [MW].
        tried_mw: The one it was last valued with, NaN where it did not fit, shape (M,) [MW].
        drawn_mw: Power at the meter as last valued, shape (T,) [MW].
        constant_usd: What the site earns whatever its hours do, less what switches cost [USD].
        months: Hours of the months that were looked at.
    """

    trial: Trial
    best_usd: float
    kept_mw: Floats = field(init=False)
    tried_mw: Floats = field(init=False)
    drawn_mw: Floats = field(init=False)
    constant_usd: float = field(init=False)
    months: dict[int, "MonthHours"] = field(default_factory=dict)

    def __post_init__(self) -> None:
        trial = self.trial
        self.drawn_mw = trial.import_mw()
        self.kept_mw = np.minimum(trial.peaks_mw, measured_mw(trial.split.problem.peaks[0], self.drawn_mw))
        self.tried_mw = self.kept_mw.copy()
        self.constant_usd = trial.split.constant_usd - trial.switching_usd()

    def groups(self) -> list[Floats]:
        """Months that go down together, each as the peaks that they may have per MW of what is billed, shape (M,)."""
        charge, M = self.trial.split.problem.peaks[0], len(self.kept_mw)
        number, found = np.arange(M), list[Floats]()
        for m in range(M):
            found.append(np.where(number == m, 1.0, np.inf))
            before = (number < m) & (number >= m - 11)
            if charge.ratchet_fraction > 0.0 and before.any():
                found.append(np.where(before, 1.0 / charge.ratchet_fraction, found[-1]))
        return found

    def lower(self, tied: Floats, width_mw: float) -> None:
        """Lower what a group is billed for to where it is worth the most.

        With commitments kept the value is concave in it but for steps of awards: where the first step down gains nothing, none does.
        """
        charge, m = self.trial.split.problem.peaks[0], int(np.flatnonzero(tied == 1.0)[-1])
        low, high = float(charge.floor_mw[m]), float((self.kept_mw / tied).max())
        if high - low <= width_mw or self.at(tied, high - width_mw) <= self.at(tied, high):
            return
        while high - low > width_mw:
            a, b = low + (high - low) / 3, high - (high - low) / 3
            if self.at(tied, a) >= self.at(tied, b) > -np.inf:
                high = b
            else:
                low = a
        usd = self.at(tied, high)
        if usd > self.best_usd + SETTLED_USD:
            lowered = self.tried_mw < self.kept_mw
            self.best_usd, self.kept_mw = usd, self.tried_mw.copy()
            self.trial.peaks_mw[lowered] = self.kept_mw[lowered]
        else:
            self.at(tied, np.inf)

    def at(self, tied: Floats, level_mw: float) -> float:
        """Value of the trial when a group keeps peaks for which it is billed at most a level [USD]; minus infinity where it does not fit."""
        trial, split, fits = self.trial, self.trial.split, True
        wanted = np.minimum(self.kept_mw, level_mw * tied)
        changed = [int(m) for m in np.flatnonzero(wanted != self.tried_mw)]
        for m in changed:
            here = slice(split.edges[m], split.edges[m + 1])
            trial.room[here] = split.month_room(m, wanted[m])
        for m in changed:
            if m not in self.months:
                self.months[m] = MonthHours.of(split, m, trial.loads, trial.running)
            fits = self.months[m].earned(trial.room, trial.x, trial.sold, trial.usd, self.drawn_mw) and fits
        self.tried_mw = wanted
        if not fits:
            self.tried_mw[changed] = np.nan
            return -np.inf
        return self.constant_usd + float(trial.usd.sum()) - trial.demand_usd(self.drawn_mw)


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
