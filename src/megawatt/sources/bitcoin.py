"""The Bitcoin network from files: price, difficulty, subsidy and fees as series that know when they were known.

=====================  ===========================================================================================
series                 known at
=====================  ===========================================================================================
btc/price              end of its hour (hourly file) or of its UTC day (daily file)
btc/difficulty         header time of the block that sets it
btc/subsidy            header time of the block that halves it
btc/fees               01:00 UTC after its day: the mean of a day's blocks is what a decision sees on the next day
btc/hashrate and sums  24 h after the end of their day: no time is stated at the source
=====================  ===========================================================================================

A header's time is the miner's own statement and may be off by up to two hours. Coin Metrics seems to count blocks into
days by the median time of the last 11 blocks, about an hour late: it books 4 blocks of the new era on 2024-04-19.
"""

import struct
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike, NDArray

from megawatt.core.dataset import Dataset
from megawatt.core.errors import InputError
from megawatt.core.provenance import Provenance
from megawatt.core.series import NEVER, Floats, Series
from megawatt.core.timegrid import TimeGrid, Times
from megawatt.core.units import Unit
from megawatt.sources.csv_table import CsvTable
from megawatt.sources.row_grid import row_grid

HOUR = np.timedelta64(3_600, "s")
DAY = np.timedelta64(86_400, "s")
EPOCH_BLOCKS = 2_016
LAST_EPOCH_HELD = 14 * DAY
"""The last epoch of a file ends at a block that the file does not hold: its difficulty is used for two weeks, its aimed
length, and missing after that."""

HALVINGS: tuple[tuple[int, str, float], ...] = (
    (0, "2009-01-03T18:15:05", 50.0),
    (210_000, "2012-11-28T15:24:38", 25.0),
    (420_000, "2016-07-09T16:46:13", 12.5),
    (630_000, "2020-05-11T19:23:43", 6.25),
    (840_000, "2024-04-20T00:09:27", 3.125),
)
"""Height of the first block of each era, its header time (UTC) and its subsidy [BTC/block]. Public block data."""
NEXT_HALVING_NOT_BEFORE = np.datetime64("2027-11-01T00:00:00", "s")
"""Block 1,050,000 cannot come earlier: from block 876,960 (2024-12-29) it is 173,040 blocks away, 1,041 days even at one
block each 520 s all the way. The subsidy is missing from here on, until its time stands in the table above."""

DAILY_COLUMNS = ("date", "price_usd", "hash_rate_ths", "block_count", "issuance_btc", "fees_btc")
HEADER_COLUMNS = ("height", "time_unix", "bits_hex", "difficulty", "header_hex")


@dataclass(frozen=True, slots=True)
class RetargetHeader:
    """The first block of a difficulty epoch.

    Attributes:
        height: Multiple of 2,016.
        time: Header time, UTC.
        bits: Compact target of the epoch.
        difficulty: Difficulty of the epoch.
        header80: The header's 80 bytes.
    """

    height: int
    time: np.datetime64
    bits: int
    difficulty: float
    header80: bytes


@dataclass(frozen=True, slots=True)
class EpochTarget:
    """A difficulty epoch as a light client lists it.

    Attributes:
        first_height: Height of its first block.
        bits: Compact target of the epoch.
        difficulty: Difficulty of the epoch.
        previous_hash: Hash of the block before its first, as printed.
    """

    first_height: int
    bits: int
    difficulty: float
    previous_hash: str


def read_price_hourly(path: Path) -> Series:
    """The coin price per hour, ``btc/price`` [USD/BTC], from ``hour_start_utc, close_usdt``.

    The value of an hour is the last trade in it, known at its end. A USDT is taken as a dollar. Hours without a row or
    with an empty cell are gaps.
    """
    table = CsvTable.read(path, ("hour_start_utc", "close_usdt"))
    grid, where = _rows_on_grid(table, "hour_start_utc", 60)
    values = _spread(grid, where, table.numbers("close_usdt", Unit.USD_PER_BTC))
    provenance = Provenance(
        f"{table.name}: Binance BTCUSDT, last trade of the hour, USDT taken as USD", sha256=table.sha256
    )
    return Series("btc/price", Unit.USD_PER_BTC, grid, values, grid.ends, provenance)


