"""The tables of PORTFOLIO.toml, declared like those of a deal: unit, meaning, example, source at each key.

Limits have one number a year. A project's own lists count from the year in which it starts: after the last number of capital and of
crews nothing more is needed, the last share of power holds for all later years.
"""

from collections.abc import Iterator
from typing import Annotated, Literal

from megawatt.invest.deal_tables import Triple, between
from megawatt.site.field import Breach, Table, about
from megawatt.site.tables import Place

PORTFOLIO_SCHEMA = "megawatt/portfolio/1"
JUDGEMENT = "the user's judgement: what the board fears, and how far values move together"
LONGEST_YEARS = 30

Mode = Literal["mine", "host", "batch", "stand by", "sell power"]
Years = tuple[float, ...]


class PortfolioTable(Table):
    """What all sites share, and how bad outcomes are weighed."""

    name: Annotated[str, about("text", "Name of the portfolio.", "Four Texas sites")]
    first_year: Annotated[int, about("count", "First calendar year.", 2025, low=2000, high=2100)]
    discount_rate: Annotated[
        float, about("fraction/year", "Rate at which later values are discounted.", 0.10, low=0, high=1)
    ]
    aversion: Annotated[
        float,
        about("fraction", "Weight of the worst scenarios against the mean.", 0.3, source=JUDGEMENT, low=0, high=1),
    ] = 0.0
    tail: Annotated[
        float,
        about("fraction", "Share of the scenarios that counts as worst.", 0.05, source=JUDGEMENT, low=0.001, high=1),
    ] = 0.05
    same_mode_correlation: Annotated[
        float,
        about(
            "fraction",
            "How far the values of projects of one mode move together; modes are independent of each other.",
            0.7,
            source="an assumption: mines share one hashprice, halls one market of rents",
            low=0,
            high=1,
        ),
    ] = 0.7
    sites: Annotated[
        tuple[str, ...],
        about(
            "list",
            "Site files, beside this one, whose fleets are candidates: each mines on or becomes a hall.",
            ["north.toml", "south.toml"],
            default_text="none",
        ),
    ] = ()
    convert_years: Annotated[
        tuple[int, ...],
        about(
            "list",
            "Years at whose beginning a fleet of these sites may sign.",
            [2025, 2026],
            default_text="all years of the limits but the last, in which nothing signed would be built",
        ),
    ] = ()
    crews_per_hall: Annotated[
        Years,
        about(
            "list",
            "Crews at work on one of their conversions, year by year from its start.",
            [1.0],
            default_text="none",
        ),
    ] = ()
    capital_musd: Annotated[Years, about("list", "Money to spend in each year [M USD].", [300.0, 300.0, 200.0])]
    power_mw: Annotated[Years, about("list", "Megawatts that may be drawn in each year [MW].", [150.0, 250.0, 300.0])]
    crews: Annotated[Years, about("list", "Crews there are in each year.", [2.0, 3.0, 3.0])]

    def breaches(self) -> Iterator[Breach]:
        """Three limits over the same years."""
        yield from super().breaches()
        lengths = {key: len(getattr(self, key)) for key in ("capital_musd", "power_mw", "crews")}
        if len(set(lengths.values())) != 1 or not 1 <= min(lengths.values()) <= LONGEST_YEARS:
            found = ", ".join(f"{key} of {length} years" for key, length in lengths.items())
            rule = f"all limits have the same 1 to {LONGEST_YEARS} years"
            yield Breach("capital_musd", found, rule, "Give each one number a year.")
        for key in ("sites", "convert_years"):
            given: tuple[object, ...] = getattr(self, key)
            if len(set(given)) < len(given):
                yield Breach(key, f"{key} = {list(given)}", "each stands once", "Remove the second.")
        years = range(self.first_year, self.first_year + len(self.capital_musd))
        if any(year not in years for year in self.convert_years):
            found = f"convert_years = {list(self.convert_years)}"
            yield Breach(
                "convert_years",
                found,
                f"limits are of {years.start} to {years.stop - 1}",
                "Change it, or give limits for more years.",
            )
        if any(not 0 <= one <= 1e4 for one in self.crews_per_hall) or len(self.crews_per_hall) > LONGEST_YEARS:
            found = f"crews_per_hall = {list(self.crews_per_hall)}"
            yield Breach("crews_per_hall", found, "crews are from 0 to 10,000 in each year", "Check the numbers.")
        for key in lengths:
            if min(getattr(self, key), default=0.0) < 0:
                yield Breach(key, f"{key} = {list(getattr(self, key))}", "no limit is negative", "Write 0 for none.")


class ProjectTable(Table):
    """One way to use one site: a mode, from one of several years on. Projects of one site exclude each other."""

    site: Annotated[str, about("text", "Site, or block of a site that is decided for itself.", "Denton")]
    mode: Annotated[Mode, about("choice", "What its megawatts do.", "host")]
    start_years: Annotated[
        tuple[int, ...],
        about("list", "Years in which it may start.", [2025, 2026], default_text="the portfolio's first year"),
    ] = ()
    least_mw: Annotated[float, about("MW", "Smallest phase that is built at all.", 20.0, low=0, high=20_000)] = 0.0
    most_mw: Annotated[float, about("MW", "Largest.", 100.0, low=0.001, high=20_000)]
    value_musd_per_mw: Annotated[
        Triple,
        between(
            "M USD/MW",
            "Net present value per MW as of its start, its own capital paid.",
            [-1.0, 1.5, 4.0],
            low=-1000.0,
            high=1000.0,
            source="megawatt invest or megawatt deal, or the user's own model",
        ),
    ]
    meanwhile_musd_per_mw_year: Annotated[
        float, about("M USD/MW-year", "What a megawatt earns in each year before the start.", 0.1, low=-100, high=100)
    ] = 0.0
    capital_musd_per_mw: Annotated[
        Years, about("list", "Money spent per MW, year by year from the start [M USD/MW].", [4.0, 5.0])
    ]
    power_share: Annotated[
        Years,
        about(
            "list",
            "Share of its MW drawn, year by year from the start; the last holds for all later years.",
            [0.2, 1.0],
            default_text="all from the start",
        ),
    ] = (1.0,)
    crews: Annotated[
        Years, about("list", "Crews at work, year by year from the start.", [1.0, 2.0], default_text="none")
    ] = ()
    bundle: Annotated[
        str, about("text", "Projects of one bundle are done together or not at all.", "one tenant", default_text="none")
    ] = "none"

    def breaches(self) -> Iterator[Breach]:
        """Sizes rise, shares are shares, nothing spent is negative."""
        yield from super().breaches()
        if self.least_mw > self.most_mw:
            found = f"least_mw = {self.least_mw:g} above most_mw = {self.most_mw:g}"
            yield Breach("least_mw", found, "the smallest phase fits in the largest", "Swap them.")
        for key, high in (("capital_musd_per_mw", 1e3), ("power_share", 1.0), ("crews", 1e4)):
            given: Years = getattr(self, key)
            if any(not 0 <= one <= high for one in given) or len(given) > LONGEST_YEARS:
                found, rule = f"{key} = {list(given)}", f"it is at most {LONGEST_YEARS} numbers from 0 to {high:g}"
                yield Breach(key, found, rule, "Check the numbers and their unit.")
        if not self.power_share:
            yield Breach(
                "power_share",
                "power_share = []",
                "it has at least one number",
                "Remove the key for all from the start.",
            )


PORTFOLIO_TABLES: dict[str, Place] = {
    "portfolio": Place(PortfolioTable, "head", required=True),
    "project": Place(ProjectTable, "projects", many=True),
}
