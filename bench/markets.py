"""Speed of the market tests beside the best peers that install, in one run: ``python -m bench.markets``.

Peers are optional and not part of any lock: statsmodels, eventstudystatistics, wildboottest, bsts-causalimpact. None of
them makes the whole job; each is timed on the part of it that it can make, and the table says which.
"""

import logging
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from types import ModuleType

import numpy as np
import pandas as pd

from megawatt.core.series import Floats
from megawatt.markets.bootstrap import wild_cluster
from megawatt.markets.counterfactual import counterfactual
from megawatt.markets.events import Design, Event, event_panel
from megawatt.markets.index import Rules, run_index
from megawatt.markets.prices import Calendar, Closes
from megawatt.markets.rotation import breadth, rotation_map
from megawatt.markets.study import study
from megawatt.markets.universe import Kind, Record, Universe
from megawatt.markets.weights import Weighting

EVENTS, DAYS, ASSETS, ROWS = 1_000, 250, 5_000, 3_650
DRAWS = 9_999


@dataclass(frozen=True, slots=True)
class Job:
    """A job with its bar.

    Attributes:
        name: What is done.
        seconds: Shortest of the runs.
        bar: Seconds that it must stay below; None for a peer.
        peer: Whether another library did it.
    """

    name: str
    seconds: float
    bar: float | None = None
    peer: bool = False


def seconds(job: Callable[[], object], repeats: int = 3) -> float:
    """Shortest of some runs."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        job()
        best = min(best, time.perf_counter() - start)
    return best


def peer(name: str) -> ModuleType | None:
    """A peer, or None where it is not installed."""
    try:
        return import_module(name)
    except ImportError:
        return None


def made_up(rows: int, columns: int) -> Closes:
    """Random walks of many assets."""
    rng = np.random.default_rng(1)
    usd = np.exp(np.cumsum(0.02 * rng.standard_normal((rows, columns)), axis=0))
    days = np.datetime64("2015-01-01", "D") + np.arange(rows)
    return Closes(tuple(f"A{i}" for i in range(columns)), days, usd, Calendar.EVERY_DAY)


def event_jobs() -> list[Job]:
    """1,000 events x 250 estimation days: fit, 14 tests, two wild bootstraps of 999 draws; peers on parts of it."""
    closes = made_up(1_000, 101)
    rows = np.random.default_rng(2).integers(300, 990, EVENTS)
    events = [Event(f"e{i}", f"A{1 + i % 100}", str(closes.days[row])) for i, row in enumerate(rows.tolist())]
    design = Design(estimation_days=DAYS, factors=("A0",), first=0, last=5)
    panel = event_panel(closes, events, design).panel
    own = seconds(lambda: study(event_panel(closes, events, design), 0, 5, np.random.default_rng(3), draws=999))
    jobs = [Job("1,000 events x 250 days: 1,000 models, 14 tests, two bootstraps", own, 2.0)]
    market = np.random.default_rng(6).standard_normal((EVENTS, DAYS + 6))
    if api := peer("statsmodels.api"):
        x = np.column_stack([np.ones(DAYS), market[0, :DAYS]])
        jobs.append(
            Job(
                "statsmodels: the 1,000 models, no test",
                seconds(lambda: [api.OLS(y, x).fit().resid for y in panel.estimation], 1),
                peer=True,
            )
        )
    if tests := peer("eventstudystatistics"):
        logging.getLogger().setLevel(logging.WARNING)  # the package sets the root logger to debug

        def two_tests() -> None:
            tests.adjBMP(panel.window, panel.estimation, market[:, :DAYS], market[:, DAYS:], [0, 5])
            tests.grank(panel.window, panel.estimation, market[:, :DAYS], market[:, DAYS:], [0, 5])

        jobs.append(
            Job("eventstudystatistics: 2 tests (adjusted BMP, GRANK), no model", seconds(two_tests, 1), peer=True)
        )
    return jobs


def bootstrap_jobs() -> list[Job]:
    """9,999 draws of 1,000 values in 500 clusters."""
    rng = np.random.default_rng(4)
    sample, clusters = rng.standard_normal(1_000), np.arange(1_000) % 500
    names = [str(one) for one in clusters]
    jobs = [
        Job(
            "9,999 wild cluster draws, 1,000 events in 500 clusters",
            seconds(lambda: wild_cluster(sample, names, np.random.default_rng(5), draws=DRAWS)),
            10.0,
        )
    ]
    api, wild = peer("statsmodels.api"), peer("wildboottest.wildboottest")
    if api and wild:
        model = api.OLS(pd.Series(sample, name="y"), pd.DataFrame({"mean": np.ones(sample.size)}))
        groups = pd.Series(clusters)

        def draw() -> None:
            wild.wildboottest(model, B=DRAWS, cluster=groups, param="mean", seed=1, show=False)

        draw()  # compile once, before the clock starts
        jobs.append(Job("wildboottest: the same", seconds(draw), peer=True))
    return jobs


def index_jobs() -> list[Job]:
    """5,000 assets x 10 years: a capped index of all, and map with breadth; pandas as a peer of the map and breadth."""
    closes = made_up(ROWS, ASSETS)
    universe = Universe.of([Record(Kind.LIST, name, "2015-01-01", value=1e6) for name in closes.names])
    benchmark = closes.usd.mean(axis=1)
    rotation_map(closes.usd[:200, :2], benchmark[:200])  # compile once, before the clock starts
    breadth(closes.usd[:200, :2])

    def whole() -> None:
        run_index(closes, universe, Rules(weighting=Weighting.CAPPED, largest=0.1))
        rotation_map(closes.usd, benchmark)
        breadth(closes.usd)

    jobs = [Job("5,000 assets x 10 years: index, rotation map, breadth", seconds(whole, 2), 10.0)]
    jobs.append(
        Job(
            "pandas: rotation map and breadth, no index",
            seconds(lambda: by_pandas(closes.usd, benchmark), 1),
            peer=True,
        )
    )
    return jobs


def by_pandas(usd: Floats, benchmark: Floats) -> None:
    """The map's formula and the breadth by rolling windows of pandas."""
    frame = pd.DataFrame(usd)
    strength = frame.div(pd.Series(benchmark), axis=0) * 100
    x = 100 + (strength - strength.rolling(60).mean()) / strength.rolling(60).std()
    change = x.diff(10)
    y = 100 + (change - change.rolling(60).mean()) / change.rolling(60).std()
    above = frame > frame.rolling(50).mean()
    assert y.shape == above.shape  # noqa: S101  # nothing here may be left out by being unused
    above.mean(axis=1)
    np.sign(frame.diff()).mean(axis=1)


