"""The table ``[[charge]]``: demand charges and coincident-peak charges."""

import datetime as dt
from collections.abc import Iterator
from typing import Annotated, Any, Literal

from pydantic import model_validator

from megawatt.site.field import Breach, Table, about

TARIFF = "utility's tariff"
FOUR_CP = "ERCOT 4CP: mean load in the system's peak interval of June to September sets next year's transmission charge (16 TAC 25.192)"
ALL_MONTHS = tuple(range(1, 13))
SUMMER = (6, 7, 8, 9)


class Charge(Table):
    """A charge on the site's own peak (demand) or on its load at the system's peak (coincident).

    Measured interval and billing months are two dates: dispatch values the measurement, cash flow the billing.
    """

    name: Annotated[str, about("text", "Name of the charge, unique in the site.", "4cp")]
    kind: Annotated[
        Literal["demand", "coincident"],
        about(
            "choice",
            "demand = the site's own peak of the month; coincident = its load in the system's peak.",
            "coincident",
            source=TARIFF,
        ),
    ]
    usd_per_kw_month: Annotated[
        float,
        about(
            "USD/kW-month",
            "Price per kW of billed demand and month.",
            5.0,
            source=TARIFF,
            low=0,
            high=200,
            least=0.01,
            required_for=("demand",),
        ),
    ] = 0.0
    usd_per_kw_year: Annotated[
        float,
        about(
            "USD/kW-year",
            "Price per kW of mean load in the measured peaks and year.",
            60.0,
            source="about 60 USD/kW-year in ERCOT: 4CP rate of the transmission matrix",
            low=0,
            high=1_000,
            least=0.1,
            required_for=("coincident",),
        ),
    ] = 0.0
    months: Annotated[
        tuple[int, ...],
        about(
            "list",
            "Calendar months in which peaks are measured.",
            (6, 7, 8, 9),
            source=FOUR_CP,
            default_text="all; for coincident 6 to 9",
        ),
    ] = ()
    hours: Annotated[
        tuple[int, int],
        about(
            "hour ending",
            "Local hours, by their ending, in which peaks are measured; both included.",
            (13, 19),
            source=TARIFF,
        ),
    ] = (1, 24)
    weekdays_only: Annotated[
        bool, about("yes/no", "Whether peaks are measured on Monday to Friday only.", False, source=TARIFF)
    ] = False
    ratchet_fraction: Annotated[
        float,
        about(
            "fraction",
            "Billed demand is at least this share of the highest demand of the 11 months before.",
            0.8,
            source=TARIFF,
            low=0,
            high=1,
            kinds=("demand",),
        ),
    ] = 0.0
    past_peak_mw: Annotated[
        float,
        about(
            "MW",
            "Highest demand of the 11 months before the period.",
            95.0,
            source="last invoices",
            low=0,
            high=5_000,
            kinds=("demand",),
        ),
    ] = 0.0
    billing: Annotated[
        Literal["same_month", "following_calendar_year"],
        about(
            "choice",
            "When the charge is paid.",
            "following_calendar_year",
            source=FOUR_CP,
            default_text="same_month; for coincident following_calendar_year",
        ),
    ] = "same_month"
    valid_from: Annotated[
        dt.date | None,
        about(
            "date", "First day on which the tariff holds.", dt.date(2024, 1, 1), source=TARIFF, default_text="always"
        ),
    ] = None

    valid_to: Annotated[
        dt.date | None,
        about(
            "date",
            "First day on which the tariff no longer holds.",
            dt.date(2027, 1, 1),
            source="PUCT project 58484: a successor of 4CP is under way, rules due on 2026-12-31",
            default_text="always",
        ),
    ] = None

    @model_validator(mode="before")
    @classmethod
    def _usual_for_kind(cls, given: Any) -> Any:
        """Fill the months and the billing that go with the kind."""
        if not isinstance(given, dict):
            return given
        coincident = given.get("kind") == "coincident"
        usual = {
            "months": SUMMER if coincident else ALL_MONTHS,
            "billing": "following_calendar_year" if coincident else "same_month",
        }
        return usual | given

    def breaches(self) -> Iterator[Breach]:
        """Months and hours exist."""
        yield from super().breaches()
        wrong = [month for month in self.months if not 1 <= month <= 12]
        if wrong or not self.months or len(set(self.months)) < len(self.months):
            yield Breach(
                "months",
                f"months = {list(self.months)}",
                "they are numbers from 1 to 12, each once",
                "Write for example [6, 7, 8, 9].",
            )
        first, last = self.hours
        if not 1 <= first <= last <= 24:
            yield Breach(
                "hours",
                f"hours = [{first}, {last}]",
                "they are first and last hour ending, 1 to 24",
                "Write for example [13, 19] for 12:00 to 19:00.",
            )
        if self.valid_from and self.valid_to and self.valid_to <= self.valid_from:
            yield Breach(
                "valid_to",
                f"the tariff holds from {self.valid_from} to {self.valid_to}",
                "the end lies after the start",
                "Swap the two dates.",
            )
