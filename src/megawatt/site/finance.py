"""The table ``[finance]``: what capital costs, for the third line of profitability and for investment."""

from collections.abc import Iterator
from typing import Annotated

from megawatt.site.field import Breach, Table, about

CORE = "Core Scientific and CoreWeave, June 2024: 290 M USD a year for 200 critical IT MW at a margin of 75-80 %"
TERAWULF = "TeraWulf and Fluidstack, August 2025: 8-10 M USD per critical IT MW paid by the host (blockspace.media)"
NONE = "no public figure was good enough for a default"


class Finance(Table):
    """Capital and running costs. Where no default is stated, nothing is charged unless the file gives a figure, and results say so."""

    discount_rate: Annotated[
        float,
        about(
            "fraction/year",
            "Rate at which later money is discounted.",
            0.10,
            source="middle of the 8-12 % at which the contract of June 2024 is commonly valued; an assumption",
            low=0,
            high=0.5,
            least=0.001,
        ),
    ] = 0.10
    mining_capex_usd_per_th: Annotated[
        float | None,
        about("USD/TH", "Price of new machines per TH/s.", 16.0, source=NONE, low=0, high=500, default_text="none"),
    ] = None
    mining_life_years: Annotated[
        float | None,
        about(
            "years",
            "Years over which a machine is written off.",
            4.0,
            source=NONE,
            low=0.5,
            high=20,
            default_text="none",
        ),
    ] = None
    mining_opex_usd_per_mw_year: Annotated[
        float | None,
        about(
            "USD/MW-year",
            "Staff, repair, site costs of mining per MW at the plugs.",
            60_000.0,
            source=NONE,
            low=0,
            high=2e6,
            least=100,
            default_text="none",
        ),
    ] = None
    hall_capex_usd_per_it_mw: Annotated[
        float,
        about(
            "USD/IT-MW",
            "Building and plant of a hall per critical IT MW, without GPUs.",
            9e6,
            source=TERAWULF,
            low=0,
            high=5e7,
            least=1_000,
        ),
    ] = 9e6
    hall_life_years: Annotated[
        float,
        about(
            "years",
            "Years over which a hall is written off.",
            12.0,
            source="term of the contract of June 2024",
            low=1,
            high=50,
        ),
    ] = 12.0
    hall_opex_usd_per_it_mw_year: Annotated[
        float,
        about(
            "USD/IT-MW-year",
            "Staff, repair, insurance of a hall per critical IT MW.",
            326_000.0,
            source=f"{CORE}: 1.45 M x 22.5 %",
            low=0,
            high=5e6,
            least=100,
        ),
    ] = 326_000.0
    tax_fraction: Annotated[
        float,
        about(
            "fraction",
            "Tax on income.",
            0.21,
            source="26 U.S.C. 11(b): 21 % federal corporate income tax",
            low=0,
            high=0.6,
        ),
    ] = 0.21
    state_tax_fraction: Annotated[
        float,
        about(
            "fraction",
            "Tax of the state on income, deducted before the other is reckoned.",
            0.06,
            source="the state's rate; deducted by 26 U.S.C. 164(a)(3)",
            low=0,
            high=0.2,
        ),
    ] = 0.0

    @property
    def income_tax_fraction(self) -> float:
        """Both taxes on a dollar of income: ``state + federal x (1 - state)``; both are taken to be on the same income."""
        return self.state_tax_fraction + self.tax_fraction * (1 - self.state_tax_fraction)

    def breaches(self) -> Iterator[Breach]:
        """Price and life of machines are given together: a price per year needs both."""
        yield from super().breaches()
        if (self.mining_capex_usd_per_th is None) != (self.mining_life_years is None):
            given, other = "mining_capex_usd_per_th", "mining_life_years"
            if self.mining_capex_usd_per_th is None:
                given, other = other, given
            yield Breach(
                given,
                f"{given} without {other}",
                "a charge per year needs price and life",
                f"Add {other}, or remove {given}.",
            )
