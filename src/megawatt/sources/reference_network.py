"""The network of the shipped reference scenario: one row per difficulty epoch, real but coarse.

The table ``data/epochs.csv`` (made by ``scripts/make_epochs.py``) has a row per epoch of 2,016 blocks, cut at halvings and at
the midnights around a halving day, because the fees of 2024-04-20 are an outlier. A row's mean price and fees are known
after its *end*: decisions see the previous row, settlement pays the current one. The means are made of whole UTC days, so
"after its end" is the midnight that closes the row's last day (for fees 01:00, as in the daily reader), never earlier.
Difficulty and subsidy are known at the row's start.
"""

from importlib import resources
from pathlib import Path

import numpy as np

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.series import Series
from megawatt.core.timegrid import TimeGrid, Times
from megawatt.core.units import Unit
from megawatt.sources.bitcoin import DAY, HOUR, in_force
from megawatt.sources.csv_table import CsvTable

TABLE = "epochs.csv"
COLUMNS = (
    "first_height",
    "start_utc",
    "end_utc",
    "difficulty",
    "subsidy_btc",
    "mean_price_usd",
    "mean_fees_btc_per_block",
    "source",
)
"""``first_height`` is the block found at ``start_utc``, empty where a midnight cuts; times are header times, UTC;
``difficulty``; ``subsidy_btc`` [BTC/block]; ``mean_price_usd`` [USD/BTC], mean over time of daily closes; ``mean_fees_btc_per_block``
[BTC/block], fees / blocks of the days; ``source``."""
LICENCE = "figures compiled from Coin Metrics community data (CC BY-NC 4.0) and public block headers"


def reference_network(step_minutes: int = 60) -> Dataset:
    """``btc/price``, ``btc/difficulty``, ``btc/subsidy`` and ``btc/fees`` of the reference epoch table, 2019-12 to 2024-12.

    Args:
        step_minutes: Step of the grid; an interval in which a row changes has the mean over time.
    """
    with resources.as_file(resources.files("megawatt.sources") / "data" / TABLE) as path:
        return read_epoch_table(path, step_minutes=step_minutes)


def epoch_difficulties() -> dict[int, float]:
    """Difficulty of each epoch of the reference table, by the height of a block in it."""
    with resources.as_file(resources.files("megawatt.sources") / "data" / TABLE) as path:
        table = CsvTable.read(path, COLUMNS)
    rows = zip(table.text("first_height"), table.numbers("difficulty", Unit.DIFFICULTY), strict=True)
    return {int(height): float(difficulty) for height, difficulty in rows if height}


def read_epoch_table(path: Path, *, step_minutes: int = 60) -> Dataset:
    """The four series of an epoch table with the columns ``COLUMNS``.

    Raises:
        InputError: A cell is no number, or a row does not begin where the one before ends. An empty mean is a gap.
    """
    table = CsvTable.read(path, COLUMNS)
    starts, ends = table.times("start_utc"), table.times("end_utc")
    for i in range(len(starts)):
        if ends[i] <= starts[i] or (i and starts[i] != ends[i - 1]):
            raise InputError(
                f"a row from {starts[i]}Z to {ends[i]}Z",
                "rows follow each other without gap or overlap",
                "Make the table again with scripts/make_epochs.py.",
                table.place(i, "start_utc"),
            )
    grid = _whole_steps(starts[0], ends[-1], step_minutes)
    source = Provenance(f"reference epoch table ({table.name})", licence=LICENCE, sha256=table.sha256)
    last_midnight = ends.astype("datetime64[D]").astype("datetime64[s]")
    closed: Times = np.where(last_midnight == ends, ends, last_midnight + DAY)
    out = []
    for name, unit, column, known in (
        ("btc/price", Unit.USD_PER_BTC, "mean_price_usd", closed),
        ("btc/difficulty", Unit.DIFFICULTY, "difficulty", starts),
        ("btc/subsidy", Unit.BTC_PER_BLOCK, "subsidy_btc", starts),
        ("btc/fees", Unit.BTC_PER_BLOCK, "mean_fees_btc_per_block", closed + HOUR),
    ):
        values, row_start = in_force(starts, table.numbers(column, unit), ends[-1], grid)
        known_at = known[np.searchsorted(starts, row_start)]  # of the last row that the interval touches
        out.append(Series(name, unit, grid, values, known_at, source))
    return Dataset(out)


def _whole_steps(start: np.datetime64, end: np.datetime64, step_minutes: int) -> TimeGrid:
    """The steps counted from midnight UTC that lie inside [start, end)."""
    seconds = step_minutes * 60
    first = -(-int(start.astype(np.int64)) // seconds)
    last = int(end.astype(np.int64)) // seconds
    return TimeGrid(np.datetime64(first * seconds, "s"), step_minutes, last - first)
