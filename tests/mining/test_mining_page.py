"""docs/mining.md prints what the code computes: its tables are recomputed from the real data."""

import os
import re
from pathlib import Path

import numpy as np
import pytest

from megawatt.core.timegrid import TimeGrid, utc
from megawatt.mining.network import Network
from megawatt.mining.profit import Line, mining_profitability
from megawatt.sources.bitcoin import difficulty_series, read_headers, read_network, read_network_daily, subsidy_series
from megawatt.sources.reference_network import reference_network

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
BITCOIN = DATA / "bitcoin"
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")
PAGE = (Path(__file__).parents[2] / "docs" / "mining.md").read_text(encoding="utf-8")


def daily_network() -> Network:
    """Price and fees of the daily file, difficulty and subsidy as means over the day."""
    daily = read_network_daily(BITCOIN / "btc_network_daily.csv")
    grid = daily["btc/price"].grid
    difficulty = difficulty_series(read_headers(BITCOIN / "btc_retarget_headers.csv"), grid)
    return Network(daily["btc/price"], difficulty, subsidy_series(grid), daily["btc/fees"])


def of_days(network: Network, first: str, days: int = 1) -> float:
    """Mean hashprice of whole UTC days."""
    step = network.price.grid.step_minutes
    return float(np.mean(network.hashprice(TimeGrid(utc(f"{first}T00:00Z"), step, days * 1440 // step))))


@needs_data
def test_the_table_of_reference_points_is_computed_and_five_lie_within_three_percent() -> None:
    points = re.findall(r"^\| (20\d\d-\d\d-\d\d) \| ([\d.]+) \| ([\d.]+) \| ([+-][\d.]+) % \|$", PAGE, re.MULTILINE)
    assert len(points) == 7
    network = daily_network()
    near = []
    for date, published, printed, difference in points:
        computed = of_days(network, date)
        assert f"{computed:.2f}" == printed
        assert f"{100 * (computed / float(published) - 1):+.1f}" == difference
        near += [date] if abs(computed / float(published) - 1) <= 0.03 else []
    assert near == ["2021-08-07", "2024-05-01", "2024-06-24", "2024-07-04", "2024-09-16"]


@needs_data
def test_the_two_intraday_figures_are_explained() -> None:
    hourly = Network.from_dataset(read_network(BITCOIN))
    day = hourly.hashprice(TimeGrid(utc("2024-08-05T00:00Z"), 60, 24))
    assert (f"{day.min():.2f}", int(day.argmin())) == ("35.21", 12)
    assert "lowest is 35.21 (+0.6 %)" in PAGE
    assert f"{of_days(hourly, '2024-06-07'):.1f}" == "91.6"
    assert "91.6 on 7 June and 66.2 on 8 June" in PAGE


@needs_data
def test_the_column_from_the_shipped_table_alone_is_computed() -> None:
    shipped, real = (
        Network.from_dataset(reference_network()),
        {"2024-04-13": 104.4, "2024-05-01": 49.6, "2024-06-01": 62.1},
    )
    for first, figure in real.items():
        computed = of_days(shipped, first, 7)
        assert f"| {computed:.1f} ({100 * (computed / figure - 1):+.1f} %) |" in PAGE
    year = TimeGrid(utc("2024-01-01T00:00Z"), 60, 366 * 24)
    table, hourly = shipped.hashprice(year), Network.from_dataset(read_network(BITCOIN)).hashprice(year)
    assert f"({table.mean():.2f} against {hourly.mean():.2f})" in PAGE
    assert f"{100 * np.median(np.abs(table / hourly - 1)):.1f} % off in the median hour" in PAGE


def test_the_table_of_margins_is_computed() -> None:
    rows = re.findall(r"^\| ([\d.]+) \| ([\d.]+) \| 40 \| ([\d.]+) \|$", PAGE, re.MULTILINE)
    assert len(rows) == 4
    for hashprice, efficiency, printed in rows:
        mine = mining_profitability(
            hashprice_usd_per_ph_day=float(hashprice),
            efficiency_j_per_th=float(efficiency),
            power_price_usd_per_mwh=40.0,
        )
        assert f"{mine.per_it_mw_usd(Line.AFTER_POWER) / 1e6:.2f}" == printed
