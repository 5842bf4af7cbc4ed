"""The scoreboard of day-ahead forecasts: a market's file walked forward, every model beside its naive twin.

Published forecasts are read here, after all of ours are made, and only to stand in the table.
"""

import datetime as dt
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from megawatt.app.forecast_runs import walk
from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid
from megawatt.forecast import score
from megawatt.forecast.combination import Combination, Mean
from megawatt.forecast.guard import Stint
from megawatt.forecast.members import members
from megawatt.forecast.model import MEDIAN, Floats, Forecast, Issues, series_name
from megawatt.forecast.naive import MIXED, WEEKLY, SameHour
from megawatt.forecast.scoreboard import Row, row_of
from megawatt.sources.csv_table import CsvTable
from megawatt.sources.entsoe import read_epf

SCHEMA = "megawatt/forecast-score/1"
WARM_UP_DAYS = 182
"""Days before the first that is scored on which the members run, so that they can be weighed and banded."""
LEAST_HISTORY_DAYS = 28
SECONDS_PER_DAY = 0.3
"""What the whole ensemble is allowed to cost [CPU s]."""
BEFORE_THE_AUCTION = dt.time(12)
LEAR_MEAN, REFERENCE = "lear", "lear_ensemble"

Say = Callable[[str], None]


@dataclass(frozen=True, slots=True)
class Scoreboard:
    """The forecasts of one market and how good they were.

    Attributes:
        target: Name of the price series.
        issues: When, and for which intervals; only days that are scored.
        data: Price and forecasts read from the file.
        forecasts: Ours by name, on the days that are scored.
        peers: Published forecasts by name, read from a file of forecasts.
        rows: Scores, the peers' last.
        cpu_seconds: CPU time of each of our models per day, warm-up included.
    """

    target: str
    issues: Issues
    data: Dataset
    forecasts: Mapping[str, Forecast]
    peers: Mapping[str, Forecast]
    rows: tuple[Row, ...]
    cpu_seconds: Mapping[str, float]

    def against(self, model: str, other: str) -> score.Comparison:
        """Diebold-Mariano test of the daily absolute errors of two forecasts of the table."""
        everyone = {**self.forecasts, **self.peers}
        losses = [
            score.daily(np.abs(everyone[name].actual(self.data) - everyone[name].median)) for name in (model, other)
        ]
        return score.diebold_mariano(*losses)

    def to_json(self) -> dict[str, Any]:
        """The scoreboard for a program, schema `SCHEMA`."""
        reference = REFERENCE if REFERENCE in self.peers else LEAR_MEAN
        return {
            "schema": SCHEMA,
            "target": self.target,
            "unit": self.data[self.target].unit.value,
            "first_day": str(self.issues.starts[0, 0])[:10],
            "days": len(self.issues),
            "inputs": {name: one.sha256() for name, one in self.data.items()},
            "rows": [
                {
                    **asdict(row),
                    "replaced": row.replaced,
                    "stints": [_stint(one) for one in row.stints],
                    "cpu_seconds_per_day": self.cpu_seconds.get(row.model),
                }
                for row in self.rows
            ],
            "against": {
                f"{Combination.name} against {reference}": asdict(self.against(Combination.name, reference)),
            },
        }


