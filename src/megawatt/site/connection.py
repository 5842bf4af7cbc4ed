"""The tables ``[site]``, ``[period]``, ``[data]`` and ``[pue]``: where, when, on which data, with how much overhead."""

import datetime as dt
from collections.abc import Iterator
from itertools import pairwise
from typing import Annotated, Literal

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import AfterValidator

from megawatt.core.errors import InputError
from megawatt.core.timegrid import zone
from megawatt.site.field import Breach, Table, about, breach

ERCOT_RULES = "ERCOT Nodal Protocols, section 6.6: loads settle at their load zone, resources at their node"
ZONE_ABBREVIATIONS = {
    "CST": "America/Chicago",
    "CDT": "America/Chicago",
    "CT": "America/Chicago",
    "CST6CDT": "America/Chicago",
    "EST": "America/New_York",
    "EDT": "America/New_York",
    "ET": "America/New_York",
    "EST5EDT": "America/New_York",
    "MST": "America/Denver",
    "MDT": "America/Denver",
    "MST7MDT": "America/Denver",
    "PST": "America/Los_Angeles",
    "PDT": "America/Los_Angeles",
    "PST8PDT": "America/Los_Angeles",
    "CET": "Europe/Berlin",
    "CEST": "Europe/Berlin",
}
"""What people write instead of an IANA name. Several of them are IANA names too, of zones without daylight saving."""

Points = tuple[tuple[float, float], ...]
"""A curve as ``((temperature_c, pue), ...)``, temperatures ascending."""


def _known_zone(name: str) -> str:
    if name in ZONE_ABBREVIATIONS:
        remedy = f"Write {ZONE_ABBREVIATIONS[name]!r}."
        rule = "an abbreviation does not say when daylight saving starts"
        raise breach(Breach("", f"timezone = {name!r}", rule, remedy))
    try:
        zone(name)
    except InputError as error:
        raise breach(Breach("", error.value, error.rule, error.remedy)) from None
    return name


class Connection(Table):
    """The site's name, market and connection to the grid."""

    name: Annotated[str, about("text", "Name of the site, shown in every result.", "texas-mine")]
    zone: Annotated[str, about("text", "Power market the site is in.", "ERCOT")]
    timezone: Annotated[
        str,
        about(
            "text",
            "Local zone in which days, tariffs and programmes are counted, an IANA name.",
            "America/Chicago",
            source="IANA time zone database",
        ),
        AfterValidator(_known_zone),
    ]
    load_settlement_point: Annotated[
        str,
        about(
            "text",
            "Point at whose real-time price the site's load settles; in ERCOT its load zone, not the hub.",
            "LZ_WEST",
            source=ERCOT_RULES,
        ),
    ]
    meter_limit_mw: Annotated[
        float,
        about(
            "MW",
            "Largest power the site may draw at the meter.",
            125.0,
            source="interconnection agreement",
            low=0.001,
            high=5_000,
        ),
    ]
    export_limit_mw: Annotated[
        float,
        about("MW", "Largest power the site may feed in.", 0.0, source="interconnection agreement", low=0, high=5_000),
    ] = 0.0
    loss_fraction: Annotated[
        float,
        about(
            "fraction",
            "Share of the metered energy lost in the site's transformers and lines: meter = load x PUE / (1 - losses).",
            0.01,
            source="meter against sum of feeders",
            low=0,
            high=0.2,
        ),
    ] = 0.0
    grid_firmness: Annotated[
        Literal["firm", "interruptible"],
        about(
            "choice",
            "Whether the utility may interrupt the connection.",
            "firm",
            source="interconnection agreement",
        ),
    ] = "firm"
    interval_minutes: Annotated[
        Literal[5, 15, 30, 60],
        about(
            "minutes",
            "Length of an interval of plan and backtest.",
            15,
            source="ERCOT settles real-time energy by 15 minutes (Nodal Protocols 6.6.1)",
        ),
    ] = 15
    price_adder_usd_per_mwh: Annotated[
        float,
        about(
            "USD/MWh",
            "Delivery, fees and retailer's margin added to the spot price of every MWh drawn.",
            3.0,
            source="retail contract",
            low=-50,
            high=200,
            least=0.1,
        ),
    ] = 0.0

    def meter_mw(self, load_mw: float, pue: float) -> float:
        """Power at the meter that a load needs: load x PUE / (1 - losses) [MW]."""
        return load_mw * pue / (1 - self.loss_fraction)


LONGEST_DAYS = 3_660
"""Ten years: prices by the interval are not known or worth guessing for longer."""