def read_network_daily(path: Path) -> Dataset:
    """The network per UTC day, from the columns ``DAILY_COLUMNS``.

    Returns:
        ``btc/price`` [USD/BTC], close of the day; ``btc/fees`` [BTC/block], the day's mean; ``btc/hashrate`` [TH/s],
        implied by the blocks found; ``btc/issuance`` and ``btc/fees_total`` [BTC] and ``btc/blocks`` of the day. Days
        without a row or with an empty cell are gaps.
    """
    table = CsvTable.read(path, DAILY_COLUMNS)
    grid, where = _rows_on_grid(table, "date", 1440)
    source = Provenance(
        f"{table.name}: Coin Metrics community network data", licence="CC BY-NC 4.0", sha256=table.sha256
    )
    blocks, fees = table.numbers("block_count", Unit.COUNT, least=1), table.numbers("fees_btc", Unit.BTC)
    columns = (
        ("btc/price", Unit.USD_PER_BTC, table.numbers("price_usd", Unit.USD_PER_BTC), 0 * HOUR),
        ("btc/fees", Unit.BTC_PER_BLOCK, fees / blocks, HOUR),
        ("btc/hashrate", Unit.TH_PER_S, table.numbers("hash_rate_ths", Unit.TH_PER_S), DAY),
        ("btc/issuance", Unit.BTC, table.numbers("issuance_btc", Unit.BTC), DAY),
        ("btc/fees_total", Unit.BTC, fees, DAY),
        ("btc/blocks", Unit.COUNT, blocks, DAY),
    )
    return Dataset(
        Series(name, unit, grid, _spread(grid, where, column), grid.ends + delay, source)
        for name, unit, column, delay in columns
    )


def read_headers(path: Path) -> tuple[RetargetHeader, ...]:
    """The first header of each epoch, from the columns ``HEADER_COLUMNS``.

    Raises:
        InputError: An epoch repeats, is missing or out of order, or a header's own time and bits contradict its row.
    """
    table = CsvTable.read(path, HEADER_COLUMNS)
    heights, times = _checked_heights(table, "height"), table.integers("time_unix")
    bits = _hex(table, "bits_hex", 8)
    difficulty = _difficulty(table, bits)
    out = []
    for i, text in enumerate(_hex(table, "header_hex", 160)):
        header80 = bytes.fromhex(text)
        stated = struct.unpack_from("<II", header80, 68)
        if stated != (times[i], int(bits[i], 16)):
            raise InputError(
                f"a header of time {stated[0]} and bits {stated[1]:08x}",
                f"its row says {times[i]} and {bits[i]}",
                "Take the row from the source again.",
                table.place(i, "header_hex"),
            )
        if i and times[i] <= times[i - 1]:
            raise InputError(
                f"the time {times[i]}",
                "epochs follow each other in time",
                "Sort the file.",
                table.place(i, "time_unix"),
            )
        out.append(RetargetHeader(heights[i], np.datetime64(times[i], "s"), stated[1], difficulty[i], header80))
    return tuple(out)


def read_epoch_targets(path: Path) -> tuple[EpochTarget, ...]:
    """The targets of the epochs from ``first_height, bits_hex, difficulty, prev_block_hash``."""
    table = CsvTable.read(path, ("first_height", "bits_hex", "difficulty", "prev_block_hash"))
    bits = _hex(table, "bits_hex", 8)
    difficulty = _difficulty(table, bits)
    hashes = _hex(table, "prev_block_hash", 64)
    rows = zip(_checked_heights(table, "first_height"), bits, difficulty, hashes, strict=True)
    return tuple(EpochTarget(height, int(b, 16), d, previous) for height, b, d, previous in rows)


def difficulty_series(headers: tuple[RetargetHeader, ...], grid: TimeGrid) -> Series:
    """``btc/difficulty`` on a grid; an interval in which it changes has the mean over time."""
    changes = np.array([one.time for one in headers], dtype="datetime64[s]")
    values, known_at = in_force(changes, [one.difficulty for one in headers], changes[-1] + LAST_EPOCH_HELD, grid)
    source = Provenance("headers of the retarget blocks", licence="public block data")
    return Series("btc/difficulty", Unit.DIFFICULTY, grid, values, known_at, source)


def subsidy_series(grid: TimeGrid) -> Series:
    """``btc/subsidy`` on a grid by the halving blocks' header times; an interval with a halving has the mean over time."""
    changes = np.array([time for _, time, _ in HALVINGS], dtype="datetime64[s]")
    values, known_at = in_force(changes, [btc for _, _, btc in HALVINGS], NEXT_HALVING_NOT_BEFORE, grid)
    source = Provenance("Bitcoin consensus: halving blocks and their header times", licence="public block data")
    return Series("btc/subsidy", Unit.BTC_PER_BLOCK, grid, values, known_at, source)


