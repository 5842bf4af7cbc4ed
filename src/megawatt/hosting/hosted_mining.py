"""A hosted miner as a kind of contract: machines of a client, run for a fee on metered energy.

``income = metered kWh x fee_usd_per_kwh + revenue_share_fraction x mining revenue of the client``

The operator buys the energy, so it would rather switch the client off when a metered megawatt-hour costs more than it
brings. The contract allows that for some hours of each contract year; after them the client must run, and hours taken
beyond are counted so that they can be priced.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.money import Currency, Money
from megawatt.core.series import Floats
from megawatt.hosting.exact import at_least_zero, exact, fraction_of_one
from megawatt.hosting.uptime_credit import excused_by_contract


@dataclass(frozen=True, slots=True)
class HostedMiner:
    """Terms of a hosting contract with a miner.

    Attributes:
        client: Name of the client.
        fee_usd_per_kwh: Fee on the energy metered at the client's machines [USD/kWh].
        curtailable_hours_per_year: Hours of each contract year in which the operator may switch off [h].
        revenue_share_fraction: Share of the client's mining revenue that goes to the operator.
    """

    client: str
    fee_usd_per_kwh: float
    curtailable_hours_per_year: float = 0.0
    revenue_share_fraction: float = 0.0

    def __post_init__(self) -> None:
        at_least_zero(self.fee_usd_per_kwh, f"fee_usd_per_kwh of {self.client!r}")
        at_least_zero(self.curtailable_hours_per_year, f"curtailable_hours_per_year of {self.client!r}")
        fraction_of_one(self.revenue_share_fraction, f"revenue_share_fraction of {self.client!r}")

    def income_usd(self, energy_mwh: Floats, mining_revenue_usd: Floats) -> Floats:
        """Income of each interval; shape (n,) [USD].

        Args:
            energy_mwh: Energy metered at the client's machines [MWh].
            mining_revenue_usd: What the client's machines earned, before any fee [USD].
        """
        fee = np.asarray(energy_mwh, dtype=np.float64) * (1000 * self.fee_usd_per_kwh)
        out: Floats = fee + self.revenue_share_fraction * np.asarray(mining_revenue_usd, dtype=np.float64)
        return out

    def fee(self, energy_wh: int) -> Money:
        """Fee on a month's metered energy, from whole watt-hours to the cent."""
        return Money.rounded(exact(energy_wh, "energy_wh") / 1000 * exact(self.fee_usd_per_kwh, "fee"), Currency.USD)

    def share(self, mining_revenue: Money) -> Money:
        """The operator's share of a month's mining revenue, in the currency it was earned in (cents or satoshi)."""
        part = exact(self.revenue_share_fraction, "revenue_share_fraction")
        return Money(round(part * mining_revenue.minor), mining_revenue.currency)

    def break_even_usd_per_mwh(self, mining_revenue_usd_per_mwh: Floats) -> Floats:
        """Cost of a metered megawatt-hour up to which the operator gains by running the client [USD/MWh]."""
        return self.income_usd(np.ones_like(mining_revenue_usd_per_mwh), mining_revenue_usd_per_mwh)

    def hours_beyond(self, curtailed: NDArray[np.bool_], contract_year: NDArray[np.int64], hours: float) -> Floats:
        """Hours of each interval curtailed beyond those the contract allows in its year; shape (n,) [h]."""
        excused = excused_by_contract(
            curtailed, contract_year, hours=hours, hours_per_year=self.curtailable_hours_per_year
        )
        beyond: Floats = (np.asarray(curtailed, dtype=np.float64) - excused) * hours
        return beyond
