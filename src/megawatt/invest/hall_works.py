"""What a block of machines becomes, and what turning it into a hall takes."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from megawatt.core.errors import InputError
from megawatt.core.series import Floats
from megawatt.invest.income_tax import Property
from megawatt.invest.tax_tables import IMPROVEMENTS
from megawatt.invest.tenancy import paths_of

HALL, DEMOLITION, SALE = "hall built", "demolition and staff", "machines sold"
"""Lines of a conversion's cost in a statement."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Works:
    """A conversion.

    Attributes:
        capex_usd: Hall and plant, paid in equal parts over the months of building; a number or one per path [USD].
        backup_usd: Engines or batteries that let the hall's load be shed in an emergency [USD].
        build_months: Months of building as planned; a late hall costs rent, not more capex.
        demolition_usd: Taking the mine down, paid when the lease is signed [USD].
        staff_usd: Leaving and hiring staff, paid likewise [USD].
        sale_usd: What the machines bring when they are sold then, if they still stand [USD].
        curtailable_usd_per_month: What the grid pays for a let hall that can be shed in an emergency [USD].
        kind: Class of property by which the hall is written off.
    """

    capex_usd: ArrayLike
    backup_usd: float = 0.0
    build_months: int = 12
    demolition_usd: float = 0.0
    staff_usd: float = 0.0
    sale_usd: float = 0.0
    curtailable_usd_per_month: float = 0.0
    kind: str = IMPROVEMENTS

    def __post_init__(self) -> None:
        costs = (self.capex_usd, self.backup_usd, self.demolition_usd, self.staff_usd, self.sale_usd)
        if self.build_months < 0 or not all((np.asarray(one) >= 0).all() for one in costs):
            raise InputError(
                f"works of {self.build_months} months with costs {costs}",
                "months and amounts are at least 0",
                "Give costs as positive amounts.",
            )

    def lines_usd(self, signed: NDArray[np.int64], stand: NDArray[np.bool_]) -> dict[str, Floats]:
        """What is paid and received in each month, arrays of shape (paths, months) [USD].

        Args:
            signed: Month of signing by path; the number of months or more: never.
            stand: Whether the machines stand, shape (paths, months).
        """
        paths, months = stand.shape
        rows = np.flatnonzero(signed < months)
        at = signed[rows]
        lines = {name: np.zeros(stand.shape) for name in (HALL, DEMOLITION, SALE)}
        part = -self.cost_usd(paths)[rows] / max(self.build_months, 1)
        for month in range(max(self.build_months, 1)):  # what the horizon cuts off is booked in its last month
            np.add.at(lines[HALL], (rows, np.minimum(at + month, months - 1)), part)
        lines[DEMOLITION][rows, at] -= self.demolition_usd + self.staff_usd
        lines[SALE][rows, at] += self.sale_usd * stand[rows, at]
        return lines

    def cost_usd(self, paths: int) -> Floats:
        """What is capital of the hall, by path [USD]."""
        return paths_of(self.capex_usd, paths) + self.backup_usd

    def property(self, signed: NDArray[np.int64], in_service: NDArray[np.int64], months: int) -> Property:
        """The hall as it is written off."""
        cost = np.where(signed < months, self.cost_usd(len(signed)), 0.0)
        return Property(self.kind, cost, in_service, signed)
