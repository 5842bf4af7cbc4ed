"""The table ``[[energy]]``: fixed-price blocks of energy, a position beside the load."""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Literal

from megawatt.site.field import Breach, Table, about

SUPPLY = "supply contract"


class EnergyBlock(Table):
    """A constant block bought at a fixed price; what the site does not use is sold at the block's point, if allowed."""

    name: Annotated[str, about("text", "Name of the block, unique in the site.", "block-60")]
    block_mw: Annotated[
        float, about("MW", "Power bought in every interval.", 60.0, source=SUPPLY, low=0.001, high=5_000)
    ]
    price_usd_per_mwh: Annotated[
        float, about("USD/MWh", "Fixed price.", 32.0, source=SUPPLY, low=-100, high=1_000, least=1)
    ]
    settlement_point: Annotated[
        str,
        about(
            "text",
            "Point at which the block is delivered and resold; its basis to the load's point stays open.",
            "HB_WEST",
            source=SUPPLY,
        ),
    ]
    resale: Annotated[
        Literal["free", "spread", "forbidden"],
        about(
            "choice",
            "Whether unused energy may be sold back: at spot, at spot less a spread, or not at all.",
            "free",
            source=SUPPLY,
        ),
    ] = "free"
    spread_usd_per_mwh: Annotated[
        float,
        about(
            "USD/MWh",
            "Taken off the spot price of what is sold back; for resale = spread.",
            2.0,
            source=SUPPLY,
            low=0,
            high=200,
            least=0.01,
        ),
    ] = 0.0
    valid_from: Annotated[
        dt.date | None,
        about("date", "First day of delivery.", dt.date(2024, 1, 1), source=SUPPLY, default_text="always"),
    ] = None
    valid_to: Annotated[
        dt.date | None,
        about("date", "First day after delivery.", dt.date(2027, 1, 1), source=SUPPLY, default_text="always"),
    ] = None

    def breaches(self) -> Iterator[Breach]:
        """A spread belongs to resale with a spread; delivery starts before it ends."""
        yield from super().breaches()
        if (self.resale == "spread") != (self.spread_usd_per_mwh > 0):
            yield Breach(
                "resale",
                f"resale = {self.resale!r} with a spread of {self.spread_usd_per_mwh:g} USD/MWh",
                "a spread is given exactly when resale is 'spread'",
                'Set resale = "spread" and spread_usd_per_mwh, or neither.',
            )
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            yield Breach(
                "valid_to",
                f"delivery runs from {self.valid_from} to {self.valid_to}",
                "the end lies after the start",
                "Swap the two dates.",
            )
