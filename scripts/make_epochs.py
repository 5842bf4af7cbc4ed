"""Make src/megawatt/sources/data/epochs.csv from the retarget headers and the daily network file.

    python scripts/make_epochs.py DATA_FOLDER/bitcoin [TARGET]

One row per difficulty epoch, cut at halvings and at the midnights around a halving day (its fees are an outlier). Prices and
fees are compiled means over the row, not the daily file itself.
"""

import csv
import itertools
import sys
from pathlib import Path

import numpy as np

from megawatt.core.series import Floats
from megawatt.core.timegrid import utc
from megawatt.mining.difficulty import difficulty_of_bits
from megawatt.mining.header import check_header
from megawatt.mining.subsidy import HALVING_INTERVAL, SATOSHI_PER_BTC, subsidy_sat
from megawatt.sources.bitcoin import DAY, HALVINGS, RetargetHeader, read_headers, read_network_daily
from megawatt.sources.reference_network import COLUMNS, TABLE

FIRST = utc("2019-12-01T00:00Z")
"""The table starts with the first epoch after this: decisions of 2020-01-01 need a row that has ended."""
SHIPPED = Path(__file__).parents[1] / "src" / "megawatt" / "sources" / "data" / TABLE
SOURCE = "retarget headers (bitcoinj checkpoints, verified); Coin Metrics community daily data 2026-11"


def cuts(headers: tuple[RetargetHeader, ...], end: np.datetime64) -> list[tuple[np.datetime64, int | None]]:
    """Instants at which a row starts, with the height of the block found then (None for a midnight), and the end."""
    found: dict[np.datetime64, int | None] = {}
    for height, text, _ in HALVINGS:
        time = utc(f"{text}Z")
        midnight = time.astype("datetime64[D]").astype("datetime64[s]")
        found |= {midnight: None, midnight + DAY: None, time: height}
    found |= {header.time: header.height for header in headers}
    start = min(header.time for header in headers if header.time >= FIRST)
    return [(time, height) for time, height in sorted(found.items()) if start <= time < end] + [(end, None)]


def overlap_days(
    start: np.datetime64, end: np.datetime64, days: "np.ndarray[tuple[int], np.dtype[np.datetime64]]"
) -> Floats:
    """Share of each UTC day that lies in [start, end)."""
    inside = np.minimum(days + DAY, end) - np.maximum(days, start)
    return np.maximum(inside.astype(np.float64), 0.0) / float(DAY.astype(np.int64))


def main(folder: Path, target: Path) -> None:
    """Write the table to ``target``."""
    headers = read_headers(folder / "btc_retarget_headers.csv")
    if not all(check_header(header.header80) for header in headers):
        sys.exit("a header does not hash below its own target")
    daily = read_network_daily(folder / "btc_network_daily.csv")
    price, fees, blocks = (daily[f"btc/{name}"] for name in ("price", "fees_total", "blocks"))
    marks = cuts(headers, price.grid.end)
    rows = []
    for (start, height), (end, _) in itertools.pairwise(marks):
        share = overlap_days(start, end, price.grid.starts)
        epoch = max((header for header in headers if header.time <= start), key=lambda header: header.height)
        era = max(h for h, text, _ in HALVINGS if utc(f"{text}Z") <= start)
        rows.append(
            {
                "first_height": "" if height is None else height,
                "start_utc": f"{start}Z",
                "end_utc": f"{end}Z",
                "difficulty": repr(difficulty_of_bits(epoch.bits)),
                "subsidy_btc": subsidy_sat(era // HALVING_INTERVAL * HALVING_INTERVAL) / SATOSHI_PER_BTC,
                "mean_price_usd": f"{np.average(price.values, weights=share):.2f}",
                "mean_fees_btc_per_block": f"{np.sum(fees.values * share) / np.sum(blocks.values * share):.6f}",
                "source": SOURCE,
            }
        )
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS, lineterminator="\n")
        writer.writeheader()
        writer.writerows(rows)
    print(f"{len(rows)} rows from {marks[0][0]}Z to {marks[-1][0]}Z written to {target.name}")


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]) if len(sys.argv) > 2 else SHIPPED)
