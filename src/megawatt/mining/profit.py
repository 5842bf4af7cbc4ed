"""Is mining profitable? Three lines, each per critical IT MW and per gross MW; only the third may say "wins".

1. *After power*: hash revenue less energy. This is the line in most press comparisons.
2. *After power and opex*: less staff, repairs, site lease, insurance.
3. *After a capital charge*: less the annuity of what the machines and the site cost. Rent from a new hall is bought with new
   capital, machines that stand already are not: a comparison on line 1 or 2 says who earns more, never who wins.

A level in one year [USD per MW-year], not a present value.
"""

import math
from dataclasses import dataclass
from enum import StrEnum

from megawatt.core.errors import InputError
from megawatt.core.units import HOURS_PER_YEAR, ItMW
from megawatt.mining.hashprice import HOURS_PER_DAY

_PH_PER_MW_AT_1_J_PER_TH = 1_000.0
"""1 PH/s at e J/TH draws e kW, so an IT MW carries 1000 / e PH/s."""


class Line(StrEnum):
    """What has been taken from revenue."""

    AFTER_POWER = "after power"
    AFTER_OPEX = "after power and opex"
    AFTER_CAPITAL = "after a capital charge"


@dataclass(frozen=True, slots=True)
class Profitability:
    """Yearly result of a use of power, per critical IT MW, on the three lines [USD per IT MW-year].

    Attributes:
        name: What the power is used for, for sentences.
        pue: Power usage effectiveness of that use, >= 1: gross MW = IT MW x PUE.
        after_power_usd: Revenue less energy.
        after_opex_usd: The same less operating cost; None when the operating cost is not stated.
        after_capital_usd: The same less the capital charge; None when the capital is not stated.
    """

    name: str
    pue: float
    after_power_usd: float
    after_opex_usd: float | None = None
    after_capital_usd: float | None = None

    def per_it_mw_usd(self, line: Line) -> float:
        """The result on a line [USD per critical IT MW-year].

        Raises:
            InputError: The line needs a cost that was not stated.
        """
        value = {
            Line.AFTER_POWER: self.after_power_usd,
            Line.AFTER_OPEX: self.after_opex_usd,
            Line.AFTER_CAPITAL: self.after_capital_usd,
        }[line]
        if value is None:
            raise InputError(
                f"{self.name!r} has no figure {line.value}",
                "the line needs its cost",
                "State the operating cost and the capital, with 0 where there is none.",
            )
        return value

    def per_gross_mw_usd(self, line: Line) -> float:
        """The result on a line [USD per gross MW-year]: a gross MW carries 1 / PUE IT MW."""
        return self.per_it_mw_usd(line) / ItMW(1.0).gross(self.pue).mw


def mining_profitability(
    *,
    hashprice_usd_per_ph_day: float,
    efficiency_j_per_th: float,
    power_price_usd_per_mwh: float,
    pue: float = 1.0,
    pool_fee_fraction: float = 0.0,
    opex_usd_per_it_mw_year: float | None = None,
    capital_charge_usd_per_it_mw_year: float | None = None,
) -> Profitability:
    """A mine that runs all 8,760 hours of a year at one hashprice and one power price.

    revenue = hashprice x (1000 / e) x 365 x (1 - fee); energy = 8760 x PUE x price, both per IT MW.

    Args:
        hashprice_usd_per_ph_day: Before the pool's fee [USD/PH/day].
        efficiency_j_per_th: Of the fleet at the plug [J/TH], > 0.
        power_price_usd_per_mwh: All-in at the meter [USD/MWh]; may be negative.
        pue: Power usage effectiveness, >= 1.
        pool_fee_fraction: Share the pool keeps.
        opex_usd_per_it_mw_year: Operating cost without energy; None when it is not stated.
        capital_charge_usd_per_it_mw_year: See ``annuity``; 0 for machines whose cost is sunk and that nobody would buy.
    """
    if not efficiency_j_per_th > 0:
        raise InputError(f"an efficiency of {efficiency_j_per_th} J/TH", "it is positive", "Write for example 17.5.")
    gross_per_it = ItMW(1.0).gross(pue).mw
    days = HOURS_PER_YEAR / HOURS_PER_DAY
    ph_per_mw = _PH_PER_MW_AT_1_J_PER_TH / efficiency_j_per_th
    revenue = hashprice_usd_per_ph_day * ph_per_mw * days * (1 - pool_fee_fraction)
    after_power = revenue - HOURS_PER_YEAR * gross_per_it * power_price_usd_per_mwh
    return profitability(
        "mining",
        pue=pue,
        after_power_usd=after_power,
        opex_usd=opex_usd_per_it_mw_year,
        capital_charge_usd=capital_charge_usd_per_it_mw_year,
    )


def profitability(
    name: str, *, pue: float, after_power_usd: float, opex_usd: float | None, capital_charge_usd: float | None
) -> Profitability:
    """The three lines from the first and two costs, all per critical IT MW-year [USD]; a cost not stated ends the lines."""
    after_opex = None if opex_usd is None else after_power_usd - opex_usd
    after_capital = None if after_opex is None or capital_charge_usd is None else after_opex - capital_charge_usd
    return Profitability(name, pue, after_power_usd, after_opex, after_capital)


def annuity(capital_usd: float, *, rate: float, years: float) -> float:
    """Equal yearly payment, at each year's end, that repays a capital with interest [USD/year].

    capital x r / (1 - (1 + r)**-n), and capital / n at r = 0.

    Args:
        capital_usd: What is spent at the start [USD], less what is left of it, discounted.
        rate: Yearly cost of capital, > -1.
        years: Length of use, > 0: about 4 years for machines, the contract's term for a hall.
    """
    if not (years > 0 and rate > -1):
        raise InputError(
            f"a capital charge over {years} years at {rate}", "years are positive and the rate above -1", "Check both."
        )
    growth = years * math.log1p(rate)
    return capital_usd / years if rate == 0 else capital_usd * rate / -math.expm1(-growth)


def compare(a: Profitability, b: Profitability, line: Line) -> str:
    """Which of two uses brings more per gross MW, in a sentence that claims no more than the line shows.

    Gross megawatts are compared because the grid connection is what is scarce. Equal to the printed 10 k USD is a tie.
    """
    first, second = sorted((a, b), key=lambda one: one.per_gross_mw_usd(line), reverse=True)
    high, low = (round(one.per_gross_mw_usd(line) / 1e6, 2) for one in (first, second))
    figures = f"{high:.2f} against {low:.2f} M USD per gross MW-year {line.value}"
    if high == low:
        return f"{a.name} and {b.name} are level: {figures}."
    if line is Line.AFTER_CAPITAL:
        return f"{first.name} wins over {second.name}: {figures}."
    return f"{first.name} earns more than {second.name}: {figures}, before the costs that line leaves out."
