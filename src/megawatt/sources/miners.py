"""What miners publish: hosting deals, monthly production, quarterly segments, GPU rents, as tidy checked tables.

Each reader returns a DataFrame whose columns are listed in its table of columns below: name, kind, unit, meaning. Amounts
are nominal. An empty cell is missing (NaN), never zero. ``evidence`` and ``source_url`` travel with every row: several
figures are secondary, and the notes say which.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd

from megawatt.core.errors import InputError
from megawatt.sources.csv_table import CsvTable, month_start


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table.

    Attributes:
        name: Name in the file and in the DataFrame; the unit is in it.
        kind: Text, number (float64, NaN where missing) or month (``datetime64``, first day).
        unit: Unit in words.
        meaning: What it says.
        least: Smallest number allowed.
        required: No cell may be empty.
    """

    name: str
    kind: Literal["text", "number", "month"]
    unit: str
    meaning: str
    least: float = 0.0
    required: bool = False


_SOURCE = Column("source_url", "text", "address", "where the row was read")

DEALS = (
    Column("announced", "text", "date", "day or month of the announcement, as precise as the source", required=True),
    Column("kind", "text", "word", "one of DEAL_KINDS", required=True),
    Column("host", "text", "name", "who has the site", required=True),
    Column("tenant", "text", "name", "who uses or wants it"),
    Column("site", "text", "name", "where"),
    Column("critical_it_mw", "number", "critical IT MW", "what the contract sells"),
    Column("gross_mw", "number", "gross MW", "power of the site at the meter"),
    Column("years", "number", "years", "base term"),
    Column("base_value_musd", "number", "M USD", "undiscounted revenue over the base term, or price of the bid"),
    Column("value_with_extensions_musd", "number", "M USD", "the same with all options to extend"),
    Column("implied_musd_per_mw_year", "number", "M USD per MW-year", "value / MW / years, on the MW of mw_basis"),
    Column("capex_low_musd_per_mw", "number", "M USD per critical IT MW", "lower end of what the host pays to build"),
    Column("capex_high_musd_per_mw", "number", "M USD per critical IT MW", "upper end"),
    Column("noi_margin_low", "number", "fraction", "lower end of the host's net operating income / revenue"),
    Column("noi_margin_high", "number", "fraction", "upper end"),
    Column("credit_backstop_musd", "number", "M USD", "lease payments guaranteed by a third party"),
    Column("first_delivery", "text", "date", "when power is first delivered, as stated"),
    Column("evidence", "text", "words", "kind of source; says what is derived or from memory", required=True),
    Column("notes", "text", "words", "what does not fit a column"),
    _SOURCE,
)
DEAL_KINDS = ("hosting", "hosting_option", "lease", "takeover_bid", "gpu_cloud", "project_financing")

RIOT_MONTHLY = (
    Column("month", "month", "month", "month of production", required=True),
    Column("btc_produced", "number", "BTC", "coins mined"),
    Column("btc_held_eom", "number", "BTC", "coins held at the end of the month"),
    Column("btc_sold", "number", "BTC", "coins sold"),
    Column("net_proceeds_musd", "number", "M USD", "received for them"),
    Column("avg_net_price_usd", "number", "USD/BTC", "proceeds / coins sold"),
    Column("deployed_hash_ehs", "number", "EH/s", "installed at the end of the month"),
    Column("avg_operating_hash_ehs", "number", "EH/s", "running, mean of the month"),
    Column("power_credits_musd", "number", "M USD", "from power sold back"),
    Column("demand_response_credits_musd", "number", "M USD", "from reserve programmes"),
    Column("total_power_credits_musd", "number", "M USD", "sum of both"),
    Column(
        "allin_power_cost_c_per_kwh", "number", "US cents/kWh", "net of the credits, so it may be negative", -np.inf
    ),
    Column("fleet_efficiency_j_per_th", "number", "J/TH", "mean of the fleet"),
    Column("derived_fields", "text", "words", "which figures were computed, not printed"),
    _SOURCE,
)

CORE_QUARTERLY = (
    Column("quarter", "text", "quarter", "such as 2024Q1", required=True),
    Column("total_revenue_musd", "number", "M USD", "all segments", required=True),
    Column("self_mining_revenue_musd", "number", "M USD", "own machines"),
    Column("hosted_mining_revenue_musd", "number", "M USD", "machines of customers"),
    Column("colocation_hpc_revenue_musd", "number", "M USD", "AI and HPC hosting"),
    Column("gross_profit_musd", "number", "M USD", "revenue less cost of revenue", -np.inf),
    Column("adjusted_ebitda_musd", "number", "M USD", "as the company defines it", -np.inf),
    Column("net_income_musd", "number", "M USD", "includes changes in the value of warrants", -np.inf),
    _SOURCE,
)

GPU_PRICES = (
    Column("when", "text", "date", "month, year or snapshot, as precise as the source", required=True),
    Column("gpu", "text", "name", "model of the GPU", required=True),
    Column("provider_or_market", "text", "name", "who asks the price", required=True),
    Column("usd_per_gpu_hour", "number", "USD/GPU-h", "price of one GPU for an hour", required=True),
    Column("spot_usd_per_gpu_hour", "number", "USD/GPU-h", "interruptible price, where stated"),
    Column("terms", "text", "words", "on demand, contract, resale, index", required=True),
    Column("evidence", "text", "words", "kind of source"),
    Column("source", "text", "words", "where the row was read"),
)


