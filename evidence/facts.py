"""Bars on published figures about miners: the halving's revenue, and the margin after power."""

import pandas as pd

from evidence.bar import Bar, Figure
from evidence.year_2024 import DATA, needs_data
from megawatt.mining.hashprice import hashprice_of_span, hashprice_usd_per_ph_day
from megawatt.mining.profit import Line, Profitability, mining_profitability

WEEKS = {"2024-04-13": "2024-04-19", "2024-05-01": "2024-05-07", "2024-06-01": "2024-06-07"}
AF13 = {"2024-04-13": (67.9, 104.4), "2024-05-01": (28.9, 49.6), "2024-06-01": (36.0, 62.1)}
"""M USD a day and USD/PH/day of the week that begins on the day."""
AF14 = {(104.4, 23.6): 1.26, (49.6, 23.6): 0.42, (62.1, 23.6): 0.61, (62.1, 17.5): 0.94}
"""M USD per MW-year after power at 40 USD/MWh, by USD/PH/day and J/TH."""
HOSTING_IT, HOSTING_GROSS = 1.12, 0.79
"""M USD per IT MW-year and per gross MW-year: 1.45 at a margin of 77.5 %, 70 IT MW from 100 gross MW."""


@needs_data
def halving_and_margin() -> Figure:
    """Every figure computed by `megawatt.mining` and rounded as printed."""
    days = pd.read_csv(DATA / "bitcoin" / "btc_network_daily.csv", index_col="date")
    days["revenue_usd"] = (days["issuance_btc"] + days["fees_btc"]) * days["price_usd"]
    weeks = {first: week(days.loc[first:last]) for first, last in WEEKS.items()}
    halving, fees = halving_day(days.loc["2024-04-20":"2024-04-20"].iloc[0])
    margins = {key: round(margin_usd(*key) / 1e6, 2) for key in AF14}
    hosting = Profitability("hosting", pue=100 / 70, after_power_usd=1.45e6 * 0.775)
    it = round(hosting.per_it_mw_usd(Line.AFTER_POWER) / 1e6, 2)
    gross = round(hosting.per_gross_mw_usd(Line.AFTER_POWER) / 1e6, 2)
    change = round(100 * (weeks["2024-05-01"][1] / weeks["2024-04-13"][1] - 1))
    same = (
        weeks == AF13
        and margins == AF14
        and (halving, fees, change) == (104.7, 74.8, -52)
        and (it, gross) == (HOSTING_IT, HOSTING_GROSS)
    )
    numbers: dict[str, float | int | str] = {"halving_day_musd": halving, "halving_day_fees_percent": fees}
    numbers |= {"change_percent": change, "hosting_musd_per_it_mw": it, "hosting_musd_per_gross_mw": gross}
    for first, (revenue, hashprice) in weeks.items():
        numbers |= {f"{first}_musd_per_day": revenue, f"{first}_usd_per_ph_day": hashprice}
    numbers |= {f"margin_musd_per_mw_year_at_{h}_and_{e}_j_per_th": m for (h, e), m in margins.items()}
    prices = " / ".join(str(hashprice) for _, hashprice in weeks.values())
    text = f"{prices} USD/PH/day; {' / '.join(f'{m:.2f}' for m in margins.values())} M USD per MW-year"
    return Figure(text, same, numbers)


def week(days: pd.DataFrame) -> tuple[float, float]:
    """Mean revenue in M USD a day and hashprice of a span, one decimal."""
    hashprice = hashprice_of_span(revenue_usd=days["revenue_usd"], hashrate_ph_s=days["hash_rate_ths"] / 1e3)
    return round(float(days["revenue_usd"].mean()) / 1e6, 1), round(hashprice, 1)


def halving_day(day: "pd.Series[float]") -> tuple[float, float]:
    """Revenue in M USD, and the share of fees in the hashprice of the new subsidy in percent."""
    known = {"difficulty": day["difficulty_mean"], "price_usd_per_btc": day["price_usd"]}
    fees = float(
        hashprice_usd_per_ph_day(subsidy_btc=0.0, fees_btc_per_block=day["fees_btc"] / day["block_count"], **known)
    )
    subsidy = float(hashprice_usd_per_ph_day(subsidy_btc=3.125, fees_btc_per_block=0.0, **known))
    return round(float(day["revenue_usd"]) / 1e6, 1), round(100 * fees / (fees + subsidy), 1)


def margin_usd(hashprice_usd_per_ph_day: float, efficiency_j_per_th: float) -> float:
    """Margin after power at 40 USD/MWh [USD per MW-year]."""
    mine = mining_profitability(
        hashprice_usd_per_ph_day=hashprice_usd_per_ph_day,
        efficiency_j_per_th=efficiency_j_per_th,
        power_price_usd_per_mwh=40.0,
    )
    return mine.per_it_mw_usd(Line.AFTER_POWER)


BARS: tuple[Bar, ...] = (
    Bar(
        id="facts-AF13-AF14",
        sentence="The halving's weeks and the margin after power at 40 USD/MWh come out as printed: revenue, hashprice, "
        "the halving day, three margins of a fleet of 23.6 J/TH, one of 17.5, hosting per IT and per gross MW.",
        target="104.4 / 49.6 / 62.1 USD/PH/day; 1.26 / 0.42 / 0.61 / 0.94 M USD per MW-year; all to the printed digit",
        covers=("src/megawatt/mining/hashprice.py", "src/megawatt/mining/profit.py"),
        measure=halving_and_margin,
    ),
)
