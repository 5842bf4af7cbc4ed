"""The cash of one block, before tax and debt: what the values of a conversion are made of.

Flows stand at times 0, 1, ...: time k is the end of month k, time 0 is today. Mining of a month is paid at its end, a hall at
the signing, rents from the first month after the building on. Discounted, the flows of a rule are its value; a test says so.
"""

from collections.abc import Mapping

import numpy as np
from numpy.typing import NDArray

from megawatt.core.series import Floats
from megawatt.invest.cash_flow import periodic_rate
from megawatt.invest.conversion import Block, machines_of
from megawatt.invest.monthly_operations import monthly_operations
from megawatt.invest.scenarios import MONTHS, Scenarios

KW_PER_MW = 1_000.0


def mining_lines(block: Block, scenarios: Scenarios) -> dict[str, Floats]:
    """What one IT MW of machines brings by month, each line of shape (paths, months) [USD]."""
    operations = monthly_operations(block, 1.0, scenarios)
    opex = np.where(operations.energy_mwh > 0, -block.mining_opex_usd_per_mw_year / MONTHS, 0.0)
    stand, bought = machines_of(block, 1.0).renewed(operations.mining_usd + operations.energy_usd + opex)
    return {
        "coins": operations.mining_usd * stand,
        "power": operations.energy_usd * stand,
        "running costs": opex * stand,
        "machines": -bought,
    }


def hall_flows(block: Block, rent_usd_per_kw_month: Floats, signed: NDArray[np.int64], times: int) -> dict[str, Floats]:
    """What one IT MW of hall brings at times 0 ... ``times``, each line of shape (paths, times + 1) [USD].

    Args:
        block: The block.
        rent_usd_per_kw_month: Rent of new leases, shape (paths, months).
        signed: Month of signing by path; as many as there are months, or more: never.
        times: Last month.
    """
    months = rent_usd_per_kw_month.shape[1]
    signs = (signed < months)[:, None]
    at = np.arange(times + 1) - signed[:, None]
    rent = np.take_along_axis(rent_usd_per_kw_month, np.minimum(signed, months - 1)[:, None], axis=1)
    let = at - block.build_months
    pays = signs & (let >= 1) & (let <= round(block.lease_years * MONTHS))
    stays = (1 - block.hazard_per_year) ** (np.maximum(let, 0) / MONTHS)
    rents: Floats = rent * KW_PER_MW * stays * pays
    return {
        "rent": rents,
        "running costs of the hall": -rents * (1 - block.noi_margin),
        "hall": -block.capex_usd_per_mw * (signs & (at == 0)),
    }


def block_flows(block: Block, scenarios: Scenarios, signed: NDArray[np.int64]) -> dict[str, Floats]:
    """All lines of a block that mines until it signs, per critical IT MW of hall, shape (paths, times) [USD].

    Mining ends with the scenarios; the last lease runs to its own end, so there may be more times than months.
    """
    paths, months = scenarios.power_usd_per_mwh.shape
    before = np.arange(months) < signed[:, None]
    last = int(signed[signed < months].max(initial=0)) + block.build_months + round(block.lease_years * MONTHS)
    times = max(months, last if (signed < months).any() else 0)
    out = {}
    for name, line in mining_lines(block, scenarios).items():
        flow = np.zeros((paths, times + 1))
        flow[:, 1 : months + 1] = line * before * block.mining_mw
        out[name] = flow
    return out | hall_flows(block, scenarios.lease_usd_per_kw_month, signed, times)


def worth_usd(lines: Mapping[str, Floats], rate: float) -> dict[str, Floats]:
    """Value today of each line by path, shape (paths,) [USD]."""
    monthly = periodic_rate(rate, MONTHS)
    return {name: line @ (1 + monthly) ** -np.arange(line.shape[1]) for name, line in lines.items()}


def judged(scenarios: Scenarios) -> Scenarios:
    """The half of the scenarios on which a conversion is valued: the one that did not teach."""
    return scenarios.of_paths(slice(len(scenarios.power_usd_per_mwh) // 2, None))
