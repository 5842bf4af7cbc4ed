"""Hashprice: what a petahash per second earns in a day, before the pool's fee.

One hash wins a block with probability 1 / (difficulty x 2**32). A petahash per second makes 1e15 x 86,400 hashes a day,
so it finds ``1e15 x 86400 / (difficulty x 2**32)`` blocks a day in expectation, each paying subsidy + fees. The luck of
the day (more or fewer blocks than expected) cancels: network revenue / network hash rate gives the same figure, because
the hash rate itself is inferred from the blocks found. ``docs/mining.md`` compares it with published figures.
"""

from enum import StrEnum

import numpy as np
from numpy.typing import ArrayLike

from megawatt.core.errors import InputError
from megawatt.core.series import Floats

HASHES_PER_DIFFICULTY = 2.0**32
"""Expected hashes to find a block of difficulty 1. (Exactly 2**256 / (0xffff x 2**208), 0.0015 % more; the industry's
definition of hash rate uses 2**32, and so do the published figures.)"""
HASHES_PER_PH_DAY = 1e15 * 86_400
"""Hashes that one PH/s makes in a day."""
HOURS_PER_DAY = 24.0


class Payout(StrEnum):
    """What a pool passes on, booked at its expectation: the luck of finding blocks is the pool's.

    A pool that pays by the blocks it finds (PPLNS) has the expectation of FPPS.
    """

    FPPS = "fpps"
    """Full pay per share: subsidy and the mean transaction fees."""
    PPS = "pps"
    """Pay per share: the subsidy only, the pool keeps the transaction fees."""

    @property
    def pays_fees(self) -> bool:
        """Whether the miner receives transaction fees."""
        return self is not Payout.PPS


def blocks_per_ph_day(difficulty: ArrayLike) -> Floats:
    """Expected blocks that one PH/s finds in a day [blocks].

    Args:
        difficulty: Network difficulty, > 0, any shape; NaN passes through.
    """
    d = np.asarray(difficulty, dtype=np.float64)
    if (d <= 0).any():
        raise InputError(
            f"a difficulty of {float(d[d <= 0].flat[0]):g}",
            "it is positive",
            "Check the unit: difficulty, not hash rate or bits.",
        )
    out: Floats = HASHES_PER_PH_DAY / (d * HASHES_PER_DIFFICULTY)
    return out


def hashprice_usd_per_ph_day(
    *, difficulty: ArrayLike, subsidy_btc: ArrayLike, fees_btc_per_block: ArrayLike, price_usd_per_btc: ArrayLike
) -> Floats:
    """Expected revenue of one PH/s in a day, before the pool's fee [USD/PH/day].

    hashprice = 1e15 x 86400 / (difficulty x 2**32) x (subsidy + fees) x price.

    Args:
        difficulty: Network difficulty.
        subsidy_btc: New coins per block [BTC/block].
        fees_btc_per_block: Mean transaction fees of a block [BTC/block]; 0 for a pool that keeps them.
        price_usd_per_btc: Price of a coin [USD/BTC].

    Returns:
        The broadcast shape of the arguments; NaN where one of them is.
    """
    reward = np.asarray(subsidy_btc, dtype=np.float64) + np.asarray(fees_btc_per_block, dtype=np.float64)
    out: Floats = blocks_per_ph_day(difficulty) * reward * np.asarray(price_usd_per_btc, dtype=np.float64)
    return out


def hashprice_of_span(*, revenue_usd: ArrayLike, hashrate_ph_s: ArrayLike, days: ArrayLike = 1.0) -> float:
    """Hashprice over a span = sum of revenue / sum of (hash rate x days) [USD/PH/day].

    Not the mean of daily hashprices: a day on which more machines ran counts for more, as it does in the money.

    Args:
        revenue_usd: Revenue of each part of the span [USD].
        hashrate_ph_s: Hash rate during each part [PH/s].
        days: Length of each part [days].
    """
    work = np.asarray(hashrate_ph_s, dtype=np.float64) * np.asarray(days, dtype=np.float64)
    total = float(np.sum(work))
    if not total > 0:
        raise InputError(
            f"a span with {total:g} PH-days of work", "it must be positive", "Check hash rates and lengths for gaps."
        )
    revenue = np.broadcast_to(np.asarray(revenue_usd, dtype=np.float64), work.shape)
    return float(np.sum(revenue)) / total


def break_even_usd_per_mwh(hashprice: ArrayLike, efficiency_j_per_th: ArrayLike) -> Floats:
    """Power price at which a machine earns exactly its power [USD/MWh].

    1 PH/s = 1,000 TH/s at e J/TH draws 1,000 e W = e kW, so it uses 24 e kWh = 0.024 e MWh a day and earns the hashprice:
    break-even = hashprice / (0.024 x e).

    Args:
        hashprice: What is paid [USD/PH/day], after the pool's fee if that is meant.
        efficiency_j_per_th: Energy per terahash [J/TH], at the point where the price is paid (machine or meter), > 0.
    """
    e = np.asarray(efficiency_j_per_th, dtype=np.float64)
    if (e <= 0).any():
        raise InputError(
            f"an efficiency of {float(e[e <= 0].flat[0]):g} J/TH", "it is positive", "Write for example 17.5."
        )
    out: Floats = np.asarray(hashprice, dtype=np.float64) * 1_000 / (HOURS_PER_DAY * e)
    return out
