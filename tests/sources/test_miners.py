"""What miners publish: checks that add up, units that are named, and errors with line and column."""

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from megawatt.core.errors import InputError
from megawatt.sources.miners import (
    CORE_QUARTERLY,
    DEALS,
    GPU_PRICES,
    RIOT_MONTHLY,
    Column,
    read_core_quarterly,
    read_deals,
    read_gpu_prices,
    read_riot_monthly,
)

DATA = Path(os.environ.get("MEGAWATT_DATA", Path(__file__).parents[3] / "shared" / "data"))
needs_data = pytest.mark.skipif(not DATA.is_dir(), reason="real data folder is absent")

Reader = Callable[[Path], pd.DataFrame]

DEAL = {
    "announced": "2024-06-03",
    "kind": "hosting",
    "host": "Core Scientific",
    "tenant": "CoreWeave",
    "critical_it_mw": "200.0",
    "years": "12.0",
    "base_value_musd": "3500.0",
    "implied_musd_per_mw_year": "1.458",
    "evidence": "article+SEC",
}
MONTH = {
    "month": "2024-07",
    "btc_produced": "370",
    "power_credits_musd": "3.2",
    "demand_response_credits_musd": "0.2",
    "total_power_credits_musd": "3.4",
    "allin_power_cost_c_per_kwh": "3.4",
}
QUARTER = {
    "quarter": "2024Q2",
    "total_revenue_musd": "141.1",
    "self_mining_revenue_musd": "110.7",
    "hosted_mining_revenue_musd": "24.8",
    "colocation_hpc_revenue_musd": "5.5",
    "net_income_musd": "-804.9",
}
PRICE = {
    "when": "2024-10",
    "gpu": "H100 SXM",
    "provider_or_market": "market",
    "usd_per_gpu_hour": "2.99",
    "terms": "on-demand",
}


def file(folder: Path, columns: tuple[Column, ...], *rows: dict[str, str]) -> Path:
    names = [column.name for column in columns]
    path = folder / "file.csv"
    lines = [",".join(names), *(",".join(row.get(name, "") for name in names) for row in rows)]
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


def test_a_deal_names_the_megawatt_that_its_rent_rests_on(tmp_path: Path) -> None:
    lease = DEAL | {"critical_it_mw": "", "gross_mw": "300.0", "years": "15", "base_value_musd": "5500"}
    bid = {"announced": "2025-07-07", "kind": "takeover_bid", "host": "Core Scientific", "evidence": "SEC"}
    deals = read_deals(file(tmp_path, DEALS, DEAL, lease | {"implied_musd_per_mw_year": "1.222"}, bid))
    assert deals["mw_basis"].tolist()[:2] == ["critical_it", "gross"]
    assert pd.isna(deals["mw_basis"][2])
    assert deals["critical_it_mw"].dtype == np.float64
    assert np.isnan(deals["critical_it_mw"][1])


def test_a_month_is_a_date_and_a_power_cost_may_be_negative(tmp_path: Path) -> None:
    august = MONTH | {"month": "2024-08", "allin_power_cost_c_per_kwh": "-15.8"}
    riot = read_riot_monthly(file(tmp_path, RIOT_MONTHLY, MONTH, august))
    assert riot["month"].tolist() == [pd.Timestamp("2024-07-01"), pd.Timestamp("2024-08-01")]
    assert riot["allin_power_cost_c_per_kwh"][1] == -15.8
    assert np.isnan(riot["btc_sold"][0])


def test_every_when_of_a_gpu_price_has_a_year(tmp_path: Path) -> None:
    snapshot = PRICE | {"when": "2025 late (stored snapshot)", "spot_usd_per_gpu_hour": "1.20"}
    prices = read_gpu_prices(file(tmp_path, GPU_PRICES, PRICE, snapshot))
    assert prices["year"].tolist() == [2024, 2025]


