"""The table of published deals as comparables."""

import math
from collections.abc import Hashable
from pathlib import Path
from typing import Any

from megawatt.core.units import GrossMW, ItMW
from megawatt.invest.comparables import Comparable
from megawatt.sources.miners import read_deals


def read_comparables(path: Path) -> list[Comparable]:
    """Every deal of a table with the columns of `megawatt.sources.miners.DEALS`, on the megawatts that it states.

    Raises:
        InputError: The table is not as declared.
    """
    out = []
    for row in read_deals(path).to_dict("records"):
        it, gross = float(row["critical_it_mw"]), float(row["gross_mw"])
        power = ItMW(it) if math.isfinite(it) else GrossMW(gross) if math.isfinite(gross) else None
        value = float(row["base_value_musd"]) * 1e6
        name = f"{row['host']} - {row['tenant']}, {row['announced']}"
        margin = _pair(row, "noi_margin_low", "noi_margin_high", 1.0)
        capex = _pair(row, "capex_low_musd_per_mw", "capex_high_musd_per_mw", 1e6)
        out.append(Comparable(name, row["kind"], power, float(row["years"]), value, row["evidence"], margin, capex))
    return out


def _pair(row: dict[Hashable, Any], low: str, high: str, factor: float) -> tuple[float, float] | None:
    pair = float(row[low]) * factor, float(row[high]) * factor
    return pair if all(map(math.isfinite, pair)) else None
