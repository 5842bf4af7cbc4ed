"""The tables of DEAL.toml and BID.toml, declared like those of the site file: unit, meaning, example, source at each key.

A number that nobody knows exactly is written ``[low, likely, high]``; a single number means it is known. Money is in millions of
dollars, because that is how deals are published.
"""

import datetime as dt
from collections.abc import Iterator
from functools import partial
from typing import Annotated, Any, Literal

from pydantic import AfterValidator, BeforeValidator, ValidationInfo

from megawatt.invest.bid import Majority
from megawatt.invest.ranges import Range
from megawatt.site.field import Breach, Table, about, breach
from megawatt.site.tables import Place

DEAL_SCHEMA = "megawatt/deal/1"
BID_SCHEMA = "megawatt/bid/1"
PRESS = "press release, filing, or the contract itself"
JUDGEMENT = "the user's judgement, as a range; no public figure was good enough for a default"

Triple = tuple[float, float, float]


def between(unit: str, meaning: str, example: Any, *, low: float, high: float, source: str = JUDGEMENT) -> Any:
    """Declare a key that is a number or ``[low, likely, high]``, with sane limits for all three."""
    info = about(unit, meaning, example, source=source)
    info.metadata += [BeforeValidator(_three), AfterValidator(partial(_sane, low, high, unit))]
    return info


def _three(value: Any) -> Any:
    return (value, value, value) if isinstance(value, int | float) and not isinstance(value, bool) else value


def _sane(low: float, high: float, unit: str, value: Triple, info: ValidationInfo) -> Triple:
    if not value[0] <= value[1] <= value[2]:
        rule = "a range goes from low over likely to high"
        raise breach(Breach("", f"{info.field_name} = {list(value)}", rule, "Sort the three numbers."))
    if not (low <= value[0] and value[2] <= high):
        found = f"{info.field_name} = {list(value)}"
        raise breach(Breach("", found, f"it lies between {low:g} and {high:g} {unit}", "Check the value and its unit."))
    return value


ZERO: Triple = (0.0, 0.0, 0.0)


class DealHead(Table):
    """Who agreed on what, and the rate at which it is valued."""

    name: Annotated[str, about("text", "Name of the deal.", "Core Scientific - CoreWeave, June 2024", source=PRESS)]
    host: Annotated[str, about("text", "Who has the sites.", "Core Scientific", source=PRESS)]
    known: Annotated[
        dt.date, about("date", "Last day whose news the figures may rest on.", dt.date(2024, 6, 3), source=PRESS)
    ]
    discount_rate: Annotated[
        Triple,
        between(
            "fraction/year",
            "Rate at which later money is discounted.",
            [0.08, 0.10, 0.15],
            low=0.0,
            high=1.0,
            source="8-15 % is the span in which the contract of June 2024 was valued; an assumption",
        ),
    ] = (0.08, 0.10, 0.15)
    source: Annotated[
        str, about("text", "Where the figures come from.", "424B3 and press, June 2024", source=PRESS)
    ] = "none stated"


