"""Checks of the market side: zone, settlement point, energy blocks, charges and programmes."""

import datetime as dt
from collections.abc import Iterator

from megawatt.site.check_power import fleets_meter_mw, hall_meter_mw
from megawatt.site.finding import Finding, error, warning
from megawatt.site.read import Site

MARKET_ZONES = {
    "ERCOT": "America/Chicago",
    "CAISO": "America/Los_Angeles",
    "NYISO": "America/New_York",
    "ISO-NE": "America/New_York",
    "PJM": "America/New_York",
    "DE-LU": "Europe/Berlin",
}
"""Time in which each market counts its days."""

RESPONSE_MINUTES = {"regup": 5.0, "regdn": 5.0, "rrs": 10.0, "ecrs": 10.0, "nspin": 30.0}
"""Longest response of each reserve (ERCOT Nodal Protocols, section 3.17: ECRS 10 minutes, non-spin 30 minutes,
responsive reserve 10 minutes when deployed by instruction; regulation follows a signal every few seconds)."""


def _in_ercot(site: Site) -> bool:
    return site.connection.zone.upper() == "ERCOT"


def check_time_zone(site: Site) -> Iterator[Finding]:
    """Days are counted in the market's time."""
    wanted = MARKET_ZONES.get(site.connection.zone.upper())
    if wanted and site.connection.timezone != wanted:
        yield error(
            site,
            ("site", "timezone"),
            f"timezone is {site.connection.timezone!r}",
            f"{site.connection.zone} counts its days in {wanted}",
            f'Write timezone = "{wanted}".',
        )


def check_settlement_point(site: Site) -> Iterator[Finding]:
    """A load in ERCOT settles at its load zone; the hub is cheaper than what a load pays."""
    point = site.connection.load_settlement_point
    if _in_ercot(site) and point.upper().startswith("HB_"):
        yield warning(
            site,
            ("site", "load_settlement_point"),
            f"the load settles at the hub {point}",
            "in ERCOT a load pays its load zone: 2024 mean LZ_WEST 35.55, hub average 27.00 USD/MWh",
            'Write the load zone, for example "LZ_WEST".',
        )


def check_blocks_of_energy(site: Site) -> Iterator[Finding]:
    """Energy bought at a fixed price can be used, or sold back; its price is one."""
    total, limit = sum(block.block_mw for block in site.energies), site.connection.meter_limit_mw
    for number, block in enumerate(site.energies):
        if total > limit:
            stuck = block.resale == "forbidden"
            yield (error if stuck else warning)(
                site,
                ("energy", number, "block_mw"),
                f"{total:g} MW are bought at a fixed price",
                f"meter_limit_mw is {limit:g}"
                + (
                    " and resale is forbidden: the rest is paid and lost"
                    if stuck
                    else ": the rest is a bet on the price"
                ),
                "Lower block_mw, or say that it is meant by keeping resale free.",
            )
        if block.price_usd_per_mwh < 0:
            yield warning(
                site,
                ("energy", number, "price_usd_per_mwh"),
                f"block {block.name!r} costs {block.price_usd_per_mwh:g} USD/MWh",
                "a seller rarely pays for the energy he delivers",
                "Check the sign: what the site pays is positive.",
            )


def check_energy_covers_period(site: Site) -> Iterator[Finding]:
    """A block is delivered in the whole period."""
    for number, block in enumerate(site.energies):
        begin, end = block.valid_from or dt.date.min, block.valid_to or dt.date.max
        if begin > site.period.start or end < site.period.end:
            yield warning(
                site,
                ("energy", number, "valid_from"),
                f"block {block.name!r} is delivered from {block.valid_from or 'the beginning'} to {block.valid_to or 'the end'}",
                f"the period is {site.period.start} to {site.period.end}",
                "Nothing to do if the rest is meant to be bought at spot.",
            )


def _months_of(site: Site) -> set[int]:
    last = site.period.end - dt.timedelta(days=1)
    first = site.period.start.year * 12 + site.period.start.month - 1
    return {month % 12 + 1 for month in range(first, last.year * 12 + last.month)}


