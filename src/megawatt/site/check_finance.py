"""Checks of debt and treasury: do forwards have a treasury, lie ahead, and fit what they are meant to cover?"""

from collections.abc import Iterator

from megawatt.site.check_power import fleets_meter_mw
from megawatt.site.finding import Finding, error, warning
from megawatt.site.read import Site

TH_PER_PH = 1_000.0


def check_forward_has_treasury(site: Site) -> Iterator[Finding]:
    """Forwards settle and post collateral in cash, which the treasury holds."""
    if site.forwards and site.treasury is None:
        yield error(
            site,
            ("forward", 0, "name"),
            f"forward {site.forwards[0].name!r} without [treasury]",
            "it settles in cash that a treasury holds",
            "Add [treasury] with cash_usd and least_cash_usd.",
        )


def check_forward_lies_ahead(site: Site) -> Iterator[Finding]:
    """A forward is delivered after the period, where the scenarios of `megawatt invest` begin."""
    for number, one in enumerate(site.forwards):
        if one.valid_to <= site.period.end:
            yield warning(
                site,
                ("forward", number, "valid_to"),
                f"forward {one.name!r} is delivered until {one.valid_to}",
                f"scenarios begin where the period ends, on {site.period.end}: it has no effect",
                "Remove it, or end the period earlier.",
            )


def check_forward_is_covered(site: Site) -> Iterator[Finding]:
    """Hash rate sold ahead is there to be earned, power bought ahead to be used: more is a bet on the price."""
    owned = [one for one in site.fleets if one.owner == "own"]
    hashes = sum(one.hashrate_th_s * one.count for one in owned) / TH_PER_PH
    power = fleets_meter_mw(site)
    sold = {"hashrate_sold": 0.0, "power_bought": 0.0}
    for number, one in enumerate(site.forwards):
        if one.kind == "power_sold":
            continue
        sold[one.kind] += one.hashrate_ph_s if one.kind == "hashrate_sold" else one.block_mw
        has, unit = (hashes, "PH/s") if one.kind == "hashrate_sold" else (power, "MW")
        if sold[one.kind] > has * (1 + 1e-9):
            yield warning(
                site,
                ("forward", number, "kind"),
                f"with {one.name!r} {sold[one.kind]:,.4g} {unit} are {one.kind.rpartition('_')[2]} ahead",
                f"the site's {'own ' if unit == 'PH/s' else ''}fleets have {has:,.4g} {unit}: the rest is a bet on the price",
                "Lower the quantity, unless contracts follow each other in time or other sites stand behind it.",
            )


def check_cash_above_least(site: Site) -> Iterator[Finding]:
    """Cash of today is not below the smallest that is to be kept."""
    one = site.treasury
    if one is not None and one.cash_usd < one.least_cash_usd:
        yield warning(
            site,
            ("treasury", "cash_usd"),
            f"cash_usd is {one.cash_usd:,.0f}",
            f"least_cash_usd is {one.least_cash_usd:,.0f}: without coins cash is short from the first month on",
            "Check both, or add coins_btc.",
        )


CHECKS = (
    check_forward_has_treasury,
    check_forward_lies_ahead,
    check_forward_is_covered,
    check_cash_above_least,
)