class LeaseTable(Table):
    """A hosting contract, or a tenant's option on one."""

    name: Annotated[str, about("text", "Name in tables.", "CoreWeave 200 MW", source=PRESS)]
    firmness: Annotated[
        Literal["contracted", "optional"],
        about(
            "choice", "Whether the tenant is bound; the revenue of the two is never added.", "contracted", source=PRESS
        ),
    ] = "contracted"
    critical_it_mw: Annotated[float, about("MW", "Critical IT power.", 200.0, source=PRESS, low=0.01, high=20_000)]
    years: Annotated[float, about("years", "Base term, whole months.", 12.0, source=PRESS, low=0.25, high=50)]
    total_revenue_musd: Annotated[
        Triple,
        between("M USD", "Undiscounted rent of the base term.", 3500.0, low=0.001, high=1e6, source=PRESS),
    ]
    escalator_per_year: Annotated[
        float, about("fraction/year", "Rise of the rent on each anniversary.", 0.03, source=PRESS, low=-0.1, high=0.2)
    ] = 0.0
    noi_margin: Annotated[
        Triple, between("fraction", "Net operating income / rent.", [0.75, 0.775, 0.8], low=0.0, high=1.0, source=PRESS)
    ]
    delay_months: Annotated[
        Triple, between("months", "From today to the first rent.", [9.0, 15.0, 33.0], low=0.0, high=240.0)
    ]
    ramp_months: Annotated[
        Triple, between("months", "From the first rent until all MW pay.", [6.0, 12.0, 24.0], low=0.0, high=240.0)
    ] = ZERO
    hazard_per_year: Annotated[
        Triple,
        between("fraction/year", "Probability per year that the tenant fails.", [0.01, 0.03, 0.10], low=0.0, high=1.0),
    ]
    relet_months: Annotated[
        float, about("months", "Months empty after that.", 12.0, source=JUDGEMENT, low=0, high=120)
    ] = 0.0
    relet_fraction: Annotated[
        Triple, between("fraction", "Rent of a second tenant / rent of the first.", [0.0, 0.5, 0.9], low=0.0, high=1.0)
    ] = ZERO
    host_capex_musd_per_it_mw: Annotated[
        Triple,
        between(
            "M USD/IT-MW",
            "What the host builds with its own money.",
            [8.0, 9.0, 10.0],
            low=0.0,
            high=100.0,
            source=PRESS,
        ),
    ]
    credited_capex_musd_per_it_mw: Annotated[
        Triple,
        between(
            "M USD/IT-MW", "What the tenant builds and takes back from the rent.", [0.0, 1.0, 3.0], low=0.0, high=100.0
        ),
    ] = ZERO
    credit_cap_fraction: Annotated[
        float, about("fraction", "Largest share of a month's rent taken back.", 0.5, source=PRESS, low=0, high=1)
    ] = 0.5
    backstop_musd: Annotated[
        float,
        about(
            "M USD",
            "Most that a guarantor pays of what a failed tenant leaves missing.",
            1800.0,
            source=PRESS,
            low=0,
            high=1e6,
        ),
    ] = 0.0
    backstop_strike: Annotated[
        str,
        about(
            "text",
            "Name of the [[strike]] that the guarantor takes as its price.",
            "guarantor's warrants",
            source=PRESS,
        ),
    ] = ""
    exercise_probability: Annotated[
        Triple,
        between("fraction", "Probability that an option is used.", [0.0, 0.5, 1.0], low=0.0, high=1.0),
    ] = (1.0, 1.0, 1.0)
    displaced_mining_mw: Annotated[
        float,
        about(
            "MW",
            "Power of the machines (at their plugs) that the conversion stops.",
            250.0,
            source=PRESS,
            low=0,
            high=20_000,
        ),
    ] = 0.0
    cleared_month: Annotated[
        int, about("months", "Month from today in which they stop.", 3, source=PRESS, low=0, high=240)
    ] = 0

    def breaches(self) -> Iterator[Breach]:
        """A contract is certain to be used; an option states how likely that is."""
        yield from super().breaches()
        if not float(self.years * 12).is_integer():
            yield Breach(
                "years", f"years = {self.years:g}", "the term is whole months", "Write for example 12.0 or 7.5."
            )
        if self.backstop_strike and not self.backstop_musd:
            yield Breach(
                "backstop_strike",
                f"backstop_strike = {self.backstop_strike!r} without backstop_musd",
                "warrants are the price of a guarantee",
                "Add backstop_musd, the most that the guarantor pays.",
            )
        given = "exercise_probability" in self.model_fields_set
        if given != (self.firmness == "optional"):
            remedy = "Remove the key." if given else "Add for example: exercise_probability = [0.0, 0.5, 1.0]"
            found = f"a lease that is {self.firmness} {'with' if given else 'without'} exercise_probability"
            yield Breach("exercise_probability", found, "only an option has one, and it needs one", remedy)


