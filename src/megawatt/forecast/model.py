"""What a forecaster is, what it answers, and the one walk forward in which all are measured.

A forecaster never holds the data: it is handed, at each issue, a set in which every value that was not yet known is
missing. So it cannot peek, in a backtest as little as in service, where the same call is made once with ``now``.

    issues = Issues.day_ahead(date(2018, 1, 1), windows=28, timezone="UTC", at=time(12))
    forecast = backtest(Lear(...), data, issues, naive=Seasonal(...), refit=1)
    score.mae(forecast.actual(data), forecast.median)

A forecast of one model becomes a `Series` known at its issue (`Forecast.series`), and with that an input of the next:
combinations and intervals are forecasters like all others and pass the same test.
"""

import datetime as dt
import hashlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.series import NEVER, Series
from megawatt.core.timegrid import TimeGrid, Times, utc, zone
from megawatt.core.units import Unit
from megawatt.forecast import score
from megawatt.forecast.guard import Stint, guard

Floats = NDArray[np.float64]

MEDIAN = (0.5,)
"""Levels of a forecaster that gives one value and no band."""
PERCENTILES = tuple(k / 100 for k in range(1, 100))
"""Levels of a full predictive distribution."""


@dataclass(frozen=True, slots=True, eq=False)
class Issues:
    """When forecasts are issued, and for which intervals.

    Attributes:
        issued: Instants of issue, UTC, increasing, shape (m,).
        starts: Start of each interval asked for, shape (m, H); NaT fills up days that are shorter than the longest.
        step_minutes: Length of these intervals.
    """

    issued: Times
    starts: Times
    step_minutes: int

    def __post_init__(self) -> None:
        issued, starts = (np.array(x, dtype="datetime64[s]") for x in (self.issued, self.starts))
        if issued.ndim != 1 or starts.ndim != 2 or len(issued) != len(starts) or not len(issued) or not starts.shape[1]:
            raise InputError(
                f"issues of shape {issued.shape} for intervals of shape {starts.shape}",
                "each issue has one row of intervals",
                "Pass at least one instant, and as many rows.",
            )
        if (np.diff(issued) <= np.timedelta64(0, "s")).any():
            raise InputError("an issue that is not later than the one before", "issues increase", "Sort them.")
        for name, array in (("issued", issued), ("starts", starts)):
            array.flags.writeable = False
            object.__setattr__(self, name, array)

    @classmethod
    def day_ahead(
        cls, first: dt.date, *, windows: int, timezone: str, at: dt.time, step_minutes: int = 60, step_days: int = 1
    ) -> "Issues":
        """One issue a day, at the wall-clock time ``at`` of the local day before, for every interval of the local day.

        Args:
            first: First local day that is forecast.
            windows: Number of days that are forecast.
            timezone: IANA zone of the market.
            at: Wall-clock time of issue: before bids are due.
            step_minutes: Length of an interval.
            step_days: Days from one forecast day to the next; 1 forecasts every day.
        """
        tz = zone(timezone)
        issued, rows = [], []
        for number in range(windows):
            day = first + dt.timedelta(days=number * step_days)
            rows.append(
                TimeGrid.of_local_days(
                    day, day + dt.timedelta(days=1), timezone=timezone, step_minutes=step_minutes
                ).starts
            )
            issued.append(utc(dt.datetime.combine(day - dt.timedelta(days=1), at, tzinfo=tz)))
        starts = np.full((windows, max(map(len, rows), default=0)), np.datetime64("NaT", "s"))
        for number, row in enumerate(rows):
            starts[number, : len(row)] = row
        return cls(np.array(issued, dtype="datetime64[s]"), starts, step_minutes)

    @classmethod
    def rolling(
        cls, first: np.datetime64 | str, *, windows: int, horizon: int, step_minutes: int, every: int = 1
    ) -> "Issues":
        """Issues at ``first`` and then each ``every`` intervals, for the ``horizon`` intervals that follow the issue."""
        step = np.timedelta64(step_minutes * 60, "s")
        issued = utc(first) + np.arange(windows) * every * step
        return cls(issued, issued[:, None] + np.arange(horizon) * step, step_minutes)

    def __len__(self) -> int:
        return len(self.issued)

    @property
    def horizon(self) -> int:
        """Most intervals that one issue asks for."""
        return int(self.starts.shape[1])

    def part(self, first: int, end: int) -> "Issues":
        """The issues ``first`` to ``end`` (exclusive)."""
        return Issues(self.issued[first:end], self.starts[first:end], self.step_minutes)

    def read(self, series: Series) -> Floats:
        """The series' values in the intervals asked for, shape (m, H); NaN where there is none."""
        return values_at(series, self.starts)

    def known(self, series: Series, starts: Times) -> Floats:
        """The series' values in the intervals that begin at ``starts``, shape (m, k), if known at the issue of the row."""
        return values_at(series, starts, self.issued[:, None])


