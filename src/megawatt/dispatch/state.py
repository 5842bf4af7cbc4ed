"""What ran until now: the state that a plan starts from, and how a plan carries it on.

A plan that forgot it would stop a block that has just started, do batch work twice, or pay a peak that is already
incurred. `SiteState.after` follows the decisions that were planned, interval by interval, to the start of the next plan.
"""

from dataclasses import dataclass, field, replace

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid
from megawatt.dispatch.case_power import peak_charges
from megawatt.dispatch.problem import FREE, Floats, InitialState, Ints
from megawatt.hosting.batch import WindowKind, windows
from megawatt.site.hall import Hall
from megawatt.site.read import Site

Words = dict[str, tuple[tuple[int, ...], ...]]


@dataclass(frozen=True, slots=True)
class WorkState:
    """Where a batch hall stands.

    Attributes:
        window: First instant of the open window, UTC.
        done: Intervals of work done in it.
        run: Whether it runs, and for how many intervals.
    """

    window: np.datetime64
    done: int
    run: InitialState


@dataclass(frozen=True, slots=True)
class Decided:
    """What a plan decided for the intervals from the state's instant on.

    Attributes:
        blocks: Per fleet, the on/off word of each block.
        work: Per batch hall, its on/off word.
        import_mw: Power at the meter [MW].
    """

    blocks: Words
    work: dict[str, tuple[int, ...]]
    import_mw: tuple[float, ...]


@dataclass(frozen=True, slots=True)
class SiteState:
    """What a site did until an instant, and what it was told to do from there.

    Attributes:
        site: Name of the site.
        at: First instant that is not yet decided for good, UTC.
        step_minutes: Length of an interval.
        blocks: State of each block of each fleet.
        work: State of each batch hall.
        peak_mw: Per demand charge, the highest measured import by month ``2024-07`` [MW].
        decided: Decisions from ``at`` on; None before the first plan.
    """

    site: str
    at: np.datetime64
    step_minutes: int
    blocks: dict[str, tuple[InitialState, ...]]
    work: dict[str, WorkState]
    peak_mw: dict[str, dict[str, float]]
    decided: Decided | None = field(default=None)

    @classmethod
    def assumed(cls, site: Site, at: np.datetime64) -> "SiteState":
        """The state of a site of which nothing is recorded: all blocks run, batch work is done in proportion, no peak."""
        step = site.connection.interval_minutes
        grid = TimeGrid(at, step, 1)
        work = {}
        for hall in batch_halls(site):
            begun, size, due = open_window(site, hall, grid)
            left = -(-due * (size - begun) // size)
            start = at - begun * grid.step
            work[hall.name] = WorkState(start, due - left, InitialState(False, FREE))
        blocks = {one.name: (InitialState(True, FREE),) * one.blocks for one in site.fleets}
        return cls(site.connection.name, at, step, blocks, work, {})

    def belongs_to(self, site: Site) -> None:
        """Refuse a state of another site.

        Raises:
            InputError: Name, interval, fleets, blocks or batch halls differ.
        """
        here = (site.connection.name, site.connection.interval_minutes)
        mine = {name: len(states) for name, states in self.blocks.items()}
        fleets = {one.name: one.blocks for one in site.fleets}
        halls = {hall.name for hall in batch_halls(site)}
        if (self.site, self.step_minutes) != here or mine != fleets or set(self.work) != halls:
            raise InputError(
                f"a state of {self.site!r} with {mine} blocks, batch halls {sorted(self.work)} and {self.step_minutes} minutes",
                f"the site {here[0]!r} has {fleets} blocks, batch halls {sorted(halls)} and {here[1]} minutes",
                "Name the state file of this site, or begin a new one under another name.",
            )

    def after(self, site: Site, to: np.datetime64) -> "SiteState":
        """The state at a later instant, the decisions in between carried out.

        Raises:
            InputError: The instant lies before the state, or after all that was decided.
        """
        step = np.timedelta64(self.step_minutes * 60, "s")
        n = int((to - self.at) // step)
        known = len(self.decided.import_mw) if self.decided else 0
        if n < 0 or n > known:
            until = self.at + known * step
            raise InputError(
                f"a plan from {to}Z on a state of {self.at}Z",
                f"the state tells what was decided from {self.at}Z to {until}Z, and a plan goes on from there",
                "Choose --now in that span, or begin a new state file: what ran besides is not known.",
            )
        if n == 0 or self.decided is None:
            return replace(self, decided=None)
        grid = TimeGrid(self.at, self.step_minutes, n)
        blocks = {
            name: tuple(
                _carried(state, word[:n]) for state, word in zip(states, self.decided.blocks[name], strict=True)
            )
            for name, states in self.blocks.items()
        }
        work = {hall.name: self._work(site, hall, grid, self.decided.work[hall.name][:n]) for hall in batch_halls(site)}
        mw = np.array(self.decided.import_mw[:n])
        return replace(self, at=to, blocks=blocks, work=work, peak_mw=self._peaks(site, grid, mw), decided=None)

    def _work(self, site: Site, hall: Hall, grid: TimeGrid, word: tuple[int, ...]) -> WorkState:
        mine = self.work[hall.name]
        next_grid = TimeGrid(grid.end, grid.step_minutes, 1)
        begun, _, _ = open_window(site, hall, next_grid)
        window = next_grid.start - begun * grid.step
        inside = grid.starts >= window
        before = mine.done if mine.window == window else 0
        return WorkState(window, before + int(np.array(word)[inside].sum()), _carried(mine.run, word))

    def _peaks(self, site: Site, grid: TimeGrid, mw: Floats) -> dict[str, dict[str, float]]:
        month, names = grid.local_months(site.connection.timezone)
        peaks = {name: dict(by_month) for name, by_month in self.peak_mw.items()}
        for charge in peak_charges(site, grid):
            mine = peaks.setdefault(charge.name, {})
            for m, name in enumerate(names):
                inside = charge.measured & (month == m)
                if inside.any():
                    mine[name] = max(mine.get(name, 0.0), float(mw[inside].max()))
        return peaks


def _carried(state: InitialState, word: tuple[int, ...]) -> InitialState:
    """A block's state after a word."""
    on, steps = state.on, state.steps
    for now in word:
        steps = min(steps + 1, FREE) if bool(now) == on else 1
        on = bool(now)
    return InitialState(on, steps)


def batch_halls(site: Site) -> list[Hall]:
    """Halls of batch work in the order of the problem's jobs."""
    return [hall for hall in site.halls if hall.kind == "batch"]


def work_windows(site: Site, hall: Hall, grid: TimeGrid) -> tuple[TimeGrid, Ints, Ints, int]:
    """The hall's whole windows around a grid.

    Returns:
        A wide grid, the window of each of its intervals, the work due in each window, and the place of the grid in it.
    """
    day = np.timedelta64(86_400, "s")
    wide = TimeGrid(grid.start - 32 * day, grid.step_minutes, grid.n + 64 * round(24 / grid.hours))
    due = windows(wide, site.connection.timezone, WindowKind(hall.window), hall.duty_fraction)
    return wide, due.number, due.required, int((grid.start - wide.start) // grid.step)


def open_window(site: Site, hall: Hall, grid: TimeGrid) -> tuple[int, int, int]:
    """Of the window in which a grid starts: intervals begun before it, intervals in all, intervals of work due."""
    _, number, required, first = work_windows(site, hall, grid)
    inside = np.flatnonzero(number == number[first])
    return first - int(inside[0]), len(inside), int(required[number[first]])
