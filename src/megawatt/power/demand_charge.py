"""Demand charge: the highest power of the month within a window, billed per kW, with a ratchet.

Billed demand of month m [MW]:

    D[m] = max( max of p[t] for t in m and in the window,
                ratchet x highest windowed peak of the 11 months before m )

and the charge is 1000 x D[m] x price [USD/kW-month], booked in month m. A month outside the window's months has no
peak of its own but still pays the ratchet of the months before: so a summer ratchet bills in winter. A month that the
time grid covers only in part pays in full, because the utility bills the month.

The share, the 11 months and the window are those of the user's tariff. 80 % of the highest of the 11 months before is
common among Texas wires companies; 16 TAC 25.244 (2012) waives ratchets for some customers.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from megawatt.core.errors import InputError
from megawatt.core.timegrid import TimeGrid
from megawatt.power.window import Mask, Window

Floats = NDArray[np.float64]

RATCHET_MONTHS = 11
"""Months before the billing month whose peaks a ratchet remembers."""


@dataclass(frozen=True, slots=True)
class DemandCharge:
    """A charge on the highest power of each month.

    Attributes:
        name: Name in the ledger.
        price_usd_per_kw_month: Price [USD/kW-month].
        window: Hours, weekdays and months in which the peak is measured.
        ratchet_fraction: Share of the highest peak of the 11 months before that is billed at least, 0 to 1.
        past_peaks_mw: Windowed peaks of the months before the time grid [MW], oldest first, the last one being the
            month just before it; at most 11 count.
    """

    name: str
    price_usd_per_kw_month: float
    window: Window
    ratchet_fraction: float = 0.0
    past_peaks_mw: tuple[float, ...] = ()

    def __post_init__(self) -> None:
        if not 0 <= self.ratchet_fraction <= 1:
            raise InputError(
                f"demand charge {self.name!r} has a ratchet of {self.ratchet_fraction}",
                "it is a share of the highest peak, 0 to 1",
                "Write 0.8 for 80 %.",
            )
        if any(not peak >= 0 for peak in self.past_peaks_mw):
            raise InputError(
                f"demand charge {self.name!r} has past peaks of {self.past_peaks_mw} MW",
                "a peak is not negative",
                "Write the metered peaks of the months before, oldest first.",
            )

    @property
    def price_usd_per_mw_month(self) -> float:
        """Price [USD/MW-month]."""
        return 1000.0 * self.price_usd_per_kw_month


@dataclass(frozen=True, slots=True)
class DemandBill:
    """One month's demand charge.

    Attributes:
        month: Billing month, local, ``2024-07``.
        measured: Number of the interval that set the month's own peak (the first, if several), or None when no
            interval of the month lies in the window.
        peak_mw: The month's own peak within the window [MW], 0 without one.
        billed_mw: Billed demand [MW]; above ``peak_mw`` where the ratchet binds.
        cost_usd: Charge [USD], positive.
    """

    month: str
    measured: int | None
    peak_mw: float
    billed_mw: float
    cost_usd: float


@dataclass(frozen=True, slots=True)
class DemandTerms:
    """The same charge as constraints for a solver: minimise price x sum(D) subject to the rows below.

        D[m] >= p[t]             for every month m and interval t with masks[m, t]
        D[m] >= floor_mw[m]      ratchet of the months before the grid
        D[m] >= ratchet[m, k] x P[k],  P[k] >= p[t] where masks[k, t]

    Attributes:
        months: Names of the M local months.
        masks: Shape (M, T), True where the interval counts for the month.
        floor_mw: Shape (M,) [MW].
        ratchet: Shape (M, M), the ratchet fraction where the peak of month k still counts in month m, else 0.
        price_usd_per_mw_month: Shape (M,), 0 in months in which the charge is not in force.
    """

    months: list[str]
    masks: Mask
    floor_mw: Floats
    ratchet: Floats
    price_usd_per_mw_month: Floats


def demand_terms(charge: DemandCharge, grid: TimeGrid) -> DemandTerms:
    """The charge as masks, floors and ratchet rows over the local months of ``grid``."""
    number, names = grid.local_months(charge.window.timezone)
    inside = charge.window.mask(grid)
    m = np.arange(len(names))
    masks = (number[None, :] == m[:, None]) & inside[None, :]
    age = m[:, None] - m[None, :]
    ratchet = np.where((age >= 1) & (age <= RATCHET_MONTHS), charge.ratchet_fraction, 0.0)
    floor = np.array(
        [charge.ratchet_fraction * max(_still_counting(charge, k), default=0.0) for k in range(len(names))]
    )
    in_force = np.array([_in_force(charge.window, name) for name in names])
    price = np.where(in_force, charge.price_usd_per_mw_month, 0.0)
    return DemandTerms(names, masks, floor, ratchet, price)


def demand_bill(charge: DemandCharge, grid: TimeGrid, meter_mw: Floats) -> tuple[DemandBill, ...]:
    """The charge of every local month of ``grid``.

    Args:
        charge: The tariff.
        grid: Time grid; the tariff's own metering interval, usually 15 minutes.
        meter_mw: Mean power at the meter per interval, shape (T,) [MW].
    """
    terms = demand_terms(charge, grid)
    counted = np.where(terms.masks, meter_mw[None, :], -np.inf)
    has_peak: Mask = np.asarray(terms.masks.any(axis=1))
    measured = counted.argmax(axis=1)
    peaks = np.where(has_peak, np.maximum(counted.max(axis=1), 0.0), 0.0)
    ratcheted = (terms.ratchet * peaks[None, :]).max(axis=1)
    billed = np.maximum.reduce([peaks, ratcheted, terms.floor_mw])
    cost = billed * terms.price_usd_per_mw_month
    return tuple(
        DemandBill(name, int(at) if has else None, float(peak), float(mw), float(usd))
        for name, has, at, peak, mw, usd in zip(terms.months, has_peak, measured, peaks, billed, cost, strict=True)
    )


def _still_counting(charge: DemandCharge, month: int) -> tuple[float, ...]:
    """Past peaks that lie within the 11 months before month number ``month`` of the grid."""
    left = RATCHET_MONTHS - month
    return charge.past_peaks_mw[-left:] if left > 0 else ()


def _in_force(window: Window, month: str) -> bool:
    """Whether the first day of ``month`` lies within the tariff's validity."""
    first = np.datetime64(f"{month}-01")
    begins = window.valid_from is None or first >= np.datetime64(window.valid_from)
    ends = window.valid_to is not None and first >= np.datetime64(window.valid_to)
    return bool(begins and not ends)
