"""Operations of a block at monthly means: what the real dispatch of a site replaces.

A mine runs in the months in which a machine's hour earns more than its power at the month's mean price and its running costs; then
all month. Curtailment within the month, reserves and coincident peaks are worth more than that.
"""

import numpy as np

from megawatt.core.units import HOURS_PER_YEAR
from megawatt.invest.conversion import Block, machines_of
from megawatt.invest.machines import MONTHS
from megawatt.invest.operations import Operations
from megawatt.invest.scenarios import Scenarios
from megawatt.mining.hashprice import break_even_usd_per_mwh

HOURS_PER_MONTH = HOURS_PER_YEAR / MONTHS


def monthly_operations(block: Block, mw: float, scenarios: Scenarios) -> Operations:
    """A mine of ``mw`` IT MW whose machines are always replaced when worn, shape (paths, months).

    Args:
        block: Efficiency, fee, adders, PUE, running costs (they decide whether a month is worth running; they are not booked).
        mw: IT power of the machines [MW].
        scenarios: Joint paths.
    """
    price = scenarios.power_usd_per_mwh + block.adder_usd_per_mwh
    paid = scenarios.network.hashprice_usd_per_ph_day * (1 - block.pool_fee_fraction)
    fresh = machines_of(block, mw).hash_factor(price.shape[1])
    worth = break_even_usd_per_mwh(paid * fresh, block.efficiency_j_per_th)
    runs = (worth - block.pue * price) * HOURS_PER_YEAR > block.mining_opex_usd_per_mw_year
    it_mwh = np.where(runs, mw * HOURS_PER_MONTH, 0.0)
    none = np.zeros(price.shape)
    return Operations(
        btc=worth * it_mwh / scenarios.network.price_usd,
        mining_usd=worth * it_mwh,
        energy_mwh=it_mwh * block.pue,
        energy_usd=-it_mwh * block.pue * price,
        tenant_usd=none,
        grid_usd=none,
        peak_usd=none,
        switching_usd=none,
    )
