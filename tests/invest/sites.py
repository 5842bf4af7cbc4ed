"""Hand-made scenarios, operations and parts that tests of projects share."""

import numpy as np

from megawatt.core.series import Floats
from megawatt.core.units import GrossMW, ItMW
from megawatt.invest.hall_works import Works
from megawatt.invest.lease import Lease
from megawatt.invest.network_paths import NetworkPaths
from megawatt.invest.operations import Operations
from megawatt.invest.project import Part
from megawatt.invest.scenarios import Scenarios
from megawatt.invest.tenancy import Tenancy


def flat_scenarios(
    paths: int, months: int, *, hashprice: float = 50.0, power: float = 40.0, first: str = "2026-01"
) -> Scenarios:
    """Equal paths on which nothing moves; a coin is worth 50,000 USD."""
    shape = (paths, months)
    network = NetworkPaths(np.full(shape, hashprice), np.full(shape, 50_000.0), np.ones(shape), np.ones(shape))
    return Scenarios(
        first_month=first,
        network=network,
        power_usd_per_mwh=np.full(shape, power),
        power_year=np.zeros(shape, np.int64),
        power_level=np.ones(shape),
        lease_usd_per_kw_month=np.full(shape, 120.0),
        gpu_usd_per_h=np.ones(shape),
        scarce=np.zeros(shape, np.bool_),
    )


def operations(mining: Floats, energy: Floats, peak: Floats | None = None) -> Operations:
    """A mine by its revenue and energy cost [USD]."""
    none = np.zeros(mining.shape)
    return Operations(
        btc=mining / 50_000.0,
        mining_usd=mining,
        energy_mwh=(energy < 0).astype(np.float64),
        energy_usd=energy,
        tenant_usd=none,
        grid_usd=none,
        peak_usd=none if peak is None else peak,
        switching_usd=none,
    )


def idle(paths: int, months: int) -> Operations:
    """Nothing comes, nothing goes."""
    return operations(np.zeros((paths, months)), np.zeros((paths, months)))


def hall(
    lease: Lease,
    paths: int,
    months: int,
    *,
    signed: int = 0,
    works: Works | None = None,
    mine: Operations | None = None,
) -> Part:
    """A part that signs in one month on every path, with a tenant that fails at the middle of its distribution."""
    return Part(
        name="block",
        mine=mine or idle(paths, months),
        it=lease.it,
        gross=GrossMW(1.3 * lease.it.mw),
        signed=np.full(paths, signed),
        works=works or Works(capex_usd=0.0),
        tenancy=Tenancy(lease=lease),
        fails=(np.arange(paths) + 0.5) / paths,
    )


SURE = Lease(it=ItMW(10.0), years=10, rent_usd_per_it_mw_year=1.5e6, noi_margin=0.8, delay_months=12.0)
"""A lease of ten years whose tenant stays: 1 M USD of net operating income a month, from month 13 on."""