def read_network(folder: Path) -> Dataset:
    """The four series that a hashprice needs, on the hours of the price file; fees per day.

    Args:
        folder: Holds ``btc_usdt_hourly_close.csv``, ``btc_retarget_headers.csv`` and ``btc_network_daily.csv``.
    """
    price = read_price_hourly(folder / "btc_usdt_hourly_close.csv")
    difficulty = difficulty_series(read_headers(folder / "btc_retarget_headers.csv"), price.grid)
    fees = read_network_daily(folder / "btc_network_daily.csv")["btc/fees"]
    return Dataset([price, difficulty, subsidy_series(price.grid), fees])


def in_force(changes: Times, values: ArrayLike, until: np.datetime64, grid: TimeGrid) -> tuple[Floats, Times]:
    """A value that changes at instants, as the mean over each interval of a grid.

    Args:
        changes: Instants, ascending, shape (k,).
        values: Value from each instant to the next, shape (k,).
        until: End of the last value.
        grid: Where it is wanted.

    Returns:
        Mean over time, shape (n,), NaN where an interval is not covered whole; and the instant from which each was
        known: the last change that it contains or follows.
    """
    steps = np.append(np.asarray(values, dtype=np.float64), np.nan)
    cuts = np.append(changes, until).astype("datetime64[s]")
    starts, ends = grid.starts, grid.ends
    first = np.searchsorted(cuts, starts, side="right") - 1
    last = np.searchsorted(cuts, ends, side="left") - 1
    out: Floats = np.where(first >= 0, steps[first], np.nan)
    for i in np.flatnonzero((first != last) & (first >= 0)):
        inside = cuts[first[i] + 1 : last[i] + 1]
        edges = np.concatenate(([starts[i]], inside, [ends[i]])).astype(np.int64)
        out[i] = np.average(steps[first[i] : last[i] + 1], weights=np.diff(edges))
    known_at: Times = np.where(last >= 0, cuts[np.maximum(last, 0)], NEVER)
    return out, known_at


def _rows_on_grid(table: CsvTable, column: str, step_minutes: int) -> tuple[TimeGrid, NDArray[np.int64]]:
    return row_grid(table.times(column), step_minutes, lambda row: table.place(row, column))


def _spread(grid: TimeGrid, where: NDArray[np.int64], column: Floats) -> Floats:
    """Put the rows on the grid; steps without a row are NaN."""
    values = np.full(grid.n, np.nan)
    values[where] = column
    return values


def _checked_heights(table: CsvTable, column: str) -> list[int]:
    heights = table.integers(column)
    for i, height in enumerate(heights):
        if height % EPOCH_BLOCKS or (i and height != heights[i - 1] + EPOCH_BLOCKS):
            after = f" after {heights[i - 1]}" if i else ""
            raise InputError(
                f"the height {height}{after}",
                "each epoch of 2016 blocks stands once and in order",
                "Add the missing epoch, remove the duplicate, or sort the file.",
                table.place(i, column),
            )
    return heights


def _hex(table: CsvTable, column: str, digits: int) -> list[str]:
    for i, cell in enumerate(table.text(column)):
        if len(cell) != digits or not all(c in "0123456789abcdef" for c in cell):
            raise InputError(
                f"{cell[:20]!r} of {len(cell)} characters",
                f"the cell has {digits} hexadecimal digits in lower case",
                "Take the row from the source again.",
                table.place(i, column),
            )
    return table.text(column)


def _difficulty(table: CsvTable, bits: list[str]) -> list[float]:
    """Difficulty that the bits stand for; the table's own column must agree, which tells units from each other.

    0xffff x 256**26 / (mantissa x 256**(exponent - 3)), as in `megawatt.mining.difficulty`, which a source may not import.
    """
    stated, out = table.numbers("difficulty", Unit.DIFFICULTY), []
    for i, text in enumerate(bits):
        exponent, mantissa = divmod(int(text, 16), 1 << 24)
        if not (0 < mantissa < 0x800000 and 3 <= exponent <= 0x1D):
            raise InputError(
                f"the bits {text}", "they are a main-network target", "Take the row again.", table.place(i, "bits_hex")
            )
        out.append(0xFFFF * 256**26 / (mantissa * 256 ** (exponent - 3)))
        if not abs(stated[i] / out[i] - 1) < 1e-6:
            raise InputError(
                f"a difficulty of {table.text('difficulty')[i] or 'nothing'}",
                f"the bits {text} stand for {out[i]:.6g}",
                "Check the unit: difficulty is a plain number, neither millions of millions (T) nor a hash rate.",
                table.place(i, "difficulty"),
            )
    return out
