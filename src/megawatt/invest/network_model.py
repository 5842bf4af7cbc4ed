"""A model of the Bitcoin network for years ahead: price, hash rate that answers the miners' margins, difficulty, halvings, fees.

    price       P' = P exp(s z - s^2 / 2 + J - ln E e^J)            a martingale: no direction is forecast
                s  = s0 exp(h / 2),  h' = phi h + xi w,  corr(z, w) = rho
                J  = m + a (U + V - 1) with probability lambda a day, U and V uniform, else 0
    hashprice   p  = 1e15 x 86400 / (D x 2^32) x (subsidy + fees) x P
    profit      r  = p / c,  c = what half of the machines need to pay for power, falling as machines improve
    on line     q' = q + (r^4 / (1 + r^4) - q) / 60 days            a log-logistic spread of efficiencies and power prices
    installed   C' = C (1 + (g0 + g1 x 2 (A - 1) / (A + 1)) / 365)  A = mean of r with a memory of half a year
    blocks      144 a day at D = C q x 600 / 2^32; every 2,016 the difficulty by the consensus rule, clamp included
    halvings    by block height
    fees        f' = phi_f f + (1 - phi_f) f_mean x 3 U^2           mean f_mean, skewed, never negative

Machines are switched off where they no longer pay, in the order of their costs (the cost-curve view of the Cambridge index), with
a delay: contracts and hosting agreements run on. Without it hash rate and difficulty, which answers two weeks later, would chase
each other in a circle that no network has shown. New machines come later still; 2 (A - 1) / (A + 1) is ln A that levels off, because factories and grids do. The luck of
finding blocks is left out: it cancels in the hashprice and moves a retarget by 2 %.
"""

import math
from dataclasses import dataclass

from megawatt.core.errors import InputError
from megawatt.mining.difficulty import EPOCH_BLOCKS
from megawatt.mining.hashprice import HASHES_PER_DIFFICULTY, hashprice_usd_per_ph_day
from megawatt.mining.subsidy import SATOSHI_PER_BTC, checked_height, next_halving, subsidy_sat

BTC_2021_2024 = "moments of daily log returns 2021-2024 (Coin Metrics): sd 61 % a year, excess kurtosis 3.5"
HASHRATE_2018_2024 = "regression of 90-day growth of the hash rate on the lagged profit, 2018-2024, correlation 0.47"
MACHINES = "machines of the tables: 34 J/TH (May 2020) to 17.5 J/TH (2024), -15 % a year"
DAYS_PER_YEAR = 365.0


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkModel:
    """Parameters, each with the source of its default in ``SOURCES``.

    Attributes:
        volatility: Yearly volatility of the price without jumps.
        volatility_memory_days: Time in which the log-variance forgets (to 1/e).
        volatility_spread: Stationary standard deviation of the log-variance h.
        leverage: Correlation of a day's return and the change of variance.
        jumps_per_year: Expected number of jumps.
        jump_mean: Mean of a jump in the log price, m.
        jump_width: Half-width of its triangle, a.
        cost_usd_per_ph_day: Hashprice at which half of the machines are off, on day 0, c.
        cost_fall_per_year: Yearly fall of c.
        online_memory_days: Delay of switching off and on.
        growth_per_year: Growth of the installed machines at A = 1, g0.
        growth_response: Its answer to profit, g1.
        profit_memory_days: Memory of A.
        fees_btc_per_block: Mean fees.
        fees_memory_days: Memory of the fees.
    """

    volatility: float = 0.58
    volatility_memory_days: float = 30.0
    volatility_spread: float = 0.64
    leverage: float = -0.15
    jumps_per_year: float = 5.0
    jump_mean: float = -0.01
    jump_width: float = 0.20
    cost_usd_per_ph_day: float = 33.6
    cost_fall_per_year: float = 0.15
    online_memory_days: float = 60.0
    growth_per_year: float = 0.046
    growth_response: float = 0.463
    profit_memory_days: float = 180.0
    fees_btc_per_block: float = 0.29
    fees_memory_days: float = 10.0

    def __post_init__(self) -> None:
        memories = ("volatility_memory_days", "online_memory_days", "profit_memory_days", "fees_memory_days")
        positive = (*memories, "cost_usd_per_ph_day")
        for name in positive:
            if not getattr(self, name) > 0:
                raise InputError(f"{name} of {getattr(self, name)}", "it is above 0", "Check the value and its unit.")
        for name in ("volatility", "volatility_spread", "jumps_per_year", "jump_width", "fees_btc_per_block"):
            if not 0 <= getattr(self, name) < math.inf:
                raise InputError(
                    f"{name} of {getattr(self, name)}", "it is at least 0", "Check the value and its unit."
                )
        if not (-1 <= self.leverage <= 1 and self.cost_fall_per_year < 1):
            raise InputError(
                f"a leverage of {self.leverage} and a fall of costs by {self.cost_fall_per_year}",
                "a correlation lies between -1 and 1 and a yearly fall below 1",
                "Check both.",
            )

    @property
    def jump_factor(self) -> float:
        """E e^J of a jump day: e^m (sinh(a / 2) / (a / 2))^2, what the drift takes back."""
        half = self.jump_width / 2
        return math.exp(self.jump_mean) * ((math.sinh(half) / half) ** 2 if half > 0 else 1.0)

    def online(self, profit: float) -> float:
        """Share of the installed machines that run at a profit ratio r."""
        return profit**4 / (1 + profit**4)


