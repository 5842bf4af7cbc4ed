"""What the dispatch of a site brings in every scenario and month: what cash flows are made of.

The dispatch itself stands below this file's readers: whoever fills these arrays solves (or interpolates between solved) plans
of the real site; whoever reads them adds rents, capital, debt and tax. Signs are those of the ledger: money is positive
when the operator receives it.
"""

from dataclasses import dataclass, fields

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.series import Floats


@dataclass(frozen=True, slots=True, kw_only=True)
class Operations:
    """Money and energy of one way to run a site, each array of shape (paths, months).

    Attributes:
        btc: Coins earned after the pool's fee [BTC].
        mining_usd: What these coins were worth when earned [USD].
        energy_mwh: Energy drawn at the meter [MWh].
        energy_usd: Energy and adders paid, resale of fixed blocks received [USD]; mostly negative.
        tenant_usd: What halls earn beside the rent: batch, spot, storage, passed-through energy, less credits [USD].
        grid_usd: Reserve awards and events [USD].
        peak_usd: Demand and coincident-peak charges in the month that *measured* them [USD]; at most 0.
        switching_usd: Starts, stops and ramps [USD]; at most 0.
        demand_usd: Of the peak charges, the demand charge, which is billed a month later; the rest is coincident. None: not known
            apart, and who bills them goes by a share.
    """

    btc: Floats
    mining_usd: Floats
    energy_mwh: Floats
    energy_usd: Floats
    tenant_usd: Floats
    grid_usd: Floats
    peak_usd: Floats
    switching_usd: Floats
    demand_usd: Floats | None = None

    def __post_init__(self) -> None:
        given = [one for one in fields(self) if getattr(self, one.name) is not None]
        shapes = {np.shape(getattr(self, one.name)) for one in given}
        if len(shapes) != 1 or len(next(iter(shapes))) != 2:
            raise InputError(
                f"arrays of shapes {sorted(shapes)}",
                "all are (paths, months)",
                "Fill lines that are not there with zeros.",
            )
        for one in given:
            if not np.isfinite(getattr(self, one.name)).all():
                raise InputError(
                    f"{one.name} with values missing", "every month of every path is filled", "Name the gap."
                )

    @property
    def net_usd(self) -> Floats:
        """All lines of money together, shape (paths, months) [USD]."""
        out: Floats = (
            self.mining_usd + self.energy_usd + self.tenant_usd + self.grid_usd + self.peak_usd + self.switching_usd
        )
        return out