def values_at(series: Series, starts: Times, by: Times | None = None) -> Floats:
    """The values of the intervals that begin at ``starts``; NaN where missing, or not known at the instant ``by``.

    Args:
        series: Series with the same intervals.
        starts: Any shape; NaT is answered with NaN.
        by: Instants that broadcast to the shape of ``starts``; None asks for what happened.

    Raises:
        InputError: The intervals of the series begin at other instants.
    """
    missing = np.isnat(starts)
    offset = np.where(missing, series.grid.start, starts) - series.grid.start
    at = offset // series.grid.step
    if (offset % series.grid.step != np.timedelta64(0, "s")).any():
        raise InputError(
            f"series {series.name!r} has intervals of {series.grid.step_minutes} minutes from {series.grid.start}Z",
            "the forecast is for intervals that begin at other instants",
            "Bring the series onto the grid of the forecast with Series.on first.",
        )
    inside = ~missing & (at >= 0) & (at < series.grid.n)
    at = np.where(inside, at, 0)
    if by is not None:
        inside &= series.known_at[at] <= by
    values: Floats = np.where(inside, series.values[at], np.nan)
    return values


class Forecaster(Protocol):
    """A model of one series. Its five names may be plain attributes."""

    @property
    def name(self) -> str:
        """What tables call it; small letters and hyphens."""

    @property
    def version(self) -> str:
        """Changes whenever the same data would give another forecast."""

    @property
    def target(self) -> str:
        """Name of the series it forecasts."""

    @property
    def inputs(self) -> tuple[str, ...]:
        """Names of all series it reads, the target among them; it is handed no others."""

    @property
    def levels(self) -> tuple[float, ...]:
        """Probability levels of the quantiles it gives, increasing; `MEDIAN` when it gives one value."""

    def fit(self, past: Dataset, now: np.datetime64) -> None:
        """Learn from what is known at ``now``; everything else is missing in ``past``."""

    def predict(self, past: Dataset, issues: Issues) -> Floats:
        """Quantiles, shape (m, H, levels), NaN where the inputs of an issue are missing.

        ``past`` holds what is known at the last of ``issues``. Issues of one call lie between two fits: a forecaster
        that is refitted at every issue is handed one at a time and cannot peek; one that is handed more asks
        `Series.known_for` and `Series.last_known` what was known at each.
        """


