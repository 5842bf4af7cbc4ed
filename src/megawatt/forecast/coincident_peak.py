"""The probability that an interval becomes the month's system peak, from what is known when it begins.

A coincident-peak charge is set by one interval a month, and which one it was is known only when the month is over. The
probability that it is *this* interval is that of three events at once:

* it passes everything the month has seen, and it is the highest of its own day: both from scenarios of the **rest of
  the day**. The change of log load from the last known interval to each later one is regressed on the same change
  yesterday, the last two increments, the day-on-day change and the weekend; a scenario adds the leave-one-out
  residuals of one whole day of the past, so that intervals move together as they did on that day;
* no later day of the month passes it: of the n days that are left, today included, each is as likely to hold the
  highest load, so 1 / n, times a scale by which the probabilities of past months add up to one. One or two earlier years hold one or two Julys: a fitted model of later days is sure of what
  it cannot know (an autoregression around the season gave 1 July 2024, a month's peak, no chance at all).

`PeakModel.fit` sees nothing that is known after its ``until``. ERCOT measures in 15 minutes; with hourly loads the hour
stands in for them. Twelve-peak tariffs count all months; a net-peak tariff hands in load less wind and solar
(`net_load`). Probabilities of one month, each given at its own time, need not add up to 1.
"""

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import NEVER, Floats, Series
from megawatt.core.timegrid import Times

Ints = NDArray[np.int64]

SCENARIOS = 2_000
"""Scenarios for each interval: a probability of 0.4 %, about where standing by begins to pay, is 8 of them."""

SMOOTHING = 0.5
"""Spread added to a drawn residual, as a share of the residuals' own: a past of ninety days holds no worst case."""

LEAST_DAYS = 300
"""Whole days without which a season's shape of the day is not known."""


@dataclass(frozen=True, slots=True)
class LoadDays:
    """A load series cut into local days, as a table that every day fills.

    The hour that the clock skips repeats the one before; of the hour that it repeats the higher reading counts.

    Attributes:
        log_mw: Shape (days, columns); natural logarithm of the load, NaN where missing.
        known_at: Shape (days, columns); when each cell was known.
        cell: Number of each interval's cell in the flat table, shape (n,).
        date: Local dates, shape (days,).
        month: Local calendar month of each day, ``12 x year + month - 1``, shape (days,).
        weekend: 1 on Saturday and Sunday, shape (days,).
    """

    log_mw: Floats
    known_at: Times
    cell: Ints
    date: NDArray[np.datetime64]
    month: Ints
    weekend: Floats

    @classmethod
    def of(cls, load: Series, timezone: str) -> "LoadDays":
        """Cut a series of at most hourly steps.

        Raises:
            InputError: The load is not positive, or its step is longer than an hour.
        """
        if load.grid.step_minutes > 60 or (load.values <= 0).any():
            raise InputError(
                f"{load.name!r} in steps of {load.grid.step_minutes} minutes, least {np.nanmin(load.values):.6g} MW",
                "a system load is positive and comes by the hour or finer",
                "Hand in the load of the whole system.",
            )
        local = np.asarray(load.grid.index(timezone).tz_localize(None), dtype="datetime64[s]")
        date = local.astype("datetime64[D]")
        columns = 1440 // load.grid.step_minutes
        day = (date - date[0]).astype(np.int64)
        column = (local - date).astype(np.int64) // (60 * load.grid.step_minutes)
        shape = (int(day[-1]) + 1, columns)
        table, known_at = np.full(shape, -np.inf), np.full(shape, np.datetime64(0, "s"))
        np.maximum.at(table, (day, column), np.where(np.isnan(load.values), np.inf, np.log(load.values)))
        np.maximum.at(known_at, (day, column), load.known_at)
        for d, c in zip(*np.nonzero(np.isneginf(table)), strict=True):
            if 0 < d < shape[0] - 1 and c > 0:  # skipped by the clock
                table[d, c], known_at[d, c] = table[d, c - 1], known_at[d, c - 1]
        known_at[np.isinf(table)] = NEVER
        table[np.isinf(table)] = np.nan
        dates = date[0] + np.arange(shape[0])
        month = dates.astype("datetime64[M]").astype(np.int64) + 1970 * 12
        weekend = (dates.astype(np.int64) + 3) % 7 >= 5  # 1970-01-01 was a Thursday
        return cls(table, known_at, day * columns + column, dates, month, weekend.astype(np.float64))

    @property
    def columns(self) -> int:
        """Intervals in a day."""
        return int(self.log_mw.shape[1])

    def left_in_month(self, d: int) -> int:
        """Days of the local month from day ``d`` on, itself included."""
        end = (self.date[d].astype("datetime64[M]") + 1).astype("datetime64[D]")
        return int((end - self.date[d]).astype(np.int64))


