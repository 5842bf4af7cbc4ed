"""The probability that an interval becomes the month's system peak, from what is known when it begins.

A coincident-peak charge is set by one interval a month, and which one it was is known only when the month is over. The
probability that it is *this* interval is that of three events at once: it passes everything the month has seen, it is
the highest of its own day, and no later day of the month passes it. All three come from one set of scenarios:

* **rest of the day**: the change of log load from the last known interval to each later one is regressed on the same
  change yesterday, the last two increments, the day-on-day change and the weekend; a scenario adds the leave-one-out
  residuals of one whole day of the past, so that intervals move together as they did on that day;
* **rest of the month**: the highest log load of each later day follows season and weekend plus a first-order
  autoregression around its 28-day mean, with residuals drawn from the past. The mean is the year's own, so growth
  from year to year needs no model.

Coefficients and residuals come from `PeakModel.fit`, which sees nothing that is known after its ``until``. ERCOT
measures in 15 minutes; with hourly loads the hour stands in for them. Twelve-peak tariffs count all months; a net-peak
tariff hands in load less wind and solar (`net_load`). Probabilities of one month, each given at its own time, need not
add up to 1.
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

MEAN_DAYS = 28
"""Days of the running mean: long enough for a month's weather, short enough to follow a year's growth."""

SMOOTHING = 0.5
"""Spread added to a drawn residual, as a share of the residuals' own: a past of ninety days holds no worst case."""

