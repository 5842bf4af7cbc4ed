"""Facts of the market that every index and event study has to survive, each with its source."""

from megawatt.markets.universe import Kind, Record

ASI_MERGER = (
    Record(
        Kind.MERGE,
        "OCEAN",
        "2024-07-01",
        known_from="2024-06-14",
        value=0.433226,
        into="FET",
        source="notice of Binance, June 2024: 1 OCEAN = 0.433226 ASI",
    ),
    Record(
        Kind.MERGE,
        "AGIX",
        "2024-07-01",
        known_from="2024-06-14",
        value=0.433350,
        into="FET",
        source="notice of Binance, June 2024: 1 AGIX = 0.433350 ASI",
    ),
)
"""FET, AGIX and OCEAN are legs of one token: one observation, not three."""

FET_VALUE_BEFORE_MUSD, FET_VALUE_AFTER_MUSD = 2_268.7, 5_447.1
"""Estimated market value of FET on 3 and 4 May 2024 [M USD] (Coin Metrics community data): +140.1 %, a supply revision."""

SURVIVORSHIP_VALUE_WEIGHTED_PER_YEAR, SURVIVORSHIP_EQUAL_WEIGHTED_PER_YEAR = 0.0093, 0.6219
"""Bias of leaving out dead coins, 3,904 coins, 2014-21 (Ammann, Burdorf, Liebi, Stöckl)."""

RENAMES = (Record(Kind.RENAME, "RNDR", "2024-07-27", value=1.0, into="RENDER", source="exchange notice of July 2024"),)
"""RNDR's last close is of 20 July 2024, RENDER's first of 27 July: a halt lies between."""
