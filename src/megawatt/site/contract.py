"""The table ``[[contract]]``: what a tenant or a hosted miner pays, and what he is owed."""

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal

from megawatt.site.field import Breach, Table, about

ContractKind = Literal["colocation", "batch", "spot", "storage", "hosted_mining"]
CORE = "3,500 M USD over 12 years for 200 critical IT MW = 122 USD/kW-month: Core Scientific and CoreWeave, June 2024"


class CreditStep(Table):
    """Below this availability in a month, this share of the month's rent is credited to the tenant."""

    below: Annotated[
        float, about("fraction", "Availability of the month below which the step holds.", 0.999, low=0.5, high=1)
    ]
    credit_fraction: Annotated[float, about("fraction", "Share of the month's rent credited.", 0.1, low=0, high=1)]


class Contract(Table):
    """A contract with a tenant, or with the owner of hosted machines."""

    name: Annotated[str, about("text", "Name of the contract, unique in the site.", "tenant-a")]
    tenant: Annotated[str, about("text", "Who pays.", "Example AI Inc.")]
    kind: Annotated[ContractKind, about("choice", "What is sold; the keys below depend on it.", "colocation")]
    start: Annotated[dt.date, about("date", "First day of the contract.", dt.date(2024, 1, 1))]
    years: Annotated[float, about("years", "Length of the contract.", 12.0, source=CORE, low=0.08, high=99)]
    power: Annotated[
        Literal["pass_through", "included"],
        about("choice", "Whether the tenant pays the energy he uses on top, at cost.", "pass_through"),
    ] = "included"
    escalator_per_year: Annotated[
        float,
        about(
            "fraction/year",
            "Growth of all prices of the contract on each anniversary of its start.",
            0.03,
            source="3 % in Hut 8 and Fluidstack, December 2025",
            low=-0.1,
            high=0.2,
        ),
    ] = 0.0
    rent_usd_per_kw_month: Annotated[
        float,
        about(
            "USD/kW-month",
            "Rent per kW of critical IT load and month.",
            122.0,
            source=CORE,
            low=0,
            high=2_000,
            least=1,
            kinds=("colocation", "batch"),
            required_for=("colocation",),
        ),
    ] = 0.0
    take_or_pay: Annotated[
        bool,
        about(
            "yes/no",
            "Whether the rent is due whether or not the tenant uses the hall.",
            True,
            source="Core Scientific, first quarter of 2025: take-or-pay, fixed price",
            kinds=("colocation", "batch", "storage"),
        ),
    ] = True
    uptime_fraction: Annotated[
        float,
        about(
            "fraction",
            "Availability promised for each month.",
            0.9999,
            low=0.5,
            high=1,
            kinds=("colocation", "storage"),
        ),
    ] = 0.0
    credits: Annotated[
        tuple[CreditStep, ...],
        about(
            "list",
            "Steps of availability, descending, each with the share of the month's rent that is credited.",
            ({"below": 0.9999, "credit_fraction": 0.05}, {"below": 0.999, "credit_fraction": 0.1}),
            kinds=("colocation", "storage"),
            default_text="none",
        ),
    ] = ()
    curtailable_hours_per_year: Annotated[
        float,
        about(
            "h/year",
            "Hours per contract year in which the hall may be curtailed without harm to the availability.",
            40.0,
            low=0,
            high=8_784,
            kinds=("colocation", "batch", "storage"),
        ),
    ] = 0.0
    fee_usd_per_it_mwh: Annotated[
        float,
        about(
            "USD/IT-MWh",
            "Fee per MWh of critical IT energy delivered as batch work.",
            160.0,
            source="122 USD/kW-month over 730 h = 167 USD/MWh as a yardstick",
            low=0,
            high=5_000,
            least=1,
            required_for=("batch",),
        ),
    ] = 0.0
    usd_per_gpu_hour: Annotated[
        float,
        about(
            "USD/GPU-h",
            "Price of a GPU-hour where the hall names no series.",
            2.5,
            source="RunPod H100 spot, 2024: 2.49 (skypilot-catalog)",
            low=0,
            high=50,
            least=0.01,
            required_for=("spot",),
        ),
    ] = 0.0
    platform_fee_fraction: Annotated[
        float,
        about(
            "fraction",
            "Share kept by the rental market or network.",
            0.2,
            source="market's terms",
            low=0,
            high=0.9,
            kinds=("spot",),
        ),
    ] = 0.0
    utilisation_fraction: Annotated[
        float,
        about(
            "fraction",
            "Share of the offered GPU-hours or of the storage that is rented.",
            0.6,
            source="market's statistics",
            low=0,
            high=1,
            kinds=("spot", "storage"),
        ),
    ] = 1.0
    usd_per_tb_month: Annotated[
        float,
        about("USD/TB-month", "Rent per TB and month.", 2.0, low=0, high=200, least=0.01, required_for=("storage",)),
    ] = 0.0
    fee_usd_per_kwh: Annotated[
        float,
        about(
            "USD/kWh",
            "Fee per kWh the hosted machines use, energy included.",
            0.075,
            low=0,
            high=0.5,
            required_for=("hosted_mining",),
        ),
    ] = 0.0
    curtailment_hours_per_year: Annotated[
        float,
        about(
            "h/year",
            "Hours per contract year in which the host may switch the hosted machines off.",
            500.0,
            low=0,
            high=8_784,
            kinds=("hosted_mining",),
        ),
    ] = 0.0
    revenue_share_fraction: Annotated[
        float,
        about(
            "fraction",
            "Share of the mined revenue that goes to the host.",
            0.1,
            low=0,
            high=1,
            kinds=("hosted_mining",),
        ),
    ] = 0.0

    def breaches(self) -> Iterator[Breach]:
        """Credit steps descend in availability and rise in credit; hosted machines pay energy by the kWh."""
        yield from super().breaches()
        for sooner, later in pairwise(self.credits):
            if later.below >= sooner.below or later.credit_fraction <= sooner.credit_fraction:
                yield Breach(
                    "credits",
                    f"the credit step below {later.below:g} ({later.credit_fraction:g}) follows the step below "
                    f"{sooner.below:g} ({sooner.credit_fraction:g})",
                    "steps descend in availability and rise in credit",
                    "Sort the steps from the highest availability down.",
                )
        if self.kind == "hosted_mining" and self.power == "pass_through":
            yield Breach(
                "power",
                "power = 'pass_through' for hosted mining",
                "the fee per kWh includes the energy",
                'Set power = "included", or lower the fee.',
            )

    @property
    def end(self) -> dt.date:
        """First day after the contract: the start plus whole years and months; 29 February ends on 1 March."""
        months = self.start.year * 12 + self.start.month - 1 + round(self.years * 12)
        try:
            return dt.date(months // 12, months % 12 + 1, self.start.day)
        except ValueError:  # the day does not exist in that month: the first day after it does
            return dt.date((months + 1) // 12, (months + 1) % 12 + 1, 1)