def check_charge_is_measured(site: Site) -> Iterator[Finding]:
    """The period holds a month in which the charge is measured, and the tariff holds by then."""
    for number, charge in enumerate(site.charges):
        if not _months_of(site) & set(charge.months):
            yield warning(
                site,
                ("charge", number, "months"),
                f"charge {charge.name!r} is measured in the months {', '.join(map(str, charge.months))}",
                f"none of them lies in {site.period.start} to {site.period.end}: it has no effect",
                "Choose another period, or remove the charge.",
            )
        if charge.valid_to and charge.valid_to <= site.period.start:
            yield warning(
                site,
                ("charge", number, "valid_to"),
                f"charge {charge.name!r} holds until {charge.valid_to}",
                f"the period starts on {site.period.start}: it has no effect",
                "Choose another period, or remove the charge.",
            )
        if charge.valid_from and charge.valid_from >= site.period.end:
            yield warning(
                site,
                ("charge", number, "valid_from"),
                f"charge {charge.name!r} holds from {charge.valid_from}",
                f"the period ends on {site.period.end}: it has no effect",
                "Choose another period, or remove the charge.",
            )


def check_ratchet(site: Site) -> Iterator[Finding]:
    """Ratchet and past peak come together, and the past peak went through the meter."""
    for number, charge in enumerate(site.charges):
        path = ("charge", number, "past_peak_mw")
        if (charge.ratchet_fraction > 0) != (charge.past_peak_mw > 0):
            given, other = (
                ("ratchet_fraction", "past_peak_mw")
                if charge.ratchet_fraction > 0
                else ("past_peak_mw", "ratchet_fraction")
            )
            yield warning(
                site,
                ("charge", number, given),
                f"charge {charge.name!r} has {given} without {other}",
                "a ratchet starts from the highest demand before the period",
                f"Add {other}, or remove {given}.",
            )
        if charge.past_peak_mw > site.connection.meter_limit_mw:
            yield warning(
                site,
                path,
                f"past_peak_mw is {charge.past_peak_mw:g}",
                f"meter_limit_mw is {site.connection.meter_limit_mw:g}",
                "Check both: the peak was drawn through this meter.",
            )


def check_offer_is_possible(site: Site) -> Iterator[Finding]:
    """What may be offered reaches the smallest offer."""
    flexible = fleets_meter_mw(site) + sum(
        hall_meter_mw(site, hall) for hall in site.halls if hall.kind in ("batch", "spot")
    )
    flexible += sum(
        hall_meter_mw(site, hall, 1 - hall.min_power_fraction) for hall in site.halls if hall.kind == "capped"
    )
    flexible = min(flexible, site.connection.meter_limit_mw)
    for number, programme in enumerate(site.programmes):
        offer = programme.share_fraction * flexible
        if offer < programme.min_offer_mw:
            yield error(
                site,
                ("programme", number, "min_offer_mw"),
                f"programme {programme.name!r} takes offers from {programme.min_offer_mw:g} MW",
                f"at most {offer:.4g} MW can be offered ({programme.share_fraction:g} of {flexible:.4g} MW flexible load)",
                "Raise share_fraction, or remove the programme.",
            )


def check_programme_terms(site: Site) -> Iterator[Finding]:
    """The site is qualified and fast enough, and a call that is missed costs something."""
    for number, programme in enumerate(site.programmes):
        longest = RESPONSE_MINUTES.get(programme.product) if _in_ercot(site) else None
        if longest is not None and programme.response_minutes > longest:
            yield error(
                site,
                ("programme", number, "response_minutes"),
                f"a call of programme {programme.name!r} must be met within {programme.response_minutes:g} minutes",
                f"{programme.product} asks for {longest:g} minutes",
                f"Write response_minutes = {longest:g} or less, or sell nspin.",
            )
        if not programme.qualified:
            yield warning(
                site,
                ("programme", number, "qualified"),
                f"the site is not qualified for programme {programme.name!r}",
                "nothing is awarded before the market's test",
                "Set qualified = true to see what the test would be worth.",
            )
        if programme.call_probability > 0 and programme.penalty_usd_per_mwh == 0 and programme.clawback_fraction == 0:
            yield warning(
                site,
                ("programme", number, "penalty_usd_per_mwh"),
                f"programme {programme.name!r} is called and misses cost nothing",
                "a plan may then ignore the calls",
                "Give penalty_usd_per_mwh or clawback_fraction.",
            )


def check_price_series_of_product(site: Site) -> Iterator[Finding]:
    """The price of a reserve is the price of that reserve."""
    for number, programme in enumerate(site.programmes):
        if programme.product != "demand_response" and programme.price_series != f"as/{programme.product}":
            yield warning(
                site,
                ("programme", number, "price_series"),
                f"programme {programme.name!r} sells {programme.product} at {programme.price_series!r}",
                f"the series of that product is 'as/{programme.product}'",
                "Nothing to do if the series holds your own price.",
            )


CHECKS = (
    check_time_zone,
    check_settlement_point,
    check_blocks_of_energy,
    check_energy_covers_period,
    check_charge_is_measured,
    check_ratchet,
    check_offer_is_possible,
    check_programme_terms,
    check_price_series_of_product,
)