class MineTable(Table):
    """The machines that go on mining, and what they stop for."""

    it_mw: Annotated[
        float, about("MW", "Power of all machines at their plugs.", 494.0, source=PRESS, low=0.01, high=20_000)
    ]
    efficiency_j_per_th: Annotated[float, about("J/TH", "Of the fleet.", 24.2, source=PRESS, low=1, high=200)]
    years: Annotated[float, about("years", "Until the machines are worn out.", 5.0, source=JUDGEMENT, low=0.5, high=30)]
    hashprice_usd_per_ph_day: Annotated[
        Triple,
        between("USD/PH/day", "Hashprice today, after the pool's fee.", [45.0, 55.0, 65.0], low=0.0, high=2000.0),
    ]
    fade_per_year: Annotated[
        Triple, between("fraction/year", "Yearly fall of the hashprice.", [0.0, 0.15, 0.35], low=-1.0, high=0.95)
    ]
    power_price_usd_per_mwh: Annotated[
        Triple, between("USD/MWh", "All-in at the meter.", [37.0, 40.0, 48.0], low=-50.0, high=500.0, source=PRESS)
    ]
    opex_usd_per_mw_year: Annotated[
        Triple, between("USD/MW-year", "Running cost per MW at the plugs.", [40e3, 60e3, 90e3], low=0.0, high=2e6)
    ]
    pue: Annotated[
        float, about("ratio", "Power at the meter / power at the plugs.", 1.03, source=PRESS, low=1, high=2)
    ] = 1.0


class CompanyTable(Table):
    """What stands between the value of its assets and its holders."""

    net_debt_musd: Annotated[
        Triple,
        between(
            "M USD",
            "Debt less cash and coins, without convertibles.",
            [150.0, 220.0, 290.0],
            low=-1e6,
            high=1e6,
            source=PRESS,
        ),
    ]
    overhead_musd_per_year: Annotated[
        Triple, between("M USD/year", "Cost of being a company.", [50.0, 65.0, 80.0], low=0.0, high=1e5, source=PRESS)
    ]
    overhead_years: Annotated[
        float,
        about(
            "years",
            "As long as it is counted.",
            12.0,
            source=JUDGEMENT,
            low=0,
            high=50,
            default_text="the longest lease",
        ),
    ] = 0.0
    tax_fraction: Annotated[
        Triple,
        between("fraction", "Cash tax / operating value, where positive.", [0.05, 0.12, 0.21], low=0.0, high=0.6),
    ]
    basic_million: Annotated[
        float, about("million shares", "Shares outstanding.", 177.8, source=PRESS, low=1e-6, high=1e6)
    ]
    units_million: Annotated[
        float, about("million shares", "Share units (RSU).", 5.0, source=PRESS, low=0, high=1e6)
    ] = 0.0


class StrikeTable(Table):
    """Options or warrants of one strike."""

    name: Annotated[str, about("text", "Name in tables.", "warrants at 6.81", source=PRESS)]
    count_million: Annotated[float, about("million shares", "Shares they give.", 98.0, source=PRESS, low=0, high=1e6)]
    strike_usd: Annotated[float, about("USD/share", "Price paid.", 6.81, source=PRESS, low=0, high=1e6)]
    trigger_usd: Annotated[
        float, about("USD/share", "Share price below which they are asleep.", 8.72, source=PRESS, low=0, high=1e6)
    ] = 0.0


class ConvertibleTable(Table):
    """Notes that may turn into shares."""

    name: Annotated[str, about("text", "Name in tables.", "convertible notes 2029", source=PRESS)]
    principal_musd: Annotated[float, about("M USD", "Debt while not converted.", 260.0, source=PRESS, low=0, high=1e6)]
    conversion_usd: Annotated[
        float, about("USD/share", "Share price per share of principal.", 5.83, source=PRESS, low=0.01, high=1e6)
    ]