def read_deals(path: Path) -> pd.DataFrame:
    """Deals between miners and AI tenants: the columns of ``DEALS``, then ``mw_basis``.

    ``mw_basis`` (``critical_it``, ``gross`` or missing) says on which megawatts the implied rent rests: rows of different basis
    must not be compared. A ``gpu_cloud`` row sells GPUs, not space: its value per MW is no rent either.

    Raises:
        InputError: A kind is unknown, or the implied rent is not value / MW / years to the digits printed.
    """
    table, deals = _read(path, DEALS)
    it, gross = deals["critical_it_mw"].to_numpy(), deals["gross_mw"].to_numpy()
    implied = deals["implied_musd_per_mw_year"].to_numpy()
    computed = deals["base_value_musd"].to_numpy() / np.where(np.isnan(it), gross, it) / deals["years"].to_numpy()
    for i, kind in enumerate(deals["kind"]):
        if kind not in DEAL_KINDS:
            raise _refused(table, i, "kind", f"it is one of {', '.join(DEAL_KINDS)}")
        if np.isfinite(implied[i]) and not abs(implied[i] - computed[i]) <= 0.0011:
            raise _refused(table, i, "implied_musd_per_mw_year", f"value / MW / years is {computed[i]:.3f}")
    basis = [
        None if np.isnan(rent) else "gross" if np.isnan(mw) else "critical_it"
        for rent, mw in zip(implied, it, strict=True)
    ]
    return deals.assign(mw_basis=pd.Series(basis, dtype="str"))


def read_riot_monthly(path: Path) -> pd.DataFrame:
    """Riot's monthly production: the columns of ``RIOT_MONTHLY``.

    Raises:
        InputError: A month repeats or goes back, or the credits do not add up to their total (each rounded to 0.1 M USD).
    """
    table, riot = _read(path, RIOT_MONTHLY)
    _ascending(table, "month")
    total = riot["total_power_credits_musd"].to_numpy()
    parts = (riot["power_credits_musd"] + riot["demand_response_credits_musd"]).to_numpy()
    for i in np.flatnonzero(np.abs(parts - total) > 0.1501).tolist():
        raise _refused(table, i, "total_power_credits_musd", f"the two credits sum to {parts[i]:.1f}")
    return riot


def read_core_quarterly(path: Path) -> pd.DataFrame:
    """Core Scientific's quarters: the columns of ``CORE_QUARTERLY``.

    Raises:
        InputError: A quarter is malformed, repeats or goes back, or the segments do not add up to the total.
    """
    table, core = _read(path, CORE_QUARTERLY)
    for i, quarter in enumerate(core["quarter"]):
        if not (len(quarter) == 6 and quarter[:4].isdigit() and quarter[4] == "Q" and quarter[5] in "1234"):
            raise _refused(table, i, "quarter", "a quarter is written 2024Q1")
    _ascending(table, "quarter")
    total = core["total_revenue_musd"].to_numpy()
    segments = core.filter(regex="^(self|hosted|colocation).*_revenue_musd$").sum(axis=1, skipna=False).to_numpy()
    for i in np.flatnonzero(np.abs(segments - total) > 0.2001).tolist():
        raise _refused(table, i, "total_revenue_musd", f"the segments sum to {segments[i]:.1f}")
    return core


def read_gpu_prices(path: Path) -> pd.DataFrame:
    """Prices of rented GPUs: the columns of ``GPU_PRICES``, then ``year`` (int), the one thing every ``when`` states.

    Raises:
        InputError: A ``when`` does not begin with a year, a price is zero, or a spot price exceeds the price on demand.
    """
    table, prices = _read(path, GPU_PRICES)
    for i, row in enumerate(prices.itertuples()):
        if not (str(row.when)[:4].isdigit() and str(row.when)[:2] == "20"):
            raise _refused(table, i, "when", "it begins with a year such as 2024")
        if not prices["usd_per_gpu_hour"].iloc[i] > 0:
            raise _refused(table, i, "usd_per_gpu_hour", "a price is above 0")
        if prices["spot_usd_per_gpu_hour"].iloc[i] > prices["usd_per_gpu_hour"].iloc[i]:
            raise _refused(table, i, "spot_usd_per_gpu_hour", "an interruptible hour costs no more than a firm one")
    return prices.assign(year=[int(when[:4]) for when in prices["when"]])


def _read(path: Path, columns: Sequence[Column]) -> tuple[CsvTable, pd.DataFrame]:
    table = CsvTable.read(path, [column.name for column in columns])
    return table, pd.DataFrame({column.name: _cells(table, column) for column in columns})


def _cells(table: CsvTable, column: Column) -> "pd.Series[float] | pd.Series[str] | pd.Series[pd.Timestamp]":
    cells = table.text(column.name)
    for i, cell in enumerate(cells):
        if column.required and not cell:
            raise _refused(table, i, column.name, "every row states it")
        if column.kind == "month" and month_start(cell) is None:
            raise _refused(table, i, column.name, "a month is written 2024-04")
    if column.kind == "number":
        return pd.Series(table.numbers(column.name, least=column.least))
    if column.kind == "month":
        return pd.Series(np.array([f"{cell}-01" for cell in cells], dtype="datetime64[s]"))
    return pd.Series([cell or None for cell in cells], dtype="str")


def _ascending(table: CsvTable, column: str) -> None:
    """Equal-width texts such as 2024-04 and 2024Q1 sort like the times they name."""
    cells = table.text(column)
    for i in range(1, len(cells)):
        if cells[i] <= cells[i - 1]:
            raise _refused(table, i, column, f"it follows {cells[i - 1]}: each stands once and in order")


def _refused(table: CsvTable, row: int, column: str, rule: str) -> InputError:
    cell = table.text(column)[row]
    return InputError(
        repr(cell) if cell else "an empty cell", rule, "Correct the cell from its source.", table.place(row, column)
    )