@dataclass(frozen=True, slots=True, eq=False)
class Forecast:
    """What one forecaster said, with all one needs to judge it later.

    Attributes:
        model: Name of the forecaster.
        version: Its version.
        target: Name of the series forecast.
        unit: Its unit.
        issues: When, and for which intervals.
        levels: Probability levels, increasing, shape (q,).
        quantiles: Shape (m, H, q); NaN where there is no forecast.
        naive: The value of the naive twin at the same issue, shape (m, H).
        information_sha256: Hash, per issue, of all values that were known then; see `information`.
        twin: Name of the naive twin.
        stints: When the twin stood in for the model, by how much; empty for a forecast that is not `guarded`.
    """

    model: str
    version: str
    target: str
    unit: Unit
    issues: Issues
    levels: tuple[float, ...]
    quantiles: Floats
    naive: Floats
    information_sha256: tuple[str, ...]
    twin: str = "naive"
    stints: tuple[Stint, ...] = ()

    @property
    def median(self) -> Floats:
        """The point forecast, shape (m, H)."""
        median: Floats = self.quantiles[..., self.levels.index(0.5)]
        return median

    def actual(self, data: Dataset) -> Floats:
        """What happened, shape (m, H); NaN where it is missing."""
        return self.issues.read(data[self.target])

    def guarded(self, data: Dataset) -> "Forecast":
        """The forecast with its naive twin in its place wherever it lost to it over the last 28 issues then known.

        Loss is the mean absolute error of an issue. The band is moved to the twin's value; its width stays.
        """
        issues, target, actual = self.issues, data[self.target], self.actual(data)
        there = ~np.isnat(issues.starts)
        at = (np.where(there, issues.starts, target.grid.start) - target.grid.start) // target.grid.step
        inside = there & (at >= 0) & (at < target.grid.n)
        known_at = np.where(inside, target.known_at[np.where(inside, at, 0)], NEVER)
        settled = np.where(there, known_at, issues.issued[:, None]).max(axis=1)
        excess = score.daily(np.abs(actual - self.median) - np.abs(actual - self.naive))
        found = guard(issues.issued, np.maximum(settled, issues.issued), excess)
        shift = np.where(found.taken[:, None], self.naive - self.median, 0.0)
        return replace(
            self,
            quantiles=self.quantiles + shift[..., None],
            stints=found.stints(issues.issued, model=self.model, twin=self.twin, unit=self.unit.value),
        )

    def series(self) -> Series:
        """The point forecast as a series known at its issue: an input for combinations.

        Raises:
            InputError: Two issues forecast the same interval.
        """
        present = ~np.isnat(self.issues.starts)
        starts = self.issues.starts[present]
        if (np.diff(starts) <= np.timedelta64(0, "s")).any():
            raise InputError(
                f"two issues of {self.model!r} forecast the same interval",
                "a series has one value per interval",
                "Take one lead time with Issues of equal horizon and step.",
            )
        step = np.timedelta64(self.issues.step_minutes * 60, "s")
        grid = TimeGrid(starts[0], self.issues.step_minutes, int((starts[-1] - starts[0]) // step) + 1)
        at = (starts - grid.start) // step
        values = np.full(grid.n, np.nan)
        known_at = np.full(grid.n, np.datetime64("9999-01-01", "s"))
        values[at] = self.median[present]
        known_at[at] = np.broadcast_to(self.issues.issued[:, None], present.shape)[present]
        source = Provenance(f"{self.model} {self.version}", sha256=self.information_sha256[-1], modelled=True)
        return Series(series_name(self.model, self.target), self.unit, grid, values, known_at, source)


def series_name(model: str, target: str) -> str:
    """Name of a model's point forecast as a series: ``price_da_by_lear-56/NP``."""
    kind, _, place = target.partition("/")
    return f"{kind}_by_{model}/{place}"


def known(data: Dataset, now: np.datetime64) -> Dataset:
    """The data as they stood at ``now``: what was not yet known is missing."""
    return Dataset(replace(one, values=np.where(one.known_at <= now, one.values, np.nan)) for one in data.values())


def information(data: Dataset, at: Times) -> tuple[str, ...]:
    """SHA-256, per instant of the increasing ``at``, of every value known by then and of when it was known.

    A running hash per series over its values in the order of becoming known, so that a long backtest reads each value
    once; values known later cannot enter.
    """
    digests: list[list[bytes]] = []
    for name in sorted(data):
        one = data[name]
        order = np.argsort(one.known_at, kind="stable")
        rows = np.column_stack(
            (one.values.astype("<f8").view("<i8"), one.grid.starts.astype("<i8"), one.known_at.astype("<i8"))
        )[order]
        ends = np.searchsorted(one.known_at[order], at, side="right")
        running = hashlib.sha256(f"{name}|{one.unit.value}|{one.grid.step_minutes}|".encode())
        digests.append([])
        for first, end in zip((0, *ends[:-1]), ends, strict=True):
            running.update(rows[first:end].tobytes())
            digests[-1].append(running.digest())
    return tuple(hashlib.sha256(b"".join(parts)).hexdigest() for parts in zip(*digests, strict=True))


def backtest(
    model: Forecaster,
    data: Dataset,
    issues: Issues,
    *,
    naive: Forecaster,
    refit: int = 1,
    progress: Callable[[int], None] | None = None,
    guarded: bool = False,
) -> Forecast:
    """Walk forward: at every ``refit``-th issue fit on what is known then, and forecast until the next fit.

    The number of windows, their horizon and their step are those of ``issues``. A model starts as it is handed in: for
    a run that can be taken up again, run parts of the issues, each with a new model.

    Args:
        model: Forecaster, not yet fitted.
        data: All data; the model is handed the part it names and that is known.
        issues: When, and for which intervals.
        naive: The naive twin, of the same target, one value.
        refit: Issues from one fit to the next.
        progress: Called with the number of issues done.
        guarded: Whether the twin stands in where the model lost to it, see `Forecast.guarded`. Members of a
            combination are not: it weighs them itself, and a guard needs the whole run, not a part of it.
    """
    if refit < 1:
        raise InputError(f"a refit every {refit} issues", "it is at least every issue", "Write 1 or more.")
    inputs = Dataset(data[name] for name in model.inputs)
    quantiles = np.full((len(issues), issues.horizon, len(model.levels)), np.nan)
    twin = np.full((len(issues), issues.horizon), np.nan)
    for first in range(0, len(issues), refit):
        batch = issues.part(first, min(first + refit, len(issues)))
        past = known(inputs, batch.issued[0])
        model.fit(past, batch.issued[0])
        if len(batch) > 1:
            past = known(inputs, batch.issued[-1])
        quantiles[first : first + len(batch)] = model.predict(past, batch)
        twin[first : first + len(batch)] = naive.predict(Dataset(past[name] for name in naive.inputs), batch)[..., 0]
        if progress:
            progress(first + len(batch))
    target = data[model.target]
    forecast = Forecast(
        model.name,
        model.version,
        model.target,
        target.unit,
        issues,
        model.levels,
        quantiles,
        twin,
        information(inputs, issues.issued),
        naive.name,
    )
    return forecast.guarded(data) if guarded else forecast