class BidHead(Table):
    """What is offered for a share."""

    bidder: Annotated[str, about("text", "Who offers.", "CoreWeave", source=PRESS)]
    cash_usd: Annotated[float, about("USD/share", "Cash per share.", 5.75, source=PRESS, low=0, high=1e6)] = 0.0
    ratio: Annotated[
        float, about("shares/share", "Bidder's shares per share, fixed.", 0.1235, source=PRESS, low=0, high=1e4)
    ] = 0.0
    value_usd: Annotated[
        float, about("USD/share", "Value paid in shares, fixed.", 20.40, source=PRESS, low=0, high=1e6)
    ] = 0.0
    collar_usd: Annotated[
        tuple[float, float] | None,
        about(
            "list",
            "Bidder's prices between which a fixed value is held.",
            [150.0, 180.0],
            source=PRESS,
            default_text="none",
        ),
    ] = None
    bidder_price_usd: Annotated[
        Triple | None,
        between("USD/share", "Price of the bidder at closing.", [100.0, 165.2, 190.0], low=0.0, high=1e6),
    ] = None
    break_fee_musd: Annotated[float, about("M USD", "Break fee.", 270.0, source=PRESS, low=0, high=1e6)] = 0.0
    headline_musd: Annotated[
        float | None,
        about("M USD", "Price as the press says it.", 1600.0, source=PRESS, low=0, high=1e7, default_text="none"),
    ] = None
    gross_mw: Annotated[
        float | None,
        about("MW", "Gross MW of the company's sites.", 745.0, source=PRESS, low=0.01, high=1e5, default_text="none"),
    ] = None

    def breaches(self) -> Iterator[Breach]:
        """A bid pays something, and one of ratio and value is fixed."""
        yield from super().breaches()
        if self.ratio and self.value_usd:
            yield Breach(
                "ratio",
                f"ratio = {self.ratio:g} and value_usd = {self.value_usd:g}",
                "one of them is fixed",
                "Remove one.",
            )
        if not (self.cash_usd or self.ratio or self.value_usd):
            yield Breach(
                "cash_usd", "neither cash_usd, ratio nor value_usd", "a bid pays something", "Add cash_usd = 5.75"
            )
        if (self.ratio or self.value_usd) and self.bidder_price_usd is None:
            remedy = "Add for example: bidder_price_usd = [100.0, 165.2, 190.0]"
            yield Breach("bidder_price_usd", "stock without bidder_price_usd", "its value needs that price", remedy)
        if self.collar_usd and not (self.value_usd and 0 < self.collar_usd[0] < self.collar_usd[1]):
            rule = "a collar bounds a fixed value between two rising prices"
            yield Breach("collar_usd", f"collar_usd = {list(self.collar_usd)}", rule, "Remove it, or give value_usd.")


class BaseTable(Table):
    """A price of the target that the premium is measured on."""

    name: Annotated[str, about("text", "Name.", "last close", source=PRESS)]
    price_usd: Annotated[float, about("USD/share", "Price.", 4.87, source=PRESS, low=1e-6, high=1e6)]


class VoteTable(Table):
    """The holders' vote."""

    majority: Annotated[
        Literal["outstanding", "cast"], about("choice", "What a majority is counted of.", "outstanding", source=PRESS)
    ] = Majority.OUTSTANDING.value
    votes_for: Annotated[float, about("count", "Shares for.", 20_752_327, source=PRESS, low=0)]
    votes_against: Annotated[float, about("count", "Shares against.", 203_451_498, source=PRESS, low=0)]
    abstained: Annotated[float, about("count", "Shares present that abstained.", 21_588_639, source=PRESS, low=0)]
    present_fraction: Annotated[
        float, about("fraction", "Shares present / outstanding.", 0.7997, source=PRESS, low=1e-6, high=1)
    ]


DEAL_TABLES: dict[str, Place] = {
    "deal": Place(DealHead, "head", required=True),
    "lease": Place(LeaseTable, "leases", many=True, required=True),
    "mining": Place(MineTable, "mining"),
    "company": Place(CompanyTable, "company"),
    "strike": Place(StrikeTable, "strikes", many=True),
    "convertible": Place(ConvertibleTable, "convertibles", many=True),
}
"""Tables of DEAL.toml by their name there."""

BID_TABLES: dict[str, Place] = {
    "bid": Place(BidHead, "head", required=True),
    "base": Place(BaseTable, "bases", many=True),
    "vote": Place(VoteTable, "vote"),
}
"""Tables of BID.toml by their name there."""


def as_range(triple: Triple, factor: float = 1.0) -> Range:
    """The range that three numbers of a file stand for."""
    return Range(*(number * factor for number in triple))