def net_load(load: Series, *renewables: Series) -> Series:
    """Load less wind and solar, known when the last of them is: the measure of a net-peak tariff."""
    values, known = load.values, load.known_at
    for one in renewables:
        on = one.on(load.grid)
        values, known = values - on.values, np.maximum(known, on.known_at)
    return replace(load, name=load.name.replace("load/", "net_load/"), values=values, known_at=known)


@dataclass(frozen=True, slots=True)
class DayShape:
    """How the rest of a day follows from what is known at one of its intervals, in one calendar month.

    Attributes:
        coefficients: Shape (columns not known yet, features).
        residuals: Leave-one-out residuals of past days, shape (past days, columns not known yet).
    """

    coefficients: Floats
    residuals: Floats


@dataclass(frozen=True, slots=True)
class PeakModel:
    """A fitted model.

    Attributes:
        timezone: IANA zone in which days and months are read.
        delay: Intervals from the last known one to the decided one.
        shapes: Per calendar month and column of the day.
        scale: Factor on each probability, see `calibrated`.
        scenarios: Scenarios for each interval.
    """

    timezone: str
    delay: int
    shapes: tuple[tuple[DayShape, ...], ...]
    scale: float = 1.0
    scenarios: int = SCENARIOS

    @classmethod
    def fit(cls, load: Series, *, until: np.datetime64, timezone: str) -> "PeakModel":
        """Fit on what was known at ``until``.

        Raises:
            InputError: Fewer than ``LEAST_DAYS`` whole days are known.
        """
        known = load.known_at <= until
        days = LoadDays.of(replace(load, values=np.where(known, load.values, np.nan)), timezone)
        whole = int(np.isfinite(days.log_mw).all(axis=1).sum())
        if whole < LEAST_DAYS:
            raise InputError(
                f"{load.name!r} has {whole} whole days before {until}Z",
                f"the shape of the day in each season needs {LEAST_DAYS}",
                "Hand in the load of an earlier year too.",
            )
        lags = (load.known_at - load.grid.starts)[known] / load.grid.step
        delay = int(np.ceil(np.median(lags)))
        shapes = tuple(
            tuple(_fit_shape(days, month, column, delay) for column in range(days.columns)) for month in range(12)
        )
        return cls(timezone, delay, shapes)

    def calibrated(self, load: Series, seed: int, *, until: np.datetime64) -> "PeakModel":
        """The model with its probabilities scaled to add up to one a month over the whole months known at ``until``.

        1 / n takes a day for any of those left, though one that breaks the month's record is likelier to stay its
        highest; by how much, the past tells. The scale is never below 1.
        """
        days = LoadDays.of(load, self.timezone)
        seen = np.searchsorted(
            days.date[days.cell // days.columns], until.astype("datetime64[M]").astype("datetime64[D]")
        )
        past = replace(
            load, grid=load.grid.part(0, int(seen)), values=load.values[:seen], known_at=load.known_at[:seen]
        )
        chance = np.nan_to_num(self.probability(past, seed, months=tuple(range(1, 13))))
        months = len(past.grid.local_months(self.timezone)[1])
        return replace(self, scale=max(1.0, months * self.scale / float(chance.sum())))

    def probability(self, load: Series, seed: int, *, months: tuple[int, ...]) -> Floats:
        """The probability of each interval to become its month's peak, by what is known at its start, shape (n,).

        Args:
            load: System load; from the first of a month, lest an earlier record of it be missed.
            seed: Chance for the scenarios; each interval has its own, so no interval moves another.
            months: Calendar months that count; 0 elsewhere.

        Returns:
            Shape (n,); NaN where too little is known to tell.
        """
        days = LoadDays.of(load, self.timezone)
        out = np.zeros(load.grid.n)
        counts = np.isin(days.month % 12 + 1, months)[days.cell // days.columns]
        for t in np.flatnonzero(counts):
            out[t] = self._rest_of_day(days, int(days.cell[t]), load.grid.starts[t], seed)[0]
        return out

    def outlook(self, load: Series, at: np.datetime64, seed: int) -> Floats:
        """The probability of the interval that begins at ``at`` and of each later one of its local day."""
        days = LoadDays.of(load, self.timezone)
        t = load.grid.locate(at)
        return self._rest_of_day(days, int(days.cell[t]), load.grid.starts[t], seed)

    def _rest_of_day(self, days: LoadDays, cell: int, at: np.datetime64, seed: int) -> Floats:
        d, column = divmod(cell, days.columns)
        left, last = days.columns - column, cell - self.delay
        if last < 2 * days.columns or days.known_at.ravel()[last] > at:
            return np.full(left, np.nan)
        shape = self.shapes[int(days.month[d]) % 12][column]
        y = days.log_mw.ravel()
        centre = y[last] + (shape.coefficients * _features(days, d, column, self.delay)).sum(axis=1)
        if not np.isfinite(centre).all():
            return np.full(left, np.nan)
        rng = np.random.default_rng([seed, cell])
        path = centre + shape.residuals[rng.integers(len(shape.residuals), size=self.scenarios)]
        path += SMOOTHING * shape.residuals.std(axis=0) * rng.standard_normal((self.scenarios, 1))
        month = int(np.searchsorted(days.month, days.month[d])) * days.columns
        record = np.nanmax(y[month : last + 1], initial=-np.inf)
        top = (path >= np.maximum(path.max(axis=1), record)[:, np.newaxis]).mean(axis=0)
        chance: Floats = np.minimum(self.scale * top[-left:] / days.left_in_month(d), top[-left:])
        return chance


def _features(days: LoadDays, d: int, column: int, delay: int) -> Floats:
    """What the targets of one decided interval are explained by, shape (targets, features)."""
    y, H = days.log_mw.ravel(), days.columns
    base = d * H + column - delay
    targets = np.arange(base + 1, (d + 1) * H)
    one = np.ones(len(targets))
    return np.column_stack(
        [
            one,
            y[targets - H] - y[base - H],
            one * (y[base] - y[base - 1]),
            one * (y[base - 1] - y[base - 2]),
            one * (y[base] - y[base - H]),
            one * (y[base - H] - y[base - H - 1]),
            one * days.weekend[d],
        ]
    )


def _fit_shape(days: LoadDays, month: int, column: int, delay: int) -> DayShape:
    near = (month + np.array([-1, 0, 1])) % 12
    rows = [
        d
        for d in range(2, len(days.month))
        if days.month[d] % 12 in near and np.isfinite(days.log_mw[d - 2 : d + 1]).all()
    ]
    base = [d * days.columns + column - delay for d in rows]
    X = np.array([_features(days, d, column, delay) for d in rows])
    y = days.log_mw.ravel()
    Y = np.array([y[b + 1 : (d + 1) * days.columns] - y[b] for d, b in zip(rows, base, strict=True)])
    coefficients, residuals = np.empty(X.shape[1:]), np.empty(Y.shape)
    for j in range(Y.shape[1]):
        A = X[:, j]
        pinv = np.linalg.pinv(A)
        coefficients[j] = pinv @ Y[:, j]
        leverage = np.einsum("ij,ji->i", A, pinv)
        residuals[:, j] = (Y[:, j] - A @ coefficients[j]) / (1 - np.minimum(leverage, 0.9))
    return DayShape(coefficients, residuals)
