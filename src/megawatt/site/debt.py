"""The table ``[debt]``: what a lender offers on turning a fleet over to a hall."""

from collections.abc import Iterator
from typing import Annotated, Literal

from megawatt.site.field import Breach, Table, about

TERM_SHEET = "the lender's term sheet"
PRIOR = "an assumption until there is a term sheet"


class Loan(Table):
    """A loan per conversion. The smaller of what the cover carries and the share of the capital is lent; without the table the defaults hold."""

    kind: Annotated[
        Literal["sculpted", "level"],
        about("choice", "Whether payments follow the cash flow or are equal.", "sculpted", source=TERM_SHEET),
    ] = "sculpted"
    rate: Annotated[
        float,
        about("fraction/year", "Interest, compounding to it over a year.", 0.0775, source=PRIOR, low=0, high=0.5),
    ] = 0.0775
    tenor_years: Annotated[
        float,
        about("years", "From signing to the last payment, building included.", 12.0, source=PRIOR, low=1, high=40),
    ] = 12.0
    dscr: Annotated[
        float,
        about(
            "ratio",
            "Cash available for debt service / payments, by which the loan is sized.",
            1.3,
            source=PRIOR,
            low=1,
            high=10,
        ),
    ] = 1.3
    covenant_dscr: Annotated[
        float,
        about("ratio", "Cover of twelve months below which a covenant is broken.", 1.1, source=PRIOR, low=0.5, high=10),
    ] = 1.1
    debt_fraction: Annotated[
        float,
        about(
            "fraction", "Largest share of the hall's capital that is lent; 0 = none.", 0.7, source=PRIOR, low=0, high=1
        ),
    ] = 0.7
    draws: Annotated[
        Literal["pro_rata", "equity_first"],
        about(
            "choice",
            "Whether the loan is drawn with every payment to the builder, or after the owner's money.",
            "equity_first",
            source=TERM_SHEET,
        ),
    ] = "pro_rata"
    building_interest: Annotated[
        Literal["added", "paid"],
        about(
            "choice",
            "Whether interest of the months of building is added to the debt or paid.",
            "paid",
            source=TERM_SHEET,
        ),
    ] = "added"
    upfront_fee_fraction: Annotated[
        float,
        about("fraction", "Fee at signing / what is committed.", 0.01, source=TERM_SHEET, low=0, high=0.1),
    ] = 0.0
    commitment_fee_per_year: Annotated[
        float,
        about(
            "fraction/year",
            "Fee on what is committed and not yet drawn, in the months of building.",
            0.005,
            source=TERM_SHEET,
            low=0,
            high=0.1,
        ),
    ] = 0.0

    def breaches(self) -> Iterator[Breach]:
        """A loan is sized above its covenant."""
        yield from super().breaches()
        if self.covenant_dscr > self.dscr:
            yield Breach(
                "covenant_dscr",
                f"covenant_dscr = {self.covenant_dscr:g} above dscr = {self.dscr:g}",
                "a loan sized below its covenant breaks it on the first day",
                "Raise dscr, or lower covenant_dscr.",
            )