class Period(Table):
    """The local days that are looked at."""

    start: Annotated[dt.date, about("date", "First local day.", dt.date(2024, 1, 1))]
    end: Annotated[dt.date, about("date", "Local day after the last one.", dt.date(2025, 1, 1))]

    def breaches(self) -> Iterator[Breach]:
        """The end lies after the start, and not too far."""
        yield from super().breaches()
        if (self.end - self.start).days > LONGEST_DAYS:
            yield Breach(
                "end",
                f"the period has {(self.end - self.start).days:,} days",
                f"a plan covers at most {LONGEST_DAYS:,} days",
                "Shorten it; longer times are the matter of 'megawatt invest'.",
            )
        if self.end <= self.start:
            yield Breach(
                "end",
                f"the period starts on {self.start} and ends on {self.end}",
                "the end is the first day after the period, so it lies after the start",
                "Swap the two dates." if self.end < self.start else "Add at least one day to end.",
            )


class DataChoice(Table):
    """Which data the site is calculated with."""

    power: Annotated[
        Literal["reference", "store"],
        about(
            "choice",
            "Prices, load and weather: the shipped modelled scenario, or series imported with 'megawatt data import'.",
            "reference",
            source="reference scenario of this package",
        ),
    ] = "reference"
    network: Annotated[
        Literal["reference", "store"],
        about(
            "choice",
            "Bitcoin price, difficulty and fees: the shipped epoch table, or imported series.",
            "reference",
            source="reference scenario of this package",
        ),
    ] = "reference"


class Pue(Table):
    """Power usage effectiveness (total power over IT power) by outside temperature, for machines and for halls."""

    mining_points: Annotated[
        Points,
        about(
            "°C and ratio",
            "PUE of the mining load by outside temperature: straight between the points, constant outside them.",
            ((10.0, 1.03), (40.0, 1.08)),
            source="own feeders; 1.05 is an assumption for fan-cooled containers",
        ),
    ] = ((20.0, 1.05),)
    hall_points: Annotated[
        Points,
        about(
            "°C and ratio",
            "PUE of the AI halls by outside temperature.",
            ((10.0, 1.2), (40.0, 1.4)),
            source="own feeders; 1.3 lies between 1.18 planned at Ellendale (The Register, 2025-06-02) and "
            "1.45 = 168 critical IT of 244 gross MW at Barber Lake (Blockworks, 2025-09-25)",
        ),
    ] = ((20.0, 1.3),)

    def breaches(self) -> Iterator[Breach]:
        """Each curve has points, ascending in temperature, with a PUE that can be."""
        yield from super().breaches()
        for key in ("mining_points", "hall_points"):
            points: Points = getattr(self, key)
            if not points:
                yield Breach(key, f"{key} has no point", "a curve has at least one", "Write [[20.0, 1.3]].")
            if any(later[0] <= sooner[0] for sooner, later in pairwise(points)):
                yield Breach(
                    key,
                    f"the temperatures of {key} are {', '.join(f'{t:g}' for t, _ in points)} °C",
                    "they ascend",
                    "Sort the points by temperature and drop repeated ones.",
                )
            for temperature_c, ratio in points:
                if not 1 <= ratio <= 3:
                    yield Breach(
                        key,
                        f"a PUE of {ratio:g} at {temperature_c:g} °C",
                        "it is total power over IT power, between 1 and 3",
                        "Write [temperature, PUE], for example [20.0, 1.3].",
                    )

    def mining_at(self, temperature_c: ArrayLike) -> NDArray[np.float64]:
        """PUE of the mining load at ``temperature_c`` [°C], any shape."""
        return _interpolated(self.mining_points, temperature_c)

    def hall_at(self, temperature_c: ArrayLike) -> NDArray[np.float64]:
        """PUE of the AI halls at ``temperature_c`` [°C], any shape."""
        return _interpolated(self.hall_points, temperature_c)

    @property
    def worst_mining(self) -> float:
        """Largest PUE of the mining load on its curve."""
        return max(ratio for _, ratio in self.mining_points)

    @property
    def worst_hall(self) -> float:
        """Largest PUE of the halls on their curve."""
        return max(ratio for _, ratio in self.hall_points)


def _interpolated(points: Points, temperature_c: ArrayLike) -> NDArray[np.float64]:
    temperatures, ratios = zip(*points, strict=True)
    return np.asarray(np.interp(np.asarray(temperature_c, dtype=np.float64), temperatures, ratios), dtype=np.float64)
