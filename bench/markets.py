"""Speed of the market tests, beside statsmodels where it has the same job. Run: python bench/markets.py."""

import time
from collections.abc import Callable

import numpy as np

from megawatt.markets.bootstrap import wild_cluster
from megawatt.markets.events import Design, Event, event_panel
from megawatt.markets.index import Rules, run_index
from megawatt.markets.prices import Calendar, Closes
from megawatt.markets.rotation import breadth, rotation_map
from megawatt.markets.study import study
from megawatt.markets.universe import Kind, Record, Universe
from megawatt.markets.weights import Weighting


def seconds(job: Callable[[], object], repeats: int = 3) -> float:
    """Shortest of some runs."""
    best = float("inf")
    for _ in range(repeats):
        start = time.perf_counter()
        job()
        best = min(best, time.perf_counter() - start)
    return best


def made_up(rows: int, columns: int) -> Closes:
    """Random walks of many assets."""
    rng = np.random.default_rng(1)
    usd = np.exp(np.cumsum(0.02 * rng.standard_normal((rows, columns)), axis=0))
    days = np.datetime64("2015-01-01", "D") + np.arange(rows)
    return Closes(tuple(f"A{i}" for i in range(columns)), days, usd, Calendar.EVERY_DAY)


def events_and_tests() -> float:
    """1,000 events x 250 estimation days: fit, 14 tests, two wild bootstraps of 999 draws."""
    closes = made_up(1_000, 101)
    rng = np.random.default_rng(2)
    rows = rng.integers(300, 990, 1_000)
    events = [Event(f"e{i}", f"A{1 + i % 100}", str(closes.days[row])) for i, row in enumerate(rows.tolist())]
    design = Design(estimation_days=250, factors=("A0",), first=0, last=5)
    return seconds(lambda: study(event_panel(closes, events, design), 0, 5, np.random.default_rng(3), draws=999))


def bootstrap() -> float:
    """9,999 draws of 1,000 values in 500 clusters."""
    rng = np.random.default_rng(4)
    sample, clusters = rng.standard_normal(1_000), [str(i % 500) for i in range(1_000)]
    return seconds(lambda: wild_cluster(sample, clusters, np.random.default_rng(5), draws=9_999))


def index_and_rotation() -> tuple[float, float]:
    """5,000 assets x 10 years: a value-weighted index of all, and map with breadth."""
    closes = made_up(3_650, 5_000)
    records = [Record(Kind.LIST, name, "2015-01-01", value=1e6) for name in closes.names]
    universe = Universe.of(records)
    level = seconds(lambda: run_index(closes, universe, Rules(weighting=Weighting.CAPPED, largest=0.1)), 1)
    benchmark = closes.usd.mean(axis=1)
    rotation_map(closes.usd[:200, :2], benchmark[:200])  # compile once, before the clock starts
    rotate = seconds(lambda: (rotation_map(closes.usd, benchmark), breadth(closes.usd)), 1)
    return level, rotate


def peer_events() -> float | None:
    """The same 1,000 market models one by one with statsmodels, without any test; None where it is not installed."""
    try:
        from statsmodels.api import OLS  # type: ignore[import-not-found]  # noqa: PLC0415  # the peer is optional
    except ImportError:
        return None
    rng = np.random.default_rng(6)
    x = np.column_stack([np.ones(250), rng.standard_normal(250)])
    y = rng.standard_normal((1_000, 250))
    return seconds(lambda: [OLS(row, x).fit().resid for row in y])


def main() -> None:
    """Print a table of figure and bar."""
    level, rotate = index_and_rotation()
    rows = [
        ("1,000 events x 250 days, all tests", events_and_tests(), 2.0),
        ("9,999 bootstrap draws, 1,000 events", bootstrap(), 10.0),
        ("5,000 assets x 10 years, index", level, None),
        ("5,000 assets x 10 years, rotation map and breadth", rotate, None),
        ("index and rotation together", level + rotate, 10.0),
    ]
    for name, took, bar in rows:
        print(f"{name:52} {took:7.2f} s" + (f"   bar {bar:g} s" if bar else ""))
    peer = peer_events()
    print(f"{'statsmodels: 1,000 market models, no test':52} " + (f"{peer:7.2f} s" if peer else "not installed"))


if __name__ == "__main__":
    main()