EXCHANGEABLE = 0.5

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
        month: Local calendar month of each day, ``12 x year + month - 1``, shape (days,).
        season: Terms of `DailyPeak`: 1, weekend, sine and cosine of the year, shape (days, 4).
    """

    log_mw: Floats
    known_at: Times
    cell: Ints
    month: Ints
    season: Floats

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
        shape = (int(day[-1]) + 2, columns)  # one day more: tomorrow's season is asked for on the last day too
        table, known_at = np.full(shape, -np.inf), np.full(shape, np.datetime64(0, "s"))
        np.maximum.at(table, (day, column), np.where(np.isnan(load.values), np.inf, np.log(load.values)))
        np.maximum.at(known_at, (day, column), load.known_at)
        for d, c in zip(*np.nonzero(np.isneginf(table[:-1])), strict=True):
            if 0 < d < shape[0] - 2 and c > 0:  # skipped by the clock
                table[d, c], known_at[d, c] = table[d, c - 1], known_at[d, c - 1]
        known_at[np.isinf(table)] = NEVER
        table[np.isinf(table)] = np.nan
        dates = date[0] + np.arange(shape[0])
        return cls(
            table, known_at, day * columns + column,
            dates.astype("datetime64[M]").astype(np.int64) + 1970 * 12, _season(dates),
        )

    @property
    def columns(self) -> int:
        """Intervals in a day."""
        return int(self.log_mw.shape[1])


def _season(dates: NDArray[np.datetime64]) -> Floats:
    weekend = (dates.astype(np.int64) + 3) % 7 >= 5  # 1970-01-01 was a Thursday
    angle = 2 * np.pi * (dates - dates.astype("datetime64[Y]")).astype(np.float64) / 365.25
    waves = [f(k * angle) for k in (1, 2) for f in (np.sin, np.cos)]
    return np.column_stack([np.ones(len(dates)), weekend, *waves])


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
class DailyPeak:
    """How the highest load of later days follows from that of today.

    Attributes:
        season: Coefficients of the terms of `LoadDays.season`.
        persistence: Autoregression of the distance from the running mean.
        residuals: Residuals of that step per calendar month, each with its neighbours.
    """

    season: Floats
    persistence: float
    residuals: tuple[Floats, ...]


@dataclass(frozen=True, slots=True)
class PeakModel:
    """A fitted model.

    Attributes:
        timezone: IANA zone in which days and months are read.
        delay: Intervals from the last known one to the decided one.
        shapes: Per calendar month and column of the day.
        daily: Rest of the month.
    """

    timezone: str
    delay: int
    shapes: tuple[tuple[DayShape, ...], ...]
    daily: DailyPeak

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
        return cls(timezone, delay, shapes, _fit_daily(days))

    def probability(self, load: Series, seed: int, *, months: tuple[int, ...]) -> Floats:
        """The probability of each interval to become its month's peak, by what is known at its start, shape (n,).

        Args:
            load: Load from at least `MEAN_DAYS` days before the first interval that counts.
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
        left, base = days.columns - column, cell - self.delay
        shape = self.shapes[int(days.month[d]) % 12][column]
        peaks = np.nanmax(days.log_mw[max(d - MEAN_DAYS, 0) : d - 1], axis=1) if d > MEAN_DAYS else np.zeros(0)
        known = base >= days.columns * 2 and days.known_at.ravel()[base] <= at
        features = _features(days, d, column, self.delay) if known else np.full((1, 1), np.nan)
        if not (np.isfinite(features).all() and np.isfinite(peaks).all() and len(peaks)):
            return np.full(left, np.nan)
        rng = np.random.default_rng([seed, cell])
        y = days.log_mw.ravel()
        path = shape.residuals[rng.integers(len(shape.residuals), size=SCENARIOS)]
        path = path + SMOOTHING * shape.residuals.std(axis=0) * rng.standard_normal((SCENARIOS, 1))
        path += y[base] + (shape.coefficients * features).sum(axis=1)
        month = np.flatnonzero(days.month == days.month[d])[0] * days.columns
        seen = np.concatenate(([-np.inf], y[month : base + 1]))
        record = np.nanmax(seen)
        today = np.maximum(path.max(axis=1), record)
        if not (path.max(axis=1) >= record).any():
            return np.zeros(left)
        so_far = np.nanmax(np.concatenate(([-np.inf], y[min(d * days.columns, base) : base + 1])))
        later = self._later_peak(days, d, np.maximum(path.max(axis=1), so_far), peaks, rng)
        stays = (1 - EXCHANGEABLE) * (path >= later[:, np.newaxis]) + EXCHANGEABLE / (_days_left(days, d) + 1)
        top: Floats = ((path >= today[:, np.newaxis]) * stays).mean(axis=0)
        return top[-left:]

    def _later_peak(self, days: LoadDays, d: int, today: Floats, peaks: Floats, rng: np.random.Generator) -> Floats:
        """Highest log load of the later days of the month, one per scenario."""
        season = days.season @ self.daily.season
        mean = float((peaks - season[d - 1 - len(peaks) : d - 1]).mean())
        level, highest = today - season[d], np.full(len(today), -np.inf)
        residuals = self.daily.residuals[int(days.month[d]) % 12]
        for k in range(d + 1, d + 1 + _days_left(days, d)):
            level = mean + self.daily.persistence * (level - mean) + rng.choice(residuals, size=len(today))
            highest = np.maximum(highest, season[min(k, len(season) - 1)] + level)
        return highest


def _days_left(days: LoadDays, d: int) -> int:
    month = int(days.month[d])
    start = np.datetime64("0000-01", "M") + month
    length = int((start + 1).astype("datetime64[D]").astype(np.int64) - start.astype("datetime64[D]").astype(np.int64))
    gone = int((days.month[: d + 1] == month).sum())
    return length - gone


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
            one * days.season[d, 1],
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


def _fit_daily(days: LoadDays) -> DailyPeak:
    whole = np.isfinite(days.log_mw).all(axis=1)
    peak = np.where(whole, np.where(whole[:, None], days.log_mw, 0).max(axis=1), np.nan)
    season = np.linalg.lstsq(days.season[whole], peak[whole], rcond=None)[0]
    gap = peak - days.season @ season
    d = np.arange(MEAN_DAYS + 1, len(gap) - 1)
    mean = np.array([gap[k - MEAN_DAYS : k - 1].mean() for k in d])
    x, y = gap[d] - mean, gap[d + 1] - mean
    ok = np.isfinite(x) & np.isfinite(y)
    persistence = float(x[ok] @ y[ok] / (x[ok] @ x[ok]))
    residual, month = (y - persistence * x)[ok], days.month[d + 1][ok] % 12
    by_month = tuple(residual[np.isin(month, (m + np.array([-1, 0, 1])) % 12)] for m in range(12))
    return DailyPeak(season, persistence, by_month)
