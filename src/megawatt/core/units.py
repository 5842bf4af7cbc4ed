"""Units, and the two kinds of megawatt that must never be added.

Power is positive from the grid into the site and from the site into a load. Money is positive when the operator
receives it. The unit stands in every name: ``meter_limit_mw``, ``price_usd_per_mwh``, ``efficiency_j_per_th``.
"""

from dataclasses import dataclass
from enum import StrEnum

from megawatt.core.errors import UnitError

HOURS_PER_YEAR = 8_760.0
"""Hours of a common year; amounts 'per year' are scaled to it [h]."""


class Unit(StrEnum):
    """Units a series may have. The text is what people see."""

    MW = "MW"
    MWH = "MWh"
    USD_PER_MWH = "USD/MWh"
    EUR_PER_MWH = "EUR/MWh"
    USD_PER_MW_H = "USD/MW per h"
    USD_PER_GPU_H = "USD/GPU-h"
    USD_PER_BTC = "USD/BTC"
    USD_PER_PH_DAY = "USD/PH/day"
    BTC = "BTC"
    BTC_PER_BLOCK = "BTC/block"
    TH_PER_S = "TH/s"
    DIFFICULTY = "difficulty"
    CELSIUS = "°C"
    FRACTION = "fraction"
    COUNT = "count"


@dataclass(frozen=True, slots=True, order=True)
class _Megawatts:
    """A power that knows which kind it is; only equal kinds add and compare."""

    mw: float

    def __add__(self, other: object) -> "_Megawatts":
        self._same(other, "added")
        return type(self)(self.mw + other.mw)  # type: ignore[attr-defined]  # _same has checked the type

    def __sub__(self, other: object) -> "_Megawatts":
        self._same(other, "subtracted")
        return type(self)(self.mw - other.mw)  # type: ignore[attr-defined]  # _same has checked the type

    def __mul__(self, factor: float) -> "_Megawatts":
        return type(self)(self.mw * factor)

    def _same(self, other: object, verb: str) -> None:
        if type(other) is not type(self):
            raise UnitError(
                f"{self} and {other} were {verb}",
                "gross megawatts at the meter and critical IT megawatts are different amounts",
                "Convert first with ItMW.gross(pue) or GrossMW.it(pue).",
            )


class GrossMW(_Megawatts):
    """Power at the meter, cooling and losses included [MW]."""

    __slots__ = ()

    def it(self, pue: float) -> "ItMW":
        """Critical IT power that this gross power carries at a power usage effectiveness ``pue`` >= 1."""
        return ItMW(self.mw / _checked_pue(pue))

    def __str__(self) -> str:
        return f"{self.mw:g} gross MW"


class ItMW(_Megawatts):
    """Critical IT power, what a hosting contract sells [MW]."""

    __slots__ = ()

    def gross(self, pue: float) -> GrossMW:
        """Power at the meter that this IT power needs at a power usage effectiveness ``pue`` >= 1."""
        return GrossMW(self.mw * _checked_pue(pue))

    def __str__(self) -> str:
        return f"{self.mw:g} critical IT MW"


def _checked_pue(pue: float) -> float:
    if not pue >= 1:
        raise UnitError(f"a PUE of {pue}", "it is total power over IT power, at least 1", "Write for example 1.25.")
    return pue
