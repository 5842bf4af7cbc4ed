"""The inputs of a deal as people read them: name, unit and amount of each."""

from dataclasses import dataclass

from megawatt.app import words


@dataclass(frozen=True, slots=True)
class Kind:
    """What the last word of an input's name stands for.

    Attributes:
        plain: In words.
        unit: Unit of the value, for workbooks.
        style: How an amount is shown: ``usd``, ``percent`` or a unit to stand behind the number.
        per: What stands behind money.
    """

    plain: str
    unit: str
    style: str
    per: str = ""


KINDS = {
    "discount_rate": Kind("discount rate", "fraction/year", "percent"),
    "rent_usd_per_it_mw_year": Kind("rent", "USD/IT-MW-year", "usd", "/IT-MW-year"),
    "noi_margin": Kind("NOI margin", "NOI / rent", "percent"),
    "delay_months": Kind("delay", "months", "months"),
    "ramp_months": Kind("ramp", "months", "months"),
    "hazard_per_year": Kind("tenant fails", "fraction/year", "percent", " a year"),
    "relet_fraction": Kind("rent of a second tenant", "second rent / first", "percent"),
    "host_capex_usd_per_it_mw": Kind("host's capex", "USD/IT-MW", "usd", "/IT-MW"),
    "credited_capex_usd_per_it_mw": Kind("capex the tenant takes back", "USD/IT-MW", "usd", "/IT-MW"),
    "exercised": Kind("chance that it is used", "probability", "percent"),
    "hashprice_usd_per_ph_day": Kind("hashprice", "USD/PH/day", "USD/PH/day"),
    "fade_per_year": Kind("yearly fall of the hashprice", "fraction/year", "percent"),
    "power_price_usd_per_mwh": Kind("power price", "USD/MWh", "USD/MWh"),
    "opex_usd_per_mw_year": Kind("running cost", "USD/MW-year", "usd", "/MW-year"),
    "overhead_usd_per_year": Kind("overhead", "USD/year", "usd", " a year"),
    "tax_fraction": Kind("cash tax", "fraction", "percent"),
    "net_debt_usd": Kind("net debt", "USD", "usd"),
}
"""By the last word of an input's name."""


def kind_of(name: str) -> Kind:
    """What is known about an input."""
    return KINDS[name.rsplit(maxsplit=1)[-1]]


def plain(name: str) -> str:
    """``CoreWeave 200 MW: NOI margin`` for ``CoreWeave 200 MW noi_margin``."""
    owner = name.rpartition(" ")[0]
    text = kind_of(name).plain
    return f"{owner}: {text}" if owner else text


def shown(name: str, value: float) -> str:
    """An amount of an input with its unit."""
    kind = kind_of(name)
    if kind.style == "percent":
        return f"{words.percent(value, 2)}{kind.per}"
    if kind.style == "usd":
        return f"{words.usd(value)}{kind.per}"
    return f"{words.number(value)} {kind.style}"
