"""The table ``[[programme]]``: reserves and demand response the site may sell."""

from collections.abc import Iterator
from typing import Annotated, Literal

from megawatt.site.field import Breach, Table, about

RULES = "programme's rules"
ERCOT_AS = "ERCOT Nodal Protocols, sections 3.17 and 8.1.1"


class Programme(Table):
    """A product paid for standing by; ``up`` relieves the grid: the load steps down when called."""

    name: Annotated[str, about("text", "Name of the programme, unique in the site.", "rrs")]
    product: Annotated[
        Literal["regup", "regdn", "rrs", "nspin", "ecrs", "demand_response"],
        about("choice", "Product as the market names it, or demand_response.", "rrs", source=ERCOT_AS),
    ]
    direction: Annotated[
        Literal["up", "down"],
        about(
            "choice",
            "up = the load steps down when called (as more generation would); down = it steps up.",
            "up",
            source=ERCOT_AS,
        ),
    ] = "up"
    price_series: Annotated[
        str,
        about(
            "text",
            "Series of the capacity price in USD per MW and hour.",
            "as/rrs",
            source="market's day-ahead clearing prices",
        ),
    ]
    min_offer_mw: Annotated[
        float, about("MW", "Smallest offer the market takes.", 0.1, source=RULES, low=0, high=1_000)
    ] = 0.1
    share_fraction: Annotated[
        float,
        about(
            "fraction",
            "Largest share of the flexible load that may be offered.",
            0.5,
            source="own limit",
            low=0,
            high=1,
        ),
    ] = 1.0
    qualified: Annotated[
        bool,
        about(
            "yes/no",
            "Whether the site has passed the market's test; without it nothing is awarded.",
            True,
            source=ERCOT_AS,
        ),
    ] = False
    response_minutes: Annotated[
        float,
        about("minutes", "Time within which a call must be met in full.", 10.0, source=ERCOT_AS, low=0, high=1_440),
    ] = 10.0
    call_probability: Annotated[
        float,
        about(
            "fraction",
            "Share of award hours in which the award is deployed.",
            0.01,
            source="market's deployment history",
            low=0,
            high=1,
        ),
    ] = 0.0
    penalty_usd_per_mwh: Annotated[
        float,
        about(
            "USD/MWh",
            "Paid for energy that was called and not delivered.",
            5_000.0,
            source=RULES,
            low=0,
            high=50_000,
            least=1,
        ),
    ] = 0.0
    clawback_fraction: Annotated[
        float,
        about(
            "fraction",
            "Share of the capacity payment taken back after a failed call; above 1 where more than the interval paid is taken.",
            1.0,
            source=RULES,
            low=0,
            high=10,
        ),
    ] = 0.0
    excludes: Annotated[
        tuple[str, ...],
        about(
            "list",
            "Programmes that cannot be sold with the same MW in the same hour.",
            ("ecrs",),
            source=RULES,
            default_text="none",
        ),
    ] = ()

    def breaches(self) -> Iterator[Breach]:
        """The product's direction is the market's, and its price is a series of capacity prices."""
        yield from super().breaches()
        if (self.product == "regdn") != (self.direction == "down") and self.product != "demand_response":
            right = "down" if self.product == "regdn" else "up"
            yield Breach(
                "direction",
                f"direction = {self.direction!r} for {self.product}",
                f"{self.product} is a product of direction {right!r}",
                f'Write direction = "{right}".',
            )
        if self.name in self.excludes:
            yield Breach(
                "excludes",
                f"programme {self.name!r} excludes itself",
                "a programme excludes others",
                "Remove its own name.",
            )
