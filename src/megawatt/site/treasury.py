"""The tables ``[treasury]`` and ``[[forward]]``: coins and cash of the company, what it keeps, and what it has sold ahead."""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Literal

from megawatt.site.field import Breach, Table, about

BOOKS = "the company's books"
CONFIRMATION = "the contract's confirmation"


class Treasury(Table):
    """Coins and cash on the first day of the scenarios, and the rules by which coins are sold."""

    sold_fraction: Annotated[
        float,
        about(
            "fraction",
            "Share of the coins sold in the month in which they are earned.",
            0.5,
            source=BOOKS,
            low=0,
            high=1,
        ),
    ] = 1.0
    coins_btc: Annotated[float, about("BTC", "Coins held.", 250.0, source=BOOKS, low=0, high=2_000_000)] = 0.0
    cash_usd: Annotated[float, about("USD", "Cash held.", 20e6, source=BOOKS, low=0, high=1e11, least=1_000)] = 0.0
    least_cash_usd: Annotated[
        float,
        about(
            "USD",
            "Kept coins are sold rather than let cash fall below this.",
            5e6,
            source="loan agreement, or the board's rule",
            low=0,
            high=1e11,
            least=1_000,
        ),
    ] = 0.0
    operating_cost_usd_per_month: Annotated[
        float,
        about(
            "USD/month",
            "Cost of the company beside the site's own, after what it saves in tax.",
            400_000.0,
            source=BOOKS,
            low=0,
            high=1e9,
            least=100,
        ),
    ] = 0.0


class Forward(Table):
    """Hash rate or power sold or bought ahead, settled in money against the month's mean price."""

    name: Annotated[str, about("text", "Name of the contract, unique in the site.", "hashrate-2025")]
    kind: Annotated[
        Literal["hashrate_sold", "power_bought", "power_sold"],
        about("choice", "What was sold or bought.", "hashrate_sold", source=CONFIRMATION),
    ]
    hashrate_ph_s: Annotated[
        float,
        about("PH/s", "Hash rate.", 500.0, source=CONFIRMATION, low=0.001, high=1e6, required_for=("hashrate_sold",)),
    ] = 0.0
    price_usd_per_ph_day: Annotated[
        float,
        about(
            "USD/PH/day",
            "Fixed price.",
            52.0,
            source=CONFIRMATION,
            low=0.1,
            high=10_000,
            required_for=("hashrate_sold",),
        ),
    ] = 0.0
    basis_usd_per_ph_day: Annotated[
        float,
        about(
            "USD/PH/day",
            "What the contract's index pays above the network's hashprice.",
            -0.5,
            source="index of the contract against hashprice",
            low=-1_000,
            high=1_000,
            kinds=("hashrate_sold",),
        ),
    ] = 0.0
    block_mw: Annotated[
        float,
        about(
            "MW",
            "Power in every hour.",
            40.0,
            source=CONFIRMATION,
            low=0.001,
            high=5_000,
            required_for=("power_bought", "power_sold"),
        ),
    ] = 0.0
    price_usd_per_mwh: Annotated[
        float,
        about(
            "USD/MWh",
            "Fixed price.",
            38.0,
            source=CONFIRMATION,
            low=-100,
            high=1_000,
            least=1,
            required_for=("power_bought", "power_sold"),
        ),
    ] = 0.0
    basis_usd_per_mwh: Annotated[
        float,
        about(
            "USD/MWh",
            "Price at the contract's point less the site's.",
            -3.0,
            source="price history of both points",
            low=-200,
            high=200,
            kinds=("power_bought", "power_sold"),
        ),
    ] = 0.0
    margin_fraction: Annotated[
        float,
        about(
            "fraction",
            "Collateral / what is still to be delivered at the fixed price; with it the loss of the rest is posted, too.",
            0.1,
            source=CONFIRMATION,
            low=0,
            high=1,
        ),
    ] = 0.0
    valid_from: Annotated[
        dt.date | None,
        about(
            "date",
            "First day; contracts run in whole months.",
            dt.date(2025, 1, 1),
            source=CONFIRMATION,
            default_text="today",
        ),
    ] = None
    valid_to: Annotated[dt.date, about("date", "First day after delivery.", dt.date(2026, 1, 1), source=CONFIRMATION)]

    def breaches(self) -> Iterator[Breach]:
        """Whole months, in order."""
        yield from super().breaches()
        for key, day in (("valid_from", self.valid_from), ("valid_to", self.valid_to)):
            if day is not None and day.day != 1:
                rule = "contracts run in whole months"
                yield Breach(key, f"{key} = {day}", rule, f"Write {key} = {day.replace(day=1)}, or the month after.")
        if self.valid_from and self.valid_to <= self.valid_from:
            yield Breach(
                "valid_to",
                f"delivery runs from {self.valid_from} to {self.valid_to}",
                "the end lies after the start",
                "Swap the two dates.",
            )
