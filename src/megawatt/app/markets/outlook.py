"""The outlook to 2030 as an answer: what was published, what our ranges give, and what must be true for a target."""

from dataclasses import dataclass

import numpy as np
import pandas as pd

from megawatt.core.errors import InputError
from megawatt.markets.amounts import growth_needed
from megawatt.markets.estimates import BASE_2030, ESTIMATES, SumOfParts, sum_of_parts
from megawatt.markets.growth import RANGES, Factors, Needed, must_be, product_needed
from megawatt.markets.uncertainty import Outlook, outlook

SEED = 7
DRAWS = 1_000_000
FACTOR_NAMES = {
    "exposed": "tasks exposed",
    "midpoint": "year of half adoption",
    "slope": "pace of adoption",
    "saved": "cost saved a task",
    "multiplier": "multiplier",
    "blockchain_tn": "blockchain",
    "synergy": "synergy",
}
FACTOR_UNITS = {
    "exposed": "%",
    "midpoint": "year",
    "slope": "1/year",
    "saved": "%",
    "multiplier": "x",
    "blockchain_tn": "tn USD",
    "synergy": "%",
}


@dataclass(frozen=True, slots=True)
class OutlookReport:
    """The answer.

    Attributes:
        target_tn: Uplift that is asked about [tn USD, level of 2030].
        sums: The target against the published parts.
        outlook: Monte Carlo and Sobol shares.
        needed: What each factor alone must be.
        product: The product of tasks, adoption, saving and multiplier that the target needs, with PwC's blockchain and no synergy.
        seed: Seed of the draws.
    """

    target_tn: float
    sums: SumOfParts
    outlook: Outlook
    needed: tuple[Needed, ...]
    product: float
    seed: int

    @property
    def growth_a_year(self) -> float:
        """Growth on top of the baseline, 2024-30, a year [fraction]."""
        return growth_needed(self.sums.share_of_base, 6)

    @staticmethod
    def factor_name(factor: str) -> str:
        """What people call a factor."""
        return FACTOR_NAMES[factor]

    def level_rows(self) -> list[dict[str, str | float]]:
        """Levels of 2030 that may stand beside each other [tn USD]: published ones, our range, the claim."""
        rows: list[dict[str, str | float]] = [
            {
                "name": f"{one.name} ({one.subject})" if one.subject != "both" else one.name,
                "low": one.low.tn_usd,
                "high": one.high.tn_usd,
                "kind": "the claim" if one.subject == "both" else "published",
            }
            for one in ESTIMATES
            if one.is_level
        ]
        rows.sort(key=lambda row: -float(row["high"]))
        low, high = self.outlook.quantiles[0.05], self.outlook.quantiles[0.95]
        return [*rows, {"name": "90 % of our draws", "low": low, "high": high, "kind": "range of our own"}]

    def table(self) -> pd.DataFrame:
        """Every published estimate, for notebooks."""
        return pd.DataFrame(
            [
                {
                    "estimate": one.name,
                    "subject": one.subject,
                    "kind": one.low.kind.value,
                    "low_tn_usd": one.low.tn_usd,
                    "high_tn_usd": one.high.tn_usd,
                    "share_of_base": one.share()[1] if one.is_level else None,
                    "source": one.source,
                }
                for one in ESTIMATES
            ]
        ).set_index("estimate")


def run_outlook(target_tn: float = 20.0, *, draws: int = DRAWS, seed: int = SEED) -> OutlookReport:
    """Answer the inverse question for a target.

    Args:
        target_tn: Uplift of the level of GDP in 2030 [tn USD], above zero.
        draws: Draws of the Monte Carlo, 1,000 or more.
        seed: Seed; the same seed gives the same answer.

    Raises:
        InputError: The target is not above zero or larger than the base, or there are too few draws.
    """
    if not 0 < target_tn <= BASE_2030.tn_usd or draws < 1_000:
        raise InputError(
            f"a target of {target_tn:g} tn USD with {draws:,} draws",
            f"it lies between zero and the whole base of {BASE_2030.tn_usd:.1f} tn, with 1,000 draws or more",
            "State the uplift of the level of GDP in 2030.",
        )
    found = outlook(np.random.default_rng(seed), target_tn=target_tn, draws=draws)
    blockchain = RANGES["blockchain_tn"].high
    return OutlookReport(
        target_tn,
        sum_of_parts(target_tn),
        found,
        must_be(target_tn, Factors()),
        product_needed(target_tn, blockchain, 0.0),
        seed,
    )
