"""A spot hall: GPU-hours sold to a rental market or a decentralised network at the day's price.

``revenue_usd_per_hour = GPUs x utilisation x price x (1 - platform fee)``, per critical IT megawatt with
``GPUs = gpus_per_it_mw``. A spot hall is worth its power while

``power price [USD/MWh at the meter] <= revenue per IT MW and hour / meter MW per IT MW``.
"""

import datetime as dt
from dataclasses import dataclass
from fractions import Fraction

import numpy as np

from megawatt.core.errors import InputError
from megawatt.core.money import Currency, Money
from megawatt.core.provenance import Provenance
from megawatt.core.series import NEVER, Floats, Series
from megawatt.core.timegrid import TimeGrid, utc
from megawatt.core.units import ItMW, Unit
from megawatt.hosting.exact import at_least_zero, fraction_of_one
from megawatt.hosting.month import first_of_month, next_month


@dataclass(frozen=True, slots=True)
class SpotHall:
    """Terms of a hall that rents out GPUs by the hour.

    Attributes:
        it: Critical IT power when full.
        gpus_per_it_mw: GPUs that a critical IT megawatt carries, servers and network included. An eight-GPU H100
            server draws up to 10.2 kW (NVIDIA DGX H100 data sheet): at most 784 per MW.
        utilisation_fraction: Share of the offered GPU-hours that is sold.
        platform_fee_fraction: Share of the price that the market or network keeps.
    """

    it: ItMW
    gpus_per_it_mw: float
    utilisation_fraction: float
    platform_fee_fraction: float = 0.0

    def __post_init__(self) -> None:
        at_least_zero(self.it.mw, "critical IT MW of a spot hall")
        at_least_zero(self.gpus_per_it_mw, "gpus_per_it_mw")
        fraction_of_one(self.utilisation_fraction, "utilisation_fraction")
        fraction_of_one(self.platform_fee_fraction, "platform_fee_fraction")

    def usd_per_it_mwh(self, price_usd_per_gpu_hour: Floats) -> Floats:
        """Revenue of one critical IT megawatt in one hour [USD/MWh of IT energy]; a missing price stays missing."""
        sold = self.gpus_per_it_mw * self.utilisation_fraction * (1 - self.platform_fee_fraction)
        out: Floats = np.asarray(price_usd_per_gpu_hour, dtype=np.float64) * sold
        return out

    def revenue_usd(self, price_usd_per_gpu_hour: Floats, it_mw: Floats, hours: float) -> Floats:
        """Revenue of each interval in which ``it_mw`` of the hall runs [USD]."""
        out: Floats = self.usd_per_it_mwh(price_usd_per_gpu_hour) * it_mw * hours
        return out

    def break_even_usd_per_mwh(self, price_usd_per_gpu_hour: Floats, meter_mw_per_it_mw: float) -> Floats:
        """Power price at the meter, adders included, up to which running pays [USD/MWh].

        Args:
            price_usd_per_gpu_hour: Price of a GPU-hour [USD].
            meter_mw_per_it_mw: ``PUE / (1 - losses)``, at least 1.
        """
        if not meter_mw_per_it_mw >= 1:
            raise InputError(
                f"{meter_mw_per_it_mw} MW at the meter per IT MW",
                "cooling and losses come on top, so it is at least 1",
                "Write PUE / (1 - loss fraction), for example 1.25.",
            )
        out: Floats = self.usd_per_it_mwh(price_usd_per_gpu_hour) / meter_mw_per_it_mw
        return out


def sold_usd(gpu_hours_usd: Fraction, platform_fee_fraction: Fraction) -> Money:
    """What is left of GPU-hours sold at their prices, ``sum of hours x price x (1 - platform fee)``, to the cent.

    Args:
        gpu_hours_usd: Sum of GPU-hours times price, exact [USD].
        platform_fee_fraction: Share of it that the market or network keeps.
    """
    return Money.rounded(gpu_hours_usd * (1 - platform_fee_fraction), Currency.USD)


@dataclass(frozen=True, slots=True)
class GpuQuote:
    """A published price of renting a GPU.

    Attributes:
        month: Month it was published for, ``"2024-10"``.
        usd_per_gpu_hour: Price of one GPU for one hour [USD].
        terms: On-demand market, one-year contract or index.
        source: Where it was published.
    """

    month: str
    usd_per_gpu_hour: float
    terms: str
    source: str


# Only quotes with a month and of open markets. Left out: the list prices of hyperscalers (AWS 12.29 in 2023-07, 3.90
# in 2025-06), which a spot hall does not get, and undated ones. Terms differ between rows, so the series is a guide.
H100_QUOTES = (
    GpuQuote("2023-03", 4.70, "on demand, launch price", "chaincatcher.com/en/article/2148352"),
    GpuQuote("2024-10", 2.99, "on demand", "SemiAnalysis via neighborhoodsf.com, H100 rental prices"),
    GpuQuote("2025-10", 1.70, "one-year contract index, low", "SemiAnalysis via compux.net, GPU pricing trends 2026"),
    GpuQuote("2026-03", 2.35, "one-year contract index", "SemiAnalysis via compux.net, GPU pricing trends 2026"),
    GpuQuote("2026-05", 2.60, "spot index", "Silicon Data SDH100RT via chris-gpu-rental.pages.dev, approximate"),
)


def held_price(grid: TimeGrid, quotes: tuple[GpuQuote, ...] = H100_QUOTES, name: str = "gpu/H100") -> Series:
    """Quotes as a series: each holds from the end of its month, when it is known, until the next one.

    Before the first quote the price is missing. Holding a quote is an assumption, so the series is marked as modelled.
    """
    since = np.array([utc(_month_end(quote)) for quote in quotes])
    if (np.diff(since) <= np.timedelta64(0, "s")).any():
        raise InputError("GPU quotes out of order", "each month comes once, the earliest first", "Sort the quotes.")
    latest = np.searchsorted(since, grid.starts, side="right") - 1
    price = np.array([quote.usd_per_gpu_hour for quote in quotes])
    return Series(
        name,
        Unit.USD_PER_GPU_H,
        grid,
        np.where(latest >= 0, price[latest], np.nan),
        np.where(latest >= 0, since[latest], NEVER),
        Provenance("published H100 quotes, each held until the next", modelled=True),
    )


def _month_end(quote: GpuQuote) -> dt.datetime:
    day = next_month(first_of_month(quote.month))
    return dt.datetime(day.year, day.month, day.day, tzinfo=dt.UTC)