BAD: dict[str, tuple[Reader, tuple[Column, ...], dict[str, str], str, str]] = {
    "unknown kind": (read_deals, DEALS, DEAL | {"kind": "merger"}, "it is one of hosting", "kind"),
    "rent that does not follow": (
        read_deals,
        DEALS,
        DEAL | {"implied_musd_per_mw_year": "1.851"},
        "value / MW / years is 1.458",
        "implied_musd_per_mw_year",
    ),
    "kW instead of MW": (
        read_deals,
        DEALS,
        DEAL | {"critical_it_mw": "200000"},
        "value / MW / years is 0.001",
        "implied_musd_per_mw_year",
    ),
    "rent on no megawatts": (
        read_deals,
        DEALS,
        DEAL | {"critical_it_mw": ""},
        "value / MW / years is nan",
        "implied_musd_per_mw_year",
    ),
    "no host": (read_deals, DEALS, DEAL | {"host": ""}, "every row states it", "host"),
    "negative megawatts": (read_deals, DEALS, DEAL | {"gross_mw": "-5"}, "at least 0", "gross_mw"),
    "month 13": (read_riot_monthly, RIOT_MONTHLY, MONTH | {"month": "2024-13"}, "written 2024-04", "month"),
    "month in words": (read_riot_monthly, RIOT_MONTHLY, MONTH | {"month": "July"}, "written 2024-04", "month"),
    "credits that do not add up": (
        read_riot_monthly,
        RIOT_MONTHLY,
        MONTH | {"total_power_credits_musd": "4.3"},
        "the two credits sum to 3.4",
        "total_power_credits_musd",
    ),
    "quarter 5": (read_core_quarterly, CORE_QUARTERLY, QUARTER | {"quarter": "2024Q5"}, "written 2024Q1", "quarter"),
    "segments that do not add up": (
        read_core_quarterly,
        CORE_QUARTERLY,
        QUARTER | {"total_revenue_musd": "114.1"},
        "the segments sum to 141.0",
        "total_revenue_musd",
    ),
    "no revenue": (
        read_core_quarterly,
        CORE_QUARTERLY,
        QUARTER | {"total_revenue_musd": ""},
        "every row states it",
        "total_revenue_musd",
    ),
    "free GPU": (read_gpu_prices, GPU_PRICES, PRICE | {"usd_per_gpu_hour": "0"}, "above 0", "usd_per_gpu_hour"),
    "price with a sign": (
        read_gpu_prices,
        GPU_PRICES,
        PRICE | {"usd_per_gpu_hour": "$2.99"},
        "a finite number",
        "usd_per_gpu_hour",
    ),
    "spot above firm": (
        read_gpu_prices,
        GPU_PRICES,
        PRICE | {"spot_usd_per_gpu_hour": "3.5"},
        "no more than a firm one",
        "spot_usd_per_gpu_hour",
    ),
    "no year": (read_gpu_prices, GPU_PRICES, PRICE | {"when": "early"}, "begins with a year", "when"),
}


@pytest.mark.parametrize("illness", BAD)
def test_a_row_that_contradicts_itself_is_refused_by_line_and_column(tmp_path: Path, illness: str) -> None:
    reader, columns, row, words, column = BAD[illness]
    with pytest.raises(InputError) as caught:
        reader(file(tmp_path, columns, row))
    assert words in str(caught.value)
    assert caught.value.place == f"file.csv line 2, column {column}"
    assert caught.value.remedy


@pytest.mark.parametrize(
    ("reader", "columns", "row"),
    [(read_riot_monthly, RIOT_MONTHLY, MONTH), (read_core_quarterly, CORE_QUARTERLY, QUARTER)],
)
def test_a_period_that_stands_twice_is_refused(
    tmp_path: Path, reader: Reader, columns: tuple[Column, ...], row: dict[str, str]
) -> None:
    with pytest.raises(InputError, match="each stands once and in order"):
        reader(file(tmp_path, columns, row, row))


@pytest.mark.parametrize("columns", [DEALS, RIOT_MONTHLY, CORE_QUARTERLY, GPU_PRICES])
def test_every_column_says_unit_and_meaning(columns: tuple[Column, ...]) -> None:
    assert all(column.unit and column.meaning for column in columns)
    assert len({column.name for column in columns}) == len(columns)


@needs_data
def test_the_real_tables_pass_their_checks() -> None:
    miners = DATA / "miners"
    deals = read_deals(miners / "miner_ai_deals.csv")
    assert len(deals) == 14
    assert deals.loc[deals["announced"] == "2024-06-03", "implied_musd_per_mw_year"].tolist() == [1.458]
    assert len(read_riot_monthly(miners / "riot_monthly.csv")) == 14
    core = read_core_quarterly(miners / "core_scientific_quarterly.csv")
    assert core["total_revenue_musd"].tolist() == [179.3, 141.1, 95.4, 94.9]
    prices = read_gpu_prices(miners / "gpu_rental_prices.csv")
    assert len(prices) == 19
    assert prices["year"].between(2023, 2026).all()