SOURCES: dict[str, str] = {
    **dict.fromkeys(("volatility", "volatility_spread", "jumps_per_year", "jump_mean", "jump_width"), BTC_2021_2024),
    "volatility_memory_days": "autocorrelation of absolute daily returns 2021-2024: 0.13, 0.08, 0.06 after 1, 5, 20 days",
    "leverage": "correlation of a day's return with the next day's absolute return 2021-2024: -0.07",
    "cost_usd_per_ph_day": "28 J/TH at 50 USD/MWh: 28 x 0.024 x 50; the fleet of mid-2024, an assumption",
    "cost_fall_per_year": MACHINES,
    "online_memory_days": "an assumption: the shortest month-scale delay at which difficulty does not swing by itself",
    "growth_per_year": HASHRATE_2018_2024,
    "growth_response": HASHRATE_2018_2024,
    "profit_memory_days": HASHRATE_2018_2024,
    "fees_btc_per_block": "mean of 2024 (Coin Metrics); medians of 2019 to 2024 lie between 0.09 and 0.42",
    "fees_memory_days": "autocorrelation of daily fees 0.5 to 0.9, 2019-2024",
}
"""Where the default of each parameter comes from."""


@dataclass(frozen=True, slots=True, kw_only=True)
class NetworkState:
    """The network on day 0, as known then.

    Attributes:
        price_usd: Coin price [USD/BTC].
        difficulty: Difficulty in force.
        height: Height of the next block.
        hashrate_eh_s: Hash rate running [EH/s].
        fees_btc_per_block: Fees of late [BTC/block].
        profit: Mean profit ratio of the last half year, A; None: today's.
    """

    price_usd: float
    difficulty: float
    height: int
    hashrate_eh_s: float
    fees_btc_per_block: float
    profit: float | None = None

    def __post_init__(self) -> None:
        checked_height(self.height)
        for name in ("price_usd", "difficulty", "hashrate_eh_s"):
            if not 0 < getattr(self, name) < math.inf:
                raise InputError(f"{name} of {getattr(self, name)}", "it is above 0", "Check the value and its unit.")

    @property
    def subsidy_btc(self) -> float:
        """New coins of the next block [BTC]."""
        return subsidy_sat(self.height) / SATOSHI_PER_BTC

    @property
    def hashprice_usd_per_ph_day(self) -> float:
        """Hashprice of day 0."""
        return float(
            hashprice_usd_per_ph_day(
                difficulty=self.difficulty,
                subsidy_btc=self.subsidy_btc,
                fees_btc_per_block=self.fees_btc_per_block,
                price_usd_per_btc=self.price_usd,
            )
        )

    @property
    def blocks_in_epoch(self) -> int:
        """Blocks found since the last retarget."""
        return self.height % EPOCH_BLOCKS

    @property
    def blocks_to_halving(self) -> int:
        """Blocks until the subsidy halves."""
        return next_halving(self.height) - self.height

    @property
    def days_in_epoch(self) -> float:
        """Days since the last retarget, if the hash rate was as now."""
        return self.blocks_in_epoch * self.difficulty * HASHES_PER_DIFFICULTY / (self.hashrate_eh_s * 1e18 * 86_400)