def counterfactual_jobs() -> list[Job]:
    """91 days and two controls, 1,000 draws."""
    rng = np.random.default_rng(7)
    x = np.cumsum(rng.standard_normal((91, 2)), axis=0) + 100
    y = x @ np.array([1.2, 0.3]) + rng.standard_normal(91)
    y[61:] += 5
    counterfactual(y, x, 61, np.random.default_rng(1), draws=10, burn_in=10)  # compile once, before the clock starts
    jobs = [
        Job(
            "counterfactual, 91 days, 2 controls, 1,000 draws",
            seconds(lambda: counterfactual(y, x, 61, np.random.default_rng(1), draws=1_000)),
        )
    ]
    if impact := peer("causal_impact"):
        days = pd.date_range("2020-01-01", periods=91)
        table = pd.DataFrame({"y": y, "x1": x[:, 0], "x2": x[:, 1]}, index=days)
        before, after = [str(days[0].date()), str(days[60].date())], [str(days[61].date()), str(days[90].date())]
        jobs.append(
            Job(
                "bsts-causalimpact: the same, in Rust",
                seconds(lambda: impact.CausalImpact(table, before, after)),
                peer=True,
            )
        )
    return jobs


def jobs() -> list[Job]:
    """Every job and its peers."""
    return [*event_jobs(), *bootstrap_jobs(), *index_jobs(), *counterfactual_jobs()]


def main() -> None:
    """Print a table of figure and bar."""
    for one in jobs():
        print(
            f"{'  peer, ' * one.peer + one.name:76} {one.seconds:7.2f} s" + (f"   bar {one.bar:g} s" if one.bar else "")
        )


if __name__ == "__main__":
    main()
