"""A series of values on a time grid, each with the time at which it was known.

What a plan, a forecast or a backtest may see at an instant is asked with one call, `Series.last_known`, whether the
instant is now or one of the 35,136 decisions of a past year: there is no second path on which a look ahead could hide.
"""

import hashlib
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.timegrid import TimeGrid, Times
from megawatt.core.units import Unit

Floats = NDArray[np.float64]

NEVER = np.datetime64("9999-01-01T00:00:00", "s")
"""``known_at`` of a value that is missing: it is never known."""


@dataclass(frozen=True, slots=True)
class Gap:
    """A run of missing values.

    Attributes:
        start: First missing instant, UTC.
        end: First instant after the gap, UTC.
        intervals: Number of missing intervals.
        source: Where the series comes from.
    """

    start: np.datetime64
    end: np.datetime64
    intervals: int
    source: str

    def __str__(self) -> str:
        return f"{self.intervals} intervals from {self.start}Z to {self.end}Z missing in {self.source}"


@dataclass(frozen=True, slots=True, eq=False)
class Series:
    """Values per interval, with the instant at which each was known.

    Attributes:
        name: What it is, kind before place: ``"price_rt/LZ_WEST"``.
        unit: Unit of the values.
        grid: Time grid.
        values: Shape (n,), float64; NaN marks a missing value.
        known_at: Shape (n,), ``datetime64[s]`` UTC; the instant from which on a value may be used.
        provenance: Source of the values.
    """

    name: str
    unit: Unit
    grid: TimeGrid
    values: Floats
    known_at: Times
    provenance: Provenance

    def __post_init__(self) -> None:
        # A copy: the caller keeps an array that can be written, and writing it does not rewrite history here.
        values = np.array(self.values, dtype=np.float64)
        known_at = np.array(self.known_at, dtype="datetime64[s]")
        for what, array in (("values", values), ("known_at", known_at)):
            if array.shape != (self.grid.n,):
                raise InputError(
                    f"series {self.name!r} has {what} of shape {array.shape}",
                    f"its grid has {self.grid.n} intervals",
                    "Pass one value per interval.",
                )
        if np.isinf(values).any():
            raise InputError(
                f"series {self.name!r} holds an infinite value", "values are finite", "Mark a missing value with NaN."
            )
        known_at = np.where(np.isnan(values), NEVER, known_at)
        values.flags.writeable = False
        known_at.flags.writeable = False
        object.__setattr__(self, "values", values)
        object.__setattr__(self, "known_at", known_at)

    def __eq__(self, other: object) -> bool:
        """Equal names, units, grids, sources, values (missing equals missing) and times known."""
        return (
            isinstance(other, Series)
            and (self.name, self.unit, self.grid, self.provenance)
            == (other.name, other.unit, other.grid, other.provenance)
            and np.array_equal(self.values, other.values, equal_nan=True)
            and np.array_equal(self.known_at, other.known_at)
        )

    def __hash__(self) -> int:
        """Equal series hash alike."""
        return hash((self.name, self.unit, self.grid))

    @property
    def hours_covered(self) -> float:
        """Hours for which there is a value."""
        return float(np.isfinite(self.values).sum()) * self.grid.hours

    def gaps(self) -> list[Gap]:
        """The runs of missing values, in order of time."""
        missing = np.isnan(self.values)
        edges = np.flatnonzero(np.diff(np.concatenate(([0], missing.view(np.int8), [0]))))
        starts = self.grid.starts
        return [
            Gap(starts[a], starts[a] + (b - a) * self.grid.step, int(b - a), self.provenance.source)
            for a, b in zip(edges[::2], edges[1::2], strict=True)
        ]

    def last_known(self, at: Times) -> Floats:
        """The value of the latest interval that was known at each instant of ``at``.

        Args:
            at: Decision instants, ``datetime64[s]`` UTC, shape (m,).

        Returns:
            Shape (m,); NaN where nothing was known yet.
        """
        # A later interval may be known before an earlier one (day-ahead prices arrive by the day), so the answer is
        # the largest interval number among those known: a running maximum over the order of becoming known.
        order = np.argsort(self.known_at, kind="stable")
        latest = np.maximum.accumulate(order)
        count = np.searchsorted(self.known_at[order], np.asarray(at, dtype="datetime64[s]"), side="right")
        out = np.full(len(count), np.nan)
        seen = count > 0
        out[seen] = self.values[latest[count[seen] - 1]]
        return out

    def known_for(self, grid: TimeGrid, at: Times) -> Floats:
        """The value for each interval of ``grid`` if it was known at the instant ``at`` of the same position, else NaN."""
        on = self.on(grid)
        out: Floats = np.where(on.known_at <= np.asarray(at, dtype="datetime64[s]"), on.values, np.nan)
        return out

    def on(self, grid: TimeGrid) -> "Series":
        """The same series on another grid: held when finer, averaged over whole intervals when coarser.

        Intervals of ``grid`` that the series does not cover are missing (NaN); a coarse interval with any missing
        part is missing. A coarse value is known when its last part is.

        Raises:
            InputError: The steps do not divide one another or the grids are not aligned.
        """
        if grid == self.grid:
            return self
        a, b = self.grid.step_minutes, grid.step_minutes
        offset = int((grid.start - self.grid.start) // np.timedelta64(60, "s"))
        if (a % b and b % a) or offset % min(a, b) or (b > a and offset % a):
            raise InputError(
                f"series {self.name!r} has intervals of {a} minutes from {self.grid.start}Z",
                f"the target has {b} minutes from {grid.start}Z",
                "Choose a step that divides the other, starting at the same minute.",
            )
        if b <= a:
            where = (offset + np.arange(grid.n) * b) // a
            inside = (where >= 0) & (where < self.grid.n)
            where = np.clip(where, 0, self.grid.n - 1)
            values = np.where(inside, self.values[where], np.nan)
            return replace(self, grid=grid, values=values, known_at=self.known_at[where])
        ratio = b // a
        parts = offset // a + np.arange(grid.n * ratio).reshape(grid.n, ratio)
        inside = (parts >= 0) & (parts < self.grid.n)
        parts = np.clip(parts, 0, self.grid.n - 1)
        values = np.where(inside, self.values[parts], np.nan).mean(axis=1)
        return replace(self, grid=grid, values=values, known_at=self.known_at[parts].max(axis=1))

    def sha256(self) -> str:
        """Hash of name, unit, grid, values and times known: what a result names as its input."""
        digest = hashlib.sha256()
        head = f"{self.name}|{self.unit.value}|{self.grid.start}|{self.grid.step_minutes}|{self.grid.n}|"
        digest.update(head.encode())
        digest.update(self.values.astype("<f8").tobytes())
        digest.update(self.known_at.astype("datetime64[s]").astype("<i8").tobytes())
        return digest.hexdigest()

    def to_pandas(self, timezone: str = "UTC") -> pd.Series:
        """The values as a tz-aware pandas series."""
        return pd.Series(self.values, index=self.grid.index(timezone), name=f"{self.name} [{self.unit.value}]")