def scoreboard(
    path: Path,
    *,
    timezone: str,
    first: dt.date,
    days: int,
    folder: Path,
    place: str = "",
    peers: Path | None = None,
    say: Say = lambda _: None,
) -> Scoreboard:
    """Walk every model forward over the days and score them all.

    Args:
        path: File of one market, see `megawatt.sources.entsoe.read_epf`.
        timezone: IANA zone of its times.
        first: First day that is scored.
        days: Number of days scored.
        folder: Where finished parts are kept; a second call takes them from there.
        place: Name of a market that is not known by its columns.
        peers: File of published forecasts, one column each beside ``time``.
        say: Hears about progress.
    """
    data = Dataset(read_epf(path, timezone=timezone, place=place))
    target = next(iter(data))
    others = [name for name in data if name != target]
    begin = first - dt.timedelta(days=WARM_UP_DAYS)
    issues = Issues.day_ahead(begin, windows=WARM_UP_DAYS + days, timezone=timezone, at=BEFORE_THE_AUCTION)
    _check_span(data[target], issues, path)
    naive = SameHour(target, timezone=timezone, days=MIXED)
    makers = members(target, others, timezone=timezone)
    for make in makers.values():
        make()  # a package that is missing is told now and not when half is done
    say(
        f"{len(issues)} days to walk: about {len(issues) * SECONDS_PER_DAY / 60:.0f} minutes of one core, if none is kept"
    )
    runs = {}
    known = data
    for name, make in makers.items():
        runs[name] = walk(make, data, issues, naive=naive, folder=folder, say=say)
        known = known.with_series(runs[name].forecast.series())
    by_name = {name: series_name(name, target) for name in runs}
    lears = [series for name, series in by_name.items() if name.startswith("lear-")]
    runs[LEAR_MEAN] = walk(
        lambda: Mean(LEAR_MEAN, target, lears, timezone=timezone), known, issues, naive=naive, folder=folder, say=say
    )
    known = known.with_series(runs[LEAR_MEAN].forecast.series())
    parts = [series_name(LEAR_MEAN, target), *(series for series in by_name.values() if series not in lears)]
    runs[Combination.name] = walk(
        lambda: Combination(target, parts, timezone=timezone), known, issues, naive=naive, folder=folder, say=say
    )
    scored = {name: _last(run.forecast, days) for name, run in runs.items()}
    part = next(iter(scored.values())).issues
    weekly = SameHour(target, timezone=timezone, days=WEEKLY).predict(data, part)[..., 0]
    published = read_peers(peers, data[target], next(iter(scored.values())), timezone) if peers else {}
    rows = tuple(row_of(one, data, weekly) for one in (*scored.values(), *published.values()))
    cost = {name: run.cpu_seconds / len(issues) for name, run in runs.items()}
    return Scoreboard(target, part, data, scored, published, rows, cost)


def _stint(one: Stint) -> dict[str, Any]:
    times = {name: None if at is None else f"{at}Z" for name, at in (("since", one.since), ("until", one.until))}
    return {**asdict(one), **times}


def _check_span(price: Series, issues: Issues, path: Path) -> None:
    history = np.timedelta64(LEAST_HISTORY_DAYS, "D")
    first, end = issues.starts[0, 0], np.nanmax(issues.starts)
    if first - history < price.grid.start or end >= price.grid.end:
        raise InputError(
            f"the forecasts run from {str(first)[:10]} to {str(end)[:10]}",
            f"the prices run from {str(price.grid.start)[:10]} to {str(price.grid.end)[:10]}, and {LEAST_HISTORY_DAYS} "
            f"days before the first forecast are needed to learn from, {WARM_UP_DAYS} days after it to weigh the members",
            "Choose other days with --from and --days.",
            path.name,
        )


def _last(forecast: Forecast, days: int) -> Forecast:
    """The forecast of the last ``days`` issues."""
    first = len(forecast.issues) - days
    return replace(
        forecast,
        issues=forecast.issues.part(first, len(forecast.issues)),
        quantiles=forecast.quantiles[first:],
        naive=forecast.naive[first:],
        information_sha256=forecast.information_sha256[first:],
    )


def read_peers(path: Path, target: Series, like: Forecast, timezone: str) -> dict[str, Forecast]:
    """Published forecasts of the same days, by column; they never become a series that a model could read.

    Raises:
        InputError: The file's prices are not those of the market: its times are in another zone.
    """
    table = CsvTable.read(path, ["time"])
    wall = table.wall_times("time", like="2024-07-01T00:00")
    grid = TimeGrid.of_local_days(
        wall[0].astype("datetime64[D]").item(),
        (wall[-1] + np.timedelta64(86400, "s")).astype("datetime64[D]").item(),
        timezone=timezone,
        step_minutes=target.grid.step_minutes,
    )
    at = (like.issues.starts - grid.start) // grid.step

    def values(column: str) -> Floats:
        numbers = table.numbers(column)
        inside = (at >= 0) & (at < len(numbers))
        return np.where(inside, numbers[np.where(inside, at, 0)], np.nan)

    if "real_price" in table.columns:
        apart = np.nanmax(np.abs(values("real_price") - like.issues.read(target)))
        if not apart < 0.011:
            raise InputError(
                f"the prices in {path.name} differ by up to {apart:g} from those of the market",
                "both files hold the same prices",
                "Check the zone and that both are of one market.",
            )
    columns = [column for column in table.columns if column not in ("time", "real_price")]
    return {
        column: replace(like, model=column, version="published", levels=MEDIAN, quantiles=values(column)[..., None])
        for column in columns
    }
