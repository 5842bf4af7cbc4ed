"""A storage hall: disks that always run, rented by the terabyte and month.

``rent(month) = rented TB x usd_per_tb_month``, booked evenly over the month's hours. Its power is firm: whether the
power price is high or low the data stay, so in dispatch it is a constant load with a constant income.
"""

from dataclasses import dataclass
from fractions import Fraction

from megawatt.core.money import Currency, Money
from megawatt.core.series import Floats
from megawatt.core.timegrid import TimeGrid
from megawatt.core.units import ItMW
from megawatt.hosting.exact import at_least_zero, exact, fraction_of_one
from megawatt.hosting.month import local_days_of, month_parts, spread


@dataclass(frozen=True, slots=True)
class StorageHall:
    """Terms of a storage hall.

    Attributes:
        it: Firm critical IT power.
        capacity_tb: Usable capacity [TB, 10^12 bytes].
        rented_fraction: Share of the capacity that is rented.
        usd_per_tb_month: Rent of a terabyte and calendar month [USD].
    """

    it: ItMW
    capacity_tb: float
    rented_fraction: float
    usd_per_tb_month: float

    def __post_init__(self) -> None:
        at_least_zero(self.it.mw, "critical IT MW of a storage hall")
        at_least_zero(self.capacity_tb, "capacity_tb")
        fraction_of_one(self.rented_fraction, "rented_fraction")
        at_least_zero(self.usd_per_tb_month, "usd_per_tb_month")

    def rent_usd(self, share: Fraction | int = 1) -> Money:
        """Rent of one calendar month, or of the share of it that is under contract, to the cent."""
        return Money.rounded(self._usd() * share, Currency.USD)

    def rent_per_interval(self, grid: TimeGrid, timezone: str) -> Floats:
        """Rent booked evenly over the hours of its local month; shape (n,) [USD]."""
        usd = self._usd()
        return spread(grid, month_parts(*local_days_of(grid, timezone), timezone), lambda _: usd)

    def _usd(self) -> Fraction:
        rented = exact(self.capacity_tb, "capacity_tb") * exact(self.rented_fraction, "rented_fraction")
        return rented * exact(self.usd_per_tb_month, "usd_per_tb_month")
